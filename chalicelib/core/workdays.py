"""Counting in whole days: working days (those on which at least one window begins), and months and years.

One local year at a time is listed and kept; a count is then a bisection and an index. The day that a count starts from
is never counted. Days are ordinals; a day that its zone skipped is no working day.
"""

from array import array
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable
from datetime import date

from chalicelib.core.spans import MAX_YEARS
from chalicelib.core.windows import NeverOpens, TooFar, Window
from chalicelib.core.zones import FIRST_YEAR, LAST_YEAR, missing_days

_KEPT = 256


def year_at(ordinal: int) -> int:
    """The year of a day. Raises TooFar outside the years of a calendar."""
    try:
        year = date.fromordinal(ordinal).year
    except (ValueError, OverflowError):
        year = 0
    if not FIRST_YEAR < year < LAST_YEAR:
        raise TooFar(f"outside the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    return year


def add_months(day: date, count: int) -> date:
    """The same day of the month `count` months on (back, below 0), or the last of a month that has no such day.

    So one month from 31 January ends in February, as the month rules of the law sheets have it. Raises TooFar.
    """
    months = day.year * 12 + day.month - 1 + count
    year, month = months // 12, months % 12 + 1
    if not FIRST_YEAR < year < LAST_YEAR:
        raise TooFar(f"outside the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_years(day: date, count: int) -> date:
    """The same day `count` years on; from 29 February to a common year, 28 February. Raises TooFar."""
    return add_months(day, 12 * count)


class WorkDays:
    """The working days of one calendar; `first` and `last` are as in Spans."""

    __slots__ = ("_first", "_last", "_windows_of", "_years", "_zone")

    def __init__(
        self,
        zone: str,
        windows_of: Callable[[int], tuple[Window, ...]],
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        self._zone = zone
        self._windows_of = windows_of
        self._first = FIRST_YEAR + 1 if first is None else year_at(first)
        self._last = LAST_YEAR - 1 if last is None else year_at(last)
        self._years: dict[int, array[int]] = {}

    def year(self, year: int) -> "array[int]":
        """The working days of one year in order. What is kept is bounded, and any thread may ask."""
        found = self._years.get(year)
        if found is None:
            if len(self._years) >= _KEPT:
                self._years.clear()
            missing = missing_days(self._zone, year)
            days = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
            found = array("q", (day for day in days if self._windows_of(day) and day not in missing))
            self._years[year] = found
        return found

    def is_working(self, ordinal: int) -> bool:
        days = self.year(year_at(ordinal))
        index = bisect_left(days, ordinal)
        return index < len(days) and days[index] == ordinal

    def after(self, ordinal: int, count: int) -> int:
        """The `count`-th (from 1) working day after a day."""
        year = start = year_at(ordinal)
        days = self.year(year)
        index = bisect_right(days, ordinal) + count - 1
        while index >= len(days):
            index -= len(days)
            year += 1
            if year > self._last:
                raise NeverOpens("the calendar has no working day any more")
            if year - start > MAX_YEARS:
                raise TooFar(f"further than {MAX_YEARS} years away")
            days = self.year(year)
        return days[index]

    def before(self, ordinal: int, count: int) -> int:
        """The `count`-th (from 1) working day before a day."""
        year = start = year_at(ordinal)
        days = self.year(year)
        index = bisect_left(days, ordinal) - count
        while index < 0:
            year -= 1
            if year < self._first:
                raise NeverOpens("the calendar has no working day before that")
            if start - year > MAX_YEARS:
                raise TooFar(f"further than {MAX_YEARS} years away")
            days = self.year(year)
            index += len(days)
        return days[index]

    def between(self, since: int, until: int) -> int:
        """Working days after `since`, up to and with `until` (not before `since`)."""
        first, last = year_at(since), year_at(until)
        if last - first > MAX_YEARS:
            raise TooFar(f"further than {MAX_YEARS} years away")
        total = sum(len(self.year(year)) for year in range(first, last))
        return total + bisect_right(self.year(last), until) - bisect_right(self.year(first), since)
