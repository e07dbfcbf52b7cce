"""Follows a rollout on the terminal: stages as they happen, and the true cause when it fails."""

import time

from cloudrun_cli.controlplane import services as verbs
from cloudrun_cli.controlplane import watch
from cloudrun_cli.core.conditions import find
from cloudrun_cli.core.errors import DeadlineExceeded, FailedPrecondition, NotFound, Unavailable
from cloudrun_cli.core.resources import BuildState, Revision, Service, Status
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


def rollout(
    store: Store,
    home: str,
    service: Service,
    made: Revision,
    progress: StagedProgress,
    *,
    policy_set: bool = False,
    routed: bool = False,
) -> Service:
    """The service once its new revision serves as asked. Raises FailedPrecondition with the cause when it will not.
    `routed` says that shares of the requests were to change, whoever has them."""
    if policy_set:
        progress.done(POLICY)
    progress.start(REVISION)
    found: Service | None = service
    deadline = time.monotonic() + ROLLOUT_SECONDS
    emulator = Emulator(home)
    suspected = ""
    for found, revision in watch.rollout(store, service.ref, made.ref, deadline, emulator.look):
        if found is None or revision is None:
            raise NotFound(f"Service [{service.ref.name}] was deleted while it was deployed.")
        failed = watch.failure(revision)
        if failed is not None and watch.settled(found, revision):
            progress.fail(REVISION)
            cause, _, advice = failed.message.partition("\n")
            raise FailedPrecondition(cause, hint=advice or None)
        if (said := watch.suspicion(revision)) and said != suspected:
            suspected = said
            progress.detail(suspected)
        if watch.settled(found, revision):
            progress.done(REVISION)
            if routed or any(t.revision == made.ref.name and t.percent for t in found.status.traffic):
                progress.done(TRAFFIC)
            return found
    raise DeadlineExceeded(
        f"Revision [{made.ref.name}] did not become ready within {ROLLOUT_SECONDS:.0f} s.",
        hint=f"It may still do so; look at it with: cloudrun run revisions describe {made.ref.name}",
    )


def change(store: Store, home: str, service: Service, made: Revision | None, progress: StagedProgress) -> Service:
    """The service once a change is done that made this revision, or none. Raises FailedPrecondition with the cause
    when it fails."""
    if made is not None:
        return rollout(store, home, service, made, progress)
    progress.start(TRAFFIC)
    found = settle(store, home, service)
    routes = find(found.status.conditions, "RoutesReady")
    if routes is not None and routes.status is Status.FALSE:
        progress.fail(TRAFFIC)
        raise FailedPrecondition(routes.message or f"Traffic of [{service.ref.name}] could not be routed.")
    progress.done(TRAFFIC)
    return found


def settle(store: Store, home: str, service: Service) -> Service:
    """The service once the emulator has done what this generation of it asks, well or badly."""
    emulator = Emulator(home)
    for changed in watch.changes(store, time.monotonic() + ROLLOUT_SECONDS):
        if not changed:
            emulator.look()
            continue
        found = verbs.find(store, service.ref)
        if found is None:
            raise NotFound(f"Service [{service.ref.name}] was deleted while it was updated.")
        if found.status.observed_generation >= service.generation:
            return found
    raise DeadlineExceeded(f"The change of service [{service.ref.name}] was not seen within {ROLLOUT_SECONDS:.0f} s.")


def build(store: Store, home: str, build_id: str, progress: StagedProgress) -> tuple[str, tuple[str, ...]]:
    """The digest of the image that a build made, and what there is to say about it; its log lines are shown as they
    come. Raises FailedPrecondition when it failed."""
    progress.start(BUILD)
    lines = _Tail(f"{home}/builds/{build_id}/log")
    emulator = Emulator(home)
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


class Emulator:
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
