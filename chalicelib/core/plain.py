"""The short way to a reading for the many rules whose clock nothing moves: no pause, restart, extension or round.

It must give exactly what `clocks.read_clock` gives (a property holds the two together), only with less work: what a
rule says is taken apart once, and where a date is beyond a calendar the long way is asked.
"""

from datetime import date, datetime, timedelta
from typing import TypeAlias

from chalicelib.core.calendars import Calendar
from chalicelib.core.clocks import Reading
from chalicelib.core.limits import share_of
from chalicelib.core.rules import Days, FromDue, FromStart, Limit, Moment, OwnLimit, Point, Rule, Share, Span, Until
from chalicelib.core.view import Seen, View
from chalicelib.core.words import Status

_NONE = timedelta(0)
_SHARE, _OWN, _START, _DUE = range(4)
# Found once: a member of an enumeration is looked for by way of its class each time, five times in a reading.
_MET, _MET_LATE, _VOID = Status.MET, Status.MET_LATE, Status.VOID
_WAITING, _RUNNING, _BREACHED = Status.WAITING, Status.RUNNING, Status.BREACHED
Told: TypeAlias = tuple[str, int]
"""A mark and which of its occurrences: 0 the first, -1 the last."""
Place: TypeAlias = tuple[str, int, int, timedelta, "Length | None"]
"""A step's id, how it is placed, its per cent, its span, its own limit."""


class Length:
    """A limit that nothing moves, ready to be added to a start."""

    __slots__ = ("_days", "_fact", "span")

    def __init__(self, limit: Span | Days | Until) -> None:
        self._fact = limit.fact if isinstance(limit, Until) else ""
        self.span = timedelta(seconds=limit.seconds) if isinstance(limit, Span) else None
        """The same for every start; None where it is not."""
        days = limit.days - (limit.first_day == "included") if isinstance(limit, Days) else 0
        self._days = timedelta(days=days)

    def due(self, start: datetime, view: View, calendar: Calendar) -> tuple[datetime | None, date | None, str]:
        """The due, its day where it ends with one, and the reason where it cannot be told."""
        if self.span is not None:
            return start + self.span, None, ""
        if self._fact:
            told = view.fact(self._fact)
            if isinstance(told, datetime):
                return told, None, ""
            if not isinstance(told, date):
                return None, None, f"fact {self._fact} is missing"
            day = told
        else:
            day = calendar.day(start) + self._days
        return calendar.end_of(day), day, ""


class Plain:
    """One such rule, taken apart."""

    __slots__ = ("_id", "_length", "_mark", "_places", "_span", "_stop", "_void", "_which", "calendar", "rule")

    def __init__(self, rule: Rule, limit: Span | Days | Until, start: Point, calendar: str) -> None:
        self.rule, self._id = rule, rule.id
        self.calendar = calendar
        """The code of the calendar that it counts in."""
        self._length = Length(limit)
        self._span = self._length.span
        self._mark, self._which = _told(start)
        self._stop = [_told(one) for one in rule.stop if isinstance(one, Point)]
        self._void = [_told(one) for one in rule.void if isinstance(one, Point)]
        self._places = [_place(step.id, step.at, self._span) for step in rule.steps]

    def start(self, view: View) -> datetime | None:
        """When the clock starts; None where it has not."""
        seen = view.seen.get(self._mark)
        return seen[self._which].at if seen else None

    def read(self, start: datetime, version: str, view: View, calendar: Calendar) -> Reading:
        """The clock's reading. Raises OverflowError or ValueError where dates are beyond the calendar."""
        now, seen = view.now, view.seen
        due: datetime | None
        if self._span is not None:
            due, day, reason = start + self._span, None, ""
        else:
            due, day, reason = self._length.due(start, view, calendar)
        stop, void = _first(self._stop, seen), _first(self._void, seen)
        if due is None:
            return Reading(
                self._id, self.rule, version, _WAITING, start, None, None, stop, void, reason,
                calendar.zone, calendar.digest,
            )  # fmt: skip
        end, coming = stop, None
        if stop is not None and stop <= due and (void is None or void >= stop):
            status = _MET
        elif void is not None and void <= due:
            status = _VOID
            end = void if stop is None or void < stop else stop
        elif stop is not None:
            status = _MET_LATE
        elif now >= due:
            status = _BREACHED
        else:
            status, coming = _RUNNING, due
        stands: list[tuple[str, datetime]] = []
        for name, how, percent, span, own in self._places:
            at: datetime | None
            if how == _START:
                at = start + span
            elif how == _SHARE:
                at = start + share_of(due - start, percent)
            elif how == _DUE:
                at = due + span
                if span < _NONE and at < start:
                    at = start if start < due else due
            else:
                at = None if own is None else own.due(start, view, calendar)[0]
            if at is None or (end is not None and end <= at):
                continue
            if at <= now:
                stands.append((name, at))
            elif coming is None or at < coming:
                coming = at
        return Reading(
            self._id, self.rule, version, status, start, due, day, stop, void, reason, calendar.zone,
            calendar.digest, (), tuple(stands), coming,
        )  # fmt: skip


def _first(moments: list[Told], seen: dict[str, list[Seen]]) -> datetime | None:
    first: datetime | None = None
    for mark, which in moments:
        if mark in seen:
            at = seen[mark][which].at
            if first is None or at < first:
                first = at
    return first


def _told(point: Point) -> Told:
    return point.mark, -1 if point.pick == "last" else 0


def _place(name: str, at: object, limit: timedelta | None) -> Place:
    if isinstance(at, Share):
        if limit is not None:
            return name, _START, 0, share_of(limit, at.percent), None
        return name, _SHARE, at.percent, _NONE, None
    if isinstance(at, OwnLimit) and isinstance(at.limit, (Span, Days, Until)):
        return name, _OWN, 0, _NONE, Length(at.limit)
    if isinstance(at, (FromStart, FromDue)):
        return name, _START if isinstance(at, FromStart) else _DUE, 0, timedelta(seconds=at.seconds), None
    raise AssertionError("a plain rule has plain steps")


def plain_of(rule: Rule) -> Plain | None:
    """The rule taken apart, or None where it needs the long way."""
    moves = rule.pause or rule.restart or rule.extend or rule.cap or rule.again
    asks = rule.when or rule.valid_from or rule.valid_to
    if moves or asks or not isinstance(rule.start, Point) or rule.each or not isinstance(rule.calendar, str):
        return None
    if not all(_is_point(one) for one in (rule.start, *rule.stop, *rule.void)):
        return None
    for step in rule.steps:
        own = isinstance(step.at, OwnLimit) and _is_length(step.at.limit)
        if step.when is not None or step.times != 1 or not (own or isinstance(step.at, (FromStart, FromDue, Share))):
            return None
    limit = rule.limit
    if not isinstance(limit, (Span, Days, Until)) or not _is_length(limit):
        return None
    return Plain(rule, limit, rule.start, rule.calendar)


def _is_point(moment: Moment) -> bool:
    return isinstance(moment, Point) and not moment.offset


def _is_length(limit: Limit) -> bool:
    if isinstance(limit, Days):
        return limit.roll is None and not limit.least_working
    return isinstance(limit, Until) or (isinstance(limit, Span) and limit.first_hour == "now")
