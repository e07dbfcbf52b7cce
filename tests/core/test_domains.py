"""Domains of the user. Evidence: documented (Mapping custom domains; v1, DomainMapping)."""

from datetime import UTC, datetime

import pytest

from cloudrun_cli.core.domains import CNAME, check_domain, conditions, records
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import DomainMapping, Status

NOW = datetime(2026, 2, 1, tzinfo=UTC)
MAPPING = DomainMapping("demo", "us-central1", "www.example.com", "hello", "uid", NOW)


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("www.example.com", "www.example.com"),
        ("WWW.Example.COM.", "www.example.com"),
        (" example.co.uk ", "example.co.uk"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a" * 63 + ".example.com", "a" * 63 + ".example.com"),
        ("1.example.com", "1.example.com"),
    ],
)
def test_a_domain_is_kept_in_lower_case_without_its_final_dot(typed: str, domain: str) -> None:
    assert check_domain(typed) == domain


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("*.example.com", "wildcards"),
        ("example", "two parts"),
        ("", "two parts"),
        ("127.0.0.1", "two parts"),
        ("a" * 64 + ".example.com", "63 between two dots"),
        (".".join(["a" * 60] * 5), "at most 253 characters"),
        ("-a.example.com", "begin or end with a dash"),
        ("a..example.com", "letters, digits"),
        ("a_b.example.com", "letters, digits"),
        ("http://example.com", "letters, digits"),
        ("hello.us-central1.run.localhost", "run.localhost"),
        ("hello-x7k2mqpl4a-uc.a.run.app", "run.app"),
        ("storage.googleapis.com", "googleapis.com"),
        ("metadata.google.internal", "internal"),
        ("host.docker.internal", "internal"),  # as containers call the API
    ],
)
def test_what_is_no_domain_or_has_its_use_already_is_refused(typed: str, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why) as refused:
        check_domain(typed)
    assert refused.value.field == "--domain"
    assert f"[{typed}]" in refused.value.message


@pytest.mark.parametrize(
    ("domain", "name"),
    [("www.example.com", "www"), ("a.b.example.com", "a.b"), ("shop.example.co.uk", "shop"), ("co.example", "")],
)
def test_a_name_below_a_registered_domain_is_an_alias_of_one_host(domain: str, name: str) -> None:
    found = [(record.type, record.rrdata, record.name) for record in records(domain)]
    if name:
        assert found == [("CNAME", CNAME, name)]
    else:
        assert {kind for kind, _, _ in found} == {"A", "AAAA"}


@pytest.mark.parametrize("domain", ["example.com", "example.co.uk"])
def test_a_registered_domain_itself_has_four_addresses_of_each_kind(domain: str) -> None:
    kinds = [record.type for record in records(domain)]
    assert kinds == ["A"] * 4 + ["AAAA"] * 4
    assert all(record.name == "" for record in records(domain))


def test_a_mapping_is_ready_as_long_as_its_service_is_there() -> None:
    there = {c.type: c.status for c in conditions(MAPPING, True)}
    assert there == dict.fromkeys(("Ready", "CertificateProvisioned", "DomainRoutable"), Status.TRUE)
    gone = {c.type: c for c in conditions(MAPPING, False)}
    assert [gone[kind].status for kind in ("Ready", "DomainRoutable")] == [Status.FALSE, Status.FALSE]
    assert "[hello] in region [us-central1] does not exist" in gone["Ready"].message
    assert gone["CertificateProvisioned"].status is Status.TRUE
