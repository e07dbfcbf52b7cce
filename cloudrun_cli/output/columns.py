"""The value of a column for a resource: what stands at its key, through its transforms.

Transforms live in four modules by subject; a name is known without loading any of them, and a module is loaded
when one of its transforms first runs. Source: gcloud topic projections.
"""

from importlib import import_module
from typing import Any

from cloudrun_cli.output.context import Context, Symbol
from cloudrun_cli.output.errors import TransformError
from cloudrun_cli.output.keys import value_at
from cloudrun_cli.output.projection import Call, Column

HOMES = {
    "choices": "enum error fatal firstof if notnull yesno color",
    "lists": "collect count extract filter flatten format group join len list map slice sort synthesize",
    "text": "basename collection decode encode lower regex resolution scope segment split sub trailoff upper uri",
    "quantities": "date duration float iso size",
}
CALLERS = ("_apply", "each")  # where transforms are called from: here, and item by item in transforms.text
MODULE_OF = {name: module for module, names in HOMES.items() for name in names.split()}
MODULE_OF["always"] = MODULE_OF["undefined"] = "choices"
SPELLINGS = {
    "if": "if_",
    "filter": "filter_",
    "format": "format_",
    "list": "list_",
    "len": "len_",
    "map": "map_",
    "float": "float_",
    "slice": "slice_",
}


_found: dict[str, Symbol] = {}  # what `find` has found


def cell(column: Column, resource: Any, context: Context) -> Any:
    """The column's value for the resource. Raises TransformError."""
    value = value_at(resource, column.key) if column.key else resource
    for call in column.calls:
        if call.name == "color" and not context.color:
            continue
        value = _apply(call, value, context, call.depth)
    return value


def check(columns: list[Column], context: Context) -> list[Column]:
    """The columns that are to be shown, those whose `if(...)` is false left out. Raises TransformError for a
    transform that nobody knows, so that a typing mistake is told even when there is nothing to list."""
    shown = []
    for column in columns:
        for call in column.calls:
            if call.name not in MODULE_OF and call.name not in context.symbols:
                raise TransformError(f"Unknown transform function [{call.name}].")
        conditions = [call for call in column.calls if call.name == "if"]
        if all(_apply(call, None, context, 0) for call in conditions):
            shown.append(column)
        column.calls = [call for call in column.calls if call.name != "if"]
    return shown


def find(name: str) -> Symbol:
    """The function behind a documented transform's name. Raises TransformError."""
    if (known := _found.get(name)) is not None:
        return known
    home = MODULE_OF.get(name)
    if home is None:
        raise TransformError(f"Unknown transform function [{name}].")
    module = import_module(f"cloudrun_cli.output.transforms.{home}")
    function: Symbol = getattr(module, SPELLINGS.get(name, name))
    _found[name] = function
    return function


def without_transforms(columns: list[Column]) -> list[Column]:
    """The columns with only the transforms that `always()` protects, for the get format."""
    for column in columns:
        names = [call.name for call in column.calls]
        column.calls = column.calls if "always" in names else []
    return columns


def _apply(call: Call, value: Any, context: Context, depth: int) -> Any:
    if depth > 0 and isinstance(value, list):
        return [_apply(call, item, context, depth - 1) for item in value]
    own = context.symbols.get(call.name)
    try:
        if own is not None:
            return own(value, *call.args, **call.named)
        return find(call.name)(value, context, *call.args, **call.named)
    except TypeError as error:
        if not _is_about_arguments(error):
            raise
        raise TransformError(f"Transform function [{call.name}] does not take these arguments.") from None


def _is_about_arguments(error: TypeError) -> bool:
    """Whether the error arose in making the call rather than inside the transform."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_name in CALLERS
