"""What the table's stream becomes: the journal, the escalations, the seller's ledger, and the list of what waits for a
person. Everything is derived from two images of a case, under stable keys, so repeating a record changes nothing."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from chalicelib.channels.cloudevents import About, Escalation, escalation
from chalicelib.core.actions import asks, escape
from chalicelib.core.case import EMPTY, Case, CaseId
from chalicelib.core.instants import show, to_ms
from chalicelib.core.rules import Rule
from chalicelib.core.transitions import Transition, journal, transitions
from chalicelib.core.versions import Policies
from chalicelib.core.view import View, fact_of
from chalicelib.core.wire import write_event
from chalicelib.core.words import ACTIONS, ENDED, Group, Mode
from chalicelib.flow.log import fault, log
from chalicelib.flow.rulebook import Rulebook, versions_of
from chalicelib.flow.shelves import lines_of, objects
from chalicelib.flow.shops import Shops
from chalicelib.flow.storm import Storms, sort_of
from chalicelib.flow.tell import Teller
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection
from chalicelib.sellers import penalties
from chalicelib.sellers.ledger import SellerLedger

PENALTIES, HELD, TOLD_STORMS = "penalties", "held", "storms-told"
_STORMY = frozenset(["clock.breached", "clock.warned", "step.taken"])


@dataclass(frozen=True, slots=True)
class Change:
    """One record of the stream: the case before (None: new) and after, and when it was written."""

    id: str
    old: Case | None
    new: Case
    at: datetime


class Project:
    """Projects changes of cases."""

    def __init__(self, ports: Ports, shops: Shops, rulebook: Rulebook, teller: Teller, ops_url: str = "") -> None:
        self._ports, self._shops, self._rulebook, self._teller = ports, shops, rulebook, teller
        self._storms, self._ops_url = Storms(ports), ops_url
        self._sellers = SellerLedger(ports.records)

    def __call__(self, changes: Sequence[Change]) -> list[str]:
        """Project what can be projected; the id of the first change that failed, from which all must come again.

        A case's later changes wait behind one that failed, so that what is told of a case stays in order.
        """
        self._journal(changes)
        failed: dict[CaseId, str] = {}
        for change in changes:
            if change.new.id in failed:
                continue
            try:
                self._one(change)
            except Exception as error:
                log("project_failed", level="error", case=str(change.new.id), reason=fault(error))
                failed[change.new.id] = change.id
        return list(failed.values())[:1]

    def _journal(self, changes: Sequence[Change]) -> None:
        by_account: dict[str, list[tuple[Change, str]]] = {}
        for change in changes:
            for event in journal(change.old, change.new, change.at):
                line = json.dumps({"connection": change.new.id.connection, **write_event(event)}, separators=(",", ":"))
                by_account.setdefault(change.new.id.account, []).append((change, line))
        for account, lines in by_account.items():
            first = lines[0][0]
            key = f"journal/{account}/{first.at:%Y-%m-%d}/{first.id}.jsonl.gz"
            body = "".join(line + "\n" for _, line in lines)
            self._ports.blobs.put(key, gzip.compress(body.encode(), mtime=0))

    def late(self, changes: Sequence[Change]) -> None:
        """Changes that were given up, after later ones of the same cases may have been projected: they are told and
        journalled as ever, and nothing that stands there by now is replaced by what is older. Raises what the ports
        raise."""
        self._journal(changes)
        for change in changes:
            self._tell(change)
            self._penalties(change, late=True)
            self._sellers.project(change.old, change.new, change.at, self._policies(change))
            self._waiting(change, late=True)

    def _one(self, change: Change) -> None:
        self._tell(change)
        self._penalties(change)
        self._sellers.project(change.old, change.new, change.at, self._policies(change))
        self._waiting(change)

    def _policies(self, change: Change) -> Policies:
        """With the versions that the case was judged with, however young."""
        new, old = change.new, change.old
        known = versions_of(new) | (versions_of(old) if old else set())
        penalised = fact_of(new.evidence, "policy")
        if isinstance(penalised, str):
            known.add(penalised)
        return self._rulebook.knowing(new.id.account, known).policies

    def _tell(self, change: Change) -> None:
        new = change.new
        account = new.id.account
        connection = self._shops.find(account, new.id.connection)
        policies = self._policies(change)
        told = []
        for transition in transitions(change.old, new, change.at):
            if connection and _is_history(connection, transition):
                continue
            rule = _rule(policies, transition, new)
            if connection and rule and self._storms_on(connection, rule, transition, change.at):
                self._summarise(connection, rule, change.at)
                continue
            told.append(self._escalation(new, transition, rule, connection))
        self._teller.tell(account, told)

    def _storms_on(self, connection: Connection, rule: Rule, transition: Transition, at: datetime) -> bool:
        return transition.type in _STORMY and self._storms.is_on(connection, rule.id, at)

    def _escalation(
        self, case: Case, transition: Transition, rule: Rule | None, connection: Connection | None
    ) -> Escalation:
        alert = _alert(rule, transition)
        state = transition.state
        if alert and state and state.due is not None and transition.at < state.due:
            transition = replace(transition, type="clock.warned")
        seller = View(case.evidence, transition.at).fact("seller")
        about = About(
            seller=seller if isinstance(seller, str) else "",
            basis=rule.basis if rule else "",
            cite=rule.cite if rule else "",
            title=rule.title if rule else {},
            severity=alert,
            mode=_mode(connection, transition),
            explain=self._explain(case, transition.clock),
        )
        return escalation(case, transition, about)

    def _explain(self, case: Case, clock: str) -> str:
        """Where to read how the deadline came about; ids of shops may hold anything, so each part is quoted."""
        if not self._ops_url:
            return ""
        subject = case.id.subject
        parts = (case.id.connection, subject.kind, subject.id, clock)
        return f"{self._ops_url}/explain/" + "/".join(quote(part, safe="") for part in parts)

    def _summarise(self, connection: Connection, rule: Rule, at: datetime) -> None:
        """One escalation for the whole storm; told before it is noted, so it may be repeated but not lost."""
        records = self._ports.records(connection.account)
        sort = sort_of(connection.name, rule.id, at)
        if records.get(TOLD_STORMS, sort) is not None:
            return
        subject = f"connection/{connection.name}"
        ident = escape(f"{connection.account}:{connection.name}:{subject}|storm|{sort}")
        self._teller.tell(
            connection.account,
            [
                Escalation(
                    ident,
                    "clock.storm",
                    connection.account,
                    connection.name,
                    subject,
                    at,
                    to_ms(at),
                    f"{connection.name}:{subject}|storm|{rule.id}",
                    case=f"{connection.name}:{subject}",
                    rule=rule.id,
                    clock=rule.id,
                    basis=rule.basis,
                    cite=rule.cite,
                    title=rule.title,
                    reason="storm",
                )
            ],
        )
        records.put(TOLD_STORMS, sort, {"at": show(at)})

    def _penalties(self, change: Change, late: bool = False) -> None:
        """The seller's ledger: a penalty's case as a row, under its key."""
        if change.new.id.subject.kind == penalties.KIND:
            records = self._ports.records(change.new.id.account)
            sort, row = penalties.row_of(change.new, change.at)
            held = records.get(PENALTIES, sort) if late else None
            if held is None or int(held.data["sequence"]) < row["sequence"]:
                records.put(PENALTIES, sort, row)

    def again(self, case: Case) -> None:
        """What is kept of a case once more from the case alone, where the stream's own records were lost: the journal,
        the sellers' ledger, what waits for a person. Tells nobody."""
        now = self._ports.clock.now()
        digest = hashlib.sha256(str(case.id).encode()).hexdigest()[:16]
        # As if all of it had come with the first write: that is the line by which a walk over the journal finds a case.
        self._journal([Change(f"again-{digest}-{case.version}", None, replace(case, version=1), now)])
        change = Change(f"again-{digest}-{case.version}", None, case, now)
        self._penalties(change, late=True)
        self._sellers.project(None, case, now, self._policies(change))
        self._waiting(change, late=True)

    def _waiting(self, change: Change, late: bool = False) -> None:
        """The list of actions that wait for a person. `late`: only what may be missing; what does not wait any more
        leaves the list when somebody decides it (`ops.held`)."""
        records = self._ports.records(change.new.id.account)
        before = change.old.ledger if change.old else EMPTY
        for key, action in change.new.ledger.actions.items():
            sort, why = f"{change.new.id.local}|{key}", asks(change.new.ledger, key)
            if why:
                records.put(HELD, sort, {"action": action.name, "why": why, "version": action.version})
            elif not late and key in before.actions and asks(before, key):
                records.delete(HELD, sort)


