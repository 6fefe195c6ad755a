"""Moments: the instants that a rule names by what happened on the case. Each is a function of what is in sight."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.core.rules import AllOf, EarlierOf, LaterOf, Moment, Point, Reaches
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
        return [one.at for one in self.view.marks(name, self.of) if self.since is None or one.at >= self.since]


def earliest(found: Iterable[datetime | None]) -> datetime | None:
    """The first of those that are there."""
    return min((one for one in found if one is not None), default=None)


def moment_of(moment: Moment, sight: Sight) -> datetime | None:
    """The instant of a moment, or None where it has not come."""
    if isinstance(moment, Point):
        return point_of(moment, sight)
    if isinstance(moment, Reaches):
        return _reached(moment, sight)
    if isinstance(moment, AllOf):
        count = sight.view.fact(moment.count)
        seen = sight.marks(moment.mark)
        enough = isinstance(count, Decimal) and 0 < count <= len(seen)
        return seen[int(count) - 1] if enough and isinstance(count, Decimal) else None
    if isinstance(moment, EarlierOf):
        return earliest(moment_of(one, sight) for one in moment.moments)
    if isinstance(moment, LaterOf):
        found = [moment_of(one, sight) for one in moment.moments]
        return None if None in found else max(one for one in found if one is not None)
    return sight.silence(moment.rule)


def point_of(point: Point, sight: Sight) -> datetime | None:
    """The first or last occurrence of a mark, moved by its offset."""
    seen = sight.marks(point.mark)
    if not seen:
        return None
    at = seen[-1] if point.pick == "last" else seen[0]
    return at + timedelta(seconds=point.offset) if point.offset else at


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
