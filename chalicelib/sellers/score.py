"""The scores of a seller under a standard: from sums by day, with a bounded number of reads.

A day counts when it is over and its outcomes have had their time; windows widen for those who sell little; what is
excluded stands in the real value and not in the protected one. The same functions serve the stored ledger and a report
on a history.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

from chalicelib.core.scores import (
    Decision,
    Exclusion,
    Grade,
    Metric,
    Moments,
    Prior,
    Score,
    Standing,
    Why,
    decide,
    says,
    score,
    standing,
)
from chalicelib.core.standards import Measure, Standard
from chalicelib.ports.stores import Records
from chalicelib.sellers.days import Days, Tally
from chalicelib.sellers.ledger import SellerLedger

EXCLUSIONS, PRIORS, STANDINGS = "seller-exclusions", "seller-priors", "seller-standings"

Priors: TypeAlias = Mapping[tuple[Metric, str], Prior]
"""What is usual, by metric and category."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One metric of a seller: the score, what it allows, and the prior that it was shrunk towards."""

    score: Score
    decision: Decision
    prior: Prior
    category: str


def judge(
    days: Days, standard: Standard, today: date, exclusions: Iterable[Exclusion] = (), priors: Priors | None = None
) -> dict[Metric, Judged]:
    """The scores as of the beginning of `today`, for the metrics of the standard of which anything was counted."""
    told = tuple(exclusions)
    found = {}
    for measure in standard.measures:
        if measure.metric not in days.metrics:
            continue
        prior = prior_of(measure, standard, days.category, priors or {})
        latest = [one_score(days, measure, prior, told, today)]
        words = [says(latest[0], measure.deciding)]
        # Only what would act today needs its past days.
        back = 1
        while words[0] is Decision.ACT and back < measure.deciding.days:
            words.insert(0, says(one_score(days, measure, prior, told, today - timedelta(days=back)), measure.deciding))
            back += 1
        found[measure.metric] = Judged(latest[0], decide(words, measure.deciding), prior, days.category)
    return found


def one_score(days: Days, measure: Measure, prior: Prior, exclusions: tuple[Exclusion, ...], today: date) -> Score:
    """One metric as of the beginning of `today`."""
    last = today - timedelta(days=measure.matures + 1)
    tally, window = Tally(), measure.windows[-1]
    for window in measure.windows:
        first = last - timedelta(days=window - 1)
        tally = days.tally(measure.metric, first, last, exclusions, today, measure.half_life)
        if tally.protected.effective >= measure.enough:
            break
    return score(
        measure.metric, tally.real, tally.protected, prior, measure.limit, window, len(tally.buyers)
    )  # fmt: skip


def prior_of(measure: Measure, standard: Standard, category: str, priors: Priors) -> Prior:
    """The category's own prior where one was fitted, else the usual one; never one that convicts by itself."""
    usual = standard.usual.prior(measure.limit)
    fitted = priors.get((measure.metric, category)) if standard.usual.fitted else None
    if fitted is None:
        return usual
    fair = fitted.fair(measure.limit, standard.usual.mean)
    # Where sellers differ widely a fitted prior is weak, and a single late order would weigh like a habit.
    return Prior.of(fair.mean, max(fair.strength, usual.strength))


def outcomes(days: Days, standard: Standard, today: date) -> dict[Metric, tuple[float, float]]:
    """What a seller really did over the widest window of each metric: how many, and how many bad."""
    found = {}
    for measure in standard.measures:
        if measure.metric in days.metrics:
            last = today - timedelta(days=measure.matures + 1)
            real = days.tally(measure.metric, last - timedelta(days=measure.windows[-1] - 1), last, (), today).real
            if real.n > 0:
                found[measure.metric] = (real.n, real.bad)
    return found


def fitted(sellers: Iterable[Days], standard: Standard, today: date) -> dict[tuple[Metric, str], Prior]:
    """The priors of every category, from what its sellers really did."""
    told: dict[tuple[Metric, str], Moments] = {}
    for days in sellers:
        for metric, (n, bad) in outcomes(days, standard, today).items():
            key = (metric, days.category)
            told[key] = told.get(key, Moments()).and_one(n, bad)
    priors = {key: moments.prior(standard.usual.sellers) for key, moments in told.items()}
    return {key: prior for key, prior in priors.items() if prior is not None}


def category_of(judged: Mapping[Metric, Judged]) -> str:
    """What the seller sells most of; empty where nobody told."""
    return next((one.category for one in judged.values()), "")


