"""`cloudrun run jobs executions tasks`: list, describe."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.families import Family, toggle

tasks = Group("run jobs executions tasks")

Region = Annotated[str | None, flag("--region", "The region of the execution.", names="regions", property="run/region")]
Task = Annotated[str, positional("TASK", "The task: EXECUTION-taskINDEX.", names="tasks")]


# What each of the flags of states takes in. Source: gcloud run jobs executions tasks list
STATES = {
    "--succeeded": ("Succeeded",),
    "--failed": ("Failed",),
    "--cancelled": ("Cancelled",),
    "--running": ("Running",),
    "--abandoned": ("Abandoned",),
    "--pending": ("Pending",),
    "--completed": ("Succeeded", "Failed", "Cancelled"),
    "--no-completed": ("Running", "Pending"),
    "--started": ("Succeeded", "Failed", "Cancelled", "Running"),
    "--no-started": ("Pending", "Abandoned"),
}
FAMILY = Family(
    tuple(
        toggle(name, f"Include tasks that are {' or '.join(taken).lower()}.", default=False, negatable=False)
        for name, taken in STATES.items()
    )
)

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    index:label=INDEX,
    running_state:label=STATE,
    name:label=TASK,
    start_time.date("%Y-%m-%d %H:%M:%S %Z"):label=STARTED,
    completion_time.date("%Y-%m-%d %H:%M:%S %Z"):label=COMPLETED,
    retries:label=RETRIES)
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(task: Any) -> str:
    """Where the API has the task."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(task, context().edge)


@tasks.command(
    "list",
    format=TABLE,
    uri=address,
    families=(FAMILY,),
    examples=[
        "cloudrun run jobs executions tasks list --execution=nightly-k7x2p",
        "cloudrun run jobs executions tasks list --execution=nightly-k7x2p --failed --running",
    ],
)
def list_(
    execution: Annotated[str, flag("--execution", "The execution.", names="executions")],
    region: Region = None,
) -> list[Any]:
    """List the tasks of an execution, by index; of several states those in any of them."""
    from cloudrun_cli.cli.run.jobs.rows import task_row
    from cloudrun_cli.controlplane import listing

    present = context()
    if present.reader is None:
        return []
    states = {state for flag in FAMILY.flags if present.values[flag.variable] for state in STATES[flag.name]}
    place = present.project, present.region
    found = listing.tasks(
        present.reader, *place, execution, sorted(states), present.rows_enough, caller=present.account
    )
    return [task_row(task) for task in found]


@tasks.command("describe", examples=["cloudrun run jobs executions tasks describe nightly-k7x2p-task0"])
def describe(task: Task, region: Region = None) -> dict[str, Any] | None:
    """Show a task: where it is, how its last attempt ended, and what it runs."""
    from cloudrun_cli.cli.run.jobs.bodies import task_body

    present = context()
    body = task_body(present, task)
    if present.values["wide_format"] is not None:
        return body
    from cloudrun_cli.cli.run.jobs.describing import task_lines
    from cloudrun_cli.controlplane import tasks as verbs
    from cloudrun_cli.core.jobs import ExecutionRef

    name = body["metadata"]["labels"]["run.googleapis.com/execution"]
    execution = ExecutionRef(present.project, present.region, name)
    attempts = verbs.attempts(present.store, execution, body["status"].get("index", 0))
    present.out.writelines(f"{line}\n" for line in task_lines(body, attempts))
    return None
