"""Source becomes an image: by its Dockerfile, and without one on a base image."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import docker
import httpx
import pytest

from cloudrun_cli.core.errors import BuildFailed, ImageNotFound
from cloudrun_cli.runtime.base import Image, Instance
from cloudrun_cli.runtime.docker import DockerRuntime
from cloudrun_cli.runtime.docker_build_env import build_settings
from tests.runtime.contract import DEADLINE, a_source_folder, a_spec
from tests.runtime.programs import SERVER

FLASK = 'from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get("/")\ndef hello():\n    return "from flask"\n'


class Yard:
    """A runtime of a home of its own, a folder of source, and what a build said."""

    def __init__(self, runtime: DockerRuntime, engine: docker.APIClient, source: Path) -> None:
        self.runtime, self.engine, self.source = runtime, engine, source
        self.said: list[str] = []
        self.built: list[str] = []

    def write(self, **files: str) -> None:
        for name, content in files.items():
            (self.source / name.replace("__", ".")).write_text(content, encoding="utf-8")

    async def build(self, *, base_image: str = "", env: dict[str, str] | None = None) -> Image:
        tag = f"cloudrun-test/built:{secrets.token_hex(6)}"
        self.built.append(tag)
        return await self.runtime.build(self.source, tag, base_image=base_image, env=env or {}, log=self.said.append)

    async def answer(self, instance: Instance) -> str:
        async with asyncio.timeout(DEADLINE), httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    return (await client.get(f"http://{instance.address}/")).text
                except httpx.TransportError:
                    await asyncio.sleep(0.05)


@pytest.fixture
async def yard(engine: docker.APIClient, tmp_path: Path) -> AsyncIterator[Yard]:
    runtime = DockerRuntime(f"/tests/{secrets.token_hex(6)}", pool=0)
    await runtime.open()
    source = tmp_path / "source"
    source.mkdir()
    yard = Yard(runtime, engine, source)
    yield yard
    await runtime.purge()
    await runtime.close()
    for row in engine.images("cloudrun-test/built"):
        for tag in row["RepoTags"] or ():
            if tag in yard.built:
                engine.remove_image(tag, force=True)


@pytest.mark.docker
async def test_a_dockerfile_is_built_and_every_line_is_told(yard: Yard, busybox_base_image: str) -> None:
    yard.write(Dockerfile=f'FROM {busybox_base_image}\nARG WORD\nRUN echo "said $WORD"\nCMD ["echo", "built"]\n')
    word = secrets.token_hex(4)  # the engine does not run again what it has run before
    image = await yard.build(env={"WORD": word})
    assert f"said {word}" in yard.said
    assert any("Step 1/4" in line for line in yard.said)
    instance = await yard.runtime.start(a_spec(image))
    assert [line.text async for line in yard.runtime.logs(instance)] == ["built"]


@pytest.mark.docker
async def test_dockerignore_is_honoured_with_its_exceptions(yard: Yard, busybox_base_image: str) -> None:
    yard.write(
        Dockerfile=f'FROM {busybox_base_image}\nCOPY . /src/\nCMD ["ls", "-A", "/src"]\n',
        __dockerignore="# comments are none\n*.txt\n!keep.txt\nDockerfile\n",
        drop__txt="",
        keep__txt="",
        main__sh="",
    )
    instance = await yard.runtime.start(a_spec(await yard.build()))
    listed = [line.text async for line in yard.runtime.logs(instance)]
    assert listed == [".dockerignore", "keep.txt", "main.sh"]


@pytest.mark.docker
async def test_a_dockerfile_that_fails_says_why_with_its_last_lines(yard: Yard, busybox_base_image: str) -> None:
    yard.write(Dockerfile=f"FROM {busybox_base_image}\nRUN echo nearly there; exit 9\n")
    with pytest.raises(BuildFailed, match=r"code: 9(.|\n)*nearly there"):
        await yard.build()


@pytest.mark.docker
async def test_a_dockerfile_that_cannot_be_read_is_a_failed_build(yard: Yard) -> None:
    yard.write(Dockerfile="FRUM scratch\n")
    with pytest.raises(BuildFailed, match="FRUM"):
        await yard.build()


@pytest.mark.docker
async def test_a_procfile_alone_becomes_an_image_that_serves(yard: Yard, python_base_image: str) -> None:
    a_source_folder(yard.source, SERVER)
    image = await yard.build(base_image=python_base_image)
    assert '"K_SERVICE": "hello"' in await yard.answer(await yard.runtime.start(a_spec(image)))


@pytest.mark.docker
@pytest.mark.network
async def test_a_flask_app_is_built_on_a_base_without_pip(yard: Yard, python_base_image: str) -> None:
    yard.write(requirements__txt="flask\n", main__py=FLASK)
    image = await yard.build(base_image=python_base_image)
    assert await yard.answer(await yard.runtime.start(a_spec(image))) == "from flask"
    assert not any(name.startswith(("PIP_", "SSL_", "HTTP", "NODE_EXTRA")) for name in image.env)
    check = await yard.runtime.start(a_spec(image, command=("ls", "/"), id="i-check"))
    assert ".cloudrun-build" not in [line.text async for line in yard.runtime.logs(check)]


@pytest.mark.docker
@pytest.mark.network
async def test_a_requirement_that_does_not_exist_fails_the_build_with_pips_words(
    yard: Yard, python_base_image: str
) -> None:
    yard.write(requirements__txt="no-such-package-at-all-xyz==9\n", main__py=FLASK)
    with pytest.raises(BuildFailed, match=r"pip install(.|\n)*no-such-package-at-all-xyz"):
        await yard.build(base_image=python_base_image)


@pytest.mark.docker
@pytest.mark.network
async def test_a_program_from_npm_is_built_and_serves(yard: Yard, node_base_image: str) -> None:
    package = '{"dependencies": {"http-server": "14"}, "scripts": {"start": "http-server -p $PORT ."}}'
    yard.write(package__json=package, index__html="from npm")
    image = await yard.build(base_image=node_base_image)
    assert await yard.answer(await yard.runtime.start(a_spec(image))) == "from npm"


@pytest.mark.docker
async def test_a_base_image_without_the_languages_tool_is_named(yard: Yard, python_base_image: str) -> None:
    yard.write(package__json='{"scripts": {"start": "node server.js"}}', server__js="")
    with pytest.raises(BuildFailed, match=r"cloudrun-test/python.*has no \[npm\]"):
        await yard.build(base_image=python_base_image)


@pytest.mark.docker
async def test_a_base_image_that_cannot_be_had_is_named_with_what_to_do(yard: Yard) -> None:
    a_source_folder(yard.source, SERVER)
    with pytest.raises(ImageNotFound, match=r"registry\.invalid/base") as refusal:
        await yard.build(base_image="registry.invalid/base:1")
    assert "--base-image" in str(refusal.value.hint)


@pytest.mark.docker
async def test_nothing_but_the_image_is_left_of_a_build(yard: Yard, python_base_image: str) -> None:
    a_source_folder(yard.source, SERVER)
    before = {row["Id"] for row in yard.engine.containers(all=True, filters={"label": "dev.cloudrun.kind=build"})}
    image = await yard.build(base_image=python_base_image)
    after = {row["Id"] for row in yard.engine.containers(all=True, filters={"label": "dev.cloudrun.kind=build"})}
    assert after <= before
    labels = yard.engine.inspect_image(image.name)["Config"]["Labels"]  # type: ignore[no-untyped-call]
    assert labels["dev.cloudrun.home"] == ""


def test_indexes_of_this_machines_own_folders_stay_out(tmp_path: Path) -> None:
    environ = {"PIP_EXTRA_INDEX_URL": "file:///somewhere https://index.example/simple", "PIP_CONFIG_FILE": os.devnull}
    assert build_settings(environ).env["PIP_EXTRA_INDEX_URL"] == "https://index.example/simple"


def test_proxies_are_handed_on_in_both_spellings() -> None:
    env = build_settings({"https_proxy": "http://proxy.example:3128"}).env
    assert env["HTTPS_PROXY"] == env["https_proxy"] == "http://proxy.example:3128"


def test_a_proxy_on_this_machine_is_reached_through_its_own_network() -> None:
    assert build_settings({"HTTPS_PROXY": "http://127.0.0.1:3128"}).on_loopback
    assert not build_settings({"HTTPS_PROXY": "http://proxy.example:3128"}).on_loopback


def test_private_certificates_are_handed_on_as_one_bundle(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(b"a certificate")
    settings = build_settings({"REQUESTS_CA_BUNDLE": str(bundle)})
    assert settings.files[settings.env["PIP_CERT"]] == b"a certificate"
    assert settings.env["NODE_EXTRA_CA_CERTS"] == settings.env["PIP_CERT"]