def grade(held: Standing, judged: Mapping[Metric, Judged], standard: Standard, today: date) -> Standing:
    """The seller's standing after today."""
    scores = {metric: one.score for metric, one in judged.items()}
    own = {one.metric: one.deciding for one in standard.measures}
    return standing(held, scores, standard.deciding, standard.grading, today, own)


class Scores:
    """Scores, priors, exclusions and standings of one account, as stored."""

    def __init__(self, account: str, ledger: SellerLedger, records: Records) -> None:
        self._account, self._ledger, self._records = account, ledger, records

    def of(self, who: str, standard: Standard, today: date) -> dict[Metric, Judged]:
        """The scores of a seller: a query for each month of the widest window, and two more."""
        return judge(self.days(who, standard, today), standard, today, self.exclusions(), self.priors())

    def regrade(self, who: str, standard: Standard, today: date) -> tuple[Standing, dict[Metric, Judged]]:
        """Judge a seller and keep its standing; once a day."""
        judged = self.of(who, standard, today)
        return self.keep(who, judged, standard, today), judged

    def keep(self, who: str, judged: Mapping[Metric, Judged], standard: Standard, today: date) -> Standing:
        """Keep the standing after today; the same day again changes nothing."""
        after = grade(self.standing(who), judged, standard, today)
        since = after.since.isoformat() if after.since else ""
        data = {
            "grade": after.grade.value, "since": since, "trusted": after.trusted, "category": category_of(judged)
        }  # fmt: skip
        self._records.put(STANDINGS, who, data)
        return after

    def standing(self, who: str) -> Standing:
        return self.kept(who)[0]

    def kept(self, who: str) -> tuple[Standing, str]:
        """The standing as it was last kept, and what the seller then sold most of."""
        record = self._records.get(STANDINGS, who)
        if record is None:
            return Standing(), ""
        since = record.data["since"]
        held = Standing(
            Grade(record.data["grade"]), date.fromisoformat(since) if since else None, record.data["trusted"]
        )
        return held, str(record.data.get("category", ""))

    def keep_priors(self, moments: Mapping[str, Moments], standard: Standard, today: date) -> int:
        """Fit and keep the priors of these `METRIC|CATEGORY`; how many there were enough sellers for."""
        kept = 0
        for key, told in sorted(moments.items()):
            prior = told.prior(standard.usual.sellers)
            if prior is not None:
                # Texts: a record's own numbers are whole.
                data = {"alpha": repr(prior.alpha), "beta": repr(prior.beta), "on": today.isoformat()}
                self._records.put(PRIORS, key, data)
                kept += 1
        return kept

    def priors(self) -> dict[tuple[Metric, str], Prior]:
        found = {}
        for record in self._records.query(PRIORS):
            metric, _, category = record.sort.partition("|")
            found[Metric(metric), category] = Prior(float(record.data["alpha"]), float(record.data["beta"]))
        return found

    def exclusions(self) -> list[Exclusion]:
        return [_exclusion(record.sort, record.data) for record in self._records.query(EXCLUSIONS)]

    def exclude(self, exclusion: Exclusion) -> None:
        """Add an exclusion, or put another in place of the one with its id."""
        data = {
            "why": exclusion.why.value, "since": exclusion.since.isoformat(), "until": exclusion.until.isoformat(),
            "metrics": sorted(exclusion.metrics), "sellers": sorted(exclusion.sellers),
            "carriers": sorted(exclusion.carriers),
            "lapses": exclusion.lapses.isoformat() if exclusion.lapses else "",
        }  # fmt: skip
        self._records.put(EXCLUSIONS, exclusion.id, data)

    def readmit(self, ident: str) -> None:
        """Take an exclusion back."""
        self._records.delete(EXCLUSIONS, ident)

    def days(self, who: str, standard: Standard, today: date) -> Days:
        """The sums that a score of today may look at: one query for each month."""
        return self._ledger.days(self._account, who, today - timedelta(days=standard.reach), today)


def _exclusion(ident: str, data: Mapping[str, Any]) -> Exclusion:
    return Exclusion(
        ident, Why(data["why"]), date.fromisoformat(data["since"]), date.fromisoformat(data["until"]),
        frozenset(Metric(one) for one in data["metrics"]), frozenset(data["sellers"]), frozenset(data["carriers"]),
        date.fromisoformat(data["lapses"]) if data["lapses"] else None,
    )  # fmt: skip
