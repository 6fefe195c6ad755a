"""The sweep: exact delays ahead, a gap walked once, what was missed found again (timers.md rules 3 and 4)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from chalicelib.core.case import CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import EPOCH
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Span, Step
from chalicelib.core.words import Status
from chalicelib.flow.checkpoint import AGES, CHUNK, LEAD, PUT_OFF, Checkpoint, Gap, order_of
from chalicelib.flow.sweep import Sweep
from chalicelib.ports.memory import CaseTable, MemoryQueue, MemoryWakeIndex
from chalicelib.ports.ports import SYSTEM, GivenPorts
from chalicelib.ports.stores import Message, Wake
from tests.support.world import T0, World, placed

MINUTE = timedelta(minutes=1)


def regular(minute: int) -> Checkpoint:
    """Where a shard stands when the run of this minute is over, all having gone well."""
    return Checkpoint(minute + LEAD, minute)


def aged(place: Checkpoint, minute: int) -> list[tuple[tuple[int, ...], int]]:
    return list(place.aged(minute, (place.in_time(minute),)))


def buckets(pieces: list[tuple[tuple[int, ...], int]]) -> list[int]:
    return [bucket for piece, _ in pieces for bucket in piece]


def test_a_regular_run_reads_one_new_bucket_ahead_and_the_aged_ones() -> None:
    place = regular(999)
    assert list(place.in_time(1000)) == [1014]
    assert aged(place, 1000) == [(tuple(sorted(1000 - age for age in AGES if age <= 1000)), 1000)]
    assert place.ahead(1000) == Checkpoint(1014, 999)


def test_the_first_run_reads_all_that_is_ahead() -> None:
    place = Checkpoint.read(None, 1000)
    assert list(place.in_time(1000)) == list(range(1000, 1000 + LEAD + 1))


def test_after_a_gap_what_is_in_time_is_read_once_and_the_gap_is_noted() -> None:
    place = regular(1000)
    assert place.in_time(1500) == range(1498, 1515), "first what is still in time"
    after = place.ahead(1500)
    assert after == Checkpoint(1514, 1000, Gap(1015, 1015, 1498))
    assert Checkpoint.read(after.written(), 7) == after
    assert list(after.in_time(1501)) == [1515], "and not again while the gap is walked"


def test_a_standstill_before_a_gap_is_over_makes_it_longer_and_the_laws_turn_begins_anew() -> None:
    place = Checkpoint(1514, 1000, Gap(1498, 1200, 1498))
    assert place.ahead(1600).gap == Gap(1200, 1200, 1598)


def test_each_bucket_of_a_gap_is_read_once_for_the_law_and_once_for_the_rest() -> None:
    gap: Gap | None = Gap(1015, 1015, 1498)
    for law in (True, False):
        read: list[int] = []
        while gap is not None and (left := gap.left(law, gap.left(law).start + CHUNK)):
            read += left
            gap = gap.read(law, left.stop)
        assert read == list(range(1015, 1498))
    assert gap is None


def test_who_belongs_to_the_law_is_a_matter_of_the_gap_alone() -> None:
    end = EPOCH + 1498 * MINUTE
    reminder = Wake(CaseId("main", "shop-1", Subject("order", "1")), end - 5 * MINUTE)
    soon, far = end + (PUT_OFF - 1) * MINUTE, end + PUT_OFF * MINUTE
    assert order_of(reminder, 1498) == (True, reminder.wake_at)
    assert order_of(replace(reminder, law_at=end - MINUTE), 1498) == (False, end - MINUTE)
    assert order_of(replace(reminder, law_at=soon), 1498) == (False, soon), "it may pass while the backlog lasts"
    assert order_of(replace(reminder, law_at=far), 1498) == (True, reminder.wake_at)


def test_the_aged_duty_of_each_missed_minute_is_made_up_for() -> None:
    place = regular(1000)
    found = aged(place, 1100)
    wanted = {minute - age for minute in range(1001, 1101) for age in AGES if minute - age >= 0}
    assert wanted <= set(buckets(found)) | set(place.in_time(1100))
    assert len(buckets(found)) == len(set(buckets(found))), "the union of what was missed is walked once"
    assert not set(buckets(found)) & set(place.in_time(1100))
    assert found[-1][1] == 1100


def test_what_a_run_cut_short_has_paid_the_next_one_does_not_owe_again() -> None:
    """Else each failed run makes the next one longer, and so likelier to fail: found by simulation at 1 % of calls."""
    found = aged(regular(1000), 1010)
    assert [last for _, last in found] == list(range(1001, 1011)), "each missed minute has its own checkpoint"
    assert max(len(piece) for piece, _ in found) <= len(AGES)
    assert len(aged(regular(1000), 1000 + 24 * 60)) <= 26, "a long gap is walked in larger pieces"


def world(hours: int = 1) -> World:
    made = World()
    made.connect()
    steps = (Step("breach", FromDue(0), (Do("tag", {"tag": "late"}),)),)
    rule = Rule("r", "order", Point("order.placed"), (Point("order.shipped"),), Span(hours * 3600), steps=steps)
    made.activate(Policy("p", 1, "", (rule,)))
    return made


def status(made: World) -> Status:
    return made.case("order/1001").ledger.clocks["r"].status


def test_a_sweep_that_stands_still_for_fourteen_minutes_makes_nothing_late() -> None:
    made = world()
    made.deliver(placed())
    made.pass_time(46 * MINUTE)
    # The sweep does not run any more; only queues do.
    for _ in range(14):
        made.clock.advance(MINUTE)
        made.run()
    assert made.clock.now() == T0 + 60 * MINUTE
    assert status(made) is Status.BREACHED


def test_a_wake_that_was_lost_is_found_again_within_three_minutes() -> None:
    made = world()
    made.deliver(placed())
    made.pass_time(50 * MINUTE)
    for queue in ("wakes", "late"):
        for _ in range(20):
            made.clock.advance(MINUTE)
            for held in made.queues[queue].receive(10):
                made.queues[queue].delete(held)
    assert status(made) is Status.RUNNING, "the wakes were thrown away, and the sweep stood still"
    made.pass_time(3 * MINUTE)
    assert status(made) is Status.BREACHED


def test_the_sweep_works_on_the_scheduled_minute_and_repeats_what_a_crash_left() -> None:
    made = world()
    made.deliver(placed())
    made.run()
    made.sweep(T0 + 50 * MINUTE)
    checkpoint = made.ports.records(SYSTEM).get("sweep", "00000")
    assert checkpoint is not None
    minute = (T0 + 50 * MINUTE - T0.replace(year=1970, month=1, day=1, hour=0)) // MINUTE
    assert checkpoint.data == {"done": minute + LEAD, "last": minute}


def test_what_is_long_overdue_goes_to_a_lane_of_its_own() -> None:
    made = world()
    made.deliver(placed())
    made.pass_time(MINUTE)
    made.clock.advance(timedelta(hours=5))
    made.sweep(made.clock.now().replace(second=0))
    assert (made.queues["wakes"].waiting(), made.queues["late"].waiting()) == (0, 1)
    made.run()
    assert status(made) is Status.BREACHED


def test_what_waits_in_a_backlog_is_not_sent_again_and_what_was_lost_is_found_once_it_is_over() -> None:
    made = world()
    made.deliver(placed())
    made.pass_time(50 * MINUTE)
    for _ in range(15):
        made.clock.advance(MINUTE)
        for held in made.queues["wakes"].receive(10):
            made.queues["wakes"].delete(held)
    made.ports.late.send(Message("not a wake") for _ in range(4))
    sweep, minute = Sweep(made.ports, backlog=3), made.clock.now().replace(second=0)
    sweep(minute)
    assert made.queues["late"].waiting() == 4, "four wait already: nothing is rescued"
    noted = made.ports.records(SYSTEM).get("sweep", "00000")
    assert noted is not None and noted.data["last"] < noted.data["done"] - LEAD, "and it is still owed"
    while waiting := made.queues["late"].receive(10):
        for one in waiting:
            made.queues["late"].delete(one)
    assert sweep(minute + MINUTE) == 1
    made.run()
    assert status(made) is Status.BREACHED


def test_a_lane_that_nobody_works_off_puts_the_rescue_off_for_six_hours_at_most() -> None:
    made = world(hours=8)
    made.deliver(placed())
    made.run()
    made.pass_time(MINUTE)
    sweep, begin = Sweep(made.ports, backlog=0), made.clock.now()
    made.ports.late.send([Message("not a wake")])

    def last_after(minutes: int) -> int:
        sweep(begin + minutes * MINUTE)
        record = made.ports.records(SYSTEM).get("sweep", "00000")
        assert record is not None
        return int(record.data["last"])

    first = last_after(1)
    assert last_after(PUT_OFF) == first
    assert last_after(PUT_OFF + 1) == first + PUT_OFF + 1


class Mute(MemoryQueue):
    """A queue that does not tell what waits in it."""

    def waiting(self) -> int:
        raise TimeoutError


def test_where_nobody_can_tell_what_waits_the_rescue_goes_on() -> None:
    made = world()
    sweep = Sweep(replace(cast(GivenPorts, made.ports), wakes=Mute(made.clock)))
    sweep(T0)
    sweep(T0 + 3 * MINUTE)
    record = made.ports.records(SYSTEM).get("sweep", "00000")
    assert record is not None and record.data["last"] == record.data["done"] - LEAD


class Failing(MemoryWakeIndex):
    """An index of which one shard is out of reach."""

    def bucket(self, minute: int, shard: int) -> Iterator[Wake]:
        if shard == 3:
            raise TimeoutError
        return super().bucket(minute, shard)


def test_all_shards_are_swept_and_one_that_fails_keeps_no_other_from_it() -> None:
    made = world()
    ports = replace(cast(GivenPorts, made.ports), shards=8, wake_index=Failing(CaseTable(8, clock=made.clock)))
    with pytest.raises(TimeoutError):
        Sweep(ports)(T0)
    done = {one.sort for one in made.ports.records(SYSTEM).query("sweep")}
    assert done == {f"{shard:05d}" for shard in range(8) if shard != 3}
