"""Faults around a port: what took effect, what did not, and what the caller sees."""

from collections import Counter
from random import Random

import pytest

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.ports.faults import (
    CONFLICT,
    CRASH_AFTER,
    CRASH_BEFORE,
    FAILED,
    NOT_TAKEN,
    TIMED_OUT,
    AtCall,
    Crash,
    Fault,
    TimedOut,
    Unreachable,
    at,
    chances,
    faulty,
)
from chalicelib.ports.memory import CaseTable, ManualClock, MemoryCases, MemoryQueue
from chalicelib.ports.stores import Cases, Conflict, Message, QueueFailed
from tests.contract.worlds import NOW

ID = CaseId("main", "shop-1", Subject("order", "1"))


@pytest.mark.parametrize(
    ("fault", "seen", "stored"),
    [
        (FAILED, Unreachable, 0),
        (CONFLICT, Conflict, 0),
        (TIMED_OUT, TimedOut, 1),
        (CRASH_BEFORE, Crash, 0),
        (CRASH_AFTER, Crash, 1),
    ],
)
def test_a_fault_hits_one_call_before_or_after_it_took_effect(
    fault: Fault, seen: type[BaseException], stored: int
) -> None:
    table = CaseTable()
    cases: Cases = faulty(MemoryCases("main", table), "cases", at("cases", "put", 1, fault))
    with pytest.raises(seen):
        cases.put(Case(ID))
    assert cases.get(ID).version == stored
    assert cases.put(Case(ID, version=stored)).version == stored + 1, "the next call is left alone"


def test_no_code_can_survive_a_crash_by_catching_exceptions() -> None:
    assert not issubclass(Crash, Exception)


def test_the_plan_is_told_port_method_and_which_call_of_it() -> None:
    told: list[tuple[str, str, int]] = []

    def plan(port: str, method: str, number: int) -> None:
        told.append((port, method, number))

    queue = faulty(MemoryQueue(ManualClock(NOW)), "wakes", plan)
    queue.send([Message("a")])
    queue.send([])
    queue.receive()
    assert told == [("wakes", "send", 1), ("wakes", "send", 2), ("wakes", "receive", 1)]


def test_every_place_at_which_a_run_can_break_is_walked_through() -> None:
    def run(plan: AtCall) -> int:
        """Three calls on two ports; the number of messages that got out."""
        cases = faulty(MemoryCases("main"), "cases", plan)
        raw = MemoryQueue(ManualClock(NOW))
        try:
            cases.put(cases.get(ID))
            faulty(raw, "queue", plan).send([Message("a")])
        except Crash:
            pass
        return len(raw)

    which, outcomes = 0, []
    while True:
        which += 1
        plan = AtCall(which, CRASH_AFTER)
        outcomes.append(run(plan))
        if plan.calls < which:
            break
    assert outcomes == [0, 0, 1, 1], "get, put, send, and the run that nothing broke"


def test_chances_follow_their_seed_and_their_weights() -> None:
    def draw(seed: int) -> list[Fault | None]:
        plan = chances(Random(seed), {TIMED_OUT: 0.2, NOT_TAKEN: 0.1})
        return [plan("queue", "send", number) for number in range(1000)]

    counts = Counter(draw(7))
    assert draw(7) == draw(7) != draw(8)
    assert 150 < counts[TIMED_OUT] < 250 and 60 < counts[NOT_TAKEN] < 140
    assert sum(counts.values()) == 1000 and set(counts) == {TIMED_OUT, NOT_TAKEN, None}


def test_a_queue_that_takes_nothing_says_so() -> None:
    queue = MemoryQueue(ManualClock(NOW))
    with pytest.raises(QueueFailed):
        faulty(queue, "queue", lambda *_: NOT_TAKEN).send([Message("a")])
    assert len(queue) == 0
