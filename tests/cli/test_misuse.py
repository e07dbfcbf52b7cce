"""What is said when a command line cannot be understood. Evidence: recorded from gcloud, its name replaced."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Cloudrun

LIST_USAGE = """\
Usage: cloudrun run services list [optional flags]
  optional flags may be  --filter | --help | --limit | --page-size | --region |
                         --sort-by | --uri

For detailed information on this command and its flags, run:
  cloudrun run services list --help
"""
SEARCH = """
To search the help text of cloudrun commands, run:
  cloudrun help -- SEARCH_TERMS
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run services list --limit", "argument --limit: expected one argument"),
        ("run services list --limit --format=json", "argument --limit: expected one argument"),
        ("run services list --limit=abc", "argument --limit: Value must be an integer; received: abc"),
        ("run services list --limit=0", "argument --limit: Value must be greater than or equal to 1; received: 0"),
        ("run services list --uri=yes", "argument --uri: ignored explicit argument 'yes'"),
    ],
)
def test_a_bad_value_names_its_flag_and_is_followed_by_the_usage(cloudrun: Cloudrun, line: str, message: str) -> None:
    answer = cloudrun(line)
    assert answer.stderr == f"ERROR: (cloudrun.run.services.list) {message}\n{LIST_USAGE}"
    assert (answer.exit_code, answer) == (2, "")


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        (
            "run deploy hello --image=x --memoryy=1Gi",
            "run.deploy",
            "unrecognized arguments: --memoryy=1Gi (did you mean '--memory'?) \n",
        ),
        (
            "run services list --formt=json",
            "run.services.list",
            "unrecognized arguments: --formt=json (did you mean '--format'?) \n",
        ),
        ("run services list foo", "run.services.list", "unrecognized arguments: foo \n"),
        (
            "run services list --no-quiet",
            "run.services.list",
            "unrecognized arguments: --no-quiet (did you mean '--quiet'?) \n",
        ),
        ("--zork run services list", "", "unrecognized arguments: --zork \n"),
        ("run --region=us-central1 services list", "run", "unrecognized arguments: --region=us-central1 \n"),
    ],
)
def test_what_nothing_takes_is_reported_with_the_flag_that_was_meant(
    cloudrun: Cloudrun, line: str, path: str, message: str
) -> None:
    answer = cloudrun(line)
    assert answer.stderr == f"ERROR: ({'.'.join(['cloudrun', *path.split()])}) {message}{SEARCH}"
    assert answer.exit_code == 2


def test_several_unknown_arguments_are_reported_together(cloudrun: Cloudrun) -> None:
    assert cloudrun("run services list foo bar --zork --frmat=json").stderr == (
        "ERROR: (cloudrun.run.services.list) unrecognized arguments:\n  foo\n  bar\n  --zork\n"
        "  --frmat=json (did you mean '--format'?)\n"
        "  To search the help text of cloudrun commands, run:\n  cloudrun help -- SEARCH_TERMS\n"
    )


def test_an_unknown_command_is_answered_with_those_there_are(cloudrun: Cloudrun) -> None:
    answer = cloudrun("run servces list")
    first, second, *rest = answer.stderr.splitlines()
    assert (first, second) == ("ERROR: (cloudrun.run) Invalid choice: 'servces'.", "Maybe you meant:")
    assert {"  cloudrun run deploy", "  cloudrun run revisions", "  cloudrun run services"} <= set(rest)
    assert answer.stderr.endswith(SEARCH)
    assert answer.exit_code == 2


def test_an_unknown_first_word_is_answered_with_its_neighbours_or_the_usage(cloudrun: Cloudrun) -> None:
    assert "Maybe you meant:\n  cloudrun config\n" in cloudrun("confg set").stderr
    assert "Usage: cloudrun [optional flags] <group | command>\n  group may be " in cloudrun("foo").stderr


def test_a_missing_positional_is_named_as_the_resource_it_stands_for(cloudrun: Cloudrun) -> None:
    answer = cloudrun("run services describe")
    assert answer.stderr.splitlines()[0] == (
        "ERROR: (cloudrun.run.services.describe) argument (SERVICE : --namespace=NAMESPACE): Must be specified."
    )
    assert answer.exit_code == 2


def test_all_missing_positionals_are_named_together(cloudrun: Cloudrun) -> None:
    assert cloudrun("config set").stderr == (
        "ERROR: (cloudrun.config.set) argument SECTION/PROPERTY VALUE: Must be specified.\n"
        "Usage: cloudrun config set SECTION/PROPERTY VALUE [optional flags]\n  optional flags may be  --help\n\n"
        "For detailed information on this command and its flags, run:\n  cloudrun config set --help\n"
    )


