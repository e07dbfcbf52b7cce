"""What a build inside a container has to know of its surroundings: proxies, package indexes, private certificates.

It is given to the build's steps only, and is not in the image that comes out.
"""

import configparser
import os
import ssl
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = "/.cloudrun-build"  # in the container, removed before the commit
USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FTP_PROXY", "ALL_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_GIT_CERTIFICATES = "GIT_SSL_CAINFO"
_PLAIN = ("PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "GOPROXY", "GONOSUMDB", "GOPRIVATE", "GOFLAGS")


@dataclass(frozen=True, slots=True)
class Settings:
    """`env` for every step, `files` by their path in the container, the pip wheel's path there ("" when none)."""

    env: Mapping[str, str]
    files: Mapping[str, bytes]
    pip_wheel: str
    on_loopback: bool  # one of the addresses is this machine's own: only its own network reaches it


def build_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """What this machine's own pip and npm would use."""
    env = {**proxies(environ), **_indexes(environ), **{key: environ[key] for key in _PLAIN if environ.get(key)}}
    on_loopback = any(_is_loopback(value) for value in env.values())
    files: dict[str, bytes] = {}
    if bundle := _certificates(environ):
        path = f"{FOLDER}/ca.pem"
        files[path] = bundle
        env |= dict.fromkeys((*_CERTIFICATES, _GIT_CERTIFICATES), path)
    wheel = _bundled_pip()
    if wheel is not None:
        files[f"{FOLDER}/{wheel.name}"] = wheel.read_bytes()
    env |= {"PIP_ROOT_USER_ACTION": "ignore", "PIP_NO_CACHE_DIR": "1", "npm_config_cache": f"{FOLDER}/npm"}
    env |= {"GOCACHE": f"{FOLDER}/go-build", "GOMODCACHE": f"{FOLDER}/go-mod"}
    return Settings(env, files, f"{FOLDER}/{wheel.name}" if wheel else "", on_loopback)


def proxies(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The proxy variables in both spellings, as far as they are set in one."""
    found: dict[str, str] = {}
    for name in _PROXIES:
        if value := environ.get(name) or environ.get(name.lower()):
            found |= {name: value, name.lower(): value}
    return found


def _indexes(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's and npm's registries: the environment, else their configuration files. Folders of this machine stay out."""
    pip = configparser.RawConfigParser()
    home = Path.home()
    chosen = environ.get("PIP_CONFIG_FILE")
    pip.read(
        [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf", *([chosen] if chosen else [])]
    )
    found = {}
    for variable, option in (("PIP_INDEX_URL", "index-url"), ("PIP_EXTRA_INDEX_URL", "extra-index-url")):
        value = environ.get(variable) or pip.get("global", option, fallback="") or ""
        if remote := [url for url in value.split() if urlsplit(url).scheme in ("http", "https")]:
            found[variable] = " ".join(remote)
    registry = environ.get("npm_config_registry") or environ.get("NPM_CONFIG_REGISTRY") or _npmrc_registry(home)
    if registry:
        found["npm_config_registry"] = registry
    return found


def _npmrc_registry(home: Path) -> str:
    try:
        lines = (home / ".npmrc").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    pairs = [line.partition("=") for line in lines]
    return next((value.strip() for key, _, value in pairs if key.strip() == "registry"), "")


def _certificates(environ: Mapping[str, str]) -> bytes | None:
    """The bundle that this machine trusts: as its user set it, else the system's own."""
    candidates = [environ.get(name) for name in _CERTIFICATES]
    candidates += [ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt"]
    for path in candidates:
        if path and Path(path).is_file():
            return Path(path).read_bytes()
    return None


def _bundled_pip() -> Path | None:
    """The wheel of pip that comes with this Python."""
    folders = [Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/nonexistent")]
    spec = find_spec("ensurepip")
    if spec is not None and spec.origin:
        folders.append(Path(spec.origin).parent / "_bundled")
    folders.append(Path("/usr/share/python-wheels"))  # where Debian keeps it
    return next((wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))), None)


def _is_loopback(value: str) -> bool:
    return any(urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1") for url in value.split())
