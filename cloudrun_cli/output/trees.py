"""Whole resources: json and yaml, with their keys sorted, cut down to the projection if there is one.

Recorded looks: a list in YAML is a document per item, each after its own `---`; text of several lines is a
literal block. Source: gcloud topic formats.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.keys import Key
from cloudrun_cli.output.projection import Column, Format, headings
from cloudrun_cli.output.terminal import is_unicode


def print_json(rows: Sequence[Any], layout: Format, context: Context, out: TextIO, *, single: bool) -> None:
    """A JSON array of the resources, or the one resource."""
    import json

    shown = list(_shown(rows, layout, context))
    value = shown[0] if single else shown
    ascii = not is_unicode(out)
    out.write(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=ascii, default=str) + "\n")


def print_yaml(rows: Sequence[Any], layout: Format, context: Context, out: TextIO, *, single: bool) -> None:
    """A YAML document per resource."""
    from cloudrun_cli.output.yaml_text import yaml_text

    null = layout.string("null", "null")
    for value in _shown(rows, layout, context):
        if not single:
            out.write("---\n")
        out.write(yaml_text(value, null=null, unicode=is_unicode(out)))


def projected(resource: Any, columns: Sequence[Column], context: Context) -> Any:
    """The resource cut down to the columns, in its own shape; a column without a key goes under its label. A
    projection of `.` is the resource itself, and what is not there is left out."""
    result: Any = {}
    for column, label in zip(columns, headings(list(columns)), strict=True):
        value = cell(column, resource, context)
        if not column.key:
            if not column.calls:
                return value
            result[column.label or label.lower()] = value
        elif value is not None:
            result = _placed(result, column.key, value)
    return result


def _shown(rows: Sequence[Any], layout: Format, context: Context) -> Iterator[Any]:
    for row in rows:
        value = row if layout.columns is None else projected(row, layout.columns, context)
        if layout.has("json-decode"):
            value = _decoded(value)
        yield value if layout.has("undefined", True) else _without_nulls(value)


def _placed(into: Any, key: Key, value: Any) -> Any:
    """`into` with the value at the key. Lists grow as `[]` and names asked of lists need it; an index is placed
    first in a list of its own, as only the chosen items are there."""
    if not key:
        return _merged(into, value)
    head, rest = key[0], key[1:]
    if isinstance(head, str):
        target = into if isinstance(into, dict) else {}
        target[head] = _placed(target.get(head), rest, value)
        return target
    if isinstance(head, slice):
        target_list = into if isinstance(into, list) else []
        for place, item in enumerate(value if isinstance(value, list) else [value]):
            if place == len(target_list):
                target_list.append(None)
            target_list[place] = _placed(target_list[place], rest, item)
        return target_list
    return [_placed(into[0] if isinstance(into, list) and into else None, rest, value)]


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: _merged(old.get(name), item) for name, item in new.items()}}
    return new


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _decoded(value: Any) -> Any:
    """The value with its strings of compact JSON lists and objects read."""
    import json

    if isinstance(value, dict):
        return {name: _decoded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _decoded(json.loads(value))
        except ValueError:
            return value
    return value
