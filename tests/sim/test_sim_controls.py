"""Each rule that the proof rests on, taken away: the simulation finds the damage. So it would find it anywhere else."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from tests.sim import controls
from tests.sim.mix import Findings, Mix
from tests.sim.parts import Parts
from tests.sim.scenario import play
from tests.sim.sites import HEAVY, QUIET, Odds, Plan, Site
from tests.sim.watch import Watch

RACES = replace(HEAVY, race=0.6)
TWICE = Odds(duplicates=0.9, stall=0.3)


def seen(wanted: set[str], run: Callable[[int], Findings]) -> set[str]:
    """Which kinds of damage show within a few seeds."""
    found: set[str] = set()
    for seed in range(1, 9):
        shown = run(seed)
        found |= {name for name in wanted if getattr(shown, name)}
        if found == wanted:
            break
    return found


def test_without_the_write_condition_it_finds_lost_words_and_doubled_steps_and_effects() -> None:
    wanted = {"lost", "doubled", "effects"}
    without = partial(Mix, cases=200, odds=RACES, acting=0.3, tight=1.0)
    assert seen(wanted, lambda seed: without(seed, parts=controls.no_condition()).run()) == wanted
    assert not without(1).run().bad()


def test_without_the_rescue_it_finds_lost_timers() -> None:
    found = Mix(3, 200, HEAVY, controls.no_rescue()).run()
    assert len(found.lost) > 10
    assert found.audited, "and so does the product's own audit"
    assert not Mix(3, 200, HEAVY).run().bad()


def test_without_the_lease_it_finds_effects_twice_on_the_platform() -> None:
    without = partial(Mix, cases=120, odds=TWICE, acting=1.0)
    assert seen({"effects"}, lambda seed: without(seed, parts=controls.no_lease()).run())
    assert not without(1).run().bad()


def at(number: int, kind: str) -> Plan:
    def plan(site: Site) -> str:
        return kind if site.number == number else ""

    return plan


def late(parts: Parts) -> float:
    """The latest step of the scenario over all crashes between the write of a delivery's case and its messages."""
    worst = 0.0
    for site in play(tracing=True).sites:
        if (site.function, site.port, site.method) == ("inbox", "cases", "put"):
            watch = Watch()
            play(at(site.number, "crash after"), parts=parts, watch=watch)
            worst = max(worst, watch.late)
    return worst


def test_without_the_resend_it_finds_timers_that_only_the_rescue_brings_back() -> None:
    assert late(Parts()) <= 32.0, "the delivery comes again after 30 s, finds its change made, and sends once more"
    assert late(controls.no_resend()) > 60.0


@pytest.mark.parametrize("parts", [Parts, controls.no_condition, controls.no_resend, controls.no_rescue])
def test_without_faults_nothing_is_found_whichever_rule_is_missing(parts: Callable[[], Parts]) -> None:
    """What a control shows, its faults have brought about."""
    assert not Mix(6, 60, QUIET, parts()).run().bad()


def test_a_plan_reaches_the_place_it_names() -> None:
    seen: list[Site] = []

    def plan(site: Site) -> str:
        if site.port == "bus":
            seen.append(site)
        return "failed" if site.port == "bus" and len(seen) <= 3 else ""

    assert play(plan).faults == {"failed": 3}
    assert len(seen) > 3, "it was tried again"
