"""Where the engine is looked for, and what its absence says. Needs none."""

import hashlib
import json
import socket
import struct
import time
from pathlib import Path

import pytest

from cloudrun_cli.core.errors import EngineUnavailable
from cloudrun_cli.runtime import docker_hold
from cloudrun_cli.runtime.docker import DockerRuntime
from cloudrun_cli.runtime.docker_engine import connect, engine_address, engine_answers
from cloudrun_cli.runtime.docker_sockets import parse
from cloudrun_cli.runtime.docker_stream import moment


def a_context(folder: Path, name: str, url: str) -> None:
    meta = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": url}}}))


def test_docker_host_comes_before_the_context(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"currentContext": "far"}')
    a_context(tmp_path, "far", "tcp://far:2375")
    assert engine_address({"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": "tcp://near:1"}).url == "tcp://near:1"
    assert engine_address({"DOCKER_CONFIG": str(tmp_path)}).url == "tcp://far:2375"


def test_a_context_named_in_the_environment_comes_before_the_configured_one(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"currentContext": "far"}')
    a_context(tmp_path, "far", "tcp://far:2375")
    a_context(tmp_path, "near", "unix:///near.sock")
    found = engine_address({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "near"})
    assert (found.url, found.source) == ("unix:///near.sock", "context [near]")


def test_a_context_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="nowhere"):
        engine_address({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "nowhere"})


def test_certificates_are_used_when_the_environment_asks_for_tls(tmp_path: Path) -> None:
    environ = {"DOCKER_HOST": "tcp://far:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    assert engine_address(environ).certificates == tmp_path
    assert engine_address({"DOCKER_HOST": "tcp://far:2376"}).certificates is None


def test_without_any_setting_it_is_the_usual_socket(tmp_path: Path) -> None:
    found = engine_address({"DOCKER_CONFIG": str(tmp_path)})
    assert found.source == "the default socket"
    assert found.url.endswith(".sock")


async def test_an_engine_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    environ = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with pytest.raises(EngineUnavailable, match=r"none\.sock.*no such file") as refusal:
        await DockerRuntime(str(tmp_path), connect=lambda: connect(environ)).open()
    assert "run/runtime process" in str(refusal.value.hint)
    assert not engine_answers(environ)


def test_an_engine_that_accepts_and_says_nothing_is_given_up_soon(tmp_path: Path) -> None:
    path = tmp_path / "mute.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        begun = time.monotonic()
        assert not engine_answers({"DOCKER_HOST": f"unix://{path}"})
        assert time.monotonic() - begun < 10  # its own limit is 1.5 s; without one this would hang for a minute


def test_listening_sockets_are_read_from_the_kernels_table() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n"
        "   1: 00000000:0050 00000000:0000 0A 00000000:00000000\n"
        "   2: 0100007F:C000 0100007F:1F90 01 00000000:00000000\n"
    )
    assert list(parse(table)) == [("127.0.0.1", 8080), ("0.0.0.0", 80)]


def test_listening_sockets_of_ipv6_are_read_too() -> None:
    table = (
        "  sl  local_address                         remote_address                        st\n"
        "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A\n"
        "   1: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A\n"
    )
    assert list(parse(table)) == [("::1", 8080), ("::", 8081)]


@pytest.mark.parametrize(("architecture", "machine"), [("amd64", 62), ("arm64", 183)])
def test_the_program_of_a_holder_is_a_sound_elf_file(architecture: str, machine: int) -> None:
    content = docker_hold.program(architecture)
    assert content is not None
    kind, found_machine, _, entry = struct.unpack_from("<HHIQ", content, 16)
    assert (content[:4], kind, found_machine) == (b"\x7fELF", 2, machine)
    start, size = struct.unpack_from("<Q", content, 64 + 16)[0], struct.unpack_from("<Q", content, 64 + 32)[0]
    assert start < entry < start + size == start + len(content)
    assert socket.inet_aton(docker_hold.METADATA_ADDRESS) in content


def test_there_is_no_program_for_an_unknown_architecture() -> None:
    assert docker_hold.program("s390x") is None


@pytest.mark.parametrize(
    ("stamp", "microsecond"), [("2026-01-02T03:04:05.123456789Z", 123456), ("2026-01-02T03:04:05Z", 0)]
)
def test_the_engines_times_are_read_to_the_microsecond(stamp: str, microsecond: int) -> None:
    assert moment(stamp).microsecond == microsecond
