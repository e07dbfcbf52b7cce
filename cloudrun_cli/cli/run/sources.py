"""From a folder of source to the image of one container of a deploy, be it of a service or of a job."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.families import CONTAINERS, Values, per_container
from cloudrun_cli.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudrun_cli.controlplane.services import Deployed, Rollout
    from cloudrun_cli.core.changes import Change
    from cloudrun_cli.core.jobs import JobRef
    from cloudrun_cli.core.resources import Build, Service, ServiceRef
    from cloudrun_cli.output.progress import StagedProgress

    Save = Callable[[Context, ServiceRef, list[Change], Rollout], Deployed]

_REPOSITORY = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/[^/:@]+/[^/:@]+(/[^/:@]+)?")


class Source(NamedTuple):
    """What is built, for which container ("" where none is named), under which name if not the usual one."""

    folder: str
    container: str
    image: str = ""
    base_image: str = ""
    entrypoint: str = ""

    @property
    def has_dockerfile(self) -> bool:
        """Whether it brings its own recipe."""
        return os.path.exists(os.path.join(self.folder, "Dockerfile"))

    @property
    def kind(self) -> str:
        """What builds it."""
        return "Dockerfile" if self.has_dockerfile else "Buildpacks"


def completed(present: Context, values: Values, sample: str = "gcr.io/cloudrun/hello:latest") -> Values:
    """The values with something to run, such as the `sample`; where neither image nor source is named, the folder is
    asked for. Raises InvalidArgument."""
    if values.get(CONTAINERS) or values["image"] or values["source"] or values["remove_containers"]:
        return values
    if not present.can_ask:
        raise InvalidArgument(
            "Missing required argument [--image]: Requires a container image to deploy (e.g. "
            f"`{sample}`) if no build source is provided.",
            field="--image",
        )
    from cloudrun_cli.output.prompts import ask_text

    question = "Deploying from source. To deploy a container use [--image]. Source code location"
    folder = ask_text(question, os.getcwd(), quiet=False, err=present.err, stdin=sys.stdin)
    return {**values, "source": folder}


def find(values: Values) -> Source | None:
    """The one source to build. Raises InvalidArgument for several, and for flags that need one."""
    found = [
        Source(own["source"], name, own["image"] or "", own["base_image"] or "")
        for name, own in per_container(values)
        if own["source"]
    ]
    if len(found) > 1:
        names = ", ".join(source.container for source in found)
        raise InvalidArgument(
            f"--source: One container of a deploy is built from source; received: [{names}].", field="--source"
        )
    for _, own in per_container(values):
        if own["function"] and not own["source"]:
            raise InvalidArgument("--function: A function is built from source; add --source.", field="--function")
    return found[0] if found else None


def checked(source: Source | None, values: Values, ref: "ServiceRef | JobRef") -> tuple[Source | None, Values]:
    """The source as it is built, and the values without what its build has taken over: for buildpacks, the command is
    the image's entry point. Raises InvalidArgument."""
    if source is None:
        return None, values
    own = dict(per_container(values))[source.container]
    if source.has_dockerfile:
        for flag in ("base_image", "function"):
            if own[flag]:
                name = flag.replace("_", "-")
                raise InvalidArgument(
                    f"--{name}: The source has a Dockerfile, which says itself what it is built on and what it runs.",
                    field=f"--{name}",
                    hint=f"Leave --{name} out, or the Dockerfile.",
                )
    if source.image:
        source = source._replace(image=_repository(source.image, ref.name))
    taken = {"image": None}
    if own["command"] and not source.has_dockerfile:
        source = source._replace(entrypoint=shlex.join(own["command"]))
        taken["command"] = None
    if not source.container:
        return source, {**values, **taken}
    named = {**values[CONTAINERS], source.container: {**own, **taken}}
    return source, {**values, CONTAINERS: named}


def to_be_built(source: Source, ref: "ServiceRef | JobRef") -> "list[Change]":
    """The change that names the image which will be built."""
    from cloudrun_cli.controlplane import builds
    from cloudrun_cli.core.container_changes import ImageChange

    return [ImageChange(source.image or builds.source_image(ref.project, ref.region, ref.name), source.container)]


def check(present: Context, source: Source, service: "Service") -> None:
    """Nothing when it could be built, as far as its files tell. Raises InvalidArgument, BuildFailed."""
    from pathlib import Path

    from cloudrun_cli.controlplane import uploads
    from cloudrun_cli.core.build_changes import builder_env

    uploads.check(Path(source.folder), builder_env(service, source.entrypoint), skip=Path(present.home))


def build(
    present: Context,
    ref: "ServiceRef",
    source: Source,
    changes: "list[Change]",
    rollout: "Rollout",
    progress: "StagedProgress",
    save: "Save",
) -> "list[Change]":
    """Build the source of a service; what the deploy is then to say of its image and of how that came to be."""
    from dataclasses import replace

    from cloudrun_cli.cli.run import following
    from cloudrun_cli.core.build_changes import BASE_IMAGE, builder_env, built
    from cloudrun_cli.core.container_changes import ImageChange

    progress.start(following.VALIDATE)
    planned = [*changes, *to_be_built(source, ref)]
    service = save(present, ref, planned, replace(rollout, validate_only=True)).service
    progress.done(following.VALIDATE)
    base_image = service.annotations.get(BASE_IMAGE, "")
    digest, submitted = image_of(present, ref, source, builder_env(service, source.entrypoint), progress, base_image)
    return [ImageChange(digest, source.container), built(submitted, os.path.abspath(source.folder))]


def image_of(
    present: Context,
    ref: "ServiceRef | JobRef",
    source: Source,
    env: Mapping[str, str],
    progress: "StagedProgress",
    base_image: str = "",
) -> "tuple[str, Build]":
    """The digest of the image that is built of the source, and its build. Raises FailedPrecondition, Unavailable."""
    import shutil
    import uuid
    from pathlib import Path

    from cloudrun_cli.cli.run import following
    from cloudrun_cli.controlplane import builds
    from cloudrun_cli.controlplane.uploads import upload

    progress.start(following.UPLOAD)
    build_id = str(uuid.uuid4())
    copy = Path(present.home) / "sources" / build_id
    try:
        sent = upload(Path(source.folder), copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    progress.done(following.UPLOAD)
    for link in sent.outside:
        present.warn(f"The link [{link}] leads out of the source and was left out.")
    submitted = builds.submit(
        present.store,
        build_id,
        project=ref.project,
        region=ref.region,
        service=ref.name,
        source=str(copy),
        image=source.image,
        base_image="" if source.has_dockerfile else base_image,
        env=env,
        now=present.now(),
    )
    present.ring()
    try:
        digest, notes = following.build(present.store, present.home, build_id, progress)
    except BaseException:  # also when the emulator went away: nobody would wait for the build any more
        builds.cancel(present.store, build_id)
        present.ring()
        raise
    for note in notes:
        progress.detail(note)
    return digest, submitted


def _repository(image: str, service: str) -> str:
    """The name of the image in a repository that was named for it. Raises InvalidArgument."""
    found = _REPOSITORY.fullmatch(image)
    if not found or found[1] not in (None, f"/{service}"):
        raise InvalidArgument(
            "Invalid value for [--image]: With --source it names the repository of the image that is built: "
            f"REGION-docker.pkg.dev/PROJECT/REPOSITORY, with /{service} behind it or without. Received: {image}",
            field="--image",
            hint="Leave one of --image and --source out.",
        )
    return image if found[1] else f"{image}/{service}"
