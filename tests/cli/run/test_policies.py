"""The policy commands where no recording shows them: files, conditions, etags. Evidence: documented (gcloud run
services set-iam-policy, add-iam-policy-binding); what is recorded is compared in tests/transcripts."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cloudrun

ADD = ("run", "services", "add-iam-policy-binding", "hello")
REMOVE = ("run", "services", "remove-iam-policy-binding", "hello")
SET = ("run", "services", "set-iam-policy", "hello")
ALICE, INVOKER = "--member=user:alice@example.com", "--role=roles/run.invoker"
NIGHT = "--condition=^:^expression=request.path == '/a,b':title=night"


def _policy(program: Cloudrun) -> dict[str, object]:
    answer = program("run services get-iam-policy hello --format=json")
    assert answer.exit_code == 0, answer.stderr
    found: dict[str, object] = json.loads(answer)
    return found


JSON = '{"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}'
YAML = "bindings:\n- role: roles/run.invoker\n  members: [allUsers]\nversion: 1\n"


@pytest.mark.parametrize("text", [JSON, YAML], ids=["json", "yaml"])
def test_a_policy_file_of_json_or_yaml_becomes_the_policy(with_hello: Cloudrun, tmp_path: Path, text: str) -> None:
    (tmp_path / "policy").write_text(text)
    answer = with_hello(*SET, str(tmp_path / "policy"))
    assert (answer.exit_code, answer.stderr) == (0, "Updated IAM policy for service [hello].\n")
    policy = _policy(with_hello)
    assert f"etag: {policy.pop('etag')}\n" in answer.stdout
    assert policy == {"version": 3, "bindings": [{"members": ["allUsers"], "role": "roles/run.invoker"}]}


def test_a_policy_is_read_changed_and_written_back_once(with_hello: Cloudrun, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(
        json.dumps(_policy(with_hello) | {"bindings": [{"role": "roles/run.admin", "members": ["allUsers"]}]})
    )
    assert with_hello(*SET, str(file)).exit_code == 0
    stale = with_hello(*SET, str(file))
    assert stale.exit_code == 1
    assert "ABORTED: There were concurrent policy changes" in stale.stderr
    assert "[ACAB]" in stale.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1", "is neither JSON nor YAML"),
        ("- a\n", "does not hold one object with bindings, etag, version"),
        ("binding: []\n", "has a field that is not known: [binding]"),
        ("bindings: [{role: x, members: [allUsers]}]\n", "INVALID_ARGUMENT: Role x is not supported"),
        (None, "Unable to read file"),
    ],
)
def test_a_file_that_is_no_policy_changes_nothing(
    with_hello: Cloudrun, tmp_path: Path, text: str | None, said: str
) -> None:
    if text is not None:
        (tmp_path / "policy").write_text(text)
    answer = with_hello(*SET, str(tmp_path / "policy"))
    assert (answer.exit_code, said in answer.stderr) == (1, True), answer.stderr
    assert _policy(with_hello) == {"etag": "ACAB"}


def test_a_binding_under_a_condition_is_kept_apart_and_removed_apart(with_hello: Cloudrun) -> None:
    assert with_hello(*ADD, ALICE, INVOKER, NIGHT).exit_code == 0
    condition = {"expression": "request.path == '/a,b'", "title": "night"}
    bound = {"condition": condition, "members": ["user:alice@example.com"], "role": "roles/run.invoker"}
    assert _policy(with_hello)["bindings"] == [bound]
    unsaid = with_hello(*ADD, ALICE, INVOKER)
    assert unsaid.exit_code == 1
    assert "Run the command again with `--condition=None`" in unsaid.stderr
    assert with_hello(*ADD, ALICE, INVOKER, "--condition=None").exit_code == 0
    assert len(_policy(with_hello)["bindings"]) == 2  # type: ignore[arg-type]  # a list of bindings
    assert with_hello(*REMOVE, ALICE, INVOKER, "--condition=None").exit_code == 0
    assert _policy(with_hello)["bindings"] == [bound]
    assert with_hello(*REMOVE, ALICE, INVOKER, "--all").exit_code == 0
    assert "bindings" not in _policy(with_hello)


def test_a_condition_may_come_from_a_file(with_hello: Cloudrun, tmp_path: Path) -> None:
    file = tmp_path / "condition.yaml"
    file.write_text("title: day\ndescription: by day\nexpression: request.time.getHours() > 6\n")
    assert with_hello(*ADD, ALICE, INVOKER, f"--condition-from-file={file}").exit_code == 0
    assert '"description": "by day"' in json.dumps(_policy(with_hello))
    file.write_text("title: day\n")
    assert "needs its expression" in with_hello(*ADD, ALICE, INVOKER, f"--condition-from-file={file}").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*ADD, ALICE), "argument --role: Must be specified"),
        ((*ADD, ALICE, INVOKER, "--condition=title=t"), "argument --condition: Key [expression] required"),
        ((*ADD, ALICE, INVOKER, "--condition=a=b"), "valid keys are [description, expression, title]"),
        ((*ADD, ALICE, INVOKER, "--condition=None", "--condition-from-file=x"), "At most one of"),
        ((*REMOVE, ALICE, INVOKER, "--all", "--condition=None"), "At most one of"),
    ],
)
def test_a_binding_that_is_not_understood_is_a_misuse(with_hello: Cloudrun, words: tuple[str, ...], said: str) -> None:
    answer = with_hello(*words)
    assert (answer.exit_code, said in answer.stderr) == (2, True), answer.stderr


def test_a_policy_is_listed_by_member(with_hello: Cloudrun) -> None:
    with_hello(*ADD, ALICE, INVOKER)
    with_hello(*ADD, "--member=allUsers", "--role=roles/run.viewer")
    answer = with_hello(
        *("run", "services", "get-iam-policy", "hello", "--flatten=bindings[].members"),
        *("--filter=bindings.members:user*", "--format=value(bindings.role,bindings.members)"),
    )
    assert answer == "roles/run.invoker\tuser:alice@example.com\n"
