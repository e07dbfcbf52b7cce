"""`cloudrun run services update-traffic`: who gets which share of a service's requests."""

import sys
from typing import Annotated, Any

import typer

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import DictOf, ListOf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.controlplane.traffic import Plan
    from cloudrun_cli.core.resources import RevisionName, Service, ServiceRef
    from cloudrun_cli.core.traffic import Targets, TrafficChange

services = Group("run services")

PLAN = """table(
    revision:label=REVISION,
    before:label=BEFORE,
    after:label=AFTER,
    nextDeploy:label="AT THE NEXT DEPLOY",
    tags.list():label=TAGS)"""


@services.command(
    "update-traffic",
    format=PLAN,
    exclusive=[
        ("--to-latest", "--to-revisions", "--to-tags"),
        ("--clear-tags", "--set-tags", ("--remove-tags", "--update-tags")),
    ],
    examples=[
        "cloudrun run services update-traffic hello --to-latest",
        "cloudrun run services update-traffic hello --to-revisions=hello-00002-def=20",
        "cloudrun run services update-traffic hello --to-revisions=LATEST=10 --dry-run",
        "cloudrun run services update-traffic hello --set-tags=blue=hello-00001-abc,next=LATEST",
    ],
)
def update_traffic(
    service: Annotated[
        str | None, positional("SERVICE", "The service whose traffic is updated.", names="services")
    ] = None,
    to_latest: Annotated[bool, switch("--to-latest", "Send all traffic to the latest ready revision.")] = False,
    to_revisions: Annotated[
        dict[str, str] | None,
        flag(
            "--to-revisions",
            "Shares of revisions, or of LATEST; the others share the rest.",
            DictOf(repeatable=True),
            metavar="REVISION-NAME=PERCENTAGE",
            names="revisions",
        ),
    ] = None,
    to_tags: Annotated[
        dict[str, str] | None,
        flag(
            "--to-tags",
            "Shares of the revisions that have these tags; the others share the rest.",
            DictOf(repeatable=True),
            metavar="TAG=PERCENTAGE",
            names="tags",
        ),
    ] = None,
    set_tags: Annotated[
        dict[str, str] | None,
        flag(
            "--set-tags",
            "Tags of revisions, or of LATEST, instead of all there are.",
            DictOf(repeatable=True),
            metavar="TAG=REVISION",
            names="tags",
        ),
    ] = None,
    update_tags: Annotated[
        dict[str, str] | None,
        flag(
            "--update-tags",
            "Tags to set or to move to another revision.",
            DictOf(repeatable=True),
            metavar="TAG=REVISION",
            names="tags",
        ),
    ] = None,
    remove_tags: Annotated[
        list[str] | None,
        flag("--remove-tags", "Tags to remove.", ListOf(repeatable=True), metavar="TAG", names="tags"),
    ] = None,
    clear_tags: Annotated[bool, switch("--clear-tags", "Remove all tags.")] = False,
    dry_run: Annotated[
        bool, switch("--dry-run", "Show the traffic before and after, and change nothing.", negatable=False)
    ] = False,
    async_: Annotated[bool, switch("--async", "Return at once, while the traffic still moves.")] = False,
    region: Annotated[
        str | None, flag("--region", "The region of the service.", names="regions", property="run/region")
    ] = None,
    namespace: Annotated[
        str | None, flag("--namespace", "The project of the service.", names="projects", property="core/project")
    ] = None,
) -> list[dict[str, Any]] | None:
    """Change which revisions of a service get which share of its requests, and their tags."""
    from cloudrun_cli.cli.run.naming import service_name
    from cloudrun_cli.controlplane import traffic as verbs
    from cloudrun_cli.core.errors import PermissionDenied
    from cloudrun_cli.core.resources import ServiceRef

    present = context()
    change = _change(to_latest, to_revisions, to_tags, set_tags, update_tags, remove_tags, clear_tags)
    ref = ServiceRef(present.project, present.region, service_name(present, service))
    if dry_run:
        return _shown_plan(verbs.plan(present.store, ref, change, caller=present.account))
    if async_:
        _save(present, ref, change)
        present.tell("Updating traffic asynchronously.")
        return None
    try:
        _update(present, ref, change)
    except PermissionDenied:
        raise
    except BaseException:
        _show(present, ref)  # as it is: what was asked for, and what is served
        raise
    return _show(present, ref)


