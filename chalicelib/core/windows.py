"""Opening hours as people write them: `09:00-12:00`, past midnight `22:00-06:00`, to the end of the day `18:00-24:00`.

A window belongs to the day on which it begins. Mistakes are BadCalendar errors that name the field, what was found and
what was wanted; nothing is guessed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from chalicelib.core.zones import DAY, SECOND

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY: Final = "00:00-24:00"
Window = tuple[int, int]
"""Opening and closing, in microseconds of wall time after 00:00 of its day; a closing past DAY is on the next day."""
MAX_WINDOWS = 12
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))", re.ASCII)


class CalendarError(ValueError):
    """Anything that a calendar refuses."""


class BadCalendar(CalendarError):
    """A calendar that contradicts itself or cannot be read. `found` is a short rendering of the offending value."""

    def __init__(self, field: str, found: object, wanted: str) -> None:
        self.field, self.found, self.wanted = field, brief(found), wanted
        super().__init__(f"{field}: found {self.found}, wanted {wanted}")


class NeverOpens(CalendarError):
    """The calendar has no opening (left) in the direction of the walk."""


class TooFar(CalendarError):
    """The answer lies further away than a walk goes, or beyond the years of a calendar."""


def brief(value: object) -> str:
    """A value on one line of at most 60 characters."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return f"an object of {len(value)}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"a list of {len(value)}"
    text = repr(value[:100]) if isinstance(value, str) else str(value)[:100]
    text = "".join(one if one.isprintable() else " " for one in text)
    return text if len(text) <= 60 else text[:57] + "..."


def parse_window(text: object, field: str) -> Window:
    """One window. Raises BadCalendar."""
    match = _WINDOW.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadCalendar(field, text, "a window like 09:00-18:00 (until 24:00 is the end of the day)")
    hours, minutes = (int(match[3] or match[5]), int(match[4] or match[6]))
    opens = (int(match[1]) * 60 + int(match[2])) * 60 * SECOND
    closes = (hours * 60 + minutes) * 60 * SECOND
    if opens == closes:
        raise BadCalendar(field, text, f"a closing that differs from the opening ({WHOLE_DAY} is a whole day)")
    return opens, closes if closes > opens else closes + DAY


def parse_windows(texts: object, field: str) -> tuple[Window, ...]:
    """The windows of one day in order of time; none is a day that stays closed. Raises BadCalendar."""
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise BadCalendar(field, texts, "a list of windows like 09:00-18:00")
    if len(texts) > MAX_WINDOWS:
        raise BadCalendar(field, texts, f"at most {MAX_WINDOWS} windows a day")
    read = [(parse_window(text, f"{field}[{index}]"), index) for index, text in enumerate(texts)]
    read.sort()
    for (before, _), (after, index) in pairwise(read):
        if after[0] < before[1]:
            raise BadCalendar(f"{field}[{index}]", texts[index], "windows of one day that do not overlap")
    return tuple(window for window, _ in read)


def parse_week(week: object, field: str = "week") -> tuple[tuple[Window, ...], ...]:
    """The windows of Monday to Sunday. Keys are days or ranges of days: `mon`, `mon-fri`. Raises BadCalendar."""
    if not isinstance(week, Mapping):
        raise BadCalendar(field, week, "an object of days, like mon-fri")
    result: list[tuple[Window, ...] | None] = [None] * 7
    for key, texts in week.items():
        named = f"{field}.{brief(key) if not isinstance(key, str) else key[:20]}"
        windows = parse_windows(texts, named)
        for index in _days(key, named):
            if result[index] is not None:
                raise BadCalendar(named, key, f"each day once ({DAYS[index]} is there already)")
            result[index] = windows
    return tuple(windows or () for windows in result)


def _days(key: object, field: str) -> range:
    first, dash, last = key.partition("-") if isinstance(key, str) else ("", "", "")
    if first in DAYS and (last in DAYS if dash else True):
        begin, end = DAYS.index(first), DAYS.index(last if dash else first)
        if begin <= end:
            return range(begin, end + 1)
    raise BadCalendar(field, key, "one of " + ", ".join(DAYS) + ", or a range like mon-fri")


def show_window(window: Window) -> str:
    """A window as `parse_window` reads it."""
    opens, closes = window
    if closes > DAY:
        closes -= DAY
    return f"{_clock(opens)}-{_clock(closes)}"


def _clock(wall: int) -> str:
    minutes = wall // (60 * SECOND)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def united(windows: Iterable[Window]) -> list[Window]:
    """Ordered stretches without overlaps, those that touch joined."""
    result: list[Window] = []
    for opens, closes in windows:
        if result and opens <= result[-1][1]:
            if closes > result[-1][1]:
                result[-1] = result[-1][0], closes
        else:
            result.append((opens, closes))
    return result
