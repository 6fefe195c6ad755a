"""What one compiled condition costs; the aim is 5 microseconds for about five operators. Writes
docs/bench/conditions.json, asserts no time."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from time import process_time
from timeit import repeat

import pytest

from chalicelib.core.calendars import UTC_CALENDAR
from chalicelib.core.conditions import evaluate
from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge
from chalicelib.core.view import View
from chalicelib.core.words import CORE
from chalicelib.rules.conditions import parse
from tests.bench.figures import at_most, save

pytestmark = pytest.mark.bench

T0 = datetime(2026, 3, 1, tzinfo=UTC)
FACTS: dict[str, FactValue | None] = {
    "country": "CN", "category": "food/fresh", "exempt": False, "presale": False, "pieces": Decimal(3),
    "amount": Decimal("199.00"), "currency": "CNY",
}  # fmt: skip
TEXTS = [
    "refund.country == 'CN' && !refund.exempt",
    "refund.country == 'CN' && !refund.exempt && refund.pieces > 2 && refund.category != 'digital'",
    "refund.country in ['CN', 'SG'] && refund.amount >= money('100', 'CNY') && !(refund.exempt || refund.presale)",
    "has(refund.score) && refund.score > 3 || refund.region == 'x' || refund.category.startsWith('food/')",
    "order.paid - order.placed < duration('1h') && refund.pieces + 1 > 3.5",
]


class Plain:
    """The least that a case can be, so that the condition alone is measured."""

    def __init__(self) -> None:
        self.fact: Callable[[str], FactValue | None] = FACTS.get
        self.mark: Callable[[str], datetime | None] = {"order.placed": T0, "order.paid": T0}.get


class Viewed:
    """As a clock asks: through the view of a case."""

    def __init__(self) -> None:
        marks = (Mark("order.placed", T0), Mark("order.paid", T0))
        event = Event("e", Subject("refund", "1"), T0, 1, marks=marks, facts=FACTS)
        self.view = View(merge(NOTHING, event), T0)
        self.calendar = UTC_CALENDAR

    def fact(self, name: str) -> FactValue | None:
        return self.view.fact(name)

    def mark(self, name: str) -> datetime | None:
        seen = self.view.marks(name)
        return seen[0].at if seen else None


def cost(call: Callable[[], object], rounds: int) -> float:
    """Microseconds of this process for one call, the best of five."""
    return min(repeat(call, timer=process_time, number=rounds, repeat=5)) / rounds * 1e6


def test_what_conditions_cost() -> None:
    taken: dict[str, dict[str, float]] = {}
    for text in TEXTS:
        condition, plain, viewed = parse(text, CORE, "refund"), Plain(), Viewed()
        taken[text] = {
            "alone": round(cost(lambda: evaluate(condition, plain), 20_000), 2),  # noqa: B023
            "over a view": round(cost(lambda: evaluate(condition, viewed), 20_000), 2),  # noqa: B023
        }
    dearest = max(one["over a view"] for one in taken.values())
    save(
        "conditions",
        {
            "task": "a compiled condition of about five operators, alone and as a clock asks it, over a case's view",
            "microseconds": taken,
            "microseconds to read and check one": round(cost(lambda: parse(TEXTS[2], CORE, "refund"), 200)),
        },
        [at_most("a compiled condition, the dearest of five", dearest, 5, "microseconds", 1)],
    )
