"""The laws of the calendar kernel over every zone of the pinned data and weeks of all sorts.

The oracle is the clock on the wall: time counts exactly while it shows a time within a window.
"""

from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.core.calendars import Calendar, NeverOpens, zone
from chalicelib.core.windows import DAYS
from chalicelib.core.zones import from_us, offsets, on_wall, to_us

ZONES = (files("tzdata") / "zones").read_text().split()
MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@st.composite
def windows(draw: st.DrawFn, most: int = 3) -> list[str]:
    """Windows of one day, apart; the last one may go past midnight."""
    count = draw(st.integers(0, most))
    edges = sorted(draw(st.sets(st.integers(0, DAY_MINUTES), min_size=2 * count, max_size=2 * count)))
    pairs = [(edges[i], edges[i + 1]) for i in range(0, 2 * count, 2)]
    texts = [f"{_clock(opens)}-{_clock(closes)}" for opens, closes in pairs]
    if pairs and pairs[-1][0] > 0 and draw(st.booleans()):
        texts[-1] = f"{_clock(pairs[-1][0])}-{_clock(draw(st.integers(0, pairs[-1][0] - 1)))}"
    return texts


weeks = st.dictionaries(st.sampled_from(DAYS), windows(), min_size=1).filter(lambda week: any(week.values()))
zones = st.sampled_from(ZONES)
days = st.dates(date(1960, 1, 1), date(2060, 12, 31))


