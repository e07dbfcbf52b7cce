"""The environment variables of a container."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, value
from cloudrun_cli.cli.parsing import DictOf, ListOf
from cloudrun_cli.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

FLAGS = (
    value(
        "--set-env-vars",
        "Environment variables, instead of all there are.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--update-env-vars",
        "Environment variables to add or change.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--remove-env-vars",
        "Environment variables to remove, before others are updated.",
        ListOf(repeatable=True),
        metavar="KEY",
        each=True,
    ),
    clearing("--clear-env-vars", "Remove all environment variables.", each=True),
    value(
        "--env-vars-file",
        "YAML (or .env) file of variables, instead of all there are.",
        metavar="FILE_PATH",
        names="files",
        each=True,
    ),
)
EXCLUSIVE = ("--clear-env-vars", "--env-vars-file", "--set-env-vars", ("--remove-env-vars", "--update-env-vars"))


def _each(values: Values, container: str) -> "list[Change]":
    from cloudrun_cli.core.container_changes import EnvChange
    from cloudrun_cli.core.container_rules import check_env_name

    replacing = values["set_env_vars"]
    if values["env_vars_file"] is not None:
        replacing = read_env_file(values["env_vars_file"])
    update, remove = values["update_env_vars"] or {}, tuple(values["remove_env_vars"] or ())
    for name in {**(replacing or {}), **update}:
        check_env_name(name, "spec.template.spec.containers[0].env")
    if replacing is not None or values["clear_env_vars"]:
        return [EnvChange(replacing or {}, clear=True, container=container)]
    return [EnvChange(update, remove, container=container)] if update or remove else []


def read_env_file(path: str, flag: str = "--env-vars-file") -> dict[str, str]:
    """The variables of a YAML mapping, or of KEY=VALUE lines in a file called `.env` or `*.env`."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise InvalidArgument(f"Unable to read file [{path}]: {error.strerror}.", field=flag) from error
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"Unable to read file [{path}]: it is not UTF-8 text.", field=flag) from error
    if path.endswith(".env"):
        return _dotenv(text, flag)
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise InvalidArgument(
            f"Invalid YAML in [{path}]: {error}", field=flag, hint="It must be a mapping: NAME: 'value'"
        ) from error
    if not isinstance(found, dict):
        raise InvalidArgument(f"Invalid YAML/JSON data in [{path}], expected map-like data.", field=flag)
    for name, text in found.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise InvalidArgument(
                f"[{path}]: Environment variable values must be strings. Found {text!r} of type "
                f"{type(text).__name__} for [{name}].",
                field=flag,
                hint="Put quotes around it.",
            )
    return found


def _dotenv(text: str, flag: str) -> dict[str, str]:
    out = {}
    for place, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip().removeprefix("export ").strip()
        if not line or line.startswith("#"):
            continue
        name, equals, said = line.partition("=")
        if not equals:
            raise InvalidArgument(f"Line {place} is not NAME=VALUE: [{raw}]", field=flag)
        said = said.strip()
        if len(said) > 1 and said[0] == said[-1] and said[0] in "'\"":
            said = said[1:-1]
        out[name.strip()] = said
    return out


FAMILY = Family(FLAGS, (EXCLUSIVE,), each=_each)
