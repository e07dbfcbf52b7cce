"""The kinds of value a flag takes. Evidence: recorded from gcloud's own parsers."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.cli.parsing import DictOf, Duration, Integer, Kind, ListOf, Repeated
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.durations import parse_duration


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (DictOf(), "A=1,B=2", {"A": "1", "B": "2"}),
        (DictOf(), "^@^A=1@B=2,3", {"A": "1", "B": "2,3"}),
        (DictOf(), "^::^A=1,2::B=3", {"A": "1,2", "B": "3"}),
        (DictOf(), "^A=1", {"^A": "1"}),
        (DictOf(), "A=1,B=2,", {"A": "1", "B": "2"}),
        (DictOf(), "A=,B=1=2", {"A": "", "B": "1=2"}),
        (DictOf(), "A=1,A=2", {"A": "2"}),
        (DictOf(), "", {}),
        (DictOf(), "^:^", {}),
        (ListOf(), "a,,b", ["a", "", "b"]),
        (ListOf(), "a,b,", ["a", "b"]),
        (ListOf(), " a, b", [" a", " b"]),
        (ListOf(), "^;^a,b;c", ["a,b", "c"]),
        (ListOf(), "", []),
        (Integer(1, 10), " 3 ", 3),
        (Duration(), "1h30m", timedelta(minutes=90)),
        (Kind(("a", "b")), "a", "a"),
    ],
)
def test_a_value_is_read_as_gcloud_reads_it(kind: Kind, text: str, value: Any) -> None:
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (DictOf(), "A=1,,B=2", "Invalid flag value []"),
        (DictOf(), "=1", "Invalid flag value [=1]"),
        (DictOf(), "^^A=1", "Invalid delimeter. "),
        (DictOf(), "A=1,B", "Bad syntax for dict arg: [B]. "),
        (DictOf(keys=("name",)), "nme=1", "valid keys are [name]; received: nme"),
        (DictOf(required=("name",)), "A=1", "Key [name] required in dict arg but not provided"),
        (ListOf(), "^^a", "Invalid delimeter. "),
        (Integer(1, 10), "0", "Value must be greater than or equal to 1; received: 0"),
        (Integer(1, 10), "11", "Value must be less than or equal to 10; received: 11"),
        (Integer(1, 10), "1.0", "Value must be an integer; received: 1.0"),
        (Duration("1s"), "0", "value must be greater than or equal to 1s; received: 0"),
        (Duration("1s"), "", "value must be greater than or equal to 1s; received: empty string"),
        (Duration("1s", "1h"), "2h", "value must be less than or equal to 1h; received: 2h"),
        (Kind(("b", "a")), "c", "Invalid choice: 'c'.\n\nValid choices are [a, b]."),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_in_gclouds_words(kind: Kind, text: str, problem: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        kind.parse(text)
    assert refused.value.message.startswith(problem)


def test_repeatable_kinds_add_up_and_the_others_take_the_last() -> None:
    assert DictOf(repeatable=True).merge([{"A": "1"}, {"B": "2"}]) == {"A": "1", "B": "2"}
    assert DictOf().merge([{"A": "1"}, {"B": "2"}]) == {"B": "2"}
    assert ListOf(repeatable=True).merge([["a"], ["b"]]) == ["a", "b"]
    assert ListOf().merge([["a"], ["b"]]) == ["b"]
    assert Repeated(DictOf()).merge([{"A": "1"}, {"A": "2"}]) == [{"A": "1"}, {"A": "2"}]


def test_a_list_that_adds_up_takes_nothing_twice() -> None:
    with pytest.raises(InvalidArgument, match='"A" cannot be specified multiple times'):
        ListOf(repeatable=True).merge([["A"], ["B", "A"]])


@given(st.dictionaries(st.text("abc_=", min_size=1).filter(lambda key: "=" not in key), st.text(",=@ x")))
def test_any_pairs_survive_behind_a_delimiter_they_do_not_hold(pairs: dict[str, str]) -> None:
    text = "^::^" + "::".join(f"{key}={value}" for key, value in pairs.items()) + ("::" if pairs else "")
    assert DictOf().parse(text) == pairs


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("300", 300), ("5m", 300), ("1.5h", 5400), ("P1DT2H", 93600), ("PT5M", 300), ("-5s", -5), ("10ms", 0.01)),
        *(("1w", 604800), ("1d", 86400), ("300S", 300), ("", 0)),
    ],
)
def test_a_duration_is_read_with_its_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("xyz", "Duration unit 'xyz' must be preceded by a number"),
        ("1x", "Unknown character 'X' in duration"),
        ("1 m", "Unknown character ' ' in duration"),
        ("5 minutes", "Unknown character ' ' in duration"),
        ("1e3s", "Unknown character 'E' in duration"),
        ("1h5", "Duration must end with time part character"),
        ("--", "Duration unit '--' must be preceded by a number"),
    ],
)
def test_a_duration_that_cannot_be_read_says_where(text: str, problem: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_duration(text)
    assert refused.value.message == f"Failed to parse duration: {problem}"
