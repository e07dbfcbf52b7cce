"""How a command is declared and run: a function with Typer's annotations, whose value is printed by output/.

    services = Group("run services")

    @services.command("list", format="table(metadata.name)", examples=["cloudrun run services list --limit=5"])
    def list_(region: Region = None) -> list[dict[str, Any]]:
        \"\"\"List available services.\"\"\"

The value goes to stdout. A CloudRunError goes to stderr as one line and its hint, with exit code 1; anything else is
our own bug: one line that says where the traceback is.
"""

import errno
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer
from typer.main import get_command_from_info
from typer.models import CommandInfo

from cloudrun_cli.cli import complaints
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.context import Context, context, enter
from cloudrun_cli.cli.families import Family
from cloudrun_cli.cli.parser import Exclusive, GcloudCommand
from cloudrun_cli.cli.parsing import Integer, Kind, ListOf
from cloudrun_cli.cli.wide_flags import WIDE_PREFIX, without_effect
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.output.errors import OutputError
from cloudrun_cli.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])
Uri = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Command:
    """A command as declared. `format` is how its value is printed unless --format says otherwise."""

    path: str
    info: CommandInfo
    format: str
    rows: bool
    uri: Uri | None
    examples: Sequence[str]
    exclusive: Sequence[Exclusive]
    families: Sequence[Family]
    hidden: bool

    @property
    def help(self) -> str:
        """Its help line: the first paragraph of the docstring, in one line."""
        return " ".join((self.info.callback.__doc__ or "").split("\n\n")[0].split())


_declared: dict[str, Command] = {}


class Group(typer.Typer):
    """The commands under some words, `run services` or `` for the top; each is built when it is called."""

    def __init__(self, path: str) -> None:
        super().__init__(add_completion=False)
        self.path = path

    def command(  # type: ignore[override]  # fewer knobs than Typer's, and those of gcloud
        self,
        name: str,
        *,
        format: str = "default",
        rows: bool | None = None,
        uri: Uri | None = None,
        examples: Sequence[str] = (),
        exclusive: Sequence[Exclusive] = (),
        families: Sequence[Family] = (),
        hidden: bool = False,
    ) -> Callable[[Function], Function]:
        """Declare a command. `rows`, by default for a command called list, adds --filter, --limit, --page-size and
        --sort-by, and --uri where `uri` tells a row's address; the function then returns a list of mappings.
        `exclusive` are sets of flags of which at most one may be given. The flags of `families` come beside those of
        the function, which finds their values in its context."""

        def declare(function: Function) -> Function:
            super(Group, self).command(name, cls=GcloudCommand, hidden=hidden)(function)
            path = f"{self.path} {name}".lstrip()
            is_list = name == "list" if rows is None else rows
            info = self.registered_commands[-1]
            groups = [*exclusive, *(group for family in families for group in family.exclusive)]
            _declared[path] = Command(path, info, format, is_list, uri, examples, groups, families, hidden)
            return function

        return declare


def flag(
    name: str,
    help: str,
    kind: Kind | None = None,
    *,
    choices: Sequence[str] = (),
    metavar: str | None = None,
    names: str = "",
    property: str = "",
    hidden: bool = False,
) -> Any:
    """A flag with a value, for Annotated. `names` says which names complete it (services, regions …), `property` which
    property it overrides. Without a default in the signature it is required."""
    return typer.Option(
        name, help=help, click_type=_kind(kind, choices, names, property), metavar=metavar, hidden=hidden
    )


def switch(name: str, help: str, *, negatable: bool = True, hidden: bool = False) -> Any:
    """A flag without a value, for Annotated[bool]; `--no-NAME` turns it off, unless not `negatable`."""
    declaration = f"{name}/--no-{name[2:]}" if negatable else name
    return typer.Option(declaration, help=help, hidden=hidden)


def positional(
    metavar: str, help: str, kind: Kind | None = None, *, choices: Sequence[str] = (), names: str = "", anchor: str = ""
) -> Any:
    """A positional argument, for Annotated; `list[str]` takes any number. `anchor` is how it is shown when missing."""
    described = _kind(kind, choices, names, "")
    described.help, described.anchor = help, anchor
    return typer.Argument(metavar=metavar, click_type=described)


