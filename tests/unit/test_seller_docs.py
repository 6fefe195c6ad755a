"""The page on sellers shows the figures that the bench wrote, and the promise holds in them."""

import json

import pytest

from chalicelib.core.ladder import Ladder
from chalicelib.sellers.standard import read_bytes
from tests.support import seller_tables


@pytest.mark.parametrize("name", seller_tables.TABLES)
def test_the_page_shows_what_was_measured(name: str) -> None:
    text = seller_tables.PAGE.read_text(encoding="utf-8")
    first, end = seller_tables.between(text, name)
    assert text[first:end] == seller_tables.tables(name), "python -m tests.support.seller_tables"


def test_the_rule_that_was_chosen_keeps_the_promise_on_twenty_thousand_of_each_kind() -> None:
    figures = json.loads(seller_tables.RULE.read_text(encoding="utf-8"))
    assert (figures["sellers"], figures["per_week"], figures["matures"]) == (20_000, 20, 10)
    (held,) = [one for one in figures["rules"] if one["rule"] == figures["chosen"]]
    good, bad = held["kinds"][0], held["kinds"][-1]
    assert (good["of_limit"], bad["of_limit"]) == (0.5, 3.0)
    assert good["curve"]["365"]["penalised"] < 0.001
    assert bad["curve"]["60"]["warned"] >= 0.9 and bad["curve"]["120"]["penalised"] >= 0.9


def test_the_standard_on_the_page_can_be_used() -> None:
    text = seller_tables.PAGE.read_text(encoding="utf-8")
    told = text.partition("```yaml\nstandard:")[2].partition("```")[0]
    assert read_bytes(f"standard:{told}".encode()).ladder == Ladder(), "the ladder that is shown is the house's"
