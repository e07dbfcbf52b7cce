"""Asks before something is deleted, and tells how it went."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloudrun_cli.cli.context import context
from cloudrun_cli.daemon import doorbell


def confirm(what: str) -> None:
    """Returns when the user says yes; an answer that is piped in counts. Raises Aborted for a no, and PromptError where
    nobody answers, on an empty or closed input: nothing is deleted by default unless prompts are off."""
    if not context().confirm(what):
        from cloudrun_cli.core.errors import Aborted

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
