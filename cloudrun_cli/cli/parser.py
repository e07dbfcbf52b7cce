"""Reads the arguments of one command: click does the work, Typer has described it, the words are gcloud's.

Differences from plain click: what nothing takes is gathered and reported at once; a value that looks like a flag is a
missing value; a repeated flag is merged by its kind; required and exclusive arguments are reported as gcloud does.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import click
from click.core import ParameterSource
from typer.core import TyperCommand

from cloudrun_cli.cli import complaints
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.parsing import Kind, ListOf
from cloudrun_cli.core.errors import InvalidArgument

# A set of flags of which one may be given; a tuple inside it counts as one and its flags may come together.
Exclusive = Sequence[str | tuple[str, ...]]

VERBOSITIES = ("debug", "info", "warning", "error", "critical", "none")
WIDE_PREFIX = "wide_"  # parameter names of the flags that every command takes


class GcloudCommand(TyperCommand):
    """A command whose parsing and complaints are gcloud's."""

    path = ""
    exclusive: Sequence[Exclusive] = ()
    taken: frozenset[str | None] = frozenset()  # the parameters of the function; the others are the framework's

    def prepare(self, path: str, exclusive: Sequence[Exclusive]) -> None:
        """Finish what Typer made: the flags of every command, and checks that come after parsing instead of in it."""
        self.path = path
        self.exclusive = exclusive
        self.own = list(self.params)
        self.required = [param for param in self.own if param.required]
        self.params += wide_flags()
        for param in self.params:
            if isinstance(param, click.Option) and not param.is_flag:
                _merge_uses(param)
            param.required = False
        self.context_settings = {"allow_extra_args": True, "help_option_names": []}
        self.add_help_option = False
        self.by_name = {name: param for param in self.params for name in (*param.opts, *param.secondary_opts)}

    def read(self, arguments: Sequence[str]) -> dict[str, Any]:
        """The values by parameter name. Raises Misuse."""
        known, strange = self._sort_out(list(arguments))
        try:
            context = self.make_context(self.path, known)
        except click.BadParameter as error:
            raise self._bad_argument(error) from error
        except click.UsageError as error:
            raise Misuse(self.path, error.format_message(), self.usage()) from error
        strange = sorted([*strange, *context.args], key=list(arguments).index)
        if strange:
            flags = [name for name in self.by_name if name.startswith("--")]
            raise Misuse(self.path, complaints.unrecognized(strange, flags))
        self._check_required(context)
        self._check_groups(context)
        return {param.name or "": _value(context, param) for param in self.params}

    def usage(self) -> str:
        """The usage block of this command."""
        needed = [flag_name(param) + f"={metavar(param)}" for param in self.required if isinstance(param, click.Option)]
        operands = [self._operand(param) for param in self.own if isinstance(param, click.Argument)]
        optional = [
            flag_name(param)
            for param in self.own
            if isinstance(param, click.Option) and not param.hidden and param not in self.required
        ]
        return complaints.usage(self.path, " ".join([*operands, *needed]), [*optional, "--help"])

    def _sort_out(self, arguments: list[str]) -> tuple[list[str], list[str]]:
        """The arguments that click will understand, flags with their values first; and those that nothing takes."""
        known: list[str] = []
        operands: list[str] = []
        strange: list[str] = []
        waiting = list(reversed(arguments))
        while waiting:
            word = waiting.pop()
            if word == "--":
                operands += reversed(waiting)
                break
            name, equals, value = word.partition("=")
            param = self.by_name.get(name)
            if not looks_like_flag(word):
                operands.append(word)
            elif not isinstance(param, click.Option):
                strange.append(word)
            elif param.is_flag:
                if equals:
                    raise self._about(param, f"ignored explicit argument '{value}'")
                known.append(word)
            elif equals:
                known.append(word)
            elif waiting and not looks_like_flag(waiting[-1]) and waiting[-1] != "--":
                known.append(f"{name}={waiting.pop()}")
            else:
                raise self._about(param, "expected one argument")
        return [*known, "--", *operands], strange

    def _check_required(self, context: click.Context) -> None:
        missing = [param for param in self.required if not _was_given(context, param)]
        operands = [param for param in missing if isinstance(param, click.Argument)]
        if operands:
            shown = " ".join(_anchor(param) or self._operand(param) for param in operands)
            raise Misuse(self.path, f"argument {shown}: Must be specified.", self.usage())
        for param in missing:
            raise self._about(param, "Must be specified.")

    def _check_groups(self, context: click.Context) -> None:
        given = {flag_name(param) for param in self.own if _was_given(context, param)}
        for group in self.exclusive:
            members = [(member,) if isinstance(member, str) else member for member in group]
            used = [member for member in members if given.intersection(member)]
            if len(used) > 1:
                first = next(name for name in used[0] if name in given)
                raise Misuse(
                    self.path,
                    f"argument {first}: At most one of {_alternatives(members)} can be specified.",
                    self.usage(),
                )

    def _operand(self, param: click.Argument) -> str:
        name = metavar(param)
        if param.nargs != 1:
            name = f"{name} [{name} ...]"
        return name if param in self.required else f"[{name}]"

    def _about(self, param: click.Parameter, problem: str) -> Misuse:
        return Misuse(self.path, f"argument {flag_name(param)}: {problem}", self.usage())

    def _bad_argument(self, error: click.BadParameter) -> Misuse:
        if error.param is None:
            return Misuse(self.path, error.message, self.usage())
        name = flag_name(error.param) if isinstance(error.param, click.Option) else metavar(error.param)
        advice = "" if error.message.startswith("Invalid choice") else self.usage()
        return Misuse(self.path, f"argument {name}: {error.message}", advice)


