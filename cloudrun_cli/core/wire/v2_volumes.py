"""The v2 shapes of volumes. Source: run.googleapis.com v2, Volume.

Cloud SQL is a volume in v2 and an annotation in v1, which is how it is kept: the volume with the name and the mounts
that such an annotation gets in v2 becomes the annotation again, any other stays a volume of the value.
"""

from collections.abc import Callable
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
Named = Callable[[str], str]  # the name of a secret, from one way to say it to another

SQL_NAME, SQL_PATH = "cloudsql", "/cloudsql"  # Source: v2, CloudSqlInstance, VolumeMount.mountPath


def with_sql_volume(template: RevisionTemplate) -> RevisionTemplate:
    """The template with the annotation for Cloud SQL said as a volume that every container mounts."""
    said = template.annotations.get(CLOUDSQL_INSTANCES)
    if not said or any(volume.name == SQL_NAME for volume in template.volumes):
        return template
    mount = VolumeMount(SQL_NAME, SQL_PATH)
    return replace(
        template,
        annotations={k: v for k, v in template.annotations.items() if k != CLOUDSQL_INSTANCES},
        volumes=(*template.volumes, Volume(SQL_NAME, CloudSql(tuple(said.split(","))))),
        containers=tuple(replace(c, mounts=(*c.mounts, mount)) for c in template.containers),
    )


def with_sql_annotation(template: RevisionTemplate) -> RevisionTemplate:
    """The opposite of `with_sql_volume`."""
    volume = next((v for v in template.volumes if v.name == SQL_NAME), None)
    mount = VolumeMount(SQL_NAME, SQL_PATH)
    whole = all(c.mounts[-1:] == (mount,) and c.mounts.count(mount) == 1 for c in template.containers)
    if volume is None or not isinstance(volume.source, CloudSql) or not whole:
        return template
    return replace(
        template,
        annotations={**template.annotations, CLOUDSQL_INSTANCES: ",".join(volume.source.instances)},
        volumes=tuple(v for v in template.volumes if v is not volume),
        containers=tuple(replace(c, mounts=c.mounts[:-1]) for c in template.containers),
    )


def volume_to_json(volume: Volume, named: Named) -> Json:
    """One of a template's `volumes`."""
    match volume.source:
        case EmptyDir(size_limit=size, medium=medium):
            return {
                "name": volume.name,
                "emptyDir": {"medium": medium.upper(), **({"sizeLimit": size} if size else {})},
            }
        case SecretVolume() as source:
            body: Json = {"secret": named(source.secret)}
            if source.items:
                body["items"] = [_item_to_json(item) for item in source.items]
            if source.mode is not None:
                body["defaultMode"] = source.mode
            return {"name": volume.name, "secret": body}
        case Bucket() as source:
            body = {"bucket": source.bucket, **({"readOnly": True} if source.read_only else {})}
            return {"name": volume.name, "gcs": body | _options(source.options)}
        case Nfs() as source:
            body = {"server": source.server, "path": source.path, **({"readOnly": True} if source.read_only else {})}
            return {"name": volume.name, "nfs": body}
        case CloudSql(instances=instances):
            return {"name": volume.name, "cloudSqlInstance": {"instances": list(instances)}}
        case other:
            assert_never(other)


def volume_from_json(body: Json, named: Named) -> Volume:
    """The value of one of a template's `volumes`. Raises InvalidArgument for a kind that Cloud Run does not have."""
    name = body.get("name", "")
    if (empty := body.get("emptyDir")) is not None:
        medium = "Disk" if empty.get("medium") == "DISK" else "Memory"
        return Volume(name, EmptyDir(empty.get("sizeLimit", ""), medium))
    if (secret := body.get("secret")) is not None:
        items = tuple(_item_from_json(item) for item in secret.get("items") or ())
        return Volume(name, SecretVolume(named(secret["secret"]), items, secret.get("defaultMode")))
    if (gcs := body.get("gcs")) is not None:
        options = ";".join(gcs.get("mountOptions") or ())
        return Volume(name, Bucket(gcs["bucket"], bool(gcs.get("readOnly", False)), options))
    if (nfs := body.get("nfs")) is not None:
        return Volume(name, Nfs(nfs["server"], nfs["path"], bool(nfs.get("readOnly", False))))
    if (sql := body.get("cloudSqlInstance")) is not None:
        return Volume(name, CloudSql(tuple(sql.get("instances") or ())))
    raise InvalidArgument(
        f"Volume [{name}] has no known kind: give it one of emptyDir, secret, gcs, nfs and cloudSqlInstance.",
        field="template.volumes",
    )


def _item_to_json(item: SecretItem) -> Json:
    return {"path": item.path, "version": item.key, **({"mode": item.mode} if item.mode is not None else {})}


def _item_from_json(body: Json) -> SecretItem:
    return SecretItem(body["version"], body["path"], body.get("mode"))


def _options(text: str) -> Json:
    return {"mountOptions": text.split(";")} if text else {}
