"""What a service must be before it is saved. Every refusal names the field, the value and the rule."""

import json
import re
from collections.abc import Mapping

from cloudrun_cli.core import annotations as known
from cloudrun_cli.core.container_rules import check_containers
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.limits import (
    MAX_CONCURRENCY,
    MAX_DESCRIPTION,
    MAX_LABELS,
    MAX_TIMEOUT_SECONDS,
    check_range,
)
from cloudrun_cli.core.resources import RevisionTemplate, Service, TrafficTarget
from cloudrun_cli.core.targets import check_targets
from cloudrun_cli.core.volume_rules import check_volumes

_SPEC = "spec.template.spec"
_ANNOTATIONS = "spec.template.metadata.annotations"
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+(/cryptoKeyVersions/[^/]+)?")
_CONNECTOR = re.compile(r"[a-z]([a-z0-9-]{0,23}[a-z0-9])?|projects/[^/]+/locations/([^/]+)/connectors/[^/]+")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s]\S*")


def check_service(service: Service) -> None:
    """Nothing when the service may be saved. Raises InvalidArgument for the first thing that is wrong."""
    check_labels(service.labels)
    _check_annotations(service.annotations)
    check_template(service.template)
    _check_connector_region(service)
    check_traffic(service.traffic)
    scaling = service.scaling
    check_range("--min", scaling.min_instances, 0, None)
    check_range("--max", scaling.max_instances, 1, None)
    check_range("--scaling", scaling.manual, 0, None)
    _check_order(
        scaling.min_instances, scaling.max_instances, "service", "metadata.annotations[run.googleapis.com/minScale]"
    )
    if scaling.manual is not None and (scaling.min_instances is not None or scaling.max_instances is not None):
        raise InvalidArgument(
            f"--scaling: With exactly {scaling.manual} instances, the service has neither a minimum (--min) nor a "
            "maximum (--max).",
            field="scaling",
            hint="Leave them out, or go back to automatic scaling: --scaling=auto",
        )


def check_template(template: RevisionTemplate, *, serves: bool = True) -> None:
    """Nothing when a revision may be made of it; or an execution, where nothing `serves` requests."""
    check_containers(template, serves=serves)
    check_volumes(template)
    check_range(f"{_SPEC}.containerConcurrency", template.concurrency, 1, MAX_CONCURRENCY)
    if serves:
        check_range(f"{_SPEC}.timeoutSeconds", int(template.timeout.total_seconds()), 1, MAX_TIMEOUT_SECONDS)
    check_range(f"{_ANNOTATIONS}[autoscaling.knative.dev/minScale]", template.min_instances, 0, None)
    check_range(f"{_ANNOTATIONS}[autoscaling.knative.dev/maxScale]", template.max_instances, 1, None)
    _check_order(
        template.min_instances,
        template.max_instances,
        "revision",
        f"{_ANNOTATIONS}[autoscaling.knative.dev/minScale]",
    )
    if template.service_account and "@" not in template.service_account:
        raise InvalidArgument(
            f"{_SPEC}.serviceAccountName: [{template.service_account}] is not the e-mail address of a service account.",
            field=f"{_SPEC}.serviceAccountName",
        )
    _check_network(template.annotations)
    check_targets(template, _ANNOTATIONS)
    key = template.annotations.get(known.ENCRYPTION_KEY)
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidArgument(
            f"{_ANNOTATIONS}[{known.ENCRYPTION_KEY}]: Invalid value [{key}]. A key reads "
            "projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY.",
            field=f"{_ANNOTATIONS}[{known.ENCRYPTION_KEY}]",
        )


def check_labels(labels: Mapping[str, str]) -> None:
    """Nothing when keys and values are labels. Source: requirements for labels."""
    own = {key: value for key, value in labels.items() if "/" not in key}  # the others are the platform's
    if len(own) > MAX_LABELS:
        raise InvalidArgument(
            f"metadata.labels: {len(own)} labels; at most {MAX_LABELS} are allowed.", field="metadata.labels"
        )
    for key, value in own.items():
        if not _LABEL_KEY.fullmatch(key):
            raise InvalidArgument(
                f"metadata.labels: Invalid label key [{key}]. Only hyphens (-), underscores (_), lowercase characters "
                "and numbers are allowed; it must start with a lowercase character and have at most 63 characters.",
                field="metadata.labels",
            )
        if not _LABEL_VALUE.fullmatch(value):
            raise InvalidArgument(
                f"metadata.labels: Invalid value [{value}] of label [{key}]. Only hyphens (-), underscores (_), "
                "lowercase characters and numbers are allowed, at most 63 characters.",
                field="metadata.labels",
            )


