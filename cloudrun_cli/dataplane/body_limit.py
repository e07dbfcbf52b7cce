"""The limit of a request's body whose length nobody has said: counted as it streams by, and cut when it is too much.

Envoy's own filters can only do that by holding the whole body back. So this is a WebAssembly module, which Envoy runs
for each part of such a body: it asks how much has come, and above the limit answers 413. It keeps nothing, and is not
even made for requests that say their length or have no body. Its bytes are written here one instruction at a time; it
is a dozen lines of code. Source of the interface: Proxy-Wasm ABI 0.2.1.
"""

import base64
from typing import Any

from cloudrun_cli.core import admission

Json = dict[str, Any]

BODY_LIMIT = "body-limit"  # the filter
LIMITED = "limited-body"  # the route whose requests are bounded, and the detail of a refusal; others stream on

_EXT = "type.googleapis.com/envoy.extensions."
_I32, _I64_LOAD, _I32_LOAD = 0x7F, b"\x29\x03\x00", b"\x28\x02\x00"
_NOTHING, _RETURN, _DROP, _END = b"\x40", b"\x0f", b"\x1a", b"\x0b"
_SIZE, _ROUTE = b"request\0size", b"xds\0route_name"  # properties that Envoy tells
_FOUND_AT, _FOUND_LENGTH, _SCRATCH = 0, 4, 64  # in its memory: where the answer is, how long, the answer
_TEXTS = 1024  # in its memory: what it asks for
_PAGE = 65536
_CONTINUE, _STOP = 0, 3


def body_limit() -> Json:
    """The filter, which is off except on routes that turn it on."""
    return {
        "name": BODY_LIMIT,
        "disabled": True,
        "typed_config": {
            "@type": f"{_EXT}filters.http.wasm.v3.Wasm",
            "config": {
                "vm_config": {
                    "vm_id": BODY_LIMIT,  # one machine per thread, for all listeners
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"inline_bytes": base64.b64encode(module()).decode()}},
                },
            },
        },
    }


def turned_on() -> Json:
    """What a route says of the filter."""
    return {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}


def no_length() -> list[Json]:
    """Requests that may have a body and do not say its length."""
    with_body = [
        {"name": ":method", "string_match": {"exact": method}, "invert_match": True} for method in ("GET", "HEAD")
    ]
    return [{"name": "content-length", "present_match": True, "invert_match": True}, *with_body]


def module(limit: int = admission.REQUEST_BYTES) -> bytes:
    """The module."""
    asks, answers, allocates = [_I32] * 4, [_I32] * 8, [_I32]
    types = [
        _function(asks, [_I32]),
        _function(answers, [_I32]),
        _function([], []),
        _function(allocates, [_I32]),
        _function([_I32] * 3, [_I32]),
    ]
    imports = [
        _name("env") + _name("proxy_get_property") + b"\0" + _number(0),
        _name("env") + _name("proxy_send_local_response") + b"\0" + _number(1),
    ]
    exports = [
        _name("memory") + b"\x02" + _number(0),
        _name("proxy_abi_version_0_2_1") + b"\0" + _number(2),
        _name("proxy_on_memory_allocate") + b"\0" + _number(3),
        _name("proxy_on_request_body") + b"\0" + _number(4),
    ]
    codes = [_END, _const(_SCRATCH) + _END, _on_body(limit)]
    texts = _SIZE + _ROUTE + LIMITED.encode()
    return b"\0asm\1\0\0\0" + b"".join(
        [
            _section(1, types),
            _section(2, imports),
            _section(3, [_number(2), _number(3), _number(4)]),
            _section(5, [b"\0" + _number(1)]),
            _section(7, exports),
            _section(10, [_sized(_number(0) + code) for code in codes]),
            _section(11, [b"\0" + _const(_TEXTS) + _END + _sized(texts)]),
        ]
    )


def _on_body(limit: int) -> bytes:
    """A part has come: go on while all parts are within the limit, or where there is none."""
    size, route, limited = _TEXTS, _TEXTS + len(_SIZE), _TEXTS + len(_SIZE) + len(_ROUTE)
    go_on = b"\x04" + _NOTHING + _const(_CONTINUE) + _RETURN + _END  # if …
    found = _const(_FOUND_AT) + _I32_LOAD
    same_name = [
        _const(_FOUND_LENGTH) + _I32_LOAD + _const(len(LIMITED)) + b"\x47" + go_on,  # i32.ne
        *(
            found + b"\x2d\0" + _number(at) + _const(limited + at) + b"\x2d\0\0" + b"\x47" + go_on  # i32.load8_u
            for at in range(len(LIMITED))
        ),
    ]
    return b"".join(
        [
            _ask(size, len(_SIZE)) + go_on,
            found + _I64_LOAD + b"\x42" + _signed(limit) + b"\x57" + go_on,  # i64.const, i64.le_s
            _ask(route, len(_ROUTE)) + go_on,
            *same_name,
            _const(413)
            + _const(limited)
            + _const(len(LIMITED))
            + _const(0) * 4
            + _const(-1)
            + b"\x10"
            + _number(1)
            + _DROP,
            _const(_STOP) + _END,
        ]
    )


def _ask(text: int, length: int) -> bytes:
    """Ask for a property; leaves 0 when it is known."""
    return _const(text) + _const(length) + _const(_FOUND_AT) + _const(_FOUND_LENGTH) + b"\x10" + _number(0)


def _section(id: int, items: list[bytes]) -> bytes:
    return bytes([id]) + _sized(_number(len(items)) + b"".join(items))


def _function(takes: list[int], gives: list[int]) -> bytes:
    return b"\x60" + _sized(bytes(takes)) + _sized(bytes(gives))


def _name(text: str) -> bytes:
    return _sized(text.encode())


def _sized(body: bytes) -> bytes:
    return _number(len(body)) + body


def _const(value: int) -> bytes:
    return b"\x41" + _signed(value)


def _number(value: int) -> bytes:
    """LEB128, unsigned."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _signed(value: int) -> bytes:
    """LEB128, signed."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value & 0x7F])
