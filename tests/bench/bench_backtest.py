"""A backtest of the Olist history with six rules, the aim: 10,000 cases a second on one core, memory flat.

Writes cases a second and where the time goes to docs/bench/backtest.json, asserts no time. The memory of a run
over a part and over the whole must be alike, as the file is grouped by case. Skips where there are no Olist tables.
"""

import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

import pytest

from chalicelib.core.evaluate import read_clocks
from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.rules.backtest import Report, backtest
from chalicelib.rules.history import History
from chalicelib.rules.judge import Judge
from chalicelib.rules.quick import head, quick
from chalicelib.rules.reader import read_text
from tests.bench.figures import ROOT, at_least, at_most, save

pytestmark = pytest.mark.bench

TABLES = ROOT.parent / "shared" / "data" / "olist"
AIM = 10_000
ROUNDS = 3
CLOCKS = {
    "ship-by": ("order.placed", "order.shipped", "{until: ship_by}"),
    "deliver-by": ("order.placed", "order.delivered", "{until: deliver_by}"),
    "approve": ("order.placed", "order.approved", "{hours: 24}"),
    "ship-3d": ("order.approved", "order.shipped", "{days: 3}"),
    "deliver-20d": ("order.placed", "order.delivered", "{days: 20}"),
    "transit": ("order.shipped", "order.delivered", "{hours: 240}"),
}
SIX = "policy: six\ncalendar: America/Sao_Paulo\nrules:\n" + "".join(
    f"  - id: {name}\n    applies_to: order\n"
    f"    clock: {{start: {start}, stop: {stop}, void: order.cancelled, limit: {limit}}}\n"
    "    steps: [{id: half, at: 50%, do: remind_seller},"
    " {id: breach, at: due, do: [{penalise: {code: late, points: 1}}]}]\n"
    for name, (start, stop, limit) in CLOCKS.items()
)


def run(judge: Judge, path: Path) -> Report:
    with History(str(path), judge.words) as history:
        return backtest(judge, history)


def peak(judge: Judge, path: Path) -> int:
    gc.collect()
    tracemalloc.start()
    run(judge, path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def json_alone(path: Path) -> float:
    """Seconds to parse every line as JSON: what this machine can do, beside which the figures mean something."""
    least = float("inf")
    for _ in range(ROUNDS):
        with path.open("rb") as file:
            began = process_time()
            for line in file:
                json.loads(line)
        least = min(least, process_time() - began)
    return least


def parts(judge: Judge, lines: list[bytes]) -> dict[str, float]:
    """Seconds of each stage over some lines, the best of several rounds. Here a stage leaves all of its work at once,
    which the collector would look through again and again; a run holds it sixteen cases long."""
    found: dict[str, float] = {}

    def timed(name: str, call: Callable[[], list]) -> list:
        gc.collect()
        gc.disable()
        for _ in range(ROUNDS):
            began = process_time()
            result = call()
            found[name] = min(found.get(name, float("inf")), process_time() - began)
        gc.enable()
        return result

    timed("first pass", lambda: [head(line) for line in lines])
    events: list[Event] = timed("events", lambda: [quick(line, judge.words) for line in lines])
    cases: dict[Subject, list[Event]] = {}
    for event in events:
        cases.setdefault(event.subject, []).append(event)
    told = timed("merge", lambda: [(subject, merge_all(NOTHING, some)) for subject, some in cases.items()])
    in_force, now = Policies.always(*judge.policies), max(one.occurred_at for one in events)
    timed("view", lambda: [View(all_of, now) for _, all_of in told])
    views = [(subject.kind, View(all_of, now)) for subject, all_of in told]
    timed("clocks", lambda: [read_clocks(kind, view, in_force, judge.calendars) for kind, view in views])
    return {name: round(seconds / len(cases) * 1e6, 1) for name, seconds in found.items()}


def test_backtest_of_the_olist_history(tmp_path: Path) -> None:
    if not TABLES.is_dir():
        pytest.skip("the Olist tables are not there")
    history, part = tmp_path / "olist.jsonl", tmp_path / "part.jsonl"
    convert = [sys.executable, str(ROOT / "examples" / "olist" / "convert.py"), str(TABLES), str(history)]
    subprocess.run(convert, check=True, cwd=ROOT, capture_output=True)
    with history.open("rb") as file:
        lines = list(islice(file, 20_000))
    part.write_bytes(b"".join(lines))
    judge = Judge([read_text(SIX)])
    seconds = elapsed = float("inf")
    for _ in range(ROUNDS):
        began, wall = process_time(), perf_counter()
        report = run(judge, history)
        seconds, elapsed = min(seconds, process_time() - began), min(elapsed, perf_counter() - wall)
    small, whole = peak(judge, part), peak(judge, history)
    assert report.refused == 0
    assert whole < 2 * small + 4_000_000, "memory grows with the history"
    save(
        "backtest",
        {
            "task": f"{report.cases} cases, {report.events} events, {len(CLOCKS)} rules, one core, from file to report",
            "cases a second": round(report.cases / seconds),
            "seconds": {"process": round(seconds, 2), "wall": round(elapsed, 2)},
            "microseconds a case": {
                "from file to report": round(seconds / report.cases * 1e6, 1),
                "json.loads of the same lines, and no more": round(json_alone(history) / report.cases * 1e6, 1),
                **parts(judge, lines),
            },
            "peak megabytes": {"20,000 lines": round(small / 1e6, 1), "all lines": round(whole / 1e6, 1)},
        },
        [
            at_least("backtest of the Olist history, six rules, cases a second", report.cases / seconds, AIM),
            at_most("memory of the whole history, times that of a sixth of it", whole / small, 4),
        ],
    )
