"""What each transform gives. Evidence: documented in `gcloud topic projections`; rows without a documented example
are ours."""

import re
from typing import Any

import pytest

from cloudrun_cli.output.columns import HOMES, MODULE_OF, cell, check, find
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import TransformError
from cloudrun_cli.output.projection import Column, parse_key
from cloudrun_cli.output.scanner import Scanner

FLAGS = {"auto_ack": True, "wide": False}
CONTEXT = Context(
    color=True,
    symbols={"shout": lambda value, mark="!": f"{value}{mark}"},
    flags=FLAGS,
    uri=lambda row: "http://here",
    enums={"colors": {"R": "red"}},
)
ROW: dict[str, Any] = {
    "path": "projects/p/locations/us/jobs/j",
    "url": "https://abc/foo/regions/abc",
    "n": 1234567,
    "f": 3.14159,
    "list": ["b", "a", None, "b"],
    "items": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": None}],
    "nested": [["a", "b"], ["c"]],
    "map": {"b": 1, "a": 2},
    "t": "2026-01-10T09:00:02.123456Z",
    "t2": "2026-01-11T10:01:03Z",
    "b64": "aGk=",
    "empty": "",
    "up": {"x": 1},
    "screen": {"x": 1920, "y": 1080},
    "size": {"frameWidth": 3, "frameHeight": 4},
    "stamp": "1234567890",
    "deep": {"a": {"b": 1}, "c": 2},
    "quoted": "a/b%20c",
    "folder": "a/b/",
    "windows": "a\\b\\c.txt",
    "urlsafe": "aGk_Pz4",
    "labels": {"b": "x", "a": "y"},
}


