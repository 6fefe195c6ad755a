"""When a limit ends: real time, working time, calendar days, working days, months, fixed dates, and their mixtures.

Pure arithmetic on one calendar. Days fall due at 24:00 of the last one, written as the next day's 00:00. What a pause
took is given back in the limit's own unit. Facts: DESIGN section 4 and the traps of the law sheets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.core.calendars import Calendar, add_months
from chalicelib.core.instants import EPOCH, MILLISECOND
from chalicelib.core.rules import (
    Ahead,
    Days,
    FirstDay,
    Least,
    Limit,
    Months,
    Most,
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
    """When `limit` from `start` ends, given the holds. A deadline set by somebody else is moved by no pause."""
    if isinstance(limit, (Least, Most)):
        return _among(limit, start, holds, ground)
    if isinstance(limit, (Until, Ahead)):
        return _given(limit, holds, ground)
    due = _counted(limit, start, holds, ground.calendar)
    for hold in holds:
        if hold.floor is not None and hold.end is not None and due.at is not None and hold.begin < due.at:
            least = due_of(hold.floor, hold.end, (), ground)
            if least.at is not None and least.at > due.at:
                due = least
    return due


def _among(limit: Least | Most, start: datetime, holds: Sequence[Hold], ground: Ground) -> Due:
    found = [due_of(one, start, holds, ground) for one in limit.limits]
    unknown = next((one for one in found if one.at is None), None)
    if unknown is not None:
        return unknown
    first = isinstance(limit, Least)
    return (min if first else max)(found, key=lambda one: one.at or EPOCH)


def _given(limit: Until | Ahead, holds: Sequence[Hold], ground: Ground) -> Due:
    due = _told(limit, ground)
    if due.at is not None and holds and holds[-1].end is None and holds[-1].begin < due.at:
        return replace(due, reason=PAUSED)
    return due


def _told(limit: Until | Ahead, ground: Ground) -> Due:
    fact = ground.view.fact(limit.fact)
    if not isinstance(fact, date):
        return Due(None, reason=f"fact {limit.fact} is missing")
    calendar = ground.calendar
    if isinstance(limit, Until):
        return Due(fact) if isinstance(fact, datetime) else Due(calendar.end_of(fact), fact)
    inner = limit.limit
    if isinstance(inner, (Span, WorkingSpan)):
        end = fact if isinstance(fact, datetime) else calendar.start_of(fact)
        span = timedelta(seconds=inner.seconds)
        return Due(end - span if isinstance(inner, Span) else calendar.subtract(end, span))
    # So many clear days ahead: the act must be done before the first of them begins.
    day = calendar.day(fact) if isinstance(fact, datetime) else fact
    if isinstance(inner, WorkingDays):
        first = calendar.add_working_days(day, -inner.days) if inner.days else day
    elif isinstance(inner, Months):
        first = add_months(day, -inner.months)
    else:
        first = day - timedelta(days=inner.days)
    return Due(calendar.start_of(first), first - _DAY)


def _counted(
    limit: Span | WorkingSpan | Days | WorkingDays | Months | OnDate,
    start: datetime,
    holds: Sequence[Hold],
    calendar: Calendar,
) -> Due:
    if isinstance(limit, Span):
        if limit.first_hour == "next_full":
            start = start if start == _full_hour(start) else _full_hour(start) + _HOUR
        at = count_on(start, timedelta(seconds=limit.seconds), holds)
        return Due(at, reason="" if at else PAUSED)
    if isinstance(limit, WorkingSpan):
        at = _open_time(start, timedelta(seconds=limit.seconds), holds, calendar)
        return Due(at, reason="" if at else PAUSED)
    return _by_day(limit, start, holds, calendar)


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


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


def _open_time(start: datetime, span: timedelta, holds: Sequence[Hold], calendar: Calendar) -> datetime | None:
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


def _by_day(
    limit: Days | WorkingDays | Months | OnDate, start: datetime, holds: Sequence[Hold], calendar: Calendar
) -> Due:
    first = calendar.day(start)
    lost_days, lost = 0, timedelta(0)
    day = _last_day(limit, first, 0, calendar)
    at = calendar.end_of(day)
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
            lost_days = -(-lost // _DAY)
        day = _last_day(limit, first, lost_days, calendar)
        at = calendar.end_of(day)
    return Due(at, day)


def _last_day(limit: Days | WorkingDays | Months | OnDate, first: date, lost: int, calendar: Calendar) -> date:
    """The last day of the period that began on `first`, with `lost` days (of the limit's own kind) given back."""
    if isinstance(limit, WorkingDays):
        return _nth_working_day(first, limit.days + lost, limit.first_day, calendar)
    if isinstance(limit, OnDate):
        day = _next_date(limit, first)
    elif isinstance(limit, Months):
        day = add_months(first, limit.months) - (_DAY if limit.first_day == "included" else timedelta(0))
    else:
        day = first + timedelta(days=limit.days - (limit.first_day == "included"))
    day += timedelta(days=lost)
    if isinstance(limit, Days) and limit.least_working:
        day = max(day, _nth_working_day(first, limit.least_working, limit.first_day, calendar))
    return _rolled(day, limit.roll, calendar)


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


def _rolled(day: date, roll: Roll | None, calendar: Calendar) -> date:
    if roll is None:
        return day
    return calendar.roll(day, roll.direction, roll.over) if roll.over else calendar.roll(day, roll.direction)


def share_of(span: timedelta, percent: int) -> timedelta:
    """So many per cent of a span, rounded up to the millisecond: a step is never early."""
    return -(-span * percent // (100 * MILLISECOND)) * MILLISECOND if span > timedelta(0) else span
