"""What the runtime is told of a task: the containers of one attempt as specs, in the order in which they start."""

from collections.abc import Mapping
from types import MappingProxyType

from cloudrun_cli.core import contract, cpu, sidecars
from cloudrun_cli.core.jobs import Execution
from cloudrun_cli.core.limits import memory_bytes
from cloudrun_cli.daemon.secrets import NOTHING, Given
from cloudrun_cli.daemon.specs import mounts
from cloudrun_cli.runtime.base import InstanceSpec


def of_task(
    instance: str,
    execution: Execution,
    index: int,
    attempt: int,
    home: str,
    given: Given = NOTHING,
    told: Mapping[str, str] = MappingProxyType({}),
) -> list[InstanceSpec]:
    """One spec for each container, the first to start first; `names` begins with the main one, with which the task
    ends. The attempt is `given` these secrets, and `told` variables unless its user says otherwise. Raises
    CloudRunError for what cannot be run."""
    template, status = execution.template.task, execution.status
    containers = sidecars.named(template)
    main = template.ingress_container
    order = [name for wave in sidecars.start_order(template.containers) for name in wave]
    names = tuple(sorted(order, key=lambda name: containers[name] is not main))
    return [
        InstanceSpec(
            id=instance,
            project=execution.ref.project,
            region=execution.ref.region,
            service=execution.job,
            revision=execution.ref.name,
            digest=status.image_digest if containers[name] is main else status.sidecar_digests.get(name, ""),
            env={
                **told,
                **given.variables.get(name, {}),
                **contract.task_environment(execution, containers[name], index, attempt),
            },
            port=0,
            cpu_millis=cpu.at_start(template, containers[name]),
            memory_bytes=memory_bytes(containers[name].memory),
            command=containers[name].command,
            args=containers[name].args,
            working_dir=containers[name].working_dir,
            container=name,
            containers=names if len(names) > 1 else (),
            mounts=mounts(containers[name], template, home, given),
            task=f"{index}/{attempt}",
        )
        for name in order
    ]