def of(text: str, row: Any = ROW) -> Any:
    """The value of a column, as a projection would spell it."""
    return cell(parse_key(Scanner(text)), row, CONTEXT)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("path.basename()", "j"),
        ("nope.basename(undefined=x)", "x"),
        ("path.segment(3)", "us"),
        ("path.segment(-3)", "us"),
        ("path.segment()", "j"),
        ("path.segment(99, undefined='-')", "-"),
        ("path.scope(locations)", "us/jobs/j"),
        ("path.scope(locations).segment(0)", "us"),
        ("url.scope()", "abc"),
        ("path.split('/').join('!')", "projects!p!locations!us!jobs!j"),
        ("path.split().len()", 6),
        ("path.upper()", "PROJECTS/P/LOCATIONS/US/JOBS/J"),
        ("path.upper().lower()", "projects/p/locations/us/jobs/j"),
        ("path.sub('[a-z]+/', '')", "j"),
        ("path.sub('P', 'Q', count=1)", "Qrojects/p/locations/us/jobs/j"),
        ("path.sub('P', 'Q', ignorecase=false)", "projects/p/locations/us/jobs/j"),
        ("path.regex('^projects', yes, no)", "yes"),
        ("path.regex('^x', yes, no)", "no"),
        ("path.trailoff(8)", "proje..."),
        ("path.trailoff(99)", "projects/p/locations/us/jobs/j"),
        ("path.trailoff(3, undefined=x)", "x"),
        ("b64.decode(base64)", "hi"),
        ("b64.decode(base64).encode(base64)", "aGk="),
        ("path.decode(base64, undefined='-')", "-"),
        ("list.count()", {"b": 2, "a": 1, "None": 1}),
        ("list.notnull().list()", "b,a,b"),
        ("list.notnull().sort().list(separator=' ')", "a b b"),
        ("items.sort(v).extract(v)", [[None, 1, 2]]),
        ("list.len()", 4),
        ("nope.len()", 0),
        ("map.list()", "a=2,b=1"),
        ("map.list(show=keys)", "a,b"),
        ("map.list(show=values)", "2,1"),
        ("nope.list(undefined='-')", "-"),
        ("nested.flatten()", "a,b,c"),
        ("up.flatten()", "x=1"),
        ("deep.flatten(separator=';')", "a=b=1;c=2"),
        ("n.flatten()", 1234567),
        ("n.list()", 1234567),
        ("nope.notnull()", []),
        ("nope.upper()", None),
        ("n.lower()", 1234567),
        ("path.segment(-9, undefined=x)", "x"),
        ("quoted.segment(1)", "b c"),
        ("folder.basename(undefined=x)", ""),
        ("windows.basename()", "c.txt"),
        ("nope.sub(a, b)", None),
        ("path.sub('PROJECTS', 'x', ignorecase=0)", "projects/p/locations/us/jobs/j"),
        ("path.regex('', yes, no)", "no"),
        ("urlsafe.decode(base64)", "hi??>"),
        ("labels[].upper()", {"b": "x", "a": "y"}),
        ("size.resolution()", "3 x 4"),
        ("map.join('+')", "b+a"),
        ("nested.map(2).upper()", [["A", "B"], ["C"]]),
        ("nested.**upper()", [["A", "B"], ["C"]]),
        ("nested.map().list()", ["a,b", "c"]),
        ("nested.*list().list()", "a,b,c"),
        ("nested.collect()", ["a", "b", "c"]),
        ("list.slice(:2)", ["b", "a"]),
        ("list.slice(1)", ["a"]),
        ("list.slice(-1:)", ["b"]),
        ("list.slice(: :-1)", ["b", None, "a", "b"]),
        ("list.slice(9:, undefined=none)", "none"),
        ("path.slice(:3).join('')", "pro"),
        ("items.filter('k:x').extract(v)", [[1]]),
        ('items.filter("v>1").*extract(k).flatten()', "y"),
        ("items.group(k, v)", "[x: 1] [y: 2] [: ]"),
        ("nope.group(k)", "[]"),
        ("list.group()", "[b] [a] [None] [b]"),
        ("firstof(nope, empty, n)", ""),
        ("firstof(nope, n, empty)", 1234567),
        ("firstof(nope)", ""),
        ("up.firstof(y, x)", 1),
        ("format('{0} ({1})', path.basename(), n)", "j (1234567)"),
        ("format('{0}{1}', up.yesno(yes='Up', no=''), nope.yesno(yes='No', no=''))", "Up"),
        ("n.format('{0}B')", "1234567B"),
        ("list.format('{0}-{1}')", "b-a"),
        ("nope.yesno()", "No"),
        ("n.yesno()", 1234567),
        ("n.yesno(yes=on, no='')", "on"),
        ("empty.undefined('-')", "-"),
        ("n.size()", "1.2 MiB"),
        ("n.size(precision=3)", "1.177 MiB"),
        ("up.x.size()", "1 bytes"),
        ("up.x.size(min=2)", "< 2 bytes"),
        ("n.size(units_out=K, precision=0)", "1206"),
        ("nope.size()", "0"),
        ("up.x.size(units_in=M)", "1 MiB"),
        ("f.float(3)", "3.14"),
        ("n.float()", "1234567.0"),
        ("n.float(3)", "1234567.0"),
        ("up.x.float()", "1.0"),
        ("f.float(2, spec=f)", "3.14"),
        ("path.float(undefined='-')", "-"),
        ("t.date()", "2026-01-10T09:00:02"),
        ("t.date('%Y-%m-%d %H:%M:%S %Z')", "2026-01-10 09:00:02 UTC"),
        ("t.date('%H:%M', tz=Europe/Berlin)", "10:00"),
        ("t.date('%Y-%m-%dT%H:%M:%S%Oz')", "2026-01-10T09:00:02+00:00"),
        ("t.date('%S.%3f')", "02.123"),
        ("path.date(undefined='-')", "-"),
        ("nope.date(undefined='-')", "-"),
        ("n.date('%Y', unit=1000)", "1970"),
        ("t.iso()", "2026-01-10T09:00:02.123+00:00"),
        ("t.date('%S.%2f %Ez')", "02.12 Z"),
        ("t.date('%Ez', tz=Europe/Berlin)", "+01:00"),
        ("stamp.date('%Y')", "2009"),
        ("n.date(unit=0)", "1970-01-15T06:56:07"),
        ("nope.iso()", "T"),
        ("duration(start=t, end=t2)", "P1DT1H1M"),
        ("duration(start=t, end=t2, parts=5, precision=0)", "P1DT1H1M1S"),
        ("duration(start=t, end=t2, calendar=false, parts=2)", "PT25H1M"),
        ("n.duration(unit=1000, precision=0, calendar=false)", "PT20M35S"),
        ("nope.duration(undefined='-')", "-"),
        ("screen.resolution()", "1920 x 1080"),
        ("screen.resolution(transpose=true)", "1080 x 1920"),
        ("uri()", "http://here"),
        ("path.enum(colors, undefined='?')", "?"),
        ("path.shout()", "projects/p/locations/us/jobs/j!"),
        ("path.basename().shout(mark='?')", "j?"),
        ("path.basename().color(red=j)", "\x1b[31;1mj\x1b[39;0m"),
        ("path.segment(1).color(p)", "\x1b[31;1mp\x1b[39;0m"),
        ("nope.color(p)", None),
        ("path.basename().color(red=x, green=j)", "\x1b[32mj\x1b[39;0m"),
        ("path.basename().color(x, j)", "\x1b[33;1mj\x1b[39;0m"),
        ("synthesize((name:up, up), (name=n))", [{"name": "up", "x": 1}, {"name": 1234567}]),
        ("n.always().date('%Y')", "1970"),
    ],
)
def test_a_transform_gives(column: str, value: Any) -> None:
    assert of(column) == value


