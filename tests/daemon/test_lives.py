"""The lives of instances as the daemon follows them: what the log and the snapshot tell. On the scripted runtime, with
the real gate. Evidence: documented for states and reasons (container runtime contract), ours for how they are told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core.logs import stamp
from cloudrun_cli.core.resources import Container, Probe, Revision, RevisionStatus
from cloudrun_cli.daemon.fleet import Fleet
from cloudrun_cli.daemon.lives import KEPT_FOR, KEPT_STOPPED, Lives
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.secrets import Secrets
from cloudrun_cli.daemon.squeezing import Squeezing
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.dataplane.envoy_logs import REQUEST_FIELDS
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.dataplane.routes import RevisionRoute, Routes, ServiceRoute
from cloudrun_cli.runtime.base import ExitCause
from cloudrun_cli.runtime.memory import MemoryRuntime, Script, World
from cloudrun_cli.store import instances as snapshot
from cloudrun_cli.store.database import open_store
from cloudrun_cli.store.logs import folder, read
from tests.builders import NUMBER, FakeClock, a_ref, a_revision, a_template, seeded
from tests.daemon.answering import Web, listening

SERVICE = a_ref()
HOST = f"hello-{NUMBER}.{SERVICE.region}.run.localhost"
SECOND = timedelta(seconds=1)


class Reply:
    """Where the gate's answer to one question goes."""

    def __init__(self) -> None:
        self.answer = b""

    def send(self, answer: bytes) -> None:
        self.answer = answer


class Stage:
    """What a daemon has of these things, with a clock that stands still. `begun` says how many requests were asked."""

    def __init__(self, home: Path, world: World, web: Web, tasks: Tasks, clock: FakeClock, first: int = 1) -> None:
        self.home, self.clock, self.snapshot = str(home), clock, Path(snapshot.path(str(home)))
        self.runtime = MemoryRuntime(self.home, world)
        self.digest = world.add_image("app", Script(address=web.address))
        self.gate = Gate(
            random=seeded(),
            on_demand=lambda ref: None,
            on_busy=lambda id, busy: self.lives.busy(id, busy),
            on_request_end=lambda record: self.lives.request_ended(record),
        )
        self.desk = LogDesk(self.home)
        self.lives = Lives(self.home, self.desk, clock, self.gate.load_of)
        runtimes = Runtimes("process", self.runtime, lambda: self.runtime)
        squeezing = Squeezing(self.gate.sleepers, runtimes, tasks)
        self.fleet = Fleet(
            self.home,
            runtimes,
            self.gate,
            self.desk,
            self.lives,
            squeezing,
            Secrets(self.home, open_store(self.home), Vault(self.home), clock.now),
            clock,
            seeded(first),
            tasks,
            lambda: SECOND * 20,
        )
        self._asked = 0

    def revision(self, name: str = "hello-00001-abc", generation: int = 1, **container: Any) -> Revision:
        template = a_template(containers=(Container("app", **container),))
        made = a_revision(name, template=template, generation=generation)
        return replace(made, status=RevisionStatus(image_digest=self.digest, runtime="memory"))

    def route(self, revision: Revision) -> None:
        route = RevisionRoute(revision.ref, SERVICE, 80, SECOND * 300, h2=False, max_instances=10)
        service = ServiceRoute(SERVICE, NUMBER, 0, public=True, split=((revision.ref, 100),), tags={})
        self.gate.use(Routes(services={SERVICE: service}, revisions={revision.ref: route}, api=None, domains={}))

    async def up(self, revision: Revision, reason: str = "AUTOSCALING") -> Member:
        member = self.fleet.enlist(revision)
        assert await self.fleet.launch(member, reason) is None
        return member

    def ask(self) -> bytes:
        """A request comes; its id."""
        self._asked += 1
        id = f"r-{self._asked}".encode()
        self.gate.ask(b"/", {b"x-request-id": id, b"host": HOST.encode()}, Reply())
        return id

    def end(self, id: bytes, first_byte: int | None = None) -> None:
        """Envoy's line about a request that has come just now, and was answered after so many ms."""
        line: dict[str, Any] = dict.fromkeys(REQUEST_FIELDS)
        line |= {"id": id.decode(), "t": stamp(self.clock.now()), "fb": first_byte}
        self.gate.logged(line | {"rf": "-", "rd": "via_upstream", "st": 200})

    def rows(self) -> list[dict[str, Any]]:
        self.lives.flush()
        return snapshot.read(self.home)

    def told(self) -> list[tuple[str, str]]:
        """The changes that were logged: state and reason."""
        self.desk.flush()
        entries = read(folder(self.home, SERVICE.project, SERVICE.region, SERVICE.name))
        return [(e["labels"]["state"], e["labels"]["reason"]) for e in entries if "state" in e["labels"]]

    def texts(self) -> list[str]:
        self.desk.flush()
        entries = read(folder(self.home, SERVICE.project, SERVICE.region, SERVICE.name))
        return [str(e.get("textPayload", "")) for e in entries]