def test_a_missing_required_flag_is_named_and_stands_in_the_usage(cloudrun: Cloudrun) -> None:
    assert cloudrun("config configurations rename x").stderr.splitlines()[:2] == [
        "ERROR: (cloudrun.config.configurations.rename) argument --new-name: Must be specified.",
        "Usage: cloudrun config configurations rename CONFIGURATION_NAME --new-name=NEW_NAME [optional flags]",
    ]


def test_flags_that_exclude_each_other_are_refused_by_the_first_of_their_group(cloudrun: Cloudrun) -> None:
    answer = cloudrun("run deploy mem --set-env-vars=A=1 --clear-env-vars --image=x")
    assert answer.stderr.splitlines()[0] == (
        "ERROR: (cloudrun.run.deploy) argument --clear-env-vars: At most one of --clear-env-vars | --env-vars-file | "
        "--set-env-vars | --remove-env-vars --update-env-vars can be specified."
    )
    assert answer.exit_code == 2


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        (
            "--timeout=xyz",
            "argument --timeout: Failed to parse duration: Duration unit 'xyz' must be preceded by a number",
        ),
        (
            "--set-env-vars=FOO",
            "argument --set-env-vars: Bad syntax for dict arg: [FOO]. Please see `gcloud topic flags-file` or "
            "`gcloud topic escaping` for information on providing list or dictionary flag values with special "
            "characters.",
        ),
        (
            "--port=99999",
            'argument --port: Bad value [99999]: must be an integer between 1 and 65535, inclusive, or "default".',
        ),
    ],
)
def test_bad_values_of_deploy_are_refused_before_anything_happens(cloudrun: Cloudrun, flag: str, message: str) -> None:
    answer = cloudrun("run", "deploy", "mem", "--image=x", flag)
    assert answer.stderr.splitlines()[0] == f"ERROR: (cloudrun.run.deploy) {message}"
    assert answer.exit_code == 2


def test_the_same_key_in_two_uses_of_a_flag_is_refused(cloudrun: Cloudrun) -> None:
    answer = cloudrun("run deploy x --set-env-vars=A=1 --set-env-vars=A=2 --image=x")
    assert answer.stderr.splitlines()[0] == (
        'ERROR: (cloudrun.run.deploy) argument --set-env-vars: "A" cannot be specified multiple times; received: 1, 2'
    )


def test_a_value_outside_the_choices_is_answered_with_the_choices_alone(cloudrun: Cloudrun) -> None:
    assert cloudrun("run services list --verbosity=foo").stderr == (
        "ERROR: (cloudrun.run.services.list) argument --verbosity: Invalid choice: 'foo'.\n\n"
        "Valid choices are [critical, debug, error, info, none, warning].\n"
    )


def test_a_group_alone_lists_what_is_in_it(cloudrun: Cloudrun) -> None:
    answer = cloudrun("config")
    assert answer.stderr.startswith(
        "ERROR: (cloudrun.config) Command name argument expected.\n\nAvailable groups for cloudrun config:\n\n"
        "      configurations          Manage the set of named configurations.\n"
    )
    assert (answer.exit_code, answer) == (2, "")


def test_called_as_gcloud_it_calls_itself_gcloud(cloudrun: Cloudrun, tmp_path: Path) -> None:
    script = tmp_path / "gcloud"
    script.write_text("from cloudrun_cli.__main__ import main\nmain()\n")
    done = subprocess.run(
        [sys.executable, str(script), "config", "get", "nosuch"],
        capture_output=True,
        text=True,
        env=cloudrun.environ,
        check=False,
    )
    assert done.stderr == "ERROR: (gcloud.config.get) Section [core] has no property [nosuch].\n"


@pytest.mark.parametrize(
    "words", ["storage ls", "services enable run.googleapis.com", "run worker-pools list", "beta run compose"]
)
def test_what_gcloud_has_and_is_not_here_is_said_to_be_so(cloudrun: Cloudrun, words: str) -> None:
    told = cloudrun(words)
    assert (told, told.exit_code) == ("", 2)
    name = words.removeprefix("beta ")
    name = " ".join(name.split()[:2]) if name.startswith("run") else name.split()[0]
    assert f"gcloud's `{name}` is not built here; nothing was done." in told.stderr


def test_the_nearest_command_comes_first(cloudrun: Cloudrun) -> None:
    lines = cloudrun("run deploi").stderr.splitlines()
    assert lines[1:3] == ["Maybe you meant:", "  cloudrun run deploy"]
