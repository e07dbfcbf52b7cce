"""What creating, deploying and updating a job have in common: the story around what is saved, and its execution."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.families import Family, Values, changes

if TYPE_CHECKING:
    from cloudrun_cli.controlplane.jobs import Writing
    from cloudrun_cli.core.changes import Change
    from cloudrun_cli.core.jobs import Execution, Job, JobRef
    from cloudrun_cli.output.progress import StagedProgress

FAILED = "Job failed to deploy"


def place(ref: "JobRef") -> str:
    """Which job it is about, as the story begins with it."""
    return f"Cloud Run job [{ref.name}] in project [{ref.project}] region [{ref.region}]"


def asked(present: Context, ref: "JobRef", families: Sequence[Family], values: Values) -> "list[Change]":
    """What the flags ask for; those that mean nothing here are named once. Raises InvalidArgument, Aborted."""
    from cloudrun_cli.cli.run.outcomes import confirm_without_connector, tell_recorded

    found = changes(families, values)
    if values.get("clear_vpc_connector"):
        from cloudrun_cli.controlplane import jobs as verbs

        job = verbs.find(present.store, ref)
        confirm_without_connector(present, f"job [{ref.name}]", job.template.task.annotations if job else {})
    tell_recorded(present, families, values)
    return found


def write(
    present: Context,
    ref: "JobRef",
    doing: str,
    done: str,
    save: "Callable[[StagedProgress | None], Job]",
    *,
    stages: tuple[tuple[str, str], ...] = (),
    built: bool = False,
) -> dict[str, Any]:
    """Save a job and, if asked, execute it: the v1 Job as the answer. `doing` and `done` are the verb: `Creating`,
    `created`. Raises what saving raises, and FailedPrecondition for an execution that fails."""
    from cloudrun_cli.cli.run.jobs import following
    from cloudrun_cli.cli.run.jobs.bodies import JOB_TYPE, job_body
    from cloudrun_cli.cli.run.jobs.execute import started
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.output.progress import StagedProgress

    values = present.values
    execute = values["execute_now"] or values["wait"]
    execution: Execution | None = None
    if values["async"] and not built:
        job = save(None)
        present.ring()
        present.tell(f"Job [{ref.name}] is being {done} asynchronously.")
    else:
        if execute or built:
            present.wake()
        if execute:
            stages += following.STAGES if values["wait"] else following.START_STAGES
        interactive = present.draws
        title = _title(doing, built=built, execute=execute)
        with StagedProgress(
            title, stages, stream=present.err, interactive=interactive, failure_word=FAILED
        ) as progress:
            job = save(progress)
            present.ring()
            if execute:
                execution = started(present, ref)
                execution = following.execution(present, execution, progress, wait=values["wait"])
        outcome = ""
        if execution is not None:
            following.tell_note(present, execution)
            how = "completed" if values["wait"] else "started running"
            outcome = f" and {how} execution [{execution.ref.name}]"
        present.tell(f"Job [{ref.name}] has successfully been {done}{outcome}.")
    if execution is not None:
        present.tell(f"\n{following.view(present, execution.ref)}")
    again = " again" if execution is not None else ""
    tell_how_to_execute(present, ref, again)
    return {"@type": JOB_TYPE, **job_body(present, verbs.find(present.store, ref) or job)}


def tell_how_to_execute(present: Context, ref: "JobRef", again: str = "") -> None:
    """What to type next."""
    from cloudrun_cli.cli.complaints import command_line
    from cloudrun_cli.cli.run.outcomes import where

    execute = command_line(f"run jobs execute {ref.name}{where(present, ref)}")
    present.tell(f"\nTo execute this job{again}, use:\n{execute}")


def _title(doing: str, *, built: bool, execute: bool) -> str:
    """`Creating and running job...`, `Building, creating and running job...`."""
    if built and execute:
        return f"Building, {doing.lower()} and running job..."
    if built:
        return f"Building and {doing.lower()} job..."
    return f"{doing} and running job..." if execute else f"{doing} job..."


def of(values: Values, *, validate_only: bool = False) -> "Writing":
    """How the job is written: with the program that asks through this one, if it says so."""
    from cloudrun_cli.controlplane.jobs import Writing
    from cloudrun_cli.core.annotations import CLIENT_NAME, CLIENT_VERSION

    said = {CLIENT_NAME: values["client_name"], CLIENT_VERSION: values["client_version"]}
    return Writing(validate_only, {key: text for key, text in said.items() if text})
