"""Reading policy files: what is taken, part by part."""

import json
from datetime import date
from decimal import Decimal

import pytest

from chalicelib.core import rules as core
from chalicelib.core.compiled import dump, load
from chalicelib.core.condition_tree import Fact, walk
from chalicelib.core.words import CORE, FactType, FactWord
from chalicelib.rules.conditions import parse
from chalicelib.rules.reader import read_text
from tests.support.refundpolicy import GOOD, edited, in_china


def test_compiles_each_part_of_a_rule() -> None:
    policy = read_text(GOOD, number=3)
    assert policy.version == "demo@3"
    assert policy.rules == (
        core.Rule(
            id="refund-7d",
            applies_to="refund",
            start=core.Point("return.received"),
            stop=(core.Reaches("refund.paid", "amount"),),
            limit=core.Days(7, "excluded"),
            void=(core.Point("refund.withdrawn"),),
            pause=(core.Pause("inspection.started", "inspection.ended"),),
            steps=(
                core.Step("half", core.Share(50), (core.Do("remind_seller"),)),
                core.Step("due - 1d", core.FromDue(-86_400), (core.Do("alert", {"severity": "error"}),), 7200),
                core.Step("fine", core.OwnLimit(core.Days(15)), (core.Do("penalise", {"code": "late", "points": 4}),)),
            ),
            calendar="Asia/Shanghai",
            title={"zh": "七日内退款", "en": "Refund within 7 days"},
            basis="law",
            cite="Article 25",
        ),
    )


STARTS: list[tuple[str, core.Moment, str]] = [
    ("{first: order.paid}", core.Point("order.paid"), "the first"),
    ("{last: order.paid}", core.Point("order.paid", "last"), "the last"),
    ("{each: refund.requested}", core.Point("refund.requested", "each"), "each"),
    ("{first: order.paid, offset: 2h}", core.Point("order.paid", "first", 7200), "moved on"),
    ("{first: order.paid, offset: -1d}", core.Point("order.paid", "first", -86_400), "moved back"),
    ("'order.paid'", core.Point("order.paid"), "quotes are no matter in text"),
    ("{all: order.part_delivered, count: pieces}", core.AllOf("order.part_delivered", "pieces"), "all pieces"),
    ("{later_of: [order.paid, {last: order.approved}]}",
     core.LaterOf((core.Point("order.paid"), core.Point("order.approved", "last"))), "the later of two"),
    ("{earlier_of: [order.shipped, {sum: refund.paid, reaches: amount}]}",
     core.EarlierOf((core.Point("order.shipped"), core.Reaches("refund.paid", "amount"))), "the earlier of two"),
    ("{silence: refund-8d}", core.Silence("refund-8d"), "silence as an answer"),
    ("{silence: refund-8d, offset: 1d}", core.Silence("refund-8d", 86_400), "a day after the silence"),
    ("{all: order.part_shipped, count: pieces, offset: 2h}", core.AllOf("order.part_shipped", "pieces", 7200),
     "two hours after all"),
    ("{later_of: [order.paid, order.approved], offset: 30m}",
     core.LaterOf((core.Point("order.paid"), core.Point("order.approved")), 1800), "half an hour after the later"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "start", "why"), STARTS, ids=[row[2] for row in STARTS])
def test_starts(text: str, start: core.Moment, why: str) -> None:
    other = GOOD.split("rules:\n")[1].replace("refund-7d", "refund-8d")
    assert read_text(edited("start: return.received", f"start: {text}") + other).rules[0].start == start


