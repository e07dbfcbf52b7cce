"""Building a folder of source with the tools of this machine."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloudrun_cli.core.errors import BuildFailed, ImageNotFound
from cloudrun_cli.runtime import process_table
from cloudrun_cli.runtime.base import Image
from cloudrun_cli.runtime.process import ProcessRuntime
from tests.runtime.contract import DEADLINE, a_source_folder, a_spec
from tests.runtime.programs import SERVER, TALKER
from tests.runtime.test_process import answer, got, home, until

NO_START = {"scripts": {"start": "node server.js"}}


class Bench:
    """A runtime with a folder of source to build on it, and the lines of its builds."""

    def __init__(self, runtime: ProcessRuntime, folder: Path) -> None:
        self.runtime = runtime
        self.source = a_source_folder(folder / "source", SERVER)
        self.state = folder / "home"
        self.lines: list[str] = []

    async def build(self, name: str = "hello", **env: str) -> Image:
        self.lines.clear()
        return await self.runtime.build(self.source, name, base_image="", env=env, log=self.lines.append)

    def write(self, **texts: str) -> None:
        """Files of the source by their name, with `_` for the dot."""
        for name, text in texts.items():
            (self.source / name.replace("_", ".")).write_text(text)

    def layers(self) -> list[str]:
        return [folder.name for folder in (self.state / "layers").iterdir()]

    @property
    def steps(self) -> int:
        """How many steps the last build took."""
        return sum(line.startswith("$ ") for line in self.lines)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    runtime = home(tmp_path)
    await runtime.open()
    yield Bench(runtime, tmp_path)
    await runtime.purge()
    await runtime.close()


async def test_the_same_source_is_the_same_image_and_is_built_once(bench: Bench) -> None:
    first = await bench.build()
    assert bench.steps == 1
    again = await bench.build()
    assert again.digest == first.digest
    assert bench.steps == 0


async def test_an_image_is_another_one_when_its_source_or_settings_change(bench: Bench) -> None:
    digests = [(await bench.build()).digest, (await bench.build(GOOGLE_ENTRYPOINT="python3 main.py")).digest]
    bench.write(data_txt="x")
    digests.append((await bench.build()).digest)
    (bench.source / "data.txt").chmod(0o755)
    digests.append((await bench.build()).digest)
    (bench.source / "folder").mkdir()
    digests.append((await bench.build()).digest)
    assert len(set(digests)) == len(digests)


async def test_two_builds_of_one_source_at_once_share_the_work(bench: Bench) -> None:
    first, second = await asyncio.gather(bench.build(), bench.build())
    assert first.digest == second.digest
    assert bench.steps == 1


async def test_an_image_keeps_its_own_copy_of_the_source(bench: Bench) -> None:
    image = await bench.build()
    for path in bench.source.iterdir():
        path.unlink()
    instance = await bench.runtime.start(a_spec(image))
    assert (await got(instance)).status_code == 200


async def test_a_changed_program_with_the_same_requirements_uses_their_environment_again(bench: Bench) -> None:
    await bench.build()
    bench.write(main_py=TALKER.source)
    await bench.build()
    assert len(bench.layers()) == 1
    assert any("used again" in line for line in bench.lines)


async def test_requirements_that_read_the_source_have_an_environment_per_source(bench: Bench) -> None:
    for data in ("one", "two"):
        bench.write(requirements_txt="--find-links ./wheels\n", data_txt=data)
        await bench.build()
    assert len(bench.layers()) == 2


async def test_a_forgotten_image_takes_along_what_only_it_needed(bench: Bench) -> None:
    first = await bench.build("first")
    second = await bench.build("second")
    await bench.runtime.forget(first.digest)
    assert len(bench.layers()) == 1
    assert (await got(await bench.runtime.start(a_spec(second)))).status_code == 200
    with pytest.raises(ImageNotFound):
        await bench.runtime.start(a_spec(first))
    await bench.runtime.forget(second.digest)
    assert bench.layers() == []
    assert list((bench.state / "images").iterdir()) == []


async def test_an_image_that_was_built_is_found_by_its_name_as_it_was_last(bench: Bench) -> None:
    await bench.build("region-docker.pkg.dev/demo/hello")
    bench.write(data_txt="x")
    second = await bench.build("region-docker.pkg.dev/demo/hello")
    assert (await bench.runtime.resolve("region-docker.pkg.dev/demo/hello:latest")).digest == second.digest


async def test_a_failed_step_is_told_with_its_last_lines_and_leaves_nothing(bench: Bench) -> None:
    bench.write(requirements_txt="./no-such-folder\n")
    with pytest.raises(BuildFailed, match=r"(?s)-r requirements.txt\] failed with exit code 1:.*no-such-folder"):
        await bench.build()
    assert any("no-such-folder" in line for line in bench.lines)
    assert bench.layers() == []
    assert list((bench.state / "images").iterdir()) == []


async def test_a_tool_that_is_not_installed_is_named_with_where_to_get_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    bench.write(package_json=json.dumps(NO_START))
    with pytest.raises(BuildFailed, match="needs npm, which is not on PATH") as refusal:
        await bench.build()
    assert "Node.js" in (refusal.value.hint or "")


async def test_a_dockerfile_alone_needs_docker_and_says_so(bench: Bench) -> None:
    for path in bench.source.iterdir():
        path.unlink()
    bench.write(Dockerfile="FROM scratch\n")
    with pytest.raises(BuildFailed, match="only Docker can build") as refusal:
        await bench.build()
    assert "Start Docker" in (refusal.value.hint or "")


async def test_a_dockerfile_beside_a_known_language_is_left_aside_with_a_note(bench: Bench) -> None:
    bench.write(Dockerfile="FROM scratch\n")
    image = await bench.build()
    assert any("Dockerfile is not followed" in note for note in image.notes)
    assert bench.lines[0] in image.notes


async def test_a_base_image_is_said_not_to_be_used(bench: Bench) -> None:
    image = await bench.runtime.build(bench.source, "x", base_image="python313", env={}, log=bench.lines.append)
    assert any("python313 is not used" in note for note in image.notes)


async def test_another_python_than_asked_for_is_said(bench: Bench) -> None:
    image = await bench.build(GOOGLE_PYTHON_VERSION="2.1")
    assert any("no Python 2.1 here" in note for note in image.notes)


async def test_builds_see_the_users_environment_and_the_build_settings(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/of-the-user")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    bench.write(requirements_txt="no-such-package-anywhere\n")
    with pytest.raises(BuildFailed, match="no-such-package-anywhere") as refusal:
        await bench.build(PIP_VERBOSE="1")
    assert "index" in (refusal.value.hint or "")


async def test_a_cancelled_build_ends_its_step_and_leaves_nothing(bench: Bench, fake_npm: Path) -> None:
    build = asyncio.create_task(bench.build())
    await until(fake_npm.exists)
    step = f"{the_pid_in(fake_npm)}:"
    build.cancel()
    with pytest.raises(asyncio.CancelledError):
        await build
    await until(lambda: not process_table.runs(step))
    assert list((bench.state / "images").iterdir()) == []
    assert bench.layers() == []


async def test_what_a_killed_daemon_was_building_is_ended_and_removed_by_the_next(bench: Bench, fake_npm: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from cloudrun_cli.runtime.process import ProcessRuntime\n"
        "async def main():\n"
        "    runtime = ProcessRuntime('x', state=Path(sys.argv[1])); await runtime.open()\n"
        "    await runtime.build(Path(sys.argv[2]), 'x', base_image='', env={}, log=lambda line: None)\n"
        "asyncio.run(main())"
    )
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(bench.state), str(bench.source), cwd=Path(__file__).parents[2]
    )
    await until(fake_npm.exists)
    step = f"{the_pid_in(fake_npm)}:"
    daemon.kill()
    await asyncio.wait_for(daemon.wait(), DEADLINE)
    assert process_table.runs(step)
    await bench.runtime.close()
    await bench.runtime.open()
    await until(lambda: not process_table.runs(step))
    assert list((bench.state / "images").iterdir()) == []
    assert bench.layers() == []


@pytest.mark.network
async def test_httpbin_from_its_package_index_runs_unmodified(bench: Bench) -> None:
    (bench.source / "main.py").unlink()
    bench.write(requirements_txt="httpbin\ngunicorn\n", Procfile="web: gunicorn -b :$PORT httpbin:app\n")
    instance = await bench.runtime.start(a_spec(await bench.build()))
    assert (await got(instance, "/get?a=b")).json()["args"] == {"a": "b"}
    assert (await got(instance, "/status/418")).status_code == 418
    assert (await bench.runtime.stop(instance)).code == 0


@pytest.mark.network
async def test_a_flask_app_gets_a_server_although_it_does_not_ask_for_one(bench: Bench) -> None:
    (bench.source / "Procfile").unlink()
    text = "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef hi():\n    return 'hi from flask'\n"
    bench.write(main_py=text, requirements_txt="flask\n")
    assert (await got(await bench.runtime.start(a_spec(await bench.build())))).text == "hi from flask"


@pytest.mark.network
async def test_a_program_of_npm_runs_by_its_start_script(bench: Bench) -> None:
    for path in bench.source.iterdir():
        path.unlink()
    package = {
        "name": "site",
        "scripts": {"start": "http-server public -p $PORT"},
        "dependencies": {"http-server": "14"},
    }
    (bench.source / "public").mkdir()
    (bench.source / "public/index.html").write_text("<h1>from npm</h1>")
    bench.write(package_json=json.dumps(package))
    instance = await bench.runtime.start(a_spec(await bench.build()))
    assert (await got(instance)).text == "<h1>from npm</h1>"
    assert (await bench.runtime.stop(instance)).code == 0


async def test_an_express_style_app_without_packages_starts_by_its_main(bench: Bench) -> None:
    for path in bench.source.iterdir():
        path.unlink()
    if shutil.which("npm") is None:
        pytest.skip("needs Node.js")
    server = (
        "require('http').createServer((q, a) => a.end(JSON.stringify({env: process.env}))).listen(process.env.PORT)\n"
    )
    bench.write(package_json='{"name": "x", "version": "1.2.3", "main": "index.js"}', index_js=server)
    env = (await answer(await bench.runtime.start(a_spec(await bench.build()))))["env"]
    assert (env["NODE_ENV"], env["npm_package_version"]) == ("production", "1.2.3")


@pytest.fixture
def fake_npm(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source whose one step, an `npm` of ours, writes its pid into this file and does not end."""
    tools, file = tmp_path / "tools", tmp_path / "npm.pid"
    tools.mkdir()
    (tools / "npm").write_text(f"#!/bin/sh\necho $$ >{file}.new && mv {file}.new {file}\nexec sleep 600\n")
    (tools / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    bench.write(package_json=json.dumps(NO_START))
    return file


def the_pid_in(file: Path) -> int:
    return int(file.read_text())
