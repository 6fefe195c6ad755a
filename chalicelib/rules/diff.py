"""Diff: what would change between two policies over one history, before the second goes live (DESIGN section 6)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.clocks import Reading
from chalicelib.rules.history import History
from chalicelib.rules.judge import Judge, steps_of

NONE = "none"
"""In place of a status where there is no such clock."""


@dataclass(slots=True)
class Change:
    """What differs about the clocks of one rule. `sellers`: points gained; below zero, lost."""

    status: Counter[str] = field(default_factory=Counter)
    due_moved: int = 0
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    sellers: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "status": dict(sorted(self.status.items())),
            "due_moved": self.due_moved,
            "steps_gained": dict(sorted(self.gained.items())),
            "steps_lost": dict(sorted(self.lost.items())),
            "sellers": {seller: {"points": points} for seller, points in sorted(self.sellers.items()) if points},
        }


def diff(
    before: Judge,
    after: Judge,
    history: History,
    now: datetime | None = None,
    progress: Callable[[int], None] = lambda lines: None,
) -> dict[str, Change]:
    """For each rule of either side, what changes; both sides judge the same events as of the same instant."""
    changes = {rule.id: Change() for judge in (before, after) for policy in judge.policies for rule in policy.rules}
    as_of, cases = history.cases(now, progress)
    for subject, events in cases:
        assert as_of is not None, "a history with an event has a greatest instant"
        one, other = before.judge(subject, events, as_of), after.judge(subject, events, as_of)
        was = {reading.clock: reading for reading in one.clocks}
        now_is = {reading.clock: reading for reading in other.clocks}
        for clock in was.keys() | now_is.keys():
            old, new = was.get(clock), now_is.get(clock)
            change = changes[(new or old or _none()).rule.id]
            _compare(change, old, new)
            points = (after.cost(new) if new else 0) - (before.cost(old) if old else 0)
            if points and other.seller:
                change.sellers[other.seller] += points
    return changes


def _none() -> Reading:
    raise AssertionError("a clock is on one side at least")


def _compare(change: Change, old: Reading | None, new: Reading | None) -> None:
    was, now_is = old.status if old else NONE, new.status if new else NONE
    if was != now_is:
        change.status[f"{was}->{now_is}"] += 1
    if old and new and old.due != new.due:
        change.due_moved += 1
    before, after = Counter(steps_of(old) if old else ()), Counter(steps_of(new) if new else ())
    change.gained.update(after - before)
    change.lost.update(before - after)
