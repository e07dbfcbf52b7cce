"""What the terminal at the other end can show: colours, drawing, how wide, and which characters.

Source: no-color.org, bixense.com/clicolors, and gcloud, which draws in ASCII where the encoding is not UTF-8.
"""

import os
from typing import TextIO

DEFAULT_WIDTH = 80  # characters, where nobody says. Source: gcloud topic formats, width
DEGRADED = "cloudrun-degraded"  # the name of the error handler of streams that cannot show everything
PLAIN = {
    **dict.fromkeys("─━═", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("┌┬┐├┼┤└┴┘╭╮╰╯", "+"),
    **dict.fromkeys("✔✓", "+"),
    **dict.fromkeys("…·", "."),
    **dict.fromkeys("–—‐−", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("•▪", "*"),
    **dict.fromkeys("→↳", ">"),
    "←": "<",
    "✗": "X",
    "×": "x",
}


def shows_colors(stream: TextIO) -> bool:
    """Whether colours are wanted on the stream and will be understood."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return draws(stream) and os.environ.get("CLICOLOR", "1") != "0"


def draws(stream: TextIO) -> bool:
    """Whether the stream is a terminal that can move its cursor and change its pen."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def is_unicode(stream: TextIO) -> bool:
    """Whether the stream takes every character; one without an encoding holds text as it is."""
    encoding = getattr(stream, "encoding", None)
    return encoding is None or str(encoding).lower().replace("-", "").startswith("utf")


def width(stream: TextIO) -> int:
    """How many characters fit in a line: as COLUMNS says, as the terminal says, or else 80."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return (os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0) or DEFAULT_WIDTH
    except (OSError, ValueError):  # no file behind it, or no terminal any more
        return DEFAULT_WIDTH


def degrade(stream: TextIO) -> None:
    """From now on the stream writes something like the characters that its encoding does not have, one for one, so
    that columns stay columns: ✔ as +, … as ., lines as - and |, and ? for what is like nothing."""
    import codecs

    codecs.register_error(DEGRADED, _substitute)
    stream.reconfigure(errors=DEGRADED)  # type: ignore[attr-defined]  # TextIO does not tell of TextIOWrapper's own


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(char, "?") for char in error.object[error.start : error.end]), error.end
