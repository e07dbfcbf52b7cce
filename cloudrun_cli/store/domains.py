"""Domain mappings in the store; a domain is mapped once in a home."""

import json
from typing import Any

from cloudrun_cli.store.database import Store

TYPE_CHECKING = False
if TYPE_CHECKING:  # the values are loaded only by those who ask for values
    from cloudrun_cli.core.resources import DomainMapping, ServiceRef


def get(store: Store, domain: str) -> "DomainMapping | None":
    """The mapping of a domain, or None."""
    row = store.one("SELECT project, body FROM domains WHERE domain = ?", domain)
    return _mapping(row) if row else None


def of_project(store: Store, project: str, region: str | None = None) -> "list[tuple[DomainMapping, bool]]":
    """The mappings of a project, by domain, each with whether its service exists."""
    rows = store.read(
        "SELECT d.project, d.body, s.name IS NOT NULL FROM domains d LEFT JOIN services s "
        "ON s.project = d.project AND s.region = d.region AND s.name = d.service "
        "WHERE d.project = ? AND (? IS NULL OR d.region = ?) ORDER BY d.domain",
        project,
        region,
        region,
    )
    return [(_mapping(row), bool(row[2])) for row in rows]


def routes(store: Store) -> "dict[str, ServiceRef]":
    """The service of every mapped domain of the home."""
    from cloudrun_cli.core.resources import ServiceRef

    return {row[0]: ServiceRef(*row[1:]) for row in store.read("SELECT domain, project, region, service FROM domains")}


def put(store: Store, mapping: "DomainMapping", number: str) -> None:
    """Save it over the one before, if there is one."""
    from cloudrun_cli.core.wire.domains import domain_mapping_to_json

    store.write(
        "INSERT INTO domains (domain, project, region, service, body) VALUES (?,?,?,?,?) ON CONFLICT (domain) DO "
        "UPDATE SET project = excluded.project, region = excluded.region, service = excluded.service, "
        "body = excluded.body",
        mapping.domain,
        mapping.project,
        mapping.region,
        mapping.service,
        json.dumps(domain_mapping_to_json(mapping, number, service_exists=True), separators=(",", ":")),
    )


def delete(store: Store, domain: str) -> bool:
    """Remove it; whether it was there."""
    return bool(store.write("DELETE FROM domains WHERE domain = ?", domain))


def _mapping(row: tuple[Any, ...]) -> "DomainMapping":
    from cloudrun_cli.core.wire.domains import domain_mapping_from_json

    return domain_mapping_from_json(json.loads(row[1]), row[0])
