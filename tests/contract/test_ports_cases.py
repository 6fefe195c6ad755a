"""The contract of cases and their wake index, in memory and on AWS alike."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.core.case import Action, Case, CaseId, ClockState, Ledger, StepState, new_case
from chalicelib.core.events import Subject
from chalicelib.core.evidence import Evidence, FactRegister, MarkRegister
from chalicelib.core.instants import EPOCH, FIRST, LAST
from chalicelib.core.words import ActionState, Status
from chalicelib.ports.keys import minute_of
from chalicelib.ports.stores import Conflict, Wake
from tests.contract.worlds import NOW, SHARDS, World


def order(account: str, ident: str = "1001") -> CaseId:
    return CaseId(account, "shop-1", Subject("order", ident))


def lived(case_id: CaseId) -> Case:
    """A case with something in every part of it."""
    due, said = NOW + timedelta(hours=1), (1, 1795168800123, True, 2)
    return Case(
        case_id,
        Evidence(
            {("order.placed", ""): MarkRegister(NOW, None, "platform", said)},
            {
                ("amount", "platform"): FactRegister(Decimal("199.00"), said),
                ("country", "decision"): FactRegister(None, said),
            },
            {("order.part_shipped", "platform"): said},
        ),
        Ledger(
            {"ship-by": ClockState(Status.RUNNING, NOW, due, due.date(), None, "demo@1", "UTC", "UTC")},
            {("ship-by", "eve"): StepState(NOW, 1, "demo@1", True)},
            {"ship-by|eve|1|0": Action("refund", ActionState.SENDING, "demo@1", NOW, 1, due, "", "", "h-1")},
        ),
        due,
        law_at=due + timedelta(minutes=1),
    )  # fmt: skip


def wakes(world: World, minute: int) -> Iterator[Wake]:
    """Those of this test's account, over all shards."""
    for shard in range(SHARDS):
        yield from (wake for wake in world.wake_index.bucket(minute, shard) if wake.case_id.account == world.account)


def test_an_absent_case_is_new(world: World) -> None:
    assert world.cases(world.account).get(order(world.account)) == new_case(order(world.account))


def test_a_case_comes_back_whole_and_its_version_grows(world: World) -> None:
    cases = world.cases(world.account)
    case = lived(order(world.account))
    first = cases.put(case)
    assert first == replace(case, version=1)
    assert cases.get(case.id) == first
    second = cases.put(replace(first, ledger=replace(first.ledger, full=True)))
    assert (second.version, cases.get(case.id)) == (2, second)


@pytest.mark.parametrize("read", [0, 1, 3])
def test_a_write_over_any_other_version_is_a_conflict_and_changes_nothing(world: World, read: int) -> None:
    cases = world.cases(world.account)
    stored = cases.put(cases.put(lived(order(world.account))))
    with pytest.raises(Conflict):
        cases.put(replace(stored, version=read, evidence=Evidence()))
    assert cases.get(stored.id) == stored


def test_a_case_that_was_never_stored_has_no_later_version_to_write_over(world: World) -> None:
    with pytest.raises(Conflict):
        world.cases(world.account).put(replace(lived(order(world.account)), version=1))


def test_of_two_writers_one_wins(world: World) -> None:
    cases = world.cases(world.account)
    read = cases.get(order(world.account))
    cases.put(replace(read, wake_at=NOW))
    with pytest.raises(Conflict):
        cases.put(replace(read, wake_at=NOW + timedelta(days=1)))
    assert cases.get(read.id).wake_at == NOW


def test_many_are_read_at_once_new_ones_and_repeated_ones_too(world: World) -> None:
    cases = world.cases(world.account)
    ids = [order(world.account, str(number)) for number in range(130)]
    stored = {case_id: cases.put(lived(case_id)) for case_id in ids[::13]}
    assert cases.get_many([*ids, ids[0]]) == {case_id: stored.get(case_id, new_case(case_id)) for case_id in ids}
    assert cases.get_many([]) == {}


def test_any_id_that_the_wire_allows_can_be_stored(world: World) -> None:
    cases = world.cases(world.account)
    for ident in ("a/b:c#d|e.f%g", "订单-1", "x" * 200, " ", "\U0001f4e6"):
        stored = cases.put(lived(order(world.account, ident)))
        assert cases.get(order(world.account, ident)) == stored
    assert {wake.case_id.subject.id for wake in wakes(world, minute_of(stored.wake_at or NOW))} >= {
        "a/b:c#d|e.f%g",
        "订单-1",
    }


def test_the_wake_entry_appears_moves_and_goes_with_the_write(world: World) -> None:
    cases, case_id = world.cases(world.account), order(world.account)
    early, later = NOW + timedelta(seconds=1), NOW + timedelta(minutes=5, milliseconds=7)
    case = cases.put(Case(case_id, wake_at=early))
    assert list(wakes(world, minute_of(early))) == [Wake(case_id, early)]
    case = cases.put(replace(case, wake_at=later))
    assert list(wakes(world, minute_of(early))) == []
    assert list(wakes(world, minute_of(later))) == [Wake(case_id, later)]
    assert cases.get(case_id).wake_at == later
    cases.put(replace(case, wake_at=None))
    assert list(wakes(world, minute_of(later))) == []


