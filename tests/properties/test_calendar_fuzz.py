"""Whatever a file holds: the readers of overlays and compiled calendars answer, and no walk over it hangs."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.calendar_data import dump, load
from chalicelib.core.calendars import BadCalendar, Calendar, CalendarError
from chalicelib.core.overlays import apply
from chalicelib.rules.overlay import FIELDS, read_overlay
from chalicelib.rules.problems import Mistakes

BASE = Calendar(
    "CN",
    "Asia/Shanghai",
    week={"mon-fri": ["09:00-18:00"]},
    holidays=[date(2026, 10, 1)],
    maybe=[date(2027, 1, 4)],
    known_from=date(2020, 1, 1),
    known_until=date(2026, 12, 31),
)
WHOLE = """\
calendar: CN
source: x
published: 2026-11-24
known_until: 2027-12-31
holidays: {2027-01-01/2027-01-03: New Year}
working: [2027-02-14]
ordinary: [2026-10-01]
dates: {2027-12-24: ['09:00-12:00', '22:00-06:00']}
"""

unhurried = settings(deadline=None)
texts = st.one_of(
    st.dates(date(1, 1, 1), date(9999, 12, 31)).map(str),
    st.tuples(st.dates(), st.dates()).map(lambda pair: f"{min(pair)}/{max(pair)}"),
    st.sampled_from(["CN", "2026-02-30", "09:00-12:00", "24:00-24:00", "", "~", "2026-10-01/2026-10-07"]),
    st.text(max_size=12),
)
values = st.recursive(
    st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats(-1e9, 1e9)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


def _walk(calendar: Calendar) -> None:
    """Every question that a clock asks; each is answered or refused, and none takes long."""
    moment = datetime(2026, 12, 30, 4, tzinfo=UTC)
    for view in (calendar, calendar.earliest, calendar.latest):
        for span in (timedelta(minutes=1), timedelta(hours=90), timedelta(days=400)):
            with suppress(CalendarError):
                assert view.elapsed(moment, view.add(moment, span)) == span
            with suppress(CalendarError):
                view.subtract(moment, span)
        with suppress(CalendarError):
            view.next_close(view.next_open(moment))
        with suppress(CalendarError):
            assert view.working_days(moment.date(), view.add_working_days(moment.date(), 10)) == 10
        with suppress(CalendarError):
            view.add_working_days(view.roll(date(2027, 2, 6)), -10)


def _read(raw: bytes) -> None:
    with suppress(Mistakes):
        made = apply(BASE, read_overlay(raw, "fuzz", BASE))
        assert load(dump(made)) == made
        _walk(made)


@unhurried
@given(st.binary(max_size=300))
def test_bytes_of_all_sorts_are_answered(raw: bytes) -> None:
    _read(raw)
    with suppress(BadCalendar):
        load(raw)


@unhurried
@given(st.dictionaries(st.sampled_from([*FIELDS, "extra"]), values))
def test_values_of_all_sorts_in_every_field_are_answered(fields: dict[str, object]) -> None:
    good: dict[str, object] = {"calendar": "CN", "source": "x", "published": "2026-11-24"}
    _read(json.dumps(good | fields).encode())
    _read(json.dumps(fields, ensure_ascii=False).encode(errors="surrogatepass"))


@unhurried
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 9), st.text(max_size=3)), max_size=4))
def test_a_good_file_with_mistakes_of_the_hand_is_answered(edits: list[tuple[int, int, str]]) -> None:
    text = WHOLE
    for place, cut, put in edits:
        text = text[:place] + put + text[place + cut :]
    _read(text.encode(errors="surrogatepass"))


@unhurried
@given(st.sets(st.dates(date(2026, 12, 1), date(2028, 2, 1)), max_size=60), st.data())
def test_a_notice_of_any_days_says_of_each_what_it_said(days: set[date], data: st.DataObject) -> None:
    holidays = data.draw(st.sets(st.sampled_from(sorted(days)))) if days else set()
    working = {day for day in days - holidays if day.weekday() > 4}
    told = {
        "calendar": "CN",
        "source": "x",
        "published": "2026-11-24",
        "holidays": [str(day) for day in sorted(holidays)],
        "working": [str(day) for day in sorted(working)],
    }
    if not holidays | working:
        return
    made = apply(BASE, read_overlay(json.dumps(told).encode(), "x", BASE))
    assert all(made.latest.kind(day) == "holiday" for day in holidays)
    assert all(made.earliest.kind(day) == "make-up" for day in working)
    _walk(made)


COMPILED = json.loads(dump(BASE))


@unhurried
@given(st.dictionaries(st.sampled_from([*COMPILED, "extra"]), values))
def test_compiled_data_of_all_sorts_is_answered(fields: dict[str, object]) -> None:
    with suppress(BadCalendar):
        _walk(load(json.dumps(COMPILED | fields).encode()))
