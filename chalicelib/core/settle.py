"""From a verdict to the next ledger: clocks as they now stand, steps taken and withdrawn, actions planned, dropped or
reversed. Pure; the shell writes the result in one conditional write (DESIGN laws 4 to 7 and 11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.core.actions import ActionKey, fallen, next_try
from chalicelib.core.case import Action, Case, ClockState, Ledger, StepState
from chalicelib.core.clocks import Reading
from chalicelib.core.evaluate import Taken, Verdict
from chalicelib.core.rules import Do, Step
from chalicelib.core.words import ACTIONS, ENDED, IN_WORDS, OPEN_STATES, OWN_ACTIONS, ActionState, Group, Mode, Status

MAX_OPEN_ACTIONS = 32


@dataclass(frozen=True, slots=True)
class Terms:
    """What Redress may do on a connection.

    `undo`: action -> the action that takes it back, for the levers that have one. `storm`: rules that breach in
    numbers just now; their penalties and refunds wait for a person.
    """

    modes: Mapping[Group, Mode] = field(default_factory=dict)
    acts_from: datetime | None = None
    levers: frozenset[str] = frozenset()
    undo: Mapping[str, str] = field(default_factory=dict)
    looks: frozenset[str] = frozenset()
    storm: frozenset[str] = frozenset()

    def mode(self, group: Group) -> Mode:
        return self.modes.get(group, Mode.OBSERVE)


OWN_EFFECT: Mapping[str, str] = {
    "penalise": "penalise", "impose": "lift", "publish": "unpublish", "open_complaint": "open_complaint",
}  # fmt: skip
"""Actions whose effect is an entry of ours, not a call to the shop, with what takes them back."""
NO_LEVER_NEEDED = OWN_ACTIONS


def settle(case: Case, verdict: Verdict, terms: Terms) -> Case:
    """The case after the verdict: next ledger and next wake. Settling the same verdict twice changes nothing."""
    ledger = _clocks(case.ledger, verdict)
    if verdict.withdrawn:
        gone = {key: replace(ledger.steps[key], withdrawn=True) for key in verdict.withdrawn}
        ledger = replace(ledger, steps={**ledger.steps, **gone})
    ledger = _take_back(ledger, verdict.now, terms)
    for taken in verdict.taken:
        ledger = _take(case, ledger, verdict, taken, terms)
    times = [one for one in (verdict.wake_at, next_try(ledger, verdict.now)) if one is not None]
    return replace(case, ledger=ledger, wake_at=min(times, default=None), law_at=verdict.law_at)


def _clocks(ledger: Ledger, verdict: Verdict) -> Ledger:
    clocks = {one.clock: _state(one) for one in verdict.clocks if one.status is not Status.WAITING}
    return ledger if clocks == ledger.clocks else replace(ledger, clocks=clocks)


def _state(reading: Reading) -> ClockState:
    assert reading.start is not None, "only a waiting clock has no start"
    end = reading.stop
    if reading.status is Status.VOID:
        end = reading.void
    elif reading.status is Status.PAUSED:
        end = reading.holds[-1].begin
    elif reading.status is Status.RUNNING and reading.holds:
        end = reading.holds[-1].end
    return ClockState(
        reading.status, reading.start, reading.due, reading.due_day, end,
        reading.version, reading.zone, reading.calendar,
    )  # fmt: skip


def _take(case: Case, ledger: Ledger, verdict: Verdict, taken: Taken, terms: Terms) -> Ledger:
    reading = verdict.clock(taken.clock)
    step = reading.rule.step(taken.step) if reading else None
    assert reading is not None and step is not None, "a verdict takes steps of its own clocks"
    actions = dict(ledger.actions)
    acting = False
    for index, do in enumerate(step.do):
        action = _plan(case, reading, step, do, taken, verdict.now, terms)
        if action is not None:
            acting = True
            actions[str(ActionKey(taken.clock, taken.step, taken.generation, index))] = action
    state = StepState(taken.at, taken.generation, reading.version, observed=not acting)
    full = sum(action.state in OPEN_STATES for action in actions.values()) > MAX_OPEN_ACTIONS
    if full:
        return replace(ledger, full=True)
    return replace(ledger, actions=actions, steps={**ledger.steps, (taken.clock, taken.step): state})


def _plan(case: Case, reading: Reading, step: Step, do: Do, taken: Taken, now: datetime, terms: Terms) -> Action | None:
    """The action to plan, in the state that mode, time and levers allow; None for one that is only reported."""
    word = ACTIONS[do.action]
    mode = terms.mode(word.group)
    if do.action == "alert" or mode is Mode.OBSERVE:
        return None
    if terms.acts_from is not None and taken.at < terms.acts_from:
        return None
    name = _possible(do.action, case, terms)
    action = Action(name, ActionState.PLANNED, reading.version, now)
    late_ok = word.late_ok if step.late_ok is None else step.late_ok
    if late_ok is not None and now - taken.at > timedelta(seconds=late_ok):
        return replace(action, state=ActionState.SKIPPED, reason="late")
    if word.late_ok is not None and reading.status in ENDED - {Status.BREACHED}:
        return replace(action, state=ActionState.SKIPPED, reason="ended")
    if name not in terms.levers and name not in NO_LEVER_NEEDED:
        return replace(action, state=ActionState.REFUSED, reason="no_lever")
    if case.ledger.full:
        return replace(action, hold="full")
    if mode is Mode.ADVISE:
        return replace(action, hold="advise")
    if word.confirm and case.id.subject.kind not in terms.looks:
        return replace(action, hold="no_look")
    if reading.rule.id in terms.storm and word.group in (Group.PENALTY, Group.MONEY):
        return replace(action, hold="storm")
    return action


def _possible(name: str, case: Case, terms: Terms) -> str:
    """The action, or what the platform can do in its place: words that reach nobody there become a note, where we may
    write one. Reasons of a penalty are not to be lost in a note: those are refused, and told."""
    if name in terms.levers or name not in IN_WORDS or "note" not in terms.levers:
        return name
    may = terms.mode(Group.SHOP) is Mode.ACT and case.id.subject.kind != "penalty"
    return "note" if may else name


def _take_back(ledger: Ledger, now: datetime, terms: Terms) -> Ledger:
    """Of steps that do not stand any more: what was never sent is dropped, the reverse of what is there is planned.

    It looks at all of them each time, because a step may have been withdrawn while its action was under way."""
    actions = dict(ledger.actions)
    for key, action in fallen(ledger):
        if action.state is ActionState.PLANNED and not action.unsure:
            # What a try may have done already is tried to its outcome first, and then taken back.
            actions[str(key)] = replace(action, state=ActionState.DROPPED, reason="withdrawn", hold="")
        undo = terms.undo.get(action.name) or OWN_EFFECT.get(action.name)
        reverse = str(key.reverse)
        # An unknown outcome is taken back too: what was never there bears it.
        there = action.state in (ActionState.DONE, ActionState.UNKNOWN)
        if there and undo and reverse not in actions:
            actions[reverse] = Action(undo, ActionState.PLANNED, action.version, now, handle=action.handle)
    return ledger if actions == ledger.actions else replace(ledger, actions=actions)
