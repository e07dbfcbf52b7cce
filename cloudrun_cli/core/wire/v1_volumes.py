"""The v1 shapes of volumes and of where containers see them. Source: run.googleapis.com v1, Volume, VolumeMount.

Cloud SQL has no volume in v1: `with_cloud_sql` says it as the annotation, which is also how it is kept.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from cloudrun_cli.core.annotations import CLOUDSQL_INSTANCES
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import RevisionTemplate
from cloudrun_cli.core.volumes import (
    Bucket,
    CloudSql,
    EmptyDir,
    Nfs,
    SecretItem,
    SecretVolume,
    Volume,
    VolumeMount,
)

Json = dict[str, Any]

GCSFUSE = "gcsfuse.run.googleapis.com"  # Source: v1, CSIVolumeSource.driver


def with_cloud_sql(template: RevisionTemplate) -> RevisionTemplate:
    """The template with its Cloud SQL volumes said as the annotation; their mounts, always at /cloudsql, go too."""
    sql = {volume.name: volume.source for volume in template.volumes if isinstance(volume.source, CloudSql)}
    if not sql:
        return template
    said = [name for name in template.annotations.get(CLOUDSQL_INSTANCES, "").split(",") if name]
    instances = dict.fromkeys([*said, *(instance for source in sql.values() for instance in source.instances)])
    return replace(
        template,
        annotations={**template.annotations, CLOUDSQL_INSTANCES: ",".join(instances)},
        volumes=tuple(volume for volume in template.volumes if volume.name not in sql),
        containers=tuple(
            replace(c, mounts=tuple(m for m in c.mounts if m.volume not in sql)) for c in template.containers
        ),
    )


def volume_to_json(volume: Volume) -> Json:
    """One of `spec.volumes`; not for a Cloud SQL volume."""
    match volume.source:
        case EmptyDir(size_limit=size, medium=medium):
            return {"emptyDir": _given(medium=medium, sizeLimit=size), "name": volume.name}
        case SecretVolume() as source:
            items = [_given(key=item.key, mode=item.mode, path=item.path) for item in source.items]
            told = _given(defaultMode=source.mode, items=items, optional=source.optional, secretName=source.secret)
            return {"name": volume.name, "secret": told}
        case Bucket() as source:
            named = {"bucketName": source.bucket, **_given(mountOptions=source.options)}
            csi = {"driver": GCSFUSE, **({"readOnly": True} if source.read_only else {}), "volumeAttributes": named}
            return {"csi": csi, "name": volume.name}
        case Nfs() as source:
            read_only = {"readOnly": True} if source.read_only else {}
            return {"name": volume.name, "nfs": {"path": source.path, **read_only, "server": source.server}}
        case CloudSql():
            raise ValueError("Cloud SQL is an annotation in v1, not a volume")
        case other:
            assert_never(other)


def volume_from_json(body: Json) -> Volume:
    """The value of one of `spec.volumes`. Raises InvalidArgument for a kind that Cloud Run does not have."""
    name = body.get("name", "")
    if (empty := body.get("emptyDir")) is not None:
        return Volume(name, EmptyDir(str(empty.get("sizeLimit") or ""), empty.get("medium") or "Memory"))
    if (secret := body.get("secret")) is not None:
        items = tuple(SecretItem(str(i["key"]), i["path"], i.get("mode")) for i in secret.get("items") or ())
        source = SecretVolume(secret["secretName"], items, secret.get("defaultMode"), secret.get("optional"))
        return Volume(name, source)
    if (nfs := body.get("nfs")) is not None:
        return Volume(name, Nfs(nfs["server"], nfs["path"], bool(nfs.get("readOnly", False))))
    if (csi := body.get("csi")) is not None:
        return Volume(name, _bucket(name, csi))
    raise InvalidArgument(
        f"Volume [{name}] has no known kind: give it one of emptyDir, secret, csi (driver {GCSFUSE}) and nfs.",
        field="spec.template.spec.volumes",
    )


def mount_to_json(mount: VolumeMount) -> Json:
    """One of a container's `volumeMounts`."""
    out: Json = {"mountPath": mount.path, "name": mount.volume}
    if mount.read_only:
        out["readOnly"] = True
    return out | _given(subPath=mount.sub_path)


def mount_from_json(body: Json) -> VolumeMount:
    """The value of one of a container's `volumeMounts`."""
    return VolumeMount(body["name"], body["mountPath"], body.get("subPath", ""), bool(body.get("readOnly", False)))


def _bucket(name: str, csi: Mapping[str, Any]) -> Bucket:
    attributes = csi.get("volumeAttributes") or {}
    unknown = [key for key in attributes if key not in ("bucketName", "mountOptions")]
    if csi.get("driver") != GCSFUSE or unknown or not attributes.get("bucketName"):
        raise InvalidArgument(
            f"Volume [{name}]: a csi volume has the driver {GCSFUSE} and the attributes bucketName and, if wanted, "
            f"mountOptions; received driver [{csi.get('driver', '')}], attributes {sorted(attributes)}.",
            field="spec.template.spec.volumes.csi",
        )
    return Bucket(attributes["bucketName"], bool(csi.get("readOnly", False)), attributes.get("mountOptions", ""))


def _given(**fields: Any) -> Json:
    """The fields that say something."""
    return {key: value for key, value in fields.items() if value is not None and value != "" and value != []}
