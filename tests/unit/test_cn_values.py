"""Values as Chinese platforms write them, each to its instant, its yuan, its id; and what is none of them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from chalicelib.platforms.cn import day, fen_of, ident, instant, opaque, whole, yuan
from chalicelib.platforms.shapes import code

TEN = datetime(2026, 11, 21, 10, tzinfo=UTC)
INSTANTS = [
    (1795255200, TEN, "seconds"),
    ("1795255200", TEN, "seconds as text"),
    (1795255200000, TEN, "milliseconds"),
    (1795255200123, TEN.replace(microsecond=123000), "milliseconds, exactly"),
    ("2026-11-21 18:00:00", TEN, "wall time of Beijing"),
    ("2026-11-21T18:00:00+08:00", TEN, "with an offset"),
    ("2026-11-21T18:00:00.123456+08:00", TEN.replace(microsecond=123000), "cut to the millisecond"),
    ("1990-07-01 12:00:00", datetime(1990, 7, 1, 4, tzinfo=UTC), "no summer time of long ago"),
    ("2026-11-21T18:00:00", None, "no zone"),
    ("2026-11-21", None, "a day is no instant"),
    ("0001-01-01 00:00:00", None, "a zero date"),
    ("9999-12-31T23:59:59-12:00", None, "beyond all time"),
    (0, None, "none"),
    (10**18, None, "beyond all time, as a number"),
    (True, None, "a flag"),
    (None, None, "nothing"),
    ("", None, "empty"),
    (Decimal("1795255200.5"), None, "a fraction"),
]


@pytest.mark.parametrize(("value", "wanted", "why"), INSTANTS, ids=[row[-1] for row in INSTANTS])
def test_an_instant(value: object, wanted: datetime | None, why: str) -> None:
    assert instant(value) == wanted, why


@pytest.mark.parametrize(
    ("fen", "wanted"),
    [(3, "0.03"), (0, "0.00"), (19903, "199.03"), ("2990", "29.90"), (10**16, "100000000000000.00")],
)
def test_fen_are_yuan_exactly(fen: object, wanted: str) -> None:
    assert str(yuan(fen)) == wanted
    assert not yuan(fen) or fen_of(Decimal(wanted)) == int(str(fen))


@pytest.mark.parametrize("fen", [-1, None, "", "1.5", Decimal("1.5"), True, [], 10**17, "9" * 30])
def test_what_is_no_fen(fen: object) -> None:
    assert yuan(fen) is None and whole(fen) is None


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity", "1e30"])
def test_what_is_no_money_to_send(amount: str) -> None:
    assert fen_of(Decimal(amount)) is None


def test_ids_are_exact_and_nobody_is_no_id() -> None:
    assert ident(4705288465508532862) == ident("4705288465508532862") == "4705288465508532862"
    nobody: list[object] = [0, "0", "", None, True, -5, 10**19, "a b", "x" * 65, [], Decimal(7)]
    assert {ident(value) for value in nobody} == {""}
    assert opaque("1@#a/b+c==") == "1@#a/b+c==" and opaque("a b") == opaque(7) == opaque("\N{SNOWMAN}") == ""
    assert code(15) == "15" and code("isv.business-failed:1") and code("two words") is code(True) is code(-1) is None


def test_days() -> None:
    assert day("2026-11-25") == date(2026, 11, 25)
    assert day("2026-02-30") is day("25.11.2026") is day(None) is day("0001-01-01") is None
