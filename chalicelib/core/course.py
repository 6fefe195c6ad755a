"""The course of a clock: from its start, through pauses and extensions, to its due; and anew after each restart.

What moves the due is taken in the order in which it came to be known, and counts only where it comes before the due
that stood until then. So the instant of a step is told by what was known by then, whatever comes later: a wake in time
and a judgement with final knowledge agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from chalicelib.core.limits import (
    PAUSED,
    Due,
    Ground,
    Hold,
    count_on,
    due_of,
    moved_on,
    on_from_start,
    open_time,
    share_of,
)
from chalicelib.core.moments import Sight
from chalicelib.core.rules import (
    At,
    Extension,
    FromDue,
    FromStart,
    FromStep,
    Given,
    Limit,
    Most,
    OnCalendar,
    OwnLimit,
    Pause,
    Rule,
    Share,
    WorkingSpan,
)

_NONE = timedelta(0)
MAX_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Extended:
    """An act that makes the limit longer, and when it was done."""

    begin: datetime
    to: Limit


Movers: TypeAlias = tuple[Hold | Extended, ...]
Place: TypeAlias = FromStart | FromDue | OnCalendar | Share | OwnLimit


@dataclass(frozen=True, slots=True)
class Stage:
    """What was known of the movers from an instant on; `pauses`: nothing but a pause began then."""

    since: datetime
    pauses: bool
    movers: Movers

    def leaves(self, step: datetime) -> bool:
        """Whether a step that stood until then stays: it came before, or with a pause that has nothing left to hold."""
        return step < self.since or (self.pauses and step == self.since)


class Course:
    """One round of a clock. `movers`: pauses and extensions in order of time."""

    __slots__ = ("_due", "_dues", "_stages", "acts", "ground", "movers", "rule", "start")

    def __init__(self, rule: Rule, start: datetime, movers: Movers, ground: Ground) -> None:
        self.rule = rule
        self.start = start
        self.movers = movers
        self.ground = ground
        self._due: Due | None = None
        self.acts: list[Extended] = []
        """The extensions that made it longer, once the due is known."""
        self._stages = _stages(start, movers) if movers else []
        self._dues: dict[int, Due] = {}
        """When it was due by what each stage knew: all steps ask for the same."""

    @property
    def holds(self) -> tuple[Hold, ...]:
        return tuple(one for one in self.movers if isinstance(one, Hold))

    def due(self) -> Due:
        """When it is due, by all that is known."""
        if self._due is None:
            self._due = self._due_after(self.movers, self.acts)
        return self._due

    def _due_after(self, movers: Movers, acts: list[Extended] | None = None) -> Due:
        limit = self.rule.limit
        due = due_of(limit, self.start, (), self.ground)
        holds: list[Hold] = []
        for mover in movers:
            stood = self._capped(due).at
            if isinstance(mover, Extended):
                # An act counts up to the last instant; a pause that begins at the due has nothing left to hold.
                if stood is not None and mover.begin > stood:
                    break
                longer = due_of(mover.to, self.start, holds, self.ground)
                # What cannot be told, because its fact is missing, makes nothing longer.
                later = longer.reason == PAUSED if longer.at is None else due.at is None or longer.at > due.at
                if later:
                    limit, due = mover.to, longer
                    if acts is not None:
                        acts.append(mover)
                continue
            if stood is not None and mover.begin >= stood:
                break
            holds.append(mover)
            due = due_of(limit, self.start, holds, self.ground)
        return self._capped(due)

    def _capped(self, due: Due) -> Due:
        limit = self.rule.cap
        if limit is None or (due.at is None and due.reason != PAUSED):
            return due
        cap = due_of(limit, self.start, (), self.ground)
        if cap.at is None or (due.at is not None and due.at <= cap.at):
            return due
        return replace(cap, reason=due.reason)

    def step_at(self, at: At) -> datetime | None:
        """The instant of a step; None while a pause that began before it is open, or while the due cannot be told."""
        if isinstance(at, FromStep):
            step = self.rule.step(at.step)
            base = self.step_at(step.at) if step else None
            return None if base is None else base + timedelta(seconds=at.seconds)
        if not self._stages:
            return self._known_at(at, (), 0)
        last = len(self._stages) - 1
        for index, stage in enumerate(self._stages):
            found = self._known_at(at, stage.movers, index)
            if found is None:
                continue
            # What came to be known only then cannot have made it stand before.
            found = max(found, stage.since) if index else found
            if index == last or self._stages[index + 1].leaves(found):
                return found
        return None

    def _due_at(self, index: int) -> Due:
        """When it is due by what the stage of that number knew; the last one knows all."""
        if index >= len(self._stages) - 1:
            return self.due()
        found = self._dues.get(index)
        if found is None:
            found = self._dues[index] = self._due_after(self._stages[index].movers)
        return found

    def _known_at(self, at: Place, movers: Movers, index: int) -> datetime | None:
        holds = tuple(one for one in movers if isinstance(one, Hold))
        if isinstance(at, FromStart):
            return count_on(self.start, timedelta(seconds=at.seconds), holds)
        if isinstance(at, OwnLimit):
            return due_of(at.limit, self.start, holds, self.ground).at
        if isinstance(at, OnCalendar) and at.anchor == "start":
            return on_from_start(at, self.start, holds, self.ground.calendar)
        end = self._due_at(index).at
        if end is None:
            return None
        if isinstance(at, Share):
            return self._share(at, end, holds)
        if isinstance(at, FromDue):
            moved, early = end + timedelta(seconds=at.seconds), at.seconds < 0
        else:
            moved, early = moved_on(end, at.unit, at.count, self.ground.calendar), at.count < 0
        # A step longer before the due than the limit is stands at the start.
        return min(self.start, end) if early and moved < self.start else moved

    def _share(self, at: Share, due: datetime, holds: Sequence[Hold]) -> datetime | None:
        if isinstance(self.rule.limit, Given):
            return self.start + share_of(due - self.start, at.percent)
        if isinstance(self.rule.limit, WorkingSpan) and due > self.start:
            return self._working_share(at, due, holds)
        if not holds:
            return self.start + share_of(due - self.start, at.percent)
        lost = sum((min(one.end or due, due) - one.begin for one in holds if one.begin < due), _NONE)
        return count_on(self.start, share_of(due - self.start - lost, at.percent), holds)

    def _working_share(self, at: Share, due: datetime, holds: Sequence[Hold]) -> datetime | None:
        """A share of the time in which the calendar was open: half of three working hours is no Sunday."""
        calendar = self.ground.calendar
        lost = sum((calendar.elapsed(one.begin, min(one.end or due, due)) for one in holds if one.begin < due), _NONE)
        counted = calendar.elapsed(self.start, due) - lost
        return open_time(self.start, share_of(counted, at.percent), holds, calendar)


def _stages(start: datetime, movers: Movers) -> list[Stage]:
    """What was known when. A pause is known twice: as an open one when it begins, and again when it has ended."""
    told: dict[datetime, bool] = {}
    for mover in movers:
        told[mover.begin] = told.get(mover.begin, True) and isinstance(mover, Hold)
        if isinstance(mover, Hold) and mover.end is not None:
            told[mover.end] = False
    stages = [Stage(start, False, ())]
    for at in sorted(told):
        stages.append(Stage(at, told[at], tuple(_as_of(mover, at) for mover in movers if mover.begin <= at)))
    return stages


def _both(one: Limit | None, other: Limit | None) -> Limit | None:
    """What is left after two pauses that are one, at least."""
    if one is None or other is None or one == other:
        return one or other
    return Most((one, other))


def _as_of(mover: Hold | Extended, at: datetime) -> Hold | Extended:
    if isinstance(mover, Hold) and mover.end is not None and mover.end > at:
        return Hold(mover.begin, None, mover.floor)
    return mover


def courses(
    rule: Rule, start: datetime, stop: datetime | None, void: datetime | None, sight: Sight, ground: Ground
) -> list[Course]:
    """The rounds of a clock, the present one last: an act of `restart` before due and end begins it."""
    rounds = [_course(rule, start, sight, ground)]
    if not rule.restart:
        return rounds
    acts = sorted(at for point in rule.restart for at in sight.marks(point.mark) if at > start)
    for at in acts[:MAX_ROUNDS]:
        due = rounds[-1].due().at
        ended = any(one is not None and one <= at for one in (stop, void))
        if ended or (due is not None and at >= due):
            break
        rounds.append(_course(rule, at, sight, ground))
    return rounds


def _course(rule: Rule, start: datetime, sight: Sight, ground: Ground) -> Course:
    if not rule.pause and not rule.extend:
        return Course(rule, start, (), ground)
    acts = [Extended(at, one.to) for one in rule.extend for at in _acts(one, start, sight)]
    movers: list[Hold | Extended] = [*holds_of(rule.pause, sight, start), *acts]
    if acts:
        movers.sort(key=lambda one: one.begin)
    return Course(rule, start, tuple(movers), ground)


def _acts(extension: Extension, start: datetime, sight: Sight) -> list[datetime]:
    """The first act: it makes the limit longer once."""
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
        elif last.end is not None:
            end = None if hold.end is None else max(hold.end, last.end)
            united[-1] = Hold(last.begin, end, _both(last.floor, hold.floor))
    return tuple(united)
