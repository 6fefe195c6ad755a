"""Real orders: what the Olist converter makes of the tables, and what a backtest of them must say."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.strictjson import loads
from chalicelib.core.wire import read_event

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "data" / "olist"
CONVERT = ROOT / "examples" / "olist" / "convert.py"
POLICY = ROOT / "examples" / "policies" / "olist.yaml"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, text=True, capture_output=True)


def table(directory: Path, name: str, *rows: dict[str, str]) -> None:
    with (directory / f"olist_{name}_dataset.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def order(ident: str, status: str, *times: str) -> dict[str, str]:
    names = ["purchase_timestamp", "approved_at", "delivered_carrier_date", "delivered_customer_date"]
    return {
        "order_id": ident,
        "customer_id": f"c-{ident}",
        "order_status": status,
        **{f"order_{name}": at for name, at in zip(names, times, strict=True)},
        "order_estimated_delivery_date": "2018-01-20 00:00:00",
    }


def piece(ident: str, seller: str, limit: str, price: str = "10.5") -> dict[str, str]:
    return {
        "order_id": ident, "seller_id": seller, "shipping_limit_date": limit, "price": price, "freight_value": "1.25",
    }  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    table(
        tmp_path, "orders",
        order(
            "a", "delivered",
            "2018-01-01 10:00:00", "2018-01-01 11:00:00", "2018-01-03 09:00:00", "2018-01-19 08:00:00",
        ),
        order("b", "canceled", "2018-01-02 10:00:00", "2018-01-02 12:00:00", "", ""),
        order("c", "canceled", "2018-01-02 10:00:00", "", "2018-01-03 10:00:00", "2018-01-21 10:00:00"),
        order("d", "unavailable", "2018-01-02 10:00:00", "", "", ""),
    )  # fmt: skip
    table(
        tmp_path, "order_items",
        piece("a", "s1", "2018-01-05 00:00:00"),
        piece("a", "s1", "2018-01-04 00:00:00", "3"),
        piece("a", "s2", "2018-01-02 00:00:00"),
        piece("b", "s1", "2018-01-05 00:00:00"),
        piece("c", "s1", "2018-01-05 00:00:00"),
    )  # fmt: skip
    table(
        tmp_path, "order_reviews",
        {"order_id": "a", "review_score": "5", "review_answer_timestamp": "2018-01-25 08:00:00"},
    )  # fmt: skip
    return tmp_path


def converted(directory: Path) -> list[dict[str, Any]]:
    done = run(CONVERT, directory)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_case_is_an_order_and_a_seller(small: Path) -> None:
    events = converted(small)
    assert list(dict.fromkeys(event["subject"]["id"] for event in events)) == ["a:s1", "a:s2", "b:s1", "c:s1"]
    placed = events[0]
    assert placed["facts"] == {
        "country": "BR", "currency": "BRL", "amount": "16.00", "pieces": 2,
        "ship_by": "2018-01-04T00:00:00Z", "deliver_by": "2018-01-20T00:00:00Z",
    }  # fmt: skip
    assert placed["links"] == [{"rel": "basket", "kind": "order", "id": "a"}]


def test_each_time_is_an_event_and_a_review_is_a_score(small: Path) -> None:
    told = [
        (event["occurred_at"], [mark["name"] for mark in event.get("marks", [])], event.get("facts", {}).get("score"))
        for event in converted(small)
        if event["subject"]["id"] == "a:s2"
    ]
    assert told == [
        ("2018-01-01T10:00:00Z", ["order.placed"], None),
        ("2018-01-01T11:00:00Z", ["order.approved"], None),
        ("2018-01-03T09:00:00Z", ["order.shipped"], None),
        ("2018-01-19T08:00:00Z", ["order.delivered"], None),
        ("2018-01-25T08:00:00Z", [], 5),
    ]


def test_only_an_order_that_never_arrived_is_cancelled_at_its_latest_time(small: Path) -> None:
    cancelled = [
        (event["subject"]["id"], event["occurred_at"])
        for event in converted(small)
        for mark in event.get("marks", [])
        if mark["name"] == "order.cancelled"
    ]
    assert cancelled == [("b:s1", "2018-01-02T12:00:00Z")]


def test_every_line_is_an_event_of_which_nothing_is_dropped(small: Path) -> None:
    done = run(CONVERT, small)
    events = [read_event(loads(line.encode())) for line in done.stdout.splitlines()]
    assert events
    assert [event.dropped for event in events] == [()] * len(events)


def test_tables_that_are_not_there_are_a_wrong_call(tmp_path: Path) -> None:
    done = run(CONVERT, tmp_path)
    assert (done.returncode, "olist_order_items_dataset.csv" in done.stderr) == (2, True)
    assert run(CONVERT).returncode == 2


@pytest.mark.skipif(not TABLES.is_dir(), reason="the Olist tables are not at ../shared/data/olist")
def test_the_real_orders_are_judged_as_counted_by_hand(tmp_path: Path) -> None:
    history = tmp_path / "olist.jsonl.gz"
    assert run(CONVERT, TABLES, history).returncode == 0
    done = run(
        "-m", "chalicelib.cli.main", "backtest", "--policy", POLICY, "--history", history,
        "--now", "2018-10-17T17:30:18Z", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    told = {
        rule: {name: counts[name] for name in ("met", "met_late", "breached")}
        for rule, counts in report["rules"].items()
    }
    assert told == {
        "ship-by": {"met": 22_868, "met_late": 2_369, "breached": 547},
        "deliver-by": {"met": 22_166, "met_late": 2_098, "breached": 1_450},
    }
    assert (report["cases"], report["refused"]) == (26_070, 0)
