"""Secrets that come in with a world: by their full names, `_data` of a version being its payload in base64.

They go out never: whoever could read the file could read them.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cloudrun_cli.core.errors import AlreadyExists, InvalidArgument
from cloudrun_cli.core.secrets import Payload, SecretRef, SecretVersion, State, check_name, check_payload
from cloudrun_cli.core.wire import secrets as wire
from cloudrun_cli.store import secrets as rows
from cloudrun_cli.store.database import Store

if TYPE_CHECKING:
    from cloudrun_cli.controlplane.vault import Vault

Json = dict[str, Any]


def put(store: Store, vault: "Vault", bodies: Mapping[str, Json], projects: Mapping[str, str], *, now: datetime) -> int:
    """Save them in the open transaction; how many secrets that were. `projects` are ids by number. Raises
    AlreadyExists, InvalidArgument."""
    secrets = {name: body for name, body in bodies.items() if "/versions/" not in name}
    for name, body in secrets.items():
        ref = _ref(name, projects)
        if rows.get(store, ref) is not None:
            raise AlreadyExists(f"Secret [{name}] is already there. Nothing was imported.")
        rows.put(store, wire.secret_from_json(body, ref, now=now))
    for name, body in bodies.items():
        if name not in secrets:
            _put_version(store, vault, name, body, projects)
    return len(secrets)


def left_behind(store: Store) -> bool:
    """Whether there are secrets, which an export leaves where they are."""
    return rows.any_there(store)


def _put_version(store: Store, vault: "Vault", name: str, body: Json, projects: Mapping[str, str]) -> None:
    of, _, number = name.partition("/versions/")
    ref = _ref(of, projects)
    if rows.get(store, ref) is None or not number.isdecimal():
        raise InvalidArgument(f"[{name}] is no version of a secret in the import.")
    try:
        version = SecretVersion(
            int(number),
            State(body["state"]),
            wire.moment(body["createTime"], "createTime"),
            body.get("etag", ""),
            wire.moment(body["destroyTime"], "destroyTime") if "destroyTime" in body else None,
            checked=bool(body.get("clientSpecifiedPayloadChecksum")),
        )
        payload = Payload(base64.b64decode(body.get("_data", ""), validate=True))
    except (KeyError, ValueError, TypeError, binascii.Error):  # nor is the cause told: it may hold what is secret
        raise InvalidArgument(f"[{name}] is not a SecretVersion with its state, createTime and _data.") from None
    check_payload(payload)
    if version.state is State.DESTROYED:
        rows.insert_version(store, ref, version, None, None)
        return
    plain = wire.version_name(ref.project, ref.name, version.number)
    sealed = vault.seal(payload, plain, first=not rows.has_payloads(store))
    rows.insert_version(store, ref, version, sealed, payload.checksum)


def _ref(name: str, projects: Mapping[str, str]) -> SecretRef:
    words = name.split("/")
    if len(words) != 4 or words[0] != "projects" or words[2] != "secrets":
        raise InvalidArgument(f"[{name}] is not the name of a secret: projects/PROJECT/secrets/NAME.")
    project = projects.get(words[1], words[1])
    if project not in projects.values():
        raise InvalidArgument(f"[{name}] is of project [{project}], which is not in the import.")
    return SecretRef(project, check_name(words[3]))
