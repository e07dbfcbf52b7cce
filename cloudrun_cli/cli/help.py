"""`--help`, `help` and the listing of a group, drawn from `cli/index/` without loading Typer or a command."""

import sys
from importlib import import_module

from cloudrun_cli.cli import complaints
from cloudrun_cli.cli.complaints import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

COLUMN = 26  # where help lines begin


def print_help(path: str, track: str = "") -> int:
    """Print the help of a group or command, called by its track (alpha, beta) if one was typed. Raises Misuse when
    there is none."""
    called = complaints.command_line(f"{track} {path}".strip())
    print(command_help(path, called) if command_entry(path) else group_help(path, called))
    return 0


def answer_help(words: "Sequence[str]") -> int:
    """`cloudrun help run deploy`, or `cloudrun help -- WORDS` to search."""
    if words[:1] == ["--"]:
        return _search([word.lower() for word in words[1:]])
    return print_help(" ".join(word for word in words if not word.startswith("-")))


def command_help(path: str, called: str) -> str:
    """What a command does, examples, its arguments. `called` are the words that call it."""
    entry = command_entry(path)
    if entry is None:
        raise _unknown(path)
    operands = [_operand(positional) for positional in entry["positionals"]]
    needed = [f"{shown}={value}" for shown, _, _, value, _, _, required, _ in entry["flags"] if required]
    lines = [entry["help"], *_paragraphs(entry["more"]), "", heading("Usage")]
    lines += [" ".join([f"  {called}", *operands, *needed, "[flags]"])]
    if entry["examples"]:
        lines += ["", heading("Examples"), *(f"  $ {_named(example)}" for example in entry["examples"])]
    if entry["positionals"]:
        lines += ["", heading("Arguments")]
        for name, help, _, choices, _, _ in entry["positionals"]:
            lines += _described(name, help, choices)
    if flags := [flag for flag in entry["flags"] if not flag[7]]:
        lines += ["", heading("Flags")]
        for shown, _, help, value, _, choices, required, _ in flags:
            lines += _described(_with_value(shown, value), help + (" Required." if required else ""), choices)
    wide = ", ".join(shown.partition(",")[0].partition(" ")[0] for shown, *_, hidden in _top().WIDE if not hidden)
    lines += ["", heading("Flags of every command"), *_filled(f"{wide}, --help", "  ", COMMAND_WIDTH)]
    lines += [f"  `{complaints.program()} help` describes them."]
    return "\n".join(lines)


def group_help(path: str, called: str) -> str:
    """What a group is for and what is in it, under the words that call it. Raises Misuse when there is none."""
    help, groups, commands = _group(path)
    lines = [help, "", heading("Usage"), f"  {called} <group | command> [flags]"]
    for title, members in (("Groups", groups), ("Commands", commands)):
        if members:
            lines += ["", heading(title)]
            for name, line in members:
                lines += _described(name, line)
    if not path:
        lines += ["", heading("Flags of every command")]
        for shown, _, help, value, _, choices, _, hidden in _top().WIDE:
            lines += [] if hidden else _described(_with_value(shown, value), help, choices)
        lines += _described("--help, -h", "Describe a group or command.")
        lines += _described("--version, -v", "Print the versions.")
    lines += ["", f"`{called} <group | command> --help` says more about each."]
    return "\n".join(lines)


def group_listing(path: str) -> str:
    """What is in a group, as shown after its name alone."""
    _, groups, commands = _group(path)
    lines: list[str] = []
    for title, members in (("groups", groups), ("commands", commands)):
        if members:
            width = max(23, *(len(name) + 2 for name, _ in members))
            lines += [f"Available {title} for {complaints.command_line(path)}:", ""]
            for name, help in members:
                first, *rest = _filled(help, "", 80 - 6 - width - 1)
                lines += [f"      {name:<{width}} {first}", *(" " * (7 + width) + line for line in rest)]
            lines.append("")
    return "\n".join([*lines, *complaints.more_about(path)])


def command_entry(path: str) -> "dict[str, Any] | None":
    """What the index says about a command, or the tree itself when it is newer than the index."""
    found: dict[str, Any] | None = index(path).get("COMMANDS", {}).get(path)
    if found is None and path and not index(path).get("GROUPS", {}).get(path):
        from cloudrun_cli.cli.app import find_command

        if command := find_command(path):
            from cloudrun_cli.cli.indexing import entry

            return entry(command)
    return found


