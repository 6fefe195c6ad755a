"""The proof over the whole table that nothing is forgotten: every open case has a wake or a reason to have none,
nothing is overdue, each taken step has its effect or an attempt under way, and the journal tells the same story.

It reads and never decides: what it finds it has looked at again (a wake without authority) or projected again. Each
finding is confirmed first: by a consistent read, because a scan may lag; against a journal read after the case, because
the shop goes on while the table is read. Cost and rules: timers.md, rule 10.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.core.actions import of_step
from chalicelib.core.case import Case, CaseId, Ledger
from chalicelib.core.evaluate import Verdict, evaluate
from chalicelib.core.settle import OWN_EFFECT, Terms, settle
from chalicelib.core.words import ENDED, OPEN_STATES, ActionState, Status
from chalicelib.flow.journal import Told
from chalicelib.flow.messages import group_of, write_wake
from chalicelib.flow.project import Project
from chalicelib.flow.rulebook import Rulebook, versions_of
from chalicelib.flow.shops import Shops, UnknownConnection
from chalicelib.flow.terms import terms_of
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message

OVERDUE = timedelta(minutes=5)
STUCK = timedelta(hours=1)
"""An action that may go and has not for so long."""
MOST_LISTED = 100

NO_WAKE, LATE, NO_EFFECT, STUCK_ACTION, NOT_REVERSED, JOURNAL = (
    "no_wake", "overdue", "no_effect", "stuck", "not_reversed", "journal",
)  # fmt: skip
LOOKED_AT = frozenset([NO_WAKE, LATE, STUCK_ACTION, NOT_REVERSED])
"""Problems that a new look at the case may end; that of the journal by projecting again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be. `detail`: a rule, a step, a key; never personal data."""

    case: str
    problem: str
    detail: str = ""


@dataclass(slots=True)
class Report:
    """What an audit saw. `reasons`: why cases are as they are (wake, paused, waiting, held, full, ended, unjudged)."""

    looked: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    mended: int = 0

    def add(self, finding: Finding) -> None:
        self.problems[finding.problem] += 1
        if len(self.findings) < MOST_LISTED:
            self.findings.append(finding)

    def join(self, other: "Report") -> None:
        self.looked += other.looked
        self.mended += other.mended
        self.reasons.update(other.reasons)
        self.problems.update(other.problems)
        self.findings.extend(other.findings[: MOST_LISTED - len(self.findings)])

    def as_dict(self) -> dict[str, Any]:
        findings = [{"case": one.case, "problem": one.problem, "detail": one.detail} for one in self.findings]
        return {
            "looked": self.looked, "reasons": dict(sorted(self.reasons.items())),
            "problems": dict(sorted(self.problems.items())), "findings": findings, "mended": self.mended,
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Report":
        """The reverse of `as_dict`."""
        findings = [Finding(one["case"], one["problem"], one["detail"]) for one in data["findings"]]
        return cls(data["looked"], Counter(data["reasons"]), Counter(data["problems"]), findings, data["mended"])


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the audit. `after`: the case from which to go on in its segment; None at its end. `doubted`: cases that
    the journal does not tell whole yet, left to `Audit.confirm`."""

    report: Report
    after: CaseId | None
    doubted: tuple[CaseId, ...] = ()


