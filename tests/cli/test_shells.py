"""Completion in the real bash, zsh and fish: installed by our command, then typed into a terminal."""

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudrun_cli.cli.shells import SHELLS
from cloudrun_cli.store.database import open_store
from tests.conftest import ROOT, Cloudrun

PROMPT = "ready> "
# Completes like the real one; called with anything else, it keeps the words it was called with.
PROGRAM = """#!{python}
import os, sys
if sys.argv[1:2] == ["__complete"]:
    from cloudrun_cli.__main__ import main
    main()
with open("{called}.new", "w") as file:
    file.write("\\n".join(sys.argv[1:]))
os.replace("{called}.new", "{called}")
"""
LIMIT_SECONDS = 30.0
SHIFT = "run services update-traffic hello"


class Terminal:
    """A shell on a terminal of its own; `type` sends keys, `read_until` waits for what they bring."""

    def __init__(self, shell: str, user: Path, environ: dict[str, str]) -> None:
        self._ours, theirs = os.openpty()
        self._seen = ""
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", shell, "-i"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=user,
            env=environ,
        )
        os.close(theirs)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def read_until(self, wanted: str) -> str:
        """Everything since the last call, up to and with what is wanted."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while wanted not in self._seen:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{wanted!r} did not come; seen: {self._seen!r}"
            self._seen += os.read(self._ours, 65536).decode(errors="replace")
        before, _, self._seen = self._seen.partition(wanted)
        return before + wanted

    def close(self) -> None:
        self._process.kill()
        self._process.wait(LIMIT_SECONDS)
        os.close(self._ours)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if shutil.which(name) is None or shutil.which("setsid") is None:
        pytest.skip(f"NO {name.upper()} HERE: its completion is NOT tested")
    return name


@pytest.fixture
def user(cloudrun: Cloudrun, tmp_path: Path) -> dict[str, str]:
    """The environment of a person with an empty home folder, `cloudrun` on the path, and a service called hello."""
    folder = tmp_path / "user"
    programs = folder / "bin"
    programs.mkdir(parents=True)
    program = programs / "cloudrun"
    program.write_text(PROGRAM.format(python=sys.executable, called=folder / "called"))
    program.chmod(0o755)
    store = open_store(str(cloudrun.home))
    with store.transaction():
        body = '{"spec": {"traffic": [{"tag": "canary", "revisionName": "hello-00001-abc"}]}}'
        store.write("INSERT INTO services VALUES ('demo', 'us-central1', 'hello', 1, 20000, '', '', ?)", body)
        for revision in ("hello-00001-abc", "hello-00002-def"):
            at = ("demo", "us-central1", revision, "hello")
            store.write("INSERT INTO revisions VALUES (?, ?, ?, ?, '', '', '{}')", *at)
    store.close()
    environ = {name: value for name, value in cloudrun.environ.items() if not name.startswith("XDG_")}
    return environ | {
        "HOME": str(folder),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TERM": "dumb",
        "PS1": PROMPT,
        "HISTFILE": "/dev/null",
    }


@pytest.fixture
def terminal(cloudrun: Cloudrun, shell: str, user: dict[str, str]) -> Iterator[Terminal]:
    home = Path(user["HOME"])
    if shell == "bash":
        (home / ".bashrc").write_text(f"PS1='{PROMPT}'\nbind 'set enable-bracketed-paste off'\n")
    elif shell == "zsh":
        (home / ".zshrc").write_text(f"PS1='{PROMPT}'\nunsetopt zle_bracketed_paste prompt_cr prompt_sp 2>/dev/null\n")
    else:
        (home / ".config" / "fish").mkdir(parents=True)
        (home / ".config" / "fish" / "config.fish").write_text(
            f"function fish_prompt; echo -n '{PROMPT}'; end\nfunction fish_right_prompt; end\nset fish_greeting\n"
        )
    installed = cloudrun("completion", "install", shell, env=user)
    assert installed.exit_code == 0, installed.stderr
    opened = Terminal(shell, home, user | ({"TERM": "xterm"} if shell != "bash" else {}))
    try:
        opened.read_until(PROMPT)
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("begun", "completed"),
    [
        ("conf", "config"),
        ("run services desc", "run services describe"),
        ("run services list --reg", "run services list --region"),
        ("run services describe he", "run services describe hello"),
        ("run services list --region=africa", "run services list --region=africa-south1"),
        ("run services list --region africa", "run services list --region africa-south1"),
        ("config set run/runt", "config set run/runtime"),
        ("run services list --verbosity=crit", "run services list --verbosity=critical"),
        ("run deploy --source=sour", "run deploy --source=source-of-mine"),
        ("run revisions describe hello-00002", "run revisions describe hello-00002-def"),
        (f"{SHIFT} --to-revisions=hello-00001", f"{SHIFT} --to-revisions=hello-00001-abc="),
        (
            f"{SHIFT} --to-revisions=hello-00001-abc=5,hello-0",
            f"{SHIFT} --to-revisions=hello-00001-abc=5,hello-00002-def=",
        ),
        (f"{SHIFT} --to-tags ca", f"{SHIFT} --to-tags canary="),
        (f"{SHIFT} --update-tags=new=hello-00002", f"{SHIFT} --update-tags=new=hello-00002-def"),
        (f"{SHIFT} --remove-tags can", f"{SHIFT} --remove-tags canary"),
        ("beta run services delete he", "beta run services delete hello"),
    ],
)
def test_tab_completes_what_was_begun(terminal: Terminal, user: dict[str, str], begun: str, completed: str) -> None:
    (Path(user["HOME"]) / "source-of-mine").mkdir()
    terminal.type(f"cloudrun {begun}\t")
    terminal.type("\r")
    assert _words_called(Path(user["HOME"]) / "called") == completed


@pytest.mark.parametrize("shell", ["bash"])
def test_tab_completes_the_alias_of_gcloud(terminal: Terminal, user: dict[str, str]) -> None:
    terminal.type("alias gcloud=cloudrun; . ~/.bashrc\r")
    terminal.read_until(PROMPT)
    terminal.type("gcloud run services desc\the\t\r")
    assert _words_called(Path(user["HOME"]) / "called") == "run services describe hello"


def _words_called(called: Path) -> str:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not called.exists():
        assert time.monotonic() < deadline, "the line was not run"
        time.sleep(0.02)
    return " ".join(called.read_text().splitlines()).rstrip("/")  # zsh takes its own slash away again


def test_an_install_tells_what_it_did_and_doing_it_again_changes_nothing(
    cloudrun: Cloudrun, shell: str, user: dict[str, str]
) -> None:
    first = cloudrun("completion", "install", shell, env=user)
    before = _files(Path(user["HOME"]))
    second = cloudrun("completion", "install", shell, env=user)
    assert _files(Path(user["HOME"])) == before
    assert first.stderr.startswith("Wrote [")
    assert (first, second.exit_code) == ("", 0)
    if shell != "fish":
        assert "Added a line to [" in first.stderr
        assert "reads it already." in second.stderr


def _files(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file() and "bin" not in path.parts}


def test_the_shell_in_use_is_found_by_itself(cloudrun: Cloudrun, user: dict[str, str]) -> None:
    answer = cloudrun("completion install", env=user | {"SHELL": "/usr/bin/fish"})
    assert "fish" in answer.stderr
    unknown = cloudrun("completion install", env=user | {"SHELL": "/bin/tcsh"})
    assert unknown.stderr.splitlines()[-1] == "Name it: cloudrun completion install bash|zsh|fish"


@pytest.mark.parametrize("name", SHELLS)
def test_show_prints_the_script(cloudrun: Cloudrun, name: str) -> None:
    assert cloudrun(f"completion show {name}") == (ROOT / "completions" / f"cloudrun.{name}").read_text()
