"""Reading the text of a condition: what is understood, and what each mistake is told."""

import pytest

from chalicelib.core.conditions import show
from chalicelib.core.words import CORE, FactType, FactWord
from chalicelib.rules.conditions import ConditionError, parse

READ = [
    ("refund.country == 'CN' && !refund.exempt", None, "canonical text is left as it is"),
    ("  (refund.country=='CN')&&(!(refund.exempt))  ", "refund.country == 'CN' && !refund.exempt", "no needless signs"),
    ("// why\nrefund.exempt // note\n", "refund.exempt", "comments are dropped"),
    ('refund.reason == "it\'s"', "refund.reason == 'it\\'s'", "either quote"),
    ("refund.reason == '\\u00e9\\\\'", "refund.reason == 'é\\\\'", "escapes"),
    ("refund.reason == 'e\u0301'", "refund.reason == 'é'", "text is compared in the one form that facts are kept in"),
    ("refund.pieces > 3", "refund.pieces > 3.0", "an int beside a number is that number"),
    ("3 < refund.pieces", "3.0 < refund.pieces", "on either side"),
    ("refund.pieces in [1, 2.50]", "refund.pieces in [1.0, 2.5]", "in lists"),
    ("0 in [0, 0.0]", "0.0 in [0.0, 0.0]", "in lists that mix them"),
    ("refund.pieces + 1 == 007.0", "refund.pieces + 1.0 == 7.0", "in sums"),
    ("refund.pieces > (refund.exempt ? 1 : 2.5)", "refund.pieces > (refund.exempt ? 1.0 : 2.5)", "in choices"),
    ("size(refund.reason) > 3", None, "what is counted stays an int"),
    ("refund.reason.size() > 3", "size(refund.reason) > 3", "one spelling of size"),
    ("refund.pieces - -3 > 0.0", "refund.pieces - -3.0 > 0.0", "a sign before a literal is part of it"),
    ("--refund.pieces < - 1.5", "--refund.pieces < -1.5", "signs repeat"),
    ("refund.pieces - (1 - refund.score) > 0.0", "refund.pieces - (1.0 - refund.score) > 0.0", "grouping to the right"),
    ("(refund.pieces - 1) - 2 > 0.0", "refund.pieces - 1.0 - 2.0 > 0.0", "grouping to the left is the usual one"),
    ("refund.exempt && (refund.presale && true)", "refund.exempt && refund.presale && true", "chains are flat"),
    ("(refund.exempt || refund.presale) && true", None, "|| binds looser than &&"),
    ("refund.exempt ? true : refund.presale ? false : true", None, "choices nest to the right"),
    ("(refund.exempt ? true : false) ? true : false", None, "and elsewhere in parentheses"),
    ("refund.exempt == (refund.pieces > 1.0)", None, "true and false compare"),
    ("refund.amount >= money('199.00', 'CNY')", "refund.amount >= money('199', 'CNY')", "money"),
    ("refund.amount > money('0', refund.currency)", None, "money in whatever currency the case is in"),
    ("refund.amount - refund.refunded > money('0.01', 'CNY')", None, "money adds up"),
    ("order.paid - order.placed > duration('90m')", "order.paid - order.placed > duration('1h30m')", "durations"),
    ("order.paid > timestamp('2026-03-01T08:00:00+08:00')", "order.paid > timestamp('2026-03-01T00:00:00Z')", "zones"),
    ("has(order.shipped) || has(refund.approved)", None, "marks of any kind"),
    ("refund.category.startsWith('food/') || refund.reason.contains('x')", None, "searches"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "canonical", "why"), READ)
def test_a_condition_is_read_and_shown_in_one_spelling(text: str, canonical: str | None, why: str) -> None:
    condition = parse(text, CORE, "refund")
    assert show(condition) == (text if canonical is None else canonical), why
    assert parse(show(condition), CORE, "refund") == condition, "canonical text means the same"


