"""What happens when the engine is lost for a while, or is asked for too much at once."""

import asyncio
import contextlib
import gc
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import docker
import pytest

from cloudrun_cli.core.errors import EngineUnavailable
from cloudrun_cli.runtime.base import ExitCause, Image
from cloudrun_cli.runtime.docker import DockerRuntime
from cloudrun_cli.runtime.docker_engine import connect, engine_address
from tests.docker_images import an_image
from tests.runtime.contract import DEADLINE, a_spec

pytestmark = pytest.mark.docker


class Line:
    """The way to the engine, which can be cut: a socket that passes everything on."""

    def __init__(self, path: Path, engine: str) -> None:
        self.path, self._engine = path, engine
        self._open: set[asyncio.StreamWriter] = set()
        self._calls: set[asyncio.Task[None] | None] = set()
        self._server: asyncio.Server | None = None

    async def join(self) -> None:
        self._server = await asyncio.start_unix_server(self._pass_on, self.path)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        while self._calls:  # noqa: ASYNC110 - they end by themselves, now that both their ends are gone
            await asyncio.sleep(0.01)
        self.path.unlink(missing_ok=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._calls.add(asyncio.current_task())
        there, back = await asyncio.open_unix_connection(self._engine)
        self._open |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self._open -= {writer, back}
        self._calls.discard(asyncio.current_task())

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while content := await reader.read(65536):
                writer.write(content)
                await writer.drain()
        writer.close()


@pytest.fixture
async def line(engine: docker.APIClient, tmp_path: Path) -> AsyncIterator[Line]:
    address = engine_address({})
    if not address.url.startswith("unix://"):
        pytest.skip("needs an engine on a unix socket")
    line = Line(tmp_path / "engine.sock", address.url.removeprefix("unix://"))
    await line.join()
    yield line
    await line.cut()


@pytest.fixture
async def runtime(line: Line) -> AsyncIterator[DockerRuntime]:
    environ = {"DOCKER_HOST": f"unix://{line.path}"}
    runtime = DockerRuntime(f"/tests/{secrets.token_hex(6)}", pool=0, connect=lambda: connect(environ))
    await runtime.open()
    yield runtime
    await runtime.purge()
    await runtime.close()


@pytest.fixture
async def sleeper(runtime: DockerRuntime, engine: docker.APIClient, busybox_base_image: str) -> Image:
    tag = "cloudrun-test/sleeper:latest"
    recipe = """ENTRYPOINT ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]"""
    an_image(engine, busybox_base_image, {}, tag=tag, instructions=[recipe])
    return await runtime.resolve(tag)


# The library leaves its socket to the collector when nobody listens at the other end.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_an_end_while_the_engine_was_out_of_reach_is_told_once_it_is_back(
    line: Line, runtime: DockerRuntime, sleeper: Image, engine: docker.APIClient
) -> None:
    exits = runtime.exits()
    lost, kept = await runtime.start(a_spec(sleeper)), await runtime.start(a_spec(sleeper))
    await line.cut()
    engine.kill(lost.handle)
    with pytest.raises(EngineUnavailable):
        await runtime.instances()
    await line.join()
    told = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (told.instance, told.cause, told.signal) == (lost.id, ExitCause.SIGNALED, 9)
    assert await runtime.instances() == [kept]
    engine.kill(kept.handle)
    assert (await asyncio.wait_for(anext(exits), DEADLINE)).instance == kept.id
    gc.collect()  # now, and not in the next test


async def test_many_starts_at_once_all_come_up(runtime: DockerRuntime, sleeper: Image) -> None:
    started = await asyncio.wait_for(asyncio.gather(*(runtime.start(a_spec(sleeper)) for _ in range(12))), 4 * DEADLINE)
    assert {instance.id for instance in await runtime.instances()} == {instance.id for instance in started}
    assert len({instance.address for instance in started}) == 12
    exits = await asyncio.wait_for(asyncio.gather(*(runtime.stop(instance) for instance in started)), 4 * DEADLINE)
    assert {exit.code for exit in exits} == {0}


async def test_a_start_that_is_given_up_leaves_nothing_running(
    runtime: DockerRuntime, sleeper: Image, engine: docker.APIClient
) -> None:
    spec = a_spec(sleeper)
    starting = asyncio.create_task(runtime.start(spec))
    await asyncio.sleep(0.4)  # by now the engine is at it: the holder is there, the container is being made
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    if not starting.cancelled():
        await runtime.stop(starting.result())  # a fast engine: it was up before it could be given up
    ours = {"label": f"dev.cloudrun.instance={spec.id}"}
    async with asyncio.timeout(DEADLINE):
        await asyncio.sleep(1)  # what the engine was asked for is done by then, or never will be
        while engine.containers(all=True, filters=ours):  # noqa: ASYNC110 - the engine rings no bell for this
            await asyncio.sleep(0.1)
