"""The chores of a deployment, broken at every call of a port that they make: they end as if nothing had happened.

And that no call of any port can be made which the simulation could not break."""

from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

from chalicelib.ports.ports import Ports
from tests.sim.branches import Tale, crashes, everywhere, others, timed_out
from tests.sim.chores import outcome, play
from tests.sim.engine import Sim
from tests.sim.sites import Site

CHORES = Tale("chores")
OWN = frozenset(["ops", "silence", "audit", "sellers", "actions"])
"""The functions whose work it is; the others are broken in the shop's hour (`test_sim_exhaustive`)."""
UNBROKEN = frozenset(["clock", "shards"])
"""No calls: an instant, and a number."""


def broken(choose: Callable[[Site], tuple[str, ...]]) -> int:
    """Play them all; how many there were."""
    return len(CHORES.judged({site.number: choose(site) for site in CHORES.places() if site.function in OWN}))


def test_they_hold_all_that_they_promise() -> None:
    """Else their recovery would prove little."""
    found = outcome(play())
    asked = {name: str(one) for name, one in found.records.items() if name.startswith("checkup/")}
    assert set(asked) == {f"checkup/shop-1|{task}" for task in (
        "probe", "sample", "subscriptions", "trial", "leave", "backfill", "arrival",
    )}  # fmt: skip
    assert all("'done'" in one for name, one in asked.items() if not name.endswith("arrival"))
    kinds = {name.partition("/")[0] for name in found.records}
    assert kinds >= {"quarantine", "penalty-register", "seller-standings", "seller-nights-last"}
    assert found.credentials == "r-1 of 1" and not found.hooks and found.state == frozenset()
    assert sum(key.endswith("|undo") for key in found.effects) == 3, "what was ours was taken back"
    assert found.audited == {} and found.beats and not found.dead


def test_a_crash_or_a_call_that_took_effect_and_timed_out_changes_no_chore() -> None:
    assert broken(lambda site: (*crashes(site), *timed_out(site))) > 300


@pytest.mark.soak
def test_nor_does_any_other_fault() -> None:
    def any_other(site: Site) -> tuple[str, ...]:
        """A shop that cannot be reached is an answer to whoever asked."""
        return (*everywhere(site), *(one for one in others(site) if (site.port, one) != ("http", "refused")))

    print(f"{broken(any_other)} branches")


def ports() -> list[tuple[str, str]]:
    """Every method of every port."""
    found = []
    for name in vars(Ports):
        if not name.startswith("_") and name not in UNBROKEN:
            shape = get_type_hints(vars(Ports)[name].fget)["return"]
            kept = shape.__args__[-1] if getattr(shape, "__args__", None) else shape
            methods = [each for one in kept.__mro__ for each in vars(one) if callable(vars(one)[each])]
            found += [(name, method) for method in sorted(set(methods)) if not method.startswith("_")]
    return found


@pytest.mark.parametrize(("port", "method"), ports())
def test_no_call_of_a_port_escapes_its_faults(port: str, method: str) -> None:
    reached: list[Site] = []

    def plan(site: Site) -> str:
        reached.append(site)
        return "crash before"

    def call(given: Any) -> None:
        handle = getattr(given, port)
        getattr(handle("main") if port in ("cases", "records") else handle, method)()

    sim = Sim(plan=plan)
    assert sim.activate_function("ops", call) == (False, None)
    assert [(one.port, one.method) for one in reached] == [(port, method)] and sim.counts["crashes"] == 1
