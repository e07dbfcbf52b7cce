"""The daemon: one per home. Builds everything once, keeps it running, and takes it down in order."""

import asyncio
import contextlib
import json
import logging
import logging.handlers
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

import uvloop

from cloudrun_cli import __version__
from cloudrun_cli.clock import SystemClock
from cloudrun_cli.controlplane.schedule_tokens import ScheduleTokens
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.schedules import Schedule
from cloudrun_cli.daemon.admin_api import AdminApi
from cloudrun_cli.daemon.autoscaler import Autoscaler
from cloudrun_cli.daemon.builder import Builder
from cloudrun_cli.daemon.callers import Callers
from cloudrun_cli.daemon.door import Door
from cloudrun_cli.daemon.doorbell import FAILED, FORGET, READY, process_start, run_folder
from cloudrun_cli.daemon.edge import EdgeKeeper
from cloudrun_cli.daemon.fleet import Fleet
from cloudrun_cli.daemon.jobs import Jobs
from cloudrun_cli.daemon.lengths import Lengths
from cloudrun_cli.daemon.lives import Lives
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.daemon.metadata import Metadata
from cloudrun_cli.daemon.postmortems import Postmortems
from cloudrun_cli.daemon.reconciler import Reconciler
from cloudrun_cli.daemon.ringing import bell, until_stopped
from cloudrun_cli.daemon.runtimes import DOCKER, Runtimes
from cloudrun_cli.daemon.schedules import Caller, Schedules
from cloudrun_cli.daemon.secrets import Secrets
from cloudrun_cli.daemon.shifts import Shifts
from cloudrun_cli.daemon.squeezing import Squeezing
from cloudrun_cli.daemon.supervisor import GAVE_UP, succeed
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.world import World
from cloudrun_cli.dataplane.certificates import TRUST
from cloudrun_cli.dataplane.envoy_config import INTERNAL_SOCKET, Inside
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.dataplane.records import RequestRecord
from cloudrun_cli.runtime.base import Runtime
from cloudrun_cli.runtime.process import ProcessRuntime
from cloudrun_cli.settings import Settings
from cloudrun_cli.store import projects
from cloudrun_cli.store.database import open_store

if TYPE_CHECKING:
    from cloudrun_cli.runtime.docker import DockerRuntime

log = logging.getLogger("cloudrun_cli.daemon")

EDGE = "edge"  # the fact in the store that says where the edge listens


class Stop(Exception):
    """Somebody asked the daemon to end."""


