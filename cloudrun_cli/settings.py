"""Properties in gcloud's order: flag, environment, active configuration, default; each answer knows its source.

Loaded by every completion, so it imports next to nothing. Read in `cli/context.py` and `daemon/main.py`, and passed on
as values from there.
"""

import os
import sys

from cloudrun_cli.configurations import Configurations
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.properties import FALSE, KNOWN, SECTIONS, SPEEDS, TRUE, Property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

HOME_VARIABLE = "CLOUDRUN_HOME"
# Names of our own, read before CLOUDSDK_EMULATOR_….
SHORT_VARIABLES = {"emulator/http_port": "CLOUDRUN_HTTP_PORT", "emulator/https_port": "CLOUDRUN_HTTPS_PORT"}


class Setting:
    """A value and where it comes from: `flag --project`, `environment CLOUDSDK_…`, `configuration NAME`, `default`."""

    __slots__ = ("source", "value")

    def __init__(self, value: str | None, source: str) -> None:
        self.value = value
        self.source = source


class Settings:
    """The properties in force for one call, in one home."""

    def __init__(
        self,
        *,
        flags: "Mapping[str, str] | None" = None,
        configuration: str | None = None,
        environ: "Mapping[str, str] | None" = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._flags = flags or {}
        self.home = home_folder(self._environ)
        chosen = configuration or self._environ.get("CLOUDSDK_ACTIVE_CONFIG_NAME")
        self.configurations = Configurations(self.home, chosen)
        self._file: dict[str, dict[str, str]] | None = None

    def resolve(self, path: str) -> Setting:
        """The value of a property and its source. Raises KeyError on a property that is not known."""
        known = KNOWN[path]
        if path in self._flags:
            return Setting(self._flags[path], "flag")
        for variable in variables(path):
            if variable in self._environ:
                return Setting(self._environ[variable], f"environment {variable}")
        section, _, name = path.partition("/")
        if self._file is None:
            self._file = self.configurations.load(self.configurations.active)
        value = self._file.get(section, {}).get(name)
        if value is not None:
            return Setting(value, f"configuration {self.configurations.active}")
        return Setting(known.default, "default")

    def text(self, path: str) -> str:
        """The value of a property that has a default; an empty one counts as none."""
        return self.resolve(path).value or KNOWN[path].default or ""

    def boolean(self, path: str) -> bool:
        """The value of a yes-or-no property. Raises InvalidArgument when it is neither."""
        value = self.text(path)
        check(KNOWN[path], value)
        return value.lower() in TRUE

    def port(self, path: str) -> int:
        """The value of a property that is a port. Raises InvalidArgument."""
        value = self.text(path)
        check(KNOWN[path], value)
        return int(value)

    def count(self, path: str) -> int:
        """The value of a property that is a number of things. Raises InvalidArgument."""
        value = self.text(path)
        check(KNOWN[path], value)
        return int(value)

    def optional_port(self, path: str) -> int | None:
        """The value of a property that is a port or not set. Raises InvalidArgument."""
        return self.port(path) if self.text(path) else None

    def choice(self, path: str) -> str:
        """The value of a property with a closed set of values. Raises InvalidArgument."""
        value = self.text(path)
        check(KNOWN[path], value)
        return value

    def duration(self, path: str) -> "timedelta":
        """The value of a property that is a length of time. Raises InvalidArgument."""
        from cloudrun_cli.durations import parse_duration

        value = self.text(path)
        check(KNOWN[path], value)
        return parse_duration(value)

    def speed(self, path: str) -> float:
        """The value of a property that is a factor of time. Raises InvalidArgument."""
        value = self.text(path)
        check(KNOWN[path], value)
        return float(value)


def variables(path: str) -> tuple[str, ...]:
    """The environment variables that set a property, the first one winning."""
    general = "CLOUDSDK_" + path.replace("/", "_").replace("-", "_").upper()
    return (SHORT_VARIABLES[path], general) if path in SHORT_VARIABLES else (general,)


def property_path(text: str) -> str:
    """`section/property` for what was typed, where `project` means `core/project`. Raises InvalidArgument."""
    section, slash, name = text.partition("/") if "/" in text else ("core", "/", text)
    path = f"{section}{slash}{name}"
    if path in KNOWN:
        return path
    if section not in SECTIONS:
        raise InvalidArgument(f'Section "{section}" does not exist.', hint=_near(section, sorted(SECTIONS)))
    near = [known for known in KNOWN if known.startswith(f"{section}/")]
    hint = _near(path, near) or _near(path, list(KNOWN)) if "/" in text else _near(name, _short_names(near))
    raise InvalidArgument(f"Section [{section}] has no property [{name}].", hint=hint)


def check(known: Property, value: str) -> None:
    """Raise InvalidArgument when the property cannot have this value."""
    name = known.path.partition("/")[2]
    if known.kind == "bool" and value.lower() not in TRUE + FALSE:
        allowed = ", ".join(word or "''" for word in TRUE + FALSE)
        problem = f"The [{name}] value [{value}] is not valid. Possible values: [{allowed}]."
    elif known.kind == "choice" and value not in known.choices:
        problem = f"The [{name}] value [{value}] is not valid. Possible values: [{', '.join(known.choices)}]."
    elif known.kind == "port" and not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        problem = f"The [{name}] value [{value}] is not a port: it must be an integer between 1 and 65535."
    elif known.kind == "count" and not (value.isascii() and value.isdigit() and 0 < int(value) < 10_000):
        problem = f"The [{name}] value [{value}] is not valid: it must be an integer between 1 and 9999."
    elif known.kind == "duration":
        problem = _duration_problem(value)
    elif known.kind == "speed" and not _is_speed(value):
        least, most = SPEEDS
        problem = f"The [{name}] value [{value}] is not valid: it must be a number from {least:g} to {most:g}."
    elif known.path in ("core/project", "run/region") and not value:
        problem = f"The [{name}] must not be empty."
    else:
        problem = ""
    if problem:
        raise InvalidArgument(f"Invalid value for property [{known.path}]: {problem}", field=known.path)


def home_folder(environ: "Mapping[str, str]") -> str:
    """Where everything of this world is kept: $CLOUDRUN_HOME, or the user's data folder by the system's customs."""
    if chosen := environ.get(HOME_VARIABLE):
        return os.path.abspath(os.path.expanduser(chosen))
    system: str = sys.platform
    if system == "linux":  # what platformdirs answers, without the time it takes to load
        data = environ.get("XDG_DATA_HOME", "").strip()
        return os.path.join(data if os.path.isabs(data) else os.path.expanduser("~/.local/share"), "cloudrun")
    return _data_folder()


def _data_folder() -> str:
    from platformdirs import user_data_dir

    return user_data_dir("cloudrun", appauthor=False)


def _duration_problem(value: str) -> str:
    from cloudrun_cli.durations import parse_duration

    try:
        length = parse_duration(value)
    except InvalidArgument as error:
        return error.message
    return "" if length.total_seconds() > 0 else f"It must be longer than nothing; received: {value}"


def _is_speed(value: str) -> bool:
    try:
        return SPEEDS[0] <= float(value) <= SPEEDS[1]
    except ValueError:
        return False


def _short_names(paths: list[str]) -> list[str]:
    return [path.partition("/")[2] for path in paths]


def _near(word: str, words: list[str]) -> str | None:
    from difflib import get_close_matches

    found = get_close_matches(word, words, n=1, cutoff=0.6)
    return f"Did you mean [{found[0]}]?" if found else None
