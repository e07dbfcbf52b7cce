"""Which resources a list shows: --filter, --sort-by, --flatten, --limit, --uri. Evidence: documented in
`gcloud topic filters` and in the help of list commands, unless a test says recorded or ours."""

import contextlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import FilterError, FormatError, OutputError
from cloudrun_cli.output.filtering import Expression
from cloudrun_cli.output.printer import print_list
from cloudrun_cli.output.rows import Row
from cloudrun_cli.output.terms import contains, has_word

ROWS: list[dict[str, Any]] = [
    {"name": "api", "n": 3, "size": "20", "labels": {"team": "web"}, "tags": ["a", "b"], "on": True,
     "at": "2026-02-10T16:45:08Z"},
    {"name": "batch", "n": 10, "size": "3", "labels": {"team": "data"}, "tags": [], "on": False,
     "at": "2026-01-01T00:00:00Z"},
    {"name": "web one", "n": 7, "size": "100", "labels": {}, "items": [{"kind": "x"}, {"kind": "y"}]},
]  # fmt: skip


def listed(*, default: str = "table(name)", rows: list[Any] | None = None, **flags: Any) -> tuple[list[str], str]:
    """The names that are shown, and what went to the error stream."""
    out, err = io.StringIO(), io.StringIO()
    flags.setdefault("format", "value(name)")
    print_list(ROWS if rows is None else rows, default=default, out=out, err=err, **flags)
    return out.getvalue().splitlines(), err.getvalue()


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ("name=api", ["api"]),
        ("name = api", ["api"]),
        ("name='web one'", ["web one"]),
        ('name="web one"', ["web one"]),
        ("name!=api", ["batch", "web one"]),
        ("name=(api,batch)", ["api", "batch"]),
        ("name=(api batch)", ["api", "batch"]),
        ("name:(AP* 'one')", ["api", "web one"]),
        ("NOT name=api", ["batch", "web one"]),
        ("-name=api", ["batch", "web one"]),
        ("name=api OR name=batch", ["api", "batch"]),
        ("name=api AND n=3", ["api"]),
        ("n>3 (name=api OR name=batch)", ["batch"]),
        ("n>3 name=api OR name=batch", ["batch"]),
        ("NOT (name=api OR name=batch)", ["web one"]),
        ("(((name=api)))", ["api"]),
        ("n>3", ["batch", "web one"]),
        ("n>=7 AND n<=7", ["web one"]),
        ("size<20", ["batch"]),
        ("name<b", ["api"]),
        ("at>2026-02-01", ["api"]),
        ("at<2026-01-02T00:00:00+02:00", ["batch"]),
        ("at<-P1D", ["batch"]),
        ("name~^web", ["web one"]),
        ("name~'o[a-z]e$'", ["web one"]),
        ("name!~^web", ["api", "batch"]),
        ("labels.team:*", ["api", "batch"]),
        ("-labels.team:*", ["web one"]),
        ("labels.team!=web", ["batch", "web one"]),
        ("tags:a", ["api"]),
        ("tags=b", ["api"]),
        ("tags:*", ["api"]),
        ("labels:team", ["api", "batch"]),
        ("items.kind=y", ["web one"]),
        ("items[].kind=y", ["web one"]),
        ("items[0].kind=y", []),
        ("name.upper()=API", ["api"]),
        ("tags.len()=2", ["api"]),
        ("on=true", ["api"]),
        ("on=False", ["batch"]),
        ("batch", ["batch"]),
        ("'web one'", ["web one"]),
        ("NOT data", ["api", "web one"]),
        ("", ["api", "batch", "web one"]),
        ("name=API", ["api"]),
        ("name!=API", ["batch", "web one"]),
        ('name=we"b o"ne', ["web one"]),
        ("name=(api OR batch)", ["api", "batch"]),
        ("NOT (n<5 OR name:*one) name:*", ["batch"]),
        ("(n<5 OR n>9) AND (on=true OR on=false)", ["api", "batch"]),
        ("tags!=a", ["api", "batch", "web one"]),
        ("NOT tags=a", ["batch", "web one"]),
        ("labels[team]=web", ["api"]),
        ("labels['team']=web", ["api"]),
        ("labels[]=web", ["api"]),
        ("size[1]=x", []),
        ("size=20.0", ["api"]),
        ("on=1", ["api"]),
        ("on=0", ["batch"]),
        ("at=2026-02-10T17:45:08+01:00", ["api"]),
        ("at>=2026-02-10T16:45:08.000Z", ["api"]),
        ("at<=P1D", ["api", "batch"]),
        ("at:2026-02*", ["api"]),
        ("at~^2026-01", ["batch"]),
        ("labels.team<x", ["api", "batch", "web one"]),
        ("labels.team~^$", ["web one"]),
        ("labels.team!~web", ["batch", "web one"]),
        ("tags.len()>1", ["api"]),
        ("name.len()=3", ["api"]),
        ("name.slice(:1).join('')=a", ["api"]),
        ("items.kind.list():x", ["web one"]),
        ("items:kind", ["web one"]),
    ],
)
def test_a_filter_selects(filter: str, names: list[str]) -> None:
    if filter == "at<-P1D":  # a length of time counts from now, and the first row's stamp may be ahead of the clock
        rows = [ROWS[0] | {"at": "2999-01-01T00:00:00Z"}, *ROWS[1:]]
        assert listed(filter=filter, rows=rows)[0] == names
    else:
        assert listed(filter=filter)[0] == names


