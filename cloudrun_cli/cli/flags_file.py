"""--flags-file: flags and their values from a YAML or JSON file, in the place where the flag stands.

    --memory: 1Gi                    --memory=1Gi
    --allow-unauthenticated:         --allow-unauthenticated
    --cpu-boost: false               --no-cpu-boost
    --args: [a, "b,c"]               --args=^|^a|b,c
    --set-env-vars: {A: 1, B: 2}     --set-env-vars=A=1,B=2

The file is such a mapping or a list of them, which may give a flag more than once, and may name further files.
Source: gcloud topic flags-file.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from cloudrun_cli.cli.wide_flags import FLAGS_FILE
from cloudrun_cli.core.errors import InvalidArgument

DELIMITERS = ("|", ";", ":", "@", "#", "~", "%", "!", "+")


def expanded(words: Sequence[str]) -> list[str]:
    """The words with those of the files in the place of each --flags-file. Raises InvalidArgument."""
    return list(_expanded(words, ()))


def _expanded(words: Sequence[str], reading: tuple[str, ...]) -> Iterator[str]:
    waiting = list(reversed(words))
    while waiting:
        word = waiting.pop()
        if word == "--":
            yield from (word, *reversed(waiting))
            return
        name, equals, path = word.partition("=")
        if name != FLAGS_FILE:
            yield word
            continue
        if not equals:
            if not waiting:
                raise InvalidArgument("expected one argument")
            path = waiting.pop()
        if path in reading:
            raise InvalidArgument(f"The file [{path}] leads back to itself.")
        yield from _expanded(_words_of(path), (*reading, path))


def _words_of(path: str) -> list[str]:
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            said = yaml.safe_load(file)
    except OSError as error:
        raise InvalidArgument(f"Unable to read file [{path}]: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"Unable to read file [{path}]: it is not UTF-8 text") from error
    except yaml.YAMLError as error:
        raise InvalidArgument(f"Error parsing YAML in [{path}]: {' '.join(str(error).split())}") from error
    mappings = said if isinstance(said, list) else [said or {}]
    words: list[str] = []
    for mapping in mappings:
        if not isinstance(mapping, dict):
            raise InvalidArgument(f"[{path}] must hold a mapping of flags to values, or a list of such mappings.")
        for name, value in mapping.items():
            words += _flag(path, name, value)
    return words


def _flag(path: str, name: Any, value: Any) -> list[str]:
    if not isinstance(name, str) or not name.startswith("--") or "=" in name:
        raise InvalidArgument(f"[{path}]: [{name}] is no flag; a flag begins with -- and has its value after a colon.")
    if value is None or value is True:
        return [name]
    if value is False:
        return [name if name.startswith("--no-") else f"--no-{name[2:]}"]
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return [word for item in value for word in _flag(path, name, item)]  # one use of the flag for each
    if isinstance(value, dict):
        value = [f"{key}={_scalar(path, name, item)}" for key, item in value.items()]
    if isinstance(value, list):
        return [f"{name}={_joined(path, name, [_scalar(path, name, item) for item in value])}"]
    return [f"{name}={_scalar(path, name, value)}"]


def _scalar(path: str, name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise InvalidArgument(f"[{path}]: the value of [{name}] is nested too deeply.")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _joined(path: str, name: str, items: list[str]) -> str:
    """The items as a list flag takes them, between another delimiter where one has a comma."""
    if not any("," in item or item.startswith("^") for item in items):
        return ",".join(items)
    free = next((mark for mark in DELIMITERS if not any(mark in item for item in items)), None)
    if free is None:
        raise InvalidArgument(f"[{path}]: the items of [{name}] leave no character to put between them.")
    return f"^{free}^{free.join(items)}"
