"""The vectors of the law fact base (its calendars sheet), on the calendars that ship; and China day by day."""

import importlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.cli._calendar_recipes import EU, RECIPES
from chalicelib.core.calendar_data import shipped, shipped_codes
from chalicelib.core.calendars import Calendar, NotKnown, add_months, add_years


def calendar(code: str) -> Calendar:
    found = shipped(code)
    assert found is not None, code
    return found


CN, DE, US, KR, ENGLAND = (calendar(code) for code in ("CN", "DE", "US", "KR", "GB-ENG"))


def days_then_roll(where: Calendar, start: date, count: int) -> date:
    return where.roll(start + timedelta(days=count))


COUNTS: list[tuple[str, Callable[[], date], date, str]] = [
    ("CN, 7 working days", lambda: CN.add_working_days(date(2026, 2, 12), 7), date(2026, 2, 28),
     "the 14th and the 28th, both Saturdays, are made up"),
    ("CN, 7 days over New Year", lambda: days_then_roll(CN, date(2026, 2, 10), 7), date(2026, 2, 24),
     "the first day of the lunar year rolls over the whole holiday"),
    ("CN, 7 days to a Saturday", lambda: days_then_roll(CN, date(2026, 9, 12), 7), date(2026, 9, 20),
     "the Sunday after is made up, so it ends the period"),
    ("CN, 7 days to a made-up Sunday", lambda: days_then_roll(CN, date(2026, 9, 13), 7), date(2026, 9, 20), "no roll"),
    ("CN, 60 days", lambda: days_then_roll(CN, date(2026, 8, 2), 60), date(2026, 10, 8), "over National Day"),
    ("DE, 2 working days", lambda: DE.add_working_days(date(2026, 4, 2), 2), date(2026, 4, 8), "over Easter"),
    ("DE, 3 working days", lambda: DE.add_working_days(date(2026, 4, 2), 3), date(2026, 4, 9), "over Easter"),
    ("DE, 14 days", lambda: days_then_roll(DE, date(2026, 12, 11), 14), date(2026, 12, 28), "over Christmas"),
    ("UK, 14 days", lambda: date(2026, 12, 11) + timedelta(days=14), date(2026, 12, 25), "Christmas, and no roll"),
    ("US, 7 working days", lambda: US.add_working_days(date(2026, 9, 5), 7), date(2026, 9, 16), "over Labor Day"),
    ("KR, 3 business days", lambda: KR.add_working_days(date(2026, 9, 22), 3), date(2026, 9, 29), "over Chuseok"),
    ("IN, one month", lambda: add_months(date(2026, 1, 31), 1), date(2026, 2, 28), "not 30 days"),
    ("GDPR, one month", lambda: add_months(date(2026, 8, 31), 1), date(2026, 9, 30), "not 1 October"),
    ("UK CRA", lambda: max(date(2026, 3, 2) + timedelta(30 + 14), date(2026, 4, 10) + timedelta(7)), date(2026, 4, 17),
     "the later of the paused period and the floor"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "count", "wanted", "why"), COUNTS, ids=[row[0] for row in COUNTS])
def test_counts_as_the_law_does(name: str, count: Callable[[], date], wanted: date, why: str) -> None:
    assert count() == wanted, why


def test_an_evidence_clock_runs_in_the_platforms_hours_every_day() -> None:
    platform = Calendar(zone="Asia/Shanghai", week={"mon-sun": ["09:00-18:00"]})

    def due(text: str) -> str:
        found = platform.add(datetime.fromisoformat(f"2026-10-01T{text}:00+08:00"), timedelta(hours=4))
        return (found + timedelta(hours=8)).strftime("%d %H:%M")

    assert (due("10:00"), due("14:01")) == ("01 14:00", "02 09:01")


MONTHS = [
    (date(2026, 1, 31), 1, date(2026, 2, 28), "to the end of a short month"),
    (date(2024, 1, 31), 1, date(2024, 2, 29), "of a leap year"),
    (date(2026, 2, 28), 1, date(2026, 3, 28), "the same day, not the last"),
    (date(2026, 12, 31), 2, date(2027, 2, 28), "over the turn of the year"),
    (date(2026, 3, 31), -1, date(2026, 2, 28), "back"),
    (date(2026, 1, 15), -1, date(2025, 12, 15), "back over the turn of the year"),
    (date(2026, 5, 31), 0, date(2026, 5, 31), "nothing"),
    (date(2024, 2, 29), 12, date(2025, 2, 28), "a year from a leap day"),
]


@pytest.mark.parametrize(("start", "count", "end", "why"), MONTHS, ids=[row[-1] for row in MONTHS])
def test_adds_months(start: date, count: int, end: date, why: str) -> None:
    assert add_months(start, count) == end


def test_adds_years() -> None:
    assert add_years(date(2024, 2, 29), 2) == date(2026, 2, 28)
    assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)
    for count in (8000, -8000):
        with pytest.raises(ValueError, match="outside the years"):
            add_years(date(2024, 2, 29), count)


