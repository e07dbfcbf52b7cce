"""The v1 shapes of Secret and SecretVersion, to and from the values. Source: secretmanager.googleapis.com v1."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.secrets import Secret, SecretRef, SecretVersion, check_alias

Json = dict[str, Any]

MAX_ALIASES, MAX_TOPICS, MAX_LABELS = 50, 10, 64  # Source: v1, Secret
MAX_ANNOTATION_BYTES = 16384
OUTPUT_ONLY = frozenset({"name", "createTime"})  # of a client's Secret, without meaning
IMMUTABLE = frozenset({"replication", "tags", "secretType"})

_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_ANNOTATION = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?")
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_SECONDS = re.compile(r"(\d+)(\.\d{1,9})?s")
_SNAKE = re.compile(r"_([a-z])")


def secret_to_json(secret: Secret, number: str) -> Json:
    """The v1 Secret of the project with this number; what is empty is left out, as the API does."""
    rotation = {
        "nextRotationTime": secret.next_rotation and timestamp(secret.next_rotation),
        "rotationPeriod": secret.rotation_period and seconds(secret.rotation_period),
    }
    body: Json = {
        "name": f"projects/{number}/secrets/{secret.ref.name}",
        "replication": secret.replication,
        "createTime": timestamp(secret.created),
        "labels": dict(secret.labels),
        "topics": [{"name": topic} for topic in secret.topics],
        "expireTime": secret.expires and timestamp(secret.expires),
        "etag": secret.etag,
        "rotation": {key: value for key, value in rotation.items() if value},
        "versionAliases": {alias: str(version) for alias, version in secret.aliases.items()},
        "annotations": dict(secret.annotations),
        "versionDestroyTtl": secret.destroy_delay and seconds(secret.destroy_delay),
        "secretType": secret.type,
        "tags": dict(secret.tags),
    }
    return {key: value for key, value in body.items() if value}


def secret_from_json(body: Json, ref: SecretRef, *, now: datetime) -> Secret:
    """The value of a v1 Secret that a client wants, or that the store keeps (which has its createTime). Raises
    InvalidArgument."""
    made = Secret(ref, moment(body["createTime"], "createTime") if "createTime" in body else now, body.get("etag", ""))
    return changed(made, body, [key for key in body if key not in (*OUTPUT_ONLY, "etag")], now=now)


def changed(secret: Secret, body: Json, mask: Sequence[str], *, now: datetime) -> Secret:
    """The secret with those fields as the body has them, and without those that it has not. Paths of the mask may be
    in snake case. Raises InvalidArgument."""
    for path in dict.fromkeys(_SNAKE.sub(lambda found: found[1].upper(), path) for path in mask):
        secret = replace(secret, **_field(path, body, now))
    if secret.rotation_period is not None and (secret.next_rotation is None or not secret.topics):
        missing = "rotation.next_rotation_time" if secret.next_rotation is None else "topics"
        raise InvalidArgument(f"A rotation period needs {missing}.", field=f"secret.{missing}")
    if secret.next_rotation is not None and not secret.topics:
        raise InvalidArgument("A rotation needs topics to tell of it.", field="secret.topics")
    return secret


def version_to_json(version: SecretVersion, secret: Secret, number: str) -> Json:
    """The v1 SecretVersion."""
    body: Json = {
        "name": version_name(number, secret.ref.name, version.number),
        "createTime": timestamp(version.created),
        "destroyTime": version.destroyed and timestamp(version.destroyed),
        "state": str(version.state),
        "replicationStatus": _replication_status(secret.replication),
        "etag": version.etag,
        "clientSpecifiedPayloadChecksum": version.checked,
        "scheduledDestroyTime": version.destroy_at and timestamp(version.destroy_at),
    }
    return {key: value for key, value in body.items() if value}


def version_name(project: str, secret: str, version: int | str) -> str:
    """The full name of a version."""
    return f"projects/{project}/secrets/{secret}/versions/{version}"


def replication_from_json(body: object) -> Json:
    """A Replication: automatic, or replicas with their locations; each with a key of one's own, or none. Raises
    InvalidArgument."""
    place = "secret.replication"
    if not isinstance(body, Mapping) or len(body) != 1:
        raise InvalidArgument("A replication is either automatic or userManaged.", field=place)
    kind, said = next(iter(body.items()))
    if kind == "automatic" and isinstance(said, Mapping):
        return {"automatic": _encryption(said, place)}
    replicas = said.get("replicas") if kind == "userManaged" and isinstance(said, Mapping) else None
    if not isinstance(replicas, list) or not replicas or not all(isinstance(one, Mapping) for one in replicas):
        raise InvalidArgument("A userManaged replication has replicas, each with a location.", field=place)
    kept = []
    for one in replicas:
        if not isinstance(one.get("location"), str) or not one["location"]:
            raise InvalidArgument("Each replica has a location.", field=f"{place}.userManaged.replicas.location")
        kept.append({"location": one["location"], **_encryption(one, place)})
    locations = [one["location"] for one in kept]
    if len(set(locations)) != len(locations):
        raise InvalidArgument("Two replicas are in the same location.", field=f"{place}.userManaged.replicas.location")
    if len({"customerManagedEncryption" in one for one in kept}) > 1:
        raise InvalidArgument("Either all replicas have a customerManagedEncryption, or none.", field=place)
    return {"userManaged": {"replicas": kept}}


def timestamp(at: datetime) -> str:
    """A moment as the API writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: object, field: str) -> datetime:
    """The moment that a timestamp says. Raises InvalidArgument."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise InvalidArgument(f"Invalid time [{text}]: it reads 2030-01-01T15:30:00Z.", field=field) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def seconds(length: timedelta) -> str:
    """A length of time as the API writes it: `3600s`."""
    whole, part = divmod(length, timedelta(seconds=1))
    return f"{whole}s" if not part else f"{length.total_seconds():.6f}".rstrip("0") + "s"


def length(text: object, field: str) -> timedelta:
    """The length of time that `3600s` says. Raises InvalidArgument."""
    found = _SECONDS.fullmatch(text) if isinstance(text, str) else None
    if found is None or len(found[1]) > 11:
        raise InvalidArgument(f"Invalid duration [{text}]: it is a number of seconds, such as 3600s.", field=field)
    return timedelta(seconds=float(found[1] + (found[2] or "")))


def _field(path: str, body: Json, now: datetime) -> Json:
    """What becomes of the value's fields when the API's field is as the body has it."""
    value = body.get(path)
    match path:
        case "labels":
            return {"labels": _labels(value)}
        case "annotations":
            return {"annotations": _annotations(value)}
        case "versionAliases":
            return {"aliases": _aliases(value)}
        case "topics":
            return {"topics": _topics(value)}
        case "expireTime":
            return {"expires": moment(value, "secret.expire_time") if value else None}
        case "ttl":
            return {"expires": now + length(value, "secret.ttl")}
        case "rotation":
            return _rotation(value, ("nextRotationTime", "rotationPeriod"))
        case "rotation.nextRotationTime" | "rotation.rotationPeriod":
            return _rotation(body.get("rotation"), (path.partition(".")[2],))
        case "versionDestroyTtl":
            return {"destroy_delay": _delay(value)}
        case "replication":
            return {"replication": replication_from_json(value)}
        case "tags":
            return {"tags": _texts(value, "secret.tags")}
        case "secretType":
            return {"type": str(value or "")}
    raise InvalidArgument(f"A secret has no field [{path}] that can be set.", field=path)


def _texts(value: object, field: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise InvalidArgument(f"{field}: expected a map of texts.", field=field)
    return dict(value)


def _labels(value: object) -> dict[str, str]:
    found = _texts(value, "secret.labels")
    if len(found) > MAX_LABELS:
        raise InvalidArgument(f"{len(found)} labels; at most {MAX_LABELS} are allowed.", field="secret.labels")
    for key, text in found.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(text):
            raise InvalidArgument(
                f"Invalid label [{key}={text}]. Only hyphens (-), underscores (_), lowercase characters and numbers "
                "are allowed, at most 63 of them; a key begins with a letter.",
                field="secret.labels",
            )
    return found


def _annotations(value: object) -> dict[str, str]:
    found = _texts(value, "secret.annotations")
    if wrong := [key for key in found if not _ANNOTATION.fullmatch(key)]:
        raise InvalidArgument(f"Invalid annotation key [{wrong[0]}].", field="secret.annotations")
    if sum(len(key.encode()) + len(text.encode()) for key, text in found.items()) > MAX_ANNOTATION_BYTES:
        raise InvalidArgument(f"Annotations have at most {MAX_ANNOTATION_BYTES} bytes.", field="secret.annotations")
    return found


def _aliases(value: object) -> dict[str, int]:
    place = "secret.version_aliases"
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > MAX_ALIASES:
        raise InvalidArgument(f"Version aliases are a map of at most {MAX_ALIASES}.", field=place)
    found = {}
    for alias, number in value.items():
        if not str(number).isdecimal() or int(number) < 1:
            raise InvalidArgument(f"The alias [{alias}] must name a version by its number.", field=place)
        found[check_alias(str(alias))] = int(number)
    return found


def _topics(value: object) -> tuple[str, ...]:
    place = "secret.topics"
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_TOPICS:
        raise InvalidArgument(f"Topics are a list of at most {MAX_TOPICS}.", field=place)
    names = tuple(str(one.get("name", "")) if isinstance(one, Mapping) else "" for one in value)
    if wrong := [name for name in names if not _TOPIC.fullmatch(name)]:
        raise InvalidArgument(f"Invalid topic [{wrong[0]}]: it reads projects/PROJECT/topics/TOPIC.", field=place)
    return names


def _rotation(value: object, keys: Sequence[str]) -> Json:
    said = value if isinstance(value, Mapping) else {}
    found: Json = {}
    if "nextRotationTime" in keys:
        at = said.get("nextRotationTime")
        found["next_rotation"] = moment(at, "secret.rotation.next_rotation_time") if at else None
    if "rotationPeriod" in keys:
        place = "secret.rotation.rotation_period"
        period = length(said["rotationPeriod"], place) if said.get("rotationPeriod") else None
        if period is not None and not timedelta(hours=1) <= period <= timedelta(days=36500):
            raise InvalidArgument("A rotation period is at least 3600s and at most 100 years.", field=place)
        found["rotation_period"] = period
    return found


def _delay(value: object) -> timedelta | None:
    if not value:
        return None
    delay = length(value, "secret.version_destroy_ttl")
    if not timedelta(days=1) <= delay <= timedelta(days=1000):
        raise InvalidArgument(
            "versionDestroyTtl is at least 86400s and at most 1000 days.", field="version_destroy_ttl"
        )
    return delay


def _encryption(said: Mapping[str, Any], place: str) -> Json:
    """The key of a replica as it was named; nothing here is encrypted with it."""
    if "customerManagedEncryption" not in said:
        return {}
    key = said["customerManagedEncryption"]
    name = key.get("kmsKeyName") if isinstance(key, Mapping) else None
    if not isinstance(name, str) or not name:
        raise InvalidArgument("A customerManagedEncryption has a kmsKeyName.", field=place)
    return {"customerManagedEncryption": {"kmsKeyName": name}}


def _replication_status(replication: Mapping[str, Any]) -> Json:
    managed = replication.get("userManaged")
    if managed is None:
        return {"automatic": {}}
    return {"userManaged": {"replicas": [{"location": one["location"]} for one in managed["replicas"]]}}
