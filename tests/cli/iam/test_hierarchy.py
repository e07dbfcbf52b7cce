"""Projects, folders, the organization and roles, as they are typed. Evidence: documented (gcloud projects,
resource-manager folders, organizations, iam roles); what is recorded is compared in tests/transcripts."""

import json
from typing import Any

import pytest

from tests.conftest import Cloudrun

ANN = "--member=user:ann@example.com"


def read(program: Cloudrun, *words: str) -> Any:
    answer = program(*words, "--format=json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer)


@pytest.fixture
def organization(with_hello: Cloudrun) -> str:
    (found,) = read(with_hello, "organizations", "list")
    number: str = found["name"].partition("/")[2]
    return number


def test_the_project_in_use_is_there_from_the_start(cloudrun: Cloudrun) -> None:
    cloudrun.environ["CLOUDSDK_CORE_PROJECT"] = "brand-new"
    assert read(cloudrun, "projects", "describe", "brand-new")["lifecycleState"] == "ACTIVE"
    assert "user:dev@example.com" in str(cloudrun("projects", "get-iam-policy", "brand-new"))


def test_an_invoker_on_a_folder_may_invoke_what_is_in_its_projects(with_hello: Cloudrun, organization: str) -> None:
    made = with_hello("resource-manager", "folders", "create", "--display-name=Shop", f"--organization={organization}")
    assert (made.exit_code, made.stdout) == (0, "")
    folder = made.stderr.partition("[folders/")[2].partition("]")[0]
    assert with_hello("projects", "move", "demo", f"--folder={folder}").exit_code == 0
    ancestors = with_hello("projects", "get-ancestors", "demo", "--format=value(id,type)")
    assert ancestors.stdout.split() == ["demo", "project", folder, "folder", organization, "organization"]
    bound = with_hello("resource-manager", "folders", "add-iam-policy-binding", folder, ANN, "--role=roles/run.invoker")
    assert f"Updated IAM policy for folder [{folder}]." in bound.stderr
    found = read(with_hello, "iam", "troubleshoot", "ann@example.com", "run.routes.invoke", "services/hello")
    assert found["binding"]["resource"] == f"folders/{folder}"
    policies = read(with_hello, "projects", "get-ancestors-iam-policy", "demo")
    assert [one["type"] for one in policies] == ["project", "folder", "organization"]
    held = with_hello("resource-manager", "folders", "delete", folder)
    assert "still holds project demo" in held.stderr


def test_a_projects_life_is_told(with_hello: Cloudrun) -> None:
    api = "https://cloudresourcemanager.googleapis.com/v1/projects/shop-test"
    made = with_hello("projects", "create", "shop-test", "--name=Shop", "--labels=a=b,c=d", "--set-as-default")
    assert made.stderr == f"Created [{api}].\nUpdated property [core/project] to [shop-test].\n"
    assert with_hello("config", "configurations", "describe", "default", "--format=value(properties.core.project)") == (
        "shop-test\n"
    )
    assert with_hello("projects", "update", "shop-test", "--name=Shop 2").stderr == f"Updated [{api}].\n"
    assert with_hello("projects", "delete", "shop-test").stderr.startswith(f"Deleted [{api}].\n\nYou can undo this")
    assert "shop-test" not in with_hello("projects", "list")
    assert with_hello("projects", "undelete", "shop-test").stderr == f"Restored project [{api}].\n"
    assert read(with_hello, "projects", "describe", "shop-test")["labels"] == {"a": "b", "c": "d"}


def test_a_role_of_ones_own_is_made_given_changed_and_copied(with_hello: Cloudrun, organization: str) -> None:
    create = ("iam", "roles", "create", "caller", "--title=Caller", "--permissions=run.routes.invoke")
    assert with_hello(*create, "--project=demo", "--stage=ga").exit_code == 0
    assert read(with_hello, "iam", "roles", "describe", "caller", "--project=demo")["stage"] == "GA"
    given = ("projects", "add-iam-policy-binding", "demo", ANN, "--role=projects/demo/roles/caller")
    assert with_hello(*given).exit_code == 0
    update = ("iam", "roles", "update", "caller", "--project=demo")
    changed = read(with_hello, *update, "--add-permissions=run.jobs.run", "--remove-permissions=run.routes.invoke")
    assert changed["includedPermissions"] == ["run.jobs.run"]
    copy = ("iam", "roles", "copy", "--source=caller", "--source-project=demo", "--destination=runner")
    assert read(with_hello, *copy, f"--dest-organization={organization}")["name"] == (
        f"organizations/{organization}/roles/runner"
    )
    assert read(with_hello, "iam", "roles", "delete", "caller", "--project=demo")["deleted"] is True
    undone = with_hello("projects", "add-iam-policy-binding", "demo", "--member=user:b@x.com", given[-1])
    assert "It is deleted. To have it back: cloudrun iam roles undelete caller" in undone.stderr


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        ("iam roles create x", 2, "Exactly one of (--organization | --project) must be specified."),
        ("iam roles create xyz --project=demo --permissions=run.x.y", 1, "Permission run.x.y is not valid."),
        ("iam roles delete roles/run.invoker", 1, "You can not change a curated/predefined role."),
        ("iam roles describe a/b --project=demo", 1, "should not include any '/' character"),
        ("iam roles copy --source=roles/viewer", 1, "the destination role is required"),
        ("iam roles update caller --project=demo --title=x", 1, "was not found"),
        ("resource-manager folders create --display-name=Shop", 2, "Exactly one of (--folder | --organization)"),
        ("resource-manager folders list --folder=1 --organization=2", 2, "At most one of"),
        ("resource-manager folders describe 404", 1, "'resourcemanager.folders.get' denied on resource 'folders/404'"),
        ("projects create", 1, "an ID or a name must be provided"),
        ("projects describe none-such", 1, "or it does not exist"),
        ("projects update demo --name=x", 1, "4 to 30 characters"),
        ("organizations describe 404", 1, "Organization [404] does not exist"),
        ("organizations get-iam-policy elsewhere.org", 1, "does not exist"),
    ],
)
def test_what_cannot_be_done_is_told(with_hello: Cloudrun, words: str, exit_code: int, said: str) -> None:
    answer = with_hello(words)
    assert (answer.exit_code, said in answer.stderr) == (exit_code, True), answer.stderr


def test_another_account_may_only_what_it_was_given(with_hello: Cloudrun) -> None:
    as_ann = "--account=ann@elsewhere.org"
    assert "Permission" in with_hello("projects", "get-iam-policy", "demo", as_ann).stderr
    assert with_hello("projects", "list", as_ann).stdout == ""
    with_hello("projects", "add-iam-policy-binding", "demo", "--member=user:ann@elsewhere.org", "--role=roles/viewer")
    assert with_hello("projects", "get-iam-policy", "demo", as_ann).exit_code == 0
    denied = with_hello("projects", "add-iam-policy-binding", "demo", ANN, "--role=roles/viewer", as_ann)
    assert (
        "PERMISSION_DENIED: Permission 'resourcemanager.projects.setIamPolicy' denied on resource 'projects/demo' "
        "(or it may not exist)."
    ) in denied.stderr
