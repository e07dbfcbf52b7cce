"""What evaluating a column may need beside the resource: the command's own transforms, its flags, its URIs."""

from collections.abc import Callable, Mapping
from typing import Any

Symbol = Callable[..., Any]


class Context:
    """The surroundings of one print: whether colours may be used, and what the command adds to the language.

    symbols   transforms of the command, by name: called with the value, then the arguments as text
    flags     values of the command line, by flag name with underscores, for `if(...)`
    uri       the address of a resource, for `uri()`
    enums     dictionaries by name, for `enum(...)`
    """

    __slots__ = ("color", "enums", "flags", "symbols", "uri")

    def __init__(
        self,
        *,
        color: bool = False,
        symbols: Mapping[str, Symbol] | None = None,
        flags: Mapping[str, Any] | None = None,
        uri: Callable[[Any], str] | None = None,
        enums: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.color = color
        self.symbols = symbols or {}
        self.flags = flags or {}
        self.uri = uri
        self.enums = enums or {}
