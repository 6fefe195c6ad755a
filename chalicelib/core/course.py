"""The course of a clock: from its start, through pauses and extensions, to its due; and anew after each restart.

What moves the due is taken in the order of time, and counts only where it comes before the due that stood until then.
So the instant of a step is told by what is dated before it, whatever comes later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.limits import PAUSED, Due, Ground, Hold, count_on, due_of, share_of
from chalicelib.core.moments import Sight
from chalicelib.core.rules import (
    Ahead,
    At,
    Extension,
    FromDue,
    FromStart,
    FromStep,
    Limit,
    OwnLimit,
    Pause,
    Rule,
    Share,
    Until,
    WorkingFromDue,
)

_NONE = timedelta(0)
MAX_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Extended:
    """An act that makes the limit longer, and when it was done."""

    begin: datetime
    to: Limit


@dataclass(frozen=True, slots=True)
class Course:
    """One round of a clock. `movers`: pauses and extensions in order of time."""

    rule: Rule
    start: datetime
    movers: tuple[Hold | Extended, ...]
    ground: Ground

    @property
    def holds(self) -> tuple[Hold, ...]:
        return tuple(one for one in self.movers if isinstance(one, Hold))

    def due(self, known: int | None = None) -> Due:
        """When it is due, as told by the first `known` movers (all, if not said)."""
        limit = self.rule.limit
        holds: list[Hold] = []
        due = due_of(limit, self.start, holds, self.ground)
        for mover in self.movers[:known]:
            if isinstance(mover, Extended):
                # An act counts up to the last instant; a pause that begins at the due has nothing left to hold.
                if due.at is not None and mover.begin > due.at:
                    break
                longer = due_of(mover.to, self.start, holds, self.ground)
                if longer.at is None or due.at is None or longer.at > due.at:
                    limit, due = mover.to, longer
                continue
            if due.at is not None and mover.begin >= due.at:
                break
            holds.append(mover)
            due = due_of(limit, self.start, holds, self.ground)
        return self._capped(due)

    def _capped(self, due: Due) -> Due:
        if self.rule.cap is None or (due.at is None and due.reason != PAUSED):
            return due
        cap = due_of(self.rule.cap, self.start, (), self.ground)
        if cap.at is None or (due.at is not None and due.at <= cap.at):
            return due
        return replace(cap, reason=due.reason)

    def step_at(self, at: At) -> datetime | None:
        """The instant of a step; None while a pause that began before it is open, or while the due cannot be told."""
        if isinstance(at, FromStep):
            step = self.rule.step(at.step)
            base = self.step_at(step.at) if step else None
            return None if base is None else base + timedelta(seconds=at.seconds)
        for known in range(len(self.movers) + 1):
            found = self._known_at(at, known)
            if found is None:
                return None
            if known:
                # What a mover brought about cannot have stood before it was there to be seen.
                found = max(found, self.movers[known - 1].begin)
            if known == len(self.movers) or self.movers[known].begin >= found:
                return found
        return None

    def _known_at(self, at: FromStart | FromDue | WorkingFromDue | Share | OwnLimit, known: int) -> datetime | None:
        holds = tuple(one for one in self.movers[:known] if isinstance(one, Hold))
        if isinstance(at, FromStart):
            return count_on(self.start, timedelta(seconds=at.seconds), holds)
        if isinstance(at, OwnLimit):
            return due_of(at.limit, self.start, holds, self.ground).at
        if isinstance(at, Share):
            return self._share(at, known, holds)
        due = self.due(known).at
        if due is None:
            return None
        if isinstance(at, FromDue):
            moved, early = due + timedelta(seconds=at.seconds), at.seconds < 0
        else:
            moved, early = self._working(at, due), at.days < 0 or at.seconds < 0
        # A step longer before the due than the limit is stands at the start.
        return min(self.start, due) if early and moved < self.start else moved

    def _share(self, at: Share, known: int, holds: Sequence[Hold]) -> datetime | None:
        due = self.due(known).at
        if due is None:
            return None
        if isinstance(self.rule.limit, (Until, Ahead)):
            return self.start + share_of(due - self.start, at.percent)
        lost = sum(((one.end or due) - one.begin for one in holds if one.begin < due), _NONE)
        moved = count_on(self.start, share_of(due - self.start - lost, at.percent), holds)
        return moved

    def _working(self, at: WorkingFromDue, due: datetime) -> datetime:
        calendar = self.ground.calendar
        if at.days:
            # So many working days from the due's own day, at the same time of day.
            day = calendar.day(due)
            return due + (calendar.add_working_days(day, at.days) - day)
        span = timedelta(seconds=abs(at.seconds))
        return calendar.subtract(due, span) if at.seconds < 0 else calendar.add(due, span)


def courses(
    rule: Rule, start: datetime, stop: datetime | None, void: datetime | None, sight: Sight, ground: Ground
) -> list[Course]:
    """The rounds of a clock, the present one last: an act of `restart` before due and end begins it."""
    rounds = [_course(rule, start, sight, ground)]
    acts = sorted(at for point in rule.restart for at in sight.marks(point.mark) if at > start)
    for at in acts[:MAX_ROUNDS]:
        due = rounds[-1].due().at
        ended = any(one is not None and one <= at for one in (stop, void))
        if ended or (due is not None and at >= due):
            break
        rounds.append(_course(rule, at, sight, ground))
    return rounds


def _course(rule: Rule, start: datetime, sight: Sight, ground: Ground) -> Course:
    acts = [Extended(at, one.to) for one in rule.extend for at in _acts(one, start, sight)]
    movers: list[Hold | Extended] = [*holds_of(rule.pause, sight, start), *acts]
    if acts:
        movers.sort(key=lambda one: one.begin)
    return Course(rule, start, tuple(movers), ground)


def _acts(extension: Extension, start: datetime, sight: Sight) -> list[datetime]:
    return [at for at in sight.marks(extension.on.mark) if at >= start][:1]


def holds_of(pauses: tuple[Pause, ...], sight: Sight, start: datetime) -> tuple[Hold, ...]:
    """The stretches after `start` that do not count: pairs by `of`, united where they overlap."""
    raw: list[Hold] = []
    for pause in pauses:
        ends = sight.view.marks(pause.end, sight.of)
        for begun in sight.view.marks(pause.begin, sight.of):
            end = next((one.at for one in ends if one.of == begun.of and one.at >= begun.at), None)
            if end is None or end > start:
                raw.append(Hold(max(begun.at, start), end, pause.floor))
    if len(raw) < 2:
        return tuple(raw)
    raw.sort(key=lambda hold: hold.begin)
    united: list[Hold] = []
    for hold in raw:
        last = united[-1] if united else None
        if last is None or (last.end is not None and last.end < hold.begin):
            united.append(hold)
        elif last.end is not None and (hold.end is None or hold.end > last.end):
            united[-1] = Hold(last.begin, hold.end, hold.floor or last.floor)
    return tuple(united)