LIMITS: list[tuple[str, core.Limit, str]] = [
    ("{seconds: 90}", core.Span(90), "seconds"),
    ("{minutes: 30}", core.Span(1800), "minutes"),
    ("{hours: 2640}", core.Span(2640 * 3600), "hours"),
    ("{days: 7, first_day: included}", core.Days(7, "included"), "the first day counts"),
    ("{until: deliver_by}", core.Until("deliver_by"), "somebody else's deadline"),
    ("{ahead_of: expires_at, days: 30}", core.Ahead("expires_at", core.Days(30)), "counted back from it"),
    ("{after: ship_by, limit: {days: 30, roll: next_working_day}}",
     core.After("ship_by", core.Days(30, roll=core.Roll())), "counted from it"),
    ("{hours: 24, first_hour: next_full}", core.Span(86_400, "next_full"), "from the next full hour"),
    ("{working_hours: 8}", core.WorkingSpan(28_800), "hours of work"),
    ("{working_days: 5}", core.WorkingDays(5), "days of work"),
    ("{days: 14, roll: next_working_day}", core.Days(14, roll=core.Roll("forward")), "rolled on"),
    ("{days: 14, roll: previous_working_day, roll_set: [weekend, holiday]}",
     core.Days(14, roll=core.Roll("backward", frozenset(["weekend", "holiday"]))), "rolled back over some days"),
    ("{days: 7, at_least_working_days: 2}", core.Days(7, least_working=2), "days that hold working days"),
    ("{months: 1, roll: next_working_day}", core.Months(1, roll=core.Roll()), "a month"),
    ("{years: 2}", core.Months(24), "years are months"),
    ("{date: 02-29}", core.OnDate(2, 29), "a date of each year"),
    ("{min: [{hours: 48}, {until: ship_by}]}", core.Least((core.Span(172_800), core.Until("ship_by"))), "the first of"),
    ("{max: [{days: 2}, {working_days: 1}]}", core.Most((core.Days(2), core.WorkingDays(1))), "the last of"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "limit", "why"), LIMITS, ids=[row[2] for row in LIMITS])
def test_limits(text: str, limit: core.Limit, why: str) -> None:
    text = edited("limit: {days: 7, first_day: excluded}", f"limit: {text}").replace("due - 1d", "due")
    assert read_text(in_china(text)).rules[0].limit == limit


PLACES: list[tuple[str, str, core.At, str]] = [
    ("start + 90s", "start + 90s", core.FromStart(90), "after the start"),
    ("start", "start", core.FromStart(0), "at the start"),
    ("due+30m", "due + 30m", core.FromDue(1800), "spaces are no matter"),
    ("due", "due", core.FromDue(0), "at the due"),
    ("150%", "150%", core.Share(150), "beyond the due"),
    ("due - 2wd", "due - 2wd", core.OnCalendar("due", "working_days", -2), "working days before the due"),
    ("due + 4wh", "due + 4wh", core.OnCalendar("due", "working_seconds", 14_400), "working hours after the due"),
    ("start+2wd", "start + 2wd", core.OnCalendar("start", "working_days", 2), "working days after the start"),
    ("start + 2mo", "start + 2mo", core.OnCalendar("start", "months", 2), "months after the start"),
    ("due - 1y", "due - 1y", core.OnCalendar("due", "months", -12), "a year is twelve months"),
    ("half + 1d", "half + 1d", core.FromStep("half", 86_400), "after an earlier step"),
    ("{date: 02-29}", "{date: 02-29}", core.OwnLimit(core.OnDate(2, 29)), "a date of its own"),
    ("{ahead_of: respond_by, hours: 2}", "{ahead_of: respond_by, hours: 2}",
     core.OwnLimit(core.Ahead("respond_by", core.Span(7200))), "before a deadline of its own"),
    ("{after: respond_by, limit: {hours: 2}}", "{after: respond_by, limit: {hours: 2}}",
     core.OwnLimit(core.After("respond_by", core.Span(7200))), "after a deadline of its own"),
    ("{hours: 36}", "{hours: 36}", core.OwnLimit(core.Span(36 * 3600)), "a limit of its own"),
    (
        "{days: 15, first_day: included}", "{days: 15, first_day: included}",
        core.OwnLimit(core.Days(15, "included")), "days of its own",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "at", "why"), PLACES, ids=[row[3] for row in PLACES])
