"""300 real orders, sent as signed webhooks in any order, one in five twice, end as the backtest says, clock by clock.

A webhook carries one event, or a few of several orders, as a shop may send them. Their due dates lie years back, so
what is final when they arrive is final as of now.
"""

import contextlib
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.bootstrap import AwsPorts
from chalicelib.cli.main import main
from chalicelib.connections.connect import Request, connect
from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.core.words import MARKS, Status
from chalicelib.ports.clock import SystemClock
from examples.demo.letters import Address, Letter
from examples.olist.convert import convert
from infra.package import ROOT
from infra.stack import Outputs
from tests.support.street import deliver, eventually

ORDERS = 300
SENDERS = 6
POLICY = ROOT / "examples" / "policies" / "olist.yaml"


@pytest.fixture(scope="module")
def history(olist_tables: Path) -> dict[str, list[str]]:
    """The lines of 300 cases, by the case's id; the same ones each time."""
    out = io.StringIO()
    convert(olist_tables, out)
    lines: dict[str, list[str]] = {}
    for line in out.getvalue().splitlines():
        lines.setdefault(json.loads(line)["subject"]["id"], []).append(line)
    chosen = random.Random(300).sample(sorted(lines), ORDERS)
    return {case: lines[case] for case in chosen}


def backtest(history: dict[str, list[str]], directory: Path, now: datetime) -> dict[tuple[str, str], dict[str, Any]]:
    """What the backtest says of each clock."""
    file, clocks = directory / "history.jsonl", directory / "clocks.jsonl"
    file.write_text("".join(f"{line}\n" for lines in history.values() for line in lines), encoding="utf-8")
    arguments = ["--policy", str(POLICY), "--history", str(file), "--now", show(now), "--clocks", str(clocks)]
    assert main(["backtest", *arguments]) == 0
    told = [json.loads(line) for line in clocks.read_text(encoding="utf-8").splitlines()]
    return {(one["case"], one["clock"]): one for one in told}


def packed(lines: list[str], chance: random.Random) -> Iterator[Letter]:
    """The events in any order, one to a webhook or a few in an array."""
    chance.shuffle(lines)
    while lines:
        size = chance.choice([1, 1, 1, 3, 7])
        taken, lines = lines[:size], lines[size:]
        yield Letter("", (taken[0] if size == 1 else f"[{','.join(taken)}]").encode())


def live(case: Case) -> dict[str, dict[str, Any]]:
    """The same of the stored case."""
    return {
        clock: {
            "status": state.status.value,
            "start": show(state.start),
            "due": show(state.due) if state.due else None,
            "due_day": state.due_day.isoformat() if state.due_day else None,
            "stop": show(state.end) if state.end and state.status in (Status.MET, Status.MET_LATE) else None,
        }
        for clock, state in case.ledger.clocks.items()
    }


def test_live_judges_as_the_backtest_does(
    history: dict[str, list[str]], ports: AwsPorts, outputs: Outputs, tmp_path: Path
) -> None:
    clock = SystemClock()
    made = connect(ports, "olist", Request("olist", "standard"), outputs.hook_url, MARKS)
    to = Address("standard", made.url, "", made.secret)
    chance = random.Random(5)
    letters = list(packed([line for lines in history.values() for line in lines], chance))
    letters += chance.sample(letters, len(letters) // 5)
    chance.shuffle(letters)
    with ThreadPoolExecutor(SENDERS) as senders:
        answers = Counter(senders.map(lambda letter: deliver(letter, to, clock.now), letters))
    assert answers == {202: len(letters)}

    ids = [CaseId("olist", "olist", Subject("order", case)) for case in history]
    cases = ports.cases("olist")
    wanted = backtest(history, tmp_path, clock.now())
    final = {key: told for key, told in wanted.items() if told["status"] != "waiting"}

    def found() -> dict[tuple[str, str], dict[str, Any]]:
        held = cases.get_many(ids)
        return {(f"order/{one.subject.id}", name): told for one in ids for name, told in live(held[one]).items()}

    compared = ("status", "start", "due", "due_day", "stop")
    expected = {key: {name: told[name] for name in compared} for key, told in final.items()}
    with contextlib.suppress(AssertionError):
        eventually(lambda: found() == expected, "every delivery is applied")
    # Said clock by clock, where it is not so.
    assert found() == expected
    statuses = Counter(told["status"] for told in final.values())
    assert {"met", "met_late", "breached"} <= statuses.keys(), "the sample says something"
