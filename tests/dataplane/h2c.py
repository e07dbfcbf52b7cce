"""A server that speaks HTTP/2 without TLS only: an Envoy that answers by itself with the protocol it saw."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cloudrun_cli.dataplane.envoy import find_binary
from tests.dataplane.edge import free_port

_EXT = "type.googleapis.com/envoy.extensions."


@asynccontextmanager
async def h2c_upstream(folder: Path, behind: str = "") -> AsyncIterator[str]:
    """Its address, for as long as the block lasts. `behind` is the address of the server that answers in its place."""
    port = free_port()
    host, _, behind_port = (behind or "127.0.0.1:1").rpartition(":")
    endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(behind_port)}}}}
    cluster = {
        "name": "behind",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "behind", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    text = {"status": 200, "body_format": {"text_format_source": {"inline_string": "%PROTOCOL%"}}}
    answer = {"route": {"cluster": "behind"}} if behind else {"direct_response": text}
    manager = {
        "@type": f"{_EXT}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "h2c",
        "codec_type": "HTTP2",
        "route_config": {
            "virtual_hosts": [{"name": "h2c", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **answer}]}]
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{_EXT}filters.http.router.v3.Router"}}],
    }
    listener = {
        "name": "h2c",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    config = folder / "h2c.json"
    config.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}}))
    command = [str(find_binary()), "-c", str(config), "--concurrency", "1", "--disable-hot-restart"]
    process = await asyncio.create_subprocess_exec(*command, "--log-level", "error", stderr=subprocess.PIPE)
    try:
        await _listens(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.communicate()


async def _listens(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
