"""Liveness and readiness: instances that serve are asked again and again how they are."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cloudrun_cli.core import probes
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.probes import Action, Role
from cloudrun_cli.core.resources import Container, Probe
from cloudrun_cli.daemon import probing
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.dataplane.gate import Gate

log = logging.getLogger(__name__)


class Health:
    """Asks for as long as an instance is wanted. `say` writes into its log; `unwell` ends it at once; inside `cpu` it
    has its CPU."""

    def __init__(
        self,
        runtimes: Runtimes,
        gate: Gate,
        tasks: Tasks,
        say: Callable[[Member, str, str], None],
        unwell: Callable[[Member, str], None],
        cpu: Callable[[str], AbstractAsyncContextManager[None]],
    ) -> None:
        self._runtimes, self._gate, self._tasks, self._say, self._unwell = runtimes, gate, tasks, say, unwell
        self._cpu = cpu
        self._failing: dict[str, set[str]] = {}  # by instance: its containers that are not ready

    def watch(self, member: Member) -> None:
        """It is up: begin to ask each of its containers that has such a probe."""
        for name, container in member.containers.items():
            for role, probe in ((Role.LIVENESS, container.liveness_probe), (Role.READINESS, container.readiness_probe)):
                if probe is not None:
                    self._tasks.spawn(self._keep_asking(member, name, container, role, probe))

    async def _keep_asking(self, member: Member, name: str, container: Container, role: Role, probe: Probe) -> None:
        assert member.instance is not None
        port = probes.port_of(probe, container)
        try:
            address = await probing.door(self._runtimes.of(member.instance), member, port)
        except CloudRunError as error:
            log.warning("Instance %s cannot be asked how it is: %s", member.id, error.message)
            return
        state = probes.begin(role, probe, time.monotonic())
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(member.retired.wait(), max(state.next_at - time.monotonic(), 0))
            async with self._cpu(member.id):  # Source: Configure health checks: CPU is given for every probe
                seen = "" if member.retired.is_set() else await probing.attempt(probe, address)
            if member.retired.is_set():
                self._failing.pop(member.id, None)
                return
            state, action = probes.after(not seen, state, probe, time.monotonic())
            if action is Action.FAIL:
                said = probes.failed(role, probe, state.failures, name, port)
                text = f"{said} {probes.CONSEQUENCES[role]}"
                log.info("%s: %s (%s)", member.id, text, seen)
                if role is Role.LIVENESS:
                    return self._unwell(member, text)
                self._say(member, text, "WARNING")
                self._set_ready(member, name, ready=False)
            elif action is Action.PASS:
                self._say(member, probes.passed(role, probe, state.successes, name, port), "INFO")
                self._set_ready(member, name, ready=True)

    def _set_ready(self, member: Member, name: str, *, ready: bool) -> None:
        """It gets requests while all its containers are ready."""
        failing = self._failing.setdefault(member.id, set())
        failing.discard(name) if ready else failing.add(name)
        self._gate.pause_instance(member.id, paused=bool(failing))
