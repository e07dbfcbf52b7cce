"""`cloudrun config`: properties and configurations. Evidence: recorded from gcloud, unless a name says ours."""

import pytest

from tests.conftest import Cloudrun

NOBODY_SET = "\nYour active configuration is: [default]\n"


@pytest.fixture(autouse=True)
def no_gcloud_settings(cloudrun: Cloudrun) -> None:
    assert not [name for name in cloudrun.environ if name.startswith("CLOUDSDK_")]


def test_a_property_that_is_set_is_listed_and_got_until_it_is_unset(cloudrun: Cloudrun) -> None:
    assert cloudrun("config set run/region europe-west1").stderr == "Updated property [run/region].\n"
    assert cloudrun("config list") == "[run]\nregion = europe-west1\n"
    assert cloudrun("config list").stderr == NOBODY_SET
    assert cloudrun("config get run/region") == "europe-west1\n"
    assert cloudrun("config get-value run/region") == "europe-west1\n"
    assert cloudrun("config unset run/region").stderr == "Unset property [run/region].\n"
    assert cloudrun("config list") == ""


def test_a_flag_and_the_environment_win_over_what_is_set(cloudrun: Cloudrun) -> None:
    cloudrun("config set project saved")
    env = {"CLOUDSDK_CORE_PROJECT": "fromenv"}
    assert cloudrun("config get project", env=env) == "fromenv\n"
    assert cloudrun("config get project --project=flagged", env=env) == "flagged\n"
    assert cloudrun("--project flagged config get project") == "flagged\n"
    assert cloudrun("config --project=flagged get project") == "flagged\n"
    warned = cloudrun("config set project other", env=env).stderr
    assert warned == (
        "WARNING: Property [core/project] is overridden by environment setting [CLOUDSDK_CORE_PROJECT=fromenv]\n"
        "Updated property [core/project].\n"
    )


def test_a_property_that_has_no_value_is_told_on_stderr(cloudrun: Cloudrun) -> None:
    answer = cloudrun("config get compute/zone")
    assert (answer, answer.stderr, answer.exit_code) == ("", "(unset)\n", 0)


def test_ours_a_first_run_has_a_project_and_a_region(cloudrun: Cloudrun) -> None:
    assert cloudrun("config get project") == "demo\n"
    assert cloudrun("config get run/region") == "us-central1\n"
    assert "[run]\ncluster (unset)\n" in cloudrun("config list --all")


def test_a_list_can_be_one_property_one_section_or_another_format(cloudrun: Cloudrun) -> None:
    cloudrun("config set project p")
    cloudrun("config set run/region r")
    assert cloudrun("config list project") == "[core]\nproject = p\n"
    assert cloudrun("config list run/") == "[run]\nregion = r\n"
    shown = cloudrun("config", "list", "--format=value(core.project)")
    assert (shown, shown.stderr) == ("p\n", "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("config get run/regoin", "(cloudrun.config.get) Section [run] has no property [regoin]."),
        ("config list nosuch/", '(cloudrun.config.list) Section "nosuch" does not exist.'),
        ("config set foo/bar/baz x", '(cloudrun.config.set) Section "foo" does not exist.'),
        ("config unset foo", "(cloudrun.config.unset) Section [core] has no property [foo]."),
        (
            "config set disable_prompts maybe",
            "(cloudrun.config.set) Invalid value for property [core/disable_prompts]: The [disable_prompts] value "
            "[maybe] is not valid. Possible values: [true, 1, on, yes, y, false, 0, off, no, n, '', none].",
        ),
    ],
)
def test_what_cannot_be_is_an_error(cloudrun: Cloudrun, line: str, message: str) -> None:
    answer = cloudrun(line)
    assert answer.stderr.splitlines()[0] == f"ERROR: {message}"
    assert (answer.exit_code, answer) == (1, "")


def test_a_configuration_lives_from_create_to_delete(cloudrun: Cloudrun) -> None:
    group = "config configurations"
    cloudrun("config set project one")
    assert cloudrun(f"{group} create dev").stderr == "Created [dev].\nActivated [dev].\n"
    cloudrun("config set account a@example.com")
    assert cloudrun(f"{group} list") == (
        "NAME     IS_ACTIVE  ACCOUNT        PROJECT  COMPUTE_DEFAULT_ZONE  COMPUTE_DEFAULT_REGION\n"
        "default  False                     one\n"
        "dev      True       a@example.com\n"
    )
    assert cloudrun(f"{group} describe dev") == (
        "is_active: true\nname: dev\nproperties:\n  core:\n    account: a@example.com\n"
    )
    assert cloudrun("config get project --configuration=default") == "one\n"
    assert cloudrun(f"{group} activate default").stderr == "Activated [default].\n"
    assert cloudrun(f"{group} rename dev --new-name=test").stderr == "Renamed [dev] to be [test].\n"
    assert cloudrun(f"{group} delete test --quiet").stderr == (
        "The following configurations will be deleted:\n - test\nDeleted [test].\n"
    )
    assert cloudrun("config", "configurations", "list", "--format=value(name)") == "default\n"


def test_a_configuration_that_is_not_activated_tells_how_to(cloudrun: Cloudrun) -> None:
    assert cloudrun("config configurations create dev --no-activate").stderr == (
        "Created [dev].\nTo use this configuration, activate it by running:\n"
        "  $ cloudrun config configurations activate dev\n\n\n"
    )
    assert cloudrun("config configurations list --filter=is_active=true --format=value(name)") == "default\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("create default", "Cannot create configuration [default], it already exists."),
        ("create Bad_Name", "Invalid name [Bad_Name] for a configuration.  Except for special cases (NONE), "),
        ("activate nosuch", "Cannot activate configuration [nosuch], it does not exist."),
        ("describe nosuch", "The configuration [nosuch] does not exist."),
        ("rename nosuch --new-name=x", "Cannot rename configuration [nosuch], it does not exist."),
        ("rename default --new-name=x", "Cannot rename configuration [default], it is the currently active "),
        ("delete nosuch --quiet", "Cannot delete configuration [nosuch], it does not exist."),
        ("delete default --quiet", "Deleting named configuration failed because configuration [default] is set as "),
    ],
)
def test_what_cannot_be_done_to_a_configuration_is_an_error(cloudrun: Cloudrun, line: str, message: str) -> None:
    answer = cloudrun(f"config configurations {line}")
    command = line.split()[0]
    assert f"ERROR: (cloudrun.config.configurations.{command}) {message}" in answer.stderr
    assert answer.exit_code == 1


def test_a_delete_that_is_not_wanted_after_all_deletes_nothing(cloudrun: Cloudrun) -> None:
    cloudrun("config configurations create dev --no-activate")
    answer = cloudrun("config configurations delete dev", stdin="n\n")
    assert answer.stderr.endswith("ERROR: (cloudrun.config.configurations.delete) Aborted by user.\n")
    assert answer.exit_code == 1
    assert cloudrun("config", "configurations", "list", "--format=value(name)") == "default\ndev\n"
