"""`cloudrun secrets`: create, delete, describe, list, and what only regional secrets have."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import DictOf, Duration, ListOf
from cloudrun_cli.cli.secrets.names import (
    DataFile,
    Etag,
    Location,
    Secret,
    caller,
    coded,
    contents,
    payload_of,
    secret_ref,
)

secrets = Group("secrets")

AUTOMATIC, USER_MANAGED = "automatic", "user-managed"
TYPES = (
    *("access-key", "certificate", "cloud-sql-db-credentials", "other", "other-db-credentials"),
    "secret-type-unspecified",
)
TABLE = """table(
    name.basename():label=NAME,
    createTime.date():label=CREATED,
    replication_policy:label=REPLICATION_POLICY,
    locations:label=LOCATIONS)"""

Ttl = Annotated[str | None, flag("--ttl", "Let it be deleted after so many seconds, such as 600s.")]
ExpireTime = Annotated[
    str | None, flag("--expire-time", "Let it be deleted at this time, such as 2030-01-01T08:15:30Z.")
]
NextRotation = Annotated[
    str | None, flag("--next-rotation-time", "When it is to be rotated next; kept, and nobody is told.")
]
RotationPeriod = Annotated[
    str | None, flag("--rotation-period", "How often it is to be rotated, such as 7200s; kept, and nobody is told.")
]
DestroyTtl = Annotated[
    Any,
    flag("--version-destroy-ttl", "How long a version that is destroyed is only disabled.", Duration("1d", "1000d")),
]
PolicyFile = flag(
    "--replication-policy-file", "JSON or YAML file of the replication; - is standard input.", names="files"
)


@secrets.command(
    "create",
    format="none",
    exclusive=[("--expire-time", "--ttl")],
    examples=[
        "cloudrun secrets create api-key",
        "printf s3cr3t | cloudrun secrets create api-key --data-file=-",
        "cloudrun secrets create api-key --data-file=key.bin --replication-policy=user-managed --locations=us-central1",
    ],
)
def create(
    secret: Secret,
    data_file: DataFile = None,
    replication_policy: Annotated[
        str | None, flag("--replication-policy", "automatic, or user-managed with --locations.", metavar="POLICY")
    ] = None,
    locations: Annotated[
        Any, flag("--locations", "Where a user-managed one is kept.", ListOf(repeatable=True), metavar="LOCATION")
    ] = None,
    kms_key_name: Annotated[
        str | None, flag("--kms-key-name", "The key it is encrypted with in the cloud; here its name is kept.")
    ] = None,
    replication_policy_file: Annotated[str | None, PolicyFile] = None,
    labels: Annotated[Any, flag("--labels", "Labels.", DictOf(repeatable=True), metavar="KEY=VALUE")] = None,
    set_annotations: Annotated[
        Any, flag("--set-annotations", "Annotations.", DictOf(repeatable=True), metavar="KEY=VALUE")
    ] = None,
    tags: Annotated[Any, flag("--tags", "Resource tags.", DictOf(repeatable=True), metavar="KEY=VALUE")] = None,
    topics: Annotated[
        Any, flag("--topics", "Topics that are told of changes; kept, and nobody is told.", ListOf(repeatable=True))
    ] = None,
    expire_time: ExpireTime = None,
    ttl: Ttl = None,
    next_rotation_time: NextRotation = None,
    rotation_period: RotationPeriod = None,
    version_destroy_ttl: DestroyTtl = None,
    secret_type: Annotated[str | None, flag("--secret-type", "What kind of thing it is.", choices=TYPES)] = None,
    regional_kms_key_name: Annotated[
        str | None, flag("--regional-kms-key-name", "The key of a regional secret; there are none here.")
    ] = None,
    location: Location = None,
) -> dict[str, Any]:
    """Create a secret, and its first version if there is data for it."""
    from cloudrun_cli.controlplane import secrets as verbs
    from cloudrun_cli.core.wire.secrets import seconds

    present = context()
    ref = secret_ref(present, secret, location)
    if regional_kms_key_name is not None:
        raise _conflict("--regional-kms-key-name", "only a regional secret, with --location, has it.")
    payload = payload_of(data_file) if data_file is not None else None
    if replication_policy_file is not None:
        for name, given in (("policy", replication_policy), ("locations", locations), ("kms-key-name", kms_key_name)):
            if given is not None:
                other = "--replication-policy" if name == "policy" else f"--{name}"
                raise _conflict(other, "--replication-policy-file says that already.")
        replication = read_replication(replication_policy_file)
    else:
        replication = _replication(replication_policy, locations, kms_key_name)
    body = {
        "replication": replication,
        "labels": labels,
        "annotations": set_annotations,
        "tags": tags,
        "topics": [{"name": name} for name in topics or ()],
        "expireTime": expire_time,
        "ttl": ttl,
        "rotation": {"nextRotationTime": next_rotation_time, "rotationPeriod": rotation_period},
        "versionDestroyTtl": seconds(version_destroy_ttl) if version_destroy_ttl else None,
        "secretType": (secret_type or "").replace("-", "_").upper(),
    }
    confirm_end(present, expire_time, ttl)
    with coded(ref.project):
        who, now = caller(present), present.now()
        made = verbs.create(
            present.store, ref, {key: value for key, value in body.items() if value}, caller=who, now=now
        )
        if payload is None:
            present.tell(f"Created secret [{ref.name}].")
        else:
            version = verbs.add_version(
                present.store, present.vault, ref, payload, payload.checksum, caller=who, now=present.now()
            )
            number = version["name"].rpartition("/")[2]
            present.tell(f"Created version [{number}] of the secret [{ref.name}].")
    present.ring()
    return made


@secrets.command(
    "delete",
    format="none",
    examples=["cloudrun secrets delete api-key --quiet", "cloudrun secrets delete api-key --etag='\"64ff2a\"'"],
)
def delete(secret: Secret, etag: Etag = None, location: Location = None) -> None:
    """Delete a secret with all its versions and its policy, for ever."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.controlplane import secrets as verbs

    present = context()
    ref = secret_ref(present, secret, location)
    with coded():
        known = verbs.versions(present.store, ref, caller=caller(present), now=present.now())
    count = sum(version["state"] != "DESTROYED" for version in known)
    confirm(
        f"You are about to destroy the secret [{ref.name}] and its [{count}] version(s). This action cannot be "
        "reversed."
    )
    with coded():
        verbs.delete(present.store, ref, etag=etag, caller=caller(present), now=present.now())
    present.ring()
    present.tell(f"Deleted secret [{ref.name}].")


