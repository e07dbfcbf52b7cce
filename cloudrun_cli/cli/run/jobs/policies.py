"""`cloudrun run jobs {get,set,add,remove}-iam-policy…`: who may do what with a job."""

from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.policies import Member, Policy, PolicyFile, Role, Subject, bind, read, unbind, write
from cloudrun_cli.cli.run.jobs.jobs import Job, Region, jobs


@jobs.command("get-iam-policy", rows=True, examples=["cloudrun run jobs get-iam-policy nightly"])
def get(job: Job, region: Region = None) -> Policy:
    """Print the policy of a job: which roles its members have on it."""
    return read(_subject(job))


@jobs.command("set-iam-policy", examples=["cloudrun run jobs set-iam-policy nightly policy.yaml"])
def set_(job: Job, policy_file: PolicyFile, region: Region = None) -> Policy:
    """Replace the policy of a job. One that carries an etag replaces only the policy that has it."""
    return write(_subject(job), policy_file)


@jobs.command(
    "add-iam-policy-binding",
    examples=[
        "cloudrun run jobs add-iam-policy-binding nightly --member=user:dev@example.com --role=roles/run.invoker",
    ],
)
def add(job: Job, member: Member, role: Role, region: Region = None) -> Policy:
    """Give a member a role on a job; with roles/run.invoker it may execute it."""
    return bind(_subject(job), member, role, {}, None)


@jobs.command(
    "remove-iam-policy-binding",
    examples=[
        "cloudrun run jobs remove-iam-policy-binding nightly --member=user:dev@example.com --role=roles/run.invoker",
    ],
)
def remove(job: Job, member: Member, role: Role, region: Region = None) -> Policy:
    """Take a role on a job from a member."""
    return unbind(_subject(job), member, role, {}, None, everywhere=False)


def _subject(job: str) -> Subject:
    from cloudrun_cli.core.iam import job_resource
    from cloudrun_cli.core.names import check_resource_name

    present = context()
    return Subject(job_resource(present.project, present.region, check_resource_name(job)), "job", job)
