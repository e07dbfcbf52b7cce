"""Which log entries --log-filter wants. Evidence: documented (Logging query language), with gcloud's grammar."""

import pytest

from cloudrun_cli.cli.run.log_entries import DAY, age, ranked, wanted_by
from cloudrun_cli.output.errors import FilterError


def entry(**fields: object) -> dict[str, object]:
    labels = {"service_name": "hello", "revision_name": "hello-00001-abc"}
    return {"resource": {"labels": labels}, "severity": "DEFAULT", "timestamp": "2026-02-01T08:00:00.000000Z", **fields}


WARNING = entry(severity="WARNING", httpRequest={"status": 404, "requestUrl": "http://x/missing"})
ERROR = entry(severity="ERROR", textPayload="it broke: severity>=LOUD")


@pytest.mark.parametrize(
    ("log_filter", "warning", "error"),
    [
        (None, True, True),
        ("severity>=WARNING", True, True),
        ("severity>WARNING", False, True),
        ("severity < ERROR", True, False),
        ('severity>="error"', False, True),
        ("severity=ERROR", False, True),
        ("httpRequest.status>=400", True, False),
        ("httpRequest.status=404 OR severity>=ERROR", True, True),
        ("severity>=WARNING AND NOT httpRequest.status=404", False, True),
        ('textPayload:"severity>=LOUD"', False, True),
        ("resource.labels.service_name=hello", True, True),
        ("resource.labels.service_name=other", False, False),
        ('timestamp>="2026-02-01T07:00:00Z"', True, True),
        ('timestamp<"2026-02-01T07:00:00Z"', False, False),
        ("broke", False, True),
    ],
)
def test_a_filter_wants_the_entries_that_it_holds_for(log_filter: str | None, warning: bool, error: bool) -> None:
    wanted = wanted_by(log_filter)
    assert (wanted(WARNING), wanted(ERROR)) == (warning, error)


def test_the_entries_of_one_revision_are_told_by_its_label() -> None:
    assert wanted_by(None, [("revision_name", "hello-00001-abc")])(ERROR)
    assert not wanted_by("severity>=ERROR", [("revision_name", "hello-00002-def")])(ERROR)


@pytest.mark.parametrize("log_filter", ["severity>=LOUD", "(severity=ERROR", "severity="])
def test_a_filter_that_means_nothing_is_refused(log_filter: str) -> None:
    with pytest.raises(FilterError):
        wanted_by(log_filter)


def test_what_is_quoted_is_not_read_as_a_comparison() -> None:
    assert ranked("textPayload:'severity>ERROR' severity>ERROR") == "textPayload:'severity>ERROR' severityRank>5"
    assert ranked("""textPayload=~'a=~b' OR textPayload!~"c" """) == """textPayload~'a=~b' OR textPayload!~"c" """


def test_a_filter_about_the_time_may_go_back_further_than_a_day() -> None:
    assert age(None, None) == DAY
    assert age(None, "severity=ERROR") == DAY
    assert age(None, "timestamp>='2020-01-01'") is None
    assert age(DAY * 2, "timestamp>='2020-01-01'") == DAY * 2
