"""Envoy's side of the gate, played by a test: questions over a socket, messages that requests ended, log lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgpack

from cloudrun_cli.core.resources import RevisionRef
from cloudrun_cli.dataplane.envoy_logs import REQUEST_FIELDS
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.dataplane.pools import OnBusy, nobody_asks
from cloudrun_cli.dataplane.records import RequestRecord
from tests.dataplane.edge import HELLO_HOST, listen


@dataclass(frozen=True)
class Answer:
    """What the gate said."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def address(self) -> str | None:
        """Where the request is sent, if it is."""
        return self.headers.get("x-crl-dst")


class Question:
    """One question on a connection of its own; `answer` waits for what the gate says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request_id: str) -> None:
        self.id = request_id
        self._reader, self._writer = reader, writer
        self._answer = asyncio.ensure_future(self._read())

    async def answer(self, seconds: float = 3.0) -> Answer:
        return await asyncio.wait_for(asyncio.shield(self._answer), seconds)

    @property
    def waits(self) -> bool:
        return not self._answer.done()

    async def leave(self) -> None:
        """As Envoy does when its client goes: the connection is closed."""
        self._answer.cancel()
        await asyncio.gather(self._answer, return_exceptions=True)
        self._writer.close()

    async def _read(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(head[0].split(" ")[1]), headers, body.decode())


class FakeEnvoy:
    """A gate with its sockets, and what Envoy would do with them. `moment` is the gate's clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "requests.jsonl"
        self.log.touch()
        self.moment = 1000.0
        self.demands: list[RevisionRef] = []
        self.records: list[RequestRecord] = []
        self.on_busy: OnBusy = nobody_asks
        self.gate = Gate(
            random=Random(7),
            on_demand=self.demands.append,
            on_request_end=self.records.append,
            on_busy=lambda instance, busy: self.on_busy(instance, busy),
            monotonic=lambda: self.moment,
        )
        self._count = 0
        self._open: list[Question] = []
        self._fast: asyncio.StreamWriter | None = None

    async def ask(self, path: str = "/", host: str = HELLO_HOST, request_id: str = "", **headers: str) -> Question:
        """Ask; keyword `x_crl_door` is header `x-crl-door`."""
        self._count += 1
        request_id = request_id or f"request-{self._count}"
        reader, writer = await asyncio.open_unix_connection(str(self.folder / "gate.sock"))
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nx-request-id: {request_id}\r\n{more}\r\n".encode())
        question = Question(reader, writer, request_id)
        self._open.append(question)
        return question

    async def ask_all(self, count: int, **options: str) -> list[Question]:
        """So many questions, in order."""
        out = []
        for _ in range(count):
            out.append(await self.ask(**options))
            await self.beat()
        return out

    async def ended(
        self, request_id: str, address: str | None = None, how: str = "- via_upstream", ours: str | None = None
    ) -> None:
        """A message on the fast channel."""
        if self._fast is None:
            _, self._fast = await asyncio.open_unix_connection(str(self.folder / "events.sock"))
        fields = {"end": f"{request_id} {ours or '-'} {how}"}
        self._fast.write(msgpack.packb(["r", [[1, fields]], {}]))
        await self.beat()

    def logged(self, request_id: str, address: str | None = None, **fields: object) -> None:
        """A line in the request log."""
        line = {
            **dict.fromkeys(REQUEST_FIELDS),
            "id": request_id,
            "inst": address,
            "t": "2026-09-21T14:13:20.250000Z",
            "d": 12,
            "st": 200,
            "rf": "-",
            "rd": "via_upstream",
            "m": "GET",
            "s": "http",
            "h": HELLO_HOST,
            "p": "/",
            "bi": 0,
            "bo": 5,
            "proto": "HTTP/1.1",
            "ip": "127.0.0.1",
            **fields,
        }
        with self.log.open("a") as file:
            file.write(json.dumps(line) + "\n")

    async def recount(self, in_flight: dict[str, int]) -> None:
        """What Envoy says when it is asked again."""

        async def answer() -> dict[str, int]:
            return in_flight

        await self.gate.recount(answer)

    async def beat(self) -> None:
        """Time for what was written to be read."""
        await asyncio.sleep(0.01)

    async def close(self) -> None:
        for question in self._open:
            await question.leave()
        if self._fast is not None:
            self._fast.close()


@asynccontextmanager
async def asking(folder: Path) -> AsyncIterator[FakeEnvoy]:
    """A gate that serves for as long as the block lasts."""
    envoy = FakeEnvoy(folder)
    with listen(folder / "gate.sock") as gate_socket, listen(folder / "events.sock") as events_socket:
        serving = asyncio.create_task(envoy.gate.serve(gate_socket, events_socket, envoy.log))
        await envoy.beat()
        try:
            yield envoy
        finally:
            await envoy.close()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
