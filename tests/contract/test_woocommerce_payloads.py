"""Every real body of WooCommerce that we have is read, and says what a person would read out of it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.core.events import Event, Subject
from chalicelib.platforms.base import Delivery, Read, Shop
from chalicelib.platforms.dokan import Dokan
from chalicelib.platforms.woocommerce import WooCommerce
from chalicelib.platforms.woocommerce.orders import plain_part
from chalicelib.platforms.woocommerce.refunds import read_refund

PAYLOADS = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "woocommerce"
SHOP = Shop("s", "woocommerce", "https://example.com")

pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="no real bodies in ../shared/data/payloads")


def utc(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def read(raw: bytes, adapter: WooCommerce | None = None) -> Read:
    headers = {"x-wc-webhook-topic": "order.updated"}
    return (adapter or WooCommerce()).read(Delivery("d", raw, headers, datetime(2026, 1, 1, tzinfo=UTC)), SHOP)


def marks(event: Event) -> dict[str, datetime | None]:
    return {mark.name: mark.at for mark in event.marks}


EXPECTED = [
    ("order.created.json", "727",
     {"order.placed": "2017-03-22T19:28:02", "order.paid": "2017-03-22T19:28:08", "order.shipped": None,
      "order.delivered": None, "order.cancelled": None},
     {"status": "processing", "currency": "USD", "amount": "29.35", "country": "US", "buyer": None, "refunded": "0",
      "region": "US-CA", "product": None}, False),
    ("order.updated_completed.json", "727",
     {"order.placed": "2017-03-22T19:28:02", "order.paid": "2017-03-22T19:28:08",
      "order.shipped": "2017-03-22T19:30:35", "order.cancelled": None},
     {"status": "completed", "currency": "USD", "amount": "29.35", "country": "US", "buyer": None, "refunded": "0",
      "region": "US-CA", "product": None}, False),
    ("order.updated_with_refunds.json", "723",
     {"order.placed": "2017-03-21T19:16:00", "order.paid": None, "order.shipped": "2017-03-21T19:54:51",
      "order.cancelled": None},
     {"status": "completed", "currency": "USD", "amount": "39.00", "country": "BR", "buyer": "26", "refunded": "19.00",
      "region": "BR-RJ", "product": None}, True),
    ("order.updated_fully_refunded.json", "609",
     {"order.placed": "2017-08-24T20:56:57", "order.paid": "2017-08-24T20:56:58"},
     {"region": "US-CA", "status": "refunded", "currency": "USD", "amount": "223.71", "country": "US", "buyer": "1",
      "refunded": "223.71", "product": "379"}, True),
    ("order.updated_with_charge.json", "211",
     {"order.placed": "2022-01-28T13:59:07", "order.paid": "2022-01-28T13:59:09", "order.shipped": None,
      "order.delivered": None, "order.cancelled": None},
     {"status": "processing", "currency": "USD", "amount": "33.30", "country": "US", "buyer": None, "refunded": "0",
      "region": "US-AZ", "product": "16"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "number", "wanted", "facts", "look"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_an_order(name: str, number: str, wanted: dict, facts: dict, look: bool) -> None:
    found = read((PAYLOADS / name).read_bytes())
    (event,) = found.events
    assert event.subject == Subject("order", number)
    assert marks(event) == {mark: utc(at) for mark, at in wanted.items()}
    money = {"amount", "refunded"}
    assert event.facts == {fact: Decimal(value) if fact in money else value for fact, value in facts.items()}
    assert found.looks == ((Subject("order", number),) if look else ())
    assert not event.dropped


def test_every_order_of_a_list_of_many_states() -> None:
    orders = json.loads((PAYLOADS / "order_list_many_states.json").read_text())
    assert len(orders) > 3
    for body in orders:
        for adapter in (WooCommerce(), Dokan()):
            (event,) = read(json.dumps(body).encode(), adapter).events
            assert event.subject == Subject("order", str(body["id"]))
            assert event.version == utc(body["date_modified_gmt"])
            assert marks(event)["order.placed"] == utc(body["date_created_gmt"])
            assert marks(event)["order.paid"] == utc(body["date_paid_gmt"])
            assert event.facts["amount"] == Decimal(body["total"])
            assert event.facts["status"] == body["status"]
            assert "buyer@example.com" not in repr(event)


def test_a_refund() -> None:
    refund = json.loads((PAYLOADS / "refund.json").read_text())
    order = json.loads((PAYLOADS / "order.updated_with_refunds.json").read_text())
    event = read_refund(refund, order, plain_part(order), SHOP, b"")
    assert event is not None
    assert event.subject == Subject("refund", "723:726")
    paid = next(mark for mark in event.marks if mark.name == "refund.paid")
    assert (paid.at, paid.value) == (utc("2017-03-21T20:07:11"), Decimal("10.00"))
    assert event.facts["currency"] == "USD"
    assert event.facts["status"] == "recorded"


def test_every_file_is_accounted_for() -> None:
    known = {row[0] for row in EXPECTED} | {"order_list_many_states.json", "refund.json"}
    assert {path.name for path in PAYLOADS.glob("*.json")} == known
