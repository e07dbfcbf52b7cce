"""One attempt at a task, from its start (or from where an earlier daemon left it) to its end."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cloudrun_cli.clock import Clock
from cloudrun_cli.core import logs, retries, sidecars
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.jobs import DEFAULT_TASK_TIMEOUT, AttemptEnd, AttemptPhase, Cause, Execution, Task
from cloudrun_cli.core.limits import memory_bytes
from cloudrun_cli.daemon import task_specs
from cloudrun_cli.daemon.endings import ending
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.secrets import Secrets, TaskSecrets
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.runtime.base import Exit, ExitCause, Instance, Runtime

READ_AFTER = 0.3  # seconds: what ends sooner is read once, at its end, instead of being followed
READ_OUT = 5.0  # seconds for the last lines of one that has ended
FORGETTING = 2  # instances at once that are cleaned up after
TIMEOUT_PAGE = "https://cloud.google.com/run/docs/configuring/task-timeout"
STOPPED = "The emulator was stopped."

log = logging.getLogger(__name__)

Turn = Callable[[Hashable], AbstractAsyncContextManager[None]]


@dataclass(slots=True, eq=False)
class Attempt:
    """One under way. `news` is how it ended by itself, or why it is to end; `cursor`: up to where its log was read."""

    execution: Execution
    task: Task
    news: asyncio.Future[Exit | Cause]
    over: asyncio.Event = field(default_factory=asyncio.Event)  # its containers have ended
    instance: Instance | None = None
    found: bool = False  # an earlier daemon began it
    cursor: str | None = None

    @property
    def id(self) -> str:
        """The id of its instance."""
        assert self.task.attempt is not None
        return self.task.attempt.instance

    @property
    def number(self) -> int:
        """From 0."""
        assert self.task.attempt is not None
        return self.task.attempt.number

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to be told so."""
        return self.news.done() or self.over.is_set()

    def tell(self, news: Exit | Cause) -> None:
        """It has ended, or is to end; what comes second is no news."""
        if not self.news.done():
            self.news.set_result(news)

    @property
    def origin(self) -> logs.TaskOrigin:
        """Where its log entries come from."""
        ref = self.execution.ref
        job = self.execution.job
        return logs.TaskOrigin(ref.project, ref.region, job, ref.name, self.task.index, self.number, self.id)


