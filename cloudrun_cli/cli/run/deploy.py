"""`cloudrun run deploy`: from an image or from source to a URL."""

import sys
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.families import Values
from cloudrun_cli.cli.run.flags import build, rollout
from cloudrun_cli.cli.run.flags.template import FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.cli.run.sources import Source
    from cloudrun_cli.controlplane.services import Deployed, Rollout
    from cloudrun_cli.core.changes import Change
    from cloudrun_cli.core.resources import ServiceRef

run = Group("run")

DEPLOY_FAMILIES = (*FAMILIES, build.FAMILY, rollout.DEPLOY)


@run.command(
    "deploy",
    format="none",
    families=DEPLOY_FAMILIES,
    examples=[
        "cloudrun run deploy hello --image=us-docker.pkg.dev/cloudrun/container/hello --allow-unauthenticated",
        "cloudrun run deploy hello --source=.",
        "cloudrun run deploy hello --source=. --no-traffic --tag=green",
        "cloudrun run deploy shop --container=app --source=. --port=8080 --container=cache "
        "--image=docker.io/library/redis:7",
    ],
)
def deploy(
    service: Annotated[str | None, positional("SERVICE", "The service to deploy.", names="services")] = None,
    allow_unauthenticated: Annotated[
        bool | None, switch("--allow-unauthenticated", "Whether anybody may call the service.")
    ] = None,
) -> dict[str, Any] | None:
    """Deploy a container image, or a folder of source, as a new revision of a service.

    Flags after --container NAME are about that container; what is about the whole service comes before the first."""
    from cloudrun_cli.cli.run import outcomes, sources
    from cloudrun_cli.cli.run.naming import service_name
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.resources import ServiceRef

    present = context()
    values = sources.completed(present, present.values)
    source = sources.find(values)
    name = service_name(present, service, source.folder if source else None)
    ref = ServiceRef(present.project, _region(present, values, name), name)
    source, values = sources.checked(source, values, ref)
    how = rollout.rollout(values, public=_public(present, ref, allow_unauthenticated))
    changes = outcomes.asked(present, ref, DEPLOY_FAMILIES, values)
    deployed = _deploy(present, ref, source, changes, how, values["async"])
    if how.validate_only:
        present.tell(f"Service [{ref.name}] could be deployed so; nothing has been changed.")
        return outcomes.printed(present, deployed.service)
    if values["async"]:
        present.tell(f"Service [{ref.name}] is deploying asynchronously.")
        return outcomes.printed(present, deployed.service)
    now = verbs.get(present.store, ref)
    outcomes.tell(present, now, deployed.revision, how)
    return outcomes.printed(present, now)


def _region(present: Context, values: Values, service: str) -> str:
    """The region of the service: the first of several."""
    from cloudrun_cli.cli.run.naming import region_of
    from cloudrun_cli.core.names import check_region

    regions = [check_region(region) for region in values["regions"] or ()]
    return regions[0] if regions and not values["region"] else region_of(present, service)


def _public(present: Context, ref: "ServiceRef", asked: bool | None) -> bool | None:
    """Whether anybody may call it; None leaves that as it is. Asked of the user for a new service, as gcloud does: of
    one who may say so."""
    from cloudrun_cli.controlplane import permits
    from cloudrun_cli.controlplane import services as verbs

    if asked is not None or not present.can_ask or verbs.find(present.store, ref):
        return asked
    if not permits.may(present.store, present.account, "services set-iam-policy", verbs.resource(ref)):
        return None
    from cloudrun_cli.output.prompts import ask_yes

    prompt = f"Allow unauthenticated invocations to [{ref.name}]"
    return ask_yes("", False, quiet=False, err=present.err, stdin=sys.stdin, prompt=prompt)


def _deploy(
    present: Context,
    ref: "ServiceRef",
    source: "Source | None",
    changes: "list[Change]",
    rollout: "Rollout",
    async_: bool,
) -> "Deployed":
    """Everything between the question and the answer, told as it happens."""
    from cloudrun_cli.cli.run import following, sources
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.output.progress import StagedProgress

    new = verbs.find(present.store, ref) is None
    where = f"Cloud Run service [{ref.name}] in project [{ref.project}] region [{ref.region}]"
    how = f"Building using {source.kind} and deploying container" if source else "Deploying container"
    present.tell(f"{how} to {where}")
    what = "Building and deploying" if source else "Deploying"
    stages = [*following.SOURCE_STAGES, *following.STAGES] if source else following.STAGES
    if rollout.validate_only:
        planned = save(present, ref, [*changes, *(sources.to_be_built(source, ref) if source else [])], rollout)
        if source:
            sources.check(present, source, planned.service)
        return planned
    present.wake()
    if async_ and not source:
        return save(present, ref, changes, rollout)
    title = f"{what} new service..." if new else f"{what}..."
    interactive = present.draws
    with StagedProgress(title, stages, stream=present.err, interactive=interactive) as progress:
        if source:
            changes = [*changes, *sources.build(present, ref, source, changes, rollout, progress, save)]
        made = save(present, ref, changes, rollout)
        if not async_:
            try:
                following.rollout(
                    present.store,
                    present.home,
                    made.service,
                    made.revision,
                    progress,
                    policy_set=made.policy_set,
                    routed=made.routed,
                )
            except KeyboardInterrupt:
                progress.detail(
                    f"Revision [{made.revision.ref.name}] is saved and goes on starting without you; see how it went: "
                    f"cloudrun run services describe {ref.name}"
                )
                raise
    return made


def save(present: Context, ref: "ServiceRef", changes: "list[Change]", rollout: "Rollout") -> "Deployed":
    """Save a deploy, or only check it where that is all that is wanted."""
    from cloudrun_cli.controlplane import services as verbs

    deployed = verbs.deploy(
        present.store,
        ref,
        changes,
        rollout=rollout,
        caller=present.account,
        now=present.now(),
        random=present.random,
    )
    if not rollout.validate_only:
        present.ring()
    return deployed