def test_enumerations_are_read_both_ways() -> None:
    row = {"c": "R", "d": "red"}
    assert of("c.enum(colors)", row) == "red"
    assert of("d.enum(colors, inverse=true)", row) == "R"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("path.error()", "projects/p"),
        ("path.fatal('broken')", "broken"),
        ("path.trailoff(x)", "Invalid character limit [x]"),
        ("path.segment(x)", "Invalid segment index [x]"),
        ("path.sub('(', '')", "Replacement of [(]"),
        ("n.format('{1}')", "Format string [{1}]"),
        ("t.duration(parts=x)", "Invalid value [x] for [parts]"),
        ("list.slice(1:2:3:4)", "Invalid slice [1:2:3:4]"),
        ("list.slice(::0)", "Invalid slice [::0]"),
        ("path.regex('(')", "Invalid regular expression [(]"),
        ("path.color(red='(')", "Invalid regular expression [(]"),
        ("f.float(spec=x)", "Invalid precision [6] or spec [x]"),
        ("n.size(precision=inf)", "Invalid value [inf] for [precision]"),
        ("path.shout(1, 2, 3)", "Transform function [shout] does not take these arguments."),
    ],
)
def test_a_transform_refuses(column: str, words: str) -> None:
    with pytest.raises(TransformError, match=re.escape(words)):
        of(column)


def test_a_column_is_dropped_when_its_condition_on_the_flags_is_false() -> None:
    columns = [parse_key(Scanner(text)) for text in ("a.if(auto_ack)", "b.if(NOT auto_ack)", "c.if(wide)", "d")]
    assert [column.key for column in check(columns, CONTEXT)] == [("a",), ("d",)]


def test_colours_are_left_out_where_they_do_not_show() -> None:
    assert cell(parse_key(Scanner("n.color(red='1')")), {"n": "1"}, Context()) == "1"


def test_every_name_has_a_function() -> None:
    assert set(MODULE_OF) >= {name for names in HOMES.values() for name in names.split()}
    for name in MODULE_OF:
        assert callable(find(name))
    with pytest.raises(TransformError):
        check([Column((), parse_key(Scanner("x.nope()")).calls)], CONTEXT)
