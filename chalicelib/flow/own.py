"""Actions whose effect is ours and not the shop's: an entry against a seller, a post to a named subscriber, a complaint
opened on the buyer's behalf."""

import hashlib
from dataclasses import replace

from chalicelib.channels.cloudevents import About, cloud_event, encode, escalation
from chalicelib.core.actions import ActionKey, escape
from chalicelib.core.case import Case
from chalicelib.core.events import Event, Link, Mark, Subject
from chalicelib.core.rules import Do
from chalicelib.core.transitions import Transition
from chalicelib.flow.messages import group_of, write_told
from chalicelib.flow.rulebook import Book
from chalicelib.flow.tell import Teller
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message
from chalicelib.sellers import effects
from chalicelib.sellers.effects import PenaltyEffects


class OwnEffects:
    """Carries out the actions that need no lever. Each bears repetition."""

    def __init__(self, ports: Ports) -> None:
        self._ports, self._teller, self._ladder = ports, Teller(ports), PenaltyEffects(ports)

    def has(self, action: str) -> bool:
        return action in ("webhook", "open_complaint") or action in effects.ACTIONS

    def run(self, case: Case, key: ActionKey, do: Do, action: str, book: Book) -> None:
        """`action`: the name on the case; of an undo, that of the reverse."""
        if action in effects.ACTIONS:
            self._ladder.run(case, key, do, action, book)
        elif key.undo:
            return
        elif do.action == "open_complaint":
            self._open_complaint(case, key, do)
        elif do.action == "webhook":
            self._post(case, key, do)

    def _post(self, case: Case, key: ActionKey, do: Do) -> None:
        at, state = case.ledger.steps[key.clock, key.step].at, case.ledger.clocks.get(key.clock)
        told = Transition(
            "step.taken", key.clock, at, 0, state.status if state else None, None, state, key.step, str(key)
        )
        # Its own id: the same step is also told to everybody under another one.
        event = replace(escalation(case, told, About()), id=f"{escape(str(case.id))}|{key}")
        self._teller.post(case.id.account, str(do.params["subscriber"]), [encode(cloud_event(event)).decode()])

    def _open_complaint(self, case: Case, key: ActionKey, do: Do) -> None:
        at = case.ledger.steps[key.clock, key.step].at
        ident = "redress-" + hashlib.sha256(f"{case.id}|{key}".encode()).hexdigest()[:20]
        event = Event(
            id=ident,
            subject=Subject("complaint", ident),
            occurred_at=at,
            version=at,
            source="derived",
            marks=(Mark("complaint.opened", at),),
            facts={"reason": str(do.params.get("reason", key.rule))},
            links=(Link("about", case.id.subject.kind, case.id.subject.id),),
        )
        account, connection = case.id.account, case.id.connection
        body = write_told(account, connection, [event])
        self._ports.inbox.send([Message(body, group=group_of(account, connection))])