def test_places_of_steps_and_their_default_ids(text: str, name: str, at: core.At, why: str) -> None:
    step = read_text(in_china(edited("{at: due - 1d, do", f"{{at: {text}, do"))).rules[0].steps[1]
    assert (step.id, step.at) == (name, at)


CLOCKS: list[tuple[str, str, object, str]] = [
    ("restart: [inspection.failed]", "restart", (core.Point("inspection.failed"),), "an act that begins it anew"),
    ("extend: {on: return.refused, to: {days: 9}}", "extend",
     (core.Extension(core.Point("return.refused"), core.Days(9)),), "an act that makes it longer"),
    ("cap: {months: 1}", "cap", core.Months(1), "a cap"),
    ("again: {months: 3}", "again", core.Months(3), "a clock that comes again"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "field", "value", "why"), CLOCKS, ids=[row[3] for row in CLOCKS])
def test_what_moves_a_clock(text: str, field: str, value: object, why: str) -> None:
    rule = read_text(in_china(edited("      limit:", f"      {text}\n      limit:"))).rules[0]
    assert getattr(rule, field) == value


def test_a_pause_may_leave_a_floor() -> None:
    rule = read_text(edited("to: inspection.ended}", "to: inspection.ended, floor: {hours: 24}}")).rules[0]
    assert rule.pause == (core.Pause("inspection.started", "inspection.ended", core.Span(86_400)),)


def test_a_step_may_be_conditional_and_come_again() -> None:
    text = edited("late_ok: 2h}", "when: refund.country == 'CN', unless: refund.exempt, every: 1d, times: 5}")
    step = read_text(text).rules[0].steps[1]
    assert (step.every, step.times) == (86_400, 5)
    assert step.when == parse("refund.country == 'CN' && !refund.exempt", CORE, "refund")


def test_calendars_by_code_by_zone_and_by_place() -> None:
    assert read_text(edited("calendar: Asia/Shanghai", "calendar: CN")).rules[0].calendar == "CN"
    text = edited("calendar: Asia/Shanghai", "calendar: {by: [region, country], else: CN}")
    assert read_text(text).rules[0].calendar == core.ByPlace(("region", "country"), "CN")
    assert read_text(text.replace("    basis:", "    calendar: UTC\n    basis:")).rules[0].calendar == "UTC"


def test_a_rule_may_be_valid_for_a_time() -> None:
    rule = read_text(edited("    clock:", "    valid_from: 2024-07-01\n    valid_to: 2026-12-31\n    clock:")).rules[0]
    assert (rule.valid_from, rule.valid_to) == (date(2024, 7, 1), date(2026, 12, 31))


def test_unless_denies_when() -> None:
    rule = read_text(edited("    clock:", "    unless: refund.exempt\n    clock:")).rules[0]
    assert rule.when == parse("!refund.exempt", CORE, "refund")


DOES = [
    ("alert", core.Do("alert", {"severity": "warning"}), "an alert says how bad it is even where nobody did"),
    ("{alert: critical}", core.Do("alert", {"severity": "critical"}), "a severity alone"),
    ("{tag: sla-breached}", core.Do("tag", {"tag": "sla-breached"}), "a tag alone"),
    ("{refund: full}", core.Do("refund", {"amount": "full"}), "all of it"),
    ("{refund: {amount: amount}}", core.Do("refund", {"amount": "amount"}), "what a fact says"),
    ("{refund: {amount: 12.50}}", core.Do("refund", {"amount": "12.50"}), "a decimal keeps its digits"),
    ("{webhook: pager}", core.Do("webhook", {"subscriber": "pager"}), "a subscriber"),
    ("{open_complaint: late}", core.Do("open_complaint", {"reason": "late"}), "a complaint of our own"),
    (
        "{message_buyer: {text: {zh: 抱歉, en: Sorry}}}",
        core.Do("message_buyer", {"text.zh": "抱歉", "text.en": "Sorry"}),
        "what a buyer is told",
    ),
    ("{warn_seller: {text: {en: Ship now}}}", core.Do("warn_seller", {"text.en": "Ship now"}), "what a seller is told"),
    ("{remind_seller: }", core.Do("remind_seller"), "a seller may be told what the step is about"),
    ("suspend", core.Do("suspend"), "no parameters"),
    ("{hold: }", core.Do("hold"), "no parameters after a colon"),
]