@secrets.command("describe", examples=["cloudrun secrets describe api-key"])
def describe(secret: Secret, location: Location = None) -> dict[str, Any]:
    """Show what is known of a secret; its payloads are not."""
    from cloudrun_cli.controlplane import secrets as verbs

    present = context()
    ref = secret_ref(present, secret, location)
    with coded():
        return verbs.get(present.store, ref, caller=caller(present), now=present.now())


def address(secret: Any) -> str:
    """Where the API has a secret or a version."""
    return f"http://secretmanager.localhost:{context().edge.http_port}/v1/{secret['name']}"


@secrets.command(
    "list",
    format=TABLE,
    uri=address,
    examples=["cloudrun secrets list", "cloudrun secrets list --filter='labels.team=backend' --format='value(name)'"],
)
def list_(location: Location = None) -> list[Any]:
    """List the secrets of the project."""
    from cloudrun_cli.controlplane import secrets as verbs
    from cloudrun_cli.output.rows import Row

    present = context()
    if location is not None:
        secret_ref(present, "-", location)
    with coded():
        found = verbs.everything(present.store, present.project, caller=caller(present), now=present.now())
    return [Row(one, {"replication_policy": _policy, "locations": _locations}) for one in found]


@secrets.command(
    "enable-managed-rotation",
    examples=["cloudrun secrets enable-managed-rotation db --location=us-central1 --instance-id=sql --username=app"],
)
def enable_managed_rotation(
    secret: Secret,
    location: Annotated[str, flag("--location", "The region of the secret.", names="regions")],
    instance_id: Annotated[str, flag("--instance-id", "The Cloud SQL instance.")],
    username: Annotated[str, flag("--username", "The user of the database.")],
    password: Annotated[str | None, flag("--password", "The user's password.")] = None,
) -> None:
    """Refused: the managed rotation of a regional secret, which needs Cloud SQL."""
    secret_ref(context(), secret, location)


