"""Questions and their answers. The shapes follow gcloud's; evidence: ours."""

import io

import pytest

from cloudrun_cli.output.errors import PromptError
from cloudrun_cli.output.prompts import ask_choice, ask_text, ask_yes


@pytest.mark.parametrize(
    ("typed", "default", "answer"),
    [
        ("y\n", False, True),
        ("YES\n", False, True),
        ("n\n", True, False),
        ("\n", True, True),
        ("\n", False, False),
        ("maybe\nno\n", True, False),
    ],
)
def test_a_yes_or_no_is_understood(typed: str, default: bool, answer: bool) -> None:
    assert ask_yes("Sure.", default, quiet=False, err=io.StringIO(), stdin=io.StringIO(typed)) is answer


def test_the_question_has_gclouds_shape() -> None:
    err = io.StringIO()
    ask_yes("Service [a] will be deleted.", quiet=False, err=err, stdin=io.StringIO("x\ny\n"))
    assert err.getvalue() == (
        "Service [a] will be deleted.\n\nDo you want to continue (Y/n)?  Please enter 'y' or 'n':  \n"
    )
    err = io.StringIO()
    ask_yes("", False, quiet=False, err=err, stdin=io.StringIO("\n"), prompt="Allow all to [a]")
    assert err.getvalue() == "Allow all to [a] (y/N)?  \n"


def test_with_prompts_off_the_default_is_taken_in_silence() -> None:
    err = io.StringIO()
    assert ask_yes("Sure.", quiet=True, err=err, stdin=io.StringIO()) is True
    assert ask_text("Name", "api", quiet=True, err=err, stdin=io.StringIO()) == "api"
    assert ask_choice("Region:", ["a", "b"], quiet=True, err=err, stdin=io.StringIO()) is None
    assert err.getvalue() == ""
    with pytest.raises(PromptError):
        ask_text("Name", quiet=True, err=err, stdin=io.StringIO())


def test_a_question_that_nobody_can_answer_is_an_error() -> None:
    with pytest.raises(PromptError, match="--quiet"):
        ask_yes("Sure.", quiet=False, err=io.StringIO(), stdin=io.StringIO())


def test_a_text_has_a_default_or_is_asked_for_again() -> None:
    err = io.StringIO()
    assert ask_text("Service name", "src", quiet=False, err=err, stdin=io.StringIO("\n")) == "src"
    assert err.getvalue() == "Service name (src):  "
    assert ask_text("Service name:", quiet=False, err=err, stdin=io.StringIO("\napi\n")) == "api"


@pytest.mark.parametrize(
    ("typed", "place"), [("1\n", 0), ("2\n", 1), ("b\n", 1), ("3\n", None), ("cancel\n", None), ("9\n\na\n", 0)]
)
def test_an_option_is_chosen_by_number_or_text(typed: str, place: int | None) -> None:
    assert ask_choice("Region:", ["a", "b"], quiet=False, err=io.StringIO(), stdin=io.StringIO(typed)) == place


def test_options_are_listed_with_a_way_out() -> None:
    err = io.StringIO()
    ask_choice("Please specify a region:", ["a", "b"], 0, quiet=False, err=err, stdin=io.StringIO("\n"))
    assert err.getvalue().startswith("Please specify a region:\n [1] a\n [2] b\n [3] cancel\nPlease enter numeric")
