"""The open time of a calendar as a lazy, endless stream of UTC spans, and the one walk that adds and measures on it.

A stream is opened one UTC year at a time and kept; within a year an instant is found by bisection. Edges: an opening
counts, a closing does not, and a sum that exactly fills a window ends at its closing. A walk never goes further than
MAX_YEARS, and one over a calendar that has no more openings ends at once. Numbers are microseconds of UTC since 1970.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from chalicelib.core.windows import NeverOpens, TooFar, Window, united
from chalicelib.core.zones import FIRST_YEAR, LAST_YEAR, midnight, on_wall, ordinal_at, to_utc, year_of, year_start

MAX_YEARS = 100
"""No walk goes further than this from where it began."""
_KEPT = 256
# Windows of the days around a year may reach into it: zones are up to a day away, nights another.
_AROUND = 3


class Opened:
    """The spans of one UTC year in order, apart, with the open time before each one."""

    __slots__ = ("before", "closes", "opens", "total")

    def __init__(self, spans: Iterator[tuple[int, int]]) -> None:
        self.opens, self.closes, self.before = array("q"), array("q"), array("q")
        self.total = 0
        for since, until in spans:
            self.opens.append(since)
            self.closes.append(until)
            self.before.append(self.total)
            self.total += until - since

    def counted(self, us: int) -> int:
        """Open time of this year before an instant."""
        index = bisect_right(self.opens, us) - 1
        return 0 if index < 0 else self.before[index] + min(us, self.closes[index]) - self.opens[index]

    def earliest(self, count: int) -> int:
        """The earliest instant before which `count` (more than 0, at most the total) has been open."""
        index = bisect_left(self.before, count) - 1
        return self.opens[index] + count - self.before[index]

    def latest(self, count: int) -> int:
        """The latest instant before which no more than `count` (less than the total) has been open."""
        index = bisect_right(self.before, count) - 1
        return self.opens[index] + count - self.before[index]


class Spans:
    """The stream of one calendar. `windows_of` gives the windows of a day (by ordinal) in its zone.

    `first` and `last` are the ordinals of the first and last day that opens at all, where there are such.
    """

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
        self._first = FIRST_YEAR if first is None else year_of(midnight(first - _AROUND))
        self._last = LAST_YEAR if last is None else year_of(midnight(last + _AROUND))
        self._years: dict[int, Opened] = {}

    def year(self, year: int) -> Opened:
        """The spans of one UTC year. What is kept is bounded, and any thread may ask."""
        found = self._years.get(year)
        if found is None:
            if len(self._years) >= _KEPT:
                self._years.clear()
            found = self._years[year] = Opened(to_utc(self._zone, year, self._stretches(year)))
        return found

    def _stretches(self, year: int) -> list[tuple[int, int]]:
        days = range(ordinal_at(year_start(year)) - _AROUND, ordinal_at(year_start(year + 1)) + _AROUND)
        windows_of = self._windows_of
        return united(
            (start + opens, start + closes)
            for ordinal in days
            for start in (midnight(ordinal),)
            for opens, closes in windows_of(ordinal)
        )

    def _on(self, year: int) -> Iterator[int]:
        return self._walk(year, min(year + MAX_YEARS, LAST_YEAR), 1)

    def _back(self, year: int) -> Iterator[int]:
        return self._walk(year, max(year - MAX_YEARS, FIRST_YEAR), -1)

    def _walk(self, year: int, end: int, step: int) -> Iterator[int]:
        for one in range(year, end + step, step):
            if (one > self._last) if step > 0 else (one < self._first):
                raise NeverOpens("the calendar does not open any more in that direction")
            if self._first <= one <= self._last:
                yield one
        raise TooFar(f"further than {MAX_YEARS} years away")

    def add(self, us: int, span: int) -> int:
        """The earliest instant by which `span` (more than 0) of open time has passed since `us`."""
        start = year_of(us)
        for year in self._on(start):
            opened = self.year(year)
            count = span + (opened.counted(us) if year == start else 0)
            if count <= opened.total:
                return opened.earliest(count)
            span = count - opened.total
        raise AssertionError("a walk ends with an answer or an error")

    def subtract(self, us: int, span: int) -> int:
        """The latest instant from which `span` (more than 0) of open time passes until `us`."""
        start = year_of(us)
        for year in self._back(start):
            opened = self.year(year)
            passed = opened.counted(us) if year == start else opened.total
            if span <= passed:
                return opened.latest(passed - span)
            span -= passed
        raise AssertionError("a walk ends with an answer or an error")

    def elapsed(self, since: int, until: int) -> int:
        """Open time between two instants in order."""
        first, last = year_of(since), year_of(until)
        if last - first > MAX_YEARS:
            raise TooFar(f"further than {MAX_YEARS} years away")
        if first < FIRST_YEAR or last > LAST_YEAR:
            raise TooFar(f"outside the years {FIRST_YEAR} to {LAST_YEAR}")
        total = sum(self.year(year).total for year in range(max(first, self._first), min(last, self._last + 1)))
        if self._first <= last <= self._last:
            total += self.year(last).counted(until)
        return total - (self.year(first).counted(since) if self._first <= first <= self._last else 0)

    def stream(self, us: int, until: int | None = None) -> Iterator[tuple[int, int]]:
        """The spans that close after `us`, in order, those that touch joined.

        With `until` it ends with the span that reaches it, the joining too. Without, it raises what a walk raises.
        """
        begun: tuple[int, int] | None = None
        try:
            for span in self.pieces(us, until):
                if begun is not None and begun[1] == span[0]:
                    begun = begun[0], span[1]
                else:
                    if begun is not None:
                        yield begun
                    begun = span
                if until is not None and span[1] >= until:
                    break
        except NeverOpens:
            if begun is not None:
                yield begun
            raise
        if begun is not None:
            yield begun

    def pieces(self, us: int, until: int | None = None) -> Iterator[tuple[int, int]]:
        """The stream with each span in pieces: it is cut at the turn of a year and where the offset changes."""
        for year in self._on(year_of(us)):
            if until is not None and year_start(year) >= until:
                return
            opened = self.year(year)
            for index in range(bisect_right(opened.closes, us), len(opened.closes)):
                yield opened.opens[index], opened.closes[index]

    def is_open(self, us: int) -> bool:
        """Whether the wall shows a time within a window."""
        wall = on_wall(self._zone, us)
        today = ordinal_at(wall)
        for ordinal in (today, today - 1):
            start = midnight(ordinal)
            if any(start + opens <= wall < start + closes for opens, closes in self._windows_of(ordinal)):
                return True
        return False
