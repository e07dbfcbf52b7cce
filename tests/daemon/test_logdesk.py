"""The desk of log entries. Evidence: ours."""

from pathlib import Path

from cloudrun_cli.core.jobs import JobRef
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.store.logs import folder, read


async def test_what_is_written_within_one_turn_of_the_loop_is_not_all_held_in_memory(tmp_path: Path) -> None:
    desk = LogDesk(str(tmp_path), waiting_entries=10)
    for n in range(35):
        desk.add(JobRef("demo", "r", "flood"), {"n": n})
    path = folder(str(tmp_path), "demo", "r", "flood", "jobs")
    assert [entry["n"] for entry in read(path)] == list(range(30))
    desk.close()
    assert [entry["n"] for entry in read(path)] == list(range(35))
