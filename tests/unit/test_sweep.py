"""The sweep: exact delays ahead, a gap walked once, what was missed found again (timers.md rules 3 and 4)."""

from datetime import timedelta

from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Span, Step
from chalicelib.core.words import Status
from chalicelib.flow.sweep import AGES, LEAD, Duty, duties
from chalicelib.ports.ports import SYSTEM
from tests.support.world import T0, World, placed

MINUTE = timedelta(minutes=1)


def buckets(found: list[Duty]) -> set[int]:
    return {bucket for duty in found for bucket in duty.buckets}


def test_a_regular_run_reads_one_new_bucket_ahead_and_the_aged_ones() -> None:
    found = list(duties(done=1013, last=999, minute=1000))
    assert buckets(found) == {1014} | {1000 - age for age in AGES if age <= 1000}
    assert (found[0].done, found[-1].last) == (1014, 1000)


def test_the_first_run_reads_all_that_is_ahead() -> None:
    found = list(duties(done=999, last=999, minute=1000))
    assert buckets(found) >= set(range(1000, 1000 + LEAD + 1))


def test_after_a_gap_each_missed_bucket_is_read_once_what_is_in_time_first() -> None:
    found = list(duties(done=1014, last=1000, minute=1500))
    assert found[0].buckets == tuple(range(1498, 1515)), "first what is still in time"
    assert buckets(found) >= set(range(1015, 1515))
    gap = [bucket for duty in found[:-9] for bucket in duty.buckets]
    assert len(gap) == len(set(gap))


def test_a_gap_is_walked_in_chunks_whose_checkpoints_never_pass_what_was_read() -> None:
    read: set[int] = set()
    for duty in duties(done=1014, last=1000, minute=1500):
        read |= set(duty.buckets)
        if duty.done:
            assert set(range(1015, duty.done + 1)) <= read


def test_the_aged_duty_of_each_missed_minute_is_made_up_for() -> None:
    found = list(duties(done=1014, last=1000, minute=1100))
    wanted = {minute - age for minute in range(1001, 1101) for age in AGES if minute - age >= 0}
    assert wanted <= buckets(found)
    read = [bucket for duty in found for bucket in duty.buckets]
    assert len(read) == len(set(read)), "the union of what was missed is walked once"
    assert found[-1].last == 1100


def test_what_a_run_cut_short_has_paid_the_next_one_does_not_owe_again() -> None:
    """Else each failed run makes the next one longer, and so likelier to fail: found by simulation at 1 % of calls."""
    found = list(duties(done=1014, last=1000, minute=1010))
    rescues = [duty for duty in found if not duty.done]
    assert [duty.last for duty in rescues] == list(range(1001, 1011)), "each missed minute has its own checkpoint"
    assert max(len(duty.buckets) for duty in rescues) <= len(AGES)
    long = [duty for duty in duties(done=1014, last=1000, minute=1000 + 24 * 60) if not duty.done]
    assert len(long) <= 26, "a long gap is walked in larger pieces, so that checkpoints cost little"


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
