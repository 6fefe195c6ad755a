"""What a rule that decides does to sellers whose true rate is known: drawn by chance, looked at every day.

Sales are even and outcomes independent, each of another buyer; so what comes out is about chance and repeated looking,
not about carriers or seasons. The same seed draws the same sellers.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from chalicelib.core.scores import Counts, Deciding, Decision, Prior, says, score
from chalicelib.core.standards import Measure, Usual

YEAR = 365


@dataclass(frozen=True, slots=True)
class Plan:
    """`sellers` of each kind, each with `per_week` orders for `days`, judged under one measure from its prior."""

    measure: Measure
    usual: Usual = field(default_factory=Usual)
    sellers: int = 20_000
    per_week: int = 20
    days: int = YEAR
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """When each seller was first warned and first penalised, in days since its first order; None for never."""

    rate: float
    warned: Sequence[int | None]
    penalised: Sequence[int | None]

    def share_warned(self, by: int) -> float:
        return _share(self.warned, by)

    def share_penalised(self, by: int) -> float:
        return _share(self.penalised, by)


def _share(days: Sequence[int | None], by: int) -> float:
    return sum(day is not None and day <= by for day in days) / len(days)


class Simulation:
    """Draws sellers of any true rate under one plan. What the counts mean is worked out once for each pair of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._orders = [
            (day + 1) * plan.per_week // 7 - day * plan.per_week // 7 for day in range(plan.days)
        ]  # fmt: skip
        self._sold = [0]
        for orders in self._orders:
            self._sold.append(self._sold[-1] + orders)
        self._words: dict[tuple[int, int], Decision] = {}
        self._prior: Prior = plan.usual.prior(plan.measure.limit)

    def run(self, rate: float) -> Outcome:
        """Sellers whose every order goes wrong with this chance."""
        draws = {orders: _binomial(orders, rate) for orders in set(self._orders)}
        warned, penalised = [], []
        for number in range(self.plan.sellers):
            # One's own chance for each, so that two rules are tried on the same sellers.
            rng = Random(f"{self.plan.seed}|{rate}|{number}")
            first_warned, first_penalised = self._seller(rng, draws)
            warned.append(first_warned)
            penalised.append(first_penalised)
        return Outcome(rate, warned, penalised)

    def _seller(self, rng: Random, draws: dict[int, list[float]]) -> tuple[int | None, int | None]:
        measure, first_warned, in_a_row = self.plan.measure, None, 0
        for day, word in self._looks(rng, draws):
            in_a_row = in_a_row + 1 if word is Decision.ACT else 0
            if word is not Decision.NONE and first_warned is None:
                first_warned = day
            if in_a_row >= measure.deciding.days:
                return first_warned, day
        return first_warned, None

    def _looks(self, rng: Random, draws: dict[int, list[float]]) -> Iterator[tuple[int, Decision]]:
        """Each morning's word: the orders of so many days ago have just matured."""
        measure, failed, random = self.plan.measure, [0], rng.random
        for day in range(measure.matures + 1, self.plan.days + 1):
            last = day - measure.matures
            failed.append(failed[-1] + bisect(draws[self._orders[last - 1]], random()))
            n = bad = 0
            for window in measure.windows:
                first = max(0, last - window)
                n, bad = self._sold[last] - self._sold[first], failed[last] - failed[first]
                if n >= measure.enough:
                    break
            yield day, self._word(n, bad)

    def _word(self, n: int, bad: int) -> Decision:
        if not bad:
            return Decision.NONE
        word = self._words.get((n, bad))
        if word is None:
            measure, counts = self.plan.measure, Counts(n, bad, n)
            judged = score(measure.metric, counts, counts, self._prior, measure.limit, measure.windows[0], bad)
            word = self._words[n, bad] = says(judged, measure.deciding)
        return word


def _binomial(n: int, p: float) -> list[float]:
    """The distribution function, to be searched with a draw from 0 to 1."""
    total, chance, found = 0.0, (1 - p) ** n, []
    for k in range(n):
        total += chance
        found.append(total)
        chance *= (n - k) / (k + 1) * p / (1 - p)
    return found


@dataclass(frozen=True, slots=True)
class Promise:
    """What a rule must keep: of good sellers (half the limit) fewer than `good` penalised in a year; of bad ones
    (three times the limit) at least `bad` warned by day 60 and penalised by day 120."""

    good: float = 0.001
    bad: float = 0.9
    warned_by: int = 60
    penalised_by: int = 120

    def broken(self, good: Outcome, bad: Outcome) -> list[str]:
        """What does not hold, in words; empty where all does."""
        found = []
        if good.share_penalised(YEAR) >= self.good:
            found.append(f"{good.share_penalised(YEAR):.2%} of the good sellers were penalised")
        if bad.share_warned(self.warned_by) < self.bad:
            found.append(f"{bad.share_warned(self.warned_by):.1%} of the bad sellers were warned by {self.warned_by} d")
        if bad.share_penalised(self.penalised_by) < self.bad:
            found.append(
                f"{bad.share_penalised(self.penalised_by):.1%} of the bad sellers were penalised by "
                f"{self.penalised_by} d"
            )
        return found


def variants(deciding: Deciding) -> list[tuple[str, Deciding]]:
    """Rules to compare: the given one, the same at the first look, and what else was weighed."""
    return [
        ("first look", replace(deciding, days=1)),
        (f"{deciding.days} days in a row", deciding),
        ("10 days in a row", replace(deciding, days=10)),
        ("first look at 95 %", replace(deciding, act=0.95, days=1)),
    ]
