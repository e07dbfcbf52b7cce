"""The v1 objects of one job, execution or task, as `describe` prints them."""

from typing import Any

from cloudrun_cli.cli.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.jobs import Execution, Job

Json = dict[str, Any]

JOB_TYPE, EXECUTION_TYPE = (f"type.googleapis.com/google.cloud.run.v1.{kind}" for kind in ("Job", "Execution"))


def job_body(present: Context, job: "Job") -> Json:
    """The job in v1."""
    from cloudrun_cli.core.wire.v1_jobs import job_to_json

    return job_to_json(job, _number(present))


def execution_body(present: Context, execution: "Execution") -> Json:
    """The execution in v1."""
    from cloudrun_cli.core.wire.v1_executions import execution_to_json

    return execution_to_json(execution, _number(present))


def task_body(present: Context, name: str) -> Json:
    """A task of the region of this call in v1, by its name. Raises NotFound."""
    from cloudrun_cli.controlplane import executions as execution_verbs
    from cloudrun_cli.controlplane import tasks as verbs
    from cloudrun_cli.core.errors import NotFound
    from cloudrun_cli.core.jobs import ExecutionRef, split_task_name
    from cloudrun_cli.core.wire.v1_tasks import task_to_json

    missing = NotFound(f"Cannot find task [{name}].", field="task")
    found = split_task_name(name)
    if found is None:
        raise missing
    ref = ExecutionRef(present.project, present.region, found[0])
    try:
        task = verbs.get(present.store, ref, found[1], caller=present.account)
        return task_to_json(task, execution_verbs.get(present.store, ref), _number(present))
    except NotFound as error:
        raise missing from error


def _number(present: Context) -> str:
    from cloudrun_cli.store import projects

    return projects.number(present.store, present.project) or ""
