"""`cloudrun emulator import` and `export`: a world of v1 objects from and to the files of a folder."""

import os
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from cloudrun_cli.cli.command import positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.emulator import emulator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.controlplane.transfer import Bundle

PROJECTS, SERVICES, REVISIONS, POLICIES = "projects.json", "services.json", "revisions.json", "iam-policies.json"
DOMAINS, SCHEDULES, SECRETS = "domain-mappings.json", "scheduler.json", "secrets.json"
JOBS, EXECUTIONS, TASKS, ACCOUNTS = "jobs.json", "executions.json", "tasks.json", "service-accounts.json"
DERIVED = ("configurations.json", "routes.json")  # written, and not read: they say nothing that services do not

Folder = Annotated[str, positional("DIR", "The folder of the files.", names="folders")]


@emulator.command("import", examples=["cloudrun emulator import ./world"])
def import_(folder: Folder) -> None:
    """Add the services, jobs and policies that a folder holds as v1 objects, with their revisions and executions,
    names, times, statuses and addresses.

    Reads projects.json, services.json, revisions.json, jobs.json, executions.json, tasks.json, iam-policies.json,
    domain-mappings.json, scheduler.json and service-accounts.json, as `emulator export` writes them, and secrets.json.
    Nothing of it is started: it is history until something is deployed on it, executions stay so, and schedules fire
    only once they are resumed, changed or run. What is there already is never written over; then nothing is imported.
    """
    from cloudrun_cli.controlplane import transfer

    present = context()
    bundle = _read(folder)
    vault = present.vault if bundle.secrets else None
    loaded = transfer.load(present.store, bundle, vault, caller=present.account, now=present.now())
    present.ring()
    present.tell(
        f"Imported {_count(loaded.services, 'service')} with {_count(loaded.revisions, 'revision')}, "
        f"{_count(loaded.policies, 'policy', 'policies')} and {_count(loaded.projects, 'project')}."
    )
    if loaded.jobs:
        present.tell(f"Imported {_count(loaded.jobs, 'job')} with {_count(loaded.executions, 'execution')}.")
    if loaded.secrets:
        present.tell(f"Imported {_count(loaded.secrets, 'secret')}.")
    if loaded.service_accounts:
        present.tell(f"Imported {_count(loaded.service_accounts, 'service account')}.")
    known = {PROJECTS, SERVICES, REVISIONS, POLICIES, DOMAINS, SCHEDULES, JOBS, EXECUTIONS, TASKS, SECRETS, ACCOUNTS}
    known |= {*DERIVED}
    left = sorted(name for name in os.listdir(folder) if name.endswith(".json") and name not in known)
    left += [f"{what} ({count})" for what, count in loaded.left_out.items()]
    if left:
        present.warn(f"Left out, because nothing here knows them yet: {', '.join(left)}")


@emulator.command("export", examples=["cloudrun emulator export ./world"])
def export(folder: Folder) -> None:
    """Write every service, job and policy as v1 objects to the files of a folder, which is made when it is not
    there.

    Writes what `emulator import` reads, and configurations.json and routes.json besides. The files are sorted, so that
    two exports of the same world are the same.
    """
    from cloudrun_cli.controlplane import secrets_transfer, transfer
    from cloudrun_cli.core.wire import derived

    present = context()
    bundle = transfer.save(present.store)
    os.makedirs(folder, exist_ok=True)
    files = {
        PROJECTS: bundle.projects,
        SERVICES: _list("Service", bundle.services),
        REVISIONS: _list("Revision", bundle.revisions),
        POLICIES: bundle.policies,
        ACCOUNTS: bundle.service_accounts,
        DERIVED[0]: _list("Configuration", map(derived.configuration, bundle.services)),
        DERIVED[1]: _list("Route", map(derived.route, bundle.services)),
    }
    if bundle.domain_mappings or os.path.exists(os.path.join(folder, DOMAINS)):
        files[DOMAINS] = _list("DomainMapping", bundle.domain_mappings, "domains.cloudrun.com/v1")
    files |= {
        name: _list(kind, items, "run.googleapis.com/v1")
        for name, kind, items in (
            (JOBS, "Job", bundle.jobs),
            (EXECUTIONS, "Execution", bundle.executions),
            (TASKS, "Task", bundle.tasks),
        )
        if items or os.path.exists(os.path.join(folder, name))
    }
    if bundle.schedules or os.path.exists(os.path.join(folder, SCHEDULES)):
        files[SCHEDULES] = bundle.schedules
    _write(folder, files)
    present.tell(
        f"Exported {_count(len(bundle.services), 'service')} with {_count(len(bundle.revisions), 'revision')} "
        f"to [{folder}]."
    )
    if bundle.jobs:
        counted = len(bundle.jobs), len(bundle.executions)
        present.tell(f"Exported {_count(counted[0], 'job')} with {_count(counted[1], 'execution')}.")
    if secrets_transfer.left_behind(present.store):
        present.warn("Secrets are not exported: whoever could read the files could read them.")


def _read(folder: str) -> "Bundle":
    """What the files say. Raises NotFound without them, InvalidArgument for one that is not what it should be."""
    from cloudrun_cli.controlplane.transfer import Bundle
    from cloudrun_cli.core.errors import NotFound

    if not os.path.isfile(os.path.join(folder, SERVICES)):
        raise NotFound(f"There is no {SERVICES} in [{folder}].", hint="Write one with: cloudrun emulator export DIR")
    return Bundle(
        projects=_mapping(folder, PROJECTS),
        services=_items(folder, SERVICES),
        revisions=_items(folder, REVISIONS),
        policies=_mapping(folder, POLICIES),
        domain_mappings=_items(folder, DOMAINS),
        schedules=_mapping(folder, SCHEDULES),
        jobs=_items(folder, JOBS),
        executions=_items(folder, EXECUTIONS),
        tasks=_items(folder, TASKS),
        secrets=_mapping(folder, SECRETS),
        service_accounts=_mapping(folder, ACCOUNTS),
    )


def _mapping(folder: str, name: str) -> dict[str, dict[str, Any]]:
    found = _json(folder, name, {})
    if not isinstance(found, dict) or not all(isinstance(body, dict) for body in found.values()):
        raise _wrong(folder, name, "a map from names to objects")
    return found


def _items(folder: str, name: str) -> list[dict[str, Any]]:
    found = _json(folder, name, {"items": []})
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _wrong(folder, name, "a list of v1 objects, with its items")
    return items


def _json(folder: str, name: str, missing: Any) -> Any:
    import json

    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return missing
    except ValueError as error:
        raise _wrong(folder, name, f"JSON ({error})") from error


def _wrong(folder: str, name: str, what: str) -> Exception:
    from cloudrun_cli.core.errors import InvalidArgument

    return InvalidArgument(f"[{os.path.join(folder, name)}] is not {what}.")


def _list(kind: str, items: Iterable[Mapping[str, Any]], version: str = "serving.knative.dev/v1") -> dict[str, Any]:
    return {"apiVersion": version, "kind": f"{kind}List", "items": list(items)}


def _write(folder: str, files: Mapping[str, Any]) -> None:
    """All of them, whole: each beside its place first, and only then all into their places."""
    import json

    places = [os.path.join(folder, name) for name in files]
    for path, body in zip(places, files.values(), strict=True):
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(body, file, indent=1, sort_keys=True, ensure_ascii=False)
            file.write("\n")
    for path in places:
        os.replace(f"{path}.new", path)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
