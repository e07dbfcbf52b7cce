"""`emulator import` and `export` with files. Evidence: recorded (the files), ours (the commands)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import RECORDINGS
from tests.conftest import Cloudrun

recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: import is not tested")
FILES = (
    *("configurations", "executions", "iam-policies", "jobs", "projects", "revisions", "routes", "scheduler"),
    *("service-accounts", "services", "tasks"),
)


def _sorted(name: str, body: Any) -> Any:
    if "items" not in body:
        return body
    kept = [i for i in body["items"] if "run.googleapis.com/workerPool" not in i["metadata"].get("labels", {})]
    return body | {"items": sorted(kept, key=lambda i: i["metadata"]["uid"])}


@recorded
def test_what_is_imported_is_exported_file_by_file(cloudrun: Cloudrun, tmp_path: Path) -> None:
    source, out = RECORDINGS / "resources", tmp_path / "out"
    done = cloudrun("emulator", "import", str(source))
    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[:2] == [
        "Imported 7 services with 11 revisions, 4 policies and 1 project.",
        "Imported 5 jobs with 6 executions.",
    ]
    assert "workerpools.json" in done.stderr
    assert "tasks.json" not in done.stderr
    assert "configurations.json" not in done.stderr
    assert cloudrun("emulator", "export", str(out)).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == [f"{name}.json" for name in FILES]
    for name in FILES:
        ours, theirs = (json.loads((folder / f"{name}.json").read_text()) for folder in (out, source))
        assert _sorted(name, ours) == _sorted(name, theirs), name


@recorded
def test_two_exports_of_one_world_are_the_same(cloudrun: Cloudrun, tmp_path: Path) -> None:
    cloudrun("emulator", "import", str(RECORDINGS / "resources"))
    for folder in ("a", "b"):
        cloudrun("emulator", "export", str(tmp_path / folder))
    cloudrun("emulator", "import", str(tmp_path / "a"), env={"CLOUDRUN_HOME": str(tmp_path / "elsewhere")})
    cloudrun("emulator", "export", str(tmp_path / "c"), env={"CLOUDRUN_HOME": str(tmp_path / "elsewhere")})
    for name in FILES:
        texts = {(tmp_path / folder / f"{name}.json").read_text() for folder in ("a", "b", "c")}
        assert len(texts) == 1, name


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({}, "There is no services.json in ["),
        ({"services.json": "{"}, "is not JSON"),
        ({"services.json": "[]"}, "is not a list of v1 objects"),
        ({"services.json": '{"items": []}', "projects.json": "[]"}, "is not a map from names to objects"),
    ],
)
def test_a_folder_that_holds_something_else_is_refused(
    cloudrun: Cloudrun, tmp_path: Path, files: dict[str, str], complaint: str
) -> None:
    (tmp_path / "in").mkdir()
    for name, text in files.items():
        (tmp_path / "in" / name).write_text(text)
    done = cloudrun("emulator", "import", str(tmp_path / "in"))
    assert done.exit_code == 1
    assert complaint in done.stderr
