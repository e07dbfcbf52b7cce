"""Asks before something is deleted, and tells how it went."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cloudrun_cli.cli.context import context
from cloudrun_cli.daemon import doorbell


def confirm(what: str) -> None:
    """Returns when the user says yes, or when there is nobody to ask. Raises Aborted."""
    from cloudrun_cli.core.errors import Aborted
    from cloudrun_cli.output.prompts import ask_yes

    present = context()
    quiet = present.quiet or not sys.stdin.isatty()
    if not ask_yes(what, True, quiet=quiet, err=present.err, stdin=sys.stdin):
        raise Aborted("Aborted by user.")


@contextmanager
def told(kind: str, name: str, *, async_: bool) -> Iterator[None]:
    """Delete inside; the daemon, if it runs, is rung, and the story is told."""
    present = context()
    if not async_:
        present.tell(f"Deleting [{name}]...")
    try:
        yield
    except BaseException:
        if not async_:
            present.tell("failed.")
        raise
    doorbell.ring(present.home)
    if async_:
        present.tell(f"{kind.capitalize()} [{name}] is being deleted.")
        return
    present.tell("done.")
    present.tell(f"Deleted {kind} [{name}].")
