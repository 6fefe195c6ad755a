"""Very many deadlines under a heavy mix of faults: none lost, none early, no step and no effect doubled.

REDRESS_SIM_TIMERS and REDRESS_SIM_SEED choose how many and from which seed on.
"""

import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.sim.mix import STEPS, Findings, Mix, again, play

SEED = int(os.environ.get("REDRESS_SIM_SEED", "1"))
AT_ONCE = 2


def run(timers: int, runs: int) -> list[Findings]:
    """So many timers in so many runs; every fourth run with the projections of the stream too."""
    cases = -(-timers // runs // STEPS)
    jobs = [(SEED + number, cases, number % 4 == 3) for number in range(runs)]
    found = []
    with ProcessPoolExecutor(AT_ONCE) as pool:
        for one in pool.map(play, *zip(*jobs, strict=True)):
            print(one.told(), flush=True)
            found.append(one)
    bad = [f"{again(*job)}\n  " + "\n  ".join(one.bad()[:5]) for job, one in zip(jobs, found, strict=True) if one.bad()]
    assert not bad, "these runs show damage:\n" + "\n".join(bad)
    return found


def test_a_hundred_thousand_timers_are_neither_lost_nor_early_nor_doubled() -> None:
    found = run(int(os.environ.get("REDRESS_SIM_TIMERS", "100000")), 4)
    assert sum(one.timers for one in found) >= 1000 and all(one.counts["lost races"] for one in found)
    assert all(one.counts[f"call {kind}"] for one in found for kind in ("refused", "failed", "timed out"))


@pytest.mark.parametrize(("seed", "minutes"), [(31, 70), (33, 150)])
def test_nor_are_those_that_an_outage_left_behind(seed: int, minutes: int) -> None:
    """The same faults, and for so long nothing runs; then the sweep walks a gap, cut, repeated, raced for."""
    found = Mix(seed, 250, outage=(40, 40 + minutes)).run()
    assert not found.bad()
    assert found.quantile(1) > 60 * (minutes - 14), "they waited for it"


@pytest.mark.soak
def test_nor_are_a_million() -> None:
    run(int(os.environ.get("REDRESS_SIM_TIMERS", "1000000")), 20)


def test_the_same_seed_makes_the_same_run() -> None:
    one, other = play(11, 40), play(11, 40)
    assert (one.late, one.counts) == (other.late, other.counts)
    assert one.late != play(12, 40).late
