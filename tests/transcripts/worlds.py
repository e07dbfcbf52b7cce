"""The world that the recordings were made in: the recorded objects, imported; and the environment of the calls."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from cloudrun_cli.core.secrets import ACCESSOR
from cloudrun_cli.daemon import doorbell
from cloudrun_cli.store import policies
from cloudrun_cli.store.database import open_store
from tests.builders import RECORDINGS
from tests.conftest import ROOT, Answer
from tests.e2e.world import free_ports

INPUTS = RECORDINGS / "resources"  # where relative paths of a recorded call lead
LIMIT_SECONDS = 120.0
READERS = [
    "serviceAccount:123456789012-compute@developer.gserviceaccount.com",
    "serviceAccount:api-sa@demo.iam.gserviceaccount.com",
]
GROWING = {"meta", "journal", "builds", "sqlite_sequence"}  # what counts on, whatever else begins anew


def environment(home: Path, **more: str) -> dict[str, str]:
    """The variables of a recorded call: project demo, us-central1, no prompts, 200 columns, UTC."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSDK_", "CLOUDRUN_"))}
    return kept | {
        "CLOUDRUN_HOME": str(home),
        "CLOUDRUN_HTTP_PORT": "9921",
        "CLOUDSDK_CORE_PROJECT": "demo",
        "CLOUDSDK_RUN_REGION": "us-central1",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "COLUMNS": "200",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def call(arguments: list[str], environ: Mapping[str, str | None]) -> Answer:
    """What the program prints, tells and leaves with. A variable that is None is not set."""
    done = subprocess.run(
        [sys.executable, "-m", "cloudrun_cli", *arguments],
        capture_output=True,
        text=True,
        env={name: value for name, value in environ.items() if value is not None},
        cwd=INPUTS,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    return Answer.of(done)


class Changed:
    """A home whose emulator runs, put back to what the recordings begin with before every call that changes it."""

    def __init__(self, place: Path, runtime: str) -> None:
        self.home, self._before = place / "home", place / "before.db"
        http_port, https_port = free_ports(2)
        self.environ = environment(
            self.home,
            CLOUDRUN_HTTP_PORT=str(http_port),
            CLOUDRUN_HTTPS_PORT=str(https_port),
            CLOUDSDK_RUN_RUNTIME=runtime,
            CLOUDSDK_EMULATOR_SETTLE_TIME="50ms",
        )
        imported(self.home)
        with closing(sqlite3.connect(self.home / "state.db")) as store:
            store.execute("VACUUM INTO ?", (str(self._before),))
        self._done("emulator", "start")

    def begin_anew(self) -> None:
        """Every recorded object as it was, and nothing else; whatever runs for others stops."""
        with closing(sqlite3.connect(self.home / "state.db", isolation_level=None)) as store:
            store.execute("ATTACH ? AS before", (str(self._before),))
            store.execute("BEGIN IMMEDIATE")
            tables = [name for (name,) in store.execute("SELECT name FROM before.sqlite_master WHERE type = 'table'")]
            for table in sorted(set(tables) - GROWING):
                store.execute(f"DELETE FROM main.{table}")
                store.execute(f"INSERT INTO main.{table} SELECT * FROM before.{table}")
            store.execute("COMMIT")
        doorbell.ring(str(self.home))

    def close(self) -> None:
        """Stop it."""
        self._done("emulator", "stop")

    def _done(self, *words: str) -> None:
        answer = call(list(words), self.environ)
        assert answer.exit_code == 0, answer.stderr


def imported(home: Path) -> Path:
    """A home with every recorded object in it, whose services may read their secrets: the recording server let all."""
    answer = call(["emulator", "import", str(INPUTS)], environment(home))
    assert answer.exit_code == 0, answer.stderr
    policy = {"bindings": [{"role": ACCESSOR, "members": READERS}]}
    with closing(open_store(str(home))) as store, store.transaction():
        for secret in ("api-key", "app-config", "db-password"):
            policies.put(store, f"projects/demo/secrets/{secret}", policy)
    return home
