"""Where a schedule's address leads: services and Google's APIs are this machine's own, everything else is what it says.

A name below googleapis.com never leaves the machine, whether or not the API behind it is built.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from cloudrun_cli.core.addresses import SUFFIX, Edge
from cloudrun_cli.core.hosts import TO_API, Directory, destination, host_name, is_address

GOOGLE = ".googleapis.com"
_LOCAL = ".localhost"
HERE = "127.0.0.1"


class Address(NamedTuple):
    """What to ask, and the Host header to send; `ours` when this machine's edge answers, which is asked by the socket
    that our own products have for it."""

    url: str
    host: str
    ours: bool


def address(uri: str, edge: Edge, serves: Callable[[str], bool]) -> Address:
    """Where a call of `uri` goes. `edge` is where this machine's listens; `serves` tells whether a host name is one
    of a service's here."""
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    name = host_name(host)
    path = parts.path or "/"
    rest = path + (f"?{parts.query}" if parts.query else "")
    if name.endswith(GOOGLE):
        host = name.removesuffix(".com") + _LOCAL
    elif is_address(name):
        if parts.port not in edge or not _is_api(name, path):
            return Address(f"{parts.scheme}://{parts.netloc}{rest}", host, False)
    elif not (name.endswith(f".{SUFFIX}") or _is_api(name, path) or serves(name)):
        if name.endswith(_LOCAL):  # RFC 6761; not every resolver knows it
            port = parts.port or (443 if parts.scheme == "https" else 80)
            return Address(f"{parts.scheme}://{HERE}:{port}{rest}", host, False)
        return Address(f"{parts.scheme}://{parts.netloc}{rest}", host, False)
    return Address(f"http://{HERE}{rest}", host, True)


def _is_api(name: str, path: str) -> bool:
    return destination(name, path, None, Directory()) is TO_API
