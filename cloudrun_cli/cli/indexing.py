"""Writes what is derived from the command tree: `cli/index/`, which help and completion read, `completions/`, and in
the README the table of flags that have no effect here.

    python -m cloudrun_cli.cli.indexing        in a checkout, after a command or flag has changed; a test tells when

One module per first word, each a literal that loads in a fraction of a millisecond, so that neither Tab nor --help
imports Typer or a command.
"""

import sys
from pathlib import Path
from typing import Any

import click

from cloudrun_cli.cli import app
from cloudrun_cli.cli.command import Command, build, declared_under
from cloudrun_cli.cli.parser import GcloudCommand, flag_name, metavar
from cloudrun_cli.cli.parsing import Kind
from cloudrun_cli.cli.wide_flags import wide_flags

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- differences of flags: generated -->", "<!-- end -->"
HEADER = """\"\"\"Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand.\"\"\"

# ruff: noqa
# fmt: off
"""


def files() -> dict[Path, str]:
    """Every derived file and what it should say."""
    from cloudrun_cli.cli.shells import SHELLS, script

    modules: dict[str, dict[str, Any]] = {"top": {"GROUPS": {}, "COMMANDS": {}, "WIDE": wide()}}
    for name, entries in (("GROUPS", groups()), ("COMMANDS", commands())):
        for path, described in entries.items():
            modules.setdefault(_module(path), {"GROUPS": {}, "COMMANDS": {}})[name][path] = described
    texts = {
        HERE / "index" / f"{name}.py": HEADER
        + "".join(f"\n{key} = {_literal(value)}\n" for key, value in sorted(values.items()))
        for name, values in modules.items()
    }
    scripts = ROOT / "completions"
    return texts | {scripts / f"cloudrun.{shell}": script(shell) for shell in SHELLS} | {README: readme()}


def groups() -> dict[str, Any]:
    """Every group: its help line, its groups and its commands, each with a help line."""
    found = {}
    for path in app.GROUPS:
        inner, commands = app.children(path)
        found[path] = (app.GROUPS[path][1], tuple(sorted(inner.items())), tuple(sorted(commands.items())))
    return found


def commands() -> dict[str, Any]:
    """Every command and what there is to know about it."""
    for path in app.GROUPS:
        app.children(path)
    everything = [command for group in app.GROUPS for command in declared_under(group)]
    return {command.path: entry(command) for command in sorted(everything, key=lambda command: command.path)}


def entry(command: Command) -> dict[str, Any]:
    """What help and completion say about one command."""
    built = build(command)
    document = (command.info.callback.__doc__ or "") if command.info.callback else ""
    more = [" ".join(paragraph.split()) for paragraph in document.split("\n\n")[1:]]
    return {
        "help": command.help,
        "more": tuple(paragraph for paragraph in more if paragraph),
        "examples": tuple(command.examples),
        "hidden": command.hidden,
        "positionals": tuple(_positional(built, p) for p in built.own if isinstance(p, click.Argument)),
        "flags": tuple(_flag(built, p) for p in _by_name(built.own) if isinstance(p, click.Option)),
    }


def wide() -> tuple[tuple[Any, ...], ...]:
    """The flags that every command takes."""
    return tuple(_flag(None, param) for param in wide_flags() if isinstance(param, click.Option))


def readme() -> str:
    """The README with its table of differences of flags as the command tree has them now."""
    text = README.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{README} has no place for the table: {BEGIN} … {END}")
    return f"{before}{begin}\n{_differences()}{end}{after}"


def _differences() -> str:
    """A row for each reason why flags have no effect here, with the commands that take them."""
    rows: dict[str, tuple[set[str], set[str]]] = {}
    commands()
    for command in (command for group in app.GROUPS for command in declared_under(group)):
        for shared in (flag for family in command.families for flag in family.flags if flag.recorded):
            flags, paths = rows.setdefault(shared.recorded, (set(), set()))
            flags.add(shared.name)
            paths.add(command.path)
    lines = ["| Flags that are accepted, kept and shown | of | have no effect here, because |", "|---|---|---|"]
    for reason, (flags, paths) in sorted(rows.items(), key=lambda row: sorted(row[1][0])):
        named = (", ".join(f"`{name}`" for name in sorted(names)) for names in (flags, _together(paths)))
        lines.append(f"| {' | '.join(named)} | {reason} |")
    return "\n".join([*lines, ""])


def _together(paths: set[str]) -> list[str]:
    """Commands, those of one group in one: `run jobs create, deploy, update`."""
    groups: dict[str, list[str]] = {}
    for path in sorted(paths):
        group, _, name = path.rpartition(" ")
        groups.setdefault(group, []).append(name)
    return [f"{group} {', '.join(names)}" for group, names in groups.items()]


def _positional(built: GcloudCommand, param: click.Argument) -> tuple[Any, ...]:
    """Name, help, which names complete it, choices, whether it is required, whether it takes any number."""
    kind = param.type if isinstance(param.type, Kind) else Kind()
    return (metavar(param), kind.help, kind.names, kind.choices, param in built.required, param.nargs != 1)


def _flag(built: GcloudCommand | None, param: click.Option) -> tuple[Any, ...]:
    """Shown name, all names, help, metavar or nothing for a switch, which names complete it, choices,
    whether it is required, whether it is hidden."""
    kind = param.type if isinstance(param.type, Kind) else Kind()
    value = "" if param.is_flag else metavar(param)
    shown = flag_name(param)
    if param.is_flag and param.default is None and param.secondary_opts:
        shown = f"{param.opts[0]} / {param.secondary_opts[0]}"
    elif "-q" in param.opts:
        shown = "--quiet, -q"
    required = built is not None and param in built.required
    names = (*param.opts, *param.secondary_opts)
    return (shown, names, param.help or "", value, kind.names, kind.choices, required, param.hidden)


def _by_name(params: list[click.Parameter]) -> list[click.Parameter]:
    return sorted(params, key=lambda param: flag_name(param).replace("--no-", "--"))


def _module(path: str) -> str:
    """The index module of a path; commands without a group, and the top itself, share one."""
    first = path.partition(" ")[0]
    return first.replace("-", "_") if first and first in app.GROUPS else "top"


def _literal(value: Any, depth: int = 0) -> str:
    """A Python literal with one item per line, two levels deep and inside every flag list, so that diffs read well."""
    indent = " " * (depth + 1)
    if isinstance(value, dict):
        lines = [f"{indent}{key!r}: {_literal(item, depth + 1)},\n" for key, item in value.items()]
        return "{\n" + "".join(lines) + " " * depth + "}" if lines else "{}"
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return "(\n" + "".join(f"{indent}{_literal(item, depth + 1)},\n" for item in value) + " " * depth + ")"
    return repr(value)


def main() -> None:
    """Write the files that differ."""
    for path, text in files().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
