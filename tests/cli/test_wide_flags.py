"""The flags that every command takes. Evidence: documented (gcloud help, gcloud topic flags-file)."""

import json
from pathlib import Path

import pytest

from cloudrun_cli.cli import app
from cloudrun_cli.cli.flags_file import expanded
from cloudrun_cli.cli.indexing import wide
from cloudrun_cli.core.errors import InvalidArgument
from tests.builders import RECORDINGS
from tests.conftest import Cloudrun

SURFACE = RECORDINGS / "gcloud-surface.json"


@pytest.mark.skipif(not SURFACE.exists(), reason=f"THE SURFACE IS NOT COMPARED: {SURFACE.name} is not here")
def test_every_flag_that_gcloud_takes_everywhere_is_taken() -> None:
    ours = {name: hidden for _, names, _, _, _, _, _, hidden in wide() for name in names}
    for flag in json.loads(SURFACE.read_text())["global_flags"]:
        if flag["name"] in (*app.HELP, *app.VERSION):
            continue
        names = [flag["name"], *flag.get("aliases", ())]
        names += [f"--no-{flag['name'][2:]}"] if flag.get("negatable") else []
        assert {ours.get(name) for name in names} == {bool(flag.get("hidden"))}, names


@pytest.mark.parametrize(
    ("line", "unused"),
    [
        ("run services list --billing-project=x --trace-token t", "--billing-project, --trace-token"),
        ("--access-token-file=/nosuch run services list", "--access-token-file"),
        ("beta --universe-domain=u run --trace-token=a services list", "--trace-token, --universe-domain"),
        ("run services list --http-timeout=5 --document=a=b", "--document, --http-timeout"),
    ],
)  # fmt: skip
def test_what_can_mean_nothing_here_is_taken_and_said_once(cloudrun: Cloudrun, line: str, unused: str) -> None:
    answer = cloudrun(line)
    assert answer.exit_code == 0
    assert answer.stderr == f"WARNING: Without effect here: {unused}.\nListed 0 items.\n"
    assert "WARNING" not in cloudrun(f"{line} --verbosity=error").stderr


def test_a_journal_is_told_where_gcloud_logs_its_requests(cloudrun: Cloudrun) -> None:
    nothing = cloudrun("run services list --log-http")
    assert nothing.stderr == "==== no changes; no requests are made here ====\nListed 0 items.\n" or (
        nothing.stderr == "Listed 0 items.\n==== no changes; no requests are made here ====\n"
    )
    assert "====" not in cloudrun("run services list --no-log-http").stderr


def test_a_journal_tells_what_was_changed(cloudrun: Cloudrun) -> None:
    from cloudrun_cli.store import projects, services
    from cloudrun_cli.store.database import open_store
    from tests.builders import NOW, NUMBER, a_service

    store = open_store(str(cloudrun.home))
    with store.transaction():
        projects.ensure(store, "demo", NUMBER, NOW)
        services.insert(store, a_service(), NUMBER)
    store.close()
    told = cloudrun("run services delete hello --quiet --log-http").stderr.splitlines()
    assert told[-2] == "==== changes ===="
    assert " delete " in told[-1]
    assert "demo/us-central1/hello" in told[-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--format: json", ["--format=json"]),
        ("--limit: 2", ["--limit=2"]),
        ("--quiet:", ["--quiet"]),
        ("--uri: true", ["--uri"]),
        ("--cpu-boost: false", ["--no-cpu-boost"]),
        ("--args: [a, -b]", ["--args=a,-b"]),
        ("--args: [a, 'b,c']", ["--args=^|^a|b,c"]),
        ("--args: ['^x', 'b|,']", ["--args=^;^^x;b|,"]),
        ("--args: []", ["--args="]),
        ("--labels: {a: 1, b: true, c: }", ["--labels=a=1,b=true,c="]),
        ("--set-env-vars: {A: 'x,y'}", ["--set-env-vars=^|^A=x,y"]),
        (
            "--add-volume: [{name: a, type: in-memory}, {name: b}]",
            ["--add-volume=name=a,type=in-memory", "--add-volume=name=b"],
        ),
        ("- --image: a\n- --image: b\n  --quiet:", ["--image=a", "--image=b", "--quiet"]),
        ('{"--format": "value(a, b)"}', ["--format=value(a, b)"]),
        ("", []),
    ],
)
def test_a_file_of_flags_stands_where_its_flag_stands(tmp_path: Path, text: str, words: list[str]) -> None:
    file = tmp_path / "flags.yaml"
    file.write_text(text)
    assert expanded(["a", "--flags-file", str(file), "b"]) == ["a", *words, "b"]
    assert expanded([f"--flags-file={file}", "--", f"--flags-file={file}"]) == [*words, "--", f"--flags-file={file}"]


def test_a_file_of_flags_may_name_others_but_not_itself(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"--flags-file: {tmp_path / 'b'}\n--limit: 1")
    (tmp_path / "b").write_text("--quiet:")
    assert expanded(["--flags-file", str(tmp_path / "a")]) == ["--quiet", "--limit=1"]
    (tmp_path / "b").write_text(f"--flags-file: {tmp_path / 'a'}")
    with pytest.raises(InvalidArgument, match="leads back to itself"):
        expanded(["--flags-file", str(tmp_path / "a")])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("limit: 2", "is no flag"),
        ("5: 2", "is no flag"),
        ("just words", "must hold a mapping"),
        ("- a", "must hold a mapping"),
        ("--a: {b: {c: d}}", "is nested too deeply"),
        ("--a: {b", "Error parsing YAML"),
        ("--a: ['|;:@#~%!+', 'b,c']", "leave no character"),
    ],
)
def test_a_file_that_holds_no_flags_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "flags.yaml"
    file.write_text(text)
    with pytest.raises(InvalidArgument, match=problem):
        expanded(["--flags-file", str(file)])


def test_a_file_of_flags_is_read_by_every_command_and_refused_as_a_misuse(cloudrun: Cloudrun, tmp_path: Path) -> None:
    file = tmp_path / "flags.yaml"
    file.write_text("--format: value(locationId)\n--limit: 2\n--sort-by: ~locationId")
    assert cloudrun(f"run regions list --flags-file={file}").split() == ["us-west4", "us-west3"]
    assert cloudrun(f"--flags-file={file} run regions list --limit=1").split() == ["us-west4"]
    file.write_text("--limitt: 2")
    assert (
        "unrecognized arguments: --limitt=2 (did you mean '--limit'?)"
        in cloudrun(f"run regions list --flags-file={file}").stderr
    )
    answer = cloudrun("run regions list --flags-file=/nosuch")
    assert answer.stderr.startswith(
        "ERROR: (cloudrun.run.regions.list) argument --flags-file: Unable to read file [/nosuch]: No such file"
    )
    assert answer.exit_code == 2
