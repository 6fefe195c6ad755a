"""Which clocks a case has: for each rule its version in force at the start instant (law 8), its occurrences, its
rounds, its condition, its calendar; and each of them read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from chalicelib.core.asking import holds
from chalicelib.core.calendars import Calendar, Calendars, add_months
from chalicelib.core.clocks import BEYOND, Reading, read_clock
from chalicelib.core.instants import moved
from chalicelib.core.moments import Sight, earliest, moment_of
from chalicelib.core.plain import Plain
from chalicelib.core.rules import Days, Months, Point, Reaches, Rule
from chalicelib.core.versions import InForce, Policies, Versions
from chalicelib.core.view import View
from chalicelib.core.words import ENDED, Status

MOST_ROUNDS = 64
"""Clocks that come again are counted up to here; the case is done with long before."""


class Judge:
    """Reads the clocks of one case as of one instant. Made anew for each evaluation."""

    __slots__ = ("_busy", "_calendars", "_made", "_read", "_rules", "_view", "coming")

    def __init__(self, kind: str, view: View, policies: Policies, calendars: Calendars) -> None:
        self._view, self._calendars = view, calendars
        self._rules = policies.rules(kind, view.now)
        self._read: dict[str, tuple[Reading, ...]] = {}
        self._busy: set[str] = set()
        self._made: Sight | None = None
        self.coming: list[datetime] = []
        """Instants at which clocks begin that do not exist yet."""

    @property
    def _sight(self) -> Sight:
        """What the clocks of the case may look at; made for the first that asks, as many cases have none that does."""
        if self._made is None:
            self._made = Sight(self._view, silence=self._silence)
        return self._made

    def all(self) -> tuple[Reading, ...]:
        """Every clock of the case, in the order of the policies and their rules."""
        found: list[Reading] = []
        for versions in self._rules:
            found += self._of(versions)
        return tuple(found)

    def _of(self, versions: Versions) -> tuple[Reading, ...]:
        found = self._read.get(versions.rule)
        if found is None:
            plain = versions.plain
            start = None if plain is None else plain.start(self._view)
            if plain is not None and start is not None and not self._calendars.has_past(plain.calendar):
                found = self._plain(plain, versions.found[0][0], start)
            else:
                self._busy.add(versions.rule)
                found = tuple(self._clocks(versions))
                self._busy.discard(versions.rule)
            self._read[versions.rule] = found
        return found

    def _plain(self, plain: Plain, window: InForce, start: datetime) -> tuple[Reading, ...]:
        """The clock of a rule that nothing moves, the short way."""
        if not window.covers(start):
            return ()
        version, calendar = window.policy.version, self._calendars.get(plain.calendar)
        try:
            return (plain.read(start, version, self._view, calendar),)
        except (OverflowError, ValueError):
            return (read_clock(plain.rule, version, plain.rule.id, start, self._sight, calendar),)

    def _silence(self, rule: str) -> datetime | None:
        """The due that passed without an act; None for a rule that asks about itself, however far around."""
        versions = next((one for one in self._rules if one.rule == rule), None)
        if versions is None or rule in self._busy:
            return None
        passed = (Status.BREACHED, Status.MET_LATE)
        return next((one.due for one in self._of(versions) if one.status in passed), None)

    def _clocks(self, versions: Versions) -> Iterator[Reading]:
        seen: set[str] = set()
        lifted: set[tuple[str, datetime]] = set()
        started = False
        for window, rule in versions.found:
            for clock, sight, start in self._starts(rule):
                if start is None:
                    continue
                started = True
                if clock in seen or (clock, start) in lifted or not window.covers(start):
                    continue
                found = tuple(self._clock(rule, window, clock, sight, start))
                # A version that makes no clock of its start leaves the one that a later version starts elsewhere.
                seen.update(one.clock for one in found)
                if not found:
                    lifted.add((clock, start))
                yield from found
        if not started and versions.current is not None:
            window, rule = versions.current
            if not rule.each:
                yield from self._clock(rule, window, rule.id, self._sight, None)

    def _starts(self, rule: Rule) -> Iterator[tuple[str, Sight, datetime | None]]:
        """Each clock of a rule: its name, what it may look at, its start."""
        if rule.each and isinstance(rule.start, Point):
            # Each from its own mark: one that names no occurrence is an occurrence too, not the beginning of all.
            for one in self._view.marks(rule.start.mark):
                yield f"{rule.id}#{one.of}", replace(self._sight, of=one.of), moved(one.at, rule.start.offset)
            return
        start = moment_of(rule.start, self._sight)
        yield rule.id, self._sight, start
        if rule.again is not None and start is not None:
            yield from self._again(rule, rule.again, start)

    def _again(self, rule: Rule, period: Days | Months, start: datetime) -> Iterator[tuple[str, Sight, datetime]]:
        """The rounds after the first; what lifts the duty for good begins no more of them."""
        calendar = self._calendar(rule)
        void = earliest(moment_of(one, self._sight) for one in rule.void)
        for number in range(1, MOST_ROUNDS):
            try:
                at = _later(start, period, number, calendar)
            except (OverflowError, ValueError):
                return
            if void is not None and void <= at:
                return
            if at > self._view.now:
                self.coming.append(at)
                return
            yield f"{rule.id}#{number + 1}", replace(self._sight, since=at), at

    def _clock(
        self, rule: Rule, window: InForce, clock: str, sight: Sight, start: datetime | None
    ) -> Iterator[Reading]:
        """The clock in its calendar: the newest, or the one in which it had ended before the next came (law 8)."""
        calendar = self._calendar(rule)
        for older, until in self._calendars.past(calendar.code):
            if start is None:
                continue
            then = replace(sight, view=self._view.as_of(until))
            # What begins later was not there yet, unless its mark was: an offset sets it into the future.
            if start > until and (sight.since is not None or moment_of(rule.start, then) != start):
                continue
            if any(one.status in ENDED for one in self._in(older, rule, window, clock, then, start)):
                calendar = older
                break
        yield from self._in(calendar, rule, window, clock, sight, start)

    def _in(
        self, calendar: Calendar, rule: Rule, window: InForce, clock: str, sight: Sight, start: datetime | None
    ) -> Iterator[Reading]:
        version = window.policy.version
        try:
            if start is not None and (rule.valid_from or rule.valid_to) and not _valid(rule, start, calendar):
                return
        except (OverflowError, ValueError):
            yield Reading(clock, rule, version, Status.WAITING, start, reason=BEYOND, zone=calendar.zone)
            return
        if rule.when is not None and not (start is None and rule.when.marks):
            offset = 0 if isinstance(rule.start, Reaches) or sight.since is not None else rule.start.offset
            until = sight.view.now if start is None else moved(start, -offset)
            lets = holds(rule.when, sight, until, calendar)
            if lets is False:
                return
            if lets is not True:
                yield Reading(clock, rule, version, Status.WAITING, start, reason=str(lets), zone=calendar.zone)
                return
        yield read_clock(rule, version, clock, start, sight, calendar)

    def _calendar(self, rule: Rule) -> Calendar:
        return calendar_of(rule, self._view, self._calendars)


def calendar_of(rule: Rule, view: View, calendars: Calendars) -> Calendar:
    """The calendar that the clocks of a rule count in on this case."""
    place = rule.calendar
    if isinstance(place, str):
        return calendars.get(place)
    country = view.fact("country")
    for name in place.facts:
        code = view.fact(name)
        if isinstance(code, str):
            found = _place(name, code, country if isinstance(country, str) else "", calendars)
            if found is not None:
                return found
    return calendars.get(place.otherwise)


def _place(name: str, code: str, country: str, calendars: Calendars) -> Calendar | None:
    """The calendar of a place. A part of a country is never taken for another country: Indiana's IN is not India."""
    if name == "region":
        part = code if code.startswith(f"{country}-") or not country else f"{country}-{code}"
        codes = (part,) if "-" in part else ()
    else:
        codes = (code,)
    for one in codes:
        try:
            found = calendars.get(one)
        except ValueError:
            continue
        # Some old zones are called like countries (GB, NZ); as the calendar of a country they would have no rest days.
        if name == "zone" or found.code != found.zone or found.code == "UTC":
            return found
    return None


def _later(start: datetime, period: Days | Months, number: int, calendar: Calendar) -> datetime:
    day = calendar.day(start)
    if isinstance(period, Months):
        return calendar.start_of(add_months(day, period.months * number))
    return calendar.add_days(start, period.days * number)


def _valid(rule: Rule, start: datetime, calendar: Calendar) -> bool:
    day = calendar.day(start)
    return (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or day <= rule.valid_to)
