"""The config format: sections of settings, or the shell commands that set them. Source: gcloud topic formats."""

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from cloudrun_cli.output.projection import Format

VARIABLE_PREFIX = "CLOUDSDK"


def print_sections(rows: Sequence[Any], layout: Format, out: TextIO) -> None:
    """`[section]` and its `name = value` lines; with `export` or `unset`, shell commands instead."""
    for row in rows:
        if not isinstance(row, Mapping):
            out.write(f"{row}\n")
            continue
        for name in sorted(row):
            if not isinstance(row[name], Mapping):
                out.write(_line((name,), row[name], layout))
        for section in sorted(row):
            if not isinstance(row[section], Mapping) or not row[section]:
                continue
            if not layout.has("export") and not layout.has("unset"):
                out.write(f"[{section}]\n")
            for name in sorted(row[section]):
                out.write(_line((section, name), row[section][name], layout))


def _line(path: tuple[str, ...], value: Any, layout: Format) -> str:
    variable = "_".join((VARIABLE_PREFIX, *path)).upper()
    if layout.has("unset"):
        return f"unset {variable}\n"
    if layout.has("export"):
        import shlex

        return f"export {variable}={shlex.quote(str(value))}\n" if value is not None else ""
    return f"{path[-1]} = {value}\n" if value is not None else f"{path[-1]} (unset)\n"
