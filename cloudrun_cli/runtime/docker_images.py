"""Images on the engine: found, fixed by digest, kept under our own tag for as long as a revision needs them."""

import logging
from collections.abc import Mapping
from typing import Any

import docker

from cloudrun_cli.core.errors import ImageNotFound, ImageUnsupported
from cloudrun_cli.runtime import images
from cloudrun_cli.runtime.base import Image
from cloudrun_cli.runtime.docker_engine import Engine, explanation, inspect_image, sentence

_log = logging.getLogger(__name__)


class Images:
    """What a revision can be started from."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def resolve(self, image: str) -> Image:
        """Kept before, else here, else in its registry: in this order. Raises ImageNotFound, ImageUnsupported."""
        return await self._engine.call(self._resolve, image)

    async def keep(self, image: str, image_id: str) -> Image:
        """The image with this id, known as `image` from now on."""
        return await self._engine.call(self.keep_now, image, image_id)

    async def forget(self, digest: str) -> None:
        """Remove our tag, and the one that a build from source gave it; the layers go with them unless another name
        needs them."""
        await self._engine.call(self._forget, digest)

    def _resolve(self, image: str) -> Image:
        name = images.parse(image)
        found = self._local(image) or self._local_by_id(name)
        if found is None:
            self._pull(image, name)
            found = self._local(image)
        if found is None:
            raise ImageNotFound(f"Image [{image}] was pulled and is not there.", field="image")
        self._check_platform(image, found)
        digest = name.at(name.digest or _registry_digest(name, found) or found["Id"])
        return self._fixed(image, digest, found)

    def keep_now(self, image: str, image_id: str) -> Image:
        """`keep`, for those who are in a thread already."""
        api = self._engine.api
        name = images.parse(image)
        api.tag(image_id, name.repository, name.tag or images.DEFAULT_TAG)
        found = inspect_image(api, image_id)
        return self._fixed(image, name.at(found["Id"]), found)

    def _fixed(self, image: str, digest: str, found: Mapping[str, Any]) -> Image:
        repository, _, tag = images.keep_tag(digest).rpartition(":")
        self._engine.api.tag(found["Id"], repository, tag)
        config = found.get("Config") or {}
        pairs = (pair.partition("=") for pair in config.get("Env") or ())
        return Image(
            name=image,
            digest=digest,
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            env={key: value for key, _, value in pairs},
            architecture=found["Architecture"],
            working_dir=config.get("WorkingDir") or "",
        )

    def _local(self, image: str) -> Mapping[str, Any] | None:
        """By its digest if we kept it, else by its name as the engine knows it."""
        name = images.parse(image)
        wanted = [images.keep_tag(name.pullable)] if name.digest else []
        for reference in (*wanted, name.pullable):
            try:
                found: Mapping[str, Any] = inspect_image(self._engine.api, reference)
            except docker.errors.NotFound:
                continue
            return found
        return None

    def _local_by_id(self, name: images.ImageName) -> Mapping[str, Any] | None:
        """An image that no registry has seen has its id for a digest."""
        if not name.digest:
            return None
        try:
            found: Mapping[str, Any] = inspect_image(self._engine.api, name.digest)
        except docker.errors.NotFound:
            return None
        return found

    def _pull(self, image: str, name: images.ImageName) -> None:
        _log.info("Pulling %s", image, extra={"event": "image_pull", "image": image})
        try:
            self._engine.api.pull(name.repository, tag=name.digest or name.tag or images.DEFAULT_TAG)
        except docker.errors.APIError as error:
            raise ImageNotFound(
                f"Image [{image}] is not on this engine and could not be pulled: {sentence(explanation(error))}",
                field="image",
                hint="Build it here (docker build -t NAME .), sign in to its registry, or check its name and tag.",
            ) from error

    def _check_platform(self, image: str, found: Mapping[str, Any]) -> None:
        """Cloud Run runs linux/amd64; an engine of another architecture may run its own kind too."""
        system, architecture = found["Os"], found["Architecture"]
        engine = str(self._engine.api.version()["Arch"])
        if system != "linux" or (engine == "amd64" and architecture != "amd64"):
            raise ImageUnsupported(
                f"Image [{image}] is made for {system}/{architecture}; Cloud Run needs linux/amd64.",
                field="image",
                hint="Build it for that: docker build --platform linux/amd64 …",
            )

    def _forget(self, digest: str) -> None:
        self._remove(images.keep_tag(digest), digest)
        name = images.parse(digest)
        if images.SOURCE_BUILDS in name.path:
            built = f"{name.repository}:{images.DEFAULT_TAG}"
            found = self._local(built)
            if found is not None and found["Id"] == name.digest:  # not a later build's
                self._remove(built, digest)

    def _remove(self, tag: str, digest: str) -> None:
        try:
            self._engine.api.remove_image(tag, force=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != 409:  # 409: something still runs from it; the tag stays with it
                raise
            _log.info("Image %s is still in use", digest, extra={"event": "image_in_use"})


def _registry_digest(name: images.ImageName, found: Mapping[str, Any]) -> str:
    """The digest that its registry knows this image by; "" when it comes from none."""
    for known in found.get("RepoDigests") or ():
        repository, _, digest = known.partition("@")
        if repository == name.repository:
            return str(digest)
    return ""
