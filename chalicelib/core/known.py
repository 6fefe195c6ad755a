"""What a calendar is before it reckons: its content, its two readings, and the line between known and unknown days.

It must never let an answer rest on a day outside its data unasked: that is NotKnown, or the two readings side by side.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, Self, TypeVar

from chalicelib.core.schedule import Reading, Schedule, schedule, show_day
from chalicelib.core.spans import Spans
from chalicelib.core.windows import CalendarError, NeverOpens
from chalicelib.core.workdays import WorkDays
from chalicelib.core.zones import DAY, first_at, last_before, midnight

T = TypeVar("T", date, datetime, timedelta)
# Beyond every day, and every instant, of a datetime.
_NO_DAY = 10_000_000
_NO_TIME = _NO_DAY * DAY


class NotKnown(CalendarError):
    """The answer rests on a day outside what the calendar's data covers. `Calendar.bounds` answers provisionally."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where compiled days come from: a package and its version, or a notice with the digest of its overlay file."""

    name: str
    published: date | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Bounds(Generic[T]):
    """The earliest and the latest that an answer may be: equal, and not provisional, where all its days are known."""

    earliest: T
    latest: T
    provisional: bool


class Known:
    """The content of a calendar. Its parameters are those of `calendars.Calendar`."""

    __slots__ = (
        "_always", "_code", "_days", "_digest", "_high", "_high_us", "_low", "_low_us", "_plan", "_read", "_sources",
        "_spans", "_views",
    )  # fmt: skip

    def __init__(
        self,
        code: str = "",
        zone: str = "UTC",
        week: Mapping[str, Sequence[str]] | None = None,
        holidays: Iterable[date] | Mapping[date, str] = (),
        working: Iterable[date] = (),
        dates: Mapping[date, Sequence[str]] | None = None,
        maybe: Iterable[date] = (),
        known_from: date | None = None,
        known_until: date | None = None,
        sources: Iterable[Source] = (),
    ) -> None:
        plan = schedule(zone, week, holidays, working, dates, maybe, known_from, known_until)
        self._set(code or zone, plan, plan.digest(), tuple(sources), None)
        first, last = plan.edges()
        # Without a week all windows may lie in hours that the clocks skip.
        if (
            first is not None
            and last is not None
            and not any(self._spans.pieces(midnight(first - 2), midnight(last + 3)))
        ):
            raise NeverOpens("never open: the hours of its dates are skipped by the clocks")

    def _set(self, code: str, plan: Schedule, digest: str, sources: tuple[Source, ...], read: Reading | None) -> None:
        windows_of = plan.windows if read is None else plan.reading(read)
        self._code, self._plan, self._digest, self._sources, self._read = code, plan, digest, sources, read
        self._views: dict[Reading, Self] = {}
        self._always = plan.always()
        self._spans = Spans(plan.zone, windows_of, *plan.edges())
        self._days = WorkDays(plan.zone, windows_of, *plan.edges())
        low, high = (plan.known_from, plan.known_until) if read is None else (None, None)
        self._low = 0 if low is None else low
        self._high = _NO_DAY if high is None else high
        self._low_us = -_NO_TIME if low is None else first_at(plan.zone, midnight(low))
        self._high_us = _NO_TIME if high is None else last_before(plan.zone, midnight(high + 1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Known):
            return NotImplemented
        return (self._code, self._digest, self._read) == (other._code, other._digest, other._read)

    def __hash__(self) -> int:
        return hash((self._code, self._digest, self._read))

    def __repr__(self) -> str:
        return f"<Calendar {self._code} in {self.zone}, {self._digest[:12]}>"

    @property
    def code(self) -> str:
        return self._code

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its days come from."""
        return self._sources

    @property
    def zone(self) -> str:
        return self._plan.zone

    @property
    def digest(self) -> str:
        return self._digest

    @property
    def plan(self) -> Schedule:
        """The content, normalised, as it is compiled to data."""
        return self._plan

    @property
    def known_from(self) -> date | None:
        return None if self._plan.known_from is None else date.fromordinal(self._plan.known_from)

    @property
    def known_until(self) -> date | None:
        return None if self._plan.known_until is None else date.fromordinal(self._plan.known_until)

    # What is known, and what may be

    @property
    def earliest(self) -> Self:
        """The same calendar read so that unknown days come early: each that may go either way is worked."""
        return self._as("working")

    @property
    def latest(self) -> Self:
        """The same calendar read so that unknown days come late: none that may go either way is worked."""
        return self._as("resting")

    def _as(self, read: Reading) -> Self:
        found = self._views.get(read)
        if found is None:
            found = object.__new__(type(self))
            found._set(self._code, self._plan, self._digest, self._sources, read)
            self._views[read] = found
        return found

    def bounds(self, ask: Callable[[Self], T]) -> Bounds[T]:
        """What `ask` finds on this calendar or, where it needs days not yet known, between which two it must lie.

        `ask` is any reckoning over one calendar: `c.bounds(lambda c: c.add_working_days(day, 10))`.
        """
        try:
            sure = ask(self)
        except NotKnown:
            one, other = ask(self.earliest), ask(self.latest)
            return Bounds(min(one, other), max(one, other), True)
        return Bounds(sure, sure, False)

    def _know(self, first: int, last: int) -> None:
        if first < self._low or last > self._high:
            raise self._not_known()

    def _know_us(self, first: int, last: int) -> None:
        if first < self._low_us or last > self._high_us:
            raise self._not_known()

    def _not_known(self) -> NotKnown:
        since = f" from {show_day(self._low)}" if self._low else ""
        until = f" until {show_day(self._high)}" if self._high < _NO_DAY else ""
        return NotKnown(f"calendar {self._code} is known{since}{until} only")
