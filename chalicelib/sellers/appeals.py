"""A person's part in a penalty: proposing, approving, appealing, deciding, reversing.

Nobody decides on what they proposed or approved themselves, and no appeal is decided by a machine (DSA 20(6)). What
people wrote is kept beside the case, never on it. Each step is a statement on the penalty's case, so doing it twice
changes nothing, and what was reversed stays reversed whoever was quicker.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.ladder import Ladder
from chalicelib.core.scores import Why
from chalicelib.core.versions import Policies
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Records
from chalicelib.sellers import penalties, reasons
from chalicelib.sellers.ladder import Penalty, State
from chalicelib.sellers.ledger import SellerLedger, seller_key
from chalicelib.sellers.penalties import Terms, penalty_of
from chalicelib.sellers.rows import rows_of

APPEALS, DEEDS = "penalty-appeals", "penalty-deeds"
MAX_TEXT = 4000
_ORDER = ("proposed", "approved", "declined", "appealed", "upheld", "reversed")


class Refused(Exception):
    """It cannot be done as things stand; the text says why."""


class OwnCause(Refused):
    """Whoever proposed or approved it may not decide on it."""


Advance = Callable[[CaseId, Sequence[Event]], Case]


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what to a penalty, and when; `reason` is what they wrote."""

    at: datetime
    by: str
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Works on penalties on somebody's behalf. `now`: the instant of the deed."""

    records: Records
    advance: Advance
    by: str
    now: datetime
    ladder: Ladder = field(default_factory=Ladder)

    def propose(
        self, account: str, connection: str, terms: Terms, reason: str, before: int,
        scores: Sequence[Mapping[str, Any]] = (),
    ) -> Case:  # fmt: skip
        """Open a penalty that waits for another person. `scores`: the seller's, to be shown beside what it says."""
        ident = f"person-{secrets.token_hex(10)}"
        told = reasons.by_person(terms, connection, self.now, self.by, reason, before, scores)
        reasons.keep(self.records, ident, told)
        self._note(ident, "proposed", reason)
        return self.advance(
            CaseId(account, connection, Subject(penalties.KIND, ident)), [penalties.proposed(ident, terms, self.now)]
        )

    def approve(self, case: Case) -> Case:
        """Impose what was proposed. Raises Refused or OwnCause."""
        ident, told = case.id.subject.id, self._told(case)
        self._must_be(case, State.PROPOSED)
        self._no_part(ident, told, "proposed")
        self._note(ident, "approved")
        event = penalties.imposed(ident, Terms.of(told["terms"]), self.now, self.ladder, approved=True)
        return self.advance(case.id, [event])

    def decline(self, case: Case, reason: str) -> Case:
        """Turn a proposal down. Raises Refused or OwnCause."""
        self._must_be(case, State.PROPOSED)
        self._no_part(case.id.subject.id, self._told(case), "proposed")
        self._note(case.id.subject.id, "declined", reason)
        return self.advance(case.id, [penalties.reversed_(case.id.subject.id, self.now)])

    def appeal(self, case: Case, text: str) -> Case:
        """The seller's appeal, once, in its time; one whose word never reached the case is handed in by appealing
        again, and its first text stays. Raises Refused."""
        one, ident = self._must_be(case, State.IMPOSED, State.EXPIRED), case.id.subject.id
        if one.appeal_until is None or self.now >= one.appeal_until:
            raise Refused(f"the time to appeal ended at {show(one.appeal_until) if one.appeal_until else 'once'}")
        if one.appealed_at is not None:
            raise Refused("it was appealed already")
        if self.records.get(APPEALS, ident) is None:
            told = {"at": show(self.now), "by": self.by, "text": text[:MAX_TEXT]}
            try:
                self.records.put(APPEALS, ident, told, expected=0)
            except Conflict:
                raise Refused("it was appealed already") from None
        self._note(ident, "appealed")
        return self.advance(case.id, [penalties.told(ident, "appealed", self.now)])

    def decide(self, case: Case, uphold: bool, reason: str) -> Case:
        """A person's word on an appeal. Raises Refused or OwnCause."""
        self._must_be(case, State.APPEALED)
        self._no_part(case.id.subject.id, self._told(case), "proposed", "approved")
        return self._end(case, "upheld" if uphold else "reversed", reason)

    def reverse(self, case: Case, reason: str) -> Case:
        """Take a penalty back without an appeal. Raises Refused."""
        self._must_be(case, State.IMPOSED, State.APPEALED, State.UPHELD, State.EXPIRED)
        return self._end(case, "reversed", reason)

    def _end(self, case: Case, what: str, reason: str) -> Case:
        ident = case.id.subject.id
        self._note(ident, what, reason)
        if what == "upheld":
            return self.advance(case.id, [penalties.told(ident, "upheld", self.now)])
        return self.advance(case.id, [penalties.reversed_(ident, self.now)])

    def _must_be(self, case: Case, *states: State) -> Penalty:
        one = penalty_of(case, self.now)
        if one.state not in states:
            raise Refused(f"it is {one.state.value}, wanted {' or '.join(state.value for state in states)}")
        return one

    def _no_part(self, ident: str, told: dict[str, Any], *whats: str) -> None:
        """Of a proposal whose approval is told and never came about, whoever said so may say it again."""
        parts = {deed.by for deed in deeds(self.records, ident) if deed.what in whats}
        if self.by in parts | {told["by"]}:
            raise OwnCause("whoever proposed or approved it may not decide on it")

    def _told(self, case: Case) -> dict[str, Any]:
        told = reasons.kept(self.records, case.id.subject.id)
        if told is None:
            raise Refused("its statement of reasons is not here")
        return told

    def _note(self, ident: str, what: str, reason: str = "") -> None:
        sort = f"{ident}|{show(self.now)}|{what}|{self.by}"
        self.records.put(DEEDS, sort, {"at": show(self.now), "by": self.by, "what": what, "reason": reason[:MAX_TEXT]})


