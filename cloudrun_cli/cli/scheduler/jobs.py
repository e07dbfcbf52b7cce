"""`cloudrun scheduler jobs`: list, describe, run, pause, resume, delete."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import Context, context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.schedules import ScheduleRef

jobs = Group("scheduler jobs")

Job = Annotated[str, positional("JOB", "The schedule.", names="schedules")]
Location = Annotated[
    str | None, flag("--location", "The location of the schedule.", names="regions", property="run/region")
]
TABLE = """table(
    name.basename():label=ID,
    name.segment(-3):label=LOCATION,
    format("{0} ({1})", schedule, timeZone):label="SCHEDULE (TZ)",
    format("{0}{1}{2}",
        pubsubTarget.yesno(yes="Pub/Sub", no=""),
        appEngineHttpTarget.yesno(yes="App Engine", no=""),
        httpTarget.yesno(yes="HTTP", no="")):label=TARGET_TYPE,
    state:label=STATE)"""


def address(job: Any) -> str:
    """Where the API would have the schedule."""
    return f"http://cloudscheduler.localhost:{context().edge.http_port}/v1/{job['name']}"


@jobs.command(
    "list",
    format=TABLE,
    uri=address,
    examples=["cloudrun scheduler jobs list", "cloudrun scheduler jobs list --location=us-central1 --format=json"],
)
def list_(
    location: Annotated[str | None, flag("--location", "Only those of this location.", names="regions")] = None,
) -> list[dict[str, Any]]:
    """List the schedules of the project."""
    from cloudrun_cli.controlplane import schedules
    from cloudrun_cli.core.wire.schedules import schedule_to_json

    present = context()
    if present.reader is None:
        return []
    region = None if location == "-" else location
    found = schedules.everything(present.reader, present.project, region, caller=present.account)
    return [schedule_to_json(one) for one in found]


@jobs.command("describe", examples=["cloudrun scheduler jobs describe ping --location=us-central1"])
def describe(job: Job, location: Location = None) -> dict[str, Any]:
    """Show a schedule: what it calls and when, its next tick, and how its last attempt ended."""
    from cloudrun_cli.controlplane import schedules
    from cloudrun_cli.core.wire.schedules import schedule_to_json

    present = context()
    return schedule_to_json(schedules.get(present.store, _ref(present, job), caller=present.account))


@jobs.command("run", examples=["cloudrun scheduler jobs run ping --location=us-central1"])
def run(job: Job, location: Location = None) -> None:
    """Let a schedule fire now, whether or not it is paused."""
    from cloudrun_cli.controlplane import schedules

    present = context()
    schedules.run(present.store, _ref(present, job), caller=present.account, now=present.now())
    present.wake()


@jobs.command("pause", examples=["cloudrun scheduler jobs pause ping"])
def pause(job: Job, location: Location = None) -> None:
    """Let a schedule fire no more until it is resumed."""
    from cloudrun_cli.controlplane import schedules

    present = context()
    schedules.pause(present.store, _ref(present, job), caller=present.account, now=present.now())
    present.ring()
    present.tell("Job has been paused.")


@jobs.command("resume", examples=["cloudrun scheduler jobs resume ping"])
def resume(job: Job, location: Location = None) -> None:
    """Let a schedule that was paused, or imported, fire again; the ticks that went by meanwhile are gone."""
    from cloudrun_cli.controlplane import schedules

    present = context()
    schedules.resume(present.store, _ref(present, job), caller=present.account, now=present.now())
    present.wake()
    present.tell("Job has been resumed.")


@jobs.command("delete", examples=["cloudrun scheduler jobs delete ping --quiet"])
def delete(job: Job, location: Location = None) -> None:
    """Delete a schedule; it fires no more."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.controlplane import schedules

    present = context()
    ref = _ref(present, job)
    confirm(f"You are about to delete job [{ref.name}]")
    schedules.delete(present.store, ref, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"Deleted job [{ref.name}].")


def _ref(present: Context, job: str) -> "ScheduleRef":
    from cloudrun_cli.cli.scheduler.flags import ref

    return ref(present.project, present.region, job)
