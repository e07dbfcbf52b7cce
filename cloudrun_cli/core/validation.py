"""What a template must be before a revision is made of it. Every refusal names the field, the value and the rule."""

import re

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.limits import (
    MAX_CONCURRENCY,
    MAX_ENV,
    MAX_ENV_BYTES,
    MAX_TIMEOUT_SECONDS,
    check_concurrency,
    check_pair,
)
from cloudrun_cli.core.resources import Container, RevisionTemplate, Service, TrafficTarget

# Source: container runtime contract; Configure environment variables
RESERVED_ENV = frozenset(
    {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"}
    | {f"CLOUD_RUN_{word}" for word in ("JOB", "EXECUTION", "TASK_INDEX", "TASK_ATTEMPT", "TASK_COUNT")}
    | {f"CLOUD_RUN_{word}" for word in ("WORKER_POOL", "WORKER_POOL_REVISION", "REVISION")}
)
_SPEC = "spec.template.spec"
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")


def check_service(service: Service) -> None:
    """Nothing when the service may be saved. Raises InvalidArgument for the first thing that is wrong."""
    check_labels(service.labels)
    check_template(service.template)
    check_traffic(service.traffic)
    scaling = service.scaling
    _check_range("--min", scaling.min_instances, 0, None)
    _check_range("--max", scaling.max_instances, 1, None)
    _check_order(scaling.min_instances, scaling.max_instances, "service")


def check_template(template: RevisionTemplate) -> None:
    """Nothing when a revision may be made of it."""
    for index, container in enumerate(template.containers):
        _check_container(container, f"{_SPEC}.containers[{index}]")
    _check_range(f"{_SPEC}.containerConcurrency", template.concurrency, 1, MAX_CONCURRENCY)
    check_concurrency([c.cpu for c in template.containers], template.concurrency or 1, f"{_SPEC}.containerConcurrency")
    seconds = int(template.timeout.total_seconds())
    _check_range(f"{_SPEC}.timeoutSeconds", seconds, 1, MAX_TIMEOUT_SECONDS)
    _check_range(
        "spec.template.metadata.annotations[autoscaling.knative.dev/minScale]", template.min_instances, 0, None
    )
    _check_range(
        "spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]", template.max_instances, 1, None
    )
    _check_order(template.min_instances, template.max_instances, "revision")
    if template.service_account and "@" not in template.service_account:
        raise InvalidArgument(
            f"{_SPEC}.serviceAccountName: [{template.service_account}] is not the e-mail address of a service account.",
            field=f"{_SPEC}.serviceAccountName",
        )


def check_labels(labels: object) -> None:
    """Nothing when keys and values are labels. Source: requirements for labels."""
    assert hasattr(labels, "items")
    for key, value in labels.items():
        if "/" in key:
            continue  # the platform's own
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
    total = sum(target.percent for target in traffic)
    if traffic and total != 100:
        raise InvalidArgument(f"spec.traffic: The percents sum to {total}; they must sum to 100.", field="spec.traffic")
    tags = [target.tag for target in traffic if target.tag]
    for tag in tags:
        if tags.count(tag) > 1:
            raise InvalidArgument(f"spec.traffic: The tag [{tag}] is used twice.", field="spec.traffic.tag")


def check_env_name(name: str, field: str = "env") -> None:
    """Nothing when a user may set this variable."""
    if not name or "=" in name or "\0" in name:
        raise InvalidArgument(f"{field}: Invalid environment variable name [{name}]: empty, or with '='.", field=field)
    if name in RESERVED_ENV or name.startswith("X_GOOGLE_"):
        raise InvalidArgument(
            f"{field}: The following reserved env names were provided: {name}. These values are automatically set by "
            "the system.",
            field=field,
        )


def _check_container(container: Container, field: str) -> None:
    if not container.image:
        raise InvalidArgument(f"{field}.image: A container image is required.", field=f"{field}.image")
    if not re.fullmatch(r"[\w.:/@+-]+", container.image):
        raise InvalidArgument(
            f"{field}.image: Invalid image name [{container.image}]; expected [HOST/]PATH[:TAG|@DIGEST].",
            field=f"{field}.image",
        )
    check_pair(container.cpu, container.memory, f"{field}.resources.limits")
    if container.port is not None:
        _check_range(f"{field}.ports[0].containerPort", container.port.number, 1, 65535)
    if len(container.env) > MAX_ENV:
        raise InvalidArgument(f"{field}.env: {len(container.env)} variables; at most {MAX_ENV}.", field=f"{field}.env")
    for variable in container.env:
        check_env_name(variable.name, f"{field}.env")
        if max(len(variable.name.encode()), len(variable.value.encode())) > MAX_ENV_BYTES:
            raise InvalidArgument(
                f"{field}.env: Name or value of [{variable.name[:64]}] is longer than {MAX_ENV_BYTES} bytes.",
                field=f"{field}.env",
            )


def _check_range(field: str, value: int | None, least: int, most: int | None) -> None:
    if value is None or (value >= least and (most is None or value <= most)):
        return
    rule = f"from {least} to {most}" if most is not None else f"at least {least}"
    raise InvalidArgument(f"{field}: Invalid value {value}. It must be {rule}.", field=field)


def _check_order(least: int | None, most: int | None, level: str) -> None:
    if least is not None and most is not None and least > most:
        raise InvalidArgument(
            f"The {level}'s minimum of {least} instances is more than its maximum of {most}.", field="scaling"
        )
