"""--filter: which resources an expression selects, and what gcloud warns of meanwhile.

Terms are joined by AND, OR, NOT (or `-`), parentheses, and by standing side by side, which binds less than OR; AND and
OR do not meet inside the same parentheses. The two warnings, of keys that no resource has and of terms whose meaning
is about to change, are recorded; the grammar is from gcloud topic filters.
"""

from collections.abc import Callable
from typing import Any, TextIO

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import FilterError
from cloudrun_cli.output.projection import Column, parse_key
from cloudrun_cli.output.scanner import QUOTES, Scanner
from cloudrun_cli.output.terms import Term, searchable, warnings

Predicate = Callable[[Any], bool]
OPERATORS = ("!=", "!~", "<=", ">=", ":", "=", "~", "<", ">")  # longest first
TAKE_LISTS = (":", "=")
LOGICAL = ("AND", "OR", "NOT")
WORD_ENDS = frozenset(" \t\n()")
LIST_ENDS = frozenset(" \t\n,)")


def filtered(rows: list[Any], text: str, aliases: dict[str, Column], context: Context, err: TextIO) -> list[Any]:
    """The rows that the expression selects. Warnings go to `err`. Raises FilterError."""
    try:
        expression = Expression(text, aliases, context)
        selected = [row for row in rows if expression.selects(row)]
    except RecursionError:
        raise FilterError("The filter expression is nested too deeply.") from None
    terms = expression.terms
    if not rows:
        return selected
    missing = [term.name for term in terms if not any(term.finds_key(row) for row in rows)]
    for warning in warnings(terms):
        err.write(f"WARNING: {warning}\n")
    if missing:
        err.write(
            "WARNING: The following filter keys were not present in any resource : "
            f"{', '.join(dict.fromkeys(missing))}\n"
        )
    return selected


class Expression:
    """A filter, read once: `selects` is its answer for a resource, `terms` its comparisons. `bare` is what a word
    without an operator means; without it the word is looked for in every value of the resource."""

    def __init__(
        self,
        text: str,
        aliases: dict[str, Column],
        context: Context,
        bare: Callable[[str], Predicate] | None = None,
    ) -> None:
        self.terms: list[Term] = []
        self._scanner = Scanner(text, FilterError)
        self._aliases = aliases
        self._context = context
        self._bare = bare or _anywhere
        self._joined_by = ""  # AND or OR, whichever has been seen inside the present parentheses
        self.selects = self._group(nested=False)

    def _group(self, *, nested: bool) -> Predicate:
        """Chains side by side, up to the end or the parenthesis that closes the group."""
        scanner = self._scanner
        chains: list[Predicate] = []
        outside, self._joined_by = self._joined_by, ""
        while scanner.peek():
            if scanner.peek() == ")":
                if nested and chains:
                    scanner.at += 1
                    self._joined_by = outside
                    return _all(chains)
                raise scanner.fail("Term expected" if nested else "Unbalanced )")
            chains.append(self._chain())
        if nested:
            raise scanner.fail("More tokens expected")
        return _all(chains)

    def _chain(self) -> Predicate:
        """Terms joined by AND, or terms joined by OR."""
        members = [self._member()]
        while joined_by := self._connective():
            if self._joined_by not in ("", joined_by):
                raise self._scanner.fail("Parentheses are needed where AND and OR are combined")
            self._joined_by = joined_by
            members.append(self._member())
        return _any(members) if self._joined_by == "OR" and len(members) > 1 else _all(members)

    def _connective(self) -> str:
        return next((word for word in ("AND", "OR") if self._accept_word(word)), "")

    def _member(self) -> Predicate:
        scanner = self._scanner
        if not scanner.peek():
            raise scanner.fail("Term expected")
        if self._accept_word("NOT") or (scanner.peek() == "-" and scanner.accept("-")):
            inner = self._member()
            return lambda row: not inner(row)
        if scanner.accept("("):
            return self._group(nested=True)
        if scanner.peek() == ")" or any(self._accept_word(word) for word in ("AND", "OR")):
            raise scanner.fail("Term expected")
        return self._term()

    def _term(self) -> Predicate:
        scanner = self._scanner
        start = scanner.at
        if scanner.peek() in QUOTES:
            scanner.quoted()
            if not self._operator_is_next():
                scanner.at = start
                return self._bare(scanner.quoted())
            scanner.at = start
        column = self._key_with_operator(start)
        if column is None:
            word = scanner.name(WORD_ENDS)
            if not word:
                raise scanner.fail("Term expected")
            return self._bare(word)
        name = scanner.text[start : scanner.at].strip()
        operator = next(mark for mark in OPERATORS if scanner.accept(mark))
        operands = self._operands(takes_list=operator in TAKE_LISTS)
        term = Term(name, column, self._aliases.get(name), operator, operands, self._context)
        self.terms.append(term)
        return term.selects

    def _key_with_operator(self, start: int) -> Column | None:
        """The key that starts here if an operator follows it; otherwise the cursor stays."""
        scanner = self._scanner
        try:
            column = parse_key(scanner)
        except FilterError:
            operators = [mark for mark in OPERATORS if scanner.text.startswith(mark, start)]
            if operators or scanner.text[start:].find("(") > 0 or scanner.text[start:].find("[") > 0:
                raise
            scanner.at = start
            return None
        if self._operator_is_next():
            return column
        if scanner.peek() == "!":
            raise scanner.fail("Unknown operator")
        scanner.at = start
        return None

    def _operator_is_next(self) -> bool:
        self._scanner.skip()
        return self._scanner.text.startswith(OPERATORS, self._scanner.at)

    def _operands(self, *, takes_list: bool) -> list[str]:
        scanner = self._scanner
        if not (takes_list and scanner.accept("(")):
            return [self._operand(WORD_ENDS)]
        operands = []
        while not scanner.accept(")"):
            if not scanner.peek():
                raise scanner.fail("More tokens expected")
            if not scanner.accept(","):
                operands.append(self._operand(LIST_ENDS))
        operands = [operand for operand in operands if operand not in LOGICAL]
        if not operands:
            raise scanner.fail("Term operand expected")
        return operands

    def _operand(self, ends: frozenset[str]) -> str:
        scanner = self._scanner
        scanner.skip()
        for word in LOGICAL:
            start = scanner.at
            if ends is WORD_ENDS and self._accept_word(word):
                raise scanner.fail("Logical operator not expected", start)
        operand = scanner.token(ends)
        if operand is None:
            raise scanner.fail("Term operand expected")
        return operand

    def _accept_word(self, word: str) -> bool:
        scanner = self._scanner
        scanner.skip()
        after = scanner.at + len(word)
        following = scanner.text[after : after + 1]
        if not scanner.text.startswith(word, scanner.at) or (following and following not in WORD_ENDS):
            return False
        scanner.at = after
        return True


def _all(members: list[Predicate]) -> Predicate:
    return members[0] if len(members) == 1 else lambda row: all(member(row) for member in members)


def _any(members: list[Predicate]) -> Predicate:
    return lambda row: any(member(row) for member in members)


def _anywhere(word: str) -> Predicate:
    """Selects the resources with the word in any of their values, whatever the case and the accents."""
    sought = searchable(word).strip("*")

    def within(value: Any) -> bool:
        if isinstance(value, dict):
            return any(within(item) for item in value.values())
        if isinstance(value, list):
            return any(within(item) for item in value)
        return value is not None and sought in searchable(value)

    return within
