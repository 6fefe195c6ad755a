"""What the door lets in from Mirakl, what an event asks, and what Mirakl's published answers say."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.connections.connect import Request, connect
from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.words import MARKS
from chalicelib.flow.collect import Collect
from chalicelib.flow.shops import Shops
from chalicelib.platforms.base import Collects, Delivery, Read, Refusal, Session, Shop, Unreadable
from chalicelib.platforms.mirakl import Mirakl
from chalicelib.platforms.mirakl.countries import TWO, two_letters
from tests.fakes.driving import drive
from tests.fakes.mirakl import FakeMirakl
from tests.support.world import World

ADAPTER = Mirakl()
SHOP = Shop("m", "mirakl", "https://market.mirakl.net")
BY_PATH = Shop("m", "mirakl", "https://market.mirakl.net", options={"webhooks": "path"})
EVENTS = json.loads((Path(__file__).parents[1] / "fixtures" / "mirakl" / "events.json").read_text())
ROOT = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "mirakl"
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


# -- the door ---------------------------------------------------------------------------------------------------------


def verify(
    headers: dict[str, str], shop: Shop = SHOP, secrets: tuple[str, ...] = ("one-secret", "two")
) -> Refusal | None:
    return ADAPTER.verify(b"{}", headers, secrets, shop, NOW)


def test_the_shared_secret_lets_in() -> None:
    assert verify({"x-redress-secret": "two"}) is None
    assert verify({"Authorization": "Bearer one-secret"}) is None


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-redress-secret": ""}, {"x-redress-secret": "three"}, {"authorization": "Bearer "},
     {"x-redress-secret": "\N{SNOWMAN}"}, {"x-mirakl-signature": "00" * 32}],
)  # fmt: skip
def test_anything_else_does_not(headers: dict[str, str]) -> None:
    assert verify(headers) is not None
    assert verify(headers, secrets=()) is not None
    assert verify(headers, secrets=("",)) is not None


def test_an_instance_that_sends_no_header_is_let_in_by_its_address_where_that_was_chosen() -> None:
    assert verify({}, BY_PATH) is None
    assert verify({"x-redress-secret": "three"}, BY_PATH) is not None, "a wrong secret is not no secret"


# -- events -----------------------------------------------------------------------------------------------------------


def read(body: object, shop: Shop = SHOP) -> Read:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ADAPTER.read(Delivery("d", raw, {}, datetime(2030, 1, 1, tzinfo=UTC)), shop)


ASKED = [
    ["connection/2026-07-07T10:27:00Z"],
    ["order/2026-0009-A", "order/2026-0009-B"],
    ["order/2026-0009-A", "complaint/2026-0009-A:2026-0009-A-1:incident"],
    ["order/2026-0009-A", "refund/f61b5db8-d8f5-4715-b05f-aa4432c0e9e2"],
    ["seller/2001"],
    ["complaint/702c3e56-dcca-41e2-b6bd-72ba3fa809be"],
]


@pytest.mark.parametrize(("event", "asked"), list(zip(EVENTS, ASKED, strict=True)), ids=[one["id"] for one in EVENTS])
def test_an_event_only_names_what_to_look_at(event: dict, asked: list[str]) -> None:
    found = read(event)
    assert not found.events, "nothing that is not signed is believed"
    assert [str(one) for one in found.looks] == asked


def test_an_array_of_events_asks_once_for_each() -> None:
    assert [str(one) for one in read([EVENTS[1], EVENTS[1], EVENTS[4]]).looks] == [*ASKED[1], *ASKED[4]]


def test_newer_fields_and_states_break_nothing() -> None:
    newer = {
        **EVENTS[1],
        "traceparent": "00-x",
        "data": {**EVENTS[1]["data"], "state": "SOMETHING_NEW", "deep": [[[{}]]]},
    }
    assert read(newer) == read(EVENTS[1])


BROKEN: list[tuple[object, str]] = [
    (b"", "body at byte 0"),
    (b"[]", "body"),
    (b"5", "body"),
    (b"{}", "time"),
    ({"type": "ORDER_ACTION"}, "time"),
    ({"time": "2026-11-20T10:00:00Z"}, "time"),
    ({"type": "ORDER_ACTION", "time": "2026-11-20T10:00:00", "data": {}}, "time"),
    ({"type": "ORDER_ACTION", "data": {"order_id": "a b"}}, "time"),
]


@pytest.mark.parametrize(("body", "field"), BROKEN)
def test_what_cannot_be_read_names_the_field(body: object, field: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(body)
    assert error.value.field == field


def test_the_sheet_s_envelope_delivered_twice_by_queue_is_one_case() -> None:
    fake, made = FakeMirakl(), World()
    made.clock.set(fake.now)
    made.shop.answer = fake.send
    request = Request("market", "mirakl", fake.base, credentials={"api_key": fake.key})
    connect(made.ports, "main", request, "https://hooks.example", MARKS)
    assert isinstance(ADAPTER, Collects)
    fake.shop()
    order = fake.order()
    envelope = {**EVENTS[0], "time": "2026-11-20T10:00:00Z"}
    record: dict[str, Any] = {
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:redress-prod_main_market",
        "body": json.dumps(envelope), "attributes": {}, "messageAttributes": {},
    }  # fmt: skip
    for ident in ("m-1", "m-2"):
        told = Collect(made.ports, Shops(made.ports))({"Records": [{**record, "messageId": ident}]})
        assert told == {"batchItemFailures": []}
        made.run()
        case = made.case(f"order/{order}", "market")
        assert case.evidence.facts["ship_by", "platform"].value == fake.now + timedelta(days=3)


# -- countries --------------------------------------------------------------------------------------------------------


def test_countries_of_three_letters() -> None:
    assert len(TWO) == len(set(TWO.values())) == 249
    assert [two_letters(one) for one in ("USA", "FRA", "DE", "CHN", "XXX", "usa", 5, None)] == [
        "US", "FR", "DE", "CN", None, None, None, None,
    ]  # fmt: skip


# -- published answers ------------------------------------------------------------------------------------------------

real = pytest.mark.skipif(not ROOT.is_dir(), reason="no real bodies in ../shared/data/payloads")


def told(name: str, kind: str, ident: str) -> Read:
    raw = (ROOT / name).read_bytes()
    session = Session(SHOP, {"api_key": "key-01234567"}, NOW)

    def send(call: Call) -> Reply:
        return Reply(200, {"date": "Fri, 20 Nov 2026 10:00:00 GMT"}, raw)

    found = drive(ADAPTER.look(Subject(kind, ident), session), send)
    assert isinstance(found, Read)
    for word in ("Taylor", "Anderson", "buyer@example.com", "MacDougal", "Prince Street", "missing item"):
        assert word not in repr(found), "personal data, or free text, in an event"
    return found


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@real
def test_the_published_order() -> None:
    order, refund = told("OR11_orders.json", "order", "Order_00010-A").events
    assert {(mark.name, mark.of): mark.at for mark in order.marks} == {
        ("order.placed", ""): utc("2019-04-02T14:18:43"), ("order.approved", ""): utc("2019-04-02T14:56:01"),
        ("order.paid", ""): utc("2019-04-02T14:58:22.460"),
        ("order.part_shipped", "Order_00010-A-1"): utc("2019-04-02T14:58:39"),
        ("order.shipped", ""): utc("2019-04-02T14:58:39"),
        ("order.part_delivered", "Order_00010-A-1"): utc("2019-04-02T14:59:58"),
        ("order.delivered", ""): utc("2019-04-02T14:59:58"),
    }  # fmt: skip
    assert order.facts == {
        "country": "US", "buyer": "Customer_id_001", "currency": "USD", "status": "received", "amount": Decimal("173"),
        "refunded": Decimal("8.61"), "carrier": "UPS", "tracking": "2344", "channel": "US",
        "ship_by": utc("2019-09-01T23:59:59.999"), "deliver_by": utc("2019-09-03T08:07:22.326"),
        "category": "5110114", "product": "2130",
    }  # fmt: skip
    assert [link.id for link in order.links] == ["Order_00010"]
    assert refund.subject == Subject("refund", "Order_00010-A:1106")
    assert {mark.name: mark.at for mark in refund.marks} == {
        "refund.approved": utc("2022-08-04T09:40:41"), "refund.paid": None,
    }, "approved, and not paid yet"  # fmt: skip
    assert refund.facts["amount"] == Decimal("8.61") and refund.facts["status"] == "waiting_refund_payment"


@real
def test_the_published_returns() -> None:
    asked = told("RT11_returns.json", "refund", "f61b5db8-d8f5-4715-b05f-aa4432c0e9e2").events[0]
    assert [mark.name for mark in asked.marks] == ["return.requested"] and asked.facts["tracking"] == "35H8O95K"
    refused = told("RT11_returns.json", "refund", "2dc4f7d7-da59-4588-bec7-ce62daab2f93").events[0]
    assert {mark.name: mark.at for mark in refused.marks} == {
        "return.requested": utc("2023-02-27T16:32:52"), "return.refused": utc("2023-02-27T16:37:19"),
    }  # fmt: skip
    assert refused.facts["reason"] == "RETURN_REJECTION_NOT_ELIGIBLE"
    assert [link.id for link in refused.links] == ["ORDER-2-A"]


READ_AS_EVENTS = {
    "M11_threads.json": "time",
    "OR11_orders.json": ["order/Order_00010-A"],
    "OR28_refund.json": "time",
    "OR51_evaluation.json": "time",
    "RE11_incident_reasons.json": "time",
    "RT11_returns.json": ["order/ORDER-1-A", "order/ORDER-2-A"],
    "ST11_shipments.json": ["order/ORDER_01-A", "order/ORDER_02-A", "order/ORDER_03-A", "order/ORDER_04-A"],
    "transaction_lines_simple_order.json": ["order/02022016-0009-A"],
}


@real
def test_every_published_body_is_read_or_named_as_unreadable() -> None:
    """They are answers, not events: as events they name orders, or nothing."""
    assert {path.name for path in ROOT.glob("*.json")} == set(READ_AS_EVENTS)
    for name, wanted in READ_AS_EVENTS.items():
        try:
            found: object = [str(one) for one in read((ROOT / name).read_bytes()).looks]
        except Unreadable as error:
            found = error.field
        assert found == wanted, name
