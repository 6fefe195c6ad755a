"""Diff: what would change between two policies over one history, before the second goes live (DESIGN section 6)."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.core.compare import Change, compare
from chalicelib.core.view import View
from chalicelib.rules.history import History
from chalicelib.rules.judge import Judge


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
        compare(changes, one.clocks, other.clocks, View(other.evidence, as_of))
    return changes
