"""Whose process is at the other end of a connection. Evidence: ours (Linux's /proc)."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudrun_cli.runtime import process_callers, process_table

pytestmark = pytest.mark.skipif(not process_callers.knows(), reason="this system does not tell")

CALL = """import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(b"!")
sys.stdin.read()
"""
IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CALL!r}, sys.argv[1]])"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(10)
        yield made


@pytest.mark.parametrize("program", [CALL, IN_A_CHILD])
def test_a_connection_is_that_of_the_instance_whose_process_has_it_open(
    listener: socket.socket, tmp_path: Path, program: str
) -> None:
    command = [sys.executable, "-c", program, str(listener.getsockname()[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            connection, peer = listener.accept()
            assert connection.recv(1) == b"!"
            assert process_callers.instance_of(tmp_path, peer) is None
            for name, pid in (("other", os.getpid()), ("mine", process.pid)):
                (tmp_path / name).mkdir()
                (tmp_path / name / "pid").write_text(f"{pid}:{process_table.start_time(pid)}")
            assert process_callers.instance_of(tmp_path, peer) == "mine"
            (tmp_path / "mine" / "pid").write_text(f"{process.pid}:of-another-of-the-same-number")
            assert process_callers.instance_of(tmp_path, peer) is None
            connection.close()
        finally:
            process.kill()


def test_a_connection_that_is_not_there_is_nobodys(tmp_path: Path) -> None:
    assert process_callers.instance_of(tmp_path, ("127.0.0.1", 1)) is None
    assert process_callers.instance_of(tmp_path, ("192.0.2.1", 65535)) is None