def index(path: str) -> "dict[str, Any]":
    """The index module that covers a path, as its names; nothing when there is none."""
    first = path.partition(" ")[0]
    from cloudrun_cli.cli.app import GROUPS

    name = first if first and first in GROUPS else "top"
    try:
        return vars(import_module(f"cloudrun_cli.cli.index.{name.replace('-', '_')}"))
    except ModuleNotFoundError:
        return {}  # a group that has been added since the index was written


def heading(text: str) -> str:
    """A heading, bold on a terminal that likes it."""
    if not sys.stdout.isatty():
        return text
    from cloudrun_cli.output.terminal import shows_colors

    return f"\x1b[1m{text}\x1b[0m" if shows_colors(sys.stdout) else text


COMMAND_WIDTH = 78


def _group(path: str) -> "tuple[str, Iterable[tuple[str, str]], Iterable[tuple[str, str]]]":
    found = index(path).get("GROUPS", {}).get(path)
    if found is None:
        from cloudrun_cli.cli.app import GROUPS, children

        if path not in GROUPS:
            raise _unknown(path)
        groups, commands = children(path)
        found = (GROUPS[path][1], tuple(groups.items()), tuple(commands.items()))
    help, groups, commands = found
    return help, groups, (*commands, ("help", "Describe a group or command.")) if not path else commands


def _top() -> "Any":
    return import_module("cloudrun_cli.cli.index.top")


def _unknown(path: str) -> Misuse:
    """What to say about words that are no command: the same as when they are called."""
    from cloudrun_cli.cli.app import GROUPS, not_a_command

    words = path.split()
    for end in range(1, len(words) + 1):
        start = " ".join(words[:end])
        if start not in GROUPS:
            return not_a_command(start, start)
    return not_a_command(path, path)


def _search(terms: "Sequence[str]") -> int:
    """Print the commands whose help speaks of every term. Exit code 1 when there is none."""
    from cloudrun_cli.cli.app import GROUPS

    firsts = {name.partition(" ")[0] for name in GROUPS}
    found = [
        (path, entry["help"])
        for first in sorted(firsts)
        for path, entry in index(first).get("COMMANDS", {}).items()
        if not entry["hidden"] and all(term in _text_of(path, entry) for term in terms)
    ]
    for path, help in sorted(found):
        print("\n".join(_described(complaints.command_line(path), help)))
    if not found:
        print(f"No command speaks of {' '.join(terms)}.", file=sys.stderr)
    return 0 if found else 1


def _text_of(path: str, entry: "dict[str, Any]") -> str:
    words = [path, entry["help"], *entry["more"]]
    words += [word for flag in entry["flags"] for word in (flag[0], flag[2])]
    return " ".join(words).lower()


def _operand(positional: "Sequence[Any]") -> str:
    name, _, _, _, required, many = positional
    name = f"{name} [{name} ...]" if many else name
    return name if required else f"[{name}]"


def _with_value(shown: str, value: str) -> str:
    return f"{shown} {value}" if value else shown


def _described(name: str, help: str, choices: "Sequence[str]" = ()) -> list[str]:
    """A name and its help beside it, or below it when the name is long."""
    if choices:
        help = f"{help} One of: {', '.join(choices)}."
    lines = _filled(help, "", COMMAND_WIDTH - COLUMN)
    if len(name) > COLUMN - 4:
        return [f"  {name}", *(" " * COLUMN + line for line in lines)]
    first, *rest = lines
    return [f"  {name:<{COLUMN - 2}}{first}".rstrip(), *(" " * COLUMN + line for line in rest)]


def _paragraphs(texts: "Iterable[str]") -> list[str]:
    return [line for text in texts for line in ("", *_filled(text, "", COMMAND_WIDTH))]


def _filled(text: str, indent: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters."""
    lines, line = [], indent
    for word in text.split():
        if line.strip() and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = indent
        line += word if not line.strip() else f" {word}"
    return [*lines, line]


def _named(example: str) -> str:
    """An example with the program's name as it was called."""
    return complaints.program() + example.removeprefix("cloudrun")
