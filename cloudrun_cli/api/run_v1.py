"""The Run API v1: the Knative paths of services and revisions, and the Google paths around them.

A namespace is a project id or a project number. The Knative paths do not say the region: a regional host does
(`us-central1-run.localhost`). The global host lists every region and knows nothing by its name alone.
Source: run.googleapis.com v1, namespaces.* and projects.locations.*
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import SystemRandom
from typing import Any

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import Says
from cloudrun_cli.api.paging import page
from cloudrun_cli.api.running import Runner
from cloudrun_cli.api.selectors import parse
from cloudrun_cli.controlplane import listing, permits
from cloudrun_cli.controlplane import revisions as revision_verbs
from cloudrun_cli.controlplane import services as service_verbs
from cloudrun_cli.core.addresses import LOCATION, Edge, located
from cloudrun_cli.core.errors import InvalidArgument, NotFound, Unimplemented
from cloudrun_cli.core.names import project_number
from cloudrun_cli.core.regions import REGIONS
from cloudrun_cli.core.resources import Revision, RevisionName, RevisionRef, Service, ServiceRef
from cloudrun_cli.core.wire.v1 import SERVING, revision_to_json, service_to_json
from cloudrun_cli.core.wire.v1_executions import execution_to_json
from cloudrun_cli.core.wire.v1_jobs import RUN
from cloudrun_cli.store import projects
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

SERVICE_LABEL = "serving.knative.dev/service"


class _NameConvertor(StringConvertor):
    """A name in a path: what follows a colon is a verb and no part of it."""

    regex = "[^/:]+"


register_url_convertor("name", _NameConvertor())
_NAMESPACE = f"/apis/{SERVING}/namespaces/{{project}}"
_LOCATION = "/v1/projects/{project}/locations/{location}"
_JOBS = f"/apis/{RUN}/namespaces/{{project}}/jobs"


@dataclass(frozen=True, slots=True)
class RunV1:
    """The routes. `says` tells who calls; `changed` is called after each write."""

    store: Store
    edge: Edge
    says: Says
    now: Callable[[], datetime]
    changed: Callable[[], None]

    @property
    def runner(self) -> Runner:
        """What makes executions."""
        return Runner(self.store, self.says, SystemRandom())

    def routes(self) -> list[Route]:
        """Every path that is built, and the writes that name the command which does the same."""
        routes = [
            Route("/v1/projects/{project}/locations", self.list_locations),
            Route(f"{_JOBS}/{{name:name}}:run", self.run_job, methods=["POST"]),
        ]
        for parent in (_NAMESPACE, _LOCATION):
            routes += [
                Route(f"{parent}/services", self.list_services),
                Route(f"{parent}/services", _create_service, methods=["POST"]),
                Route(f"{parent}/services/{{name:name}}", self.get_service),
                Route(f"{parent}/services/{{name:name}}", self.delete_service, methods=["DELETE"]),
                Route(f"{parent}/services/{{name:name}}", _replace_service, methods=["PUT"]),
                Route(f"{parent}/revisions", self.list_revisions),
                Route(f"{parent}/revisions/{{name:name}}", self.get_revision),
                Route(f"{parent}/revisions/{{name:name}}", self.delete_revision, methods=["DELETE"]),
            ]
        return routes

    async def list_services(self, request: Request) -> Response:
        """The project's services by name and region: one region's, or on the global host all."""
        project, region = self._project(request), _region(request)
        found = listing.services(self.store, project, self.edge, region, caller=self.says(request))
        return _list(request, "ServiceList", found, _by_name)

    async def get_service(self, request: Request) -> Response:
        """A service with its addresses."""
        service = self._service(request, "services describe")
        body = service_to_json(service, self._number(service.ref.project))
        return JSONResponse(located(body, service.door, self.edge))

    async def delete_service(self, request: Request) -> Response:
        """A service goes with its revisions; its instances stop after the answer."""
        service = self._service(request, "services delete")
        if not _is_dry(request):
            service_verbs.delete(self.store, service.ref, caller=self.says(request), now=self.now())
            self.changed()
        return _deleted("services", service.ref.name, service.uid)

    async def list_revisions(self, request: Request) -> Response:
        """The project's revisions, newest first: that order is visible, because a client's limit reaches us."""
        project, region = self._project(request), _region(request)
        service = parse(request.query_params.get("labelSelector", "")).only(SERVICE_LABEL)
        found = listing.revisions(self.store, project, region, service, caller=self.says(request))
        bodies = [{key: value for key, value in body.items() if key != "active"} for body in found]
        return _list(request, "RevisionList", bodies, _by_age, newest_first=True)

    async def get_revision(self, request: Request) -> Response:
        """A revision."""
        revision = self._revision(request, "revisions describe")
        return JSONResponse(revision_to_json(revision, self._number(revision.ref.project)))

    async def delete_revision(self, request: Request) -> Response:
        """A revision that nothing needs goes; its instances stop after the answer."""
        if _is_dry(request):
            raise Unimplemented("dryRun of the deletion of a revision is not built yet in this emulator.")
        revision = self._revision(request, "revisions delete")
        revision_verbs.delete(self.store, revision.ref, caller=self.says(request), now=self.now())
        self.changed()
        return _deleted("revisions", revision.ref.name, revision.uid)

    async def run_job(self, request: Request) -> Response:
        """A new execution of a job."""
        execution = await self.runner.run(request, _one_region(request), self.now())
        self.changed()
        return JSONResponse(execution_to_json(execution, self._number(execution.ref.project)))

    async def list_locations(self, request: Request) -> Response:
        """The regions of Cloud Run; here all of them are this machine, and none has a town's name."""
        project, query = self._project(request), request.query_params
        permits.require(self.store, self.says(request), "regions list", permits.place(project))
        regions = [
            {"name": f"projects/{project}/locations/{name}", "locationId": name, "displayName": name}
            for name in REGIONS
        ]  # fmt: skip
        found, token = page(
            regions, lambda one: (one["locationId"],), limit=query.get("pageSize"), token=query.get("pageToken")
        )
        return JSONResponse({"locations": found} | ({"nextPageToken": token} if token else {}))

    def _project(self, request: Request) -> str:
        named: str = request.path_params["project"]
        return next((project for project, number in projects.numbers(self.store).items() if number == named), named)

    def _number(self, project: str) -> str:
        return projects.number(self.store, project) or project_number(project)

    def _service(self, request: Request, verb: str) -> Service:
        """The service, once the caller may do this verb with it. Raises PermissionDenied, NotFound."""
        ref = ServiceRef(self._project(request), _one_region(request), request.path_params["name"])
        permits.require(self.store, self.says(request), verb, service_verbs.resource(ref))
        found = service_verbs.find(self.store, ref)
        if found is None:
            raise _missing("SERVICE", ref)
        return found

    def _revision(self, request: Request, verb: str) -> Revision:
        """The revision, once the caller may do this verb with it. Raises PermissionDenied, NotFound."""
        name = RevisionName(request.path_params["name"])
        ref = RevisionRef(self._project(request), _one_region(request), name)
        try:
            return revision_verbs.get(self.store, ref, caller=self.says(request), verb=verb)
        except NotFound as error:
            raise _missing("REVISION", ref) from error


