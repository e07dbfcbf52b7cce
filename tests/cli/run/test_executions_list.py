"""Lists of very many executions: a terminal shows the newest and says so, a pipe gets all. Evidence: ours."""

from dataclasses import replace

import pytest

from cloudrun_cli.cli.run.jobs.executions import SHOWN
from cloudrun_cli.store import executions, jobs, projects
from cloudrun_cli.store.database import open_store
from tests.builders import NOW, NUMBER, PROJECT, REGION
from tests.cli.terminals import on_a_terminal
from tests.conftest import Cloudrun
from tests.job_builders import a_job, an_execution, later


@pytest.mark.parametrize("more", [0, 2])
def test_a_terminal_shows_the_newest_and_says_so_and_a_pipe_gets_all(cloudrun: Cloudrun, more: int) -> None:
    cloudrun.environ |= {"CLOUDSDK_CORE_PROJECT": PROJECT, "CLOUDSDK_RUN_REGION": REGION}
    count, model = SHOWN + more, an_execution()
    store = open_store(str(cloudrun.home))
    try:
        with store.transaction():
            projects.ensure(store, PROJECT, NUMBER, NOW)
            jobs.insert(store, a_job(), NUMBER)
            for n in range(count):
                ref = replace(model.ref, name=f"nightly-{n:05}")
                executions.insert(store, replace(model, ref=ref, uid=f"uid-{n}", created=later(n)), NUMBER)
    finally:
        store.close()
    seen = on_a_terminal(cloudrun, "run jobs executions list").text
    rows = [line for line in seen.splitlines() if "nightly-0" in line]
    assert len(rows) == SHOWN
    assert f"nightly-{count - 1:05}" in rows[0]
    told = f"Showing the newest {SHOWN} of {count} executions; --limit={count} shows all."
    assert (told in seen) == bool(more)
    everything = cloudrun("run jobs executions list")
    assert (len(everything.splitlines()), everything.stderr) == (count + 1, "")
