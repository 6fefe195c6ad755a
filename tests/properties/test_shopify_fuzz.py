"""Whatever JSON comes on whatever topic: a Read whose events fit the wire, or Unreadable. Nothing else, ever."""

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Delivery, Read, Session, Unreadable
from chalicelib.platforms.shopify import Shopify
from tests.fakes.shopify_bodies import RECEIVED, SHOP, SPLIT, TOPICS, body, delivery

ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2**53, 2**70),
    st.sampled_from(
        ["", " ", "0", "-1", "gid://shopify/Order/0", "gid://shopify/Order/9", "2026-01-01", "24:00", "\x00"]
    ),
    st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "１２３", "success"]
    ),
    st.sampled_from(["Bolt:9", "x" * 400, "ﬁ" * 90, "e\u0301", "\u202eabc", "199.00", "1e5", "-0", "NaN", "redress:1"]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just([None]),
    st.just([{}]),
    st.just({"id": {}}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within."""
    found = [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += places(one, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


@st.composite
def mutants(draw: st.DrawFn) -> tuple[str, Any]:
    topic = draw(st.sampled_from(sorted(TOPICS)))
    value: Any = body(TOPICS[topic])
    for _ in range(draw(st.integers(1, 4))):
        spots = places(value)
        spot = draw(st.sampled_from(spots))
        kind = draw(st.sampled_from(["odd", "cut", "swap"]))
        if kind == "cut" and spot and isinstance(spot[-1], str):
            holder = value
            for key in spot[:-1]:
                holder = holder[key]
            value = put(value, spot[:-1], {key: one for key, one in holder.items() if key != spot[-1]})
        elif kind == "swap":
            other: Any = value
            for key in draw(st.sampled_from(spots)):
                other = other[key]
            value = put(value, spot, other)
        else:
            value = put(value, spot, draw(ODD))
        if not isinstance(value, dict | list):
            break
    return topic, value


def check(told: Read) -> None:
    assert told.events or told.looks or told.ignored, "neither events nor looks nor a reason is a bug"
    for event in told.events:
        assert read_event(write_event(event)) == event
        for mark in event.marks:
            assert mark.value is None or isinstance(mark.value, Decimal)


@settings(max_examples=600, deadline=None)
@given(mutants(), st.sampled_from([SHOP, SPLIT]))
def test_mutated_bodies_are_read_or_unreadable(mutant: tuple[str, Any], shop: Any) -> None:
    topic, value = mutant
    try:
        check(Shopify().read(delivery(topic, json.dumps(value).encode()), shop))
    except Unreadable as error:
        assert error.field and error.found and error.wanted


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(sorted(TOPICS)))
def test_any_bytes_are_read_or_unreadable(raw: bytes, topic: str) -> None:
    with contextlib.suppress(Unreadable):
        check(Shopify().read(delivery(topic, raw), SHOP))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(Shopify.keep)), st.text(max_size=60)))
def test_any_headers_are_read_or_unreadable(headers: dict[str, str]) -> None:
    raw = json.dumps(body("order")).encode()
    for told in (headers, headers | {"x-shopify-topic": "orders/create"}):
        with contextlib.suppress(Unreadable):
            check(Shopify().read(Delivery("d", raw, told, RECEIVED), SHOP))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=5), max_size=3))
def test_verify_never_raises(raw: bytes, signature: str, domain: str, secrets: list[str]) -> None:
    headers = {"x-shopify-hmac-sha256": signature, "x-shopify-shop-domain": domain}
    assert Shopify().verify(raw, headers, tuple(secrets), SHOP, RECEIVED) is not None


KINDS = sorted(Shopify.looks | {"seller"})


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.one_of(st.text(max_size=40), st.sampled_from(["1", "fo-1", "rfo-1", "1:Acme"])), ODD)
def test_looks_survive_any_answer(kind: str, subject_id: str, answer: Any) -> None:
    from chalicelib.core.calls import Call, Reply
    from chalicelib.core.events import Subject
    from chalicelib.platforms.base import Later, Refused
    from tests.fakes.shopify import run

    roots = ["order", "refund", "return", "dispute", "product", "fulfillment", "fulfillmentOrder"]
    content = json.dumps({"data": dict.fromkeys([*roots, "reverseFulfillmentOrder"], answer)}).encode()

    def send(call: Call) -> Reply:
        return Reply(200, {"date": "Fri, 20 Nov 2026 12:00:00 GMT"}, content)

    told = run(Shopify().look(Subject(kind, subject_id), Session(SHOP, {"access_token": "t"})), send)
    assert isinstance(told, Read | Refused | Later)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_depth_is_no_danger(depth: int) -> None:
    with pytest.raises(Unreadable):
        Shopify().read(delivery("orders/create", b"[" * depth + b"]" * depth), SHOP)
