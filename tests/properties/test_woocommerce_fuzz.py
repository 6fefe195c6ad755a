"""Whatever a shop sends, the adapters answer with Read or Unreadable, and every event may go on the wire."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.strictjson import loads
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.dokan import Dokan
from chalicelib.platforms.woocommerce import WooCommerce

FIXTURES = Path(__file__).parents[1] / "fixtures" / "woocommerce"
BODIES: list[dict] = [
    json.loads((FIXTURES / "order.json").read_text()),
    json.loads((FIXTURES / "product.json").read_text()),
    *json.loads((FIXTURES / "dokan_children.json").read_text())[:1],
]
WOO = WooCommerce()
SHOP = Shop("s", "woocommerce", "https://shop.example")
MAPPED = Shop(
    "s",
    "woocommerce",
    "https://shop.example",
    {
        "order.delivered": ("status:delivered", "meta:_d", "tracking:"),
        "order.shipped": ("bogus:x", ":", ""),
        "listing.flagged": ("meta:_d", "status:draft"),
    },
)


def deliver(body: object, topic: str, shop: Shop = SHOP, adapter: WooCommerce = WOO) -> Read:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return adapter.read(Delivery("d", raw, {"x-wc-webhook-topic": topic}, datetime(2030, 1, 1, tzinfo=UTC)), shop)


JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["-1.00", "DE", "2026-11-20T10:00:00", "1795000000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
TOPICS = st.sampled_from(["order.updated", "order.created", "product.updated", "order.deleted", "action.x", "", "x"])
SHOPS = st.sampled_from([SHOP, MAPPED])


def mutate(body: dict, path: list[int], value: object) -> object:
    """The body with one place, found by walking the path, replaced."""
    body = copy.deepcopy(body)
    here: Any = body
    for depth, step in enumerate(path):
        keys: list = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
        if not keys:
            break
        key = keys[step % len(keys)]
        inner = here[key]
        if depth == len(path) - 1 or not isinstance(inner, dict | list) or not inner:
            here[key] = value
            break
        here = inner
    return body


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(BODIES),
    st.lists(st.tuples(st.lists(st.integers(0, 60), min_size=1, max_size=4), JSONISH), max_size=4),
    TOPICS,
    SHOPS,
    st.sampled_from([WOO, Dokan()]),
)
def test_only_read_or_unreadable_ever_comes_out(
    body: dict, changes: list, topic: str, shop: Shop, adapter: WooCommerce
) -> None:
    value: object = body
    for path, replacement in changes:
        value = mutate(value, path, replacement) if isinstance(value, dict) else value
    outcome(lambda: deliver(value, topic, shop, adapter))


@given(st.binary() | JSONISH.map(lambda value: json.dumps(value).encode()), TOPICS)
def test_any_bytes_are_read_or_unreadable(raw: bytes, topic: str) -> None:
    outcome(lambda: deliver(raw, topic))


def outcome(read: Callable[[], Read]) -> None:
    try:
        found = read()
    except Unreadable:
        return
    assert found.events or found.looks or found.ignored
    for event in found.events:
        again = read_event(loads(json.dumps(write_event(event)).encode()))
        assert (again.id, again.subject, again.version) == (event.id, event.subject, event.version)
        assert (again.marks, again.facts, again.whole) == (event.marks, event.facts, event.whole)
        assert again.dropped == ()
