"""`logs read` and `logs tail` under `run jobs`, `run jobs executions` and `run jobs executions tasks`."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.run.jobs.labels import EXECUTION, INDEX
from cloudrun_cli.cli.run.service_logs import Freshness, Limit, LogFilter, Order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta

    from cloudrun_cli.core.jobs import JobRef

job_logs = Group("run jobs logs")
execution_logs = Group("run jobs executions logs")
task_logs = Group("run jobs executions tasks logs")

Region = Annotated[str | None, flag("--region", "The region of the job.", names="regions", property="run/region")]
Job = Annotated[str, positional("JOB", "The job.", names="jobs")]
Execution = Annotated[str, positional("EXECUTION", "The execution.", names="executions")]
Task = Annotated[str, positional("TASK", "The task: EXECUTION-taskINDEX.", names="tasks")]


@job_logs.command(
    "read",
    examples=[
        "cloudrun run jobs logs read nightly --limit=20",
        "cloudrun run jobs logs read nightly --log-filter='severity>=ERROR'",
    ],
)
def read(
    job: Job,
    region: Region = None,
    limit: Limit = None,
    order: Order = "desc",
    freshness: Freshness = None,
    log_filter: LogFilter = None,
) -> list[dict[str, Any]] | None:
    """Print the log entries of a job, oldest first: what its tasks wrote, and what happened to them."""
    present = context()
    return _read(present, _job(present, job), {}, limit, order, freshness, log_filter)


@job_logs.command("tail", examples=["cloudrun run jobs logs tail nightly"])
def tail(job: Job, region: Region = None, log_filter: LogFilter = None) -> None:
    """Print the log entries of a job as they come, until Ctrl-C."""
    present = context()
    _tail(present, _job(present, job), {}, log_filter)


@execution_logs.command("read", examples=["cloudrun run jobs executions logs read nightly-k7x2p --limit=20"])
def read_of_execution(
    execution: Execution,
    region: Region = None,
    limit: Limit = None,
    order: Order = "desc",
    freshness: Freshness = None,
    log_filter: LogFilter = None,
) -> list[dict[str, Any]] | None:
    """Print the log entries of an execution, oldest first."""
    present = context()
    return _read(present, _job_of(present, execution), {EXECUTION: execution}, limit, order, freshness, log_filter)


@execution_logs.command("tail", examples=["cloudrun run jobs executions logs tail nightly-k7x2p"])
def tail_of_execution(execution: Execution, region: Region = None, log_filter: LogFilter = None) -> None:
    """Print the log entries of an execution as they come, until Ctrl-C."""
    present = context()
    _tail(present, _job_of(present, execution), {EXECUTION: execution}, log_filter)


@task_logs.command("read", examples=["cloudrun run jobs executions tasks logs read nightly-k7x2p-task0"])
def read_of_task(
    task: Task,
    region: Region = None,
    limit: Limit = None,
    order: Order = "desc",
    freshness: Freshness = None,
    log_filter: LogFilter = None,
) -> list[dict[str, Any]] | None:
    """Print the log entries of one task, all its attempts, oldest first."""
    present = context()
    execution, index = _split(task)
    labels = {EXECUTION: execution, INDEX: index}
    return _read(present, _job_of(present, execution), labels, limit, order, freshness, log_filter)


@task_logs.command("tail", examples=["cloudrun run jobs executions tasks logs tail nightly-k7x2p-task0"])
def tail_of_task(task: Task, region: Region = None, log_filter: LogFilter = None) -> None:
    """Print the log entries of one task as they come, until Ctrl-C."""
    present = context()
    execution, index = _split(task)
    _tail(present, _job_of(present, execution), {EXECUTION: execution, INDEX: index}, log_filter)


def _read(
    present: Context,
    job: "JobRef",
    labels: dict[str, str],
    limit: int | None,
    order: str,
    freshness: "timedelta | None",
    log_filter: str | None,
) -> list[dict[str, Any]] | None:
    from cloudrun_cli.cli.run import log_entries

    wanted = log_entries.wanted_by(log_filter, own=labels.items())
    age = log_entries.age(freshness, log_filter)
    entries = log_entries.recent(present, _folder(present, job), wanted, limit=limit, order=order, freshness=age)
    return log_entries.shown(present, entries)


def _tail(present: Context, job: "JobRef", labels: dict[str, str], log_filter: str | None) -> None:
    from cloudrun_cli.cli.run import log_entries

    log_entries.follow(present, _folder(present, job), log_entries.wanted_by(log_filter, own=labels.items()))


def _folder(present: Context, job: "JobRef") -> str:
    from cloudrun_cli.store.logs import folder

    return folder(present.home, job.project, job.region, job.name, "jobs")


def _job(present: Context, name: str) -> "JobRef":
    """The job. Raises NotFound."""
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.core.jobs import JobRef

    return verbs.get(
        present.store, JobRef(present.project, present.region, name), caller=present.account, verb="logs read"
    ).ref


def _job_of(present: Context, execution: str) -> "JobRef":
    """The job of an execution. Raises NotFound."""
    from cloudrun_cli.controlplane import executions as verbs
    from cloudrun_cli.core.jobs import ExecutionRef, JobRef

    ref = ExecutionRef(present.project, present.region, execution)
    found = verbs.get(present.store, ref, caller=present.account, verb="logs read")
    return JobRef(found.ref.project, found.ref.region, found.job)


def _split(task: str) -> tuple[str, str]:
    """The execution and the index that the name of a task says. Raises NotFound."""
    from cloudrun_cli.core.errors import NotFound
    from cloudrun_cli.core.jobs import split_task_name

    found = split_task_name(task)
    if found is None:
        raise NotFound(f"Cannot find task [{task}].", field="task")
    return found[0], str(found[1])
