"""Where clocks meet the edges: dates that no calendar holds, calendars of places, pauses that end oddly, rounds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.core.calendar_data import shipped_calendars
from chalicelib.core.calendars import Calendar, Calendars, Edition
from chalicelib.core.case import Case, CaseId
from chalicelib.core.evaluate import Verdict, evaluate
from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.instants import FIRST, LAST
from chalicelib.core.rules import (
    After,
    Ahead,
    AllOf,
    At,
    ByPlace,
    Days,
    Do,
    Extension,
    FromDue,
    FromStart,
    LaterOf,
    Least,
    Limit,
    Months,
    Most,
    OnCalendar,
    OnDate,
    Pause,
    Point,
    Policy,
    Roll,
    Rule,
    Share,
    Span,
    Step,
    Until,
    WorkingDays,
    WorkingSpan,
)
from chalicelib.core.versions import Activation, Policies
from chalicelib.core.words import Status

HOUR = 3600
T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday
PLACED, SHIPPED = Point("order.placed"), Point("order.shipped")
RULE = Rule(
    "r", "order", PLACED, (SHIPPED,), Span(10 * HOUR), steps=(Step("breach", FromDue(0), (Do("alert"),)),),
    void=(Point("order.cancelled"),), pause=(Pause("inspection.started", "inspection.ended"),),
)  # fmt: skip


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


LATE = at(500)


def judge(rule: Rule, *marks: Mark, now: datetime = LATE, facts: dict[str, FactValue | None] | None = None) -> Verdict:
    subject = Subject("order", "1")
    event = Event("e", subject, T0, 1, marks=marks, facts=facts or {})
    case = Case(CaseId("main", "shop", subject), merge_all(NOTHING, [event]))
    return evaluate(case, Policies.always(Policy("p", 1, "d", (rule,))), shipped_calendars(), now)


def mark(name: str, when: datetime) -> Mark:
    return Mark(name, when)


LIMITS: Sequence[Limit] = [
    Span(HOUR), Span(HOUR, "next_full"), WorkingSpan(HOUR), Days(3), Days(3, least_working=2), WorkingDays(3),
    Months(1), OnDate(2, 29), Until("ship_by"), Ahead("ship_by", Days(3)), Ahead("ship_by", WorkingDays(3)),
    Ahead("ship_by", Months(1)), Ahead("ship_by", Span(HOUR)), After("ship_by", Days(3, roll=Roll())),
    After("ship_by", Span(HOUR)), After("ship_by", WorkingSpan(HOUR)), Least((Days(1), Until("ship_by"))),
]  # fmt: skip
PLACED_AT: Sequence[At] = [
    FromDue(-HOUR), FromStart(HOUR), Share(50), OnCalendar("due", "months", 1), OnCalendar("start", "working_days", 2),
    OnCalendar("due", "working_seconds", -HOUR),
]  # fmt: skip
EDGES: Sequence[datetime] = [FIRST, LAST, datetime(9999, 12, 31, tzinfo=UTC), datetime(9998, 12, 31, 23, tzinfo=UTC)]


@pytest.mark.parametrize("limit", LIMITS, ids=str)
@pytest.mark.parametrize("edge", EDGES, ids=str)
@pytest.mark.parametrize("calendar", ["UTC", "Asia/Shanghai", "America/New_York", "CN", ByPlace(("country",), "DE")])
def test_no_date_makes_a_judgement_raise(limit: Limit, edge: datetime, calendar: str | ByPlace) -> None:
    rule = replace(
        RULE, limit=limit, start=Point("order.placed", "first", -7200), calendar=calendar, again=Months(1),
        stop=(Point("order.shipped", "first", 7200), LaterOf((PLACED, SHIPPED), 7200)),
        restart=(Point("order.paid"),), extend=(Extension(Point("order.approved"), Months(3)),), cap=Days(90),
        valid_from=date(2026, 1, 1), valid_to=date(9999, 12, 31),
        steps=tuple(Step(f"s{n}", place, (Do("alert"),), every=HOUR, times=2) for n, place in enumerate(PLACED_AT)),
    )  # fmt: skip
    marks = [mark(name, edge) for name in ("order.placed", "order.paid", "order.approved", "inspection.started")]
    marks.append(mark("order.shipped", LAST))
    for told in (edge, edge.date()):
        judge(rule, *marks, now=LAST, facts={"ship_by": told})
        judge(replace(rule, start=replace(PLACED, offset=7200)), *marks, now=edge, facts={"ship_by": told})
        judge(rule, mark("order.placed", T0), now=at(9), facts={"ship_by": told})


def test_a_due_beyond_all_calendars_is_said_to_be() -> None:
    (clock,) = judge(replace(RULE, limit=Days(3)), mark("order.placed", LAST), now=LAST).clocks
    assert (clock.status, clock.reason) == (Status.WAITING, "the due lies beyond all calendars")


PLACES = [
    ({"country": "CN"}, "CN", "a country"),
    ({"country": "DE", "region": "BY"}, "DE-BY", "a part of a country, told alone"),
    ({"country": "DE", "region": "DE-BY"}, "DE-BY", "a part of a country, told in full"),
    ({"country": "US", "region": "IN"}, "US", "Indiana is not India"),
    ({"country": "US", "region": "DE"}, "US", "Delaware is not Germany"),
    ({"region": "IN"}, "UTC", "a part of nobody knows what"),
    ({"region": "GB-SCT"}, "GB-SCT", "a part that names its country"),
    ({"country": "GB"}, "UTC", "a country that is an old zone has no rest days there, so it names no calendar"),
    ({"country": "ZZ"}, "UTC", "no such country"),
    ({}, "UTC", "nothing told"),
]


@pytest.mark.parametrize(("facts", "code", "why"), PLACES, ids=[row[2] for row in PLACES])
def test_the_calendar_of_a_place(facts: dict[str, FactValue | None], code: str, why: str) -> None:
    rule = replace(RULE, limit=WorkingDays(5), calendar=ByPlace(("region", "country"), "UTC"))
    found = judge(rule, mark("order.placed", T0), facts=facts).clocks[0]
    wanted = judge(replace(rule, calendar=code), mark("order.placed", T0)).clocks[0]
    assert (found.zone, found.calendar, found.due) == (wanted.zone, wanted.calendar, wanted.due)


def test_a_zone_that_a_fact_names_is_a_calendar() -> None:
    rule = replace(RULE, limit=Days(1), calendar=ByPlace(("zone",)))
    assert judge(rule, mark("order.placed", T0), facts={"zone": "Asia/Tokyo"}).clocks[0].zone == "Asia/Tokyo"


def test_what_an_offset_sets_into_the_future_has_not_happened_yet() -> None:
    rule = replace(RULE, stop=(Point("order.shipped", "first", 2 * HOUR),))
    marks = [mark("order.placed", T0), mark("order.shipped", at(3))]
    early = judge(rule, *marks, now=at(4))
    assert (early.clocks[0].status, early.wake_at) == (Status.RUNNING, at(5))
    assert judge(rule, *marks, now=at(5)).clocks[0].status is Status.MET


def test_a_void_ends_all_rounds_to_come() -> None:
    rule = replace(RULE, again=Days(1), limit=Span(2 * HOUR))
    verdict = judge(rule, mark("order.placed", T0), mark("order.cancelled", at(30)), now=at(500))
    assert [(one.clock, one.status) for one in verdict.clocks] == [
        ("r", Status.BREACHED),
        ("r#2", Status.BREACHED),
    ]
    assert verdict.wake_at is None


def test_a_round_that_is_not_valid_yet_is_followed_by_one_that_is() -> None:
    rule = replace(RULE, again=Days(1), valid_from=date(2026, 3, 3))
    before = judge(rule, mark("order.placed", T0), now=at(1))
    assert (before.clocks, before.wake_at) == ((), at(24))
    assert [one.clock for one in judge(rule, mark("order.placed", T0), now=at(24)).clocks] == ["r#2"]


def test_while_a_pause_is_open_the_least_of_two_limits_is_no_later_than_the_one_that_no_pause_moves() -> None:
    rule = replace(RULE, limit=Least((Span(10 * HOUR), Until("ship_by"))))
    marks = [mark("order.placed", T0), mark("inspection.started", at(5))]
    facts: dict[str, FactValue | None] = {"ship_by": at(20)}
    (clock,) = judge(rule, *marks, now=at(8), facts=facts).clocks
    assert (clock.status, clock.due) == (Status.PAUSED, at(20))
    verdict = judge(rule, *marks, now=at(20), facts=facts)
    assert (verdict.clocks[0].status, [one.step for one in verdict.taken]) == (Status.BREACHED, ["breach"])


def test_a_pause_over_a_weekend_gives_back_what_was_left_of_friday() -> None:
    rule = replace(RULE, limit=WorkingDays(4), calendar="CN")  # due on Friday, 6 March, 24:00 in Shanghai
    friday, sunday = datetime(2026, 3, 6, 2, tzinfo=UTC), datetime(2026, 3, 8, 2, tzinfo=UTC)
    marks = [mark("order.placed", T0), mark("inspection.started", friday), mark("inspection.ended", sunday)]
    assert judge(rule, *marks).clocks[0].due_day == date(2026, 3, 9)


def test_an_extension_at_the_last_instant_moves_the_step_at_the_due_too() -> None:
    rule = replace(RULE, extend=(Extension(Point("order.approved"), Span(20 * HOUR)),))
    verdict = judge(rule, mark("order.placed", T0), mark("order.approved", at(10)), now=at(12))
    assert (verdict.clocks[0].due, verdict.taken, verdict.wake_at) == (at(20), (), at(20))


def test_an_extension_to_a_deadline_that_nobody_told_makes_nothing_longer() -> None:
    rule = replace(RULE, extend=(Extension(Point("order.approved"), Until("ship_by")),))
    assert judge(rule, mark("order.placed", T0), mark("order.approved", at(1))).clocks[0].due == at(10)


WITHIN = [
    (-8, 15, 22, "after the pause"),
    (-16, 20, 4, "it stood before the pause began, and stays"),
    (-24, 20, 0, "longer before the due than the limit is"),
    (-12, 16, 4, "stood before the pause, though the due moved later"),
    (-10, 15, 5, "it stood when the pause began, which has nothing left to hold"),
]


@pytest.mark.parametrize(("before", "limit", "stands", "why"), WITHIN, ids=[row[3] for row in WITHIN])
def test_a_step_stands_by_what_was_known_then(before: int, limit: int, stands: int, why: str) -> None:
    """A pause from hour 5 to hour 20 gives back fifteen hours."""
    steps = (Step("eve", FromDue(before * HOUR), (Do("alert"),)),)
    marks = [mark("order.placed", T0), mark("inspection.started", at(5)), mark("inspection.ended", at(20))]
    assert [one.at for one in judge(replace(RULE, limit=Span(limit * HOUR), steps=steps), *marks).taken] == [at(stands)]


COUNTS = [("1", 0, "the first"), ("2", 1, "the second"), ("1.5", 1, "half a piece is a piece"), ("4", None, "too few")]


@pytest.mark.parametrize(("count", "start", "why"), COUNTS, ids=[row[2] for row in COUNTS])
def test_all_of_so_many(count: str, start: int | None, why: str) -> None:
    rule = replace(RULE, start=AllOf("order.part_shipped", "pieces"))
    marks = [Mark("order.part_shipped", at(n), f"p{n}") for n in range(3)]
    (clock,) = judge(rule, *marks, facts={"pieces": Decimal(count)}).clocks
    assert clock.start == (None if start is None else at(start))


@pytest.mark.parametrize(("percent", "open_hours", "why"), [
    (25, 6, "still on the Friday"),
    (50, 12, "half of the working time, not of the weekend between"),
    (75, 18, "on the Monday"),
    (100, 24, "all of it: the due itself, which the closing of a window may be"),
    (150, 36, "counted on beyond the due"),
])  # fmt: skip
def test_a_share_of_working_time_is_counted_in_working_time(percent: int, open_hours: int, why: str) -> None:
    friday = datetime(2026, 3, 6, 2, tzinfo=UTC)
    calendar = shipped_calendars().get("CN")
    rule = replace(
        RULE, limit=WorkingSpan(24 * HOUR), calendar="CN", steps=(Step("part", Share(percent), (Do("alert"),)),)
    )
    clock = judge(rule, mark("order.placed", friday)).clock("r")
    assert clock is not None and clock.due == calendar.add(friday, timedelta(hours=24))
    assert dict(clock.steps)["part"] == calendar.add(friday, timedelta(hours=open_hours)), why


def test_a_share_of_working_time_leaves_out_what_a_pause_took() -> None:
    friday = datetime(2026, 3, 6, 2, tzinfo=UTC)
    calendar = shipped_calendars().get("CN")
    rule = replace(RULE, limit=WorkingSpan(24 * HOUR), calendar="CN", steps=(Step("part", Share(50), (Do("alert"),)),))
    begin, end = friday + timedelta(hours=1), friday + timedelta(hours=5)
    told = [mark("order.placed", friday), mark("inspection.started", begin), mark("inspection.ended", end)]
    clock = judge(rule, *told).clock("r")
    assert clock is not None
    assert dict(clock.steps)["part"] == calendar.add(end, timedelta(hours=11))


LAWFUL = replace(RULE, id="law", basis="law", limit=Span(20 * HOUR), steps=(
    Step("eve", FromDue(-HOUR), (Do("alert"),)), Step("line", FromDue(5 * HOUR), (Do("alert"),)),
))  # fmt: skip


@pytest.mark.parametrize(("rules", "marks", "hours", "law", "why"), [
    ([RULE], [], 1, None, "a promise of the house is none of the law's"),
    ([RULE, LAWFUL], [], 1, 20, "what reminds of a deadline is none"),
    ([LAWFUL, replace(LAWFUL, id="other", limit=Span(15 * HOUR))], [], 1, 15, "the next of several"),
    ([LAWFUL], [], 21, 25, "a second line behind the first"),
    ([LAWFUL], [], 26, None, "nothing more is to come"),
    ([LAWFUL], [("inspection.started", 2)], 3, None, "a pause holds it"),
    ([LAWFUL], [("inspection.started", 2), ("inspection.ended", 4)], 5, 22, "and moves it"),
    ([LAWFUL], [("order.shipped", 2)], 3, None, "met"),
    ([LAWFUL], [("order.cancelled", 2)], 3, None, "void"),
])  # fmt: skip
def test_the_next_legal_deadline_of_a_case(
    rules: list[Rule], marks: list[tuple[str, float]], hours: float, law: float | None, why: str
) -> None:
    told = [Mark(name, at(when)) for name, when in [("order.placed", 0.0), *marks]]
    subject = Subject("order", "1")
    case = Case(
        CaseId("main", "shop", subject), merge_all(NOTHING, [Event("e", subject, T0, 1, marks=tuple(told), facts={})])
    )
    policies = Policies.always(Policy("p", 1, "d", tuple(rules)))
    verdict = evaluate(case, policies, shipped_calendars(), at(hours))
    assert verdict.law_at == (None if law is None else at(law)), why
    assert verdict.law_at is None or (verdict.wake_at is not None and verdict.wake_at <= verdict.law_at)


UNTOLD = [
    (Most((Span(10 * HOUR), Until("ship_by"))), "the later of two, one untold"),
    (Most((Until("ship_by"), Span(10 * HOUR))), "in the other order"),
    (Least((Span(10 * HOUR), Until("ship_by"))), "the earlier of two, one untold"),
    (Least((Span(10 * HOUR), Until("ship_by"), Until("deliver_by"))), "one that a pause holds, one untold, one told"),
    (Least((Until("deliver_by"), Until("ship_by"), Span(10 * HOUR))), "in another order"),
]


@pytest.mark.parametrize(("limit", "why"), UNTOLD, ids=[row[1] for row in UNTOLD])
def test_a_deadline_that_nobody_told_is_waited_for_however_the_limits_stand_and_while_a_pause_is_open(
    limit: Limit, why: str
) -> None:
    for marks in ([], [mark("inspection.started", at(5))]):
        (clock,) = judge(
            replace(RULE, limit=limit), mark("order.placed", T0), *marks, now=at(8), facts={"deliver_by": at(30)}
        ).clocks
        assert (clock.status, clock.due, clock.reason) == (Status.WAITING, None, "fact ship_by is missing")


def test_a_pause_that_begins_after_the_cap_counts_for_nothing() -> None:
    rule = replace(RULE, cap=Span(8 * HOUR), extend=(Extension(Point("order.approved"), Span(20 * HOUR)),))
    marks = [mark("order.placed", T0), mark("inspection.started", at(9)), mark("order.approved", at(9))]
    (clock,) = judge(rule, *marks, now=at(9.5)).clocks
    assert (clock.status, clock.due, clock.reason, clock.acts) == (Status.BREACHED, at(8), "", ())


def test_each_occurrence_begins_its_own_clock_though_another_names_none() -> None:
    rule = replace(RULE, start=Point("order.part_shipped", "each", HOUR))
    clocks = judge(rule, mark("order.part_shipped", T0), Mark("order.part_shipped", at(5), "p2"), now=at(6)).clocks
    assert [(one.clock, one.start) for one in clocks] == [("r#", at(1)), ("r#p2", at(6))]


def test_of_pauses_that_overlap_each_leaves_what_it_is_to_leave() -> None:
    inner = Pause("order.paid", "order.approved", Span(6 * HOUR))
    outer = Pause("inspection.started", "inspection.ended", Span(2 * HOUR))
    marks = [
        mark("order.placed", T0), mark("inspection.started", at(9)), mark("order.paid", at(10)),
        mark("order.approved", at(11)), mark("inspection.ended", at(12)),
    ]  # fmt: skip
    for pauses in ((inner, outer), (outer, inner)):
        assert judge(replace(RULE, pause=pauses), *marks).clocks[0].due == at(18)
    assert judge(replace(RULE, pause=(replace(inner, floor=None), outer)), *marks).clocks[0].due == at(14)


def test_a_due_that_is_known_is_not_provisional_because_a_step_long_after_it_is() -> None:
    """China's days are known to the end of 2026."""
    late = Step("late", OnCalendar("due", "working_days", 10), (Do("alert"),))
    rule = replace(RULE, limit=WorkingDays(2), calendar="CN", steps=(*RULE.steps, late))
    placed = datetime(2026, 12, 28, 2, tzinfo=UTC)
    (clock,) = judge(rule, mark("order.placed", placed), now=placed).clocks
    assert (clock.due_day, clock.earliest, clock.reason) == (date(2026, 12, 30), None, "")


