"""The short ways give what the long ways give: rules that nothing moves, and lines in their usual form."""

import json
from dataclasses import replace
from datetime import datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import Calendar, Calendars, Edition
from chalicelib.core.clocks import read_clock
from chalicelib.core.evaluate import read_clocks
from chalicelib.core.events import Event, Mark
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.instants import parse_instant
from chalicelib.core.moments import Sight, moment_of
from chalicelib.core.plain import plain_of
from chalicelib.core.rules import Days, FromDue, FromStart, OwnLimit, Point, Rule, Share, Silence, Span, Step, Until
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.core.versions import Activation, Policies, Versions
from chalicelib.core.view import View
from chalicelib.core.wire import BadEvent, read_event, write_event
from chalicelib.core.words import CORE
from chalicelib.rules.history import JSON_SPACE
from chalicelib.rules.quick import head, quick
from tests.properties import histories as h

slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

lengths = st.one_of(
    st.integers(0, 30).map(lambda n: Span(n * 3600)),
    st.builds(Days, st.integers(0, 3), h.first_days),
    st.just(Until("ship_by")),
)
places = st.one_of(
    st.integers(0, 40).map(lambda n: FromStart(n * 3600)),
    st.integers(-40, 40).map(lambda n: FromDue(n * 3600)),
    st.integers(0, 150).map(Share),
    st.builds(OwnLimit, lengths),
)
points = st.lists(st.builds(Point, st.sampled_from(h.MARKS), st.sampled_from(["first", "last"])), max_size=2).map(tuple)
plain_rules = st.builds(
    Rule,
    id=st.just("r"),
    applies_to=st.just("order"),
    start=st.builds(Point, st.sampled_from(h.MARKS), st.sampled_from(["first", "last"])),
    stop=points,
    limit=lengths,
    void=points,
    steps=st.lists(places, max_size=4).map(
        lambda found: tuple(Step(f"s{number}", at, h.DO) for number, at in enumerate(found))
    ),
    calendar=st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "CN"]),
)


@slow
@given(h.histories, plain_rules, st.integers(0, 200))
def test_a_rule_that_nothing_moves_reads_the_same_either_way(events: list[Event], rule: Rule, hour: int) -> None:
    assert isinstance(rule.calendar, str)
    view = View(merge_all(NOTHING, events), h.hours(hour))
    calendar, plain = h.CALENDARS.get(rule.calendar), plain_of(rule)
    assert plain is not None
    sight = Sight(view)
    start = moment_of(rule.start, sight)
    assert plain.start(view) == start
    if start is not None:
        assert plain.read(start, "p@1", view, calendar) == read_clock(rule, "p@1", "r", start, sight, calendar)


class LongWay(Policies):
    """Policies of which no rule is taken apart."""

    def rules(self, kind: str, now: datetime) -> tuple[Versions, ...]:
        return tuple(replace(one, plain=None) for one in super().rules(kind, now))


@st.composite
def editions(draw: st.DrawFn) -> Calendars:
    """China's calendar as it ships and what came after it, the last perhaps in the future."""
    turns = draw(st.lists(st.integers(0, 120).map(h.hours), max_size=2, unique=True).map(sorted))
    made = [Calendar("CN", zone) for zone in draw(st.permutations(["Asia/Tokyo", "America/New_York"]))]
    given_ = [(None, h.CALENDARS.get("CN"))] * draw(st.integers(0, 1)) + list(zip(turns, made, strict=False))
    found = [Edition(at, one.digest, lambda one=one: one) for at, one in given_]  # type: ignore[misc]
    return Calendars(find=shipped, editions={"CN": found} if found else {})


