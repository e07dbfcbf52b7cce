"""Named configurations: gcloud's INI files under HOME/configurations, and which of them is active.

Loaded by every completion, so it imports next to nothing. A write holds a lock over read, change and replace: many
`config set` at once all arrive, and a reader sees a whole file. Layout: gcloud topic configurations.
"""

import os

from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound

DEFAULT = "default"
NONE = "NONE"  # the configuration in which nothing is set

Properties = dict[str, dict[str, str]]  # section, property, value


class Configurations:
    """The configurations of one home. `active` is the one in force: chosen for this call, or else activated."""

    def __init__(self, home: str, chosen: str | None = None) -> None:
        self._folder = os.path.join(home, "configurations")
        self._marker = os.path.join(home, "active_config")
        self._chosen = chosen

    @property
    def active(self) -> str:
        return self._chosen or _read(self._marker).strip() or DEFAULT

    def names(self) -> list[str]:
        """Those that exist, in order; the default one always does."""
        try:
            files = os.listdir(self._folder)
        except FileNotFoundError:
            files = []
        return sorted({DEFAULT, *(name[7:] for name in files if name.startswith("config_") and "." not in name)})

    def load(self, name: str) -> Properties:
        """What the file of this configuration sets; nothing when there is no file."""
        return parse_ini(_read(self._path(name)))

    def set(self, section: str, key: str, value: str | None) -> None:
        """Put a value into the active configuration, or take it out when None."""
        if self.active == NONE:
            raise FailedPrecondition(f"Properties cannot be set while the configuration [{NONE}] is in force.")
        with self._locked():
            properties = self.load(self.active)
            if value is None:
                properties.get(section, {}).pop(key, None)
            else:
                properties.setdefault(section, {})[key] = value
            self._write(self._path(self.active), format_ini(properties))

    def create(self, name: str) -> None:
        """Make an empty configuration. Raises InvalidArgument on its name, AlreadyExists."""
        _check_name(name)
        with self._locked():
            if name in self.names():
                raise AlreadyExists(f"Cannot create configuration [{name}], it already exists.")
            self._write(self._path(name), "")

    def activate(self, name: str) -> None:
        """Make this the active configuration of the calls to come. Raises NotFound."""
        with self._locked():
            if name != NONE and name not in self.names():
                raise NotFound(f"Cannot activate configuration [{name}], it does not exist.")
            self._write(self._marker, name)

    def rename(self, name: str, new_name: str) -> None:
        """Give another name to a configuration that is not the active one."""
        with self._locked():
            if name not in self.names():
                raise NotFound(f"Cannot rename configuration [{name}], it does not exist.")
            if new_name in self.names():
                raise AlreadyExists(f"Cannot rename configuration [{name}], [{new_name}] already exists.")
            if name == self.active:
                raise FailedPrecondition(
                    f"Cannot rename configuration [{name}], it is the currently active configuration."
                )
            _check_name(new_name)
            self._write(self._path(new_name), _read(self._path(name)))
            _remove(self._path(name))

    def delete(self, name: str, *, command: str) -> None:
        """Remove a configuration that is not the active one; `command` is what the hint tells to type."""
        with self._locked():
            if name not in self.names():
                raise NotFound(f"Cannot delete configuration [{name}], it does not exist.")
            if name == self.active:
                raise FailedPrecondition(
                    f"Deleting named configuration failed because configuration [{name}] is set as active.  "
                    f"Use `{command} config configurations activate` to change the active configuration."
                )
            _remove(self._path(name))

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, f"config_{name}")

    def _locked(self) -> "_Lock":
        try:
            os.makedirs(os.path.dirname(self._folder), mode=0o700, exist_ok=True)  # the home, also its owner's alone
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise FailedPrecondition(
                f"The folder [{self._folder}] cannot be made: {error.strerror}.",
                hint="Is CLOUDRUN_HOME a folder of yours?",
            ) from error
        return _Lock(os.path.join(self._folder, ".lock"))

    def _write(self, path: str, text: str) -> None:
        """Replace the file in one step, readable by its owner only. The lock is held, so one name will do."""
        draft = f"{path}.new"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)


class _Lock:
    """An advisory lock on a file, held inside `with`; it goes when its holder dies."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> None:
        import fcntl

        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def parse_ini(text: str) -> Properties:
    """The sections of an INI text. `#` and `;` begin a comment line; an indented line continues the value above."""
    properties: Properties = {}
    section, key = "", ""
    for line in text.splitlines():
        entry = line.strip()
        if not entry or entry[0] in "#;":
            continue
        if line[0] in " \t" and key:
            properties[section][key] += "\n" + entry
        elif entry[0] == "[" and entry[-1] == "]":
            section, key = entry[1:-1].strip(), ""
        else:
            end = min((at for at in (entry.find("="), entry.find(":")) if at > 0), default=len(entry))
            key = entry[:end].strip().lower()
            properties.setdefault(section, {})[key] = entry[end + 1 :].strip()
    return properties


def format_ini(properties: Properties) -> str:
    """The text of these properties, sections without any left out."""
    lines: list[str] = []
    for section, values in sorted(properties.items()):
        if values:
            lines.append(f"[{section}]")
            lines += [f"{key} = {value}".replace("\n", "\n\t") for key, value in sorted(values.items())]
            lines.append("")
    return "\n".join(lines)


def _check_name(name: str) -> None:
    if not (name.isascii() and name[:1].islower() and all(c.islower() or c.isdigit() or c == "-" for c in name)):
        raise InvalidArgument(
            f"Invalid name [{name}] for a configuration.  Except for special cases ({NONE}), configuration names start "
            "with a lower case letter and contain only lower case letters a-z, digits 0-9, and hyphens '-'."
        )


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise FailedPrecondition(
            f"The configuration [{path}] cannot be read: {error.strerror}.", hint="Is CLOUDRUN_HOME a folder of yours?"
        ) from error


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        return  # the default configuration exists without a file
