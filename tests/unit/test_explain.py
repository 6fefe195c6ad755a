"""Every deadline explains itself: the intervals leave no gap, and what counted adds up to the limit."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.calendars import Calendars
from chalicelib.core.clocks import Reading
from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.core.explain import explanation, intervals, sentences
from chalicelib.core.rules import Days, FromDue, Limit, Pause, Point, Policy, Rule, Span, Step, Until
from chalicelib.core.words import Status
from chalicelib.rules.judge import Judge

ZONE = "Asia/Shanghai"
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
"""14:00 in Shanghai."""


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def reading(
    limit: Limit,
    now: datetime,
    pauses: list[tuple[float, float | None]] | None = None,
    stop: float | None = None,
    facts: dict[str, FactValue | None] | None = None,
) -> Reading:
    rule = Rule(
        "r", "refund", Point("return.received"), (Point("refund.paid"),), limit, cite="Article 25", basis="law",
        pause=(Pause("inspection.started", "inspection.ended"),), calendar=ZONE, title={"zh": "退款", "en": "Refund"},
        steps=(Step("breach", FromDue(0), ()),),
    )  # fmt: skip
    marks = [Mark("return.received", START)]
    for index, (begin, end) in enumerate(pauses or []):
        marks.append(Mark("inspection.started", hours(begin), str(index)))
        if end is not None:
            marks.append(Mark("inspection.ended", hours(end), str(index)))
    if stop is not None:
        marks.append(Mark("refund.paid", hours(stop)))
    event = Event("e", Subject("refund", "1"), START, START, marks=tuple(marks), facts=facts or {})
    (clock,) = Judge([Policy("p", 1, "", (rule,))]).judge(event.subject, [event], now).clocks
    return clock


def told(clock: Reading, now: datetime) -> list[tuple[float, float, bool, str]]:
    hour = timedelta(hours=1)
    return [
        ((one.begin - START) / hour, (one.end - START) / hour, one.counted, one.why["en"])
        for one in intervals(clock, Calendars().get(ZONE), now)
    ]


PAIR = "inspection.started - inspection.ended"
ALL = "every hour counts"
DAY = "calendar days (Asia/Shanghai), to 24:00 of the last"
GIVEN = "the deadline is the one that respond_by gives"
FIXED = f"paused ({PAIR}); a given deadline does not move"

CASES = [
    ("hours without a pause", Span(48 * 3600), [], None, 1, [(0, 48, True, ALL)]),
    ("a pause is given back", Span(48 * 3600), [(10, 15)], None, 99,
     [(0, 10, True, ALL), (10, 15, False, f"paused ({PAIR})"), (15, 53, True, ALL)]),
    ("pauses that overlap are one", Span(48 * 3600), [(10, 15), (12, 20)], None, 99,
     [(0, 10, True, ALL), (10, 20, False, f"paused ({PAIR})"), (20, 58, True, ALL)]),
    ("an open pause holds until now", Span(48 * 3600), [(10, None)], None, 30,
     [(0, 10, True, ALL), (10, 30, False, f"paused ({PAIR}), not ended yet")]),
    ("a pause after the due is no matter", Span(48 * 3600), [(50, None)], None, 99, [(0, 48, True, ALL)]),
    ("paused from the start", Span(48 * 3600), [(-5, 4)], None, 99,
     [(0, 4, False, f"paused ({PAIR})"), (4, 52, True, ALL)]),
    ("the first day is left out", Days(2), [], None, 1,
     [(0, 10, False, "the first day is not counted"), (10, 58, True, DAY)]),
    ("the first day counts", Days(2, "included"), [], None, 1, [(0, 34, True, DAY)]),
    ("days with a pause end with a day again", Days(2), [(20, 25)], None, 99,
     [(0, 10, False, "the first day is not counted"), (10, 20, True, DAY), (20, 25, False, f"paused ({PAIR})"),
      (25, 82, True, DAY)]),
    ("a deadline that was given", Until("respond_by"), [], 30, 1, [(0, 30, True, GIVEN)]),
    ("a given deadline is not moved by a pause", Until("respond_by"), [(5, None)], 30, 10,
     [(0, 5, True, GIVEN), (5, 30, False, FIXED)]),
    ("a deadline before the start", Until("respond_by"), [], -3, 1, []),
    ("a deadline that is not known", Until("respond_by"), [], None, 1, []),
]  # fmt: skip


@pytest.mark.parametrize(("why", "limit", "pauses", "by", "now", "expected"), CASES, ids=[row[0] for row in CASES])
def test_the_time_of_a_clock_is_explained(
    why: str,
    limit: Limit,
    pauses: list[tuple[float, float | None]],
    by: float | None,
    now: float,
    expected: list[tuple[float, float, bool, str]],
) -> None:
    facts: dict[str, FactValue | None] = {} if by is None else {"respond_by": hours(by)}
    assert told(reading(limit, hours(now), pauses, facts=facts), hours(now)) == expected


stretches = st.lists(
    st.tuples(st.integers(-10, 90), st.integers(0, 30)).map(lambda one: (one[0], one[0] + one[1])), max_size=4
)


@given(st.builds(Span, st.integers(3600, 10**6)), stretches, st.integers(0, 400))
def test_what_counted_adds_up_to_the_limit(limit: Span, pauses: list[tuple[float, float | None]], now: int) -> None:
    clock = reading(limit, hours(400 + now), pauses)
    shown = intervals(clock, Calendars().get(ZONE), hours(400 + now))
    assert shown[0].begin == clock.start
    assert shown[-1].end == clock.due
    assert all(one.end == other.begin for one, other in pairwise(shown))
    assert all(one.begin < one.end for one in shown)
    assert sum((one.end - one.begin for one in shown if one.counted), timedelta()) == timedelta(seconds=limit.seconds)


@given(st.builds(Days, st.integers(1, 60), st.sampled_from(["excluded", "included"])), stretches)
def test_days_leave_no_gap(limit: Days, pauses: list[tuple[float, float | None]]) -> None:
    clock = reading(limit, hours(9000), pauses)
    shown = intervals(clock, Calendars().get(ZONE), hours(9000))
    assert (shown[0].begin, shown[-1].end) == (clock.start, clock.due)
    assert all(one.end == other.begin for one, other in pairwise(shown))


def test_the_json_form_names_rule_version_and_article() -> None:
    clock = reading(Days(2), hours(99), stop=70)
    assert explanation("refund/1", clock, Calendars().get(ZONE), hours(99)) == {
        "case": "refund/1",
        "rule": "r",
        "clock": "r",
        "version": "p@1",
        "cite": "Article 25",
        "basis": "law",
        "start": "2026-03-02T06:00:00Z",
        "due": "2026-03-04T16:00:00Z",
        "due_day": "2026-03-04",
        "stop": "2026-03-05T04:00:00Z",
        "status": "met_late",
        "reason": "",
        "zone": ZONE,
        "intervals": [
            {"from": "2026-03-02T06:00:00Z", "to": "2026-03-02T16:00:00Z", "counted": False,
             "why": "the first day is not counted"},
            {"from": "2026-03-02T16:00:00Z", "to": "2026-03-04T16:00:00Z", "counted": True, "why": DAY},
        ],
    }  # fmt: skip


def test_people_read_it_in_their_language_and_in_the_clocks_zone() -> None:
    clock = reading(Days(2), hours(99))
    calendar = Calendars().get(ZONE)
    assert clock.status is Status.BREACHED
    assert sentences("refund/1", clock, calendar, hours(99), "zh") == [
        "refund/1  r  p@1: 已逾期",
        "  退款",
        "  依据: 法律, Article 25",
        "  起算: 2026-03-02 14:00:00 Asia/Shanghai",
        "  届满: 2026-03-05 00:00:00 Asia/Shanghai",
        "    2026-03-02 14:00:00 Asia/Shanghai - 2026-03-03 00:00:00 Asia/Shanghai  不计: 起算当日不计入",
        "    2026-03-03 00:00:00 Asia/Shanghai - 2026-03-05 00:00:00 Asia/Shanghai  "
        "计入: 自然日（Asia/Shanghai），末日 24:00 届满",
        "  步骤 breach: 2026-03-05 00:00:00 Asia/Shanghai",
    ]
    english = sentences("refund/1", clock, calendar, hours(99), "en")
    assert english[0] == "refund/1  r  p@1: breached"
    assert "  basis: law, Article 25" in english


def test_a_clock_that_waits_says_for_what() -> None:
    clock = reading(Until("respond_by"), hours(1))
    assert "  缺少事实 respond_by" in sentences("refund/1", clock, Calendars().get(ZONE), hours(1), "zh")
    assert explanation("refund/1", clock, Calendars().get(ZONE), hours(1))["reason"] == "fact respond_by is missing"


def test_the_end_of_time_is_told_in_utc() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    rule = Rule("r", "refund", Point("return.received"), (Point("refund.paid"),), Span(3600), calendar=ZONE)
    event = Event("e", Subject("refund", "1"), START, START, marks=(Mark("return.received", last),))
    (clock,) = Judge([Policy("p", 1, "", (rule,))]).judge(event.subject, [event], last).clocks
    assert "  start: 9999-12-31T23:59:59Z" in sentences("refund/1", clock, Calendars().get(ZONE), last, "en")
