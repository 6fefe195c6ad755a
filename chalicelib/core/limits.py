"""When a limit ends: real time, working time, calendar days, working days, months, fixed dates, and their mixtures.

Pure arithmetic on one calendar. Days fall due at 24:00 of the last one, written as the next day's 00:00. What a pause
took is given back in the limit's own unit. Facts: DESIGN section 4 and the traps of the law sheets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.core.calendars import Calendar, add_months, zone
from chalicelib.core.instants import EPOCH, MILLISECOND
from chalicelib.core.rules import (
    After,
    Ahead,
    Days,
    FirstDay,
    Least,
    Limit,
    Months,
    Most,
    OnCalendar,
    OnDate,
    Roll,
    Span,
    Until,
    WorkingDays,
    WorkingSpan,
)
from chalicelib.core.view import View

PAUSED = "paused"
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_NONE = timedelta(0)
_MOST_LOST = 400


@dataclass(frozen=True, slots=True)
class Hold:
    """A stretch that does not count; `end` None while it is still open. `floor`: what is left after it, at least."""

    begin: datetime
    end: datetime | None
    floor: Limit | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit ends. `at` None: it cannot be told, because of `reason` (`paused`, or a missing fact).

    `reason` `paused` beside an instant: a pause is open that does not move this deadline.
    """

    at: datetime | None
    day: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a limit is counted on."""

    view: View
    calendar: Calendar


def due_of(limit: Limit, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    """When `limit` from `start` ends, given the holds. A deadline set by somebody else is moved by no pause.

    Raises OverflowError or ValueError beyond the years, or the known days, of the calendar.
    """
    due: Due = _HOW[type(limit)](limit, start, holds, ground)
    return due


def _with_floors(due: Due, holds: Sequence[Hold], ground: Ground) -> Due:
    for hold in holds:
        if hold.floor is not None and hold.end is not None and due.at is not None and hold.begin < due.at:
            least = due_of(hold.floor, hold.end, (), ground)
            if least.at is not None and least.at > due.at:
                due = least
    return due


def _least(limit: Least, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    found = [due_of(one, start, holds, ground) for one in limit.limits]
    held = _untold(found)
    told = [one for one in found if one.at is not None]
    if held is None or not told or held.reason != PAUSED:
        return held or min(told, key=_at)
    # However long the pause lasts, the due is no later than the ends that it does not move.
    return replace(min(told, key=_at), reason=PAUSED)


def _most(limit: Most, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    found = [due_of(one, start, holds, ground) for one in limit.limits]
    return _untold(found) or max(found, key=_at)


def _untold(found: Sequence[Due]) -> Due | None:
    """One that has no end: what waits for a fact waits whether a pause is open or not, and wherever it stands."""
    return min((one for one in found if one.at is None), key=lambda one: one.reason == PAUSED, default=None)


def _at(due: Due) -> datetime:
    return due.at or EPOCH


def _until(limit: Until, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    fact = ground.view.fact(limit.fact)
    if not isinstance(fact, date):
        return _missing(limit.fact)
    due = Due(fact) if isinstance(fact, datetime) else Due(ground.calendar.end_of(fact), fact)
    return _unmoved(due, holds) if holds else due


def _ahead(limit: Ahead, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    fact, calendar, inner = ground.view.fact(limit.fact), ground.calendar, limit.limit
    if not isinstance(fact, date):
        return _missing(limit.fact)
    if isinstance(inner, (Span, WorkingSpan)):
        end = fact if isinstance(fact, datetime) else calendar.start_of(fact)
        span = timedelta(seconds=inner.seconds)
        return _unmoved(Due(end - span if isinstance(inner, Span) else calendar.subtract(end, span)), holds)
    # So many clear days ahead: the act must be done before the first of them begins.
    day = calendar.day(fact) if isinstance(fact, datetime) else fact
    if isinstance(inner, WorkingDays):
        first = calendar.add_working_days(day, -inner.days) if inner.days else day
    elif isinstance(inner, Months):
        first = add_months(day, -inner.months)
    else:
        first = day - timedelta(days=inner.days)
    return _unmoved(Due(calendar.start_of(first), first - _DAY), holds)


def _after(limit: After, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    inner = limit.limit
    if isinstance(inner, (Least, Most)):
        # Each from the fact in its own way.
        return due_of(type(inner)(tuple(After(limit.fact, one) for one in inner.limits)), start, holds, ground)
    fact, calendar = ground.view.fact(limit.fact), ground.calendar
    if not isinstance(fact, date):
        return _missing(limit.fact)
    if isinstance(fact, datetime):
        origin = fact
    else:
        # Of a day alone, days are counted from the day, hours from its end.
        hours = isinstance(inner, (Span, WorkingSpan))
        origin = calendar.end_of(fact) if hours else calendar.start_of(fact)
    return _unmoved(due_of(inner, origin, (), ground), holds)


def _missing(fact: str) -> Due:
    return Due(None, reason=f"fact {fact} is missing")


def _unmoved(due: Due, holds: Sequence[Hold]) -> Due:
    """A deadline that no pause moves, though one is open."""
    if due.at is not None and holds and holds[-1].end is None and holds[-1].begin < due.at:
        return replace(due, reason=PAUSED)
    return due


def _span(limit: Span, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    if limit.first_hour == "next_full":
        start = full_hour(start, ground.calendar)
    at = count_on(start, timedelta(seconds=limit.seconds), holds)
    return _with_floors(Due(at, reason="" if at else PAUSED), holds, ground) if holds else Due(at)


def full_hour(start: datetime, calendar: Calendar) -> datetime:
    """The start or, where the clocks of the calendar's zone show no full hour then, when they show the next one."""
    local = start.astimezone(zone(calendar.zone))
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return start + (_HOUR - past) if past else start


