"""What a deployment does beside its deadlines, in an hour and a quarter: a store connected, asked what our access may
do, its last orders, its subscriptions, a trial and its past; credentials renewed; what nobody can read put aside and
replayed; silence watched; a penalty with its place in the register; the audit and the sellers' round; a store left.

A call of the ops API that failed is made again by its person a minute later, a turn of a night by the next turn.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, cast

from chalicelib.connections.connect import Request, connect
from chalicelib.connections.leaving import lift
from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Span, Step
from chalicelib.core.words import MARKS, Group
from chalicelib.flow import checkup, quarantine
from chalicelib.flow.advance import Advance
from chalicelib.flow.nightly import last
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops, context_of
from chalicelib.ops.wrong import Clash
from chalicelib.platforms import registry
from chalicelib.platforms.base import Later, Refused, Session
from chalicelib.platforms.keeping import Asking
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection, SealedSecret
from tests.sim.bazaar import NEVER, OPTIONS, Bazaar
from tests.sim.engine import MINUTE, Sim
from tests.sim.furnish import activate, subscribe
from tests.sim.parts import BEAT
from tests.sim.scenario import Watch, plain, replayed, told
from tests.sim.sites import Plan, never
from tests.support.keeper import API, HOOKS, Keeper, Site
from tests.support.world import SECRET, T0, World

END = 75
HOOK = f"{HOOKS}/hooks/main.shop-1.token"
RULE = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(10 * 60),
    steps=(
        Step("breach", FromDue(0), (Do("tag", {"tag": "late"}), Do("hold"))),
        Step("fine", FromDue(2 * 60), (Do("penalise", {"code": "late-ship", "points": 4}), Do("suspend"))),
    ),
)  # fmt: skip
PASSING = frozenset(
    ["sweep", "breaker", "seen", "storms", "audits", "keys", "seller-links", "credentials", "penalty-statements"]
)
"""Kinds of records that tell how something came about, or hold what chance has made. What became of a renewal may be
lost for those who cannot open credentials; the credentials themselves may not. Of a penalty's statement the first
stays, so that nobody who loses the race for it writes again."""


COUNTING = frozenset(["tries", "skew", "words", "sequence", "number", "parts", "trail", "recent"])


class Market(Keeper):
    """A platform that can be asked everything, with levers of all kinds, and credentials that end."""

    name = "market"
    levers = Bazaar.levers

    def expires(self, credentials: Mapping[str, str]) -> Any:
        return parse_instant(credentials["expires_at"])

    def ended(self, credentials: Mapping[str, str], reply: Reply) -> bool:
        return reply.status == 401

    def refresh(self, session: Session) -> Asking[Mapping[str, str]]:
        said = json.dumps({"refresh": session.credentials["refresh_token"]}).encode()
        reply = yield Call("POST", f"{API}/token", {}, said)
        if reply.status == 429:
            return Later(7)
        return json.loads(reply.body) if reply.status == 200 else Refused(f"http {reply.status}")


class Street(Site):
    """The market's own side, the shop's levers, and the address that is told of clean nights. New credentials are given
    for the newest ones, and given again for those just before: their answer may have been lost."""

    def __init__(self, sim: Sim) -> None:
        super().__init__(cast(World, _Door(sim)))
        self._sim = sim
        self.beats = self.pair = 0

    def send(self, call: Call) -> Reply:
        if call.url == BEAT:
            self.beats += 1
            return Reply(200)
        if call.url == f"{API}/token":
            return self._renew(json.loads(call.body)["refresh"])
        return super().send(call) if call.url.startswith((API, HOOKS)) else self._sim.shop.send(call)

    def _renew(self, shown: str) -> Reply:
        if shown not in (f"r-{self.pair}", f"r-{self.pair - 1}"):
            return Reply(400)
        self.pair += shown == f"r-{self.pair}"
        return Reply(200, {}, json.dumps(credentials(self.pair, self._sim)).encode())


class _Door:
    """The deployment's own hook, called over the network."""

    def __init__(self, sim: Sim) -> None:
        self.clock, self._sim = sim.clock, sim

    def hook(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        fine, answer = self._sim.activate_function("hook", lambda hook: hook(event))
        return answer if fine else {"statusCode": 502, "body": ""}


def credentials(number: int, sim: Sim) -> dict[str, str]:
    ends = sim.clock.now() + (timedelta(hours=12) if number else 5 * MINUTE)
    return {"secret": SECRET, "refresh_token": f"r-{number}", "expires_at": show(ends)}


Job = Callable[[Ports], object]


def _press(sim: Sim, job: Job) -> None:
    """A person calls the ops API, and once more where it failed."""
    fine, _ = sim.activate_function("ops", job)
    if not fine:
        sim.at(sim.clock.now() + MINUTE, partial(_press, sim, job))


def _ask(task: str, **said: Any) -> Job:
    return lambda ports: checkup.ask(ports, "main", "shop-1", task, said)


def _corner(ports: Ports) -> None:
    try:
        connect(ports, "main", Request("corner", "standard"), HOOKS, MARKS)
    except Clash:
        # The answer was lost, and its secret with it: a person has it rotated.
        return


def _observe(ports: Ports) -> None:
    found = ports.connections.get("main", "shop-1")
    assert found is not None
    ports.connections.put(replace(found, modes=dict.fromkeys(found.modes, "observe")))


def _lift(ports: Ports) -> None:
    found = ports.connections.get("main", "shop-1")
    assert found is not None
    lift(ports, Advance(ports, Shops(ports), Rulebook(ports)), found)


PRESSED: tuple[tuple[float, Job], ...] = (
    (1, _ask("probe")),
    (2, _ask("sample", mapping=None, preview=3)),
    (3, _ask("subscriptions", mend=True)),
    (4, _ask("trial")),
    (5, _ask("backfill", since=show(T0 - timedelta(days=3)))),
    (7, _corner),
    (30, lambda ports: quarantine.replay(ports, "main")),
    (44, _observe),
    (46, _ask("leave")),
    (47, _lift),
    (56, _lift),
    (65, _lift),
)


def play(plan: Plan = never, *, tracing: bool = False, watch: Watch | None = None) -> Sim:
    """The hour and a quarter, and what is left of it at its end."""
    registry.add(cast(Any, Market()))
    sim = Sim(plan=plan, tracing=tracing)
    if watch is not None:
        sim.watchers.append(watch)
    sim.far = street = Street(sim)
    _store(sim)
    subscribe(sim, "penalty")
    activate(sim, Policy("demo", 1, "d1", (RULE,)))
    street.orders = {
        "1": (T0, "packed"),
        "b-1": (T0 - timedelta(days=2), "sent"),
        "b-2": (T0 - timedelta(days=1), "packed"),
    }
    order = {
        "id": "e-1", "subject": {"kind": "order", "id": "1"}, "seller": "s-17", "occurred_at": show(T0),
        "marks": [{"name": "order.placed", "at": show(T0)}], "facts": {"amount": "20.00", "currency": "EUR"},
    }  # fmt: skip
    sim.at(T0, lambda: sim.deliver(order))
    sim.at(T0 + 6 * MINUTE, lambda: sim.deliver({**order, "id": "e-2", "occurred_at": "yesterday"}))
    for at, job in PRESSED:
        sim.at(T0 + at * MINUTE, partial(_press, sim, job))
    for minute in range(5, END, 5):
        sim.at(T0 + minute * MINUTE, partial(_turn, sim, "silence", ()))
    for minute in (35, 50, 65):
        for function, after in (("audit", 0), ("sellers", 1)):
            turn = T0 + (minute + after) * MINUTE
            sim.at(turn, partial(_turn, sim, function, (turn,)))
    sim.start()
    sim.run(T0 + END * MINUTE)
    return sim


def _turn(sim: Sim, function: str, said: tuple[datetime, ...]) -> None:
    sim.activate_function(function, lambda turn: turn(*said))


def _store(sim: Sim) -> None:
    def sealed(what: str, plain: str) -> bytes:
        return sim.bare.vault.encrypt(plain.encode(), context_of("main", "shop-1", what))

    sim.bare.connections.put(
        Connection(
            "main", "shop-1", "market", sha256(b"main.shop-1.token").hexdigest(),
            (SealedSecret(sealed("secrets", SECRET)),), sealed("credentials", json.dumps(credentials(0, sim))),
            options=OPTIONS, modes=dict.fromkeys((str(one) for one in Group), "act"), acts_from=T0,
            hook=sealed("hook", HOOK),
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What must be equal, whatever happened on the way; instants and versions apart."""

    cases: Mapping[str, object]
    records: Mapping[str, object]
    connections: Mapping[str, object]
    credentials: str
    hooks: Mapping[str, object]
    effects: Mapping[str, int]
    state: frozenset[tuple[str, str]]
    told: frozenset[tuple[str, ...]]
    journal: Mapping[str, object]
    objects: frozenset[str]
    audited: object
    beats: bool
    dead: int


def outcome(sim: Sim) -> Outcome:
    street = cast(Street, sim.far)
    shop = sim.bare.connections.get("main", "shop-1")
    assert shop is not None
    opened = json.loads(sim.bare.vault.decrypt(shop.credentials, context_of("main", "shop-1", "credentials")))
    night = last(sim.bare, "main")
    connections = {name: sim.bare.connections.get("main", name) for name in sim.bare.connections.names("main")}
    return Outcome(
        cases={case.id.local: [plain(case.evidence), plain(case.ledger.steps), _ended(case.ledger.actions)]
               for case in sim.cases()},
        records=dict(_records(sim)),
        connections={name: (one.platform, one.modes, one.options, len(one.secrets), bool(one.hook))
                     for name, one in connections.items() if one is not None},
        credentials=f"{opened['refresh_token']} of {street.pair}",
        hooks=Counter(f"{one['topic']} {one['state']}" for one in street.hooks.values()),
        effects={key: count for key, count in sim.shop.effects.items() if sim.shop.kinds[key] != NEVER},
        state=frozenset(sim.shop.state),
        told=frozenset(told(event) for event in sim.bus.events),
        journal={name: plain(one) for name, one in replayed(sim).items()},
        objects=frozenset(key for key in sim.blobs.keys("quarantine/")),
        audited=night and night["report"]["problems"],
        beats=bool(street.beats),
        dead=len(sim.dead),
    )  # fmt: skip


def _ended(actions: Mapping[str, Any]) -> object:
    return {key: (one.name, one.state, one.hold) for key, one in actions.items()}


def _records(sim: Sim) -> Any:
    """Every record of the deployment, in words."""
    for place in sorted(sim.rows.rows):
        account, _, kind = place.partition(":")
        if kind not in PASSING:
            for record in sim.bare.records(account).query(kind):
                yield f"{kind}/{record.sort}", plain(_timeless(record.data))


def _timeless(value: Any) -> Any:
    """Without milliseconds, and without what counts or tells tries, turns and writes."""
    if isinstance(value, Mapping):
        return {name: _timeless(one) for name, one in sorted(value.items()) if name not in COUNTING}
    if isinstance(value, list | tuple):
        return [_timeless(one) for one in value]
    return "an instant" if isinstance(value, int) and value > 10**11 else value
