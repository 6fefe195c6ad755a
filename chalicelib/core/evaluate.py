"""The verdict on a case at an instant: its clocks, the steps now due, the steps that were not due after all.

Pure (DESIGN law 1): no I/O, no clock, no platform. Declarative: the steps that stand are computed from the evidence
alone, and the verdict is their difference to the ledger. So repeating an evaluation takes nothing twice, and late
facts withdraw what they disprove.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib.core.calendars import TZ_VERSION, Calendars
from chalicelib.core.case import Case
from chalicelib.core.clocks import Reading
from chalicelib.core.judge import Judge
from chalicelib.core.moments import earliest
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.core.words import OURS, Status

RUNS = frozenset({Status.RUNNING, Status.PAUSED})

ENGINE = 1
"""Number of this engine's way of judging; kept with each verdict and raised when answers may change."""


class Taken(NamedTuple):
    """A step to take now. `generation` above 0: it was taken before and withdrawn since."""

    clock: str
    step: str
    at: datetime
    generation: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `evaluate` concluded. `wake_at`: the next instant at which the clocks alone would change the verdict;
    `law_at`: the next at which the law does, see `law_at`."""

    now: datetime
    clocks: tuple[Reading, ...]
    taken: tuple[Taken, ...]
    withdrawn: tuple[tuple[str, str], ...]
    wake_at: datetime | None
    engine: int = ENGINE
    tz: str = TZ_VERSION
    law_at: datetime | None = None

    def clock(self, clock: str) -> Reading | None:
        return next((one for one in self.clocks if one.clock == clock), None)


def read_clocks(
    kind: str, view: View, policies: Policies, calendars: Calendars
) -> tuple[tuple[Reading, ...], list[datetime]]:
    """What the clocks of a case of this kind show, and the instants at which clocks begin that do not exist yet."""
    # What our own action created is nobody's duty; watching it would make us escalate against ourselves.
    if view.fact("channel") == OURS:
        return (), []
    judge = Judge(kind, view, policies, calendars.as_of(view.now))
    return judge.all(), judge.coming


def evaluate(case: Case, policies: Policies, calendars: Calendars, now: datetime) -> Verdict:
    """Judge the case as of `now` under the policies in force. Evidence dated later than `now` is unseen."""
    view = View(case.evidence, now)
    clocks, coming = read_clocks(case.id.subject.kind, view, policies, calendars)
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
    coming += [one.next for one in clocks if one.next is not None]
    if view.next_unseen is not None:
        coming.append(view.next_unseen)
    change = policies.next_change(now)
    if change is not None and any(one.status is not Status.WAITING for one in clocks):
        coming.append(change)
    turn = calendars.next_change(now)
    if turn is not None and any(one.status in RUNS for one in clocks):
        coming.append(turn)
    if len(taken) > 1:
        taken.sort(key=lambda one: (one.at, one.clock, one.step))
    return Verdict(now, clocks, tuple(taken), withdrawn, min(coming, default=None), law_at=law_at(clocks))


def law_at(clocks: Iterable[Reading]) -> datetime | None:
    """The next legal deadline: the first instant at which a clock of the law falls due or, once it has, comes to a step
    (many a law has a second line behind the first). What reminds of a deadline is none."""
    lawful = (one for one in clocks if one.rule.basis == "law")
    return earliest(
        one.due if one.status is Status.RUNNING else one.next if one.status is Status.BREACHED else None
        for one in lawful
    )
