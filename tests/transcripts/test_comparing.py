"""What counts as the same answer, and what does not: the comparison itself, on calls made up for it."""

import pytest

from tests.transcripts.listed import known
from tests.transcripts.recordings import ABSENT, HERE, Transcript, differences, transcripts


def a_call(
    stdout: str = "", stderr: str = "", *, writes: bool = False, volatile: dict[str, str] | None = None
) -> Transcript:
    """A recorded call that went well."""
    calls = [{"method": "PUT" if writes else "GET"}]
    return Transcript("made-up", ["run"], "base", 0, stdout, stderr, calls, {}, volatile or {})


@pytest.mark.parametrize(
    ("case", "answer", "differs"),
    [
        (a_call("a\n"), (0, "a\n", ""), []),
        (a_call("a\n"), (0, "b\n", ""), ["stdout"]),
        (a_call("a\n"), (1, "a\n", ""), ["exit"]),
        (a_call("a\n"), (0, "", "a\n"), ["stderr", "stdout"]),
        (a_call("etag: Vj7S24rt5BA=\n"), (0, "etag: grehv/McLoM=\n", ""), []),
        (a_call("etag: ACAB\n"), (0, "etag: grehv/McLoM=\n", ""), ["stdout"]),
        (a_call("at 2026-03-01T12:00:02.000000Z\n"), (0, "at 2026-11-24T07:56:39.123456Z\n", ""), ["stdout"]),
        (a_call("at 2026-03-01T12:00:02.000000Z\n", writes=True), (0, "at 2026-11-24T07:56:39.123456Z\n", ""), []),
        (
            a_call("https://api-x7k2mqpl4a-uc.a.run.app\n", writes=True),
            (0, "http://api-123456789012.us-central1.run.localhost:9080\n", ""),
            [],
        ),
        (
            a_call("https://api-x7k2mqpl4a-uc.a.run.app\n", writes=True),
            (0, "http://api-123456789012.europe-west1.run.localhost:9080\n", ""),
            ["stdout"],
        ),
        (
            a_call("api-00003-qnd\n", writes=True, volatile={"api-00003-qnd": "revision"}),
            (0, "api-00003-x2f\n", ""),
            [],
        ),
        (
            a_call("api-00003-qnd\n", writes=True, volatile={"api-00003-qnd": "revision"}),
            (0, "api-00004-x2f\n", ""),
            ["stdout"],
        ),
        (a_call(stderr="Service [a] has 5.\n"), (0, "", "There are 5 of [a].\n"), []),
        (a_call(stderr="Service [a] has 5.\n"), (0, "", "There are 6 of [a].\n"), ["stderr"]),
        (a_call(stderr="Use `--region`.\n"), (0, "", "Use --zone.\n"), ["stderr"]),
        (a_call(stderr="ERROR: NOT_FOUND: no.\n"), (0, "", "ERROR: no.\n"), ["stderr"]),
        (a_call(stderr="Creating Revision...done\nDone.\n"), (0, "", "More.\nCreating Revision...done\nDone.\n"), []),
        (
            a_call(stderr="Creating Revision...done\nDone.\n"),
            (0, "", "Creating Revision...failed\nDone.\n"),
            ["stderr"],
        ),
        (a_call(stderr="ERROR: (gcloud.run) no.\n"), (0, "", "ERROR: (cloudrun.run) no.\n"), []),
        (a_call(stderr="bad\n<usage>\n\nMore:\n"), (0, "", "bad\nUsage: x\n  --a | --b\n\nMore:\n"), []),
        (a_call(), (0, "", "WARNING: odd.\n"), ["stderr"]),
    ],
)
def test_an_answer_is_the_same_or_says_where_it_is_not(
    case: Transcript, answer: tuple[int, str, str], differs: list[str]
) -> None:
    assert sorted(differences(case, *answer)) == differs


@pytest.mark.skipif(not HERE, reason=ABSENT)
def test_every_listed_difference_is_of_a_recorded_call_and_has_its_reason() -> None:
    for name, entry in known().items():
        assert name in transcripts()
        assert len(entry["reason"]) > 20
        assert set(entry["differs"]) <= {"exit", "stdout", "stderr"}
    assert len(known()) <= 10, "the list is short"