class Attempts:
    """Those under way on this machine. `saw` is called with a task that runs now."""

    def __init__(
        self,
        home: str,
        runtimes: Runtimes,
        desk: LogDesk,
        clock: Clock,
        tasks: Tasks,
        turn: Turn,
        secrets: Secrets,
        saw: Callable[[Attempt], None],
    ) -> None:
        self._home, self._runtimes, self._desk, self._clock = home, runtimes, desk, clock
        self._tasks, self._turn, self._saw = tasks, turn, saw
        self._secrets = secrets
        self.told: Callable[[str], Mapping[str, str]] = lambda runtime: {}  # variables for tasks on a runtime
        self._live: dict[str, Attempt] = {}
        self._forgetting = asyncio.Semaphore(FORGETTING)
        self._cleaning: set[asyncio.Task[None]] = set()
        self._closed = False

    def watch(self) -> None:
        """Hear of ends from now on."""
        for runtime in self._runtimes.everyone():
            self._tasks.spawn(self._listen(runtime))

    def begin(self, execution: Execution, task: Task, *, found: bool = False, cursor: str | None = None) -> Attempt:
        """One that `run` is to carry on: it hears of its end from here on."""
        news: asyncio.Future[Exit | Cause] = asyncio.get_running_loop().create_future()
        attempt = Attempt(execution, task, news, found=found, cursor=cursor)
        self._live[attempt.id] = attempt
        return attempt

    def everyone(self) -> Iterable[Attempt]:
        """Those under way."""
        return self._live.values()

    def __len__(self) -> int:
        return len(self._live)

    async def run(self, attempt: Attempt) -> AttemptEnd:
        """Start it, or take it over, and see it to its end."""
        try:
            end = await self._start(attempt) or await self._end(attempt)
        except CloudRunError as error:
            ran = attempt.task.attempt is not None and attempt.task.attempt.phase is AttemptPhase.RUNNING
            said = " ".join(filter(None, (error.message, error.hint)))
            end = AttemptEnd(Cause.LOST if ran else Cause.NOT_STARTED, message=said)
            self._say(attempt, said, "ERROR")
        finally:
            self._live.pop(attempt.id, None)
        return end

    async def known(self) -> dict[str, Instance]:
        """The instances of tasks that the runtimes know, by id."""
        return {one.id: one for runtime in self._runtimes.everyone() for one in await runtime.tasks()}

    def forget(self, instances: Iterable[Instance]) -> None:
        """Clean up after them: how they ended is saved, or nobody wants to know."""
        for instance in instances:
            cleaning = self._tasks.spawn(self._forget(instance))
            self._cleaning.add(cleaning)
            cleaning.add_done_callback(self._cleaning.discard)

    async def close(self) -> None:
        """Clean up after no more of them: all that runs is about to be removed."""
        self._closed = True
        await asyncio.gather(*self._cleaning)

    async def _start(self, attempt: Attempt) -> AttemptEnd | None:
        """Bring it up, unless it runs already; None when that went well. Raises CloudRunError."""
        execution, task = attempt.execution, attempt.task
        assert task.attempt is not None
        if task.attempt.phase is AttemptPhase.STARTING:
            await self._bring_up(attempt)
            assert attempt.instance is not None
            now = attempt.instance.started if attempt.found else self._clock.now()
            attempt.task = retries.running(task, now)
            self._saw(attempt)
        if attempt.instance is None:
            said = f"The instance of task {task.index} was gone when the emulator came back."
            self._say(attempt, said, "ERROR")
            return AttemptEnd(Cause.LOST)
        if attempt.found:
            exit = await self._runtimes.of(attempt.instance).ended(attempt.instance)
            if exit is not None:
                attempt.tell(exit)
            else:
                self._say(attempt, f"Task {task.index} of {execution.ref.name} was adopted by a new daemon.")
        return None

    async def _bring_up(self, attempt: Attempt) -> None:
        execution = attempt.execution
        runtime = self._runtimes.get(execution.status.runtime)
        given, told = self._secrets.given(TaskSecrets.of(execution)), self.told(runtime.name)
        first, *further = task_specs.of_task(
            attempt.id, execution, attempt.task.index, attempt.number, self._home, given, told
        )
        async with self._turn(execution.job_ref):
            attempt.instance = await runtime.start(first)
        try:
            for spec in further:
                await runtime.join(attempt.instance, spec)
        except CloudRunError:
            if await runtime.ended(attempt.instance) is None:
                await runtime.stop(attempt.instance, grace=timedelta(0))
                raise

    async def _end(self, attempt: Attempt) -> AttemptEnd:
        """Wait for its end, or bring it about. Raises CloudRunError."""
        instance, started = attempt.instance, attempt.task.attempt.started if attempt.task.attempt else None
        assert instance is not None
        assert started is not None
        timeout = attempt.execution.template.task.timeout or DEFAULT_TASK_TIMEOUT
        reader = self._tasks.spawn(self._read(attempt, instance))
        news: Exit | Cause
        try:
            async with asyncio.timeout((started + timeout - self._clock.now()).total_seconds()):
                news = await attempt.news
        except TimeoutError:
            news = Cause.TIMEOUT
        end = await self._outcome(attempt, news, started + timeout)
        attempt.over.set()
        _, late = await asyncio.wait([reader], timeout=READ_OUT)
        for task in late:
            task.cancel()
        return end

    async def _outcome(self, attempt: Attempt, news: Exit | Cause, deadline: datetime) -> AttemptEnd:
        assert attempt.instance is not None
        if isinstance(news, Exit):
            self._say_end(attempt, news)
            late = attempt.found and news.at is not None and news.at >= deadline
            if late and news.code != 0:  # an earlier daemon stopped it
                return AttemptEnd(Cause.TIMEOUT, term_signal=news.signal)
            return self._ended(attempt, news)
        if news is Cause.TIMEOUT:
            seconds = (attempt.execution.template.task.timeout or DEFAULT_TASK_TIMEOUT).total_seconds()
            said = f"Terminating task because it has reached the maximum timeout of {seconds:.0f} seconds."
            self._say(attempt, f"{said} To change this limit, see {TIMEOUT_PAGE}", "ERROR")
        exit = await self._runtimes.of(attempt.instance).stop(attempt.instance)
        self._say_end(attempt, exit)
        if news is Cause.LOST and exit.cause is ExitCause.EXITED and exit.code == 0:  # it came to its end in its grace
            return self._ended(attempt, exit)
        return AttemptEnd(news, term_signal=exit.signal, message=STOPPED if news is Cause.LOST else "")

    def _ended(self, attempt: Attempt, exit: Exit) -> AttemptEnd:
        match exit.cause:
            case ExitCause.EXITED:
                return AttemptEnd(Cause.EXITED, exit_code=exit.code)
            case ExitCause.SIGNALED:
                return AttemptEnd(Cause.SIGNALED, term_signal=exit.signal)
            case ExitCause.OUT_OF_MEMORY:
                return AttemptEnd(Cause.OUT_OF_MEMORY, term_signal=exit.signal, message=self._in_words(attempt, exit))
            case ExitCause.REMOVED:
                return AttemptEnd(Cause.LOST)

    async def _read(self, attempt: Attempt, instance: Instance) -> None:
        """Its lines, from its start (or from where the last daemon stopped) to its end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READ_AFTER):
                await attempt.over.wait()
        several = len(instance.containers) > 1
        job, origin = attempt.execution.job_ref, attempt.origin
        try:
            async for line in self._runtimes.of(instance).logs(instance, after=attempt.cursor):
                container = line.container if several else ""
                self._desk.add(job, logs.from_task(origin, line.stream, line.text, line.at, line.cursor, container))
        except CloudRunError as error:
            log.warning("The log of %s broke off: %s", instance.id, error.message)

    async def _forget(self, instance: Instance) -> None:
        async with self._forgetting:
            if self._closed:
                return
            try:
                runtime = self._runtimes.of(instance)
                if await runtime.ended(instance) is None:
                    await runtime.stop(instance)
                await runtime.stop(instance)
            except CloudRunError as error:
                log.warning("Cleaning up after task %s: %s", instance.id, error.message)

    async def _listen(self, runtime: Runtime) -> None:
        async for exit in runtime.exits():
            if (attempt := self._live.get(exit.instance)) is not None:
                attempt.tell(exit)

    def _say_end(self, attempt: Attempt, exit: Exit) -> None:
        well = exit.cause is ExitCause.EXITED and exit.code == 0
        severity = "INFO" if well else "ERROR" if exit.cause is ExitCause.OUT_OF_MEMORY else "WARNING"
        self._say(attempt, self._in_words(attempt, exit), severity)

    def _in_words(self, attempt: Attempt, exit: Exit) -> str:
        containers = sidecars.named(attempt.execution.template.task)
        its = containers.get(exit.container) or attempt.execution.template.task.ingress_container
        return ending(exit, several=len(containers) > 1, limit_bytes=memory_bytes(its.memory))

    def _say(self, attempt: Attempt, text: str, severity: str = "INFO") -> None:
        entry = logs.from_task_platform(attempt.origin, text, self._clock.now(), severity)
        self._desk.add(attempt.execution.job_ref, entry)
