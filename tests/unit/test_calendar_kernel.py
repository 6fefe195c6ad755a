"""The calendar kernel, row by row: the edge rule, nights, clock changes, days that never were, days unknown."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.core.calendars import (
    Calendar,
    Calendars,
    Kind,
)
from chalicelib.core.instants import parse_instant as at
from chalicelib.core.instants import show

HOLIDAYS: tuple[Kind, ...] = ("holiday",)
H = timedelta(hours=1)
MIN = timedelta(minutes=1)
OFFICE = {"mon-fri": ["09:00-12:00", "13:00-18:00"]}
SHANGHAI = Calendar(zone="Asia/Shanghai", week=OFFICE)
JD = Calendar(zone="Asia/Shanghai", week={"mon-sun": ["09:00-18:00"]})
NIGHT = Calendar(zone="Europe/Berlin", week={"sat": ["22:00-06:00"]})
TO_MIDNIGHT = Calendar(zone="Asia/Shanghai", week={"mon-sun": ["18:00-24:00"]})
BERLIN = Calendar(zone="Europe/Berlin", week={"mon-sun": ["00:00-24:00"]}, holidays=[date(1999, 1, 1)])
HALF = Calendar(
    zone="Asia/Shanghai",
    week=OFFICE,
    holidays={date(2026, 10, 1): "National Day", date(2026, 10, 2): ""},
    working=[date(2026, 10, 10)],
    dates={date(2026, 9, 30): ["09:00-12:00"], date(2026, 10, 8): [], date(2026, 10, 11): ["10:00-11:00"]},
)
APIA = Calendar(zone="Pacific/Apia", week={"mon-sun": ["08:00-10:00"]})

ADDS = [
    (JD, "2026-11-20T10:00+08:00", 4 * H, "2026-11-20T14:00+08:00", "4 h within the day"),
    (JD, "2026-11-20T14:01+08:00", 4 * H, "2026-11-21T09:01+08:00", "the last minute is the next morning's"),
    (JD, "2026-11-20T14:00+08:00", 4 * H, "2026-11-20T18:00+08:00", "what exactly fills the window ends at closing"),
    (JD, "2026-11-20T09:00+08:00", 18 * H, "2026-11-21T18:00+08:00", "so do two whole windows"),
    (JD, "2026-11-20T18:00+08:00", MIN, "2026-11-21T09:01+08:00", "a closing is closed"),
    (JD, "2026-11-20T20:00+08:00", 0 * H, "2026-11-20T20:00+08:00", "nothing takes no time, though it is closed"),
    (JD, "2026-11-20T20:00+08:00", timedelta(microseconds=1), "2026-11-21T09:00:00.000001+08:00", "the least there is"),
    (SHANGHAI, "2026-11-20T11:00+08:00", 2 * H, "2026-11-20T14:00+08:00", "over the lunch break"),
    (SHANGHAI, "2026-11-20T17:00+08:00", 2 * H, "2026-11-23T10:00+08:00", "over the weekend"),
    (SHANGHAI, "2026-11-22T03:00+08:00", 8 * H, "2026-11-23T18:00+08:00", "from a Sunday"),
    (SHANGHAI, "2026-11-20T10:00+08:00", 40 * 52 * H, "2027-11-19T10:00+08:00", "a year of weeks"),
    (NIGHT, "2026-11-21T12:00+01:00", 8 * H, "2026-11-22T06:00+01:00", "a night belongs to the day on which it begins"),
    (NIGHT, "2026-11-22T05:00+01:00", 2 * H, "2026-11-28T23:00+01:00", "and lasts into the next"),
    (NIGHT, "2026-03-28T22:00+01:00", 7 * H, "2026-03-29T06:00+02:00", "a night of 7 hours where an hour is skipped"),
    (NIGHT, "2026-10-24T22:00+02:00", 9 * H, "2026-10-25T06:00+01:00", "a night of 9 hours where one comes twice"),
    (TO_MIDNIGHT, "2026-11-20T18:00+08:00", 6 * H, "2026-11-21T00:00+08:00", "24:00, not 23:59"),
    (TO_MIDNIGHT, "2026-11-20T23:00+08:00", 2 * H, "2026-11-21T19:00+08:00", "and closed from then on"),
    (BERLIN, "2026-10-24T12:00+02:00", 24 * H, "2026-10-25T11:00+01:00", "24 hours are hours of time, not of the wall"),
    (BERLIN, "2025-12-31T22:30Z", H, "2025-12-31T23:30Z", "over the turn of the year, local and UTC"),
    (HALF, "2026-09-30T11:00+08:00", 2 * H, "2026-10-05T10:00+08:00", "half a holiday, then two whole ones"),
    (HALF, "2026-10-07T17:00+08:00", 9 * H, "2026-10-09T18:00+08:00", "a single day that stays closed"),
    (HALF, "2026-10-09T17:00+08:00", 9 * H, "2026-10-10T18:00+08:00", "a make-up Saturday has Monday's hours"),
    (HALF, "2026-10-10T18:00+08:00", H, "2026-10-11T11:00+08:00", "a single Sunday that opens for an hour"),
    (APIA, "2011-12-29T08:00-10:00", 4 * H, "2011-12-31T10:00+14:00", "the 30th never was in Samoa"),
]


@pytest.mark.parametrize(("calendar", "start", "span", "end", "why"), ADDS, ids=[row[-1] for row in ADDS])
def test_adds(calendar: Calendar, start: str, span: timedelta, end: str, why: str) -> None:
    begin = datetime.fromisoformat(start)
    found = calendar.add(begin, span)
    assert found == datetime.fromisoformat(end)
    assert found.tzinfo is UTC
    assert calendar.elapsed(begin, found) == span
    assert calendar.elapsed(found, begin) == -span
    assert calendar.subtract(begin, -span) == found, "a negative span walks the other way"


SUBTRACTS = [
    (JD, "2026-11-20T18:00+08:00", 9 * H, "2026-11-20T09:00+08:00", "what fills the window begins at its opening"),
    (JD, "2026-11-20T09:00+08:00", H, "2026-11-19T17:00+08:00", "nothing counts before an opening"),
    (JD, "2026-11-20T03:00+08:00", 0 * H, "2026-11-20T03:00+08:00", "nothing takes no time"),
    (SHANGHAI, "2026-11-23T10:00+08:00", 2 * H, "2026-11-20T17:00+08:00", "back over the weekend"),
    (BERLIN, "2026-01-01T00:30+01:00", H, "2025-12-31T23:30+01:00", "back over the turn of the year"),
    (NIGHT, "2026-10-25T06:00+01:00", 9 * H, "2026-10-24T22:00+02:00", "back over an hour that comes twice"),
]


@pytest.mark.parametrize(("calendar", "end", "span", "start", "why"), SUBTRACTS, ids=[row[-1] for row in SUBTRACTS])
def test_subtracts(calendar: Calendar, end: str, span: timedelta, start: str, why: str) -> None:
    found = calendar.subtract(datetime.fromisoformat(end), span)
    assert found == datetime.fromisoformat(start)
    assert calendar.add(datetime.fromisoformat(end), -span) == found


def test_every_hour_counts_where_nothing_else_is_said() -> None:
    always = Calendar(zone="Asia/Shanghai")
    moment = at("2026-11-20T10:00:00Z")
    assert always.add(moment, 48 * H) == moment + 48 * H
    assert always.subtract(moment, 48 * H) == moment - 48 * H
    assert always.elapsed(moment, moment + 5 * H) == 5 * H
    assert always.is_open(moment)
    assert always.next_open(moment) == moment
    assert always.next_close(moment) is None
    assert list(always.periods(moment, moment + H)) == [(moment, moment + H)]
    assert always.is_working_day(date(2026, 11, 22))
    assert always.why(date(2026, 11, 22)) == "working"
    assert (always.code, always.zone) == ("Asia/Shanghai", "Asia/Shanghai")


def test_says_when_it_opens_and_closes() -> None:
    friday, saturday, monday = at("2026-11-20T03:00:00Z"), at("2026-11-21T03:00:00Z"), at("2026-11-23T01:00:00Z")
    assert SHANGHAI.is_open(friday) and not SHANGHAI.is_open(saturday)
    assert SHANGHAI.is_open(monday), "an opening is open"
    assert not SHANGHAI.is_open(at("2026-11-20T04:00:00Z")), "a closing is not"
    assert SHANGHAI.next_open(friday) == friday
    assert SHANGHAI.next_open(saturday) == monday
    assert SHANGHAI.next_close(friday) == at("2026-11-20T04:00:00Z")
    assert SHANGHAI.next_close(saturday) == at("2026-11-23T04:00:00Z"), "the end of the next window"
    assert BERLIN.next_close(friday) is None, "its last holiday is past"
    assert BERLIN.next_close(at("1998-06-01T00:00:00Z")) == at("1998-12-31T23:00:00Z"), "over months and days"


def test_lists_open_periods_apart_and_cut_to_what_was_asked() -> None:
    found = list(SHANGHAI.periods(at("2026-11-20T03:00:00Z"), at("2026-11-23T02:00:00Z")))
    assert [(show(since), show(until)) for since, until in found] == [
        ("2026-11-20T03:00:00Z", "2026-11-20T04:00:00Z"),
        ("2026-11-20T05:00:00Z", "2026-11-20T10:00:00Z"),
        ("2026-11-23T01:00:00Z", "2026-11-23T02:00:00Z"),
    ]
    assert list(SHANGHAI.periods(at("2026-11-23T02:00:00Z"), at("2026-11-20T03:00:00Z"))) == [], "nothing, backwards"
    joined = Calendar(zone="UTC", week={"mon-sun": ["20:00-24:00"]}, dates={date(2027, 1, 1): ["00:00-03:00"]})
    found = list(joined.periods(at("2026-12-31T12:00:00Z"), at("2027-01-01T12:00:00Z")))
    assert found == [(at("2026-12-31T20:00:00Z"), at("2027-01-01T03:00:00Z"))], "what touches is one"


def test_a_period_is_read_only_as_far_as_it_is_asked() -> None:
    days = JD.periods(at("2026-11-20T00:00:00Z"), at("2090-01-01T00:00:00Z"))
    assert next(iter(days)) == (at("2026-11-20T01:00:00Z"), at("2026-11-20T10:00:00Z"))


def test_a_window_in_a_skipped_hour_is_no_time_that_day() -> None:
    calendar = Calendar(zone="Europe/Berlin", week={"sun": ["02:10-02:50"]})
    assert calendar.elapsed(at("2026-03-29T00:00:00Z"), at("2026-03-29T12:00:00Z")) == timedelta(0)
    assert calendar.next_open(at("2026-03-29T00:00:00Z")) == at("2026-04-05T00:10:00Z")
    assert calendar.elapsed(at("2026-10-25T00:00:00Z"), at("2026-10-25T12:00:00Z")) == 80 * MIN, "and twice in autumn"
    assert calendar.is_working_day(date(2026, 3, 29)), "the day was still one of work"


DAYS = [
    ("Asia/Shanghai", "2026-11-20T10:00+08:00", 1, "2026-11-21T10:00+08:00", "an ordinary day"),
    ("Europe/Berlin", "2026-10-24T12:00+02:00", 1, "2026-10-25T12:00+01:00", "25 hours, the same time on the wall"),
    ("Europe/Berlin", "2026-03-28T02:30+01:00", 1, "2026-03-29T03:00+02:00", "a skipped time: the first moment after"),
    ("Europe/Berlin", "2026-10-24T02:30+02:00", 1, "2026-10-25T02:30+02:00", "a time that comes twice: the first one"),
    ("Pacific/Apia", "2011-12-29T12:00-10:00", 1, "2011-12-31T00:00+14:00", "a day that never was: the moment after"),
    ("Europe/Berlin", "2026-03-30T02:30+02:00", -1, "2026-03-29T03:00+02:00", "and back"),
]


@pytest.mark.parametrize(("name", "start", "count", "end", "why"), DAYS, ids=[row[-1] for row in DAYS])
def test_adds_calendar_days(name: str, start: str, count: int, end: str, why: str) -> None:
    assert Calendar(zone=name).add_days(datetime.fromisoformat(start), count) == datetime.fromisoformat(end)


ENDS = [
    ("Asia/Shanghai", date(2026, 11, 20), "2026-11-20T16:00:00Z", "24:00 in Shanghai"),
    ("America/Sao_Paulo", date(2018, 11, 3), "2018-11-04T03:00:00Z", "midnight is skipped: the moment of the jump"),
    ("America/Toronto", date(1919, 3, 30), "1919-03-31T04:30:00Z", "half an hour early, the jump began at 23:30"),
    (
        "America/St_Johns",
        date(2010, 11, 6),
        "2010-11-07T03:30:00Z",
        "midnight comes twice: the second one",
    ),
    (
        "America/Havana",
        date(2025, 11, 1),
        "2025-11-02T04:00:00Z",
        "an hour after midnight comes twice",
    ),
    ("Pacific/Apia", date(2011, 12, 29), "2011-12-30T10:00:00Z", "before a day that never was"),
    ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00Z", "which ends where it begins"),
]


@pytest.mark.parametrize(("name", "day", "end", "why"), ENDS, ids=[row[-1] for row in ENDS])
def test_ends_a_day(name: str, day: date, end: str, why: str) -> None:
    assert Calendar(zone=name).end_of(day) == at(end)


def test_a_day_that_never_was_is_no_working_day() -> None:
    assert not APIA.is_working_day(date(2011, 12, 30))
    assert APIA.why(date(2011, 12, 30)) == "missing"
    assert APIA.add_working_days(date(2011, 12, 29), 1) == date(2011, 12, 31)
    assert APIA.roll(date(2011, 12, 30)) == date(2011, 12, 31)
    assert APIA.start_of(date(2011, 12, 30)) == APIA.end_of(date(2011, 12, 30))


def test_tells_why_a_day_counts_or_does_not() -> None:
    kinds = {day: HALF.why(date(2026, 10, day)) for day in (1, 2, 3, 5, 8, 10, 11)}
    assert kinds == {
        1: "holiday: National Day", 2: "holiday", 3: "weekend", 5: "working", 8: "closed", 10: "make-up", 11: "special",
    }  # fmt: skip


def test_counts_working_days() -> None:
    friday = date(2026, 11, 20)
    assert SHANGHAI.add_working_days(friday, 1) == date(2026, 11, 23)
    assert SHANGHAI.add_working_days(friday, -1) == date(2026, 11, 19)
    assert SHANGHAI.add_working_days(date(2026, 11, 21), 0) == date(2026, 11, 21), "no day, no move"
    assert SHANGHAI.add_working_days(date(2026, 11, 21), 1) == date(2026, 11, 23)
    assert SHANGHAI.add_working_days(date(2026, 11, 21), -1) == friday
    assert SHANGHAI.working_days(friday, date(2026, 11, 27)) == 5
    assert SHANGHAI.working_days(date(2026, 11, 27), friday) == -5
    assert SHANGHAI.working_days(friday, friday) == 0
    assert SHANGHAI.roll(date(2026, 11, 21)) == date(2026, 11, 23)
    assert SHANGHAI.roll(date(2026, 11, 21), "backward") == friday
    assert SHANGHAI.roll(friday) == friday
    assert HALF.roll(date(2026, 10, 3), over=HOLIDAYS) == date(2026, 10, 3), "here weekends do not roll"
    assert HALF.roll(date(2026, 10, 1), over=HOLIDAYS) == date(2026, 10, 3)
    with pytest.raises(ValueError, match="forward or backward"):
        SHANGHAI.roll(friday, "up")  # type: ignore[arg-type]


def test_a_digest_tells_contents_apart_and_nothing_else() -> None:
    base = Calendar("A", "UTC", OFFICE, holidays=[date(2026, 1, 1), date(2026, 1, 2)])
    same = Calendar("B", "UTC", {"fri": ["13:00-18:00", "09:00-12:00"], "mon-thu": ["09:00-12:00", "13:00-18:00"]},
                    holidays={date(2026, 1, 2): "x", date(2026, 1, 1): "y"})  # fmt: skip
    assert base.digest == same.digest, "order, names of holidays and the code decide no answer"
    others = [
        Calendar("A", "UTC", OFFICE, holidays=[date(2026, 1, 1)]),
        Calendar("A", "Asia/Shanghai", OFFICE, holidays=[date(2026, 1, 1), date(2026, 1, 2)]),
        Calendar("A", "UTC", OFFICE, holidays=[date(2026, 1, 1)], dates={date(2026, 1, 2): []}),
        Calendar("A", "UTC", OFFICE, holidays=[date(2026, 1, 1), date(2026, 1, 2)], known_until=date(2030, 1, 1)),
    ]
    assert len({one.digest for one in (base, *others)}) == 5
    assert base == Calendar("A", "UTC", OFFICE, holidays=[date(2026, 1, 2), date(2026, 1, 1)]) != same
    assert len(base.digest) == 64


def test_calendars_are_found_by_code_or_by_zone() -> None:
    own = Calendar("OWN", "Asia/Shanghai", OFFICE)
    asked: list[str] = []

    def find(code: str) -> Calendar | None:
        asked.append(code)
        return own if code == "FOUND" else None

    known = Calendars({"OWN": own}, find)
    assert known.get("OWN") is own
    assert known.get("FOUND") is own
    assert known.get("FOUND") is own and asked == ["FOUND"], "looked for once"
    assert known.get("UTC").is_open(at("2026-12-30T04:00:00Z"))
    assert known.get("Asia/Shanghai").day(at("2026-11-20T20:00:00Z")) == date(2026, 11, 21)
    with pytest.raises(ValueError, match="no such time zone"):
        known.get("Nowhere")
