"""Sums of a seller's outcomes by day, metric and carrier: what a score is read from, however many orders there were.

Pure. A day's sums only ever change by the difference of what a unit counted for before and counts for now.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from chalicelib.core.scores import NOTHING, Counts, Exclusion, Metric
from chalicelib.sellers.units import CATEGORY, Cell, Share

MOST_BUYERS = 12
"""Buyers with a bad outcome that a cell remembers: enough to know that there are so many, bounded for the worst seller.
A seller has at least as many as are remembered."""

Sums: TypeAlias = dict[str, list[Any]]
"""Cell -> [n, bad, sum of squared weights, {buyer: bad outcomes}]."""


def change(sums: Mapping[str, list[Any]], less: Iterable[Share], more: Iterable[Share]) -> Sums:
    """The sums after units stopped counting for `less` and began to count for `more`."""
    after: Sums = {cell: [n, bad, squares, dict(buyers)] for cell, (n, bad, squares, buyers) in sums.items()}
    for sign, told in ((1, more), (-1, less)):
        for _, cell, n, bad, buyer in told:
            sum_ = after.setdefault(cell, [0, 0, 0, {}])
            sum_[0] += sign * n
            sum_[1] += sign * bad
            sum_[2] += sign * n * n
            _count(sum_[3], buyer, sign)
    return {cell: sum_ for cell, sum_ in sorted(after.items()) if any(sum_[:3])}


def _count(buyers: dict[str, int], buyer: str, sign: int) -> None:
    if not buyer:
        return
    if buyer in buyers:
        buyers[buyer] += sign
        if buyers[buyer] <= 0:
            del buyers[buyer]
    elif sign > 0 and len(buyers) < MOST_BUYERS:
        buyers[buyer] = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """What a window holds of one metric. `buyers`: who had a bad outcome that counts, as far as remembered."""

    real: Counts = NOTHING
    protected: Counts = NOTHING
    buyers: frozenset[str] = frozenset()


NO_TALLY = Tally()


class Days:
    """The days of one seller, in memory. Reading a window costs its days, not its orders."""

    __slots__ = ("_by_metric", "_dates", "category", "first", "metrics", "seller")

    def __init__(self, seller: str, told: Iterable[tuple[date, Mapping[str, list[Any]]]]) -> None:
        self.seller = seller
        self._by_metric: dict[str, list[tuple[date, Cell, list[Any]]]] = {}
        categories: dict[str, int] = {}
        for day, sums in sorted(told, key=lambda one: one[0]):
            for text, sum_ in sums.items():
                cell = Cell.parse(text)
                if cell.what == CATEGORY:
                    categories[cell.carrier] = categories.get(cell.carrier, 0) + sum_[0]
                else:
                    self._by_metric.setdefault(cell.what, []).append((day, cell, sum_))
        self._dates = {what: [one[0] for one in found] for what, found in self._by_metric.items()}
        self.category = min(categories, key=lambda one: (-categories[one], one), default="")
        """What the seller sells most of; empty where no order told."""
        self.first = min((told[0][0] for told in self._by_metric.values()), default=None)
        """The first day of which anything was counted."""
        self.metrics = frozenset(Metric(one) for one in self._by_metric)

    def tally(
        self, metric: Metric, first: date, last: date, exclusions: Iterable[Exclusion], today: date, half_life: int = 0
    ) -> Tally:
        """The window from `first` to `last`, both included, under the exclusions that hold today."""
        found = self._within(metric, first, last)
        if not found:
            return NO_TALLY
        real, protected, buyers = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], set[str]()
        holding = [one for one in exclusions if one.holds(today)]
        for day, cell, (n, bad, squares, theirs) in found:
            weight = 0.5 ** ((last - day).days / half_life) if half_life else 1.0
            counts = (n * weight, bad * weight, squares * weight * weight)
            left_out = cell.excluded(today) or any(
                one.covers(self.seller, metric, day, cell.carrier) for one in holding
            )  # fmt: skip
            for index, count in enumerate(counts):
                real[index] += count
                if not left_out:
                    protected[index] += count
            if not left_out:
                buyers.update(theirs)
        return Tally(Counts(*real), Counts(*protected), frozenset(buyers))

    def _within(self, metric: Metric, first: date, last: date) -> Sequence[tuple[date, Cell, list[Any]]]:
        dates = self._dates.get(metric.value, ())
        low = bisect_left(dates, first)
        return self._by_metric[metric.value][low : bisect_right(dates, last, lo=low)] if dates else ()
