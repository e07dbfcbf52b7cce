"""The Docker runtime keeps the contract, on the engine that answers here."""

import hashlib
import secrets
from collections.abc import AsyncIterator

import docker
import pytest

from cloudrun_cli.runtime.base import Image, Instance, Runtime
from cloudrun_cli.runtime.docker import DockerRuntime
from tests.docker_images import an_image
from tests.runtime.contract import ProgramContract
from tests.runtime.programs import Program
from tests.runtime.sidecar_contract import SidecarContract
from tests.runtime.task_contract import TaskContract

pytestmark = pytest.mark.docker


class TestDocker(ProgramContract, SidecarContract, TaskContract):
    @pytest.fixture(autouse=True)
    def _engine(self, engine: docker.APIClient, python_base_image: str) -> None:
        self.engine, self.base = engine, python_base_image
        self.home = f"/tests/{secrets.token_hex(6)}"

    @pytest.fixture
    async def runtime(self, _engine: None) -> AsyncIterator[Runtime]:
        runtime = DockerRuntime(self.home, pool=1)
        await runtime.open()
        yield runtime
        await runtime.purge()
        await runtime.close()

    async def an_image(self, runtime: Runtime, program: Program) -> Image:
        tag = f"cloudrun-test/{program.name}:{hashlib.sha256(program.source.encode()).hexdigest()[:12]}"
        instructions = ('ENTRYPOINT ["python3", "/app/main.py"]',)
        an_image(self.engine, self.base, {"app/main.py": program.source}, tag=tag, instructions=instructions)
        return await runtime.resolve(tag)

    async def pid_of(self, instance: Instance) -> int:
        return int(self.engine.inspect_container(instance.handle)["State"]["Pid"])

    def sibling(self, runtime: Runtime, *, same_home: bool) -> Runtime:
        return DockerRuntime(self.home if same_home else f"{self.home}-elsewhere", pool=0)
