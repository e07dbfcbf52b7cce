"""Plain processes keep the contract of a runtime."""

import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloudrun_cli.core.errors import ImageUnsupported
from cloudrun_cli.runtime.base import Image, Runtime
from cloudrun_cli.runtime.process import ProcessRuntime
from tests.runtime.contract import ProgramContract, a_source_folder
from tests.runtime.programs import SERVER, Program


class TestProcess(ProgramContract):
    @pytest.fixture
    async def runtime(self, tmp_path: Path) -> AsyncIterator[Runtime]:
        runtime = ProcessRuntime(f"test-{tmp_path.name}", state=tmp_path / "home")
        await runtime.open()
        yield runtime
        await runtime.purge()
        await runtime.close()

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def an_image(self, runtime: Runtime, program: Program) -> Image:
        source = a_source_folder(self.folder / program.name, program)
        return await runtime.build(source, program.name, base_image="", env={}, log=lambda line: None)

    def sibling(self, runtime: Runtime, *, same_home: bool) -> Runtime:
        if same_home:
            return ProcessRuntime(f"test-{self.folder.name}", state=self.folder / "home")
        return ProcessRuntime(f"other-{self.folder.name}", state=self.folder / "elsewhere")

    async def test_an_unknown_image_is_refused_by_its_name(self, runtime: Runtime) -> None:
        """Without an engine nothing can be looked up in a registry, and the refusal says what is missing."""
        with pytest.raises(ImageUnsupported, match="no-such-image") as refusal:
            await runtime.resolve("registry.invalid/no-such-image:1")
        assert refusal.value.hint

    async def test_an_instance_has_25000_file_descriptors_at_most(self, runtime: Runtime) -> None:
        """Documented: container runtime contract. Without the right to raise it, a lower bound of the system stays."""
        bound = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        told = await self._ask(runtime, await self.an_image(runtime, SERVER))
        assert told["files"] in (25_000, bound)
        assert told["files"] <= 25_000
