"""Single values out of a platform's JSON: money to the last digit and in one form, whatever the platform writes."""

from decimal import Decimal

import pytest

from chalicelib.platforms.shapes import money
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
