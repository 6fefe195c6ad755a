"""Working time: a calendar adds to an instant, measures between two, counts working days, and says what is unknown.

A calendar is immutable; it reads no clock and never guesses: days beyond its data are an error, or a provisional answer
with its earliest and its latest (`bounds`). How the rules of counting come about: docs/calendars.md. Facts: the
calendars sheet of the law fact base; zone data from the pinned `tzdata` package, never from the machine.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from chalicelib.core.known import Bounds, Known, NotKnown, Source
from chalicelib.core.schedule import Kind
from chalicelib.core.spans import MAX_YEARS, Spans
from chalicelib.core.windows import BadCalendar, CalendarError, NeverOpens, TooFar
from chalicelib.core.workdays import add_months, add_years, year_at
from chalicelib.core.zones import DAY, TZ_VERSION, first_at, from_us, last_before, midnight, on_wall, to_us, zone

__all__ = [
    "MAX_YEARS", "REST", "TZ_VERSION", "UTC_CALENDAR", "BadCalendar", "Bounds", "Calendar", "CalendarError",
    "Calendars", "Edition", "Kind", "NeverOpens", "NotKnown", "Source", "TooFar", "add_months", "add_years", "zone",
]  # fmt: skip

REST: frozenset[Kind] = frozenset(("weekend", "holiday", "closed", "missing"))
"""The days that `roll` leaves, if nothing else is said: all that are no working days."""
_NONE = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = to_us(datetime.max.replace(tzinfo=UTC))


class Calendar(Known):
    """Time that counts. `code` names it, `digest` (SHA-256 of what decides answers) tells versions of a code apart.

    zone      the IANA zone that says when a day begins
    week      windows by day: {"mon-thu": ["09:00-12:00", "13:00-18:00"], "fri": ["22:00-06:00"]}; none: every hour
              counts. A window belongs to the day on which it begins, its night included.
    holidays  days without windows, or a mapping of such days to their names
    working   make-up days: they get the windows of their own day of the week or, where it has none, those of the
              first day of the week that has. A day is never both a holiday and a make-up day.
    dates     the windows of single days, above all else; [] is a closed day, ["09:00-12:00"] half a holiday
    maybe     days after known_until that may turn out either way
    known_from, known_until   first and last day that the data covers; None: there is no such limit

    Raises BadCalendar (with .field, .found, .wanted) and, for a calendar that is never open, NeverOpens; both are
    ValueErrors, as are NotKnown (outside the known days) and TooFar (a walk of more than MAX_YEARS).
    Instants are aware; those that come back are in UTC. One calendar may be used by many threads.
    """

    __slots__ = ()

    # Instants

    def add(self, start: datetime, span: timedelta) -> datetime:
        """The earliest instant from `start` on by which `span` of open time has passed.

        So a span that exactly fills a window ends at its closing, never at the next opening; a zero span is over at
        `start`, open or not; a negative one is `subtract`.
        """
        if span < _NONE:
            return self.subtract(start, -span)
        us = to_us(start)
        return self._walk(us, us, span, Spans.add)

    def subtract(self, end: datetime, span: timedelta) -> datetime:
        """The latest instant up to `end` from which `span` of open time passes until `end`: `add` in a mirror.

        So a span that exactly fills a window begins at its opening. Zero gives `end`; a negative span is `add`.
        """
        if span < _NONE:
            return self.add(end, -span)
        us = to_us(end)
        return self._walk(us, us - 1, span, Spans.subtract)

    def _walk(self, us: int, touched: int, span: timedelta, walk: Callable[[Spans, int, int], int]) -> datetime:
        count = span // _MICROSECOND
        if count == 0:
            return from_us(us)
        try:
            self._know_us(touched, touched + 1)
            if self._always and count > MAX_YEARS * 366 * DAY:
                raise TooFar(f"further than {MAX_YEARS} years away")
            steps = count if walk is Spans.add else -count
            found = us + steps if self._always else walk(self._spans, us, count)
            self._know_us(min(us, found), max(us, found))
            return from_us(found)
        except OverflowError:
            raise TooFar("beyond the years of a calendar") from None

    def elapsed(self, since: datetime, until: datetime) -> timedelta:
        """Open time between two instants; negative where `until` is the earlier one. `elapsed(t, add(t, d)) == d`."""
        first, last = to_us(since), to_us(until)
        if last < first:
            return -self.elapsed(until, since)
        if last == first:
            return _NONE
        self._know_us(first, last)
        return timedelta(microseconds=last - first if self._always else self._spans.elapsed(first, last))

    def is_open(self, moment: datetime) -> bool:
        """Whether time counts at an instant: at an opening it does, at a closing it does not."""
        us = to_us(moment)
        self._know_us(us, us + 1)
        return self._always or self._spans.is_open(us)

    def next_open(self, moment: datetime) -> datetime:
        """The first instant from `moment` on at which time counts: `moment` itself if it is open."""
        us = to_us(moment)
        self._know_us(us, us + 1)
        if self._always:
            return from_us(us)
        found = max(us, next(self._spans.pieces(us))[0])
        self._know_us(us, found + 1)
        return from_us(found)

    def next_close(self, moment: datetime) -> datetime | None:
        """The end of the window that is open at `moment` or, in closed time, of the next one.

        None where it does not close within MAX_YEARS.
        """
        us = to_us(moment)
        self._know_us(us, us + 1)
        try:
            found = None if self._always else next(self._spans.stream(us))[1]
        except TooFar:
            found = None
        if found is None:
            # That it never closes rests on all days to come.
            self._know_us(us, _NEVER)
            return None
        self._know_us(us, found)
        return from_us(found)

    def periods(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open time between two instants as (from, until) in order, apart; nothing where `until` is the earlier."""
        first, last = to_us(since), to_us(until)
        if first >= last:
            return iter(())
        self._know_us(first, last)
        return self._periods(first, last)

    def _periods(self, first: int, last: int) -> Iterator[tuple[datetime, datetime]]:
        if self._always:
            yield from_us(first), from_us(last)
            return
        try:
            for opens, closes in self._spans.stream(first, last):
                if opens >= last:
                    return
                yield from_us(max(opens, first)), from_us(min(closes, last))
        except NeverOpens:
            return

    # Days

    def day(self, moment: datetime) -> date:
        """The calendar day of an instant in this calendar's zone."""
        return moment.astimezone(zone(self._plan.zone)).date()

    def start_of(self, day: date) -> datetime:
        """00:00 of a day as an instant or, where the clocks skip it, the first moment after."""
        year_at(day.toordinal())
        return from_us(first_at(self._plan.zone, midnight(day.toordinal())))

    def end_of(self, day: date) -> datetime:
        """24:00 of a day as an instant: the end of all moments at which the wall shows that day, or one before it."""
        return _end_of(self._plan.zone, day.toordinal())

    def add_days(self, moment: datetime, days: int) -> datetime:
        """The same time on the wall so many calendar days later (earlier, below 0), working or not.

        Where the clocks skip that time, the first moment after; where it comes twice, the first one.
        """
        us = to_us(moment)
        wall = on_wall(self._plan.zone, us) + days * DAY
        try:
            return from_us(first_at(self._plan.zone, wall))
        except (ValueError, OverflowError):
            raise TooFar("beyond the years of a calendar") from None

    def is_working_day(self, day: date) -> bool:
        """Whether any window begins on a day."""
        ordinal = day.toordinal()
        self._know(ordinal, ordinal)
        return self._days.is_working(ordinal)

    def kind(self, day: date) -> Kind:
        """Why a day counts or does not, in one word."""
        ordinal = day.toordinal()
        year_at(ordinal)
        self._know(ordinal, ordinal)
        if self._read is not None and ordinal in self._plan.maybe:
            usual = bool(self._plan.week[(ordinal - 1) % 7])
            if self._read == "working":
                return "working" if usual else "make-up"
            return "holiday" if usual else "weekend"
        return self._plan.kind(ordinal)

    def why(self, day: date) -> str:
        """The kind of a day, with the name of its holiday where the data has one."""
        kind = self.kind(day)
        name = self._plan.holidays.get(day.toordinal(), "") if kind == "holiday" else ""
        return f"{kind}: {name}" if name else kind

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after a day; below 0, before it. The day itself is never counted.

        Zero gives the day itself, working or not: `roll` moves it where the law says so.
        """
        if count == 0:
            return day
        ordinal = day.toordinal()
        if count > 0:
            self._know(ordinal + 1, ordinal + 1)
            found = self._days.after(ordinal, count)
            if found > self._high:
                raise self._not_known()
        else:
            self._know(ordinal - 1, ordinal - 1)
            found = self._days.before(ordinal, -count)
            if found < self._low:
                raise self._not_known()
        return date.fromordinal(found)

    def working_days(self, since: date, until: date) -> int:
        """How many working days come after `since`, up to and with `until`; negative where `until` is the earlier.

        `working_days(d, add_working_days(d, n)) == n` for n of 0 and more.
        """
        first, last = since.toordinal(), until.toordinal()
        if last < first:
            return -self.working_days(until, since)
        if first == last:
            return 0
        self._know(first + 1, last)
        return self._days.between(first, last)

    def roll(
        self, day: date, direction: Literal["forward", "backward"] = "forward", over: Collection[Kind] = REST
    ) -> date:
        """The day itself or, if its kind is among `over`, the next (the last) one whose kind is not."""
        if direction not in ("forward", "backward"):
            raise ValueError(f"direction: found {direction!r}, wanted forward or backward")
        if over is REST:
            return day if self.is_working_day(day) else self.add_working_days(day, 1 if direction == "forward" else -1)
        ordinal, step = day.toordinal(), 1 if direction == "forward" else -1
        for _ in range(MAX_YEARS * 366):
            if self.kind(date.fromordinal(ordinal)) not in over:
                return date.fromordinal(ordinal)
            ordinal += step
        raise TooFar(f"further than {MAX_YEARS} years away")


UTC_CALENDAR = Calendar()


@dataclass(frozen=True, slots=True)
class Edition:
    """The data of one calendar from `at` on; None: it always was. `load` gives it, the same each time."""

    at: datetime | None
    digest: str
    load: Callable[[], Calendar]


@lru_cache(maxsize=8192)
def _end_of(name: str, ordinal: int) -> datetime:
    year_at(ordinal)
    return from_us(last_before(name, midnight(ordinal + 1)))


class Calendars:
    """The calendars that policies name: those given, those `find` knows, and any IANA zone, where every hour counts.

    `editions`: by code, in order of `at`, what came into force one after the other. Clocks that run follow the newest;
    what ended under an older one keeps it (DESIGN law 8).
    """

    __slots__ = ("_changes", "_editions", "_find", "_known", "_views")

    def __init__(
        self,
        known: Mapping[str, Calendar] | None = None,
        find: Callable[[str], Calendar | None] | None = None,
        editions: Mapping[str, Sequence[Edition]] | None = None,
    ) -> None:
        self._known = dict(known or {})
        self._known.setdefault("UTC", UTC_CALENDAR)
        self._find = find
        self._editions = dict(editions or {})
        self._changes = sorted({one.at for found in self._editions.values() for one in found if one.at is not None})
        self._views: dict[int, Calendars] = {}

    def as_of(self, now: datetime) -> "Calendars":
        """The calendars without the editions that come into force after `now`."""
        if not self._editions:
            return self
        seen = bisect_right(self._changes, now)
        found = self._views.get(seen)
        if found is None:
            known = {code: [one for one in them if one.at is None or one.at <= now]
                     for code, them in self._editions.items()}  # fmt: skip
            found = self._views[seen] = Calendars(self._known, self._find, {code: v for code, v in known.items() if v})
        return found

    def next_change(self, now: datetime) -> datetime | None:
        """When the next edition comes into force: clocks that run then follow it."""
        seen = bisect_right(self._changes, now)
        return self._changes[seen] if seen < len(self._changes) else None

    def has_past(self, code: str) -> bool:
        """Whether there are editions of a code before the newest one."""
        return bool(self._editions) and bool(self.past(code))

    def past(self, code: str) -> tuple[tuple[Calendar, datetime], ...]:
        """The editions before the newest one, oldest first, each with the instant at which the next one came."""
        editions = self._editions.get(code, ())
        found = []
        if editions and editions[0].at is not None and (first := self._find(code) if self._find else None):
            found.append((first, editions[0].at))
        for one, after in pairwise(editions):
            assert after.at is not None, "only the first edition was always there"
            found.append((one.load(), after.at))
        return tuple(found)

    def edition(self, code: str, digest: str) -> Calendar:
        """The edition of a code with that digest; the newest where there is none. Raises ValueError."""
        them = (one for one, _ in self.past(code))
        return next((one for one in them if one.digest == digest), None) or self.get(code)

    def get(self, code: str) -> Calendar:
        """The newest calendar of a code. Raises ValueError where there is none."""
        editions = self._editions.get(code)
        found = editions[-1].load() if editions else self._known.get(code)
        if found is None:
            found = self._find(code) if self._find else None
            if found is None:
                zone(code)
                found = Calendar(code, code)
            self._known[code] = found
        return found
