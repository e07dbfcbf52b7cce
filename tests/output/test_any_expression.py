"""Any text as --format, --filter, --sort-by or --flatten has an answer or an OutputError. Evidence: ours."""

import contextlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudrun_cli.output.columns import MODULE_OF
from cloudrun_cli.output.errors import OutputError
from cloudrun_cli.output.printer import FORMATS, print_list, print_resource

ROWS: list[dict[str, Any]] = [
    {
        "name": "api",
        "n": 3,
        "f": 1.5,
        "size": "20",
        "labels": {"team": "web", "a/b": "<b>é</b>"},
        "tags": ["a", None, "b"],
        "on": True,
        "at": "2026-02-10T16:45:08.123Z",
        "nested": [["a"], ["b", {"k": 1}]],
        "items": [{"kind": "x", "v": 1}, {"kind": "y"}],
        "big": 10**40,
        "none": None,
        "date": {"year": 2026, "month": 2, "day": 30},
    },
    {},
    {"name": "Éa b\n<i>", "at": "x", "n": -0.0},
]
PLACES = (
    'name n f size labels labels.team labels."a/b" tags tags[0] tags[] tags[1:] on at nested items.kind items[].v big'
)
ARGUMENTS = (
    "'' 0 -1 99 %Y %s %3f base64 utf-8 k name show=keys '{0}' '{1:d}' unit=0 unit=inf precision=-1 parts=0 parts=9 "
    "tz=UTC tz=nope tz_default=LOCAL undefined=x '(' '[a' '\\\\9' red=a ':' '::0' '1:2:3:4' units_in=K units_out=q "
    "min=5 spec=f spec=q start=at end=name calendar=false inverse=true (a:b,name) ignorecase=false count=x '%'"
)
ATTRIBUTES = (
    ":label=X :sort=1 :reverse :optional :wrap :wrap=3 :align=right :alias=z :format='table(k)' :no-wrap :sort=x"
)
OPERANDS = "api (a,b) -P1D P999999Y 2026-01-01 * a* *a a*b true 1 1e999 nan 'x y' null ("

keys = st.sampled_from([*PLACES.split(), "none", "date", "labels[]", "name[x]"])
junk = st.one_of(st.text(max_size=30), st.text(alphabet="ab.[](){}=:,~<>!\"'*\\ -0n%|", max_size=30))
arguments = st.one_of(st.sampled_from(ARGUMENTS.split()), st.text(max_size=5).map(repr))
calls = st.builds(
    lambda name, given: f"{name}({','.join(given)})",
    st.sampled_from([*sorted(MODULE_OF), "nope"]),
    st.lists(arguments, max_size=3),
)
keyed = st.builds(lambda key, made: ".".join([key, *made]), keys, st.lists(calls, max_size=3))
attributes = st.sampled_from(ATTRIBUTES.split())
columns = st.builds(lambda key, made: key + "".join(made), st.one_of(keyed, calls), st.lists(attributes, max_size=2))
formats = st.builds(
    lambda name, bracket, shown, after: name + bracket + (f"({','.join(shown)})" if shown else "") + after,
    st.sampled_from([*FORMATS, "nope"]),
    st.sampled_from(["", "[box]", "[all-box]", "[pad=-3]", "[margin=3,width=20]", "[quote]", "[json-decode]", "["]),
    st.lists(columns, max_size=3),
    st.sampled_from(["", ":(name:sort=1)", ":(x:alias=y)", ":("]),
)
terms = st.builds(
    lambda key, operator, operand: key + operator + operand,
    keyed,
    st.sampled_from([":", "=", "!=", "~", "!~", "<", ">", "<=", ">=", ""]),
    st.one_of(st.sampled_from(OPERANDS.split()), st.text(max_size=6).map(repr)),
)
filters = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(lambda left, word, right: left + word + right, inner, st.sampled_from([" AND ", " OR ", " "]), inner),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"NOT {text}"),
        inner.map(lambda text: f"-{text}"),
    ),
    max_leaves=4,
)


def listed(**flags: Any) -> None:
    print_list(ROWS, default="table(name,n:label=N)", out=io.StringIO(), err=io.StringIO(), color=True, **flags)


def described(format: str) -> None:
    print_resource(ROWS[0], format, default="default", stream=io.StringIO(), color=True)


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        pytest.param(lambda text: listed(format=text), st.one_of(formats, junk), id="format of a list"),
        pytest.param(described, st.one_of(formats, junk), id="format of a resource"),
        pytest.param(lambda text: listed(format="none", filter=text), st.one_of(filters, junk), id="filter"),
        pytest.param(lambda text: listed(format="none", sort_by=text), st.one_of(columns, junk), id="sort-by"),
        pytest.param(lambda text: listed(format="none", flatten=text), st.one_of(keyed, junk), id="flatten"),
    ],
)
def test_any_text_is_answered_or_refused(answer: Callable[[str], None], texts: st.SearchStrategy[str]) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(texts)
    def any_text(text: str) -> None:
        with contextlib.suppress(OutputError):
            answer(text)

    any_text()
