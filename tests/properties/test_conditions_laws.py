"""The laws of verdicts hold with conditions too, above all with those that read marks; and no text, no compiled form
and no evidence makes a condition do anything but answer or refuse."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.conditions import Missing, dump, evaluate, load, show
from chalicelib.core.events import Event, FactValue
from chalicelib.core.rules import Point, Rule
from chalicelib.core.words import CORE
from chalicelib.rules.conditions import ConditionError, parse
from tests.properties import histories as h
from tests.properties.test_core_laws import CASE, END, advance, backtest, slow, standing, wakes

WHENS = [
    "has(order.shipped)",
    "!has(inspection.started)",
    "has(refund.paid) || order.country == 'CN'",
    "order.country in ['CN', 'SG']",
    "order.ship_by > order.placed",
    "order.cancelled >= order.placed ? true : order.amount > money('2', 'CNY')",
    "inspection.ended - inspection.started < duration('5h')",
]


def asking(rule: Rule, text: str, offset: int) -> Rule:
    start = rule.start
    if isinstance(start, Point):
        start = replace(start, offset=start.offset + offset)
    return replace(rule, when=parse(text, CORE, "order"), start=start)


rules = st.builds(
    asking,
    h.rules,
    st.sampled_from(WHENS),
    st.sampled_from([0, 0, -10_800]),
)


@slow
@given(h.histories, rules)
def test_evaluating_at_each_wake_takes_exactly_the_steps_of_a_backtest(events: list[Event], rule: Rule) -> None:
    policies = h.always(rule)
    case = advance(CASE, policies, h.T0 - timedelta(days=1), *events)
    case = wakes(case, policies, h.T0 - timedelta(days=1), END)
    assert standing(case) == backtest(events, policies, END)


@slow
@given(h.histories, rules)
def test_at_a_wake_in_time_no_step_is_withdrawn_for_what_a_condition_saw_later(events: list[Event], rule: Rule) -> None:
    policies = h.always(rule)
    case = advance(CASE, policies, h.T0 - timedelta(days=1), *events)
    case = wakes(case, policies, h.T0 - timedelta(days=1), END)
    healed = [key for key, state in case.ledger.steps.items() if state.withdrawn or state.generation]
    # The last occurrence is another one after each new mark, so it may rightly move what was taken before.
    if all(not isinstance(moment, Point) or moment.pick != "last" for moment in (rule.start, *rule.stop)):
        assert healed == []


WORDS = [
    *("refund", ".", "country", "refund.country", "refund.exempt", "order.shipped", "return.received", "has", "size"),
    *(
        "money",
        "timestamp",
        "duration",
        "startsWith",
        "matches",
        "(",
        ")",
        "[",
        "]",
        ",",
        "?",
        ":",
        "in",
        "true",
        "null",
    ),
    *(
        "&&",
        "||",
        "!",
        "-",
        "+",
        "==",
        "!=",
        "<",
        ">=",
        "=",
        "&",
        "*",
        "'",
        '"',
        "\\",
        "'CN'",
        "'1h'",
        "'\\u00e9'",
        "1",
    ),
    *(
        "2.5",
        "1e9",
        "0x1",
        "3u",
        "//",
        "\n",
        " ",
        "\x00",
        "\ud800",
        "é",
        "🙂",
        "'2026-03-01T00:00:00Z'",
        "'1'",
        "{",
        "_",
    ),
]
fuzz = st.text(max_size=80) | st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)
fuzz |= st.lists(st.sampled_from(WORDS), max_size=40).map("".join) | st.lists(
    st.sampled_from("(!-[?'\\"), max_size=2100
).map("".join)


@given(fuzz)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        condition = parse(text, CORE, "refund")
    except ConditionError as error:
        assert 0 <= error.at <= len(text)
        str(error).encode()
        assert len(str(error)) < 400
        return
    assert parse(show(condition), CORE, "refund") == condition
    assert load(dump(condition)) == condition


forms = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["CNY", "1", "number", "bool", "country"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(
            lambda name, rest: [name, *rest],
            st.sampled_from(
                ["literal", "fact", "mark", "money", "has", "&&", "!", "minus", "==", "in", "+", "?", "size"]
            ),
            st.lists(inner, max_size=4),
        )
    ),
    max_leaves=12,
)


@given(forms)
def test_any_compiled_form_is_read_or_refused(form: Any) -> None:
    try:
        condition = load(form)
    except ValueError:
        return
    assert load(dump(condition)) == condition


values: st.SearchStrategy[FactValue] = st.one_of(
    st.sampled_from(["CN", ""]),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.just(Decimal("1e-9")),
    st.sampled_from([date(9999, 12, 31), datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)]),
)
ANY = [
    "order.pieces + order.score - 1.5 > -order.pieces",
    "order.amount - order.refunded > money('1', 'CNY') || order.exempt",
    "order.ship_by + duration('800000h') > order.deliver_by - duration('800000h')",
    "order.ship_by - order.placed + duration('1h') in [duration('1h'), order.deliver_by - order.placed]",
    "order.reason.contains(order.category) ? size(order.reason) > 1 : order.country in ['CN', 'DE']",
]


class Known:
    """Any value under any name."""

    def __init__(self, facts: dict[str, FactValue], placed: datetime) -> None:
        self.facts, self.placed = facts, placed

    def fact(self, name: str) -> FactValue | None:
        return self.facts.get(name)

    def mark(self, name: str) -> datetime | None:
        return self.placed


@given(
    st.sampled_from(ANY),
    st.dictionaries(st.sampled_from(sorted(CORE.facts)), values),
    st.datetimes(timezones=st.just(UTC)),
)
def test_any_evidence_gets_an_answer(text: str, facts: dict[str, FactValue], placed: datetime) -> None:
    assert isinstance(evaluate(parse(text, CORE, "order"), Known(facts, placed)), bool | Missing)
