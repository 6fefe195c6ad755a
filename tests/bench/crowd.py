"""A million deadlines in one minute: whether the sweep sends them in its lead, and how long it takes to work them off.

The sweep is the product's own, with its duties and checkpoints; what a call costs in time is assumed (`CALL`), and each
run is killed after as many seconds as Lambda would let it run. The draining is arithmetic over the quotas of event
source mappings (timers.md, section 5).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from time import process_time
from typing import Any, cast

from chalicelib.core.case import CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import EPOCH
from chalicelib.flow.checkpoint import LEAD
from chalicelib.flow.sweep import WORKERS, Sweep
from chalicelib.ports.faults import Crash
from chalicelib.ports.memory import ManualClock, MemoryRecords
from chalicelib.ports.ports import GivenPorts, Ports
from chalicelib.ports.stores import Message, Wake
from tests.support.world import T0, World

SHARDS, LIMIT = 64, 50.0
CALL, EACH = 0.02, 10
"""Seconds that a batch of ten takes, network included: assumed, no figure of AWS."""
START, MORE, MOST = 5, 300, 1250
"""Concurrent environments at first, more in each minute, at most; each does so many steps a second."""
STEPS = 50


class Crowd:
    """The wake index: so many cases, all due in one minute, spread over its shards and its seconds."""

    def __init__(self, count: int, due: datetime) -> None:
        self._each, self._due, self._minute = count // SHARDS, due, (due - EPOCH) // timedelta(minutes=1)

    def bucket(self, minute: int, shard: int) -> Iterator[Wake]:
        if minute == self._minute:
            for number in range(self._each):
                moment = self._due + timedelta(milliseconds=number * 60_000 // self._each)
                yield Wake(CaseId("main", "shop-1", Subject("order", f"{shard}-{number}")), moment)


class Lane:
    """Counts what it is sent, and lets the time pass that sending takes; the process dies when that is over."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.sent, self.until, self.longest = clock, 0, T0, 0

    def send(self, messages: Iterable[Message]) -> None:
        taken = list(messages)
        self.sent += len(taken)
        self.longest = max(self.longest, *(one.delay for one in taken))
        now = self.clock.advance(timedelta(seconds=-(-len(taken) // EACH) * CALL))
        if now > self.until:
            raise Crash()

    def waiting(self) -> int:
        return 0


class Abreast(Sweep):
    """So many shards at once as the sweep has threads, in the same order in every run: each at the clock's time when
    they began, all over when the slowest is; when the process dies, none of them has noted anything."""

    def _each(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        if len(items) < self._ports.shards:
            return [work(one) for one in items]
        clock, found = cast(ManualClock, self._ports.clock), []
        for start in range(0, self._ports.shards, WORKERS):
            began, ends = clock.now(), []
            for shard in range(start, start + WORKERS):
                clock.set(began)
                with suppress(Crash):
                    found.append(work(items[shard]))
                ends.append(clock.now())
            clock.set(max(ends))
            if len(found) < start + WORKERS:
                raise Crash()
        return found


def sent(count: int) -> dict[str, Any]:
    """Sweep each minute until all is sent; how long before the first deadline that was, in seconds."""
    clock = ManualClock(T0)
    due = T0 + timedelta(minutes=LEAD + 1)
    lane, world = Lane(clock), World(clock=clock)
    records = world.rows
    ports = cast(Ports, replace(
        cast(GivenPorts, world.ports), wakes=cast(Any, lane), late=cast(Any, lane), shards=SHARDS,
        wake_index=cast(Any, Crowd(count, due)), records=lambda account: MemoryRecords(account, clock, records),
    ))  # fmt: skip
    began, runs, minute = process_time(), 0, T0
    Abreast(ports)(minute)
    while True:
        minute += timedelta(minutes=1)
        clock.set(minute)
        lane.until, before = minute + timedelta(seconds=LIMIT), lane.sent
        runs += 1
        try:
            Abreast(ports)(minute)
            break
        except Crash:
            assert lane.sent > before, "it goes on where it was cut"
    return {
        "timers": count, "runs": runs, "messages": lane.sent, "seconds_before_due": (due - clock.now()).total_seconds(),
        "cpu_seconds": round(process_time() - began, 1), "longest_delay": lane.longest,
    }  # fmt: skip


def drained(count: int, writes: int) -> float:
    """Minutes from the first of so many deadlines, spread over a minute, to the last step, with so many writes a
    second."""
    waiting, second = 0.0, 0
    while second < 60 or waiting > 0:
        waiting += count / 60 if second < 60 else 0
        environments = min(MOST, START + MORE * second / 60)
        waiting = max(0.0, waiting - min(environments * STEPS, writes))
        second += 1
    return second / 60