@slow
@given(h.histories, st.lists(plain_rules, min_size=1, max_size=2), editions(), st.data())
def test_a_case_is_judged_the_same_either_way(
    events: list[Event], found: list[Rule], calendars: Calendars, data: st.DataObject
) -> None:
    """Under versions that come and go, calendars that change, and beside a rule that waits for a silence."""
    # What is rare by itself is made common: a clock that began, in a calendar with a past, under a version of its time.
    begun = Mark("order.placed", h.hours(data.draw(st.integers(0, 40))))
    events = [*events, Event("begun", h.SUBJECT, h.T0, 10**6, marks=(begun,))]
    start = Point("order.placed", data.draw(st.sampled_from(["first", "last"])))
    rules = [replace(one, id=f"r{number}", start=start, calendar="CN") for number, one in enumerate(found)]
    rules.append(Rule("answer", "order", Silence("r0"), (), Span(3600), steps=(Step("due", FromDue(0), h.DO),)))
    first = Activation(h.policy(*rules), data.draw(st.none() | st.integers(0, 40).map(h.hours)))
    activations = [replace(first, retroactive=data.draw(st.booleans()))]
    if data.draw(st.booleans()):
        # The first rule is gone in the second version: what started before keeps it.
        activations.append(Activation(h.policy(*rules[1:], number=2), h.hours(data.draw(st.integers(0, 80)))))
    if data.draw(st.integers(0, 4)) == 0:
        activations[-1] = replace(activations[-1], recalled=h.hours(data.draw(st.integers(0, 120))))
    view = View(merge_all(NOTHING, events), h.hours(data.draw(st.integers(0, 200))))
    one, other = (read_clocks("order", view, way(tuple(activations)), calendars) for way in (Policies, LongWay))
    assert one == other


@slow
@given(h.rules)
def test_a_rule_that_something_moves_goes_the_long_way(rule: Rule) -> None:
    plain = plain_of(rule)
    moved = rule.pause or rule.restart or rule.extend or rule.cap or rule.again or rule.when or rule.valid_from
    assert plain is None or not (moved or rule.valid_to or rule.each)


def strictly(raw: bytes) -> object:
    try:
        return read_event(loads(raw.rstrip(JSON_SPACE)))
    except (BadEvent, BadJson) as error:
        return type(error)


def shortly(raw: bytes) -> object:
    return quick(raw, CORE) or strictly(raw)


