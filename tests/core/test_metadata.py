"""The metadata server's tree. Evidence: documented (container instance metadata server); ours where Compute Engine's
pages alone tell (listings, recursive, alt)."""

import json

import pytest

from cloudrun_cli.core.metadata import SCOPES, InstanceView, Minted, answer, requested_scopes

ACCOUNT = "app@demo.iam.gserviceaccount.com"
VIEW = InstanceView("0fd1", "demo", "123456789012", "us-central1", ACCOUNT)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "instance/\nproject/\nuniverse/\n"),
        ("instance/", "id\nregion\nservice-accounts/\nzone\n"),
        ("instance/id", "0fd1"),
        ("instance/region", "projects/123456789012/regions/us-central1"),
        ("instance/zone", "projects/123456789012/zones/us-central1-1"),
        ("instance/service-accounts/", f"default/\n{ACCOUNT}/\n"),
        ("instance/service-accounts/default/", "aliases\nemail\nidentity\nscopes\ntoken\n"),
        ("instance/service-accounts/default/aliases", "default\n"),
        (f"instance/service-accounts/{ACCOUNT}/email", ACCOUNT),
        ("instance/service-accounts/default/scopes", f"{SCOPES[0]}\n"),
        ("project/project-id", "demo"),
        ("project/numeric-project-id", "123456789012"),
        ("universe/universe-domain", "googleapis.com"),
    ],
)
def test_a_path_answers_text(path: str, text: str) -> None:
    said = answer(VIEW, path)
    assert said is not None
    assert (said.text, said.is_json) == (text, False)


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "instance/nothing",
        "instance/id/",
        "instance//id",
        "instance/service-accounts/b@c/email",
        "/",
        "instance/id/x",
    ],
)
def test_other_paths_answer_nothing(path: str) -> None:
    assert answer(VIEW, path) is None


@pytest.mark.parametrize("path", ["instance", "project", "instance/service-accounts/default"])
def test_a_directory_without_its_slash_leads_to_the_one_with_it(path: str) -> None:
    said = answer(VIEW, path)
    assert said is not None
    assert said.redirect == f"/computeMetadata/v1/{path}/"


def test_a_whole_subtree_is_json_in_camel_case_without_what_has_to_be_made() -> None:
    said = answer(VIEW, "", recursive=True)
    assert said is not None
    account = {"aliases": ["default"], "email": ACCOUNT, "scopes": list(SCOPES)}
    assert json.loads(said.text) == {
        "instance": {
            "id": "0fd1",
            "region": "projects/123456789012/regions/us-central1",
            "serviceAccounts": {"default": account, ACCOUNT: account},
            "zone": "projects/123456789012/zones/us-central1-1",
        },
        "project": {"numericProjectId": 123456789012, "projectId": "demo"},
        "universe": {"universeDomain": "googleapis.com"},
    }


@pytest.mark.parametrize(
    ("path", "recursive", "alt", "text"),
    [
        ("project/", True, "text", "numeric-project-id 123456789012\nproject-id demo\n"),
        ("project/", False, "json", '["numeric-project-id", "project-id"]'),
        ("instance/id", False, "json", '"0fd1"'),
        ("instance/id", True, "", "0fd1"),
        ("instance/service-accounts/default/scopes", False, "json", json.dumps(SCOPES)),
    ],
)
def test_alt_chooses_the_form(path: str, recursive: bool, alt: str, text: str) -> None:
    said = answer(VIEW, path, recursive=recursive, alt=alt)
    assert said is not None
    assert said.text == text


def test_tokens_are_made_for_each_request() -> None:
    for name in Minted:
        said = answer(VIEW, f"instance/service-accounts/default/{name}")
        assert said is not None
        assert said.minted is name


@pytest.mark.parametrize(("text", "scopes"), [("", SCOPES), ("a,b", ("a", "b")), (",a,", ("a",))])
def test_scopes_are_those_asked_for_or_the_accounts(text: str, scopes: tuple[str, ...]) -> None:
    assert requested_scopes(text) == scopes
