"""The ops API over a world in memory, asked through Chalice itself: one key of each role, answers as (status, JSON)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from typing import Any, cast
from urllib.parse import quote, urlencode

from chalice.app import Chalice
from chalice.test import Client

from chalicelib.entry.ops import build
from chalicelib.ops import keys
from chalicelib.ops.desk import Desk
from chalicelib.ops.keys import Role
from chalicelib.ports.faults import FAILED, TIMED_OUT, AtCall, Plan, faulty
from chalicelib.ports.ports import GivenPorts, Ports
from tests.support.world import World

HOOK_URL = "https://hooks.example"
POLICY = """
policy: house
rules:
  - id: ship-1d
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], limit: {hours: 24}}
    steps:
      - {id: breach, at: due, do: [{alert: {severity: error}}, {tag: late}]}
      - {id: fine, at: due + 1h, do: [{penalise: {code: late-ship, points: 2}}]}
"""


class Ops:
    """Asks with the key of a role; `texts` keeps every answer as it was sent."""

    def __init__(self, world: World, account: str = "main") -> None:
        self.world = world
        self.dead = dict.fromkeys(("inbox", "wakes", "late", "actions", "project"), world.dead)
        self.desk = Desk(world.ports, HOOK_URL, self.dead)
        self.keys = {role.value: keys.create(world.ports, account, f"a-{role}", role) for role in Role}
        app = Chalice("ops-test", configure_logs=False)
        app.register_blueprint(build(lambda: self.desk))
        self.http = Client(app).http
        self.texts: list[str] = []

    def ask(self, method: str, path: str, said: object = None, role: str = "admin", **query: object) -> tuple[int, Any]:
        body = b"" if said is None else json.dumps(said).encode()
        target = path + ("?" + urlencode({key: str(value) for key, value in query.items()}) if query else "")
        return self.raw(method, target, body, {"x-redress-key": self.keys[role], "content-type": "application/json"})

    def raw(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        answer = self.http.request(method, target, headers=headers, body=body)
        self.texts.append(answer.body.decode())
        return answer.status_code, json.loads(answer.body)

    def must(self, method: str, path: str, said: object = None, role: str = "admin", **query: object) -> Any:
        """As `ask`, for what has to succeed."""
        status, told = self.ask(method, path, said, role, **query)
        assert 200 <= status < 300, (status, told)
        return told


def case_path(subject: str, connection: str = "shop-1") -> str:
    kind, _, ident = subject.partition("/")
    return f"/cases/{connection}/{kind}/{quote(ident, safe='')}"


def broken(ports: Ports, plan: Plan) -> Ports:
    """The same ports, each call of which is put before the plan."""
    given = cast(GivenPorts, ports)
    changed: dict[str, Any] = {}
    for one in fields(GivenPorts):
        port = getattr(given, one.name)
        if one.name in ("cases", "records"):
            changed[one.name] = partial(_handle, one.name, port, plan)
        elif one.name not in ("clock", "http", "shards"):
            changed[one.name] = faulty(port, one.name, plan)
    return replace(given, **changed)


def _handle(name: str, handles: Callable[[str], object], plan: Plan, account: str) -> object:
    return faulty(handles(account), name, plan)


def each_break(make: Callable[[], Ops], ask: Callable[[Ops], tuple[int, Any]]) -> Iterator[Ops]:
    """One call of the API with a fault at each call of its ports in turn (it failed; it took effect and nobody knows),
    and then the same call again by whoever got no answer (done then, or done before): what is there afterwards."""
    for fault in (FAILED, TIMED_OUT):
        which = 1
        while True:
            ops = make()
            whole, plan = ops.desk, AtCall(which, fault)
            ops.desk = Desk(broken(ops.world.ports, plan), HOOK_URL, ops.dead)
            status, _ = ask(ops)
            ops.desk = whole
            if plan.calls < which:
                assert status < 300, "nothing was broken"
                break
            if status >= 300:
                status, told = ask(ops)
                assert status < 300 or status == 409, (fault, which, told)
            ops.world.run()
            yield ops
            which += 1
