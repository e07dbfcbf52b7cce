"""How a command is run: what it returns, how it fails, how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest

from cloudrun_cli.cli.command import Group, declared, execute, flag, positional, switch
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.parsing import DictOf, Duration, Integer, ListOf
from cloudrun_cli.core.errors import NotFound
from tests.conftest import Cloudrun

group = Group("testing")


@group.command("echo", format="json")
def echo(
    word: Annotated[str, positional("WORD", "A word.")],
    more: Annotated[list[str] | None, positional("MORE", "More words.")] = None,
    pairs: Annotated[dict[str, str] | None, flag("--pairs", "Pairs.", DictOf(repeatable=True))] = None,
    items: Annotated[list[str] | None, flag("--items", "Items.", ListOf())] = None,
    count: Annotated[int, flag("--count", "A number.", Integer(1))] = 7,
    wait: Annotated[Any, flag("--wait", "A time.", Duration())] = None,
    region: Annotated[str | None, flag("--region", "A region.", property="run/region")] = None,
    asynchronous: Annotated[bool, switch("--async", "Do not wait.")] = False,
    open: Annotated[bool | None, switch("--open", "Open or not.")] = None,
    no_traffic: Annotated[bool, switch("--no-traffic", "None.", negatable=False)] = False,
) -> dict[str, Any]:
    """Say what was understood."""
    seen = {"word": word, "more": more, "pairs": pairs, "items": items, "count": count, "async": asynchronous}
    return seen | {"open": open, "no_traffic": no_traffic, "region": context().region, "wait": str(wait)}


@group.command("list", format="table(name, size)", uri=lambda row: f"http://{row['name']}")
def list_() -> list[dict[str, Any]]:
    """List three rows."""
    return [{"name": name, "size": size} for name, size in (("b", 2), ("a", 1), ("c", 3))]


@group.command("fail")
def fail() -> None:
    """Fail in the way that is known."""
    raise NotFound("Cannot find it.", hint="Look again.")


@group.command("break")
def break_() -> None:
    """Fail in a way that is a bug."""
    raise ZeroDivisionError("one by nothing")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLOUDRUN_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("CLOUDSDK_")]:
        monkeypatch.delenv(name)
    return tmp_path


def run(line: str) -> int:
    words = line.split()
    command = declared(f"testing {words[0]}")
    assert command is not None
    return execute(command, words[1:], f"testing {words[0]}")


def understood(capsys: pytest.CaptureFixture[str], line: str) -> dict[str, Any]:
    import json

    assert run(f"echo {line}") == 0
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("w", "more", None),
        ("w x y", "more", ["x", "y"]),
        ("--pairs=A=1 w --pairs B=2", "pairs", {"A": "1", "B": "2"}),
        ("w", "pairs", None),
        ("w --pairs=", "pairs", {}),
        ("w --items=a,b --items=c", "items", ["c"]),
        ("w --items=", "items", []),
        ("w --items=-x", "items", ["-x"]),
        ("w", "count", 7),
        ("w --count=1 --count 3", "count", 3),
        ("w --wait=90", "wait", "0:01:30"),
        ("w --async", "async", True),
        ("w --async --no-async", "async", False),
        ("w", "open", None),
        ("w --no-open", "open", False),
        ("w --no-traffic", "no_traffic", True),
        ("w", "region", "us-central1"),
        ("w --region=us-east1", "region", "us-east1"),
        ("-- --word", "word", "--word"),
        ("-", "word", "-"),
        ("-1", "word", "-1"),
    ],
)
def test_arguments_arrive_as_they_were_meant(
    capsys: pytest.CaptureFixture[str], line: str, name: str, value: Any
) -> None:
    assert understood(capsys, line)[name] == value


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("list", "NAME  SIZE\nb     2\na     1\nc     3\n"),
        ("list --sort-by=name --limit=2", "NAME  SIZE\na     1\nb     2\n"),
        ("list --filter=size>1 --format=value(name)", "b\nc\n"),
        ("list --uri", "http://b\nhttp://a\nhttp://c\n"),
        ("list --no-user-output-enabled", ""),
    ],
)
def test_a_list_is_filtered_ordered_cut_and_printed(capsys: pytest.CaptureFixture[str], line: str, shown: str) -> None:
    assert run(line) == 0
    assert capsys.readouterr().out == shown


def test_a_known_failure_is_one_line_and_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fail") == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "ERROR: (cloudrun.testing.fail) Cannot find it.\nLook again.\n")


def test_a_bug_is_one_honest_line_and_a_traceback_in_the_home(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert run("break") == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "ERROR: (cloudrun.testing.break) This is a bug in cloudrun: ZeroDivisionError: one by nothing"
    assert second == f"The traceback is in {home}/crash.log."
    assert 'raise ZeroDivisionError("one by nothing")' in (home / "crash.log").read_text()


def test_a_bug_shows_its_traceback_at_once_when_asked_to(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert run("break --verbosity=debug") == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err
    assert not (home / "crash.log").exists()


@pytest.mark.parametrize("line", ["--version", "-v", "version", "beta version"])
def test_the_version_is_told_whichever_way_it_is_asked_for(cloudrun: Cloudrun, line: str) -> None:
    from cloudrun_cli import __version__

    assert f"Cloud Run CLI {__version__}" in cloudrun(line)


def test_a_reader_that_leaves_early_is_no_error(cloudrun: Cloudrun) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "cloudrun_cli", "config", "list", "--all"]
    done = subprocess.run(
        words, stdout=writer, stderr=subprocess.PIPE, env=cloudrun.environ, timeout=60, check=False, text=True
    )
    os.close(writer)
    assert done.stderr == "\nYour active configuration is: [default]\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device here is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_cannot_be_written_is_an_error(cloudrun: Cloudrun, unbuffered: str) -> None:
    words = [sys.executable, "-m", "cloudrun_cli", "config", "get", "project"]
    environ = cloudrun.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, env=environ, timeout=60, check=False, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("ERROR: ")
    assert done.stderr.endswith("No space left on device.\n")


def test_without_an_open_output_the_story_is_still_told(cloudrun: Cloudrun) -> None:
    line = f'"{sys.executable}" -m cloudrun_cli config list >&-'
    done = subprocess.run(
        ["sh", "-c", line], stderr=subprocess.PIPE, env=cloudrun.environ, timeout=60, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "\nYour active configuration is: [default]\n")


def test_ctrl_c_is_told_and_ends_by_the_signal(cloudrun: Cloudrun) -> None:
    """Evidence: gcloud kills itself with SIGINT, so that a shell sees exit code 130."""
    waiting = subprocess.Popen(
        [sys.executable, "-m", "cloudrun_cli", "config", "configurations", "delete", "x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=cloudrun.environ,
    )
    assert waiting.stderr is not None
    _read_until(waiting.stderr.fileno(), b"(Y/n)?")
    waiting.send_signal(signal.SIGINT)
    _, told = waiting.communicate(timeout=30)
    assert waiting.returncode == -signal.SIGINT
    assert told.decode().endswith("\n\nCommand killed by keyboard interrupt\n")


def _read_until(descriptor: int, wanted: bytes, *, seconds: float = 30) -> None:
    import select

    seen, deadline = b"", time.monotonic() + seconds
    while wanted not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"{wanted!r} did not come; seen: {seen!r}"
        piece = os.read(descriptor, 4096)
        assert piece, f"it ended before {wanted!r}; seen: {seen!r}"
        seen += piece


def test_flags_for_all_commands_may_stand_before_the_words(cloudrun: Cloudrun) -> None:
    before: Sequence[str] = ("--format=json", "--project=p", "config", "--quiet", "get", "project")
    assert cloudrun(*before) == '"p"\n'
