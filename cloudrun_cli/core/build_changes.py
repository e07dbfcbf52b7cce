"""What a flag asks of how a service's source is built; kept as annotations of the service. Makes no revision by itself.

Source: Admin API v1, annotations `run.googleapis.com/build-…`; gcloud run deploy, --set-build-env-vars, --function.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cloudrun_cli.core.annotations import BUILD
from cloudrun_cli.core.changes import ServiceAnnotationsChange
from cloudrun_cli.core.resources import Build, Service

ENVIRONMENT = f"{BUILD}environment-variables"
FUNCTION = f"{BUILD}function-target"
BASE_IMAGE = f"{BUILD}base-image"
AUTOMATIC_UPDATES = f"{BUILD}enable-automatic-updates"
SERVICE_ACCOUNT = f"{BUILD}service-account"
WORKER_POOL = f"{BUILD}worker-pool"


@dataclass(frozen=True, slots=True)
class BuildEnvChange:
    """Change the variables of the build: first all go when `clear`, then those in `remove`, then `update` comes."""

    update: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[str] = ()
    clear: bool = False

    def adjust(self, service: Service) -> Service:
        before = {} if self.clear else build_env(service)
        after = {key: value for key, value in before.items() if key not in self.remove} | dict(self.update)
        others = {key: value for key, value in service.annotations.items() if key != ENVIRONMENT}
        if not after:
            return replace(service, annotations=others)
        text = json.dumps(after, separators=(",", ":"), sort_keys=True)
        return replace(service, annotations={**others, ENVIRONMENT: text})


def build_env(service: Service) -> dict[str, str]:
    """The variables of the service's build, as they were set."""
    found: dict[str, str] = json.loads(service.annotations.get(ENVIRONMENT) or "{}")
    return found


def builder_env(service: Service, entrypoint: str = "") -> dict[str, str]:
    """What the build of the service's source sees: its variables, and what function and entry point ask for."""
    env = build_env(service)
    if entrypoint:
        env = {"GOOGLE_ENTRYPOINT": entrypoint, **env}
    if target := service.annotations.get(FUNCTION):
        env = {"GOOGLE_FUNCTION_TARGET": target, "GOOGLE_FUNCTION_SIGNATURE_TYPE": "http", **env}
    return env


def built(build: Build, source: str) -> ServiceAnnotationsChange:
    """What a service says of the build that its image came from. `source` is the folder that was built."""
    name = f"projects/{build.project}/locations/{build.region}/builds/{build.id}"
    said = {"id": build.id, "name": name, "image-uri": build.image, "source-location": source}
    return ServiceAnnotationsChange({f"{BUILD}{key}": value for key, value in said.items()})
