"""Judging one case with final knowledge: its whole history and no ledger, as backtest, diff and explain do.

What stands then is what a shop that had sent everything in time would have seen happen.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from chalicelib.core.calendar_data import shipped_calendars
from chalicelib.core.calendars import Calendar, Calendars
from chalicelib.core.clocks import Reading
from chalicelib.core.compare import steps_of
from chalicelib.core.evaluate import read_clocks
from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, Evidence, merge_all
from chalicelib.core.judge import calendar_of
from chalicelib.core.rules import Policy
from chalicelib.core.versions import Policies
from chalicelib.core.view import View, fact_of
from chalicelib.core.words import CORE, FactWord, Vocabulary


class Judged(NamedTuple):
    """A case and what its clocks show as of `now`."""

    subject: Subject
    clocks: tuple[Reading, ...]
    evidence: Evidence
    now: datetime

    @property
    def seller(self) -> str:
        """Whose case it is; empty where nobody said."""
        seller = fact_of(self.evidence, "seller")
        return seller if isinstance(seller, str) else ""


class Judge:
    """Some policies that are used together, each in force for ever, and the calendars that they name."""

    def __init__(self, policies: list[Policy], calendars: Calendars | None = None) -> None:
        self.policies = policies
        self._in_force = Policies.always(*policies)
        self.calendars = calendars or shipped_calendars()
        self.points: Mapping[tuple[str, str], int] = dict(_points(policies))
        """What each (rule, step) costs a seller, for the steps that cost something."""

    @property
    def words(self) -> Vocabulary:
        """The vocabulary in which a history is read for these policies."""
        return vocabulary(self.policies)

    def judge(self, subject: Subject, events: list[Event], now: datetime) -> Judged:
        """The case as of `now`."""
        (judged,) = self.judge_some([(subject, events)], now)
        return judged

    def judge_some(self, cases: Iterable[tuple[Subject, list[Event]]], now: datetime) -> list[Judged]:
        """Some cases as of `now`, in their order."""
        # One stage after the other: a processor that does one thing ten times is quicker than one that does ten things.
        told = [(subject, merge_all(NOTHING, events)) for subject, events in cases]
        return [
            Judged(
                subject,
                read_clocks(subject.kind, View(evidence, now), self._in_force, self.calendars)[0],
                evidence,
                now,
            )
            for subject, evidence in told
        ]

    def cost(self, reading: Reading) -> int:
        """The points of a clock's steps that stand."""
        return sum(self.points.get((reading.rule.id, step), 0) for step in steps_of(reading))

    def calendar(self, judged: Judged, reading: Reading) -> Calendar:
        """The calendar that a clock of the case counts in."""
        return calendar_of(reading.rule, View(judged.evidence, judged.now), self.calendars)


def vocabulary(policies: list[Policy]) -> Vocabulary:
    """The words of the table and those that the policies declare."""
    facts: dict[str, FactWord] = {}
    for policy in policies:
        facts.update(policy.facts)
    return CORE.with_(frozenset(mark for policy in policies for mark in policy.marks), facts)


def _points(policies: list[Policy]) -> Iterator[tuple[tuple[str, str], int]]:
    for policy in policies:
        for rule in policy.rules:
            for step in rule.steps:
                told = [do.params.get("points", 0) for do in step.do if do.action == "penalise"]
                points = sum(one for one in told if isinstance(one, int))
                if points:
                    yield (rule.id, step.id), points
