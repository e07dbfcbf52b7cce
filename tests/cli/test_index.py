"""What is derived from the command tree is what the tree says now, and every command has its help."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.cli import app, indexing
from cloudrun_cli.cli.completion import candidates
from cloudrun_cli.settings import Settings
from tests.conftest import ROOT, Cloudrun

COMMANDS: dict[str, Any] = indexing.commands()
KINDS = {
    "",
    "accounts",
    "configurations",
    "files",
    "folders",
    "formats",
    "instances",
    "projects",
    "properties",
    "property_values",
} | {
    *("domain_mappings", "executions", "jobs", "members", "regions", "revisions", "secrets", "service_accounts"),
    *("schedules", "services", "tags", "tasks", "zones"),
}


@pytest.mark.parametrize(
    ("path", "text"), indexing.files().items(), ids=lambda v: v.name if isinstance(v, Path) else ""
)
def test_a_derived_file_is_up_to_date(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: python -m cloudrun_cli.cli.indexing"


def test_no_derived_file_is_left_over() -> None:
    expected = {path for path in indexing.files() if path.parent.name == "index"}
    assert set((ROOT / "cloudrun_cli/cli/index").glob("*.py")) - expected == {
        ROOT / "cloudrun_cli/cli/index/__init__.py"
    }


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_command_has_one_sentence_and_examples_that_call_it(path: str) -> None:
    entry = COMMANDS[path]
    assert entry["help"].endswith((".", "?")), "its docstring begins with a sentence"
    assert entry["examples"], "help is written with the command"
    assert all(f"cloudrun {path}" in example for example in entry["examples"])
    for shown, _, help, *_ in entry["flags"]:
        assert help, f"{shown} has no help line"
    for name, help, *_ in entry["positionals"]:
        assert help, f"{name} has no help line"


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_name_that_is_completed_has_a_source(path: str) -> None:
    kinds = {flag[4] for flag in COMMANDS[path]["flags"]} | {p[2] for p in COMMANDS[path]["positionals"]}
    assert kinds <= KINDS


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_example_is_a_line_that_the_command_understands(path: str) -> None:
    import shlex

    from cloudrun_cli.cli.command import build

    for example in COMMANDS[path]["examples"]:
        call = example[example.index("cloudrun ") :].partition(')"')[0]
        _, found, flags, rest = app.split(shlex.split(call)[1:])
        command = app.find_command(found)
        assert command is not None
        build(command).read([*flags, *rest])


@pytest.mark.parametrize("path", sorted(path for path in app.GROUPS if path))
def test_every_group_is_offered_by_tab(path: str) -> None:
    *before, last = path.split()
    assert last in [name for name, _ in candidates(before, last)]


def test_every_module_named_in_the_tree_exists() -> None:
    for module in [module for module, _ in app.GROUPS.values() if module] + list(app.COMMANDS.values()):
        import_module(module)


def test_the_wide_flags_of_the_dispatcher_are_those_of_every_command() -> None:
    values = {name for flag in indexing.wide() for name in flag[1] if flag[3]}
    switches = {name for flag in indexing.wide() for name in flag[1] if not flag[3]}
    assert (set(app.WIDE_VALUES), set(app.WIDE_SWITCHES)) == (values, switches)


def test_property_flags_override_properties_that_exist() -> None:
    from cloudrun_cli.cli.command import build
    from cloudrun_cli.cli.parsing import Kind

    for path in COMMANDS:
        command = app.find_command(path)
        assert command is not None
        for param in build(command).params:
            if isinstance(param.type, Kind) and param.type.property:
                Settings(environ={"CLOUDRUN_HOME": "/nonexistent"}).resolve(param.type.property)


def test_help_is_the_same_after_before_and_through_help(cloudrun: Cloudrun) -> None:
    shown = cloudrun("run services list --help")
    assert shown.startswith("List the services")
    assert "$ cloudrun run services list" in shown
    assert "  --limit LIMIT " in shown
    assert (shown.exit_code, shown.stderr) == (0, "")
    for line in (
        "--help run services list",
        "help run services list",
        "run services -h list",
    ):
        assert cloudrun(line) == shown
    called = "  cloudrun run services list [flags]"
    assert cloudrun("beta run services list -h") == shown.replace(called, called.replace("cloudrun", "cloudrun beta"))


def test_a_flag_that_has_no_effect_here_says_so_in_its_help(cloudrun: Cloudrun) -> None:
    shown = " ".join(cloudrun("run services update --help").split())
    assert "--gpu-type GPU_TYPE The kind of GPU. Recorded; no effect here: instances get no GPU." in shown


def test_help_of_groups_and_of_everything_tells_what_is_in_them(cloudrun: Cloudrun) -> None:
    assert "\nGroups\n" in cloudrun("run --help")
    assert "  deploy " in cloudrun("run --help")
    assert "  --project PROJECT_ID " in cloudrun("--help")
    assert cloudrun("help") == cloudrun("--help")


def test_help_about_nothing_is_a_misuse_and_a_search_finds_by_words(cloudrun: Cloudrun) -> None:
    unknown = cloudrun("help run deploj")
    assert (unknown.exit_code, unknown.stderr.splitlines()[0]) == (2, "ERROR: (cloudrun.run) Invalid choice: 'deploj'.")
    assert "cloudrun config set " in cloudrun("help -- set property")
    assert cloudrun("help -- zebra").exit_code == 1


def test_help_loads_neither_typer_nor_a_command(cloudrun: Cloudrun) -> None:
    import subprocess
    import sys

    program = (
        "import sys; from cloudrun_cli.cli.app import run; run(['run', 'deploy', '--help']);"
        "assert not {'typer', 'click', 'dataclasses', 'cloudrun_cli.cli.run.deploy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, timeout=60)
