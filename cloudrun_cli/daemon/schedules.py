"""Fires schedules: waits for what is due next, makes the attempts, and saves what comes of them.

An attempt is saved before it begins, so that after a crash it is known to have been under way and is made again: at
least once, as the real service promises. What is due when, `core.firing` says.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from cloudrun_cli.clock import Clock
from cloudrun_cli.controlplane.recurrences import recurrence
from cloudrun_cli.core import firing, schedule_logs
from cloudrun_cli.core.firing import Recurrence
from cloudrun_cli.core.schedules import Outcome, Plan, Schedule
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.store import journal
from cloudrun_cli.store import schedules as rows
from cloudrun_cli.store.database import Store
from cloudrun_cli.store.logs import LogWriter, folder

log = logging.getLogger(__name__)

LONGEST_PAUSE = 20.0  # seconds; a clock that was set, or a machine that slept, is noticed within it
UNKNOWN = 2  # google.rpc.Code
_TOLD = ("Schedule", "Project")  # the kinds of entries that may be about schedules; the latter of an import


class Caller(Protocol):
    """Makes attempts."""

    async def call(self, schedule: Schedule, tick: datetime) -> Outcome:
        """One attempt; how it ended, within the deadline of the schedule."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Schedules:
    """The schedules of this home, as they were at the last look. `make_caller` is called once, beside the loop: what
    it loads takes a while."""

    def __init__(self, home: str, store: Store, clock: Clock, make_caller: Callable[[], Caller], tasks: Tasks) -> None:
        self._home, self._store, self._clock, self._tasks = home, store, clock, tasks
        self._make_caller, self._making = make_caller, asyncio.Lock()
        self._caller: Caller | None = None
        self._known: dict[int, Schedule] = {}
        self._last = 0  # of the journal's entries, the last that was heeded
        self._looked = asyncio.Event()
        self._attempts: set[asyncio.Task[None]] = set()
        self._firing: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Take up what an earlier daemon has left, and fire from now on."""
        self._read()
        self._save({uid: self._recalled for uid, one in self._known.items() if one.plan.execution})
        self._firing = self._tasks.spawn(self._fire())

    def look(self, *, whole: bool = False) -> None:
        """Read what has changed by the journal; `whole`: whatever it says."""
        entries = journal.since(self._store, self._last)
        if whole or any(entry.kind in _TOLD for entry in entries):
            self._read()
            self._looked.set()
        elif entries:
            self._last = entries[-1].id

    async def close(self) -> None:
        """Begin nothing more. Attempts under way are cut short, and known to have been."""
        running = [*self._attempts, *([self._firing] if self._firing else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._caller is not None:
            await self._caller.close()

    def _read(self) -> None:
        self._last = journal.last(self._store)
        self._known = {schedule.uid: schedule for schedule in rows.everywhere(self._store)}

    async def _fire(self) -> None:
        while True:
            self._looked.clear()
            now = self._clock.now()
            due = [uid for uid, one in self._known.items() if (at := firing.wakes(one.plan)) and at <= now]
            begun: list[Schedule] = []
            self._save(dict.fromkeys(due, partial(self._stepped, now, begun)))
            for schedule in begun:
                self._begin(schedule)
            if due:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause(now)):
                    await self._looked.wait()

    def _pause(self, now: datetime) -> float | None:
        moments = [at for one in self._known.values() if (at := firing.wakes(one.plan))]
        return min(LONGEST_PAUSE, (min(moments) - now).total_seconds()) if moments else None

    def _stepped(self, now: datetime, begun: list[Schedule], schedule: Schedule) -> Plan:
        plan, begins = firing.step(schedule.plan, schedule.deadline, _ticks(schedule), now)
        if begins:
            begun.append(replace(schedule, plan=plan))
        return plan

    def _recalled(self, schedule: Schedule) -> Plan:
        now = self._clock.now()
        return firing.recalled(schedule.plan, schedule.deadline, schedule.retry, _ticks(schedule), now)

    def _begin(self, schedule: Schedule) -> None:
        task = self._tasks.spawn(self._attempt(schedule))
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def _attempt(self, schedule: Schedule) -> None:
        execution = schedule.plan.execution
        assert execution is not None
        began = execution.at
        self._log(schedule, schedule_logs.started(schedule, execution.tick, execution.attempts, began))
        try:
            outcome = await (await self._calling()).call(schedule, execution.tick)
        except Exception as error:  # our own bug: without an end, the schedule would wait for it for ever
            log.exception("An attempt of [%s] broke.", schedule.ref)
            outcome = Outcome(UNKNOWN, f"The emulator has a fault here: {error!r}")
        now = self._clock.now()
        self._log(schedule, schedule_logs.finished(schedule, outcome, execution.attempts, now))
        self._save({schedule.uid: lambda one: firing.ended(one.plan, outcome, one.retry, _ticks(one), now)})
        self._looked.set()

    async def _calling(self) -> Caller:
        async with self._making:
            if self._caller is None:
                self._caller = await asyncio.to_thread(self._make_caller)
        return self._caller

    def _save(self, following: dict[int, Callable[[Schedule], Plan]]) -> None:
        """Save the plan that follows for each of these, found anew from what its user has made of it meanwhile."""
        if not following:
            return
        with self._store.transaction():
            for uid, follow in following.items():
                present = rows.by_uid(self._store, uid)
                if present is None:
                    self._known.pop(uid, None)
                    continue
                plan = follow(present)
                if plan != present.plan:
                    rows.save_plan(self._store, uid, plan)
                self._known[uid] = replace(present, plan=plan)

    def _log(self, schedule: Schedule, entry: schedule_logs.Entry) -> None:
        ref = schedule.ref
        writer = LogWriter(folder(self._home, ref.project, ref.region, ref.name, schedule_logs.KIND))
        try:
            writer.append([entry])
        finally:
            writer.close()


def _ticks(schedule: Schedule) -> Recurrence:
    return recurrence(schedule.when, schedule.time_zone)
