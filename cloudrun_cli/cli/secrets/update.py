"""`cloudrun secrets update`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cloudrun_cli.cli.command import flag, switch
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.parsing import DictOf, ListOf
from cloudrun_cli.cli.secrets.names import Etag, Location, Secret, caller, coded, secret_ref
from cloudrun_cli.cli.secrets.secrets import (
    DestroyTtl,
    ExpireTime,
    NextRotation,
    RotationPeriod,
    Ttl,
    confirm_end,
    secrets,
)

_PAIRS = DictOf(repeatable=True)
_KEYS = ListOf(repeatable=True)

# What may be asked for, as the refusal of a call without any lists it.
FLAGS = (
    *("--clear-labels", "--remove-labels", "--update-labels", "--ttl", "--expire-time", "--remove-expiration"),
    *("--clear-topics", "--remove-topics", "--add-topics", "--update-version-aliases", "--remove-version-aliases"),
    *("--clear-version-aliases", "--update-annotations", "--remove-annotations", "--clear-annotations"),
    *("--next-rotation-time", "--remove-next-rotation-time", "--rotation-period", "--remove-rotation-period"),
    *("--remove-rotation-schedule", "--version-destroy-ttl", "--remove-version-destroy-ttl"),
)


@secrets.command(
    "update",
    format="none",
    exclusive=[
        ("--add-topics", "--clear-topics", "--remove-topics"),
        ("--clear-annotations", "--remove-annotations", "--update-annotations"),
        ("--clear-labels", "--remove-labels"),
        ("--clear-version-aliases", "--remove-version-aliases", "--update-version-aliases"),
        ("--expire-time", "--remove-expiration", "--ttl"),
        ("--regional-kms-key-name", "--remove-regional-kms-key-name"),
        ("--remove-version-destroy-ttl", "--version-destroy-ttl"),
    ],
    examples=[
        "cloudrun secrets update api-key --update-labels=team=backend",
        "cloudrun secrets update api-key --update-version-aliases=stable=2",
        "cloudrun secrets update api-key --ttl=86400s --quiet",
    ],
)
def update(
    secret: Secret,
    update_labels: Annotated[Any, flag("--update-labels", "Set these labels.", _PAIRS, metavar="KEY=VALUE")] = None,
    remove_labels: Annotated[Any, flag("--remove-labels", "Remove these labels.", _KEYS, metavar="KEY")] = None,
    clear_labels: Annotated[bool, switch("--clear-labels", "Remove all labels.")] = False,
    update_annotations: Annotated[
        Any, flag("--update-annotations", "Set these annotations.", _PAIRS, metavar="KEY=VALUE")
    ] = None,
    remove_annotations: Annotated[
        Any, flag("--remove-annotations", "Remove these annotations.", _KEYS, metavar="KEY")
    ] = None,
    clear_annotations: Annotated[bool, switch("--clear-annotations", "Remove all annotations.")] = False,
    update_version_aliases: Annotated[
        Any,
        flag("--update-version-aliases", "Let these names stand for versions.", _PAIRS, metavar="KEY=VALUE"),
    ] = None,
    remove_version_aliases: Annotated[
        Any, flag("--remove-version-aliases", "Remove these names of versions.", _KEYS, metavar="KEY")
    ] = None,
    clear_version_aliases: Annotated[bool, switch("--clear-version-aliases", "Remove all names of versions.")] = False,
    add_topics: Annotated[Any, flag("--add-topics", "Add these topics.", _KEYS, metavar="ADD-TOPICS")] = None,
    remove_topics: Annotated[
        Any, flag("--remove-topics", "Remove these topics.", _KEYS, metavar="REMOVE-TOPICS")
    ] = None,
    clear_topics: Annotated[bool, switch("--clear-topics", "Remove all topics.")] = False,
    expire_time: ExpireTime = None,
    ttl: Ttl = None,
    remove_expiration: Annotated[bool, switch("--remove-expiration", "Let it not be deleted by itself.")] = False,
    next_rotation_time: NextRotation = None,
    remove_next_rotation_time: Annotated[
        bool, switch("--remove-next-rotation-time", "Remove the time of the next rotation.")
    ] = False,
    rotation_period: RotationPeriod = None,
    remove_rotation_period: Annotated[
        bool, switch("--remove-rotation-period", "Remove the period of its rotation.")
    ] = False,
    remove_rotation_schedule: Annotated[
        bool, switch("--remove-rotation-schedule", "Remove time and period of its rotation.")
    ] = False,
    version_destroy_ttl: DestroyTtl = None,
    remove_version_destroy_ttl: Annotated[
        bool, switch("--remove-version-destroy-ttl", "Destroy versions at once.")
    ] = False,
    regional_kms_key_name: Annotated[
        str | None, flag("--regional-kms-key-name", "The key of a regional secret; there are none here.")
    ] = None,
    remove_regional_kms_key_name: Annotated[
        bool, switch("--remove-regional-kms-key-name", "Remove the key of a regional secret; there are none here.")
    ] = False,
    etag: Etag = None,
    location: Location = None,
) -> dict[str, Any]:
    """Change what is known of a secret: labels, annotations, names of versions, when it ends."""
    from cloudrun_cli.controlplane import secrets as verbs
    from cloudrun_cli.core.errors import InvalidArgument, NotFound
    from cloudrun_cli.core.wire.secrets import seconds

    present = context()
    ref = secret_ref(present, secret, location)
    if regional_kms_key_name is not None or remove_regional_kms_key_name:
        raise InvalidArgument(
            "Missing required argument [location]: The --regional-kms-key-name or --remove-regional-kms-key-name flag "
            'can only be used to update a regional secret with "--location".',
            field="--regional-kms-key-name",
        )
    try:
        with coded():
            old = verbs.get(present.store, ref, caller=caller(present), now=present.now())
    except NotFound as error:
        raise InvalidArgument(
            f"Invalid value for [secret]: The secret [{ref.name}] cannot be updated because it does not exist. Please "
            "use the create command to create a new secret.",
            hint=f"cloudrun secrets create {ref.name}",
        ) from error
    topics = [topic["name"] for topic in old.get("topics", ())]
    rotation = {"nextRotationTime": next_rotation_time, "rotationPeriod": rotation_period}
    asked: dict[str, tuple[bool, Any]] = {
        "labels": (
            clear_labels or bool(remove_labels or update_labels),
            _merged(old.get("labels"), update_labels, remove_labels, clear_labels),
        ),
        "annotations": (
            clear_annotations or bool(remove_annotations or update_annotations),
            _merged(old.get("annotations"), update_annotations, remove_annotations, clear_annotations),
        ),
        "versionAliases": (
            clear_version_aliases or bool(remove_version_aliases or update_version_aliases),
            _merged(old.get("versionAliases"), update_version_aliases, remove_version_aliases, clear_version_aliases),
        ),
        "topics": (
            clear_topics or bool(remove_topics or add_topics),
            [{"name": name} for name in _listed(topics, add_topics, remove_topics, clear_topics)],
        ),
        "expireTime": (remove_expiration or expire_time is not None, expire_time),
        "ttl": (ttl is not None, ttl),
        "rotation.nextRotationTime": (
            remove_rotation_schedule or remove_next_rotation_time or next_rotation_time is not None,
            None,
        ),
        "rotation.rotationPeriod": (
            remove_rotation_schedule or remove_rotation_period or rotation_period is not None,
            None,
        ),
        "versionDestroyTtl": (
            remove_version_destroy_ttl or version_destroy_ttl is not None,
            seconds(version_destroy_ttl) if version_destroy_ttl else None,
        ),
    }
    mask = [path for path, (wanted, _) in asked.items() if wanted]
    if not mask:
        raise InvalidArgument(
            f"At least one of {', '.join(FLAGS)} must be specified: There are no changes to the secret [{ref.name}] "
            "for update."
        )
    confirm_end(present, expire_time, ttl)
    body = {path: value for path, (_, value) in asked.items() if "." not in path}
    body |= {"rotation": rotation, "etag": etag}
    with coded():
        made = verbs.update(present.store, ref, body, mask, caller=caller(present), now=present.now())
    present.ring()
    present.tell(f"Updated secret [{ref.name}].")
    return made


def _merged(
    old: Mapping[str, str] | None, update: Mapping[str, str] | None, remove: Sequence[str] | None, clear: bool
) -> dict[str, str]:
    """What is left after clearing and removing, with the updates laid over."""
    kept = {} if clear else {key: value for key, value in (old or {}).items() if key not in (remove or ())}
    return {**kept, **(update or {})}


def _listed(old: Sequence[str], add: Sequence[str] | None, remove: Sequence[str] | None, clear: bool) -> list[str]:
    kept = [] if clear else [name for name in old if name not in (remove or ())]
    return list(dict.fromkeys([*kept, *(add or ())]))
