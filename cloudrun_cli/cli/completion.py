"""What Tab offers: commands, flags, choices and names. Read-only, and an empty answer on any failure.

The scripts in `completions/` call `cloudrun __complete SHELL WORD…`, the last word being the one under the cursor. Each
line of the answer is a candidate, a tab and its help; or `:files` or `:folders`, for the shell to complete those.
Neither Typer nor dataclasses nor any command is loaded here; a test lists what may be.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from cloudrun_cli.settings import Settings

Candidate = tuple[str, str]  # the word, and its help

STORED = (
    *("domain_mappings", "executions", "folders", "jobs", "projects", "revisions", "secrets", "service_accounts"),
    *("services", "tags", "tasks"),
)
SERVICE_COMMANDS = ("run services ", "run deploy")  # those whose first word is a service

# Flags that take a list, of the names of a kind or of NAME=VALUE: the kind of the names, and that of the values; None
# where nothing follows, "" for what has no names.
ITEMS: dict[str, tuple[str, str | None]] = {
    "--remove-tags": ("tags", None),
    "--set-secrets": ("", "secrets"),
    "--set-tags": ("tags", "revisions"),
    "--to-revisions": ("revisions", ""),
    "--to-tags": ("tags", ""),
    "--update-secrets": ("", "secrets"),
    "--update-tags": ("tags", "revisions"),
}
OTHER_FLAGS = {  # what completes flags of which their commands do not say it
    "--member": "members",
    "--service-account": "service_accounts",
    "--tag": "tags",
}
PATHS = ("files", "folders")


def answer(arguments: "Sequence[str]") -> int:
    """Print the candidates for `SHELL WORD…`. Never fails: a prompt is no place for an error."""
    try:
        lines = list(lines_for(arguments[0], arguments[1:]))
    except Exception:  # noqa: BLE001  # whatever is broken, the person is typing another command just now
        return 0
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def lines_for(shell: str, words: "Sequence[str]") -> "Sequence[str]":
    """The lines of the answer: words to stand in the place of the last one. In bash only what follows the last = or
    : is a word."""
    if shell == "bash":
        words = _rejoined(words)
    *before, current = words or [""]
    found = candidates(before, current)
    begin, equals, _ = current.partition("=")
    kept = f"{begin}=" if equals and begin.startswith("--") else ""
    start = max(current.rfind("="), current.rfind(":")) + 1 if shell == "bash" else 0
    return [name if help is None else f"{(kept + name)[start:]}\t{help}" for name, help in found]


def candidates(before: "Sequence[str]", current: str) -> "Sequence[tuple[str, str | None]]":
    """What may stand where `current` is, after the words before it; of `--flag=VALUE`, what may be the value."""
    path, values, operands, open_flag = _walk(before)
    entry = _entry(path)
    begin, equals, typed = current.partition("=")
    if not open_flag and equals and begin.startswith("--"):
        open_flag, current = begin, typed
    if open_flag:
        for _, names, _, value, kind, choices, _, _ in _flags(entry):
            if open_flag in names and value:
                return _values(open_flag, kind, choices, current, values, operands, path)
        return []
    if current.startswith("-"):
        return _matching(_flag_candidates(entry), current)
    if entry is None:
        return _matching(_inside(path), current)
    position = min(len(operands), len(entry["positionals"]) - 1)
    if position >= 0 and (position == len(operands) or entry["positionals"][position][5]):
        _, _, kind, choices, _, _ = entry["positionals"][position]
        return _names(kind, choices, current, values, _owner(path, values, operands), operands)
    return [] if current else _flag_candidates(entry)


def _walk(words: "Sequence[str]") -> tuple[str, dict[str, str], list[str], str]:
    """The command or group so far, the flags with values, the positionals, and the flag that awaits its value."""
    from cloudrun_cli.cli.app import GROUPS, TRACKS, WIDE_VALUES

    path, open_flag = "", ""
    values: dict[str, str] = {}
    operands: list[str] = []
    taking: tuple[str, ...] = WIDE_VALUES
    for word in words:
        name, equals, value = word.partition("=")
        if open_flag:
            values[open_flag], open_flag = word, ""
        elif word.startswith("-") and len(word) > 1:
            if equals:
                values[name] = value
            elif name in taking:
                open_flag = name
        elif path not in GROUPS:
            operands.append(word)
        elif path or word not in TRACKS:
            path = f"{path} {word}".lstrip()
            if path not in GROUPS:
                taking = tuple(name for _, names, _, value, *_ in _flags(_entry(path)) if value for name in names)
    return path, values, operands, open_flag


def _owner(path: str, values: dict[str, str], operands: "Sequence[str]") -> str | None:
    """The service or job that the line names, if it does: by its flag, or as the first of the words after a command of
    services."""
    if path.startswith(SERVICE_COMMANDS) and operands:
        return operands[0]
    return values.get("--service") or values.get("--job")


def _values(
    flag: str,
    kind: str,
    choices: "Sequence[str]",
    typed: str,
    values: dict[str, str],
    operands: "Sequence[str]",
    path: str,
) -> "Sequence[tuple[str, str | None]]":
    """What may be the value of a flag, whole, with the items of a list that are there already."""
    owner = _owner(path, values, operands)
    if flag not in ITEMS:
        return _names(OTHER_FLAGS.get(flag, kind), choices, typed, values, owner, operands)
    done, comma, item = typed.rpartition(",")
    key, equals, begun = item.partition("=")
    of_key, of_value = ITEMS[flag]
    kept = done + comma + (f"{key}=" if equals else "")
    found = _names(of_value if equals else of_key, (), begun if equals else key, values, owner, operands)
    latest = [("LATEST", "")] if (of_value if equals else of_key) == "revisions" else []
    found = [*_matching(latest, begun if equals else key), *found]
    end = "=" if of_value is not None and not equals else ""
    used = () if equals else {other.partition("=")[0] for other in done.split(",")}
    return [(f"{kept}{name}{end}", help) for name, help in found if name not in used]


def _names(
    kind: str | None,
    choices: "Sequence[str]",
    prefix: str,
    values: dict[str, str],
    owner: str | None,
    operands: "Sequence[str]",
) -> "Sequence[tuple[str, str | None]]":
    """The choices, or the names of a kind, that begin with the prefix; those of the owner where a service has its
    own."""
    if choices:
        return _matching([(choice, "") for choice in choices], prefix)
    if kind in PATHS:
        return [(f":{kind}", None)]
    if not kind:
        return []
    from cloudrun_cli.settings import Settings

    of = {"--project": "core/project", "--region": "run/region", "--location": "run/region"}
    flags = {path: values[f] for f, path in of.items() if f in values}
    settings = Settings(flags=flags, configuration=values.get("--configuration"))
    if kind in STORED:
        from cloudrun_cli.store.names import names_with_prefix

        project, region = settings.text("core/project"), settings.text("run/region")
        return [(name, "") for name in names_with_prefix(settings.home, kind, prefix, project, region, owner)]
    if kind not in _SOURCES:
        return []
    return _matching(_SOURCES[kind](settings, operands), prefix)


def _regions(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    from cloudrun_cli.core.regions import REGIONS

    return [(region, "") for region in REGIONS]


def _zones(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    from cloudrun_cli.core.instances import zones_of
    from cloudrun_cli.core.regions import REGIONS

    return [(zone, "") for region in REGIONS for zone in zones_of(region)]


def _instances(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    from cloudrun_cli.store.instances import names

    return names(settings.home)


def _members(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    from cloudrun_cli.store.names import names_with_prefix

    accounts = names_with_prefix(settings.home, "service_accounts", "", settings.text("core/project"), "")
    return [("allUsers", ""), ("allAuthenticatedUsers", ""), *((f"serviceAccount:{name}", "") for name in accounts)]


def _accounts(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    import os

    try:
        files = os.listdir(os.path.join(settings.home, "credentials", "accounts"))
    except FileNotFoundError:
        files = []
    found = {file[: -len(".json")] for file in files} | {settings.text("core/account")}
    return [(account, "") for account in sorted(found)]


def _configurations(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    return [(name, "") for name in settings.configurations.names()]


def _properties(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    from cloudrun_cli.properties import KNOWN

    return [(known.path, known.help) for known in sorted(KNOWN.values(), key=lambda known: known.path)]


def _property_values(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    from cloudrun_cli.core.regions import REGIONS
    from cloudrun_cli.properties import KNOWN

    known = KNOWN[operands[0] if "/" in operands[0] else f"core/{operands[0]}"]
    if known.path == "core/account":
        return _accounts(settings, operands)
    if known.path == "run/region":
        return [(region, "") for region in REGIONS]
    return [(choice, "") for choice in (("true", "false") if known.kind == "bool" else known.choices)]


def _formats(settings: "Settings", operands: "Sequence[str]") -> list[Candidate]:
    return [
        (name, "") for name in ("config", "csv", "flattened", "json", "list", "none", "table", "text", "value", "yaml")
    ]


_SOURCES: "dict[str, Callable[[Settings, Sequence[str]], list[Candidate]]]" = {
    "accounts": _accounts,
    "configurations": _configurations,
    "formats": _formats,
    "instances": _instances,
    "members": _members,
    "properties": _properties,
    "property_values": _property_values,
    "regions": _regions,
    "zones": _zones,
}


def _entry(path: str) -> "dict[str, Any] | None":
    from cloudrun_cli.cli.help import index

    found: dict[str, Any] | None = index(path).get("COMMANDS", {}).get(path)
    return found


def _inside(path: str) -> list[Candidate]:
    from cloudrun_cli.cli.help import index

    _, groups, commands = index(path).get("GROUPS", {}).get(path, ("", (), ()))
    return [*groups, *commands, *([] if path else [("help", "Describe a group or command.")])]


def _flags(entry: "dict[str, Any] | None") -> "list[tuple[Any, ...]]":
    from cloudrun_cli.cli.help import index

    return [*(entry["flags"] if entry else ()), *index("")["WIDE"]]


def _flag_candidates(entry: "dict[str, Any] | None") -> list[Candidate]:
    """The flags that are shown in help; one that can be turned off, in both forms when help shows both."""
    found = [("--help", "Describe this.")]
    for shown, _, help, _, _, _, _, hidden in _flags(entry):
        if not hidden:
            found += [(name, help) for name in shown.replace(" / ", ", ").split(", ") if name.startswith("--")]
    return sorted(found)


def _matching(found: "Sequence[Candidate]", prefix: str) -> "Sequence[tuple[str, str | None]]":
    return [(name, help) for name, help in found if name.startswith(prefix)]


def _rejoined(words: "Sequence[str]") -> list[str]:
    """Words as typed: bash takes `=` and `:` for words of their own."""
    joined: list[str] = []
    glue = False
    for word in words:
        if joined and (glue or word in ("=", ":")):
            joined[-1] += word
        else:
            joined.append(word)
        glue = word in ("=", ":")
    return joined
