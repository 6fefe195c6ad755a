"""How a seller did, with how sure we are of it: rows of the ledger, counts, the shrunken rate, its interval and grades.

Pure. A seller is never judged by a raw rate: a rate is shrunk towards what is usual (beta-binomial), and what counts is
how probable it is that the true rate lies over the limit (DESIGN law 10, the sheet on scoring). A row says what one
clock, complaint or review showed; an order counts once for each metric, and only when its outcome is mature.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from chalicelib.core.beta import over, quantile


class Metric(StrEnum):
    """What is counted. Each is a rate of bad outcomes; all but the last three are about one duty or word."""

    SHIPPING = "shipping"
    """Orders not shipped by their due, of those due."""
    DELIVERY = "delivery"
    """Orders not delivered by their due, of those due."""
    CANCELLATION = "cancellation"
    """Orders that the seller cancelled, of all whose end is not the buyer's or nobody's doing."""
    REFUND = "refund"
    """Refunds not paid by their due, of those due."""
    REPLY = "reply"
    """Complaints and requests without a first answer by their due, of those due."""
    COMPLAINT = "complaint"
    """Orders with a complaint that stands, of all orders."""
    DISPUTE = "dispute"
    """Orders with a dispute (escalated, or a chargeback), of all orders."""
    REVIEW = "review"
    """Orders with a bad review, of the reviewed ones."""
    DEFECT = "defect"
    """Orders with any of a complaint, a dispute or a bad review, of all orders."""


class Why(StrEnum):
    """Why something is not the seller's fault, or does not count."""

    CARRIER = "carrier"
    OUTAGE = "outage"
    FORCE_MAJEURE = "force_majeure"
    BRUSHING = "brushing"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What the protected value leaves out: data with a reason and an end.

    It covers the days `since` to `until` (both included, UTC) of the metrics, sellers and carriers it names; an empty
    set names all. `lapses`: from this day on it does not hold any more, such as a suspicion that nobody confirmed.
    """

    id: str
    why: Why
    since: date
    until: date
    metrics: frozenset[Metric] = frozenset()
    sellers: frozenset[str] = frozenset()
    carriers: frozenset[str] = frozenset()
    lapses: date | None = None

    def covers(self, seller: str, metric: Metric, day: date, carrier: str) -> bool:
        """Whether it names these, whatever today is."""
        return (
            self.since <= day <= self.until
            and (not self.metrics or metric in self.metrics)
            and (not self.sellers or seller in self.sellers)
            and (not self.carriers or carrier in self.carriers)
        )

    def holds(self, today: date) -> bool:
        return self.lapses is None or today < self.lapses


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the seller's ledger. `case` said it; `unit` is the order, refund or complaint that it counts for.

    `at`: the instant it belongs to (a clock's due, an order's placing, a review's). `good` None: not decided, or does
    not count. `weight`: how many it counts for. `mature_at`: from when the outcome stands, by the usual maturity.
    `clock`: of a clock, else empty. `buyer`: the keyed hash, as cases hold it.
    """

    kind: Metric
    at: datetime
    seller: str
    case: str
    clock: str
    good: bool | None
    weight: int = 1
    buyer: str = ""
    category: str = ""
    mature_at: datetime | None = None
    excluded: Exclusion | None = None
    unit: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Weighted numbers of outcomes: `n` in all, `bad` of them; `squares`: the sum of the squared weights."""

    n: float = 0.0
    bad: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.n + other.n, self.bad + other.bad, self.squares + other.squares)

    def times(self, weight: float) -> "Counts":
        """The same outcomes, each counting for `weight` times as much."""
        return Counts(self.n * weight, self.bad * weight, self.squares * weight * weight)

    @property
    def rate(self) -> float | None:
        """None where nothing was counted: no history is not a good history."""
        return self.bad / self.n if self.n > 0 else None

    @property
    def effective(self) -> float:
        """How many outcomes of equal weight would say as much (Kish)."""
        return self.n * self.n / self.squares if self.squares > 0 else 0.0


NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class Prior:
    """What is usual: Beta(alpha, beta). It is worth alpha + beta outcomes."""

    alpha: float
    beta: float

    @classmethod
    def of(cls, mean: float, strength: float) -> "Prior":
        return cls(mean * strength, (1 - mean) * strength)

    @property
    def mean(self) -> float:
        return self.alpha / (self.alpha + self.beta)

    @property
    def strength(self) -> float:
        return self.alpha + self.beta

    def fair(self, limit: float, most: float = 0.5) -> "Prior":
        """The prior whose mean is at most `most` of the limit: nobody is convicted by what others did.

        A category in which most miss the limit would else put a seller without a single sale over it.
        """
        return self if self.mean <= limit * most else Prior.of(limit * most, self.strength)


@dataclass(frozen=True, slots=True)
class Moments:
    """What a category's prior is fitted from, gathered a seller at a time: so many `sellers` with `n` outcomes in all,
    `bad` of them bad; `squares`: the sum of n², `spread`: that of bad²/n."""

    sellers: int = 0
    n: float = 0.0
    bad: float = 0.0
    squares: float = 0.0
    spread: float = 0.0

    def and_one(self, n: float, bad: float) -> "Moments":
        """These and one seller more; one without outcomes says nothing."""
        if n <= 0:
            return self
        return Moments(
            self.sellers + 1, self.n + n, self.bad + bad, self.squares + n * n, self.spread + bad * bad / n
        )  # fmt: skip

    def told(self) -> list[str]:
        """As stored: texts, because a record's own numbers are whole."""
        return [repr(one) for one in (self.sellers, self.n, self.bad, self.squares, self.spread)]

    @classmethod
    def read(cls, told: Sequence[str] | None) -> "Moments":
        """The reverse of `told`; None where nothing was gathered yet."""
        return cls(int(told[0]), *(float(one) for one in told[1:])) if told else cls()

    def prior(self, least: int = 20, weakest: float = 20, strongest: float = 2000) -> Prior | None:
        """The prior by moments (Kleinman 1973); None below `least` sellers.

        The strength stays between `weakest` and `strongest`: those who differ no more than chance would give infinity.
        """
        if self.sellers < least:
            return None
        mean = self.bad / self.n
        if not 0 < mean < 1:
            # Nobody ever failed, or everybody always: half an outcome keeps the prior proper.
            mean = (self.bad + 0.5) / (self.n + 1)
        # The sum of n * (bad/n - mean)², multiplied out.
        scatter = max(0.0, self.spread - 2 * mean * self.bad + mean * mean * self.n)
        chance = mean * (1 - mean)
        # E[scatter] = chance * (k - 1) + between * (n - squares / n)
        room = self.n - self.squares / self.n
        between = (scatter - chance * (self.sellers - 1)) / room if room > 0 else 0.0
        strength = chance / between - 1 if between > 0 else strongest
        return Prior.of(mean, min(max(strength, weakest), strongest))