def declared(path: str) -> Command | None:
    """The command with these words, among the modules imported so far."""
    return _declared.get(path)


def declared_under(path: str) -> list[Command]:
    """The commands directly under a group, among the modules imported so far, by name."""
    prefix = f"{path} " if path else ""
    inside = (command for name, command in _declared.items() if name.startswith(prefix))
    return sorted((c for c in inside if " " not in c.path[len(prefix) :]), key=lambda c: c.path)


def build(command: Command, shown_path: str | None = None) -> GcloudCommand:
    """The click command that parses: what Typer makes of the function, and the flags that come with every list."""
    built = get_command_from_info(command.info, pretty_exceptions_short=False, rich_markup_mode=None)
    assert isinstance(built, GcloudCommand)
    built.taken = frozenset(param.name for param in built.params)
    if command.rows:
        built.params += _list_flags(with_uri=command.uri is not None)
    shared = [flag for family in command.families for flag in family.flags]
    built.params += [flag.option() for flag in shared]
    built.prepare(shown_path or command.path, command.exclusive, {flag.variable for flag in shared if flag.each})
    return built


def execute(command: Command, arguments: Sequence[str], shown_path: str) -> int:
    """Run a command and give its exit code, its failures told on stderr. Raises Misuse."""
    parsed = build(command, shown_path)
    values = parsed.read(arguments)
    settings = Settings(flags=_property_values(parsed, values), configuration=values[f"{WIDE_PREFIX}configuration"])
    present = enter(Context(shown_path, settings, values))
    gc.freeze()  # what start-up made stays, and need not be looked at again
    if not command.rows:  # a list makes much, keeps it, and is over
        gc.enable()
    try:
        _listen(present.verbosity)
        if unused := without_effect(values):
            present.warn(f"Without effect here: {', '.join(unused)}.")
        taken = {name: value for name, value in values.items() if name in parsed.taken}
        assert command.info.callback is not None
        with _journal(present, values[f"{WIDE_PREFIX}log_http"]):
            found = command.info.callback(**taken)
            if command.rows and found == [] and (said := _nowhere(parsed, present)):
                present.warn(said)
            print_value(command, found, values)
    except CloudRunError as error:
        return _fail(shown_path, error.message, error.hint or _meant(error, parsed, present))
    except OutputError as error:
        return _fail(shown_path, error.message, None)
    except typer.Exit as end:
        return end.exit_code
    except (BrokenPipeError, Misuse):
        raise
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return _crash(present)
        return _fail(shown_path, f"{error.strerror}.", None)
    except Exception:  # noqa: BLE001  # our own bug: told honestly, and kept for whoever looks into it
        return _crash(present)
    finally:
        present.close()
    return 0


def print_value(command: Command, value: Any, values: Mapping[str, Any]) -> None:
    """Print what a command returned; None prints nothing."""
    if value is None:
        return
    present = context()
    format, flatten = values[f"{WIDE_PREFIX}format"], values[f"{WIDE_PREFIX}flatten"]
    if format == "export" and isinstance(value, Mapping) and "apiVersion" in value:
        from cloudrun_cli.core.documents import exported

        value, format = exported(value), "yaml"
    if command.rows and isinstance(value, Mapping) and (flatten or values["filter"]):
        value = [value]
    if command.rows and isinstance(value, list):
        from cloudrun_cli.output.printer import print_list

        print_list(
            value,
            format=format,
            default=command.format,
            filter=values["filter"],
            sort_by=values["sort_by"],
            limit=values["limit"],
            page_size=values["page_size"],
            flatten=flatten,
            uri=command.uri,
            want_uri=bool(values.get("uri")),
            out=present.out,
            err=present.err,
        )
    else:
        from cloudrun_cli.output.printer import print_resource

        print_resource(value, format, default=command.format, stream=present.out, flatten=flatten)