async def _create_service(request: Request) -> Response:
    raise _by_command("Creating a service", "cloudrun run deploy SERVICE --image=IMAGE")


async def _replace_service(request: Request) -> Response:
    name = request.path_params["name"]
    raise _by_command("Replacing a service", f"cloudrun run deploy {name} --image=IMAGE")


def _by_command(what: str, command: str) -> Unimplemented:
    return Unimplemented(f"{what} over the API is not built yet in this emulator.", hint=f"Use instead: {command}")


def _region(request: Request) -> str | None:
    """The region of a list: from the path or the host; None for all of them."""
    location = request.path_params.get("location", request.state.region)
    return None if location == "-" else location


def _one_region(request: Request) -> str:
    """The region of a resource. Raises InvalidArgument where the request does not say it."""
    region = _region(request)
    if region is None:
        raise InvalidArgument(
            "The request does not say in which region that is.",
            hint="Use the regional host, such as us-central1-run.localhost, or "
            "/v1/projects/PROJECT/locations/REGION/… for a path.",
        )
    return region


def _is_dry(request: Request) -> bool:
    """Whether nothing may be kept. Source: v1, dryRun"""
    asked = request.query_params.get("dryRun", "")
    if asked not in ("", "all"):
        raise InvalidArgument(f"dryRun can only be [all], not [{asked}].")
    return asked == "all"


def _list(
    request: Request,
    kind: str,
    items: Sequence[Json],
    by: Callable[[Json], tuple[str, ...]],
    *,
    newest_first: bool = False,
) -> Response:
    query = request.query_params
    selector = parse(query.get("labelSelector", ""))
    meant = [one for one in items if selector.allows(one["metadata"]["labels"])]
    found, token = page(meant, by, limit=query.get("limit"), token=query.get("continue"), newest_first=newest_first)
    meta = {"continue": token} if token else {}
    return JSONResponse({"apiVersion": SERVING, "kind": kind, "metadata": meta, "items": found})


def _by_name(body: Json) -> tuple[str, ...]:
    return body["metadata"]["name"], body["metadata"]["labels"][LOCATION]


def _by_age(body: Json) -> tuple[str, ...]:
    return body["metadata"]["creationTimestamp"], *_by_name(body)


def _deleted(kind: str, name: str, uid: str) -> Response:
    details = {"group": "serving.knative.dev", "kind": kind, "name": name, "uid": uid}
    return JSONResponse({"status": "Success", "details": details})


def _missing(kind: str, ref: ServiceRef | RevisionRef) -> NotFound:
    return NotFound(
        f"Resource '{ref.name}' of kind '{kind}' in region '{ref.region}' in project '{ref.project}' does not exist."
    )
