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
from chalicelib.core.view import fact_of
from chalicelib.flow.messages import group_of, write_told
from chalicelib.flow.rulebook import Book
from chalicelib.flow.tell import KIND, Teller, read_subscription
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message
from chalicelib.sellers import effects
from chalicelib.sellers.effects import PenaltyEffects

ABOUT = ("seller", "country", "region", "zone")


class OwnEffects:
    """Carries out the actions that need no lever. Each bears repetition."""

    def __init__(self, ports: Ports) -> None:
        self._ports, self._teller, self._ladder = ports, Teller(ports), PenaltyEffects(ports)

    def has(self, action: str) -> bool:
        return action in ("webhook", "open_complaint") or action in effects.ACTIONS

    def run(self, case: Case, key: ActionKey, do: Do, action: str, book: Book) -> str:
        """Why it cannot be done; nothing where it is done. `action`: the name on the case; of an undo, that of the
        reverse."""
        if action in effects.ACTIONS:
            self._ladder.run(case, key, do, action, book)
        elif do.action == "open_complaint":
            self._complain(case, key, do)
        elif do.action == "webhook" and not key.undo:
            return self._post(case, key, do)
        return ""

    def _post(self, case: Case, key: ActionKey, do: Do) -> str:
        name = str(do.params["subscriber"])
        held = self._ports.records(case.id.account).get(KIND, name)
        if held is None or not read_subscription(name, held.data).active:
            return "no_subscriber"
        at, state = case.ledger.steps[key.clock, key.step].at, case.ledger.clocks.get(key.clock)
        told = Transition(
            "step.taken", key.clock, at, 0, state.status if state else None, None, state, key.step, str(key)
        )
        # Its own id: the same step is also told to everybody under another one.
        event = replace(escalation(case, told, About()), id=f"{escape(str(case.id))}|{key}")
        self._teller.post(case.id.account, name, [encode(cloud_event(event)).decode()])
        return ""

    def _complain(self, case: Case, key: ActionKey, do: Do) -> None:
        """Open a complaint about the case as of the step, or, by the undo, withdraw it: it was none after all."""
        first = replace(key, undo=False)
        at = self._ports.clock.now() if key.undo else case.ledger.steps[key.clock, key.step].at
        ident = "redress-" + hashlib.sha256(f"{case.id}|{first}".encode()).hexdigest()[:20]
        # Whose it is and where: what decides its calendar, and to whom it counts.
        known = ((name, fact_of(case.evidence, name)) for name in ABOUT)
        event = Event(
            id=f"{ident}|undo" if key.undo else ident,
            subject=Subject("complaint", ident),
            occurred_at=at,
            version=at,
            source="derived",
            marks=(Mark("complaint.withdrawn" if key.undo else "complaint.opened", at),),
            facts={
                **{name: value for name, value in known if value is not None},
                "reason": str(do.params.get("reason", key.rule)),
            },
            links=(Link("about", case.id.subject.kind, case.id.subject.id),),
        )
        account, connection = case.id.account, case.id.connection
        body = write_told(account, connection, [event])
        self._ports.inbox.send([Message(body, group=group_of(account, connection))])
