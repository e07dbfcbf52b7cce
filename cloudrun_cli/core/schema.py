"""Whether a document is a v1 Service: its kind, the names of its fields, and the type of each value.

What the values may be is for `core/validation.py`; this holds what can be said of a file before anything is known of
the project it is meant for.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.schema_fields import MESSAGES, REQUIRED

API_VERSION, KIND = "serving.knative.dev/v1", "Service"

_EXPECTED = {
    "string": "a string",
    "int": "a whole number",
    "int64": "a whole number",
    "bool": "true or false",
    "quantity": "an amount such as 512Mi",
    "map": "a map",
    "quantities": "a map",
}


def check(document: object) -> dict[str, Any]:
    """The document itself. Raises InvalidArgument that names every field that is unknown, or of the wrong type, or
    missing, by its path."""
    if not isinstance(document, Mapping):
        raise InvalidArgument(
            f"A Service is a map with the keys apiVersion, kind, metadata and spec; got {_told(document)}."
        )
    _check_kind(document)
    unknown = list(_unknown(document, "Service", "Service"))
    wrong = [] if unknown else list(_wrong(document, "Service", "Service"))
    if unknown or wrong:
        raise InvalidArgument(
            "\n  ".join(["Failed to parse value(s) in protobuf [Service]:", *unknown, *wrong]),
            field=(unknown or wrong)[0].partition(":")[0],
            hint=_nearest(unknown[0]) if unknown else None,
        )
    meta = document["metadata"]
    if not meta.get("name"):
        raise InvalidArgument("metadata.name: A Service needs a name.", field="metadata.name")
    if not document["spec"]["template"]["spec"]["containers"]:
        field = "spec.template.spec.containers"
        raise InvalidArgument(f"{field}: A Service needs at least one container.", field=field)
    return dict(document)


def _check_kind(document: Mapping[Any, Any]) -> None:
    for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
        given = document.get(field)
        if given != wanted:
            raise InvalidArgument(
                f"{field}: Expected [{wanted}], got {f'[{given}]' if given is not None else 'nothing'}.",
                field=field,
                hint="A file for this command holds a Service as Knative writes it: apiVersion "
                f"{API_VERSION}, kind {KIND}.",
            )


def _unknown(value: Any, kind: str, path: str) -> Iterator[str]:
    """The paths of fields that no message has, in gcloud's form: several of one message in braces."""
    if kind.endswith("[]"):
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _unknown(item, kind[:-2], f"{path}[{index}]")
    elif kind in MESSAGES and isinstance(value, Mapping):
        fields = MESSAGES[kind]
        strange = sorted(str(key) for key in value if key not in fields)
        if strange:
            yield f"{path}.{strange[0]}" if len(strange) == 1 else f"{path}.{{{','.join(strange)}}}"
        for key, item in value.items():
            if key in fields and item is not None:
                yield from _unknown(item, fields[key], f"{path}.{key}")


def _wrong(value: Any, kind: str, path: str) -> Iterator[str]:
    """What is wrong with values, each with its path: the type it should have, or that it is missing."""
    if kind == "any":
        return
    if kind == "no":
        yield f"{path}: Cloud Run does not support this field of Kubernetes"
    elif kind.endswith("[]"):
        if not isinstance(value, list):
            yield f"{path}: expected a list, got {_told(value)}"
            return
        for index, item in enumerate(value):
            yield from _wrong(item, kind[:-2], f"{path}[{index}]")
    elif kind in MESSAGES:
        yield from _wrong_fields(value, kind, path)
    elif kind in ("map", "quantities"):
        item_kind = "string" if kind == "map" else "quantity"
        if not isinstance(value, Mapping):
            yield f"{path}: expected a map, got {_told(value)}"
            return
        for key, item in value.items():
            yield from _wrong(item, item_kind, f"{path}[{key}]")
    elif not _fits(value, kind):
        yield f"{path}: expected {_EXPECTED[kind]}, got {_told(value)}"


def _wrong_fields(value: Any, kind: str, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: expected a map, got {_told(value)}"
        return
    fields = MESSAGES[kind]
    for key, item in value.items():
        if item is not None:
            yield from _wrong(item, fields[key], f"{path}.{key}")
    for key in REQUIRED.get(kind, ()):
        if value.get(key) is None:
            yield f"{path}.{key}: missing"


def _nearest(path: str) -> str | None:
    """The field that was perhaps meant."""
    parent, _, name = path.rpartition(".")
    kind = "Service"
    for part in parent.split(".")[1:]:
        kind = MESSAGES[kind][part.partition("[")[0]].removesuffix("[]")
    near = get_close_matches(name, MESSAGES[kind], n=1)
    return f"Did you mean [{near[0]}]?" if near else None


def _fits(value: Any, kind: str) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int" or (kind == "int64" and not isinstance(value, str)):
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "int64":
        return bool(value.isdecimal())
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _told(value: object) -> str:
    """A value and its type, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (true or false)"
    if isinstance(value, int | float):
        return f"{value} (a number; quote it to make it a string)"
    if isinstance(value, str):
        return f"'{value}' (a string)"
    return "a list" if isinstance(value, list) else "a map"
