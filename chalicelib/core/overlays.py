"""An overlay: what a notice changes in a calendar, and the calendar with it.

What the overlay says wins over what was there; what it does not name stays. It never shortens what is known, and what
was only expected within the days that it makes known is dropped. `chalicelib.rules.overlay` reads the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from chalicelib.core.calendars import BadCalendar, Calendar, Source
from chalicelib.core.windows import show_window


@dataclass(frozen=True, slots=True)
class Overlay:
    """`holidays` (with names), make-up days, days taken back to the ordinary week, and windows of single dates."""

    calendar: str
    source: Source
    holidays: Mapping[date, str] = field(default_factory=dict)
    working: frozenset[date] = frozenset()
    ordinary: frozenset[date] = frozenset()
    dates: Mapping[date, tuple[str, ...]] = field(default_factory=dict)
    known_until: date | None = None


def apply(calendar: Calendar, overlay: Overlay) -> Calendar:
    """The calendar with what the overlay says. Raises BadCalendar for an overlay of another calendar."""
    if overlay.calendar != calendar.code:
        raise BadCalendar("calendar", overlay.calendar, calendar.code)
    plan, old = calendar.plan, calendar.known_until
    until = old if overlay.known_until is None or old is None else max(old, overlay.known_until)

    def expected(day: date) -> bool:
        return old is not None and until is not None and old < day <= until

    named = overlay.working | overlay.ordinary | overlay.holidays.keys() | overlay.dates.keys()
    holidays = {date.fromordinal(day): name for day, name in plan.holidays.items()}
    working = {date.fromordinal(day) for day in plan.working}
    dates = {date.fromordinal(day): [show_window(one) for one in found] for day, found in plan.dates.items()}
    return Calendar(
        calendar.code,
        calendar.zone,
        {name: [show_window(one) for one in plan.week[index]] for index, name in enumerate(_DAYS)},
        {day: name for day, name in holidays.items() if day not in named and not expected(day)}
        | dict(overlay.holidays),
        {day for day in working if day not in named and not expected(day)} | overlay.working,
        {day: found for day, found in dates.items() if day not in named and not expected(day)}
        | {day: list(found) for day, found in overlay.dates.items()},
        [day for day in map(date.fromordinal, plan.maybe) if day not in named and (until is None or day > until)],
        calendar.known_from,
        until,
        (*calendar.sources, overlay.source),
    )


def unnamed(calendar: Calendar, overlay: Overlay) -> dict[date, str]:
    """Holidays that the calendar expected on days of work, that the overlay makes known and says nothing of: they are
    ordinary days then. Where a notice was copied in part, they are what is missing."""
    plan, old, until = calendar.plan, calendar.known_until, overlay.known_until
    if old is None or until is None:
        return {}
    named = overlay.working | overlay.ordinary | overlay.holidays.keys() | overlay.dates.keys()
    ahead = {date.fromordinal(day): name for day, name in sorted(plan.holidays.items())}
    return {
        day: name for day, name in ahead.items() if old < day <= until and day not in named and plan.week[day.weekday()]
    }


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
