"""What a standstill of the sweep leaves is worked off in order, over all shards, in bounded memory, whatever breaks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, cast

import pytest

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import EPOCH
from chalicelib.flow.checkpoint import PUT_OFF, Checkpoint, order_of
from chalicelib.flow.lot import Lot
from chalicelib.flow.messages import read_wake
from chalicelib.flow.sweep import Sweep
from chalicelib.ports.faults import (
    CRASH_AFTER,
    CRASH_BEFORE,
    FAILED,
    TIMED_OUT,
    AtCall,
    Crash,
    Fault,
    Unreachable,
    faulty,
)
from chalicelib.ports.memory import CaseTable, ManualClock, MemoryCases, MemoryRecords, MemoryWakeIndex, RecordTable
from chalicelib.ports.ports import SYSTEM, GivenPorts, Ports
from chalicelib.ports.stores import Message, Wake
from tests.support.world import T0, World

MINUTE = timedelta(minutes=1)
BACK = T0 + timedelta(hours=9)
MINUTE_BACK = (BACK - EPOCH) // MINUTE


class Lane:
    """Keeps the names of the cases that it was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, messages: Iterable[Message]) -> None:
        self.sent += [read_wake(one.body)[0].subject.id for one in messages]

    def waiting(self) -> int:
        return 0


@dataclass
class Yard:
    """The ports that a sweep works with; it last ran at `T0`."""

    shards: int = 1
    live: Lane = field(default_factory=Lane)
    late: Lane = field(default_factory=Lane)

    def __post_init__(self) -> None:
        self.clock, self.rows = ManualClock(BACK), RecordTable()
        self.table = CaseTable(self.shards)
        Sweep(self.ports())(T0)

    def wake(self, name: str, at: datetime, law_at: datetime | None = None) -> None:
        MemoryCases("main", self.table).put(
            Case(CaseId("main", "shop-1", Subject("order", name)), wake_at=at, law_at=law_at)
        )

    def ports(self, around: Callable[[Any, str], Any] = lambda port, name: port) -> Ports:
        world = cast(GivenPorts, World(clock=self.clock).ports)
        records = around(MemoryRecords(SYSTEM, self.clock, self.rows), "records")
        return replace(
            world, shards=self.shards, records=lambda account: records, wakes=around(self.live, "wakes"),
            late=around(self.late, "late"), wake_index=around(MemoryWakeIndex(self.table), "wake_index"),
        )  # fmt: skip

    def checkpoint(self) -> Checkpoint:
        record = self.ports().records(SYSTEM).get("sweep", "00000")
        assert record is not None
        return Checkpoint.read(record.data, 0)


def crowded(shards: int = 1) -> Yard:
    """Eight hours of wakes: every third a promise of the house, every third a legal deadline, and before these, of the
    last third, a reminder that is overdue too. They are numbered by what they wait for."""
    yard = Yard(shards)
    for number in range(60):
        at = T0 + timedelta(minutes=20 + 8 * number)
        kind = number % 3
        law_at = None if kind == 0 else at
        wake_at = at - min(timedelta(hours=3), at - T0 - 20 * MINUTE) if kind == 2 else at
        yard.wake(f"{'law' if kind else 'house'}-{number:02d}", wake_at, law_at)
    return yard


WANTED = [f"law-{number:02d}" for number in range(60) if number % 3] + [
    f"house-{number:02d}" for number in range(0, 60, 3)
]


@pytest.mark.parametrize("shards", [1, 8])
def test_legal_deadlines_of_all_shards_go_first_the_oldest_first_and_then_the_rest(shards: int) -> None:
    yard = crowded(shards)
    yard.wake("in time", BACK + 5 * MINUTE)
    Sweep(yard.ports())(BACK)
    assert yard.late.sent == WANTED
    assert yard.live.sent == ["in time"]
    assert yard.checkpoint() == Checkpoint(MINUTE_BACK + 14, MINUTE_BACK)
    assert Sweep(yard.ports())(BACK) == 0, "nothing is owed"