def _list_flags(*, with_uri: bool) -> list[Any]:
    """The flags of every list command, made by Typer as any other."""

    def flags(
        filter: Annotated[
            str | None, flag("--filter", "Keep the rows that this expression holds for.", metavar="EXPRESSION")
        ] = None,
        limit: Annotated[int | None, flag("--limit", "Print no more rows than this.", Integer(1))] = None,
        page_size: Annotated[int | None, flag("--page-size", "Rows on one page.", Integer(1))] = None,
        sort_by: Annotated[
            Sequence[str] | None,
            flag("--sort-by", "Order by these keys; ~ in front reverses.", ListOf(), metavar="FIELD"),
        ] = None,
        uri: Annotated[bool, switch("--uri", "Print the address of each row instead.")] = False,
    ) -> None: ...

    made = get_command_from_info(
        CommandInfo("flags", callback=flags, add_help_option=False),
        pretty_exceptions_short=False,
        rich_markup_mode=None,
    ).params
    return made if with_uri else made[:-1]


def _kind(kind: Kind | None, choices: Sequence[str], names: str, property: str) -> Kind:
    """A kind of its own for one flag, with what the flag says about it."""
    import copy

    described = Kind(choices) if kind is None else copy.copy(kind)
    described.names = names
    described.property = property
    return described


def _property_values(parsed: GcloudCommand, values: Mapping[str, Any]) -> dict[str, str]:
    """The properties that flags of this call override."""
    overrides = {
        param.type.property: str(values[param.name])
        for param in parsed.params
        if isinstance(param.type, Kind) and param.type.property and param.name and values[param.name] is not None
    }
    for name, path in (("quiet", "core/disable_prompts"), ("user_output_enabled", "core/user_output_enabled")):
        if values[f"{WIDE_PREFIX}{name}"] is not None:
            overrides[path] = str(values[f"{WIDE_PREFIX}{name}"]).lower()
    return overrides


def _listen(verbosity: str) -> None:
    """Let the log be heard on stderr where --verbosity asks for it."""
    if verbosity in ("debug", "info"):
        import logging

        logging.basicConfig(level=verbosity.upper(), format="%(levelname)s: %(message)s", stream=sys.stderr)


def _journal(present: Context, wanted: bool | None) -> AbstractContextManager[None]:
    """What tells of every change that is made inside, when that is wanted."""
    if not wanted:
        return nullcontext()
    from cloudrun_cli.cli.changes_log import told

    return told(present)


def _meant(error: CloudRunError, parsed: GcloudCommand, present: Context) -> str | None:
    """The hint for a failure that has none: what may have been meant by a name."""
    from cloudrun_cli.cli.meant import hint

    return hint(error, parsed.params, present)


def _nowhere(parsed: GcloudCommand, present: Context) -> str | None:
    """Why there may be nothing to list: the region that was typed is none."""
    from cloudrun_cli.cli.meant import no_region

    return no_region(parsed.params, present)


def _fail(path: str, message: str, hint: str | None) -> int:
    """Tell a failure: what it is, and on the next line what to do."""
    print(complaints.error_line(path, message), file=sys.stderr)
    if hint:
        print(hint, file=sys.stderr)
    return 1


def _crash(present: Context) -> int:
    """Tell a bug of ours in one line; its traceback goes to HOME/crash.log, or to stderr with --verbosity=debug."""
    import traceback

    text = traceback.format_exc()
    last = text.rstrip().rpartition("\n")[2]
    place = os.path.join(present.home, "crash.log")
    if vars(present).get("verbosity") == "debug":
        print(text, end="", file=sys.stderr)
        return _fail(present.path, f"This is a bug in {complaints.program()}: {last}", None)
    try:
        os.makedirs(present.home, mode=0o700, exist_ok=True)
        with open(place, "a", encoding="utf-8") as log:
            log.write(f"{present.now().isoformat()} {complaints.command_line(present.path)}\n{text}\n")
    except OSError as error:
        hint = f"Run it again with --verbosity=debug for the traceback; {place} cannot be written: {error.strerror}."
    else:
        hint = f"The traceback is in {place}."
    return _fail(present.path, f"This is a bug in {complaints.program()}: {last}", hint)
