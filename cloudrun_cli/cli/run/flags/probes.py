"""The health checks of a container: `--startup-probe=httpGet.path=/ready,httpGet.port=8080,periodSeconds=5`."""

from typing import TYPE_CHECKING, Literal

from cloudrun_cli.cli.families import Family, Values, value
from cloudrun_cli.cli.parsing import DictOf
from cloudrun_cli.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change
    from cloudrun_cli.core.resources import Probe

HTTP, GRPC, TCP = ("httpGet.path", "httpGet.port"), ("grpc.port", "grpc.service"), ("tcpSocket.port",)
TIMES = ("failureThreshold", "periodSeconds", "timeoutSeconds")
FORM = 'KEY=VALUE pairs, such as httpGet.path=/ready,periodSeconds=5; "" removes it.'

FLAGS = (
    value(
        "--startup-probe",
        f"Check before requests come: {FORM}",
        DictOf(keys=(*HTTP, *GRPC, *TCP, *TIMES, "initialDelaySeconds")),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--liveness-probe",
        f"Check whether an instance must be replaced: {FORM}",
        DictOf(keys=(*HTTP, *GRPC, *TIMES, "initialDelaySeconds")),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--readiness-probe",
        f"Check whether an instance gets requests: {FORM}",
        DictOf(keys=(*HTTP, *GRPC, *TIMES, "successThreshold")),
        metavar="KEY=VALUE",
        each=True,
    ),
)
KINDS: tuple[Literal["startup", "liveness", "readiness"], ...] = ("startup", "liveness", "readiness")


def _each(values: Values, container: str) -> "list[Change]":
    from cloudrun_cli.core.container_changes import ProbeChange

    out: list[Change] = []
    for kind in KINDS:
        pairs = values[f"{kind}_probe"]
        if pairs is not None:
            out.append(ProbeChange(kind, probe(pairs, f"--{kind}-probe") if pairs else None, container))
    return out


def probe(pairs: dict[str, str], flag: str) -> "Probe":
    """The check that KEY=VALUE pairs describe. Raises InvalidArgument."""
    from cloudrun_cli.core.resources import Probe

    kinds = {key.partition(".")[0] for key in pairs if "." in key}
    if len(kinds) != 1:
        found = f"[{', '.join(sorted(kinds))}]" if kinds else "none of them"
        raise InvalidArgument(f"{flag}: A check is one of httpGet, grpc and tcpSocket; it has {found}.", field=flag)
    kind = kinds.pop()
    usual = Probe()
    return Probe(
        kind={"httpGet": "http", "grpc": "grpc", "tcpSocket": "tcp"}[kind],
        port=_whole(pairs, f"{kind}.port", flag),
        path=pairs.get("httpGet.path", usual.path),
        service=pairs.get("grpc.service", ""),
        initial_delay_seconds=_whole(pairs, "initialDelaySeconds", flag) or 0,
        timeout_seconds=_number(pairs, "timeoutSeconds", flag, usual.timeout_seconds),
        period_seconds=_number(pairs, "periodSeconds", flag, usual.period_seconds),
        failure_threshold=_number(pairs, "failureThreshold", flag, usual.failure_threshold),
        success_threshold=_number(pairs, "successThreshold", flag, usual.success_threshold),
    )


def _number(pairs: dict[str, str], key: str, flag: str, usual: int) -> int:
    said = _whole(pairs, key, flag)
    return usual if said is None else said


def _whole(pairs: dict[str, str], key: str, flag: str) -> int | None:
    text = pairs.get(key)
    if text is None:
        return None
    if not text.isdecimal():
        raise InvalidArgument(f"{flag}: [{key}] must be a whole number; received: {text}", field=flag)
    return int(text)


FAMILY = Family(FLAGS, each=_each)
