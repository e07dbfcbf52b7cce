"""Envoy's configuration as values: the bootstrap, the listeners (one per door, through LDS) and the certificate (SDS).

Nothing in the bootstrap changes at run time: time limit, protocol and address of a request ride on the gate's answer.
Every header that the decisions rest on is either removed before anything reads it (`x-crl-*`, `x-envoy-*`) or is
metadata, which no client can send.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudrun_cli.core import admission
from cloudrun_cli.dataplane.answers import AWAY
from cloudrun_cli.dataplane.body_limit import BODY_LIMIT, LIMITED, body_limit, no_length, turned_on
from cloudrun_cli.dataplane.envoy_answers import LONG_ANSWERS, long_answers, no_long_answers, own_pages, private_cookies
from cloudrun_cli.dataplane.envoy_logs import PEER, durable_log, fast_log

Json = dict[str, Any]

LISTENERS_FILE = "lds/listeners.json"
CERTIFICATE_FILE = "sds/certificate.json"
ADMIN_SOCKET = "admin.sock"
GATE_SOCKET = "gate.sock"
EVENTS_SOCKET = "events.sock"
INTERNAL_SOCKET = "internal.sock"  # for our own products, who say for which project they call: x-crl-entry
REQUESTS_FILE = "requests.jsonl"
ACTIVE_REQUESTS = "http.ingress.downstream_rq_active"  # the one number that we ask for; counting others takes time
LONGEST_QUESTION = "3700s"  # a request may wait as long as its time limit, at most one hour
UNLIMITED = 1_000_000

_EXT = "type.googleapis.com/envoy.extensions."
_ANY_DOOR = 987654321  # stands for the port in the text that all doors share, and is in it nowhere else
_GATE = "envoy.filters.http.ext_authz"

INTERNAL, LOAD_BALANCER = "internal", "load-balancer"  # further ways in, by what ingress settings tell apart
INSIDE_HTTP, INSIDE_HTTPS = "inside-http", "inside-https"  # listeners on the network of the instances

# What the gate reads. Each one costs time for every request.
_QUESTION_HEADERS = (
    "x-request-id",
    "authorization",
    "x-serverless-authorization",
    "x-cloud-trace-context",
    "traceparent",
    "grpc-timeout",
    "cookie",
)
_ANSWER_TO_APP = (
    *("grpc-timeout", "x-cloud-trace-context", "traceparent"),
    *("authorization", "x-serverless-authorization"),  # the same, without the token's signature
)
_ANSWER_TO_CLIENT = ("content-type", "www-authenticate", "location", "retry-after", "set-cookie")


@dataclass(frozen=True, slots=True)
class Edge:
    """Where Envoy listens, and its state folder."""

    state: Path
    http_port: int
    https_port: int
    host: str = "127.0.0.1"
    load_balancer_port: int | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """The network that the instances of this home are on: its gateway, where they find the edge, and its subnet."""

    gateway: str
    subnet: str  # 172.18.0.0/16


# How late a thread may be before it is told of. Each is woken twice in that time to say that it lives, and the usual
# 200 ms make up most of what an idle Envoy costs.
_PATIENT = {"miss_timeout": "10s", "megamiss_timeout": "60s"}


def bootstrap(edge: Edge) -> str:
    """The file Envoy starts with."""
    return _text(
        {
            "admin": {"address": {"pipe": {"path": str(edge.state / ADMIN_SOCKET), "mode": 0o600}}},
            "node": {"id": "cloudrun", "cluster": "cloudrun"},
            "stats_flush_interval": "60s",  # nobody is sent them, and each flush wakes every worker
            "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": [{"exact": ACTIVE_REQUESTS}]}}},
            "watchdogs": dict.fromkeys(("main_thread_watchdog", "worker_watchdog"), _PATIENT),
            "dynamic_resources": {"lds_config": _watched(edge.state / LISTENERS_FILE)},
            "static_resources": {
                "clusters": [
                    _socket_cluster("gate", edge.state / GATE_SOCKET),
                    _socket_cluster("events", edge.state / EVENTS_SOCKET),
                    _instances("inst_h1", {"http_protocol_options": {}}, idle="1s"),
                    _instances(
                        "inst_h2",
                        {"http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "10s"}}},
                        idle="30s",
                    ),
                ]
            },
        }
    )


def listeners(edge: Edge, doors: Iterable[int], inside: Inside | None = None) -> str:
    """The edge's two listeners and one per door; the socket of our own products and the load balancer's port; and
    those for instances, who are told by their address."""
    tls = {
        "name": "tls",
        "typed_config": {
            "@type": f"{_EXT}transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificate_sds_secret_configs": [
                    {"name": "certificate", "sds_config": _watched(edge.state / CERTIFICATE_FILE)}
                ],
            },
        },
    }
    own = [
        _listener("http", edge.host, edge.http_port, {"filters": [_connection_manager(edge)]}),
        _listener(
            "https", edge.host, edge.https_port, {"filters": [_connection_manager(edge)], "transport_socket": tls}
        ),
    ]
    own.append(_internal(edge))
    if edge.load_balancer_port is not None:
        chain = {"filters": [_connection_manager(edge, {"x-crl-entry": LOAD_BALANCER})]}
        own.append(_listener(LOAD_BALANCER, edge.host, edge.load_balancer_port, chain))
    door = {"filters": [_connection_manager(edge, {"x-crl-door": str(_ANY_DOOR)})]}
    any_door = _resource(_listener(door_name(_ANY_DOOR), edge.host, _ANY_DOOR, door))
    if inside is not None:
        own += _inside(edge, inside, tls)
    texts = (any_door.replace(str(_ANY_DOOR), str(door)) for door in sorted(set(doors)))  # there may be a thousand
    return f'{{"resources":[{",".join([*map(_resource, own), *texts])}]}}\n'


def _inside(edge: Edge, inside: Inside, tls: Json) -> list[Json]:
    """The same two for the instances' network, and for nobody else whom the machine would let through to it."""
    address, _, length = inside.subnet.partition("/")
    chain = {
        "filter_chain_match": {"source_prefix_ranges": [{"address_prefix": address, "prefix_len": int(length)}]},
        "filters": [_connection_manager(edge, {"x-crl-peer": PEER})],
    }
    return [
        _listener(INSIDE_HTTP, inside.gateway, edge.http_port, chain),
        _listener(INSIDE_HTTPS, inside.gateway, edge.https_port, {**chain, "transport_socket": tls}),
    ]


