"""Everything that creating, deploying and updating a job can say of what its tasks run, in the order in which it is
carried out: the flags of services, where a task has a use for them."""

from cloudrun_cli.cli.families import Family
from cloudrun_cli.cli.run.flags import (
    build,
    containers,
    databases,
    env,
    labels,
    network,
    probes,
    resources,
    secrets,
    security,
    tasks,
    volumes,
)

_CONTAINERS = ("--container", "--image", "--command", "--args", "--workdir", "--depends-on")
_RESOURCES = resources.FAMILY.only(
    *("--cpu", "--memory", "--gpu", "--gpu-type", "--gpu-zonal-redundancy", "--execution-environment"),
    hidden=("--execution-environment",),
    told={"--execution-environment": "The kind of sandbox that tasks run in."},
)
_PROBE = probes.FAMILY.only(
    "--startup-probe",
    told={"--startup-probe": f"Check before the containers that depend on this one start: {probes.FORM}"},
)
_NETWORK = ("--network", "--subnet", "--network-tags", "--vpc-connector", "--vpc-egress")
_ACCOUNT = {"--service-account": "E-mail address of the account that the tasks run as."}
_POLICY = ("--service-account", "--key", "--binary-authorization", "--breakglass")
_LABELS = ("--labels", "--update-annotations")
_TOLD_LABELS = {"--labels": "Labels to add or change."}


def _families(
    container: Family, database: Family, way_out: Family, policy: Family, label: Family
) -> tuple[Family, ...]:
    return (
        tasks.WRITING,
        tasks.FAMILY,
        container,
        _RESOURCES,
        _PROBE,
        volumes.FAMILY,
        secrets.REMOVALS,
        env.FAMILY,
        secrets.FAMILY,
        database,
        way_out,
        policy,
        label,
    )


CREATE = _families(
    containers.FAMILY.only(*_CONTAINERS),
    databases.FAMILY.only("--set-cloudsql-instances"),
    network.FAMILY.only(*_NETWORK),
    security.FAMILY.only(*_POLICY, told=_ACCOUNT),
    labels.FAMILY.only(*_LABELS, told=_TOLD_LABELS),
)
DEPLOY = (
    *_families(
        containers.FAMILY.only(*_CONTAINERS, "--remove-containers"),
        databases.FAMILY.only("--set-cloudsql-instances"),
        network.FAMILY.only(*_NETWORK, "--clear-network", "--clear-network-tags"),
        security.FAMILY.only(*_POLICY, told=_ACCOUNT),
        labels.FAMILY.only(*_LABELS, told=_TOLD_LABELS),
    ),
    Family(build.FAMILY.only("--source", "--base-image").flags, (("--image", "--source"),)),
)
UPDATE = _families(
    containers.FAMILY.only(*_CONTAINERS, "--remove-containers"),
    databases.FAMILY,
    network.FAMILY.only(*_NETWORK, "--clear-network", "--clear-network-tags", "--clear-vpc-connector"),
    security.FAMILY.only(*_POLICY, "--clear-binary-authorization", told=_ACCOUNT),
    labels.FAMILY.only(*_LABELS, "--update-labels", "--remove-labels", "--clear-labels"),
)
