"""What changed between two images of a case, as the world is told it: the journal's events and the escalations.

Derived from state alone, so nothing needs to be stored to be told: repeating the comparison gives the same ids, and a
lost telling can be made again from the case (DESIGN laws 4 and 7, section 5).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.core.actions import ActionKey, asks, escape
from chalicelib.core.case import EMPTY, Action, Case, ClockState, StepState
from chalicelib.core.events import Event, FactValue, Mark, Version
from chalicelib.core.evidence import Evidence, Order
from chalicelib.core.instants import LAST, from_ms
from chalicelib.core.view import View
from chalicelib.core.words import ActionState, Status

SLOTS = 4096
"""Room for the transitions of one write: `sequence` grows by this much with each stored version of a case. One delivery
may begin and breach clocks for 256 occurrences at once."""

_BY_STATUS = {
    Status.RUNNING: "clock.started",
    Status.PAUSED: "clock.paused",
    Status.MET: "clock.met",
    Status.MET_LATE: "clock.met_late",
    Status.BREACHED: "clock.breached",
    Status.VOID: "clock.voided",
}
_TOLD_ACTIONS = {
    ActionState.DONE: "action.done",
    ActionState.REFUSED: "action.refused",
    ActionState.UNKNOWN: "action.unknown",
}


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing that became true about one clock. `type` is that of the outgoing event without `redress.`.

    `at`: when it became true. `key`: of the action, for `action.*` and `penalty.*`. `state` is the clock afterwards.
    """

    type: str
    clock: str
    at: datetime
    sequence: int
    status: Status | None = None
    previous: Status | None = None
    state: ClockState | None = None
    step: str = ""
    key: str = ""
    action: str = ""
    reason: str = ""


def incident(case: Case, clock: str) -> str:
    """Equal for everything about one clock: consumers open and close by it."""
    return f"{case.id.local}|{clock}"


def event_id(case: Case, transition: Transition) -> str:
    """Stable over repetitions; free of `.`, because signed message ids are joined with it."""
    return f"{escape(str(case.id))}|{escape(transition.clock)}|{transition.sequence}"


def transitions(old: Case | None, new: Case, now: datetime) -> tuple[Transition, ...]:
    """What the write that made `new` out of `old` changed, in the order in which to tell it.

    `now` stands in where the thing that changed has no instant of its own (an action's outcome, a withdrawal).
    """
    before = old.ledger if old else EMPTY
    found = [
        *_penalty_changes(old, new, now),
        *_clock_changes(before.clocks, new.ledger.clocks, now),
        *_step_changes(before.steps, new, now),
        *_action_changes(before.actions, new, now),
    ]
    first = new.version * SLOTS
    return tuple(replace(one, sequence=first + slot) for slot, one in enumerate(found))


def _clock_changes(
    before: Mapping[str, ClockState], after: Mapping[str, ClockState], now: datetime
) -> Iterator[Transition]:
    for clock in sorted(before.keys() | after.keys()):
        yield from _clock_change(clock, before.get(clock), after.get(clock), now)


def _clock_change(clock: str, old: ClockState | None, new: ClockState | None, now: datetime) -> Iterator[Transition]:
    was = old.status if old else None
    if new is None:
        if old is not None:
            yield Transition("clock.withdrawn", clock, now, 0, None, was, old, reason="no start any more")
        return
    if old is None:
        yield Transition("clock.started", clock, new.start, 0, Status.RUNNING, None, new)
        if new.status is not Status.RUNNING:
            yield Transition(_BY_STATUS[new.status], clock, _when(new, now), 0, new.status, Status.RUNNING, new)
        return
    if new.status is was:
        if new.due != old.due and new.due is not None:
            yield Transition("clock.due_changed", clock, now, 0, new.status, was, new)
        return
    if was is Status.BREACHED and new.status is not Status.MET_LATE:
        # Late facts show that it was no breach: whoever opened an incident closes it as withdrawn.
        yield Transition("clock.withdrawn", clock, now, 0, new.status, was, new, reason="healed")
    if new.status is Status.RUNNING:
        resumed = was is Status.PAUSED
        at = (new.end or now) if resumed else now
        yield Transition("clock.resumed" if resumed else "clock.started", clock, at, 0, new.status, was, new)
        return
    yield Transition(_BY_STATUS[new.status], clock, _when(new, now), 0, new.status, was, new)


def _when(state: ClockState, now: datetime) -> datetime:
    """The instant at which a clock came to its status."""
    if state.status is Status.BREACHED:
        return state.due or now
    return state.end or now


