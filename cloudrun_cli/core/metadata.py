"""The metadata server's tree: what an instance is told about itself, its project and its service account.

Source: container runtime contract, container instance metadata server; Compute Engine, view and query metadata.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

VERSION = "computeMetadata/v1"
NAMES = ("metadata.google.internal", "metadata", "169.254.169.254")  # by which instances ask
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
UNIVERSE = "googleapis.com"
FLAVOR = {"Metadata-Flavor": "Google"}  # on every request and every answer

_HYPHEN = re.compile(r"-([a-z])")


class Minted(StrEnum):
    """A leaf that is made for each request, and in no listing of values."""

    TOKEN = "token"
    IDENTITY = "identity"


Node = str | int | Sequence[str] | Minted | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InstanceView:
    """The instance that asks. `account` is the e-mail of its service account, `number` its project's."""

    id: str
    project: str
    number: str
    region: str
    account: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a path answers: text of its kind, or where to go, or a leaf that has to be made for `account`."""

    text: str = ""
    is_json: bool = False
    redirect: str = ""
    minted: Minted | None = None


def tree(view: InstanceView) -> dict[str, Any]:
    """Everything below computeMetadata/v1."""
    account = {
        "aliases": ("default",),
        "email": view.account,
        "identity": Minted.IDENTITY,
        "scopes": SCOPES,
        "token": Minted.TOKEN,
    }
    return {
        "instance": {
            "id": view.id,
            "region": f"projects/{view.number}/regions/{view.region}",
            "service-accounts": {"default": account, view.account: account},
            "zone": f"projects/{view.number}/zones/{view.region}-1",  # not a real zone, as there
        },
        "project": {"numeric-project-id": int(view.number), "project-id": view.project},
        "universe": {"universe-domain": UNIVERSE},
    }


def answer(view: InstanceView, path: str, *, recursive: bool = False, alt: str = "") -> Said | None:
    """What a path below computeMetadata/v1/ answers; None when there is no such path. A directory is named with a
    slash at its end."""
    node: Node = tree(view)
    words = path.split("/")
    is_directory = words[-1] == ""
    for word in words[:-1] if is_directory else words:
        if not isinstance(node, Mapping) or word not in node:
            return None
        node = node[word]
    if isinstance(node, Mapping):
        if not is_directory:
            return Said(redirect=f"/{VERSION}/{path}/")
        return _directory(node, recursive, alt)
    if is_directory:
        return None
    if isinstance(node, Minted):
        return Said(minted=node)
    return Said(json.dumps(_plain(node)), is_json=True) if alt == "json" else Said(_text(node))


def requested_scopes(text: str) -> tuple[str, ...]:
    """The scopes that a token is asked for with `?scopes=a,b`; without, those of the account."""
    return tuple(scope for scope in text.split(",") if scope) or SCOPES


def _directory(node: Mapping[str, Node], recursive: bool, alt: str) -> Said:
    if recursive and alt != "text":
        return Said(json.dumps(_plain(node), separators=(",", ":")), is_json=True)
    if recursive:
        return Said("".join(f"{line}\n" for line in _lines(node)))
    names = [f"{name}/" if isinstance(child, Mapping) else name for name, child in node.items()]
    return Said(json.dumps(names), is_json=True) if alt == "json" else Said("".join(f"{name}\n" for name in names))


def _plain(node: Node) -> Any:
    """The same as JSON has it: names in camelCase, and nothing that has to be made."""
    if isinstance(node, Mapping):
        return {_camel(name): _plain(child) for name, child in node.items() if not isinstance(child, Minted)}
    return node if isinstance(node, str | int) else list(node)


def _lines(node: Mapping[str, Node], above: str = "") -> Iterator[str]:
    for name, child in node.items():
        if isinstance(child, Mapping):
            yield from _lines(child, f"{above}{name}/")
        elif not isinstance(child, Minted):
            values = (str(child),) if isinstance(child, str | int) else child
            yield from (f"{above}{name} {value}" for value in values)


def _text(node: str | int | Sequence[str]) -> str:
    return str(node) if isinstance(node, str | int) else "".join(f"{value}\n" for value in node)


def _camel(name: str) -> str:
    return name if "@" in name else _HYPHEN.sub(lambda found: found[1].upper(), name)
