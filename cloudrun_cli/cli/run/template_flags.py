"""The flags that say what a revision runs, and the changes they ask for."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from cloudrun_cli.cli.command import flag, switch
from cloudrun_cli.cli.parsing import DictOf, Duration, Kind, ListOf
from cloudrun_cli.core.errors import InvalidArgument


class OrDefault(Kind):
    """A whole number from `minimum` (to `maximum`), or the word default. None stands for default."""

    name = "integer"

    def __init__(self, minimum: int, maximum: int | None = None) -> None:
        super().__init__()
        self.minimum, self.maximum = minimum, maximum

    def parse(self, text: str) -> str:
        if text == "default":
            return text
        value = int(text) if text.isdecimal() else -1
        if value < self.minimum or (self.maximum is not None and value > self.maximum):
            rule = (
                f"an integer between {self.minimum} and {self.maximum}, inclusive"
                if self.maximum is not None
                else ("a non-negative integer" if self.minimum == 0 else f"an integer of at least {self.minimum}")
            )
            raise InvalidArgument(f'Bad value [{text}]: must be {rule}, or "default".')
        return text


Port = Annotated[str | None, flag("--port", "Container port to send requests to.", OrDefault(1, 65535))]
Command = Annotated[
    Sequence[str] | None,
    flag("--command", "Entry point of the container, instead of the image's.", ListOf(repeatable=True, unique=False)),
]
Args = Annotated[
    Sequence[str] | None,
    flag("--args", "Arguments of the container, instead of the image's.", ListOf(repeatable=True, unique=False)),
]
SetEnv = Annotated[
    Mapping[str, str] | None,
    flag("--set-env-vars", "Environment variables, instead of all there are.", DictOf(repeatable=True)),
]
UpdateEnv = Annotated[
    Mapping[str, str] | None,
    flag("--update-env-vars", "Environment variables to add or change.", DictOf(repeatable=True)),
]
RemoveEnv = Annotated[
    Sequence[str] | None, flag("--remove-env-vars", "Environment variables to remove.", ListOf(repeatable=True))
]
ClearEnv = Annotated[bool, switch("--clear-env-vars", "Remove all environment variables.")]
EnvFile = Annotated[
    str | None,
    flag(
        "--env-vars-file",
        "YAML (or .env) file of variables, instead of all there are.",
        metavar="FILE_PATH",
        names="files",
    ),
]
Cpu = Annotated[str | None, flag("--cpu", "CPUs of an instance: 1, 2, 0.5, 500m.")]
Memory = Annotated[str | None, flag("--memory", "Memory of an instance: 512Mi, 1Gi.")]
Concurrency = Annotated[str | None, flag("--concurrency", "Requests at once for one instance.", OrDefault(1, 1000))]
Timeout = Annotated[timedelta | None, flag("--timeout", "How long a request may take: 300, 5m.", Duration("1s"))]
MinInstances = Annotated[
    str | None, flag("--min-instances", "Instances of the revision that are always kept.", OrDefault(0))
]
MaxInstances = Annotated[str | None, flag("--max-instances", "Most instances of the revision.", OrDefault(1))]
Min = Annotated[str | None, flag("--min", "Instances of the service that are always kept.", OrDefault(0))]
Max = Annotated[str | None, flag("--max", "Most instances of the service.", OrDefault(1))]
Labels = Annotated[Mapping[str, str] | None, flag("--labels", "Labels to add or change.", DictOf(repeatable=True))]
ServiceAccount = Annotated[
    str | None, flag("--service-account", "E-mail address of the account that the revision runs as.")
]

ENV_FLAGS = ("--clear-env-vars", "--env-vars-file", "--set-env-vars", ("--remove-env-vars", "--update-env-vars"))


def changes(values: Mapping[str, Any]) -> list[Any]:
    """The changes that the given flags ask for, by parameter name. Raises InvalidArgument."""
    from cloudrun_cli.core import changes as ask

    out: list[Any] = []
    if values["port"] is not None:
        out.append(ask.PortChange(_number(values["port"])))
    if values["command"] is not None:
        out.append(ask.CommandChange(tuple(values["command"])))
    if values["args"] is not None:
        out.append(ask.ArgsChange(tuple(values["args"])))
    out += _env(values)
    if values["cpu"] or values["memory"]:
        out.append(ask.LimitsChange(values["cpu"], values["memory"]))
    if values["concurrency"] is not None:
        out.append(ask.ConcurrencyChange(_number(values["concurrency"])))
    if values["timeout"] is not None:
        out.append(ask.TimeoutChange(values["timeout"]))
    for least, most, change in (
        ("min_instances", "max_instances", ask.RevisionScalingChange),
        ("min", "max", ask.ServiceScalingChange),
    ):
        if values[least] is not None or values[most] is not None:
            out.append(
                change(
                    _number(values[least]),
                    _number(values[most]),
                    set_min=values[least] is not None,
                    set_max=values[most] is not None,
                )
            )
    if values["labels"]:
        out.append(ask.LabelsChange(values["labels"]))
    if values["service_account"] is not None:
        out.append(ask.ServiceAccountChange(values["service_account"]))
    return out


def _env(values: Mapping[str, Any]) -> list[Any]:
    from cloudrun_cli.core.changes import EnvChange
    from cloudrun_cli.core.validation import check_env_name

    replacing = values["set_env_vars"]
    if values["env_vars_file"] is not None:
        replacing = read_env_file(values["env_vars_file"])
    given = {**(replacing or {}), **(values["update_env_vars"] or {})}
    for name in given:
        check_env_name(name, "spec.template.spec.containers[0].env")
    if replacing is not None or values["clear_env_vars"]:
        return [EnvChange(update=replacing or {}, clear=True)]
    if values["update_env_vars"] or values["remove_env_vars"]:
        return [EnvChange(update=values["update_env_vars"] or {}, remove=tuple(values["remove_env_vars"] or ()))]
    return []


def read_env_file(path: str) -> dict[str, str]:
    """The variables of a YAML mapping, or of KEY=VALUE lines in a file called `.env` or `*.env`."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise InvalidArgument(f"Unable to read file [{path}]: {error.strerror}.", field="--env-vars-file") from error
    if path.endswith(".env"):
        return _dotenv(text)
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise InvalidArgument(
            f"Invalid YAML in [{path}]: {error}", field="--env-vars-file", hint="It must be a mapping: NAME: 'value'"
        ) from error
    if not isinstance(found, dict):
        raise InvalidArgument(f"Invalid YAML/JSON data in [{path}], expected map-like data.", field="--env-vars-file")
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidArgument(
                f"[{path}]: Environment variable values must be strings. Found {value!r} of type "
                f"{type(value).__name__} for [{name}].",
                field="--env-vars-file",
                hint="Put quotes around it.",
            )
    return found


def _dotenv(text: str) -> dict[str, str]:
    out = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip().removeprefix("export ").strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise InvalidArgument(f"Line {number} is not NAME=VALUE: [{raw}]", field="--env-vars-file")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        out[name.strip()] = value
    return out


def _number(text: str | None) -> int | None:
    return None if text in (None, "default") else int(text)
