"""What a delivery and a timer ask of AWS, and what AWS bills for it: orders led through their lives on the handlers of
the entry points, every request metered, priced by prices.json. Nothing here ran on AWS: the time that a function waits
for an answer is assumed (prices.json says how long), what it computes is measured. Writes docs/bench/cloud.json."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.core.instants import show
from chalicelib.entry import hook
from chalicelib.ports.keys import read_wake
from chalicelib.ports.ports import SYSTEM
from tests.bench.cloud import NOW, Cloud, cloud
from tests.bench.figures import at_most, save

pytestmark = pytest.mark.bench

PRICES = json.loads((Path(__file__).parent / "prices.json").read_text())
EACH, WAITED = PRICES["per_million"], PRICES["assumed"]["milliseconds_waited"]
ORDERS, BATCH, STREAM = 30, 10, 100
MEMORY = {"hook": 1024, "apply": 1024, "wake": 1024, "sweep": 1024, "project": 512}
LIFE = ("order.placed", "order.paid", "order.part_shipped", "order.shipped", "order.delivered")
"""Of these five the second sets a wake, the fourth moves it, the fifth takes it away: 60 in a hundred."""
MOVED, STEPS = 3, 3
HELD = {"sqs:SendMessageBatch wakes", "sqs:SendMessageBatch actions"}


@dataclass
class Spent:
    """What one kind of function spent: invocations, CPU without the stand-in's, requests, units."""

    cpu: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)

    def add(self, there: Cloud, run: Callable[[], object]) -> object:
        meter = there.meter
        meter.reset()
        answering, began = meter.answering, process_time()
        result = run()
        self.cpu.append(process_time() - began - (meter.answering - answering))
        self.calls.update(meter.calls)
        self.units.update(meter.units)
        return result

    @property
    def runs(self) -> int:
        return len(self.cpu)

    def bill(self, name: str, apart: frozenset[str] = frozenset()) -> dict[str, float]:
        """Dollars of all that was spent, by service; `apart` names requests that are billed elsewhere."""
        count = Counter({call: number for call, number in self.calls.items() if call not in apart})
        asked = Counter[str]()
        for call, number in count.items():
            asked[call.partition(":")[0]] += number
        share = MEMORY[name] / 1769
        waited = sum(WAITED[service] * number for service, number in asked.items()) / 1e3
        # The median, because this machine has other work; a function has as much of a processor as of memory.
        seconds = self.runs * median(self.cpu) / share + waited
        queued = sum(number for call, number in count.items() if call.startswith("sqs:"))
        told = {
            "lambda": self.runs * EACH["lambda_request"] / 1e6
            + seconds * MEMORY[name] / 1024 * PRICES["lambda_gb_second"],
            "queues": queued * (EACH["sqs_request_64kb"] + EACH["sqs_fair_surcharge"]) / 1e6,
            "reads": _units(self.units, "read") * EACH["dynamodb_read_unit"] / 1e6,
            "writes": _units(self.units, "write", "write index") * EACH["dynamodb_write_unit"] / 1e6,
            "index writes": self.units["write index"] * EACH["dynamodb_write_unit"] / 1e6,
            "objects": count["s3:PutObject"] * EACH["s3_put"] / 1e6 + count["s3:GetObject"] * EACH["s3_get"] / 1e6,
            "events": asked["events"] * EACH["eventbridge_event"] / 1e6,
        }  # fmt: skip
        return {what: dollars for what, dollars in told.items() if dollars}


def _units(units: Mapping[str, int], kind: str, but: str = "") -> int:
    return sum(number for name, number in units.items() if name.startswith(kind) and name != but)


