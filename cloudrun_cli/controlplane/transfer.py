"""The verbs that bring a world of v1 objects in, and take one out.

What comes in is history: it keeps its names, times, statuses and addresses, and nothing of it is started here. A
revision becomes one of this machine's only by a deploy.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from cloudrun_cli.controlplane import domains, doors, job_transfer, schedules, secrets_transfer
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.controlplane.job_transfer import Jobs
from cloudrun_cli.core import schema
from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.domains import check_domain
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from cloudrun_cli.core.jobs import JobRef
from cloudrun_cli.core.names import check_project, check_region, check_resource_name, default_service_account
from cloudrun_cli.core.resources import Condition, DomainMapping, Revision, RevisionStatus, Service, Status
from cloudrun_cli.core.secrets import SecretRef
from cloudrun_cli.core.service_accounts import DEFAULT_NAME, ServiceAccount
from cloudrun_cli.core.wire import v1
from cloudrun_cli.core.wire.domains import DOMAINS, domain_mapping_from_json
from cloudrun_cli.core.wire.service_accounts import account_from_json, account_to_json
from cloudrun_cli.store import domains as domain_rows
from cloudrun_cli.store import jobs as job_rows
from cloudrun_cli.store import journal, policies, projects
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import secrets as secret_rows
from cloudrun_cli.store import service_accounts as account_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.controlplane.vault import Vault

Json = dict[str, Any]

POOL = "run.googleapis.com/workerPool"
_SERVICE = "serving.knative.dev/service"
_PROJECT = "projects/"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A world as v1 objects. Projects are by `projects/ID`, policies by the full name of what they are about."""

    projects: Mapping[str, Json] = field(default_factory=dict)
    services: Sequence[Json] = ()
    revisions: Sequence[Json] = ()
    policies: Mapping[str, Json] = field(default_factory=dict)
    domain_mappings: Sequence[Json] = ()
    jobs: Sequence[Json] = ()
    executions: Sequence[Json] = ()
    tasks: Sequence[Json] = ()
    schedules: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, Json] = field(default_factory=dict)  # with their versions; they come in, and never go out
    service_accounts: Mapping[str, Json] = field(default_factory=dict)  # by full name; their keys stay where they are


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much came in, and of what else how much was left out, by what it is called."""

    projects: int
    services: int
    revisions: int
    policies: int
    secrets: int
    service_accounts: int
    left_out: Mapping[str, int]
    jobs: int = 0
    executions: int = 0


def load(store: Store, bundle: Bundle, vault: "Vault | None" = None, *, caller: str, now: datetime) -> Loaded:
    """Add everything, or nothing; secrets only with a vault to put them into. Raises AlreadyExists for what is there
    already; InvalidArgument for what is no v1 object; FailedPrecondition for what is still on its way, and for a
    project that has another number here."""
    with store.transaction():
        numbers = {_number(name, body): name.removeprefix(_PROJECT) for name, body in bundle.projects.items()}
        for number, project in numbers.items():
            _put_project(store, project, number, bundle.projects[_PROJECT + project], caller, now)
        known = {number: project for project, number in projects.numbers(store).items()} | numbers
        for body in bundle.service_accounts.values():
            _put_account(store, account_from_json(body), known)
        services = [_service(body, known) for body in bundle.services]
        of_pools = [body for body in bundle.revisions if POOL in _labels(body)]
        revisions = [_revision(body, known) for body in bundle.revisions if POOL not in _labels(body)]
        number_of = {project: number for number, project in known.items()}
        for service in services:
            _put_service(store, service, number_of[service.ref.project])
        for revision in revisions:
            _put_revision(store, revision, number_of[revision.ref.project])
        for body in bundle.domain_mappings:
            _put_mapping(store, _mapping(body, known), number_of)
        for body in bundle.schedules.values():
            schedules.bring(store, body)
        jobs = Jobs(bundle.jobs, bundle.executions, bundle.tasks)
        job_transfer.load(store, jobs, partial(_project, known=known), _check_whole, number_of)
        secrets = secrets_transfer.put(store, vault, bundle.secrets, known, now=now) if vault is not None else 0
        taken = {name: policy for name, policy in bundle.policies.items() if _has_subject(store, name)}
        for name, policy in taken.items():
            policies.put(store, name, policy)
        used = {s.ref.project for s in services} | {_project(body, known) for body in bundle.jobs}
        for project in sorted(used | set(numbers.values())):
            journal.note(store, now, caller, "import", "Project", project=project, region="", name=project)
    left_out = {
        "revisions of worker pools": len(of_pools),
        "policies of other resources": len(bundle.policies) - len(taken),
    }
    found = {what: count for what, count in left_out.items() if count}
    counts = len(numbers), len(services), len(revisions), len(taken), secrets, len(bundle.service_accounts)
    return Loaded(*counts, found, len(bundle.jobs), len(bundle.executions))


def save(store: Store) -> Bundle:
    """Everything there is, sorted, as `load` takes it. Raises FailedPrecondition while something is on its way."""
    known = projects.numbers(store)
    services = [replace(service, door=0) for service in service_rows.everywhere(store)]
    revisions = [_anywhere(revision) for revision in revision_rows.everywhere(store)]
    for service in services:
        _check_settled(service)
    for revision in revisions:
        _check_known(revision)
    mappings = [body for project in sorted(known) for body in domains.everything(store, project)]
    jobs = job_transfer.save(store, known)
    services.sort(key=lambda s: (s.ref.project, s.ref.region, s.ref.name))
    revisions.sort(key=lambda r: (r.ref.project, r.ref.region, r.service, r.created, r.ref.name))
    return Bundle(
        projects={_PROJECT + found.id: project_verbs.as_json(found) for found in projects.everything(store)},
        services=[v1.service_to_json(s, known[s.ref.project]) for s in services],
        revisions=[v1.revision_to_json(r, known[r.ref.project]) for r in revisions],
        policies={
            name: policy for name, policy in sorted(policies.everywhere(store).items()) if name.startswith(_PROJECT)
        },
        domain_mappings=mappings,
        schedules=schedules.bodies(store),
        jobs=jobs.jobs,
        executions=jobs.executions,
        tasks=jobs.tasks,
        service_accounts={account.resource: account_to_json(account) for account in account_rows.everywhere(store)},
    )


# In


def _number(name: str, body: Json) -> str:
    if not name.startswith(_PROJECT) or not str(body.get("projectNumber", "")).isdecimal():
        raise InvalidArgument(f"[{name}] is not a project: it needs a name projects/ID and a projectNumber.")
    check_project(name.removeprefix(_PROJECT))
    return str(body["projectNumber"])


def _put_project(store: Store, project: str, number: str, body: Json, caller: str, now: datetime) -> None:
    here = projects.number(store, project)
    if here is None:
        projects.ensure(store, project, number, now)
    elif here != number:
        used = "SELECT 1 FROM services WHERE project = ? UNION SELECT 1 FROM jobs WHERE project = ?"
        if store.one(used, project, project):
            raise FailedPrecondition(
                f"Project [{project}] has the number {here} here, and {number} in the import. Its services and "
                "jobs are made with it.",
                hint="Import into another home: CLOUDRUN_HOME=DIR cloudrun emulator import …",
            )
        projects.renumber(store, project, number)
        account_rows.forget(store, default_service_account(here))
    project_verbs.put(store, project, body, caller, now)


def _service(body: Json, known: Mapping[str, str]) -> Service:
    schema.check(body)
    _check_whole(body, ("uid", "creationTimestamp", "generation"))
    service = v1.service_from_json(body, _project(body, known), version=0)
    _check_settled(service)
    moments = [c.last_transition for c in service.status.conditions]
    return replace(service, updated=max([service.created, *moments]))


def _revision(body: Json, known: Mapping[str, str]) -> Revision:
    if body.get("kind") != "Revision" or not body.get("spec"):
        raise InvalidArgument(f"[{_name(body)}] among the revisions is not a Revision of {v1.SERVING}.")
    _check_whole(body, ("uid", "creationTimestamp", "annotations"))
    for label in (_SERVICE, f"{_SERVICE.rpartition('/')[0]}/configurationGeneration"):
        if label not in _labels(body):
            raise InvalidArgument(f"Revision [{_name(body)}] lacks the label {label}.", field="metadata.labels")
    revision = v1.revision_from_json(body, _project(body, known))
    _check_known(revision)
    return revision


def _put_service(store: Store, service: Service, number: str) -> None:
    if service_rows.get(store, service.ref):
        raise AlreadyExists(
            f"Service [{service.ref.name}] is already there, in project [{service.ref.project}] and region "
            f"[{service.ref.region}]. Nothing was imported.",
            hint="Delete it first, or import into another home: CLOUDRUN_HOME=DIR cloudrun emulator import …",
        )
    service_rows.insert(store, replace(service, door=doors.choose(store, service.ref)), number)


def _put_revision(store: Store, revision: Revision, number: str) -> None:
    if service_rows.get(store, revision.service_ref) is None:
        raise InvalidArgument(
            f"Revision [{revision.ref.name}] is of service [{revision.service}], which is not in the import."
        )
    revision_rows.insert(store, revision, number)


def _mapping(body: Json, known: Mapping[str, str]) -> DomainMapping:
    if body.get("kind") != "DomainMapping" or not (body.get("spec") or {}).get("routeName"):
        raise InvalidArgument(f"[{_name(body)}] among the domain mappings is not a DomainMapping of {DOMAINS}.")
    _check_whole(body, ("uid", "creationTimestamp"), check_domain)
    return domain_mapping_from_json(body, _project(body, known))


def _put_mapping(store: Store, mapping: DomainMapping, numbers: Mapping[str, str]) -> None:
    if domain_rows.get(store, mapping.domain):
        raise AlreadyExists(f"Domain mapping to [{mapping.domain}] is already there. Nothing was imported.")
    domain_rows.put(store, mapping, numbers[mapping.project])


def _put_account(store: Store, account: ServiceAccount, known: Mapping[str, str]) -> None:
    """Save an account; the one that its project began with is written over."""
    if account.project not in known.values():
        raise InvalidArgument(
            f"Service account [{account.email}] is of project [{account.project}], which is not in the import.",
            field="projectId",
        )
    here = account_rows.get(store, account.email)
    begun = here is not None and here.display_name == DEFAULT_NAME
    same = account_rows.get(store, account.unique_id)
    if (here is not None and not begun) or (same is not None and same.email != account.email):
        raise AlreadyExists(f"Service account [{account.email}] is already there. Nothing was imported.")
    account_rows.put(store, account)


def _has_subject(store: Store, name: str) -> bool:
    """Whether a policy is about something that is here: a project, a service, a job, a secret, or a service account."""
    match name.split("/"):
        case ["projects", project]:
            return projects.number(store, project) is not None
        case ["projects", project, "locations", region, "services", service]:
            found = store.one(
                "SELECT 1 FROM services WHERE project = ? AND region = ? AND name = ?", project, region, service
            )
            return found is not None
        case ["projects", project, "locations", region, "jobs", job]:
            return job_rows.get(store, JobRef(project, region, job)) is not None
        case ["projects", project, "secrets", secret]:
            return secret_rows.get(store, SecretRef(project, secret)) is not None
        case ["projects", project, "serviceAccounts", account]:
            return account_rows.project_of(store, account) == project
    return False


def _project(body: Json, known: Mapping[str, str]) -> str:
    """The id of the project of an object, whose namespace is the id or the number."""
    namespace = str(body["metadata"].get("namespace", ""))
    if namespace in known:
        return known[namespace]
    if namespace in known.values():
        return namespace
    raise InvalidArgument(
        f"[{_name(body)}] is of project [{namespace}], which is not in the import.",
        field="metadata.namespace",
        hint="projects.json says which project has which number.",
    )


def _check_whole(body: Json, fields: Iterable[str], check_name: Callable[[str], str] = check_resource_name) -> None:
    """Nothing when an object has the metadata that only a server writes."""
    meta = body.get("metadata")
    if not isinstance(meta, Mapping):
        raise InvalidArgument(f"There is a {body.get('kind')} without metadata.", field="metadata")
    missing = [name for name in ("name", *fields) if meta.get(name) is None]
    missing += [f"labels[{LOCATION}]"] if LOCATION not in _labels(body) else []
    if missing:
        raise InvalidArgument(
            f"[{_name(body)}] lacks metadata.{missing[0]}.",
            field=f"metadata.{missing[0]}",
            hint="A file that people write is for: cloudrun run services replace FILE",
        )
    check_name(str(meta["name"]))
    check_region(_labels(body)[LOCATION])


def _labels(body: Json) -> Mapping[str, str]:
    return (body.get("metadata") or {}).get("labels") or {}


def _name(body: Json) -> str:
    return str((body.get("metadata") or {}).get("name", "?"))


# Both ways


def _check_settled(service: Service) -> None:
    status = service.status
    if readiness(status.conditions) is Status.UNKNOWN or status.observed_generation != service.generation:
        _refuse_unsettled("Service", service.ref.name, status.conditions)


def _check_known(revision: Revision) -> None:
    if readiness(revision.status.conditions) is Status.UNKNOWN:
        _refuse_unsettled("Revision", revision.ref.name, revision.status.conditions)


def _refuse_unsettled(kind: str, name: str, conditions: Iterable[Condition]) -> None:
    why = next((c.message for c in conditions if c.type == "Ready" and c.message), "its readiness is not known yet.")
    raise FailedPrecondition(
        f"{kind} [{name}] is still on its way: {why}", hint="Once it is ready, or has failed, it can be moved."
    )


# Out


def _anywhere(revision: Revision) -> Revision:
    """Without what is so on this machine only."""
    status: RevisionStatus = replace(revision.status, runtime="", note="")
    return replace(revision, status=status)
