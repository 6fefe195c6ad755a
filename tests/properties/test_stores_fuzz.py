"""Whatever BigCommerce, Saleor or Mirakl sends or answers, only Read, Unreadable, Refused or Later ever comes out,
every event may go on the wire, and no free text is in it."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.strictjson import loads
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Adapter, Delivery, Later, Read, Refused, Session, Shop, Unreadable
from chalicelib.platforms.bigcommerce import BigCommerce
from chalicelib.platforms.mirakl import Mirakl
from chalicelib.platforms.saleor import Saleor
from tests.fakes.bigcommerce import FakeStore
from tests.fakes.driving import drive
from tests.fakes.mirakl import FakeMirakl
from tests.fakes.saleor import FakeSaleor

FIXTURES = Path(__file__).parents[1] / "fixtures"
JWS = "A" * 30 + ".." + "A" * 342
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
CANARY = "anna.canary@example.com lives at 5 High Street"


def _saleor_events() -> list[dict]:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    fake.fulfil(order)
    fake.charge_back(order, 5.0)
    fake._do_grant({"id": order, "input": {"amount": 9.9, "reason": CANARY, "transactionId": "x"}})
    fake._do_payback({"id": fake.orders[order]["grantedRefunds"][0]["id"]})
    fake.settle(order)
    product = {"issuedAt": "2026-11-20T10:00:00Z", "product": fake.products[fake.product()]}
    return [json.loads(fake.event("OrderUpdated", order)), {"data": {"productUpdated": product}}]


BODIES: dict[str, list[Any]] = {
    "bigcommerce": json.loads((FIXTURES / "bigcommerce" / "notices.json").read_text()),
    "saleor": _saleor_events(),
    "mirakl": json.loads((FIXTURES / "mirakl" / "events.json").read_text()),
}
ADAPTERS: dict[str, Adapter] = {"bigcommerce": BigCommerce(), "saleor": Saleor(), "mirakl": Mirakl()}
SHOPS = {
    "bigcommerce": Shop("c", "bigcommerce", "https://api.bigcommerce.com/stores/abcde",
                        {"order.delivered": ("status:10", "status:x", "bogus"), "nonsense": ("status:1",)}),
    "saleor": Shop("c", "saleor", "https://shop.example/graphql/"),
    "mirakl": Shop("c", "mirakl", "https://market.mirakl.net", options={"refund_reason": "15"}),
}  # fmt: skip
HEADERS = {
    "bigcommerce": st.just({"webhook-id": "msg_1"}),
    "saleor": st.sampled_from(
        ["order_updated", "product_deleted", "app_deleted", "fulfillment_created", "", "x\n"]
    ).map(lambda name: {"saleor-event": name}),
    "mirakl": st.just({}),
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["-1.00", "DE", "2026-11-20T10:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z",
                       CANARY, 10**18, -5, "x" * 300, "T3JkZXI6MQ==", "CANCELED", "INCIDENT_OPEN", 1e300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
CHANGES = st.lists(st.tuples(st.lists(st.integers(0, 60), min_size=1, max_size=5), VALUES), max_size=4)


def mutate(body: Any, path: list[int], value: object) -> Any:
    """The body with one place, found by walking the path, replaced."""
    body = copy.deepcopy(body)
    here = body
    for depth, step in enumerate(path):
        keys = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
        if not keys:
            break
        key = keys[step % len(keys)]
        if depth == len(path) - 1 or not isinstance(here[key], dict | list) or not here[key]:
            here[key] = value
            break
        here = here[key]
    return body


def changed(body: Any, changes: list[tuple[list[int], object]]) -> Any:
    for path, value in changes:
        body = mutate(body, path, value) if isinstance(body, dict | list) else body
    return body


def check(found: Read) -> None:
    assert found.events or found.looks or found.ignored
    for event in found.events:
        assert "canary@example" not in repr(event), "free text in an event"
        again = read_event(loads(json.dumps(write_event(event)).encode()))
        assert (again.subject, again.version, again.marks) == (event.subject, event.version, event.marks)
        assert (again.facts, again.whole, again.dropped) == (event.facts, event.whole, ())


@pytest.mark.parametrize("name", sorted(ADAPTERS))
@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_only_read_or_unreadable_ever_comes_out(name: str, data: st.DataObject) -> None:
    body = changed(data.draw(st.sampled_from(BODIES[name])), data.draw(CHANGES))
    deliver(name, json.dumps(body, allow_nan=True).encode(), data.draw(HEADERS[name]))


@pytest.mark.parametrize("name", sorted(ADAPTERS))
@given(raw=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_unreadable(name: str, raw: bytes) -> None:
    deliver(name, raw, {"saleor-event": "order_updated"})


def deliver(name: str, raw: bytes, headers: dict[str, str]) -> None:
    try:
        found = ADAPTERS[name].read(Delivery("d", raw, headers, NOW), SHOPS[name])
    except Unreadable as error:
        assert CANARY not in str(error)
        return
    check(found)


@pytest.mark.parametrize("name", sorted(ADAPTERS))
@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=40), headers=st.dictionaries(
    st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "saleor-signature", "saleor-api-url",
                     "authorization", "x-redress-secret"]),
    st.text(max_size=30) | st.sampled_from(["https://shop.example/graphql/", "1795168800", JWS])),
)  # fmt: skip
def test_verifying_never_raises_and_lets_no_stranger_in(name: str, raw: bytes, headers: dict[str, str]) -> None:
    secrets = ("a-secret-nobody-guesses", '{"keys": [{"kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB"}]}')
    assert ADAPTERS[name].verify(raw, headers, secrets, SHOPS[name], NOW) is not None
    assert ADAPTERS[name].greet(raw, headers) is None and ADAPTERS[name].refuse(raw) is None


POLL = Subject("connection", "2026-11-01T00:00:00Z")


def _scenes() -> dict[str, tuple[Any, list[Subject]]]:
    store, shop, market = FakeStore(), FakeSaleor(), FakeMirakl()
    number = store.order(2)
    store.pay(number, "50.00")
    store.ship(number)
    store.write(number)
    order = shop.order()
    shop.pay(order)
    shop.fulfil(order)
    seller, basket = market.shop(), market.order()
    market.send_out(basket, 0)
    thread = market.write(basket, "CUSTOMER_USER")
    return {
        "bigcommerce": (store, [Subject("order", str(number)), Subject("complaint", f"{number}:messages"),
                                Subject("listing", str(store.product())), POLL]),
        "saleor": (shop, [Subject("order", order), Subject("listing", shop.product()), POLL]),
        "mirakl": (market, [Subject("order", basket), Subject("seller", str(seller)), Subject("complaint", thread),
                            Subject("refund", market.send_back(basket)), POLL]),
    }  # fmt: skip


SCENES = _scenes()
CREDENTIALS = {"access_token": "", "api_key": "operator-key-0123"}


@pytest.mark.parametrize("name", sorted(ADAPTERS))
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_a_platform_answers_a_look_ends(name: str, data: st.DataObject) -> None:
    fake, subjects = SCENES[name]
    subject = data.draw(st.sampled_from(subjects))
    token = getattr(fake, "token", "")
    session = Session(SHOPS[name], {**CREDENTIALS, "access_token": token}, NOW)
    plan = data.draw(
        st.lists(st.tuples(st.integers(0, 6), CHANGES, st.sampled_from([200, 200, 200, 204, 404])), max_size=3)
    )
    count = 0

    def send(call: Call) -> Reply:
        nonlocal count
        count += 1
        reply: Reply = fake.send(call)
        assert count < 80, "a look that never ends"
        for at, changes, status in plan:
            if at == count and reply.body:
                return Reply(status, reply.headers, json.dumps(changed(json.loads(reply.body), changes)).encode())
        return reply

    found = drive(ADAPTERS[name].look(subject, session), send)
    assert isinstance(found, Read | Refused | Later)
    if isinstance(found, Read):
        check(found)
