"""The verbs of domain mappings: a domain of the user's that leads to a service."""

from datetime import datetime
from random import Random
from typing import Any

from cloudrun_cli.controlplane import permits
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.core.domains import check_domain
from cloudrun_cli.core.errors import AlreadyExists, NotFound
from cloudrun_cli.core.iam import service_resource
from cloudrun_cli.core.names import check_project, check_region, check_service_name
from cloudrun_cli.core.resources import DomainMapping, ServiceRef
from cloudrun_cli.core.revisions import new_uid
from cloudrun_cli.core.wire.domains import domain_mapping_to_json
from cloudrun_cli.store import domains as domain_rows
from cloudrun_cli.store import journal, projects
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

Json = dict[str, Any]


def create(
    store: Store,
    ref: ServiceRef,
    domain: str,
    *,
    force_override: bool = False,
    caller: str,
    now: datetime,
    random: Random,
) -> Json:
    """Map a domain to a service; the v1 DomainMapping. With `force_override` one that leads elsewhere is moved.
    Raises PermissionDenied; InvalidArgument; NotFound when there is no such service; AlreadyExists when the domain is
    mapped."""
    check_project(ref.project)
    check_region(ref.region)
    check_service_name(ref.name)
    name = check_domain(domain)
    with store.transaction():
        number = project_verbs.ensure(store, ref.project, caller, now)
        permits.require(store, caller, "domain-mappings create", service_resource(ref.project, ref.region, ref.name))
        if service_rows.get(store, ref) is None:
            raise NotFound(f"Service [{ref.name}] could not be found in region [{ref.region}].", field="--service")
        old = domain_rows.get(store, name)
        if old is not None and not force_override:
            raise AlreadyExists(
                f"Domain mapping to [{name}] already exists: it leads to service [{old.service}] in region "
                f"[{old.region}] of project [{old.project}].",
                field="--domain",
                hint="Add --force-override to move it here.",
            )
        mapping = DomainMapping(
            ref.project,
            ref.region,
            name,
            ref.name,
            uid=new_uid(random),
            created=now,
            creator=caller,
            force_override=force_override,
        )
        domain_rows.put(store, mapping, number)
        _note(store, mapping, "create", now, caller)
    return domain_mapping_to_json(mapping, number, service_exists=True)


def delete(store: Store, project: str, domain: str, *, caller: str, now: datetime) -> None:
    """Take the domain away from its service. Raises PermissionDenied, NotFound."""
    with store.transaction():
        mapping = _find(store, project, domain, "domain-mappings delete", caller)
        domain_rows.delete(store, mapping.domain)
        _note(store, mapping, "delete", now, caller)


def get(store: Store, project: str, domain: str, *, caller: str | None = None) -> Json:
    """The v1 DomainMapping; with a caller, if that may see it. Raises PermissionDenied, NotFound."""
    mapping = _find(store, project, domain, "domain-mappings describe", caller)
    exists = service_rows.get(store, ServiceRef(mapping.project, mapping.region, mapping.service)) is not None
    return domain_mapping_to_json(mapping, projects.number(store, project) or "", service_exists=exists)


def everything(store: Store, project: str, region: str | None = None, *, caller: str | None = None) -> list[Json]:
    """The project's mappings in v1, by domain; with a caller, if that may see them. Raises PermissionDenied."""
    if caller is not None:
        permits.require(store, caller, "domain-mappings list", permits.place(project, region))
    number = projects.number(store, project) or ""
    return [
        domain_mapping_to_json(mapping, number, service_exists=exists)
        for mapping, exists in domain_rows.of_project(store, project, region)
    ]


def _find(store: Store, project: str, domain: str, verb: str, caller: str | None) -> DomainMapping:
    found = domain_rows.get(store, check_domain(domain))
    if found is not None and found.project != project:
        found = None
    if caller is not None:
        of = service_resource(project, found.region, found.service) if found else f"projects/{project}"
        permits.require(store, caller, verb, of)
    if found is None:
        raise NotFound(
            f"Cannot find domain mapping for [{domain}].", hint="List them: cloudrun run domain-mappings list"
        )
    return found


def _note(store: Store, mapping: DomainMapping, verb: str, now: datetime, caller: str) -> None:
    journal.note(
        store,
        now,
        caller,
        verb,
        "DomainMapping",
        project=mapping.project,
        region=mapping.region,
        name=mapping.domain,
        generation=mapping.generation,
    )
