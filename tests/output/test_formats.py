"""What each format prints. Evidence: documented in `gcloud topic formats`, unless a row says ours."""

import contextlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.output.errors import FormatError, OutputError
from cloudrun_cli.output.printer import print_list, print_resource

API: dict[str, Any] = {
    "metadata": {"name": "api", "labels": {"team": "web", "a.b/c": "deep"}},
    "status": {"url": "https://api.run.app/", "traffic": [{"percent": 90, "tag": "a"}, {"percent": 10}]},
    "ready": True,
    "count": 12,
    "note": None,
}
SHOP: dict[str, Any] = {"metadata": {"name": "shop", "labels": {}}, "status": {"traffic": []}, "count": 3}


def shown(format: str, *rows: dict[str, Any], **flags: Any) -> str:
    """A list in a format, after the list flags."""
    out = io.StringIO()
    print_list(rows or (API, SHOP), format=format, default="yaml", out=out, err=io.StringIO(), **flags)
    return out.getvalue()


def described(format: str | None, value: Any = API, default: str = "default") -> str:
    """One resource in a format."""
    out = io.StringIO()
    print_resource(value, format, default=default, stream=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("value(metadata.name)", "api\n"),
        ("value(.)", "count=12;metadata={'name': 'api'};ready=True\n"),
        ('value(metadata.labels."a.b/c")', "deep\n"),
        ("value(metadata.labels.'a.b/c')", "deep\n"),
        ("value(metadata.labels['a.b/c'])", "deep\n"),
        ("value(status.traffic[0].percent, status.traffic[-1].percent)", "90\t10\n"),
        ("value(status.traffic[7].percent)", "\n"),
        ("value(status.traffic[0:1].percent)", "90\n"),
        ("value(status.traffic.percent)", "90;10\n"),
        ("value[delimiter=', '](status.traffic[].percent)", "90, 10\n"),
        ("value[terminator=''](count)", "12"),
        ("value(metadata.labels)", "a.b/c=deep;team=web\n"),
        ("value[quote](note, metadata.name)", "\tapi\n"),
        ("get(metadata.name.upper())", "api\n"),
        ("get(metadata.name.always().upper())", "API\n"),
        ("value[no-transforms](metadata.name.upper())", "api\n"),
        ("csv(metadata.name, count:label=HowMany)", "name,HowMany\napi,12\n"),
        ("csv[no-heading](metadata.name, ready)", "api,True\n"),
        ("csv[no-heading,separator='|'](metadata.name, count)", "api|12\n"),
        ("csv[no-heading](status.url.sub('/', ','))", '"https:,,api.run.app,"\n'),
        ("json(count)", '{\n  "count": 12\n}\n'),
        ("json(metadata.name.upper())", '{\n  "metadata": {\n    "name": "API"\n  }\n}\n'),
        ("json(status.traffic[].tag)", '{\n  "status": {\n    "traffic": [\n      {\n        "tag": "a"\n      },\n'
         '      {\n        "tag": null\n      }\n    ]\n  }\n}\n'),
        ("yaml(metadata.name, count)", "count: 12\nmetadata:\n  name: api\n"),
        ("yaml(status.traffic[0].tag)", "status:\n  traffic:\n  - tag: a\n"),
        ("text(count, ready)", "count: 12\nready: True\n"),
        ("flattened[no-pad](count, metadata.name)", "count: 12\nname: api\n"),
        ("flattened[separator='=',no-pad](count)", "count=12\n"),
        ("list(metadata.name, count)", " - api\n   12\n"),
        ("list[compact](metadata.name, count)", " - api 12\n"),
        ("list[title=All](metadata.name)", "All\n - api\n"),
        ("config(metadata)", ""),
        ("none", ""),
        ("disable", ""),
        ("[disable]", ""),
        ("object(count)", None),
    ],
)  # fmt: skip
def test_a_resource_in_a_format(format: str, text: str | None) -> None:
    value = {name: API[name] for name in ("count", "ready")} | {"metadata": {"name": "api"}} if "(.)" in format else API
    if text is None or format.startswith("config"):
        described(format, value)
    else:
        assert described(format, value) == text


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("table(metadata.name, count)", "NAME  COUNT\napi   12\nshop  3\n"),
        ("table(count:align=right, metadata.name)", "COUNT  NAME\n   12  api\n    3  shop\n"),
        ("table(metadata.name:align=center:label=SERVICE)", "SERVICE\n  api\n  shop\n"),
        ("table[no-heading](metadata.name)", "api\nshop\n"),
        ("table[pad=4](metadata.name, count)", "NAME    COUNT\napi     12\nshop    3\n"),
        ("table[title=Services](metadata.name, count)", "  Services\nNAME  COUNT\napi   12\nshop  3\n"),
        ("table(metadata.name, note:optional, count)", "NAME  COUNT\napi   12\nshop  3\n"),
        ("table(count:sort=1, metadata.name)", "COUNT  NAME\n3      shop\n12     api\n"),
        ("table(metadata.name:sort=2, count:sort=1:reverse)", "NAME  COUNT\napi   12\nshop  3\n"),
        ("table(metadata.labels.team, status.url)", "TEAM  URL\nweb   https://api.run.app/\n\n"),
        ("table(metadata.name, spec.name)", "NAME  SPEC_NAME\napi\nshop\n"),
        ("table(metadata.name:label='')", "api\nshop\n"),
        ("table[box,no-heading](count)", "┌────┐\n│ 12 │\n│ 3  │\n└────┘\n"),
        ("table[all-box](count:label=N)", "┌────┐\n│ N  │\n├────┤\n│ 12 │\n├────┤\n│ 3  │\n└────┘\n"),
        ("table[box,title=A long title,no-heading](count)", "┌──────────────┐\n│ A long title │\n├──────────────┤\n"
         "│ 12           │\n│ 3            │\n└──────────────┘\n"),
        ("table(metadata.name, status.traffic:format='table(percent, tag)')", "NAME\napi\n    PERCENT  TAG\n"
         "    90       a\n    10\nshop\n"),
        ("value(metadata.name:sort=1:reverse)", "shop\napi\n"),
        ("json(count)", '[\n  {\n    "count": 12\n  },\n  {\n    "count": 3\n  }\n]\n'),
        ("multi[separator='--\n'](count:format='value(.)', metadata:format='value(name)')",
         "12\n--\napi\n--\n3\n--\nshop\n"),
        ("diff(metadata.name, metadata.labels.team)", None),
    ],
)  # fmt: skip
def test_a_list_in_a_format(format: str, text: str | None) -> None:
    if text is None:
        assert "-value: api\n+value: web" not in shown(format)  # ours: bare values have no key in front
    else:
        assert shown(format) == text


