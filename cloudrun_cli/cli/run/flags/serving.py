"""Who may call a service, under which address, and how long a request may take."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, toggle, value
from cloudrun_cli.cli.parsing import Duration, ListOf

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change, ListEdit

INGRESS = ("all", "internal", "internal-and-cloud-load-balancing")
CONNECTIVITY = {"external": "all", "internal": "internal"}  # the old words

FLAGS = (
    value("--timeout", "How long a request may take: 300, 5m.", Duration("1s")),
    toggle("--session-affinity", "Send a client that keeps cookies to the same instance again, where it can take it."),
    value("--ingress", "From where the service may be called.", choices=INGRESS),
    value("--connectivity", "The old form of --ingress.", choices=tuple(CONNECTIVITY), hidden=True),
    toggle("--default-url", "Whether the service answers under its own address."),
    toggle("--invoker-iam-check", "Whether callers need the permission to invoke."),
    toggle("--iap", "Put Identity-Aware Proxy in front of the service.", recorded="there is no Identity-Aware Proxy"),
    value("--add-custom-audiences", "Audiences to accept too.", ListOf(), metavar="CUSTOM-AUDIENCES"),
    value("--remove-custom-audiences", "Audiences not to accept any more.", ListOf(), metavar="CUSTOM-AUDIENCES"),
    value(
        "--set-custom-audiences",
        "Audiences to accept, instead of all there are.",
        ListOf(),
        metavar="CUSTOM-AUDIENCES",
    ),
    clearing("--clear-custom-audiences", "Accept only the service's own audience."),
)
EXCLUSIVE = (
    "--add-custom-audiences",
    "--clear-custom-audiences",
    "--remove-custom-audiences",
    "--set-custom-audiences",
)


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core import annotations as known
    from cloudrun_cli.core import changes as ask
    from cloudrun_cli.core.resources import Ingress

    out: list[Change] = []
    if values["timeout"] is not None:
        out.append(ask.TimeoutChange(values["timeout"]))
    if values["session_affinity"] is not None:
        out.append(
            ask.TemplateAnnotationsChange({known.SESSION_AFFINITY: "true" if values["session_affinity"] else None})
        )
    if ingress := values["ingress"] or CONNECTIVITY.get(values["connectivity"] or ""):
        out.append(ask.IngressSettingChange(Ingress(ingress)))
    annotations: dict[str, str | None] = {}
    for name, key in (("default_url", known.DEFAULT_URL_DISABLED), ("invoker_iam_check", known.INVOKER_DISABLED)):
        if values[name] is not None:
            annotations[key] = None if values[name] else "true"
    if values["iap"] is not None:
        annotations[known.IAP_ENABLED] = "true" if values["iap"] else None
    if annotations:
        out.append(ask.ServiceAnnotationsChange(annotations))
    edit = list_edit(values, "custom_audiences")
    return [*out, ask.AudiencesChange(edit)] if edit else out


def list_edit(values: Values, subject: str) -> "ListEdit | None":
    """What --add-X, --remove-X, --set-X and --clear-X ask of a list; None for nothing."""
    from cloudrun_cli.core.changes import ListEdit

    added, removed, replaced = (values[f"{verb}_{subject}"] for verb in ("add", "remove", "set"))
    if replaced is not None or values[f"clear_{subject}"]:
        return ListEdit(add=tuple(replaced or ()), clear=True)
    if added is None and removed is None:
        return None
    return ListEdit(add=tuple(added or ()), remove=tuple(removed or ()))


FAMILY = Family(FLAGS, (EXCLUSIVE,), whole=_whole)
