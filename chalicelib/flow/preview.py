"""What another set of policies would change about the cases that are stored, before it comes into force: the two sets
judge the same evidence at the same instant, and nothing is written.

Besides the counts it lists what nobody can take back by itself: actions of steps that would be withdrawn, already
carried out, for which the platform has no reverse. Those are for a person.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.core.actions import ActionKey, of_step
from chalicelib.core.case import Action, Case
from chalicelib.core.compare import Change, amount_of, compare
from chalicelib.core.evaluate import evaluate
from chalicelib.core.instants import show
from chalicelib.core.settle import OWN_EFFECT, Terms
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.core.words import ActionState
from chalicelib.flow import walk
from chalicelib.flow.commands import do_of
from chalicelib.flow.rulebook import Book
from chalicelib.flow.shops import Shops, UnknownConnection
from chalicelib.flow.terms import terms_of
from chalicelib.ports.ports import Ports

MOST_CASES = 2000
MOST_TIME = timedelta(seconds=15)
MOST_LISTED = 500
"""Bounds of one part: a call of the ops API must answer in time."""
HAPPENED = frozenset({ActionState.DONE, ActionState.UNKNOWN, ActionState.SENDING})


@dataclass(slots=True)
class Preview:
    """The counts over some cases. `cursor`: where to go on; empty at the end."""

    cases: int = 0
    rules: dict[str, Change] = field(default_factory=dict)
    reversed: Counter[str] = field(default_factory=Counter)
    """Actions that the platforms take back, by name."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Actions that have not begun and then never will."""
    left: list[dict[str, Any]] = field(default_factory=list)
    cursor: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The JSON form; parts are put together by `core.compare.merged`, cursors apart."""
        return {
            "cases": self.cases,
            "rules": {rule: change.as_dict() for rule, change in sorted(self.rules.items()) if change},
            "reversed": dict(sorted(self.reversed.items())),
            "dropped": dict(sorted(self.dropped.items())),
            "left": self.left,
        }


class Previews:
    """Makes previews for any account."""

    def __init__(self, ports: Ports, shops: Shops) -> None:
        self._ports, self._shops = ports, shops

    def __call__(self, account: str, before: Book, after: Book, cursor: str = "") -> Preview:
        """One part of the preview, as of now, from `cursor` on."""
        told = Preview(cursor=cursor)
        began = self._ports.clock.now()
        for case in walk.cases(self._ports, account, cursor):
            late = self._ports.clock.now() - began > MOST_TIME
            if late or told.cases >= MOST_CASES or len(told.left) >= MOST_LISTED:
                return told
            self._add(told, case, before, after)
            told.cursor = walk.cursor_of(case)
        told.cursor = ""
        return told

    def _add(self, told: Preview, case: Case, before: Book, after: Book) -> None:
        now = self._ports.clock.now()
        told.cases += 1
        old = evaluate(case, before.policies, before.calendars, now)
        new = evaluate(case, after.policies, after.calendars, now)
        view = View(case.evidence, now)
        compare(told.rules, old.clocks, new.clocks, view)
        gone = set(new.withdrawn) - set(old.withdrawn)
        if not gone:
            return
        try:
            terms = terms_of(self._shops.get(case.id.account, case.id.connection))
        except UnknownConnection:
            terms = Terms()
        for key, action in _actions(case, gone):
            if action.state is ActionState.PLANNED:
                told.dropped[action.name] += 1
            elif action.state in HAPPENED and can_undo(terms, action):
                told.reversed[action.name] += 1
            elif action.state in HAPPENED:
                told.left.append(left_over(case, key, action, after.policies, view))


def left(case: Case, versions: frozenset[str], terms: Terms, policies: Policies, view: View) -> list[dict[str, Any]]:
    """What withdrawn steps of these versions did, and nothing takes back."""
    gone = {key for key, state in case.ledger.steps.items() if state.withdrawn and state.version in versions}
    return [
        left_over(case, key, action, policies, view)
        for key, action in _actions(case, gone)
        if action.state in HAPPENED and not can_undo(terms, action)
    ]


def can_undo(terms: Terms, action: Action) -> bool:
    return action.name in terms.undo or action.name in OWN_EFFECT


def _actions(case: Case, steps: Iterable[tuple[str, str]]) -> Iterator[tuple[ActionKey, Action]]:
    for clock, step in sorted(steps):
        yield from of_step(case.ledger, clock, step, case.ledger.steps[clock, step].generation)


def left_over(case: Case, key: ActionKey, action: Action, policies: Policies, view: View) -> dict[str, Any]:
    """One line of what a person has to settle. `amount` for money alone; `state` tells whether it is certain."""
    do = do_of(policies, key, action)
    amount = amount_of(do.params, view) if do and action.name == "refund" else None
    currency, seller = view.fact("currency"), view.fact("seller")
    return {
        "case": case.id.local, "key": str(key), "action": action.name, "state": action.state.value,
        "at": show(case.ledger.steps[key.clock, key.step].at), "version": action.version,
        "seller": seller if isinstance(seller, str) else None,
        "amount": None if amount is None else f"{amount:f}",
        "currency": currency if amount is not None and isinstance(currency, str) else None,
    }  # fmt: skip
