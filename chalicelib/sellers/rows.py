"""What one case says about its seller: rows of the ledger, derived from the case alone.

Pure. Which metric a rule feeds follows from what it is about and which mark stops it, so every policy feeds the ledger
without naming it. What is not the seller's duty, what our own actions made, and what nobody can lay at the seller's
door (a cancellation without a reason) makes no row.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.core.case import Case, CaseId
from chalicelib.core.evidence import Evidence
from chalicelib.core.instants import LAST, from_ms
from chalicelib.core.rules import AllOf, EarlierOf, LaterOf, Moment, Point, Reaches, Rule
from chalicelib.core.scores import Metric, Row
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.core.words import OURS, Status

MATURE: Mapping[Metric, timedelta] = {
    Metric.CANCELLATION: timedelta(days=10),
    Metric.COMPLAINT: timedelta(days=30),
    Metric.DISPUTE: timedelta(days=30),
    Metric.DEFECT: timedelta(days=30),
}
"""How long after its own instant an outcome usually stands; a standard says it for itself. Others stand at once."""

SELLERS_FAULT = frozenset(
    ["inventory", "staff", "out_of_stock", "no_stock", "seller", "seller_cancelled", "seller_canceled", "merchant",
     "price_error", "pricing_error", "unavailable"]
)  # fmt: skip
"""Reasons of a cancellation that are the seller's (Shopify: inventory, staff), as adapters and `standard` tell them, in
lower case with `_` between words."""

REFUSED = "refused"
"""The status of an order that the seller itself did not take on (Mirakl)."""

DISPUTES = frozenset(["dispute", "chargeback"])
"""The fact `category` of a complaint that is a dispute over the payment."""

BAD_SCORE = 2
"""Of five: one or two is a bad review."""

_ENDS = {Status.MET: True, Status.MET_LATE: False, Status.BREACHED: False}


@dataclass(frozen=True, slots=True)
class Ended:
    """A clock as far as the ledger cares: its rule, how it stands, and its due."""

    clock: str
    rule: Rule
    status: Status
    due: datetime | None


def rows_of(case: Case, policies: Policies) -> tuple[Row, ...]:
    """The rows of a stored case; empty where nobody is named as its seller."""
    ended = []
    for clock, state in case.ledger.clocks.items():
        policy = policies.by_version(state.version)
        rule = policy.rule(clock.partition("#")[0]) if policy else None
        if rule is not None:
            ended.append(Ended(clock, rule, state.status, state.due))
    return rows(case.id, case.evidence, ended)


def rows(case_id: CaseId, evidence: Evidence, ended: Iterable[Ended]) -> tuple[Row, ...]:
    """The rows that evidence and clocks make, in a stable order."""
    # As of the end of time, so that the rows are a function of the case and not of when somebody looked.
    view = View(evidence, LAST)
    seller = _text(view, "seller")
    if not seller or view.fact("channel") == OURS:
        return ()
    about = _About(case_id, view, seller, evidence)
    found = [*about.clocks(ended), *about.said()]
    return tuple(sorted(found, key=lambda row: (row.kind, row.clock, row.at)))


def metric_of(rule: Rule) -> Metric | None:
    """The metric that a rule's clocks feed, or None."""
    if rule.obliged != "seller":
        return None
    stops = {mark for moment in rule.stop for mark in _marks(moment)}
    if rule.applies_to in ("order", "shipment"):
        if stops & {"order.delivered", "order.part_delivered", "shipment.delivered"}:
            return Metric.DELIVERY
        return Metric.SHIPPING if stops & {"order.shipped", "order.part_shipped", "shipment.first_scan"} else None
    if rule.applies_to == "refund":
        if stops & {"refund.approved", "refund.refused", "return.approved", "return.refused"}:
            return Metric.REPLY
        return Metric.REFUND if "refund.paid" in stops else None
    if rule.applies_to == "complaint":
        return Metric.REPLY if "complaint.first_reply" in stops else None
    return None


