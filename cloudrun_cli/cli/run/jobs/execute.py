"""`cloudrun run jobs execute`: run the tasks of a job, as it is or with something else for this once."""

from typing import TYPE_CHECKING, Annotated, Any

from cloudrun_cli.cli.command import positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.families import CONTAINERS, Family, Values, per_container, toggle, value
from cloudrun_cli.cli.run.flags import containers, env, tasks
from cloudrun_cli.cli.run.jobs.jobs import jobs

if TYPE_CHECKING:
    from cloudrun_cli.core.jobs import ContainerOverride, Execution, JobRef, Overrides

FAMILIES = (
    Family(
        (
            value("--region", "The region of the job.", names="regions", property="run/region"),
            toggle("--async", "Return at once, before a task has started.", default=False),
            toggle("--wait", "Return when the execution is over; its failure is that of the command.", default=False),
        ),
        (("--async", "--wait"),),
    ),
    tasks.FAMILY.only("--tasks", "--task-timeout"),
    containers.FAMILY.only(
        *("--container", "--args"),
        told={
            "--container": "The container that the flags after it are about.",
            "--args": "Arguments of the container, for this execution; empty for none.",
        },
    ),
    env.FAMILY.only(
        "--update-env-vars",
        told={"--update-env-vars": "Environment variables to add or change, for this execution."},
    ),
)


@jobs.command(
    "execute",
    format="none",
    families=FAMILIES,
    examples=[
        "cloudrun run jobs execute nightly --wait",
        "cloudrun run jobs execute nightly --tasks=3 --update-env-vars=BATCH=5",
        "cloudrun run jobs execute nightly --async --format='value(metadata.name)'",
    ],
)
def execute(job: Annotated[str | None, positional("JOB", "The job to execute.", names="jobs")] = None) -> Any:
    """Execute a job. What is given beside its name holds for this execution only."""
    from cloudrun_cli.cli.run.jobs import following
    from cloudrun_cli.cli.run.jobs.bodies import EXECUTION_TYPE, execution_body
    from cloudrun_cli.cli.run.naming import job_name
    from cloudrun_cli.controlplane import jobs as job_verbs
    from cloudrun_cli.core.jobs import JobRef
    from cloudrun_cli.output.progress import StagedProgress

    present = context()
    values = present.values
    ref = JobRef(present.project, present.region, job_name(present, job))
    only_now = overrides(values)
    if values["async"]:
        made = started(present, ref, only_now)
        present.tell(f"Execution [{made.ref.name}] is being started asynchronously.")
    else:
        if job_verbs.find(present.store, ref) is not None:
            present.wake()  # and says so, before the story begins
        stages = following.STAGES if values["wait"] else following.START_STAGES
        with StagedProgress(
            "Creating execution...",
            stages,
            stream=present.err,
            interactive=present.draws,
            failure_word="Executing job failed",
        ) as progress:
            made = started(present, ref, only_now)
            made = following.execution(present, made, progress, wait=values["wait"])
        following.tell_note(present, made)
        how = "completed" if values["wait"] else "started running"
        present.tell(f"Execution [{made.ref.name}] has successfully {how}.")
    present.tell(f"\n{following.view(present, made.ref)}")
    return {"@type": EXECUTION_TYPE, **execution_body(present, made)}


def started(present: Context, ref: "JobRef", only_now: "Overrides | None" = None) -> "Execution":
    """A new execution of the job, and somebody to run it. Raises NotFound, InvalidArgument, ResourceExhausted."""
    from cloudrun_cli.controlplane import executions as verbs
    from cloudrun_cli.core.jobs import NO_OVERRIDES

    made = verbs.run(
        present.store,
        ref,
        only_now or NO_OVERRIDES,
        caller=present.account,
        now=present.now(),
        random=present.random,
    )
    present.wake()
    present.ring()
    return made


def overrides(values: Values) -> "Overrides":
    """What is asked for this execution only. Raises InvalidArgument."""
    from cloudrun_cli.core.jobs import Overrides

    named = values.get(CONTAINERS) or {}
    found = [_override(name, own) for name, own in per_container(values)]
    for name, override in zip(named, found, strict=False):
        if override is None:
            from cloudrun_cli.core.errors import InvalidArgument

            raise InvalidArgument(
                f"No container overrides requested to container `{name}`. Did you mean to include the flags "
                "`--update-env-vars`, `--args` after `--container` flag?",
                field="--container",
            )
    return Overrides(
        containers=tuple(override for override in found if override is not None),
        tasks=values["tasks"],
        timeout=values["task_timeout"],
    )


def _override(name: str, own: Values) -> "ContainerOverride | None":
    """What is asked of one container; None for nothing."""
    if own["args"] is None and not own["update_env_vars"]:
        return None
    from cloudrun_cli.core.container_rules import check_env_name
    from cloudrun_cli.core.jobs import ContainerOverride
    from cloudrun_cli.core.resources import EnvVar

    variables = own["update_env_vars"] or {}
    for variable in variables:
        check_env_name(variable, "overrides.containerOverrides[0].env")
    args = None if own["args"] is None else tuple(own["args"])
    return ContainerOverride(name, args, tuple(EnvVar(key, text) for key, text in variables.items()))
