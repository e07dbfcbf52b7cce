"""Questions: asked on the error stream in gcloud's words and shape, answered on standard input.

With prompts off (`quiet`) the default is the answer and nothing is shown. An input that has ended answers nothing;
gcloud refuses so where it is not a terminal, we do so there too. Source: gcloud --quiet.
"""

from collections.abc import Sequence
from typing import TextIO

from cloudrun_cli.output.errors import PromptError

YES = ("y", "yes")
NO = ("n", "no")
CONTINUE = "Do you want to continue"
NOBODY = (
    "This question cannot be answered, because nobody is at the terminal. "
    "Run the command again with --quiet to take the default answers."
)


def ask_yes(
    question: str, default: bool = True, *, quiet: bool, err: TextIO, stdin: TextIO, prompt: str = CONTINUE
) -> bool:
    """Whether the answer is yes. `question` stands above the prompt; with an empty one the prompt stands alone.
    Raises PromptError when the input has ended."""
    if quiet:
        return default
    if question:
        err.write(f"{question}\n\n")
    answer = _answer(f"{prompt} ({'Y/n' if default else 'y/N'})?  ", err, stdin)
    while answer not in ("", *YES, *NO):
        answer = _answer("Please enter 'y' or 'n':  ", err, stdin)
    err.write("\n")
    return default if answer == "" else answer in YES


def ask_text(question: str, default: str | None = None, *, quiet: bool, err: TextIO, stdin: TextIO) -> str:
    """The text that was typed, or the default for an empty line. Raises PromptError when the input has ended, or
    when prompts are off and there is no default."""
    if quiet:
        if default is None:
            raise PromptError(NOBODY)
        return default
    shown = f"{question.rstrip(':')} ({default}):  " if default is not None else f"{question.rstrip(':')}:  "
    answer = _line(shown, err, stdin)
    while not answer and default is None:
        answer = _line(shown, err, stdin)
    return answer or default or ""


def ask_choice(
    question: str, options: Sequence[str], default: int | None = None, *, quiet: bool, err: TextIO, stdin: TextIO
) -> int | None:
    """The position of the chosen option, from 0; None for cancelled. An option may be named by its number or its
    text. Raises PromptError when the input has ended."""
    if quiet:
        return default
    err.write(f"{question}\n")
    cancel = len(options)
    err.writelines(f" [{place}] {option}\n" for place, option in enumerate([*options, "cancel"], start=1))
    prompt = "Please enter numeric choice or text value (must exactly match list item):  "
    while True:
        answer = _line(prompt, err, stdin)
        if not answer and default is not None:
            return default
        names = [str(number) for number in range(1, cancel + 2)]
        for spellings in (names, [*options, "cancel"]):
            if answer in spellings:
                err.write("\n")
                place = spellings.index(answer)
                return None if place == cancel else place
        prompt = f"Please enter a value between 1 and {cancel + 1}, or a value present in the list:  "


def _answer(prompt: str, err: TextIO, stdin: TextIO) -> str:
    return _line(prompt, err, stdin).lower()


def _line(prompt: str, err: TextIO, stdin: TextIO) -> str:
    err.write(prompt)
    err.flush()
    try:
        line = stdin.readline()
    except UnicodeDecodeError:  # keys that are no text are no answer either
        line = "?"
    if not line:
        err.write("\n")
        raise PromptError(NOBODY)
    return line.strip()
