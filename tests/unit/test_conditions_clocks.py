"""What a rule's `when` does to its clock: it runs, there is none, or it waits and says for what."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.core.calendars import Calendars
from chalicelib.core.case import Case, CaseId
from chalicelib.core.clocks import Reading
from chalicelib.core.evaluate import Verdict, evaluate
from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge
from chalicelib.core.rules import Do, FromStart, Pick, Point, Policy, Rule, Span, Step
from chalicelib.core.versions import Policies
from chalicelib.core.words import CORE, Status
from chalicelib.rules.conditions import parse

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
ORDER = Subject("order", "1001")
HOUR = 3600


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def judge(
    when: str | None,
    *marks: Mark,
    facts: dict[str, FactValue | None] | None = None,
    pick: Pick = "first",
    offset: int = 0,
    calendar: str = "UTC",
) -> Verdict:
    rule = Rule(
        "ship", "order", Point("order.placed", pick, offset), (Point("order.shipped"),), Span(48 * HOUR),
        steps=(Step("now", FromStart(0), (Do("alert"),)),), calendar=calendar,
        when=None if when is None else parse(when, CORE, "order"),
    )  # fmt: skip
    event = Event("e", ORDER, T0, 1, marks=marks, facts=facts or {})
    case = Case(CaseId("main", "shop-1", ORDER), merge(NOTHING, event))
    return evaluate(case, Policies.always(Policy("p", 1, "d", (rule,))), Calendars(), at(5))


def clock(verdict: Verdict) -> Reading:
    (found,) = verdict.clocks
    return found


PLACED = Mark("order.placed", T0)


def test_where_the_condition_holds_the_clock_runs() -> None:
    verdict = judge("order.country == 'CN'", PLACED, facts={"country": "CN"})
    assert (clock(verdict).status, [one.step for one in verdict.taken]) == (Status.RUNNING, ["now"])


def test_where_it_does_not_hold_there_is_no_clock_and_no_step() -> None:
    verdict = judge("order.country == 'CN'", PLACED, facts={"country": "DE"})
    assert (verdict.clocks, verdict.taken, verdict.wake_at) == ((), (), None)


def test_where_it_cannot_be_told_the_clock_waits_and_says_for_what() -> None:
    verdict = judge("order.country == 'CN' && !order.goods_expected", PLACED)
    found = clock(verdict)
    assert (found.status, found.start, found.due, verdict.taken) == (Status.WAITING, T0, None, ())
    assert found.reason == "fact country is missing; fact goods_expected is missing"


def test_a_rule_without_a_start_has_no_clock_either_where_its_condition_does_not_hold() -> None:
    assert judge("order.country == 'CN'", facts={"country": "DE"}).clocks == ()
    assert clock(judge("order.country == 'CN'", facts={"country": "CN"})).reason == "no order.placed yet"
    assert clock(judge("order.country == 'CN'")).reason == "fact country is missing"


def test_a_condition_on_marks_is_not_asked_before_there_is_a_start() -> None:
    assert clock(judge("!has(order.approved)", Mark("order.approved", T0))).reason == "no order.placed yet"


MARKS = [
    ("has(order.approved)", -1, True, "seen before the start"),
    ("has(order.approved)", 0, True, "seen at the start"),
    ("has(order.approved)", 1, False, "what comes after the start says nothing"),
    ("!has(order.approved)", 1, True, "so a clock that runs is not taken away"),
    ("has(order.approved)", None, False, "never seen"),
    ("order.approved <= order.placed", -1, True, "instants compare"),
    ("order.approved <= order.placed", 1, None, "and are missing where not seen by the start"),
]


@pytest.mark.parametrize(("when", "hour", "holds", "why"), MARKS)
def test_a_condition_sees_the_marks_up_to_the_start(when: str, hour: int | None, holds: bool | None, why: str) -> None:
    marks = [PLACED] if hour is None else [PLACED, Mark("order.approved", at(hour))]
    found = judge(when, *marks).clocks
    assert [one.status for one in found] == {True: [Status.RUNNING], None: [Status.WAITING], False: []}[holds], why


@pytest.mark.parametrize("offset", [-2 * HOUR, 2 * HOUR])
def test_the_start_that_counts_is_the_mark_itself_not_its_offset(offset: int) -> None:
    assert judge("has(order.approved)", PLACED, Mark("order.approved", at(-1)), offset=offset).clocks
    assert not judge("has(order.approved)", PLACED, Mark("order.approved", at(1)), offset=offset).clocks


def test_each_occurrence_is_asked_for_itself() -> None:
    marks = [Mark("order.placed", at(0), "a"), Mark("order.placed", at(3), "b"), Mark("order.paid", at(1), "")]
    verdict = judge("has(order.paid)", *marks, pick="each")
    assert [one.clock for one in verdict.clocks] == ["ship#b"]
    marks = [Mark("order.placed", at(0), "a"), Mark("order.placed", at(0), "b"), Mark("order.paid", at(0), "a")]
    verdict = judge("has(order.paid)", *marks, pick="each")
    assert [one.clock for one in verdict.clocks] == ["ship#a"]


def test_a_date_alone_lasts_until_the_end_of_that_day_where_the_clock_is() -> None:
    facts: dict[str, FactValue | None] = {"ship_by": date(2026, 3, 2)}
    when = "order.ship_by == timestamp('2026-03-02T16:00:00Z')"
    assert judge(when, PLACED, facts=facts, calendar="Asia/Shanghai").clocks
    assert not judge(when, PLACED, facts=facts).clocks


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_a_day_at_the_edge_of_time_keeps_the_clock_waiting(day: date) -> None:
    found = judge("order.ship_by < order.placed || order.ship_by > order.placed", PLACED, facts={"ship_by": day})
    assert [one.status for one in found.clocks] in ([Status.WAITING], [Status.RUNNING])
