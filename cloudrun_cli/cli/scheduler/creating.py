"""`cloudrun scheduler jobs create`: http; pubsub and app-engine, whose targets are refused by name."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.parsing import DictOf
from cloudrun_cli.cli.scheduler import flags

creating = Group("scheduler jobs create")

Job = Annotated[str, positional("JOB", "The name of the new schedule.")]
Location = Annotated[
    str | None, flag("--location", "The location of the schedule.", names="regions", property="run/region")
]
When = Annotated[str, flag("--schedule", 'When it fires: "*/5 * * * *", or "every monday 09:00".')]


@creating.command(
    "http",
    families=(flags.NEW, flags.SENT, flags.HTTP),
    examples=[
        'cloudrun scheduler jobs create http ping --schedule="*/5 * * * *" --uri=http://127.0.0.1:8000/ping',
        'cloudrun scheduler jobs create http nightly --schedule="0 3 * * *" --time-zone=Europe/Berlin '
        "--uri=https://run.googleapis.com/v2/projects/demo/locations/us-central1/jobs/nightly:run "
        "--oauth-service-account-email=scheduler@demo.iam.gserviceaccount.com",
    ],
)
def http(
    job: Job,
    schedule: When,
    uri: Annotated[str, flag("--uri", "The address that is called.", flags.Url())],
    location: Location = None,
) -> dict[str, Any]:
    """Create a schedule that calls an address: of a service, of a job's :run, or any other."""
    from cloudrun_cli.controlplane import schedules
    from cloudrun_cli.core.schedules import HttpTarget, RetryPolicy, Schedule
    from cloudrun_cli.core.wire.schedules import schedule_to_json

    present = context()
    values = present.values
    if account := flags.missing_account(values):
        raise Misuse(present.path, f"argument {account}: Must be specified.")
    ref = flags.ref(present.project, present.region, job)
    empty = Schedule(ref, schedule, HttpTarget(uri), present.now(), retry=RetryPolicy(count=0))
    wanted = flags.changed(empty, values)
    made = schedules.create(present.store, wanted, caller=present.account, now=present.now())
    present.wake()
    return schedule_to_json(made)


@creating.command(
    "pubsub",
    families=(flags.NEW, flags.SENT),
    examples=['cloudrun scheduler jobs create pubsub hourly --schedule="0 * * * *" --topic=ticks --message-body=tick'],
)
def pubsub(
    job: Job,
    schedule: When,
    topic: Annotated[str, flag("--topic", "The topic that is published to.")],
    attributes: Annotated[
        dict[str, str] | None, flag("--attributes", "Attributes of the message.", DictOf(), metavar="KEY=VALUE")
    ] = None,
    location: Location = None,
) -> None:
    """Create a schedule that publishes a message. Not built here: it is refused."""
    from cloudrun_cli.core.schedules import check_kind

    check_kind("pubsubTarget")


@creating.command(
    "app-engine",
    families=(flags.NEW, flags.SENT, flags.APP_ENGINE),
    examples=['cloudrun scheduler jobs create app-engine hourly --schedule="0 * * * *" --relative-url=/tick'],
)
def app_engine(
    job: Job,
    schedule: When,
    relative_url: Annotated[str | None, flag("--relative-url", "The path that is called.")] = None,
    service: Annotated[str | None, flag("--service", "The App Engine service.")] = None,
    version: Annotated[str | None, flag("--version", "Its version.")] = None,
    location: Location = None,
) -> None:
    """Create a schedule that calls an App Engine app. There are none here: it is refused."""
    from cloudrun_cli.core.schedules import check_kind

    check_kind("appEngineHttpTarget")
