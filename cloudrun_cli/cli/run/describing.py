"""What `describe` shows of a service or a revision when no other format is asked for: from v1 JSON, line by line.

Source: gcloud's formats `service` and `revision` as recorded; lines that no recording has are in gcloud's words where
it has any for the setting, and else in the words of its flag.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from cloudrun_cli.cli.run.describing_template import template_block
from cloudrun_cli.cli.run.layout import Block, laid_out, unnamed
from cloudrun_cli.cli.run.rows import condition, ready_symbol, shown_urls
from cloudrun_cli.cli.run.traffic_lines import traffic_block, traffic_pairs

Json = Mapping[str, Any]

TEXT_WIDTH = 100
_RUN = "run.googleapis.com/"
_BUILD = (
    ("Build ID", "build-id"),
    ("Name", "build-name"),
    ("Image", "build-image-uri"),
    ("Source", "build-source-location"),
    ("Function", "build-function-target"),
    ("Base Image", "build-base-image"),
    ("Automatic Updates", "build-enable-automatic-updates"),
    ("Env vars", "build-environment-variables"),
    ("Service account", "build-service-account"),
    ("Worker Pool", "build-worker-pool"),
)
_SHOWN = {"description", "ingress", "ingress-status", "minScale", "maxScale", "scalingMode", "manualInstanceCount"} | {
    *("custom-audiences", "default-url-disabled", "invoker-iam-disabled", "iap-enabled", "launch-stage"),
    *("binary-authorization", "binary-authorization-breakglass", "threat-detection", "gc-traffic-tags", "regions"),
    *(key for _, key in _BUILD),
}


def service_lines(service: Json) -> Iterator[str]:
    """A service, with the template of its newest revision."""
    meta, status = service["metadata"], service["status"]
    annotations = meta["annotations"]
    symbol, ready = ready_symbol(status), condition(status, "Ready")
    yield f"{symbol} Service {meta['name']} in region {region_of(meta)}"
    yield from label_lines(meta)
    yield " "
    yield from _address_lines(service)
    yield " "
    yield from laid_out(_settings(annotations))
    yield " "
    when = ready.get("lastTransitionTime") or meta["creationTimestamp"]
    yield f"Last updated on {when} by {annotations.get('serving.knative.dev/lastModifier', '')}:"
    template = service["spec"]["template"]
    head = [f"Revision {status.get('latestCreatedRevisionName', '')}".rstrip(), *label_lines(template["metadata"])]
    manual = annotations.get(f"{_RUN}scalingMode") == "manual"
    yield from laid_out([*head, *template_block(template, manual=manual)], indent=2)
    yield from message_lines(symbol, ready)


def revision_lines(revision: Json) -> Iterator[str]:
    """A revision alone."""
    meta = revision["metadata"]
    symbol, ready = ready_symbol(revision["status"]), condition(revision["status"], "Ready")
    yield f"{symbol} Revision {meta['name']} in region {region_of(meta)}"
    yield from label_lines(meta)
    yield " "
    yield from laid_out(template_block(revision))
    yield from message_lines(symbol, ready)


def _address_lines(service: Json) -> Iterator[str]:
    annotations = service["metadata"]["annotations"]
    wanted = annotations.get(f"{_RUN}ingress", "all")
    active = annotations.get(f"{_RUN}ingress-status", wanted)
    first, *others = shown_urls(service)
    yield f"URL:     {first}"
    for url in others:
        yield f"         {url}"
    yield f"Ingress: {wanted}" if wanted == active else f"Ingress: {wanted} (currently {active})"
    yield "Traffic:"
    yield from traffic_block(traffic_pairs(service))


def _settings(annotations: Json) -> Block:
    """What holds for the service as a whole."""

    def said(name: str) -> str:
        return str(annotations.get(_RUN + name, ""))

    def switched(name: str, shown: str) -> str:
        return shown if said(name) == "true" else ""

    audiences = json.loads(said("custom-audiences") or "[]")
    policy = said("binary-authorization")
    return [
        ("Scaling", _scaling(said)),
        ("Description", said("description")),
        ("Launch Stage", said("launch-stage").replace("GA", "")),
        ("Binary Authorization", "Default" if policy == "default" else policy),
        ("Breakglass Justification", said("binary-authorization-breakglass")),
        ("Threat Detection", switched("threat-detection", "Enabled")),
        ("IAP", switched("iap-enabled", "Enabled")),
        ("Invoker IAM Check", switched("invoker-iam-disabled", "Disabled")),
        ("Default URL", switched("default-url-disabled", "Disabled")),
        ("Custom Audiences", ", ".join(audiences)),
        ("Regions", said("regions").replace(",", ", ")),
        ("Traffic Tag Clean-up", switched("gc-traffic-tags", "Enabled")),
        ("Build", [(label, said(key)) for label, key in _BUILD]),
        *unnamed(annotations, _SHOWN),
    ]


def _scaling(said: Any) -> str:
    if said("scalingMode") == "manual":
        return f"Manual (Instances: {said('manualInstanceCount') or 0})"
    most = said("maxScale")
    return f"Auto (Min: {said('minScale') or 0}{f', Max: {most}' if most else ''})"


def message_lines(symbol: str, ready: Json) -> Iterator[str]:
    """What the condition says, if it says anything."""
    message = ready.get("message")
    if not message:
        return
    for paragraph in re.split(r"(?<!\n)\n(?!\n)", f"{symbol} {message}"):
        yield from textwrap.wrap(paragraph, TEXT_WIDTH) or [""]


def label_lines(meta: Json) -> list[str]:
    """The labels that people gave, in one line; none where there are none."""
    shown = [f"{key}:{value}" for key, value in sorted(meta.get("labels", {}).items()) if "/" not in key]
    return [" ".join(shown)] if shown else []


def region_of(meta: Json) -> str:
    """Where the resource is."""
    return str(meta["labels"].get("cloud.googleapis.com/location", ""))