def _marks(moment: Moment) -> Iterator[str]:
    if isinstance(moment, Point | Reaches | AllOf):
        yield moment.mark
    elif isinstance(moment, LaterOf | EarlierOf):
        for one in moment.moments:
            yield from _marks(one)


def _text(view: View, name: str) -> str:
    value = view.fact(name)
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class _About:
    """One case under reading."""

    case_id: CaseId
    view: View
    seller: str
    evidence: Evidence

    def row(self, kind: Metric, at: datetime, good: bool, clock: str = "", unit: str = "") -> Row:
        local = self.case_id.local
        mature = MATURE.get(kind)
        own = self.case_id.subject.kind == "order"
        return Row(
            kind, at, self.seller, local, clock, good, 1, _text(self.view, "buyer"),
            # A complaint's category says what kind of complaint it is.
            _text(self.view, "category") if own else "",
            at + mature if mature and at < LAST - mature else at, None, unit or local, _text(self.view, "carrier"),
        )  # fmt: skip

    def clocks(self, ended: Iterable[Ended]) -> Iterator[Row]:
        for one in ended:
            kind, good = metric_of(one.rule), _ENDS.get(one.status)
            if kind is None or good is None or one.due is None:
                continue
            # At its due, met early or not: if good ends counted before bad ones could, a young record would flatter.
            unit = self.order() if self.case_id.subject.kind == "shipment" else ""
            yield self.row(kind, one.due, good, one.clock, unit)

    def said(self) -> Iterator[Row]:
        if self.case_id.subject.kind == "order":
            yield from self._order()
        elif self.case_id.subject.kind == "complaint":
            yield from self._complaint()

    def _order(self) -> Iterator[Row]:
        began = self.view.marks("order.placed") or self.view.marks("order.paid")
        if not began:
            return
        placed = began[0].at
        cancelled = bool(self.view.marks("order.cancelled"))
        reason = _text(self.view, "reason").lower().replace("-", "_").replace(" ", "_")
        theirs = cancelled and (reason in SELLERS_FAULT or _text(self.view, "status").lower() == REFUSED)
        if theirs or not cancelled:
            yield self.row(Metric.CANCELLATION, placed, not theirs)
            yield self.row(Metric.COMPLAINT, placed, True)
            yield self.row(Metric.DISPUTE, placed, True)
            yield self.row(Metric.DEFECT, placed, True)
        score = self.view.fact("score")
        if isinstance(score, Decimal):
            yield self.row(Metric.REVIEW, self._told("score") or placed, score > BAD_SCORE)
            if score <= BAD_SCORE:
                yield self.row(Metric.DEFECT, placed, False)

    def _complaint(self) -> Iterator[Row]:
        opened = self.view.marks("complaint.opened")
        if not opened or self.view.marks("complaint.withdrawn") or self._ours():
            return
        at, unit = opened[0].at, self.order()
        yield self.row(Metric.COMPLAINT, at, False, unit=unit)
        yield self.row(Metric.DEFECT, at, False, unit=unit)
        if self.view.marks("complaint.escalated") or _text(self.view, "category") in DISPUTES:
            yield self.row(Metric.DISPUTE, at, False, unit=unit)

    def _ours(self) -> bool:
        """Whether we opened it ourselves on the buyer's behalf: its cause is in the ledger already."""
        told = [one for (name, _), one in self.evidence.marks.items() if name == "complaint.opened" and one.at]
        return all(one.source == "derived" for one in told)

    def order(self) -> str:
        """The order that it is about, as the text of its case; empty where no link tells."""
        links = sorted(
            one.id for one in self.evidence.links if one.kind == "order" and one.rel in ("order", "about")
        )  # fmt: skip
        return f"{self.case_id.connection}:order/{links[0]}" if links else ""

    def _told(self, fact: str) -> datetime | None:
        """When a fact was told, where its version is an instant: facts have no instant of their own."""
        told = [one.order for (name, _), one in self.evidence.facts.items() if name == fact and one.value is not None]
        return max((from_ms(number) for kind, number, _, _ in told if kind), default=None)