def test_a_table_in_pages_repeats_its_heading_and_aligns_each_page() -> None:
    assert shown("table(metadata.name, count)", page_size=1) == "NAME  COUNT\napi   12\n\nNAME  COUNT\nshop  3\n"


def test_a_wrapped_column_gives_way_when_the_table_is_too_wide() -> None:
    long = {"name": "a", "text": "several words that do not fit"}
    expected = "NAME  TEXT\na     several words\n      that do not fit\n"
    assert shown("table[width=21](name, text:wrap)", long) == expected


def test_attributes_alone_alter_the_default_and_a_name_replaces_it() -> None:
    default = "table(metadata.name):(count:alias=n)"
    out = io.StringIO()
    print_list([API], format="[box]", default=default, out=out, err=io.StringIO())
    assert out.getvalue() == "┌──────┐\n│ NAME │\n├──────┤\n│ api  │\n└──────┘\n"
    out = io.StringIO()
    print_list([API, SHOP], format="value(count)", default=default, sort_by="n", out=out, err=io.StringIO())
    assert out.getvalue() == "3\n12\n"


def test_text_that_looks_like_something_else_is_quoted_in_yaml() -> None:
    value = {"a": "0087", "b": "1e3", "c": "yes", "d": "2026-01-01", "e": "", "f": "null", "g": "12", "h": "x: y"}
    text = described(None, value)
    assert text == "a: '0087'\nb: '1e3'\nc: 'yes'\nd: '2026-01-01'\ne: ''\nf: 'null'\ng: '12'\nh: 'x: y'\n"


def test_text_of_several_lines_is_a_literal_block_in_yaml() -> None:
    assert described(None, {"m": "one\n\ntwo"}) == "m: |-\n  one\n\n  two\n"


def test_nothing_has_another_word_or_no_place_in_yaml() -> None:
    assert (
        described("yaml[null='-']", {"a": None}) == "a: '-'\n" or described("yaml[null='-']", {"a": None}) == "a: -\n"
    )
    assert described("yaml[no-undefined]", {"a": None, "b": 1}) == "b: 1\n"


def test_a_resource_that_is_a_list_is_printed_as_its_resources_and_none_as_nothing() -> None:
    assert described("table(n)", [{"n": 1}, {"n": 2}]) == "N\n1\n2\n"
    assert described("json", [1]) == "[\n  1\n]\n"
    assert described("yaml", None) == ""
    assert described("value(.)", "us-central1") == "us-central1\n"


