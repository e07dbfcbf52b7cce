"""What can be wrong with an output expression, or with asking a question.

    OutputError
    ├── FormatError        --format: unknown name, missing projection, malformed expression
    │   └── TransformError     a transform that is unknown, refused its arguments, or was told to fail
    ├── FilterError        --filter: malformed expression
    └── PromptError        a question that nobody can answer

The command layer prints the message after its own prefix and exits with 1.
"""


class OutputError(Exception):
    """A failure of this room; `message` is the text that follows gcloud's `ERROR: (gcloud.x) `."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FormatError(OutputError):
    """A --format expression that cannot be read or printed."""


class TransformError(FormatError):
    """A transform that does not exist, cannot take its arguments, or is `error()` itself."""


class FilterError(OutputError):
    """A --filter expression that cannot be read."""


class PromptError(OutputError):
    """A question with nobody there to answer it."""
