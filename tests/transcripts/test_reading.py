"""Every recorded call that changes nothing, made of the real program: it answers as gcloud did. Evidence: recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transcripts.listed import check, known
from tests.transcripts.recordings import ABSENT, HERE, Transcript, transcripts
from tests.transcripts.worlds import call, environment, imported

pytestmark = pytest.mark.skipif(not HERE, reason=ABSENT)

READING = [case for case in transcripts().values() if not (case.writes or known().get(case.id, {}).get("changes"))]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A home by the state that a recording begins in. A call that is refused may have woken the emulator."""
    place = tmp_path_factory.mktemp("transcripts")
    made = {"base": imported(place / "base"), "empty": place / "empty"}
    yield made
    for home in made.values():
        assert call(["emulator", "stop"], environment(home)).exit_code == 0


@pytest.mark.parametrize("case", READING, ids=lambda case: case.id)
def test_a_recorded_reading_call_answers_as_gcloud_did(case: Transcript, homes: dict[str, Path]) -> None:
    check(case, call(case.argv, environment(homes[case.state]) | dict(case.env)))
