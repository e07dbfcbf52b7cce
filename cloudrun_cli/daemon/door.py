"""The door of private services: who calls, by the token; whether they may, by the policies; from where, by the entry.

What a header proves is worked out once, and a right is looked up once until something in the store changes, so that a
warm request costs two look-ups. What hangs on a condition is decided for each request anew. Source: Authenticating
service-to-service; Restrict network ingress.
"""

import posixpath
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from cloudrun_cli.controlplane import authorization
from cloudrun_cli.controlplane.tokens import SKEW, Tokens
from cloudrun_cli.core import admission, iam
from cloudrun_cli.core.access import ANONYMOUS
from cloudrun_cli.core.addresses import Edge, host, urls
from cloudrun_cli.core.admission import Refusal
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.hosts import host_name
from cloudrun_cli.core.identity import Identity, TokenKind, fits, is_service_account, member_of, without_signature
from cloudrun_cli.core.resources import Ingress, ServiceRef
from cloudrun_cli.dataplane.doorway import ENTRY, LOAD_BALANCER, PEER, Doorway, Headers
from cloudrun_cli.dataplane.routes import ServiceRoute
from cloudrun_cli.store import service_accounts
from cloudrun_cli.store.database import Store

INVOKE = "run.routes.invoke"
_OURS, _THEIRS = b"x-serverless-authorization", b"authorization"
_STEPS = re.compile(r"%2e|%2f|%5c|\\", re.IGNORECASE)  # a dot, and what apps may take for a slash
_MANY = 8192  # rights, and headers, that are remembered


class _Shown(NamedTuple):
    """What a header proves until its token expires: of whom it is, and the line for the app without the signature."""

    identity: Identity
    line: bytes


class Door(Doorway):
    """Knows the tokens and policies of this home. `network_of` answers the project whose network an address belongs
    to, when everything it sends goes through that network."""

    def __init__(
        self, store: Store, tokens: Tokens, edge: Edge, *, network_of: Callable[[str], str | None] = lambda _: None
    ) -> None:
        self._store, self._tokens, self._edge = store, tokens, edge
        self._network_of = network_of
        self._shown: dict[tuple[bytes, bytes], _Shown] = {}
        self._rights: dict[tuple[ServiceRef, str, str], Refusal | None] = {}
        self._audiences: dict[ServiceRef, tuple[ServiceRoute, frozenset[str]]] = {}

    def forget(self) -> None:
        """Something in the store has changed: every right is looked up again."""
        self._rights.clear()

    def is_inside(self, route: ServiceRoute, headers: Headers) -> bool:
        """By the entry: our own products and the project's network are inside; the load balancer is for some."""
        entry = headers.get(ENTRY)
        if entry == LOAD_BALANCER:
            return route.ingress is Ingress.INTERNAL_AND_LOAD_BALANCING
        if entry is not None:
            return entry.decode("latin-1") == route.ref.project
        peer = headers.get(PEER)
        return peer is not None and self._network_of(peer.decode("latin-1")) == route.ref.project

    def may_invoke(self, route: ServiceRoute, headers: Headers, path: bytes) -> Refusal | bytes:
        """The token without its signature, for the app; 403 without a token or a right, 401 with a bad token."""
        name = _OURS if _OURS in headers else _THEIRS
        said = headers.get(name)
        now = datetime.now(UTC)
        if said is None:
            refusal = self._refusal(route, ANONYMOUS, "", headers, path, now)
            return b"" if refusal is None else admission.UNAUTHENTICATED
        shown = self._shown.get((name, said)) or self._look_at(name, said, now)
        if shown is None or shown.identity.expires + SKEW <= now:
            return admission.UNAUTHORIZED
        identity = shown.identity
        if identity.email == "":  # only the unique id says who it is
            account = service_accounts.get(self._store, identity.subject)
            if account is None:
                return admission.UNAUTHORIZED
            identity = Identity(account.email, identity.subject, identity.kind, identity.expires, identity.audience)
        if not fits(identity, self._accepted(route)):
            return admission.UNAUTHORIZED
        refusal = self._refusal(route, identity.email, identity.subject, headers, path, now)
        return shown.line if refusal is None else refusal

    def _look_at(self, name: bytes, said: bytes, now: datetime) -> _Shown | None:
        """What the header proves; None when that is nothing: no bearer token, several of them, or a bad one."""
        scheme, _, token = said.decode("latin-1").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return None
        try:
            identity = self._tokens.read(token, now)
        except CloudRunError:
            return None
        if identity.kind is not TokenKind.ID:
            return None
        line = b"%b: Bearer %b\r\n" % (name, without_signature(token).encode("latin-1"))
        if len(self._shown) >= _MANY:
            self._shown.clear()
        shown = self._shown[name, said] = _Shown(identity, line)
        return shown

    def _refusal(
        self, route: ServiceRoute, email: str, subject: str, headers: Headers, path: bytes, now: datetime
    ) -> Refusal | None:
        """Why a caller may not, or None."""
        key = (route.ref, email, subject)
        if key in self._rights:
            return self._rights[key]
        refusal, holds = self._decide(route.ref, email, subject, headers, path, now)
        if holds:
            if len(self._rights) >= _MANY:
                self._rights.clear()
            self._rights[key] = refusal
        return refusal

    def _decide(
        self, ref: ServiceRef, email: str, subject: str, headers: Headers, path: bytes, now: datetime
    ) -> tuple[Refusal | None, bool]:
        """The same from the store, and whether it holds for every request, whatever its path and hour."""
        if is_service_account(email):
            account = service_accounts.get(self._store, email)
            if account is None or account.disabled or account.unique_id != subject:
                return admission.UNAUTHORIZED, True
        asked = {
            "request.host": host_name(headers.get(b"host", b"").decode("latin-1")),
            "request.path": _asked(path),
            "request.time": now,
        }
        resource = iam.service_resource(ref.project, ref.region, ref.name)
        decision = authorization.decide(self._store, member_of(email), INVOKE, resource, asked)
        conditional = decision.unmet or (decision.grant is not None and decision.grant.condition is not None)
        return None if decision.allowed else admission.FORBIDDEN, not conditional

    def _accepted(self, route: ServiceRoute) -> frozenset[str]:
        """The audiences of a service: its addresses in every form, also those it has in production, and its own. Those
        of its tags and of its custom domains are none of them."""
        known = self._audiences.get(route.ref)
        if known is None or known[0] is not route:
            ref = route.ref
            found = {*route.audiences, *urls(ref.name, route.number, ref.region, route.door, self._edge)}
            name = host(ref.name, route.number, ref.region)
            found |= {f"http://{name}", f"https://{name}", f"https://{name.removesuffix('.localhost')}.app"}
            found |= {f"{scheme}://{one}" for one in route.hosts for scheme in ("http", "https")}
            found |= {f"http://localhost:{route.door}"} if route.door else set()
            known = self._audiences[ref] = (route, frozenset(found))
        return known[1]


def _asked(path: bytes) -> str:
    """The path that a condition is about: without query, and without steps back, so that /open/../shut is /shut, also
    where dots and slashes are written so that only the app reads them as such."""
    asked = path.decode("latin-1").partition("?")[0]
    plain = _STEPS.sub(lambda found: "." if found[0].lower() == "%2e" else "/", asked)
    return posixpath.normpath(plain) if "/." in plain else re.sub("%2e", ".", asked, flags=re.IGNORECASE)
