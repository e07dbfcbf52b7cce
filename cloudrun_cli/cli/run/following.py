"""Follows a rollout on the terminal: stages as they happen, and the true cause when it fails."""

import time

from cloudrun_cli.controlplane import watch
from cloudrun_cli.controlplane.services import Deployed
from cloudrun_cli.core.errors import DeadlineExceeded, FailedPrecondition, NotFound, Unavailable
from cloudrun_cli.core.resources import BuildState, Service
from cloudrun_cli.daemon import doorbell
from cloudrun_cli.output.progress import StagedProgress
from cloudrun_cli.store.database import Store

ROLLOUT_SECONDS = 900.0  # longer than any start may take, with the pull of a large image before it
BUILD_SECONDS = 3600.0
EMULATOR_SECONDS = 1.0  # between two looks whether it is still there

REVISION, TRAFFIC, POLICY = "revision", "traffic", "policy"
VALIDATE, UPLOAD, BUILD = "validate", "upload", "build"
STAGES = ((POLICY, "Setting IAM Policy"), (REVISION, "Creating Revision"), (TRAFFIC, "Routing traffic"))
SOURCE_STAGES = (
    (VALIDATE, "Validating configuration"),
    (UPLOAD, "Uploading sources"),
    (BUILD, "Building Container"),
)


def rollout(store: Store, home: str, deployed: Deployed, progress: StagedProgress) -> Service:
    """The service once its new revision serves as asked. Raises FailedPrecondition with the cause when it will not."""
    if deployed.policy_set:
        progress.done(POLICY)
    progress.start(REVISION)
    service: Service | None = deployed.service
    deadline = time.monotonic() + ROLLOUT_SECONDS
    emulator = _Emulator(home)
    ref = deployed.service.ref
    for service, revision in watch.rollout(store, ref, deployed.revision.ref, deadline, emulator.look):
        if service is None or revision is None:
            raise NotFound(f"Service [{ref.name}] was deleted while it was deployed.")
        failed = watch.failure(revision)
        if failed is not None and watch.settled(service, revision):
            progress.fail(REVISION)
            cause, _, advice = failed.message.partition("\n")
            raise FailedPrecondition(cause, hint=advice or None)
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
    emulator = _Emulator(home)
    for found in watch.build(store, build_id, time.monotonic() + BUILD_SECONDS):
        emulator.look()
        for line in lines.fresh():
            progress.detail(line)
        if found.state is BuildState.SUCCESS:
            progress.done(BUILD)
            return found.digest, found.notes
        if found.state in (BuildState.FAILURE, BuildState.CANCELLED):
            progress.fail(BUILD)
            raise FailedPrecondition(found.error or "The build was given up.", hint=f"Build log: {lines.path}")
    raise DeadlineExceeded(f"The build did not end within {BUILD_SECONDS:.0f} s.", hint=f"Build log: {lines.path}")


class _Emulator:
    """Whether somebody works on what we wait for. One that has died is started again; one that was stopped is not."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._next = time.monotonic() + EMULATOR_SECONDS

    def look(self) -> None:
        """Raises Unavailable when the emulator was stopped."""
        if time.monotonic() < self._next:
            return
        if not doorbell.repair(self._home):
            raise Unavailable(
                "The emulator was stopped meanwhile.", hint="Start it, and it goes on: cloudrun emulator start"
            )
        self._next = time.monotonic() + EMULATOR_SECONDS


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
