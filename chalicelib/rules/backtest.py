"""Backtest: what policies would have concluded about a history, counted by rule, step and seller (DESIGN section 6)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from chalicelib.core.clocks import Reading
from chalicelib.core.instants import show
from chalicelib.core.words import Status
from chalicelib.rules.history import History
from chalicelib.rules.judge import Judge, Judged
from chalicelib.rules.spill import Sorted

AT_ONCE = 16
"""Cases that go through each stage of the work together. More would no longer fit beside the code into the caches of a
processor, and judging one by one takes a sixth longer."""


@dataclass(slots=True)
class Report:
    """What was counted. `as_of` None: the history held no event."""

    as_of: datetime | None = None
    events: int = 0
    refused: int = 0
    cases: int = 0
    rules: dict[str, dict[Status, int]] = field(default_factory=dict)
    steps: dict[str, dict[str, int]] = field(default_factory=dict)
    sellers: dict[str, int] = field(default_factory=dict)
    nobody: int = 0
    """Points of cases that name no seller."""

    def as_dict(self, seconds: float) -> dict[str, Any]:
        """The JSON form."""
        return {
            "as_of": None if self.as_of is None else show(self.as_of),
            "events": self.events,
            "refused": self.refused,
            "cases": self.cases,
            "rules": {rule: {status.value: counts[status] for status in Status} for rule, counts in self.rules.items()},
            "steps": self.steps,
            "sellers": {seller: {"points": self.sellers[seller]} for seller in sorted(self.sellers)},
            "seconds": round(seconds, 3),
        }


def backtest(
    judge: Judge,
    history: History,
    now: datetime | None = None,
    clocks: Sorted | None = None,
    progress: Callable[[int], None] = lambda lines: None,
) -> Report:
    """Judge every case of the history as of `now` (default: its greatest instant). `clocks` takes a line a clock."""
    report = Report()
    for policy in judge.policies:
        for rule in policy.rules:
            report.rules[rule.id] = dict.fromkeys(Status, 0)
            report.steps[rule.id] = {step.id: 0 for step in rule.steps}
    report.as_of, cases = history.cases(now, progress)
    while some := list(islice(cases, AT_ONCE)):
        assert report.as_of is not None, "a history with an event has a greatest instant"
        report.cases += len(some)
        for judged in judge.judge_some(some, report.as_of):
            for reading in judged.clocks:
                _count(report, judge, judged, reading)
            if clocks is not None:
                for key, line in clock_lines(judged):
                    clocks.add(key, line)
    report.events, report.refused = history.counts.events, history.counts.refused
    return report


def _count(report: Report, judge: Judge, judged: Judged, reading: Reading) -> None:
    rule = reading.rule.id
    report.rules[rule][reading.status] += 1
    if not reading.steps:
        return
    steps, points = report.steps[rule], 0
    for name, _ in reading.steps:
        step = name if name in steps else _base(reading, name)
        steps[step] += 1
        points += judge.points.get((rule, step), 0)
    if not points:
        return
    seller = judged.seller
    if seller:
        report.sellers[seller] = report.sellers.get(seller, 0) + points
    else:
        report.nobody += points


def _base(reading: Reading, name: str) -> str:
    """The id of a step that comes again (`nag.2`)."""
    step = reading.rule.step(name)
    return name if step is None else step.id


def clock_lines(judged: Judged) -> Iterator[tuple[str, str]]:
    """A line a clock, with the key that orders them: case, rule, clock."""
    case, seller = str(judged.subject), judged.seller or None
    for reading in judged.clocks:
        data = {
            "case": case,
            "seller": seller,
            "rule": reading.rule.id,
            "clock": reading.clock,
            "version": reading.version,
            "status": reading.status.value,
            "start": instant(reading.start),
            "due": instant(reading.due),
            "due_day": None if reading.due_day is None else reading.due_day.isoformat(),
            "stop": instant(reading.stop),
            "reason": reading.reason,
        }
        # Ids hold no control characters, so the key orders as the three texts do.
        yield f"{case}\0{reading.rule.id}\0{reading.clock}", json.dumps(data, ensure_ascii=False)


def instant(moment: datetime | None) -> str | None:
    return None if moment is None else show(moment)
