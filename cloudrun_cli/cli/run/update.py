"""`cloudrun run services update`: change what a service runs, or what is set around it."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.run.flags.template import FAMILIES

services = Group("run services")

# The flags that gcloud names to who gives none.
USUAL = ("update-env-vars", "memory", "concurrency", "timeout", "connectivity", "image", "iap")


@services.command(
    "update",
    format="none",
    families=FAMILIES,
    examples=[
        "cloudrun run services update hello --update-env-vars=MODE=prod --memory=1Gi",
        "cloudrun run services update hello --min=1 --max=9",
        "cloudrun run services update shop --container=cache --image=docker.io/library/redis:7 --memory=256Mi",
    ],
)
def update(
    service: Annotated[str | None, positional("SERVICE", "The service to update.", names="services")] = None,
) -> dict[str, Any] | None:
    """Update a service: its environment, resources, containers, and what is set around them."""
    from cloudrun_cli.cli.run import following, outcomes
    from cloudrun_cli.cli.run.flags.rollout import rollout as rollout_of
    from cloudrun_cli.cli.run.naming import service_name
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.resources import ServiceRef
    from cloudrun_cli.output.progress import StagedProgress

    present = context()
    values = present.values
    ref = ServiceRef(present.project, present.region, service_name(present, service))
    verbs.get(present.store, ref, caller=present.account, verb="services update")
    changes = outcomes.asked(present, ref, FAMILIES, values)
    rollout = rollout_of(values)
    if not (changes or rollout.no_traffic or rollout.tag or rollout.suffix is not None):
        flags = ", ".join(f"`--{name}`" for name in USUAL)
        raise InvalidArgument(f"No configuration change requested. Did you mean to include the flags {flags}?")
    if not rollout.validate_only:
        present.wake()
    updated = verbs.update(
        present.store,
        ref,
        changes,
        rollout=rollout,
        caller=present.account,
        now=present.now(),
        random=present.random,
    )
    if rollout.validate_only:
        present.tell(f"Service [{ref.name}] could be updated so; nothing has been changed.")
        return outcomes.printed(present, updated.service)
    present.ring()
    if values["async"]:
        present.tell(f"Service [{ref.name}] is deploying asynchronously.")
        return outcomes.printed(present, updated.service)
    title = "Updating..." if updated.revision is None else "Deploying..."
    interactive = present.draws
    stages = following.STAGES if updated.revision else ()
    with StagedProgress(title, stages, stream=present.err, interactive=interactive) as progress:
        if updated.revision is None:
            following.settle(present.store, present.home, updated.service)
        else:
            following.rollout(
                present.store, present.home, updated.service, updated.revision, progress, routed=updated.routed
            )
    now = verbs.get(present.store, ref)
    if updated.revision is None:
        present.tell(f"Service [{ref.name}] has been updated.")
    else:
        outcomes.tell(present, now, updated.revision, rollout)
    return outcomes.printed(present, now)