def _internal(edge: Edge) -> Json:
    """A unix socket that nobody but this user opens. What its clients say of themselves is believed."""
    return {
        "name": INTERNAL,
        "address": {"pipe": {"path": str(edge.state / INTERNAL_SOCKET), "mode": 0o600}},
        "filter_chains": [{"filters": [_connection_manager(edge, says_entry=True)]}],
    }


def _resource(listener: Json) -> str:
    return _text({"@type": "type.googleapis.com/envoy.config.listener.v3.Listener", **listener}).rstrip()


def door_name(door: int) -> str:
    """The name of a door's listener."""
    return f"door-{door}"


def certificate(chain_pem: str, key_pem: str) -> str:
    """The file that carries the certificate of the https listener."""
    secret = {
        "@type": f"{_EXT}transport_sockets.tls.v3.Secret",
        "name": "certificate",
        "tls_certificate": {
            "certificate_chain": {"inline_string": chain_pem},
            "private_key": {"inline_string": key_pem},
        },
    }
    return _text({"resources": [secret]})


def _listener(name: str, host: str, port: int, chain: Json) -> Json:
    return {
        "name": name,
        "address": {"socket_address": {"address": host, "port_value": port}},
        "enable_reuse_port": name in ("http", "https"),  # a door that another program holds must be an error
        "filter_chains": [chain],
    }


