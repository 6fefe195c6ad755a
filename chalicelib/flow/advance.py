"""The one way in which a case changes: merge, evaluate, settle, one conditional write, then the sends (DESIGN 3).

Everything after the write may be lost or repeated without harm: an unchanged case repeats its sends, and what was never
sent is found again by the sweep, because the write left the wake in the index.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core.actions import ready
from chalicelib.core.case import EMPTY, Case, CaseId, Ledger
from chalicelib.core.clocks import Reading
from chalicelib.core.evaluate import Verdict, evaluate
from chalicelib.core.events import Event
from chalicelib.core.evidence import merge, merge_all
from chalicelib.core.instants import EPOCH
from chalicelib.core.moments import earliest
from chalicelib.core.rules import Step
from chalicelib.core.settle import settle
from chalicelib.core.words import ACTIONS, Group, Status
from chalicelib.flow.log import log
from chalicelib.flow.messages import Act, group_of, write_task, write_wake
from chalicelib.flow.rulebook import Book, Rulebook, versions_of
from chalicelib.flow.shadow import Watch
from chalicelib.flow.shops import Shops
from chalicelib.flow.storm import Storms
from chalicelib.flow.terms import terms_of
from chalicelib.ports.forms import over_limit
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Message

DIRECT = timedelta(minutes=16)
"""A wake this near is sent at once: two minutes beyond the sweep's lead, so that they overlap (timers.md rule 1)."""
LONGEST_DELAY = 900
TRIES = 5


class Advance:
    """Advances cases of any account."""

    def __init__(self, ports: Ports, shops: Shops, rulebook: Rulebook) -> None:
        self._ports, self._shops, self._rulebook = ports, shops, rulebook
        self._storms, self._watch = Storms(ports), Watch(ports)

    def __call__(
        self,
        case_id: CaseId,
        events: Sequence[Event] = (),
        change: Callable[[Ledger], Ledger] | None = None,
        held: Case | None = None,
    ) -> Case:
        """The case after the events and the change of its ledger, written and its messages sent.

        `held`: the case as just read, to spare a read. `change` must bear being applied again to a newer ledger.
        Raises Conflict after several lost races, UnknownConnection, and whatever the stores raise.
        """
        cases = self._ports.cases(case_id.account)
        for _ in range(TRIES):
            case = held if held is not None else cases.get(case_id)
            book = self._rulebook.knowing(case_id.account, versions_of(case))
            after, verdict = self._judge(case, events, change, book)
            if verdict.withdrawn or any(one.generation for one in verdict.taken):
                # Nothing is taken back, or taken anew, by rules that may have been replaced a moment ago.
                newest = self._rulebook.get(case_id.account, fresh=True)
                if newest is not book:
                    book = newest
                    after, verdict = self._judge(case, events, change, book)
            try:
                stored = case if after == case else cases.put(after)
            except Conflict:
                held = None
                continue
            # An outcome hands on only what it made ready: the rest was handed on when it was planned. Whoever comes
            # again to a case that holds his word already, or looks because its time has come, hands on all.
            self.send(stored, case.ledger if change is not None and stored is not case else EMPTY)
            self._watch.record(stored, book, verdict)
            return stored
        raise Conflict(str(case_id))

    def _judge(
        self, case: Case, events: Sequence[Event], change: Callable[[Ledger], Ledger] | None, book: Book
    ) -> tuple[Case, Verdict]:
        account, now = case.id.account, self._ports.clock.now()
        connection = self._shops.get(account, case.id.connection)
        merged = _merged(case, events)
        if change is not None:
            merged = replace(merged, ledger=change(merged.ledger))
        verdict = evaluate(merged, book.policies, book.calendars, now)
        storm = self._storms.count(connection, _breaches(merged, verdict, connection.acts_from or EPOCH), now)
        if book.shadows:
            verdict = replace(verdict, wake_at=earliest((verdict.wake_at, self._watch.wake_at(merged, book, now))))
        settled = settle(merged, verdict, terms_of(connection, storm))
        if settled.ledger.full and not merged.ledger.full:
            log("case_full", level="error", account=account, case=str(case.id), reason="open actions")
        return settled, verdict

    def send(self, case: Case, before: Ledger = EMPTY) -> None:
        """What follows the write: actions to the sender, but for those ready `before`; a near wake to the queue.
        Harmless to repeat."""
        now = self._ports.clock.now()
        group, known = group_of(case.id.account, case.id.connection), set(ready(before, now))
        keys = [key for key in ready(case.ledger, now) if key not in known]
        actions = [Message(write_task(Act(case.id, key)), group=group) for key in keys]
        if actions:
            self._ports.actions.send(actions)
        if case.wake_at is not None and case.wake_at < now + DIRECT:
            self._ports.wakes.send([wake_message(case.id, case.wake_at, now)])


def _merged(case: Case, events: Sequence[Event]) -> Case:
    """The case with the events; where that is more than a case may hold, with those that leave it within its limits.

    What is left out stays in the archive of deliveries. From then on the case is full: what it asks for waits for a
    person, who is called by the log."""
    merged = replace(case, evidence=merge_all(case.evidence, events))
    # Told the same again it has not grown; and comparing costs less than measuring.
    why = over_limit(merged) if events and merged.evidence != case.evidence else None
    if why is None:
        return merged
    log("case_full", level="error", account=case.id.account, case=str(case.id), reason=why)
    held = case
    for event in events:
        one = replace(held, evidence=merge(held.evidence, event))
        if over_limit(one) is None:
            held = one
    return replace(held, ledger=replace(held.ledger, full=True))


def wake_message(case_id: CaseId, wake_at: datetime, now: datetime) -> Message:
    """A wake with the exact delay, rounded up: never early."""
    seconds = -((now - wake_at) // timedelta(seconds=1))
    group = group_of(case_id.account, case_id.connection)
    return Message(write_wake(case_id, wake_at), max(0, min(LONGEST_DELAY, seconds)), group)


def _breaches(case: Case, verdict: Verdict, acts_from: datetime) -> list[str]:
    """The rules whose clocks this verdict is the first to call breached, or whose steps it is the first to punish or to
    pay by: after an outage the breaches of a backlog may long be told, and all its fines fall due at once. What was due
    before the connection acts is history, not a storm."""
    due = {(one.clock, one.step) for one in verdict.taken if one.at >= acts_from}
    return [
        one.rule.id
        for one in verdict.clocks
        if _breaks(case, one, acts_from) or any((one.clock, step.id) in due and _grave(step) for step in one.rule.steps)
    ]


def _breaks(case: Case, one: Reading, acts_from: datetime) -> bool:
    held = case.ledger.clocks.get(one.clock)
    fresh = one.status is Status.BREACHED and (held is None or held.status is not Status.BREACHED)
    return fresh and (one.due is None or one.due >= acts_from)


def _grave(step: Step) -> bool:
    return any(ACTIONS[do.action].group in (Group.PENALTY, Group.MONEY) for do in step.do)
