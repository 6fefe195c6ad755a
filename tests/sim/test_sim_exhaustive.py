"""The scenario, broken at every single call of a port and recovered: it ends as if nothing had happened."""

import os
from typing import TypeAlias

import pytest

from tests.sim.forks import Forks
from tests.sim.scenario import Outcome, differences, outcome, play
from tests.sim.sites import KINDS, Site
from tests.sim.watch import Watch

Shown: TypeAlias = tuple[list[str], float]
MAX_LATE = 180.0
"""Seconds: what any single failed call or process may cost a deadline (timers.md, the rescue after two minutes)."""


def shown(
    wanted: Outcome, forks: "Forks[tuple[list[str], float]]"
) -> list[tuple[tuple[str, ...], tuple[list[str], float]]]:
    """Play every branch; what each of them left different, and how late its latest step was."""
    watch = Watch()
    sim = play(forks.plan, watch=watch)
    problems = differences(wanted, outcome(sim))
    problems += [f"twice on the platform: {key}" for key in sim.shop.doubled()]
    problems += [f"taken twice: {step}" for step in watch.twice]
    if watch.early < 0:
        problems.append(f"early by {-watch.early} s")
    return list(forks.finish((problems, watch.late)))


def crashes(site: Site) -> tuple[str, ...]:
    """Every crash that differs from all others. What a process knows dies with it, and nothing happens between two of
    its calls: so a crash before a call is one after the call before it, and one after a read is one before it."""
    return (*(("crash before",) if site.first else ()), *(("crash after",) if site.writes else ()))


def everywhere(site: Site) -> tuple[str, ...]:
    return KINDS[3:]


def others(site: Site) -> tuple[str, ...]:
    return KINDS[:3] if site.writes else KINDS[1:3] if site.given else KINDS[1:2]


def judged(branches: dict[int, tuple[str, ...]], *, depth: int = 1, near: int = 0) -> list[float]:
    """Play them all and assert that none shows; how late each was at worst."""
    wanted = outcome(play())

    def at(site: Site, since: int) -> tuple[str, ...]:
        if forks.taken:
            return crashes(site) if since <= near and site.method != "bucket" else ()
        return branches.get(site.number, ())

    forks: Forks[Shown] = Forks(at, depth)
    found = shown(wanted, forks)
    assert len(found) >= sum(map(len, branches.values()))
    bad = [f"{' and '.join(taken)}: {problem}" for taken, (problems, _) in found for problem in problems]
    assert not bad, f"{len(bad)} of {len(found)} branches end differently:\n" + "\n".join(bad[:12])
    return sorted(late for _, (_, late) in found)


def places() -> list[Site]:
    """All calls but the reads of empty buckets, which give nothing to lose."""
    return [site for site in play(tracing=True).sites if site.given != 0]


def test_the_scenario_holds_all_that_it_promises() -> None:
    """Else its recovery would prove little."""
    result = outcome(play())
    told = {kind for kind, *_ in result.told}
    assert {"clock.paused", "clock.breached", "clock.withdrawn", "penalty.imposed", "penalty.reversed"} <= told
    assert {action for *_, action in result.told} >= {"tag", "untag", "hold", "release", "suspend", "restore", "refund"}
    assert result.purses and result.journal == result.evidence and result.dead == 0
    assert {str(step) for steps in result.steps.values() for step in steps} and result.state == frozenset()  # type: ignore[attr-defined]


def test_a_crash_at_any_call_is_recovered_from() -> None:
    late = judged({site.number: crashes(site) for site in places()})
    assert late[-1] <= MAX_LATE
    assert late[int(len(late) * 0.5)] <= 1.0, "most crashes make nothing late at all"


def test_a_call_that_took_effect_and_timed_out_is_recovered_from() -> None:
    late = judged({site.number: ("timed out",) for site in places() if site.writes})
    assert late[-1] <= MAX_LATE


@pytest.mark.soak
def test_so_is_one_before_and_after_every_call_whether_it_differs_or_not() -> None:
    assert judged({site.number: everywhere(site) for site in places()})[-1] <= MAX_LATE


@pytest.mark.soak
def test_a_call_that_was_refused_or_failed_is_recovered_from() -> None:
    late = judged({site.number: others(site) for site in places()})
    assert late[-1] <= MAX_LATE


@pytest.mark.soak
def test_a_second_crash_while_the_first_is_recovered_from_changes_nothing_either() -> None:
    """Every first crash, and after it every second one within so many calls."""
    near = int(os.environ.get("REDRESS_SIM_NEAR", "24"))
    late = judged({site.number: crashes(site) for site in places()}, depth=2, near=near)
    print(f"{len(late)} pairs and singles, latest step {late[-1]:.0f} s")
