"""Follows a rollout on the terminal: stages as they happen, and the true cause when it fails."""

import time

from cloudrun_cli.controlplane import watch
from cloudrun_cli.controlplane.services import Deployed
from cloudrun_cli.core.errors import DeadlineExceeded, FailedPrecondition, NotFound
from cloudrun_cli.core.resources import BuildState, Service
from cloudrun_cli.output.progress import StagedProgress
from cloudrun_cli.store.database import Store

ROLLOUT_SECONDS = 900.0  # longer than any start may take, with the pull of a large image before it
BUILD_SECONDS = 3600.0

REVISION, TRAFFIC, POLICY = "revision", "traffic", "policy"
VALIDATE, UPLOAD, BUILD = "validate", "upload", "build"
STAGES = ((POLICY, "Setting IAM Policy"), (REVISION, "Creating Revision"), (TRAFFIC, "Routing traffic"))
SOURCE_STAGES = (
    (VALIDATE, "Validating configuration"),
    (UPLOAD, "Uploading sources"),
    (BUILD, "Building Container"),
)


def rollout(store: Store, deployed: Deployed, progress: StagedProgress) -> Service:
    """The service once its new revision serves as asked. Raises FailedPrecondition with the cause when it will not."""
    if deployed.public and deployed.created:
        progress.done(POLICY)
    progress.start(REVISION)
    service: Service | None = deployed.service
    deadline = time.monotonic() + ROLLOUT_SECONDS
    for service, revision in watch.rollout(store, deployed.service.ref, deployed.revision.ref, deadline):
        if service is None or revision is None:
            raise NotFound(f"Service [{deployed.service.ref.name}] was deleted while it was deployed.")
        failed = watch.failure(revision)
        if failed is not None and watch.settled(service, revision):
            progress.fail(REVISION)
            raise FailedPrecondition(failed.message)
        if watch.settled(service, revision):
            progress.done(REVISION)
            if any(target.revision == revision.ref.name and target.percent for target in service.status.traffic):
                progress.done(TRAFFIC)
            return service
    raise DeadlineExceeded(
        f"Revision [{deployed.revision.ref.name}] did not become ready within {ROLLOUT_SECONDS:.0f} s.",
        hint=f"It may still do so; look at it with: cloudrun run revisions describe {deployed.revision.ref.name}",
    )


def build(store: Store, home: str, build_id: str, progress: StagedProgress) -> tuple[str, tuple[str, ...]]:
    """The digest of the image that a build made, and what there is to say about it; its log lines are shown as they
    come. Raises FailedPrecondition when it failed."""
    progress.start(BUILD)
    lines = _Tail(f"{home}/builds/{build_id}/log")
    for found in watch.build(store, build_id, time.monotonic() + BUILD_SECONDS):
        for line in lines.fresh():
            progress.detail(line)
        if found.state is BuildState.SUCCESS:
            progress.done(BUILD)
            return found.digest, found.notes
        if found.state in (BuildState.FAILURE, BuildState.CANCELLED):
            progress.fail(BUILD)
            raise FailedPrecondition(found.error or "The build was given up.", hint=f"Its log: {lines.path}")
    raise DeadlineExceeded(f"The build did not end within {BUILD_SECONDS:.0f} s.", hint=f"Its log: {lines.path}")


class _Tail:
    """The lines that have been added to a file since the last look."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._offset = 0

    def fresh(self) -> list[str]:
        """Whole lines only."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode(errors="replace").splitlines()
