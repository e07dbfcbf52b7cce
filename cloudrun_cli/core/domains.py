"""Domains of the user: which can be mapped, and what their owner would write into DNS for them.

Here a mapped domain is served by Host at once, over HTTP and TLS; the records are those the real service asks for, so
that the same mapping can be made there. Source: Mapping custom domains; run.googleapis.com v1, DomainMapping.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cloudrun_cli.core.addresses import LABEL_MAX, SUFFIX
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Condition, DomainMapping, Status

DOMAIN_MAX = 253  # RFC 1035, without the final dot
CNAME = "ghs.googlehosted.com."
APEX_A = ("216.239.32.21", "216.239.34.21", "216.239.36.21", "216.239.38.21")
APEX_AAAA = (
    "2001:4860:4802:32::15",
    "2001:4860:4802:34::15",
    "2001:4860:4802:36::15",
    "2001:4860:4802:38::15",
)

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# Names that services, APIs and the metadata server have already; nobody can own one under .internal. Source: ICANN
_OWN = (SUFFIX, "run.app", "googleapis.com", "localhost", "internal")
# Second labels under which countries register names, as in example.co.uk
_SECOND_LEVEL = frozenset(("ac", "co", "com", "edu", "gob", "gov", "gv", "ltd", "me", "mil", "ne", "net", "or", "org"))


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """One line for the domain's DNS. `name` is relative to the domain that is registered; empty: that domain."""

    type: str
    rrdata: str
    name: str = ""


def check_domain(text: str) -> str:
    """The domain in lower case, without final dot. Raises InvalidArgument when it cannot be mapped."""
    domain = text.strip().lower().removesuffix(".")
    if reason := _unfit(domain):
        raise InvalidArgument(f"Invalid domain [{text}]: {reason}", field="--domain")
    return domain


def records(domain: str) -> Sequence[ResourceRecord]:
    """What its owner writes into DNS: addresses for a registered domain itself, an alias for a name below one."""
    name = domain.removesuffix(_registered(domain)).removesuffix(".")
    if name:
        return [ResourceRecord("CNAME", CNAME, name)]
    return [
        *(ResourceRecord("A", address) for address in APEX_A),
        *(ResourceRecord("AAAA", address) for address in APEX_AAAA),
    ]


def conditions(mapping: DomainMapping, service_exists: bool) -> tuple[Condition, ...]:
    """Whether the domain is served: its certificate is there at once, its service may have gone."""
    at = mapping.created
    routable = (
        Condition("DomainRoutable", Status.TRUE, at)
        if service_exists
        else Condition("DomainRoutable", Status.FALSE, at, "RouteNotFound", _no_service(mapping))
    )
    return (_ready(routable, at), _certificate(mapping, at), routable)


def _ready(routable: Condition, at: datetime) -> Condition:
    return Condition("Ready", routable.status, at, routable.reason, routable.message)


def _certificate(mapping: DomainMapping, at: datetime) -> Condition:
    if mapping.certificate_mode == "NONE":
        return Condition("CertificateProvisioned", Status.TRUE, at, "CertificateDisabled", "No certificate is wanted.")
    return Condition("CertificateProvisioned", Status.TRUE, at)


def _no_service(mapping: DomainMapping) -> str:
    return (
        f"Service [{mapping.service}] in region [{mapping.region}] does not exist, so nothing answers for the domain."
    )


def _unfit(domain: str) -> str:
    """What is wrong with it, or nothing."""
    labels = domain.split(".")
    if "*" in domain:
        return "wildcards cannot be mapped; map each name by itself."
    if len(labels) < 2 or labels[-1].isdigit():
        return "it must be a domain name with at least two parts, for example www.example.com."
    if len(domain) > DOMAIN_MAX or any(len(label) > LABEL_MAX for label in labels):
        return f"it may have at most {DOMAIN_MAX} characters, and {LABEL_MAX} between two dots."
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "it may hold letters, digits, dashes and dots only, and no part may begin or end with a dash."
    if taken := next((own for own in _OWN if domain == own or domain.endswith("." + own)), None):
        return f"names under {taken} belong to the services themselves."
    return ""


def _registered(domain: str) -> str:
    """The part of it that somebody registers: example.com, example.co.uk."""
    labels = domain.split(".")
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if country else -2 :])
