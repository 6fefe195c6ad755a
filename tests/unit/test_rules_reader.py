"""Reading policy files: what is taken, and how each mistake is told with its line."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.core import rules as core
from chalicelib.core.calendars import Calendar, Calendars
from chalicelib.core.compiled import dump, load
from chalicelib.core.condition_tree import Fact, walk
from chalicelib.core.words import CORE, FactType, FactWord
from chalicelib.rules.conditions import parse
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import find, read_bytes, read_file, read_files, read_text

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "policies"

GOOD = """\
policy: demo
calendar: Asia/Shanghai
rules:
  - id: refund-7d
    title: {zh: 七日内退款, en: Refund within 7 days}
    basis: law
    cite: Article 25
    applies_to: refund
    clock:
      start: return.received
      stop: [{sum: refund.paid, reaches: amount}]
      void: [refund.withdrawn]
      pause: [{from: inspection.started, to: inspection.ended}]
      limit: {days: 7, first_day: excluded}
    steps:
      - {id: half, at: 50%, do: [remind_seller]}
      - {at: due - 1d, do: [{alert: {severity: error}}], late_ok: 2h}
      - {id: fine, at: {days: 15}, do: [{penalise: {code: late, points: 4}}]}
"""


def edited(old: str, new: str) -> str:
    assert old in GOOD, "the row edits what is not there"
    return GOOD.replace(old, new)


def in_china(text: str) -> str:
    """The same as a house rule, in a calendar with days of rest."""
    return text.replace("calendar: Asia/Shanghai", "calendar: CN").replace("basis: law", "basis: policy")


def problems(text: str) -> list[tuple[int, str, str, str]]:
    with pytest.raises(Mistakes) as caught:
        read_text(text, "demo.yaml")
    assert {one.file for one in caught.value.problems} == {"demo.yaml"}
    return [(one.line, one.field, one.found, one.wanted) for one in caught.value.problems]


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


TRAPS = [
    ("cite: Article 25", "cite: NO", "NO", "the country that YAML takes for false"),
    ("cite: Article 25", "cite: 12:30", "12:30", "a time that YAML takes for 750"),
    ("cite: Article 25", "cite: 2026-01-01", "2026-01-01", "a date stays text"),
    ("cite: Article 25", "cite: 0o17", "0o17", "octal"),
    ("cite: Article 25", "cite: on", "on", "a truth value"),
    ("cite: Article 25", "cite: 1e3", "1e3", "a float"),
]


@pytest.mark.parametrize(("old", "new", "cite", "why"), TRAPS, ids=[row[3] for row in TRAPS])
def test_text_is_never_guessed_at(old: str, new: str, cite: str, why: str) -> None:
    assert read_text(edited(old, new)).rules[0].cite == cite


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


MISTAKES = [
    ("start: return.received", "start: return.recieved", (10, "rules[0].clock.start", "'return.recieved'",
     "a known mark, did you mean return.received?"), "a mark misspelt"),
    ("reaches: amount", "reaches: ship_by", (11, "rules[0].clock.stop[0].reaches", "'ship_by'",
     "a known fact of type money"), "a sum reaches money only"),
    ("{days: 7, first_day: excluded}", "{until: amount}", (14, "rules[0].clock.limit.until", "'amount'",
     "a known fact of type instant"), "until an instant only"),
    ("{days: 7, first_day: excluded}", "{days: 7, hours: 3}", (14, "rules[0].clock.limit", "a mapping",
     "only one of days, hours"), "two limits"),
    ("{days: 7, first_day: excluded}", "{days: '7'}", (14, "rules[0].clock.limit.days", "'7'", "a whole number"),
     "a number in quotes is text"),
    ("{days: 7, first_day: excluded}", "{days: 0}", (14, "rules[0].clock.limit.days", "'0'", "at least 1"), "no days"),
    ("{days: 7, first_day: excluded}", "{days: 1.5}", (14, "rules[0].clock.limit.days", "'1.5'", "a whole number"),
     "half a day"),
    ("{days: 7, first_day: excluded}", "{days: 7, first_day: out}", (14, "rules[0].clock.limit.first_day", "'out'",
     "'excluded' or 'included'"), "a choice"),
    ("{days: 7, first_day: excluded}", "{hours: 4, first_day: excluded}", (14, "rules[0].clock.limit.first_day",
     "the key 'first_day'", "one of hours, first_hour, did you mean first_hour?"), "a first day is for days"),
    ("{days: 7, first_day: excluded}", "48h", (14, "rules[0].clock.limit", "'48h'",
     "a limit such as {hours: 48} or {until: ship_by}"), "a limit is a mapping"),
    ("basis: law", "basis: lawful", (6, "rules[0].basis", "'lawful'", "'law', 'platform' or 'policy'"), "a basis"),
    ("    cite: Article 25\n", "", (4, "rules[0].cite", "nothing", "the article, because the basis is law"),
     "law without an article"),
    ("applies_to: refund", "applies_to: refunds", (8, "rules[0].applies_to", "'refunds'",
     "one of complaint, connection, listing, operator, order, penalty, refund, request, seller, shipment, "
     "did you mean refund?"), "a kind misspelt"),
    ("    applies_to: refund\n", "", (4, "rules[0].applies_to", "nothing", "a value"), "a key left out"),
    ("applies_to: refund", "aplies_to: refund", (8, "rules[0].aplies_to", "the key 'aplies_to'",
     "one of id, title, basis, cite, obliged, quote, jurisdiction, confidence, review_by, applies_to, when, unless, "
     "calendar, valid_from, valid_to, clock, steps, did you mean applies_to?"),
     "a key misspelt, besides the one that is now missing"),
    ("    clock:", "    when: refund.amont > 3\n    clock:", (9, "rules[0].when", "refund.amont (column 1)",
     "a fact of refund or a mark; did you mean refund.amount?"), "a condition over nothing"),
    ("calendar: Asia/Shanghai", "calendar: Asia/Peking", (2, "calendar", "'Asia/Peking'",
     "a calendar such as CN, a time zone such as Asia/Shanghai, or UTC, did you mean Asia/Chungking?"), "no such zone"),
    ("calendar: Asia/Shanghai", "calendar: DE-BJ", (2, "calendar", "'DE-BJ'",
     "a calendar such as CN, a time zone such as Asia/Shanghai, or UTC, did you mean DE-HB?"), "no such part"),
    ("{zh: 七日内退款, en: Refund within 7 days}", "{fr: Rembourser}", (5, "rules[0].title.fr", "the key 'fr'",
     "one of zh, en"), "titles are Chinese or English"),
    ("{at: due - 1d, do", "{at: haff + 1d, do", (17, "rules[0].steps[1].at", "'haff + 1d'",
     "the id of a step above, did you mean half?"), "a step after none"),
    ("late_ok: 2h", "every: 1d", (17, "rules[0].steps[1]", "a mapping", "`every` and `times` together"), "for ever"),
    ("late_ok: 2h", "when: refund.country == 3", (17, "rules[0].steps[1].when", "3 (int) (column 19)",
     "a string, like 'CN', as refund.country is"), "a condition of a step that compares a country with a number"),
    ("start: return.received", "start: {silence: refund-8d}", (10, "rules[0].clock.start.silence", "'refund-8d'",
     "the id of a rule of this policy, did you mean refund-7d?"), "the silence of no rule"),
    ("start: return.received", "start: {later_of: [return.received, {each: refund.paid}]}",
     (10, "rules[0].clock.start.later_of[1]", "a mapping",
      "one of first, last, sum, all, later_of, earlier_of, silence"), "each of several"),
    ("{days: 7, first_day: excluded}", "{days: 7, roll_set: [weekend]}", (14, "rules[0].clock.limit", "a mapping",
     "`roll` beside `roll_set`"), "a set that rolls nowhere"),
    ("{days: 7, first_day: excluded}", "{ahead_of: expires_at}", (14, "rules[0].clock.limit", "a mapping",
     "one of seconds, minutes, hours, working_hours, days, working_days, months, years beside `ahead_of`"), "how long"),
    ("{days: 7, first_day: excluded}", "{date: 02-30}", (14, "rules[0].clock.limit.date", "'02-30'",
     "a date of each year such as 12-31"), "no such date"),
    ("{days: 7, first_day: excluded}", "{min: [{hours: 3}]}", (14, "rules[0].clock.limit.min", "a list", "at least 2"),
     "the first of one"),
    ("    clock:", "    valid_from: 2026-02-01\n    valid_to: 2026-01-01\n    clock:", (10, "rules[0].valid_to",
     "'2026-01-01'", "a day that is not before `valid_from`"), "valid never"),
    ("calendar: Asia/Shanghai", "calendar: {by: [amount]}", (2, "calendar.by[0]", "'amount'",
     "a known fact of type country or code or zone, did you mean country?"), "a place that is money"),
    ("at: 50%", "at: 0%", (16, "rules[0].steps[0].at", "'0%'", "1% to 1000%"), "no share"),
    ("at: 50%", "at: start - 1h", (16, "rules[0].steps[0].at", "'start - 1h'",
     "a step after the start: before it there is no clock"), "before the clock"),
    ("at: 50%", "at: half", (16, "rules[0].steps[0].at", "'half'",
     "start + X, due, due - X, due + X, N%, STEP + X, or a limit such as {days: 15}"), "no place"),
    ("at: 50%", "at: due - 1w", (16, "rules[0].steps[0].at", "'due - 1w'",
     "a duration such as 90s, 30m, 48h, 7d, 2wd, 4wh, 2mo or 1y"),
     "an unknown unit"),
    ("at: due - 1d", "at: due - 8d", (17, "rules[0].steps[1].at", "'due - 8d'",
     "a step after the start: the limit is shorter than that"), "counted back beyond the start"),
    ("{at: due - 1d", "{id: half, at: due - 1d", (17, "rules[0].steps[1].id", "'half'",
     "an id that no other step of the rule has (line 16 has it)"), "an id twice"),
    ("{id: half, at: 50%", "{at: due-1d", (17, "rules[0].steps[1].at", "'due - 1d'",
     "an id, because the step of line 16 is called 'due - 1d' already"), "a default id twice"),
    ("late_ok: 2h", "late_ok: 2", (17, "rules[0].steps[1].late_ok", "'2'", "a duration such as 90s, 30m, 48h or 7d"),
     "a duration without a unit"),
    ("[remind_seller]", "[remind_sellers]", (16, "rules[0].steps[0].do[0]", "'remind_sellers'",
     "a known action, did you mean remind_seller?"), "an action misspelt"),
    ("[remind_seller]", "[]", (16, "rules[0].steps[0].do", "a list", "at least 1"), "nothing to do"),
    ("[remind_seller]", "[{tag: a, untag: b}]", (16, "rules[0].steps[0].do[0]", "a mapping",
     "an action, or one action with its parameters"), "two actions in one"),
    ("[remind_seller]", "[{suspend: {days: 3}}]", (16, "rules[0].steps[0].do[0].suspend.days", "the key 'days'",
     "no such key"), "a parameter of an action that has none"),
    ("severity: error", "severity: fatal", (17, "rules[0].steps[1].do[0].alert.severity", "'fatal'",
     "one of info, warning, error, critical"), "a severity"),
    (", points: 4", "", (18, "rules[0].steps[2].do[0].penalise.points", "nothing", "a value"), "a penalty of nothing"),
    ("points: 4", "points: -1", (18, "rules[0].steps[2].do[0].penalise.points", "'-1'", "at least 0"), "a reward"),
    ("[remind_seller]", "[{webhook: 'https://ops.example/'}]", (16, "rules[0].steps[0].do[0].webhook",
     "'https://ops.example/'", "the name of a subscriber: a-z, 0-9 and -, at most 40 characters"), "an address"),
    ("[remind_seller]", "[message_buyer]", (16, "rules[0].steps[0].do[0].message_buyer", "nothing", "a value"),
     "a message that says nothing"),
    ("[remind_seller]", "[{message_buyer: {text: Sorry}}]", (16, "rules[0].steps[0].do[0].message_buyer.text",
     "'Sorry'", "a mapping"), "a message in nobody knows which language"),
    ("[remind_seller]", "[open_complaint]", (16, "rules[0].steps[0].do[0].open_complaint", "nothing", "a value"),
     "a complaint about nothing"),
    ("{id: half,", "{id: half.1,", (16, "rules[0].steps[0].id", "'half.1'",
     "a name without | # and ., at most 80 characters"), "an id that means a round"),
    ("[refund.withdrawn]", "[{first: refund.withdrawn, offset: -2h}]", (12, "rules[0].clock.void[0]", "a mapping",
     "an offset that does not lie before its mark"), "a void that is known only afterwards"),
    ("limit: {days: 7, first_day: excluded}", "limit: {working_days: 7}", (14, "rules[0].clock.limit", "a mapping",
     "a calendar with days of rest, such as CN: in Asia/Shanghai every day and every hour counts"),
     "working days where every day is one"),
    ("limit: {days: 7, first_day: excluded}", "limit: {days: 7, roll: next_working_day}", (14, "rules[0].clock.limit",
     "a mapping", "a calendar with days of rest, such as CN: in Asia/Shanghai every day and every hour counts"),
     "a roll where nothing rests"),
    ("at: 50%", "at: start + 2wd", (16, "rules[0].steps[0].at", "'start + 2wd'",
     "a calendar with days of rest, such as CN: in Asia/Shanghai every day and every hour counts"),
     "a step by working days where every day is one"),
    ("first_day: excluded}\n", "first_day: excluded}\n      cap: {days: 3}\n", (15, "rules[0].clock.cap", "a mapping",
     "a cap that is not shorter than the limit"), "a cap under the limit"),
    ("first_day: excluded}\n", "first_day: excluded}\n      extend: [{on: refund.approved, cite: x, to: {days: 5}}]\n",
     (15, "rules[0].clock.extend[0].to", "a mapping", "a limit longer than the one it extends"),
     "an extension that shortens"),
    ("first_day: excluded}\n", "first_day: excluded}\n      extend: [{on: refund.approved, to: {days: 9}}]\n",
     (15, "rules[0].clock.extend[0]", "a mapping",
      "`cite`: the article that allows it (a house exemption lengthens no deadline of the law)"),
     "a house exemption that lengthens a deadline of the law"),
    ("start: return.received", "start: {each: return.received}\n      again: {days: 3}", (11, "rules[0].clock.again",
     "a mapping", "a start that is not `each`: one or the other makes several clocks"), "each and again"),
    ("start: return.received", "start: {silence: refund-7d}", (10, "rules[0].clock", "a mapping",
     "no circle of rules that wait for each other's silence"), "a rule that waits for itself"),
    ("start: return.received", "start: {silence: refund-8d}", (10, "rules[0].clock.start.silence", "'refund-8d'",
     "the id of a rule of this policy, did you mean refund-7d?"), "the silence of no rule"),
    ("limit: {days: 7, first_day: excluded}", "limit: {years: 101}", (14, "rules[0].clock.limit.years", "'101'",
     "at most 100"), "longer than a hundred years"),
    ("limit: {days: 7, first_day: excluded}", "limit: {ahead_of: ship_by, months: 1201}", (14,
     "rules[0].clock.limit.months", "'1201'", "at most 1200"), "counted back more than a hundred years"),
    ("[remind_seller]", "[{refund: amont}]", (16, "rules[0].steps[0].do[0].refund", "'amont'",
     'full, a money fact, or a decimal such as "12.50", did you mean amount?'), "an amount misspelt"),
    ("[remind_seller]", "[{refund: '0.00'}]", (16, "rules[0].steps[0].do[0].refund", "'0.00'", "more than nothing"),
     "money back of nothing"),
    ("[{sum: refund.paid, reaches: amount}]", "[{sum: refund.paid}]", (11, "rules[0].clock.stop[0].reaches", "nothing",
     "a value"), "a sum that reaches nothing"),
    ("[{sum: refund.paid, reaches: amount}]", "[{each: refund.paid}]", (11, "rules[0].clock.stop[0]", "a mapping",
     "one of first, last, sum, all, later_of, earlier_of, silence"), "a stop is one instant"),
    ("[refund.withdrawn]", "[return.received]", (12, "rules[0].clock.void[0]", "'return.received'",
     "a mark that does not come with the start itself"), "a void that comes with the start"),
    ("to: inspection.ended", "to: inspection.started", (13, "rules[0].clock.pause[0]", "a mapping",
     "an end that differs from the beginning"), "a pause without an end"),
    ("policy: demo", "policy: Demo Policy", (1, "policy", "'Demo Policy'",
     "a name of a-z, 0-9 and -, at most 40 characters"), "a name that keys cannot hold"),
    ("id: refund-7d", "id: refund#7d", (4, "rules[0].id", "'refund#7d'",
     "a name of letters, digits, - _ and ., at most 80 characters"), "an id that means an occurrence"),
    ("start: return.received", "start: return.received\n      start: order.paid", (11, "rules[0].clock.start",
     "'start' for the second time", "each key once"), "a key twice"),
    ("cite: Article 25", "cite: !!python/name:os.system x", (7, "rules[0].cite",
     "the tag tag:yaml.org,2002:python/name:os.system", "no tags"), "a tag"),
    ("cite: Article 25", 'cite: "a\\u0000b"', (7, "rules[0].cite", "'a\\x00b'", "text without control characters"),
     "a control character"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected", "why"), MISTAKES, ids=[row[3] for row in MISTAKES])
def test_a_mistake_is_told_with_its_line(old: str, new: str, expected: tuple[int, str, str, str], why: str) -> None:
    found = problems(edited(old, new))
    assert expected in found
    assert len(found) == 1 + ("besides" in why)


def test_all_mistakes_of_a_file_make_one_report_in_order_of_lines() -> None:
    text = edited("return.received", "return.recieved").replace("[remind_seller]", "[remind_sellers]")
    text = text.replace("basis: law", "basis: lawful").replace("{id: fine,", "{id: half,") + "extra: 1\n"
    assert [(line, field) for line, field, _, _ in problems(text)] == [
        (6, "rules[0].basis"),
        (10, "rules[0].clock.start"),
        (16, "rules[0].steps[0].do[0]"),
        (18, "rules[0].steps[2].id"),
        (19, "extra"),
    ]


def test_a_wrong_rule_does_not_hide_the_mistakes_between_the_parts_of_another() -> None:
    other = GOOD.split("rules:\n")[1].replace("refund-7d", "other").replace("due - 1d", "due - 9d")
    fields = [field for _, field, _, _ in problems(edited("basis: law", "basis: lawful") + other)]
    assert fields == ["rules[0].basis", "rules[1].steps[1].at"]


WHOLES = [
    (b"", "nothing", "an empty file"),
    (b"# only a comment\n", "nothing", "a comment"),
    (b"- a\n- b\n", "a list", "a list"),
    (b"policy: a\n---\npolicy: b\n", "a second document", "two documents"),
    (b"policy: [a\n", "expected ',' or ']', but got '<stream end>'", "a bracket left open"),
    (b"policy: \xff\n", "bytes that are not UTF-8", "not UTF-8"),
    (b"policy: a\x07b\n", "the character U+0007", "a bell"),
    (b'policy: "\\UFFFFFFFF"\n', "broken YAML (OverflowError)", "an escape beyond Unicode"),
    (b"[" * 100_000, "level 25 of nesting", "a deep nest"),
    (b"a: " + b"{a: " * 10_000, "level 25 of nesting", "a deep nest of mappings"),
    (b"? [a]\n: b\n", "a key that is no text", "a list as a key"),
    (b"a: &x [*x]\n", "*x", "an alias of itself"),
    (b"a: *x\n", "*x", "an alias of nothing"),
    (b"x" * 300_000, "262145 bytes", "a file too large"),
    (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 10)) for c in range(97, 110)),
        "more than 50000 values", "a bomb of aliases",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "found", "why"), WHOLES, ids=[row[2] for row in WHOLES])
def test_a_file_that_is_no_policy_is_told_so(raw: bytes, found: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(raw)
    with pytest.raises(Mistakes) as caught:
        read_file(path)
    assert found in [one.found for one in caught.value.problems]


def test_an_alias_repeats_what_was_named() -> None:
    text = edited("[remind_seller]", "&calls [remind_seller]").replace("[{alert: {severity: error}}]", "*calls")
    steps = read_text(text).rules[0].steps
    assert steps[0].do == steps[1].do


def test_a_byte_order_mark_is_no_matter() -> None:
    assert read_bytes(b"\xef\xbb\xbf" + GOOD.encode()) == read_text(GOOD)


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read_as_well(indent: int | str | None) -> None:
    clock = {"start": "order.paid", "stop": ["order.shipped"], "limit": {"hours": 48}}
    text = json.dumps({"policy": "demo", "rules": [{"id": "a", "applies_to": "order", "clock": clock}]}, indent=indent)
    assert read_text(text).rules[0].limit == core.Span(48 * 3600)
    assert read_bytes(b"\xef\xbb\xbf" + text.encode()) == read_text(text)


def waiting(count: int) -> str:
    """A policy of `count` rules, of which each but the last waits for the silence of the next."""
    clocks = [f"{{silence: r{number + 1}}}" for number in range(count - 1)] + ["order.placed"]
    rest = "stop: order.shipped, limit: {days: 1}}"
    rules = [f"  - {{id: r{n}, applies_to: order, clock: {{start: {one}, {rest}}}\n" for n, one in enumerate(clocks)]
    return "policy: p\nrules:\n" + "".join(rules)


def test_silences_are_awaited_only_so_far_in_a_row() -> None:
    assert len(read_text(waiting(16)).rules) == 16
    with pytest.raises(Mistakes) as caught:
        read_text(waiting(400))
    assert [(one.line, one.field, one.wanted) for one in caught.value.problems] == [
        (386, "rules[383].clock", "at most 16 rules in a row that wait for each other's silence")
    ]


def test_a_rule_has_only_so_many_limits() -> None:
    def text(count: int) -> str:
        few = ", ".join(["{min: [{days: 1}, {days: 2}, {days: 3}, {days: 4}]}"] * count)
        return (
            "policy: p\nrules:\n  - id: a\n    applies_to: order\n    clock:\n      start: order.placed\n"
            f"      stop: order.shipped\n      limit: {{max: [{few}]}}\n"
        )

    assert len(read_text(text(6)).rules) == 1
    with pytest.raises(Mistakes) as caught:
        read_text(text(7))
    assert [(one.line, one.field, one.wanted) for one in caught.value.problems] == [
        (3, "rules[0]", "at most 32 limits in a rule, not 36: those of steps count too")
    ]


def test_a_rule_has_only_so_many_steps_their_repetitions_counted() -> None:
    clock = (
        "  - id: a\n    applies_to: order\n    clock: {start: order.placed, stop: order.shipped, limit: {days: 1}}\n"
    )
    steps = "".join(f"      - {{id: s{number}, at: due, every: 1h, times: 64, do: note}}\n" for number in range(4))
    assert len(read_text(f"policy: p\nrules:\n{clock}    steps:\n{steps}").rules[0].steps) == 4
    with pytest.raises(Mistakes) as caught:
        read_text(f"policy: p\nrules:\n{clock}    steps:\n{steps}      - {{id: one-more, at: due, do: note}}\n")
    assert [(one.field, one.wanted) for one in caught.value.problems] == [
        ("rules[0].steps", "at most 256 steps, each as often as it is taken again")
    ]


def test_policies_used_together_share_no_ids(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(GOOD)
    other.write_text(edited("policy: demo", "policy: other"))
    with pytest.raises(Mistakes) as caught:
        read_files([one, other])
    (problem,) = caught.value.problems
    assert (problem.file, problem.found, problem.wanted) == (
        str(other), "'refund-7d'", f"another id: {one} has it",
    )  # fmt: skip
    other.write_text(edited("policy: demo", "policy: other").replace("refund-7d", "refund-8d"))
    assert [policy.name for policy in read_files([one, other])] == ["demo", "other"]


def test_the_mistakes_of_several_files_make_one_report(tmp_path: Path) -> None:
    names = ("a.yaml", "b.yaml")
    for name in names:
        (tmp_path / name).write_text(edited("basis: law", "basis: lawful"))
    with pytest.raises(Mistakes) as caught:
        read_files([tmp_path / name for name in names])
    assert [Path(one.file).name for one in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_a_file_wins_over_a_pack_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("no-such-pack") == Path("no-such-pack")
    (tmp_path / "demo").write_text(GOOD)
    assert find("demo") == Path("demo")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_valid(path: Path) -> None:
    assert read_file(path).rules


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


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{type: flag, default: maybe}", "a default of true or false"),
        ("{type: country, default: China}", "a default that is a country of two capital letters (ISO 3166-1)"),
        ("{type: instant, default: 2026-01-01}", "no default: an instant has none that fits every case"),
    ],
)
def test_a_default_that_is_no_value_of_its_fact_is_told(text: str, wanted: str) -> None:
    found = problems(f"declare: {{facts: {{tier: {text}}}}}\n" + GOOD)
    assert [(line, field, why) for line, field, _, why in found] == [(1, "declare.facts.tier", wanted)]


CONDITIONS = [
    ("when: refund.amont > 3", 9, "refund.amont (column 1)", "one line"),
    ("when: |\n      refund.country == 'CN'\n      && refund.amont > refund.refunded", 11, "refund.amont (column 4)",
     "a literal block has the lines of the file"),
    ("when: |\n\n      refund.amont > refund.refunded", 11, "refund.amont (column 1)", "a block that begins empty"),
    ("when: >\n      refund.country == 'CN'\n      && refund.amont > refund.refunded", 9, "refund.amont (column 27)",
     "a folded block is one line"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "line", "shown", "why"), CONDITIONS, ids=[row[3] for row in CONDITIONS])
def test_a_mistake_in_a_condition_is_told_with_its_place(when: str, line: int, shown: str, why: str) -> None:
    assert (line, "rules[0].when", shown) in [
        one[:3] for one in problems(edited("    clock:", f"    {when}\n    clock:"))
    ]


def test_when_and_unless_are_one_condition() -> None:
    text = "when: refund.country == 'CN' && has(refund.amount)\n    unless: refund.exempt || refund.presale"
    rule = read_text(edited("    clock:", f"    {text}\n    clock:")).rules[0]
    both = "refund.country == 'CN' && has(refund.amount) && !(refund.exempt || refund.presale)"
    assert rule.when == parse(both, CORE, "refund")
    step = read_text(edited("{id: half,", "{id: half, unless: refund.exempt,")).rules[0].steps[0]
    assert step.when == parse("!refund.exempt", CORE, "refund")


def test_a_condition_that_becomes_too_deep_by_unless_is_told() -> None:
    deep = "!" * 30 + "refund.exempt"
    found = problems(edited("    clock:", f"    when: '{deep}'\n    unless: '{deep}'\n    clock:"))
    assert [one[3] for one in found] == ["`when` and `unless` of at most 32 levels and 256 parts"]


def test_a_rule_of_law_takes_no_calendar_of_a_house() -> None:
    house = Calendar("PROMO", "Asia/Shanghai", {"mon-sun": ["00:00-24:00"]}, holidays=[date(2026, 11, 11)])
    hours = Calendar("CN", "Asia/Shanghai", {"mon-fri": ["09:00-18:00"]})
    wanted = "the calendar of a place, or a time zone: the law knows no opening hours"
    for calendar in (house, hours):
        text = edited("calendar: Asia/Shanghai", f"calendar: {calendar.code}")
        calendars = Calendars({calendar.code: calendar})
        with pytest.raises(Mistakes) as caught:
            read_text(text, calendars=calendars)
        assert [(one.line, one.field, one.wanted) for one in caught.value.problems] == [(2, "calendar", wanted)]
        assert read_text(text.replace("basis: law", "basis: platform"), calendars=calendars)


def test_a_rule_of_law_takes_no_quiet_hours() -> None:
    text = edited("{days: 7, first_day: excluded}", "{working_hours: 30}").replace("Asia/Shanghai", "CN")
    text = text.replace("due - 1d", "due")
    assert [(line, field, wanted) for line, field, _, wanted in problems(text)] == [
        (14, "rules[0].clock.limit", "no working hours: the law's hours run through nights and holidays")
    ]