def test_a_legal_deadline_that_is_still_in_time_does_not_wait_behind_its_overdue_reminder() -> None:
    yard = crowded()
    yard.wake("soon", T0 + timedelta(hours=2), BACK + 10 * MINUTE)
    yard.wake("in this backlog", T0 + timedelta(hours=2), BACK + 3 * timedelta(hours=1))
    yard.wake("another day", T0 + timedelta(hours=2), BACK + 24 * timedelta(hours=1))
    Sweep(yard.ports())(BACK)
    assert yard.live.sent == ["soon"]
    assert yard.late.sent == [*WANTED[:40], "in this backlog", *WANTED[40:45], "another day", *WANTED[45:]]


class AtStride(AtCall):
    """Counts every call that changes something, and of those that read a few."""

    reads = 0

    def __call__(self, port: str, method: str, number: int) -> Fault | None:
        if method in ("get", "bucket", "waiting"):
            self.reads += 1
            if self.reads % 199:
                return None
        return super().__call__(port, method, number)


@pytest.mark.parametrize(
    "fault", [CRASH_BEFORE, CRASH_AFTER, FAILED, TIMED_OUT], ids=["before", "after", "failed", "out"]
)
def test_whatever_breaks_nobody_is_left_out_and_nobody_is_sent_a_third_time(fault: Fault) -> None:
    sent = []
    for which in count(1):
        yard, plan = crowded(), AtStride(which, fault)
        try:
            Sweep(yard.ports(lambda port, name, plan=plan: faulty(port, name, plan)))(BACK)  # type: ignore[misc]
        except (Crash, Exception):
            yard.clock.advance(MINUTE)
            Sweep(yard.ports())(BACK + MINUTE)
        assert set(yard.late.sent) == set(WANTED), which
        sent.append(len(yard.late.sent))
        if plan.calls < which:
            break
    assert sent[-1] == 60 and 60 < max(sent) <= 120 and len(sent) > 25


def test_a_gap_that_grows_before_it_is_over_leaves_nobody_out() -> None:
    """Cut between the law's turn and the rest's; then another standstill, in which a deadline passes that was the
    rest's before."""
    yard = crowded()
    yard.wake("turns", T0 + timedelta(hours=8), BACK + (PUT_OFF + 5) * MINUTE)
    cut = replace(Checkpoint(MINUTE_BACK - 540 + 14, MINUTE_BACK - 540).ahead(MINUTE_BACK))
    assert cut.gap is not None
    yard.ports().records(SYSTEM).put("sweep", "00000", replace(cut, gap=cut.gap.read(True, cut.gap.until)).written())
    later = BACK + timedelta(hours=8)
    yard.clock.set(later)
    Sweep(yard.ports())(later)
    assert yard.late.sent == [*WANTED[:40], "turns", *WANTED[40:]]


def lot(most: int = 3) -> tuple[Lot, list[list[str]], dict[int, Checkpoint], list[bool]]:
    sent: list[list[str]] = []
    saved: dict[int, Checkpoint] = {}
    fails = [False]

    def send(wakes: Sequence[Wake]) -> None:
        if fails[0]:
            raise Unreachable
        sent.append([one.case_id.subject.id for one in wakes])

    def save(noted: Mapping[int, Checkpoint]) -> None:
        saved.update(noted)

    return Lot(send, save, most), sent, saved, fails


def wakes(*minutes: int) -> list[Any]:
    found = [Wake(CaseId("main", "s", Subject("order", str(one))), T0 + one * MINUTE) for one in minutes]
    return [(order_of(one, 0), one) for one in found]


def test_a_lot_that_is_full_goes_out_in_order_with_what_was_noted_before() -> None:
    one, sent, saved, _ = lot()
    one.add(wakes(5, 4))
    one.note(1, Checkpoint(1, 1))
    one.add(wakes(3, 2))
    assert (sent, saved) == ([["3", "4", "5"]], {1: Checkpoint(1, 1)})
    one.note(2, Checkpoint(2, 2))
    one.flush()
    assert (sent[1:], set(saved), one.sent) == ([["2"]], {1, 2}, 4)


def test_a_lot_that_was_not_taken_stays_and_no_checkpoint_moves() -> None:
    one, sent, saved, fails = lot()
    one.add(wakes(1))
    one.note(1, Checkpoint(1, 1))
    fails[0] = True
    with pytest.raises(Unreachable):
        one.flush()
    assert (sent, saved, one.sent) == ([], {}, 0)
    fails[0] = False
    one.flush()
    assert (sent, set(saved)) == ([["1"]], {1})