HOURS = [
    ("Europe/Berlin", "2026-03-06T10:20:00+01:00", "2026-03-06T12:00:00+01:00", "a zone of whole hours"),
    ("Asia/Kolkata", "2026-03-06T10:20:00+05:30", "2026-03-06T12:00:00+05:30", "a zone of half hours"),
    ("Asia/Kathmandu", "2026-03-06T10:50:00+05:45", "2026-03-06T12:00:00+05:45", "a zone of quarters"),
    ("Asia/Kolkata", "2026-03-06T10:00:00+05:30", "2026-03-06T11:00:00+05:30", "a full hour there"),
    ("Europe/Berlin", "2026-10-25T02:20:00+02:00", "2026-10-25T03:00:00+01:00", "the hour that comes twice"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "start", "due", "why"), HOURS, ids=[row[3] for row in HOURS])
def test_the_next_full_hour_is_one_of_the_clocks_own_zone(zone: str, start: str, due: str, why: str) -> None:
    rule = replace(RULE, limit=Span(HOUR, "next_full"), calendar=zone)
    placed = datetime.fromisoformat(start).astimezone(UTC)
    (clock,) = judge(rule, mark("order.placed", placed), now=placed).clocks
    assert clock.due == datetime.fromisoformat(due)


MONTHS = [
    (date(2026, 1, 31), date(2026, 2, 28), "no 31 February: the month's last day, with nothing taken off"),
    (date(2026, 1, 29), date(2026, 2, 28), "no 29 February in a common year"),
    (date(2028, 1, 29), date(2028, 2, 28), "one in a leap year, and the day before it is the last"),
    (date(2026, 3, 1), date(2026, 3, 31), "from the first to the last of a month"),
    (date(2026, 2, 28), date(2026, 3, 27), "the last of February has a day of its number in March"),
]


