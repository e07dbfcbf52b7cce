"""Regular expressions that were typed: compiled, or refused as re.error; Python's warnings of its own future are not
the business of whoever typed them."""

import re
import warnings


def compiled(text: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern. Raises re.error, also for a number in it that is too large."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(text, flags)
        except OverflowError as error:
            raise re.error(str(error)) from None
