"""How many tasks an execution of a job has, how many of them run at once, and how often and how long each may try."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, toggle, value
from cloudrun_cli.cli.parsing import Duration, Integer

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

FLAGS = (
    value("--tasks", "Tasks of an execution; it succeeds when all of them do.", Integer(1)),
    value("--parallelism", "Tasks that run at once; 0 is as many as there is room for.", Integer(0)),
    value("--max-retries", "How often a task that failed is tried again.", Integer(0)),
    value("--task-timeout", "How long one attempt of a task may take: 600, 10m, 2h.", Duration("1s")),
)


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core import job_changes as ask
    from cloudrun_cli.core.changes import TimeoutChange

    out: list[Change] = []
    if values["tasks"] is not None:
        out.append(ask.TasksChange(values["tasks"]))
    if values["parallelism"] is not None:
        out.append(ask.ParallelismChange(values["parallelism"]))
    if values["max_retries"] is not None:
        out.append(ask.RetriesChange(values["max_retries"]))
    if values["task_timeout"] is not None:
        out.append(TimeoutChange(values["task_timeout"]))
    return out


FAMILY = Family(FLAGS, whole=_whole)

# Where the job is, and whether it is executed once it is saved.
WRITING = Family(
    (
        value("--region", "The region of the job.", names="regions", property="run/region"),
        toggle("--async", "Return at once, while it goes on.", default=False),
        toggle("--execute-now", "Execute the job once it is saved.", default=False),
        toggle("--wait", "Execute the job, and wait until the execution is over.", default=False),
        value("--client-name", "The program that asks through this one.", hidden=True),
        value("--client-version", "Its version.", hidden=True),
    ),
    (("--async", ("--execute-now", "--wait")),),
)
