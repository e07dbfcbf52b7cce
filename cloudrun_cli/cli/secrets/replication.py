"""`cloudrun secrets replication`: get, set, update."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.secrets.names import Secret, caller, coded, secret_ref
from cloudrun_cli.cli.secrets.secrets import PolicyFile, read_replication

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.secrets import SecretRef

replication = Group("secrets replication")

_PARTLY = (
    "Either all replicas must use customer managed encryption or all replicas must use Google managed encryption. To "
    "add customer managed encryption to all replicas, please use the replication set command."
)


@replication.command("get", examples=["cloudrun secrets replication get api-key"])
def get(secret: Secret) -> dict[str, Any]:
    """Show where a secret is kept."""
    present = context()
    return _replication(present, secret_ref(present, secret), "Cannot get replication for secret [{}] because it")


@replication.command(
    "set",
    format="none",
    examples=["cloudrun secrets replication set api-key --replication-policy-file=policy.yaml"],
)
def set_(secret: Secret, replication_policy_file: Annotated[str, PolicyFile]) -> dict[str, Any]:
    """Set with which keys a secret is encrypted in the cloud, whose names are kept here. Its places stay."""
    present = context()
    ref = secret_ref(present, secret)
    wanted = read_replication(replication_policy_file)
    _replication(present, ref, "Cannot set replication for secret [{}] because it")
    return _save(present, ref, wanted)


@replication.command(
    "update",
    format="none",
    exclusive=[("--remove-cmek", "--set-kms-key")],
    examples=[
        "cloudrun secrets replication update api-key --remove-cmek",
        "cloudrun secrets replication update api-key --set-kms-key=projects/p/locations/global/keyRings/r/cryptoKeys/k",
    ],
)
def update(
    secret: Secret,
    set_kms_key: Annotated[
        str | None, flag("--set-kms-key", "The key in the cloud; here its name is kept.", metavar="SET-KMS-KEY")
    ] = None,
    remove_cmek: Annotated[bool, switch("--remove-cmek", "No key of one's own, in any place.")] = False,
    location: Annotated[
        str | None,
        flag("--location", "The place whose key it is.", names="regions", metavar="REPLICA-LOCATION"),
    ] = None,
) -> dict[str, Any]:
    """Change the key of one place that a secret is kept in, or remove all keys."""
    from cloudrun_cli.core.errors import InvalidArgument

    present = context()
    ref = secret_ref(present, secret)
    if not remove_cmek and set_kms_key is None:
        raise InvalidArgument("At least one of --remove-cmek, --set-kms-key must be specified.")
    if remove_cmek and location is not None:
        raise InvalidArgument(
            "Cannot remove customer managed encryption keys for just one location. To use Google managed encryption "
            "keys for all locations, please remove --location.",
            field="--location",
        )
    old = _replication(present, ref, "The secret [{}] cannot be updated because it")
    places = [one["location"] for one in old.get("userManaged", {}).get("replicas", ())]
    if not places:
        if location is not None:
            raise InvalidArgument(
                "Invalid value for [location]: This secret has an automatic replication policy. To set its customer "
                "managed encryption key, please omit --location.",
                field="--location",
            )
        return _save(present, ref, {"automatic": _key(set_kms_key)})
    if remove_cmek:
        return _save(present, ref, {"userManaged": {"replicas": [{"location": place} for place in places]}})
    if location is None:
        raise InvalidArgument(
            "Missing required argument [location]: This secret has a user managed replication policy. The location in "
            "which to set the customer managed encryption key must be set with --location.",
            field="--location",
        )
    if location not in places:
        raise InvalidArgument(
            "Invalid value for [location]: The secret does not have a replica in this location.",
            field="--location",
            hint=f"It has: {', '.join(places)}",
        )
    replicas = [
        {"location": location, **_key(set_kms_key)} if one["location"] == location else one
        for one in old["userManaged"]["replicas"]
    ]
    if not all("customerManagedEncryption" in one for one in replicas):
        raise InvalidArgument(_PARTLY)
    return _save(present, ref, {"userManaged": {"replicas": replicas}})


def _replication(present: Context, ref: "SecretRef", cannot: str) -> dict[str, Any]:
    """Where it is kept. Raises InvalidArgument, which begins with what cannot be done, when it does not exist."""
    from cloudrun_cli.controlplane import secrets as verbs
    from cloudrun_cli.core.errors import InvalidArgument, NotFound

    try:
        with coded():
            found = verbs.get(present.store, ref, caller=caller(present), now=present.now())
    except NotFound as error:
        raise InvalidArgument(
            f"Invalid value for [secret]: {cannot.format(ref.name)} does not exist. Please use the create command to "
            "create a new secret."
        ) from error
    kept: dict[str, Any] = found["replication"]
    return kept


def _save(present: Context, ref: "SecretRef", wanted: dict[str, Any]) -> dict[str, Any]:
    from cloudrun_cli.controlplane import secrets as verbs

    with coded():
        made = verbs.update(
            present.store,
            ref,
            {"replication": wanted},
            ["replication"],
            caller=caller(present),
            now=present.now(),
        )
    present.ring()
    present.tell(f"Updated replication for secret [{ref.name}].")
    return made


def _key(name: str | None) -> dict[str, Any]:
    return {"customerManagedEncryption": {"kmsKeyName": name}} if name else {}
