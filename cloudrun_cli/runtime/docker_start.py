"""An instance's container: how it is made to keep the container contract, and what a refusal to start it means."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import docker

from cloudrun_cli.core.errors import CloudRunError, ImageNotFound, ImageUnsupported, StartFailed
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime import docker_tasks, images
from cloudrun_cli.runtime.base import Instance, InstanceSpec
from cloudrun_cli.runtime.docker_cpu import PERIOD_US
from cloudrun_cli.runtime.docker_engine import explanation, is_hiccup, sentence
from cloudrun_cli.runtime.docker_hold import METADATA_ADDRESS
from cloudrun_cli.runtime.docker_holders import HOSTNAME, TRIES, Holder, OwnNetwork, remove
from cloudrun_cli.runtime.docker_tmpfs import MemoryFolders
from cloudrun_cli.runtime.docker_volumes import Volumes

FILE_DESCRIPTORS = docker.types.Ulimit(name="nofile", soft=25_000, hard=25_000)  # Source: container runtime contract
PROCESSES = 8192  # ours: enough for any server, too few to take the machine down
LOG_FILES = {"max-size": "20m", "max-file": "2"}
TRUST = "/run/cloudrun"  # ours: where ca.pem is, the authority of the edge
NOT_NEEDED = ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP"]  # of the engine's default capabilities

_log = logging.getLogger(__name__)


class Starter:
    """Starts containers of one home, each into the network of a holder or one of its own. Blocking."""

    def __init__(self, api: docker.APIClient, home: str, volumes: Volumes, trust: Path | None = None) -> None:
        self._api = api
        self._home = home
        self._volumes, self._trust = volumes, trust
        self.folders = MemoryFolders(api, home)
        self._processors = int(api.info()["NCPU"])
        self._file_limit = True  # until the engine refuses to set it

    def start(self, spec: InstanceSpec, place: Holder | OwnNetwork) -> Instance:
        """Create and start the first container of an instance. Raises StartedBefore when a task's was."""
        address = _of_task(place) if spec.task else place.at(spec.port)
        named = labels.of_instance(self._home, spec, address=address, holder=place.container, started=datetime.now(UTC))
        return labels.instance(self._start(spec, place, named), named)

    def join(self, spec: InstanceSpec, instance: Instance) -> str:
        """Create and start a further one, in the network of the first; its id."""
        try:
            first = self._api.inspect_container(instance.handle)["Config"]["Labels"]
        except docker.errors.NotFound as error:
            raise StartFailed(f"Instance [{instance.id}] is gone.", hint="Try again.") from error
        holder = Holder(first[labels.HOLDER] or instance.handle, instance.address)
        return self._start(spec, holder, labels.of_further(self._home, spec, instance, holder.container))

    def bounded(self, cpu_millis: int) -> int:
        """So much CPU, or all that the machine has."""
        return min(cpu_millis, self._processors * 1000)

    def _start(self, spec: InstanceSpec, place: Holder | OwnNetwork, named: Mapping[str, str]) -> str:
        """Create and start a container; once more with what the engine could not do left out."""
        user, hiccups = None, 0
        while True:
            limited = self._file_limit
            try:
                return self._run(spec, place, named, user=user)
            except _UnknownUser:
                if user is not None:
                    raise
                user = "0"  # Source: container runtime contract: root runs when the image's user does not exist
            except _Hiccup:
                if (hiccups := hiccups + 1) == TRIES:
                    raise
            except _FileLimit:
                if not limited:
                    raise
                self._file_limit = False
                _log.warning("The engine's own limit of open files is lower than Cloud Run's, and holds.")

    def _run(
        self, spec: InstanceSpec, place: Holder | OwnNetwork, named: Mapping[str, str], *, user: str | None
    ) -> str:
        api = self._api
        task = docker_tasks.container_name(self._home, spec)
        container = ""
        try:
            container = self._create(
                task,
                container_name(spec),
                images.keep_tag(spec.digest),
                entrypoint=list(spec.command) or None,
                command=list(spec.args) or None,
                environment=dict(spec.env),
                working_dir=spec.working_dir or None,
                user=user,
                labels=dict(named),
                stop_signal="SIGTERM",
                host_config=self._host_config(spec, place),
                **_of_own(place),
            )
            api.start(container)
        except docker.errors.APIError as error:
            if container:
                remove(api, container)
            elif error.status_code == 409 and task:
                if (earlier := docker_tasks.find(api, task)) is not None:
                    raise StartedBefore(earlier) from error
                return self._run(spec, place, named, user=user)
            raise _start_error(spec, error) from error
        return str(container)

    def _create(self, task: str | None, name: str, image: str, **more: Any) -> str:
        """Create a container: a task's with the only name it may have, another with this name, or with a longer one
        where another home has one like it."""
        if task is not None:
            return str(self._api.create_container(image, name=task, **more)["Id"])
        try:
            return str(self._api.create_container(image, name=name, **more)["Id"])
        except docker.errors.APIError as error:
            if error.status_code != 409 or "already in use" not in explanation(error):
                raise
        return str(self._api.create_container(image, name=f"{name}-{token_hex(4)}", **more)["Id"])

    def _host_config(self, spec: InstanceSpec, place: Holder | OwnNetwork) -> dict[str, Any]:
        if isinstance(place, OwnNetwork):
            network: dict[str, Any] = {"network_mode": place.network, "extra_hosts": dict(place.hosts)}
            network |= {"dns": [METADATA_ADDRESS]} if place.ways is not None else {}  # as on Google Cloud
        else:
            network = {"network_mode": f"container:{place.container}"}
        return dict(
            self._api.create_host_config(
                **network,
                cpu_period=PERIOD_US,
                cpu_quota=self.bounded(spec.cpu_millis) * PERIOD_US // 1000,
                mem_limit=spec.memory_bytes,
                memswap_limit=spec.memory_bytes,  # the same: no swap
                tmpfs=self.folders.of(spec) or None,
                shm_size=spec.memory_bytes,
                pids_limit=PROCESSES,
                ulimits=[FILE_DESCRIPTORS] if self._file_limit else None,
                cap_drop=NOT_NEEDED,
                mounts=[*self._volumes.mounts(spec), *self._trusted()] or None,
                security_opt=["no-new-privileges"],
                log_config=docker.types.LogConfig(type="json-file", config=LOG_FILES),
            )
        )

    def _trusted(self) -> list[docker.types.Mount]:
        """What a program needs to believe the certificates of the edge, where there is one."""
        if self._trust is None or not self._trust.is_dir():
            return []
        return [docker.types.Mount(TRUST, str(self._trust), type="bind", read_only=True)]


