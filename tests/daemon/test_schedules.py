"""Schedules fire over real HTTP, on a clock that the test moves: when, what is sent, retries, overlap, crashes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.controlplane import projects, service_accounts
from cloudrun_cli.controlplane import schedules as verbs
from cloudrun_cli.controlplane.schedule_tokens import ScheduleTokens
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.identity import TokenKind
from cloudrun_cli.core.schedule_logs import KIND
from cloudrun_cli.core.schedules import HttpTarget, RetryPolicy, Schedule, ScheduleRef, Token
from cloudrun_cli.core.wire.schedules import schedule_to_json
from cloudrun_cli.daemon.calling import HttpCaller
from cloudrun_cli.daemon.schedules import Schedules
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.store.database import Store, open_store
from cloudrun_cli.store.logs import folder, read
from tests.builders import CALLER, NOW, FakeClock

REF = ScheduleRef("demo", "us-central1", "ping")
MINUTE = timedelta(minutes=1)
ACCOUNT = "caller@demo.iam.gserviceaccount.com"
EDGE, SOCKET = Edge(1, 2), "inside.sock"
PATIENCE = 10.0  # seconds that something may take which is under way


@dataclass
class Target:
    """A server that notes what it is asked; it answers with the status at the front of `statuses`, or 200, once
    `open` is set."""

    port: int = 0
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0
    answering: set[asyncio.Task[Any] | None] = field(default_factory=set)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answering.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append((head[0], headers, body))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await self.open.wait()
            self.at_once -= 1
            status = self.statuses.pop(0) if self.statuses else 200
            more = "content-length: 2\r\nconnection: close\r\nlocation: /elsewhere"
            writer.write(f"HTTP/1.1 {status} X\r\n{more}\r\n\r\nok".encode())
            await writer.drain()
        writer.close()


class Noted(Tasks):
    """Tasks that can be ended from outside."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        super().__init__(group)
        self.spawned: list[asyncio.Task[None]] = []

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = super().spawn(work)
        self.spawned.append(task)
        return task


