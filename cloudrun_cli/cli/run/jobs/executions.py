"""`cloudrun run jobs executions`: list, describe, describe-latest, cancel, delete."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import Context, context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.jobs import Execution, ExecutionRef

executions = Group("run jobs executions")

Region = Annotated[str | None, flag("--region", "The region of the execution.", names="regions", property="run/region")]
Namespace = Annotated[
    str | None,
    flag("--namespace", "The project of the executions.", names="projects", property="core/project", hidden=True),
]
ExecutionName = Annotated[str, positional("EXECUTION", "The execution.", names="executions")]

SHOWN = 1000  # rows of the table on a terminal, newest first, unless asked for others: as many as one job keeps

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    job_name:label=JOB,
    name:label=EXECUTION,
    region:label=REGION,
    status.runningCount.yesno(no="0"):label=RUNNING,
    succeeded_status:label=COMPLETE,
    creation_timestamp.date("%Y-%m-%d %H:%M:%S %Z"):label=CREATED,
    author:label="RUN BY")
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(execution: Any) -> str:
    """Where the API has the execution."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(execution, context().edge)


@executions.command(
    "list",
    format=TABLE,
    uri=address,
    examples=[
        "cloudrun run jobs executions list --job=nightly",
        "cloudrun run jobs executions list --filter='status.failedCount>0' --format='value(metadata.name)'",
    ],
)
def list_(
    job: Annotated[str | None, flag("--job", "Only those of this job.", names="jobs")] = None,
    region: Region = None,
    namespace: Namespace = None,
) -> list[Any]:
    """List the executions of the region, or of one job, newest first; a terminal shows the newest 1000."""
    from cloudrun_cli.cli.run.jobs.rows import execution_row
    from cloudrun_cli.controlplane import listing

    present = context()
    if present.reader is None:
        return []
    enough = present.rows_enough
    if _is_plain(present):
        enough = SHOWN
        there = listing.execution_count(present.reader, present.project, present.region, job)
        if there > SHOWN:
            present.tell(f"Showing the newest {SHOWN} of {there} executions; --limit={there} shows all.")
    found = listing.executions(present.reader, present.project, present.region, job, enough, caller=present.account)
    return [execution_row(execution) for execution in found]


@executions.command("describe", examples=["cloudrun run jobs executions describe nightly-k7x2p"])
def describe(execution: ExecutionName, region: Region = None) -> dict[str, Any] | None:
    """Show an execution: how its tasks do, and what they run."""
    from cloudrun_cli.controlplane import executions as verbs

    present = context()
    return _described(present, verbs.get(present.store, _ref(present, execution), caller=present.account))


@executions.command("describe-latest", examples=["cloudrun run jobs executions describe-latest --job=nightly"])
def describe_latest(
    job: Annotated[str, flag("--job", "The job.", names="jobs")], region: Region = None
) -> dict[str, Any] | None:
    """Show the newest execution of a job."""
    from cloudrun_cli.cli.complaints import command_line
    from cloudrun_cli.controlplane import executions as verbs
    from cloudrun_cli.controlplane import jobs as job_verbs
    from cloudrun_cli.core.errors import NotFound
    from cloudrun_cli.core.jobs import JobRef

    present = context()
    place = JobRef(present.project, present.region, job)
    latest = job_verbs.get(present.store, place, caller=present.account).status.latest
    if latest is None:
        execute = command_line(f"run jobs execute {job}")
        raise NotFound(f"Job [{job}] has not been executed yet.", hint=f"Execute it: {execute}")
    return _described(present, verbs.get(present.store, _ref(present, latest.name), caller=present.account))


@executions.command("cancel", examples=["cloudrun run jobs executions cancel nightly-k7x2p --quiet"])
def cancel(
    execution: ExecutionName,
    region: Region = None,
    async_: Annotated[bool, switch("--async", "Return at once, while tasks still stop.")] = False,
) -> None:
    """Cancel an execution: its tasks are told to stop, and those that wait never start."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.cli.run.jobs import following
    from cloudrun_cli.output.progress import OneStep

    present = context()
    confirm(f"Execution [{execution}] will be cancelled.")
    ref = _ref(present, execution)
    if async_:
        following.ask_to_cancel(present, ref)
        present.tell(f"Execution [{execution}] is being cancelled.")
        return
    with OneStep(f"Cancelling [{execution}]", stream=present.err, interactive=present.draws):
        following.ask_to_cancel(present, ref)
        following.cancelled(present, ref)
    present.tell(f"Cancelled execution [{execution}].")


@executions.command("delete", examples=["cloudrun run jobs executions delete nightly-k7x2p --quiet"])
def delete(
    execution: ExecutionName,
    region: Region = None,
    async_: Annotated[bool, switch("--async", "Return at once, while tasks still stop.")] = False,
) -> None:
    """Delete an execution with its tasks. One that runs is cancelled."""
    from cloudrun_cli.cli.run.deleting import confirm, told
    from cloudrun_cli.controlplane import executions as verbs

    present = context()
    confirm(f"Execution [{execution}] will be deleted.")
    with told("execution", execution, async_=async_):
        verbs.delete(present.store, _ref(present, execution), caller=present.account, now=present.now())


def _is_plain(present: Context) -> bool:
    """Whether somebody looks at the table as it is: nothing is said of its rows, and no program reads it."""
    if not present.shows_on_terminal:
        return False
    asked = ("filter", "limit", "sort_by", "uri", "wide_flatten", "wide_format")
    return not any(present.values[name] for name in asked)


def _described(present: Context, found: "Execution") -> dict[str, Any] | None:
    from cloudrun_cli.cli.run.jobs.bodies import execution_body

    body = execution_body(present, found)
    if present.values["wide_format"] is not None:
        return body
    from cloudrun_cli.cli.run.jobs.describing import execution_lines

    present.out.writelines(f"{line}\n" for line in execution_lines(body))
    return None


def _ref(present: Context, execution: str) -> "ExecutionRef":
    from cloudrun_cli.core.jobs import ExecutionRef

    return ExecutionRef(present.project, present.region, execution)
