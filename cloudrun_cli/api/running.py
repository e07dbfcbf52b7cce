"""What a `:run` of a job asks for, in v1 and in v2: overrides, or nothing at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from starlette.requests import Request

from cloudrun_cli.api.callers import Says
from cloudrun_cli.controlplane import executions
from cloudrun_cli.core.errors import InvalidArgument, NotFound, Unimplemented
from cloudrun_cli.core.jobs import NO_OVERRIDES, Execution, JobRef, Overrides
from cloudrun_cli.core.wire.v1_executions import overrides_from_json
from cloudrun_cli.store import projects
from cloudrun_cli.store.database import Store

_FIELDS = ("overrides", "validateOnly", "etag")
_OF_OVERRIDES = ("containerOverrides", "taskCount", "timeout", "timeoutSeconds")
_OF_CONTAINER = ("name", "args", "env", "clearArgs")
SHOWN = 200  # characters of a wrong value


@dataclass(frozen=True, slots=True)
class Runner:
    """Makes executions for whoever calls, as `says` tells."""

    store: Store
    says: Says
    random: Random

    async def run(self, request: Request, region: str, now: datetime) -> Execution:
        """A new execution of the job that the path names. Raises NotFound, InvalidArgument."""
        overrides = _overrides(await request.body())
        named: str = request.path_params["project"]
        known = projects.numbers(self.store).items()
        project = next((project for project, number in known if number == named), named)
        ref = JobRef(project, region, request.path_params["name"])
        try:
            return executions.run(self.store, ref, overrides, caller=self.says(request), now=now, random=self.random)
        except NotFound as error:
            raise NotFound(
                f"Resource '{ref.name}' of kind 'JOB' in region '{ref.region}' in project '{ref.project}' does not "
                "exist."
            ) from error


def _overrides(body: bytes) -> Overrides:
    """What the body asks for; a scheduler's may be empty. Raises InvalidArgument, Unimplemented."""
    try:
        asked = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise InvalidArgument(f"The body is not JSON: {error}") from error
    if not isinstance(asked, Mapping):
        raise InvalidArgument("The body is not a JSON object.")
    _check_names(asked, _FIELDS, "")
    for name in _FIELDS[1:]:
        if asked.get(name):
            raise Unimplemented(f"{name} of a :run is not built yet in this emulator.")
    return _read(asked.get("overrides"))


def _read(said: Any) -> Overrides:
    if said is None:
        return NO_OVERRIDES
    if not isinstance(said, Mapping):
        raise InvalidArgument("The overrides are not a JSON object.", field="overrides")
    _check_names(said, _OF_OVERRIDES, "overrides")
    for name, value in said.items():
        try:
            overrides_from_json({name: value})
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            field, shown = f"overrides.{name}", json.dumps(value, ensure_ascii=False)
            raise InvalidArgument(f"Invalid value at '{field}': {shown[:SHOWN]}", field=field) from error
    for position, container in enumerate(said.get("containerOverrides") or ()):
        _check_names(container, _OF_CONTAINER, f"overrides.containerOverrides[{position}]")
    return overrides_from_json(said)


def _check_names(said: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Raises InvalidArgument for a name that nothing is known by."""
    if strange := [name for name in said if name not in known]:
        at = f" at '{where}'" if where else ""
        raise InvalidArgument(f'Invalid JSON payload received. Unknown name "{strange[0]}"{at}: Cannot find field.')
