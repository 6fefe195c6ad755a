"""docs/figures.md shows what docs/bench holds, and nothing else."""

import json
from pathlib import Path

import pytest

from tests.bench.figures import Goal, at_least, at_most
from tests.bench.page import PAGE, found, page


def test_the_page_is_what_the_benches_found() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(found()), "make it again: .venv/bin/python -m tests.bench.page"


def test_a_goal_is_met_up_to_it_or_from_it_on() -> None:
    assert at_most("x", 4.0, 4, "$") == Goal("x", "at most $4.00", "$4.00", True)
    assert not at_most("x", 0.11, 0.1, "ms", 3).met
    assert at_least("x", 10_000, 10_000) == Goal("x", "at least 10,000", "10,000", True)
    assert not at_least("x", 9_999.4, 10_000).met


def test_what_a_simulation_of_timers_found_is_judged_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "clean": {"p50": 0.6, "p99": 1.6}, "aims": {"clean": {"p50": 0.7, "p99": 1.5}}, "goals": [], "on": "here",
        "outage": {"0": 2.5, "14": 2.6, "30": 960.0}, "crowd": {"seconds_before_due": 12.0},
    }  # fmt: skip
    (tmp_path / "timers.json").write_text(json.dumps(told))
    monkeypatch.setattr("tests.bench.page.OUT", tmp_path)
    goals = [(one["figure"], one["met"]) for one in found()["timers"]["goals"]]
    assert goals == [("0.60 s", True), ("1.60 s", False), ("2.6 s", True), ("12 s", True)]
    assert "| outage: 30 | 960.0 |" in page(found())


def test_a_missed_goal_stands_out() -> None:
    bench = {
        "task": "a thing",
        "on": "a machine",
        "goals": [at_most("size", 3, 2, "MB", 0)._asdict()],
        "by": {"a": 1234},
    }
    text = page({"size": bench})
    assert "| [size](#size) | at most 2 MB | 3 MB | **not met** |" in text
    assert "| by: a | 1,234 |" in text