class Audit:
    """Audits accounts, a page at a time."""

    def __init__(self, ports: Ports, shops: Shops, rulebook: Rulebook, project: Project) -> None:
        self._ports, self._shops, self._rulebook, self._project = ports, shops, rulebook, project

    def page(
        self,
        account: str,
        segment: int = 0,
        total: int = 1,
        after: CaseId | None = None,
        most: int = 500,
        journal: Told | None = None,
        mend: bool = True,
        defer: bool = False,
    ) -> Page:
        """The next `most` cases of a segment. `journal`: what it tells, where that is to be compared; `defer`: what it
        does not tell is doubted, not found: the stream may have yet to bring it."""
        report, doubted = Report(), []
        scanned = self._ports.cases(account).scan(segment, total, after)
        for case in islice(scanned, most):
            after = case.id
            self.case(case, report, mend)
            if journal is not None and journal.lacks(case):
                doubted.append(case)
        if journal is not None and doubted:
            journal.catch_up(self._ports)
        left = tuple(case.id for case in doubted if journal is not None and journal.lacks(case))
        if journal is not None and not defer:
            self.confirm(left, journal, report, mend)
        return Page(report, after if report.looked == most else None, left if defer else ())

    def case(self, scanned: Case, report: Report, mend: bool = True) -> None:
        """Audit one case into the report, the journal apart."""
        report.looked += 1
        reason, found = self._look(scanned)
        if found:
            case = self._ports.cases(scanned.id.account).get(scanned.id)
            reason, found = self._look(case)
            if mend and {one.problem for one in found} & LOOKED_AT:
                self._wake(case.id)
                report.mended += 1
        report.reasons[reason] += 1
        for finding in found:
            report.add(finding)

    def confirm(self, doubted: Iterable[CaseId], journal: Told, report: Report, mend: bool = True) -> None:
        """Whether the journal really does not tell these cases: first they are read, then it."""
        cases = [self._ports.cases(one.account).get(one) for one in doubted]
        if cases:
            journal.catch_up(self._ports)
        for case in cases:
            if journal.lacks(case):
                report.add(Finding(case.id.local, JOURNAL))
                if mend:
                    self._project.again(case)
                    report.mended += 1

    def _look(self, case: Case) -> tuple[str, list[Finding]]:
        """Why the case is as it is, and what is wrong with it."""
        now, book = self._ports.clock.now(), self._rulebook.knowing(case.id.account, versions_of(case))
        try:
            terms = terms_of(self._shops.get(case.id.account, case.id.connection))
        except UnknownConnection:
            return "unjudged", []
        name = case.id.local
        verdict = evaluate(case, book.policies, book.calendars, now)
        found = [Finding(name, *one) for one in _timing(case, settle(case, verdict, terms), verdict, now)]
        found += [Finding(name, *one) for one in _steps(case.ledger, terms)]
        found += [Finding(name, STUCK_ACTION, key) for key in _stuck(case.ledger, now)]
        return _reason(case, verdict), found

    def _wake(self, case_id: CaseId) -> None:
        group = group_of(case_id.account, case_id.connection)
        self._ports.late.send([Message(write_wake(case_id, None), group=group)])


def _timing(case: Case, settled: Case, verdict: Verdict, now: datetime) -> Iterator[tuple[str, str]]:
    """A case that is overdue, that nobody will look at, or that will be looked at too late."""
    if case.ledger.full:
        return
    if case.wake_at is not None and case.wake_at < now - OVERDUE:
        yield LATE, "wake"
    elif settled.wake_at is not None and (case.wake_at is None or case.wake_at > settled.wake_at + OVERDUE):
        yield NO_WAKE, "its next instant has no wake"
    for taken in verdict.taken:
        if taken.at < now - OVERDUE:
            yield LATE, f"{taken.clock}|{taken.step}"
    for reading in verdict.clocks:
        held = case.ledger.clocks.get(reading.clock)
        known = held is not None and held.status is Status.BREACHED
        if reading.status is Status.BREACHED and not known and reading.due is not None and reading.due < now - OVERDUE:
            yield LATE, reading.clock


def _steps(ledger: Ledger, terms: Terms) -> Iterator[tuple[str, str]]:
    for (clock, step), state in ledger.steps.items():
        actions = list(of_step(ledger, clock, step, state.generation))
        if not state.observed and not actions:
            yield NO_EFFECT, f"{clock}|{step}"
        for key, action in actions if state.withdrawn else ():
            undone = terms.undo.get(action.name) or OWN_EFFECT.get(action.name)
            if undone and action.state is ActionState.DONE and str(key.reverse) not in ledger.actions:
                yield NOT_REVERSED, str(key)


def _stuck(ledger: Ledger, now: datetime) -> Iterator[str]:
    for key, action in ledger.actions.items():
        waits = action.state is ActionState.PLANNED and not action.hold and action.try_at < now - STUCK
        died = action.state is ActionState.SENDING and (action.lease is None or action.lease < now - OVERDUE)
        if waits or died:
            yield key


def _reason(case: Case, verdict: Verdict) -> str:
    """Why this case has the wake that it has, or none."""
    if case.ledger.full:
        return "full"
    if case.wake_at is not None:
        return "wake"
    if any(action.hold and action.state in OPEN_STATES for action in case.ledger.actions.values()):
        return "held"
    statuses = {one.status for one in verdict.clocks}
    if Status.PAUSED in statuses:
        return "paused"
    return "waiting" if statuses - ENDED else "ended"
