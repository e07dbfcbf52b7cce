"""How an instance's end reads in the log. Evidence: observed (memory, exit), ours (removed, a container's name)."""

import pytest

from cloudrun_cli.daemon.endings import ending
from cloudrun_cli.runtime.base import Exit, ExitCause

MIB = 1024 * 1024
PAGE = "Consider increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits"
OOM = ExitCause.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("end", "several", "text"),
    [
        (Exit("i", OOM, memory_bytes=517 * MIB), False, f"Memory limit of 512 MiB exceeded with 517 MiB used. {PAGE}"),
        (Exit("i", OOM), False, f"Memory limit of 512 MiB exceeded with 512 MiB used. {PAGE}"),
        (
            Exit("i", OOM, container="side"),
            True,
            f"Memory limit of 512 MiB of container [side] exceeded with 512 MiB used. {PAGE}",
        ),
        (Exit("i", ExitCause.EXITED, 0, container="app"), False, "Container called exit(0)."),
        (Exit("i", ExitCause.EXITED, 1, container="app"), True, "Container [app] called exit(1)."),
        (Exit("i", ExitCause.SIGNALED, 137, signal=9), False, "Container terminated on signal 9."),
        (Exit("i", ExitCause.REMOVED), False, "The instance is gone: it was removed from outside."),
    ],
)
def test_the_log_says_how_it_ended(end: Exit, several: bool, text: str) -> None:
    assert ending(end, several=several, limit_bytes=512 * MIB) == text
