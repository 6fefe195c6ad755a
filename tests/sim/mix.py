"""A run of many short deadlines under the heavy fault mix of the sheet on timers, and what it must show at its end.

30 % of the limits are under 10 minutes, 35 % of the cases are cancelled, 20 % are moved, of some it is told late that
all was in time; 2 % of the functions' runs crash, and so on (`sites.HEAVY`). Every case has eight steps: eight timers.
What each case must end in is computed from what was sent, by the arithmetic below and by one fresh judgement of it all.

    .venv/bin/python -m tests.sim.mix --seed 7 --cases 1000      plays one run again and says what it showed
"""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.core.calendars import Calendars
from chalicelib.core.case import Case, CaseId
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Subject
from chalicelib.core.evidence import NOTHING, Evidence, merge_all
from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Share, Step, Until
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.core.wire import read_event
from chalicelib.core.words import OPEN_STATES, ActionState
from chalicelib.flow.audit import Audit
from chalicelib.flow.journal import told_of
from chalicelib.flow.project import Project
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.flow.tell import Teller
from chalicelib.ports.memory import MemoryBus
from tests.sim.bazaar import NEVER
from tests.sim.engine import Sim
from tests.sim.furnish import activate, connect
from tests.sim.parts import Parts
from tests.sim.sites import HEAVY, Odds
from tests.support.world import T0

HOURS = 6.0
TAIL = timedelta(hours=4)
"""After the faults are over: as long as the longest timer, and the rescue of what was lost before."""
MILLISECOND = timedelta(milliseconds=1)
"""Instants are kept to it, and half of a span may lie between two."""
WATCHED, ACTING = "shop-1", "shop-2"
SHARES = {"first": 0.25, "half": 0.5, "third": 0.75}
STEPS = 8
AFTER = {"due": 0, "soon": 120, "later": 300, "fine": 600, "last": 1200}


RULE = Rule(
    "r", "order", Point("order.placed"), (Point("order.shipped"),), Until("respond_by"), basis="law",
    void=(Point("order.cancelled"),),
    steps=(
        Step("first", Share(25), (Do("alert", {"severity": "warning"}),)),
        Step("half", Share(50), (Do("remind_seller"),)),
        Step("third", Share(75), (Do("alert", {"severity": "warning"}),)),
        Step("due", FromDue(0), (Do("tag", {"tag": "late"}), Do("hold"))),
        Step("soon", FromDue(120), (Do("note"),)),
        Step("later", FromDue(300), (Do("alert", {"severity": "warning"}),)),
        Step("fine", FromDue(600), (Do("penalise", {"code": "late", "points": 1}), Do("suspend"))),
        Step("last", FromDue(1200), (Do("alert", {"severity": "warning"}),)),
    ),
)  # fmt: skip
ACT = Policy("act", 1, "a", (RULE,))


