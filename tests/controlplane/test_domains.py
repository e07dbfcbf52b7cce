"""Mapping domains. Evidence: documented (Mapping custom domains)."""

from random import Random
from typing import Any

import pytest

from cloudrun_cli.controlplane import domains, services
from cloudrun_cli.core.errors import AlreadyExists, InvalidArgument, NotFound
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.store import domains as domain_rows
from cloudrun_cli.store import journal
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, a_ref
from tests.controlplane.verbs import deploy, everything

WWW = "www.example.com"


def _create(store: Store, domain: str = WWW, ref: ServiceRef | None = None, *, force: bool = False) -> dict[str, Any]:
    return domains.create(store, ref or a_ref(), domain, force_override=force, caller=CALLER, now=NOW, random=Random(1))


@pytest.fixture
def served(store: Store) -> Store:
    """A store with the services hello and other."""
    deploy(store)
    deploy(store, ref=a_ref("other"))
    return store


def test_a_domain_leads_to_a_service_from_its_creation(served: Store) -> None:
    made = _create(served, "WWW.example.com")
    assert made["metadata"]["name"] == WWW
    assert domains.get(served, "demo", WWW) == made
    assert domains.everything(served, "demo") == [made]
    assert domain_rows.routes(served) == {WWW: a_ref()}
    entry = journal.since(served, 0)[-1]
    assert (entry.verb, entry.kind, entry.name) == ("create", "DomainMapping", WWW)


def test_mappings_are_listed_by_domain_of_one_region_or_of_all(served: Store) -> None:
    deploy(served, ref=a_ref(region="europe-west1"))
    _create(served, "b.example.com")
    _create(served, "a.example.com", a_ref(region="europe-west1"))
    names = [m["metadata"]["name"] for m in domains.everything(served, "demo")]
    assert names == ["a.example.com", "b.example.com"]
    assert [m["metadata"]["name"] for m in domains.everything(served, "demo", "us-central1")] == ["b.example.com"]
    assert domains.everything(served, "elsewhere") == []


def test_a_domain_is_mapped_once_unless_the_override_is_forced(served: Store) -> None:
    _create(served)
    before = everything(served)
    with pytest.raises(AlreadyExists, match=r"service \[hello\]") as refused:
        _create(served, ref=a_ref("other"))
    assert "--force-override" in (refused.value.hint or "")
    assert everything(served) == before
    moved = _create(served, ref=a_ref("other"), force=True)
    assert moved["spec"] == {"certificateMode": "AUTOMATIC", "forceOverride": True, "routeName": "other"}
    assert domain_rows.routes(served) == {WWW: a_ref("other")}


@pytest.mark.parametrize(
    ("domain", "service", "error"),
    [(WWW, "nosuch", NotFound), ("*.example.com", "hello", InvalidArgument), (WWW, "Bad_Name", InvalidArgument)],
)
def test_what_cannot_be_mapped_is_refused_and_changes_nothing(
    served: Store, domain: str, service: str, error: type[Exception]
) -> None:
    before = everything(served)
    with pytest.raises(error):
        _create(served, domain, a_ref(service))
    assert everything(served) == before


def test_a_deleted_service_leaves_a_mapping_that_is_not_routable(served: Store) -> None:
    _create(served)
    services.delete(served, a_ref(), caller=CALLER, now=NOW)
    (left,) = domains.everything(served, "demo")
    assert left == domains.get(served, "demo", WWW)
    assert {c["type"]: c["status"] for c in left["status"]["conditions"]}["DomainRoutable"] == "False"


def test_a_mapping_is_deleted_once(served: Store) -> None:
    _create(served)
    domains.delete(served, "demo", WWW, caller=CALLER, now=NOW)
    assert domain_rows.routes(served) == {}
    with pytest.raises(NotFound, match=WWW):
        domains.delete(served, "demo", WWW, caller=CALLER, now=NOW)
    with pytest.raises(NotFound, match=WWW):
        domains.get(served, "demo", WWW)


def test_the_mapping_of_another_project_is_not_found(served: Store) -> None:
    _create(served)
    with pytest.raises(NotFound):
        domains.get(served, "elsewhere", WWW)
    with pytest.raises(NotFound):
        domains.delete(served, "elsewhere", WWW, caller=CALLER, now=NOW)
