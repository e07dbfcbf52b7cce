"""Did you mean: the hint that follows a failure over a name that was typed and is not there.

Looked for only after a failure that has no hint of its own. Which words are names, and of what, is what their flags
and positionals say for completion. Read-only, and nothing when the store cannot be asked.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from cloudrun_cli.cli.completion import ITEMS, OTHER_FLAGS
from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.parsing import Kind
from cloudrun_cli.core.errors import CloudRunError, Code

LOOKED_UP = ("domain_mappings", "executions", "jobs", "projects", "revisions", "services", "tags")
PLACED = ("executions", "jobs", "revisions", "services")
NEWCOMERS = (
    "jobs",
    "projects",
    "services",
    "tags",
)  # what a command may make: unknown, but no mistake unless it was not found


def hint(error: CloudRunError, params: Sequence[click.Parameter], present: Context) -> str | None:
    """The line that names what may have been meant, or where it is; None when there is nothing to say."""
    typed = list(_typed(params, present.values))
    owner = next((name for kind, name in typed if kind == "services"), None)
    for kind, name in typed:
        if kind in NEWCOMERS and error.code is not Code.NOT_FOUND:
            continue
        try:
            found = _about(kind, name, owner, present)
        except sqlite3.Error:
            return None
        if found:
            return found
    return None


def no_region(params: Sequence[click.Parameter], present: Context) -> str | None:
    """What is wrong with a region that was typed, with the one that may have been meant; None when nothing is."""
    from cloudrun_cli.core.regions import REGIONS

    for kind, name in _typed(params, present.values):
        if kind == "regions" and name not in REGIONS:
            near = _nearest(name, REGIONS)
            return f"There is no region [{name}]. " + (
                f"Did you mean [{near}]?" if near else "All regions: cloudrun run regions list"
            )
    return None


def _typed(params: Sequence[click.Parameter], values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every name that was typed, with its kind."""
    for param in params:
        value, flag = values.get(param.name or ""), max(param.opts, key=len)
        if value is None or not isinstance(param.type, Kind):
            continue
        items = list(value) if isinstance(value, list | dict) else [value]
        of_key, of_value = ITEMS.get(flag, (param.type.names or OTHER_FLAGS.get(flag, ""), None))
        yield from ((of_key, str(item)) for item in items if of_key)
        if of_value and isinstance(value, dict):
            yield from ((of_value, str(item)) for item in value.values())


def _about(kind: str, name: str, owner: str | None, present: Context) -> str | None:
    known = _known(kind, owner, present)
    if name in known or name == "LATEST":
        return None
    if kind in PLACED:
        from cloudrun_cli.store.names import regions_of

        if regions := regions_of(present.home, kind, name, present.project):
            return f"There is one in region {regions[0]}: add --region={regions[0]}"
    near = _nearest(name, known)
    return f"Did you mean [{near}]?" if near else None


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that is most like it; of several, the one that begins like it for longest."""
    from difflib import SequenceMatcher, get_close_matches

    def alike(other: str) -> tuple[float, int]:
        begin = next((place for place, (a, b) in enumerate(zip(name, other, strict=False)) if a != b), len(name))
        return round(SequenceMatcher(None, name, other).ratio(), 3), begin

    return max(get_close_matches(name, known, n=len(known) or 1), key=alike, default=None)


def _known(kind: str, owner: str | None, present: Context) -> Sequence[str]:
    match kind:
        case "regions":
            from cloudrun_cli.core.regions import REGIONS

            return REGIONS
        case "configurations":
            return present.settings.configurations.names()
        case "instances":
            from cloudrun_cli.store.instances import names

            return [name for name, _ in names(present.home)]
        case _ if kind in LOOKED_UP:
            from cloudrun_cli.store.names import names_with_prefix

            project, region = present.project, present.region
            return names_with_prefix(present.home, kind, "", project, region, owner if kind != "services" else None)
    return ()
