"""Mixed traffic at the limit of the local engine while its functions are killed again and again: every delivery that
was accepted is found in its case afterwards. REDRESS_SOAK_MINUTES says how long (10)."""

import json
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.aws.queues import SqsQueue
from chalicelib.bootstrap import AwsPorts
from chalicelib.cli._local import warm
from chalicelib.connections.connect import Request, connect
from chalicelib.core.case import CaseId
from chalicelib.core.events import Subject
from chalicelib.core.evidence import order_of
from chalicelib.core.instants import show
from chalicelib.core.signing import signed_headers
from chalicelib.core.words import MARKS
from chalicelib.flow import quarantine
from chalicelib.ops import policies
from infra.local import LocalEngine
from infra.stack import Outputs
from tests.support.street import LONG_AGO, QUICK, ports_on

MINUTES = float(os.environ.get("REDRESS_SOAK_MINUTES", "10"))
SENDERS = 4
BACKLOG = 1500
"""Deliveries that may wait; beyond it the senders pause, so that what is measured is the slowest part."""
KILL_EVERY = 7.0
CONSUMERS = ("Apply", "Wake", "Act", "Project", "Late")
PATIENCE = 900.0


@dataclass
class Traffic:
    """What was sent and accepted. `newest`: the greatest version accepted of each order."""

    url: str
    secret: str
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    newest: dict[str, int] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    pause: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def send(self) -> None:
        """One sender, until it is over; what is not accepted is sent again, as platforms do."""
        while not self.over.is_set():
            if self.pause.is_set():
                time.sleep(0.05)
                continue
            with self.lock:
                events, body = self._next()
            for _ in range(20):
                status = self._post(body)
                with self.lock:
                    self.counts[f"answered {status}"] += 1
                    if status == 202:
                        self._accepted(events)
                if status == 202 or self.over.is_set():
                    break
                time.sleep(0.5)

    def _next(self) -> tuple[list[dict[str, Any]], bytes]:
        drawn, now = self.rng.random(), datetime.now(UTC)
        count = 1 if drawn < 0.9 else self.rng.randrange(2, 12)
        events = [self._event(now) for _ in range(count)]
        if drawn > 0.98:
            events[0]["occurred_at"] = "yesterday"
        return events, json.dumps(events if count > 1 else events[0]).encode()

    def _event(self, now: datetime) -> dict[str, Any]:
        fresh = self.rng.random() < 0.5 or not self.newest
        order = f"L{len(self.newest) + self.rng.randrange(3)}" if fresh else self.rng.choice(list(self.newest))
        self.newest.setdefault(order, 0)
        self.counts["events"] += 1
        mark = self.rng.choice(("order.paid", "order.paid", "order.shipped", "order.cancelled"))
        return {
            "id": f"e{self.counts['events']}", "subject": {"kind": "order", "id": order}, "occurred_at": show(now),
            "version": self.counts["events"], "marks": [{"name": mark, "at": show(now)}],
            "facts": {"amount": "10.00", "currency": "EUR"},
        }  # fmt: skip

    def _post(self, body: bytes) -> int:
        headers = {"content-type": "application/json", **signed_headers("m", datetime.now(UTC), body, self.secret)}
        request = urllib.request.Request(self.url, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def _accepted(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["occurred_at"] == "yesterday":
                self.unreadable.add(event["id"])
                continue
            self.counts["accepted events"] += 1
            order = event["subject"]["id"]
            self.newest[order] = max(self.newest[order], event["version"])


def running() -> Iterator[tuple[int, int, str]]:
    """Each process: its id, its parent's, its command line."""
    for each in Path("/proc").iterdir():
        try:
            if each.name.isdigit():
                command = (each / "cmdline").read_bytes().decode(errors="replace")
                yield int(each.name), int((each / "stat").read_text().rpartition(")")[2].split()[1]), command
        except OSError:
            continue


def workers() -> Iterator[tuple[int, str]]:
    """The processes in which the engine that this process started runs functions."""
    found = list(running())
    engines = {pid for pid, parent, command in found if parent == os.getpid() and "engine_child" in command}
    for pid, parent, command in found:
        for name in CONSUMERS:
            if parent in engines and f"-{name}-" in command:
                yield pid, name


def kill_one(rng: random.Random, counts: Counter[str]) -> None:
    found = list(workers())
    if found:
        pid, name = rng.choice(found)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        counts[f"killed {name}"] += 1


def waiting(outputs: Outputs) -> Counter[str]:
    """Messages that wait, by queue; `dead` of all dead letters."""
    counts: Counter[str] = Counter()
    for name in ("inbox", "wakes", "late", "actions"):
        counts[name] = SqsQueue(getattr(outputs, f"{name}_queue"), wait=0).waiting()
    for name in ("inbox", "wakes", "late", "actions", "project"):
        counts["dead"] += SqsQueue(getattr(outputs, f"{name}_dlq"), wait=0).waiting()
    return counts


def missing(ports: AwsPorts, traffic: Traffic) -> list[str]:
    """Orders whose case does not hold the newest of what was accepted about them."""
    lost = []
    orders = [order for order, version in traffic.newest.items() if version]
    for start in range(0, len(orders), 100):
        part = orders[start : start + 100]
        ids = {order: CaseId("main", "corner", Subject("order", order)) for order in part}
        held = ports.cases("main").get_many(list(ids.values()))
        for order, case_id in ids.items():
            facts = held[case_id].evidence.facts
            known = facts.get(("amount", "platform"))
            if known is None or known.order < order_of(traffic.newest[order], False, 0):
                lost.append(order)
    return lost


@pytest.mark.soak
def test_every_accepted_delivery_ends_in_a_case_whoever_is_killed(tmp_path: Path) -> None:
    with LocalEngine(tmp_path / "engine") as engine:
        outputs = engine.deploy()
        with ports_on(engine, outputs) as ports:
            policies.activate(ports, "main", QUICK, LONG_AGO)
            made = connect(ports, "main", Request("corner", "standard", modes={}), outputs.hook_url, MARKS)
            warm(engine)
            traffic = Traffic(made.url, made.secret)
            senders = [threading.Thread(target=traffic.send, daemon=True) for _ in range(SENDERS)]
            for sender in senders:
                sender.start()
            began = time.monotonic()
            kill_at, rng = began + KILL_EVERY, random.Random(2)
            while time.monotonic() - began < MINUTES * 60:
                time.sleep(0.5)
                backlog = waiting(outputs)["inbox"]
                (traffic.pause.set if backlog > BACKLOG else traffic.pause.clear)()
                if time.monotonic() > kill_at:
                    kill_one(rng, traffic.counts)
                    kill_at += KILL_EVERY
            traffic.over.set()
            for sender in senders:
                sender.join(60)
            sent_for = time.monotonic() - began
            end, lost = time.monotonic() + PATIENCE, ["not looked yet"]
            while time.monotonic() < end and lost:
                time.sleep(2)
                lost = missing(ports, traffic) if not waiting(outputs)["inbox"] else lost
            put_aside = len({one.sort for one in quarantine.entries(ports, "main")})
            left = waiting(outputs)
    accepted, took = traffic.counts["accepted events"], timedelta(seconds=round(time.monotonic() - began))
    rate = traffic.counts["answered 202"] / sent_for
    print(f"{accepted:,} events in {traffic.counts['answered 202']:,} deliveries accepted ({rate:.0f}/s), {took}")
    print(f"{len(traffic.newest):,} orders, {len(lost)} lost, {put_aside} put aside, left {dict(left)}")
    print(dict(traffic.counts))
    assert lost == [], f"{len(lost)} of {len(traffic.newest)} cases lack what was accepted"
    assert left["dead"] == 0
    assert bool(put_aside) == bool(traffic.unreadable)
    assert any(name.startswith("killed") for name in traffic.counts)
