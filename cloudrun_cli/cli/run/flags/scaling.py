"""How many instances there are, and how many requests each of them serves at once."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, value
from cloudrun_cli.cli.parsing import Kind, OrDefault, number
from cloudrun_cli.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change


class _Scaling(Kind):
    """`auto`, or a number of instances."""

    def parse(self, text: str) -> str:
        if text != "auto" and not text.isdecimal():
            raise InvalidArgument(f'Bad value [{text}]: must be a non-negative integer, or "auto".')
        return text


class _Target(Kind):
    """A part of 1, such as 0.6, or one of the words default and disabled."""

    def parse(self, text: str) -> str:
        from cloudrun_cli.core.targets import DISABLED, LEAST, MOST, parse

        try:
            if text != "0":
                parse(text, "")
                return text
        except InvalidArgument:
            pass
        raise InvalidArgument(
            f"Bad value [{text}]: must be from {LEAST} to {MOST} with at most two decimals, "
            f'or one of "default" and "{DISABLED}".'
        )


FLAGS = (
    value("--concurrency", "Requests at once for one instance.", OrDefault(1, 1000)),
    value("--min-instances", "Instances of the revision that are always kept.", OrDefault(0)),
    value("--max-instances", "Most instances of the revision.", OrDefault(1)),
    value("--min", "Instances of the service that are always kept.", OrDefault(0)),
    value("--max", "Most instances of the service.", OrDefault(1)),
    value("--service-min-instances", "The same as --min.", OrDefault(0), hidden=True),
    value("--service-max-instances", "The same as --max.", OrDefault(1), hidden=True),
    value("--scaling", "auto, or exactly so many instances of the service.", _Scaling()),
    value("--scaling-cpu-target", "Part of an instance's CPU that is aimed at: 0.1 to 0.95, or disabled.", _Target()),
    value(
        "--scaling-concurrency-target",
        "Part of an instance's concurrency that is aimed at: 0.1 to 0.95, or disabled.",
        _Target(),
    ),
)


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core import annotations as known
    from cloudrun_cli.core import changes as ask

    out: list[Change] = []
    if values["concurrency"] is not None:
        out.append(ask.ConcurrencyChange(number(values["concurrency"])))
    for least, most, change in (
        (values["min_instances"], values["max_instances"], ask.RevisionScalingChange),
        (
            values["min"] if values["min"] is not None else values["service_min_instances"],
            values["max"] if values["max"] is not None else values["service_max_instances"],
            ask.ServiceScalingChange,
        ),
    ):
        if least is not None or most is not None:
            out.append(change(number(least), number(most), set_min=least is not None, set_max=most is not None))
    if values["scaling"] is not None:
        out.insert(0, ask.ManualScalingChange(None if values["scaling"] == "auto" else int(values["scaling"])))
    targets = {
        key: None if values[name] == "default" else values[name]
        for name, key in (
            ("scaling_cpu_target", known.CPU_TARGET),
            ("scaling_concurrency_target", known.CONCURRENCY_TARGET),
        )
        if values[name] is not None
    }
    return [*out, ask.TemplateAnnotationsChange(targets)] if targets else out


FAMILY = Family(FLAGS, whole=_whole)
