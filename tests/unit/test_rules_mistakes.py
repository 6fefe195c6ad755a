"""Each mistake in a policy is told with its line, and all of them in one report."""

from datetime import date

import pytest

from chalicelib.core.calendars import Calendar, Calendars
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_text
from tests.support.refundpolicy import GOOD, edited, problems

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
