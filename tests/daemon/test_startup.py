"""How an instance of several containers comes up, on the scripted runtime and servers of the test. Evidence: documented
(container runtime contract; Configure container health checks)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli.core.autopsy import Finding
from cloudrun_cli.core.errors import StartFailed
from cloudrun_cli.core.resources import Container, ContainerPort, Probe, RevisionStatus
from cloudrun_cli.daemon import specs
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.startup import Startup
from cloudrun_cli.runtime.base import Listening
from cloudrun_cli.runtime.memory import MemoryRuntime, Script
from tests.builders import a_revision, a_template
from tests.daemon.answering import Web, listening

LIMIT = timedelta(seconds=20)
STARTED = Probe(kind="http", path="/started", port=9000, period_seconds=1, failure_threshold=3)
APP = Container("app", name="app", port=ContainerPort(8080), depends_on=("side",))
SIDE = Container("side", name="side", startup_probe=STARTED)


class Stage:
    """An app and its side: what the runtime has started, and what was said in the log."""

    def __init__(self, app: Web, side: Web) -> None:
        self.app, self.side = app, side
        self.runtime = MemoryRuntime("home")
        self.said: list[str] = []
        self.script = Script(address=app.address, doors={9000: side.address})  # whichever starts first

    def starting(
        self, *containers: Container, limit: timedelta = LIMIT, app: Script | None = None
    ) -> asyncio.Task[Finding | None]:
        """The start of an instance of these, under way."""
        world = self.runtime.world
        digests = {"app": world.add_image("app", app or Script(address=self.app.address))}
        digests["side"] = world.add_image("side", self.script)
        revision = a_revision("hello-00001-abc", template=a_template(containers=containers))
        status = RevisionStatus(image_digest=digests["app"], sidecar_digests={"side": digests["side"]})
        self.member = Member("i-1", replace(revision, status=status), time.monotonic())
        startup = Startup(self.member, self.runtime, limit, self._say, lambda: None)
        return asyncio.create_task(startup.run(specs.of_revision("i-1", self.member.revision, "/home")))

    async def started(self, count: int) -> list[str]:
        """The names of the containers that were started, once there are so many."""
        async with asyncio.timeout(10):
            while len(self.runtime.started) < count:  # noqa: ASYNC110 - the runtime rings no bell for this
                await asyncio.sleep(0.01)
        return [spec.container for spec in self.runtime.started]

    def _say(self, member: Member, text: str, severity: str) -> None:
        self.said.append(text)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with listening(app := Web()), listening(side := Web(503)):
        yield Stage(app, side)


async def test_a_container_starts_when_the_startup_probe_of_the_one_it_depends_on_has_passed(stage: Stage) -> None:
    starting = stage.starting(APP, SIDE)
    assert await stage.started(1) == ["side"]
    await asyncio.sleep(0.3)
    assert await stage.started(1) == ["side"]
    stage.side.status = 200
    assert await stage.started(2) == ["side", "app"]
    assert await starting is None
    assert stage.said == [
        'STARTUP HTTP probe succeeded after 2 attempts for container "side" on port 9000.',
        'Default STARTUP TCP probe succeeded after 1 attempt for container "app" on port 8080.',
    ]


async def test_without_a_startup_probe_started_is_enough(stage: Stage) -> None:
    assert await stage.starting(APP, replace(SIDE, startup_probe=None)) is None
    assert await stage.started(2) == ["side", "app"]


async def test_without_dependencies_nobody_waits_but_all_must_be_well(stage: Stage) -> None:
    starting = stage.starting(replace(APP, depends_on=()), SIDE)
    assert await stage.started(2) == ["app", "side"]
    await asyncio.sleep(0.3)
    assert not starting.done()
    stage.side.status = 200
    assert await starting is None


async def test_a_sidecar_may_wait_for_the_one_that_gets_the_requests(stage: Stage) -> None:
    stage.side.status = 200
    assert await stage.starting(replace(APP, depends_on=()), replace(SIDE, depends_on=("app",))) is None
    assert await stage.started(2) == ["app", "side"]
    assert "Default STARTUP TCP probe" in stage.said[0]


async def test_a_probe_that_fails_as_often_as_it_may_ends_the_start(stage: Stage) -> None:
    finding = await stage.starting(APP, replace(SIDE, startup_probe=replace(STARTED, failure_threshold=2)))
    assert finding is not None
    assert finding.cause == 'STARTUP HTTP probe failed 2 times consecutively for container "side" on port 9000.'
    assert "HTTP status 503" in finding.advice
    assert await stage.started(1) == ["side"]  # the app was never begun


async def test_the_limit_of_a_start_ends_a_patient_probe(stage: Stage) -> None:
    probe = replace(STARTED, failure_threshold=100)
    finding = await stage.starting(APP, replace(SIDE, startup_probe=probe), limit=timedelta(seconds=1.5))
    assert finding is not None
    assert finding.cause.startswith("STARTUP HTTP probe failed 2 times consecutively")


async def test_a_container_that_ends_ends_the_start_and_is_named(stage: Stage) -> None:
    starting = stage.starting(APP, SIDE)
    await stage.started(1)
    assert stage.member.instance is not None
    stage.runtime.crash(stage.member.instance, code=4, container="side")
    stage.member.exit = await stage.runtime.ended(stage.member.instance)
    stage.member.heard("side", "no config")
    stage.member.gone.set()
    stage.member.retired.set()
    finding = await starting
    assert finding is not None
    assert finding.cause == "The container [side] exited with code 4 before the instance was ready."
    assert finding.log == ("no config",)


async def test_a_container_that_cannot_be_started_is_the_runtimes_error(stage: Stage) -> None:
    stage.script = Script(start_error="no such program")
    with pytest.raises(StartFailed, match="no such program"):
        await stage.starting(replace(APP, depends_on=()), SIDE)


async def test_a_wrong_port_is_told_long_before_the_time_is_over_once_and_to_who_waits(stage: Stage) -> None:
    wrong = Script(address="127.0.0.1:1", listens=(Listening("0.0.0.0", 9090),))
    starting = stage.starting(replace(APP, depends_on=()), limit=timedelta(seconds=2), app=wrong)
    heard: list[str] = []
    stage.member.suspected = heard.append
    finding = await starting
    text = "The container listens on port 9090, not on port 8080; still waiting."
    assert (heard, stage.said.count(text)) == ([text], 1)
    assert stage.said.index(text) < len(stage.said) - 1  # before its probe has failed
    assert finding is not None  # the contract stays
    assert finding.cause.startswith("The container listens on port 9090, but requests are sent to port 8080")


async def test_a_start_that_is_given_up_leaves_no_probe_behind(stage: Stage) -> None:
    starting = stage.starting(APP, SIDE)
    await stage.started(1)
    starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting
    asked = len(stage.side.heads)
    await asyncio.sleep(1.2)
    assert len(stage.side.heads) == asked
