"""Bringing one instance up: its containers in their order, each well before those that depend on it start."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from cloudrun_cli.core import contract, probes
from cloudrun_cli.core.autopsy import Finding, suspicion
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.probes import Action, Role
from cloudrun_cli.core.resources import Probe
from cloudrun_cli.daemon import probing
from cloudrun_cli.daemon.members import Member, State
from cloudrun_cli.daemon.probing import Outcome
from cloudrun_cli.runtime.base import InstanceSpec, Runtime

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0  # ours: a server that is about to listen has done so by then
Say = Callable[[Member, str, str], None]


class Startup:
    """The start of one instance. `started` is called as soon as its first container runs, `say` with what becomes of
    probes. `limit` is how long all of it may take, from its `turn` on, which is over when its first container runs."""

    def __init__(
        self,
        member: Member,
        runtime: Runtime,
        limit: timedelta,
        say: Say,
        started: Callable[[], None],
        turn: Callable[[], contextlib.AbstractAsyncContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._member, self._runtime, self._limit, self._say, self._started = member, runtime, limit, say, started
        self._turn = turn
        self._deadline = time.monotonic() + limit.total_seconds()
        self._containers = member.containers

    async def run(self, specs: Sequence[InstanceSpec]) -> Finding | None:
        """Start them all; None when every startup probe has passed, or when nobody wants the instance any more; else
        why it is not well. Raises CloudRunError when one cannot be started."""
        if len(specs) == 1:
            await self._start(specs[0])
            return await (self._gone() if self._member.instance is None else self._passes(specs[0].container))
        under_way: dict[str, asyncio.Task[Finding | None]] = {}
        try:
            for spec in specs:
                for other in self._containers[spec.container].depends_on:
                    if (finding := await under_way[other]) is not None:
                        return finding
                if self._member.retired.is_set():
                    return await self._gone()
                await self._start(spec)
                if self._member.instance is None:
                    return await self._gone()
                under_way[spec.container] = asyncio.create_task(self._passes(spec.container))
            for done in asyncio.as_completed(under_way.values()):
                if (finding := await done) is not None:
                    return finding
            return await self._gone() if self._member.gone.is_set() else None
        finally:
            for task in under_way.values():
                task.cancel()
            await asyncio.gather(*under_way.values(), return_exceptions=True)

    async def _start(self, spec: InstanceSpec) -> None:
        """Start this container; the first one when it is its turn, unless nobody wants the instance any more then."""
        if self._member.instance is not None:
            await self._runtime.join(self._member.instance, spec)
            return
        async with self._turn():
            if self._member.retired.is_set():
                return
            self._member.has_turn = True
            self._deadline = time.monotonic() + self._limit.total_seconds()
            self._member.instance = await self._runtime.start(spec)
        self._started()

    async def _passes(self, name: str) -> Finding | None:
        """Wait for the container's startup probe; one without has nothing to wait for."""
        probe = probes.startup_of(self._containers[name])
        if probe is None:
            return None
        assert self._member.instance is not None
        port = probes.port_of(probe, self._containers[name])
        address = await probing.door(self._runtime, self._member, port)
        looking = asyncio.create_task(self._look_early(port))
        try:
            if await self._pause(probe.initial_delay_seconds):
                return await self._gone()
            if probe.kind == "tcp":
                return await self._listens(name, probe, port, address)
            return await self._answers(name, probe, port, address)
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look_early(self, port: int) -> None:
        """Say once what may be wrong, long before the time is over: nothing else is to be seen while it waits."""
        member = self._member
        if member.instance is None or port != contract.port(member.revision.template.ingress_container):
            return
        port, text = member.instance.port, ""
        while not text:
            await asyncio.sleep(min(LOOK_SECONDS, self._limit.total_seconds() / 4))
            try:
                text = suspicion(
                    await probing.sockets(self._runtime, member.instance), port, alone=not member.has_several
                )
            except CloudRunError as error:
                log.warning("What %s listens on cannot be seen: %s", member.id, error.message)
                return
        self._say(member, text, "WARNING")
        member.suspected(text)

    async def _listens(self, name: str, probe: Probe, port: int, address: str) -> Finding | None:
        """A TCP probe: tried far more often than it asks for, and for as long as it allows."""
        limit = min(self._deadline - time.monotonic(), probes.startup_limit(probe).total_seconds())
        allowed = timedelta(seconds=limit)
        match await probing.wait_until_listening(address, self._member.retired, allowed):
            case Outcome.LISTENING:
                self._say(self._member, probes.passed(Role.STARTUP, probe, 1, name, port), "INFO")
                return None
            case Outcome.GONE:
                return await self._gone()
            case Outcome.TIMED_OUT:
                said = probes.failed(Role.STARTUP, probe, probe.failure_threshold, name, port)
                self._say(self._member, f"{said} {probes.CONSEQUENCES[Role.STARTUP]}", "ERROR")
                if port == contract.port(self._member.revision.template.ingress_container):
                    return await probing.autopsy(self._runtime, self._member, allowed, container=name)
                return self._unwell(name, said, f"Nobody listened on port {port} within {limit:.0f} s.")

    async def _answers(self, name: str, probe: Probe, port: int, address: str) -> Finding | None:
        """An HTTP or gRPC probe, tried as often as it asks for."""
        state = probes.begin(Role.STARTUP, probe, time.monotonic() - probe.initial_delay_seconds)
        seen = "not asked yet"
        while state.next_at < self._deadline:
            if await self._pause(state.next_at - time.monotonic()):
                return await self._gone()
            seen = await probing.attempt(probe, address, patient=True)
            if self._member.retired.is_set():
                return await self._gone()
            state, action = probes.after(not seen, state, probe, time.monotonic())
            if action is Action.PASS:
                said = probes.passed(Role.STARTUP, probe, state.tries, name, port)
                self._say(self._member, said, "INFO")
                return None
            if action is Action.FAIL:
                break
        said = probes.failed(Role.STARTUP, probe, state.failures, name, port)
        return self._unwell(name, said, f"The last try: {seen}.")

    def _unwell(self, name: str, said: str, seen: str) -> Finding:
        return Finding(
            said,
            f"{seen} Make the container answer sooner, or give the probe more time (periodSeconds, failureThreshold).",
            log=tuple(self._member.tail(name)[-10:]),
        )

    async def _gone(self) -> Finding | None:
        """It has ended, or is not wanted any more; whoever ended it knows why in the latter case."""
        member = self._member
        if not member.gone.is_set() and member.state is State.STOPPING:
            return None
        if member.exit is None and member.instance is not None:
            member.exit = await self._runtime.ended(member.instance)
        return await probing.autopsy(self._runtime, member, self._limit)

    async def _pause(self, seconds: float) -> bool:
        """Wait; whether nobody needs to wait any more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._member.retired.wait(), max(seconds, 0))
        return self._member.retired.is_set()
