"""Carries executions on: their images fixed, their tasks started as parallelism and room allow, every end saved.

What is saved leads what is done: an attempt is saved before the runtime is asked for it, and its end before its
instance is forgotten. So a daemon that is killed at any moment is followed by one that finds everything: what was asked
for and is not there is asked for again under the same id, what runs is taken over, what has ended meanwhile says how.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from cloudrun_cli.clock import Clock
from cloudrun_cli.controlplane import executions
from cloudrun_cli.core import contract, retries, sidecars
from cloudrun_cli.core.autopsy import refused
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.jobs import AttemptEnd, Cause, Execution, Task
from cloudrun_cli.daemon import task_specs
from cloudrun_cli.daemon.attempts import Attempt, Attempts, Turn
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.secrets import Secrets, TaskSecrets
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.runtime.base import Instance
from cloudrun_cli.store import tasks as task_rows
from cloudrun_cli.store.database import Store

INTERNAL = "Internal"
UNPROBED = "Recorded, but without effect on tasks: startup probes. Containers start in their order without waiting."
FAULT = "The attempt broke off because of a fault of cloudrun itself."
SOON = 0.1  # seconds after which it is saved that a task runs, if nothing else is saved before
GATHER = 0.01  # seconds for more to happen that can be saved together, unless half of what ran has ended before
PAUSE = 1.0  # seconds after the store could not be written

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Run:
    """An execution that is carried on. `live` are its attempts under way, by task; `seen` is what is to be saved of its
    tasks, and `over` what can be forgotten then; `served` is when it last got a place."""

    execution: Execution
    live: dict[int, Attempt] = field(default_factory=dict)
    seen: dict[int, Task] = field(default_factory=dict)
    over: list[Instance] = field(default_factory=list)
    preparing: asyncio.Task[None] | None = None
    ready: bool = False  # its images are fixed
    stopping: bool = False  # its attempts were told to end
    served: int = 0

    def wants(self, granted: int) -> bool:
        """Whether it would start one more task beside so many."""
        if not self.ready or self.stopping or not self.execution.is_open:
            return False
        template, status = self.execution.template, self.execution.status
        begun = status.running + status.succeeded + status.failed + status.cancelled
        most = template.parallelism or template.tasks
        return begun + granted < template.tasks and len(self.live) + granted < most


class Jobs:
    """`look` compares the store with what is carried on. `most` is how many tasks may run at once, of all executions
    together."""

    def __init__(
        self,
        home: str,
        store: Store,
        runtimes: Runtimes,
        desk: LogDesk,
        clock: Clock,
        random: Random,
        tasks: Tasks,
        turn: Turn,
        secrets: Secrets,
        most: Callable[[], int],
    ) -> None:
        self._home, self._store, self._runtimes, self._desk = home, store, runtimes, desk
        self._clock, self._random, self._tasks, self._most = clock, random, tasks, most
        self._secrets = secrets
        self._attempts = Attempts(home, runtimes, desk, clock, tasks, turn, secrets, self._saw)
        self._runs: dict[str, Run] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._rung = asyncio.Event()  # there is something to save
        self._enough = asyncio.Event()  # that is not to wait for more
        self._ends = 0  # of attempts that are to be saved
        self._loop: asyncio.Task[None] | None = None
        self._version = -1  # of the store, when it was last looked at
        self._recovered = self._closing = False
        self._places = 0  # given so far

    def open(self) -> None:
        """Find what an earlier daemon has left, and carry everything on from here. The runtimes are open. From here on
        the secrets that tasks have mounted are kept."""
        for execution in executions.open_ones(self._store):
            if execution.status.image_digest:
                self._secrets.mount(TaskSecrets.of(execution))
        self._attempts.watch()
        self._loop = self._tasks.spawn(self._carry_on())

    def everyone(self) -> Iterable[Attempt]:
        """Every attempt under way."""
        return self._attempts.everyone()

    def tell(self, told: Callable[[str], Mapping[str, str]]) -> None:
        """Tasks on a runtime have these variables, unless their user says otherwise."""
        self._attempts.told = told

    def look(self, *, whole: bool = False) -> None:
        """Begin new executions; end the attempts of those that are to end."""
        version = self._store.data_version()
        if not self._recovered or (version == self._version and not whole):
            return
        self._version = version
        there = {execution.uid: execution for execution in executions.open_ones(self._store)}
        for uid, execution in there.items():
            if (run := self._runs.get(uid)) is None:
                run = self._runs[uid] = Run(execution)
                run.preparing = self._work(self._prepare(run))
            self._heed(run, execution)
        for uid, run in self._runs.items():
            if uid not in there:
                self._heed(run, executions.find(self._store, run.execution.ref))
        self._ring()

    async def close(self) -> None:
        """End every attempt with its grace; the executions go on with the next daemon."""
        self._closing = True
        for run in self._runs.values():
            if run.preparing is not None:
                run.preparing.cancel()
            for attempt in run.live.values():
                attempt.tell(Cause.LOST)
        await asyncio.gather(*self._working, return_exceptions=True)
        if self._loop is not None:
            self._loop.cancel()
        self._go_on()
        await self._attempts.close()

    # What was before this daemon

    async def _recover(self) -> None:
        try:
            known = await self._attempts.known()
        except CloudRunError as error:
            log.warning("Which tasks run is not known: %s", error.message)
            known = {}
        for execution in executions.open_ones(self._store):
            run = self._runs[execution.uid] = Run(execution)
            begun = [task for task in task_rows.running(self._store, execution.uid) if task.attempt is not None]
            ids = {task.attempt.instance: task for task in begun if task.attempt is not None}
            cursors = self._desk.last_cursors(execution.job_ref, ids) if ids else {}
            for id, task in ids.items():
                self._launch(run, task, found=True, cursor=cursors.get(id), instance=known.pop(id, None))
            run.ready = bool(execution.status.image_digest)
            if not run.ready:
                run.preparing = self._work(self._prepare(run))
            self._heed(run, execution)
        self._attempts.forget(known.values())
        self._recovered = True
        self.look(whole=True)

    # Images

    async def _prepare(self, run: Run) -> None:
        """Fix its images: the main container's decides which runtime it belongs to."""
        began, ref = time.monotonic(), run.execution.ref
        await self._runtimes.opened()
        try:
            found = await self._with_images(run.execution)
        except CloudRunError as error:
            finding = refused(error)
            self._refuse(run, finding.reason, " ".join(filter(None, (finding.cause, finding.advice))))
        except Exception:
            log.exception("Preparing %s broke", ref)
            self._refuse(run, INTERNAL, FAULT)
        else:
            status, seconds = found.status, time.monotonic() - began
            execution = executions.prepared(
                self._store,
                ref,
                image_digest=status.image_digest,
                sidecar_digests=status.sidecar_digests,
                runtime=status.runtime,
                note=status.note,
                seconds=seconds,
                now=self._clock.now(),
            )
            run.ready = True
            self._heed(run, execution)
        self._ring()

    async def _with_images(self, execution: Execution) -> Execution:
        template = execution.template.task
        found = await self._runtimes.resolve(template.ingress_container.image)
        runtime, notes, digests = self._runtimes.get(found.runtime), [*found.image.notes], {}
        for name, container in sidecars.named(template).items():
            if container is not template.ingress_container:
                image = await runtime.resolve(container.image)
                digests[name] = image.digest
                notes += image.notes
        notes += [said] if (said := contract.not_yet(template)) else []
        notes += [UNPROBED] if any(container.startup_probe for container in template.containers) else []
        status = replace(
            execution.status,
            image_digest=found.image.digest,
            sidecar_digests=digests,
            runtime=found.runtime,
            note=" ".join(dict.fromkeys(notes)),
        )
        prepared = replace(execution, status=status)
        self._secrets.check(TaskSecrets.of(execution))
        for spec in task_specs.of_task("", prepared, 0, 0, self._home):
            runtime.check(spec)
        return prepared

    def _refuse(self, run: Run, reason: str, said: str) -> None:
        execution = executions.refused(self._store, run.execution.ref, reason, said, now=self._clock.now())
        self._heed(run, execution)

    # Going on

    async def _carry_on(self) -> None:
        """Save what was seen, and start what can be started, whenever something has happened."""
        await self._recover()
        while True:
            await self._rung.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER):
                    await self._enough.wait()
            self._rung.clear()
            self._enough.clear()
            try:
                self._go_on()
            except Exception:
                log.exception("What was seen of executions could not be saved, and is tried again")
                self._rung.set()
                await asyncio.sleep(PAUSE)

    def _go_on(self) -> None:
        """In one transaction: save what was seen of many tasks, and claim those that start in their place. Only then
        forget the instances of the former, and start the latter."""
        self._ends = 0
        self._desk.flush()  # who sees the end of a task sees what it said
        saving = {uid: dict(run.seen) for uid, run in self._runs.items() if run.seen}
        over = {uid: list(run.over) for uid, run in self._runs.items() if run.over}
        with self._store.transaction():
            for uid, tasks in saving.items():
                ref = self._runs[uid].execution.ref
                execution = executions.record(self._store, ref, tasks.values(), now=self._clock.now())
                self._heed(self._runs[uid], execution)
            claimed = self._deal()
        for uid, tasks in saving.items():
            seen = self._runs[uid].seen
            for index in [index for index, task in tasks.items() if seen[index] is task]:
                del seen[index]
        for uid, instances in over.items():
            self._attempts.forget(instances)
            del self._runs[uid].over[: len(instances)]
        for run, task in claimed:
            self._launch(run, task)
        for uid, run in list(self._runs.items()):
            if not run.live and not run.seen and (not run.execution.is_open or run.stopping):
                del self._runs[uid]
                if all(other.execution.ref != run.execution.ref for other in self._runs.values()):
                    self._secrets.unmount(run.execution.ref)

    def _deal(self) -> list[tuple[Run, Task]]:
        """Give the free places to the executions that have fewest, and among those to who has waited longest; the tasks
        that got one."""
        free = self._most() - sum(len(run.live) for run in self._runs.values())
        granted: Counter[str] = Counter()
        while free > 0 and not self._closing:
            hungry = [(uid, run) for uid, run in self._runs.items() if run.wants(granted[uid])]
            if not hungry:
                break
            uid, run = min(hungry, key=lambda one: (len(one[1].live) + granted[one[0]], one[1].served))
            self._places += 1
            run.served = self._places
            granted[uid] += 1
            free -= 1
        runs = ((self._runs[uid], count) for uid, count in granted.items())
        return [(run, task) for run, count in runs for task in self._claim(run, count)]

    def _claim(self, run: Run, room: int) -> list[Task]:
        execution = run.execution
        pending = task_rows.pending(self._store, execution.uid, room)
        indices = retries.next_starts(pending, len(run.live), execution.template.parallelism, room)
        if not indices:
            return []
        instances = {index: f"{self._random.getrandbits(96):024x}" for index in indices}
        now = self._clock.now()
        claimed_by, claimed = executions.claim(self._store, execution.ref, instances, now=now)
        self._heed(run, claimed_by)
        return claimed

    def _launch(
        self,
        run: Run,
        task: Task,
        *,
        found: bool = False,
        cursor: str | None = None,
        instance: Instance | None = None,
    ) -> None:
        attempt = self._attempts.begin(run.execution, task, found=found, cursor=cursor)
        attempt.instance = instance
        run.live[task.index] = attempt
        self._work(self._see_through(run, attempt))

    async def _see_through(self, run: Run, attempt: Attempt) -> None:
        try:
            end = await self._attempts.run(attempt)
        except Exception:
            log.exception("An attempt at task %s of %s broke", attempt.task.index, run.execution.ref)
            end = AttemptEnd(Cause.LOST, message=FAULT)
        most = run.execution.template.retries
        del run.live[attempt.task.index]
        run.seen[attempt.task.index] = retries.after_attempt(attempt.task, end, most, self._clock.now())
        if attempt.instance is not None:
            run.over.append(attempt.instance)
        self._ends += 1
        self._rung.set()
        if self._ends >= sum(len(run.live) for run in self._runs.values()):
            self._enough.set()

    def _saw(self, attempt: Attempt) -> None:
        """It runs now."""
        if (run := self._runs.get(attempt.execution.uid)) is not None:
            run.seen[attempt.task.index] = attempt.task
            asyncio.get_running_loop().call_later(SOON, self._save_seen, run)

    def _save_seen(self, run: Run) -> None:
        if run.seen:
            self._rung.set()

    def _ring(self) -> None:
        """Go on at once."""
        self._rung.set()
        self._enough.set()

    def _heed(self, run: Run, execution: Execution | None) -> None:
        """The execution as it is in the store: one that was cancelled, or is there no longer, starts nothing more, and
        what runs of it ends."""
        is_there = execution is not None and execution.uid == run.execution.uid
        if execution is not None and is_there:
            run.execution = execution
        if is_there and not run.execution.cancel_requested:
            return
        run.stopping = True
        if run.preparing is not None:
            run.preparing.cancel()
        for attempt in run.live.values():
            attempt.tell(Cause.CANCELLED)

    def _work(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._tasks.spawn(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task
