"""Whether a document is a v1 Service or a v1 Job: its kind, the names of its fields, and the type of each value.

What the values may be is for `core/validation.py`; this holds what can be said of a file before anything is known of
the project it is meant for.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.schema_fields import MESSAGES, REQUIRED

_VERSIONS = {"Service": "serving.knative.dev/v1", "Job": "run.googleapis.com/v1"}
_CONTAINERS = {
    "Service": ("template", "spec"),
    "Job": ("template", "spec", "template", "spec"),
}  # where they are in spec
_WRITERS = {"Service": "Knative", "Job": "Cloud Run"}

_EXPECTED = {
    "string": "a string",
    "int": "a whole number",
    "int64": "a whole number",
    "bool": "true or false",
    "quantity": "an amount such as 512Mi",
    "map": "a map",
    "quantities": "a map",
}


def check(document: object, kind: str = "Service") -> dict[str, Any]:
    """The document itself, of this kind. Raises InvalidArgument that names every field that is unknown, or of the wrong
    type, or missing, by its path."""
    if not isinstance(document, Mapping):
        raise InvalidArgument(
            f"A {kind} is a map with the keys apiVersion, kind, metadata and spec; got {_told(document)}."
        )
    _check_kind(document, kind)
    unknown = list(_unknown(document, kind, kind))
    wrong = [] if unknown else list(_wrong(document, kind, kind))
    if unknown or wrong:
        raise InvalidArgument(
            "\n  ".join([f"Failed to parse value(s) in protobuf [{kind}]:", *unknown, *wrong]),
            field=(unknown or wrong)[0].partition(":")[0],
            hint=_nearest(unknown[0]) if unknown else None,
        )
    meta = document["metadata"]
    if not meta.get("name"):
        raise InvalidArgument(f"metadata.name: A {kind} needs a name.", field="metadata.name")
    spec = document["spec"]
    for key in _CONTAINERS[kind]:
        spec = spec[key]
    if not spec["containers"]:
        field = ".".join(("spec", *_CONTAINERS[kind], "containers"))
        raise InvalidArgument(f"{field}: A {kind} needs at least one container.", field=field)
    return dict(document)


def _check_kind(document: Mapping[Any, Any], kind: str) -> None:
    for field, wanted in (("apiVersion", _VERSIONS[kind]), ("kind", kind)):
        given = document.get(field)
        if given != wanted:
            raise InvalidArgument(
                f"{field}: Expected [{wanted}], got {f'[{given}]' if given is not None else 'nothing'}.",
                field=field,
                hint=f"A file for this command holds a {kind} as {_WRITERS[kind]} writes it: apiVersion "
                f"{_VERSIONS[kind]}, kind {kind}.",
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
    kind, *parts = parent.split(".")
    for part in parts:
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
