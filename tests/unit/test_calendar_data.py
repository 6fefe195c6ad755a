"""Compiled calendars as bytes: there and back without loss, and every broken one refused by field."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from chalicelib.core.calendar_data import days_of, dump, load, ranges, shipped, shipped_calendars, shipped_codes
from chalicelib.core.calendars import BadCalendar, Calendar, Source

MADE = Calendar(
    "XX-YY",
    "Asia/Shanghai",
    week={"mon-thu": ["09:00-12:00", "13:00-18:00"], "fri": ["22:00-06:00"], "sat": ["18:00-24:00"]},
    holidays={date(2026, 1, 1): "New Year 元旦", date(2026, 1, 2): ""},
    working=[date(2026, 1, 4)],
    dates={date(2026, 12, 31): ["09:00-12:00"], date(2026, 12, 30): []},
    maybe=[date(2027, 1, day) for day in (1, 2, 3, 5)],
    known_from=date(2026, 1, 1),
    known_until=date(2026, 12, 31),
    sources=[Source("a notice", date(2025, 11, 4), "ab" * 32), Source("a package 1.0")],
)


def test_there_and_back_nothing_is_lost() -> None:
    back = load(dump(MADE))
    assert back == MADE
    assert (back.plan, back.sources, back.digest) == (MADE.plan, MADE.sources, MADE.digest)
    assert dump(back) == dump(MADE), "one content, one spelling"
    always = Calendar("XX", "Asia/Shanghai")
    assert load(dump(always)).plan.always()


@pytest.mark.parametrize("code", shipped_codes())
def test_what_ships_reads_back_as_it_stands(code: str) -> None:
    made = shipped(code)
    assert made is not None and made.code == code
    assert load(dump(made)) == made


def test_what_ships_is_found_by_code_and_nothing_else_is() -> None:
    calendars = shipped_calendars()
    assert calendars.get("CN").known_until is not None
    assert calendars.get("CN") is calendars.get("CN")
    assert calendars.get("Asia/Shanghai").known_until is None
    for code in ("../CN", "cn", "CN.json", "", "QQ", "C" * 99):
        assert shipped(code) is None
        with pytest.raises(ValueError, match="no such time zone"):
            calendars.get(code)


def put(field: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda data: data.__setitem__(field, value)


BROKEN: list[tuple[Callable[[dict[str, Any]], object], str, str]] = [
    (put("v", 2), "v", "a form of a later release"),
    (put("v", "1"), "v", "a form that is text"),
    (put("extra", 1), "extra", "a field that nobody knows"),
    (put("code", ""), "code", "no code"),
    (put("zone", None), "zone", "no zone"),
    (put("zone", "Asia/Peking"), "zone", "a zone that nobody knows"),
    (put("week", []), "week", "a week that is a list"),
    (put("week", {"mon": ["9-12"]}), "week.mon[0]", "a window that is none"),
    (lambda data: data.update(week={}, dates={}, working=[]), "week", "never open"),
    (put("holidays", ["2026-01-01"]), "holidays", "holidays as a list"),
    (put("holidays", {"2026-1-1": ""}), "holidays", "a day in another form"),
    (put("holidays", {"2026-01-01": 1}), "holidays", "a name that is a number"),
    (put("working", {}), "working", "make-up days as an object"),
    (put("working", [20260104]), "working", "a number for a day"),
    (put("working", ["2026-01-04/2026-01-01"]), "working", "days backwards"),
    (put("working", ["2026-01-01"]), "working", "a holiday too"),
    (put("dates", {"2026-12-31": "09:00-12:00"}), "dates.2026-12-31", "text for windows"),
    (put("dates", {"x": []}), "dates", "windows of no day"),
    (put("maybe", ["2026-12-31"]), "maybe", "known and unknown"),
    (put("known_until", 2026), "known_until", "a number for a day"),
    (put("known_from", "2027-01-01"), "known_until", "backwards"),
    (put("sources", [1]), "sources[0]", "a source that is a number"),
    (put("sources", [{"name": "x", "published": "soon"}]), "sources[0].published", "a day that is none"),
    (put("digest", None), "digest", "no digest"),
    (put("digest", "0" * 64), "digest", "another digest"),
    (lambda data: data["holidays"].pop("2026-01-01"), "digest", "a holiday that was taken out"),
    (lambda data: data["week"].pop("sat"), "digest", "a day that was taken out"),
]


@pytest.mark.parametrize(("damage", "field", "why"), BROKEN, ids=[row[-1] for row in BROKEN])
def test_refuses_what_is_broken(damage: Callable[[dict[str, Any]], object], field: str, why: str) -> None:
    data = json.loads(dump(MADE))
    damage(data)
    with pytest.raises(BadCalendar) as caught:
        load(json.dumps(data).encode())
    assert caught.value.field == field


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"null", b" " * 2_000_000], ids=repr)
def test_refuses_what_is_no_calendar_at_all(raw: bytes) -> None:
    with pytest.raises(BadCalendar):
        load(raw)


def test_days_are_written_as_ranges() -> None:
    days = [date(2026, 1, day) for day in (1, 2, 3, 5, 31)] + [date(2026, 2, 1)]
    texts = list(ranges(day.toordinal() for day in days))
    assert texts == ["2026-01-01/2026-01-03", "2026-01-05", "2026-01-31/2026-02-01"]
    assert [day for text in texts for day in days_of(text)] == days
    for text in ("", "2026-01-01/", "2026-01-01/2026-01-32", "2026-01-02/2026-01-01", "0001-01-01/9999-12-31"):
        with pytest.raises(ValueError, match=r"a (date|last day)"):
            days_of(text)
