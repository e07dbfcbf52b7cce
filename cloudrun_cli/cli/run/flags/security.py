"""As whom a revision runs, with which keys its image is kept, and which images may run at all."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, value
from cloudrun_cli.cli.parsing import Integer

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

NO_KEYS = "nothing is encrypted by a key of yours"
NO_POLICY = "every image may run"

FLAGS = (
    value("--service-account", "E-mail address of the account that the revision runs as."),
    value("--key", "The key that the image is encrypted with.", recorded=NO_KEYS),
    clearing("--clear-key", "Do without a key of one's own."),
    value(
        "--post-key-revocation-action-type",
        "What happens when the key is revoked.",
        choices=("prevent-new", "shut-down"),
        recorded=NO_KEYS,
    ),
    clearing("--clear-post-key-revocation-action-type", "Back to the usual answer to a revoked key."),
    value(
        "--encryption-key-shutdown-hours",
        "Hours between the revocation of the key and the end of the instances.",
        Integer(1),
        recorded=NO_KEYS,
    ),
    clearing("--clear-encryption-key-shutdown-hours", "Back to the usual hours."),
    value("--binary-authorization", "The policy that images must meet.", metavar="POLICY", recorded=NO_POLICY),
    clearing("--clear-binary-authorization", "Do without a policy for images."),
    value("--breakglass", "Why the policy for images is passed over.", metavar="JUSTIFICATION", recorded=NO_POLICY),
)
EXCLUSIVE = (
    ("--clear-encryption-key-shutdown-hours", "--encryption-key-shutdown-hours"),
    ("--clear-key", "--key"),
    ("--clear-post-key-revocation-action-type", "--post-key-revocation-action-type"),
    ("--binary-authorization", "--clear-binary-authorization"),
)


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core import annotations as known
    from cloudrun_cli.core.changes import ServiceAccountChange, ServiceAnnotationsChange, TemplateAnnotationsChange

    out: list[Change] = []
    if values["service_account"] is not None:
        out.append(ServiceAccountChange(values["service_account"]))
    of_template = _asked(
        values,
        (
            ("key", known.ENCRYPTION_KEY),
            ("post_key_revocation_action_type", known.KEY_REVOCATION),
            ("encryption_key_shutdown_hours", known.KEY_SHUTDOWN_HOURS),
        ),
    )
    of_service = _asked(values, (("binary_authorization", known.BINARY_AUTHORIZATION),))
    if values["breakglass"] is not None:
        of_service[known.BREAKGLASS] = values["breakglass"] or None
    out += [TemplateAnnotationsChange(of_template)] if of_template else []
    return [*out, ServiceAnnotationsChange(of_service)] if of_service else out


def _asked(values: Values, keys: tuple[tuple[str, str], ...]) -> dict[str, str | None]:
    """The annotations that X and --clear-X ask for."""
    out: dict[str, str | None] = {}
    for name, key in keys:
        if values[f"clear_{name}"]:
            out[key] = None
        elif values[name] is not None:
            out[key] = str(values[name])
    return out


FAMILY = Family(FLAGS, EXCLUSIVE, whole=_whole)