def _change(
    to_latest: bool,
    to_revisions: dict[str, str] | None,
    to_tags: dict[str, str] | None,
    set_tags: dict[str, str] | None,
    update_tags: dict[str, str] | None,
    remove_tags: list[str] | None,
    clear_tags: bool,
) -> "TrafficChange":
    """What the flags ask for. Raises InvalidTraffic when that is nothing."""
    from cloudrun_cli.core.errors import InvalidTraffic
    from cloudrun_cli.core.resources import Tag
    from cloudrun_cli.core.traffic import TrafficChange, parse_key, parse_percent

    try:
        percents = {parse_key(key): parse_percent(value) for key, value in (to_revisions or {}).items()}
        tag_percents = {Tag(tag): parse_percent(value) for tag, value in (to_tags or {}).items()}
    except InvalidTraffic as error:
        from cloudrun_cli.cli.complaints import error_line

        print(error_line("", error.message), file=sys.stderr)  # gcloud names no command for these
        raise typer.Exit(1) from error
    if to_latest:
        percents = {None: 100}
    tags = {} if clear_tags else set_tags
    change = TrafficChange(
        percents=percents,
        tag_percents=tag_percents,
        set_tags=None if tags is None else {Tag(tag): parse_key(key) for tag, key in tags.items()},
        update_tags={Tag(tag): parse_key(key) for tag, key in (update_tags or {}).items()},
        remove_tags=[Tag(tag) for tag in remove_tags or ()],
    )
    if change.is_empty:
        raise InvalidTraffic("No traffic configuration change requested.")
    return change


def _save(present: Context, ref: "ServiceRef", change: "TrafficChange") -> "Service":
    """Ask for it; the service as it should be."""
    from cloudrun_cli.controlplane import traffic as verbs

    saved = verbs.update(present.store, ref, change, caller=present.account, now=present.now(), random=present.random)
    present.ring()
    return saved


def _update(present: Context, ref: "ServiceRef", change: "TrafficChange") -> None:
    """Ask for it, and wait until it is so."""
    from cloudrun_cli.cli.run import following
    from cloudrun_cli.output.progress import StagedProgress

    present.wake()
    with StagedProgress(
        "Updating traffic...",
        [(following.TRAFFIC, "Routing traffic")],
        stream=present.err,
        interactive=present.draws,
        failure_word="Updating traffic failed",
    ) as progress:
        following.change(present.store, present.home, _save(present, ref, change), None, progress)


def _show(present: Context, ref: "ServiceRef") -> list[dict[str, Any]] | None:
    """The traffic as it is: printed, or returned where another format is asked for."""
    from cloudrun_cli.cli.run.bodies import service_body
    from cloudrun_cli.cli.run.traffic_lines import traffic_lines, traffic_pairs
    from cloudrun_cli.controlplane.services import find

    if find(present.store, ref) is None:
        return None
    pairs = traffic_pairs(service_body(ref.name))
    if present.format is not None:
        return pairs
    for line in traffic_lines(pairs):
        print(line, file=present.out)
    return None


def _shown_plan(plan: "Plan") -> list[dict[str, Any]]:
    """Before and after, a row a target, with what the next deploy will make of it."""
    from cloudrun_cli.core.traffic import follows_latest

    keys = sorted({t.revision for t in (*plan.before, *plan.after)}, key=lambda key: (key is None, key or ""))
    rows = [_plan_row(plan, key) for key in keys]
    if not follows_latest(plan.after):
        rows.append({"revision": "the new revision", "before": "-", "after": "-", "nextDeploy": "0%", "tags": []})
    return rows


def _plan_row(plan: "Plan", key: "RevisionName | None") -> dict[str, Any]:
    before, after = (_share(side, key) for side in (plan.before, plan.after))
    old, new = ({t.tag for t in side if t.tag and t.revision == key} for side in (plan.before, plan.after))
    latest = f"LATEST (currently {plan.service.status.latest_ready or '-'})"
    return {
        "revision": key or latest,
        "before": before,
        "after": after,
        "nextDeploy": f"{after} to the new revision" if key is None and after != "-" else after,
        "tags": sorted([*(old & new), *(f"{t} (removed)" for t in old - new), *(f"{t} (added)" for t in new - old)]),
    }


def _share(targets: "Targets", key: "RevisionName | None") -> str:
    percents = [t.percent for t in targets if t.revision == key and (t.percent or not t.tag)]
    return f"{sum(percents)}%" if percents else "-"