class CountingBus(MemoryBus):
    """Counts what is told, and keeps none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def put(self, events: Any) -> None:
        self.counts.update(event["type"] for event in events)


@dataclass(slots=True)
class Story:
    """What the shop tells of one order, and by when each step may stand."""

    events: list[dict[str, Any]] = field(default_factory=list)
    dues: list[tuple[datetime, datetime]] = field(default_factory=list)
    heard: datetime = T0

    def tell(self, sim: Sim, name: str, event: dict[str, Any]) -> None:
        self.events.append(event)
        sim.deliver(event, name=name, told=lambda: setattr(self, "heard", sim.clock.now()))


@dataclass
class Findings:
    """What a run showed: empty lists are what is wanted, `late` apart.

    `effects`: what took effect twice. `audited`: what the product's own audit found.
    """

    seed: int
    timers: int = 0
    fired: int = 0
    lost: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    audited: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def bad(self) -> list[str]:
        lists = ("lost", "early", "doubled", "effects", "wrong", "audited")
        return [f"{name}: {each}" for name in lists for each in getattr(self, name)]

    def quantile(self, share: float) -> float:
        ordered = sorted(self.late)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0

    def told(self) -> str:
        shares = ", ".join(f"p{100 * one:g} {self.quantile(one):.1f}" for one in (0.5, 0.99, 0.999, 0.9999))
        names = ("lost", "early", "doubled", "effects", "wrong", "audited")
        counts = ", ".join(f"{name} {len(getattr(self, name))}" for name in names)
        return (
            f"seed {self.seed}: {self.timers:,} timers armed, {self.fired:,} fired; {counts}; "
            f"late {shares}, max {self.quantile(1):.1f} s; {dict(self.counts)}"
        )


class Mix:
    """One run. `acting`: the share of cases on the connection that acts. `tight`: of the cancellations and moves that
    come just as the case falls due. `outage`: the minutes from and to which nothing runs at all. `parts` takes a rule
    away. `full`: with the projections of the stream."""

    def __init__(
        self,
        seed: int,
        cases: int,
        odds: Odds = HEAVY,
        parts: Parts | None = None,
        *,
        full: bool = False,
        acting: float = 0.1,
        tight: float = 0.2,
        outage: tuple[int, int] | None = None,
    ) -> None:
        given, self._acting, self._tight = parts or Parts(), acting, tight
        given.bus = CountingBus
        self._full = full
        self.sim = Sim(seed=seed, odds=odds, parts=given, projecting=full)
        self.stories: dict[str, Story] = {}
        self.found = Findings(seed, timers=cases * STEPS)
        self._steps: dict[str, dict[tuple[str, str], tuple[int, bool]]] = {}
        self._taken: set[tuple[str, str, int]] = set()
        self.sim.watchers.append(self._written)
        connect(self.sim, WATCHED, acts=False, storm_limit=10**9)
        connect(self.sim, ACTING, acts=True, storm_limit=10**9)
        activate(self.sim, ACT)
        for number in range(cases):
            self._arm(number)
        for minute, down in zip(outage or (), (True, False), strict=False):
            self.sim.at(T0 + timedelta(minutes=minute), partial(setattr, self.sim, "down", down))
        self.sim.start()

    def _arm(self, number: int) -> None:
        rng = self.sim.rng
        name = ACTING if rng.random() < self._acting else WATCHED
        story = self.stories[f"{name}:order/{number}"] = Story()
        placed = T0 + timedelta(seconds=round(rng.uniform(1, HOURS * 0.75 * 3600), 3))
        drawn = rng.random()
        low, high = ((1, 600) if drawn < 0.3 else (600, 3600)) if drawn < 0.8 else (3600, 7200)
        due = placed + timedelta(seconds=round(rng.uniform(low, high), 3))
        self._tell(number, story, name, placed, placed, {"order.placed": placed}, due)
        drawn, span = rng.random(), (due - placed).total_seconds()
        # There the races are.
        moment = placed + timedelta(seconds=round(span * rng.random(), 3))
        if rng.random() < self._tight:
            moment = due + timedelta(milliseconds=rng.randrange(-100, 100))
        if drawn < 0.35:
            self._tell(number, story, name, moment, placed, {"order.cancelled": moment}, due)
        elif drawn < 0.55:
            moved = max(moment, placed) + timedelta(seconds=round(rng.uniform(1, span), 3))
            self._tell(number, story, name, moment, placed, {}, moved)
        elif drawn < 0.6:
            late = due + timedelta(seconds=rng.randrange(900, 3600))
            self._tell(number, story, name, late, placed, {"order.shipped": placed + (due - placed) / 3}, due)

    def _tell(
        self, number: int, story: Story, name: str, at: datetime, placed: datetime,
        marks: Mapping[str, datetime], due: datetime,
    ) -> None:  # fmt: skip
        event = {
            "id": f"e-{number}-{len(story.dues)}",
            "subject": {"kind": "order", "id": str(number)},
            "occurred_at": show(at),
            "version": len(story.dues) + 1,
            "marks": [{"name": mark, "at": show(when)} for mark, when in marks.items()],
            "facts": {"respond_by": show(due)},
        }
        story.dues.append((placed, due))
        self.sim.at(at, partial(story.tell, self.sim, name, event))

    def _written(self, case: Case, now: datetime) -> None:
        name = case.id.local
        if name not in self.stories:
            return  # a penalty: a case of our own, with steps of its own
        known = self._steps.get(name, {})
        self._steps[name] = after = {}
        story = self.stories[name]
        for key, state in case.ledger.steps.items():
            after[key] = (state.generation, state.withdrawn)
            if state.withdrawn or known.get(key) == (state.generation, False):
                continue
            taking = (name, key[1], state.generation)
            if taking in self._taken:
                self.found.doubled.append(f"{name} {key[1]} {state.generation}")
            self._taken.add(taking)
            self.found.fired += 1
            self.found.late.append((now - max(state.at, story.heard)).total_seconds())
            stood = [one for each in story.dues if abs(state.at - (one := _instant(key[1], *each))) < MILLISECOND]
            if not stood or now < min(stood):
                self.found.early.append(f"{name} {key[1]} at {now}, stood at {state.at}")

    def run(self) -> Findings:
        sim = self.sim
        sim.run(T0 + timedelta(hours=HOURS * 1.25))
        sim.calm = True
        sim.run(sim.clock.now() + TAIL)
        self._judge()
        found = self.found
        found.counts = Counter({**sim.counts, **{f"call {kind}": n for kind, n in sim.faults.items()}})
        found.counts["dead letters"] = len(sim.dead)
        found.counts["looks"] = sim.shop.looks
        return found

    def _judge(self) -> None:
        """Each case against one fresh judgement of everything that was told about it, in one go."""
        sim, found = self.sim, self.found
        policies, now = Policies.always(ACT), sim.clock.now()
        for name, story in self.stories.items():
            connection, _, ident = name.partition(":order/")
            case_id = CaseId("main", connection, Subject("order", ident))
            case = sim.bare.cases("main").get(case_id)
            told = merge_all(NOTHING, [read_event(event) for event in story.events])
            if _values(case.evidence, now) != _values(told, now):
                found.lost.append(f"{name}: evidence {_values(case.evidence, now)}, told {_values(told, now)}")
            wanted = evaluate(Case(case_id, told), policies, Calendars(), now)
            stands = {(one.clock, one.step) for one in wanted.taken}
            held = {key for key, state in case.ledger.steps.items() if not state.withdrawn}
            found.lost += [f"{name} {step}" for _, step in sorted(stands - held)]
            found.wrong += [f"{name} {step} stands though it is not due" for _, step in sorted(held - stands)]
            clocks = {one.clock: one.status for one in wanted.clocks}
            if clocks != {clock: state.status for clock, state in case.ledger.clocks.items()}:
                found.wrong.append(f"{name}: clocks {case.ledger.clocks}, wanted {clocks}")
            self._judge_actions(case)
        found.effects += sim.shop.doubled()
        self._audit()

    def _audit(self) -> None:
        """What the product's own proof says of the table at the end."""
        ports = self.sim.bare
        shops, book = Shops(ports), Rulebook(ports)
        audit = Audit(ports, shops, book, Project(ports, shops, book, Teller(ports)))
        journal = told_of(ports, "main") if self._full else None
        with contextlib.redirect_stdout(None):
            report = audit.page("main", most=10**9, journal=journal, mend=False).report
        self.found.audited = [f"{one.case} {one.problem} {one.detail}" for one in report.findings]

    def _judge_actions(self, case: Case) -> None:
        shop = self.sim.shop
        for key, action in case.ledger.actions.items():
            full = f"{case.id}|{key}"
            if action.state in OPEN_STATES and not action.hold:
                self.found.lost.append(f"{full} is still {action.state.value}")
            if action.state is ActionState.UNKNOWN and shop.kinds.get(full, NEVER) != NEVER:
                self.found.lost.append(f"{full}: nobody knows its outcome")
            if action.state is ActionState.DONE and action.name != "penalise" and not shop.effects[full]:
                self.found.lost.append(f"{full} is called done, and the shop knows nothing of it")
            if shop.effects[full] and action.state not in (ActionState.DONE, ActionState.UNKNOWN):
                self.found.wrong.append(f"{full} took effect and is called {action.state.value}")


def _instant(step: str, placed: datetime, due: datetime) -> datetime:
    """When a step stands, by the arithmetic of its definition."""
    if step in SHARES:
        return placed + (due - placed) * SHARES[step]
    return due + timedelta(seconds=AFTER[step])


def _values(evidence: Evidence, now: datetime) -> object:
    """What a rule sees; a look may have said the same as a webhook, and then its stamp differs."""
    view = View(evidence, now)
    marks = {mark: [one.at for one in view.marks(mark)] for mark, _ in sorted(evidence.marks)}
    return marks, view.fact("respond_by")


def play(seed: int, cases: int, full: bool = False) -> Findings:
    return Mix(seed, cases, full=full).run()


def again(seed: int, cases: int, full: bool) -> str:
    """What to type to see a run again."""
    return f".venv/bin/python -m tests.sim.mix --seed {seed} --cases {cases}{' --full' if full else ''}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--full", action="store_true", help="with the projections of the stream")
    args = parser.parse_args()
    found = play(args.seed, args.cases, args.full)
    print(found.told())
    for line in found.bad()[:20]:
        print(line)
    return 1 if found.bad() else 0


if __name__ == "__main__":
    sys.exit(main())
