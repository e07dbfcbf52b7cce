"""A --format expression as values: its format name, attributes, columns and aliases.

    NAME[attribute,no-attribute,attribute=value](key.transform(...):attribute=value, ...):(key:alias=name)

Reading is done once per command and knows no printer. Source: gcloud topic formats, gcloud topic projections.
"""

from cloudrun_cli.output.errors import FormatError
from cloudrun_cli.output.keys import Key, snake_case
from cloudrun_cli.output.scanner import NAME_ENDS, Scanner

ATTRIBUTE_ENDS = ",]"
COLUMN_ENDS = ":,)"
ALIGNMENTS = ("left", "center", "right")
UNSORTED = 0
LEAST_WRAPPED = 12  # characters; ours: a wrapped column is not made narrower than this unless it says so


class Call:
    """One transform of a column: its name, its arguments as text, and how deep into lists it is mapped."""

    __slots__ = ("args", "depth", "name", "named")

    def __init__(self, name: str, args: list[str], named: dict[str, str], depth: int = 0) -> None:
        self.name = name
        self.args = args
        self.named = named
        self.depth = depth


class Column:
    """One key of a projection, with its transforms and the attributes that say how it is shown."""

    __slots__ = ("alias", "align", "calls", "format", "key", "label", "optional", "reverse", "sort", "wrap")

    def __init__(self, key: Key, calls: list[Call]) -> None:
        self.key = key
        self.calls = calls
        self.label: str | None = None  # None: the heading is made from the key
        self.alias: str | None = None
        self.align = "left"
        self.sort = UNSORTED
        self.reverse = False
        self.optional = False
        self.wrap = 0  # characters, the least it is wrapped to; 0 for never
        self.format: str | None = None


class Format:
    """A format name with its attributes and columns; `aliases` are further names for keys, for sort and filter;
    `order` are columns that are not shown and that rows are sorted by."""

    __slots__ = ("aliases", "attributes", "columns", "name", "order")

    def __init__(self, name: str) -> None:
        self.name = name
        self.attributes: dict[str, str | bool] = {}
        self.columns: list[Column] | None = None
        self.aliases: dict[str, Column] = {}
        self.order: list[Column] = []

    def has(self, attribute: str, default: bool = False) -> bool:
        """Whether a boolean attribute is on."""
        return bool(self.attributes.get(attribute, default))

    def string(self, attribute: str, default: str) -> str:
        """The text of an attribute; the default when it is absent or only switched on."""
        value = self.attributes.get(attribute)
        return value if isinstance(value, str) else default

    def number(self, attribute: str, default: int) -> int:
        """The whole number of an attribute. Raises FormatError when it is something else."""
        try:
            return int(self.string(attribute, str(default)))
        except ValueError:
            raise FormatError(f"Format attribute [{attribute}] must be an integer.") from None


def parse_format(text: str, default: Format | None = None) -> Format:
    """The format that an expression stands for. One without a name (`[box]`, `(a, b)`) alters the default; one
    with a name starts afresh but keeps the default's aliases. Raises FormatError."""
    scanner = Scanner(text)
    result = Format("default")
    if default is not None:
        result.name, result.columns = default.name, default.columns
        result.attributes, result.aliases = dict(default.attributes), dict(default.aliases)
        result.order = list(default.order)
    while char := scanner.peek():
        if char == "[":
            scanner.at += 1
            result.attributes.update(_attributes(scanner))
        elif char == "(":
            scanner.at += 1
            result.columns = parse_columns(scanner)
            _register(result, result.columns)
        elif scanner.accept(":"):
            if not scanner.accept("("):
                raise scanner.fail("Expected ( in projection expression")
            _alter(result, parse_columns(scanner))
        elif char == ",":
            scanner.at += 1
        else:
            name = scanner.name()
            if not name:
                raise scanner.fail("Unexpected character in format expression")
            result.name, result.columns, result.attributes, result.order = name, None, {}, []
    return result


def parse_columns(scanner: Scanner) -> list[Column]:
    """The columns up to and including the closing parenthesis. Raises FormatError."""
    columns: list[Column] = []
    while True:
        if scanner.accept(")"):
            return columns
        if not scanner.peek():
            raise scanner.fail("Expected ) in projection expression")
        columns.append(_column(scanner))
        if not scanner.accept(",") and scanner.peek() != ")":
            raise scanner.fail("Expected ) in projection expression")