@pytest.mark.parametrize(
    ("pattern", "value", "announced", "counts"),
    [  # the table of `gcloud topic filters`
        ("abc*", "abcpdqxyz", True, True),
        ("abc", "abcpdqxyz", False, True),
        ("pdq*", "abcpdqxyz", False, False),
        ("pdq", "abcpdqxyz", False, True),
        ("xyz*", "abcpdqxyz", False, False),
        ("xyz", "abcpdqxyz", False, True),
        ("*", "abcpdqxyz", True, True),
        ("*", None, False, False),
        ("*", "", False, False),
        ("*", 0, True, True),
        ("abc*", "abc.pdq.xyz", True, True),
        ("abc", "abc.pdq.xyz", True, True),
        ("abc.pdq", "abc.pdq.xyz", True, True),
        ("pdq*", "abc.pdq.xyz", True, False),
        ("pdq", "abc.pdq.xyz", True, True),
        ("pdq.xyz", "abc.pdq.xyz", True, True),
        ("xyz*", "abc.pdq.xyz", True, False),
        ("xyz", "abc.pdq.xyz", True, True),
    ],
)
def test_both_readings_of_the_colon(pattern: str, value: Any, announced: bool, counts: bool) -> None:
    assert (has_word(value, pattern), contains(value, pattern)) == (announced, counts)


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("name=cafe", True),
        ("name=CAFÉ", True),
        ("name:AF*", False),
        ("name:fé", True),
        ("name~caf", False),
        ("name~Caf", True),
        ("name=Café", True),
        ("bare=bold", True),
        ("cafe", True),
    ],
)
def test_case_accents_and_markup_do_not_matter_except_to_regular_expressions(filter: str, found: bool) -> None:
    row = {"name": "Café", "bare": "<b>Bold</b>"}
    assert bool(listed(filter=filter, rows=[row])[0]) is found


@pytest.mark.parametrize(
    ("filter", "warned"),
    [
        ("name=web", "name=web currently does not match but will match"),
        ("name!=one", "name!=one currently does not match but will match"),
        ("name=api", ""),
        ("name:web", ""),
    ],
)
def test_an_equals_sign_that_will_change_its_answer_is_warned_of_too(filter: str, warned: str) -> None:
    err = listed(filter=filter)[1]
    assert (warned in err) if warned else not err


def test_the_last_part_of_a_zone_or_region_counts_as_the_whole() -> None:
    rows = [{"name": "a", "region": "projects/p/regions/r1"}, {"name": "b", "region": "r12"}]
    assert listed(filter="region=r1", rows=rows)[0] == ["a"]
    assert listed(filter="name=r1", rows=[{"name": "x/r1"}])[0] == []


def test_a_colon_that_will_change_its_answer_is_warned_of_once() -> None:
    _, err = listed(filter="name:a")
    assert err.count("WARNING") == 1
    assert "name:a currently matches but will not match in the near future." in err
    assert "name:on* currently does not match but will match" in listed(filter="name:on*")[1]


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ("name=", "Term operand expected [name= *HERE*]."),
        ("(name=api", "More tokens expected [(name=api *HERE*]."),
        ("name=(a", "More tokens expected [name=(a *HERE*]."),
        ("name=()", "Term operand expected [name=() *HERE*]."),
        ("name=api)", "Unbalanced ) [name=api *HERE* )]."),
        ("name=a AND", "Term expected [name=a AND *HERE*]."),
        ("AND name=a", "Term expected [AND *HERE* name=a]."),
        ("NOT", "Term expected [NOT *HERE*]."),
        ("()", "Term expected [( *HERE* )]."),
        ("a=1 AND b=2 OR c=3", "Parentheses are needed where AND and OR are combined [a=1 AND b=2 OR *HERE* c=3]."),
        ("=x", "Non-empty key name expected [*HERE* =x]."),
        ("name ! x", "Unknown operator [name *HERE* ! x]."),
        ("name~(", "Term operand expected [name~( *HERE*]."),
        ("name='x", "Unterminated ['] quote [name= *HERE* 'x]."),
        ("name[::0]=1", "Index or name expected, not [::0] [name[ *HERE* ::0]=1]."),
        ("name!=(a,b)", "Term operand expected [name!= *HERE* (a,b)]."),
        ("name=AND", "Logical operator not expected [name= *HERE* AND]."),
        ("name=(AND OR)", "Term operand expected [name=(AND OR) *HERE*]."),
        ("name:a*b*", "At most one * expected in : patterns [a*b*]."),
        (
            "a=1 AND b=2 c=3 OR d=4",
            "Parentheses are needed where AND and OR are combined [a=1 AND b=2 c=3 OR *HERE* d=4].",
        ),
    ],
)
def test_a_malformed_filter_is_refused_where_it_goes_wrong(filter: str, message: str) -> None:
    with pytest.raises(FilterError) as refused:
        listed(filter=filter)
    if filter != "name~(":
        assert refused.value.message == message