@pytest.mark.parametrize(("first", "last", "why"), MONTHS, ids=[row[2] for row in MONTHS])
def test_a_month_that_counts_its_first_day(first: date, last: date, why: str) -> None:
    """BGB 188(2) and (3), and the Japanese Civil Code 143(2), agree."""
    rule = replace(RULE, limit=Months(1, "included"))
    placed = datetime(first.year, first.month, first.day, 10, tzinfo=UTC)
    assert judge(rule, mark("order.placed", placed), now=placed).clocks[0].due_day == last


def test_a_rule_that_moved_to_another_policy_judges_on_there() -> None:
    """Ops took it out of `house` at hour 24; the first version of `shipping` has always been in force."""
    other = Rule("other", "order", Point("order.paid"), (SHIPPED,), Span(HOUR))
    house, shipping = Policy("house", 1, "1", (RULE,)), Policy("shipping", 1, "2", (replace(RULE, limit=Span(HOUR)),))
    moved = Policies(
        (Activation(house), Activation(replace(house, number=2, rules=(other,)), at(24)), Activation(shipping))
    )
    subject = Subject("order", "1")
    for placed, version in ((at(0), "house@1"), (at(23), "house@1"), (at(24), "shipping@1"), (at(90), "shipping@1")):
        event = Event("e", subject, T0, 1, marks=(mark("order.placed", placed),))
        case = Case(CaseId("main", "shop", subject), merge_all(NOTHING, [event]))
        clocks = evaluate(case, moved, shipped_calendars(), LATE).clocks
        assert [(one.clock, one.version, one.status) for one in clocks if one.start] == [
            ("r", version, Status.BREACHED)
        ]
    nothing = Case(
        CaseId("main", "shop", subject), merge_all(NOTHING, [Event("e", subject, T0, 1, facts={"reason": "x"})])
    )
    waiting = evaluate(nothing, moved, shipped_calendars(), LATE).clocks
    assert sorted((one.clock, one.version) for one in waiting) == [("other", "house@2"), ("r", "shipping@1")]