def check_traffic(traffic: tuple[TrafficTarget, ...]) -> None:
    """Nothing when the percents sum to 100 and no tag is used twice."""
    for target in traffic:
        check_range("spec.traffic.percent", target.percent, 0, 100)
    total = sum(target.percent for target in traffic)
    if traffic and total != 100:
        raise InvalidArgument(f"spec.traffic: The percents sum to {total}; they must sum to 100.", field="spec.traffic")
    tags = [target.tag for target in traffic if target.tag]
    for tag in tags:
        if tags.count(tag) > 1:
            raise InvalidArgument(f"spec.traffic: The tag [{tag}] is used twice.", field="spec.traffic.tag")


def _check_annotations(annotations: Mapping[str, str]) -> None:
    description = annotations.get(known.DESCRIPTION, "")
    if len(description) > MAX_DESCRIPTION:
        raise InvalidArgument(
            f"description: The description has {len(description)} characters; at most {MAX_DESCRIPTION} are allowed.",
            field="description",
        )
    for audience in json.loads(annotations.get(known.CUSTOM_AUDIENCES) or "[]"):
        if not _URL.fullmatch(audience):
            raise InvalidArgument(
                f"metadata.annotations[{known.CUSTOM_AUDIENCES}]: Invalid audience [{audience}]. It must be a full "
                "URL, such as https://example.com.",
                field=f"metadata.annotations[{known.CUSTOM_AUDIENCES}]",
            )


def _check_network(annotations: Mapping[str, str]) -> None:
    """One way out, by a connector or by an interface; what goes through it needs one."""
    connector = annotations.get(known.VPC_CONNECTOR)
    interfaces = json.loads(annotations.get(known.NETWORK_INTERFACES) or "[]")
    if connector and interfaces:
        raise InvalidArgument(
            f"{_ANNOTATIONS}[{known.NETWORK_INTERFACES}]: Invalid value: with the connector [{connector}] there is no "
            "network interface; it is one or the other.",
            field=f"{_ANNOTATIONS}[{known.NETWORK_INTERFACES}]",
            hint="Remove one: --clear-vpc-connector, or --clear-network.",
        )
    if connector and not _CONNECTOR.fullmatch(connector):
        raise InvalidArgument(
            f"{_ANNOTATIONS}[{known.VPC_CONNECTOR}]: Invalid connector [{connector}]. It has lower-case letters, "
            "digits and '-', at most 25, or reads projects/PROJECT/locations/REGION/connectors/NAME.",
            field=f"{_ANNOTATIONS}[{known.VPC_CONNECTOR}]",
        )
    if interfaces and not (interfaces[0].get("network") or interfaces[0].get("subnetwork")):
        raise InvalidArgument(
            f"{_ANNOTATIONS}[{known.NETWORK_INTERFACES}]: Tags alone are no interface; name its network or subnet.",
            field=f"{_ANNOTATIONS}[{known.NETWORK_INTERFACES}]",
            hint="Add --network=NETWORK or --subnet=SUBNET.",
        )
    egress = annotations.get(known.VPC_EGRESS)
    if egress and not (connector or interfaces):
        raise InvalidArgument(
            f"{_ANNOTATIONS}[{known.VPC_EGRESS}]: Invalid value [{egress}]: there is neither a connector nor a network "
            "for it to go through.",
            field=f"{_ANNOTATIONS}[{known.VPC_EGRESS}]",
            hint="Add --vpc-connector=CONNECTOR, or --network=NETWORK.",
        )


def _check_connector_region(service: Service) -> None:
    found = _CONNECTOR.fullmatch(service.template.annotations.get(known.VPC_CONNECTOR, ""))
    if found and found[2] and found[2] != service.ref.region:
        raise InvalidArgument(
            f"{_ANNOTATIONS}[{known.VPC_CONNECTOR}]: The connector [{found[0]}] is in region [{found[2]}], the service "
            f"in [{service.ref.region}]; they must be in the same.",
            field=f"{_ANNOTATIONS}[{known.VPC_CONNECTOR}]",
        )


def _check_order(least: int | None, most: int | None, level: str, field: str) -> None:
    if least is not None and most is not None and least > most:
        raise InvalidArgument(
            f"{field}: The {level}'s minimum of {least} instances is more than its maximum of {most}.",
            field=field,
        )
