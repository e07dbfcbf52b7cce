"""The Resource Manager API: projects, folders, the organization, and who may do what with them.

v1 as gcloud asks for projects and the organization, v2 as it asks for folders, v3 as the client libraries do. Making
and moving is by command. Source: cloudresourcemanager.googleapis.com v1, v2, v3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import Says
from cloudrun_cli.api.paging import page
from cloudrun_cli.api.policies import Policies, body_of
from cloudrun_cli.controlplane import folders, organizations, projects
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.store.database import Store

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceManager:
    """The routes. `says` tells who calls; `changed` is called after each write."""

    store: Store
    says: Says
    now: Callable[[], datetime]
    changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """Every path that is built."""
        policies = Policies(self.store, self.says, self.now, self.changed)
        project, folder, organization = "projects/{name:named}", "folders/{name:named}", "organizations/{name:named}"
        found = [
            Route("/v1/projects", self.list_projects),
            Route(f"/v1/{project}", self.get_project),
            Route(f"/v1/{project}", self.update_project, methods=["PUT"]),
            Route(f"/v1/{project}", self.delete_project, methods=["DELETE"]),
            Route(f"/v1/{project}:undelete", self.undelete_project, methods=["POST"]),
            Route(f"/v1/{project}:getAncestry", self.get_ancestry, methods=["POST"]),
            Route("/v1/organizations:search", self.search_organizations, methods=["POST"]),
            Route(f"/v1/{organization}", self.get_organization),
            Route("/v2/folders", self.list_folders),
            Route(f"/v2/{folder}", self.get_folder),
            Route("/v3/projects", self.list_projects_v3),
            Route("/v3/projects:search", self.list_projects_v3),
            Route(f"/v3/{project}", self.get_project_v3),
            Route(f"/v3/{folder}", self.get_folder_v3),
            Route(f"/v3/{organization}", self.get_organization_v3),
        ]
        for path in (f"/v1/{project}", f"/v1/{organization}", f"/v2/{folder}"):
            found += policies.of(path)
        for path in (project, folder, organization):
            found += policies.of(f"/v3/{path}")
        return found

    async def list_projects(self, request: Request) -> Response:
        """The projects that the caller may see, by id."""
        query = request.query_params
        found, token = page(
            projects.everything(self.store, caller=self.says(request)),
            lambda one: (one["projectId"],),
            limit=query.get("pageSize"),
            token=query.get("pageToken"),
        )
        return JSONResponse({"projects": found} | ({"nextPageToken": token} if token else {}))

    async def get_project(self, request: Request) -> Response:
        """One, by its id or number."""
        return JSONResponse(self._project(request))

    async def update_project(self, request: Request) -> Response:
        """Give it another name for people."""
        name = (await body_of(request)).get("name")
        if not isinstance(name, str):
            raise InvalidArgument("The request has no name.", field="name")
        changed = projects.rename(self.store, _name(request), name, caller=self.says(request), now=self.now())
        return self._done(changed)

    async def delete_project(self, request: Request) -> Response:
        """Ask for its deletion."""
        projects.delete(self.store, _name(request), caller=self.says(request), now=self.now())
        return self._done({})

    async def undelete_project(self, request: Request) -> Response:
        """Have it back."""
        projects.undelete(self.store, _name(request), caller=self.says(request), now=self.now())
        return self._done({})

    async def get_ancestry(self, request: Request) -> Response:
        """It and all that it is in."""
        found = projects.ancestors(self.store, _name(request), caller=self.says(request))
        return JSONResponse({"ancestor": [{"resourceId": {"id": name, "type": kind}} for kind, name in found]})

    async def search_organizations(self, request: Request) -> Response:
        """The organizations that the caller may see."""
        return JSONResponse({"organizations": organizations.everything(self.store, caller=self.says(request))})

    async def get_organization(self, request: Request) -> Response:
        """One, by its number."""
        return JSONResponse(organizations.describe(self.store, _name(request), caller=self.says(request)))

    async def list_folders(self, request: Request) -> Response:
        """Those directly in a parent."""
        parent = request.query_params.get("parent", "")
        deleted = request.query_params.get("showDeleted") == "true"
        return JSONResponse({"folders": folders.inside(self.store, parent, caller=self.says(request), deleted=deleted)})

    async def get_folder(self, request: Request) -> Response:
        """One, by its number."""
        return JSONResponse(folders.describe(self.store, _name(request), caller=self.says(request)))

    async def get_project_v3(self, request: Request) -> Response:
        """One, as v3 says it."""
        return JSONResponse(_project_v3(self._project(request)))

    async def list_projects_v3(self, request: Request) -> Response:
        """The projects that the caller may see, by id: those directly in a parent, or to search, all. A query is of
        terms KEY:VALUE with * for any text, such as id:demo-* parent:folders/1 state:ACTIVE labels.env:dev."""
        query = request.query_params
        found = [_project_v3(one) for one in projects.everything(self.store, caller=self.says(request))]
        if request.url.path.endswith(":search"):
            found = [one for one in found if _is_meant(one, query.get("query", ""))]
        else:
            parent = query.get("parent", "")
            if not parent:
                raise InvalidArgument("The request has no parent.", field="parent")
            found = [one for one in found if one.get("parent") == parent]
        rows, token = page(
            found, lambda one: (one["projectId"],), limit=query.get("pageSize"), token=query.get("pageToken")
        )
        return JSONResponse({"projects": rows} | ({"nextPageToken": token} if token else {}))

    async def get_folder_v3(self, request: Request) -> Response:
        """One, as v3 says it."""
        found = folders.describe(self.store, _name(request), caller=self.says(request))
        return JSONResponse(_as_v3(found, found["name"], found["displayName"]) | {"parent": found["parent"]})

    async def get_organization_v3(self, request: Request) -> Response:
        """One, as v3 says it."""
        found = organizations.describe(self.store, _name(request), caller=self.says(request))
        return JSONResponse(
            _as_v3(found, found["name"], found["displayName"])
            | {"directoryCustomerId": found["owner"]["directoryCustomerId"]}
        )

    def _project(self, request: Request) -> Json:
        return projects.describe(self.store, _name(request), caller=self.says(request))

    def _done(self, answer: Json) -> Response:
        self.changed()
        return JSONResponse(answer)


def _name(request: Request) -> str:
    named: str = request.path_params["name"]
    return named


def _project_v3(found: Json) -> Json:
    """A project of v1 as v3 says it."""
    parent = found.get("parent")
    body = _as_v3(found, f"projects/{found['projectNumber']}", found["name"]) | {"projectId": found["projectId"]}
    return body | ({"parent": f"{parent['type']}s/{parent['id']}"} if parent else {})


def _is_meant(found: Json, query: str) -> bool:
    """Whether each term of a query is true of a project of v3. Raises InvalidArgument for a term that is none."""
    said = {
        "id": found["projectId"],
        "projectId": found["projectId"],
        "name": found["displayName"],
        "displayName": found["displayName"],
        "parent": found.get("parent", ""),
        "state": found["state"],
    }
    for term in query.split():
        key, colon, wanted = term.replace("=", ":", 1).partition(":")
        if not colon or not (key in said or key.startswith("labels.")):
            raise InvalidArgument(f"query: [{term}] is not KEY:VALUE of a key that is known.", field="query")
        value = said.get(key, found.get("labels", {}).get(key.removeprefix("labels."), ""))
        if not fnmatchcase(value.lower(), wanted.strip('"').lower()):
            return False
    return True


def _as_v3(found: Json, name: str, shown: str) -> Json:
    """What every resource of v3 has, from its body in v1 or v2."""
    made = found.get("createTime") or found.get("creationTime")
    body = {"name": name, "displayName": shown, "state": found["lifecycleState"], "createTime": made}
    return body | ({"labels": found["labels"]} if "labels" in found else {})
