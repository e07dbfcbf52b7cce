"""What a command may ask for while it runs: settings now, and everything else opened on first use.

Nothing else in cli/ opens anything. A command calls `context()`; `cli/command.py` puts it there.
"""

import sys
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from io import StringIO
from typing import Any, TextIO

from cloudrun_cli.clock import Clock, SystemClock
from cloudrun_cli.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from random import Random

    from cloudrun_cli.controlplane.vault import Vault
    from cloudrun_cli.core.addresses import Edge
    from cloudrun_cli.store.database import Store


class Context:
    """One call of one command. `path` is its words; `values` are all its flags and positionals by parameter name."""

    def __init__(self, path: str, settings: Settings, values: Mapping[str, Any], *, clock: Clock | None = None) -> None:
        self.path = path
        self.settings = settings
        self.values = values
        self.clock = clock or SystemClock()

    def close(self) -> None:
        """Let go of what was opened."""

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    @property
    def home(self) -> str:
        """The folder of this world."""
        return self.settings.home

    @property
    def format(self) -> str | None:
        """What --format says, if anything."""
        chosen: str | None = self.values["wide_format"]
        return chosen

    @property
    def rows_enough(self) -> int | None:
        """How many rows of a list, in their own order, are enough; None where what is asked takes all of them."""
        takes_all = self.values["filter"] or self.values["sort_by"] or self.values["wide_flatten"]
        enough: int | None = None if takes_all else self.values["limit"]
        return enough

    @cached_property
    def project(self) -> str:
        """The project in use, by its id, also where its number was said."""
        said = self.settings.text("core/project")
        if not said.isdecimal() or self.reader is None:
            return said
        from cloudrun_cli.store.projects import get

        found = get(self.reader, said)
        return found.id if found else said

    @cached_property
    def region(self) -> str:
        return self.settings.text("run/region")

    @cached_property
    def account(self) -> str:
        """Whom this call speaks for: the account in force, or the service account that it impersonates. Raises
        FailedPrecondition, PermissionDenied."""
        account = self.settings.text("core/account")
        impersonate = self.settings.text("auth/impersonate_service_account")
        if not impersonate and not account.endswith(".gserviceaccount.com"):
            return account
        from cloudrun_cli.controlplane.acting import caller

        found = caller(self.store, self.home, account, impersonate, self.now())
        if impersonate:
            self.warn(
                "This command is using service account impersonation. All API calls will be executed as "
                f"[{impersonate.rpartition(',')[2].strip()}]."
            )
        return found

    @cached_property
    def quiet(self) -> bool:
        """Whether every question is answered by its default."""
        return self.settings.boolean("core/disable_prompts")

    @cached_property
    def talks(self) -> bool:
        """Whether messages and answers are printed at all."""
        return self.settings.boolean("core/user_output_enabled")

    @cached_property
    def verbosity(self) -> str:
        return self.settings.choice("core/verbosity")

    @cached_property
    def store(self) -> "Store":
        """The store, to read and to write."""
        from cloudrun_cli.store.database import open_store

        return open_store(self.home)

    @cached_property
    def reader(self) -> "Store | None":
        """The store, to read only; None before anything was ever saved."""
        from cloudrun_cli.store.database import open_for_reading

        return open_for_reading(self.home)

    @cached_property
    def vault(self) -> "Vault":
        """What seals and opens the payloads of secrets."""
        from cloudrun_cli.controlplane.vault import Vault

        return Vault(self.home)

    @cached_property
    def random(self) -> "Random":
        """Where new names come from."""
        from random import SystemRandom

        return SystemRandom()

    @cached_property
    def edge(self) -> "Edge":
        """Where services answer: where the daemon listens now, or else where it will."""
        from cloudrun_cli.core.addresses import Edge

        if self.reader is not None:
            from cloudrun_cli.store.projects import fact

            said = fact(self.reader, "edge")
            if said:
                import json

                return Edge(*json.loads(said))
        return Edge(self.settings.port("emulator/http_port"), self.settings.port("emulator/https_port"))

    def wake(self) -> None:
        """The daemon runs and looks again; that it had to be started is said once. Raises Unavailable."""
        from cloudrun_cli.daemon import doorbell

        if doorbell.ensure(self.home, {"CLOUDSDK_ACTIVE_CONFIG_NAME": self.settings.configurations.active}):
            said = doorbell.status(self.home) or {}
            self.tell(
                f"Started the emulator: port {said.get('http_port')}, {said.get('runtime')} runtime. "
                "Stop it with: cloudrun emulator stop"
            )

    def ring(self) -> None:
        """Something was saved: the daemon, if it runs, looks now."""
        from cloudrun_cli.daemon import doorbell

        doorbell.ring(self.home)

    @property
    def out(self) -> TextIO:
        """Where the answer goes."""
        return sys.stdout if self.talks else StringIO()

    @property
    def err(self) -> TextIO:
        """Where the story goes: progress, hints, warnings."""
        return sys.stderr if self.talks else StringIO()

    @property
    def draws(self) -> bool:
        """Whether the story is drawn as it lives, rather than told in plain lines."""
        from cloudrun_cli.output.terminal import draws

        return self.talks and draws(sys.stderr)

    @property
    def shows_on_terminal(self) -> bool:
        """Whether the answer goes to a terminal, where nobody reads ten thousand lines."""
        return self.talks and sys.stdout.isatty()

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to be asked for what was left out: a terminal in and a terminal to show it on."""
        if self.quiet or not self.talks or sys.stdin is None:
            return False
        return sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str, *, default: bool = True) -> bool:
        """Whether the answer, typed or piped in, is yes; the default when prompts are off. Raises PromptError at the
        end of input."""
        from cloudrun_cli.output.prompts import ask_yes

        return ask_yes(question, default, quiet=self.quiet, err=sys.stderr, stdin=sys.stdin or StringIO())

    def tell(self, message: str) -> None:
        """One line of the story, on stderr."""
        print(message, file=self.err)

    def warn(self, message: str) -> None:
        """A warning, on stderr, unless the verbosity hides it."""
        if self.verbosity in ("debug", "info", "warning"):
            self.tell(f"WARNING: {message}")


_present: Context | None = None


def context() -> Context:
    """The context of the command that is running."""
    if _present is None:
        raise RuntimeError("no command is running, so there is no context")
    return _present


def enter(entered: Context) -> Context:
    """Make this the context of the command that is about to run."""
    global _present
    _present = entered
    return entered
