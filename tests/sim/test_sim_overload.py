"""More than can be done at once: one store's flood is not another's delay; after an outage what is in time goes first,
then what is oldest; and nobody is fined in bulk without a person."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest

from chalicelib.core.case import Case
from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Step, Until
from chalicelib.core.words import ActionState
from chalicelib.flow.sweep import Sweep
from chalicelib.ports.memory_queue import MemoryQueue
from chalicelib.ports.stores import Message
from tests.sim.engine import SECOND, Sim
from tests.sim.fair import FairQueue
from tests.sim.furnish import activate, connect
from tests.sim.parts import Parts
from tests.support.world import T0

MINUTE = timedelta(minutes=1)
RULE = Rule(
    "r", "order", Point("order.placed"), (Point("order.shipped"),), Until("respond_by"),
    steps=(
        Step("due", FromDue(0), (Do("alert", {"severity": "error"}),)),
        Step("fine", FromDue(30 * 60), (Do("penalise", {"code": "late", "points": 1}),)),
    ),
)  # fmt: skip


class Busy(Sim):
    """Stores with orders whose deadline is given; remembers when each step was taken, in order."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.taken: dict[tuple[str, str], datetime] = {}
        self.watchers.append(self._written)
        activate(self, Policy("p", 1, "d", (RULE,)))
        self.start()

    def order(self, name: str, number: int, placed: datetime, due: datetime) -> None:
        event: dict[str, Any] = {
            "id": f"{name}-{number}", "subject": {"kind": "order", "id": str(number)}, "occurred_at": show(placed),
            "marks": [{"name": "order.placed", "at": show(placed)}], "facts": {"respond_by": show(due)},
        }  # fmt: skip
        self.at(placed, partial(self.deliver, event, name=name))

    def _written(self, case: Case, now: datetime) -> None:
        for _, step in case.ledger.steps:
            self.taken.setdefault((case.id.local, step), now)

    def late(self, prefix: str, step: str, due: Callable[[int], datetime]) -> list[float]:
        """Seconds by which each order of a store was late."""
        found = []
        for (name, taken), now in self.taken.items():
            if name.startswith(prefix) and taken == step:
                found.append((now - due(int(name.rpartition("/")[2]))).total_seconds())
        return found


def flood(queue: Callable[..., MemoryQueue]) -> tuple[list[float], list[float]]:
    """How late the orders of a store with very many in one minute are, and those of one with a few meanwhile."""
    sim = Busy(parts=Parts(queue=queue), projecting=False, pace={"wakes": 0.5})
    for name in ("shop-1", "shop-2"):
        connect(sim, name, acts=False)
    loud, quiet = T0 + 20 * MINUTE, lambda number: T0 + 20 * MINUTE + timedelta(seconds=5 * number)
    for number in range(1200):
        sim.order("shop-1", number, T0 + timedelta(milliseconds=number), loud)
    for number in range(20):
        sim.order("shop-2", number, T0 + timedelta(milliseconds=number), quiet(number))
    sim.run(T0 + 25 * MINUTE)
    return sim.late("shop-1", "due", lambda number: loud), sim.late("shop-2", "due", quiet)


def test_a_flood_of_one_store_does_not_delay_anothers_timers() -> None:
    loud, quiet = flood(FairQueue)
    assert len(loud) == 1200 and max(loud) > 40, "it is a flood"
    assert len(quiet) == 20 and max(quiet) < 3.0
    _, unfair = flood(MemoryQueue)
    assert max(unfair) > 20, "without fair queues it does"


