"""`cloudrun scheduler jobs update`: http; pubsub and app-engine, whose targets are refused by name."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.parsing import DictOf, ListOf
from cloudrun_cli.cli.scheduler import flags

updating = Group("scheduler jobs update")

Job = Annotated[str, positional("JOB", "The schedule.", names="schedules")]
Location = Annotated[
    str | None, flag("--location", "The location of the schedule.", names="regions", property="run/region")
]
When = Annotated[str | None, flag("--schedule", 'When it fires: "*/5 * * * *", or "every monday 09:00".')]


@updating.command(
    "http",
    families=(flags.CHANGED, flags.CHANGED_SENT, flags.CHANGED_HTTP),
    examples=[
        'cloudrun scheduler jobs update http ping --schedule="*/10 * * * *"',
        "cloudrun scheduler jobs update http ping --max-retry-attempts=2 --update-headers=X-Kind=nightly",
    ],
)
def http(
    job: Job,
    schedule: When = None,
    uri: Annotated[str | None, flag("--uri", "The address that is called.", flags.Url())] = None,
    location: Location = None,
) -> dict[str, Any]:
    """Change a schedule that calls an address; what is not given stays as it is."""
    from cloudrun_cli.controlplane import schedules
    from cloudrun_cli.core.wire.schedules import schedule_to_json

    present = context()
    values = present.values
    if account := flags.missing_account(values):
        raise Misuse(present.path, f"argument {account}: Must be specified.")
    made = schedules.update(
        present.store,
        flags.ref(present.project, present.region, job),
        lambda found: flags.changed(found, values),
        caller=present.account,
        now=present.now(),
    )
    present.wake()
    return schedule_to_json(made)


@updating.command(
    "pubsub",
    families=(flags.CHANGED, flags.SENT),
    exclusive=[("--clear-attributes", ("--update-attributes", "--remove-attributes"))],
    examples=["cloudrun scheduler jobs update pubsub hourly --message-body=tock"],
)
def pubsub(
    job: Job,
    schedule: When = None,
    topic: Annotated[str | None, flag("--topic", "The topic that is published to.")] = None,
    update_attributes: Annotated[
        dict[str, str] | None,
        flag("--update-attributes", "Attributes to add or change.", DictOf(), metavar="KEY=VALUE"),
    ] = None,
    remove_attributes: Annotated[list[str] | None, flag("--remove-attributes", "Attributes to remove.", ListOf())] = (
        None
    ),
    clear_attributes: Annotated[bool, switch("--clear-attributes", "Remove all attributes.")] = False,
    location: Location = None,
) -> None:
    """Change a schedule that publishes a message. Not built here: it is refused."""
    from cloudrun_cli.core.schedules import check_kind

    check_kind("pubsubTarget")


@updating.command(
    "app-engine",
    families=(flags.CHANGED, flags.CHANGED_SENT, flags.CHANGED_APP_ENGINE),
    exclusive=[("--relative-url", "--clear-relative-url"), ("--service", "--clear-service")],
    examples=["cloudrun scheduler jobs update app-engine hourly --relative-url=/tock"],
)
def app_engine(
    job: Job,
    schedule: When = None,
    relative_url: Annotated[str | None, flag("--relative-url", "The path that is called.")] = None,
    clear_relative_url: Annotated[bool, switch("--clear-relative-url", "Back to the path /.")] = False,
    service: Annotated[str | None, flag("--service", "The App Engine service.")] = None,
    clear_service: Annotated[bool, switch("--clear-service", "Back to the service default.")] = False,
    version: Annotated[str | None, flag("--version", "Its version.")] = None,
    location: Location = None,
) -> None:
    """Change a schedule that calls an App Engine app. There are none here: it is refused."""
    from cloudrun_cli.core.schedules import check_kind

    check_kind("appEngineHttpTarget")
