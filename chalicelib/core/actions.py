"""Actions in a ledger: their keys, and their life from planned to an outcome (DESIGN law 5).

A key is `clock|step|generation|index`, with `|undo` for the action that takes it back. It never names a version, so
a new version of a rule takes no step twice. Every function returns a new ledger and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.case import Action, Ledger
from chalicelib.core.words import OPEN_STATES, ActionState

RESEND = timedelta(seconds=60)
"""An action that was handed to the queue is handed to it again after this long without an outcome."""
UNDO = "undo"


@dataclass(frozen=True, slots=True)
class ActionKey:
    """The parts of an action's key within its case."""

    clock: str
    step: str
    generation: int
    index: int
    undo: bool = False

    def __str__(self) -> str:
        text = f"{escape(self.clock)}|{escape(self.step)}|{self.generation}|{self.index}"
        return f"{text}|{UNDO}" if self.undo else text

    @property
    def reverse(self) -> "ActionKey":
        return replace(self, undo=True)

    @property
    def rule(self) -> str:
        return self.clock.split("#", 1)[0]

    @classmethod
    def parse(cls, text: str) -> "ActionKey":
        """The reverse of `str`. Raises ValueError."""
        parts = text.split("|")
        if len(parts) not in (4, 5) or (len(parts) == 5 and parts[4] != UNDO):
            raise ValueError(f"not the key of an action: {text!r}")
        return cls(unescape(parts[0]), unescape(parts[1]), int(parts[2]), int(parts[3]), len(parts) == 5)


def escape(text: str) -> str:
    """`|` and `.` have a meaning in keys and in signed message ids; ids of shops may hold both."""
    return text.replace("%", "%25").replace("|", "%7C").replace(".", "%2E")


def unescape(text: str) -> str:
    return text.replace("%2E", ".").replace("%7C", "|").replace("%25", "%")


def of_step(ledger: Ledger, clock: str, step: str, generation: int) -> Iterator[tuple[ActionKey, Action]]:
    """The actions of one taking of a step, undoings left out."""
    for text, action in ledger.actions.items():
        key = ActionKey.parse(text)
        if (key.clock, key.step, key.generation, key.undo) == (clock, step, generation, False):
            yield key, action


def fallen(ledger: Ledger) -> Iterator[tuple[ActionKey, Action]]:
    """The actions of takings that do not stand any more: withdrawn, or older than the present one; without undoings."""
    if not any(state.withdrawn or state.generation for state in ledger.steps.values()):
        return
    for text, action in ledger.actions.items():
        key = ActionKey.parse(text)
        state = ledger.steps.get((key.clock, key.step))
        if state and not key.undo and (state.withdrawn or key.generation < state.generation):
            yield key, action


def with_action(ledger: Ledger, key: str, action: Action) -> Ledger:
    return replace(ledger, actions={**ledger.actions, key: action})


def ready(ledger: Ledger, now: datetime) -> list[str]:
    """Keys of the actions to hand to the sender now: planned and allowed, or left behind by a sender that died.

    One action at a time of those that do, and take back, the same thing: an undo that is still on its way when the step
    is taken anew would else come second and undo the later one.
    """
    keys = []
    for key, action in ledger.actions.items():
        waiting = action.state is ActionState.PLANNED and not action.hold and action.try_at <= now
        lost = action.state is ActionState.SENDING and action.lease is not None and action.lease <= now
        if (waiting or lost) and not _behind(ledger, ActionKey.parse(key)):
            keys.append(key)
    return keys


def _behind(ledger: Ledger, key: ActionKey) -> bool:
    """Whether an earlier taking of the same step has this action, or its undo, still to be carried out."""
    if key.generation == 0:
        return False
    for text, action in ledger.actions.items():
        other = ActionKey.parse(text)
        same = (other.clock, other.step, other.index) == (key.clock, key.step, key.index)
        if same and other.generation < key.generation and action.state in OPEN_STATES:
            return True
    return False


def next_try(ledger: Ledger, now: datetime) -> datetime | None:
    """When the case must be looked at again for the sake of its actions alone."""
    times = []
    for action in ledger.actions.values():
        if action.state is ActionState.SENDING and action.lease is not None:
            times.append(max(action.lease, now + RESEND))
        elif action.state is ActionState.PLANNED and not action.hold:
            times.append(action.try_at if action.try_at > now else now + RESEND)
    return min(times, default=None)


