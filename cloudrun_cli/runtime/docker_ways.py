"""Ways out of an instance's network namespace that lead to this home: its metadata server, its names and its edge.

169.254.169.254 is on the holder's loopback, so what is sent there ends inside. A rule of the kernel's in the same
namespace turns port 80 of it to the metadata server, and port 53 to what answers names, on the gateway of the home's
network. No port inside is taken for that: an app may listen on 80 itself. 169.254.169.253 stands for Google's APIs,
and leads to the edge. 127.0.0.1 at the ports of the edge does so too, for programs that resolve *.localhost by
themselves. Measured: 4 ms for each holder, before any instance waits for it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.runtime.docker_hold import METADATA_ADDRESS, PATH

APIS_ADDRESS = "169.254.169.253"  # ours: in the range that the holder claims, so it never leads out either

_TOOLS = ("nsenter", "iptables-restore")
_WHERE = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
_TIMEOUT = 5  # seconds
# Only what has come by loopback may go to it: the rules need route_localnet, which would let in neighbours.
_RULES = """*raw
-A PREROUTING ! -i lo -d 127.0.0.0/8 -j DROP
COMMIT
*nat
-A OUTPUT -d {metadata}/32 -p tcp --dport 80 -j DNAT --to-destination {gateway}:{ways.metadata}
-A OUTPUT -d {metadata}/32 -p udp --dport 53 -j DNAT --to-destination {gateway}:{ways.names}
-A OUTPUT -d {apis}/32 -p tcp --dport 443 -j DNAT --to-destination {gateway}:{ways.https}
-A OUTPUT -d {apis}/32 -p tcp --dport 80 -j DNAT --to-destination {gateway}:{ways.http}
{loopback}-A POSTROUTING -s 127.0.0.0/8 -d {gateway}/32 -j SNAT --to-source {address}
-A POSTROUTING -s 169.254.0.0/16 -d {gateway}/32 -j SNAT --to-source {address}
COMMIT
"""
_LOOPBACK = "-A OUTPUT -d 127.0.0.1/32 -p tcp --dport {port} -j DNAT --to-destination {gateway}:{port}\n"


@dataclass(frozen=True, slots=True)
class Ways:
    """Ports on the gateway: of the metadata server, of the names (UDP), and of the edge."""

    metadata: int
    names: int
    http: int
    https: int


def can_be_laid() -> bool:
    """Whether this process may do so: as root of the machine that the containers run on."""
    return os.name == "posix" and os.geteuid() == 0 and all(shutil.which(tool, path=_WHERE) for tool in _TOOLS)


def lay(ways: Ways, pid: int, gateway: str, address: str, *, loopback: bool, container: str = "") -> None:
    """Lay them in the namespace of a holder that runs, reached at `address`; or of a `container` that has its own.
    Without `loopback`, 127.0.0.1 stays the containers' own at every port. Raises Unavailable."""
    if not (_is_of(pid, container) if container else _is_holder(pid)):
        raise Unavailable("The Docker engine runs in another place than this machine.")
    own = "".join(_LOOPBACK.format(port=port, gateway=gateway) for port in (ways.http, ways.https)) if loopback else ""
    rules = _RULES.format(
        metadata=METADATA_ADDRESS, apis=APIS_ADDRESS, gateway=gateway, ways=ways, loopback=own, address=address
    )
    script = "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet && exec iptables-restore --noflush -w 3"
    command = [shutil.which("nsenter", path=_WHERE) or "nsenter", "-t", str(pid), "-n", "sh", "-c", script]
    try:
        done = subprocess.run(
            command, input=rules, capture_output=True, text=True, timeout=_TIMEOUT, env={"PATH": _WHERE}, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"The kernel's rules for an instance's network could not be set: {error}") from error
    if done.returncode:
        raise Unavailable(f"The kernel's rules for an instance's network could not be set: {done.stderr.strip()}")


def _is_of(pid: int, container: str) -> bool:
    """Whether a process number of the engine's is that of a container here, too."""
    try:
        return container in (Path("/proc") / str(pid) / "cgroup").read_text()
    except OSError:
        return False


def _is_holder(pid: int) -> bool:
    """Whether a process number of the engine's is that of a holder here, too."""
    try:
        return os.readlink(Path("/proc") / str(pid) / "exe") == PATH
    except OSError:
        return False