class Theatre:
    """Stages one after the other, of the same home and the same things that run."""

    def __init__(self, home: Path, web: Web, tasks: Tasks) -> None:
        self.home, self.web, self.tasks, self.world, self.clock = home, web, tasks, World(), FakeClock()
        self._count = 0

    def stage(self) -> Stage:
        self._count += 1
        return Stage(self.home, self.world, self.web, self.tasks, self.clock, self._count)


@pytest.fixture
async def theatre(tmp_path: Path) -> AsyncIterator[Theatre]:
    async with listening(web := Web()), _tasks() as tasks:
        yield Theatre(tmp_path, web, tasks)


@pytest.fixture
def stage(theatre: Theatre) -> Stage:
    return theatre.stage()


@asynccontextmanager
async def _tasks() -> AsyncIterator[Tasks]:
    """An owner of tasks that ends them with the block."""

    class Enough(Exception):
        pass

    with suppress(BaseExceptionGroup):
        async with asyncio.TaskGroup() as group:
            yield Tasks(group)
            raise Enough


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - things that ring no bell for a test
            await asyncio.sleep(0.01)


async def test_a_life_from_the_first_request_to_the_last(stage: Stage) -> None:
    revision = stage.revision()
    stage.route(revision)
    first = stage.ask()
    member = await stage.up(revision)
    stage.clock.move(SECOND)
    assert [(row["state"], row["inFlight"]) for row in stage.rows()] == [("serving", 1)]
    stage.end(first)
    assert [(row["state"], row["reason"]) for row in stage.rows()] == [("idle", "no request in flight")]
    stage.clock.move(SECOND * 900)
    stage.fleet.retire(member.id, "IDLE_TIMEOUT")
    await member.ended.wait()
    (row,) = stage.rows()
    assert (row["name"], row["state"], row["reason"]) == (member.id, "stopped", "idle timeout")
    assert stage.told() == [
        ("starting", "request arrived"),
        ("serving", "request arrived"),
        ("idle", "no request in flight"),
        ("shutting-down", "idle timeout"),
        ("stopped", "idle timeout"),
    ]
    assert [(change["state"], change["reason"]) for change in row["changes"]] == stage.told()
    assert any(text.startswith("Starting new instance. Reason: AUTOSCALING - ") for text in stage.texts())
    assert "Instance stopped. Reason: idle timeout. It lived 901.0 s." in stage.texts()


async def test_in_a_zone_that_is_stopped_everything_ends_at_once_and_nothing_starts(stage: Stage) -> None:
    """What starts there too; and a start for a deploy is told that it was given up, and not that it has failed."""
    revision = stage.revision()
    stage.route(revision)
    members = [await stage.up(revision) for _ in range(3)]
    assert [member.zone[-1] for member in members] == ["a", "b", "c"]
    lost = members[0].zone
    stage.fleet.lose(frozenset({lost}))
    await members[0].ended.wait()
    assert [row["state"] for row in stage.rows() if row["zone"] == lost] == ["stopped"]
    assert stage.told()[-2:] == [("shutting-down", "zone stopped"), ("stopped", "zone stopped")]
    assert {(await stage.up(revision)).zone for _ in range(4)} == {member.zone for member in members[1:]}
    stage.fleet.lose(frozenset())
    assert (await stage.up(revision)).zone == lost


async def test_requests_one_after_the_other_flood_neither_the_log_nor_the_history(stage: Stage) -> None:
    revision = stage.revision()
    stage.route(revision)
    await stage.up(revision)
    stage.clock.move(SECOND * 60)
    for number in range(1000):
        stage.end(stage.ask())
        stage.clock.move(SECOND / 100)
        if number % 50 == 0:
            stage.lives.flush()
    stage.clock.move(SECOND * 60)
    (row,) = stage.rows()
    assert [state for state, _ in stage.told()] == ["starting", "idle", "serving", "idle"]
    assert [change["state"] for change in row["changes"]] == ["starting", "idle", "serving", "idle"]