@st.composite
def spelled(draw: st.DrawFn, value: object) -> str:
    """A value as JSON, with space wherever it may stand, and keys that nobody asked for or that stand twice."""
    space = st.sampled_from(["", "", "", " ", "\t", "\r", "  "])
    if isinstance(value, dict):
        parts = [(name, draw(spelled(one))) for name, one in value.items()]
        if parts and draw(st.integers(0, 9)) == 0:
            name = draw(st.sampled_from([*value, "own", ":", " :own"]))
            parts.insert(draw(st.integers(0, len(parts))), (name, draw(st.sampled_from(['"a"', '" :a"', "null", "1"]))))
        told = [f"{draw(space)}{json.dumps(name)}{draw(space)}:{draw(space)}{one}" for name, one in parts]
        return "{" + ",".join(told) + draw(space) + "}"
    if isinstance(value, list):
        return "[" + ",".join(f"{draw(spelled(one))}{draw(space)}" for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


@slow
@given(h.events, st.data())
def test_a_line_is_read_the_same_however_it_is_spelled(event: Event, data: st.DataObject) -> None:
    raw = data.draw(spelled(write_event(event))).encode() + data.draw(st.sampled_from([b"", b"\n", b"\r\n"]))
    one, other = shortly(raw), strictly(raw)
    assert one == other or (isinstance(one, type) and isinstance(other, type))
    if isinstance(other, Event):
        assert (head(raw) or ())[:2] == other.subject


LINE = (
    b'{"id":"e","subject":{"kind":"order","id":"1"},"seller":"s","occurred_at":"2026-11-20T10:00:00Z",'
    b'"marks":[{"name":"order.placed","at":"2026-11-20T09:58:00Z"}],"facts":{"amount":"1.5","score":2.5}}\n'
)


@slow
@given(h.histories)
def test_lines_in_their_usual_form_are_read_shortly(events: list[Event]) -> None:
    for event in events:
        data = write_event(event)
        if not any(data.get(name) for name in ("marks", "facts", "whole", "seller")):
            continue
        raw = json.dumps(data, separators=(",", ":")).encode() + b"\n"
        assert quick(raw, CORE) is not None
        assert shortly(raw) == strictly(raw)
    assert head(LINE) == ("order", "1", "2026-11-20T10:00:00Z")


@slow
@given(
    st.integers(0, len(LINE)),
    st.integers(0, 3),
    st.binary(max_size=3) | st.sampled_from([b'"', b":", b"{}", b'"a":1,', b"\\u0041"]),
)
@example(1, 0, b'"id":"f",')
@example(len(LINE), 0, b"x")
@example(len(LINE) - 1, 1, b"x")
@example(1, 0, b'"x":[[[[[[[[]]]]]]]],')
@example(len(LINE) - 2, 0, b',"look":[[[[[[[[]]]]]]]]')
@example(len(LINE) - 2, 0, b',"seller":"t"')
@example(len(LINE) - 2, 0, b',"seller" :"t"')
@example(len(LINE) - 2, 0, b',"own"\t:"t"')
@example(LINE.index(b',"seller"'), 0, b',"own" :1')
@example(LINE.index(b',"seller"'), len(b',"seller"'), b',"own":1,"seller" ')
@example(LINE.index(b',"seller"'), len(b',"seller"'), b',"seller":"t","seller"\r')
@example(LINE.index(b'"s"'), 3, b'":s"')
@example(len(LINE) - 2, 0, b',"marks":[]')
@example(len(LINE) - 2, 0, b',"version":1,"version":2')
@example(len(LINE) - 1, 0, b" \x0b")
@example(LINE.index(b',"facts"'), len(LINE) - 2 - LINE.index(b',"facts"'), b"")
@example(LINE.index(b',"facts"'), len(LINE) - 2 - LINE.index(b',"facts"'), b',"links":["ab"],"facts":{"a":1,"a":2}')
@example(LINE.index(b"order.placed"), 0, b"un")
@example(LINE.index(b"order.placed"), 0, b"\x00")
@example(LINE.index(b"2.5"), 3, b"1e999")
@example(LINE.index(b"2.5"), 3, b"1" * 20)
@example(LINE.index(b"2.5"), 3, b'2.5,"own":1e999')
@example(LINE.index(b"2.5"), 3, b'2.5,"own":' + b"1" * 20)
@example(LINE.index(b"2.5"), 3, b'2.5,"own":[' + b"1" * 20 + b"]")
@example(LINE.index(b"2.5"), 3, b'2.5,"own":' + b"0." + b"1" * 200)
@example(LINE.index(b"2.5"), 3, b'2.5,"own":{}')
@example(LINE.index(b"2.5"), 3, b'2.5,"own":"' + "\u00e9".encode() + b'"')
@example(LINE.index(b"2.5"), 3, b'2.5,"own":"\xe9"')
@example(LINE.index(b"2.5"), 3, b'2.5,"score":2')
@example(len(LINE) - 2, 0, b',"whole":["order.placed"],"look":true,"reading":2')
@example(len(LINE) - 2, 0, b',"whole":["order.placed"],"whole":[]')
@example(len(LINE) - 2, 0, b',"look":1')
@example(len(LINE) - 2, 0, b',"reading":true')
@example(len(LINE) - 2, 0, b',"reading":9999999')
@example(len(LINE) - 2, 0, b',"version":-1')
@example(len(LINE) - 2, 0, b',"version":null')
@example(len(LINE) - 2, 0, b',"source":"elsewhere"')
@example(len(LINE) - 2, 0, b',"source":"derived"')
@example(len(LINE) - 2, 0, b',"buyer":null')
@example(len(LINE) - 2, 0, b',"links":[{"rel":"basket","kind":"order","id":"7"}]')
@example(len(LINE) - 2, 0, b',"links":[{"rel":"basket","kind":"shoe","id":"7"}]')
@example(LINE.index(b'"name"'), 0, b'"of":"","version":4,"value":"2.5",')
@example(LINE.index(b'"name"'), 0, b'"of":null,"value":"a",')
@example(LINE.index(b'"name"'), 0, b'"more":{"a":1},')
@example(LINE.index(b'"id":"1"'), 8, '"id":"e\u0301"'.encode())
@example(LINE.index(b'"id":"1"'), 8, b'"id":" 1"')
@example(LINE.index(b'"id":"1"'), 8, b'"id":"\x7f"')
def test_a_line_that_was_tampered_with_is_read_as_strictly(at: int, cut: int, junk: bytes) -> None:
    raw = LINE[:at] + junk + LINE[at + cut :]
    one, other = shortly(raw), strictly(raw)
    assert one == other or (isinstance(one, type) and isinstance(other, type))
    if isinstance(other, Event):
        kind, ident, told = head(raw) or ("", "", "")
        assert (kind, ident) == other.subject
        assert parse_instant(told) == other.occurred_at
