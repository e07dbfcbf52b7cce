"""What is said when a command cannot be understood or fails: gcloud's words, in gcloud's shape, on stderr.

ERROR: (cloudrun.run.deploy) argument --timeout: …        exit 2, with the usage
ERROR: (cloudrun.run.deploy) Service [x] …                exit 1, the hint on the next line
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 80


class Misuse(Exception):
    """A command line that cannot be understood. `advice` follows the message: usage, or where to look."""

    def __init__(self, path: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.advice = advice


def program() -> str:
    """The name to show: `gcloud` when called by that name, or else `cloudrun`."""
    return "gcloud" if os.path.basename(sys.argv[0]) == "gcloud" else "cloudrun"


def error_line(path: str, message: str) -> str:
    """The line that names the command and what is wrong with it."""
    return f"ERROR: ({'.'.join([program(), *path.split()])}) {message}"


def command_line(path: str) -> str:
    """The words that call a command or group."""
    return f"{program()} {path}".rstrip()


def usage(path: str, operands: str, optional: "Iterable[str]") -> str:
    """The usage block that follows an error in the arguments of a command."""
    words = [command_line(path), operands, "[optional flags]"]
    lines = [f"Usage: {' '.join(word for word in words if word)}"]
    lines += choices("optional flags may be  ", sorted(optional, key=lambda name: name.replace("--no-", "--")))
    return "\n".join([*lines, "", *more_about(path)])


def group_usage(path: str, groups: "Iterable[str]", commands: "Iterable[str]") -> str:
    """The usage block of a group."""
    lines = [f"Usage: {command_line(path)} [optional flags] <group | command>"]
    lines += choices("group may be           ", sorted(groups))
    lines += choices("command may be         ", sorted(commands))
    return "\n".join([*lines, "", *more_about(path)])


def more_about(path: str) -> list[str]:
    """Where to read on about a command or group."""
    return ["For detailed information on this command and its flags, run:", f"  {command_line(path)} --help"]


def search_advice() -> str:
    """Where to look for a word that is not known."""
    return f"To search the help text of {program()} commands, run:\n  {program()} help -- SEARCH_TERMS"


def unrecognized(words: "list[str]", known: "Iterable[str]") -> str:
    """The message for arguments that nothing takes, each with the flag that may have been meant."""
    from difflib import get_close_matches

    flags = list(known)
    described = []
    for word in words:
        near = get_close_matches(word.partition("=")[0], flags, n=1) if word.startswith("--") else []
        described.append(f"{word} (did you mean '{near[0]}'?)" if near else word)
    if len(described) == 1:
        return f"unrecognized arguments: {described[0]} \n\n{search_advice()}"
    return "\n  ".join(["unrecognized arguments:", *described, search_advice()])


def choices(label: str, words: "Iterable[str]") -> list[str]:
    """`label` and the words after it, with bars between and the lines no wider than a page."""
    lines: list[str] = []
    line = f"  {label}"
    indent = " " * len(line)
    empty = True
    for word in words:
        piece = word if empty else f" | {word}"
        if not empty and len(line) + len(piece) + 2 > WIDTH:
            lines.append(f"{line} |")
            line, piece = indent, word
        line += piece
        empty = False
    return [] if empty else [*lines, line]