@pytest.mark.parametrize(
    ("said", "manual", "reasons"),
    [
        ("DEPLOYMENT_ROLLOUT", False, ["deployment rollout", "deployment rollout"]),
        ("AUTOSCALING", False, ["request arrived", "scale out"]),
        ("MANUAL_OR_CUSTOMER_MIN_INSTANCE", False, ["min instances", "min instances"]),
        ("MANUAL_OR_CUSTOMER_MIN_INSTANCE", True, ["manual scaling", "manual scaling"]),
    ],
)
async def test_instances_are_started_for_a_reason_each_in_the_next_zone(
    stage: Stage, said: str, manual: bool, reasons: list[str]
) -> None:
    stage.fleet.is_manual = lambda revision: manual
    for _ in reasons:
        await stage.up(stage.revision(), said)
    assert [row["changes"][0]["reason"] for row in stage.rows()] == reasons
    assert [row["zone"] for row in stage.rows()] == ["us-central1-a", "us-central1-b"]
    assert [spec.zone for spec in stage.runtime.started] == ["us-central1-a", "us-central1-b"]


@pytest.mark.parametrize(
    ("cause", "code", "used", "reason", "detail", "text"),
    [
        (ExitCause.EXITED, 3, None, "container exited", "exit code 3", "Container called exit(3)."),
        (
            ExitCause.OUT_OF_MEMORY,
            None,
            600 * 2**20,
            "out of memory",
            "",
            "Memory limit of 512 MiB exceeded with 600 MiB",
        ),
        (
            ExitCause.REMOVED,
            None,
            None,
            "removed from outside",
            "",
            "The instance is gone: it was removed from outside.",
        ),
    ],
)
async def test_an_instance_that_ends_by_itself_has_stopped_and_the_log_says_how(
    stage: Stage, cause: ExitCause, code: int | None, used: int | None, reason: str, detail: str, text: str
) -> None:
    await stage.fleet.adopt(lambda ref: None)  # listens to ends from here on
    member = await stage.up(stage.revision())
    assert member.instance is not None
    stage.runtime.crash(member.instance, cause=cause, code=code, memory_bytes=used)
    await member.ended.wait()
    (row,) = stage.rows()
    assert (row["state"], row["reason"]) == ("stopped", reason)
    assert row.get("detail", "").endswith(detail)
    assert stage.told()[-1] == ("stopped", reason)
    assert [said for said in stage.texts() if said.startswith(text)]


async def test_an_instance_that_does_not_come_up_has_failed_to_start(stage: Stage) -> None:
    revision = replace(stage.revision(command=("no-such-program",)))
    member = stage.fleet.enlist(revision)
    finding = await stage.fleet.launch(member, "DEPLOYMENT_ROLLOUT")
    assert finding is not None
    assert stage.fleet.members(revision.ref) == []  # at once: nobody waits for it any more
    await member.ended.wait()
    (row,) = stage.rows()
    assert (row["state"], row["reason"]) == ("stopped", "failed startup")
    assert stage.told() == [("starting", "deployment rollout"), ("stopped", "failed startup")]


async def test_an_instance_that_fails_its_liveness_probe_is_shut_down_for_that(theatre: Theatre) -> None:
    stage = theatre.stage()
    probe = Probe(kind="http", path="/", port=9000, period_seconds=1, failure_threshold=1)
    async with listening(sick := Web(500)):
        stage.digest = theatre.world.add_image("sick", Script(address=theatre.web.address, doors={9000: sick.address}))
        member = await stage.up(stage.revision(liveness_probe=probe))
        await until(member.ended.is_set)
    assert stage.told()[-2:] == [("shutting-down", "failed liveness"), ("stopped", "failed liveness")]


@pytest.mark.parametrize(
    ("newer", "said", "reason"),
    [
        (False, "NO_TRAFFIC", "no traffic"),
        (True, "NO_TRAFFIC", "new revision"),
        (True, "its revision was deleted", "revision deleted"),
        (False, "SCALE_IN", "scale in"),
    ],
)
async def test_an_instance_is_shut_down_for_a_reason(stage: Stage, newer: bool, said: str, reason: str) -> None:
    member = await stage.up(stage.revision())
    if newer:
        await stage.up(stage.revision("hello-00002-xyz", generation=2))
    stage.fleet.retire(member.id, said)
    await member.ended.wait()
    assert stage.told()[-2:] == [("shutting-down", reason), ("stopped", reason)]


