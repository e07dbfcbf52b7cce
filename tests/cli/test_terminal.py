"""Questions, colours, widths and characters, on a real terminal and without one. Evidence: documented (gcloud --quiet,
no-color.org, bixense.com/clicolors); the shapes of the questions are gcloud's."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from cloudrun_cli.core.resources import Condition, ServiceStatus, Status
from cloudrun_cli.store import projects, services
from cloudrun_cli.store.database import open_for_reading, open_store
from tests.builders import NOW, NUMBER, a_ref, a_service
from tests.cli.terminals import on_a_terminal
from tests.conftest import Cloudrun

GREEN_CHECK = "\x1b[32m✔\x1b[39;0m"
ASCII = {"PYTHONIOENCODING": "ascii"}
NO_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
QUESTION = "Service [hello] will be deleted.\n\nDo you want to continue (Y/n)?  "
NOBODY = "ERROR: (cloudrun.run.services.delete) This question cannot be answered, because nobody is at the terminal. "


@pytest.fixture
def home(cloudrun: Cloudrun) -> Cloudrun:
    """A home with one service, ready, called hello."""
    ready = ServiceStatus(conditions=(Condition("Ready", Status.TRUE, NOW),))
    store = open_store(str(cloudrun.home))
    with store.transaction():
        projects.ensure(store, "demo", NUMBER, NOW)
        services.insert(store, a_service(status=ready, labels={"team": "Füße"}), NUMBER)
    store.close()
    return cloudrun


def is_there(home: Cloudrun) -> bool:
    store = open_for_reading(str(home.home))
    assert store is not None
    try:
        return services.get(store, a_ref()) is not None
    finally:
        store.close()


@pytest.mark.parametrize(
    ("keys", "told", "code", "left"),
    [
        ("n\n", "Aborted by user.", 1, True),
        ("no\n", "Aborted by user.", 1, True),
        ("maybe\nn\n", "Please enter 'y' or 'n':  ", 1, True),
        ("\x04", "Run the command again with --quiet", 1, True),
        ("y\n", "Deleted service [hello].", 0, False),
        ("\n", "Deleted service [hello].", 0, False),
    ],
)
def test_a_deletion_is_confirmed_on_a_terminal(home: Cloudrun, keys: str, told: str, code: int, left: bool) -> None:
    seen = on_a_terminal(home, "run services delete hello", keys)
    assert seen.text.startswith(QUESTION)
    assert told in seen.text
    assert (seen.exit_code, is_there(home)) == (code, left)


@pytest.mark.parametrize(
    ("stdin", "env", "told", "code", "left"),
    [
        ("", {}, NOBODY, 1, True),
        ("n\n", {}, "ERROR: (cloudrun.run.services.delete) Aborted by user.", 1, True),
        ("maybe\n", {}, NOBODY, 1, True),
        ("y\n", {}, "Deleted service [hello].", 0, False),
        ("\n", {}, "Deleted service [hello].", 0, False),
        ("", {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}, "Deleted service [hello].", 0, False),
    ],
)
def test_without_a_terminal_the_answer_is_piped_in_or_the_question_refused(
    home: Cloudrun, stdin: str, env: Mapping[str, str], told: str, code: int, left: bool
) -> None:
    answer = home("run services delete hello", stdin=stdin, env=env)
    assert told in answer.stderr
    assert (answer, answer.exit_code, is_there(home)) == ("", code, left)


def test_quiet_asks_nothing_even_on_a_terminal(home: Cloudrun) -> None:
    seen = on_a_terminal(home, "run services delete hello --quiet")
    assert seen.text == "Deleting [hello]...\ndone.\nDeleted service [hello].\n"
    assert not is_there(home)


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("run deploy fresh", "Source code location ("),
        ("run deploy --image=img", "Service name"),
        ("run deploy fresh --image=img", "Please specify a region; an empty line takes us-central1:"),
        ("run deploy fresh --image=img --region=us-east1", "Allow unauthenticated invocations to [fresh] (y/N)?  "),
    ],
)
def test_what_a_deployment_lacks_is_asked_for_on_a_terminal_and_nowhere_else(
    home: Cloudrun, line: str, question: str
) -> None:
    seen = on_a_terminal(home, line, "\x04", waits_for="?  " if question.endswith("?  ") else ":  ")
    assert question in seen.text
    assert seen.exit_code == 1
    assert "nobody is at the terminal" in seen.text
    assert question not in on_a_terminal(home, f"{line} --quiet --dry-run-of-nothing").text


@pytest.mark.parametrize(
    ("keys", "region"), [("\n\x04", "us-central1"), ("us-east1\n\x04", "us-east1"), ("1\n\x04", "africa-south1")]
)
def test_the_region_of_a_new_service_is_chosen_by_number_by_name_or_by_an_empty_line(
    home: Cloudrun, keys: str, region: str
) -> None:
    seen = on_a_terminal(home, "run deploy fresh --image=img", keys, waits_for="list item):  ")
    assert f"To make this the default region, run: cloudrun config set run/region {region}" in seen.text


@pytest.mark.parametrize("env", [{"CLOUDSDK_RUN_REGION": "us-east1"}, {}])
def test_the_region_is_not_asked_for_where_one_was_chosen_or_the_service_is_there(
    home: Cloudrun, env: Mapping[str, str]
) -> None:
    name = "fresh" if env else "hello"
    keys, waits_for = ("\x04", "?  ") if env else ("", "")
    assert (
        "specify a region"
        not in on_a_terminal(home, f"run deploy {name} --image=img --dry-run", keys, waits_for=waits_for, env=env).text
    )


def test_no_question_is_asked_of_a_terminal_that_does_not_show_it(home: Cloudrun) -> None:
    """Both its input and its error stream must be one, as gcloud has it."""
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cloudrun_cli", "run", "deploy", "fresh"],
            stdin=theirs,
            capture_output=True,
            text=True,
            env=home.environ,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Source code location" not in done.stderr
    assert "Missing required argument [--image]" in done.stderr


@pytest.mark.parametrize(
    ("env", "colored"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"CLICOLOR": "0"}, False),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": ""}, False),
    ],
)
def test_a_table_has_colours_where_they_are_wanted(home: Cloudrun, env: Mapping[str, str], colored: bool) -> None:
    seen = on_a_terminal(home, "run services list", env=env)
    assert (GREEN_CHECK in seen.text) is colored
    assert "✔" in seen.text
    assert ("\x1b" in on_a_terminal(home, "run services list --help", env=env).text) is colored


def test_a_pipe_has_colours_only_by_force(home: Cloudrun) -> None:
    assert "\x1b" not in home("run services list", env={"NO_COLOR": ""})
    assert GREEN_CHECK in home("run services list", env={"NO_COLOR": "", "CLICOLOR_FORCE": "1"})
    assert "\x1b" not in home("run services list --format=json", env={"NO_COLOR": "", "CLICOLOR_FORCE": "1"})


@pytest.mark.parametrize(
    ("env", "columns", "longest"),
    [({}, 40, 40), ({}, 60, 60), ({"COLUMNS": "50"}, 100, 50), ({"COLUMNS": "x"}, 40, 40)],
)
def test_a_wrapped_column_fits_the_terminal(home: Cloudrun, env: Mapping[str, str], columns: int, longest: int) -> None:
    line = "run services list --format=table(metadata.name,status.url:wrap,spec.template.spec.containers.image:wrap)"
    shown = on_a_terminal(home, line, env=env, columns=columns).text.splitlines()
    assert len(shown) > 2
    assert max(map(len, shown)) <= longest
    assert "".join(part[7:].split("  ")[0].strip() for part in shown[1:]).startswith("http://hello-")


def test_where_nobody_says_how_wide_eighty_columns_are_taken(home: Cloudrun) -> None:
    line = "run services list --format=table(status.url:wrap,metadata.selfLink:wrap)"
    environ = {name: value for name, value in home.environ.items() if name != "COLUMNS"}
    home.environ = environ
    assert 70 <= max(map(len, home(line).splitlines())) <= 80
    assert max(map(len, home(line, env={"COLUMNS": "60"}).splitlines())) <= 60


def test_a_very_wide_value_is_printed_whole(home: Cloudrun) -> None:
    line = "run services list --format=table(metadata.name,metadata.uid.sub(e,eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee))"
    assert max(map(len, on_a_terminal(home, line, columns=40).text.splitlines())) > 100


def test_what_an_encoding_has_not_is_written_as_something_like_it(home: Cloudrun) -> None:
    table = home("run services list", env=ASCII)
    assert table.isascii()
    assert table.splitlines()[1].startswith("+  hello    us-central1")
    boxed = home("run services list --format=table[box](metadata.name,metadata.generation)", env=ASCII)
    assert boxed.splitlines() == [
        "+-------+------------+",
        "|  NAME | GENERATION |",
        "+-------+------------+",
        "| hello | 1          |",
        "+-------+------------+",
    ]
    team = [sys.executable, "-m", "cloudrun_cli", *["run", "services", "list", "--format=value(metadata.labels.team)"]]
    latin = subprocess.run(team, env=home.environ | {"PYTHONIOENCODING": "latin-1"}, stdout=subprocess.PIPE, check=True)
    assert latin.stdout == "Füße\n".encode("latin-1")
    assert home("run services list --format=value(metadata.labels.team)", env=ASCII) == "F??e\n"
    assert home("run deploy --help", env=ASCII).exit_code == 0


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_a_document_says_all_there_is_in_any_encoding(home: Cloudrun, format: str) -> None:
    import yaml

    answer = home(f"run services describe hello --format={format}", env=ASCII)
    assert answer.isascii()
    assert (json.loads if format == "json" else yaml.safe_load)(answer)["metadata"]["labels"]["team"] == "Füße"


@pytest.mark.parametrize(
    ("locale", "word", "told"),
    [
        ({}, b"--description=\xff", "is not text in utf-8."),
        ({}, b"--set-env-vars=A=\xff", "is not text in utf-8."),
        (
            NO_UTF8,
            "--description=é".encode(),
            "is not text in ascii.\nSet a locale that knows it, such as LC_ALL=C.UTF-8.",
        ),
    ],
)
def test_a_word_that_is_no_text_is_refused_by_name(
    home: Cloudrun, locale: Mapping[str, str], word: bytes, told: str
) -> None:
    """Nothing could keep it, or show it in another locale."""
    command = [sys.executable, "-m", "cloudrun_cli", "run", "services", "update", "hello"]
    environ = home.environ | dict(locale)
    done = subprocess.run([*command, word], capture_output=True, env=environ, timeout=60, check=False)
    assert (done.stdout, done.returncode) == (b"", 2)
    assert done.stderr.decode().startswith(f"ERROR: (cloudrun) The argument [{word[:10].decode()}")
    assert told in done.stderr.decode()


def test_a_reader_that_has_seen_enough_is_no_failure(home: Cloudrun) -> None:
    program = f"{sys.executable} -m cloudrun_cli run services list --format=json"
    done = subprocess.run(
        ["bash", "-c", f"{program} | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        env=home.environ,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_an_answer_that_cannot_be_written_is_one(home: Cloudrun) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cloudrun_cli", "run", "services", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=home.environ,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
