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
from chalicelib.core.view import View
from chalicelib.core.words import Status

_NONE = timedelta(0)
_SHARE, _OWN, _START, _DUE = range(4)
Told: TypeAlias = tuple[str, int]
"""A mark and which of its occurrences: 0 the first, -1 the last."""
Place: TypeAlias = tuple[str, int, int, timedelta, "Length | None"]
"""A step's id, how it is placed, its per cent, its span, its own limit."""


class Length:
    """A limit that nothing moves, ready to be added to a start."""

    __slots__ = ("_days", "_fact", "_span")

    def __init__(self, limit: Span | Days | Until) -> None:
        self._fact = limit.fact if isinstance(limit, Until) else ""
        self._span = timedelta(seconds=limit.seconds) if isinstance(limit, Span) else None
        days = limit.days - (limit.first_day == "included") if isinstance(limit, Days) else 0
        self._days = timedelta(days=days)

    def due(self, start: datetime, view: View, calendar: Calendar) -> tuple[datetime | None, date | None, str]:
        """The due, its day where it ends with one, and the reason where it cannot be told."""
        if self._span is not None:
            return start + self._span, None, ""
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

    __slots__ = ("_length", "_places", "_start", "_stop", "_void", "rule")

    def __init__(self, rule: Rule, limit: Span | Days | Until, start: Point) -> None:
        self.rule = rule
        self._length = Length(limit)
        self._start = _told(start)
        self._stop = [_told(one) for one in rule.stop if isinstance(one, Point)]
        self._void = [_told(one) for one in rule.void if isinstance(one, Point)]
        self._places = [_place(step.id, step.at) for step in rule.steps]

    def start(self, view: View) -> datetime | None:
        """When the clock starts; None where it has not."""
        seen = view.marks(self._start[0])
        return seen[self._start[1]].at if seen else None

    def read(self, start: datetime, version: str, view: View, calendar: Calendar) -> Reading:
        """The clock's reading. Raises OverflowError or ValueError where dates are beyond the calendar."""
        now = view.now
        due, day, reason = self._length.due(start, view, calendar)
        stop, void = _first(self._stop, view), _first(self._void, view)
        if due is None:
            return Reading(
                self.rule.id, self.rule, version, Status.WAITING, start, None, None, stop, void, reason,
                calendar.zone, calendar.digest,
            )  # fmt: skip
        if stop is not None and stop <= due and (void is None or void >= stop):
            status = Status.MET
        elif void is not None and void <= due:
            status = Status.VOID
        elif stop is not None:
            status = Status.MET_LATE
        else:
            status = Status.BREACHED if now >= due else Status.RUNNING
        end = stop
        if void is not None and void <= due and (stop is None or void < stop):
            end = void
        coming = due if status is Status.RUNNING else None
        stands: list[tuple[str, datetime]] = []
        for name, how, percent, span, own in self._places:
            if how == _DUE:
                at: datetime | None = due + span
                if span < _NONE and due + span < start:
                    at = start if start < due else due
            elif how == _SHARE:
                at = start + share_of(due - start, percent)
            elif how == _START or own is None:
                at = start + span
            else:
                at = own.due(start, view, calendar)[0]
            if at is None or (end is not None and end <= at):
                continue
            if at <= now:
                stands.append((name, at))
            elif coming is None or at < coming:
                coming = at
        return Reading(
            self.rule.id, self.rule, version, status, start, due, day, stop, void, reason, calendar.zone,
            calendar.digest, (), tuple(stands), coming,
        )  # fmt: skip


def _first(moments: list[Told], view: View) -> datetime | None:
    first: datetime | None = None
    for mark, which in moments:
        seen = view.marks(mark)
        if seen and (first is None or seen[which].at < first):
            first = seen[which].at
    return first


def _told(point: Point) -> Told:
    return point.mark, -1 if point.pick == "last" else 0


def _place(name: str, at: object) -> Place:
    if isinstance(at, Share):
        return name, _SHARE, at.percent, _NONE, None
    if isinstance(at, OwnLimit) and isinstance(at.limit, (Span, Days, Until)):
        return name, _OWN, 0, _NONE, Length(at.limit)
    if isinstance(at, (FromStart, FromDue)):
        return name, _START if isinstance(at, FromStart) else _DUE, 0, timedelta(seconds=at.seconds), None
    raise AssertionError("a plain rule has plain steps")


_KEPT = 4096
_kept: dict[int, tuple[Rule, Plain | None]] = {}


def plain_of(rule: Rule) -> Plain | None:
    """The rule taken apart, or None where it needs the long way. Kept, so that each rule is looked at once."""
    found = _kept.get(id(rule))
    # A rule that is kept lives on, so its identity is not given to another one.
    if found is not None and found[0] is rule:
        return found[1]
    if len(_kept) >= _KEPT:
        _kept.clear()
    made = _plain(rule)
    _kept[id(rule)] = rule, made
    return made


def _plain(rule: Rule) -> Plain | None:
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
    return Plain(rule, limit, rule.start) if isinstance(limit, (Span, Days, Until)) and _is_length(limit) else None


def _is_point(moment: Moment) -> bool:
    return isinstance(moment, Point) and not moment.offset


def _is_length(limit: Limit) -> bool:
    if isinstance(limit, Days):
        return limit.roll is None and not limit.least_working
    return isinstance(limit, Until) or (isinstance(limit, Span) and limit.first_hour == "now")