def wide_flags() -> list[click.Parameter]:
    """The flags that every command takes, made anew for one command."""
    flatten = ListOf(repeatable=True, unique=False)
    return [
        _wide("--account", "The account that calls are made as.", "core/account"),
        _wide("--configuration", "The configuration to use for this call."),
        _wide("--flatten", "Make one row of each item of these keys.", metavar="KEY", kind=flatten),
        _wide("--format", "How the answer is printed: yaml, json, csv, table(…), value(…) and more."),
        _wide("--project", "The project to work in.", "core/project", metavar="PROJECT_ID"),
        click.Option(
            ["--quiet", "-q", f"{WIDE_PREFIX}quiet"],
            is_flag=True,
            default=None,
            help="Answer every question with its default.",
        ),
        click.Option(
            ["--user-output-enabled/--no-user-output-enabled", f"{WIDE_PREFIX}user_output_enabled"],
            default=None,
            help="Print messages and answers.",
        ),
        _wide("--verbosity", "How much is told on stderr.", "core/verbosity", kind=Kind(VERBOSITIES)),
    ]


def flag_name(param: click.Parameter) -> str:
    """The name that a flag is shown by; a switch that is on by default is shown by what turns it off."""
    if isinstance(param, click.Option):
        if param.is_flag and param.default is True and param.secondary_opts:
            return param.secondary_opts[0]
        return max(param.opts, key=len)
    return metavar(param)


def metavar(param: click.Parameter) -> str:
    """The word that stands for the value."""
    if param.metavar:
        return param.metavar
    return max(param.opts, key=len).lstrip("-").replace("-", "_").upper()


def looks_like_flag(word: str) -> bool:
    """Whether a word can only be a flag. `-`, negative numbers and words with a space are values."""
    if len(word) < 2 or word[0] != "-" or " " in word.partition("=")[0]:
        return False
    return not word[1:].replace(".", "", 1).isdigit()


def _wide(name: str, help: str, property: str = "", *, metavar: str = "", kind: Kind | None = None) -> click.Option:
    kind = kind or Kind()
    kind.property = property
    kind.names = {"--configuration": "configurations", "--format": "formats", "--project": "projects"}.get(name, "")
    variable = WIDE_PREFIX + name.lstrip("-")
    return click.Option([name, variable], type=kind, help=help, metavar=metavar or None)


def _merge_uses(param: click.Option) -> None:
    """Let the kind make one value of all uses of a flag."""
    kind = param.type if isinstance(param.type, Kind) else Kind()
    default = None if param.required or param.default == () else param.default

    def merged(context: click.Context, param: click.Parameter, values: Any) -> Any:
        if not _was_given(context, param):
            return default
        try:
            return kind.merge(values)
        except InvalidArgument as error:
            raise click.BadParameter(error.message, ctx=context, param=param) from error

    param.multiple = True
    param.default = None
    param.callback = merged


def _value(context: click.Context, param: click.Parameter) -> Any:
    """What was given, or the default; any number of positionals as a list."""
    value = context.params[param.name or ""]
    if param.nargs == 1:
        return value
    return list(value) if _was_given(context, param) else param.default


def _was_given(context: click.Context, param: click.Parameter) -> bool:
    return context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE


def _anchor(param: click.Argument) -> str:
    anchor = param.type.anchor if isinstance(param.type, Kind) else ""
    return f"({anchor})" if anchor else ""


def _alternatives(members: Iterable[tuple[str, ...]]) -> str:
    return " | ".join(" ".join(member) for member in members)