def container_name(spec: InstanceSpec) -> str:
    """What `docker ps` shows: the revision, how the instance's id begins, and which of several containers it is."""
    return "-".join(("cloudrun", spec.revision, spec.id[:8], *([spec.container] if len(spec.names) > 1 else [])))


def _of_task(place: Holder | OwnNetwork) -> str:
    """The address that a task calls from; empty where only the engine knows it."""
    return "" if isinstance(place, Holder) and place.port else place.address


def _of_own(place: Holder | OwnNetwork) -> dict[str, Any]:
    """What else a container is told that has a network of its own."""
    if isinstance(place, Holder):
        return {}
    return {"hostname": HOSTNAME, "networking_config": place.joining()}


class HolderLost(StartFailed):
    """The network it was to be started into is not there: the holder was removed, the engine restarted, or somebody
    else has the address."""


class StartedBefore(StartFailed):
    """A task's container that was started under the same id: what the engine knows of it."""

    def __init__(self, container: Mapping[str, Any]) -> None:
        super().__init__("It was started before.")
        self.container = container


class _Hiccup(StartFailed):
    """The engine lost a race with itself."""


class _FileLimit(StartFailed):
    """The engine may not give out as many file descriptors as asked."""


class _UnknownUser(StartFailed):
    """The image names a user that its passwd file does not have."""


def _start_error(spec: InstanceSpec, error: docker.errors.APIError) -> CloudRunError:
    """What the engine's refusal to start means, by its words: it has no codes for these."""
    said = sentence(explanation(error))
    small = said.lower()
    program = spec.command[0] if spec.command else "the image's entry point"
    if isinstance(error, docker.errors.ImageNotFound) or "no such image" in small:
        return ImageNotFound(
            f"Image [{spec.digest}] is not on this engine any more.", field="image", hint="Deploy it again."
        )
    if any(lost in small for lost in ("cannot join network", "no such container", "address already in use")):
        return HolderLost(f"The network made for it was lost: {said}", hint="Try again.")
    if is_hiccup(error):
        return _Hiccup(f"The Docker engine could not start it: {said}", hint="Try again.")
    if "mount" in small and (paths := [mount.path for mount in spec.mounts if mount.path in said]):
        return StartFailed(f"The Docker engine could not mount a volume at {paths[0]}: {said}", field="volumes")
    if "unable to find user" in small:
        return _UnknownUser(f"The image's user does not exist in it: {said}", field="image")
    if "setting rlimit" in small:
        return _FileLimit(f"The Docker engine could not limit open files: {said}")
    if "exec format error" in small:
        return ImageUnsupported(
            f"[{program}] is made for another kind of machine; Cloud Run needs linux/amd64.",
            field="image",
            hint="Build it for that: docker build --platform linux/amd64 …",
        )
    if "permission denied" in small:
        return StartFailed(
            f"[{program}] may not be executed: {said}", field="command", hint="Make it executable: chmod +x"
        )
    if "no command specified" in small:
        return StartFailed(
            "The image says no program to run: it has neither ENTRYPOINT nor CMD.",
            field="command",
            hint="Say it: --command=PROGRAM",
        )
    if "executable file not found" in small or "no such file or directory" in small:
        return StartFailed(
            f"There is no [{program}] in the image: {said}",
            field="command",
            hint="Check --command and the image's ENTRYPOINT; a shell is only there if the image has one.",
        )
    return StartFailed(f"The Docker engine could not start it: {said}")
