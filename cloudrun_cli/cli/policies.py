"""What every `…-iam-policy…` command does, whatever the resource it is about: read, replace, give a role, take it.

secrets = Group("secrets")

@secrets.command("add-iam-policy-binding", exclusive=[ONE_CONDITION])
def add(secret: Secret, member: Member, role: Role, condition: ConditionFlag = None,
        condition_from_file: ConditionFile = None) -> Policy:
    return bind(Subject(f"projects/{project}/secrets/{secret}", "secret", secret), member, role, condition, …)
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from cloudrun_cli.cli.command import flag, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import DictOf

Policy = dict[str, Any]

NO_CONDITION = "None"  # --condition=None: expressly without one
KEYS = ("expression", "title", "description")


class ConditionOf(DictOf):
    """expression=…,title=…[,description=…] as a dict, or `None` as an empty one."""

    def __init__(self) -> None:
        super().__init__(keys=KEYS, required=("expression", "title"))

    def parse(self, text: str) -> dict[str, str]:
        return {} if text == NO_CONDITION else super().parse(text)


Member = Annotated[
    str, flag("--member", "Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …", metavar="PRINCIPAL")
]
Role = Annotated[str, flag("--role", "The role, such as roles/run.invoker.")]
ConditionFlag = Annotated[
    dict[str, str] | None,
    flag("--condition", "The condition: expression=…,title=…; None for none.", ConditionOf(), metavar="KEY=VALUE"),
]
ConditionFile = Annotated[
    str | None, flag("--condition-from-file", "JSON or YAML file of the condition.", names="files", metavar="FILE")
]
PolicyFile = Annotated[str, positional("POLICY_FILE", "JSON or YAML file of the policy.", names="files")]
Everywhere = Annotated[bool, switch("--all", "Take it away under every condition.")]
ONE_CONDITION = ("--condition", "--condition-from-file")
ONE_OR_ALL = ("--all", *ONE_CONDITION)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a policy is about: its full name, and its kind and name as the story tells them."""

    resource: str
    kind: str
    name: str


def read(subject: Subject) -> Policy:
    """The policy. Raises NotFound, PermissionDenied."""
    from cloudrun_cli.controlplane import policies as verbs

    present = opened()
    with _coded():
        return verbs.get(present.store, subject.resource, caller=present.account)


def write(subject: Subject, policy_file: str) -> Policy:
    """Replace the policy by that of a file; one without an etag after a question, where somebody can be asked."""
    from cloudrun_cli.controlplane import policies as verbs
    from cloudrun_cli.core.errors import Aborted
    from cloudrun_cli.core.iam import CONDITIONS_VERSION

    present = opened()
    policy = from_file(policy_file, ("bindings", "etag", "version", "auditConfigs"))
    if not policy.get("etag") and not _replace_whatever_is_there(present):
        raise Aborted("Aborted by user.")
    with _changed(present, subject):
        return verbs.replace(
            present.store,
            subject.resource,
            policy | {"version": CONDITIONS_VERSION},
            caller=present.account,
            now=present.now(),
        )


def bind(
    subject: Subject, member: str, role: str, condition: dict[str, str] | None, condition_from_file: str | None
) -> Policy:
    """Give a member a role, under the condition that was given, or that is chosen where the policy has some."""
    from cloudrun_cli.controlplane import policies as verbs

    present = opened()
    wanted = _condition(condition, condition_from_file)
    if wanted is None:
        wanted = _chosen(present, read(subject), "Adding a binding", "to", "add", "")
    with _changed(present, subject):
        return verbs.add_binding(
            present.store, subject.resource, role, member, wanted, caller=present.account, now=present.now()
        )


def unbind(
    subject: Subject,
    member: str,
    role: str,
    condition: dict[str, str] | None,
    condition_from_file: str | None,
    *,
    everywhere: bool,
) -> Policy:
    """Take a role from a member, under one condition or everywhere."""
    from cloudrun_cli.controlplane import policies as verbs

    present = opened()
    wanted = _condition(condition, condition_from_file)
    if wanted is None and not everywhere:
        advice = " or run command with `--all` to remove all bindings of the specified member and role"
        wanted = _chosen(present, read(subject), "Removing a binding", "from", "remove", advice)
    with _changed(present, subject):
        return verbs.remove_binding(
            present.store,
            subject.resource,
            role,
            member,
            wanted,
            everywhere=everywhere,
            caller=present.account,
            now=present.now(),
        )


