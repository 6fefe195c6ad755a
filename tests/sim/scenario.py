"""One small shop's hour with everything in it: an order, a refund with its return and inspection, a complaint, a pause,
a change of policy, penalties, and late facts that heal them. Run undisturbed it is the measure of every disturbed run.

Limits are minutes instead of days, so that a run is short; what comes after one another is far enough apart for a
crashed function to be recovered in between (a lease of 90 s, a lost message found after two minutes).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.core.case import Case
from chalicelib.core.evidence import Evidence, merge_all
from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Pause, Point, Policy, Rule, Share, Span, Step
from chalicelib.core.wire import read_event
from chalicelib.core.words import ActionState
from chalicelib.flow.project import PENALTIES, lines
from tests.sim.bazaar import NEVER, REPEAT
from tests.sim.engine import Sim
from tests.sim.furnish import activate, connect, subscribe
from tests.sim.parts import Parts
from tests.sim.sites import Plan, never
from tests.support.world import T0

END = 47
_INSTANT = re.compile(r"datetime\.date(time)?\([^()]*(tzinfo=[^()]*)?\)|\d{4}-\d\d-\d\dT[0-9:.]+Z")
Watch = Callable[[Case, datetime], None]
SHIP = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(10 * 60),
    void=(Point("order.cancelled"),),
    steps=(
        Step("half", Share(50), (Do("remind_seller"),)),
        Step("eve", FromDue(-60), (Do("alert", {"severity": "warning"}),)),
        Step("breach", FromDue(0), (Do("alert", {"severity": "error"}), Do("tag", {"tag": "late"}), Do("hold"))),
        Step("fine", FromDue(6 * 60), (Do("penalise", {"code": "late-ship", "points": 4}), Do("suspend"))),
    ),
)  # fmt: skip
REFUND = Rule(
    "refund-in-time", "refund", Point("return.received"), (Point("refund.paid"),), Span(8 * 60),
    pause=(Pause("inspection.started", "inspection.ended"),),
    steps=(
        Step("due", FromDue(0), (Do("warn_seller"),)),
        Step("good", FromDue(2 * 60), (Do("refund", {"amount": "5.00"}),)),
    ),
)  # fmt: skip


def reply(minutes: int) -> Rule:
    return Rule(
        "reply", "complaint", Point("complaint.opened"), (Point("complaint.first_reply"),), Span(minutes * 60),
        steps=(
            Step("half", Share(50), (Do("message_buyer"),)),
            Step("breach", FromDue(0), (Do("alert", {"severity": "error"}), Do("note"))),
            Step("fine", FromDue(5 * 60), (Do("delist"),)),
        ),
    )  # fmt: skip


def demo(number: int, minutes: int) -> Policy:
    return Policy("demo", number, f"d{number}", (SHIP, REFUND, reply(minutes)))


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def _event(subject: str, at: float, marks: Mapping[str, float], **facts: str) -> dict[str, Any]:
    kind, _, ident = subject.partition("/")
    return {
        "id": f"{subject}-{at}",
        "subject": {"kind": kind, "id": ident},
        "occurred_at": show(minute(at)),
        "marks": [{"name": name, "at": show(minute(when))} for name, when in marks.items()],
        "facts": facts,
        "links": [] if kind == "order" else [{"rel": "order", "kind": "order", "id": "1"}],
    }


ORDER, BACK, COMPLAINT, SPARE = "order/1", "refund/1", "complaint/1", "order/2"
HOUR: tuple[tuple[float, str, Mapping[str, float], Mapping[str, str]], ...] = (
    (0, ORDER, {"order.placed": 0}, {"amount": "20.00", "currency": "EUR", "category": "toys"}),
    (1, COMPLAINT, {"complaint.opened": 1}, {"reason": "late"}),
    (1.5, SPARE, {"order.placed": 1.5}, {"amount": "7.00", "currency": "EUR"}),
    (2, BACK, {"return.received": 2}, {"currency": "EUR"}),
    (4, BACK, {"inspection.started": 4}, {}),
    (4.5, SPARE, {"order.shipped": 4.5}, {}),
    (7, BACK, {"inspection.ended": 7}, {}),
    # Long after its penalty: the parcel had left in time.
    (29, ORDER, {"order.shipped": 8}, {}),
    (34, BACK, {"refund.paid": 33}, {}),
)
"""What the shop tells: when, about what, marks (each with the minute it happened at), facts."""


def _tell(sim: Sim, event: Mapping[str, Any]) -> None:
    sim.deliver(sim.shop.learn(event))


def _tell_all(sim: Sim, subject: str) -> None:
    sim.deliver(sim.shop.whole(subject))


def play(plan: Plan = never, *, tracing: bool = False, parts: Parts | None = None, watch: Watch | None = None) -> Sim:
    """The scenario from its beginning to the time when everything has come to rest."""
    sim = Sim(plan=plan, tracing=tracing, parts=parts or Parts())
    if watch is not None:
        sim.watchers.append(watch)
    connect(sim)
    subscribe(sim, "penalty")
    activate(sim, demo(1, 6))
    for at, subject, marks, facts in HOUR:
        sim.at(minute(at), partial(_tell, sim, _event(subject, at, marks, **facts)))
    # Brought into force before the complaint's fine falls due, for a later minute: the breach turns out to be none.
    sim.at(minute(9), lambda: activate(sim, demo(2, 600), minute(22), retroactive=True))
    for subject in (ORDER, BACK, COMPLAINT, SPARE):
        sim.at(minute(38), partial(_tell_all, sim, subject))
    sim.start()
    sim.run(minute(END))
    return sim


@dataclass(frozen=True)
class Outcome:
    """What must be equal, whatever happened on the way."""

    evidence: Mapping[str, object]
    clocks: Mapping[str, object]
    steps: Mapping[str, object]
    actions: Mapping[str, object]
    effects: Mapping[str, int]
    state: frozenset[tuple[str, str]]
    told: frozenset[tuple[str, ...]]
    penalties: tuple[object, ...]
    purses: tuple[object, ...]
    journal: Mapping[str, object]
    wakes: Mapping[str, object]
    dead: int


def outcome(sim: Sim) -> Outcome:
    cases = {case.id.local: case for case in sim.cases()}
    ours = {name for name, case in cases.items() if case.id.subject.kind == "penalty"}
    records = sim.bare.records("main")

    def of(name: str, one: object) -> object:
        return plain(one) if name in ours else one

    return Outcome(
        evidence={name: of(name, case.evidence) for name, case in cases.items()},
        clocks={name: of(name, case.ledger.clocks) for name, case in cases.items()},
        steps={name: of(name, case.ledger.steps) for name, case in cases.items()},
        actions={name: of(name, _actions(case)) for name, case in cases.items()},
        effects={key: count for key, count in sim.shop.effects.items() if sim.shop.kinds[key] != NEVER},
        state=frozenset(sim.shop.state),
        told=frozenset(told(event) for event in sim.bus.events),
        penalties=tuple(plain({**one.data, "sequence": 0}) for one in records.query(PENALTIES)),
        purses=tuple(sorted((key, entry["amount"], entry["done"] is not None) for one in records.query("purses")
                            for key, entry in one.data["entries"].items())),
        journal={name: of(name, told) for name, told in replayed(sim).items()},
        wakes={name: of(name, case.wake_at) for name, case in cases.items()},
        dead=len(sim.dead),
    )  # fmt: skip


def plain(one: object) -> object:
    """Without instants: a penalty is imposed and reversed when we do it, and a recovery does it a little later."""
    if isinstance(one, Evidence):
        one = [
            sorted(map(repr, part)) for part in (one.marks.items(), one.facts.items(), one.wholes.items(), one.links)
        ]
    elif isinstance(one, Mapping):
        one = sorted(map(repr, one.items()))
    return _INSTANT.sub("...", repr(one))


def _actions(case: Case) -> Mapping[str, object]:
    """Without what a recovery may leave: tries, doubt, and, of a lever that bears none, an outcome nobody knows."""
    found = {}
    for key, action in case.ledger.actions.items():
        state = action.state
        if REPEAT.get(action.name) == NEVER and state is ActionState.UNKNOWN:
            state = ActionState.DONE
        found[key] = replace(
            action, state=state, attempts=0, lease=None, unsure=False, try_at=T0, handle="", reason=""
        )  # fmt: skip
    return found


def told(event: Mapping[str, Any]) -> tuple[str, ...]:
    """What an escalation says, without its sequence; of a lever that bears no repetition, unknown stands for done."""
    data = event["data"]
    kind, action = str(event["type"]).removeprefix("redress."), str(data.get("action", ""))
    if kind == "action.unknown" and REPEAT.get(action) == NEVER:
        kind = "action.done"
    return kind, str(data["case"]), str(data.get("clock", "")), str(data.get("step", "")), action


def replayed(sim: Sim) -> Mapping[str, Evidence]:
    """The evidence that the journal alone gives back."""
    events: dict[str, list[Any]] = {}
    for line in lines(sim.bare, "main"):
        data = json.loads(line)
        event = read_event({key: value for key, value in data.items() if key != "connection"})
        events.setdefault(f"{data['connection']}:{event.subject}", []).append(event)
    return {name: merge_all(Evidence(), each) for name, each in events.items()}


def differences(wanted: Any, found: Any) -> list[str]:
    """What is not as it should be between two outcomes, in words."""
    problems = []
    for name in type(wanted).__dataclass_fields__:
        one, other = getattr(wanted, name), getattr(found, name)
        if one == other:
            continue
        if isinstance(one, Mapping):
            keys = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
            problems.append(f"{name}: " + "; ".join(f"{key}: {one.get(key)} became {other.get(key)}" for key in keys))
        elif isinstance(one, frozenset):
            problems.append(f"{name}: missing {sorted(one - other)}, added {sorted(other - one)}")
        else:
            problems.append(f"{name}: {one} became {other}")
    return problems
