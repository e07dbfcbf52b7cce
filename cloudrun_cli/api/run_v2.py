"""The Run API v2, as far as it is built: `:run` of a job. Source: run.googleapis.com v2, projects.locations.jobs.run"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.running import Runner
from cloudrun_cli.core.wire.v2_executions import execution_to_json

_EXECUTION = "type.googleapis.com/google.cloud.run.v2.Execution"


@dataclass(frozen=True, slots=True)
class RunV2:
    """The routes. `changed` is called after each write."""

    runner: Runner
    now: Callable[[], datetime]
    changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """Every path that is built."""
        place = "/v2/projects/{project}/locations/{location}"
        return [Route(f"{place}/jobs/{{name:name}}:run", self.run_job, methods=["POST"])]

    async def run_job(self, request: Request) -> Response:
        """The operation that the new execution is; it is done when the execution is."""
        region: str = request.path_params["location"]
        execution = await self.runner.run(request, region, self.now())
        self.changed()
        place = f"projects/{execution.ref.project}/locations/{region}"
        return JSONResponse(
            {
                "name": f"{place}/operations/{execution.uid}",
                "metadata": {"@type": _EXECUTION, **execution_to_json(execution)},
                "done": False,
            }
        )
