"""The sellers' sums are a function of what the cases last said: whatever the order, the repetitions, the crashes and
however many write at the same time."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.instants import to_ms
from chalicelib.core.scores import Metric
from chalicelib.ports.faults import CONFLICT, CRASH_AFTER, CRASH_BEFORE, FAILED, TIMED_OUT, AtCall, Crash, Fault, faulty
from chalicelib.ports.faults import chances as drawn
from chalicelib.ports.memory import ManualClock, MemoryRecords, RecordTable
from chalicelib.ports.stores import Records
from chalicelib.sellers.days import change
from chalicelib.sellers.ledger import SellerLedger, days_kind, units_kind
from chalicelib.sellers.units import EXCLUDED, Part, shares

T0 = datetime(2026, 3, 30, 22, tzinfo=UTC)
WHO = "shop-1:s-1"
UNITS = tuple(f"shop-1:order/{n}" for n in range(3))
SOURCES = ("", "shop-1:complaint/a", "shop-1:complaint/b", EXCLUDED + "x")

Said = tuple[str, str, int, Part]
"""unit, source, sequence, what it says."""


@st.composite
def statements(draw: st.DrawFn) -> list[Said]:
    """Several sequences of several sources about few units; one (source, sequence) always says the same."""
    found = []
    for unit in UNITS:
        for source in SOURCES:
            for sequence in range(1, draw(st.integers(0, 3)) + 1):
                found.append((unit, source or unit, sequence, draw(_part(source))))
    return found


@st.composite
def _part(draw: st.DrawFn, source: str) -> Part:
    if source.startswith(EXCLUDED):
        return draw(st.sampled_from([[], [["carrier", ""]], [["brushing", "2026-05-01"]]]))
    return [
        [
            draw(st.sampled_from(list(Metric))).value, to_ms(T0 + timedelta(hours=draw(st.integers(0, 60)))),
            draw(st.sampled_from([True, False, None])), draw(st.integers(1, 2)),
            draw(st.sampled_from(["", "b1", "b2"])),
            draw(st.sampled_from(["", "food"])), draw(st.sampled_from(["", "dhl|x"])), draw(st.sampled_from(["", "c"])),
        ]
        for _ in range(draw(st.integers(0, 3)))
    ]  # fmt: skip


def expected(said: list[Said]) -> dict[str, Any]:
    """The sums by the shortest way: the last word of each source, each unit once."""
    parts: dict[str, dict[str, tuple[int, Part]]] = {}
    for unit, source, sequence, part in said:
        held = parts.setdefault(unit, {})
        if source not in held or held[source][0] < sequence:
            held[source] = (sequence, part)
    days: dict[str, Any] = {}
    for unit, theirs in parts.items():
        for share in shares(unit, theirs).values():
            days[share[0]] = change(days.get(share[0], {}), [], [share])
    return days


def stored(records: Records) -> dict[str, Any]:
    """The sums as they stand, the shards of a day taken together."""
    days: dict[str, Any] = {}
    for record in records.query(days_kind(WHO)):
        day = days.setdefault(record.sort.partition("|")[0], {})
        for cell, (n, bad, squares, buyers) in record.data["sums"].items():
            sum_ = day.setdefault(cell, [0, 0, 0, {}])
            sum_[0], sum_[1], sum_[2] = sum_[0] + n, sum_[1] + bad, sum_[2] + squares
            for buyer, count in buyers.items():
                sum_[3][buyer] = sum_[3].get(buyer, 0) + count
    return {day: sums for day, sums in days.items() if sums}


def fresh() -> MemoryRecords:
    return MemoryRecords("main", ManualClock(T0), RecordTable())


def write(ledger: SellerLedger, said: Said) -> None:
    unit, source, sequence, part = said
    ledger.put("main", WHO, unit, source, part, sequence, T0)


def ledger_over(records: Records, recent: int = 2) -> SellerLedger:
    return SellerLedger(lambda account: records, recent)


@given(statements(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_order_and_repetition_do_not_matter(said: list[Said], rng: Random) -> None:
    records = fresh()
    ledger = ledger_over(records)
    told = said + rng.sample(said, len(said) // 2)
    rng.shuffle(told)
    for one in told:
        write(ledger, one)
    assert stored(records) == expected(said)


@given(statements(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_whatever_breaks_on_the_way_each_row_counts_once(said: list[Said], rng: Random) -> None:
    records = fresh()
    weights: Mapping[Fault, float] = {
        FAILED: 0.04, TIMED_OUT: 0.06, CRASH_BEFORE: 0.03, CRASH_AFTER: 0.06, CONFLICT: 0.02,
    }  # fmt: skip
    told = said + rng.sample(said, len(said) // 2)
    rng.shuffle(told)
    left = 400
    while told:
        # A new process each time; past the last fault it is let through, as the stream does in the end.
        left -= 1
        port = faulty(records, "records", drawn(rng, weights)) if left > 0 else records
        ledger = ledger_over(port)
        try:
            while told:
                write(ledger, told[0])
                told.pop(0)
        except (Exception, Crash):
            continue
    assert stored(records) == expected(said)


@pytest.mark.parametrize("fault", [FAILED, TIMED_OUT, CRASH_BEFORE, CRASH_AFTER, CONFLICT])
def test_every_single_place_at_which_a_correction_can_break(fault: Fault) -> None:
    at = to_ms(T0)
    first: Said = (UNITS[0], UNITS[0], 1, [["shipping", at, False, 1, "b1", "food", "", "c"]])
    later: Said = (UNITS[0], UNITS[0], 2, [["shipping", at + 86_400_000, True, 1, "b1", "food", "", "c"]])
    broken = 0
    for which in range(1, 200):
        records = fresh()
        write(ledger_over(records), first)
        plan = AtCall(which, fault)
        try:
            write(ledger_over(faulty(records, "records", plan)), later)
        except (Exception, Crash):
            broken += 1
        write(ledger_over(records), later)
        assert stored(records) == expected([first, later]), which
        if plan.calls < which:
            break
    else:
        raise AssertionError("the walk never ended")
    assert broken > 5 or fault is CONFLICT


class Stalled:
    """Records whose caller is held up before its `which`-th call, while `meanwhile` runs to its end."""

    def __init__(self, records: Records, which: int, meanwhile: Callable[[], None]) -> None:
        self._records, self._which, self._meanwhile, self.calls = records, which, meanwhile, 0

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._records, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls == self._which:
                self._meanwhile()
            return target(*args, **kwargs)

        return call


def many(count: int) -> Iterator[Said]:
    """Other orders of the same seller and day: so many that a day forgets what it noted."""
    for n in range(count):
        yield f"shop-1:order/x{n}", f"shop-1:order/x{n}", 1, [["shipping", to_ms(T0), n % 3 > 0, 1, "", "", "", "c"]]


@pytest.mark.parametrize(
    ("others", "ahead"), [(0, False), (40, False), (40, True)], ids=["alone", "many after", "many before"]
)
def test_one_who_stalls_anywhere_adds_nothing_twice(others: int, ahead: bool) -> None:
    at = to_ms(T0)
    first: Said = (UNITS[0], UNITS[0], 1, [["shipping", at, False, 1, "b1", "", "", "c"]])
    second: Said = (UNITS[0], UNITS[0], 2, [["shipping", at, True, 1, "b1", "", "", "c"]])
    third: Said = (UNITS[0], SOURCES[1], 1, [["complaint", at, False, 1, "b1", "", "", ""]])
    crowd = list(many(others))
    for which in range(1, 100):
        records = fresh()
        write(ledger_over(records), first)

        def meanwhile(records: MemoryRecords = records) -> None:
            # The same change by another process and corrections; a crowd that makes days forget.
            own = (second, third)
            for one in (*crowd, *own) if ahead else (*own, *crowd):
                write(ledger_over(records), one)

        stalled = Stalled(records, which, meanwhile)
        write(ledger_over(stalled), second)
        if stalled.calls < which:
            meanwhile()
        assert stored(records) == expected([first, second, third, *crowd]), which
        if stalled.calls < which:
            return
    raise AssertionError("the walk never ended")


def test_a_unit_keeps_a_trail_of_what_changed_and_no_more_than_that() -> None:
    records = fresh()
    ledger, at = ledger_over(records), to_ms(T0)
    for sequence in range(1, 60):
        write(ledger, (UNITS[0], UNITS[0], sequence, [["shipping", at, sequence % 2 > 0, 1, "", "", "", "c"]]))
    unit = ledger.unit("main", WHO, UNITS[0])
    assert [one[2] for one in unit.trail] == list(range(40, 60))
    assert unit.trail[-1][3]["shipping"][0][3] == 1  # was bad
    assert unit.trail[-1][3]["shipping"][1][3] == 0
    assert unit.intent is None
    assert records.get(units_kind(WHO), UNITS[0]) is not None
