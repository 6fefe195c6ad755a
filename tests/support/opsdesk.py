"""The ops API over a world in memory, asked through Chalice itself: one key of each role, answers as (status, JSON)."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from chalice.app import Chalice
from chalice.test import Client

from chalicelib.entry.ops import build
from chalicelib.ops import keys
from chalicelib.ops.desk import Desk
from chalicelib.ops.keys import Role
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
