"""What the sellers' ledger costs: a row projected, a score read, for a small and for a busy seller. And the rule that
decides, on 20,000 sellers of each kind. Prints, asserts no time."""

from collections import Counter
from datetime import UTC, date, datetime
from time import process_time
from typing import Any

import pytest

from chalicelib.core.instants import to_ms
from chalicelib.core.scores import Metric
from chalicelib.core.standards import Measure
from chalicelib.ports.memory import ManualClock, MemoryRecords
from chalicelib.ports.stores import Records
from chalicelib.sellers.ledger import SellerLedger, days_kind
from chalicelib.sellers.score import Scores
from chalicelib.sellers.simulate import Plan, Promise, Simulation
from chalicelib.sellers.standard import read_file

pytestmark = pytest.mark.bench

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
WHO = "shop-1:s-1"


class Counted:
    """Records that count what is asked of them, and what is written."""

    def __init__(self, records: Records) -> None:
        self._records, self.calls, self.written = records, Counter[str](), 0

    def __getattr__(self, method: str) -> Any:
        self.calls[method] += 1
        target = getattr(self._records, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            if method == "put":
                self.written += len(str(args[2]))
            return target(*args, **kwargs)

        return call


def test_a_row_costs_the_same_for_every_seller() -> None:
    clock = ManualClock(T0)
    for rows_a_day in (10, 1_000, 11_000):
        records = Counted(MemoryRecords("main", clock))
        ledger = SellerLedger(lambda account, records=records: records)  # type: ignore[misc]
        part = [
            [metric.value, to_ms(T0), True, 1, "b", "food", "dhl", ""]
            for metric in (Metric.CANCELLATION, Metric.COMPLAINT, Metric.DISPUTE, Metric.DEFECT, Metric.SHIPPING)
        ]
        began = process_time()
        for n in range(rows_a_day):
            ledger.put("main", WHO, f"shop-1:order/{n}", f"shop-1:order/{n}", part, 1, T0)
        taken = (process_time() - began) / rows_a_day * 1e6
        puts, gets = records.calls["put"] / rows_a_day, records.calls["get"] / rows_a_day
        bytes_ = records.written / rows_a_day
        largest = max(len(str(one.data)) for one in records.query(days_kind(WHO)))
        print(
            f"\n{rows_a_day:6} orders a day: {taken:6.0f} us, {puts:.1f} puts, {gets:.1f} gets, {bytes_:.0f} bytes "
            f"written an order; largest day record {largest} bytes"
        )
        records.calls.clear()
        began = process_time()
        Scores("main", ledger, records).of(WHO, read_file("house"), date(2026, 4, 20))
        print(f"       reading all scores: {(process_time() - began) * 1e3:.1f} ms, {dict(records.calls)}")


def test_the_house_rule_on_sellers_of_known_rate() -> None:
    house = read_file("house")
    simulation = Simulation(Plan(Measure(Metric.DEFECT, 0.02, matures=10, deciding=house.deciding), house.usual))
    began = process_time()
    good, bad = simulation.run(0.01), simulation.run(0.06)
    print(
        f"\ngood penalised in a year {good.share_penalised(365):.3%}; bad warned by day 60 {bad.share_warned(60):.2%}, "
        f"penalised by day 120 {bad.share_penalised(120):.2%}; {process_time() - began:.0f} s"
    )
    assert Promise().broken(good, bad) == []