@pytest.mark.parametrize("after", [0, 7, 40 * 86_400_000], ids=["at once", "some ms", "weeks"])
def test_the_wake_entry_tells_the_next_legal_deadline_and_follows_it(world: World, after: int) -> None:
    cases, case_id = world.cases(world.account), order(world.account)
    law_at = NOW + timedelta(milliseconds=after)
    case = cases.put(Case(case_id, wake_at=NOW, law_at=law_at))
    assert cases.get(case_id) == case and cases.get_many([case_id])[case_id] == case
    assert list(wakes(world, minute_of(NOW))) == [Wake(case_id, NOW, law_at)]
    case = cases.put(replace(case, law_at=law_at + timedelta(hours=1)))
    assert list(wakes(world, minute_of(NOW))) == [Wake(case_id, NOW, law_at + timedelta(hours=1))]
    cases.put(replace(case, law_at=None))
    assert list(wakes(world, minute_of(NOW))) == [Wake(case_id, NOW)]


@pytest.mark.parametrize("at", [FIRST, EPOCH, NOW.replace(year=3000), LAST - timedelta(days=1)], ids=str)
def test_a_wake_of_any_year_comes_back(world: World, at: datetime) -> None:
    cases, case_id = world.cases(world.account), order(world.account)
    case = cases.put(Case(case_id, wake_at=at, law_at=at + timedelta(hours=1)))
    assert cases.get(case_id) == case
    assert list(wakes(world, minute_of(at))) == [Wake(case_id, at, case.law_at)]


def test_a_write_that_lost_does_not_move_the_wake(world: World) -> None:
    cases, case_id = world.cases(world.account), order(world.account)
    cases.put(Case(case_id, wake_at=NOW))
    with pytest.raises(Conflict):
        cases.put(Case(case_id, wake_at=NOW + timedelta(minutes=1)))
    assert list(wakes(world, minute_of(NOW))) == [Wake(case_id, NOW)]
    assert list(wakes(world, minute_of(NOW) + 1)) == []


def test_a_bucket_holds_one_minute_of_one_shard_in_order(world: World) -> None:
    cases = world.cases(world.account)
    start = NOW + timedelta(days=3)
    for number in range(12):
        wake_at = start + timedelta(seconds=59 - 5 * number) if number else start + timedelta(seconds=60)
        law_at = wake_at + timedelta(hours=1) if number % 2 else None
        cases.put(Case(order(world.account, str(number)), wake_at=wake_at, law_at=law_at))
    minute = minute_of(start)
    buckets = [list(world.wake_index.bucket(minute, shard)) for shard in range(SHARDS)]
    assert sorted(wake.case_id.subject.id for bucket in buckets for wake in bucket) == sorted(map(str, range(1, 12)))
    assert sum(map(bool, buckets)) > 1, "the shards must share the wakes"
    for bucket in buckets:
        assert [wake.wake_at for wake in bucket] == sorted(wake.wake_at for wake in bucket)


def test_a_scan_gives_each_case_of_the_account_once_over_all_segments(world: World) -> None:
    cases = world.cases(world.account)
    wanted = {cases.put(lived(order(world.account, str(number)))).id for number in range(60)}
    world.cases(world.other).put(lived(order(world.other)))
    for total in (1, 4):
        found = [case for segment in range(total) for case in cases.scan(segment, total)]
        assert sorted(str(case.id) for case in found) == sorted(map(str, wanted))
        assert {case.version for case in found} == {1} and found[0] == cases.get(found[0].id)


def test_a_scan_goes_on_behind_the_case_at_which_it_was_cut(world: World) -> None:
    cases = world.cases(world.account)
    for number in range(30):
        cases.put(lived(order(world.account, str(number))))
    whole = [case.id for case in cases.scan(0, 2)]
    assert len(whole) > 3
    assert [case.id for case in cases.scan(0, 2, whole[2])] == whole[3:]
    assert list(cases.scan(0, 2, whole[-1])) == []


@pytest.mark.parametrize(("segment", "total"), [(-1, 4), (4, 4), (0, 0)])
def test_a_scan_of_a_segment_that_is_none_is_refused(world: World, segment: int, total: int) -> None:
    with pytest.raises(ValueError, match="segment"):
        list(world.cases(world.account).scan(segment, total))


def test_a_handle_refuses_the_cases_of_another_account(world: World) -> None:
    foreign = world.cases(world.other).put(lived(order(world.other)))
    mine = world.cases(world.account)
    for call in (
        lambda: mine.get(foreign.id),
        lambda: mine.get_many([order(world.account), foreign.id]),
        lambda: mine.put(foreign),
    ):
        with pytest.raises(ValueError, match="account"):
            call()
    assert world.cases(world.other).get(foreign.id) == foreign


@pytest.mark.parametrize("account", ["", "a:b", "A", "a" * 41, "a/b", "ä"])
def test_no_handle_is_bound_to_what_cannot_be_an_account(world: World, account: str) -> None:
    with pytest.raises(ValueError, match="account"):
        world.cases(account)
    with pytest.raises(ValueError, match="account"):
        world.records(account)
