"""What resource somebody means: a full name, a short one, an e-mail address of a service account, or a URL."""

import re
from urllib.parse import urlsplit

from cloudrun_cli.core.addresses import SUFFIX
from cloudrun_cli.core.errors import InvalidArgument, NotFound
from cloudrun_cli.core.hosts import Directory, ToService, destination
from cloudrun_cli.core.iam import service_resource
from cloudrun_cli.core.names import default_service_account
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.store import domains, projects
from cloudrun_cli.store.database import Store

# How kinds may be written, and how they are in a full name; those of a region, and those of a project.
_REGIONAL = {"services": "services", "jobs": "jobs", "worker-pools": "workerPools", "workerPools": "workerPools"}
_OF_PROJECT = {"secrets": "secrets", "service-accounts": "serviceAccounts", "serviceAccounts": "serviceAccounts"}
_TOP = ("projects", "folders", "organizations")
_SINGULAR = {"worker-pool": "worker-pools", "service-account": "service-accounts"} | {
    f"{name}": f"{name}s" for name in ("service", "job", "secret", "project", "folder", "organization")
}

_API_PATH = re.compile(r"/(?:v\d\w*/)?((?:projects|folders|organizations)/[^:?]+?)/?(?::\w+)?")
_KNATIVE_PATH = re.compile(r"/apis/[^/]+/v1/namespaces/([^/]+)/(services|jobs|workerpools)/([^/]+)")
_REGION_HOST = re.compile(r"([a-z]+-[a-z]+\d+)-run\.")
_PUBLIC_SUFFIX = "run.app"
_ACCOUNT = re.compile(r"[^@/\s]+@([^@/\s.]+)(?:\.[^@/\s]+)?\.gserviceaccount\.com")


def full_name(store: Store, text: str, project: str, region: str) -> str:
    """The full name, without the host of its service, of what is meant; short names are of the project and region.
    Raises InvalidArgument, and NotFound for a URL that leads nowhere."""
    if "://" in text:
        return _by_id(store, _of_url(store, text, region))
    words = text.removeprefix("//").strip("/").split("/")
    if text.startswith("//"):
        words = words[1:] or [""]
    words[0] = _SINGULAR.get(words[0], words[0])
    kind, rest = words[0], words[1:]
    if kind in _TOP and rest and len(words) % 2 == 0:
        return _by_id(store, "/".join(words))
    if _ACCOUNT.fullmatch(words[-1]) and (not rest or (len(words) == 2 and kind in _OF_PROJECT)):
        return f"projects/{_project_of(store, words[-1], project)}/serviceAccounts/{words[-1]}"
    if len(words) == 2 and kind in _REGIONAL:
        return f"projects/{project}/locations/{region}/{_REGIONAL[kind]}/{words[1]}"
    if len(words) == 2 and kind in _OF_PROJECT:
        return f"projects/{project}/{_OF_PROJECT[kind]}/{words[1]}"
    if len(words) == 1 and store.one(
        "SELECT 1 FROM services WHERE project = ? AND region = ? AND name = ?", project, region, kind
    ):
        return service_resource(project, region, kind)
    raise InvalidArgument(
        f"[{text}] names no resource.",
        field="RESOURCE",
        hint="Such as services/hello, jobs/nightly, secrets/key, projects/demo, folders/1, a service's URL, or the "
        "address of a service account.",
    )


def _of_url(store: Store, url: str, region: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidArgument(f"[{url}] is not a URL: {error}.", field="RESOURCE") from error
    if found := _KNATIVE_PATH.fullmatch(parts.path):
        of_host = _REGION_HOST.match(parts.netloc)
        kind = "workerPools" if found[2] == "workerpools" else found[2]
        return f"projects/{found[1]}/locations/{of_host[1] if of_host else region}/{kind}/{found[3]}"
    service = _service_of(store, parts.netloc)
    if service is not None:
        return service_resource(service.project, service.region, service.name)
    if found := _API_PATH.fullmatch(parts.path):
        return found[1]
    raise NotFound(f"No service answers at [{url}].", field="RESOURCE", hint="There are: cloudrun run services list")


def _service_of(store: Store, netloc: str) -> ServiceRef | None:
    """The service that answers at a host and port."""
    numbers = projects.numbers(store)
    labels, doors = {}, {}
    for project, region, name, door in store.read("SELECT project, region, name, door FROM services"):
        ref = ServiceRef(project, region, name)
        labels[f"{name}-{numbers.get(project, '')}", region] = ref
        doors[int(door)] = ref
    host, _, port = netloc.rpartition(":") if re.search(r":\d+$", netloc) else (netloc, "", "")
    if host in ("127.0.0.1", "localhost") and port.isdecimal():
        return doors.get(int(port))
    if host.endswith(f".{_PUBLIC_SUFFIX}"):
        host = f"{host.removesuffix(_PUBLIC_SUFFIX)}{SUFFIX}"
    found = destination(host, "/", None, Directory(labels=labels, domains=domains.routes(store)))
    if isinstance(found, ToService):
        return found.service
    row = store.one(
        "SELECT project, region, name FROM services WHERE instr(body, ?) ORDER BY 1, 2, 3 LIMIT 1", f'://{netloc}"'
    ) or store.one(
        "SELECT project, region, name FROM services WHERE instr(body, ?) ORDER BY 1, 2, 3 LIMIT 1", f'://{netloc}\\"'
    )
    return ServiceRef(*row) if row and netloc else None


def _by_id(store: Store, name: str) -> str:
    """The name with the project's id where its number was said."""
    words = name.split("/")
    if words[0] != "projects":
        return name
    found = projects.get(store, words[1])
    if words[1] == "-" and len(words) == 4:
        return f"projects/{_project_of(store, words[3], '-')}/{words[2]}/{words[3]}"
    return "/".join(["projects", found.id if found else words[1], *words[2:]])


def _project_of(store: Store, account: str, otherwise: str) -> str:
    """The project of a service account, by its address."""
    for project, number in projects.numbers(store).items():
        if account == default_service_account(number):
            return project
    found = re.fullmatch(r"[^@]+@([^.]+)\.iam\.gserviceaccount\.com", account)
    return found[1] if found else otherwise
