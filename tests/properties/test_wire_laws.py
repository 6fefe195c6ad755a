"""Whatever stands where in a body, reading it gives an event or the one error that names the field; and an event that
was written is read as it was."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core.evaluate import read_clocks
from chalicelib.core.events import Event
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.rules import ByPlace, Point, Rule, WorkingDays
from chalicelib.core.strictjson import loads
from chalicelib.core.view import View
from chalicelib.core.wire import BadEvent, read_event, write_event
from chalicelib.core.words import FACTS, MARKS
from tests.properties import histories as h

ODD = st.sampled_from(
    ["", " ", "x", "0", "-0", "1_000", " 12 ", "１２", "1e9999", "NaN", "12.50", "2026-02-30", "2026-11-20", "24:00",
     "2026-11-20T24:00:00Z", "2026-11-20T10:00:00", "2026-11-20T10:00:60Z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-12:00", "2026-11-20T10:00:00+99:99", "CN", "cn", "IN", "CNY", "Asia/Shanghai", "Asia",
     "__init__/x", "__init__/x-y", "../CN", "US-NY", "GB", "a\u0301", "\u2028", "\x00", "é" * 200]
)  # fmt: skip
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.decimals(allow_nan=False)
    | ODD
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ODD, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, object]:
    """An event in which a thing or two is not what it should be."""
    instant = "2026-11-20T10:00:00Z"
    mark = {"name": draw(st.sampled_from(sorted(MARKS))), "at": instant}
    facts: dict[str, object] = draw(st.dictionaries(st.sampled_from(sorted(FACTS)), values, max_size=3))
    body: dict[str, object] = {
        "id": "e", "subject": {"kind": "order", "id": "1"}, "occurred_at": instant, "marks": [mark], "facts": facts,
    }  # fmt: skip
    names = st.sampled_from(["id", "occurred_at", "version", "source", "look", "reading", "whole", "links", "seller"])
    body.update(draw(st.dictionaries(names, values, max_size=1)))
    mark.update(draw(st.dictionaries(st.sampled_from(["name", "at", "of", "version", "value"]), values, max_size=1)))
    return body


RULE = Rule(
    "r", "order", Point("order.placed"), (), WorkingDays(1), calendar=ByPlace(("region", "zone", "country"), "UTC")
)


def with_facts(**facts: object) -> dict[str, object]:
    return {
        "id": "e", "subject": {"kind": "order", "id": "1"}, "occurred_at": "2026-11-20T10:00:00Z",
        "marks": [{"name": "order.placed", "at": "2026-11-20T10:00:00Z"}], "facts": facts,
    }  # fmt: skip


@given(bodies())
@example(with_facts(zone="__init__/x"))
@example(with_facts(region="__init__/x-y"))
def test_a_body_is_an_event_or_a_mistake_with_a_name(body: dict[str, object]) -> None:
    try:
        event = read_event(body)
    except BadEvent as error:
        assert error.field and error.wanted
        return
    if not event.dropped:
        assert read_event(loads(json.dumps(write_event(event)).encode())) == event
    read_clocks("order", View(merge_all(NOTHING, [event]), event.occurred_at), h.always(RULE), h.CALENDARS)


@given(h.events)
def test_what_was_written_is_read_as_it_was(event: Event) -> None:
    told = write_event(event)
    if any(told.get(name) for name in ("marks", "facts", "whole", "links")):
        assert read_event(told) == event


NO = [
    ("ship_by", "2026-02-30", "an instant like 2026-11-20T10:00:00Z, or a date (not a date like 2026-11-20)"),
    ("ship_by", "2026-11-20T10:00:00",
     "an instant like 2026-11-20T10:00:00Z, or a date (an instant without a zone (end it with Z or an offset))"),
    ("zone", "Mars/Phobos", "a time zone like Asia/Shanghai"),
    ("amount", "１９９", 'money as a decimal string like "199.00"'),
    ("score", "1_000", "a number"),
    ("score", " 12 ", "a number"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "wanted"), NO, ids=[f"{row[0]} {row[1]}" for row in NO])
def test_a_fact_that_cannot_be_read_says_what_was_wanted(name: str, value: str, wanted: str) -> None:
    with pytest.raises(BadEvent) as error:
        read_event(with_facts(**{name: value}))
    assert (error.value.field, error.value.wanted) == (f"facts.{name}", wanted)
