"""Local time and UTC: the zones of the pinned `tzdata` package, and the one place where gaps and overlaps are resolved.

It must never read the machine's zone data, so that one policy gives one answer everywhere. The rule, whatever the
clocks do: a local stretch is the set of instants at which a clock on the wall shows a time within it. An hour that is
skipped is therefore no time at all, an hour that comes twice counts twice, a day that never was (Apia, 2011-12-30) is
empty. Numbers are whole microseconds, of UTC since 1970 or of the wall since the same wall date.
"""

import zoneinfo
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files

import tzdata

from chalicelib.core.instants import EPOCH

TZ_VERSION = tzdata.IANA_VERSION
"""Release of the zone data, kept with each verdict."""

SECOND = 1_000_000
DAY = 86_400 * SECOND
FIRST_YEAR, LAST_YEAR = 2, 9998
"""Years in which a local time of any zone still has an instant that a datetime can hold."""
_ZONES = files("tzdata").joinpath("zoneinfo")
_EPOCH_ORDINAL = EPOCH.toordinal()
_DAY_SPAN = timedelta(days=1)
# No zone is further from UTC than this, the day-long jumps across the date line included.
_REACH = 2 * DAY


@lru_cache(maxsize=1024)
def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of an IANA name. Raises ValueError for a name that the pinned data does not know."""
    # A name is only ever looked up as a file, never imported: strangers send it.
    parts = name.split("/")
    try:
        if not name.isascii() or any(part in ("", ".", "..") for part in parts):
            raise ValueError
        with _ZONES.joinpath(*parts).open("rb") as data:
            return zoneinfo.ZoneInfo.from_file(data, key=name)
    except (ValueError, OSError):
        raise ValueError(f"no such time zone: {name[:64]!r}") from None


def to_us(moment: datetime) -> int:
    """Microseconds of UTC since 1970 of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs a zone")
    since = moment - EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def from_us(value: int) -> datetime:
    """The instant so many microseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(microseconds=value)


def midnight(ordinal: int) -> int:
    """00:00 on the wall of the day with this ordinal."""
    return (ordinal - _EPOCH_ORDINAL) * DAY


def ordinal_at(wall: int) -> int:
    """The ordinal of the day that the wall shows."""
    return wall // DAY + _EPOCH_ORDINAL


@lru_cache(maxsize=16_384)
def year_start(year: int) -> int:
    """00:00 of 1 January, on the wall or in UTC."""
    return midnight(date(year, 1, 1).toordinal())


@lru_cache(maxsize=4096)
def offsets(name: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """The pieces (from, until, offset) of one UTC year over which a zone keeps one offset from UTC, in order.

    Raises ValueError for an unknown zone, and for a year outside FIRST_YEAR to LAST_YEAR.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"year {year} is outside {FIRST_YEAR} to {LAST_YEAR}")
    where = zone(name)
    pieces: list[tuple[int, int, int]] = []
    since = year_start(year)
    before, held = datetime(year, 1, 1, tzinfo=UTC), _offset(where, datetime(year, 1, 1, tzinfo=UTC))
    # One look a day is enough: no zone has ever changed twice within a day (a test holds the data to it).
    for _ in range(366 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 365):
        after = before + _DAY_SPAN
        offset = _offset(where, after)
        if offset != held:
            change = _change(where, before, held)
            pieces.append((since, change, held))
            since, held = change, offset
        before = after
    if since < year_start(year + 1):
        pieces.append((since, year_start(year + 1), held))
    return tuple(pieces)


def _offset(where: zoneinfo.ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(where).utcoffset()
    assert offset is not None
    return offset.days * DAY + offset.seconds * SECOND


def _change(where: zoneinfo.ZoneInfo, before: datetime, held: int) -> int:
    """The instant, within a day after `before`, from which the offset is no longer `held`."""
    low, high = 0, 86_400
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(where, before + timedelta(seconds=middle)) == held:
            low = middle
        else:
            high = middle
    return to_us(before) + high * SECOND


def _pieces(name: str, since: int, until: int) -> tuple[tuple[int, int, int], ...]:
    """The pieces of all years that the stretch touches, in order; a piece may end where the next has its offset."""
    first, last = year_of(since), year_of(until)
    if first == last:
        return offsets(name, first)
    return tuple(piece for year in range(first, last + 1) for piece in offsets(name, year))


def year_of(us: int) -> int:
    """The UTC year of an instant. Raises OverflowError beyond the years of a datetime."""
    return date.fromordinal(ordinal_at(us)).year


def first_at(name: str, wall: int) -> int:
    """The first instant at which the wall shows `wall` or, where that is skipped, the first one after the gap."""
    pieces = _pieces(name, wall - _REACH, wall + _REACH)
    for since, until, offset in pieces:
        if wall - offset < until:
            return max(since, wall - offset)
    raise ValueError("beyond the years of a calendar")


def last_before(name: str, wall: int) -> int:
    """The end of all instants at which the wall shows less than `wall`: where it comes twice, the second time."""
    pieces = _pieces(name, wall - _REACH, wall + _REACH)
    for since, until, offset in reversed(pieces):
        if wall - offset > since:
            return min(until, wall - offset)
    raise ValueError("beyond the years of a calendar")


def on_wall(name: str, us: int) -> int:
    """What the wall shows at an instant."""
    pieces = offsets(name, year_of(us))
    if len(pieces) == 1:
        return us + pieces[0][2]
    return us + pieces[bisect_right(pieces, us, key=lambda piece: piece[0]) - 1][2]


def missing_days(name: str, year: int) -> frozenset[int]:
    """Ordinals of the days around a UTC year that its clocks skipped whole, as when the date line was moved."""
    found: list[int] = []
    held: int | None = None
    for since, _, offset in _pieces(name, year_start(year) - DAY, year_start(year + 1) + DAY):
        if held is not None and offset - held >= DAY:
            # A day is missing if its first moment and its last lie within what was skipped.
            found.extend(range(ordinal_at(since + held - 1) + 1, ordinal_at(since + offset)))
        held = offset
    return frozenset(found)


def to_utc(name: str, year: int, stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The instants of one UTC year that lie in stretches of wall time (ordered, apart), as ordered spans.

    This is the one method that decides gaps and overlaps; see the rule at the top. Spans touch where the offset changes
    within a stretch.
    """
    for since, until, offset in offsets(name, year):
        low, high = since + offset, until + offset
        index = max(bisect_right(stretches, low, key=lambda stretch: stretch[0]) - 1, 0)
        for opens, closes in stretches[index:]:
            if opens >= high:
                break
            if closes > low:
                yield max(opens, low) - offset, min(closes, high) - offset