def _step_changes(before: Mapping[tuple[str, str], StepState], new: Case, now: datetime) -> Iterator[Transition]:
    for key in sorted(new.ledger.steps):
        state, held = new.ledger.steps[key], before.get(key)
        clock, step = key
        about = new.ledger.clocks.get(clock)
        status = about.status if about else None
        if not state.withdrawn and (held is None or held.generation != state.generation):
            yield Transition("step.taken", clock, state.at, 0, status, status, about, step)
        if state.withdrawn and held is not None and not held.withdrawn:
            yield Transition("step.withdrawn", clock, now, 0, status, status, about, step)


def _action_changes(before: Mapping[str, Action], new: Case, now: datetime) -> Iterator[Transition]:
    for text in sorted(new.ledger.actions):
        action, held = new.ledger.actions[text], before.get(text)
        kind = _TOLD_ACTIONS.get(action.state)
        if action.state is ActionState.UNKNOWN and not asks(new.ledger, text):
            # It is being taken back anyway: nobody has to look.
            continue
        if kind is None or (held is not None and held.state is action.state):
            continue
        key = ActionKey.parse(text)
        about = new.ledger.clocks.get(key.clock)
        status = about.status if about else None
        told = Transition(kind, key.clock, now, 0, status, status, about, key.step, text, action.name, action.reason)
        yield told


_PENALTY_LIFE = ("proposed", "imposed", "appealed", "upheld", "reversed")
_IN_FORCE = "penalty-in-force"


def _penalty_changes(old: Case | None, new: Case, now: datetime) -> Iterator[Transition]:
    """What became of a penalty, told under the rule that it rests on; that time ended it is told by its clock."""
    if new.id.subject.kind != "penalty":
        return
    before = old.evidence.marks if old else {}
    # Told when it is learned, however the clocks of whoever wrote it and of whoever tells it differ.
    seen = View(new.evidence, LAST)
    rule = seen.fact("rule")
    clock = rule if isinstance(rule, str) else "penalty"
    for name in _PENALTY_LIFE:
        held = before.get((f"penalty.{name}", ""))
        if held is None or held.at is None:
            yield from (
                Transition(f"penalty.{name}", clock, one.at, 0, action="penalise")
                for one in seen.marks(f"penalty.{name}")[:1]
            )
    was = old.ledger.clocks.get(_IN_FORCE) if old else None
    state = new.ledger.clocks.get(_IN_FORCE)
    if state is not None and state.status is Status.MET and (was is None or was.status is not Status.MET):
        yield Transition("penalty.expired", clock, state.end or now, 0, action="penalise")


def journal(old: Case | None, new: Case, now: datetime) -> tuple[Event, ...]:
    """The evidence that the write added, as events: one for each source and version.

    Replaying them in any order rebuilds the evidence. Facts have no instant of their own, so an event's `occurred_at`
    is its version where that is an instant, else its latest mark, else `now`.
    """
    held = old.evidence if old else Evidence()
    groups: dict[tuple[str, Order], tuple[list[Mark], dict[str, FactValue | None], set[str]]] = {}

    def group(source: str, order: Order) -> tuple[list[Mark], dict[str, FactValue | None], set[str]]:
        return groups.setdefault((source, order), ([], {}, set()))

    for (name, of), register in new.evidence.marks.items():
        if held.marks.get((name, of)) != register:
            group(register.source, register.order)[0].append(Mark(name, register.at, of, None, register.value))
    for (name, source), fact in new.evidence.facts.items():
        if held.facts.get((name, source)) != fact:
            group(source, fact.order)[1][name] = fact.value
    for (name, source), order in new.evidence.wholes.items():
        if held.wholes.get((name, source)) != order:
            group(source, order)[2].add(name)
    links = tuple(sorted(new.evidence.links - held.links, key=lambda link: (link.rel, link.kind, link.id)))
    if links and not groups:
        # Links have no version: nothing ever takes one back.
        return (Event(f"journal-{new.version}-0", new.id.subject, now, now, "derived", links=links),)
    events = []
    for index, ((source, order), (marks, facts, whole)) in enumerate(sorted(groups.items())):
        kind, number, look, reading = order
        version: Version = from_ms(number) if kind else number
        at = version if isinstance(version, datetime) else max((one.at for one in marks if one.at), default=now)
        ident = f"journal-{new.version}-{index}"
        named = (ident, new.id.subject, at, version, source, look, reading)
        events.append(Event(*named, tuple(marks), facts, frozenset(whole), links if index == 0 else ()))
    return tuple(events)