@pytest.mark.parametrize(("text", "do", "why"), DOES, ids=[row[2] for row in DOES])
def test_actions(text: str, do: core.Do, why: str) -> None:
    assert read_text(edited("[remind_seller]", f"[{text}]")).rules[0].steps[0].do == (do,)


def test_one_thing_alone_is_a_list_of_one() -> None:
    rule = read_text(
        edited("[remind_seller]", "remind_seller").replace("[refund.withdrawn]", "refund.withdrawn")
    ).rules[0]
    assert rule.steps[0].do == (core.Do("remind_seller"),)
    assert rule.void == (core.Point("refund.withdrawn"),)


def test_a_condition_is_read_for_the_kind_that_the_rule_applies_to() -> None:
    text = "when: refund.country == 'CN' && !refund.exempt"
    rule = read_text(edited("    clock:", f"    {text}\n    clock:")).rules[0]
    assert rule.when == parse("refund.country == 'CN' && !refund.exempt", CORE, "refund")
    policy = read_text(edited("    clock:", f"    {text}\n    clock:"))
    assert load(json.loads(json.dumps(dump(policy)))) == policy


def test_declared_words_may_be_used() -> None:
    text = (
        "declare: {marks: [order.packed], facts: {tier: code, deposit: {type: money, unit: CNY}, pack_by: instant}}\n"
    )
    policy = read_text(
        text
        + edited("return.received", "order.packed")
        .replace("reaches: amount", "reaches: deposit")
        .replace("{days: 7, first_day: excluded}", "{until: pack_by}")
    )
    assert policy.marks == {"order.packed"}
    assert policy.facts["deposit"] == FactWord(FactType.MONEY, "CNY")
    assert policy.rules[0].start == core.Point("order.packed")


DEFAULTS = [
    ("{type: flag, default: true}", FactWord(FactType.FLAG, default=True), "a flag"),
    (
        "{type: number, unit: days, default: 2.50}",
        FactWord(FactType.NUMBER, "days", default=Decimal("2.50")),
        "a number",
    ),
    ("{type: money, default: '12.00'}", FactWord(FactType.MONEY, default=Decimal("12.00")), "money"),
    ("{type: code, default: gold}", FactWord(FactType.CODE, default="gold"), "a code"),
    ("{type: code}", FactWord(FactType.CODE), "none"),
]


@pytest.mark.parametrize(("text", "word", "why"), DEFAULTS, ids=[row[2] for row in DEFAULTS])
def test_the_default_of_a_declared_fact_lives_on(text: str, word: FactWord, why: str) -> None:
    when = "    when: refund.tier == refund.tier\n    clock:"
    policy = read_text(f"declare: {{facts: {{tier: {text}}}}}\n" + edited("    clock:", when))
    assert policy.facts["tier"] == word
    assert load(json.loads(json.dumps(dump(policy)))) == policy
    when_read = policy.rules[0].when
    assert when_read is not None
    (fact,) = {one for one in walk(when_read.tree) if isinstance(one, Fact)}
    assert fact.default == word.default


def test_when_and_unless_are_one_condition() -> None:
    text = "when: refund.country == 'CN' && has(refund.amount)\n    unless: refund.exempt || refund.presale"
    rule = read_text(edited("    clock:", f"    {text}\n    clock:")).rules[0]
    both = "refund.country == 'CN' && has(refund.amount) && !(refund.exempt || refund.presale)"
    assert rule.when == parse(both, CORE, "refund")
    step = read_text(edited("{id: half,", "{id: half, unless: refund.exempt,")).rules[0].steps[0]
    assert step.when == parse("!refund.exempt", CORE, "refund")