def claim(ledger: Ledger, key: str, now: datetime, lease: timedelta) -> Ledger | None:
    """Take an action for sending until `now + lease`; `unsure` on it tells that an earlier try may have had its effect.

    None: somebody else holds it, it has its outcome, it waits for a person, or its time has not come.
    """
    if key not in ready(ledger, now):
        return None
    action = ledger.actions[key]
    # Whoever held it before died with the lease: nobody knows how far it came.
    unsure = action.unsure or action.state is ActionState.SENDING
    taken = replace(action, state=ActionState.SENDING, lease=now + lease, attempts=action.attempts + 1, unsure=unsure)
    return with_action(ledger, key, taken)


def finish(ledger: Ledger, key: str, state: ActionState, reason: str = "", handle: str = "") -> Ledger:
    """Write an outcome. An outcome that is there already stays: the first writer saw the effect."""
    action = ledger.actions[key]
    if action.state not in (ActionState.SENDING, ActionState.PLANNED):
        return ledger
    hold = action.hold if state is ActionState.PLANNED else ""
    return with_action(
        ledger, key, replace(action, state=state, reason=reason, handle=handle or action.handle, lease=None, hold=hold)
    )


def postpone(ledger: Ledger, key: str, try_at: datetime, reason: str, unsure: bool = False, handle: str = "") -> Ledger:
    """Back to planned, not before `try_at`: throttling is not failure. Doubt, once there, stays until the outcome, and
    so does what a try left for the next one (`handle`), until another does."""
    action = ledger.actions[key]
    if action.state not in (ActionState.SENDING, ActionState.PLANNED):
        return ledger
    unsure = unsure or action.unsure
    return with_action(
        ledger,
        key,
        replace(
            action,
            state=ActionState.PLANNED,
            try_at=try_at,
            lease=None,
            reason=reason,
            unsure=unsure,
            handle=handle or action.handle,
        ),
    )


def put_off(ledger: Ledger, key: str, now: datetime, try_at: datetime, reason: str) -> Ledger:
    """Not before `try_at`, where it could be claimed `now`; whoever is sending it is left alone."""
    if key not in ready(ledger, now):
        return ledger
    lost = ledger.actions[key].state is ActionState.SENDING
    return postpone(ledger, key, try_at, reason, unsure=lost)


def put_on_hold(ledger: Ledger, key: str, why: str) -> Ledger:
    """Back to planned until a person says go."""
    action = ledger.actions[key]
    return with_action(ledger, key, replace(action, state=ActionState.PLANNED, hold=why, lease=None))


LOOKED = frozenset({"advise", "storm", "full"})
"""Holds after which an action still looks before it goes; every other one says that looking does not help."""


def asks(ledger: Ledger, key: str) -> str:
    """Why an action waits for a person, else nothing: its hold, or that nobody knows its outcome (`unknown`) and it is
    not being taken back anyway."""
    action = ledger.actions[key]
    if action.state is ActionState.UNKNOWN:
        parsed = ActionKey.parse(key)
        return "" if not parsed.undo and str(parsed.reverse) in ledger.actions else "unknown"
    return action.hold if action.state is ActionState.PLANNED else ""


def approve(ledger: Ledger, key: str, now: datetime, can_look: bool = True) -> Ledger:
    """A person says go, or, of one whose outcome nobody knew, that it is not there and is to be done: with a look
    first, unless there is none to be had (`can_look`) or it was what failed.

    Raises KeyError for an unknown key, ValueError where nothing waits.
    """
    action = _asked(ledger, key)
    failed = bool(action.hold) and action.hold not in LOOKED
    again = replace(
        action, state=ActionState.PLANNED, hold="", try_at=now, waived=action.waived or not can_look or failed,
        unsure=False, attempts=0, reason="",
    )  # fmt: skip
    return with_action(ledger, key, again)


def decline(ledger: Ledger, key: str, reason: str) -> Ledger:
    """A person says no, or, of one whose outcome nobody knew, that it is not there and is to be left so. Raises
    KeyError for an unknown key, ValueError where nothing waits."""
    return with_action(ledger, key, replace(_asked(ledger, key), state=ActionState.DROPPED, reason=reason, hold=""))


def confirm(ledger: Ledger, key: str) -> Ledger:
    """A person has seen that the effect is there. Raises KeyError for an unknown key, ValueError where it is known."""
    if ledger.actions[key].state is not ActionState.UNKNOWN:
        raise ValueError(f"{key} has no unknown outcome")
    return with_action(ledger, key, replace(_asked(ledger, key), state=ActionState.DONE, reason="confirmed"))


def _asked(ledger: Ledger, key: str) -> Action:
    if not asks(ledger, key):
        raise ValueError(f"{key} does not wait for a person")
    return ledger.actions[key]
