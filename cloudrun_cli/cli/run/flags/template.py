"""Everything that deploying and updating can say of what runs, in the order in which it is carried out."""

from cloudrun_cli.cli.run.flags import (
    containers,
    databases,
    env,
    labels,
    network,
    probes,
    resources,
    rollout,
    scaling,
    secrets,
    security,
    serving,
    volumes,
)

FAMILIES = (
    rollout.FAMILY,
    containers.FAMILY,
    resources.FAMILY,
    probes.FAMILY,
    volumes.FAMILY,
    secrets.REMOVALS,
    env.FAMILY,
    secrets.FAMILY,
    databases.FAMILY,
    network.FAMILY,
    scaling.FAMILY,
    serving.FAMILY,
    security.FAMILY,
    labels.FAMILY,
)
