"""The daemon's side of the keeper: finds it or starts it, asks it to start instances, hears which ended."""

import asyncio
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudrun_cli.core.errors import StartFailed
from cloudrun_cli.runtime import process_table
from cloudrun_cli.runtime.process_limits import FILE_DESCRIPTORS

KEEPER = Path(__file__).with_name("keeper.py")
ANSWER_SECONDS = 10.0  # for a fork; only a machine out of memory is slower
RETRY_SECONDS = 0.05
SOCKET_PATH_BYTES = 100  # a unix socket's name is at most 108 bytes on Linux, 104 on macOS
LINE_BYTES = 1 << 20


class KeeperClient:
    """One connection to the keeper of a home. `ended` is called with the id of every instance that ends."""

    def __init__(self, instances: Path, ended: Callable[[str], None]) -> None:
        self._instances = instances
        self._socket = _socket_path(instances)
        self._ended = ended
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._connecting = asyncio.Lock()
        self.keeps: set[str] = set()  # the instances whose end we will be told

    @property
    def connected(self) -> bool:
        """Whether a keeper is there."""
        return self._listener is not None and not self._listener.done()

    async def connect(self, *, start: bool = True) -> bool:
        """Find the keeper, or else start one if asked to. Raises StartFailed when it does not come up."""
        async with self._connecting:
            if self.connected or await self._reach():
                return True
            if not start:
                return False
            await asyncio.to_thread(self._launch)
            for _ in range(int(ANSWER_SECONDS / RETRY_SECONDS)):
                if await self._reach():
                    return True
                await asyncio.sleep(RETRY_SECONDS)  # another runtime's keeper is on its way, or leaving
                await asyncio.to_thread(self._launch)
            raise StartFailed("The process keeper does not come up.", hint=f"See {self._instances}/keeper.log")

    async def start(
        self, instance: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path | str, join: Sequence[str]
    ) -> str:
        """Start a program as this instance; its handle `PID:START`. Raises StartFailed with what was missing."""
        try:
            return await self._request(instance, argv, env, cwd, join)
        except _KeeperLost:
            if handle := self._running(instance):  # it was started, only the answer was lost
                return handle
            return await self._request(instance, argv, env, cwd, join)

    async def close(self) -> None:
        """Leave; the keeper stays as long as it has something to keep."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()
            self._writer = None

    def _running(self, instance: str) -> str | None:
        try:
            handle = (self._instances / instance / "pid").read_text()
        except FileNotFoundError:
            return None
        return handle if process_table.runs(handle) else None

    async def _request(
        self, instance: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path | str, join: Sequence[str]
    ) -> str:
        await self.connect()
        assert self._writer is not None
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[instance] = answer
        request = {"id": instance, "argv": list(argv), "env": dict(env), "cwd": str(cwd), "join": list(join)}
        self._writer.write(json.dumps(request | {"nofile": FILE_DESCRIPTORS}).encode() + b"\n")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                told = await answer
        except TimeoutError as error:
            raise StartFailed("The process keeper did not answer in time, so the instance did not start.") from error
        finally:
            self._answers.pop(instance, None)
        if "errno" in told:
            raise _refused(argv, cwd, told)
        return f"{told['pid']}:{told['start'] or process_table.start_time(told['pid'])}"

    async def _reach(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_BYTES)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                greeting = await reader.readline()
        except (ConnectionError, TimeoutError):
            greeting = b""
        if not greeting:  # it was just leaving, or it hangs
            writer.close()
            return False
        if self._writer is not None:
            self._writer.close()
        self._writer = writer
        self.keeps = set(json.loads(greeting)["keeps"])
        self._listener = asyncio.create_task(self._listen(reader), name="process keeper")
        return True

    def _launch(self) -> None:
        """The keeper in a session of its own, so that neither a terminal nor the daemon's end reaches it. It answers
        when this returns: what is started here goes once the keeper proper listens."""
        with (self._instances / "keeper.log").open("ab") as log:
            subprocess.run(
                [sys.executable, "-I", "-S", str(KEEPER), self._socket, str(self._instances)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.defpath},
                start_new_session=True,
                timeout=ANSWER_SECONDS,
                check=True,
            )

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                told = json.loads(line)
                if "ended" in told:
                    self.keeps.discard(told["ended"])
                    self._ended(told["ended"])
                    continue
                if "pid" in told:
                    self.keeps.add(told["id"])
                if (answer := self._answers.get(told["id"])) is not None and not answer.done():
                    answer.set_result(told)
        except ConnectionError:
            pass  # said below, to those who wait
        finally:
            self.keeps.clear()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(_KeeperLost("The process keeper ended, so the instance did not start."))


class _KeeperLost(StartFailed):
    """The keeper went before it answered."""


def _socket_path(instances: Path) -> str:
    path = str(instances / "keeper.sock")
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return f"{tempfile.gettempdir()}/cloudrun-{os.getuid()}-{name}.sock"


def _refused(argv: Sequence[str], cwd: Path | str, told: Mapping[str, Any]) -> StartFailed:
    """Why the program did not start, in words for the one who named it."""
    if told["what"] == str(cwd):
        return StartFailed(f"The working directory [{cwd}] cannot be entered: {told['text']}.", field="workingDir")
    if told["what"] == argv[0]:
        return StartFailed(
            f"The program [{argv[0]}] cannot be run: {told['text']}.",
            field="command",
            hint="Check --command, or the first word of the Procfile's web process.",
        )
    return StartFailed(f"The instance could not be set up ({told['what']}): {told['text']}.")
