"""What a calendar refuses: contents that contradict themselves, walks without an end, days that nobody knows yet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.calendars import BadCalendar, Calendar, CalendarError, Kind, NeverOpens, NotKnown, TooFar
from chalicelib.core.instants import parse_instant as at

WORKDAYS: tuple[Kind, ...] = ("working",)
H = timedelta(hours=1)
MIN = timedelta(minutes=1)
JD = Calendar(zone="Asia/Shanghai", week={"mon-sun": ["09:00-18:00"]})

REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    ({"zone": "Mars/Olympus"}, "zone", "'Mars/Olympus'", "a zone that nobody knows"),
    ({"zone": 3}, "zone", "3", "a zone that is no name"),
    ({"week": "mon"}, "week", "'mon'", "a week that is no object"),
    ({"week": {"monday": ["09:00-12:00"]}}, "week.monday", "'monday'", "a long name"),
    ({"week": {"fri-mon": ["09:00-12:00"]}}, "week.fri-mon", "'fri-mon'", "a range over the weekend"),
    ({"week": {3: ["09:00-12:00"]}}, "week.3", "3", "a number for a day"),
    ({"week": {"mon-fri": ["09:00-12:00"], "fri": []}}, "week.fri", "'fri'", "a day twice"),
    ({"week": {"mon": "09:00-12:00"}}, "week.mon", "'09:00-12:00'", "text for a list"),
    ({"week": {"mon": ["9:00-12:00"]}}, "week.mon[0]", "'9:00-12:00'", "an hour of one digit"),
    ({"week": {"mon": ["09:00-24:01"]}}, "week.mon[0]", "'09:00-24:01'", "later than the end of the day"),
    ({"week": {"mon": ["09:00-12:60"]}}, "week.mon[0]", "'09:00-12:60'", "60 minutes"),
    ({"week": {"mon": ["09:00-09:00"]}}, "week.mon[0]", "'09:00-09:00'", "nothing, or a whole day?"),
    ({"week": {"mon": ["٠٩:00-12:00"]}}, "week.mon[0]", "'٠٩:00-12:00'", "digits of another script"),
    ({"week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "week.mon[1]", "'11:00-13:00'", "windows that overlap"),
    ({"week": {"mon": ["22:00-06:00", "23:00-24:00"]}}, "week.mon[1]", "'23:00-24:00'", "a window in the night's"),
    ({"week": {"mon": ["09:00-12:00"] * 13}}, "week.mon", "a list of 13", "too many windows"),
    ({"holidays": "2026-01-01"}, "holidays", "'2026-01-01'", "text for a list of dates"),
    ({"holidays": ["2026-01-01"]}, "holidays", "'2026-01-01'", "text for a date"),
    ({"holidays": [datetime(2026, 1, 1, tzinfo=UTC)]}, "holidays", "2026-01-01T00:00:00+00:00", "an instant"),
    ({"holidays": [date(1, 1, 1)]}, "holidays", "0001-01-01", "a year no clock reaches"),
    ({"holidays": [date(2026, 1, 1)], "working": [date(2026, 1, 1)]}, "working", "'2026-01-01'", "both at once"),
    ({"dates": [date(2026, 1, 1)]}, "dates", "a list of 1", "dates without windows"),
    ({"dates": {date(2026, 1, 1): ["9-12"]}}, "dates.2026-01-01[0]", "'9-12'", "a window that is none"),
    ({"week": {}, "dates": {date(2026, 1, 1): ["09:00-12:00"]}, "working": [date(2026, 1, 2)]}, "working",
     "'2026-01-02'", "a make-up day without hours"),
    ({"known_until": date(2026, 1, 1), "known_from": date(2026, 1, 2)}, "known_until", "'2026-01-01'", "backwards"),
    ({"known_until": date(2026, 1, 1), "maybe": [date(2026, 1, 1)]}, "maybe", "'2026-01-01'", "known and unknown"),
    ({"maybe": [date(2026, 1, 1)]}, "maybe", "'2026-01-01'", "unknown where all is known"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "field", "found", "why"), REFUSED, ids=[row[-1] for row in REFUSED])
def test_refuses_what_contradicts_itself(told: dict[str, Any], field: str, found: str, why: str) -> None:
    with pytest.raises(BadCalendar) as caught:
        Calendar(**told)
    assert (caught.value.field, caught.value.found) == (field, found)
    assert caught.value.wanted in str(caught.value)


NEVER: list[tuple[dict[str, Any], str]] = [
    ({"week": {}}, "no windows at all"),
    ({"week": {"mon-sun": []}}, "days without windows"),
    ({"week": {}, "holidays": [date(2026, 1, 1)]}, "nothing but holidays"),
    ({"week": {}, "dates": {date(2026, 1, 1): []}}, "a single day that stays closed"),
    ({"zone": "Europe/Berlin", "week": {}, "dates": {date(2026, 3, 29): ["02:10-02:50"]}}, "only a skipped hour"),
    ({"zone": "Pacific/Apia", "week": {}, "dates": {date(2011, 12, 30): ["00:00-24:00"]}}, "only a day that never was"),
]


@pytest.mark.parametrize(("told", "why"), NEVER, ids=[row[-1] for row in NEVER])
def test_refuses_a_calendar_that_is_never_open(told: dict[str, Any], why: str) -> None:
    with pytest.raises(NeverOpens):
        Calendar(**told)


ONCE = Calendar(zone="UTC", week={}, dates={date(2026, 1, 1): ["09:00-10:00"]})
WALKS = [
    (lambda: ONCE.add(at("2026-01-01T00:00:00Z"), 61 * MIN), NeverOpens, "more than it is open"),
    (lambda: ONCE.subtract(at("2027-01-01T00:00:00Z"), 61 * MIN), NeverOpens, "more than it was open"),
    (lambda: ONCE.next_open(at("2026-01-02T00:00:00Z")), NeverOpens, "after the last opening"),
    (lambda: ONCE.next_close(at("2026-01-02T00:00:00Z")), NeverOpens, "after the last closing"),
    (lambda: ONCE.add_working_days(date(2026, 1, 1), 1), NeverOpens, "after the last day"),
    (lambda: ONCE.add_working_days(date(2026, 1, 1), -1), NeverOpens, "before the first day"),
    (lambda: JD.add(at("2026-01-01T00:00:00Z"), timedelta(days=40_000)), TooFar, "more than a century"),
    (lambda: JD.subtract(at("2026-01-01T00:00:00Z"), timedelta(days=40_000)), TooFar, "more than a century ago"),
    (lambda: Calendar().add(at("2026-01-01T00:00:00Z"), timedelta(days=40_000)), TooFar, "the same of every hour"),
    (lambda: JD.add(at("9990-01-01T00:00:00Z"), timedelta(days=9_000)), TooFar, "beyond the years of a datetime"),
    (lambda: Calendar().add(at("9990-01-01T00:00:00Z"), timedelta(days=9_000)), TooFar, "the same of every hour"),
    (lambda: JD.elapsed(at("1900-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")), TooFar, "measured over a century"),
    (lambda: JD.add_working_days(date(2026, 1, 1), 40_000), TooFar, "days of more than a century"),
    (lambda: JD.add_working_days(date(2026, 1, 1), -40_000), TooFar, "and back"),
    (lambda: JD.working_days(date(1900, 1, 1), date(2026, 1, 1)), TooFar, "counted over a century"),
    (lambda: JD.add_working_days(date(9998, 1, 1), 1), TooFar, "beyond the years of a calendar"),
    (lambda: JD.is_working_day(date(1, 1, 1)), TooFar, "the first day of a date"),
    (lambda: JD.kind(date(9999, 12, 31)), TooFar, "the last day of a date"),
    (lambda: JD.end_of(date(9999, 12, 31)), TooFar, "has no end"),
    (lambda: JD.add_days(at("9998-01-01T00:00:00Z"), 9_999), TooFar, "days beyond a date"),
    (lambda: JD.roll(date(2026, 1, 1), over=WORKDAYS), TooFar, "a roll that never ends"),
]  # fmt: skip


@pytest.mark.parametrize(("walk", "error", "why"), WALKS, ids=[row[-1] for row in WALKS])
def test_a_walk_is_bounded(walk: Any, error: type[Exception], why: str) -> None:
    with pytest.raises(error) as caught:
        walk()
    assert isinstance(caught.value, CalendarError) and isinstance(caught.value, ValueError)


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    for ask in (lambda: JD.add(naive, H), lambda: JD.is_open(naive), lambda: JD.elapsed(naive, naive)):
        with pytest.raises(ValueError, match="needs a zone"):
            ask()


KNOWN = Calendar(
    "XX",
    "Asia/Shanghai",
    week={"mon-fri": ["00:00-24:00"]},
    holidays=[date(2027, 1, 1)],
    maybe=[date(2027, 1, 4), date(2027, 1, 9)],
    known_from=date(2026, 1, 1),
    known_until=date(2026, 12, 31),
)
EVE, NOON = date(2026, 12, 30), at("2026-12-30T04:00:00Z")
UNKNOWN = [
    (lambda c: c.add_working_days(EVE, 2), "counts on beyond the last known day"),
    (lambda c: c.add_working_days(date(2026, 1, 1), -1), "counts back before the first"),
    (lambda c: c.add_working_days(date(2026, 12, 31), 1), "begins with the first unknown day"),
    (lambda c: c.working_days(EVE, date(2027, 1, 1)), "measures into the unknown"),
    (lambda c: c.is_working_day(date(2027, 1, 1)), "asks for an unknown day"),
    (lambda c: c.kind(date(2025, 12, 31)), "asks for one before"),
    (lambda c: c.roll(date(2027, 1, 2)), "rolls an unknown day"),
    (lambda c: c.add(NOON, 40 * H), "adds hours into the unknown"),
    (lambda c: c.add(at("2026-12-31T16:00:00Z"), MIN), "begins where the known ends"),
    (lambda c: c.elapsed(NOON, at("2026-12-31T16:00:00.001Z")), "measures past the last midnight"),
    (lambda c: c.is_open(at("2026-12-31T16:00:00Z")), "asks for a moment past it"),
    (lambda c: c.next_open(at("2027-01-02T00:00:00Z")), "asks when it opens"),
    (lambda c: c.next_close(at("2026-01-01T00:00:00Z") - 30 * H), "asks when it closes"),
    (lambda c: list(c.periods(NOON, NOON + 99 * H)), "lists periods"),
]


@pytest.mark.parametrize(("ask", "why"), UNKNOWN, ids=[row[-1] for row in UNKNOWN])
def test_never_guesses_a_day_that_is_not_known(ask: Any, why: str) -> None:
    with pytest.raises(NotKnown, match="calendar XX is known from 2026-01-01 until 2026-12-31 only"):
        ask(KNOWN)
    ask(KNOWN.earliest)
    ask(KNOWN.latest)


def test_what_is_unknown_is_not_called_far_or_over() -> None:
    once = Calendar(week={}, dates={date(2026, 1, 1): ["09:00-10:00"]}, known_until=date(2026, 12, 31))
    with pytest.raises(NotKnown):
        KNOWN.add(at("2027-01-01T00:00:00Z"), timedelta(days=40_000))
    with pytest.raises(NotKnown):
        once.add(at("2027-01-01T00:00:00Z"), MIN)
    with pytest.raises(NotKnown):
        once.add_working_days(date(2026, 12, 31), 1)


def test_knows_up_to_the_end_of_the_last_known_day() -> None:
    assert KNOWN.add_working_days(EVE, 1) == date(2026, 12, 31)
    assert KNOWN.add(NOON, 36 * H) == at("2026-12-31T16:00:00Z"), "24:00 of the last known day"
    assert KNOWN.elapsed(NOON, at("2026-12-31T16:00:00Z")) == 36 * H
    assert KNOWN.next_close(at("2026-12-31T10:00:00Z")) == at("2026-12-31T16:00:00Z")
    known = KNOWN.bounds(lambda c: c.add_working_days(EVE, 1))
    assert (known.earliest, known.latest, known.provisional) == (date(2026, 12, 31), date(2026, 12, 31), False)


def test_gives_the_earliest_and_the_latest_where_it_does_not_know() -> None:
    days = KNOWN.bounds(lambda c: c.add_working_days(EVE, 6))
    # Thu 31, then Mon 4 (perhaps), 5, 6, 7, 8, Sat 9 (perhaps), Mon 11
    assert (days.earliest, days.latest, days.provisional) == (date(2027, 1, 8), date(2027, 1, 11), True)
    hours = KNOWN.bounds(lambda c: c.add(NOON, 60 * H))
    assert (hours.earliest, hours.latest) == (at("2027-01-04T16:00:00Z"), at("2027-01-05T16:00:00Z"))
    back = KNOWN.bounds(lambda c: c.add_working_days(date(2027, 1, 12), -2))
    assert (back.earliest, back.latest) == (date(2027, 1, 8), date(2027, 1, 9)), "in order, counting back too"
    assert KNOWN.earliest.kind(date(2027, 1, 4)) == "working" and KNOWN.latest.kind(date(2027, 1, 4)) == "holiday"
    assert KNOWN.earliest.kind(date(2027, 1, 9)) == "make-up" and KNOWN.latest.kind(date(2027, 1, 9)) == "weekend"
    assert KNOWN.earliest.digest == KNOWN.digest and KNOWN.earliest != KNOWN != KNOWN.latest
