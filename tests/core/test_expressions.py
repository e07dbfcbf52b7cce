"""Conditions: what is evaluated, and what is refused by name. Evidence: documented (CEL; IAM Conditions)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.expressions import MAX_DEPTH, MAX_LENGTH, compiled, holds

CALL: dict[str, Any] = {
    "request.time": datetime(2026, 2, 1, 5, 30, tzinfo=UTC),  # a Sunday
    "request.host": "api.example.com",
    "request.path": "/admin/users",
    "resource.name": "projects/p/secrets/key",
    "resource.type": "secretmanager.googleapis.com/Secret",
    "resource.service": "secretmanager.googleapis.com",
}


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        ("true", True),
        ("!true || !!true", True),
        ('request.path.startsWith("/admin/")', True),
        ("request.path.endsWith('/users') && request.host == 'api.example.com'", True),
        ('request.path.contains("min/us")', True),
        ('!(request.host == "other.example.com")', True),
        ('request.host in ["a", "api.example.com"]', True),
        ("request.host in []", False),
        ('request.time < timestamp("2026-02-01T06:00:00+00:00")', True),
        ('request.time >= timestamp("2026-02-01T05:30:00Z")', True),
        ('request.time > timestamp("2026-02-01T06:00:00+01:00")', True),
        ("request.time.getHours() < 6", True),
        ('request.time.getHours("Europe/Berlin") == 6', True),
        ("request.time.getDayOfWeek() == 0 && request.time.getMonth() == 1 && request.time.getDate() == 1", True),
        ("request.time.getFullYear() != 2026 || request.time.getMinutes() <= 29", False),
        ('resource.name.extract("secrets/{name}") == "key"', True),
        ('resource.name.extract("projects/{p}/secrets/") == "p"', True),
        ('resource.name.extract("topics/{name}") == ""', True),
        ('resource.type == "secretmanager.googleapis.com/Secret" && resource.service.startsWith("secret")', True),
        (r'request.path == "\/admin" || request.path == "\u002fadmin\u002fusers"', None),
        ('request.path == "\\u002fadmin/users"', True),
        ('"a" < "b"', True),
        ("(((((1 == 1)))))", True),
    ],
)
def test_an_expression_is_true_of_a_call_or_not(expression: str, true: bool | None) -> None:
    if true is None:
        with pytest.raises(InvalidArgument, match=r"escape"):
            compiled(expression)
    else:
        assert compiled(expression)(CALL) is true


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        ('request.host == "x"', False),
        ('!(request.host == "x")', False),
        ('request.host == "x" || request.path == "/"', True),
        ('request.path == "/" || request.host == "x"', True),
        ('request.host == "x" && request.path == "/"', False),
        ('!(request.host == "x" && request.path == "/no")', True),
    ],
)
def test_an_attribute_that_a_call_does_not_carry_decides_nothing(expression: str, true: bool) -> None:
    assert compiled(expression)({"request.path": "/"}) is true


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("", "ends too early"),
        ('request.auth.claims == "x"', r"attribute \[request.auth\]"),
        ("api.getAttribute('x', [])", r"name \[api\]"),
        ("size(request.path) > 3", r"function \[size\]"),
        ('request.path.matches("^/(a+)+$")', r"\[matches\]"),
        ("request.path", "the whole is a string"),
        ("1 + 1 == 2", r"\[\+\]"),
        ('request.time < "2026-02-01"', "timestamp with a string"),
        ("request.path == 1", "string with a int"),
        ('timestamp("yesterday") < request.time', "yesterday"),
        ('timestamp("2026-02-01T00:00:00") < request.time', "offset"),
        ("timestamp(request.path) < request.time", "text in quotes"),
        ('request.time.getHours("Mars/Olympus") == 1', "time zone"),
        ('request.path.startsWith("/") request.path', "not understood"),
        ('request.path.startsWith("/"', "missing at its end"),
        ('request.path == "unfinished', "not understood"),
        ("[1, 'a'] == [1]", "one type"),
        ('resource.name.extract("x")', "extract"),
        ("true && 'a'", "a side of &&"),
        ("true == false < true", "not understood"),
        ("1 == 12345678901234567890", "not understood"),
        ("(" * (MAX_DEPTH + 1), "nested"),
        ("[" * 200, "nested"),
        ("true || " * (MAX_LENGTH // 8) + "true", "characters"),
    ],
)
def test_what_cannot_be_decided_here_is_refused_by_name(expression: str, named: str) -> None:
    with pytest.raises(InvalidArgument, match=named):
        compiled(expression)
    assert holds(expression, CALL) is False


TOKENS = """request.time request.path resource.name resource.x timestamp( 'a' '2026-02-01T00:00:00Z' ( ) && || ! == !=
< > >= in [ ] , .startsWith( .extract( .getHours() true 1"""
WORDS = st.sampled_from(TOKENS.split())


@given(
    st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=40),
    st.dictionaries(st.sampled_from([*CALL]), st.text()),
)
def test_any_text_is_a_condition_or_is_refused(expression: str, attributes: dict[str, Any]) -> None:
    try:
        predicate = compiled(expression)
    except InvalidArgument:
        assert not holds(expression, CALL)
    else:
        assert predicate(CALL) in (True, False)
        assert predicate(attributes) in (True, False)
