"""The scenario, broken at every single call of a port and recovered: it ends as if nothing had happened."""

import os

import pytest

from tests.sim.branches import MAX_LATE, Tale, crashes, everywhere, others, timed_out
from tests.sim.scenario import outcome, play

HOUR = Tale("scenario")


def test_the_scenario_holds_all_that_it_promises() -> None:
    """Else its recovery would prove little."""
    result = outcome(play())
    told = {kind for kind, *_ in result.told}
    assert {"clock.paused", "clock.breached", "clock.withdrawn", "penalty.imposed", "penalty.reversed"} <= told
    assert {action for *_, action in result.told} >= {"tag", "untag", "hold", "release", "suspend", "restore", "refund"}
    assert result.purses and result.journal == result.evidence and result.dead == 0
    assert {str(step) for steps in result.steps.values() for step in steps} and result.state == frozenset()  # type: ignore[attr-defined]


def latest(late: list[list[float]]) -> list[float]:
    """The latest step of each branch, in order."""
    return sorted(max(one) for one in late)


def test_a_crash_at_any_call_is_recovered_from() -> None:
    late = latest(HOUR.judged({site.number: crashes(site) for site in HOUR.places()}))
    assert late[-1] <= MAX_LATE
    assert late[int(len(late) * 0.5)] <= 1.0, "most crashes make nothing late at all"


def test_a_call_that_took_effect_and_timed_out_is_recovered_from() -> None:
    late = HOUR.judged({site.number: timed_out(site) for site in HOUR.places()})
    assert latest(late)[-1] <= MAX_LATE


@pytest.mark.soak
def test_so_is_one_before_and_after_every_call_whether_it_differs_or_not() -> None:
    late = HOUR.judged({site.number: everywhere(site) for site in HOUR.places()})
    print(f"{len(late)} branches, latest step {latest(late)[-1]:.0f} s")
    assert latest(late)[-1] <= MAX_LATE


@pytest.mark.soak
def test_a_call_that_was_refused_or_failed_is_recovered_from() -> None:
    late = HOUR.judged({site.number: others(site) for site in HOUR.places()})
    print(f"{len(late)} branches, latest step {latest(late)[-1]:.0f} s")
    assert latest(late)[-1] <= MAX_LATE


@pytest.mark.soak
def test_a_second_crash_while_the_first_is_recovered_from_changes_nothing_either() -> None:
    """Every first crash, and after it every second one within so many calls."""
    near = int(os.environ.get("REDRESS_SIM_NEAR", "24"))
    late = HOUR.judged({site.number: crashes(site) for site in HOUR.places()}, depth=2, near=near)
    print(f"{len(late)} pairs and singles, latest step {latest(late)[-1]:.0f} s")