@dataclass
class World:
    """A store, a clock, a target, and a daemon's schedules that can be killed and started again."""

    home: Path
    store: Store
    clock: FakeClock
    target: Target
    tasks: Noted
    running: Schedules | None = None

    def start(self) -> Schedules:
        tokens = ScheduleTokens(self.store, Tokens(str(self.home)), self.clock.now)

        def caller() -> HttpCaller:
            return HttpCaller(EDGE, {"hello.example.com"}.__contains__, self.home / SOCKET, tokens.of)

        self.running = Schedules(str(self.home), self.store, self.clock, caller, self.tasks)
        self.running.open()
        return self.running

    def kill(self) -> None:
        """End as if by kill -9: nothing more is saved."""
        for task in self.tasks.spawned:
            task.cancel()

    def create(self, **fields: Any) -> None:
        target = HttpTarget(f"http://127.0.0.1:{self.target.port}/tick", **fields.pop("target", {}))
        wanted = replace(Schedule(REF, "* * * * *", target, self.clock.now()), **fields)
        with contextlib.closing(open_store(str(self.home))) as other:  # as the command line does
            verbs.create(other, wanted, caller=CALLER, now=self.clock.now())
        self.look()

    def account(self) -> None:
        """Make the account."""
        projects.settle(self.store, REF.project, CALLER, NOW)
        service_accounts.create(self.store, REF.project, "caller", caller=CALLER, now=NOW)

    def look(self) -> None:
        assert self.running is not None
        self.running.look()

    async def pass_(self, length: timedelta) -> None:
        """Let time pass; whatever is due is begun."""
        self.clock.move(length)
        assert self.running is not None
        self.running.look(whole=True)
        await asyncio.sleep(0.05)

    async def until(self, count: int) -> None:
        """Returns once the target was asked so often, and the last answer is saved where it may be."""
        async with asyncio.timeout(PATIENCE):
            while len(self.target.asked) < count or (self.target.open.is_set() and self.under_way()):  # noqa: ASYNC110  # what is waited for is in the store
                await asyncio.sleep(0.01)

    def under_way(self) -> bool:
        execution = verbs.get(self.store, REF).plan.execution
        return execution is not None and execution.under_way

    def shown(self) -> dict[str, Any]:
        return schedule_to_json(verbs.get(self.store, REF))

    def log(self) -> list[dict[str, Any]]:
        return list(read(folder(str(self.home), *REF, KIND)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(str(tmp_path))
    yield made
    made.close()


@pytest.fixture
async def world(tmp_path: Path, store: Store) -> AsyncIterator[World]:
    target = Target()
    target.open.set()
    server = await asyncio.start_server(target.answer, "127.0.0.1", 0)
    inside = await asyncio.start_unix_server(target.answer, tmp_path / SOCKET)
    target.port = server.sockets[0].getsockname()[1]
    async with asyncio.TaskGroup() as group:
        made = World(tmp_path, store, FakeClock(), target, Noted(group))
        made.start()
        yield made
        assert made.running is not None
        target.open.set()
        await made.running.close()
    server.close()
    inside.close()
    await asyncio.gather(*(task for task in target.answering if task is not None))


async def test_a_tick_is_a_request_with_the_headers_of_the_service(world: World) -> None:
    world.create(target={"body": b'{"a":1}', "headers": {"X-Kind": "tick"}})
    await world.pass_(timedelta(seconds=50))
    assert world.target.asked == []
    await world.pass_(timedelta(seconds=3))
    await world.until(1)
    ((line, headers, body),) = world.target.asked
    assert (line, body) == ("POST /tick HTTP/1.1", b'{"a":1}')
    assert headers["user-agent"] == "google-cloud-scheduler"
    assert headers["x-cloudscheduler"] == "true"
    assert headers["x-cloudscheduler-jobname"] == "ping"
    assert headers["x-cloudscheduler-scheduletime"] == "2026-02-01t08:16:00z"
    assert (headers["content-type"], headers["x-kind"]) == ("application/octet-stream", "tick")
    assert "authorization" not in headers
    shown = world.shown()
    assert (shown["status"], shown["scheduleTime"]) == ({}, "2026-02-01T08:17:00Z")
    assert shown["lastAttemptTime"].startswith("2026-02-01T08:16:00.")
    started, finished = world.log()
    assert started["jsonPayload"]["@type"].endswith(".AttemptStarted")
    assert finished["httpRequest"] == {"status": 200}
    assert finished["resource"] == {
        "type": "cloud_scheduler_job",
        "labels": {"job_id": "ping", "location": "us-central1", "project_id": "demo"},
    }


async def test_each_tick_fires_once(world: World) -> None:
    world.create()
    for count in range(1, 5):
        await world.pass_(MINUTE)
        await world.until(count)
        await world.pass_(timedelta(seconds=1))
    assert len(world.target.asked) == 4


async def test_a_failure_is_retried_after_its_backoff_and_shown(world: World) -> None:
    world.target.statuses = [503, 301]
    world.create(when="0 * * * *", retry=RetryPolicy(count=2))
    await world.pass_(timedelta(minutes=44, seconds=53))
    await world.until(1)
    assert world.shown()["status"] == {
        "code": 14,
        "message": "The target answered with the HTTP status 503. It said: ok",
    }
    await world.pass_(timedelta(seconds=4))
    assert len(world.target.asked) == 1
    await world.pass_(timedelta(seconds=1))
    await world.until(2)
    assert world.shown()["status"]["code"] == 2, "a redirect is no success, and is not followed"
    await world.pass_(timedelta(seconds=10))
    await world.until(3)
    assert world.shown()["status"] == {}
    times = {headers["x-cloudscheduler-scheduletime"] for _, headers, _ in world.target.asked}
    assert times == {"2026-02-01t09:00:00z"}
    severities = [entry["severity"] for entry in world.log()]
    assert severities == ["INFO", "ERROR", "INFO", "ERROR", "INFO", "INFO"]
    await world.pass_(timedelta(minutes=30))
    assert len(world.target.asked) == 3


async def test_two_runs_never_overlap(world: World) -> None:
    world.target.open.clear()
    world.create()
    await world.pass_(MINUTE)
    await world.until(1)
    await world.pass_(MINUTE)
    verbs.run(world.store, REF, caller=CALLER, now=world.clock.now())
    await world.pass_(MINUTE)
    assert len(world.target.asked) == 1
    world.target.open.set()
    await world.until(3)
    assert world.target.most_at_once == 1


async def test_a_paused_schedule_fires_only_when_it_is_run(world: World) -> None:
    world.create()
    with contextlib.closing(open_store(str(world.home))) as other:
        verbs.pause(other, REF, caller=CALLER, now=world.clock.now())
        world.look()
        await world.pass_(5 * MINUTE)
        assert world.target.asked == []
        verbs.run(other, REF, caller=CALLER, now=world.clock.now())
    world.look()
    await world.until(1)
    assert world.shown()["state"] == "PAUSED"


async def test_a_deleted_schedule_fires_no_more_though_an_attempt_was_under_way(world: World) -> None:
    world.target.open.clear()
    world.create()
    await world.pass_(MINUTE)
    await world.until(1)
    with contextlib.closing(open_store(str(world.home))) as other:
        verbs.delete(other, REF, caller=CALLER, now=world.clock.now())
    world.look()
    world.target.open.set()
    await world.pass_(5 * MINUTE)
    assert len(world.target.asked) == 1


async def test_an_attempt_that_a_kill_cut_short_is_made_again_and_a_done_one_is_not(world: World) -> None:
    world.create()
    await world.pass_(MINUTE)
    await world.until(1)
    world.kill()
    world.start()
    await world.pass_(timedelta(seconds=1))
    assert len(world.target.asked) == 1
    world.target.open.clear()
    await world.pass_(MINUTE)
    await world.until(2)
    world.kill()
    world.target.open.set()
    world.start()
    await world.until(3)
    times = [headers["x-cloudscheduler-scheduletime"] for _, headers, _ in world.target.asked]
    assert times == ["2026-02-01t08:16:00z", "2026-02-01t08:17:00z", "2026-02-01t08:17:00z"]
    await world.pass_(timedelta(seconds=1))
    assert len(world.target.asked) == 3


@pytest.mark.parametrize(("away", "fires"), [(timedelta(seconds=100), 1), (timedelta(hours=5, seconds=240), 0)])
async def test_a_tick_missed_while_nothing_ran_fires_if_it_is_young(world: World, away: timedelta, fires: int) -> None:
    world.create(when="*/15 * * * *")
    world.kill()
    world.clock.move(timedelta(minutes=14, seconds=53) + away)
    world.start()
    await world.pass_(timedelta())
    await world.until(fires)
    assert len(world.target.asked) == fires


@pytest.mark.parametrize("kind", ["oidc", "oauth"])
async def test_a_call_carries_the_token_of_its_account(world: World, kind: str) -> None:
    world.account()
    world.create(target={kind: Token(ACCOUNT)})
    await world.pass_(MINUTE)
    await world.until(1)
    token = world.target.asked[0][1]["authorization"].partition("bearer ")[2]
    assert token.startswith("ya29." if kind == "oauth" else "eyj")  # the target notes small letters


async def test_what_a_token_says_is_the_account_and_for_whom_it_is(world: World) -> None:
    world.account()
    tokens = Tokens(str(world.home))
    made = ScheduleTokens(world.store, tokens, world.clock.now).of
    to = Schedule(REF, "* * * * *", HttpTarget("https://hello/x?y=1", oidc=Token(ACCOUNT)), NOW)
    said = tokens.read(made(to) or "", NOW)
    assert (said.email, said.audience, said.kind) == (ACCOUNT, "https://hello/x", TokenKind.ID)
    to = replace(to, target=HttpTarget("https://run.googleapis.com/", oauth=Token(ACCOUNT)))
    said = tokens.read(made(to) or "", NOW)
    assert (said.email, said.kind) == (ACCOUNT, TokenKind.ACCESS)
    assert made(replace(to, target=HttpTarget("https://hello"))) is None


async def test_an_account_that_is_disabled_or_gone_calls_nobody_and_says_why(world: World) -> None:
    world.account()
    target = HttpTarget(f"http://127.0.0.1:{world.target.port}/", oidc=Token(ACCOUNT))
    tokens = ScheduleTokens(world.store, Tokens(str(world.home)), world.clock.now)
    caller = HttpCaller(EDGE, lambda name: False, world.home / SOCKET, tokens.of)
    wanted = Schedule(REF, "* * * * *", target, NOW)
    service_accounts.set_disabled(world.store, ACCOUNT, True, caller=CALLER, now=NOW)
    disabled = await caller.call(wanted, NOW)
    service_accounts.delete(world.store, ACCOUNT, caller=CALLER, now=NOW)
    gone = await caller.call(wanted, NOW)
    await caller.close()
    assert [(outcome.code, ACCOUNT in outcome.message) for outcome in (disabled, gone)] == [(7, True), (5, True)]
    assert world.target.asked == []


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("http://run.googleapis.com/v2/x:run", "run.googleapis.localhost"),
        ("http://hello.example.com/x", "hello.example.com"),
        ("http://hello-1.us-central1.run.localhost:1234/x", "hello-1.us-central1.run.localhost:1234"),
    ],
)
async def test_names_of_this_machine_are_called_at_its_edge(world: World, uri: str, host: str) -> None:
    world.create()
    verbs.update(
        world.store, REF, lambda one: replace(one, target=HttpTarget(uri)), caller=CALLER, now=world.clock.now()
    )
    await world.pass_(MINUTE)
    await world.until(1)
    assert (world.target.asked[0][1]["host"], world.target.asked[0][1]["x-crl-entry"]) == (host, "demo")


@pytest.mark.parametrize(
    ("uri", "deadline", "code", "said"),
    [
        ("http://127.0.0.1:1/", 30.0, 14, "could not be reached"),
        ("http://127.0.0.1:{port}/slow", 0.1, 4, "attempt deadline of 0.1s"),
    ],
)
async def test_no_answer_is_a_failure_with_its_reason(
    world: World, uri: str, deadline: float, code: int, said: str
) -> None:
    world.target.open.clear()
    target = HttpTarget(uri.format(port=world.target.port))
    caller = HttpCaller(EDGE, lambda name: False, world.home / SOCKET, lambda schedule: None)
    wanted = Schedule(REF, "* * * * *", target, world.clock.now(), deadline=timedelta(seconds=deadline))
    outcome = await caller.call(wanted, world.clock.now())
    await caller.close()
    assert outcome.code == code
    assert said in outcome.message
