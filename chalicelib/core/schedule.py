"""What a calendar knows, normalised and immutable: its zone, its week, the days that differ, and how far that is known.

It answers for a single day and does no arithmetic over time. A contradiction is refused when it is built, never
resolved in silence. Days are ordinals here; facts come from compiled data or from whoever builds the calendar.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from chalicelib.core.strictjson import dumps_canonical
from chalicelib.core.windows import (
    WHOLE_DAY,
    BadCalendar,
    NeverOpens,
    Window,
    parse_week,
    parse_window,
    parse_windows,
    show_window,
)
from chalicelib.core.zones import FIRST_YEAR, LAST_YEAR, missing_days, zone

Kind: TypeAlias = Literal["working", "make-up", "weekend", "holiday", "special", "closed", "missing"]
"""Why a day counts (working, make-up, special) or does not (weekend, holiday, closed, missing)."""
Reading: TypeAlias = Literal["working", "resting"]
"""How a day that may go either way is read."""
ALWAYS: tuple[tuple[Window, ...], ...] = ((parse_window(WHOLE_DAY, "week"),),) * 7
MAX_DAYS = 20_000
"""Days that one calendar may list, of each sort."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The content of a calendar. `maybe`: days beyond what is known that may turn out working or resting."""

    zone: str
    week: tuple[tuple[Window, ...], ...]
    holidays: Mapping[int, str]
    working: frozenset[int]
    dates: Mapping[int, tuple[Window, ...]]
    maybe: frozenset[int]
    known_from: int | None
    known_until: int | None
    stand_in: tuple[Window, ...]
    """The windows of a make-up day whose day of the week has none: those of the first day of the week that has."""

    def windows(self, ordinal: int) -> tuple[Window, ...]:
        """The windows that begin on a day."""
        found = self.dates.get(ordinal)
        if found is not None:
            return found
        usual = self.week[(ordinal - 1) % 7]
        if ordinal in self.working:
            return usual or self.stand_in
        return () if ordinal in self.holidays else usual

    def reading(self, how: Reading) -> Callable[[int], tuple[Window, ...]]:
        """`windows`, with each day that may go either way read as working or as resting."""

        def windows(ordinal: int) -> tuple[Window, ...]:
            if ordinal in self.maybe:
                return (self.week[(ordinal - 1) % 7] or self.stand_in) if how == "working" else ()
            return self.windows(ordinal)

        return windows if self.maybe else self.windows

    def kind(self, ordinal: int) -> Kind:
        """Why a day counts or does not, as the data has it (a day that may go either way: as it is expected)."""
        if ordinal in missing_days(self.zone, date.fromordinal(ordinal).year):
            return "missing"
        special = self.dates.get(ordinal)
        if special is not None:
            return "special" if special else "closed"
        if ordinal in self.working:
            return "make-up"
        if ordinal in self.holidays:
            return "holiday"
        return "working" if self.week[(ordinal - 1) % 7] else "weekend"

    def always(self) -> bool:
        """Whether every hour counts."""
        return self.week == ALWAYS and not (self.holidays or self.dates or self.maybe)

    def edges(self) -> tuple[int | None, int | None]:
        """The first and the last day that open at all, where the week has no windows."""
        if any(self.week):
            return None, None
        days = [ordinal for ordinal, windows in self.dates.items() if windows]
        return min(days), max(days)

    def content(self) -> dict[str, object]:
        """What decides answers, as JSON values in one spelling."""
        return {
            "zone": self.zone,
            "week": {day: [show_window(one) for one in windows] for day, windows in _named(self.week) if windows},
            "holidays": [show_day(one) for one in sorted(self.holidays)],
            "working": [show_day(one) for one in sorted(self.working)],
            "dates": {show_day(day): [show_window(one) for one in self.dates[day]] for day in sorted(self.dates)},
            "maybe": [show_day(one) for one in sorted(self.maybe)],
            "known_from": None if self.known_from is None else show_day(self.known_from),
            "known_until": None if self.known_until is None else show_day(self.known_until),
        }

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of what decides answers; names of holidays and sources do not."""
        return hashlib.sha256(dumps_canonical(self.content())).hexdigest()


def _named(week: tuple[tuple[Window, ...], ...]) -> Iterable[tuple[str, tuple[Window, ...]]]:
    return zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), week, strict=True)


@lru_cache(maxsize=65_536)
def show_day(ordinal: int) -> str:
    """A day as YYYY-MM-DD."""
    return date.fromordinal(ordinal).isoformat()


def schedule(
    zone_name: str,
    week: object = None,
    holidays: Iterable[date] | Mapping[date, str] = (),
    working: Iterable[date] = (),
    dates: Mapping[date, object] | None = None,
    maybe: Iterable[date] = (),
    known_from: date | None = None,
    known_until: date | None = None,
) -> Schedule:
    """A schedule from what people write. Raises BadCalendar that names the field, what was found and wanted."""
    try:
        zone(zone_name)
    except (ValueError, AttributeError):
        raise BadCalendar("zone", zone_name, "the name of an IANA time zone") from None
    names = holidays if isinstance(holidays, Mapping) else dict.fromkeys(_iterable(holidays, "holidays"), "")
    of_week = ALWAYS if week is None else parse_week(week)
    made = Schedule(
        zone=zone_name,
        week=of_week,
        holidays={_ordinal(day, "holidays"): str(name) for day, name in _capped(names, "holidays").items()},
        working=_ordinals(working, "working"),
        dates={
            _ordinal(day, "dates"): parse_windows(texts, f"dates.{day}")
            for day, texts in _capped(dates or {}, "dates").items()
        },
        maybe=_ordinals(maybe, "maybe"),
        known_from=None if known_from is None else _ordinal(known_from, "known_from"),
        known_until=None if known_until is None else _ordinal(known_until, "known_until"),
        stand_in=next((windows for windows in of_week if windows), ()),
    )
    _check(made)
    return made


def _check(made: Schedule) -> None:
    if not made.stand_in and not any(made.dates.values()):
        raise NeverOpens("never open: there are no windows, neither in the week nor in dates")
    for day in sorted(made.working):
        if day in made.holidays:
            raise BadCalendar("working", show_day(day), "a day that is not a holiday too")
        if not made.stand_in and day not in made.dates:
            raise BadCalendar("working", show_day(day), "windows for it under dates, as the week has none")
    if None not in (made.known_from, made.known_until) and (made.known_from or 0) > (made.known_until or 0):
        raise BadCalendar("known_until", show_day(made.known_until or 1), "a day on or after known_from")
    for day in sorted(made.maybe):
        if made.known_until is None or day <= made.known_until:
            raise BadCalendar("maybe", show_day(day), "a day after known_until")


def _iterable(value: Iterable[date], field: str) -> Iterable[date]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise BadCalendar(field, value, "a list of dates")
    return value


def _capped(value: Mapping[date, object] | Mapping[date, str], field: str) -> Mapping[date, object]:
    if not isinstance(value, Mapping):
        raise BadCalendar(field, value, "an object of dates")
    if len(value) > MAX_DAYS:
        raise BadCalendar(field, value, f"at most {MAX_DAYS} days")
    return value


def _ordinals(days: Iterable[date], field: str) -> frozenset[int]:
    found = frozenset(_ordinal(day, field) for day in _iterable(days, field))
    if len(found) > MAX_DAYS:
        raise BadCalendar(field, found, f"at most {MAX_DAYS} days")
    return found


def _ordinal(day: object, field: str) -> int:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise BadCalendar(field, day, "a date")
    if not FIRST_YEAR < day.year < LAST_YEAR:
        raise BadCalendar(field, day, f"a year from {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    return day.toordinal()