def _rule(policies: Policies, transition: Transition, case: Case) -> Rule | None:
    version = transition.state.version if transition.state else ""
    if transition.type.startswith("penalty."):
        told = View(case.evidence, transition.at).fact("policy")
        version = told if isinstance(told, str) else ""
    policy = policies.by_version(version)
    return policy.rule(transition.clock.partition("#")[0]) if policy else None


def _is_history(connection: Connection, transition: Transition) -> bool:
    """Whether it was over before the connection acts. Then nobody is told: what a backfill finds pages no one. It
    stands on the case, in the journal and in the sellers' ledger all the same."""
    begin = connection.acts_from
    if begin is None or transition.at >= begin:
        return False
    ended = transition.state is not None and transition.state.status in ENDED
    return ended or transition.type in _STORMY


def _alert(rule: Rule | None, transition: Transition) -> str:
    """The severity that a step's alert names, empty where the transition is no alert."""
    if rule is None or transition.type != "step.taken":
        return ""
    step = rule.step(transition.step)
    return (
        next((str(do.params.get("severity", "warning")) for do in step.do if do.action == "alert"), "") if step else ""
    )


def _mode(connection: Connection | None, transition: Transition) -> str:
    """The mode of the action's group; for what is not about an action, the boldest mode of the connection."""
    modes = {Group(group): Mode(mode) for group, mode in connection.modes.items()} if connection else {}
    if transition.action in ACTIONS:
        return modes.get(ACTIONS[transition.action].group, Mode.OBSERVE)
    order = list(Mode)
    return max(modes.values(), key=order.index, default=Mode.OBSERVE)


def lines(ports: Ports, account: str, prefix: str = "") -> Iterator[str]:
    """The journal of an account as history lines, in the order in which it was written."""
    for key in objects(ports, account, prefix):
        yield from lines_of(ports, key)