@secrets.command("rotate-secret", examples=["cloudrun secrets rotate-secret db --location=us-central1"])
def rotate_secret(
    secret: Secret, location: Annotated[str, flag("--location", "The region of the secret.", names="regions")]
) -> None:
    """Refused: the managed rotation of a regional secret."""
    secret_ref(context(), secret, location)


def confirm_end(present: Context, expire_time: str | None, ttl: str | None) -> None:
    """Returns when the user agrees that the secret ends by itself."""
    from cloudrun_cli.cli.run.deleting import confirm

    if expire_time:
        what = f"at the requested expire-time of [{expire_time}]"
    elif ttl:
        what = f"after the requested ttl of [{ttl}] has elapsed"
    else:
        return
    confirm(f"This secret and all of its versions will be automatically deleted {what}.")


def read_replication(path: str) -> dict[str, Any]:
    """The replication that a JSON or YAML file says. Raises InvalidArgument."""
    import yaml

    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.wire.secrets import replication_from_json

    text = contents(path)
    if not text:
        raise InvalidArgument(
            "Invalid value for [replication-policy]: File cannot be empty.", field="--replication-policy-file"
        )
    try:
        said = yaml.safe_load(text)  # JSON is YAML too
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidArgument("Failed to parse replication policy file as json or yaml.") from error
    if not isinstance(said, dict) or not {"userManaged", "automatic"} & said.keys():
        raise InvalidArgument('Expected to find either "userManaged" or "automatic" in replication, but found neither.')
    return replication_from_json({key: value or {} for key, value in said.items()})


def _replication(policy: str | None, locations: list[str] | None, key: str | None) -> dict[str, Any]:
    """The replication that flags ask for. Raises InvalidArgument where they contradict each other."""
    from cloudrun_cli.core.errors import InvalidArgument

    if policy not in (None, AUTOMATIC, USER_MANAGED):
        raise InvalidArgument(
            "Invalid value for [replication-policy]: The value provided for --replication-policy is invalid. Valid "
            f'values are "{AUTOMATIC}" and "{USER_MANAGED}".',
            field="--replication-policy",
        )
    if policy == USER_MANAGED and key:
        raise _conflict("--kms-key-name", "a user-managed secret has a key for each place: --replication-policy-file.")
    if policy == USER_MANAGED and not locations:
        raise InvalidArgument(
            f"Missing required argument [locations]: If --replication-policy is {USER_MANAGED} then --locations must "
            "also be provided.",
            field="--locations",
        )
    if policy != USER_MANAGED and locations:
        raise InvalidArgument(
            "Invalid value for [locations]: Locations are only allowed when creating a secret with a "
            f'"{USER_MANAGED}" replication policy. Please use the --replication-policy flag to set it.',
            field="--locations",
        )
    if policy == USER_MANAGED:
        return {"userManaged": {"replicas": [{"location": place} for place in locations or ()]}}
    return {"automatic": {"customerManagedEncryption": {"kmsKeyName": key}} if key else {}}


def _conflict(name: str, why: str) -> Exception:
    from cloudrun_cli.core.errors import InvalidArgument

    return InvalidArgument(f"Invalid value for [{name}]: {why}", field=name)


def _policy(secret: Any) -> str:
    return "automatic" if "automatic" in secret["replication"] else "user_managed"


def _locations(secret: Any) -> str:
    managed = secret["replication"].get("userManaged")
    return ",".join(replica["location"] for replica in managed["replicas"]) if managed else "-"
