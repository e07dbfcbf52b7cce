"""Where a service is, and how a new revision of it comes into use."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Flag, Values, toggle, value
from cloudrun_cli.cli.parsing import ListOf

if TYPE_CHECKING:
    from cloudrun_cli.controlplane.services import Rollout
    from cloudrun_cli.core.changes import Change

FLAGS = (
    value("--region", "The region of the service.", names="regions", property="run/region"),
    value("--namespace", "The project of the service, by its old name.", names="projects", property="core/project"),
    toggle("--no-traffic", "Leave the traffic where it is.", default=False, negatable=False),
    value("--tag", "Tag of the new revision, with an address of its own."),
    value("--revision-suffix", "End of the new revision's name, instead of a made one."),
    toggle("--deploy-health-check", "Start an instance of the new revision before it gets any traffic."),
    toggle("--async", "Return at once, while it goes on.", default=False),
    value("--client-name", "The program that asks through this one.", hidden=True),
    value("--client-version", "Its version.", hidden=True),
    toggle("--dry-run", "Say what would be wrong, and change nothing.", default=False),
)
REGIONS: Flag = value(
    "--regions",
    "Regions of a service in several; it runs in the first of them.",
    ListOf(),
    names="regions",
    recorded="all regions are this machine, and the service runs in the first",
)


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core.annotations import HEALTH_CHECK_DISABLED
    from cloudrun_cli.core.changes import TemplateAnnotationsChange

    asked = values["deploy_health_check"]
    return [TemplateAnnotationsChange({HEALTH_CHECK_DISABLED: None if asked else "true"})] if asked is not None else []


def rollout(values: Values, *, public: bool | None = None) -> "Rollout":
    """How the change comes into use. `public` None leaves as it is who may call."""
    from cloudrun_cli.controlplane.services import Rollout
    from cloudrun_cli.core.annotations import CLIENT_NAME, CLIENT_VERSION

    said = {CLIENT_NAME: values["client_name"], CLIENT_VERSION: values["client_version"]}
    return Rollout(
        no_traffic=values["no_traffic"],
        tag=values["tag"],
        suffix=values["revision_suffix"],
        public=public,
        validate_only=values["dry_run"],
        client={key: text for key, text in said.items() if text},
    )


def _regions(values: Values) -> "list[Change]":
    if not values["regions"]:
        return []
    from cloudrun_cli.core.annotations import REGIONS as KEY
    from cloudrun_cli.core.changes import ServiceAnnotationsChange

    return [ServiceAnnotationsChange({KEY: ",".join(values["regions"])})]


FAMILY = Family(FLAGS, whole=_whole)
DEPLOY = Family((REGIONS,), whole=_regions)
