"""Asks before something is deleted, and tells how it went."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cloudrun_cli.cli.context import context
from cloudrun_cli.daemon import doorbell


def confirm(what: str) -> None:
    """Returns when the user says yes. An answer that is piped in counts; where nobody answers, on an empty or closed
    input, the default does, as was recorded of gcloud. Raises Aborted."""
    from cloudrun_cli.core.errors import Aborted
    from cloudrun_cli.output.prompts import ask_yes

    present = context()
    if present.quiet or sys.stdin is None:
        return
    answers = sys.stdin
    if not answers.isatty():
        given = answers.readline()
        if not given:
            return
        answers = io.StringIO(given)
    if not ask_yes(what, True, quiet=False, err=present.err, stdin=answers):
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
