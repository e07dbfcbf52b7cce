"""The rooms and their doors: every import in the package is one that the style allows."""

import ast
from pathlib import Path

import pytest

import cloudrun_cli

PACKAGE = Path(cloudrun_cli.__file__).parent
SHARED = {"settings", "configurations", "properties", "durations", "clock"}  # beside the rooms; `core` is all they need

MAY_IMPORT = {
    "core": set[str](),
    "output": set[str](),
    "store": {"core"},
    "runtime": {"core"},
    "dataplane": {"core"},
    "controlplane": {"core", "store"},
    "api": {"core", "controlplane", "store"},
    "daemon": {"core", "store", "runtime", "dataplane", "controlplane", "api"} | SHARED,
    "cli": {"core", "controlplane", "store", "output", "daemon.doorbell"} | SHARED,
    "__main__": {"cli", "output"},
} | {name: {"core"} | SHARED for name in SHARED}

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def room_of(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


def imported(module: Path) -> set[str]:
    """The modules of this package that a module imports, wherever in it and under whatever condition."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("cloudrun_cli.") for name in names if name.startswith("cloudrun_cli.")}


def allowed(room: str, name: str) -> bool:
    parts = name.split(".")
    return parts[0] in {room, "__version__"} or not {parts[0], ".".join(parts[:2])}.isdisjoint(MAY_IMPORT[room])


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_from_the_rooms_its_own_may_enter(module: Path) -> None:
    room = room_of(module)
    assert room in MAY_IMPORT, f"{room} is a room that the style does not draw"
    assert {name for name in imported(module) if not allowed(room, name)} == set()


@pytest.mark.parametrize("room", sorted({m.parent for m in MODULES if m.parts[0] == "core"}), ids=str)
def test_core_stands_on_the_standard_library_alone(room: Path) -> None:
    import sys

    for path in (PACKAGE / room).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                first = name.partition(".")[0]
                assert first == "cloudrun_cli" or first in sys.stdlib_module_names, f"{path} imports {name}"


@pytest.mark.parametrize("init", sorted(PACKAGE.rglob("__init__.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_front_of_a_room_is_its_caption_and_nothing_else(init: Path) -> None:
    body = ast.parse(init.read_text(encoding="utf-8")).body
    assert ast.get_docstring(ast.Module(body=body, type_ignores=[]))
    assert [node for node in body[1:] if not _is_version(node)] == []


def _is_version(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__version__"
    )


@pytest.mark.parametrize("module", [m for m in MODULES if "index" not in m.parts], ids=str)
def test_a_module_has_a_docstring_and_one_subject(module: Path) -> None:
    text = (PACKAGE / module).read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "say in its first line what it gives"
    assert len(text.splitlines()) <= 400, "look for the second subject and give it a noun"
