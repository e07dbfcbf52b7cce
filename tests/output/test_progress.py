"""How a change is told: plain lines, and the same story on a terminal. The recorded plain forms are compared in
test_recorded.py; what is here is ours."""

import contextlib
import io

import pytest

from cloudrun_cli.output.progress import OneStep, StagedProgress

STAGES = [("build", "Building Container"), ("ready", "Creating Revision"), ("route", "Routing traffic")]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It does."""
        return True


def test_a_build_log_is_told_while_its_stage_runs() -> None:
    stream = io.StringIO()
    with StagedProgress("Deploying", STAGES, stream=stream, interactive=False) as progress:
        progress.start("build")
        progress.detail("Step 1/2")
        assert stream.getvalue().endswith("Building Container...\nStep 1/2\n")
        progress.detail("Step 2/2")
        progress.done("build")
    assert stream.getvalue() == (
        "Deploying...\nBuilding Container...\nStep 1/2\nStep 2/2\nBuilding Container...done\nDone.\n"
    )


def test_stages_that_run_at_once_end_on_lines_of_their_own() -> None:
    stream = io.StringIO()
    with StagedProgress("Deploying", STAGES, stream=stream, interactive=False) as progress:
        progress.start("ready")
        progress.start("route")
        progress.done("route")
        progress.done("ready")
        progress.done("ready")
        progress.start("ready")
    assert stream.getvalue() == (
        "Deploying...\nCreating Revision...\nRouting traffic...done\nCreating Revision...done\nDone.\n"
    )


@pytest.mark.parametrize(("error", "word"), [(ValueError, "failed"), (KeyboardInterrupt, "aborted by ctrl-c")])
def test_an_exception_ends_the_stage_that_runs(error: type[BaseException], word: str) -> None:
    stream = io.StringIO()
    progress = StagedProgress("Deploying", STAGES, stream=stream, interactive=False)
    with contextlib.suppress(error), progress:
        progress.start("ready")
        raise error
    assert stream.getvalue() == f"Deploying...\nCreating Revision...{word}\nDeployment failed\n"


def test_finishing_twice_says_it_once() -> None:
    stream = io.StringIO()
    with StagedProgress("Deploying", STAGES, stream=stream, interactive=False) as progress:
        progress.finish()
    assert stream.getvalue() == "Deploying...\nDone.\n"


def test_a_terminal_sees_every_stage_that_ran_and_the_log() -> None:
    stream = Terminal()
    with StagedProgress("Deploying", STAGES, stream=stream, interactive=True) as progress:
        progress.start("build")
        progress.message("build", "pulling")
        progress.detail("Step 1/2")
        progress.done("build")
        progress.fail("ready")
    text = stream.getvalue()
    for part in (
        "Deploying...",
        "Building Container...",
        "pulling",
        "Step 1/2",
        "Creating Revision...",
        "Deployment failed",
    ):
        assert part in text
    assert "Routing traffic" not in text


def test_commands_in_the_last_word_are_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "cloudrun run jobs executions logs tail nightly-k7x2p --region=europe-west1"
    stream = Terminal()
    with (
        contextlib.suppress(KeyboardInterrupt),
        StagedProgress("Creating", STAGES, stream=stream, interactive=True) as progress,
    ):
        progress.start("build")
        progress.end_with(f"It goes on without you; follow it: {command}")
        raise KeyboardInterrupt
    assert f"follow it: {command}\n" in stream.getvalue()


def test_a_step_on_a_terminal_ends_on_its_own_line() -> None:
    stream = Terminal()
    with OneStep("Deleting [x]", stream=stream, interactive=True):
        pass
    assert stream.getvalue() == "Deleting [x]...done.\n"


def test_a_step_that_is_interrupted_says_so() -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), OneStep("Deleting [x]", stream=stream):
        raise KeyboardInterrupt
    assert stream.getvalue() == "Deleting [x]...\naborted by ctrl-c.\n"


def test_one_who_leaves_has_the_last_word_instead_of_a_failure() -> None:
    stream = io.StringIO()
    with (
        contextlib.suppress(KeyboardInterrupt),
        StagedProgress("Creating", STAGES, stream=stream, interactive=False) as progress,
    ):
        progress.start(STAGES[0][0])
        progress.end_with("It goes on without you.")
        raise KeyboardInterrupt
    assert stream.getvalue() == f"Creating...\n{STAGES[0][1]}...aborted by ctrl-c\nIt goes on without you.\n"
