"""One deadline of ten working days over Christmas, beside businesstimedelta and workalendar in the same run.

First all three must give the same days; then each is timed. The aim: at most 20 microseconds, and at least 20 times as
fast as either. Writes docs/bench/calendar.json, asserts no time.
"""

import importlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter, process_time
from timeit import repeat

import pytest

from chalicelib.core.calendar_data import SHIPPED, load
from chalicelib.core.calendars import Calendar
from tests.bench.figures import at_least, at_most, save

pytestmark = pytest.mark.bench

DEADLINE = "deadline: instant to the end of the 10th working day"
DAYS = 10
HOURS = 9 * DAYS
# Every ten working days from these noons go over Christmas and New Year.
STARTS = [day for n in range(14) if (day := date(2026, 12, 11) + timedelta(days=n)).weekday() < 5 and day.day < 24]


def cost(call: Callable[[], object], rounds: int) -> float:
    """Microseconds of this process for one call, the best of five."""
    return min(repeat(call, timer=process_time, number=rounds, repeat=5)) / rounds * 1e6


def germany() -> Calendar:
    return load((SHIPPED / "DE.json").read_bytes())


def office(days: Calendar) -> Calendar:
    holidays = [date.fromordinal(day) for day in days.plan.holidays]
    return Calendar("OFFICE", "Europe/Berlin", {"mon-fri": ["09:00-18:00"]}, holidays)


def test_ten_working_days_beside_others() -> None:
    business, european = importlib.import_module("businesstimedelta"), importlib.import_module("workalendar.europe")
    berlin = importlib.import_module("pytz").timezone("Europe/Berlin")
    ours = germany()
    hours = office(ours)
    theirs = european.Germany()
    holidays = {date.fromordinal(day) for day in ours.plan.holidays}
    rules = business.Rules(
        [
            business.WorkDayRule(time(9), time(18), [0, 1, 2, 3, 4], tz=berlin),
            business.HolidayRule(holidays, tz=berlin),
        ]
    )
    span, whole = business.BusinessTimeDelta(rules, hours=HOURS), timedelta(hours=HOURS)
    moments = [datetime.combine(day, time(11), tzinfo=UTC) for day in STARTS]

    def deadline(moment: datetime) -> datetime:
        return ours.end_of(ours.add_working_days(ours.day(moment), DAYS))

    for day, moment in zip(STARTS, moments, strict=True):
        due = ours.add_working_days(day, DAYS)
        assert due == theirs.add_working_days(day, DAYS) == (moment + span).astimezone(berlin).date()
        assert hours.add(moment, whole) == moment + span
        assert ours.day(deadline(moment) - timedelta(microseconds=1)) == due

    def all_of(one: Callable[[datetime], object], rounds: int) -> float:
        return cost(lambda: [one(moment) for moment in moments], rounds) / len(moments)

    taken = {
        DEADLINE: all_of(deadline, 2000),
        "the 10th working day": cost(lambda: [ours.add_working_days(day, DAYS) for day in STARTS], 2000) / len(STARTS),
        "workalendar": cost(lambda: [theirs.add_working_days(day, DAYS) for day in STARTS], 50) / len(STARTS),
        "add 90 working hours": all_of(lambda moment: hours.add(moment, whole), 2000),
        "businesstimedelta": all_of(lambda moment: moment + span, 20),
        "measure a month of working hours": all_of(lambda moment: hours.elapsed(moment, moment + timedelta(30)), 2000),
    } | _cold()
    times = {
        "workalendar": taken["workalendar"] / taken["the 10th working day"],
        "businesstimedelta": taken["businesstimedelta"] / taken["add 90 working hours"],
    }
    save(
        "calendar",
        {
            "task": f"{DAYS} working days over Christmas in Germany, from {len(STARTS)} starts; all three agree",
            "microseconds": {name: round(value, 2) for name, value in taken.items()},
            "times as fast as": {name: round(value, 1) for name, value in times.items()},
        },
        [
            at_most("a deadline of ten working days across holidays", taken[DEADLINE], 20, "microseconds", 1),
            *(at_least(f"the same, times as fast as {name}", factor, 20) for name, factor in times.items()),
        ],
    )


def _cold() -> dict[str, float]:
    raw = (SHIPPED / "CN.json").read_bytes()
    start = perf_counter()
    made = load(raw)
    loaded = perf_counter()
    made.add_working_days(date(2026, 2, 12), 7)
    counted = perf_counter()
    return {
        "once: read a compiled calendar": (loaded - start) * 1e6,
        "once: the first count in a year": (counted - loaded) * 1e6,
    }
