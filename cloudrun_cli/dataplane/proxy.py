"""The local end of `services proxy`: an Envoy of its own, from one port of this machine to one service at the edge.

    python -m cloudrun_cli.dataplane.proxy FILE PORT HOST EDGE_PORT < token

writes its configuration to FILE, which only its owner can read, and becomes Envoy. Both directions stream; HTTP/1.1,
HTTP/2 and WebSockets pass as they come. It ends with whoever started it.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from cloudrun_cli.dataplane.envoy import find_binary
from cloudrun_cli.dataplane.files import write_private

_HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_UPSTREAM = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def bootstrap(port: int, host: str, edge_port: int, token: str = "") -> str:
    """The configuration: what comes to `port` goes to the edge under the name of the service, as this caller."""
    caller = {"header": {"key": "authorization", "value": f"Bearer {token}"}}
    headers = {"request_headers_to_add": [{**caller, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]} if token else {}
    route = {"cluster": "edge", "host_rewrite_literal": f"{host}:{edge_port}", "timeout": "0s"}
    manager = {
        "@type": _HTTP,
        "stat_prefix": "proxy",
        "codec_type": "AUTO",
        "stream_idle_timeout": "0s",
        "request_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http2_protocol_options": {"allow_connect": True},
        "server_header_transformation": "PASS_THROUGH",
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], **headers, "routes": [{"match": {"prefix": "/"}, "route": route}]}
            ]
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER, "suppress_envoy_headers": True}}],
    }
    listener = {
        "name": "proxy",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "enable_reuse_port": False,  # a port that another program holds must be an error
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": edge_port}}
    as_it_came = {
        "@type": f"type.googleapis.com/{_UPSTREAM}",
        "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
    }
    edge = {
        "name": "edge",
        "connect_timeout": "2s",
        "typed_extension_protocol_options": {_UPSTREAM: as_it_came},
        "load_assignment": {
            "cluster_name": "edge",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    resources: dict[str, Any] = {"listeners": [listener], "clusters": [edge]}
    return json.dumps({"static_resources": resources, "stats_flush_interval": "60s"})


def main(arguments: list[str]) -> None:
    """Become Envoy."""
    file, port, host, edge_port = arguments
    token = sys.stdin.read().strip()
    write_private(Path(file), bootstrap(int(port), host, int(edge_port), token))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)  # it outlives becoming another program
    envoy = str(find_binary())
    os.execv(
        envoy,
        [envoy, "-c", file, "--concurrency", "1", "--log-level", "warning", "--disable-hot-restart"],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
