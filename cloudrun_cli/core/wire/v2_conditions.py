"""The v2 shape of conditions. Source: run.googleapis.com v2, Condition."""

import re
from collections.abc import Iterable
from typing import Any

from cloudrun_cli.core.conditions import READY, find
from cloudrun_cli.core.resources import Condition, Status
from cloudrun_cli.core.wire.v1_status import moment, timestamp

Json = dict[str, Any]

_STATES = {
    Status.TRUE: "CONDITION_SUCCEEDED",
    Status.FALSE: "CONDITION_FAILED",
    Status.UNKNOWN: "CONDITION_RECONCILING",
}
_STATUSES = {state: status for status, state in _STATES.items()} | {"CONDITION_PENDING": Status.UNKNOWN}

_COMMON = """
REVISION_FAILED PROGRESS_DEADLINE_EXCEEDED CONTAINER_MISSING CONTAINER_PERMISSION_DENIED CONTAINER_IMAGE_UNAUTHORIZED
CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED ENCRYPTION_KEY_PERMISSION_DENIED ENCRYPTION_KEY_CHECK_FAILED
SECRETS_ACCESS_CHECK_FAILED WAITING_FOR_OPERATION IMMEDIATE_RETRY POSTPONED_RETRY INTERNAL VPC_NETWORK_NOT_FOUND
"""
_OF_REVISIONS = """
PENDING RESERVE RETIRED RETIRING RECREATING HEALTH_CHECK_CONTAINER_ERROR CUSTOMIZED_PATH_RESPONSE_PENDING
MIN_INSTANCES_NOT_PROVISIONED ACTIVE_REVISION_LIMIT_REACHED NO_DEPLOYMENT HEALTH_CHECK_SKIPPED MIN_INSTANCES_WARMING
"""
REASONS, REVISION_REASONS = frozenset(_COMMON.split()), frozenset(_OF_REVISIONS.split())


def terminal_first(conditions: tuple[Condition, ...]) -> tuple[Condition | None, tuple[Condition, ...]]:
    """Ready, and the others."""
    ready = find(conditions, READY)
    return ready, tuple(c for c in conditions if c is not ready)


def condition_to_json(condition: Condition) -> Json:
    """One condition. A reason that v2 has no word for is left out."""
    out: Json = {"type": condition.type, "state": _STATES[condition.status]}
    if condition.message:
        out["message"] = condition.message
    out["lastTransitionTime"] = timestamp(condition.last_transition)
    if condition.severity:
        out["severity"] = condition.severity.upper()
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", condition.reason).upper()
    if word in REASONS:
        out["reason"] = word
    elif word in REVISION_REASONS:
        out["revisionReason"] = word
    return out


def conditions_from_json(items: Iterable[Json]) -> tuple[Condition, ...]:
    """The values of conditions."""
    return tuple(
        Condition(
            c["type"],
            _STATUSES.get(c.get("state", ""), Status.UNKNOWN),
            moment(c["lastTransitionTime"]),
            "".join(part.capitalize() for part in (c.get("reason") or c.get("revisionReason") or "").split("_")),
            c.get("message", ""),
            c.get("severity", "").capitalize(),
        )
        for c in items
    )
