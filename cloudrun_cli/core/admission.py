"""Admission: which revision a request gets, who may have a slot, who waits, how long, and how a refusal reads.

Sources: container runtime contract (queue, request timeout), instance autoscaling (on-demand starts), troubleshooting
(status codes of the front end). The sentences are ours; codes and meaning are the documented ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from cloudrun_cli.core.resources import RevisionRef

WAIT_MINIMUM_SECONDS = 10.0  # the shortest queue wait limit. Source: container runtime contract
REQUEST_BYTES = 32 * 1024 * 1024  # of a request, or an answer in one piece, over HTTP/1. Source: quotas and limits
WAIT_START_UPS = 3.5  # times the average start-up time. Source: container runtime contract
# How many requests may wait for one revision. These numbers are ours: it is documented how long a request waits, not
# how many may. A longer queue would only be refused later, as by then there is no slot for them; the limits at both
# ends are for services that do one request at a time, and for the memory it takes.
QUEUE_PER_SLOT = 10  # times all slots it may ever have
QUEUE_LEAST = 100
QUEUE_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in place of the service's own. `log` is the line for the request log ("" is not logged at all);
    `{path}` in the text stands for the path that was asked for."""

    status: int
    title: str
    text: str
    log: str = ""
    severity: str = "ERROR"


PAGE_NOT_FOUND = Refusal(404, "Error: Page not found", "The requested URL was not found on this server.")
UNAUTHENTICATED = Refusal(
    403,
    "Error: Forbidden",
    "Your client does not have permission to get URL {path} from this server.",
    "The request was not authenticated: allow public access to the service, or send an identity token of a caller "
    "that may invoke it in the Authorization header.",
    "WARNING",
)
FORBIDDEN = Refusal(
    403,
    "Error: Forbidden",
    "Your client does not have permission to get URL {path} from this server.",
    "The request was not authorized to invoke this service: the caller of its identity token has no role with "
    "run.routes.invoke, such as roles/run.invoker, on the service or above it.",
    "WARNING",
)
UNAUTHORIZED = Refusal(
    401,
    "Error: Unauthorized",
    "Your client's identity token is not valid for this service.",
    "The request was not authorized to invoke this service: its identity token is malformed, expired, or was made for "
    "another audience.",
    "WARNING",
)
NO_INSTANCE_AT_MAX = Refusal(
    429,
    "Rate exceeded.",
    "Every instance is busy and the service may not have more.",
    "The request was aborted because no instance was available: the service has reached its maximum number of "
    "instances. Raise --max-instances or --concurrency.",
    "WARNING",
)
NO_INSTANCE = Refusal(
    500,
    "Error: Server Error",
    "No instance became available in time.",
    "The request was aborted because no instance was available in time.",
)
NOT_STARTED = Refusal(
    500,
    "Error: Server Error",
    "The service's instance could not start.",
    "The request failed because the instance could not start successfully.",
)
NOTHING_SERVES = Refusal(
    503,
    "Service Unavailable",
    "No revision of the service is ready to serve.",
    "The request was refused because no revision of the service has traffic.",
)
API_NEEDS_TOKEN = Refusal(
    401,
    "Error: Unauthorized",
    "A call from an instance needs an access token of the instance's service account. Client libraries get it from the "
    "metadata server by themselves.",
)
API_AWAY = Refusal(503, "Service Unavailable", "The Admin API is not running.")
TIMED_OUT = Refusal(
    504,
    "upstream request timeout",
    "The request reached the time limit of the service before it was answered.",
    "The request was ended because it reached the maximum request timeout.",
)
TOO_LARGE = Refusal(
    413,
    "Error: Request Entity Too Large",
    "Your client issued a request that was too large.",
    "The request was refused because it is larger than 32 MiB. A service that speaks HTTP/2 end to end (--use-http2) "
    "has no such limit.",
    "WARNING",
)
ANSWER_TOO_LARGE = Refusal(
    500,
    "Error: Server Error",
    "The service's answer was too large.",
    "The response was larger than 32 MiB and not streamed. Send it in chunks, or in parts.",
)
BROKEN = Refusal(
    503,
    "Service Unavailable",
    "The connection to the service's instance failed.",
    "The request failed because the instance's answer was malformed or the connection to it broke.",
)
OUT_OF_MEMORY = Refusal(
    BROKEN.status,  # 500 or 503, as documented; the edge answers before anybody knows why the connection broke
    BROKEN.title,
    BROKEN.text,
    "While handling this request, the instance was found to use too much memory and was terminated. The next request "
    "to this revision is likely to need a new instance. If this happens often, look for a memory leak, or give "
    "instances more: --memory.",
)
CONTROL_PLANE_AWAY = Refusal(
    503,
    "Service Unavailable",
    "The local control plane is not running.",
    "The request was refused because the local control plane is not running.",
)


class Slots(Protocol):
    """An instance as admission sees it."""

    in_flight: int
    open: bool


AnyInstance = TypeVar("AnyInstance", bound=Slots)


def free_slot(instances: Iterable[AnyInstance], concurrency: int) -> AnyInstance | None:
    """The open instance with the fewest requests in flight, if it may have one more; the earlier one of equals."""
    best = None
    least = concurrency
    for instance in instances:
        if instance.in_flight < least and instance.open:
            best, least = instance, instance.in_flight
    return best


def pick_revision(split: Sequence[tuple[RevisionRef, int]], chance: float) -> RevisionRef | None:
    """The revision for one request: each with the odds of its percent. `chance` is uniform in [0, 1)."""
    at = chance * sum(percent for _, percent in split)
    for revision, percent in split:
        if at < percent:
            return revision
        at -= percent
    return None


def wait_limit(average_start_seconds: float) -> float:
    """How many seconds a request may wait while nothing is starting; the average is 0 before the first start."""
    return max(WAIT_START_UPS * average_start_seconds, WAIT_MINIMUM_SECONDS)


def queue_limit(concurrency: int, max_instances: int) -> int:
    """How many requests may wait for a revision at once."""
    return max(QUEUE_LEAST, min(QUEUE_PER_SLOT * concurrency * max_instances, QUEUE_MOST))


def refuse_waiting(
    waited: float, *, limit: float, timeout: float, starting: int, instances: int, max_instances: int
) -> Refusal | None:
    """What a request that has waited so many seconds is told, or None to go on waiting.

    The request timeout always ends it. The queue's limit ends it only while no instance is starting: a start that is
    under way either opens slots or fails, and its failure refuses those waiting by itself.
    """
    if waited >= timeout:
        return TIMED_OUT
    if waited < limit or starting > 0:
        return None
    return no_instance(instances, max_instances)


def no_instance(instances: int, max_instances: int) -> Refusal:
    """What a request is told that no instance can take: whether there could be more of them makes the difference."""
    return NO_INSTANCE_AT_MAX if instances >= max_instances else NO_INSTANCE
