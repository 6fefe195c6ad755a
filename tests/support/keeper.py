"""A platform that can be asked everything, and its far end in memory: subscriptions, rights, orders, faults on request.
Beside it the hook of a world, so that what is sent to its address goes the whole way."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.instants import cut, parse_instant, show
from chalicelib.core.signing import signed_headers
from chalicelib.flow.shops import context_of
from chalicelib.platforms import registry
from chalicelib.platforms.base import Delivery, Done, Later, Looking, Read, Refused, Session, Shop, Steps
from chalicelib.platforms.keeping import Asking, Probe, Recent, Subscription, Trial
from chalicelib.platforms.standard import Standard
from chalicelib.ports.stores import Connection
from tests.support.world import T0, World

API = "https://shop.example/api"
HOOKS = "https://hooks.example"
PAGE = 20


class Plain(Standard):
    """As Keeper, but it offers nothing beyond the contract of every adapter."""

    name = "plain"
    trial: Any = None

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        return Read(ignored="ping") if delivery.body == b'{"ping":true}' else super().read(delivery, shop)

    def look(self, subject: Subject, session: Session) -> Looking:
        if subject.kind == "connection":
            told = yield from _ask("GET", f"changed/{subject.id}")
            if isinstance(told, Refused | Later):
                return told
            looks = [Subject("order", one) for one in told["orders"]]
            return Read(looks=(*looks, *(Subject("connection", one) for one in told["next"])))
        told = yield from _ask("GET", f"orders/{subject.id}")
        if isinstance(told, Refused | Later):
            return told
        at = parse_instant(told["at"])
        marks = [Mark("order.placed", at)]
        if f"status:{told['status']}" in session.shop.mapping.get("order.shipped", ()):
            marks.append(Mark("order.shipped", at + timedelta(hours=1)))
        return Read(events=(Event("look", subject, at, at, look=True, marks=tuple(marks)),))


class Keeper(Plain):
    """Offers all of `platforms.keeping` but credentials that end."""

    name = "keeper"
    topics = ("orders", "refunds")

    def subscriptions(self, session: Session) -> Asking[tuple[Subscription, ...]]:
        told = yield from _ask("GET", "hooks")
        if isinstance(told, Refused | Later):
            return told
        return tuple(Subscription(one["id"], one["url"], (one["topic"],), one["state"]) for one in told["hooks"])

    def subscribe(self, session: Session, url: str, topics: tuple[str, ...]) -> Steps:
        assert session.secrets, "a subscription is made with the hook's secret"
        return (yield from _do("POST", "hooks", {"url": url, "topics": list(topics)}))

    def resume(self, session: Session, one: Subscription) -> Steps:
        return (yield from _do("PUT", f"hooks/{one.id}", {}))

    def unsubscribe(self, session: Session, one: Subscription) -> Steps:
        return (yield from _do("DELETE", f"hooks/{one.id}", {}))

    def probe(self, session: Session) -> Asking[Probe]:
        told = yield from _ask("GET", "me")
        if isinstance(told, Refused | Later):
            return told
        missing = {one: "hold, release" for one in ("write_holds",) if one not in told["rights"]}
        clock = cut(parsedate_to_datetime(told["date"]).astimezone(UTC))
        return Probe("Demo", "2026-10", None, frozenset(told["rights"]), missing, clock, ("refunds cost a fee",))

    def recent(self, session: Session, count: int) -> Asking[Recent]:
        told = yield from _ask("GET", f"last/{count}")
        if isinstance(told, Refused | Later):
            return told
        places = {f"status:{status}": number for status, number in told["statuses"].items()}
        shipped = tuple(place for place in ("status:sent",) if place in places)
        subjects = tuple(Subject("order", one) for one in told["orders"])
        return Recent(subjects, places, {"order.shipped": shipped} if shipped else {})

    def trial(self, shop: Shop, secret: str, now: datetime) -> Trial:
        body = b'{"ping":true}'
        return Trial(body, {"content-type": "application/json", **signed_headers("ping", now, body, secret)})


def _ask(method: str, path: str, said: object = None) -> Any:
    reply = yield Call(method, f"{API}/{path}", {}, b"" if said is None else json.dumps(said).encode())
    if reply.status == 429:
        return Later(7)
    if reply.status >= 400:
        return Refused(f"http {reply.status}")
    return {**json.loads(reply.body or b"{}"), "date": reply.headers["date"]}


def _do(method: str, path: str, said: object) -> Steps:
    told = yield from _ask(method, path, said)
    return told if isinstance(told, Refused | Later) else Done()


def at_the_door(world: World, call: Call) -> Reply:
    """What the hook answers to a call that goes to its own address."""
    event = {
        "headers": dict(call.headers), "body": base64.b64encode(call.body).decode(), "isBase64Encoded": True,
        "pathParameters": {"token": call.url.rpartition("/")[2]},
    }  # fmt: skip
    answer = world.hook(event)
    return Reply(answer["statusCode"], {}, answer["body"].encode())


@dataclass
class Site:
    """The platform's side, and the way to a world's hook. `faults` strike the next calls of the API, in their order: a
    status, or an exception to raise."""

    world: World
    rights: list[str] = field(default_factory=lambda: ["read_orders", "write_holds"])
    hooks: dict[str, dict[str, str]] = field(default_factory=dict)
    orders: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    faults: list[int | Exception] = field(default_factory=list)
    skew: timedelta = timedelta()
    door: str = HOOKS
    calls: list[str] = field(default_factory=list)

    def send(self, call: Call) -> Reply:
        if call.url.startswith(f"{self.door}/hooks/"):
            return at_the_door(self.world, call)
        path = urlsplit(call.url).path.removeprefix("/api/")
        self.calls.append(f"{call.method} {path}")
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            if fault:
                return self._reply(fault, {})
        if not call.url.startswith(API):
            return self._reply(200, {"state": "done"})
        return self._reply(*self._api(call.method, path, json.loads(call.body or b"{}")))

    def _reply(self, status: int, told: object) -> Reply:
        date = format_datetime(self.world.clock.now() + self.skew, usegmt=True)
        return Reply(status, {"date": date}, json.dumps(told).encode())

    def _api(self, method: str, path: str, said: Mapping[str, Any]) -> tuple[int, object]:
        what, _, rest = path.partition("/")
        if what == "me":
            return 200, {"rights": self.rights}
        if what == "last":
            newest = sorted(self.orders, key=lambda one: self.orders[one][0], reverse=True)[: int(rest)]
            statuses = [self.orders[one][1] for one in newest]
            return 200, {"orders": newest, "statuses": {one: statuses.count(one) for one in set(statuses)}}
        if what == "orders":
            if rest not in self.orders:
                return 404, {}
            return 200, {"at": show(self.orders[rest][0]), "status": self.orders[rest][1]}
        if what == "changed":
            return self._changed(parse_instant(rest))
        return self._hooks(method, rest, said)

    def _changed(self, since: datetime) -> tuple[int, object]:
        """A page overlaps with the next one, as those of real platforms do."""
        found = sorted((at, one) for one, (at, _) in self.orders.items() if at >= since)
        page = found[:PAGE]
        onward = [show(page[-1][0])] if len(found) > PAGE else []
        return 200, {"orders": [one for _, one in page], "next": onward}

    def _hooks(self, method: str, ident: str, said: Mapping[str, Any]) -> tuple[int, object]:
        if method == "POST":
            for topic in said["topics"]:
                self.hooks[f"h{len(self.hooks) + 1}"] = {"url": said["url"], "topic": topic, "state": "on"}
        elif method == "PUT":
            self.hooks[ident]["state"] = "on"
        elif method == "DELETE":
            del self.hooks[ident]
        return 200, {"hooks": [{"id": ident, **one} for ident, one in self.hooks.items()]}


def settled(platform: str = "keeper", name: str = "shop-1", **more: Any) -> tuple[World, Site]:
    """A world with one connection to such a platform, and its far end."""
    for made in (Plain(), Keeper()):
        registry.add(cast(Any, made))
    world = World()
    site = Site(world)
    world.shop.answer = site.send
    url = f"{HOOKS}/hooks/main.{name}.token"
    sealed = world.ports.vault.encrypt(url.encode(), context_of("main", name, "hook"))
    world.connect(platform, name, **{"hook": sealed, "acts_from": T0, "credentials": {"key": "canary-key"}, **more})
    return world, site


def connection(world: World, name: str = "shop-1") -> Connection:
    found = world.ports.connections.get("main", name)
    assert found is not None
    return found


def change(world: World, **parts: Any) -> None:
    world.ports.connections.put(replace(connection(world), **parts))
