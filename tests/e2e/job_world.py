"""A job of the stories: its program as an image, its trace, and what is known of its executions."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.world import LIMIT_SECONDS, Home, engine, eventually

PROGRAM = Path(__file__).parent / "programs" / "task.py"
BUCKET = "work"


@dataclass(frozen=True)
class Line:
    """One line of a trace."""

    what: str
    index: int
    attempt: int
    at: float


class Job:
    """A job of this name, with a folder that all its tasks share: a bucket on Docker, and the same folder of this
    machine for processes, which cannot mount."""

    def __init__(self, home: Home, name: str, mode: str, flags: str = "") -> None:
        self.home, self.name = home, name
        self.folder = home.home / "buckets" / f"{BUCKET}-{name}"
        shutil.rmtree(self.folder, ignore_errors=True)
        for part in ("in", "out"):
            (self.folder / part).mkdir(parents=True)
        for folder in (self.folder, self.folder / "out"):
            folder.chmod(0o777)
        seen = self.folder
        if home.runtime == "docker":
            seen = Path("/work")
            flags += f" --add-volume=name=shared,type=cloud-storage,bucket={self.folder.name}"
            flags += " --add-volume-mount=volume=shared,mount-path=/work"
        given = ["run", "jobs", "create", name, f"--image={task_image(home)}", *flags.split()]
        home.done(*given, f"--set-env-vars=FOLDER={seen},MODE={mode}")

    def execute(self, flags: str = "--wait", *, well: bool = True) -> dict[str, Any]:
        """The new execution, as v1."""
        answer = self.home.cloudrun(f"run jobs execute {self.name} {flags}")
        assert (answer.exit_code == 0) is well, f"{answer.stdout}\n{answer.stderr}\n{self.home.log()}"
        return self.executions()[0]

    def executions(self) -> list[dict[str, Any]]:
        """Its executions, the newest first."""
        found: list[dict[str, Any]] = self.home.json(f"run jobs executions list --job={self.name}")
        return found

    def over(self, execution: str, seconds: float = LIMIT_SECONDS) -> dict[str, Any]:
        """The execution, once it has come to its end."""
        eventually(lambda: "completionTime" in self.seen(execution)["status"], self.home.log, seconds)
        return self.seen(execution)

    def seen(self, execution: str) -> dict[str, Any]:
        """The execution as it is now."""
        found: dict[str, Any] = self.home.json(f"run jobs executions describe {execution}")
        return found

    def tasks(self, execution: str) -> list[dict[str, Any]]:
        """The tasks of an execution, by index."""
        found = self.home.json(f"run jobs executions tasks list --execution={execution}")
        return sorted(found, key=lambda task: int(task["status"].get("index", 0)))

    def trace(self) -> list[Line]:
        """What its tasks have written down, in that order."""
        path = self.folder / "trace"
        rows = [row.rsplit(" ", 3) for row in path.read_text().splitlines()] if path.exists() else []
        return [Line(what, int(index), int(attempt), float(at)) for what, index, attempt, at in rows]

    def attempts(self) -> list[tuple[int, int]]:
        """Index and number of every attempt that began, in that order."""
        return [(line.index, line.attempt) for line in self.trace() if line.what == "begin"]

    def most_at_once(self) -> int:
        """How many tasks ran at the same time, at most; one that ended without a word ran to its last line."""
        trace = self.trace()
        spans = [[line.at for line in trace if (line.index, line.attempt) == attempt] for attempt in self.attempts()]
        return max(sum(min(other) <= span[0] <= max(other) for other in spans) for span in spans)

    def entries(self, log: str = "") -> list[dict[str, Any]]:
        """Its log entries, oldest first."""
        found: list[dict[str, Any]] = self.home.json(f"run jobs logs read {self.name} --limit=1000")
        return [entry for entry in found if entry["logName"].endswith(log)]


def task_image(home: Home) -> str:
    """The program as an image of the runtime, made once a home."""
    if home.runtime == "docker":
        from tests.docker_images import an_image, python_base

        tag = "cloudrun-test/e2e-task:latest"
        command = ['CMD ["python3", "-u", "/task.py"]']
        an_image(engine(), python_base(engine()), {"task.py": PROGRAM.read_text()}, tag=tag, instructions=command)
        return tag
    kept = home.path / "task-image"
    if not kept.exists():
        source = home.folder("task", {"main.py": PROGRAM.read_text(), "Procfile": "web: python3 main.py\n"})
        home.done(f"run jobs deploy built --source={source}")
        found = home.json("run jobs describe built")
        task = found["spec"]["template"]["spec"]["template"]["spec"]
        kept.write_text(json.dumps(task["containers"][0]["image"]))
    return str(json.loads(kept.read_text()))
