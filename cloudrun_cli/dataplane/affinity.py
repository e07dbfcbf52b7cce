"""Session affinity: a cookie that names the instance, and the revision, that served a client first.

Best effort, as there: an instance that is gone or full is passed over, and the client gets the next one's cookie.
Nobody gains by making one up: only revisions and instances that could get the request anyway are looked for. Source:
Session affinity. The cookie's name and form are private there, and so they are here.
"""

from cloudrun_cli.core.resources import ServiceRef

LIFE_SECONDS = 30 * 24 * 3600  # Source: session affinity, the cookie's time to live
_NAME = b"GAESA-"  # followed by the service: cookies do not tell the ports of 127.0.0.1 apart

Pin = tuple[str, str]  # an instance's id and its revision's name


def pin_of(cookies: bytes, service: ServiceRef) -> Pin | None:
    """Whom the client was served by, as it says."""
    if _NAME not in cookies:
        return None
    start = _NAME + service.name.encode() + b"="
    for cookie in cookies.split(b";"):
        if (cookie := cookie.strip()).startswith(start):
            instance, _, revision = cookie[len(start) :].decode("latin-1").partition(".")
            return instance, revision
    return None


def set_cookie(service: ServiceRef, instance: str, revision: str) -> bytes:
    """The header line that makes the client say so."""
    value = f"{service.name}={instance}.{revision}; Max-Age={LIFE_SECONDS}; Path=/; HttpOnly; SameSite=Lax"
    return b"set-cookie: %b%b\r\n" % (_NAME, value.encode())
