"""A played story, broken at every single call of a port and recovered: what each branch leaves different.

.venv/bin/python -m tests.sim.branches scenario "123:crash after"      plays one branch again
.venv/bin/python -m tests.sim.branches chores                          lists the calls, by number
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from tests.sim.forks import Forks, Struck
from tests.sim.scenario import differences
from tests.sim.sites import KINDS, Plan, Site
from tests.sim.watch import Watch

MAX_LATE = 180.0
"""Seconds: what any single failed call or process may cost a deadline (timers.md, the rescue after two minutes)."""
Shown: TypeAlias = tuple[list[str], list[float]]


@dataclass(frozen=True)
class Tale:
    """A story, by the name of its module: how it is played, and what must be equal at its end."""

    name: str

    @property
    def play(self) -> Callable[..., Any]:
        return import_module(f"tests.sim.{self.name}").play

    @property
    def outcome(self) -> Callable[[Any], Any]:
        return import_module(f"tests.sim.{self.name}").outcome

    def places(self) -> list[Site]:
        """All calls but the reads that give nothing to lose."""
        return [site for site in self.play(tracing=True).sites if site.given != 0]

    def shown(self, plan: Plan, wanted: Any) -> Shown:
        """Play it once; what is not as it should be, and by how much each step was late."""
        watch = Watch()
        sim = self.play(plan, watch=watch)
        problems = differences(wanted, self.outcome(sim))
        problems += [f"twice on the platform: {key}" for key in sim.shop.doubled()]
        problems += [f"taken twice: {step}" for step in watch.twice]
        if watch.early < 0:
            problems.append(f"early by {-watch.early} s")
        return problems, watch.lates

    def judged(self, branches: Mapping[int, Sequence[str]], *, depth: int = 1, near: int = 0) -> list[list[float]]:
        """Play every branch and assert that none shows; by how much the steps of each were late."""
        wanted = self.outcome(self.play())

        def at(site: Site, since: int) -> Sequence[str]:
            if forks.taken:
                return crashes(site) if since <= near and site.method != "bucket" else ()
            return branches.get(site.number, ())

        forks: Forks[Shown] = Forks(at, depth)
        found = list(forks.finish(self.shown(forks.plan, wanted)))
        assert len(found) >= sum(map(len, branches.values()))
        bad = [(taken, problem) for taken, (problems, _) in found for problem in problems]
        told = [f"{' and '.join(map(str, taken))}: {problem}\n  {self.again(taken)}" for taken, problem in bad[:12]]
        assert not bad, f"{len({taken for taken, _ in bad})} of {len(found)} branches end differently:\n" + "\n".join(
            told
        )
        return [late for _, (_, late) in found]

    def again(self, taken: Sequence[Struck]) -> str:
        """What to type to see a branch again."""
        return f".venv/bin/python -m tests.sim.branches {self.name} " + " ".join(
            f'"{one.number}:{one.kind}"' for one in taken
        )

    def main(self, faults: Sequence[str]) -> int:
        """Play it with these faults, each NUMBER:KIND, and say what is different; without any, list the calls."""
        if not faults:
            print("\n".join(map(str, self.play(tracing=True).sites)))
            return 0
        kinds = {int(number): kind for number, _, kind in (one.partition(":") for one in faults)}
        problems, lates = self.shown(lambda site: kinds.get(site.number, ""), self.outcome(self.play()))
        print("\n".join(problems) or "nothing is different")
        print(f"latest step {max(lates):.1f} s")
        return 1 if problems else 0


def crashes(site: Site) -> tuple[str, ...]:
    """Every crash that differs from all others. What a process knows dies with it, and nothing happens between two of
    its calls: so a crash before a call is one after the call before it, and one after a read is one before it."""
    return (*(("crash before",) if site.first else ()), *(("crash after",) if site.writes else ()))


def timed_out(site: Site) -> tuple[str, ...]:
    return ("timed out",) if site.writes else ()


def everywhere(site: Site) -> tuple[str, ...]:
    return KINDS[3:]


def others(site: Site) -> tuple[str, ...]:
    return KINDS[:3] if site.writes else KINDS[1:3] if site.given else KINDS[1:2]


if __name__ == "__main__":
    sys.exit(Tale(sys.argv[1]).main(sys.argv[2:]))
