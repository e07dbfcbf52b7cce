"""`cloudrun run services {get,set,add,remove}-iam-policy…`: who may do what with a service."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from cloudrun_cli.cli.command import flag, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import DictOf
from cloudrun_cli.cli.run.services import Region, services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.resources import ServiceRef

Policy = dict[str, Any]

NO_CONDITION = "None"  # --condition=None: expressly without one
KEYS = ("expression", "title", "description")


class ConditionOf(DictOf):
    """expression=…,title=…[,description=…] as a dict, or `None` as an empty one."""

    def __init__(self) -> None:
        super().__init__(keys=KEYS, required=("expression", "title"))

    def parse(self, text: str) -> dict[str, str]:
        return {} if text == NO_CONDITION else super().parse(text)


Service = Annotated[str, positional("SERVICE", "The service.", names="services")]
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
ONE_CONDITION = ("--condition", "--condition-from-file")


@services.command(
    "get-iam-policy",
    rows=True,
    examples=[
        "cloudrun run services get-iam-policy hello",
        "cloudrun run services get-iam-policy hello --flatten='bindings[].members' "
        "--format='table(bindings.role,bindings.members)'",
    ],
)
def get(service: Service, region: Region = None) -> Policy:
    """Print the policy of a service: which roles its members have on it."""
    from cloudrun_cli.controlplane import policies as verbs

    present = context()
    with coded():
        return verbs.get(present.store, _ref(present, service))


@services.command("set-iam-policy", examples=["cloudrun run services set-iam-policy hello policy.yaml"])
def set_(
    service: Service,
    policy_file: Annotated[str, positional("POLICY_FILE", "JSON or YAML file of the policy.", names="files")],
    region: Region = None,
) -> Policy:
    """Replace the policy of a service. One that carries an etag replaces only the policy that has it."""
    from cloudrun_cli.controlplane import policies as verbs
    from cloudrun_cli.core.errors import Aborted
    from cloudrun_cli.core.iam import CONDITIONS_VERSION

    present = context()
    policy = policy_of(policy_file)
    if not policy.get("etag") and not replaces_whatever_is_there(present):
        raise Aborted("Aborted by user.")
    with changed(present, f"service [{service}]"):
        return verbs.replace(
            present.store,
            _ref(present, service),
            policy | {"version": CONDITIONS_VERSION},
            caller=present.account,
            now=present.now(),
        )


@services.command(
    "add-iam-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=[
        "cloudrun run services add-iam-policy-binding hello --member=allUsers --role=roles/run.invoker",
        "cloudrun run services add-iam-policy-binding hello --member=user:dev@example.com --role=roles/run.developer",
    ],
)
def add(
    service: Service,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
    region: Region = None,
) -> Policy:
    """Give a member a role on a service. With allUsers and roles/run.invoker anybody may call it, at once."""
    from cloudrun_cli.controlplane import policies as verbs

    present = context()
    ref = _ref(present, service)
    wanted = _condition(condition, condition_from_file)
    if wanted is None:
        with coded():
            policy = verbs.get(present.store, ref)
        wanted = _chosen(present, policy, "Adding a binding", "to", "add", "")
    with changed(present, f"service [{service}]"):
        return verbs.add_binding(present.store, ref, role, member, wanted, caller=present.account, now=present.now())


@services.command(
    "remove-iam-policy-binding",
    exclusive=[("--all", *ONE_CONDITION)],
    examples=["cloudrun run services remove-iam-policy-binding hello --member=allUsers --role=roles/run.invoker"],
)
def remove(
    service: Service,
    member: Member,
    role: Role,
    all_: Annotated[bool, switch("--all", "Take it away under every condition.")] = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
    region: Region = None,
) -> Policy:
    """Take a role on a service from a member."""
    from cloudrun_cli.controlplane import policies as verbs

    present = context()
    ref = _ref(present, service)
    wanted = _condition(condition, condition_from_file)
    if wanted is None and not all_:
        with coded():
            policy = verbs.get(present.store, ref)
        advice = " or run command with `--all` to remove all bindings of the specified member and role"
        wanted = _chosen(present, policy, "Removing a binding", "from", "remove", advice)
    with changed(present, f"service [{service}]"):
        return verbs.remove_binding(
            present.store,
            ref,
            role,
            member,
            wanted,
            everywhere=all_,
            caller=present.account,
            now=present.now(),
        )


def _ref(present: Context, service: str) -> "ServiceRef":
    from cloudrun_cli.core.names import check_resource_name
    from cloudrun_cli.core.resources import ServiceRef

    return ServiceRef(present.project, present.region, check_resource_name(service))


@contextmanager
def coded() -> Iterator[None]:
    """Failures inside are told with their code in front, as gcloud tells them of the policy calls."""
    from cloudrun_cli.core.errors import CloudRunError

    try:
        yield
    except CloudRunError as error:
        error.message = f"{error.code}: {error.message}"
        raise


@contextmanager
def changed(present: Context, what: str) -> Iterator[None]:
    """Change the policy of something inside. Whoever calls it meets the new one from then on, and it is told."""
    from cloudrun_cli.core.errors import InvalidArgument, NotFound

    try:
        with coded():
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
    present.tell(f"Updated IAM policy for {what}.")


def _condition(given: dict[str, str] | None, path: str | None) -> dict[str, str] | None:
    """The condition asked for, empty when expressly none is wanted; None when nothing was said of it."""
    if path is None:
        return given
    from cloudrun_cli.core.iam import check_condition

    return dict(check_condition(_file(path, KEYS)))


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


def replaces_whatever_is_there(present: Context) -> bool:
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


def policy_of(path: str) -> Policy:
    """The policy that a JSON or YAML file holds. Raises InvalidArgument."""
    return _file(path, ("bindings", "etag", "version", "auditConfigs"))


def _file(path: str, keys: tuple[str, ...]) -> dict[str, Any]:
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
