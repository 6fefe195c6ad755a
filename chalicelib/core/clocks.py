"""One rule on one case: when it starts, is due, stops, is void or paused, and at which instants its steps stand.

Pure arithmetic over instants. Every answer is a function of the evidence dated up to `now`, never of when it was asked
before; and the instant of a step depends only on what is dated before it, so that a wake in time and a judgement with
final knowledge agree (DESIGN law 2 and the status table).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from chalicelib.core.calendars import Calendar
from chalicelib.core.instants import MILLISECOND
from chalicelib.core.rules import (
    At,
    Days,
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
    Stop,
    Until,
)
from chalicelib.core.view import View
from chalicelib.core.words import Status


@dataclass(frozen=True, slots=True)
class Hold:
    """A stretch that does not count; `end` None while it is still open."""

    begin: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit ends. `at` None: it cannot be told, because of `reason` (`paused`, or a missing fact)."""

    at: datetime | None
    day: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one clock shows at one instant. `due` None while paused or waiting; `steps` are those that stand at `now`."""

    clock: str
    rule: Rule
    version: str
    status: Status
    start: datetime | None = None
    due: datetime | None = None
    due_day: date | None = None
    stop: datetime | None = None
    void: datetime | None = None
    reason: str = ""
    zone: str = "UTC"
    calendar: str = ""
    holds: tuple[Hold, ...] = ()
    steps: tuple[tuple[str, datetime], ...] = ()
    next: datetime | None = None
    """The next instant at which this reading changes by itself."""


def status_of(
    start: datetime | None,
    due: Due,
    stop: datetime | None,
    void: datetime | None,
    now: datetime,
) -> Status:
    """The first line of the status table that holds. While an open pause holds the due, nothing is late."""
    if start is None or (due.at is None and due.reason != PAUSED):
        return Status.WAITING
    at = due.at
    if stop is not None and (at is None or stop <= at) and not (void is not None and void < stop):
        return Status.MET
    if void is not None and (at is None or void <= at):
        return Status.VOID
    if stop is not None:
        return Status.MET_LATE
    if at is not None and now >= at:
        return Status.BREACHED
    return Status.PAUSED if due.reason == PAUSED else Status.RUNNING


PAUSED = "paused"


def occurrence(point: Point, view: View, of: str | None) -> datetime | None:
    """The instant that a point names, or None where its mark has not been seen."""
    seen = view.marks(point.mark, of)
    if not seen:
        return None
    chosen = seen[-1] if point.pick == "last" else seen[0]
    return chosen.at + timedelta(seconds=point.offset)


def _stopped(stop: Stop, view: View, of: str | None) -> datetime | None:
    if isinstance(stop, Point):
        return occurrence(stop, view, of)
    goal = view.fact(stop.fact)
    if not isinstance(goal, Decimal):
        return None
    total = Decimal(0)
    for seen in view.marks(stop.mark, of):
        total += seen.value or Decimal(0)
        if total >= goal:
            return seen.at
    return None


def _earliest(found: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in found if one is not None), default=None)


def holds_of(pauses: tuple[Pause, ...], view: View, of: str | None, start: datetime) -> tuple[Hold, ...]:
    """The stretches after `start` that do not count: pairs by `of`, united where they overlap."""
    raw: list[Hold] = []
    for pause in pauses:
        ends = view.marks(pause.end, of)
        for begun in view.marks(pause.begin, of):
            end = next((one.at for one in ends if one.of == begun.of and one.at >= begun.at), None)
            if end is None or end > start:
                raw.append(Hold(max(begun.at, start), end))
    raw.sort(key=lambda hold: hold.begin)
    united: list[Hold] = []
    for hold in raw:
        last = united[-1] if united else None
        if last is None or (last.end is not None and last.end < hold.begin):
            united.append(hold)
        elif last.end is not None and (hold.end is None or hold.end > last.end):
            united[-1] = Hold(last.begin, hold.end)
    return tuple(united)


def count_on(start: datetime, span: timedelta, holds: tuple[Hold, ...]) -> datetime | None:
    """The instant at which `span` has been counted since `start`; None if an open hold comes first."""
    at = start
    for hold in holds:
        if at + span <= hold.begin:
            break
        if hold.end is None:
            return None
        span -= max(hold.begin - at, timedelta(0))
        at = max(hold.end, at)
    return at + span


def due_of(limit: Limit, start: datetime, holds: tuple[Hold, ...], view: View, calendar: Calendar) -> Due:
    """When the limit ends, given the holds. A deadline that somebody else set is never moved by a pause of ours."""
    if isinstance(limit, Until):
        fact = view.fact(limit.fact)
        held = PAUSED if holds and holds[-1].end is None else ""
        if isinstance(fact, datetime):
            return Due(fact, reason=held if fact > holds[-1].begin else "") if held else Due(fact)
        if isinstance(fact, date):
            return Due(calendar.end_of(fact), fact, held)
        return Due(None, reason=f"fact {limit.fact} is missing")
    if isinstance(limit, Span):
        at = count_on(start, timedelta(seconds=limit.seconds), holds)
        return Due(at, reason="" if at else PAUSED)
    day = calendar.day(start) + timedelta(days=limit.days - (limit.first_day == "included"))
    at, base, lost = calendar.end_of(day), day, timedelta(0)
    for hold in holds:
        if hold.begin >= at:
            break
        if hold.end is None:
            return Due(None, reason=PAUSED)
        lost += hold.end - hold.begin
        # Time lost to a pause is given back, and the limit still falls due at the end of a day.
        day = calendar.day(calendar.end_of(base) + lost - MILLISECOND)
        at = calendar.end_of(day)
    return Due(at, day)


def step_at(at: At, limit: Limit, start: datetime, holds: tuple[Hold, ...], view: View, calendar: Calendar) -> datetime | None:
    """The instant of a step; None while a pause that began before it is open, or while the due cannot be told."""
    if isinstance(at, FromStart):
        return count_on(start, timedelta(seconds=at.seconds), holds)
    if isinstance(at, OwnLimit):
        return due_of(at.limit, start, holds, view, calendar).at
    if isinstance(at, Share):
        if isinstance(limit, Until):
            due = due_of(limit, start, (), view, calendar).at
            return None if due is None else start + _share(due - start, at.percent)
        whole = due_of(limit, start, (), view, calendar).at
        return None if whole is None else count_on(start, _share(whole - start, at.percent), holds)
    return _from_due(at.seconds, limit, start, holds, view, calendar)


def _share(span: timedelta, percent: int) -> timedelta:
    # Rounded up: a step is never early.
    return -(-span * percent // (100 * MILLISECOND)) * MILLISECOND if span > timedelta(0) else span


def _from_due(
    seconds: int, limit: Limit, start: datetime, holds: tuple[Hold, ...], view: View, calendar: Calendar
) -> datetime | None:
    """`due + seconds`. Before the due, only the holds that began before the step itself may move it."""
    offset = timedelta(seconds=seconds)
    if seconds >= 0:
        due = due_of(limit, start, holds, view, calendar).at
        return None if due is None else due + offset
    for known in range(len(holds) + 1):
        due = due_of(limit, start, holds[:known], view, calendar).at
        if due is None:
            return None
        at = due + offset
        if at < start:
            at = min(start, due)
        if known == len(holds) or holds[known].begin >= at:
            return at
    return None


def read_clock(rule: Rule, version: str, of: str | None, view: View, calendar: Calendar) -> Reading:
    """The clock of `rule` (for the occurrence `of`, where it runs once per occurrence) as of `view.now`."""
    clock = rule.id if of is None else f"{rule.id}#{of}"
    now, start = view.now, occurrence(rule.start, view, of)
    if start is None:
        return Reading(clock, rule, version, Status.WAITING, reason=f"no {rule.start.mark} yet", zone=calendar.zone)
    holds = holds_of(rule.pause, view, of, start)
    due = due_of(rule.limit, start, holds, view, calendar)
    stop = _earliest(_stopped(one, view, of) for one in rule.stop)
    void = _earliest(occurrence(one, view, of) for one in rule.void)
    status = status_of(start, due, stop, void, now)
    stands: list[tuple[str, datetime]] = []
    coming = [due.at] if status is Status.RUNNING and due.at else []
    if status is not Status.WAITING:
        # A void after the due changes nothing, so it ends no step either (DESIGN, under the status table).
        ends = [stop] if void is None or (due.at is not None and void > due.at) else [stop, void]
        end = _earliest(ends)
        for step in rule.steps:
            at = step_at(step.at, rule.limit, start, holds, view, calendar)
            if at is None or (end is not None and end <= at):
                continue
            if at <= now:
                stands.append((step.id, at))
            else:
                coming.append(at)
    return Reading(
        clock, rule, version, status, start, due.at, due.day, stop, void,
        due.reason, calendar.zone, calendar.digest, holds, tuple(stands), _earliest(coming),
    )  # fmt: skip
