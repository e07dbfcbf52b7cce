"""`cloudrun run jobs {get,set,add,remove}-iam-policy…`: who may do what with a job."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.run.jobs.jobs import Job, Region, jobs
from cloudrun_cli.cli.run.policies import Member, Policy, Role, changed, coded, policy_of, replaces_whatever_is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.jobs import JobRef


@jobs.command("get-iam-policy", rows=True, examples=["cloudrun run jobs get-iam-policy nightly"])
def get(job: Job, region: Region = None) -> Policy:
    """Print the policy of a job: which roles its members have on it."""
    from cloudrun_cli.controlplane import policies as verbs

    present = context()
    with coded():
        return verbs.get(present.store, _ref(present, job))


@jobs.command("set-iam-policy", examples=["cloudrun run jobs set-iam-policy nightly policy.yaml"])
def set_(
    job: Job,
    policy_file: Annotated[str, positional("POLICY_FILE", "JSON or YAML file of the policy.", names="files")],
    region: Region = None,
) -> Policy:
    """Replace the policy of a job. One that carries an etag replaces only the policy that has it."""
    from cloudrun_cli.controlplane import policies as verbs
    from cloudrun_cli.core.errors import Aborted

    present = context()
    policy = policy_of(policy_file)
    if not policy.get("etag") and not replaces_whatever_is_there(present):
        raise Aborted("Aborted by user.")
    with changed(present, f"job [{job}]"):
        return verbs.replace(present.store, _ref(present, job), policy, **_by(present))


@jobs.command(
    "add-iam-policy-binding",
    examples=[
        "cloudrun run jobs add-iam-policy-binding nightly --member=user:dev@example.com --role=roles/run.invoker",
    ],
)
def add(job: Job, member: Member, role: Role, region: Region = None) -> Policy:
    """Give a member a role on a job; with roles/run.invoker it may execute it."""
    from cloudrun_cli.controlplane import policies as verbs

    present = context()
    with changed(present, f"job [{job}]"):
        return verbs.add_binding(present.store, _ref(present, job), role, member, **_by(present))


@jobs.command(
    "remove-iam-policy-binding",
    examples=[
        "cloudrun run jobs remove-iam-policy-binding nightly --member=user:dev@example.com --role=roles/run.invoker",
    ],
)
def remove(job: Job, member: Member, role: Role, region: Region = None) -> Policy:
    """Take a role on a job from a member."""
    from cloudrun_cli.controlplane import policies as verbs

    present = context()
    with changed(present, f"job [{job}]"):
        return verbs.remove_binding(present.store, _ref(present, job), role, member, **_by(present))


def _by(present: Context) -> dict[str, Any]:
    return {"caller": present.account, "now": present.now()}


def _ref(present: Context, job: str) -> "JobRef":
    from cloudrun_cli.core.jobs import JobRef
    from cloudrun_cli.core.names import check_resource_name

    return JobRef(present.project, present.region, check_resource_name(job))