def test_after_an_outage_what_is_in_time_goes_first_and_then_what_is_oldest() -> None:
    sim = Busy(projecting=False, pace={"late": 1.0})
    connect(sim, "shop-1", acts=False)

    def due(number: int) -> datetime:
        return T0 + timedelta(minutes=60, seconds=number * 20)

    for number in range(900):
        sim.order("shop-1", number, T0 + timedelta(seconds=number / 10), due(number))
    sim.at(T0 + 30 * MINUTE, lambda: setattr(sim, "down", True))
    back = T0 + timedelta(hours=4, seconds=30)
    sim.at(back, lambda: setattr(sim, "down", False))
    sim.run(T0 + timedelta(hours=6, minutes=30))
    assert len(sim.taken) == 1800
    first = {int(name.rpartition("/")[2]): now for (name, step), now in sim.taken.items() if step == "due"}
    in_time = [now - due(number) for number, now in first.items() if due(number) > back + 2 * MINUTE]
    assert len(in_time) > 300 and max(in_time) <= timedelta(seconds=1), "the backlog delays nothing that is in time"
    overdue = sorted((now, due(number)) for number, now in first.items() if due(number) < back - 5 * MINUTE)
    assert overdue[-1][0] - back > MINUTE, "it takes a while"
    # A batch holds ten, and a bucket a minute.
    behind = [
        max((one for _, one in overdue[:place]), default=T0) - deadline for place, (_, deadline) in enumerate(overdue)
    ]
    assert max(behind) <= timedelta(minutes=4), "oldest first"


class Counting(MemoryQueue):
    """Counts what is sent to it. While `deaf` it loses all of that."""

    sent = 0
    deaf = False

    def send(self, messages: Iterable[Message]) -> None:
        taken = list(messages)
        self.sent += len(taken)
        super().send(() if self.deaf else taken)


def backlog(most: int) -> tuple[int, float]:
    """After an outage, over a late lane that needs three hours for it: how many messages that lane was sent where
    `most` may wait beside the rescue, and how late a case was whose wake was lost meanwhile, in seconds."""
    parts = Parts(queue=Counting, sweep=partial(Sweep, backlog=most))
    sim = Busy(parts=parts, projecting=False, pace={"late": 300.0})
    connect(sim, "shop-1", acts=False)
    for number in range(600):
        sim.order("shop-1", number, T0 + timedelta(seconds=number / 10), T0 + timedelta(minutes=20, seconds=number))
    down, back = T0 + 10 * MINUTE, T0 + timedelta(minutes=36, seconds=30)
    sim.at(down, lambda: setattr(sim, "down", True))
    sim.at(back, lambda: setattr(sim, "down", False))
    placed, lost = back + 20 * MINUTE, back + 30 * MINUTE
    sim.order("shop-1", 1000, placed, lost)
    sim.at(placed - SECOND, lambda: setattr(sim.queues["wakes"], "deaf", True))
    sim.at(placed + SECOND, lambda: setattr(sim.queues["wakes"], "deaf", False))
    sim.run(T0 + timedelta(hours=8))
    assert len(sim.taken) == 2 * 601, "nothing is lost, whatever is put off"
    (late,) = sim.late("shop-1:order/1000", "due", lambda number: lost)
    return cast(Counting, sim.queues["late"]).sent, late


def test_while_a_backlog_waits_nothing_of_it_is_sent_again() -> None:
    put_off, late = backlog(20)
    copied, soon = backlog(10**9)
    assert copied > 2 * put_off, "else the rescue multiplies the backlog that it cannot see"
    assert soon < 180.0 < late < 4 * 3600.0, "the price: what was lost meanwhile is found when the backlog is over"


@pytest.mark.parametrize(("limit", "imposed"), [(20, 20), (1000, 120)])
def test_the_penalties_of_a_backlog_wait_for_a_person_beyond_the_limit(limit: int, imposed: int) -> None:
    sim = Busy()
    connect(sim, "shop-1", storm_limit=limit)
    for number in range(120):
        sim.order("shop-1", number, T0 + timedelta(seconds=number), T0 + timedelta(minutes=20, seconds=3 * number))
    # Each breach is told in its time; nothing runs while the fines fall due.
    sim.at(T0 + timedelta(minutes=30), lambda: setattr(sim, "down", True))
    sim.at(T0 + timedelta(hours=4), lambda: setattr(sim, "down", False))
    sim.run(T0 + timedelta(hours=5))
    actions = [
        action
        for case in sim.cases()
        for action in case.ledger.actions.values()
        if case.id.subject.kind == "order" and action.name == "penalise"
    ]
    assert len(actions) == 120
    done = [action for action in actions if action.state is ActionState.DONE]
    held = [action for action in actions if action.state is ActionState.PLANNED and action.hold == "storm"]
    assert (len(done), len(held)) == (imposed, 120 - imposed)