REFUSED = [
    # names
    ("refund.contry == 'CN'", 0, "refund.contry", "a fact of refund or a mark; did you mean refund.country?"),
    ("country == 'CN'", 0, "country", "did you mean refund.country?"),
    ("order.country == 'CN'", 0, "order.country", "did you mean refund.country?"),
    ("has(order.shiped)", 4, "order.shiped", "did you mean order.shipped?"),
    ("refund", 0, "refund", "a fact of refund or a mark"),
    ("refund.country.code == 'CN'", 15, "code", "one of startsWith, endsWith, contains, size"),
    ("has(return.received)", 4, "return.received", "a fact or a mark whose name is free in CEL"),
    ("refund.in", 0, "refund.in", "a fact or a mark whose name is free in CEL"),
    # types
    ("refund.country", 0, "refund.country (string)", "true or false"),
    ("refund.country == 3", 18, "3 (int)", "a string, like 'CN', as refund.country is"),
    ("refund.amount > 199.00", 16, "199.00 (number)", "money, like money('199.00', 'CNY'), as refund.amount is"),
    ("refund.ship_by < '2026-01-01'", 17, "'2026-01-01' (string)", "a timestamp, like timestamp("),
    ("refund.pieces in ['a']", 18, "'a' (string)", "a number, like 3.5, as refund.pieces is"),
    ("refund.exempt < true", 0, "refund.exempt (bool)", "== or !="),
    ("!refund.country", 1, "refund.country (string)", "true or false"),
    ("-refund.amount > refund.amount", 1, "refund.amount (money)", "a number"),
    ("refund.exempt && refund.country", 17, "refund.country (string)", "true or false"),
    ("refund.country ? true : false", 0, "refund.country (string)", "true or false"),
    ("refund.exempt ? 'a' : 1", 22, "1 (int)", "a string, like 'CN', as before the colon"),
    ("refund.ship_by + refund.ship_by > refund.ship_by", 17, "refund.ship_by (timestamp)", "what + joins to"),
    ("refund.pieces.contains('a')", 0, "refund.pieces (number)", "a string"),
    ("size(refund.pieces) > 1", 5, "refund.pieces (number)", "a string"),
    # what a fact can say at all
    ("refund.country == 'cn'", 18, "'cn'", "a country of two capital letters"),
    ("refund.currency in ['CNY', 'yuan']", 27, "'yuan'", "a currency of three capital letters"),
    ("'' != refund.category", 0, "''", "a short code"),
    ("refund.amount > money('1e3', 'CNY')", 22, "'1e3'", "money as a decimal string"),
    ("refund.amount > money('1', 'cny')", 27, "'cny'", "a currency of three capital letters"),
    ("refund.amount > money(1, 'CNY')", 22, "1", "an amount"),
    ("refund.amount > money('1')", 25, ")", ", and the currency"),
    ("refund.amount > money('1', refund.country)", 27, "refund.country", "refund.currency"),
    ("refund.ship_by < timestamp('2026-01-01')", 27, "'2026-01-01'", "an instant like"),
    ("refund.ship_by < timestamp('2026-13-01T00:00:00Z')", 27, "'2026-13-01T00:00:00Z'", "an instant like"),
    ("refund.ship_by < timestamp('2026-01-01T00:00:00.0001Z')", 27, "'2026-01-01T00:00:00.0001Z'", "an instant like"),
    ("order.paid - order.placed > duration('7d')", 37, "'7d'", "168h"),
    ("order.paid - order.placed > duration('')", 37, "''", "like '48h'"),
    ("order.paid - order.placed > duration('999999h')", 37, "'999999h'", "at most 100 years"),
    # grammar
    ("", 0, "the end", "a value"),
    ("refund.country ==", 17, "the end", "a value"),
    ("(refund.exempt", 14, "the end", "an operator, or )"),
    ("refund.exempt refund.presale", 14, "refund", "an operator like && or =="),
    ("refund.exempt)", 13, ")", "an operator like && or =="),
    ("1 < refund.pieces < 3", 18, "<", "one comparison at a time, joined by &&"),
    ("refund.country in 'CN'", 18, "'CN'", "a list"),
    ("refund.country in []", 19, "]", "a value"),
    ("refund.country in ['CN' 'SG']", 24, "'SG'", ", or ]"),
    ("refund.exempt ? true", 20, "the end", ":"),
    ("has('a')", 4, "'a'", "a fact or a mark"),
    ("has(refund.country == 'CN')", 19, "==", ")"),
    # habits of other languages
    ("refund.exempt and refund.presale", 14, "and", "&&"),
    ("not refund.exempt", 0, "not", "!"),
    ("refund.exempt == True", 17, "True", "true"),
    ("refund.country = 'CN'", 15, "=", "== (one = compares nothing)"),
    ("refund.exempt & refund.presale", 14, "&", "&&"),
    ("refund.reason.startswith('x')", 14, "startswith", "did you mean startsWith?"),
    # what CEL has and the subset has not
    ("refund.reason.matches('(a+)+')", 14, "matches", "no regular expressions"),
    ("['a'].exists(x, x == 'a')", 0, "[", "a list stands to the right of `in` only"),
    ("refund.country.all(x, true)", 15, "all", "no loops"),
    ("int(refund.pieces) > 3", 0, "int()", "no conversions"),
    ("refund.ship_by.getHours() > 3", 15, "getHours", "no parts of instants"),
    ("refund.pieces * 2 > 3", 14, "*", "no other arithmetic"),
    ("refund.country == null", 18, "null", "has(refund.country)"),
    ("{'a': 1}", 0, "{", "no maps"),
    ("refund.country[0] == 'C'", 14, "[", "nothing here has an index"),
    ("refund.country == r'CN'", 18, "r'...'", "no raw strings"),
    ("refund.country == '''CN'''", 18, "'''", "a string between"),
    ("refund.reason == '\\n'", 18, "\\n", "after a backslash"),
    ("refund.reason == '\\ud800'", 18, "\\u", "after a backslash"),
    ("refund.reason == 'abc", 17, "'", "a string that ends on its line"),
    ("refund.pieces > 3u", 16, "3u", "a number like 3 or 3.5"),
    ("refund.pieces > 1e3", 16, "1e", "a number like 3 or 3.5"),
    ("refund.pieces > 1.", 16, "1.", "a number like 3 or 3.5"),
    ("refund.pieces > 1234567890123456", 16, "1234567890123456...", "at most 15 digits"),
    ("lower(refund.reason) == 'a'", 0, "lower()", "one of has, size, money, timestamp, duration"),
    # bounds
    ("!" * 40 + "refund.exempt", 8, "33 levels", "at most 32 levels"),
    ("(" * 40 + "true" + ")" * 40, 32, "33 levels", "at most 32 levels"),
    (" && ".join(["refund.exempt"] * 120) + " && true" * 40, 0, "2,356 characters", "at most 2,000"),
    ("refund.pieces in [" + ", ".join(["1"] * 300) + "]", 0, "302 parts", "at most 256 parts"),
]


