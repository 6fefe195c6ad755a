"""The verdict on a case at an instant: its clocks, the steps now due, the steps that were not due after all.

Pure (DESIGN law 1): no I/O, no clock, no platform. Declarative: the steps that stand are computed from the evidence
alone, and the verdict is their difference to the ledger. So repeating an evaluation takes nothing twice, and late
facts withdraw what they disprove.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.admit import clock_of
from chalicelib.core.calendars import TZ_VERSION, Calendars
from chalicelib.core.case import Case
from chalicelib.core.clocks import Reading, occurrence
from chalicelib.core.rules import InForce, Policies, Rule
from chalicelib.core.view import View
from chalicelib.core.words import OURS, Status

ENGINE = 1
"""Number of this engine's way of judging; kept with each verdict and raised when answers may change."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step to take now. `generation` above 0: it was taken before and withdrawn since."""

    clock: str
    step: str
    at: datetime
    generation: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `evaluate` concluded. `wake_at`: the next instant at which the clocks alone would change the verdict."""

    now: datetime
    clocks: tuple[Reading, ...]
    taken: tuple[Taken, ...]
    withdrawn: tuple[tuple[str, str], ...]
    wake_at: datetime | None
    engine: int = ENGINE
    tz: str = TZ_VERSION

    def clock(self, clock: str) -> Reading | None:
        return next((one for one in self.clocks if one.clock == clock), None)


def evaluate(case: Case, policies: Policies, calendars: Calendars, now: datetime) -> Verdict:
    """Judge the case as of `now` under the policies in force. Evidence dated later than `now` is unseen."""
    view = View(case.evidence, now)
    clocks: tuple[Reading, ...] = ()
    # What our own action created is nobody's duty; watching it would make us escalate against ourselves.
    if view.fact("channel") != OURS:
        clocks = tuple(
            reading
            for windows in policies.windows(now)
            for reading in _of_policy(windows, case.id.subject.kind, view, calendars)
        )
    stands = {(one.clock, step): at for one in clocks for step, at in one.steps}
    held = case.ledger.steps
    taken = []
    for (clock, step), at in stands.items():
        state = held.get((clock, step))
        if state is None:
            taken.append(Taken(clock, step, at, 0))
        elif state.withdrawn:
            taken.append(Taken(clock, step, at, state.generation + 1))
    withdrawn = tuple(key for key, state in held.items() if not state.withdrawn and key not in stands)
    coming = [one.next for one in clocks if one.next is not None]
    if view.next_unseen is not None:
        coming.append(view.next_unseen)
    change = policies.next_change(now)
    if change is not None and any(one.status is not Status.WAITING for one in clocks):
        coming.append(change)
    taken.sort(key=lambda one: (one.at, one.clock, one.step))
    return Verdict(now, clocks, tuple(taken), withdrawn, min(coming, default=None))


def _of_policy(windows: tuple[InForce, ...], kind: str, view: View, calendars: Calendars) -> Iterator[Reading]:
    """The clocks of one policy: each runs under the version in force at its own start instant (law 8)."""
    running: dict[tuple[str, str | None], tuple[Rule, InForce]] = {}
    for window in windows:
        for rule in window.policy.rules:
            if rule.applies_to != kind:
                continue
            for of in _occurrences(rule, view):
                start = occurrence(rule.start, view, of)
                if start is not None and window.covers(start):
                    running.setdefault((rule.id, of), (rule, window))
    for (_, of), (rule, window) in running.items():
        reading = clock_of(rule, window.policy.version, of, view, calendars.get(rule.calendar))
        if reading is not None:
            yield reading
    started = {rule_id for rule_id, _ in running}
    for rule in windows[-1].policy.rules:
        if rule.applies_to == kind and rule.start.pick != "each" and rule.id not in started:
            if occurrence(rule.start, view, None) is None:
                reading = clock_of(rule, windows[-1].policy.version, None, view, calendars.get(rule.calendar))
                if reading is not None:
                    yield reading


def _occurrences(rule: Rule, view: View) -> list[str | None]:
    if rule.start.pick != "each":
        return [None]
    return [seen.of for seen in view.marks(rule.start.mark)]
