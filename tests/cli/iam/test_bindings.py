"""Policies of any resource by any of its names, and why somebody may or may not. Evidence: ours."""

import json
from typing import Any

import pytest

from tests.builders import NUMBER
from tests.conftest import Cloudrun

HELLO = "projects/demo/locations/us-central1/services/hello"
ANN, INVOKER = "--member=user:ann@example.com", "--role=roles/run.invoker"
ROBOT = "robot@demo.iam.gserviceaccount.com"


def read(program: Cloudrun, *words: str) -> Any:
    answer = program(*words, "--format=json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer)


def test_a_service_is_meant_by_each_of_its_names_and_addresses(with_hello: Cloudrun) -> None:
    described = read(with_hello, "run", "services", "describe", "hello")
    addresses = json.loads(described["metadata"]["annotations"]["run.googleapis.com/urls"])
    assert len(addresses) == 3
    public = f"https://hello-{NUMBER}.us-central1.run.app/some/path?x=1"
    api = str(with_hello("run", "services", "list", "--uri")).strip()
    names = [
        "hello",
        "services/hello",
        "service/hello",
        HELLO,
        HELLO.replace("demo", NUMBER),
        f"//run.googleapis.com/{HELLO}",
    ]
    for member, name in enumerate([*names, *addresses, public, api]):
        answer = with_hello("iam", "add-policy-binding", name, f"--member=user:u{member}@x.com", INVOKER)
        assert answer.exit_code == 0, f"{name}: {answer.stderr}"
        assert "Updated IAM policy for service [hello]." in answer.stderr
    policy = read(with_hello, "iam", "get-policy", "hello")
    assert policy == read(with_hello, "run", "services", "get-iam-policy", "hello")
    assert len(policy["bindings"][0]["members"]) == len([*names, *addresses, public, api])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("services/none", "NOT_FOUND: Resource 'none' of kind 'SERVICE'"),
        ("none", "[none] names no resource."),
        ("http://none-1.us-central1.run.localhost:9080", "No service answers at"),
        ("projects/demo/locations/us-central1", "names nothing that has a policy"),
        ("folders/404", "NOT_FOUND: Folder [folders/404] does not exist."),
        ("things/x", "[things/x] names no resource."),
    ],
)
def test_what_names_nothing_is_told(with_hello: Cloudrun, name: str, said: str) -> None:
    answer = with_hello("iam", "get-policy", name)
    assert answer.exit_code == 1
    assert said in answer.stderr


def test_troubleshooting_names_the_binding_and_the_ancestor_that_grants(with_hello: Cloudrun) -> None:
    denied = read(with_hello, "iam", "troubleshoot", "user:ann@example.com", "run.routes.invoke", "services/hello")
    assert denied["access"] == "DENIED"
    assert denied["searched"][:2] == [HELLO, "projects/demo"]
    assert (
        f"cloudrun iam add-policy-binding {HELLO} --member=user:ann@example.com --role=roles/run.servicesInvoker"
        in (denied["wouldGrant"])
    )
    assert with_hello(*denied["wouldGrant"][0].split()[1:]).exit_code == 0
    assert read(with_hello, "iam", "troubleshoot", "ann@example.com", "run.routes.invoke", "hello")["binding"] == {
        "resource": HELLO,
        "role": "roles/run.servicesInvoker",
        "member": "user:ann@example.com",
    }
    with_hello(
        "projects", "add-iam-policy-binding", "demo", f"--member=serviceAccount:{ROBOT}", "--role=roles/run.admin"
    )
    granted = read(with_hello, "iam", "troubleshoot", ROBOT, "run.services.setIamPolicy", "hello")
    assert (granted["access"], granted["binding"]["resource"]) == ("GRANTED", "projects/demo")
    assert "the policy of projects/demo, which it is in" in granted["because"]
    assert "exist" not in granted["because"]
    absent = read(with_hello, "iam", "troubleshoot", ROBOT, "run.services.get", "services/absent")
    assert (absent["access"], "services/absent does not exist here" in absent["because"]) == ("GRANTED", True)
    everybody = read(with_hello, "iam", "troubleshoot", "allUsers", "run.routes.invoke", "hello")
    assert (everybody["access"], everybody["principal"]) == ("DENIED", "anonymous")


def test_troubleshooting_tells_of_conditions_and_decides_them_for_a_call(with_hello: Cloudrun) -> None:
    condition = '--condition=^:^expression=request.path.startsWith("/a/"):title=a only'
    assert with_hello("iam", "add-policy-binding", "hello", ANN, INVOKER, condition).exit_code == 0
    asked = ("iam", "troubleshoot", "ann@example.com", "run.routes.invoke", "hello")
    assert read(with_hello, *asked, "--request-path=/a/b")["access"] == "GRANTED"
    denied = read(with_hello, *asked, "--request-path=/b")
    assert denied["access"] == "DENIED"
    assert "its condition does not hold" in denied["because"]
    assert denied["unmetConditions"][0]["condition"]["title"] == "a only"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user:ann@example.com", "run.route.invoke", "hello"), "Did you mean run.routes.invoke?"),
        (("robot", "run.routes.invoke", "hello"), "Invalid user in the member user:robot."),
        (("user:ann@example.com", "run.routes.invoke", "hello", "--request-time=noon"), "is not a moment"),
    ],
)
def test_what_cannot_be_troubleshot_is_told(with_hello: Cloudrun, words: tuple[str, ...], said: str) -> None:
    answer = with_hello("iam", "troubleshoot", *words)
    assert answer.exit_code == 1
    assert said in answer.stderr


def test_the_effective_policy_tells_where_each_binding_comes_from(with_hello: Cloudrun) -> None:
    with_hello("iam", "add-policy-binding", "hello", ANN, INVOKER)
    found = read(with_hello, "iam", "effective-policy", "hello")
    assert [(one["from"], one["role"], one["inherited"]) for one in found[:3]] == [
        (HELLO, "roles/run.invoker", False),
        ("projects/demo", "roles/editor", True),
        ("projects/demo", "roles/owner", True),
    ]
    assert found[-1]["from"].startswith("organizations/")


def test_lint_finds_what_could_be_stricter_and_nothing_once_it_is(with_hello: Cloudrun) -> None:
    with_hello("iam", "add-policy-binding", "hello", "--member=allUsers", INVOKER)
    found = read(with_hello, "iam", "lint")
    assert [(one["severity"], one["check"]) for one in found] == [
        ("WARNING", "basic-role"),
        ("WARNING", "shared-default-account"),
        ("INFO", "public-service"),
    ]
    for command in [
        f"iam remove-policy-binding projects/demo "
        f"--member=serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com --role=roles/editor",
        "run services remove-iam-policy-binding hello --member=allUsers --role=roles/run.invoker",
    ]:
        assert command in " ".join(one["advice"] for one in found)
        assert with_hello(command).exit_code == 0
    assert [one["check"] for one in read(with_hello, "iam", "lint")] == ["shared-default-account"]


def test_groups_say_who_is_in_them(with_hello: Cloudrun) -> None:
    with_hello("iam", "add-policy-binding", "hello", "--member=group:devs@example.com", INVOKER)
    assert with_hello("iam", "groups", "add-member", "devs@example.com", "bob@example.com").exit_code == 0
    granted = read(with_hello, "iam", "troubleshoot", "bob@example.com", "run.routes.invoke", "hello")
    assert (granted["access"], granted["groups"]) == ("GRANTED", ["devs@example.com"])
    assert read(with_hello, "iam", "groups", "list") == [{"group": "devs@example.com", "member": "bob@example.com"}]