def test_china_agrees_with_another_source_on_every_day_but_one() -> None:
    other = importlib.import_module("chinese_calendar")
    first, last = date(2004, 1, 1), date(2026, 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    # The sheet names the day: a make-up day for the New Year of 2006, which the other package has not.
    assert [day for day in days if CN.is_working_day(day) != other.is_workday(day)] == [date(2005, 12, 31)]
    assert len(days) == 8401


def test_china_beyond_its_last_plan_is_not_guessed() -> None:
    assert CN.known_until == date(2026, 12, 31), "the newest plan of the pinned package"
    with pytest.raises(NotKnown):
        CN.is_working_day(date(2027, 3, 10))
    with pytest.raises(NotKnown):
        CN.add_working_days(date(2026, 12, 25), 5)
    due = CN.bounds(lambda c: c.add_working_days(date(2026, 12, 25), 7))
    # 28 to 31 December, 4 known days; then three more, the first weekend and week of January either way.
    assert (due.earliest, due.latest, due.provisional) == (date(2027, 1, 4), date(2027, 1, 13), True)
    rolled = CN.bounds(lambda c: c.roll(date(2027, 2, 6)))
    assert rolled.earliest <= date(2027, 2, 9) and rolled.latest >= date(2027, 2, 15)
    assert CN.latest.kind(date(2027, 2, 6)) == CN.earliest.kind(date(2027, 2, 6)) == "holiday", "a festival by law"


def test_no_plan_for_china_so_far_has_moved_a_day_that_the_recipe_holds_for_fixed() -> None:
    swap = RECIPES["CN"].swap
    assert swap is not None
    package = importlib.import_module("holidays")
    table = importlib.import_module("holidays.countries.china").ChinaStaticHolidays.special_public_holidays
    moved = {date(year, row[0], row[1]) for year, rows in table.items() for row in rows}
    law = set(package.country_holidays("CN", years=range(2003, 2028), observed=False)) - moved
    # One holiday was made by decree and once: 70 years after the war. Nothing can foresee such a day.
    law.add(date(2015, 9, 3))
    first = date(2004, 1, 1)
    for day in (first + timedelta(days=n) for n in range((date(2026, 12, 31) - first).days)):
        if day in law or CN.is_working_day(day) == (day.weekday() < 5):
            continue
        low, high = swap.work if CN.is_working_day(day) else swap.off
        assert any(low <= (day - festival).days <= high for festival in law), day


def test_every_shipped_calendar_is_one_that_the_recipes_make() -> None:
    assert shipped_codes() == sorted(RECIPES)
    assert set(EU) <= set(RECIPES) and len(EU) == 27
    for code in shipped_codes():
        made, recipe = calendar(code), RECIPES[code]
        assert (made.code, made.zone) == (code, recipe.zone)
        if recipe.hours:
            assert made.is_working_day(date(2026, 11, 22)) and not made.plan.holidays
            continue
        assert made.known_from == recipe.first_day
        assert made.known_until is not None and made.known_until.year in (2026, 2027)
        assert made.sources and made.sources[0].name == f"holidays 0.109: {code}"
        assert made.is_working_day(date(2026, 11, 19)), code
        assert not made.is_working_day(date(2026, 11, 22)), code


HOLIDAYS = [
    ("FR", date(2026, 7, 14), "Bastille Day"),
    ("IT", date(2026, 6, 2), "Republic Day"),
    ("ES", date(2026, 10, 12), "National Day"),
    ("NL", date(2026, 4, 27), "King's Day"),
    ("DE-BY", date(2026, 11, 1), "All Saints, a Sunday that is a holiday too"),
    ("DE-BW", date(2026, 1, 6), "Epiphany, in the south only"),
    ("GB-ENG", date(2026, 12, 28), "in place of Boxing Day, a Saturday"),
    ("GB-SCT", date(2026, 11, 30), "St Andrew's Day, in Scotland"),
    ("JP", date(2026, 9, 22), "a day between two holidays"),
    ("SG", date(2026, 8, 10), "in place of National Day, a Sunday"),
    ("AU-NSW", date(2026, 10, 5), "Labour Day, in New South Wales"),
    ("BR", date(2026, 9, 7), "Independence Day"),
    ("IN", date(2026, 10, 2), "Gandhi's Birthday"),
    ("ECB", date(2026, 5, 1), "no TARGET on Labour Day"),
    ("US", date(2026, 7, 3), "in place of 4 July, a Saturday"),
    ("KR", date(2026, 7, 17), "Constitution Day, restored in 2026"),
    ("KR", date(2026, 6, 3), "the day of local elections"),
]


@pytest.mark.parametrize(("code", "day", "why"), HOLIDAYS)
def test_knows_the_holidays_of_the_place(code: str, day: date, why: str) -> None:
    assert calendar(code).kind(day) == "holiday", why


def test_a_place_has_its_own_holidays() -> None:
    assert DE.is_working_day(date(2026, 1, 6)) and not calendar("DE-BW").is_working_day(date(2026, 1, 6))
    assert ENGLAND.is_working_day(date(2026, 11, 30))
    assert calendar("ECB").is_working_day(date(2026, 10, 3) + timedelta(days=-1))


def test_working_hours_of_a_place_are_all_hours_of_its_working_days() -> None:
    thursday = datetime(2026, 4, 2, 12, tzinfo=UTC)
    assert DE.add(thursday, timedelta(hours=24)) == datetime(2026, 4, 7, 12, tzinfo=UTC)
    saturday = datetime(2026, 2, 14, 2, tzinfo=UTC)
    assert CN.is_open(saturday), "a make-up Saturday"