async def test_a_daemon_that_comes_after_another_goes_on_with_the_same_lives(theatre: Theatre) -> None:
    earlier = theatre.stage()
    revision = earlier.revision()
    members = [await earlier.up(revision) for _ in range(3)]
    before = earlier.rows()
    theatre.clock.move(SECOND * 30)
    assert members[2].instance is not None
    await earlier.runtime.stop(members[2].instance)  # while no daemon runs
    later = theatre.stage()
    later.lives.recall()
    await later.fleet.adopt({revision.ref: revision}.get)
    after = {row["name"]: row for row in later.rows()}
    for row in before[:2]:
        now = after[row["name"]]
        assert (now["zone"], now["started"]) == (row["zone"], row["started"])
        assert now["changes"][: len(row["changes"])] == row["changes"]
        assert (now["state"], now["reason"]) == ("idle", "adopted by a new daemon")
    lost = after[members[2].id]
    assert (lost["state"], lost["reason"], lost["detail"]) == ("stopped", "removed from outside", "while no daemon ran")


async def test_without_a_snapshot_an_adopted_instance_has_its_zone_and_start_from_what_runs(theatre: Theatre) -> None:
    earlier = theatre.stage()
    revision = earlier.revision()
    for _ in range(2):
        await earlier.up(revision)
    earlier.snapshot.unlink(missing_ok=True)
    later = theatre.stage()
    later.lives.recall()
    await later.fleet.adopt({revision.ref: revision}.get)
    assert sorted(row["zone"] for row in later.rows()) == ["us-central1-a", "us-central1-b"]
    assert {row["started"][:19] for row in later.rows()} == {
        one.started.isoformat()[:19] for one in await later.runtime.instances()
    }


async def test_a_snapshot_that_cannot_be_read_is_no_obstacle(theatre: Theatre) -> None:
    stage = theatre.stage()
    snapshot.write(stage.home, b'{"instances":[{"name":"x"}')
    stage.lives.recall()
    await stage.up(stage.revision())
    assert len(stage.rows()) == 1


async def test_those_that_have_stopped_are_kept_for_a_while_and_not_too_many(stage: Stage) -> None:
    revision = stage.revision()
    members = [await stage.up(revision) for _ in range(KEPT_STOPPED + 3)]
    for member in members:
        stage.clock.move(SECOND)
        stage.fleet.retire(member.id, "IDLE_TIMEOUT")
        await member.ended.wait()
    assert [row["name"] for row in stage.rows()] == [member.id for member in members[3:]]
    stage.clock.move(KEPT_FOR - SECOND * 2)
    assert [row["name"] for row in stage.rows()] == [members[-2].id, members[-1].id]


async def test_the_snapshot_is_written_when_something_has_changed_and_not_otherwise(stage: Stage) -> None:
    revision = stage.revision()
    stage.route(revision)
    await stage.up(revision)
    stage.lives.flush()
    written = stage.snapshot.stat().st_ino
    stage.lives.flush()
    assert stage.snapshot.stat().st_ino == written
    stage.ask()
    stage.lives.flush()
    assert stage.snapshot.stat().st_ino != written


async def test_a_request_that_waited_for_an_instance_has_one_waterfall(stage: Stage) -> None:
    revision = stage.revision()
    stage.route(revision)
    first, second = stage.ask(), stage.ask()
    await stage.up(revision)
    stage.end(first, first_byte=40)
    stage.end(second, first_byte=40)
    (row,) = stage.rows()
    *parts, total = row["coldStart"].values()
    assert (sum(parts), total) == (40.0, 40.0)
    stage.desk.flush()
    entries = list(read(folder(stage.home, SERVICE.project, SERVICE.region, SERVICE.name)))
    (told,) = [e["jsonPayload"] for e in entries if "coldStart" in e.get("jsonPayload", {})]
    assert told["coldStart"] == row["coldStart"]
    assert told["message"].startswith("Cold start: the request waited 40 ms")


@pytest.mark.parametrize(("waits", "first_byte"), [(False, 5), (True, None)])
async def test_without_a_request_that_waited_and_was_answered_there_is_no_waterfall(
    stage: Stage, waits: bool, first_byte: int | None
) -> None:
    revision = stage.revision()
    stage.route(revision)
    asked = stage.ask() if waits else b""
    await stage.up(revision)
    stage.clock.move(SECOND)
    stage.end(asked or stage.ask(), first_byte)
    assert "coldStart" not in stage.rows()[0]


def test_completion_finds_the_ids_without_reading_json(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "abc", "service": "hello", "state": "idle", "x": [1]},
        {"name": "abd", "service": "b", "state": "s"},
    ]
    snapshot.write(str(tmp_path), snapshot.encoded(rows))
    assert snapshot.read(str(tmp_path)) == rows
    assert snapshot.names(str(tmp_path)) == [("abc", "hello, idle"), ("abd", "b, s")]
    assert snapshot.names(str(tmp_path / "nowhere")) == []
