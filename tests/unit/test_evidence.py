"""Which statement wins a register: rank of source, version, a look, the reading number; lists and take-backs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.view import View

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = T0 + timedelta(days=9)


def at(hours: int) -> datetime:
    return T0 + timedelta(hours=hours)


def said(version: Any, *marks: Mark, **more: Any) -> Event:
    return Event("e", Subject("order", "1"), T0, version, marks=marks, **more)


def shipped(hours: int | None, of: str = "", version: Any = None) -> Mark:
    return Mark("order.part_shipped", None if hours is None else at(hours), of, version)


def seen(*events: Event) -> list[tuple[str, datetime]]:
    """The live marks, whatever the order in which the events come."""
    found = [
        [(one.of, one.at) for one in View(merge_all(NOTHING, order), NOW).marks("order.part_shipped")]
        for order in permutations(events)
    ]
    assert all(one == found[0] for one in found), "the order of arrival must not matter"
    return found[0]


WHOLE = frozenset(["order.part_shipped"])
MARKS: list[tuple[list[Event], list[tuple[str, int]], str]] = [
    ([said(1, shipped(1)), said(2, shipped(5))], [("", 5)], "a greater version corrects"),
    ([said(2, shipped(5)), said(1, shipped(1))], [("", 5)], "a smaller one does not"),
    ([said(at(0), shipped(1)), said(at(1), shipped(5))], [("", 5)], "versions may be instants"),
    ([said(1, shipped(1)), said(2, shipped(None))], [], "null takes back"),
    (
        [said(1, shipped(1)), said(2, shipped(None)), said(3, shipped(4))],
        [("", 4)],
        "and what was taken back may return",
    ),
    ([said(1, shipped(1)), said(1, shipped(5), look=True)], [("", 5)], "a look beats a push of the same version"),
    ([said(2, shipped(1)), said(1, shipped(5), look=True)], [("", 1)], "but not a newer push"),
    ([said(1, shipped(1)), said(1, shipped(5), reading=2)], [("", 5)], "a mended reading of the same body wins"),
    ([said(9, shipped(1), source="storefront"), said(1, shipped(5))], [("", 5)], "rank before version"),
    ([said(1, shipped(5)), said(0, shipped(None), source="decision")], [], "a decision takes a mark back"),
    ([said(1, shipped(1, "a")), said(1, shipped(2, "b"))], [("a", 1), ("b", 2)], "occurrences live side by side"),
    ([said(1, shipped(1, "a")), said(2, shipped(2, "b"), whole=WHOLE)], [("b", 2)], "a list ends what it leaves out"),
    ([said(3, shipped(1, "a")), said(2, shipped(2, "b"), whole=WHOLE)], [("a", 1), ("b", 2)], "not what is newer"),
    ([said(1, shipped(1, "a")), said(2, whole=WHOLE)], [], "an empty list ends all"),
    (
        [said(1, shipped(1, "a"), source="storefront"), said(2, whole=WHOLE)],
        [("a", 1)],
        "a list speaks for its own source only",
    ),
    (
        [said(9, shipped(1, "a", version=3), whole=WHOLE)],
        [("a", 1)],
        "what is listed lives, however old its own version",
    ),
    ([said(1, shipped(1, version=8)), said(5, shipped(4))], [("", 1)], "a mark may carry its own version"),
    ([said(1, shipped(1, "a")), said(1, shipped(2, "b"), look=True, whole=WHOLE)], [("b", 2)], "a look's list of now"),
]


@pytest.mark.parametrize(("events", "wanted", "why"), MARKS, ids=[row[-1] for row in MARKS])
def test_marks(events: list[Event], wanted: list[tuple[str, int]], why: str) -> None:
    assert seen(*events) == [(of, at(hours)) for of, hours in wanted]


FACTS: list[tuple[list[Event], Any, str]] = [
    ([said(1, facts={"amount": Decimal(1)}), said(2, facts={"amount": Decimal(2)})], Decimal(2), "newer wins"),
    (
        [said(9, facts={"amount": Decimal(1)}, source="storefront"), said(1, facts={"amount": Decimal(2)})],
        Decimal(2),
        "rank before version",
    ),
    ([said(1, facts={"amount": Decimal(1)}), said(2, facts={"amount": None})], None, "null takes back"),
    (
        [
            said(1, facts={"amount": Decimal(1)}),
            said(1, facts={"amount": Decimal(5)}, source="decision"),
            said(2, facts={"amount": None}, source="decision"),
        ],
        Decimal(1),
        "a decision taken back shows the platform's value again",
    ),
    (
        [said(1, facts={"amount": Decimal("1.0")}), said(1, facts={"amount": Decimal("1.00")})],
        Decimal(1),
        "one value, two spellings",
    ),
    (
        [said(1, facts={"amount": Decimal(f"0.{'1' * 40}{last}")}) for last in (2, 3)],
        Decimal(f"0.{'1' * 40}3"),
        "numbers that differ in their last of many digits",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("events", "wanted", "why"), FACTS, ids=[row[-1] for row in FACTS])
def test_facts(events: list[Event], wanted: Any, why: str) -> None:
    for order in permutations(events):
        assert View(merge_all(NOTHING, order), NOW).fact("amount") == wanted


def test_equal_stamps_with_unequal_values_are_decided_the_same_way_everywhere() -> None:
    one, other = said(1, shipped(1)), said(1, shipped(5))
    assert seen(one, other) == seen(other, one)
