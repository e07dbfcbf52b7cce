"""The known differences from the recordings, each with its reason, in `differences.yaml` and nowhere else."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import Answer
from tests.transcripts.recordings import Transcript, differences

LIST = Path(__file__).with_name("differences.yaml")


@cache
def known() -> dict[str, dict[str, Any]]:
    """By transcript: `reason`, `differs` (which of exit, stdout and stderr), and `lines` of stdout that do."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(LIST.read_text(encoding="utf-8")) or {}
    return found


def check(case: Transcript, answer: Answer) -> None:
    """Fails where an answer differs in a way that is not listed, and where a listed difference is gone."""
    found = differences(case, answer.exit_code, answer.stdout, answer.stderr)
    listed = known().get(case.id, {})
    told = "\n".join(f"{where}: {how}" for where, how in found.items())
    assert sorted(found) == sorted(listed.get("differs", [])), told or "it no longer differs: take it off the list"
    if "lines" in listed:
        changed = [line for line in found["stdout"].splitlines()[2:] if line[:1] in "+-"]
        assert changed == listed["lines"].splitlines(), found["stdout"]
