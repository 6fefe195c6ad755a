"""The zones against the raw tables of the pinned package: every change, every missing day, and nothing else."""

import struct
from datetime import date
from importlib.resources import files
from itertools import pairwise

import pytest
import tzdata

from chalicelib.core.zones import (
    DAY,
    SECOND,
    TZ_VERSION,
    first_at,
    last_before,
    midnight,
    missing_days,
    offsets,
    on_wall,
    to_utc,
    year_start,
    zone,
)

ZONES = (files("tzdata") / "zones").read_text().split()
CHECKED = range(1902, 2036)


def _raw_changes(name: str) -> list[tuple[int, int]]:
    """(second, offset after it) for each change of offset in the 64-bit table of a TZif file (RFC 9636)."""
    data = (files("tzdata") / "zoneinfo" / name).read_bytes()

    def counts(at: int) -> tuple[int, ...]:
        return struct.unpack(">6l", data[at + 20 : at + 44])

    isut, isstd, leaps, times, types, chars = counts(0)
    start = 44 + times * 5 + types * 6 + chars + leaps * 8 + isstd + isut
    _, _, _, times, types, _ = counts(start)
    at = start + 44
    moments = struct.unpack(f">{times}q", data[at : at + 8 * times])
    kinds = data[at + 8 * times : at + 9 * times]
    table = [struct.unpack(">lBB", data[at + 9 * times + 6 * i : at + 9 * times + 6 * i + 6])[0] for i in range(types)]
    held, changes = table[0], []
    for moment, kind in zip(moments, kinds, strict=True):
        if table[kind] != held:
            changes.append((moment, table[kind]))
        held = table[kind]
    return changes


def test_names_the_release_of_the_pinned_package() -> None:
    assert tzdata.IANA_VERSION == TZ_VERSION


def test_no_zone_changes_twice_within_a_day() -> None:
    near = [
        (name, one) for name in ZONES for (one, _), (other, _) in pairwise(_raw_changes(name)) if other - one <= 86_400
    ]
    assert near == []


@pytest.mark.parametrize("name", ZONES[::25])
def test_finds_every_change_of_the_raw_table(name: str) -> None:
    low, high = year_start(CHECKED[0]), year_start(CHECKED[-1] + 1)
    found, held = [], None
    for year in CHECKED:
        for since, _, offset in offsets(name, year):
            if held is not None and offset != held:
                found.append((since // SECOND, offset // SECOND))
            held = offset
    raw = _raw_changes(name)
    # The table may end and leave the rest to a rule, so only as far as it goes.
    end = raw[-1][0] if raw else 0
    assert [one for one in found if one[0] <= end] == [one for one in raw if low < one[0] * SECOND < high]


MISSING = [
    ("Pacific/Apia", 2011, date(2011, 12, 30), "Samoa went over the date line"),
    ("Pacific/Fakaofo", 2011, date(2011, 12, 30), "and Tokelau with it"),
    ("Pacific/Kwajalein", 1993, date(1993, 8, 21), "Kwajalein did in 1993"),
    ("Pacific/Kiritimati", 1994, date(1994, 12, 31), "the Line Islands a year later"),
    ("Pacific/Kanton", 1994, date(1994, 12, 31), "and the Phoenix Islands"),
]


@pytest.mark.parametrize(("name", "year", "day", "why"), MISSING)
def test_knows_the_days_that_never_were(name: str, year: int, day: date, why: str) -> None:
    assert missing_days(name, year) == {day.toordinal()}, why


def test_no_other_zone_ever_skipped_a_day() -> None:
    skipped = set()
    for name in ZONES:
        changes = _raw_changes(name)
        jumps = {moment for (_, held), (moment, offset) in pairwise(changes) if offset - held >= 86_400}
        skipped |= {(name, date.fromordinal(719163 + moment // 86_400).year) for moment in jumps if moment > -(2**31)}
    names = {"Pacific/Enderbury": "Pacific/Kanton", "Kwajalein": "Pacific/Kwajalein"}
    assert {(names.get(name, name), year) for name, year in skipped} == {(name, year) for name, year, _, _ in MISSING}


HOUR = 3600 * SECOND


def _wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return midnight(date(year, month, day).toordinal()) + hour * HOUR + minute * 60 * SECOND


EDGES = [
    ("Europe/Berlin", _wall(2026, 3, 29, 2, 30), 0, 0, "a skipped time: the moment of the jump"),
    ("Europe/Berlin", _wall(2026, 10, 25, 2, 30), 0, 1, "a time that comes twice: first and second are an hour apart"),
    ("Asia/Shanghai", _wall(2026, 10, 1), 0, 0, "an ordinary midnight"),
    ("America/Toronto", _wall(1919, 3, 31), 0, 0, "a midnight within a gap that began at 23:30"),
    ("America/Havana", _wall(2025, 11, 2, 0, 30), 0, 1, "the hour after midnight comes twice"),
    ("America/St_Johns", _wall(2010, 11, 7), 0, 1, "at 00:01 back to 23:01: midnight itself comes twice"),
    ("Pacific/Apia", _wall(2011, 12, 30, 12), 0, 0, "noon of a day that never was"),
]


@pytest.mark.parametrize(("name", "wall", "_", "apart", "why"), EDGES, ids=[row[-1] for row in EDGES])
def test_a_time_on_the_wall_has_a_first_and_a_last_instant(name: str, wall: int, _: int, apart: int, why: str) -> None:
    first, last = first_at(name, wall), last_before(name, wall)
    assert last - first == apart * HOUR
    assert on_wall(name, first) >= wall > on_wall(name, first - 1)
    assert on_wall(name, last) >= wall > on_wall(name, last - 1)


def test_a_stretch_that_is_skipped_is_no_time_and_one_that_comes_twice_counts_twice() -> None:
    gap = [(_wall(2026, 3, 29, 2, 10), _wall(2026, 3, 29, 2, 50))]
    twice = [(_wall(2026, 10, 25, 2, 10), _wall(2026, 10, 25, 2, 50))]
    assert list(to_utc("Europe/Berlin", 2026, gap)) == []
    spans = list(to_utc("Europe/Berlin", 2026, twice))
    assert [until - since for since, until in spans] == [40 * 60 * SECOND] * 2
    assert spans[1][0] - spans[0][0] == HOUR


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/", "../x", "Asia//Shanghai", "Asia", "Asia/Shanghái", "zones", "a" * 999, "__init__/x",
     "Asia/__init__/x", "__init__.py", "zone.tab", "a\0b", "Asia/Shanghai/x"],
)  # fmt: skip
def test_refuses_what_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        zone(name)


def test_a_year_is_covered_without_holes() -> None:
    for name in ("UTC", "Africa/Casablanca", "Pacific/Apia", "America/New_York"):
        for year in (1970, 2000, 2011, 2024, 2026):
            pieces = offsets(name, year)
            assert (pieces[0][0], pieces[-1][1]) == (year_start(year), year_start(year + 1))
            assert all(one[1] == other[0] for one, other in pairwise(pieces))
            assert pieces[-1][1] - pieces[0][0] in (365 * DAY, 366 * DAY)
