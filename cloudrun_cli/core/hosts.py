"""Hosts: which service, tag or API a request is for, from the name it used and the port it came through.

One edge port serves every name; besides, each service has a port of its own on 127.0.0.1 (its door), where the name
does not matter because programs whose resolver does not know `*.localhost` use `127.0.0.1` or `localhost`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cloudrun_cli.core.addresses import SUFFIX
from cloudrun_cli.core.resources import ServiceRef, Tag

TAG_SEPARATOR = "---"  # Source: traffic tags, tagged URLs
# The Google APIs that have a name of their own at the edge; each also with a region in front (`us-central1-run`).
_APIS = """run iam iamcredentials logging monitoring secretmanager cloudresourcemanager serviceusage artifactregistry
cloudbuild storage pubsub cloudscheduler cloudtasks eventarc eventarcpublishing workflows workflowexecutions redis
sqladmin compute vpcaccess oauth2 accounts sts www"""
APIS = frozenset(_APIS.split())

_API_HOST = re.compile(r"(?:[a-z]+-[a-z]+[0-9]+-)?([a-z0-9]+)(?:(?:\.googleapis)?\.localhost|\.googleapis\.com)")
_API_PATH = re.compile(
    r"/(?:(?:v[0-9]+(?:(?:alpha|beta)[0-9]*)?|apis|api|storage|upload|token|oauth2|robot)/"
    r"|(?:token(?:info)?|revoke)(?:$|\?)|\$discovery/|\.well-known/openid-configuration$)"
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|localhost|host\.docker\.internal")
# What an API answers to anybody: nothing there is secret, or what is sent proves who sends it.
_OPEN_PATH = re.compile(r"/(?:o/)?oauth2/|/(?:token(?:info)?|revoke)(?:$|\?)|/\.well-known/|/\$discovery/")


class Way(StrEnum):
    """How a service was reached."""

    URL = "url"
    DOOR = "door"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class ToService:
    """For a service, and for the revision under a tag if one was named."""

    service: ServiceRef
    way: Way
    tag: Tag | None = None


@dataclass(frozen=True, slots=True)
class ToApi:
    """For the Admin API, or another Google API we answer for."""


Destination = ToService | ToApi | None
TO_API = ToApi()


@dataclass(frozen=True, slots=True)
class Directory:
    """Every name in use. `labels` maps (`SERVICE-NUMBER`, region), `doors` a port; `hosts` those a service came with
    from production, and `domains` those of the user, both in lower case."""

    labels: Mapping[tuple[str, str], ServiceRef] = field(default_factory=dict)
    doors: Mapping[int, ServiceRef] = field(default_factory=dict)
    domains: Mapping[str, ServiceRef] = field(default_factory=dict)
    hosts: Mapping[str, ServiceRef] = field(default_factory=dict)


def destination(host: str, path: str, door: int | None, directory: Directory) -> Destination:
    """Where a request belongs, or None when nothing here has that name. `host` is the Host header as sent, `door` the
    service port it came through (None: the edge port). On the edge a bare address is the API's, for API paths only."""
    if door is not None:
        service = directory.doors.get(door)
        return None if service is None else ToService(service, Way.DOOR)
    name = host_name(host)
    if (found := directory.domains.get(name)) is not None:
        return ToService(found, Way.DOMAIN)
    if name.endswith("." + SUFFIX):
        label, _, region = name.removesuffix("." + SUFFIX).partition(".")
        return _service(label, lambda label: directory.labels.get((label, region)))
    if directory.hosts and (known := _service(name, directory.hosts.get)) is not None:
        return known
    if is_address(name):
        return TO_API if _API_PATH.match(path) else None
    api = _API_HOST.fullmatch(name)
    return TO_API if api is not None and api[1] in APIS else None


def is_open(path: str) -> bool:
    """Whether a call to an API needs no token, whoever makes it."""
    return _OPEN_PATH.match(path) is not None


def host_name(host: str) -> str:
    """The name in a Host header: lower case, without port and final dot."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].removesuffix(".")


def is_address(name: str) -> bool:
    """Whether a host name says where, not whom: an IP address, `localhost`, or the host as containers call it."""
    return _ADDRESS.fullmatch(name) is not None


def _service(name: str, known: Callable[[str], ServiceRef | None]) -> ToService | None:
    """The service of a name, or of what follows a tag in it."""
    if (service := known(name)) is not None:
        return ToService(service, Way.URL)
    at = name.find(TAG_SEPARATOR)
    while at > 0:  # a service's name may itself hold three dashes: every cut is tried
        service = known(name[at + len(TAG_SEPARATOR) :])
        if service is not None:
            return ToService(service, Way.URL, Tag(name[:at]))
        at = name.find(TAG_SEPARATOR, at + 1)
    return None
