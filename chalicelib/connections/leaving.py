"""Taking back what is still ours in a shop that is about to be left: open holds, tags, delistings, suspensions. Planned
on the cases themselves, as every action is, so that `act` carries it out and a crash loses none of it. What nobody can
take back is named, never passed over.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Action, Case, Ledger
from chalicelib.core.settle import Terms
from chalicelib.core.words import OPEN_STATES, ActionState
from chalicelib.flow import walk
from chalicelib.flow.advance import Advance
from chalicelib.flow.terms import terms_of
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection

LASTING = frozenset(
    ["tag", "hold", "open_incident", "delist", "suspend", "restrict", "hold_payout", "close_shop", "blacklist"]
)
"""Actions that leave the shop in a state of ours, where a note or a refund is over when it is done."""
THERE = frozenset({ActionState.DONE, ActionState.UNKNOWN})
LEFT = "disconnected"
MOST_CASES, MOST_TIME, MOST_LISTED = 2000, timedelta(seconds=15), 200
"""Bounds of one part: a call of the ops API must answer in time."""


@dataclass(slots=True)
class Lifting:
    """One part of the walk. `lifted`: taken back by now; `open`: under way; `dropped`: had not begun; `stays`: what the
    platform refused to take back, or never can. `cursor`: where to go on; empty at the end."""

    cases: int = 0
    lifted: Counter[str] = field(default_factory=Counter)
    open: int = 0
    dropped: int = 0
    stays: list[dict[str, Any]] = field(default_factory=list)
    cursor: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "cases": self.cases, "lifted": dict(sorted(self.lifted.items())), "open": self.open,
            "dropped": self.dropped, "stays": self.stays, "cursor": self.cursor,
        }  # fmt: skip


def lift(ports: Ports, advance: Advance, connection: Connection, cursor: str = "") -> Lifting:
    """Plan the reverse of all that is still ours, and tell how far it is; bears being asked as often as one likes."""
    told, began, terms = Lifting(), ports.clock.now(), terms_of(connection)
    for case in walk.cases(ports, connection.account, cursor):
        if told.cases >= MOST_CASES or len(told.stays) >= MOST_LISTED or ports.clock.now() - began > MOST_TIME:
            return told
        told.cases, told.cursor = told.cases + 1, walk.cursor_of(case)
        if case.id.connection == connection.name and case.ledger.actions:
            _one(ports, advance, case, terms, told)
    told.cursor = ""
    return told


def _one(ports: Ports, advance: Advance, case: Case, terms: Terms, told: Lifting) -> None:
    now = ports.clock.now()
    if leave(case.ledger, now, terms) != case.ledger:
        # Scans lag; what is stored decides.
        stored = ports.cases(case.id.account).get(case.id)
        told.dropped += sum(_unbegun(key, one) for key, one in stored.ledger.actions.items())
        case = advance(case.id, change=lambda ledger: leave(ledger, now, terms), held=stored)
    for text, action in sorted(case.ledger.actions.items()):
        key = ActionKey.parse(text)
        if action.state in OPEN_STATES:
            told.open += 1
        elif key.undo and action.state is ActionState.DONE:
            told.lifted[action.name] += 1
        elif key.undo:
            told.stays.append(_row(case, text, action, action.reason or action.state.value))
        elif action.name in LASTING - frozenset(terms.undo) and action.state in THERE:
            told.stays.append(_row(case, text, action, "the platform has no way back"))


def leave(ledger: Ledger, now: datetime, terms: Terms) -> Ledger:
    """The ledger with what has not begun dropped, and the reverse planned of whatever still stands."""
    after = dict(ledger.actions)
    for text, action in ledger.actions.items():
        key = ActionKey.parse(text)
        if _unbegun(text, action):
            after[text] = replace(action, state=ActionState.DROPPED, reason=LEFT, hold="")
        undo = terms.undo.get(action.name)
        stands = action.name in LASTING and action.state in THERE and not key.undo and str(key.reverse) not in after
        if stands and undo and not _undone(ledger.actions, action.name, undo):
            reverse = Action(undo, ActionState.PLANNED, action.version, now, handle=action.handle)
            after[str(key.reverse)] = reverse
    return ledger if after == ledger.actions else replace(ledger, actions=after)


def _unbegun(key: str, action: Action) -> bool:
    return action.state is ActionState.PLANNED and not ActionKey.parse(key).undo and not action.unsure


def _undone(held: Mapping[str, Action], name: str, undo: str) -> bool:
    """Whether a step of its own has taken it back as often as it was done."""
    plain = [one for key, one in held.items() if not ActionKey.parse(key).undo and one.state in THERE]
    return sum(one.name == undo for one in plain) >= sum(one.name == name for one in plain)


def _row(case: Case, key: str, action: Action, why: str) -> dict[str, Any]:
    return {"case": case.id.local, "key": key, "action": action.name, "state": action.state.value, "why": why[:100]}
