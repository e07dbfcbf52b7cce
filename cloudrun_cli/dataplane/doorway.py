"""The doorway: what the gate asks before it lets a request into a service that is not open to everybody."""

from collections.abc import Mapping

from cloudrun_cli.core import admission
from cloudrun_cli.core.admission import Refusal
from cloudrun_cli.core.hosts import is_open
from cloudrun_cli.dataplane.routes import ServiceRoute

Headers = Mapping[bytes, bytes]

ENTRY = b"x-crl-entry"  # the way a request has come, told by the listener of the load balancer, or by our own products
PEER = b"x-crl-peer"  # the address that an instance calls from, told by the listener of its network
LOAD_BALANCER = b"load-balancer"


class Doorway:
    """One that knows nobody: a private service is closed, and every request comes from outside. The daemon's own
    (`daemon/door.py`) knows tokens and policies."""

    def is_inside(self, route: ServiceRoute, headers: Headers) -> bool:
        """Whether a request comes from where the service's ingress wants it to."""
        return False

    def may_invoke(self, route: ServiceRoute, headers: Headers, path: bytes) -> Refusal | bytes:
        """The header lines for the app with which it may pass, or why it may not."""
        return admission.UNAUTHENTICATED


def api_refusal(headers: Headers, path: bytes) -> Refusal | None:
    """Why a request may not go to the APIs: a load balancer leads to services only, and an instance, or a
    product, must say who it is, else it would count as the user of this machine."""
    if headers.get(ENTRY) == LOAD_BALANCER:
        return admission.PAGE_NOT_FOUND
    is_ours = PEER in headers or ENTRY in headers
    if is_ours and b"authorization" not in headers and not is_open(path.decode("latin-1")):
        return admission.API_NEEDS_TOKEN
    return None
