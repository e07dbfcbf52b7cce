"""The order in which containers start. Evidence: documented (container runtime contract; deploying sidecars)."""

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container
from cloudrun_cli.core.sidecars import named, names, start_order
from tests.builders import HELLO, a_template


def containers(**depends: str) -> list[Container]:
    """Containers by name, each with the names it depends on."""
    return [Container(HELLO, name=name, depends_on=tuple(others.split())) for name, others in depends.items()]


@pytest.mark.parametrize(
    ("depends", "waves"),
    [
        ({"app": ""}, (("app",),)),
        ({"app": "", "side": ""}, (("app", "side"),)),  # without dependencies: as listed
        ({"app": "side", "side": ""}, (("side",), ("app",))),
        ({"app": "cache log", "cache": "", "log": ""}, (("cache", "log"), ("app",))),
        ({"app": "cache", "cache": "log", "log": ""}, (("log",), ("cache",), ("app",))),
        ({"a": "b c", "b": "d", "c": "d", "d": "", "e": ""}, (("d", "e"), ("b", "c"), ("a",))),
        ({"a": "b b", "b": ""}, (("b",), ("a",))),
    ],
)
def test_each_starts_after_all_it_depends_on_and_else_as_listed(
    depends: dict[str, str], waves: tuple[tuple[str, ...], ...]
) -> None:
    assert start_order(containers(**depends)) == waves


@pytest.mark.parametrize(
    ("depends", "said"),
    [
        ({"app": "sidecar", "side": ""}, "Container [app] depends on [sidecar], which is not there; there are [app, "),
        ({"app": "app"}, "Container [app] cannot depend on itself."),
        ({"a": "b", "b": "a"}, "in a circle: a → b → a."),
        ({"x": "a", "a": "b", "b": "c", "c": "a"}, "in a circle: a → b → c → a."),
        ({"ok": "", "a": "ok b", "b": "a"}, "in a circle: a → b → a."),
    ],
)
def test_unknown_names_and_circles_are_refused_by_name(depends: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        start_order(containers(**depends))
    assert said in refusal.value.message
    assert "container-dependencies" in str(refusal.value.field)


def test_a_container_without_a_name_goes_by_its_image_and_place() -> None:
    template = a_template(containers=(Container("registry.example/team/web:v2"), Container(HELLO, name="side")))
    assert names(template.containers) == ("web-1", "side")
    assert list(named(template)) == ["web-1", "side"]
