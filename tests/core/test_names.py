"""Names that are allowed, names that are refused and why, and names that are made. Evidence: documented."""

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.names import (
    SERVICE_NAME_MAX,
    SUFFIX_ALPHABET,
    check_project,
    check_service_name,
    check_tag,
    default_service_account,
    next_revision_name,
    project_number,
    suffixed_revision_name,
)
from tests.builders import seeded


@pytest.mark.parametrize("name", ["a", "hello", "a1", "x-y", "a--b", "a" * 49])
def test_a_service_name_of_letters_digits_and_inner_dashes_is_allowed(name: str) -> None:
    assert check_service_name(name) == name


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "cannot begin or end with a dash"),
        ("Bad_Name", "lowercase alphanumeric"),
        ("-a", "cannot begin or end with a dash"),
        ("a-", "cannot begin or end with a dash"),
        ("a.b", "lowercase alphanumeric"),
        ("héllo", "lowercase alphanumeric"),
        ("hello\n", "lowercase alphanumeric"),
        ("a" * 64, "longer than 63"),
        ("1a", "begin with a letter"),
        ("a" * 50, f"at most {SERVICE_NAME_MAX} characters; this one has 50"),
    ],
)
def test_a_service_name_is_refused_with_its_value_and_the_rule(name: str, rule: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_service_name(name)
    assert f"[{name}]" in refused.value.message
    assert rule in refused.value.message
    assert refused.value.field == "metadata.name"


def test_a_bad_service_name_is_refused_in_gclouds_words() -> None:
    # recorded: `gcloud run deploy Bad_Name`
    with pytest.raises(InvalidArgument) as refused:
        check_service_name("Bad_Name")
    assert refused.value.message == (
        "Invalid resource name [Bad_Name]. The name must use only lowercase alphanumeric characters and dashes, "
        "cannot begin or end with a dash, and cannot be longer than 63 characters."
    )


@pytest.mark.parametrize("project", ["demo", "my-project-1", "a" * 30, "123456789012"])
def test_a_project_id_or_number_is_allowed(project: str) -> None:
    assert check_project(project) == project


@pytest.mark.parametrize("project", ["", "abc", "a" * 31, "Demo", "1demo", "demo-", "de mo", "../x", "12345"])
def test_another_project_is_refused_with_its_value_and_what_to_type(project: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_project(project)
    assert f"[{project}]" in refused.value.message
    assert "config set project" in (refused.value.hint or "")


@pytest.mark.parametrize(("tag", "service"), [("t", "hello"), ("green-2", "hello"), ("a" * 6, "b" * 40)])
def test_a_tag_that_fits_beside_its_service_is_allowed(tag: str, service: str) -> None:
    assert check_tag(tag, service) == tag


@pytest.mark.parametrize(
    ("tag", "service", "rule"),
    [
        ("", "hello", "must begin with a letter"),
        ("1a", "hello", "must begin with a letter"),
        ("a-", "hello", "cannot end with a dash"),
        ("A", "hello", "lowercase"),
        ("a.b", "hello", "lowercase"),
        ("a" * 7, "b" * 40, "have 47 characters; at most 46"),
    ],
)
def test_a_tag_is_refused_with_its_value_and_the_rule(tag: str, service: str, rule: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_tag(tag, service)
    assert f"[{tag}]" in refused.value.message
    assert rule in refused.value.message
    assert refused.value.field == "spec.traffic.tag"


def test_the_longest_tag_and_service_fit_into_one_host_label() -> None:
    assert len(f"{'t' * 6}---{'s' * 40}-{project_number('demo')}") <= 63


def test_a_revision_is_counted_by_the_generation_and_ends_in_three_letters_that_make_no_words() -> None:
    names = {next_revision_name("api", 7, seeded(seed)) for seed in range(200)}
    assert all(name.startswith("api-00007-") and len(name) == 13 for name in names)
    assert len(names) > 190
    assert set("".join(name[-3:] for name in names)) <= set(SUFFIX_ALPHABET)
    assert not set("aeiou") & set(SUFFIX_ALPHABET)


@pytest.mark.parametrize("suffix", ["v4", "a", "0", "2026-02-01"])
def test_a_suffix_is_put_behind_the_service(suffix: str) -> None:
    assert suffixed_revision_name("hello", suffix) == f"hello-{suffix}"


@pytest.mark.parametrize("suffix", ["V4", "v4-", "v.4", "a b", "x" * 58, "é"])
def test_a_suffix_that_makes_no_name_is_refused_with_its_value(suffix: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        suffixed_revision_name("hello", suffix)
    assert f"[hello-{suffix}]" in refused.value.message
    assert f"[{suffix}]" in refused.value.message
    assert "63" in refused.value.message
    assert refused.value.field == "--revision-suffix"


def test_a_projects_number_has_twelve_digits_and_never_changes() -> None:
    # ours: any stable function would do, but addresses are made from it, so this one must stay
    assert project_number("demo") == "496268734596"
    assert all(len(project_number(f"p{n}")) == 12 and project_number(f"p{n}")[0] != "0" for n in range(100))
    assert project_number("123456789012") == "123456789012"


def test_a_revision_without_an_account_runs_as_the_projects_default_one() -> None:
    assert default_service_account("123456789012") == "123456789012-compute@developer.gserviceaccount.com"
