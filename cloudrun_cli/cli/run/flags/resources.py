"""How much of the machine an instance gets."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, toggle, value
from cloudrun_cli.cli.parsing import Integer

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

NO_GPU = "instances get no GPU"

FLAGS = (
    value("--cpu", "CPUs of the container: 1, 2, 0.5, 500m.", each=True),
    value("--memory", "Memory of the container: 512Mi, 1Gi.", each=True),
    value("--gpu", "GPUs of the container.", Integer(0), each=True, recorded=NO_GPU),
    value("--gpu-type", "The kind of GPU.", recorded=NO_GPU),
    toggle("--gpu-zonal-redundancy", "Keep GPUs ready in more than one zone.", recorded=NO_GPU),
    toggle("--cpu-boost", "More CPU while an instance starts, and for 10 s after."),
    toggle("--cpu-throttling", "CPU only while requests are served."),
    value(
        "--execution-environment",
        "The kind of sandbox that instances run in.",
        choices=("gen1", "gen2"),
        recorded="there is one kind of container",
    ),
)


def _each(values: Values, container: str) -> "list[Change]":
    from cloudrun_cli.core.container_changes import GpuChange, LimitsChange

    out: list[Change] = []
    if values["cpu"] is not None or values["memory"] is not None:
        out.append(LimitsChange(values["cpu"], values["memory"], container))
    if values["gpu"] is not None:
        out.append(GpuChange(values["gpu"], container))
    return out


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core import annotations as known
    from cloudrun_cli.core.changes import AcceleratorChange, TemplateAnnotationsChange

    out: list[Change] = []
    if values["gpu_type"] is not None:
        out.append(AcceleratorChange(values["gpu_type"] or None))
    annotations: dict[str, str | None] = {}
    if values["gpu_zonal_redundancy"] is not None:
        annotations[known.GPU_REDUNDANCY_DISABLED] = str(not values["gpu_zonal_redundancy"]).lower()
    for name, key in (("cpu_boost", known.STARTUP_BOOST), ("cpu_throttling", known.CPU_THROTTLING)):
        if values[name] is not None:
            annotations[key] = str(values[name]).lower()
    if values["execution_environment"] is not None:
        annotations[known.EXECUTION_ENVIRONMENT] = values["execution_environment"]
    return [*out, TemplateAnnotationsChange(annotations)] if annotations else out


FAMILY = Family(FLAGS, whole=_whole, each=_each)
