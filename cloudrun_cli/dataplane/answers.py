"""Answers: what the gate says to Envoy, as bytes.

Yes is 200 with the address in a header that becomes metadata and never leaves Envoy. A 5xx from a gate would count as
a broken gate and lose its page, so those statuses travel in disguise and Envoy's configuration turns them back.
"""

import html

from cloudrun_cli.core.admission import Refusal

DISGUISE = {503: 460, 500: 461, 504: 462}  # what the gate says for it; envoy_config.py maps it back
AWAY = 511  # Envoy's own mark for a gate that is away or broke off

_PAGE = """<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>{status} {title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>{title}</h1>
<h2>{text}</h2>
</body></html>
"""


def destination(address: str, *, h2: bool) -> bytes:
    """The head of a yes, without its time limit and end."""
    proto = b"x-crl-proto: h2\r\n" if h2 else b""
    return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-crl-dst: %b\r\n%b" % (address.encode(), proto)


def yes(head: bytes, seconds_left: float, more: bytes) -> bytes:
    """Go there, for at most so long; `more` are header lines for the app and for the client."""
    return b"%bgrpc-timeout: %dm\r\n%b\r\n" % (head, max(1, int(seconds_left * 1000)), more)


def no(refusal: Refusal, path: str) -> bytes:
    """A page in place of the service's answer."""
    page = html_page(refusal, path)
    ask = b"www-authenticate: Bearer\r\n" if refusal.status == 401 else b""
    status = DISGUISE.get(refusal.status, refusal.status)
    return b"HTTP/1.1 %d No\r\ncontent-type: text/html; charset=UTF-8\r\n%bcontent-length: %d\r\n\r\n%b" % (
        status,
        ask,
        len(page),
        page,
    )


def html_page(refusal: Refusal, path: str) -> bytes:
    """The page a person sees."""
    text = html.escape(refusal.text).replace("{path}", f"<code>{html.escape(path)}</code>")
    return _PAGE.format(status=refusal.status, title=html.escape(refusal.title), text=text).encode()
