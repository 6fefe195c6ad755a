"""What a standard would have done to the sellers of a history, beside what a raw rate would have done.

Cases are judged with final knowledge, and each week is then looked at as it stood: only days that were over and mature
count. Priors are fitted anew every fourth week from what was known by then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from chalicelib.core.case import CaseId
from chalicelib.core.scores import Decision, Metric, Score
from chalicelib.core.standards import Standard
from chalicelib.rules.history import History
from chalicelib.rules.judge import Judge
from chalicelib.sellers.days import Days, Sums, change
from chalicelib.sellers.rows import Ended, rows
from chalicelib.sellers.score import Judged, Priors, fitted, judge
from chalicelib.sellers.units import Part, part_of, shares

WEEK = timedelta(days=7)
REFIT = 4
"""Weeks after which priors are fitted again."""
LEAST = 10
"""Outcomes from which on a raw rate is acted upon, as marketplaces do (Mercado Libre, Jinius)."""


@dataclass(frozen=True, slots=True)
class First:
    """The first week in which something would have been done, and the score of that week."""

    on: date
    score: Score


@dataclass(slots=True)
class Told:
    """One seller: what the standard would have done first, by metric; and the raw rate."""

    warned: dict[Metric, First] = field(default_factory=dict)
    penalised: dict[Metric, First] = field(default_factory=dict)
    raw: dict[Metric, First] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """All sellers of whom anything was counted, and the weeks that were looked at."""

    as_of: datetime | None
    sellers: dict[str, Told] = field(default_factory=dict)
    latest: dict[str, Mapping[Metric, Judged]] = field(default_factory=dict)
    weeks: int = 0

    def names(self, what: str) -> list[str]:
        """The sellers to whom it happened, by name; `what`: warned, penalised or raw."""
        return sorted(seller for seller, told in self.sellers.items() if getattr(told, what))


def collect(
    history: History, judge_: Judge, now: datetime | None, progress: Callable[[int], None] = lambda lines: None
) -> tuple[datetime | None, dict[str, Days]]:
    """The sums of every seller of a history, as the ledger would hold them; as of when it is judged."""
    as_of, cases = history.cases(now, progress)
    units: dict[tuple[str, str], dict[str, tuple[int, Part]]] = {}
    for subject, events in cases:
        assert as_of is not None, "a history with an event has a greatest instant"
        judged = judge_.judge(subject, events, as_of)
        case_id = CaseId("main", "history", subject)
        ended = [Ended(one.clock, one.rule, one.status, one.due) for one in judged.clocks]
        for row in rows(case_id, judged.evidence, ended):
            part = units.setdefault((row.seller, row.unit), {}).setdefault(case_id.local, (1, []))[1]
            part.extend(part_of([row]))
    sums: dict[str, dict[date, Sums]] = {}
    for (seller, unit), parts in units.items():
        days = sums.setdefault(seller, {})
        for share in shares(unit, parts).values():
            day = date.fromisoformat(share[0])
            days[day] = change(days.get(day, {}), [], [share])
    return as_of, {seller: Days(seller, days.items()) for seller, days in sums.items()}


def look_back(sellers: Mapping[str, Days], standard: Standard, as_of: datetime) -> Report:
    """Look at every seller each week up to `as_of`."""
    report = Report(as_of, {seller: Told() for seller in sellers})
    end = as_of.astimezone(UTC).date()
    priors: Priors = {}
    first = min((days.first for days in sellers.values() if days.first), default=end)
    weeks: list[date] = []
    day = end
    while day > first:
        weeks.append(day)
        day -= WEEK
    report.weeks = len(weeks)
    for number, today in enumerate(reversed(weeks)):
        if number % REFIT == 0:
            priors = fitted(sellers.values(), standard, today)
        for seller, days in sellers.items():
            if days.first is None or days.first >= today:
                continue
            judged = judge(days, standard, today, (), priors)
            report.latest[seller] = judged
            _note(report.sellers[seller], judged, today, standard.ladder.warned_days)
    return report


def _note(told: Told, judged: Mapping[Metric, Judged], today: date, warned_days: int) -> None:
    for metric, one in judged.items():
        if one.decision is not Decision.NONE:
            told.warned.setdefault(metric, First(today, one.score))
    # A warning is the seller's, whatever it was about.
    since = min((one.on for one in told.warned.values()), default=today)
    for metric, one in judged.items():
        first = First(today, one.score)
        if one.decision is Decision.ACT and (today - since).days >= warned_days:
            told.penalised.setdefault(metric, first)
        real = one.score.real
        if real.n >= LEAST and real.bad / real.n > one.score.limit:
            told.raw.setdefault(metric, first)
