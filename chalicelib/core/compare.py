"""What two ways of judging the same case differ in: statuses, dues, steps, and what the steps cost a seller.

Pure counting over readings; nothing is judged here. Diff, shadow and the preview of a retroactive version share it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib.core.clocks import Reading
from chalicelib.core.view import View

NONE = "none"
"""In place of a status where there is no such clock."""
NOBODY = ""
"""The seller of a case that names none."""


def amount_of(params: Mapping[str, str | int], view: View) -> Decimal | None:
    """The money that a step names: a decimal, the name of a money fact, or `full` for all that was paid."""
    told = str(params.get("amount", "full"))
    fact = view.fact("amount" if told == "full" else told) if not told[:1].isdigit() else None
    if isinstance(fact, Decimal):
        return fact
    try:
        return Decimal(told)
    except InvalidOperation:
        return None


def steps_of(reading: Reading) -> list[str]:
    """The ids of the steps that stand, as the rule has them: a step that comes again stands as often."""
    found = (reading.rule.step(name) for name, _ in reading.steps)
    return [step.id for step in found if step is not None]


@dataclass(slots=True)
class Cost:
    """What the steps that stand cost a seller. `money`: refunds, by currency (empty where nobody said which)."""

    points: int = 0
    money: Counter[str] = field(default_factory=Counter)

    def add(self, reading: Reading, view: View, sign: int = 1) -> None:
        for name, _ in reading.steps:
            step = reading.rule.step(name)
            for do in step.do if step else ():
                points = do.params.get("points", 0)
                if do.action == "penalise" and isinstance(points, int):
                    self.points += sign * points
                elif do.action == "refund" and (amount := amount_of(do.params, view)) is not None:
                    currency = view.fact("currency")
                    # A Counter adds whatever can be added.
                    self.money[currency if isinstance(currency, str) else ""] += sign * amount  # type: ignore[assignment]


@dataclass(slots=True)
class Change:
    """What differs about the clocks of one rule. `sellers`, `money`: gained; below zero, lost."""

    status: Counter[str] = field(default_factory=Counter)
    due_moved: int = 0
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    sellers: dict[str, Cost] = field(default_factory=dict)

    def add(self, old: Reading | None, new: Reading | None, view: View) -> None:
        """Count one clock, on one side at least."""
        was, now_is = old.status if old else NONE, new.status if new else NONE
        if was != now_is:
            self.status[f"{was}->{now_is}"] += 1
        if old and new and old.due != new.due:
            self.due_moved += 1
        before, after = Counter(steps_of(old) if old else ()), Counter(steps_of(new) if new else ())
        if before == after and old and new and old.rule.steps == new.rule.steps:
            return
        self.gained.update(after - before)
        self.lost.update(before - after)
        cost = Cost()
        if old:
            cost.add(old, view, -1)
        if new:
            cost.add(new, view)
        if cost.points or any(cost.money.values()):
            seller = view.fact("seller")
            held = self.sellers.setdefault(seller if isinstance(seller, str) else NOBODY, Cost())
            held.points += cost.points
            held.money.update(cost.money)

    def __bool__(self) -> bool:
        return bool(self.status or self.due_moved or self.gained or self.lost or self.sellers)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form (DESIGN section 6). Money stands where there is any, as decimals by currency."""
        money: Counter[str] = Counter()
        for cost in self.sellers.values():
            money.update(cost.money)
        told = {
            "status": dict(sorted(self.status.items())),
            "due_moved": self.due_moved,
            "steps_gained": dict(sorted(self.gained.items())),
            "steps_lost": dict(sorted(self.lost.items())),
            "sellers": {
                seller: {"points": cost.points} | _money(cost.money)
                for seller, cost in sorted(self.sellers.items())
                if seller != NOBODY and (cost.points or any(cost.money.values()))
            },
        }
        return told | _money(money)


def _money(money: Mapping[str, int | Decimal]) -> dict[str, dict[str, str]]:
    told = {currency: f"{amount:f}" for currency, amount in sorted(money.items()) if amount}
    return {"money": told} if told else {}


def compare(changes: dict[str, Change], old: Iterable[Reading], new: Iterable[Reading], view: View) -> None:
    """Count what differs between two readings of one case, by rule."""
    was = {reading.clock: reading for reading in old}
    now_is = {reading.clock: reading for reading in new}
    for clock in was | now_is:
        before, after = was.get(clock), now_is.get(clock)
        either = after or before
        assert either is not None, "a clock is on one side at least"
        changes.setdefault(either.rule.id, Change()).add(before, after, view)


def merged(one: Any, other: Any) -> Any:
    """Two JSON forms of changes as one: numbers and decimals are added, objects are merged, lists are joined."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: merged(one[key], other[key]) if key in one and key in other else {**one, **other}[key]
                for key in one | other}  # fmt: skip
    if isinstance(one, list) and isinstance(other, list):
        return one + other
    if isinstance(one, str) and isinstance(other, str):
        return f"{Decimal(one) + Decimal(other):f}"
    return one + other
