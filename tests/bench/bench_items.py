"""How large the item of a case is in the table, on real orders: the Olist history led through the core as it happened,
in order of time, each wake at its instant, each action sent and done. Two rules, then the pack that has most to
say about such orders, whole. Writes docs/bench/items.json; skips where there are no Olist tables."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.core.case import Case, CaseId
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import merge
from chalicelib.core.settle import Terms, settle
from chalicelib.core.versions import Activation, Policies
from chalicelib.core.words import ActionState, Group, Mode
from chalicelib.flow.terms import terms_of
from chalicelib.ports.forms import encode
from chalicelib.ports.keys import minute_of, shard_of, wake_bucket, wake_of, wake_sort
from chalicelib.ports.stores import Connection
from chalicelib.rules.history import History
from chalicelib.rules.judge import Judge
from chalicelib.rules.reader import read_file, read_text
from tests.bench.cloud import TWO
from tests.bench.figures import ROOT, at_most, quantile, save
from tests.bench.meter import item_bytes

pytestmark = pytest.mark.bench

TABLES = ROOT.parent / "shared" / "data" / "olist"
EVERY = 12
"""One order in so many is led through: 2,000 of them tell the shares as well as all."""
ALL = Connection("main", "shop-1", "standard", "0" * 64, modes=dict.fromkeys(Group, Mode.ACT))
PACK = "marketplace-standards"


def size(case: Case) -> int:
    key = str(case.id)
    item = {"key": {"S": key}, "n": {"N": str(case.version)}, "body": {"B": encode(case)}}
    if (wake := wake_of(case)) is not None:
        item |= {
            "wake_bucket": {"S": wake_bucket(minute_of(wake.wake_at), shard_of(key, 64))},
            "wake_at": {"S": wake_sort(wake)},
        }
    return item_bytes(item)  # type: ignore[arg-type]


def veiled(event: Event) -> Event:
    """With a buyer of the length that a keyed hash has."""
    buyer = event.facts.get("buyer")
    if not isinstance(buyer, str):
        return event
    return event._replace(facts={**event.facts, "buyer": hashlib.sha256(buyer.encode()).hexdigest()[:24]})


def written(subject: Subject, events: list[Event], policies: Policies, judge: Judge, terms: Terms) -> Iterator[Case]:
    """The case after each of its writes: an event, or a wake that changed something."""
    case = Case(CaseId("main", "shop-1", subject))
    last = max(event.occurred_at for event in events) + timedelta(days=60)
    told = sorted(map(veiled, events), key=lambda one: one.occurred_at)

    def judged(case: Case, now: datetime) -> Case:
        after = settle(case, evaluate(case, policies, judge.calendars, now), terms)
        done = {
            key: replace(one, state=ActionState.DONE) if one.state is ActionState.PLANNED and not one.hold else one
            for key, one in after.ledger.actions.items()
        }
        return replace(after, ledger=replace(after.ledger, actions=done), version=case.version + 1)

    for number, event in enumerate(told):
        case = judged(replace(case, evidence=merge(case.evidence, event)), event.occurred_at)
        yield case
        until = told[number + 1].occurred_at if number + 1 < len(told) else last
        while case.wake_at is not None and event.occurred_at < case.wake_at < until:
            at, case = case.wake_at, judged(case, case.wake_at)
            yield case
            if case.wake_at is not None and case.wake_at <= at:
                break


def sizes(judge: Judge, cases: list[tuple[Subject, list[Event]]]) -> dict[str, int]:
    """Of each case the largest item that it ever was."""
    policies = Policies(tuple(Activation(policy) for policy in judge.policies))
    terms = terms_of(ALL)
    largest = [float(max(map(size, written(*one, policies, judge, terms)))) for one in cases]
    return {name: int(quantile(largest, share)) for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))}


def test_the_size_of_a_case(tmp_path: Path) -> None:
    if not TABLES.is_dir():
        pytest.skip("the Olist tables are not there")
    history = tmp_path / "olist.jsonl"
    convert = [sys.executable, str(ROOT / "examples" / "olist" / "convert.py"), str(TABLES), str(history)]
    subprocess.run(convert, check=True, cwd=ROOT, capture_output=True)
    # These orders say when they were placed, and no more about the payment than that it was approved.
    two = Judge([read_text(TWO.replace("order.paid", "order.placed"))])
    found = {"two rules": two, PACK: Judge([read_file(PACK)])}
    with History(str(history)) as opened:
        cases = [(subject, events) for number, (subject, events) in enumerate(opened.cases()[1]) if not number % EVERY]
    told = {name: sizes(judge, cases) for name, judge in found.items()}
    save(
        "items",
        {
            "task": f"{len(cases)} orders of the Olist history led through the core as they happened; all actions act",
            "bytes": told,
        },
        [
            at_most("case item of the Olist history with two rules, p95", told["two rules"]["p95"], 1024, "bytes", 0),
            at_most(f"case item with a full pack ({PACK}), p95", told[PACK]["p95"], 2048, "bytes", 0),
        ],
    )