def deeds(records: Records, ident: str) -> list[Deed]:
    """What people did to a penalty, in order."""
    found = [
        Deed(parse_instant(row.data["at"]), row.data["by"], row.data["what"], row.data["reason"])
        for row in records.query(DEEDS, f"{ident}|")
    ]
    return sorted(found, key=lambda one: (one.at, _ORDER.index(one.what)))


def was_reversed(records: Records, case: Case, now: datetime) -> bool:
    """Whether a person has taken it back; a proposal that was turned down never stood."""
    said = any(deed.what == "reversed" for deed in deeds(records, case.id.subject.id))
    return said and penalty_of(case, now).state is State.REVERSED


def appeal_of(records: Records, ident: str) -> dict[str, Any] | None:
    """The seller's appeal, as it was handed in."""
    record = records.get(APPEALS, ident)
    return dict(record.data) if record else None


def excuse(ports: Ports, policies: Policies, case: Case, now: datetime) -> tuple[str, ...]:
    """What a person's reversal means for the score: the order (refund, complaint) that the penalty was about counts no
    more in the protected value. The units that were left out; a verdict that healed needs none of this."""
    records = ports.records(case.id.account)
    told = reasons.kept(records, case.id.subject.id)
    about = told["terms"]["about"] if told else ""
    connection, _, subject = about.partition(":")
    kind, _, ident = subject.partition("/")
    if not ident:
        return ()
    held = ports.cases(case.id.account).get(CaseId(case.id.account, connection, Subject(kind, ident)))
    ledger = SellerLedger(ports.records)
    units = sorted({(seller_key(connection, row.seller), row.unit) for row in rows_of(held, policies)})
    for who, unit in units:
        ledger.exclude(case.id.account, who, unit, f"penalty {case.id.subject.id}", Why.DECISION, None, now)
    return tuple(unit for _, unit in units)
