"""What Tab offers, from which sources, and what it may load."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cloudrun_cli.cli import app
from cloudrun_cli.cli.completion import candidates, lines_for
from cloudrun_cli.cli.wide_flags import wide_flags
from cloudrun_cli.configurations import Configurations
from cloudrun_cli.store.database import open_store
from tests.conftest import ROOT, Cloudrun

NEVER = {"typer", "click", "rich", "dataclasses", "inspect", "asyncio", "yaml", "docker", "httpx", "json", "logging"}


def offered(*words: str) -> list[str]:
    *before, current = words
    return [name for name, _ in candidates(before, current)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLOUDRUN_HOME", str(tmp_path))
    for name in ("CLOUDSDK_CORE_PROJECT", "CLOUDSDK_RUN_REGION", "CLOUDSDK_ACTIVE_CONFIG_NAME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def save_names(home: Path, *places: tuple[str, str, str]) -> None:
    """Rows with nothing but names: project, region, service; each service with one revision."""
    store = open_store(str(home))
    with store.transaction():
        for number, (project, region, name) in enumerate(places):
            at = (project, region, name)
            store.write("INSERT INTO services VALUES (?, ?, ?, 1, ?, '', '', '{}')", *at, 20000 + number)
            revision = f"{name}-00001-abc"
            store.write("INSERT INTO revisions VALUES (?, ?, ?, ?, '', '', '{}')", project, region, revision, name)
    store.close()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("conf",), ["config"]),
        (("he",), ["help"]),
        (("beta", "conf"), ["config"]),
        (("config", "configurations", "de"), ["delete", "describe"]),
        (("run", "services", "list", "--so"), ["--sort-by"]),
        (("run", "services", "list", "--verb"), ["--verbosity"]),
        (("run", "services", "list", "--verbosity", "d"), ["debug"]),
        (("run", "services", "list", "--verbosity=d"), ["debug"]),
        (("--verbosity", "d"), ["debug"]),
        (("run", "deploy", "--no-al"), ["--no-allow-unauthenticated"]),
        (("run", "deploy", "--region", "europe-west1"), ["europe-west1", "europe-west10", "europe-west12"]),
        (("config", "set", "run/ru"), ["run/runtime"]),
        (("config", "set", "run/runtime", ""), ["auto", "docker", "process"]),
        (("completion", "install", "f"), ["fish"]),
        (("completion", "install", "fish", ""), ["--access-token-file"]),
        (("run", "nosuch", ""), []),
    ],
)
def test_words_flags_and_choices_are_offered_where_they_may_stand(
    home: Path, words: tuple[str, ...], names: list[str]
) -> None:
    found = offered(*words)
    assert found == names or (names == ["--access-token-file"] and found[0] == names[0])


def test_hidden_commands_are_not_offered(home: Path) -> None:
    assert offered("config", "get") == ["get"]


def test_services_and_revisions_are_those_of_the_project_and_region(home: Path) -> None:
    save_names(home, ("demo", "us-central1", "hello"), ("demo", "us-east1", "help"), ("other", "us-central1", "hero"))
    assert offered("run", "services", "describe", "he") == ["hello"]
    assert offered("run", "services", "describe", "--region=us-east1", "he") == ["help"]
    assert offered("--project", "other", "run", "services", "describe", "he") == ["hero"]
    assert offered("run", "revisions", "describe", "hello-0") == ["hello-00001-abc"]
    assert offered("run", "services", "describe", "hello", "he") == []


SHIFT = ("run", "services", "update-traffic", "hello")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((*SHIFT, "--to-revisions", ""), ["LATEST=", "hello-00001-abc=", "hello-00002-def="]),
        ((*SHIFT, "--to-revisions=hello-00001"), ["hello-00001-abc="]),
        ((*SHIFT, "--to-revisions", "hello-00001-abc=50,hello"), ["hello-00001-abc=50,hello-00002-def="]),
        ((*SHIFT, "--to-revisions", "hello-00001-abc="), []),
        ((*SHIFT, "--to-tags="), ["canary=", "green="]),
        ((*SHIFT, "--to-tags=canary=10,"), ["canary=10,green="]),
        ((*SHIFT, "--update-tags", "canary=hello-00002"), ["canary=hello-00002-def"]),
        ((*SHIFT, "--set-tags=new=L"), ["new=LATEST"]),
        ((*SHIFT, "--remove-tags=canary,"), ["canary,green"]),
        (("beta", *SHIFT, "--to-tags=g"), ["green="]),
        (("run", "services", "update-traffic", "help", "--to-revisions=hel"), ["help-00001-abc=", "help-00002-def="]),
        (("run", "services", "update-traffic", "--to-tags="), ["canary=", "green="]),
        (("run", "services", "update-traffic", "help", "--to-tags="), []),
        (("run", "revisions", "list", "--service", "hel"), ["hello", "help"]),
        (("run", "revisions", "describe", "help-"), ["help-00001-abc", "help-00002-def"]),
        (("run", "deploy", "--service-account=ci"), ["ci@demo.iam.gserviceaccount.com"]),
        (("run", "deploy", "hello", "--set-secrets=KEY=api"), ["KEY=api-key"]),
        (("run", "deploy", "hello", "--update-secrets", "A=x:1,KEY=d"), ["A=x:1,KEY=db-password"]),
        (("secrets", "versions", "add", "db"), ["db-password"]),
        (("secrets", "versions", "access", "latest", "--secret="), ["api-key", "db-password"]),
        (("run", "services", "list", "--impersonate-service-account", "ci"), ["ci@demo.iam.gserviceaccount.com"]),
        (("run", "services", "add-iam-policy-binding", "hello", "--member=all"), ["allUsers", "allAuthenticatedUsers"]),
        (("iam", "service-accounts", "describe", "ci"), ["ci@demo.iam.gserviceaccount.com"]),
        (("iam", "service-accounts", "keys", "list", "--iam-account=c"), ["ci@demo.iam.gserviceaccount.com"]),
        (("alpha", "run", "regions", ""), ["list"]),
    ],
)
def test_values_inside_lists_and_pairs_are_offered_with_what_is_there_already(
    home: Path, words: tuple[str, ...], names: list[str]
) -> None:
    store = open_store(str(home))
    traffic = [{"tag": "canary", "revisionName": "hello-00001-abc"}, {"tag": "green", "latestRevision": True}]
    body = json.dumps({"spec": {"traffic": traffic}})
    with store.transaction():
        account = ("ci@demo.iam.gserviceaccount.com", "1")
        store.write("INSERT INTO service_accounts VALUES (?, 'demo', ?, 0, '{}')", *account)
        for name in ("api-key", "db-password"):
            store.write("INSERT INTO secrets VALUES ('demo', ?, NULL, '{}')", name)
        for number, (name, said) in enumerate((("hello", body), ("help", "{}"))):
            at = ("demo", "us-central1", name)
            store.write("INSERT INTO services VALUES (?, ?, ?, 1, ?, '', '', ?)", *at, 20000 + number, said)
            for revision in (f"{name}-00001-abc", f"{name}-00002-def"):
                store.write(
                    "INSERT INTO revisions VALUES (?, ?, ?, ?, '', '', '{}')", "demo", "us-central1", revision, name
                )
    store.close()
    assert offered(*words) == names


@pytest.mark.parametrize(
    ("shell", "words", "line"),
    [  # bash puts what is offered in the place of what follows the last = or :
        ("bash", (*SHIFT, "--to-revisions", "=", "a", "=", "5,hello-"), "5,hello-00001-abc="),
        ("zsh", (*SHIFT, "--to-revisions=a=5,hello-"), "--to-revisions=a=5,hello-00001-abc="),
        ("fish", (*SHIFT, "--to-revisions", "a=5,hello-"), "a=5,hello-00001-abc="),
        ("bash", (*SHIFT, "--to-revisions", "a", "=", "5,hello-"), "5,hello-00001-abc="),
        ("bash", (*SHIFT, "--update-tags", "=", "t", "="), "hello-00001-abc"),
    ],
)
def test_each_shell_gets_the_part_that_it_replaces(home: Path, shell: str, words: tuple[str, ...], line: str) -> None:
    save_names(home, ("demo", "us-central1", "hello"))
    assert [told.rstrip("\t") for told in lines_for(shell, words) if not told.startswith("LATEST")] == [line]


def test_configurations_are_offered_by_name(home: Path) -> None:
    Configurations(str(home)).create("dev")
    assert offered("config", "configurations", "activate", "") == ["default", "dev"]
    assert offered("config", "list", "--configuration", "de") == ["default", "dev"]


def test_a_folder_is_left_to_the_shell(home: Path) -> None:
    assert candidates(["run", "deploy", "--env-vars-file"], "x") == [(":files", None)]
    assert candidates(["run", "deploy", "--source"], "") == [(":folders", None)]


def test_without_a_store_or_with_a_broken_one_nothing_is_offered_and_nothing_is_made(cloudrun: Cloudrun) -> None:
    answer = cloudrun("__complete", "bash", "run", "services", "describe", "he")
    assert (answer, answer.stderr, answer.exit_code) == ("", "", 0)
    assert not cloudrun.home.exists()
    cloudrun.home.mkdir()
    (cloudrun.home / "state.db").write_text("this is no database")
    answer = cloudrun("__complete", "bash", "run", "services", "describe", "he")
    assert (answer, answer.stderr, answer.exit_code) == ("", "", 0)


@pytest.mark.parametrize(
    ("shell", "words", "line"),
    [
        ("bash", ("config", "list", "--verbosity", "=", "d"), "debug\t"),
        ("zsh", ("config", "list", "--verbosity=d"), "--verbosity=debug\t"),
        ("fish", ("config", "list", "--verbosity=d"), "--verbosity=debug\t"),
    ],
)
def test_a_value_after_an_equals_sign_is_given_as_each_shell_cuts_words(
    cloudrun: Cloudrun, shell: str, words: tuple[str, ...], line: str
) -> None:
    assert cloudrun("__complete", shell, *words).splitlines() == [line]


def test_the_flags_of_every_command_are_known_before_any_command_is() -> None:
    flags = [flag for flag in wide_flags() if isinstance(flag, click.Option)]
    assert {name for flag in flags if not flag.is_flag for name in flag.opts} == set(app.WIDE_VALUES)
    switches = {name for flag in flags if flag.is_flag for name in (*flag.opts, *flag.secondary_opts)}
    assert switches == set(app.WIDE_SWITCHES)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "services", "list", "--re"),
        ("run", "services", "describe", "he"),
        ("run", "services", "update-traffic", "hello", "--to-revisions=hello-0"),
        ("run", "services", "update-traffic", "hello", "--set-tags=new=he"),
    ],
)
def test_a_completion_loads_only_what_it_needs(home: Path, words: tuple[str, ...]) -> None:
    save_names(home, ("demo", "us-central1", "hello"))
    program = (
        "import sys; before = set(sys.modules); from cloudrun_cli.cli.completion import lines_for;"
        f"assert lines_for('zsh', {list(words)!r}); print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert {name.partition(".")[0] for name in loaded}.isdisjoint(NEVER)
    ours = {name for name in loaded if name.startswith("cloudrun_cli.")}
    assert ours <= {
        *("cloudrun_cli.cli", "cloudrun_cli.cli.app", "cloudrun_cli.cli.complaints", "cloudrun_cli.cli.completion"),
        *(
            "cloudrun_cli.cli.help",
            "cloudrun_cli.cli.index",
            "cloudrun_cli.cli.index.run",
            "cloudrun_cli.cli.index.top",
        ),
        *("cloudrun_cli.configurations", "cloudrun_cli.core", "cloudrun_cli.core.errors", "cloudrun_cli.properties"),
        *("cloudrun_cli.settings", "cloudrun_cli.store", "cloudrun_cli.store.names"),
    }
