"""Reads the arguments of one command: click does the work, Typer has described it, the words are gcloud's.

Differences from plain click: what nothing takes is gathered and reported at once; a value that looks like a flag is a
missing value; a repeated flag is merged by its kind; required and exclusive arguments are reported as gcloud does;
flags after `--container NAME` belong to that container.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import click
from click.core import ParameterSource
from typer.core import TyperCommand

from cloudrun_cli.cli import complaints
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.families import CONTAINERS
from cloudrun_cli.cli.parsing import Kind
from cloudrun_cli.cli.wide_flags import FLAGS_FILE, platform_flags, wide_flags
from cloudrun_cli.core.errors import InvalidArgument

# A set of flags of which one may be given; a tuple inside it counts as one and its flags may come together.
Exclusive = Sequence[str | tuple[str, ...]]

CONTAINER, REMOVE_CONTAINERS = "--container", "--remove-containers"
CONTAINER_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")  # Source: gcloud run deploy, --container


class GcloudCommand(TyperCommand):
    """A command whose parsing and complaints are gcloud's."""

    path = ""
    exclusive: Sequence[Exclusive] = ()
    whole: "GcloudCommand | None" = None  # where this is only the part of it that reads one container's flags
    taken: frozenset[str | None] = frozenset()  # the parameters of the function; the others are the framework's

    def prepare(self, path: str, exclusive: Sequence[Exclusive], each: Collection[str] = ()) -> None:
        """Finish what Typer made: the flags of every command, and checks that come after parsing instead of in it.
        `each` are the parameters that one container has of its own."""
        self.path = path
        self.each = each
        self.exclusive = exclusive
        self.own = list(self.params)
        self.required = [param for param in self.own if param.required]
        self.params += wide_flags()
        if "run" in path.split()[:2]:
            self.params += platform_flags()
        for param in self.params:
            if isinstance(param, click.Option) and not param.is_flag:
                _merge_uses(param)
            param.required = False
        self.context_settings = {"allow_extra_args": True, "help_option_names": []}
        self.add_help_option = False
        self.by_name = {name: param for param in self.params for name in (*param.opts, *param.secondary_opts)}
        self.suggested = [name for name in self.by_name if name.startswith("--")]

    def read(self, arguments: Sequence[str]) -> dict[str, Any]:
        """The values by parameter name; those of each container under its name in `containers`. Raises Misuse."""
        if any(word.startswith(FLAGS_FILE) for word in arguments):
            arguments = self._with_files(arguments)
        if not self.each:
            return self._read(arguments)
        own, groups = self._by_container(arguments)
        inner = self._of_a_container() if groups else self
        named = {name: inner._read(words) for name, words in groups.items()}
        return self._read(own, among_containers=bool(groups)) | {CONTAINERS: named}

    def _with_files(self, arguments: Sequence[str]) -> Sequence[str]:
        from cloudrun_cli.cli.flags_file import expanded

        try:
            return expanded(arguments)
        except InvalidArgument as error:
            raise Misuse(self.path, f"argument {FLAGS_FILE}: {error.message}", self.usage()) from error

    def _read(self, arguments: Sequence[str], *, among_containers: bool = False) -> dict[str, Any]:
        known, strange = self._sort_out(list(arguments))
        try:
            context = self.make_context(self.path, known)
        except click.BadParameter as error:
            raise self._bad_argument(error) from error
        except click.UsageError as error:
            raise Misuse(self.path, error.format_message(), self.usage()) from error
        strange = sorted([*strange, *context.args], key=list(arguments).index)
        if strange:
            raise Misuse(self.path, complaints.unrecognized(strange, self.suggested))
        self._check_place(context, among_containers)
        self._check_required(context)
        self._check_groups(context)
        return {param.name or "": _value(context, param) for param in self.params}

    def _by_container(self, arguments: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
        """The arguments in front of the first --container, and those after each by its name."""
        own: list[str] = []
        groups: dict[str, list[str]] = {}
        present = own
        waiting = list(reversed(arguments))
        while waiting:
            word = waiting.pop()
            flag, equals, name = word.partition("=")
            if word == "--":
                present += [word, *reversed(waiting)]
                break
            if flag != CONTAINER:
                present.append(word)
                continue
            about = self.by_name[CONTAINER]
            if not equals:
                if not waiting or looks_like_flag(waiting[-1]):
                    raise self._about(about, "expected one argument")
                name = waiting.pop()
            if not CONTAINER_NAME.fullmatch(name):
                raise self._about(
                    about,
                    f"Bad value [{name}]: it has lower-case letters, digits, '-' and '.', begins and ends with a "
                    "letter or digit, and has at most 63 characters.",
                )
            if name in groups:
                raise self._about(about, f'"{name}" cannot be specified multiple times')
            present = groups[name] = []
        return own, groups

    def _of_a_container(self) -> "GcloudCommand":
        """What reads the flags of one container."""
        params = [param for param in self.own if param.name in self.each]
        inner = GcloudCommand(self.name, params=params, rich_markup_mode=None)
        inner.path, inner.exclusive, inner.each, inner.suggested = self.path, self.exclusive, (), self.suggested
        inner.context_settings, inner.add_help_option = self.context_settings, False
        inner.own, inner.required = params, []
        inner.by_name = {name: param for param in params for name in (*param.opts, *param.secondary_opts)}
        inner.whole = self
        return inner

    def _check_place(self, context: click.Context, among_containers: bool) -> None:
        """Nothing when the flags of a container follow its --container, or no container is named."""
        remove = self.by_name.get(REMOVE_CONTAINERS) if self.each else None
        removing = remove is not None and _was_given(context, remove)
        if not (among_containers or removing):
            return
        early = sorted(flag_name(p) for p in self.own if p.name in self.each and _was_given(context, p))
        if early:
            raise Misuse(
                self.path,
                f"When {CONTAINER} or {REMOVE_CONTAINERS} is specified {', '.join(early)} must be specified after "
                f"{CONTAINER}.",
                self.usage(),
            )

    def usage(self) -> str:
        """The usage block of this command."""
        if self.whole is not None:
            return self.whole.usage()
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
