"""What the sellers' ledger costs: a row projected, a score read, for a small and for a busy seller. And the rule that
decides, on 20,000 sellers of each kind and on real ones; writes docs/bench and the tables of docs/sellers.md. Prints,
asserts no time."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.core.instants import to_ms
from chalicelib.core.scores import Metric
from chalicelib.ports.memory import ManualClock, MemoryRecords
from chalicelib.ports.stores import Records
from chalicelib.sellers.ledger import SellerLedger, days_kind
from chalicelib.sellers.score import Scores
from chalicelib.sellers.standard import read_file
from tests.support import seller_tables

pytestmark = pytest.mark.bench

ROOT = seller_tables.ROOT
TABLES = ROOT.parent / "shared" / "data" / "olist"
SHOWN = ("on", "n", "bad", "buyers", "p_over", "mean", "lower", "upper", "window_days")
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


def test_the_house_rule_on_sellers_of_known_rate(capsys: pytest.CaptureFixture[str]) -> None:
    """What `redress sellers simulate --compare` prints, kept for the page."""
    began = process_time()
    assert main(["sellers", "simulate", "--compare", "--json"]) == 0, "the house rule breaks its promise"
    figures = json.loads(capsys.readouterr().out)
    seller_tables.RULE.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"{process_time() - began:.0f} s\n{seller_tables.rule(figures)}")


def test_what_the_standard_would_have_done_to_real_sellers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What `redress sellers report` tells of the Olist history, without the sellers' names; kept for the page."""
    if not TABLES.is_dir():
        pytest.skip("the Olist tables are not there")
    history = tmp_path / "olist.jsonl"
    subprocess.run([sys.executable, str(ROOT / "examples/olist/convert.py"), str(TABLES), str(history)], check=True)
    capsys.readouterr()
    assert main(["sellers", "report", "--policy", "marketplace-standards", "--history", str(history), "--json"]) == 0
    figures = summary(json.loads(capsys.readouterr().out))
    seller_tables.HISTORY.write_text(json.dumps(figures, indent=1) + "\n")
    print(seller_tables.history(figures))
    seller_tables.write()


def summary(told: Mapping[str, Any]) -> dict[str, Any]:
    """The report without anybody's name: counts, and one row for each first penalty and for each raw rate alone."""
    found = list(told["found"].values())
    limits = {metric: one["limit"] for each in found for what in each.values() for metric, one in what.items()}
    rows = {
        what: [
            {"metric": metric, **{name: one[name] for name in SHOWN}}
            for each in found if what == "penalised" or not each["warned"] for metric, one in each[what].items()
        ]
        for what in ("penalised", "raw")
    }  # fmt: skip
    return {
        **{name: told[name] for name in ("as_of", "standard", "weeks", "sellers", "warned", "penalised", "raw")},
        "raw_not_penalised": sum(bool(one["raw"]) and not one["penalised"] for one in found),
        "raw_not_warned": sum(bool(one["raw"]) and not one["warned"] for one in found),
        "metrics": [
            {"metric": metric, "limit": limits[metric]}
            | {what: sum(metric in one[what] for one in found) for what in ("warned", "penalised", "raw")}
            for metric in sorted(limits)
        ],
        "penalised_rows": sorted(rows["penalised"], key=lambda one: (-one["p_over"], -one["n"], one["on"])),
        "raw_rows": sorted(rows["raw"], key=lambda one: (one["n"], one["on"], one["bad"])),
    }