@pytest.mark.parametrize(("text", "at", "found", "wanted"), REFUSED)
def test_a_mistake_is_told_with_its_place_what_was_found_and_what_was_wanted(
    text: str, at: int, found: str, wanted: str
) -> None:
    with pytest.raises(ConditionError) as told:
        parse(text, CORE, "refund")
    assert (told.value.at, told.value.found) == (at, found)
    assert wanted in told.value.wanted


def test_the_place_in_a_text_of_several_lines_is_a_line_and_a_column() -> None:
    with pytest.raises(ConditionError) as told:
        parse("refund.exempt &&\n  refund.country == 3", CORE, "refund")
    assert (told.value.line, told.value.column) == (2, 21)
    assert str(told.value).startswith("line 2, column 21: found 3 (int), wanted a string")


def test_what_stands_in_an_error_is_short_and_printable() -> None:
    with pytest.raises(ConditionError) as told:
        parse("refund." + "x" * 500, CORE, "refund")
    assert len(str(told.value)) < 200
    with pytest.raises(ConditionError) as told:
        parse("refund.reason == \x00", CORE, "refund")
    assert told.value.found == "\\x00"


def test_words_that_a_policy_declares_are_known() -> None:
    words = CORE.with_(frozenset(["order.packed"]), {"weight": FactWord(FactType.NUMBER)})
    condition = parse("order.weight > 3 && has(order.packed)", words, "order")
    assert (condition.facts, condition.marks) == (frozenset(["weight"]), frozenset(["order.packed"]))


def test_a_name_that_is_a_fact_and_a_mark_is_refused() -> None:
    words = CORE.with_(frozenset(), {"shipped": FactWord(FactType.FLAG)})
    with pytest.raises(ConditionError, match="not both a fact and a mark"):
        parse("order.shipped", words, "order")
