"""A whole Redress in memory: ports, consumers, platforms, one clock. Tests send deliveries in and move time on."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core import compiled
from chalicelib.core.calls import Call, Reply
from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.core.rules import Policy
from chalicelib.core.signing import signed_headers
from chalicelib.flow import rulebook as books
from chalicelib.flow.act import Actor
from chalicelib.flow.advance import Advance
from chalicelib.flow.apply import Apply
from chalicelib.flow.batch import Consumer
from chalicelib.flow.hook import Hook
from chalicelib.flow.post import subscriber_context
from chalicelib.flow.project import Change, Project
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops, context_of
from chalicelib.flow.sweep import Sweep
from chalicelib.flow.tell import Subscription, Teller, write_subscription
from chalicelib.flow.wake import Wake
from chalicelib.ports.memory import (
    CaseTable,
    ManualClock,
    MemoryBlobs,
    MemoryBus,
    MemoryCases,
    MemoryConnections,
    MemoryQueue,
    MemoryRecords,
    MemoryVault,
    MemoryWakeIndex,
    RecordTable,
)
from chalicelib.ports.ports import GivenPorts, Ports
from chalicelib.ports.stores import Connection, SealedSecret

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECRET = "whsec_" + "c2VjcmV0LW9mLWEtdGVzdC1zaG9wLTAxMjM="
TOKEN = "main.shop-1.token"


class Shop:
    """The far end of every outgoing call: answers through a function, remembers what was asked."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answer: Callable[[Call], Reply] = lambda call: Reply(200, {}, b'{"state": "done"}')

    def send(self, call: Call) -> Reply:
        self.calls.append(call)
        return self.answer(call)

    def actions(self) -> list[dict[str, Any]]:
        return [json.loads(call.body) for call in self.calls if call.url.endswith("/actions")]


