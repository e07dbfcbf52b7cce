"""Names of images: what stands between the slashes, what is meant when a part is left out."""

import hashlib
import re
from dataclasses import dataclass, replace

from cloudrun_cli.core.errors import InvalidArgument

DEFAULT_REGISTRY = "docker.io"  # Source: the distribution project's reference grammar, as are the patterns below
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"
KEEP = "cloudrun.local/keep"  # our own tags: an image with one outlives the tag it was deployed by

SOURCE_BUILDS = "/cloud-run-source-deploy/"  # in the name of an image that was built from source, unless it was named

# The two public images that every tutorial deploys; a stand-in is built in for each.
SAMPLE_SERVICE = "us-docker.pkg.dev/cloudrun/container/hello"
SAMPLE_JOB = "us-docker.pkg.dev/cloudrun/container/job"

_REGISTRY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9a-fA-F:]+\](:[0-9]+)?")
_PATH = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageName:
    """Where an image is. `tag` and `digest` are "" when the name did not say."""

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """Registry and path as an engine writes them: Docker Hub's own parts are left out."""
        path = self.path.removeprefix(f"{DEFAULT_NAMESPACE}/") if self.registry == DEFAULT_REGISTRY else self.path
        return path if self.registry == DEFAULT_REGISTRY else f"{self.registry}/{path}"

    @property
    def pullable(self) -> str:
        """The name to ask an engine for: by digest when there is one, else by tag, `latest` when there is none."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag or DEFAULT_TAG}"

    def at(self, digest: str) -> str:
        """This repository at a digest, `NAME@sha256:…`."""
        return replace(self, tag="", digest=digest).pullable


def parse(text: str) -> ImageName:
    """The parts of an image name. Raises InvalidArgument when it is none."""
    rest, _, digest = text.strip().partition("@")
    head, slash, tail = rest.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, path = head, tail
    else:
        registry, path = DEFAULT_REGISTRY, rest
    path, colon, tag = path.partition(":")
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"{DEFAULT_NAMESPACE}/{path}"
    sound = (
        _REGISTRY.fullmatch(registry)
        and _PATH.fullmatch(path)
        and (not colon or _TAG.fullmatch(tag))
        and ("@" not in text or _DIGEST.fullmatch(digest))
    )
    if not sound:
        raise InvalidArgument(
            f"[{text}] is not the name of an image.",
            field="image",
            hint="A name reads REGISTRY/PATH:TAG or REGISTRY/PATH@sha256:DIGEST, its path in lower case.",
        )
    return ImageName(registry, path, tag, digest)


def sample(text: str) -> str:
    """SAMPLE_SERVICE or SAMPLE_JOB when the name means that image, at any tag or digest; else ""."""
    name = parse(text)
    repository = name.repository
    return repository if repository in (SAMPLE_SERVICE, SAMPLE_JOB) else ""


def keep_tag(digest: str) -> str:
    """Our own tag for an image given as `NAME@sha256:…`: one per name and digest, so that each is forgotten alone."""
    return f"{KEEP}:{hashlib.sha256(digest.encode()).hexdigest()[:40]}"