def _working_span(limit: WorkingSpan, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    at = open_time(start, timedelta(seconds=limit.seconds), holds, ground.calendar)
    return _with_floors(Due(at, reason="" if at else PAUSED), holds, ground)


def count_on(start: datetime, span: timedelta, holds: Sequence[Hold]) -> datetime | None:
    """The instant at which `span` of real time has been counted since `start`; None if an open hold comes first."""
    at = start
    for hold in holds:
        if at + span <= hold.begin:
            break
        if hold.end is None:
            return None
        if hold.end <= at:
            continue
        span -= max(hold.begin - at, timedelta(0))
        at = hold.end
    return at + span


def open_time(start: datetime, span: timedelta, holds: Sequence[Hold], calendar: Calendar) -> datetime | None:
    """As `count_on`, of the time in which the calendar is open."""
    at = start
    for hold in holds:
        if calendar.add(at, span) <= hold.begin:
            break
        if hold.end is None:
            return None
        if hold.end <= at:
            continue
        if hold.begin > at:
            span -= calendar.elapsed(at, hold.begin)
        at = hold.end
    return calendar.add(at, span)


def _by_day(limit: Days | WorkingDays | Months | OnDate, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    calendar = ground.calendar
    first = calendar.day(start)
    day = _last_day(limit, first, 0, calendar)
    at = calendar.end_of(day)
    if not holds:
        return Due(at, day)
    lost_days, lost = 0, timedelta(0)
    for hold in holds:
        if hold.begin >= at:
            break
        if hold.end is None:
            return Due(None, reason=PAUSED)
        if isinstance(limit, WorkingDays):
            lost_days += calendar.working_days(calendar.day(hold.begin), calendar.day(hold.end))
        else:
            lost += hold.end - hold.begin
            # Time lost is given back, and the limit still ends with a day.
            lost_days = max(lost_days, -(-lost // _DAY))
        for _ in range(_MOST_LOST):
            day = _last_day(limit, first, lost_days, calendar)
            at = calendar.end_of(day)
            if at > hold.end:
                break
            # Something was left when the pause began, so something is left when it ends.
            lost_days += 1
    return _with_floors(Due(at, day), holds, ground)


def _last_day(limit: Days | WorkingDays | Months | OnDate, first: date, lost: int, calendar: Calendar) -> date:
    """The last day of the period that began on `first`, with `lost` days (of the limit's own kind) given back."""
    if isinstance(limit, WorkingDays):
        return _nth_working_day(first, limit.days + lost, limit.first_day, calendar)
    if isinstance(limit, OnDate):
        day = _next_date(limit, first)
    elif isinstance(limit, Months):
        day = add_months(first, limit.months)
        # A month without a day of that number ends with its last, whether the first day counts or not.
        if limit.first_day == "included" and day.day == first.day:
            day -= _DAY
    else:
        day = first + timedelta(days=limit.days - (limit.first_day == "included"))
    if lost:
        day += timedelta(days=lost)
    if isinstance(limit, Days) and limit.least_working:
        day = max(day, _nth_working_day(first, limit.least_working, limit.first_day, calendar))
    return day if limit.roll is None else _rolled(day, limit.roll, calendar)


def _nth_working_day(first: date, count: int, first_day: FirstDay, calendar: Calendar) -> date:
    if first_day == "included" and calendar.is_working_day(first):
        count -= 1
    return calendar.add_working_days(first, count) if count > 0 else first


def _next_date(limit: OnDate, first: date) -> date:
    for year in (first.year, first.year + 1):
        # 29 February falls on the last day of the month in other years.
        day = add_months(date(year, limit.month, 1), 1) - _DAY
        day = day if day.day < limit.day else date(year, limit.month, limit.day)
        if day >= first:
            return day
    raise AssertionError("one of two years holds the date")


def _rolled(day: date, roll: Roll, calendar: Calendar) -> date:
    return calendar.roll(day, roll.direction, roll.over) if roll.over else calendar.roll(day, roll.direction)


def share_of(span: timedelta, percent: int) -> timedelta:
    """So many per cent of a span, rounded up to the millisecond: a step is never early."""
    if span <= _NONE:
        return span
    # In whole numbers, because a timedelta takes twice as long to be divided.
    microseconds = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return -(-microseconds * percent // 100_000) * MILLISECOND


def on_from_start(at: OnCalendar, start: datetime, holds: Sequence[Hold], calendar: Calendar) -> datetime | None:
    """The instant so much of the calendar after `start`, what the holds took given back; None while one is open."""
    if at.unit == "working_seconds":
        return open_time(start, timedelta(seconds=at.count), holds, calendar)
    found, count = moved_on(start, at.unit, at.count, calendar), at.count
    for hold in holds:
        if hold.begin >= found:
            break
        if hold.end is None:
            return None
        if at.unit == "months":
            found += hold.end - hold.begin
            continue
        count += calendar.working_days(calendar.day(hold.begin), calendar.day(hold.end))
        found = max(moved_on(start, at.unit, count, calendar), hold.end)
    return found


def moved_on(at: datetime, unit: str, count: int, calendar: Calendar) -> datetime:
    """So many working days, months, or seconds of open time after (below 0, before) an instant."""
    if unit == "working_seconds":
        span = timedelta(seconds=abs(count))
        return calendar.subtract(at, span) if count < 0 else calendar.add(at, span)
    day = calendar.day(at)
    midnight = calendar.start_of(day) == at
    if midnight and count > 0:
        # 24:00 of the day before, so that what is counted on ends with a day.
        day -= _DAY
    target = add_months(day, count) if unit == "months" else calendar.add_working_days(day, count)
    if midnight:
        return calendar.end_of(target) if count > 0 else calendar.start_of(target)
    return calendar.add_days(at, (target - day).days)


_HOW: Mapping[type, Callable[[Any, datetime, Sequence[Hold], Ground], Due]] = {
    Span: _span,
    WorkingSpan: _working_span,
    Days: _by_day,
    WorkingDays: _by_day,
    Months: _by_day,
    OnDate: _by_day,
    Until: _until,
    Ahead: _ahead,
    After: _after,
    Least: _least,
    Most: _most,
}
