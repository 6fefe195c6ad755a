"""A backtest of the Olist history with six rules, the aim: 10,000 cases a second on one core, memory flat.

Prints cases a second and where the time goes, writes docs/bench/backtest.json, asserts no time. The memory of a run
over a part and over the whole must be alike, as the file is grouped by case. Skips where there are no Olist tables.
"""

import json
import platform
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

import pytest

from chalicelib.core.case import Case, CaseId
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.versions import Policies
from chalicelib.rules.backtest import Report, backtest
from chalicelib.rules.history import History
from chalicelib.rules.judge import Judge
from chalicelib.rules.quick import quick, usual
from chalicelib.rules.reader import read_text

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "data" / "olist"
OUT = ROOT / "docs" / "bench" / "backtest.json"
AIM = 10_000
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
    tracemalloc.start()
    run(judge, path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def parts(judge: Judge, lines: list[bytes]) -> dict[str, float]:
    """Seconds of each stage over some lines."""
    found: dict[str, float] = {}

    def timed(name: str, call: Callable[[], list]) -> list:
        began = process_time()
        result = call()
        found[name] = process_time() - began
        return result

    timed("first pass", lambda: [usual(line) for line in lines])
    events: list[Event] = timed("events", lambda: [quick(line, judge.words) for line in lines])
    cases: dict[Subject, list[Event]] = {}
    for event in events:
        cases.setdefault(event.subject, []).append(event)
    told = timed("merge", lambda: [(subject, merge_all(NOTHING, some)) for subject, some in cases.items()])
    policies, calendars, now = Policies.always(*judge.policies), judge.calendars, max(one.occurred_at for one in events)
    timed(
        "evaluate",
        lambda: [evaluate(Case(CaseId("main", "h", one), all_of), policies, calendars, now) for one, all_of in told],
    )
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
    began, wall = process_time(), perf_counter()
    report = run(judge, history)
    seconds, elapsed = process_time() - began, perf_counter() - wall
    small, whole = peak(judge, part), peak(judge, history)
    assert report.refused == 0
    assert whole < 2 * small + 4_000_000, "memory grows with the history"
    figures = {
        "task": f"{report.cases} cases, {report.events} events, {len(CLOCKS)} rules, on one core",
        "aim": {"cases_a_second": AIM},
        "cases_a_second": round(report.cases / seconds),
        "seconds": {"process": round(seconds, 2), "wall": round(elapsed, 2)},
        "microseconds_a_case": parts(judge, lines),
        "peak_megabytes": {"20,000 lines": round(small / 1e6, 1), "all lines": round(whole / 1e6, 1)},
        "on": f"Python {platform.python_version()}, {platform.machine()}",
    }
    print(json.dumps(figures, indent=2))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n")
