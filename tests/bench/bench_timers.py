"""How late timers are: simulated over the product's own code, nothing here ran on AWS. Without faults; under each
single fault at each call; with the sweep standing still; a million in one minute."""

from functools import partial
from typing import Any

import pytest

from chalicelib.flow.sweep import Sweep
from chalicelib.ports.ports import Ports
from tests.bench.crowd import CALL, drained, sent
from tests.bench.figures import quantile, save
from tests.sim.branches import Tale, crashes, others, timed_out
from tests.sim.hops import HoppingQueue
from tests.sim.mix import STEPS, Findings, Mix
from tests.sim.parts import Parts
from tests.sim.sites import QUIET
from tests.support.world import T0

pytestmark = pytest.mark.bench

CASES, MILLION = 2500, 1_000_000
AIMS = {"clean": {"p50": 0.7, "p99": 1.5}, "single": {"p99.9": 32.0, "max": 180.0}}
OUTAGES = (0, 13, 14, 15, 30, 60)
WRITES = (2_700, 4_000, 8_000, 17_000)


class Idle(Sweep):
    """Does not start for so many minutes, from an hour after the beginning on."""

    def __init__(self, minutes: int, ports: Ports) -> None:
        super().__init__(ports)
        self._minutes = minutes

    def __call__(self, scheduled: Any) -> int:
        since = (scheduled - T0).total_seconds() / 60 - 60
        return 0 if 0 <= since < self._minutes else super().__call__(scheduled)


def shares(late: list[float]) -> dict[str, float]:
    named = {f"p{100 * share:g}": round(quantile(late, share), 2) for share in (0.5, 0.99, 0.999, 0.9999)}
    return {"steps": len(late), **named, "max": round(max(late), 2)}


def quiet(cases: int, minutes: int = 0) -> Findings:
    """A run without faults, over queues that take the time that real ones are assumed to take."""
    found = Mix(1, cases, QUIET, Parts(queue=HoppingQueue, sweep=partial(Idle, minutes))).run()
    assert not found.bad()
    return found


def test_lateness() -> None:
    hour = Tale("scenario")
    faults = {site.number: (*crashes(site), *timed_out(site), *others(site)) for site in hour.places()}
    single = [one for branch in hour.judged(faults) for one in branch]
    clean = shares(quiet(CASES).late)
    figures = {
        "clean": {"timers": CASES * STEPS, **clean},
        "single": {"branches": sum(map(len, faults.values())), **shares(single)},
        "aims": AIMS,
        "outage": {str(minutes): round(max(quiet(CASES // 5, minutes).late), 1) for minutes in OUTAGES},
        "crowd": {**sent(MILLION), "batch_seconds": CALL, "drained_minutes": {
            str(writes): round(drained(MILLION, writes), 1) for writes in WRITES
        }},
    }  # fmt: skip
    save("timers", figures)
