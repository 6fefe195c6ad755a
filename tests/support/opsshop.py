"""A store that was connected through the ops API, and deliveries to the address that it gave."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib.core.calls import Call, Reply
from chalicelib.core.signing import signed_headers
from tests.support.opsdesk import POLICY, Ops
from tests.support.world import SECRET, World

HOUR = timedelta(hours=1)
ACT = {"all": "act"}
URLS = {"actions_url": "https://shop.example/actions", "look_url": "https://shop.example/look"}


def connected(modes: Mapping[str, str] = ACT, policy: str = POLICY, **more: Any) -> tuple[World, Ops, Any]:
    """A world whose one store was connected through the API."""
    world = World()
    world.shop.answer = nothing_new
    ops = Ops(world)
    said = {"platform": "standard", "options": URLS, "modes": dict(modes), "secret": SECRET, **more}
    made = ops.must("POST", "/connections/shop-1", said)
    if policy:
        ops.must("POST", "/policies", {"yaml": policy})
    return world, ops, made


def nothing_new(call: Call) -> Reply:
    return Reply(200, {}, b"[]" if call.url.endswith("/look") else b'{"state": "done"}')


def send(world: World, made: Any, told: dict[str, Any], secret: str) -> int:
    """Deliver to the address that the API gave, signed with `secret`; the status of the answer."""
    token = made["url"].rpartition("/")[2]
    body = json.dumps(told).encode()
    answer = world.request(body, signed_headers("msg_1", world.clock.now(), body, secret), token)
    return int(answer["statusCode"])
