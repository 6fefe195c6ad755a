"""Moments: the instants that a rule names by what happened on the case. Each is a function of what is in sight.

A moment may be told to lie in the future, by its offset; whoever asks decides whether it has come. What is moved beyond
the years of a datetime stays at their edge, so that no date that evidence holds makes anything raise.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from chalicelib.core.instants import moved
from chalicelib.core.rules import AllOf, EarlierOf, LaterOf, Moment, Point, Reaches, Silence
from chalicelib.core.view import View


@dataclass(frozen=True, slots=True)
class Sight:
    """What a clock may look at: the view, its own occurrence, and the other clocks of the case by their silence.

    `since`: for a clock that comes again, earlier marks belong to the round before. `silence`: rule -> the due instant
    of its clock, where that passed without an act.
    """

    view: View
    of: str | None = None
    since: datetime | None = None
    silence: Callable[[str], datetime | None] = lambda _: None

    def marks(self, name: str) -> list[datetime]:
        """The occurrences in order of time."""
        since = self.since
        return [one.at for one in self.view.marks(name, self.of) if since is None or one.at >= since]


def earliest(found: Iterable[datetime | None]) -> datetime | None:
    """The first of those that are there."""
    least: datetime | None = None
    for one in found:
        if one is not None and (least is None or one < least):
            least = one
    return least


def moment_of(moment: Moment, sight: Sight) -> datetime | None:
    """The instant of a moment, or None where it has not come."""
    found: datetime | None = _HOW[type(moment)](moment, sight)
    return found


def point_of(point: Point, sight: Sight) -> datetime | None:
    """The first or last occurrence of a mark, moved by its offset."""
    seen = sight.view.marks(point.mark, sight.of)
    if not seen:
        return None
    if sight.since is not None:
        seen = [one for one in seen if one.at >= sight.since]
        if not seen:
            return None
    at = seen[-1 if point.pick == "last" else 0].at
    return moved(at, point.offset) if point.offset else at


def _reached(moment: Reaches, sight: Sight) -> datetime | None:
    goal = sight.view.fact(moment.fact)
    if not isinstance(goal, Decimal):
        return None
    total = Decimal(0)
    for seen in sight.view.marks(moment.mark, sight.of):
        if sight.since is not None and seen.at < sight.since:
            continue
        total += seen.value or Decimal(0)
        if total >= goal:
            return seen.at
    return None


def _all_of(moment: AllOf, sight: Sight) -> datetime | None:
    count = sight.view.fact(moment.count)
    seen = sight.marks(moment.mark)
    if not isinstance(count, Decimal) or not 0 < count <= len(seen):
        return None
    return moved(seen[int(count.to_integral_value(ROUND_CEILING)) - 1], moment.offset)


def _earlier_of(moment: EarlierOf, sight: Sight) -> datetime | None:
    found = earliest(moment_of(one, sight) for one in moment.moments)
    return None if found is None else moved(found, moment.offset)


def _later_of(moment: LaterOf, sight: Sight) -> datetime | None:
    latest: datetime | None = None
    for one in moment.moments:
        found = moment_of(one, sight)
        if found is None:
            return None
        latest = found if latest is None or found > latest else latest
    return None if latest is None else moved(latest, moment.offset)


def _silent(moment: Silence, sight: Sight) -> datetime | None:
    found = sight.silence(moment.rule)
    return None if found is None else moved(found, moment.offset)


_HOW: Mapping[type, Callable[[Any, Sight], datetime | None]] = {
    Point: point_of,
    Reaches: _reached,
    AllOf: _all_of,
    EarlierOf: _earlier_of,
    LaterOf: _later_of,
    Silence: _silent,
}
