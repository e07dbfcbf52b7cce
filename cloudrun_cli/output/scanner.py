"""A cursor over a format or filter expression: names, keys, quoted strings, and errors that point at a place.

Both expression languages share resource keys (`a.b`, `a."x.y/z"`, `a[0]`, `a[]`, `a[1:2]`), quoting and the
`*HERE*` mark in messages. Written without regular expressions, because every command runs through it.
Source: gcloud topic resource-keys, gcloud topic projections.
"""

from cloudrun_cli.output.errors import FormatError, OutputError
from cloudrun_cli.output.keys import Key, Part

QUOTES = "\"'"
NAME_ENDS = frozenset(" \t\n.[](){}=:,~<>!\"'")
CALL_ENDS = ",)"

_KEYS: dict[str, Key] = {}  # what key_of has read


class Scanner:
    """An expression and how far it has been read. `error` is the class raised when it cannot be read further."""

    __slots__ = ("at", "error", "text")

    def __init__(self, text: str, error: type[OutputError] = FormatError) -> None:
        self.text = text
        self.at = 0
        self.error = error

    def fail(self, what: str, at: int | None = None) -> OutputError:
        """The error that says what is wrong and marks where, in gcloud's `[before *HERE* after]` form."""
        place = self.at if at is None else at
        before, after = self.text[:place].rstrip(), self.text[place:].lstrip()
        return self.error(f"{what} [{' '.join(part for part in (before, '*HERE*', after) if part)}].")

    def skip(self) -> None:
        """Moves past white space."""
        text, end = self.text, len(self.text)
        while self.at < end and text[self.at].isspace():
            self.at += 1

    def peek(self) -> str:
        """The next character after white space, or '' at the end."""
        self.skip()
        return self.text[self.at : self.at + 1]

    def accept(self, token: str) -> bool:
        """Whether the token comes next (after white space); if so, moves past it."""
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def name(self, ends: frozenset[str] = NAME_ENDS) -> str:
        """The run of characters up to one of `ends`; '' when there is none. White space is not skipped."""
        text, start, end = self.text, self.at, len(self.text)
        while self.at < end and text[self.at] not in ends:
            self.at += 1
        return text[start : self.at]

    def quoted(self) -> str:
        """The string in quotes that starts here. A backslash takes the next character as it is."""
        text, mark, start = self.text, self.text[self.at], self.at
        close = text.find(mark, start + 1)
        if close >= 0 and text.find("\\", start, close) < 0:
            self.at = close + 1
            return text[start + 1 : close]
        taken: list[str] = []
        at = start + 1
        while at < len(text) and text[at] != mark:
            if text[at] == "\\" and at + 1 < len(text):
                taken.append(text[at + 1] if text[at + 1] in QUOTES + "\\" else _unescaped(text[at + 1]))
                at += 2
            else:
                taken.append(text[at])
                at += 1
        if at >= len(text):
            raise self.fail("Unterminated [" + mark + "] quote", start)
        self.at = at + 1
        return "".join(taken)

    def token(self, ends: frozenset[str]) -> str | None:
        """The word up to one of `ends`, of which any parts may be quoted: `a" b"c` is `a bc`. None when there is
        nothing. Outside of quotes a backslash takes a quote or a backslash as it is."""
        text, end = self.text, len(self.text)
        taken: list[str] = []
        start = self.at
        while self.at < end and (char := text[self.at]) not in ends:
            if char in QUOTES:
                taken.append(self.quoted())
            elif char == "\\" and text[self.at + 1 : self.at + 2] in ("\\", *QUOTES):
                taken.append(text[self.at + 1])
                self.at += 2
            else:
                taken.append(char)
                self.at += 1
        return "".join(taken) if self.at > start else None

    def balanced(self, ends: str) -> str:
        """The raw text up to one of `ends` outside of quotes and brackets, without the white space around it."""
        text, start, depth = self.text, self.at, 0
        while self.at < len(text):
            char = text[self.at]
            if depth == 0 and char in ends:
                break
            if char in QUOTES:
                self.quoted()
                continue
            depth += (char in "([{") - (char in ")]}")
            self.at += 1
        return text[start : self.at].strip()

    def word(self, ends: str) -> str:
        """A value: a quoted string, or the raw text up to one of `ends`."""
        if self.peek() in QUOTES and self.peek():
            start = self.at
            value = self.quoted()
            if self.peek() in ends:  # also true at the end of the text
                return value
            self.at = start
        return self.balanced(ends)

    def index(self) -> Part:
        """What stands between [ and ]: nothing (every item), a number, a slice, or a name, quoted or not."""
        if self.peek() and self.peek() in QUOTES:
            part: Part = self.quoted()
        else:
            start = self.at
            raw = self.balanced("]")
            try:
                part = _subscript(raw)
            except ValueError:
                raise self.fail(f"Index or name expected, not [{raw}]", start) from None
        if not self.accept("]"):
            raise self.fail("Unterminated [[] index")
        return part

    def key(self) -> tuple[Key, str, int]:
        """The dotted key that starts here, and the name and map depth of a transform call that ends it, if one
        does: `a.b.list(` gives (("a", "b"), "list", 0) and leaves the cursor after the parenthesis.
        A lone `.` is the empty key, which stands for the whole resource."""
        parts: list[Part] = []
        self.skip()
        if self.text.startswith(".", self.at):
            self.at += 1
            if self.peek() in NAME_ENDS or not self.peek():
                return (), "", 0
        while True:
            depth = 0
            while self.text.startswith("*", self.at):
                depth, self.at = depth + 1, self.at + 1
            char = self.text[self.at : self.at + 1]
            if char and char in QUOTES:
                parts.append(self.quoted())
            elif char == "[":
                pass
            else:
                start = self.at
                name = self.name()
                if self.text.startswith("(", self.at):
                    if not name:
                        raise self.fail("Function name expected")
                    self.at += 1
                    return tuple(parts), name, depth
                if not name:
                    raise self.fail("Non-empty key name expected", start)
                parts.append(name)
            while self.text.startswith("[", self.at):
                self.at += 1
                parts.append(self.index())
            if not self.text.startswith(".", self.at):
                return tuple(parts), "", 0
            self.at += 1

    def arguments(self) -> tuple[list[str], dict[str, str]]:
        """The arguments of a call, positional and named, up to and including the closing parenthesis."""
        positional: list[str] = []
        named: dict[str, str] = {}
        if self.accept(")"):
            return positional, named
        while True:
            self.skip()
            start = self.at
            name = self.name()
            if name and name.isidentifier() and self.accept("=") and self.peek() != "=":
                named[name] = self.word(CALL_ENDS)
            else:
                self.at = start
                positional.append(self.word(CALL_ENDS))
            if self.accept(")"):
                return positional, named
            if not self.accept(","):
                raise self.fail("Unterminated (...) argument list")


def key_of(text: str) -> Key:
    """The key that a whole text spells; read once, since transforms ask for it in every row."""
    known = _KEYS.get(text)
    if known is None:
        scanner = Scanner(text)
        known, call, _ = scanner.key()
        if call or scanner.peek():
            raise scanner.fail("Resource key expected")
        _KEYS[text] = known
    return known


def _unescaped(char: str) -> str:
    return {"n": "\n", "t": "\t"}.get(char, "\\" + char)


def _subscript(raw: str) -> Part:
    """Raises ValueError for a slice that divides by nothing or by something that is no number."""
    if not raw or raw == "*":
        return slice(None)
    bounds = [bound.strip() for bound in raw.split(":")]
    if all(not bound or bound.lstrip("+-").isdecimal() for bound in bounds):
        numbers = [int(bound) if bound else None for bound in bounds]
        if len(numbers) == 1 and numbers[0] is not None:
            return numbers[0]
        if len(numbers) in (2, 3) and numbers[2:] != [0]:
            return slice(*numbers)
        raise ValueError(raw)
    return raw
