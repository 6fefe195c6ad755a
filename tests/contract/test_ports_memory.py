"""What the ports in memory can do beside the contract: a stream, a lagging index, duplicates and disorder by a seed."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random
from threading import Barrier

import pytest

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.ports.keys import minute_of
from chalicelib.ports.memory import CaseTable, ManualClock, MemoryBus, MemoryCases, MemoryQueue, MemoryWakeIndex
from chalicelib.ports.stores import Conflict, Message
from tests.contract.worlds import NOW

ID = CaseId("main", "shop-1", Subject("order", "1"))
OTHER = CaseId("other", "shop-1", Subject("order", "1"))


def test_the_stream_holds_each_write_of_all_accounts_with_the_image_before() -> None:
    table = CaseTable()
    first = MemoryCases("main", table).put(Case(ID))
    foreign = MemoryCases("other", table).put(Case(OTHER, wake_at=NOW))
    second = MemoryCases("main", table).put(replace(first, wake_at=NOW))
    with pytest.raises(Conflict):
        MemoryCases("main", table).put(first)
    assert [(one.old, one.new) for one in table.pending()] == [(None, first), (None, foreign), (first, second)]


def test_of_many_threads_that_write_over_one_version_one_wins() -> None:
    table = CaseTable()
    cases = MemoryCases("main", table)
    start = Barrier(8)

    def write(number: int) -> bool:
        start.wait()
        try:
            cases.put(Case(ID, wake_at=NOW + timedelta(seconds=number)))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1
    assert [one.new for one in table.pending()] == [cases.get(ID)]


def test_changes_stay_pending_until_they_are_done() -> None:
    table = CaseTable()
    case = Case(ID)
    for _ in range(5):
        case = MemoryCases("main", table).put(case)
    assert [one.new.version for one in table.pending(2)] == [1, 2]
    assert [one.new.version for one in table.pending(2)] == [1, 2]
    table.done(2)
    assert [one.new.version for one in table.pending()] == [3, 4, 5]


def test_a_lagging_index_shows_a_write_late_and_in_order() -> None:
    clock = ManualClock(NOW)
    table = CaseTable(clock=clock, lag=timedelta(seconds=30))
    cases, index = MemoryCases("main", table), MemoryWakeIndex(table)
    case = cases.put(Case(ID, wake_at=NOW))
    clock.advance(timedelta(seconds=10))
    cases.put(replace(case, wake_at=NOW + timedelta(minutes=1)))
    seen = []
    for _ in range(4):
        seen.append([len(list(index.bucket(minute_of(NOW) + minute, 0))) for minute in (0, 1)])
        clock.advance(timedelta(seconds=10))
    assert seen == [[0, 0], [0, 0], [1, 0], [0, 1]]
    assert cases.get(ID).wake_at == NOW + timedelta(minutes=1), "reads of the case itself never lag"


def received(seed: int, duplicates: float, shuffle: bool) -> list[str]:
    clock = ManualClock(NOW)
    queue = MemoryQueue(clock, rng=Random(seed), duplicates=duplicates, shuffle=shuffle)
    queue.send(Message(str(number)) for number in range(50))
    found = []
    while (at := queue.next_at()) is not None:
        clock.set(at)
        for held in queue.receive():
            found.append(held.body)
            queue.delete(held)
    return found


def test_without_faults_a_queue_gives_each_message_once_in_order() -> None:
    assert received(1, 0.0, False) == [str(number) for number in range(50)]


def test_duplicates_and_disorder_lose_nothing_and_follow_the_seed() -> None:
    found = received(1, 0.3, True)
    counts = Counter(found)
    assert set(counts) == {str(number) for number in range(50)}
    assert set(counts.values()) == {1, 2}
    assert found != sorted(found, key=int)
    assert received(1, 0.3, True) == found
    assert received(2, 0.3, True) != found


def test_dead_letters_keep_the_message() -> None:
    clock = ManualClock(NOW)
    dead = MemoryQueue(clock)
    queue = MemoryQueue(clock, max_receives=3, dead=dead)
    queue.send([Message("poison")])
    for receives in (1, 2, 3):
        (held,) = queue.receive()
        assert held.receives == receives
        clock.advance(timedelta(seconds=30))
    assert list(queue.receive()) == []
    assert (len(queue), [held.body for held in dead.receive()]) == (0, ["poison"])


def test_a_slow_receiver_may_delete_what_became_visible_again_but_not_what_another_holds() -> None:
    clock = ManualClock(NOW)
    queue = MemoryQueue(clock)
    queue.send([Message("a")])
    (slow,) = queue.receive()
    clock.advance(timedelta(seconds=30))
    assert queue.waiting() == 1
    queue.delete(slow)
    assert (queue.waiting(), len(queue), queue.next_at()) == (0, 0, None)
    queue.send([Message("b")])
    (slow,) = queue.receive()
    clock.advance(timedelta(seconds=30))
    (quick,) = queue.receive()
    queue.delete(slow)
    clock.advance(timedelta(seconds=30))
    assert [held.receives for held in queue.receive()] == [quick.receives + 1]


def test_the_bus_keeps_what_was_put() -> None:
    bus, event = MemoryBus(), {"id": "1", "source": "s", "type": "t", "data": {"a": 1}}
    bus.put([event])
    event["id"] = "changed"
    assert bus.events == [{"id": "1", "source": "s", "type": "t", "data": {"a": 1}}]
