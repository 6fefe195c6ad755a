"""Counting in whole days: working days (those on which at least one window begins), and months and years.

Years are listed as they are asked for and kept; a count is then two look-ups. The day that a count starts from is never
counted. Days are ordinals; a day that its zone skipped is no working day.
"""

from array import array
from calendar import monthrange
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

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


class Table(NamedTuple):
    """Some years in a row: how many working days come up to each day (`ranks`), and which days they are (`days`)."""

    first: int
    last: int
    base: int
    end: int
    ranks: "array[int]"
    days: "array[int]"


class WorkDays:
    """The working days of one calendar; `first` and `last` are as in Spans. Any thread may ask."""

    __slots__ = ("_first", "_last", "_table", "_windows_of", "_zone")

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
        self._table = Table(0, -1, 0, 0, array("i"), array("i"))

    def _reach(self, first: int, last: int) -> Table:
        """A table with all years from `first` to `last`; a longer one than is kept is begun anew."""
        held = self._table
        if held.last < held.first or max(last, held.last) - min(first, held.first) >= _KEPT:
            held = self._years(first, last)
        if first < held.first:
            held = _joined(self._years(first, held.first - 1), held)
        if last > held.last:
            held = _joined(held, self._years(held.last + 1, last))
        self._table = held
        return held

    def _years(self, first: int, last: int) -> Table:
        base, end = date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal() + 1
        missing = frozenset[int]().union(*(missing_days(self._zone, year) for year in range(first, last + 1)))
        days = array("i", (day for day in range(base, end) if self._windows_of(day) and day not in missing))
        ranks, rank = array("i"), 0
        for day in range(base, end):
            rank += rank < len(days) and days[rank] == day
            ranks.append(rank)
        return Table(first, last, base, end, ranks, days)

    def is_working(self, ordinal: int) -> bool:
        table = self._table
        if not table.base <= ordinal < table.end:
            year = year_at(ordinal)
            table = self._reach(year, year)
        rank = table.ranks[ordinal - table.base]
        return rank > 0 and table.days[rank - 1] == ordinal

    def after(self, ordinal: int, count: int) -> int:
        """The `count`-th (from 1) working day after a day."""
        table = self._table
        if table.base <= ordinal < table.end:
            at = table.ranks[ordinal - table.base] + count - 1
            if at < len(table.days):
                return table.days[at]
        start = year_at(ordinal)
        for year in range(start, start + MAX_YEARS + 1):
            if year > self._last:
                raise NeverOpens("the calendar has no working day any more")
            table = self._reach(start, year)
            at = table.ranks[ordinal - table.base] + count - 1
            if at < len(table.days):
                return table.days[at]
        raise TooFar(f"further than {MAX_YEARS} years away")

    def before(self, ordinal: int, count: int) -> int:
        """The `count`-th (from 1) working day before a day."""
        start = year_at(ordinal)
        for year in range(start, start - MAX_YEARS - 1, -1):
            if year < self._first:
                raise NeverOpens("the calendar has no working day before that")
            table = self._reach(year, start)
            rank = table.ranks[ordinal - table.base]
            at = rank - count - (rank > 0 and table.days[rank - 1] == ordinal)
            if at >= 0:
                return table.days[at]
        raise TooFar(f"further than {MAX_YEARS} years away")

    def between(self, since: int, until: int) -> int:
        """Working days after `since`, up to and with `until` (not before `since`)."""
        first, last = year_at(since), year_at(until)
        if last - first > MAX_YEARS:
            raise TooFar(f"further than {MAX_YEARS} years away")
        table = self._reach(first, last)
        return table.ranks[until - table.base] - table.ranks[since - table.base]


def _joined(one: Table, other: Table) -> Table:
    """A table and the one of the years right after it."""
    before = len(one.days)
    ranks = one.ranks + array("i", (rank + before for rank in other.ranks))
    return Table(one.first, other.last, one.base, other.end, ranks, one.days + other.days)