def opened() -> Context:
    """The context of the command, once the project in use is there."""
    from cloudrun_cli.controlplane.projects import settle

    present = context()
    settle(present.store, present.project, present.account, present.now())
    return present


@contextmanager
def _coded() -> Iterator[None]:
    """Failures inside are told with their code in front, as gcloud tells them of the policy calls."""
    from cloudrun_cli.core.errors import CloudRunError

    try:
        yield
    except CloudRunError as error:
        error.message = f"{error.code}: {error.message}"
        raise


@contextmanager
def _changed(present: Context, subject: Subject) -> Iterator[None]:
    """Change the policy inside. It holds from then on, and it is told."""
    from cloudrun_cli.core.errors import InvalidArgument, NotFound

    try:
        with _coded():
            yield
    except InvalidArgument:
        present.tell(
            "ERROR: Policy modification failed. For a binding with condition, run "
            '"gcloud alpha iam policies lint-condition" to identify issues in condition.'
        )
        raise
    except NotFound as error:
        if "binding" in error.message:  # not an answer of the API: gcloud itself looks for the binding
            error.message = error.message.partition(": ")[2]
        raise
    present.ring()
    present.tell(f"Updated IAM policy for {subject.kind} [{subject.name}].")


def _condition(given: dict[str, str] | None, path: str | None) -> dict[str, str] | None:
    """The condition asked for, empty when expressly none is wanted; None when nothing was said of it."""
    if path is None:
        return given
    from cloudrun_cli.core.iam import check_condition

    return dict(check_condition(from_file(path, KEYS)))


def _chosen(
    present: Context, policy: Mapping[str, Any], doing: str, preposition: str, verb: str, advice: str
) -> dict[str, str] | None:
    """Which of the policy's conditions is meant: asked where there are some, None where there are none. Raises
    InvalidArgument where nobody can be asked."""
    from cloudrun_cli.core.errors import Aborted, InvalidArgument
    from cloudrun_cli.core.iam import conditions

    known = conditions(policy)
    if not known:
        return None
    if present.quiet or sys.stdin is None or not sys.stdin.isatty():
        raise InvalidArgument(
            f"{doing} without specifying a condition {preposition} a policy containing conditions is prohibited in "
            f"non-interactive mode. Run the command again with `--condition=None` to {verb} a binding without "
            f"condition{advice}.",
            field="--condition",
        )
    from cloudrun_cli.output.prompts import ask_choice

    shown = [", ".join(f"{key.upper()}={one[key]}" for key in KEYS if one.get(key)) for one in known]
    question = f"The policy contains bindings with conditions, so specifying a condition is required. {doing}:"
    place = ask_choice(question, [*shown, NO_CONDITION], quiet=False, err=present.err, stdin=sys.stdin)
    if place is None:
        raise Aborted("Aborted by user.")
    return dict(known[place]) if place < len(known) else None


def _replace_whatever_is_there(present: Context) -> bool:
    """Whether to set a policy that does not say which one it replaces. Yes where nobody can be asked."""
    from cloudrun_cli.output.prompts import ask_yes

    if sys.stdin is None or not sys.stdin.isatty():
        return True
    return ask_yes(
        'The specified policy does not contain an "etag" field identifying a specific version to replace. Changing a '
        'policy without an "etag" can overwrite concurrent policy changes.',
        quiet=present.quiet,
        err=present.err,
        stdin=sys.stdin,
        prompt="Replace existing policy",
    )


def from_file(path: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """What a JSON or YAML file says; `-` is standard input. Raises InvalidArgument."""
    import yaml

    from cloudrun_cli.core.errors import InvalidArgument

    try:
        text = sys.stdin.read() if path == "-" else _text(path)
        found = yaml.safe_load(text)  # JSON is YAML too
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"Unable to read file [{path}]: {error}") from error
    except yaml.YAMLError as error:
        raise InvalidArgument(f"[{path}] is neither JSON nor YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise InvalidArgument(f"[{path}] does not hold one object with {', '.join(keys)}.")
    if strange := [str(key) for key in found if key not in keys]:
        raise InvalidArgument(f"[{path}] has a field that is not known: [{strange[0]}]. Known are {', '.join(keys)}.")
    return found


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
