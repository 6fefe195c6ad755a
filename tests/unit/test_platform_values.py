"""Single values that platforms write: money to the last digit and in one form, and when an answer was given."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib.platforms.shapes import answered_at, money
from chalicelib.platforms.shopify.fields import Node

AMOUNTS = [
    (173, "173", "a whole number gets no decimals of ours"),
    (0, "0", "nor does nothing"),
    (Decimal("12.34"), "12.34", "a number"),
    (Decimal("2E+1"), "20", "a number with an exponent"),
    ("54.0000", "54.00", "four decimals, as BigCommerce v2 writes them"),
    ("54.1250", "54.125", "a tenth of a cent stays"),
    ("-3.10", "-3.10", "text as it is"),
    ("7.5", "7.5", "text as it is"),
    ("12.34567800", "12.345678", "more than six digits, if the rest are zeros"),
]
NONE = ["", "1e3", "12.3456789", ".5", "5.", "1,5", "\u0661", " 1", "9" * 16, 10**15, True, None, [], Decimal("NaN")]


@pytest.mark.parametrize(("given", "wanted", "why"), AMOUNTS, ids=[str(row[0]) for row in AMOUNTS])
def test_an_amount(given: object, wanted: str, why: str) -> None:
    assert str(money(given)) == wanted, why


@pytest.mark.parametrize("given", NONE, ids=repr)
def test_what_is_no_amount(given: object) -> None:
    assert money(given) is None


def test_shopify_s_numbers_get_no_decimals_of_ours_either() -> None:
    assert str(Node.of({"amount": 173}).money("amount")) == "173"
    assert str(Node.of({"amount": "173.50"}).money("amount")) == "173.50"


TEN = datetime(2026, 11, 21, 10, tzinfo=UTC)
DATES = [
    ("Sat, 21 Nov 2026 10:00:00 GMT", TEN, "as of RFC 9110"),
    ("Sat, 21 Nov 2026 18:00:00 +0800", TEN, "with an offset"),
    ("Sat, 21 Nov 2026 10:00:00", None, "no zone"),
    ("Sat, 31 Feb 2026 10:00:00 GMT", None, "no such day"),
    ("21 Nov 2026", None, "no time"),
    ("", None, "empty"),
]


@pytest.mark.parametrize(("text", "wanted", "why"), DATES, ids=[row[-1] for row in DATES])
def test_the_date_of_an_answer(text: str, wanted: datetime | None, why: str) -> None:
    assert answered_at({"date": text}) == wanted, why


def test_an_answer_without_a_date() -> None:
    assert answered_at({}) is None