def test_pythons_own_warnings_about_an_expression_are_not_told() -> None:
    assert listed(filter="name~'[[a]'")[0] == ["api", "batch"]


def test_a_bad_regular_expression_is_refused() -> None:
    with pytest.raises(FilterError, match="RE pattern"):
        listed(filter="name~'*'")


def test_a_filter_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(FilterError, match="nested too deeply"):
        listed(filter="(" * 5000 + "a=1" + ")" * 5000)


@given(st.text(alphabet="ab=:()<>!~*\"' ANDORT-.[]0,", max_size=30))
def test_any_filter_selects_or_is_refused(filter: str) -> None:
    with contextlib.suppress(OutputError):
        listed(filter=filter)


def test_a_key_that_no_resource_has_is_warned_of() -> None:
    names, err = listed(filter="nope=1 OR name=api OR nix.nada:x")
    assert names == ["api"]
    assert err == "WARNING: The following filter keys were not present in any resource : nope, nix.nada\n"
    assert listed(filter="nope=1", rows=[])[1] == "Listed 0 items.\n"  # ours: nothing was there to look at


@pytest.mark.parametrize(
    ("sort_by", "names"),
    [
        ("name", ["api", "batch", "web one"]),
        ("~name", ["web one", "batch", "api"]),
        ("n", ["api", "web one", "batch"]),
        ("labels.team", ["web one", "batch", "api"]),
        ("labels.team,n", ["web one", "batch", "api"]),
        ("~n,~name", ["batch", "web one", "api"]),
        ("TEAM", ["web one", "batch", "api"]),
        (["labels.team", "n"], ["web one", "batch", "api"]),
    ],
)
def test_rows_are_sorted_by_keys_and_by_labels_of_the_table(sort_by: str | list[str], names: list[str]) -> None:
    assert listed(sort_by=sort_by, default="table(name, labels.team:label=TEAM)")[0] == names


def test_the_flags_apply_in_their_order() -> None:
    """flatten, sort, filter, limit."""
    names, _ = listed(flatten="tags[]", sort_by="~tags", filter="name=api", limit=1, format="value(name, tags)")
    assert names == ["api\tb"]


def test_flattening_unfolds_lists_inside_lists() -> None:
    row = {"name": "r", "c": [{"env": [1, 2]}, {"env": [3]}]}
    assert listed(rows=[row], flatten=["c[].env[]"], format="value(name, c.env)")[0] == ["r\t1", "r\t2", "r\t3"]


def test_nothing_is_listed_aloud_except_by_the_silent_formats() -> None:
    assert listed(rows=[]) == ([], "Listed 0 items.\n")
    assert listed(rows=[], format="json") == (["[]"], "Listed 0 items.\n")
    assert listed(rows=[], format="table(name)") == ([], "Listed 0 items.\n")
    assert listed(rows=[], format="disable") == ([], "")
    assert listed(filter="name=zzz", want_uri=True, uri=lambda row: row["name"]) == ([], "Listed 0 items.\n")


def test_addresses_are_listed_instead_of_the_table() -> None:
    assert listed(want_uri=True, uri=lambda row: f"http://{row['name']}", limit=1)[0] == ["http://api"]
    assert listed(rows=[{"selfLink": "/here"}], want_uri=True)[0] == ["/here"]
    assert listed(uri=lambda row: f"u-{row['n']}", format="value(uri())", limit=1)[0] == ["u-3"]


def test_short_names_are_found_but_not_shown() -> None:
    asked: list[Any] = []

    def region(row: Any) -> str:
        asked.append(row)
        return "here"

    row = Row({"metadata": {"name": "api"}}, {"region": region, "name": "api"})
    assert listed(rows=[row], format="value(name)")[0] == ["api"]
    assert not asked
    assert listed(rows=[row], filter="region=here", sort_by="region")[0] == ["api"]
    assert "region" not in "".join(listed(rows=[row], format="json")[0])
    assert listed(rows=[row], format="yaml")[0] == ["---", "metadata:", "  name: api"]
    assert listed(rows=[row], flatten="metadata.list[]", format="value(name)")[0] == [""]


def test_keys_are_found_in_either_spelling() -> None:
    row = {"creationTimestamp": "t", "service_name": "s"}
    assert listed(rows=[row], format="value(creation_timestamp, serviceName)")[0] == ["t\ts"]


def test_a_bare_word_means_what_its_owner_says() -> None:
    """`if(NOT quiet)` reads flags, where a bare word is a flag."""
    expression = Expression("a AND NOT b", {}, Context(), bare=lambda name: lambda row: bool(row.get(name)))
    assert expression.selects({"a": 1})
    assert not expression.selects({"a": 1, "b": True})


@pytest.mark.parametrize("sort_by", ["", "a,,b", "~", "a b"])
def test_a_malformed_sort_key_is_refused(sort_by: str) -> None:
    if sort_by:
        with pytest.raises(FormatError):
            listed(sort_by=sort_by)
    else:
        assert listed(sort_by=sort_by)[0]
