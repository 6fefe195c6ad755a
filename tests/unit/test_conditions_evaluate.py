"""What a condition answers: true, false, or what is missing."""

import pickle
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.core.condition_tree import Literal, Type
from chalicelib.core.conditions import Condition, Missing, evaluate
from chalicelib.core.events import FactValue
from chalicelib.core.words import CORE, FactType, FactWord
from chalicelib.rules.conditions import parse

T0 = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Known:
    """A case in two dictionaries."""

    facts: dict[str, FactValue] = field(default_factory=dict)
    marks: dict[str, datetime] = field(default_factory=dict)

    def fact(self, name: str) -> FactValue | None:
        return self.facts.get(name)

    def mark(self, name: str) -> datetime | None:
        return self.marks.get(name)


FACTS: dict[str, FactValue] = {
    "country": "CN",
    "category": "food/fresh",
    "amount": Decimal("199.00"),
    "refunded": Decimal("0.10"),
    "currency": "CNY",
    "pieces": Decimal(3),
    "exempt": False,
    "ship_by": T0 + timedelta(hours=48),
}
CASE = Known(FACTS, {"order.placed": T0, "order.paid": T0 + timedelta(minutes=30)})
NO_REGION = Missing(("fact region is missing",))
NO_SCORE = Missing(("fact score is missing",))

ANSWERS = [
    ("refund.country == 'CN' && !refund.exempt", True),
    ("refund.country in ['SG', 'MY']", False),
    ("refund.country in [refund.currency, 'CN']", True),
    ("refund.category.startsWith('food/')", True),
    ("refund.category.endsWith('food')", False),
    ("refund.category.contains('d/f')", True),
    ("size(refund.category) == 10", True),
    ("refund.pieces + 1 > 3.5 && -refund.pieces == -3", True),
    ("refund.exempt ? refund.pieces > 5 : refund.pieces > 2", True),
    ("refund.country < 'DE' && refund.exempt != true", True),
    # money
    ("refund.amount >= money('199', 'CNY')", True),
    ("refund.amount - refund.refunded == money('198.9', refund.currency)", True),
    ("refund.amount > money('1', 'USD')", Missing(("fact currency is not USD",))),
    ("refund.currency == 'USD' && refund.amount > money('1', 'USD')", False),
    # instants
    ("refund.ship_by == timestamp('2026-03-03T00:00:00Z')", True),
    ("order.paid - order.placed <= duration('30m')", True),
    ("refund.ship_by - duration('48h') < order.paid", True),
    # presence
    ("has(refund.exempt) && has(order.paid)", True),
    ("has(refund.region) || has(order.shipped)", False),
    # what is missing
    ("refund.region == 'x'", NO_REGION),
    ("refund.region == refund.region", NO_REGION),
    ("order.shipped > order.placed", Missing(("mark order.shipped is missing",))),
    ("refund.score > refund.pieces && refund.region == 'x'", Missing(NO_SCORE.reasons + NO_REGION.reasons)),
    ("refund.score - refund.pieces == 1.0", NO_SCORE),
    ("refund.region in ['x', 'y']", NO_REGION),
    ("'x' in ['x', refund.region]", NO_REGION),
    ("refund.goods_expected ? true : true", Missing(("fact goods_expected is missing",))),
    ("refund.region.startsWith('x')", NO_REGION),
    ("'x'.startsWith(refund.region)", NO_REGION),
    ("!(refund.score > 1)", NO_SCORE),
    # what decides all the same, on either side
    ("refund.exempt && refund.region == 'x'", False),
    ("refund.region == 'x' && refund.exempt", False),
    ("refund.region == 'x' || !refund.exempt", True),
    ("refund.region == 'x' || refund.exempt", NO_REGION),
    ("!refund.exempt && refund.region == 'x'", NO_REGION),
    ("has(refund.region) && refund.region == 'x'", False),
    ("!has(refund.region) || refund.region == 'x'", True),
    ("refund.exempt ? refund.score > 1 : true", True),
]


@pytest.mark.parametrize(("text", "answer"), ANSWERS)
def test_a_condition_is_true_or_false_or_says_what_is_missing(text: str, answer: bool | Missing) -> None:
    assert evaluate(parse(text, CORE, "refund"), CASE) == answer


def test_money_without_the_currency_of_the_case_is_missing() -> None:
    facts: dict[str, FactValue] = {"amount": Decimal(5)}
    no_currency = Missing(("fact currency is missing",))
    assert evaluate(parse("refund.amount > money('1', 'CNY')", CORE, "refund"), Known(facts)) == no_currency
    assert evaluate(parse("refund.amount > money('1', refund.currency)", CORE, "refund"), Known(facts)) == no_currency


ODD: list[FactValue] = ["3", True, Decimal(3), date(2026, 3, 1), T0]


@pytest.mark.parametrize("value", ODD)
def test_a_value_of_another_type_than_was_declared_is_missing_never_an_error(value: FactValue) -> None:
    texts = {
        "refund.pieces > 1": Decimal,
        "refund.exempt": bool,
        "refund.ship_by < refund.ship_by + duration('1h')": datetime,
        "size(refund.reason) > 0": str,
        "refund.amount < refund.refunded": Decimal,
    }
    for text, wanted in texts.items():
        answer = evaluate(parse(text, CORE, "refund"), Known(dict.fromkeys(CORE.facts, value)))
        assert isinstance(answer, bool if type(value) is wanted else Missing), text


def test_an_instant_beyond_the_calendar_is_missing_never_an_error() -> None:
    edge = Known({"ship_by": datetime(9999, 12, 31, tzinfo=UTC)})
    answer = evaluate(parse("refund.ship_by + duration('48h') > refund.ship_by", CORE, "refund"), edge)
    assert answer == Missing(("an instant is outside the years 1 to 9999",))


def test_a_default_stands_in_for_a_fact_that_nobody_gives() -> None:
    words = CORE.with_(frozenset(), {"gift": FactWord(FactType.FLAG, default=False)})
    condition = parse("!order.gift", words, "order")
    assert evaluate(condition, Known()) is True
    assert evaluate(condition, Known({"gift": True})) is False
    assert evaluate(parse("has(order.gift)", words, "order"), Known()) is False


def test_what_is_missing_is_neither_true_nor_false_to_python_either() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(NO_REGION)
    assert str(NO_SCORE.with_(NO_REGION).with_(NO_SCORE)) == "fact score is missing; fact region is missing"


def test_a_condition_says_what_it_reads() -> None:
    condition = parse("refund.amount > money('1', 'CNY') && has(refund.region) && has(order.paid)", CORE, "refund")
    assert condition.facts == {"amount", "currency", "region"}
    assert condition.marks == {"order.paid"}


def test_a_condition_must_be_true_or_false() -> None:
    with pytest.raises(ValueError, match="true or false"):
        Condition(Literal(Type.INT, 1))


def test_a_condition_travels_between_processes() -> None:
    condition = parse("refund.country == 'CN'", CORE, "refund")
    again = pickle.loads(pickle.dumps(condition))
    assert again == condition
    assert evaluate(again, CASE) is True
