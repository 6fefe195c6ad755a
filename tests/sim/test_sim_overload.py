"""More than can be done at once: one store's flood is not another's delay; after an outage what is in time goes first,
then the oldest legal deadline, then what is oldest; and nobody is fined in bulk without a person."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest

from chalicelib.core.case import Case
from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Step, Until
from chalicelib.core.words import ActionState
from chalicelib.flow.sweep import Sweep
from chalicelib.ports.memory import MemoryWakeIndex
from chalicelib.ports.memory_queue import MemoryQueue
from chalicelib.ports.stores import Message, Wake
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


LAW = Rule(
    "law", "order", Point("order.placed"), (Point("order.shipped"),), Until("deliver_by"), basis="law",
    steps=(
        Step("eve", FromDue(-90 * 60), (Do("alert", {"severity": "warning"}),)),
        Step("due", FromDue(0), (Do("alert", {"severity": "error"}),)),
    ),
)  # fmt: skip


class Busy(Sim):
    """Stores with orders whose deadline is given; remembers when each step was taken, in order."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.taken: dict[tuple[str, str], datetime] = {}
        self.watchers.append(self._written)
        activate(self, Policy("p", 1, "d", (RULE, LAW)))
        self.start()

    def order(self, name: str, number: int, placed: datetime, due: datetime, until: str = "respond_by") -> None:
        event: dict[str, Any] = {
            "id": f"{name}-{number}", "subject": {"kind": "order", "id": str(number)}, "occurred_at": show(placed),
            "marks": [{"name": "order.placed", "at": show(placed)}], "facts": {until: show(due)},
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


class Blind(MemoryWakeIndex):
    """An index that knows nothing of the law."""

    def bucket(self, minute: int, shard: int) -> Iterator[Wake]:
        return (replace(one, law_at=None) for one in super().bucket(minute, shard))


def mixed(parts: Parts) -> tuple[dict[str, list[tuple[datetime, datetime]]], datetime]:
    """A backlog of house promises and legal deadlines, many of these behind a reminder that is overdue too, over a late
    lane that needs eleven minutes for it. When each was told and when it was due, in the order of the telling, by what
    it was; and when the outage was over."""
    sim = Busy(parts=parts, projecting=False, pace={"late": 10.0})
    connect(sim, "shop-1", acts=False)
    back = T0 + timedelta(hours=4, seconds=30)
    due: dict[str, list[datetime]] = {
        "house": [T0 + timedelta(minutes=60, seconds=30 * number) for number in range(480)],
        # Of the first of them the reminder went out before the outage, of the others it did not.
        "law": [T0 + timedelta(minutes=61 if number < 160 else 90, seconds=20 * number) for number in range(300)],
        "soon": [back + timedelta(minutes=2, seconds=30 + number) for number in range(60)],
    }
    kinds = [(kind, at) for kind, found in due.items() for at in found]
    for number, (kind, at) in enumerate(kinds):
        until = "respond_by" if kind == "house" else "deliver_by"
        sim.order("shop-1", number, T0 + timedelta(seconds=number / 10), at, until)
    sim.at(T0 + 30 * MINUTE, lambda: setattr(sim, "down", True))
    sim.at(back, lambda: setattr(sim, "down", False))
    sim.run(T0 + timedelta(hours=7))
    told: dict[str, list[tuple[datetime, datetime]]] = {kind: [] for kind in due}
    for (name, step), now in sim.taken.items():
        if step == "due":
            kind, at = kinds[int(name.rpartition("/")[2])]
            told[kind].append((now, at))
    assert {kind: len(found) for kind, found in told.items()} == {kind: len(found) for kind, found in due.items()}
    return {kind: sorted(found) for kind, found in told.items()}, back


def oldest_first(told: list[tuple[datetime, datetime]]) -> bool:
    return [at for _, at in told] == sorted(at for _, at in told)


def test_a_backlog_is_worked_in_time_first_then_the_oldest_legal_deadline_then_the_rest_by_age() -> None:
    told, back = mixed(Parts())
    house = [one for one in told["house"] if one[1] < back - 5 * MINUTE]
    in_time = told["soon"] + [one for one in told["house"] if one[1] > back + 2 * MINUTE]
    assert len(house) > 300 and len(in_time) > 150
    assert max(now - at for now, at in in_time) <= timedelta(seconds=1), "the backlog delays nothing that is in time"
    assert oldest_first(told["law"]) and oldest_first(house)
    assert told["law"][-1][0] - back > 4 * MINUTE, "it takes a while"
    assert told["law"][-1][0] <= house[0][0], "no reminder and no promise of the house before the law"
    assert house[-1][0] - back < 15 * MINUTE, "and they have their turn as soon as it is over"


def test_an_index_that_does_not_know_the_law_works_a_backlog_in_another_order() -> None:
    told, _ = mixed(Parts(index=lambda table, clock: Blind(table)))
    assert not oldest_first(told["law"]) and told["law"][-1][0] > told["house"][0][0]
    assert max(now - at for now, at in told["soon"]) > MINUTE, "what is in time waits behind its own reminder"


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