@st.composite
def near_changes(draw: st.DrawFn, name: str) -> datetime:
    """An instant, more often than not close to a change of the zone's clocks."""
    year = draw(st.integers(1960, 2060))
    pieces = offsets(name, year)
    around = draw(st.sampled_from(pieces))[0]
    moved = timedelta(minutes=draw(st.integers(-4 * DAY_MINUTES, 4 * DAY_MINUTES)))
    return from_us(around) + moved + timedelta(microseconds=draw(st.integers(0, 9)))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar, and an instant at which something may happen in it."""
    name = draw(zones)
    moment = draw(near_changes(name))
    local = moment.astimezone(zone(name)).date()
    nearby = st.integers(-12, 12).map(lambda n: local + timedelta(days=n))
    holidays = draw(st.sets(nearby, max_size=5))
    working = draw(st.sets(nearby, max_size=3)) - holidays
    dates = draw(st.dictionaries(nearby, windows(), max_size=3))
    return Calendar(zone=name, week=draw(weeks), holidays=holidays, working=working, dates=dates), moment


spans = st.one_of(
    st.timedeltas(timedelta(0), timedelta(hours=30)),
    st.integers(0, 5000).map(lambda n: n * MINUTE),
    st.timedeltas(timedelta(0), timedelta(days=200)),
)


def _within_reach(calendar: Calendar, span: timedelta) -> timedelta:
    """No more than three years of weeks, however little a week is open: a walk is bounded."""
    weekly = sum(closes - opens for windows in calendar.plan.week for opens, closes in windows)
    return min(span, 150 * timedelta(microseconds=weekly))


unhurried = settings(deadline=None)


@unhurried
@given(calendars(), spans)
def test_measuring_takes_back_what_adding_added(made: tuple[Calendar, datetime], span: timedelta) -> None:
    calendar, start = made
    span = _within_reach(calendar, span)
    end = calendar.add(start, span)
    assert end >= start
    assert calendar.elapsed(start, end) == span
    assert calendar.elapsed(end, start) == -span
    if span:
        assert calendar.elapsed(start, end - timedelta(microseconds=1)) < span, "it is the earliest such instant"


@unhurried
@given(calendars(), spans)
def test_subtracting_is_adding_in_a_mirror(made: tuple[Calendar, datetime], span: timedelta) -> None:
    calendar, end = made
    span = _within_reach(calendar, span)
    start = calendar.subtract(end, span)
    assert start <= end
    assert calendar.elapsed(start, end) == span
    if span:
        assert calendar.is_open(start), "it begins at an opening, never at a closing"
        assert calendar.elapsed(start + timedelta(microseconds=1), end) < span, "it is the latest such instant"


@unhurried
@given(calendars(), spans, spans)
def test_adding_twice_is_adding_the_sum(made: tuple[Calendar, datetime], one: timedelta, other: timedelta) -> None:
    calendar, start = made
    one, other = _within_reach(calendar, one), _within_reach(calendar, other)
    assert calendar.add(calendar.add(start, one), other) == calendar.add(start, one + other)
    middle, end = start + one, start + one + other
    assert calendar.elapsed(start, end) == calendar.elapsed(start, middle) + calendar.elapsed(middle, end)


@unhurried
@given(calendars(), st.integers(1, 4 * DAY_MINUTES))
def test_time_counts_exactly_while_the_wall_shows_a_time_within_a_window(
    made: tuple[Calendar, datetime], minutes: int
) -> None:
    calendar, start = made
    start = start.replace(second=0, microsecond=0)
    # Offsets of whole minutes, so that no window opens or closes within one.
    assume(all(piece[2] % 60_000_000 == 0 for piece in offsets(calendar.zone, start.year)))
    end = start + minutes * MINUTE
    counted = sum(_shows_a_window(calendar, start + n * MINUTE) for n in range(minutes))
    assert calendar.elapsed(start, end) == counted * MINUTE
    periods = list(calendar.periods(start, end))
    assert sum((until - since for since, until in periods), timedelta(0)) == counted * MINUTE
    assert all(one[1] < other[0] for one, other in pairwise(periods)), "apart and in order"
    for since, until in periods:
        assert calendar.is_open(since) and not (until < end and calendar.is_open(until))
        assert calendar.next_open(since) == since
        close = calendar.next_close(since)
        assert close == until or (until == end and close is not None and close > end)


def _shows_a_window(calendar: Calendar, moment: datetime) -> bool:
    """By Python's own local time, with none of the kernel's arithmetic."""
    wall = moment.astimezone(zone(calendar.zone))
    minute = wall.hour * 60 + wall.minute
    for back in (0, 1):
        ordinal = wall.date().toordinal() - back
        for opens, closes in calendar.plan.windows(ordinal):
            if opens <= (minute + back * DAY_MINUTES) * 60_000_000 < closes:
                return True
    return False


@unhurried
@given(calendars())
def test_what_is_next_is_next(made: tuple[Calendar, datetime]) -> None:
    calendar, moment = made
    opens = calendar.next_open(moment)
    assert opens >= moment and calendar.is_open(opens)
    assert calendar.elapsed(moment, opens) == timedelta(0)
    assert calendar.is_open(moment) == (opens == moment)
    closes = calendar.next_close(moment)
    if closes is not None:
        assert closes > opens and not calendar.is_open(closes)
        assert calendar.elapsed(opens, closes) == closes - opens


@unhurried
@given(calendars(), st.integers(-400, 400))
def test_counting_working_days_takes_back_what_adding_them_added(made: tuple[Calendar, datetime], count: int) -> None:
    calendar, moment = made
    day = calendar.day(moment)
    found = calendar.add_working_days(day, count)
    if count:
        assert calendar.is_working_day(found)
        assert (found > day) == (count > 0)
    if count >= 0:
        assert calendar.working_days(day, found) == count
    else:
        between = sum(calendar.is_working_day(found + timedelta(n)) for n in range((day - found).days))
        assert between == -count


@unhurried
@given(calendars())
def test_a_roll_stops_at_the_nearest_working_day(made: tuple[Calendar, datetime]) -> None:
    calendar, moment = made
    day = calendar.day(moment)
    for direction, step in (("forward", 1), ("backward", -1)):
        rolled = calendar.roll(day, direction)  # type: ignore[arg-type]
        assert calendar.is_working_day(rolled)
        passed = range(0, (rolled - day).days, step)
        assert not any(calendar.is_working_day(day + timedelta(n)) for n in passed)
        everything_but = {"weekend", "holiday", "closed", "missing"}
        assert calendar.roll(day, direction, everything_but) == rolled  # type: ignore[arg-type]


@unhurried
@given(zones, st.data())
def test_a_day_ends_after_every_moment_that_shows_it(name: str, data: st.DataObject) -> None:
    calendar, moment = Calendar(zone=name), data.draw(near_changes(name))
    day = calendar.day(moment)
    end = calendar.end_of(day)
    assert moment < end
    assert calendar.day(end) > day
    # Even where clocks went back over midnight, or skipped it, the last moment before the end is of the day itself.
    assert calendar.day(end - timedelta(microseconds=1)) == day
    assert calendar.start_of(day) <= moment
    assert calendar.day(calendar.start_of(day)) == day


@unhurried
@given(zones, st.data(), st.integers(-500, 500))
def test_days_keep_the_time_on_the_wall(name: str, data: st.DataObject, count: int) -> None:
    calendar, moment = Calendar(zone=name), data.draw(near_changes(name))
    wanted = on_wall(name, to_us(moment)) + count * 86_400_000_000
    found = to_us(calendar.add_days(moment, count))
    assert on_wall(name, found) >= wanted > on_wall(name, found - 1)


@unhurried
@given(zones, st.data())
def test_a_calendar_of_single_dates_is_over_after_the_last(name: str, data: st.DataObject) -> None:
    day = data.draw(days)
    texts = data.draw(windows().filter(bool))
    try:
        calendar = Calendar(zone=name, week={}, dates={day: texts})
    except NeverOpens:
        return
    start = calendar.start_of(day) - timedelta(days=2)
    span = calendar.elapsed(start, start + timedelta(days=8))
    assert span > timedelta(0)
    assert calendar.subtract(calendar.add(start, span), span) == calendar.next_open(start)
    assert calendar.elapsed(start - timedelta(days=9999), start + timedelta(days=9999)) == span
    for ask in (lambda: calendar.add(start, span + MINUTE), lambda: calendar.next_open(calendar.add(start, span))):
        try:
            ask()
        except NeverOpens:
            continue
        raise AssertionError("found an opening after the last one")


asked = st.lists(st.tuples(st.dates(date(1700, 1, 1), date(2600, 12, 31)), st.integers(-90, 90)), max_size=5)


@settings(deadline=None, max_examples=40)
@given(asked)
def test_what_a_calendar_was_asked_before_changes_no_answer(questions: list[tuple[date, int]]) -> None:
    told = Calendar(zone="Pacific/Apia", week={"mon-sat": ["08:00-12:00"]}, holidays=[date(2011, 12, 29)])
    for day, count in questions:
        fresh = Calendar(zone="Pacific/Apia", week={"mon-sat": ["08:00-12:00"]}, holidays=[date(2011, 12, 29)])
        noon, span = fresh.start_of(day) + timedelta(hours=12), timedelta(hours=count)
        assert told.add_working_days(day, count) == fresh.add_working_days(day, count)
        assert told.is_working_day(day) == fresh.is_working_day(day) == (fresh.kind(day) == "working")
        assert told.add(noon, span) == fresh.add(noon, span)
