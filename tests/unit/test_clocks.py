"""Single clocks on single cases: limits, pauses, offsets of steps, stops by sums."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.core.calendars import Calendars
from chalicelib.core.clocks import Reading, read_clock
from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge
from chalicelib.core.instants import parse_instant
from chalicelib.core.moments import Sight, moment_of
from chalicelib.core.rules import (
    At,
    Days,
    Do,
    FromDue,
    FromStart,
    Limit,
    OwnLimit,
    Pause,
    Point,
    Reaches,
    Rule,
    Share,
    Span,
    Step,
    Until,
)
from chalicelib.core.view import View
from chalicelib.core.words import Status

HOUR = 3600
T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def read(
    limit: Limit,
    *marks: Mark,
    now: datetime,
    steps: Sequence[At] = (),
    facts: dict[str, FactValue | None] | None = None,
    stop: tuple[Point | Reaches, ...] = (Point("order.shipped"),),
    calendar: str = "UTC",
    of: str | None = None,
) -> Reading:
    rule = Rule(
        "r", "order", Point("order.placed", "each" if of is not None else "first"), stop, limit,
        void=(Point("order.cancelled"),),
        pause=(Pause("inspection.started", "inspection.ended"),),
        steps=tuple(Step(f"s{n}", one, (Do("alert"),)) for n, one in enumerate(steps)),
        calendar=calendar,
    )  # fmt: skip
    event = Event(
        "e", Subject("order", "1"), T0, 1, marks=(Mark("order.placed", T0, of or ""), *marks), facts=facts or {}
    )
    view = View(merge(NOTHING, event), now)
    sight = Sight(view, of)
    clock = "r" if of is None else f"r#{of}"
    return read_clock(rule, "p@1", clock, moment_of(rule.start, sight), sight, Calendars().get(calendar))


def pause(begin: float, end: float | None, of: str = "") -> list[Mark]:
    marks = [Mark("inspection.started", at(begin), of)]
    return marks if end is None else [*marks, Mark("inspection.ended", at(end), of)]


PAUSES = [
    ([], 10, "no pause"),
    (pause(2, 5), 13, "three hours are given back"),
    (pause(-4, 2), 12, "what lies before the start does not count"),
    (pause(10, 20), 10, "a pause that begins at the due counts for nothing"),
    (pause(12, None), 10, "an open pause after the due counts for nothing"),
    (pause(2, 5, "a") + pause(4, 8, "b"), 16, "overlapping pauses unite"),
    (pause(2, 4, "a") + pause(4, 6, "b"), 14, "touching pauses unite"),
    (pause(2, 3, "a") + pause(10.5, 12, "b"), 12.5, "a pause within time that another pause gave back counts"),
    (pause(2, 3, "a") + pause(11, 12, "b"), 11, "a pause that begins at the moved due counts for nothing"),
    (pause(2, 2), 10, "a pause of no length"),
]


@pytest.mark.parametrize(("marks", "due", "why"), PAUSES, ids=[row[-1] for row in PAUSES])
def test_time_in_a_pause_does_not_count(marks: list[Mark], due: float, why: str) -> None:
    assert read(Span(10 * HOUR), *marks, now=at(500)).due == at(due)


def test_an_open_pause_holds_the_clock_and_tells_no_due() -> None:
    reading = read(Span(10 * HOUR), *pause(3, None), now=at(500), steps=[FromDue(-2 * HOUR), FromStart(2 * HOUR)])
    assert (reading.status, reading.due) == (Status.PAUSED, None)
    assert [step for step, _ in reading.steps] == ["s1"], "what stood before the pause stands; the rest is held"


def test_a_pause_after_a_reminder_does_not_move_the_reminder() -> None:
    """`due - 2h` stood at hour 8; the pause begins in hour 9, so with final knowledge it still stood at hour 8."""
    reading = read(Span(10 * HOUR), *pause(9, 20), now=at(500), steps=[FromDue(-2 * HOUR), FromDue(0)])
    assert dict(reading.steps) == {"s0": at(8), "s1": at(21)}


def test_two_rounds_of_one_mark_pair_by_their_occurrence() -> None:
    marks = [
        Mark("inspection.started", at(1), "a"),
        Mark("inspection.started", at(2), "b"),
        Mark("inspection.ended", at(3), "b"),
        Mark("inspection.ended", at(6), "a"),
    ]
    assert read(Span(10 * HOUR), *marks, now=at(500)).due == at(15)


DAYS = [
    ("UTC", Days(7), "2026-03-10T00:00:00Z", date(2026, 3, 9), "seven days after the day of the start"),
    ("UTC", Days(7, "included"), "2026-03-09T00:00:00Z", date(2026, 3, 8), "the first day counts"),
    ("Asia/Shanghai", Days(1), "2026-03-03T16:00:00Z", date(2026, 3, 3), "the day ends where the buyer is"),
    ("America/New_York", Days(7), "2026-03-10T04:00:00Z", date(2026, 3, 9), "across the start of summer time"),
    ("UTC", Days(0), "2026-03-03T00:00:00Z", date(2026, 3, 2), "by the end of the day"),
]


@pytest.mark.parametrize(("calendar", "limit", "due", "day", "why"), DAYS, ids=[row[-1] for row in DAYS])
def test_days_are_calendar_days_and_end_at_midnight(calendar: str, limit: Days, due: str, day: date, why: str) -> None:
    reading = read(limit, now=T0, calendar=calendar)
    assert (reading.due, reading.due_day) == (parse_instant(due), day)


def test_days_lost_to_a_pause_are_given_back_and_still_end_at_midnight() -> None:
    reading = read(Days(2), *pause(5, 30), now=at(500))
    assert (reading.due, reading.due_day) == (parse_instant("2026-03-07T00:00:00Z"), date(2026, 3, 6))


UNTIL = [
    ({"ship_by": at(5)}, at(5), None, "an instant"),
    ({"ship_by": date(2026, 3, 4)}, parse_instant("2026-03-05T00:00:00Z"), date(2026, 3, 4), "a day means all of it"),
    ({}, None, None, "missing"),
]


@pytest.mark.parametrize(("facts", "due", "day", "why"), UNTIL, ids=[row[-1] for row in UNTIL])
def test_a_deadline_that_the_platform_set(
    facts: dict[str, FactValue | None], due: datetime | None, day: date | None, why: str
) -> None:
    reading = read(Until("ship_by"), *pause(1, 4), now=at(1), facts=facts)
    assert (reading.due, reading.due_day) == (due, day)
    if not facts:
        assert (reading.status, reading.reason) == (Status.WAITING, "fact ship_by is missing")


STEPS: list[tuple[At, float, str]] = [
    (FromStart(0), 0, "at the start"),
    (FromStart(3 * HOUR), 3, "after the start"),
    (Share(50), 5, "half of the time"),
    (Share(100), 10, "all of the time"),
    (FromDue(0), 10, "at the due"),
    (FromDue(-HOUR), 9, "before the due"),
    (FromDue(-48 * HOUR), 0, "longer before the due than the limit is: at the start"),
    (FromDue(72 * HOUR), 82, "after the due"),
    (OwnLimit(Span(20 * HOUR)), 20, "a limit of its own"),
    (OwnLimit(Days(1)), 38, "a limit of its own in days"),
]


@pytest.mark.parametrize(("step", "wanted", "why"), STEPS, ids=[row[-1] for row in STEPS])
def test_where_a_step_stands(step: At, wanted: float, why: str) -> None:
    assert dict(read(Span(10 * HOUR), now=at(500), steps=[step]).steps) == {"s0": at(wanted)}


ENDS = [
    ([Mark("order.shipped", at(4))], {"s0": at(3)}, "stopped between the two"),
    ([Mark("order.shipped", at(3))], {}, "stopped in the instant of the first"),
    ([Mark("order.cancelled", at(4))], {"s0": at(3)}, "void between the two"),
    ([Mark("order.shipped", at(11))], {"s0": at(3), "s1": at(10)}, "stopped late"),
    ([Mark("order.cancelled", at(11))], {"s0": at(3), "s1": at(10), "s2": at(20)}, "void too late to help"),
    ([Mark("order.shipped", None)], {"s0": at(3), "s1": at(10), "s2": at(20)}, "shipping taken back"),
]


@pytest.mark.parametrize(("marks", "wanted", "why"), ENDS, ids=[row[-1] for row in ENDS])
def test_a_clock_that_ended_takes_no_further_step(marks: list[Mark], wanted: dict[str, datetime], why: str) -> None:
    steps: list[At] = [FromStart(3 * HOUR), FromDue(0), FromDue(10 * HOUR)]
    assert dict(read(Span(10 * HOUR), *marks, now=at(500), steps=steps).steps) == wanted


def test_a_refund_counts_as_paid_when_its_parts_add_up() -> None:
    marks = [
        Mark("refund.paid", at(h), f"part-{h}", value=Decimal(v)) for h, v in ((5, "3.00"), (2, "4.00"), (9, "3.00"))
    ]
    stop = (Reaches("refund.paid", "amount"),)
    assert read(Span(10 * HOUR), *marks, now=at(500), stop=stop, facts={"amount": Decimal("7.00")}).stop == at(5)
    assert read(Span(10 * HOUR), *marks, now=at(500), stop=stop, facts={"amount": Decimal("11.00")}).stop is None
    assert read(Span(10 * HOUR), *marks, now=at(500), stop=stop).stop is None, "an unknown amount is never reached"


def test_evidence_dated_later_is_unseen_until_then() -> None:
    shipped = Mark("order.shipped", at(4))
    assert read(Span(10 * HOUR), shipped, now=at(3)).status is Status.RUNNING
    assert read(Span(10 * HOUR), shipped, now=at(4)).status is Status.MET


def test_a_clock_for_an_occurrence_sees_its_own_marks_and_those_of_no_occurrence() -> None:
    other = Mark("order.shipped", at(2), "b")
    assert read(Span(10 * HOUR), other, now=at(5), of="a").stop is None
    assert read(Span(10 * HOUR), Mark("order.shipped", at(2), "a"), now=at(5), of="a").stop == at(2)
    assert read(Span(10 * HOUR), Mark("order.shipped", at(2)), now=at(5), of="a").stop == at(2)