def _connection_manager(edge: Edge, told: Mapping[str, str] | None = None, *, says_entry: bool = False) -> Json:
    """`told`: what the gate is told besides of every request that comes this way. `says_entry`: the client itself says
    for which project it comes."""
    peer = "127.0.0.1" if says_entry else PEER  # a unix socket has no address at its other end
    forged = ({"exact": "x-crl-door"}, {"exact": "x-crl-peer"}) if says_entry else ({"prefix": "x-crl-"},)
    return {
        "name": "hcm",
        "typed_config": {
            "@type": f"{_EXT}filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "ingress",
            "codec_type": "AUTO",  # HTTP/1.1 and h2c with prior knowledge on one port
            "use_remote_address": True,  # new x-request-id for every request; x-forwarded-proto is what the client used
            "skip_xff_append": True,  # the route appends the peer: here a loopback peer would be this machine
            "internal_address_config": {"cidr_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 32}]},  # nobody
            "stream_idle_timeout": "0s",
            "request_timeout": "0s",
            "request_headers_timeout": "60s",
            "delayed_close_timeout": "1s",
            "server_header_transformation": "PASS_THROUGH",
            "upgrade_configs": [{"upgrade_type": "websocket"}],
            "http2_protocol_options": {"allow_connect": True},
            "early_header_mutation_extensions": [
                {
                    "name": "strip",
                    "typed_config": {
                        "@type": f"{_EXT}http.early_header_mutation.header_mutation.v3.HeaderMutation",
                        "mutations": [
                            {"remove_on_match": {"key_matcher": {**name, "ignore_case": True}}}
                            for name in ({"prefix": "x-envoy-"}, *forged)
                        ],
                    },
                }
            ],
            "access_log": [fast_log(), durable_log(edge.state / REQUESTS_FILE, peer)],
            "local_reply_config": {"mappers": own_pages()},
            "route_config": {"name": "all", "virtual_hosts": [_virtual_host(peer, says_entry=says_entry)]},
            "http_filters": [
                private_cookies(),
                long_answers(),
                _gate_filter(told or {}, says_entry=says_entry),
                body_limit(),
                {
                    "name": "router",
                    "typed_config": {
                        "@type": f"{_EXT}filters.http.router.v3.Router",
                        "suppress_envoy_headers": True,
                        "dynamic_stats": False,
                    },
                },
            ],
        },
    }


def _gate_filter(told: Mapping[str, str], *, says_entry: bool) -> Json:
    added = [{"key": key, "value": value} for key, value in told.items()]
    request = {"authorization_request": {"headers_to_add": added}} if added else {}
    return {
        "name": "gate",
        "typed_config": {
            "@type": f"{_EXT}filters.http.ext_authz.v3.ExtAuthz",
            "transport_api_version": "V3",
            "failure_mode_allow": False,
            "charge_cluster_response_stats": False,
            "status_on_error": {"code": AWAY},
            "clear_route_cache": True,  # acts because every yes also sets a request header (grpc-timeout)
            "allowed_headers": _exactly((*_QUESTION_HEADERS, *(("x-crl-entry",) if says_entry else ()))),
            "http_service": {
                "server_uri": {"uri": "http://gate", "cluster": "gate", "timeout": LONGEST_QUESTION},
                # A daemon that was killed takes its answers with it; its successor is asked again, on the same socket.
                # The longest pause is also Envoy's limit for each try, so it must be as long as the whole question's.
                "retry_policy": {
                    "retry_on": "reset,connect-failure",
                    "num_retries": 5,  # together about a second when nobody listens
                    "retry_back_off": {"base_interval": "0.02s", "max_interval": LONGEST_QUESTION},
                },
                **request,
                "authorization_response": {
                    "dynamic_metadata_from_headers": {"patterns": [{"prefix": "x-crl-"}]},
                    "allowed_upstream_headers": _exactly(_ANSWER_TO_APP),
                    "allowed_client_headers": _exactly(_ANSWER_TO_CLIENT),
                    "allowed_client_headers_on_success": _exactly(("set-cookie",)),
                },
            },
        },
    }


def _virtual_host(peer: str, *, says_entry: bool) -> Json:
    retry = {
        "retry_on": "connect-failure",  # the only one that is safe for every method
        "num_retries": 1,
        "retry_back_off": {"base_interval": "0.02s", "max_interval": "0.2s"},
    }
    to: Json = {"timeout": "0s", "max_stream_duration": {"grpc_timeout_header_max": "0s"}, "retry_policy": retry}
    h2 = {"filter": _GATE, "path": [{"key": "x-crl-proto"}], "value": {"string_match": {"exact": "h2"}}}
    grpc = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
    known = {"filter": _GATE, "path": [{"key": "x-crl-dst"}], "value": {"present_match": True}}
    too_long = {"name": "content-length", "range_match": {"start": admission.REQUEST_BYTES + 1, "end": 2**63 - 1}}
    has_body = {"name": ":method", "string_match": {"exact": "HEAD"}, "invert_match": True}
    ours = {"request_headers_to_remove": ["grpc-timeout"]}  # it carries our time limit; only gRPC apps know it
    return {
        "name": "all",
        "domains": ["*"],
        "request_headers_to_remove": [
            *("x-envoy-external-address", "x-envoy-internal"),
            *(("x-crl-entry",) if says_entry else ()),
        ],
        "request_headers_to_add": [
            _append("x-forwarded-for", peer),
            _append("forwarded", f'for="{peer}";proto=%REQ(X-FORWARDED-PROTO)%'),
        ],
        "routes": [
            {
                "match": {"prefix": "/", "dynamic_metadata": [h2], "headers": [grpc]},
                "route": {"cluster": "inst_h2", **to},
            },
            {"match": {"prefix": "/", "dynamic_metadata": [h2]}, **ours, "route": {"cluster": "inst_h2", **to}},
            {
                "match": {"prefix": "/", "headers": [too_long], "dynamic_metadata": [known]},
                "direct_response": {"status": 413},
            },
            {
                "name": LIMITED,
                "match": {"prefix": "/", "headers": no_length(), "dynamic_metadata": [known]},
                **ours,
                "route": {"cluster": "inst_h1", **to},
                "typed_per_filter_config": {LONG_ANSWERS: no_long_answers()},
            },
            {
                "match": {"prefix": "/", "headers": [has_body], "dynamic_metadata": [known]},
                **ours,
                "route": {"cluster": "inst_h1", **to},
                "typed_per_filter_config": {LONG_ANSWERS: no_long_answers()},
            },
            {  # before the gate has answered: it says which filters there are
                "match": {"prefix": "/", "headers": no_length()},
                **ours,
                "route": {"cluster": "inst_h1", **to},
                "typed_per_filter_config": {BODY_LIMIT: turned_on()},
            },
            {"match": {"prefix": "/"}, **ours, "route": {"cluster": "inst_h1", **to}},
        ],
    }


def _socket_cluster(name: str, path: Path) -> Json:
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(path)}}}}
    return {
        "name": name,
        "connect_timeout": "1s",
        "circuit_breakers": _no_limits(),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _instances(name: str, protocol: Json, *, idle: str) -> Json:
    """Wherever the gate's answer says. `idle` is below the keep-alive of common servers, so that no request lands on a
    connection that its app is closing."""
    return {
        "name": name,
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "2s",
        "cleanup_interval": "5s",
        "circuit_breakers": _no_limits(),
        "original_dst_lb_config": {"metadata_key": {"key": _GATE, "path": [{"key": "x-crl-dst"}]}},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_EXT}upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": protocol,
                "common_http_protocol_options": {"idle_timeout": idle},
            }
        },
    }


def _no_limits() -> Json:
    names = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"thresholds": [dict.fromkeys(names, UNLIMITED)]}


def _watched(path: Path) -> Json:
    return {"path_config_source": {"path": str(path), "watched_directory": {"path": str(path.parent)}}}


def _exactly(names: Iterable[str]) -> Json:
    return {"patterns": [{"exact": name} for name in names]}


def _append(key: str, value: str) -> Json:
    return {"header": {"key": key, "value": value}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}


def _text(value: Json) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"  # read by Envoy once per change: small is fast
