"""Properties: where they come from, what they may be, and how they are kept."""

import os
import stat
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import platformdirs
import pytest

from cloudrun_cli.configurations import Configurations, format_ini, parse_ini
from cloudrun_cli.core.errors import CloudRunError, FailedPrecondition, InvalidArgument
from cloudrun_cli.properties import KNOWN
from cloudrun_cli.settings import Settings, check, home_folder, property_path


def settings(home: Path, environ: dict[str, str] | None = None, **flags: str) -> Settings:
    named = {path.replace("__", "/"): value for path, value in flags.items()}
    return Settings(flags=named, environ={"CLOUDRUN_HOME": str(home)} | (environ or {}))


def test_a_flag_beats_the_environment_which_beats_the_configuration_which_beats_the_default(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    answers = []
    answers.append(settings(tmp_path).resolve("run/region"))
    settings(tmp_path).configurations.set("run", "region", "europe-west1")
    answers.append(settings(tmp_path).resolve("run/region"))
    environ["CLOUDSDK_RUN_REGION"] = "asia-east1"
    answers.append(settings(tmp_path, environ).resolve("run/region"))
    answers.append(settings(tmp_path, environ, run__region="us-east1").resolve("run/region"))
    assert [(answer.value, answer.source) for answer in answers] == [
        ("us-central1", "default"),
        ("europe-west1", "configuration default"),
        ("asia-east1", "environment CLOUDSDK_RUN_REGION"),
        ("us-east1", "flag"),
    ]


def test_the_ports_have_short_variables_that_win_over_the_long_ones(tmp_path: Path) -> None:
    environ = {"CLOUDRUN_HTTP_PORT": "8000", "CLOUDSDK_EMULATOR_HTTP_PORT": "8001"}
    assert settings(tmp_path, environ).port("emulator/http_port") == 8000


def test_values_come_in_their_own_type(tmp_path: Path) -> None:
    environ = {
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_EMULATOR_IDLE_TIMEOUT": "2m",
        "CLOUDSDK_EMULATOR_TIME_SCALE": "2.5",
    }
    found = settings(tmp_path, environ)
    assert found.boolean("core/disable_prompts") is True
    assert found.duration("emulator/idle_timeout") == timedelta(minutes=2)
    assert found.speed("emulator/time_scale") == 2.5
    assert found.port("emulator/https_port") == 9443
    assert found.count("emulator/max_running_tasks") == 32
    assert found.choice("run/runtime") == "auto"


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("CLOUDSDK_RUN_RUNTIME", "podman", lambda s: s.choice("run/runtime")),
        ("CLOUDRUN_HTTP_PORT", "http", lambda s: s.port("emulator/http_port")),
        ("CLOUDSDK_EMULATOR_IDLE_TIMEOUT", "soon", lambda s: s.duration("emulator/idle_timeout")),
        ("CLOUDSDK_CORE_DISABLE_PROMPTS", "maybe", lambda s: s.boolean("core/disable_prompts")),
    ],
)
def test_a_bad_value_in_the_environment_is_refused_when_it_is_read(
    tmp_path: Path, variable: str, value: str, read: "object"
) -> None:
    assert callable(read)
    with pytest.raises(InvalidArgument, match="Invalid value for property"):
        read(settings(tmp_path, {variable: value}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("run/runtime", "podman"),
        ("emulator/http_port", "0"),
        ("emulator/http_port", "65536"),
        ("emulator/idle_timeout", "0s"),
        ("emulator/idle_timeout", "-1s"),
        ("emulator/max_running_tasks", "0"),
        ("emulator/max_running_tasks", "many"),
        ("emulator/max_running_tasks", "10000"),
        ("emulator/time_scale", "fast"),
        ("emulator/time_scale", "0"),
        ("emulator/time_scale", "nan"),
        ("emulator/time_scale", "1001"),
        ("core/project", ""),
    ],
)
def test_a_value_that_cannot_be_is_refused(path: str, value: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check(KNOWN[path], value)
    assert refused.value.field == path


@pytest.mark.parametrize("path", sorted(path for path in KNOWN if KNOWN[path].default is not None))
def test_every_default_is_a_value_that_may_be(path: str) -> None:
    check(KNOWN[path], KNOWN[path].default or "")
    assert KNOWN[path].help


def test_a_property_without_a_section_is_one_of_core() -> None:
    assert property_path("project") == "core/project"


@pytest.mark.parametrize(
    ("typed", "problem", "hint"),
    [
        ("run/regoin", "Section [run] has no property [regoin].", "Did you mean [run/region]?"),
        ("projct", "Section [core] has no property [projct].", "Did you mean [project]?"),
        ("rum/region", 'Section "rum" does not exist.', "Did you mean [run]?"),
        ("zzz/zzz", 'Section "zzz" does not exist.', None),
    ],
)
def test_an_unknown_property_is_refused_with_the_one_that_was_meant(typed: str, problem: str, hint: str | None) -> None:
    with pytest.raises(InvalidArgument) as refused:
        property_path(typed)
    assert (refused.value.message, refused.value.hint) == (problem, hint)


@pytest.mark.parametrize("environ", [{}, {"XDG_DATA_HOME": "/elsewhere/data"}, {"XDG_DATA_HOME": "not/absolute"}])
def test_the_home_is_where_platformdirs_would_have_it(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if not os.path.isabs(environ.get("XDG_DATA_HOME", "/")):
        monkeypatch.delenv("XDG_DATA_HOME")  # the specification: a relative path is to be ignored
    assert home_folder(environ) == platformdirs.user_data_dir("cloudrun", appauthor=False)


def test_the_configuration_of_a_call_is_chosen_by_flag_then_environment_then_activation(tmp_path: Path) -> None:
    Configurations(str(tmp_path)).create("saved")
    Configurations(str(tmp_path)).activate("saved")
    environ = {"CLOUDRUN_HOME": str(tmp_path)}
    assert Settings(environ=environ).configurations.active == "saved"
    environ["CLOUDSDK_ACTIVE_CONFIG_NAME"] = "fromenv"
    assert Settings(environ=environ).configurations.active == "fromenv"
    assert Settings(environ=environ, configuration="flagged").configurations.active == "flagged"


def test_a_configuration_is_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    Configurations(str(tmp_path)).set("core", "project", "demo")
    file = tmp_path / "configurations" / "config_default"
    assert file.read_text() == "[core]\nproject = demo\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_ini_text_is_read_with_its_comments_continuations_and_colons() -> None:
    text = "# mine\n[core]\nproject = demo\nAccount: a=b\n\n[run]\nregion =\n  us-east1\n; end\n"
    assert parse_ini(text) == {"core": {"project": "demo", "account": "a=b"}, "run": {"region": "\nus-east1"}}


def test_what_is_written_reads_back_the_same() -> None:
    properties = {"core": {"project": "demo"}, "proxy": {"password": "a\nb = c"}, "run": {}}
    assert parse_ini(format_ini(properties)) == {"core": {"project": "demo"}, "proxy": {"password": "a\nb = c"}}


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    names = [f"name{number}" for number in range(40)]
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(_set_one, [str(tmp_path)] * len(names), names))
    assert Configurations(str(tmp_path)).load("default") == {"core": {name: name for name in sorted(names)}}


def _set_one(home: str, name: str) -> None:
    Configurations(home).set("core", name, name)


def test_a_home_that_is_a_file_is_told_plainly(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FailedPrecondition, match="cannot be read: Not a directory"):
        settings(file).resolve("run/region")


def test_nothing_can_be_set_in_the_configuration_of_none(tmp_path: Path) -> None:
    with pytest.raises(CloudRunError, match="cannot be set"):
        Configurations(str(tmp_path), "NONE").set("core", "project", "x")
