"""What the containers of a template must be, alone and together. Every refusal names the field, the value and the rule.

Sources: container runtime contract; Configure CPU and memory limits; Deploy multiple containers; quotas and limits.
"""

import re

from cloudrun_cli.core import probes, sidecars
from cloudrun_cli.core.annotations import ACCELERATOR, CPU_THROTTLING, EXECUTION_ENVIRONMENT
from cloudrun_cli.core.container_changes import GPU_LIMIT
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.limits import (
    MAX_ARGS,
    MAX_CPU_MILLIS,
    MAX_ENV,
    MAX_ENV_BYTES,
    MIN_MEMORY_BYTES_GEN2,
    check_concurrency,
    check_pair,
    check_range,
    cpu_millis,
    memory_bytes,
)
from cloudrun_cli.core.resources import Container, EnvVar, RevisionTemplate

MAX_CONTAINERS = 10
GPU_CPU_MILLIS, GPU_MEMORY_BYTES = 4000, 16 * 1024**3  # of an instance with an nvidia-l4
FIELD = "spec.template.spec.containers"

# Source: container runtime contract; Configure environment variables
RESERVED_ENV = frozenset(
    {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"}
    | {f"CLOUD_RUN_{word}" for word in ("JOB", "EXECUTION", "TASK_INDEX", "TASK_ATTEMPT", "TASK_COUNT")}
    | {f"CLOUD_RUN_{word}" for word in ("WORKER_POOL", "WORKER_POOL_REVISION", "REVISION")}
)
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_IMAGE = re.compile(r"[\w.:/@+-]+")


def check_containers(template: RevisionTemplate, *, serves: bool = True) -> None:
    """Nothing when instances may be made of these containers; one of them has the port that requests come to, where
    it `serves`. Raises InvalidArgument for the first thing wrong."""
    containers = template.containers
    if len(containers) > MAX_CONTAINERS:
        raise _refused(FIELD, f"{len(containers)} containers; an instance has at most {MAX_CONTAINERS}.")
    for index, container in enumerate(containers):
        _check_container(container, f"{FIELD}[{index}]")
    _check_names(template)
    if serves:
        _check_ingress(template)
    sidecars.start_order(containers)
    _check_together(template)
    _check_gpu(template)


def check_env_name(name: str, field: str = "env") -> None:
    """Nothing when a user may set this variable."""
    if not name or "=" in name or "\0" in name:
        raise _refused(field, f"Invalid environment variable name [{name}]: empty, or with '='.")
    if name in RESERVED_ENV or name.startswith("X_GOOGLE_"):
        raise _refused(
            field,
            f"The following reserved env names were provided: {name}. These values are automatically set by the "
            "system.",
        )


def _check_container(container: Container, field: str) -> None:
    if not container.image:
        raise _refused(f"{field}.image", "A container image is required.")
    if not _IMAGE.fullmatch(container.image):
        raise _refused(f"{field}.image", f"Invalid image name [{container.image}]; expected [HOST/]PATH[:TAG|@DIGEST].")
    if container.name and not _NAME.fullmatch(container.name):
        raise _refused(
            f"{field}.name",
            f"Invalid container name [{container.name}]. It has lower-case letters, digits, '-' and '.', begins and "
            "ends with a letter or digit, and has at most 63 characters.",
        )
    check_pair(container.cpu, container.memory, f"{field}.resources.limits")
    if container.port is not None:
        check_range(f"{field}.ports[0].containerPort", container.port.number, 1, 65535)
        if container.port.name not in ("http1", "h2c"):
            raise _refused(
                f"{field}.ports[0].name", f"Invalid port name [{container.port.name}]. It must be http1 or h2c."
            )
    for what, words in (("args", container.args), ("command", container.command)):
        if len(words) > MAX_ARGS:
            raise _refused(f"{field}.{what}", f"{len(words)} words; at most {MAX_ARGS}.")
    if container.working_dir and not container.working_dir.startswith("/"):
        raise _refused(f"{field}.workingDir", f"[{container.working_dir}] is not an absolute path.")
    _check_env(container.env, f"{field}.env")
    _check_probes(container, field)


def _check_env(env: tuple[EnvVar, ...], field: str) -> None:
    if len(env) > MAX_ENV:
        raise _refused(field, f"{len(env)} variables; at most {MAX_ENV}.")
    seen: set[str] = set()
    for variable in env:
        check_env_name(variable.name, field)
        if variable.name in seen:
            raise _refused(field, f"The variable [{variable.name}] is set twice.")
        seen.add(variable.name)
        if max(len(variable.name.encode()), len(variable.value.encode())) > MAX_ENV_BYTES:
            raise _refused(field, f"Name or value of [{variable.name[:64]}] is longer than {MAX_ENV_BYTES} bytes.")


def _check_probes(container: Container, field: str) -> None:
    for role, probe in (
        (probes.Role.STARTUP, container.startup_probe),
        (probes.Role.LIVENESS, container.liveness_probe),
        (probes.Role.READINESS, container.readiness_probe),
    ):
        if probe is None:
            continue
        place = f"{field}.{role.lower()}Probe"
        probes.check(role, probe, place)
        if probe.port is None and container.port is None:
            raise _refused(f"{place}.port", "A probe of a container without a port must name one.")


def _check_names(template: RevisionTemplate) -> None:
    names = sidecars.names(template.containers)
    for index, name in enumerate(names):
        if name in names[:index]:
            raise _refused(f"{FIELD}[{index}].name", f"Two containers are called [{name}]; each needs its own name.")


def _check_ingress(template: RevisionTemplate) -> None:
    """One container gets the requests: among several, the one with a port."""
    names = sidecars.names(template.containers)
    with_port = [name for name, c in zip(names, template.containers, strict=True) if c.port is not None]
    if len(template.containers) > 1 and len(with_port) != 1:
        found = f"[{', '.join(with_port)}] have one" if with_port else "none has one"
        raise InvalidArgument(
            f"{FIELD}: Exactly one container has a port, to which the requests go; {found}.",
            field=f"{FIELD}.ports",
            hint="Say which: --container=NAME --port=PORT",
        )


def _check_together(template: RevisionTemplate) -> None:
    """What an instance has in all. Memory needs no rule of its own: what goes with 8 CPUs is 32Gi at most."""
    cpus = [c.cpu for c in template.containers]
    millis = sum(cpu_millis(cpu) for cpu in cpus)
    size = sum(memory_bytes(c.memory) for c in template.containers)
    limits = f"{FIELD}.resources.limits"
    if millis > MAX_CPU_MILLIS:
        raise _refused(f"{limits}.cpu", f"{' + '.join(cpus)} CPU in all; an instance has at most 8.")
    check_concurrency(cpus, template.concurrency or 1, "spec.template.spec.containerConcurrency")
    generation = template.annotations.get(EXECUTION_ENVIRONMENT, "")
    annotations = "spec.template.metadata.annotations"
    if generation not in ("", "gen1", "gen2"):
        raise _refused(
            f"{annotations}[{EXECUTION_ENVIRONMENT}]", f"Invalid value [{generation}]. It must be gen1 or gen2."
        )
    if millis < 1000 and template.cpu_always:
        raise _refused(
            f"{annotations}[{CPU_THROTTLING}]",
            f"Invalid value [false]. Below 1 CPU, here {' + '.join(cpus)}, CPU is given only while requests are "
            "served.",
        )
    if generation == "gen2":
        if millis < 1000:
            raise _refused(f"{limits}.cpu", f"{' + '.join(cpus)} CPU; the execution environment gen2 needs 1.")
        if size < MIN_MEMORY_BYTES_GEN2:
            raise _refused(
                f"{limits}.memory",
                f"Invalid value [{template.ingress_container.memory}]. The execution environment gen2 needs 512Mi.",
            )


def _check_gpu(template: RevisionTemplate) -> None:
    with_gpu = [(i, c) for i, c in enumerate(template.containers) if c.limits.get(GPU_LIMIT, "0") != "0"]
    kind = template.node_selector.get(ACCELERATOR, "")
    if not with_gpu:
        if kind:
            raise _refused("spec.template.spec.nodeSelector", f"The GPU [{kind}] is chosen, but no container has one.")
        return
    index, container = with_gpu[0]
    field = f"{FIELD}[{index}].resources.limits"
    if len(with_gpu) > 1:
        raise _refused(field, "Two containers ask for a GPU; one of an instance may.")
    if container.limits[GPU_LIMIT] != "1":
        raise _refused(f"{field}[{GPU_LIMIT}]", f"Invalid value [{container.limits[GPU_LIMIT]}]. An instance has one.")
    if template.annotations.get(CPU_THROTTLING) == "true":
        raise _refused(
            f"spec.template.metadata.annotations[{CPU_THROTTLING}]",
            "Invalid value [true]. An instance with a GPU keeps its CPU (--no-cpu-throttling).",
        )
    if cpu_millis(container.cpu) < GPU_CPU_MILLIS or memory_bytes(container.memory) < GPU_MEMORY_BYTES:
        raise _refused(
            field, f"{container.cpu} CPU and {container.memory}; a container with a GPU needs at least 4 and 16Gi."
        )


def _refused(field: str, why: str) -> InvalidArgument:
    return InvalidArgument(f"{field}: {why}", field=field)
