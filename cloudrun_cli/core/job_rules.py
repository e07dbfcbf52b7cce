"""What a job must be before it is saved, and an execution before it is made. Every refusal names the field, the value
and the rule. Source: Create jobs; quotas and limits; v1, TaskSpec."""

from dataclasses import replace

from cloudrun_cli.core import sidecars
from cloudrun_cli.core.annotations import EXECUTION_ENVIRONMENT
from cloudrun_cli.core.container_changes import GPU_LIMIT
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.jobs import ENVIRONMENT, ContainerOverride, ExecutionTemplate, Job, Overrides
from cloudrun_cli.core.limits import check_range
from cloudrun_cli.core.resources import RevisionTemplate
from cloudrun_cli.core.validation import check_labels, check_template

MAX_TASKS = 10_000  # of an execution
MAX_RETRIES = 10  # of a task
MAX_TIMEOUT_SECONDS = 168 * 3600  # of an attempt
MAX_GPU_TIMEOUT_SECONDS = 3600
_SPEC, _TASK = "spec.template.spec", "spec.template.spec.template.spec"
_CONTAINERS = f"{_TASK}.containers"


def check_job(job: Job) -> None:
    """Nothing when the job may be saved. Raises InvalidArgument for the first thing that is wrong."""
    check_labels(job.labels)
    check_execution_template(job.template)


def check_execution_template(template: ExecutionTemplate) -> None:
    """Nothing when executions may be made of it."""
    check_range(f"{_SPEC}.taskCount", template.tasks, 1, MAX_TASKS)
    check_range(f"{_SPEC}.parallelism", template.parallelism, 0, None)
    check_range(f"{_TASK}.maxRetries", template.max_retries, 0, MAX_RETRIES)
    _check_timeout(template.task)
    _check_serves_nobody(template.task)
    generation = template.task.annotations.get(EXECUTION_ENVIRONMENT, ENVIRONMENT)
    if generation != ENVIRONMENT:
        raise _refused(
            f"spec.template.metadata.annotations[{EXECUTION_ENVIRONMENT}]",
            f"Invalid value [{generation}]. Tasks run in {ENVIRONMENT} only.",
        )
    try:
        check_template(template.task, serves=False)
    except InvalidArgument as error:  # the rules of a revision, at another place of the document
        field = _placed(error.field) if error.field else None
        raise InvalidArgument(_placed(error.message), field=field, hint=error.hint) from error


def overridden(template: ExecutionTemplate, overrides: Overrides) -> ExecutionTemplate:
    """The template with what is asked for one execution only. Raises InvalidArgument for a container that is not there,
    and for what no job may have."""
    task = template.task
    for override in overrides.containers:
        task = _with_override(task, override)
    if overrides.timeout is not None:
        task = replace(task, timeout=overrides.timeout)
    out = replace(template, task=task, tasks=template.tasks if overrides.tasks is None else overrides.tasks)
    check_execution_template(out)
    return out


def _check_timeout(task: RevisionTemplate) -> None:
    with_gpu = any(c.limits.get(GPU_LIMIT, "0") != "0" for c in task.containers)
    most = MAX_GPU_TIMEOUT_SECONDS if with_gpu else MAX_TIMEOUT_SECONDS
    check_range(f"{_TASK}.timeoutSeconds", int(task.timeout.total_seconds()), 1, most)


def _check_serves_nobody(task: RevisionTemplate) -> None:
    """Nothing when nothing is said that only has a meaning where requests come in."""
    for index, container in enumerate(task.containers):
        for key, value in (
            ("ports", container.port),
            ("livenessProbe", container.liveness_probe),
            ("readinessProbe", container.readiness_probe),
        ):
            if value is not None:
                raise _refused(f"{_CONTAINERS}[{index}].{key}", "A task gets no requests, so it has none.")
    if task.concurrency is not None:
        raise _refused(f"{_TASK}.containerConcurrency", "A task gets no requests, so it has none.")
    if task.min_instances is not None or task.max_instances is not None:
        raise _refused(
            "spec.template.metadata.annotations",
            "A job is not scaled: taskCount and parallelism say how many instances it has.",
        )


def _with_override(task: RevisionTemplate, override: ContainerOverride) -> RevisionTemplate:
    names = sidecars.names(task.containers)
    if len(names) > 1 and override.name not in names:
        field = "overrides.containerOverrides.name"
        said = f"There is no container [{override.name}]" if override.name else "A container must be named"
        raise InvalidArgument(f"{field}: {said}; the job has [{', '.join(names)}].", field=field)
    place = names.index(override.name) if len(names) > 1 else 0
    container = task.containers[place]
    changed = {variable.name: variable for variable in override.env}
    env = tuple(changed.pop(variable.name, variable) for variable in container.env)
    container = replace(
        container,
        args=container.args if override.args is None else override.args,
        env=(*env, *changed.values()),
    )
    return replace(task, containers=(*task.containers[:place], container, *task.containers[place + 1 :]))


def _placed(text: str) -> str:
    return text.replace(f"{_SPEC}.", f"{_TASK}.")


def _refused(field: str, why: str) -> InvalidArgument:
    return InvalidArgument(f"{field}: {why}", field=field)
