"""The actions queue's consumer: claim, look where asked, call the lever, write the outcome back onto the case.

What makes it exactly once: a claim is a conditional write with a lease longer than this function may run; a lever says
how it bears repetition; after an unknown outcome a findable one is looked for first, and one that bears none is left to
a person (DESIGN laws 5 and 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.core import actions
from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Action, Case, CaseId, Ledger
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import EPOCH
from chalicelib.core.rules import Do
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.core.words import ACTIONS, ActionState, Group, Mode
from chalicelib.flow import credentials, purse, switches
from chalicelib.flow.advance import Advance
from chalicelib.flow.buyers import Buyers
from chalicelib.flow.commands import command_of, do_of, in_place_of
from chalicelib.flow.hurry import hurried
from chalicelib.flow.log import fault, log
from chalicelib.flow.looks import Looks, NoLook
from chalicelib.flow.messages import Act, LookAt, Post, group_of, read_task
from chalicelib.flow.own import OwnEffects
from chalicelib.flow.post import Poster
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.flow.terms import terms_of
from chalicelib.platforms.base import Absent, Command, Done, Later, Lever, Outcome
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection, Message
from chalicelib.sellers.notices import notice
from chalicelib.sellers.penalties import KIND

LEASE = timedelta(seconds=90)
"""Longer than the function may run (60 s), so that nobody else starts while we may still be sending."""
STOPPED = timedelta(minutes=5)
LONGEST = 900.0
UNSURE = 5.0
"""Seconds at least before what may have had its effect is tried again."""
ENOUGH = timedelta(seconds=8)
"""A batch that has taken so long begins nothing more: a function that runs out of time brings all of its messages
again, those that were carried out too, and counts that against them."""
LOOKING, PULLING = timedelta(seconds=25), timedelta(seconds=20)
"""What the questions of one look and of one lever may take in all; together, after `ENOUGH`, they end in time."""
NOT_DUE = "not due any more"
GIVE_UP = 20
"""Tries after which an action that only ever fails on our side is left to a person."""


class Actor:
    """Carries out tasks of the actions queue."""

    def __init__(self, ports: Ports, shops: Shops, rulebook: Rulebook, advance: Advance) -> None:
        ports, self._hurry = hurried(ports)
        self._ports, self._shops, self._rulebook, self._advance = ports, shops, rulebook, advance
        self._looks = Looks(ports, shops, rulebook, Buyers(ports))
        self._own, self._poster = OwnEffects(ports), Poster(ports)

    def __call__(self, messages: Sequence[tuple[str, str]]) -> list[str]:
        """Handle (message id, body) pairs; the ids that failed and must come again."""
        failed, began = [], self._ports.clock.now()
        for ident, body in messages:
            try:
                task = read_task(body)
                if self._ports.clock.now() - began > ENOUGH:
                    # Sent anew rather than left to come again, which counts against it and takes minutes.
                    self._ports.actions.send([Message(body, group=_group(task))])
                else:
                    self._hurry.allow(LOOKING + PULLING)
                    self._task(task)
            except Exception as error:
                log("act_failed", level="error", reason=fault(error), id=ident)
                failed.append(ident)
        return failed

    def _task(self, task: Act | LookAt | Post) -> None:
        if isinstance(task, Act):
            self._action(task.case_id, task.key)
        elif isinstance(task, LookAt):
            self._looks.answer(task)
        else:
            self._poster.send(task)

    def _action(self, case_id: CaseId, key: str) -> None:
        parts = ActionKey.parse(key)
        if switches.holds(switches.stopped(self._ports, case_id.account), case_id.connection, parts.rule):
            now = self._ports.clock.now()
            self._advance(case_id, change=lambda ledger: actions.put_off(ledger, key, now, now + STOPPED, "stopped"))
            return
        claimed = False

        def take(ledger: Ledger) -> Ledger:
            nonlocal claimed
            taken = actions.claim(ledger, key, self._ports.clock.now(), LEASE)
            claimed = taken is not None
            return taken or ledger

        case = self._advance(case_id, change=take)
        if not claimed:
            return
        try:
            self._carry_out(case, parts)
        except Unsent as error:
            self._postpone(case_id, key, _backoff(case.ledger.actions[key]), f"unsent {error}"[:60])
        except Exception as error:
            # A fault of ours, not the platform's word: the lease keeps others away, and the next try decides.
            log("action_error", level="error", case=str(case_id), key=key, reason=fault(error))
            if case.ledger.actions[key].attempts >= GIVE_UP:
                self._finish(case_id, key, ActionState.UNKNOWN, "error")
            else:
                self._postpone(case_id, key, _backoff(case.ledger.actions[key]), "error", unsure=True)

    def _carry_out(self, case: Case, parts: ActionKey) -> None:
        key, action = str(parts), case.ledger.actions[str(parts)]
        connection = self._shops.get(case.id.account, case.id.connection)
        book = self._rulebook.knowing(case.id.account, [action.version])
        do = do_of(book.policies, parts, action)
        if do is None:
            self._finish(case.id, key, ActionState.REFUSED, "policy version gone")
            return
        observed = terms_of(connection).mode(ACTIONS[action.name].group) is Mode.OBSERVE
        if observed and not parts.undo and not action.unsure:
            # Planned while it was allowed; what may be done now counts. What was done is still taken back.
            self._finish(case.id, key, ActionState.DROPPED, "observe")
            return
        if self._too_late(case, parts, action, book.policies):
            self._finish(case.id, key, ActionState.SKIPPED, "late")
            return
        balance = None
        if ACTIONS[action.name].confirm and not parts.undo:
            checked = (
                self._as_known(case, parts, action, connection)
                if action.waived
                else self._look_first(case, parts, action, connection)
            )
            if checked is None:
                return
            case, balance = checked
        view = View(case.evidence, self._ports.clock.now())
        command = command_of(case, parts, action, do, view, connection.options.get("language", ""))
        if case.id.subject.kind == KIND:
            # Of a penalty the seller gets the reasons, not the name of a step.
            records = self._ports.records(case.id.account)
            said = notice(records, case, connection, self._ports.clock.now())
            command = replace(command, note=said or command.note)
        if self._own.has(action.name):
            problem = self._own.run(case, parts, do, action.name, book)
            self._finish(case.id, key, ActionState.REFUSED if problem else ActionState.DONE, problem)
            return
        if ACTIONS[action.name].group is Group.MONEY and not self._reserve(case.id, key, action, command, balance):
            return
        self._pull(case.id, key, command, connection, action, in_place_of(action, do))

    def _look_first(
        self, case: Case, parts: ActionKey, action: Action, connection: Connection
    ) -> "tuple[Case, purse.Balance | None] | None":
        """Ask the platform, merge what it says, judge again; None where the action is not due any more or must wait."""
        key, asked_at = str(parts), self._ports.clock.now()
        money = ACTIONS[action.name].group is Group.MONEY
        subjects = {case.id.subject}
        command = command_of(case, parts, action, Do(action.name), View(case.evidence, asked_at))
        if money and command.order:
            subjects.add(Subject("order", command.order))
        told: list[Event] = []
        self._hurry.allow(LOOKING)
        for subject in sorted(subjects, key=str):
            try:
                answer = self._looks.ask(connection, subject)
            except NoLook as error:
                self._hold(case.id, key, error.reason)
                return None
            if isinstance(answer, Later):
                self._postpone(case.id, key, _seconds(answer), answer.reason)
                return None
            told.extend(answer)
        mine = [event for event in told if event.subject == case.id.subject]
        self._looks.pass_on(connection, [event for event in told if event.subject != case.id.subject])
        case = self._advance(case.id, mine)
        self._hurry.allow(PULLING)
        if self._withdrawn(case, parts):
            self._not_due(case, parts, connection)
            return None
        balance = _balance(told, command.order, asked_at) if money else None
        return case, balance

    def _as_known(
        self, case: Case, parts: ActionKey, action: Action, connection: Connection
    ) -> "tuple[Case, purse.Balance | None] | None":
        """A person let it go without a look: what is stored must do. None where the action is not due any more."""
        if self._withdrawn(case, parts):
            self._not_due(case, parts, connection)
            return None
        now = self._ports.clock.now()
        order = command_of(case, parts, action, Do(action.name), View(case.evidence, now)).order
        if ACTIONS[action.name].group is not Group.MONEY or not order:
            return case, None
        whole = self._ports.cases(case.id.account).get(replace(case.id, subject=Subject("order", order)))
        view = View(whole.evidence, now)
        paid, refunded = view.fact("amount"), view.fact("refunded") or Decimal(0)
        if not isinstance(paid, Decimal) or not isinstance(refunded, Decimal):
            return case, None
        # Nobody knows which payouts the stored facts have seen, so all of them count once more.
        return case, purse.Balance(paid, refunded, EPOCH)

    def _too_late(self, case: Case, parts: ActionKey, action: Action, policies: Policies) -> bool:
        """Whether it waited (behind a stop, a person, a shop that was down) for longer than it makes sense."""
        policy = policies.by_version(action.version)
        rule = policy.rule(parts.rule) if policy else None
        step, state = rule.step(parts.step) if rule else None, case.ledger.steps.get((parts.clock, parts.step))
        late_ok = step.late_ok if step and step.late_ok is not None else ACTIONS[action.name].late_ok
        if late_ok is None or state is None or parts.undo or action.unsure:
            return False
        return self._ports.clock.now() - state.at > timedelta(seconds=late_ok)

    def _withdrawn(self, case: Case, parts: ActionKey) -> bool:
        state = case.ledger.steps.get((parts.clock, parts.step))
        return state is None or state.withdrawn or state.generation != parts.generation

    def _not_due(self, case: Case, parts: ActionKey, connection: Connection) -> None:
        """An action that is not due any more: dropped where nothing can have come of it. Where a try may have had its
        effect it is not tried again, but looked for, or called unknown, so that what takes it back is done."""
        key, action = str(parts), case.ledger.actions[str(parts)]
        lever = adapter_of(connection).levers.get(action.name)
        if not action.unsure or lever is None:
            self._finish(case.id, key, ActionState.DROPPED, NOT_DUE)
            return
        if lever.find is None:
            self._finish(case.id, key, ActionState.UNKNOWN, NOT_DUE)
            return
        find, now = lever.find, self._ports.clock.now()
        do = do_of(self._rulebook.get(case.id.account).policies, parts, action) or Do(action.name)
        command = command_of(case, parts, action, do, View(case.evidence, now), "")
        try:
            found = credentials.run(self._ports, self._shops, connection, lambda session: find(session, command))
        except Uncertain:
            found = Later(UNSURE, "uncertain")
        if isinstance(found, Later):
            self._postpone(case.id, key, _seconds(found), found.reason)
            return
        if lever.action == "refund":
            settle = purse.paid_out if isinstance(found, Done) else purse.give_up
            settle(self._ports, case.id.account, case.id.connection, command.order, command.key)
        if isinstance(found, Done):
            self._finish(case.id, key, ActionState.DONE, NOT_DUE, found.handle)
        else:
            self._finish(case.id, key, ActionState.DROPPED, NOT_DUE)

    def _reserve(
        self, case_id: CaseId, key: str, action: Action, command: Command, balance: "purse.Balance | None"
    ) -> bool:
        if balance is None or command.amount is None or not command.order:
            self._hold(case_id, key, "no_money")
            return False
        try:
            room = purse.reserve(
                self._ports, case_id.account, case_id.connection, command.order, command.key, command.amount, balance
            )
        except purse.Unsettled:
            if balance.asked_at > EPOCH and action.attempts < GIVE_UP:
                # What is under way for this purchase ends, and the next look has it or not.
                self._postpone(case_id, key, _backoff(action), "another refund is under way")
                return False
            room = False
        if not room:
            self._finish(case_id, key, ActionState.REFUSED, "more than was paid")
        return room

    def _pull(
        self, case_id: CaseId, key: str, command: Command, connection: Connection, action: Action, said: str
    ) -> None:
        """`said`: the reason with which it ends where it is done."""
        lever, unsure = adapter_of(connection).levers.get(command.action), action.unsure
        if lever is None:
            self._finish(case_id, key, ActionState.REFUSED, "no_lever")
            return
        if unsure and lever.repeat == "never":
            self._finish(case_id, key, ActionState.UNKNOWN, "outcome unknown")
            return
        try:
            outcome = self._run(lever, connection, command, unsure)
        except Uncertain:
            if lever.repeat == "never":
                self._finish(case_id, key, ActionState.UNKNOWN, "outcome unknown")
            else:
                wait = max(_backoff(action), timedelta(seconds=UNSURE))
                self._postpone(case_id, key, wait, "uncertain", unsure=True)
            return
        if isinstance(outcome, Later):
            # A lever that bears no repetition knows by itself that nothing was done.
            begun = outcome.begun and lever.repeat != "never"
            self._postpone(case_id, key, _seconds(outcome), outcome.reason, begun, outcome.handle)
            return
        if lever.action == "refund":
            settle = purse.paid_out if isinstance(outcome, Done) else purse.give_up
            settle(self._ports, case_id.account, case_id.connection, command.order, command.key)
        if isinstance(outcome, Done):
            self._finish(case_id, key, ActionState.DONE, said, outcome.handle)
        else:
            self._finish(case_id, key, ActionState.REFUSED, outcome.reason)

    def _run(self, lever: Lever, connection: Connection, command: Command, unsure: bool) -> Outcome:
        if unsure and lever.repeat == "findable":
            find = lever.find
            assert find is not None, "a findable lever says how to find"
            found = credentials.run(self._ports, self._shops, connection, lambda session: find(session, command))
            if not isinstance(found, Absent):
                return found
        return credentials.run(self._ports, self._shops, connection, lambda session: lever.run(session, command))

    def _finish(self, case_id: CaseId, key: str, state: ActionState, reason: str = "", handle: str = "") -> None:
        case = self._advance(case_id, change=lambda ledger: actions.finish(ledger, key, state, reason, handle))
        failed = state is ActionState.REFUSED or bool(actions.asks(case.ledger, key))
        log(
            "action_failed" if failed else "action_ended", case=str(case_id), key=key, action=state.value, reason=reason
        )

    def _postpone(
        self, case_id: CaseId, key: str, wait: timedelta, reason: str, unsure: bool = False, handle: str = ""
    ) -> None:
        try_at = self._ports.clock.now() + wait
        self._advance(case_id, change=lambda ledger: actions.postpone(ledger, key, try_at, reason, unsure, handle))

    def _hold(self, case_id: CaseId, key: str, why: str) -> None:
        self._advance(case_id, change=lambda ledger: actions.put_on_hold(ledger, key, why))
        log("action_held", level="warning", case=str(case_id), key=key, reason=why)


def _backoff(action: Action) -> timedelta:
    return timedelta(seconds=min(LONGEST, 2.0 ** min(action.attempts, 12)))


def _seconds(told: Later) -> timedelta:
    return timedelta(seconds=min(max(told.seconds, 1.0), LONGEST))


def _group(task: Act | LookAt | Post) -> str:
    """Whose turn it takes: a store's, or, of what is posted, an account's."""
    if isinstance(task, Act):
        return group_of(task.case_id.account, task.case_id.connection)
    return task.account if isinstance(task, Post) else group_of(task.account, task.connection)


def _balance(events: Sequence[Event], order: str, asked_at: datetime) -> "purse.Balance | None":
    """What the platform just said that was paid and given back; None where it did not say."""
    facts: Mapping[str, object] = {}
    for event in events:
        if event.subject == Subject("order", order):
            facts = {**facts, **event.facts}
    paid, refunded = facts.get("amount"), facts.get("refunded", Decimal(0))
    if not isinstance(paid, Decimal) or not isinstance(refunded, Decimal):
        return None
    return purse.Balance(paid, refunded, asked_at)
