"""Every recorded call that changes something, made of the real program with a real daemon. Evidence: recorded.

Images of the recordings that no stand-in serves are made here, for a real engine.
"""

from collections.abc import Iterator

import pytest

from cloudrun_cli.runtime import docker_labels as labels
from tests.e2e.world import engine
from tests.transcripts.images import pretended
from tests.transcripts.listed import check, known
from tests.transcripts.recordings import ABSENT, HERE, Transcript, transcripts
from tests.transcripts.worlds import Changed, call

pytestmark = pytest.mark.skipif(not HERE, reason=ABSENT)

ON_AN_ENGINE = frozenset(
    [
        "deploy-new-all-flags",
        "deploy-new-secrets",  # with files, which plain processes cannot have
        "deploy-new-sidecar",
        "deploy-source-dockerfile",
        "deploy-update-env",
        "deploy-update-fail",
        "deploy-update-no-traffic",
        "jobs-create-execute-wait",
        "jobs-execute",
        "jobs-execute-overrides",
        "jobs-execute-wait",
        "jobs-execute-wait-fail",
    ]
)
CHANGING = [case for case in transcripts().values() if case.writes or known().get(case.id, {}).get("changes")]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """The recorded world, on plain processes."""
    world = Changed(tmp_path_factory.mktemp("changing"), "process")
    yield world
    world.close()


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """The recorded world, on Docker, with the images of the recordings."""
    with pretended():
        world = Changed(tmp_path_factory.mktemp("changing"), "docker")
        yield world
        for row in engine().containers(filters=labels.filters(str(world.home), labels.KIND_INSTANCE)):
            engine().kill(row["Id"])  # the recorded Dockerfile's program does not heed SIGTERM
        world.close()


@pytest.mark.parametrize("case", [c for c in CHANGING if c.id not in ON_AN_ENGINE], ids=lambda case: case.id)
def test_a_recorded_change_is_answered_as_gcloud_did(case: Transcript, process: Changed) -> None:
    process.begin_anew()
    check(case, call(case.argv, process.environ | dict(case.env)))


@pytest.mark.docker
@pytest.mark.parametrize("case", [c for c in CHANGING if c.id in ON_AN_ENGINE], ids=lambda case: case.id)
def test_a_recorded_change_of_images_is_answered_as_gcloud_did(case: Transcript, docker: Changed) -> None:
    docker.begin_anew()
    check(case, call(case.argv, docker.environ | dict(case.env)))