def test_of_a_day_alone_hours_are_counted_from_its_end_wherever_they_stand() -> None:
    facts: dict[str, FactValue | None] = {"ship_by": date(2026, 3, 5)}
    for limit in (After("ship_by", Span(48 * HOUR)), After("ship_by", Least((Span(48 * HOUR), Days(9))))):
        (clock,) = judge(replace(RULE, limit=limit), mark("order.placed", T0), facts=facts).clocks
        assert clock.due == datetime(2026, 3, 8, tzinfo=UTC)
    (clock,) = judge(
        replace(RULE, limit=After("ship_by", Most((Span(HOUR), Days(1))))), mark("order.placed", T0), facts=facts
    ).clocks
    assert (clock.due, clock.due_day) == (datetime(2026, 3, 7, tzinfo=UTC), date(2026, 3, 6))


def test_a_clock_that_had_ended_before_it_was_to_begin_keeps_its_older_calendar_too() -> None:
    """Due on the day before that of placing, whatever the offset says: missed when the newer calendar came (law 8)."""
    older, newer = (
        Calendar("CN", "UTC", {"mon-fri": ["09:00-17:00"]}, days) for days in ((), (date(2026, 3, 3), date(2026, 3, 4)))
    )
    editions = [Edition(None, older.digest, lambda: older), Edition(at(30), newer.digest, lambda: newer)]
    limit = Ahead("ship_by", WorkingDays(2))
    rule = replace(RULE, start=Point("order.placed", "first", 48 * HOUR), limit=limit, calendar="CN")
    for placed, used in ((at(0), older), (at(31), newer)):
        event = Event(
            "e", Subject("order", "1"), T0, 1, marks=(mark("order.placed", placed),), facts={"ship_by": at(48)}
        )
        case = Case(CaseId("main", "shop", event.subject), merge_all(NOTHING, [event]))
        policies, calendars = Policies.always(Policy("p", 1, "d", (rule,))), Calendars(editions={"CN": editions})
        (clock,) = evaluate(case, policies, calendars, LATE).clocks
        assert (clock.status, clock.calendar) == (Status.BREACHED, used.digest)
