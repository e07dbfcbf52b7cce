"""The traffic block of `update-traffic` and `describe`. Evidence: recorded where it says so, else documented (gcloud's
format `traffic`)."""

import json
from typing import Any

import pytest

from cloudrun_cli.cli.run.traffic_lines import traffic_lines, traffic_pairs
from tests.builders import RECORDINGS

Json = dict[str, Any]

NO_RECORDINGS = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: sameness with gcloud is not tested"
)


def lines(spec: list[Json], status: list[Json], latest: str = "b") -> list[str]:
    service = {
        "spec": {"traffic": spec},
        "status": {"traffic": status, "latestReadyRevisionName": latest, "url": "http://s"},
    }
    found = list(traffic_lines(traffic_pairs(service)))
    assert found[:2] == ["URL: http://s", "Traffic:"]
    return found[2:]


def by_name(name: str, percent: int = 0, tag: str = "") -> Json:
    return _entry({"revisionName": name}, percent, tag)


def latest(percent: int = 0, tag: str = "", name: str = "") -> Json:
    return _entry({"latestRevision": True, **({"revisionName": name} if name else {})}, percent, tag)


def _entry(whose: Json, percent: int, tag: str) -> Json:
    tagged = {"tag": tag, "url": f"http://{tag}---s"} if tag else {}
    return {**whose, **({"percent": percent} if percent else {}), **tagged}


def test_names_stand_in_one_column_as_wide_as_the_widest_percent_and_tags_below_them() -> None:
    both = [by_name("a", 0, "old"), by_name("b", 5, "newest"), by_name("b", 0, "x"), latest(95, name="b")]
    assert lines(both, both) == [
        "  0%  a",
        "        old:    http://old---s",
        "  5%  b",
        "        newest: http://newest---s",
        "        x:      http://x---s",
        "  95% LATEST (currently b)",
    ]


def test_what_is_not_yet_so_is_marked_beside_what_is() -> None:
    assert lines([by_name("a", 10), latest(90, "n")], [by_name("a", 100), by_name("a", 0, "gone")]) == [
        "  10%  (currently 100%) a",
        "                          gone (Deleting): http://gone---s",
        "  90%  (currently -)    LATEST (currently b)",
        "                          n (Adding):",
    ]


def test_one_served_entry_for_a_name_and_for_latest_is_told_apart_by_what_was_wanted() -> None:
    assert lines([by_name("b", 18), latest(10), by_name("a", 72)], [by_name("b", 28), by_name("a", 72)]) == [
        "  72% a",
        "  18% b",
        "  10% LATEST (currently b)",
    ]
    assert lines([latest(100)], [by_name("b", 100)]) == ["  100% LATEST (currently b)"]


def test_a_pair_as_json_has_the_fields_that_ci_tools_read() -> None:
    service = {
        "spec": {"traffic": [latest(100), by_name("a", 0, "t")]},
        "status": {
            "traffic": [latest(100, name="b"), by_name("a", 0, "t")],
            "latestReadyRevisionName": "b",
            "url": "u",
        },
    }
    tagged, newest = traffic_pairs(service)
    assert newest == {
        "displayPercent": "100%",
        "displayRevisionId": "LATEST (currently b)",
        "displayTags": "",
        "key": "LATEST",
        "latestRevision": True,
        "revisionName": "b",
        "serviceUrl": "u",
        "specPercent": "100",
        "specTags": "-",
        "statusPercent": "100",
        "statusTags": "-",
        "tags": [],
        "urls": [],
    }
    assert tagged["tags"] == [{"inSpec": True, "inStatus": True, "tag": "t", "url": "http://t---s"}]
    assert (tagged["displayPercent"], tagged["displayTags"], tagged["urls"]) == ("0%", "t", ["http://t---s"])


@NO_RECORDINGS
@pytest.mark.parametrize("case", ["err-traffic-unknown-rev"])
def test_the_block_of_an_imported_service_is_as_recorded(case: str) -> None:
    transcripts = (RECORDINGS / "gcloud-transcripts.jsonl").read_text(encoding="utf-8").splitlines()
    recorded = next(t for t in map(json.loads, transcripts) if t["id"] == case)["stdout"]
    services = json.loads((RECORDINGS / "resources" / "services.json").read_text(encoding="utf-8"))["items"]
    hello = next(s for s in services if s["metadata"]["selfLink"].endswith("/hello") and "canary" in json.dumps(s))
    assert "\n".join(traffic_lines(traffic_pairs(hello))) + "\n" == recorded
