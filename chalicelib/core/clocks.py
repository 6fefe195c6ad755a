"""One rule on one case: when it starts, is due, stops, is void or paused, and at which instants its steps stand.

Pure arithmetic over instants. Every answer is a function of the evidence dated up to `now`, never of when it was asked
before; and the instant of a step depends only on what is dated before it, so that a wake in time and a judgement with
final knowledge agree (DESIGN law 2 and the status table).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from chalicelib.core.asking import holds as holds_true
from chalicelib.core.calendars import Calendar, NotKnown
from chalicelib.core.course import Course, Extended, courses
from chalicelib.core.limits import PAUSED, Due, Ground, Hold
from chalicelib.core.moments import Sight, earliest, moment_of
from chalicelib.core.rules import ROUND, Moment, Rule, Step
from chalicelib.core.words import Status

__all__ = ["BEYOND", "PAUSED", "Due", "Hold", "Reading", "read_clock", "status_of"]

BEYOND = "the due lies beyond all calendars"


class Reading(NamedTuple):
    """What one clock shows at one instant. `due` None while paused or waiting; `steps` are those that stand at `now`.

    `earliest`: where the calendar is not known far enough, the due lies between this and `due` (provisional).
    """

    # A named tuple: a long history makes millions of them, and a frozen dataclass takes four times as long to make.

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
    earliest: datetime | None = None
    acts: tuple[Extended, ...] = ()
    """Acts that made the limit longer, in order of time."""
    rounds: tuple[datetime, ...] = ()
    """When the rounds before this one began: an act of `restart` ended each."""


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


def read_clock(
    rule: Rule, version: str, clock: str, start: datetime | None, sight: Sight, calendar: Calendar
) -> Reading:
    """The clock of `rule` that starts at `start`, as of `sight.view.now`.

    Beyond the days that the calendar knows the answer is provisional: breached only when it must be, reminded as early
    as it may be. No date that evidence holds makes it raise.
    """
    bare = Reading(clock, rule, version, Status.WAITING, start, zone=calendar.zone)
    if start is None:
        return bare._replace(reason=f"no {_named(rule)} yet")
    try:
        try:
            return _read(bare, start, sight, calendar)
        except NotKnown:
            return _provisional(bare, start, sight, calendar)
    except (OverflowError, ValueError):
        return bare._replace(reason=BEYOND)


def _provisional(bare: Reading, start: datetime, sight: Sight, calendar: Calendar) -> Reading:
    late, early = _read(bare, start, sight, calendar.latest), _read(bare, start, sight, calendar.earliest)
    if late.due is not None and early.due is not None and early.due > late.due:
        # What is counted back ends earlier where fewer days are worked.
        late, early = early, late
    before = {step: at for step, at in early.steps if early.due is None or at < early.due}
    steps = {**dict(late.steps), **before}
    late = late._replace(steps=tuple(steps.items()), next=earliest((late.next, early.next)))
    if _is_known(bare, start, sight, calendar):
        return late
    return late._replace(reason=late.reason or "provisional: the calendar is not known so far", earliest=early.due)


def _is_known(bare: Reading, start: datetime, sight: Sight, calendar: Calendar) -> bool:
    """Whether the due rests on known days alone, and only steps on others."""
    try:
        _read(bare._replace(rule=replace(bare.rule, steps=())), start, sight, calendar)
    except NotKnown:
        return False
    return True


def _named(rule: Rule) -> str:
    return getattr(rule.start, "mark", "") or "start"


def _read(bare: Reading, start: datetime, sight: Sight, calendar: Calendar) -> Reading:
    rule, now = bare.rule, sight.view.now
    coming: list[datetime | None] = []
    stop, void = _happened(rule.stop, sight, coming), _happened(rule.void, sight, coming)
    rounds = courses(rule, start, stop, void, sight, Ground(sight.view, calendar))
    last = rounds[-1]
    due = last.due()
    status = status_of(start, due, stop, void, now)
    stands: list[tuple[str, datetime]] = []
    if status in (Status.RUNNING, Status.PAUSED):
        coming.append(due.at)
    if status is not Status.WAITING:
        # A void after the due changes nothing, so it ends no step either (DESIGN, under the status table).
        end = earliest((stop,) if void is None or (due.at is not None and void > due.at) else (stop, void))
        for step, name, at in _instants(rule, rounds):
            if end is not None and end <= at:
                continue
            if at > now:
                coming.append(at)
            elif step.when is None or holds_true(step.when, sight, at, calendar) is True:
                stands.append((name, at))
    return Reading(
        bare.clock, rule, bare.version, status, last.start, due.at, due.day, stop, void, due.reason, calendar.zone,
        calendar.digest, last.holds, tuple(stands), earliest(coming), None, tuple(last.acts),
        tuple(one.start for one in rounds[:-1]),
    )  # fmt: skip


def _happened(moments: tuple[Moment, ...], sight: Sight, coming: list[datetime | None]) -> datetime | None:
    """The first of the moments that has come; one that is still to come, by its offset, is looked at again then."""
    first: datetime | None = None
    for one in moments:
        found = moment_of(one, sight)
        if found is None:
            continue
        if found > sight.view.now:
            coming.append(found)
        elif first is None or found < first:
            first = found
    return first


def _instants(rule: Rule, rounds: Sequence[Course]) -> Iterator[tuple[Step, str, datetime]]:
    """Each step of each round with its name and instant; a round ends where the next one begins."""
    for index, course in enumerate(rounds):
        until = rounds[index + 1].start if index + 1 < len(rounds) else None
        for step in rule.steps:
            at = course.step_at(step.at)
            if at is None:
                continue
            for time in range(step.times):
                moved = at + timedelta(seconds=step.every * time) if time else at
                if until is None or moved < until:
                    number = index * step.times + time
                    yield step, (f"{step.id}{ROUND}{number + 1}" if number else step.id), moved