class Daemon:
    """Everything the daemon is made of, built once."""

    def __init__(self, home: str, group: asyncio.TaskGroup) -> None:
        self.home = home
        self.settings = Settings()
        self.store = open_store(home)
        self.clock = SystemClock()
        self.since = self.clock.now()
        self.tasks = Tasks(group)
        random = SystemRandom()
        folder = Path(run_folder(home))
        self.lengths = Lengths()
        self.desk = LogDesk(home)
        self.postmortems = Postmortems(self.desk.add_request)
        self.world = World(self.store)
        self.docker: DockerRuntime | None = None
        self.process = ProcessRuntime(home, state=Path(home) / "process")
        edge = Edge(self.settings.port("emulator/http_port"), self.settings.port("emulator/https_port"))
        self.tokens = Tokens(home)
        self.metadata = Metadata(home, self.store, edge, self.tokens, self.clock.now)
        self.runtimes = Runtimes(self.settings.choice("run/runtime"), self.process, self._docker)
        processes = Path(home) / "process" / "instances"
        self.callers = Callers(
            lambda: self.fleet.everyone(), lambda: self.jobs.everyone(), self.world.number, processes
        )
        self.door = Door(self.store, self.tokens, edge, network_of=self.callers.network_of)
        self.gate = Gate(
            random=Random(random.getrandbits(256)),  # for shares and trace ids, on every request: fast, and no secret
            on_demand=lambda ref: self.autoscaler.poke(ref),
            on_request_end=self._request_ended,
            on_busy=self._busy,
            doorway=self.door,
        )
        self.lives = Lives(home, self.desk, self.clock, self.gate.load_of)
        self.squeezing = Squeezing(self.gate.sleepers, self.runtimes, self.tasks)
        self.secrets = Secrets(home, self.store, Vault(home), self.clock.now)
        self.fleet = Fleet(
            home,
            self.runtimes,
            self.gate,
            self.desk,
            self.lives,
            self.squeezing,
            self.secrets,
            self.clock,
            random,
            self.tasks,
            lambda: self.lengths.startup,
        )
        self.squeezing.stuck, self.fleet.ended = self.fleet.stuck, self.postmortems.instance_ended
        self.fleet.settle_time = lambda: self.lengths.settle
        self.fleet.told = self.metadata.variables
        self.fleet.is_manual = lambda revision: self.world.limits(revision)[2]
        self.autoscaler = Autoscaler(
            self.world,
            self.fleet,
            self.gate,
            self.tasks,
            lambda: self.lengths.idle,
            lambda: self.lengths.speed,
            self.runtimes.of,
        )
        self.fleet.changed, self.fleet.lost = self.autoscaler.poke, self.autoscaler.lost
        self.edge = EdgeKeeper(
            folder,
            Path(home) / "tls",
            *edge,
            self.gate,
            self.clock,
            self.settings.optional_port("emulator/load_balancer_port"),
        )
        shifts = Shifts(self.world, self.autoscaler, self.gate, self.tasks, time.monotonic)
        self.reconciler = Reconciler(
            self.world, self.fleet, self.autoscaler, self.runtimes, shifts, self.clock, self.tasks, self.edge.change
        )
        self.builder = Builder(home, self.store, self.runtimes, self.tasks)
        self.jobs = Jobs(
            home,
            self.store,
            self.runtimes,
            self.desk,
            self.clock,
            random,
            self.tasks,
            self.fleet.turn,
            self.secrets,
            lambda: self.lengths.tasks,
        )
        self.jobs.tell(self.metadata.variables)
        minted = ScheduleTokens(self.store, self.tokens, self.clock.now)
        calling = partial(_caller, folder / INTERNAL_SOCKET, edge, self.world.has_host, minted.of)
        self.schedules = Schedules(home, self.store, self.clock, calling, self.tasks)
        self.api = AdminApi(home, edge, lambda: Settings().text("core/account"), self.clock.now, self.look, self.tokens)

    async def open(self, gate_socket: socket.socket, events_socket: socket.socket) -> None:
        """Find or start everything, in the order in which one thing needs another."""
        self.world.refresh()
        routes = self.world.routes(self.api.address)
        opening = self.tasks.spawn(self.runtimes.open())
        await self.edge.open(routes)
        self.gate.use(routes)
        await opening
        await self._open_inside()
        self.lives.recall()
        self.lives.stopped_zones = self.world.stopped_zones
        await self.fleet.adopt(self.world.revisions.get)
        await self.edge.ready()
        self.gate.inherit(await self.edge.envoy.in_flight())
        self.squeezing.begin()
        self.tasks.spawn(self.gate.serve(gate_socket, events_socket, self.edge.request_log))
        self.edge.keep(self.tasks)
        self.scaling = self.tasks.spawn(self.autoscaler.run())
        self.watching = self.tasks.spawn(self.lives.run())
        self.jobs.open()
        self.secrets.forget_others()
        self.schedules.open()
        self.look(whole=True)

    def _docker(self) -> Runtime:
        from cloudrun_cli.runtime.docker import DockerRuntime  # the SDK takes a while to load

        self.docker = DockerRuntime(self.home, ways=self.metadata.ways, trust=Path(self.home) / TRUST)
        return self.docker

    async def _open_inside(self) -> None:
        """Let containers reach the edge and the metadata server on their network."""
        docker = self.docker if self.runtimes.has(DOCKER) else None
        inside = Inside(*docker.network) if docker is not None and all(docker.network) else None
        self.edge.serve_inside(inside)
        await self.metadata.open(inside, self.callers, wired=docker is not None and docker.wired)

    def look(self, *, whole: bool = False) -> None:
        """Compare the store with what is, and begin what is missing; `whole`: also what nobody told of."""
        before = (self.lengths.idle, self.lengths.speed)
        try:
            self.lengths.read()
        except CloudRunError as error:
            log.warning("The settings of before stay in force: %s", error.message)
        if (self.lengths.idle, self.lengths.speed) != before:
            self.autoscaler.poke_all()
        self.door.forget()
        self.secrets.look(whole=whole)
        self.reconciler.look(whole=whole)
        self.fleet.lose(self.world.stopped_zones)
        self.builder.look()
        self.jobs.look(whole=whole)
        self.schedules.look(whole=whole)
        self.lives.flush()

    def _busy(self, instance: str, busy: bool) -> None:
        """An instance's first request has come, or its last one has gone."""
        self.squeezing.busy(instance, busy)
        self.lives.busy(instance, busy)
        if busy:
            self.autoscaler.stirred(instance)

    def _request_ended(self, record: RequestRecord) -> None:
        self.postmortems.request_ended(record)
        self.lives.request_ended(record)

    async def close(self) -> None:
        """Requests under way finish for a moment, then everything that runs is stopped, and nothing is left."""
        await self.schedules.close()
        await self.reconciler.close()
        await self.builder.close()
        await self.edge.close()
        self.scaling.cancel()
        await asyncio.gather(self.fleet.stop_all(), self.jobs.close())
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(run_folder(self.home), FORGET))
            await self.reconciler.forget_images()
        for runtime in self.runtimes.everyone():
            try:
                await runtime.purge()
            except CloudRunError as error:
                log.warning("Cleaning up the %s runtime: %s", runtime.name, error.message)
        await self.runtimes.close()
        self.watching.cancel()
        self.secrets.close()
        self.lives.flush()
        self.postmortems.close()
        self.desk.close()
        self.store.close()