def parse_key(scanner: Scanner) -> Column:
    """A key with its transform calls and nothing else, as in a filter term or --sort-by. Raises the scanner's
    error."""
    key, name, depth = scanner.key()
    column = Column(key, [])
    pending = 0
    while name:
        args, named = scanner.arguments()
        if name == "map":
            pending = int(args[0]) if args and args[0].isdecimal() else 1
        else:
            column.calls.append(Call(name, args, named, depth or pending))
            pending = 0
        name, depth = "", 0
        if scanner.text.startswith(".", scanner.at):
            scanner.at += 1
            after, name, depth = scanner.key()
            if not name or after:
                raise scanner.fail("Transform call expected after a transform")
    return column


def headings(columns: list[Column]) -> list[str]:
    """The label of each column: its own, or the last name of its key (the last argument of a transform without a
    key) in ANGRY_SNAKE_CASE, with the name before it where two would be the same."""
    found: list[str] = []
    made: set[str] = set()
    for column in columns:
        if column.label is not None:
            found.append(column.label)
            continue
        parts = [part for part in column.key if isinstance(part, str)]
        if not parts and column.calls:
            parts = [column.calls[0].name, *column.calls[0].args]
        names = [snake_case(part).upper() for part in parts] or [""]
        label = names.pop()
        while names and label in made:
            label = f"{names.pop()}_{label}"
        found.append(label)
        made.add(label)
    return found


def _attributes(scanner: Scanner) -> dict[str, str | bool]:
    found: dict[str, str | bool] = {}
    while not scanner.accept("]"):
        scanner.skip()
        name = scanner.name(NAME_ENDS)
        if not name:
            raise scanner.fail("Expected ] in format attributes" if scanner.peek() else "Unterminated [...] attributes")
        if scanner.accept("="):
            found[name] = scanner.word(ATTRIBUTE_ENDS)
        elif name.startswith("no-"):
            found[name[3:]] = False
        else:
            found[name] = True
        scanner.accept(",")
    return found


def _column(scanner: Scanner) -> Column:
    column = parse_key(scanner)
    while scanner.accept(":"):
        scanner.skip()
        start = scanner.at
        name = scanner.name()
        value = scanner.word(COLUMN_ENDS) if scanner.accept("=") else None
        _set(column, name, value, scanner, start)
    return column


def _set(column: Column, name: str, value: str | None, scanner: Scanner, start: int) -> None:
    on = not name.startswith("no-")
    match name.removeprefix("no-"):
        case "label":
            column.label = value or ""
        case "alias":
            column.alias = value
        case "align" if value in ALIGNMENTS:
            column.align = value
        case "sort" if value is not None and value.isdecimal():
            column.sort = int(value)
        case "format" if value is not None:
            column.format = value
        case "reverse":
            column.reverse = on
        case "optional":
            column.optional = on
        case "wrap":
            column.wrap = int(value) if value and value.isdecimal() else LEAST_WRAPPED if on else 0
        case "hidden" | "width":
            pass
        case "align" | "sort" | "format":
            raise scanner.fail(f"Unexpected value for key attribute [{name}]", start)
        case _:
            raise scanner.fail(f"Unknown key attribute [{name}]", start)


def _alter(result: Format, columns: list[Column]) -> None:
    """What stands after a projection, `:(key:attribute=value)`: attributes for its columns of those keys or labels;
    of another key its order, for a column that is not shown; and in any case its names."""
    for column in columns:
        alike = [shown for shown in result.columns or () if shown.key == column.key and shown.key]
        if not alike and len(column.key) == 1:
            alike = [shown for shown in result.columns or () if column.key[0] in (shown.label, shown.alias)]
        for shown in alike:
            shown.label = column.label if column.label is not None else shown.label
            shown.alias, shown.format = column.alias or shown.alias, column.format or shown.format
            shown.align = column.align if column.align != "left" else shown.align
            shown.sort, shown.wrap = column.sort or shown.sort, column.wrap or shown.wrap
            shown.reverse, shown.optional = column.reverse or shown.reverse, column.optional or shown.optional
            shown.calls = column.calls or shown.calls
        if not alike and column.sort != UNSORTED:
            result.order.append(column)
    _register(result, columns)


def _register(result: Format, columns: list[Column]) -> None:
    """Makes every alias, label and plain last name reachable by --filter and --sort-by."""
    for column in columns:
        for name in (column.label, column.alias):
            if name:
                result.aliases[name] = column
                result.aliases.setdefault(name.lower(), column)
        if column.key and isinstance(column.key[-1], str):
            result.aliases.setdefault(column.key[-1], column)
