"""Conditions as JSON in compiled rules: there and back, and nothing that does not fit together comes in."""

import json

import pytest

from chalicelib.core.conditions import dump, load, show
from chalicelib.core.words import CORE, FactType, FactWord
from chalicelib.rules.conditions import parse

WORDS = CORE.with_(frozenset(), {"gift": FactWord(FactType.FLAG, default=False)})
TEXTS = [
    "refund.country == 'CN' && !refund.exempt",
    "refund.gift || has(refund.gift) || has(order.paid)",
    "refund.amount - refund.refunded >= money('0.10', 'CNY')",
    "refund.amount > money('0', refund.currency)",
    "refund.ship_by - order.placed > duration('-1h30m0s5ms')",
    "refund.ship_by + duration('1h') <= timestamp('0999-03-01T00:00:00.001Z')",
    "refund.pieces in [1.0, -2.5, refund.score] ? -refund.pieces < 1.0 : size(refund.reason) + 1 == 3",
    "refund.reason.startsWith('a') || refund.reason.endsWith('b') || refund.reason.contains('c') || false",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_compiled_condition_is_read_back_from_json(text: str) -> None:
    condition = parse(text, WORDS, "refund")
    again = load(json.loads(json.dumps(dump(condition))))
    assert again == condition
    assert show(again) == show(condition)


FACT = ["fact", "refund", "country", "string"]
NUMBER = ["fact", "refund", "pieces", "number"]
BAD = [
    (None, "no list"),
    ([], "an empty list"),
    (["literal", "bool"], "no value"),
    (["literal", "bool", 1], "a value of another type"),
    (["literal", "int", True], "true is no int"),
    (["literal", "colour", "red"], "no such type"),
    (["literal", "number", "NaN"], "not a number"),
    (["literal", "timestamp", 10**18], "beyond all calendars"),
    (["==", FACT], "one side"),
    (["==", FACT, NUMBER], "types that do not compare"),
    (["&&", ["literal", "bool", True]], "one operand"),
    (["!", FACT], "not of a string"),
    (["+", FACT, FACT], "no sum of strings"),
    (["in", FACT], "an empty list to be in"),
    (["in", FACT, NUMBER], "a list of another type"),
    (["?", FACT, FACT, FACT], "a choice on a string"),
    (["size", NUMBER], "a number has no size"),
    (["startsWith", FACT, NUMBER], "a search for a number"),
    (["minus", FACT], "minus a string"),
    (["has", ["literal", "bool", True]], "presence of a literal"),
    (["has", FACT, FACT], "presence of two"),
    (["money", "1", NUMBER], "a number for a currency"),
    (["money", "x", "CNY"], "no amount"),
    (["exec", "1"], "no such node"),
    ([["&&"], []], "a name that is no name"),
    (FACT, "not true or false"),
    (["&&", *([["literal", "bool", True]] * 256)], "too many parts"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "why"), BAD)
def test_a_form_that_does_not_fit_together_is_refused(form: object, why: str) -> None:
    with pytest.raises(ValueError):
        load(form)


def test_a_form_nested_too_deep_is_refused_before_it_is_walked() -> None:
    form: list = ["literal", "bool", True]
    for _ in range(100_000):
        form = ["!", form]
    with pytest.raises(ValueError, match="32 levels"):
        load(form)
