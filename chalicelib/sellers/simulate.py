"""What a rule that decides does to sellers whose true rate is known: drawn by chance, looked at every day.

Sales are even and outcomes independent, each of another buyer; so what comes out is about chance and repeated looking,
not about carriers or seasons. The same seed draws the same sellers.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from random import Random

from chalicelib.core.scores import Counts, Deciding, Decision, says, score
from chalicelib.core.standards import Measure, Usual

YEAR = 365


@dataclass(frozen=True, slots=True)
class Plan:
    """`sellers` of each kind, each with `per_week` orders for `days`, judged under one measure from its prior.
    `warned`: nobody is penalised who was not warned so many days before."""

    measure: Measure
    usual: Usual = field(default_factory=Usual)
    sellers: int = 20_000
    per_week: int = 20
    days: int = YEAR
    seed: int = 1
    warned: int = 0


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


@dataclass(frozen=True, slots=True)
class _Look:
    """One morning: of which days the orders count (`first` to `last` of the running sums), and how many failures among
    them warn and act."""

    day: int
    first: int
    last: int
    warns: int
    acts: int


class Simulation:
    """Draws sellers of any true rate under one plan, and tries any number of rules on the same sellers.

    Sales are even, so how many orders a morning's window holds is the same for all; what is left to chance is how many
    of them failed. From how many failures on a rule warns and acts is therefore worked out once for each morning.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._orders = [(day + 1) * plan.per_week // 7 - day * plan.per_week // 7 for day in range(plan.days)]

    def run(self, rate: float) -> Outcome:
        """Sellers whose every order goes wrong with this chance, under the plan's own rule."""
        return self.compare(rate, [self.plan.measure.deciding])[0]

    def compare(self, rate: float, rules: Sequence[Deciding]) -> list[Outcome]:
        """The same under several rules, one outcome for each."""
        looks = [self._looks(rule) for rule in rules]
        chances = {orders: _binomial(orders, rate) for orders in set(self._orders)}
        draws = [chances[orders] for orders in self._orders]
        found: list[tuple[list[int | None], list[int | None]]] = [([], []) for _ in rules]
        for number in range(self.plan.sellers):
            # One's own chance for each, so that a rule more or less changes nobody's luck.
            chance = Random(f"{self.plan.seed}|{rate}|{number}").random
            failed = [0, *accumulate([bisect(one, chance()) for one in draws])]
            for rule, mornings, (warned, penalised) in zip(rules, looks, found, strict=True):
                first_warned, first_penalised = _judged(mornings, failed, rule.days, self.plan.warned)
                warned.append(first_warned)
                penalised.append(first_penalised)
        return [Outcome(rate, warned, penalised) for warned, penalised in found]

    def _looks(self, rule: Deciding) -> list[_Look]:
        """Each morning: the orders of so many days ago have just matured."""
        measure, sold = self.plan.measure, [0, *accumulate(self._orders)]
        found = []
        for day in range(measure.matures + 1, self.plan.days + 1):
            last = day - measure.matures
            first = n = 0
            for window in measure.windows:
                first = max(0, last - window)
                n = sold[last] - sold[first]
                if n >= measure.enough:
                    break
            found.append(_Look(day, first, last, *self._needed(n, rule)))
        return found

    def _needed(self, n: int, rule: Deciding) -> tuple[int, int]:
        """How many failures in `n` orders warn and act; n + 1 where no number does."""
        measure, prior = self.plan.measure, self.plan.usual.prior(self.plan.measure.limit)
        warns = acts = n + 1
        for bad in range(1, n + 1):
            counts = Counts(n, bad, n)
            word = says(score(measure.metric, counts, counts, prior, measure.limit, measure.windows[0], bad), rule)
            if word is not Decision.NONE:
                warns = min(warns, bad)
            if word is Decision.ACT:
                # The more failures, the surer: what acts goes on acting.
                acts = bad
                break
        return warns, acts


def _judged(
    looks: Sequence[_Look], failed: Sequence[int], days: int, warned: int
) -> tuple[int | None, int | None]:  # fmt: skip
    """When a seller with these failures (running sums by day) is first warned and first penalised."""
    first_warned, in_a_row = None, 0
    for look in looks:
        bad = failed[look.last] - failed[look.first]
        if bad < look.warns:
            in_a_row = 0
            continue
        if first_warned is None:
            first_warned = look.day
        in_a_row = in_a_row + 1 if bad >= look.acts else 0
        if in_a_row >= days and look.day - first_warned >= warned:
            return first_warned, look.day
    return first_warned, None


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
        ("first look with P >= 0.93", replace(deciding, act=0.93, days=1)),
        ("first look with P >= 0.95", replace(deciding, act=0.95, days=1)),
    ]
