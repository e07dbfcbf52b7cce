"""What the runtime is told: the containers of a revision as specs, in the order in which they start."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cloudrun_cli.core import contract, cpu, probes, sidecars
from cloudrun_cli.core.errors import InvalidArgument, Unimplemented
from cloudrun_cli.core.limits import memory_bytes
from cloudrun_cli.core.resources import Container, Probe, Revision, RevisionTemplate
from cloudrun_cli.core.volumes import Bucket, CloudSql, EmptyDir, Nfs, SecretVolume, Volume, VolumeMount
from cloudrun_cli.daemon.secrets import NOTHING, Given
from cloudrun_cli.runtime.base import Folder, InstanceSpec, Mount, Scratch

BUCKETS, NFS = "buckets", "nfs"  # folders of the home that stand for what is elsewhere in the cloud
_ONLY_DIR = re.compile(r"(?:^|[;,])\s*only-dir[=:]([^;,]+)")  # Source: Cloud Storage FUSE, mount options


def of_revision(
    instance: str,
    revision: Revision,
    home: str,
    zone: str = "",
    given: Given = NOTHING,
    told: Mapping[str, str] = MappingProxyType({}),
) -> list[InstanceSpec]:
    """One spec for each container, the first to start first; with the secrets that the instance is `given`, and
    variables that it is `told` unless its user says otherwise. Raises CloudRunError for what cannot be run."""
    template = revision.template
    containers = sidecars.named(template)
    ingress = template.ingress_container
    order = [name for wave in sidecars.start_order(template.containers) for name in wave]
    names = _first_first(order, next(name for name, c in containers.items() if c is ingress))
    specs = []
    for name in order:
        container = containers[name]
        digest = revision.status.sidecar_digests.get(name, "")
        spec = InstanceSpec(
            id=instance,
            project=revision.ref.project,
            region=revision.ref.region,
            service=revision.service,
            revision=revision.ref.name,
            digest=revision.status.image_digest if container is ingress else digest,
            env={**told, **given.variables.get(name, {}), **contract.environment(revision, container)},
            port=contract.port(ingress),
            cpu_millis=cpu.at_start(template, container),
            memory_bytes=memory_bytes(container.memory),
            command=container.command,
            args=container.args,
            working_dir=container.working_dir,
            container=name,
            containers=names if len(names) > 1 else (),
            mounts=mounts(container, template, home, given),
            ports=_probed(template),
            zone=zone,
        )
        specs.append(spec)
    return specs


def mounts(container: Container, template: RevisionTemplate, home: str, given: Given = NOTHING) -> tuple[Mount, ...]:
    """What a container mounts, of that which can be given to it. Raises CloudRunError for what cannot be mounted."""
    found = (_mount(mount, template, home, given) for mount in container.mounts)
    return tuple(mount for mount in found if mount is not None)


def _first_first(order: list[str], ingress: str) -> tuple[str, ...]:
    """All names, that of the container with the requests first."""
    return (ingress, *(name for name in order if name != ingress))


def _probed(template: RevisionTemplate) -> tuple[int, ...]:
    """The ports that probes ask, beside the one that gets the requests."""
    main = contract.port(template.ingress_container)
    ports = {probes.port_of(probe, c) for c in template.containers for probe in _probes(c)}
    return tuple(sorted(ports - {main}))


def _probes(container: Container) -> list[Probe]:
    own = (container.startup_probe, container.liveness_probe, container.readiness_probe)
    return [probe for probe in own if probe is not None]


def _mount(mount: VolumeMount, template: RevisionTemplate, home: str, given: Given) -> Mount | None:
    """What stands behind a path; None for what comes alive with databases."""
    volume = next((v for v in template.volumes if v.name == mount.volume), None)
    if volume is None:
        raise InvalidArgument(f"There is no volume [{mount.volume}] to mount at {mount.path}.", field="volumeMounts")
    match volume.source:
        case EmptyDir() as empty:
            _check_whole(mount, "a folder of the instance")
            size = memory_bytes(empty.size_limit) if empty.size_limit else _all_memory(template)
            scratch = Scratch(volume.name, size, memory=empty.medium != "Disk")
            return Mount(volume.name, mount.path, scratch, mount.read_only)
        case Bucket() as bucket:
            only = _ONLY_DIR.search(bucket.options)
            folder = _inside(volume, Path(home) / BUCKETS, bucket.bucket, only[1] if only else "", mount.sub_path)
            return Mount(volume.name, mount.path, folder, mount.read_only or bucket.read_only)
        case Nfs() as nfs:
            folder = _inside(volume, Path(home) / NFS, nfs.server, nfs.path, mount.sub_path)
            return Mount(volume.name, mount.path, folder, mount.read_only or nfs.read_only)
        case SecretVolume():
            _check_whole(mount, "a secret")
            return Mount(volume.name, mount.path, Folder(given.folders.get(volume.name, "")), read_only=True)
        case CloudSql():
            return None


def _check_whole(mount: VolumeMount, what: str) -> None:
    if mount.sub_path:
        raise Unimplemented(
            f"Volume [{mount.volume}] is mounted with the sub-path [{mount.sub_path}], which is not supported for "
            f"{what}.",
            field="volumeMounts",
            hint="Mount the whole volume.",
        )


def _all_memory(template: RevisionTemplate) -> int:
    """What all containers together may use: no folder in memory can hold more."""
    return sum(memory_bytes(c.memory) for c in template.containers)


def _inside(volume: Volume, root: Path, *parts: str) -> Folder:
    """A folder below root. Raises InvalidArgument for a path that would leave it."""
    words = [word for part in parts for word in part.split("/") if word not in ("", ".")]
    if ".." in words or "\0" in "".join(words):
        raise InvalidArgument(f"Volume [{volume.name}]: [{'/'.join(parts)}] is not a path.", field="volumes")
    return Folder(str(root.joinpath(*words)))