def order(number: int, stage: int) -> dict[str, Any]:
    at = show(NOW - timedelta(minutes=10 - stage))
    told: dict[str, Any] = {
        "id": f"e-{number}-{stage}", "subject": {"kind": "order", "id": f"{number:08d}"}, "occurred_at": at,
        "seller": f"s-{number % 7}", "marks": [{"name": LIFE[stage], "at": at}],
    }  # fmt: skip
    if LIFE[stage] == "order.part_shipped":
        told["marks"][0]["of"] = "parcel-1"
    if stage == 0:
        due = [show(NOW + timedelta(days=days)) for days in (2, 7)]
        told["buyer"] = f"b-{number}"
        told["facts"] = {
            "country": "CN",
            "currency": "CNY",
            "amount": "199.00",
            "ship_by": due[0],
            "deliver_by": due[1],
        }
    return told


def handled(answer: object) -> None:
    assert answer == {"batchItemFailures": []}, answer


def polled(batches: int) -> float:
    """Dollars for what Lambda's poller asks of the queue: a receive and a delete for each batch."""
    return batches * 2 * EACH["sqs_request_64kb"] / 1e6


def deliveries(there: Cloud, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    door, apply, project = Spent(), Spent(), Spent()
    sizes: list[int] = []

    def life(first: int, many: int) -> None:
        for stage in range(len(LIFE)):
            for number in range(first, first + many):
                given = there.request(order(number, stage))
                answer = door.add(there, lambda given=given: hook.hook(given, None))  # type: ignore[misc]
                assert isinstance(answer, dict) and answer["statusCode"] == 202
            while there.meter.sent["inbox"]:
                batch = there.batch("inbox", BATCH)
                handled(apply.add(there, lambda batch=batch: bootstrap.apply()(batch)))  # type: ignore[misc]
                sizes.extend(there.meter.sizes)
        stream = there.stream()["Records"]
        for begin in range(0, len(stream), STREAM):
            part = {"Records": stream[begin : begin + STREAM]}
            assert project.add(there, lambda part=part: bootstrap.project()(part)) == {}  # type: ignore[misc]
        capsys.readouterr()

    # Once for warm functions: what they then keep is asked for once a minute, not once a delivery.
    life(10_000, BATCH)
    door, apply, project = Spent(), Spent(), Spent()
    sizes.clear()
    life(0, ORDERS)
    number = ORDERS * len(LIFE)
    asked = door.calls + apply.calls
    cases = Counter({call: count for call, count in asked.items() if call not in HELD})
    calls = {
        "sends": asked["sqs:SendMessageBatch inbox"] / number,
        "cases read": apply.units["read cases"] / number,
        "cases written": asked["dynamodb:PutItem cases"] / number,
        "archive objects": asked["s3:PutObject"] / number,
        "anything else": (
            cases.total() - asked["sqs:SendMessageBatch inbox"] - asked["dynamodb:PutItem cases"]
            - asked["s3:PutObject"] - asked["dynamodb:BatchGetItem cases"]
        ) / number,
        "apart: near wakes and actions": sum(asked[one] for one in HELD) / number,
    }  # fmt: skip
    bill = {"api": number * EACH["http_api_request"] / 1e6}
    for name, spent in (("hook", door), ("apply", apply)):
        for what, dollars in spent.bill(name, frozenset(HELD)).items():
            bill[what] = bill.get(what, 0.0) + dollars
    bill["queues"] += polled(apply.runs)
    after = project.bill("project")
    million = 1e6 / number
    told = {name: round(one, 3) for name, one in calls.items()}
    return (
        {"deliveries": number, "in batches of": BATCH, "per_delivery": told},
        {
            "moving a wake": round(MOVED / len(LIFE), 2),
            "largest case": max(sizes),
            "dollars": round(sum(bill.values()) * million, 2),
            "by": {what: round(dollars * million, 3) for what, dollars in bill.items()},
            "after, from the stream": {
                "dollars": round(sum(after.values()) * million, 2),
                "by": {what: round(dollars * million, 3) for what, dollars in after.items()},
                "calls_per_delivery": {call: round(count / number, 3) for call, count in sorted(project.calls.items())},
            },
        },
    )  # fmt: skip


def timers(there: Cloud, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Refunds that nobody answers: a clock with three steps, each of them a wake that is set, swept and fired. Setting
    the first is part of a delivery's write, the others are set by the write that fires the one before."""
    arm, sweep, wake = Spent(), Spent(), Spent()
    meter = there.meter
    for number in range(ORDERS):
        hook.hook(there.request(refund(number)), None)
    while meter.sent["inbox"]:
        arm.add(there, lambda: bootstrap.apply()(there.batch("inbox", BATCH)))
    for _ in range(STEPS):
        due = read_wake(meter.written[-1][1]["wake_at"]["S"]).wake_at
        # A sweep that ran each minute would find nothing in between.
        there.ports.records(SYSTEM).delete("sweep", "00000")
        there.clock.set(due - timedelta(minutes=10))
        at = show(there.clock.now())
        sweep.add(there, lambda at=at: bootstrap.sweep()({"time": at}))  # type: ignore[misc]
        there.clock.set(due)
        meter.reset()
        # Once for the functions to learn of the present minute, which they do whether a timer fires or not.
        handled(bootstrap.wake()({"Records": [{"messageId": "warm", "body": meter.sent["wakes"].pop()}]}))
        while meter.sent["wakes"]:
            batch = there.batch("wakes", BATCH)
            handled(wake.add(there, lambda batch=batch: bootstrap.wake()(batch)))  # type: ignore[misc]
    capsys.readouterr()
    fired = wake.calls["dynamodb:PutItem cases"]
    assert fired == (ORDERS - 1) * STEPS, f"{fired} fired"
    million = 1e6 / fired
    sends = sweep.calls["sqs:SendMessageBatch wakes"]
    bill = {
        "arming": (ORDERS - 1) * 2 * EACH["dynamodb_write_unit"] / 1e6,
        "queues": sends * (EACH["sqs_request_64kb"] + EACH["sqs_fair_surcharge"]) / 1e6 + polled(wake.runs),
        **wake.bill("wake", frozenset(HELD)),
    }
    return {
        "timers": fired,
        "dollars": round(sum(bill.values()) * million, 2),
        "by": {what: round(dollars * million, 3) for what, dollars in bill.items()},
        "calls_per_timer": {call: round(count / fired, 3) for call, count in sorted(wake.calls.items())},
    }


def refund(number: int) -> dict[str, Any]:
    at = show(NOW)
    return {
        "id": f"r-{number}", "subject": {"kind": "refund", "id": f"{number:08d}"}, "occurred_at": at,
        "seller": f"s-{number % 7}", "marks": [{"name": "refund.requested", "at": at}],
        "facts": {"country": "CN", "currency": "CNY", "amount": "19.90"},
    }  # fmt: skip


def test_what_a_delivery_and_a_timer_cost(capsys: pytest.CaptureFixture[str]) -> None:
    with cloud() as there:
        calls, million = deliveries(there, capsys)
        fired = timers(there, capsys)
    with capsys.disabled():
        each, what = calls["per_delivery"], "AWS calls per delivery, in batches of ten: "
        save(
            "cloud",
            {
                "task": f"orders of five deliveries each under two rules, {BATCH} to a batch, functions warm",
                "calls": calls,
                "a_million_deliveries": million,
                "a_million_timers": fired,
                "prices": {"region": PRICES["region"], "as_of": PRICES["as_of"], "assumed": PRICES["assumed"]},
            },
            [
                at_most(what + "sends", each["sends"], 1, "", 1),
                at_most(what + "cases read", each["cases read"], 1, "", 1),
                at_most(what + "cases written", each["cases written"], 1, "", 1),
                at_most(what + "objects archived", each["archive objects"], 0.1, "", 1),
                at_most("a million deliveries, 60 % of them moving a wake", million["dollars"], 4, "$"),
                at_most("a million timers armed and fired", fired["dollars"], 3, "$"),
            ],
        )