def fit(
    sellers: Iterable[tuple[float, float]], least: int = 20, weakest: float = 20, strongest: float = 2000
) -> Prior | None:
    """The prior of a category from its sellers' (n, bad); see `Moments.prior`."""
    found = Moments()
    for n, bad in sellers:
        found = found.and_one(n, bad)
    return found.prior(least, weakest, strongest)


def wilson(bad: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """The Wilson score interval (1927), for showing beside; (0, 1) where nothing was counted.

    Never to act on alone: one defect in five orders has a lower end of 3.6 %.
    """
    if n <= 0:
        return 0.0, 1.0
    rate, square = bad / n, z * z
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one seller. `n`, `bad`: what it is judged on, the protected counts under their weights.

    `mean`: the shrunken rate. `p_over`: how probable it is that the true rate lies over `limit`. `buyers`: at least so
    many different buyers had a bad outcome. `real` counts everything; `protected` leaves out what is excluded.
    `posterior`: all that is known about the rate.
    """

    metric: Metric
    n: float
    bad: float
    effective_n: float
    mean: float
    p_over: float
    limit: float
    window_days: int
    real: Counts
    protected: Counts
    buyers: int
    posterior: Prior

    @property
    def lower(self) -> float:
        """The lower end of the 95 % interval."""
        return quantile(0.025, self.posterior.alpha, self.posterior.beta)

    @property
    def upper(self) -> float:
        """The upper end of the 95 % interval."""
        return quantile(0.975, self.posterior.alpha, self.posterior.beta)


def score(
    metric: Metric, real: Counts, protected: Counts, prior: Prior, limit: float, window_days: int, buyers: int = 0
) -> Score:
    """The score of these counts."""
    effective = protected.effective
    bad = effective * (protected.rate or 0.0)
    after = Prior(prior.alpha + bad, prior.beta + effective - bad)
    return Score(
        metric, protected.n, protected.bad, effective, after.mean, over(limit, after.alpha, after.beta),
        limit, window_days, real, protected, buyers, after,
    )  # fmt: skip


class Decision(StrEnum):
    """What a score allows to be done without a person."""

    NONE = "none"
    WARN = "warn"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Deciding:
    """When to warn and to act. `days`: the reason to act must have stood on so many days in a row, because looking
    every day is looking often; `buyers`: at least so many different buyers had a bad outcome."""

    warn: float = 0.5
    act: float = 0.9
    buyers: int = 5
    days: int = 5


def says(score: Score, deciding: Deciding) -> Decision:
    """What a score says by itself, before asking how long it has said so."""
    if score.bad <= 0:
        return Decision.NONE
    if score.p_over >= deciding.act and score.buyers >= deciding.buyers:
        return Decision.ACT
    return Decision.WARN if score.p_over >= deciding.warn else Decision.NONE


def decide(latest: Sequence[Decision], deciding: Deciding) -> Decision:
    """What may be done, from the words of the last days (`says`), newest last."""
    if not latest:
        return Decision.NONE
    stood = latest[-deciding.days :]
    if len(stood) == deciding.days and all(one is Decision.ACT for one in stood):
        return Decision.ACT
    return Decision.NONE if latest[-1] is Decision.NONE else Decision.WARN


class Grade(StrEnum):
    """A to E. Nobody begins with A: it is earned; nobody falls to E but by what may be acted on."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


@dataclass(frozen=True, slots=True)
class Grading:
    """The probabilities of being over the limit at which a grade ends; `margin`: how much better it must be on the
    way up; `enough`: effective outcomes for an A; `trusted`: days in A after which a seller is trusted."""

    a: float = 0.05
    b: float = 0.2
    margin: float = 0.2
    enough: float = 50
    trusted: int = 90


@dataclass(frozen=True, slots=True)
class Standing:
    """A seller's grade and since when; `trusted`: what good grades earn."""

    grade: Grade = Grade.B
    since: date | None = None
    trusted: bool = False


def standing(
    held: Standing, scores: Mapping[Metric, Score], deciding: Deciding, grading: Grading, day: date,
    own: Mapping[Metric, Deciding] | None = None,
) -> Standing:  # fmt: skip
    """The grade after another day: as bad as the worst metric; down at once, up only past a margin (hysteresis).
    `own`: of metrics that decide otherwise than by `deciding`, so that a grade never tells another story than what is
    done."""
    told = [(one, (own or {}).get(metric, deciding)) for metric, one in scores.items()]
    strict = _grade(told, grading, 0.0)
    lenient = _grade(told, grading, grading.margin)
    grade = held.grade
    if strict > grade:
        grade = strict
    elif lenient < grade:
        grade = lenient
    since = held.since if held.since is not None and grade is held.grade else day
    return Standing(grade, since, grade is Grade.A and (day - since).days >= grading.trusted)


def _grade(scores: Sequence[tuple[Score, Deciding]], grading: Grading, margin: float) -> Grade:
    """The worst grade of the scores, each limit narrowed by `margin` of itself."""
    worst, most = Grade.A, 0.0
    for one, deciding in scores:
        p = one.p_over
        most = max(most, one.effective_n)
        acts = p >= deciding.act * (1 - margin) and one.buyers >= deciding.buyers and one.bad > 0
        if acts:
            grade = Grade.E
        elif p >= deciding.warn * (1 - margin) and one.bad > 0:
            grade = Grade.D
        elif p >= grading.b * (1 - margin):
            grade = Grade.C
        elif p >= grading.a * (1 - margin):
            grade = Grade.B
        else:
            grade = Grade.A
        worst = max(worst, grade)
    return max(worst, Grade.B) if most < grading.enough else worst