@dataclass
class World:
    """The shell over memory. `run` works all queues off until nothing more is due now."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(T0))
    shop: Shop = field(default_factory=Shop)

    def __post_init__(self) -> None:
        self.table, self.rows = CaseTable(clock=self.clock), RecordTable()
        self.dead = MemoryQueue(self.clock)
        queues = {name: MemoryQueue(self.clock, dead=self.dead) for name in ("inbox", "wakes", "late", "actions")}
        self.queues = queues
        self.blobs, self.bus = MemoryBlobs(), MemoryBus()
        self.ports: Ports = GivenPorts(
            clock=self.clock,
            cases=lambda account: MemoryCases(account, self.table),
            records=lambda account: MemoryRecords(account, self.clock, self.rows),
            wake_index=MemoryWakeIndex(self.table),
            connections=MemoryConnections(),
            vault=MemoryVault(),
            blobs=self.blobs,
            bus=self.bus,
            inbox=queues["inbox"],
            wakes=queues["wakes"],
            late=queues["late"],
            actions=queues["actions"],
            http=self.shop,
        )
        self.boot()

    def boot(self) -> None:
        """Build the consumers anew, as a fresh process would."""
        shops, rulebook, teller = Shops(self.ports), Rulebook(self.ports), Teller(self.ports)
        advance = Advance(self.ports, shops, rulebook)
        wake = Wake(self.ports, advance)
        self.hook = Hook(self.ports, shops)
        self.sweep = Sweep(self.ports)
        self.project = Project(self.ports, shops, rulebook, teller)
        self.consumers: dict[str, Consumer] = {
            "inbox": Apply(self.ports, shops, rulebook, advance, teller),
            "wakes": wake,
            "late": wake,
            "actions": Actor(self.ports, shops, rulebook, advance),
        }

    # ---- what ops set up ----

    def connect(self, platform: str = "standard", name: str = "shop-1", **more: Any) -> Connection:
        token = f"main.{name}.token"
        credentials = json.dumps(more.pop("credentials", {"secret": SECRET})).encode()
        vault = self.ports.vault
        return self.ports.connections.put(
            Connection(
                "main",
                name,
                platform,
                hashlib.sha256(token.encode()).hexdigest(),
                (SealedSecret(vault.encrypt(SECRET.encode(), context_of("main", name, "secrets"))),),
                vault.encrypt(credentials, context_of("main", name, "credentials")),
                options=more.pop(
                    "options", {"actions_url": "https://shop.example/actions", "look_url": "https://shop.example/look"}
                ),
                modes=more.pop("modes", dict.fromkeys(("tell", "seller", "buyer", "shop", "money", "penalty"), "act")),
                **more,
            )
        )

    def activate(self, *policies: Policy, at: datetime | None = None, retroactive: bool = False) -> None:
        records = self.ports.records("main")
        held = records.get(books.KIND, books.ACTIVE)
        activations = list(held.data["activations"]) if held else []
        for policy in policies:
            body = json.dumps(compiled.dump(compiled.sealed(policy))).encode()
            self.blobs.put(books.blob_key("main", policy.name, policy.number), body)
            activations.append(
                {
                    "name": policy.name,
                    "number": policy.number,
                    "at": show(at) if at else None,
                    "retroactive": retroactive,
                }
            )
        records.put(books.KIND, books.ACTIVE, {"activations": activations})

    def subscribe(
        self, name: str = "pager", url: str = "https://alerts.example/in", types: tuple[str, ...] = ()
    ) -> None:
        sealed = self.ports.vault.encrypt(json.dumps([SECRET]).encode(), subscriber_context("main", name))
        self.ports.records("main").put(
            "subscribers", name, write_subscription(Subscription(name, url, types, True, sealed))
        )

    # ---- what the world sends ----

    def request(self, body: bytes, headers: Mapping[str, str] | None = None, token: str = TOKEN) -> dict[str, Any]:
        headers = {"content-type": "application/json", **(headers or {})}
        return self.hook(
            {"headers": headers, "body": body.decode("utf-8", "surrogateescape"), "pathParameters": {"token": token}}
        )

    def deliver(self, *events: dict[str, Any], name: str = "shop-1") -> dict[str, Any]:
        """Signed events through the hook, as one array where there are several."""
        body = json.dumps(events[0] if len(events) == 1 else list(events)).encode()
        ident = "msg_" + hashlib.sha256(body).hexdigest()[:16]
        return self.request(body, signed_headers(ident, self.clock.now(), body, SECRET), f"main.{name}.token")

    # ---- time ----

    def run(self) -> None:
        """Work everything off that is due now."""
        for _ in range(1000):
            busy = False
            for name, queue in self.queues.items():
                held = queue.receive(10)
                if held:
                    busy = True
                    failed = set(self.consumers[name]([(one.id, one.body) for one in held]))
                    for one in held:
                        if one.id not in failed:
                            queue.delete(one)
            changes = self.table.pending()
            if changes:
                busy = True
                first = self.streamed = getattr(self, "streamed", 0)
                given = [
                    Change(f"{first + n:08d}", one.old, one.new, self.clock.now()) for n, one in enumerate(changes)
                ]
                failed_at = self.project(given)
                done = next((n for n, one in enumerate(given) if failed_at and one.id == failed_at[0]), len(given))
                self.table.done(done)
                self.streamed += done
            if not busy:
                return
        raise AssertionError("the queues never come to rest")

    def pass_time(self, span: timedelta) -> None:
        """Move the clock on, minute by minute as the sweep runs and at each message that falls due between."""
        end = self.clock.now() + span
        self.run()
        while self.clock.now() < end:
            minute = (self.clock.now() + timedelta(minutes=1)).replace(second=0, microsecond=0)
            times = [queue.next_at() for queue in self.queues.values()]
            coming = [at for at in times if at is not None and at > self.clock.now()]
            now = min([minute, end, *coming])
            self.clock.set(now)
            if now == minute:
                self.sweep(minute)
            self.run()

    # ---- what came of it ----

    def case(self, subject: str, name: str = "shop-1") -> Case:
        kind, _, ident = subject.partition("/")
        return self.ports.cases("main").get(CaseId("main", name, Subject(kind, ident)))

    def told(self, kind: str = "") -> list[Mapping[str, Any]]:
        """Events on the bus, by type without the prefix."""
        return [event for event in self.bus.events if event["type"].startswith(f"redress.{kind}")]


def placed(order: str = "1001", at: datetime = T0, **facts: Any) -> dict[str, Any]:
    return event(order, at, {"order.placed": at}, **facts)


def event(
    order: str, at: datetime, marks: Mapping[str, datetime | None], kind: str = "order", **facts: Any
) -> dict[str, Any]:
    """A `standard` event in wire form."""
    told: dict[str, Any] = {
        "id": f"e-{order}-{'-'.join(marks)}-{show(at)}",
        "subject": {"kind": kind, "id": order},
        "occurred_at": show(at),
        "marks": [{"name": name, "at": show(when) if when else None} for name, when in marks.items()],
    }
    for name in ("seller", "buyer"):
        if name in facts:
            told[name] = facts.pop(name)
    if facts:
        told["facts"] = facts
    return told


def states(case: Case) -> Sequence[str]:
    """`action:state` of a case's actions, in order of their keys."""
    return [f"{action.name}:{action.state.value}" for _, action in sorted(case.ledger.actions.items())]