def test_colours_show_where_they_are_asked_for() -> None:
    out = io.StringIO()
    row = {"symbol": "X", "name": "api"}
    print_list([row], format=None, default="table(symbol.color(red=X), name)", out=out, err=io.StringIO(), color=True)
    assert out.getvalue() == "SYMBOL  NAME\n\x1b[31;1mX\x1b[39;0m       api\n"


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("table(metadata.name):(count:sort=1)", "NAME\nshop\napi\n"),
        ("table(metadata.name):(count:sort=1:reverse)", "NAME\napi\nshop\n"),
        ("value(metadata.name):(count:sort=1)", "shop\napi\n"),
        ("csv[no-heading](metadata.name):(count:sort=1)", "shop\napi\n"),
        ("table(metadata.name,count:sort=1:reverse):(metadata.name:sort=1)", "NAME  COUNT\napi   12\nshop  3\n"),
        ("table(metadata.name,count):(count:label=HOW:align=right)", "NAME  HOW\napi    12\nshop    3\n"),
        ("table(metadata.name,count:label=HOW):(HOW:sort=1)", "NAME  HOW\nshop  3\napi   12\n"),
        ("table(metadata.name:label=NAME,x.name)", "NAME  NAME\napi\nshop\n"),
        ("table(a.name,metadata.name)", "NAME  METADATA_NAME\n      api\n      shop\n"),
        ("table(firstof(nope,count),format('{0}',metadata.name))", "COUNT  METADATA.NAME\n12     api\n3      shop\n"),
        ("object(count)", "{'count': 12}\n{'count': 3}\n"),
        ("config(count)", "count = 12\ncount = 3\n"),
        ("table[box](count,status.traffic:format='value(percent)')", "COUNT\n12\n    90\n    10\n3\n"),
    ],
)
def test_what_stands_after_a_projection_alters_and_orders_it(format: str, text: str) -> None:
    assert shown(format) == text


def test_pages_are_cut_from_what_is_in_order() -> None:
    assert shown("table(metadata.name):(count:sort=1)", page_size=1) == "NAME\nshop\n\nNAME\napi\n"


def test_a_wrapped_column_says_how_narrow_it_may_become() -> None:
    row = {"a": "one two three", "b": "x" * 20}
    assert shown("table[width=26](a:wrap=5,b)", row) == f"A      B\none    {row['b']}\ntwo\nthree\n"
    assert shown("table[width=26](a:wrap,b)", row) == f"A             B\none two       {row['b']}\nthree\n"


def test_settings_are_sections_or_shell_commands() -> None:
    settings = {"core": {"project": "demo", "account": None}, "run": {"region": "us central"}, "compute": {}}
    sections = "[core]\naccount (unset)\nproject = demo\n[run]\nregion = us central\n"
    assert described("config", settings) == sections
    export = "export CLOUDSDK_CORE_PROJECT=demo\nexport CLOUDSDK_RUN_REGION='us central'\n"
    assert described("config[export]", settings) == export
    assert "unset CLOUDSDK_CORE_ACCOUNT\n" in described("config[unset]", settings)


@pytest.mark.parametrize(
    ("format", "part"),
    [
        ("bogus", "Format must be one of config, csv, default, diff, disable, "),
        ("table", "Format [table] requires a non-empty projection."),
        ("value", "Format [value] requires a non-empty projection."),
        ("table(name", "Expected ) in projection expression [table(name *HERE*]."),
        ("table(name,", "Expected ) in projection expression [table(name, *HERE*]."),
        ("table(name:colour=red)", "Unknown key attribute [colour] [table(name: *HERE* colour=red)]."),
        ("table(name:align=middle)", "Unexpected value for key attribute [align]"),
        ("table[box(name)", "Expected ] in format attributes"),
        ("table[pad=x](name)", "Format attribute [pad] must be an integer."),
        ("value(name.nope())", "Unknown transform function [nope]."),
        ("value(name.upper(1, 2))", "Transform function [upper] does not take these arguments."),
        ("value(name[::0])", "Index or name expected, not [::0]"),
        ("value(name[)", "Unterminated [[] index [value(name[) *HERE*]."),
        ("value(name[0", "Unterminated [[] index"),
        ('value("name)', 'Unterminated ["] quote'),
        ("value(name..x)", "Non-empty key name expected"),
        ("value(name.list()", "Expected ) in projection expression"),
        ("value(name.list(", "Unterminated (...) argument list"),
        ("multi(metadata)", "Each key of the multi format must have a :format=FORMAT-STRING attribute."),
        ("diff(a)", "Format [diff] requires exactly two projection keys."),
        ("value(name.slice(a:b))", "Invalid slice [a:b]"),
        ("value(name.error('no such thing'))", "no such thing"),
    ],
)
def test_a_malformed_format_is_refused_where_it_goes_wrong(format: str, part: str) -> None:
    with pytest.raises(FormatError) as refused:
        shown(format)
    assert refused.value.message.startswith(part)


@given(st.text(alphabet="value(tabl)[box,.:=\"' *x0-1]~", max_size=30))
def test_any_format_prints_or_is_refused(format: str) -> None:
    with contextlib.suppress(OutputError):
        shown(format)