async def serve(home: str, gate_socket: socket.socket, events_socket: socket.socket, leash: int) -> None:
    """Be the daemon of this home until SIGTERM. `leash` is a pipe whose other end the supervisor holds as long as it
    lives. Raises CloudRunError when it cannot be."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with bell(home) as rung:
        try:
            async with asyncio.TaskGroup() as group:
                daemon = Daemon(home, group)
                await daemon.open(gate_socket, events_socket)
                daemon.edge.restarted = lambda: _tell_ready(daemon)
                _tell_ready(daemon)
                daemon.metadata.serve(daemon.tasks)
                daemon.tasks.spawn(daemon.api.serve())  # only now: loading it takes longer than the start itself may
                daemon.tasks.spawn(_make_way_when_orphaned(daemon, leash, stop, [gate_socket, events_socket]))
                await until_stopped(rung, stop, daemon.look)
                _forget_ready(daemon)
                await daemon.close()
                raise Stop
        except* Stop:
            log.info("Stopped.")


def _caller(
    inside: Path, edge: Edge, serves: Callable[[str], bool], token_of: Callable[[Schedule], str | None]
) -> Caller:
    from cloudrun_cli.daemon.calling import HttpCaller  # httpx takes a while to load

    return HttpCaller(edge, serves, inside, token_of)


async def _make_way_when_orphaned(
    daemon: Daemon, leash: int, stop: asyncio.Event, sockets: Sequence[socket.socket]
) -> None:
    """Nobody would start this daemon again: have a new supervisor, and end as if killed, so that its daemon takes over
    what runs."""
    loop = asyncio.get_running_loop()
    alone = asyncio.Event()
    loop.add_reader(leash, alone.set)
    await alone.wait()
    loop.remove_reader(leash)
    if stop.is_set():
        return  # on its way out in any case
    log.warning("The supervisor is gone; another one takes over.")
    daemon.desk.close()
    succeed(daemon.home, sockets)
    logging.shutdown()
    os._exit(1)


def _tell_ready(daemon: Daemon) -> None:
    """Write down who the daemon is, for the command line and for the next start."""
    settings = daemon.settings
    edge = Edge(settings.port("emulator/http_port"), settings.port("emulator/https_port"))
    with daemon.store.transaction():
        projects.set_fact(daemon.store, EDGE, json.dumps(edge))
    said = {
        "pid": os.getpid(),
        "started": process_start(os.getpid()),
        "since": daemon.since.isoformat(),
        "supervisor": os.getppid(),
        "supervisor_started": process_start(os.getppid()),
        "http_port": edge.http_port,
        "https_port": edge.https_port,
        "load_balancer_port": settings.optional_port("emulator/load_balancer_port"),
        "runtime": daemon.runtimes.chosen,
        "engine": daemon.runtimes.engine_error,
        "isolation": daemon.process.isolation_notes(),
        "metadata": daemon.metadata.told(),
        "envoy_pid": daemon.edge.envoy.pid,
        "home": daemon.home,
        "version": __version__,
    }
    _write(os.path.join(run_folder(daemon.home), READY), said)


def _forget_ready(daemon: Daemon) -> None:
    with daemon.store.transaction():
        projects.set_fact(daemon.store, EDGE, None)


def _write(path: str, said: Mapping[str, object]) -> None:
    with open(f"{path}.new", "w") as file:
        json.dump(said, file)
    os.replace(f"{path}.new", path)


def _log_to(home: str) -> None:
    file = logging.handlers.RotatingFileHandler(
        os.path.join(run_folder(home), "daemon.log"), maxBytes=4 * 1024 * 1024, backupCount=2
    )
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[file])


def main(home: str, gate_fd: int, events_fd: int, leash: int) -> int:
    """Run the daemon; 0 when it was asked to end, 3 when it cannot run here and has said why."""
    _log_to(home)
    _raise_file_limit()
    gate_socket, events_socket = (socket.socket(fileno=fd) for fd in (gate_fd, events_fd))
    try:
        uvloop.run(serve(home, gate_socket, events_socket, leash))
    except* CloudRunError as group:
        error = next(_leaves(group))
        log.error("The daemon cannot run: %s", error)
        told = {"message": str(error), "hint": getattr(error, "hint", None)}
        _write(os.path.join(run_folder(home), FAILED), told)
        return_code = GAVE_UP
    else:
        return_code = 0
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(run_folder(home), READY))
    return return_code


def _raise_file_limit() -> None:
    """As many open files as we may have: every request that waits holds a connection to the gate."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1_048_576 if hard == resource.RLIM_INFINITY else hard
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _leaves(group: BaseExceptionGroup) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *(int(fd) for fd in sys.argv[2:5])))
