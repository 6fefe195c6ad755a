"""Shopify's own sample bodies, and one of a test shop: not ours to copy, so read where they lie beside the project."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.instants import show
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Delivery, Read, Shop
from chalicelib.platforms.shopify import Shopify

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "shopify"
SHOP = Shop("shop-1", "shopify", "demo.myshopify.com")
RECEIVED = datetime(2026, 4, 10, 8, 0, 0, tzinfo=UTC)

_SAMPLE = {
    "order/820982911946154500": [
        "order.placed@2022-01-01T00:00:00Z", "order.cancelled@2022-01-01T00:00:00Z", "order.shipped@None",
    ],
}  # fmt: skip
EXPECTED: Mapping[str, tuple[Mapping[str, list[str]], list[str]]] = {
    "app_uninstalled": ({"connection/shop-1": ["connection.uninstalled#d-1@2026-04-10T08:00:00Z"]}, []),
    "customers_data_request": ({"request/9999": ["request.received@2026-04-10T08:00:00Z"]}, []),
    "customers_redact": ({"request/*": ["request.received@2026-04-10T08:00:00Z"]}, []),
    "disputes_create": (
        {"complaint/285332461850802050": ["complaint.opened@2022-01-01T00:00:00Z", "complaint.resolved@None"]},
        ["complaint/285332461850802050"],
    ),
    "fulfillment_events_create": ({"shipment/123456": ["shipment.first_scan#1234567@2022-01-01T00:00:00Z"]}, []),
    "fulfillment_orders_cancelled": ({}, ["shipment/fo-1"]),
    "fulfillment_orders_order_routing_complete": ({}, ["shipment/fo-1"]),
    "fulfillment_orders_placed_on_hold": ({}, ["shipment/fo-1"]),
    "fulfillments_create": (
        {
            "shipment/123456": ["shipment.created@None"],
            "order/820982911946154500": ["order.part_shipped#123456@None"],
        },
        ["order/820982911946154500"],
    ),
    "order_transactions_create": ({}, []),
    "orders_cancelled": (_SAMPLE, []),
    "orders_create": (_SAMPLE, []),
    "orders_delete": ({}, ["order/820982911946154500"]),
    "orders_edited": ({}, ["order/820982911946154500"]),
    "orders_paid": (_SAMPLE, ["order/820982911946154500"]),
    "orders_paid_testshop_2024": (
        {"order/100510": ["order.placed@2024-10-24T09:24:24Z", "order.shipped@None"]},
        ["order/100510"],
    ),
    "orders_updated": (_SAMPLE, []),
    "refunds_create": (
        {"refund/890088186047892400": ["refund.approved#890088186047892400@2022-01-01T00:00:00Z"]},
        ["refund/890088186047892400"],
    ),
    "returns_approve": ({}, ["refund/123134564567890"]),
    "returns_close": ({}, ["refund/123134564567890"]),
    "returns_request": ({}, ["refund/123134564567890"]),
    "returns_update": ({}, ["refund/123134564567890"]),
    "shop_redact": ({"request/*": ["request.received@2026-04-10T08:00:00Z"]}, []),
    "tender_transactions_create": ({}, []),
}
EXPECTED = {**EXPECTED, "fulfillments_update": EXPECTED["fulfillments_create"]}

TWO_WORDS = ("fulfillment_events", "fulfillment_orders", "order_transactions", "tender_transactions")


def topic_of(name: str) -> str:
    name = name.removesuffix("_testshop_2024")
    head = next((one for one in TWO_WORDS if name.startswith(one + "_")), name.split("_")[0])
    return f"{head}/{name.removeprefix(head + '_')}"


def read(name: str) -> Read:
    path = FOLDER / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the shared sample payloads are absent (looked for ../shared beside the project): {name}")
    headers = {"x-shopify-topic": topic_of(name)}
    return Shopify().read(Delivery("d-1", path.read_bytes(), headers, RECEIVED), SHOP)


def told(read: Read) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in read.events:
        kind, subject_id = event.subject.kind, event.subject.id
        name = f"{kind}/*" if kind == "request" and len(subject_id) == 32 else f"{kind}/{subject_id}"
        found[name] = [
            f"{one.name}{'#' + one.of if one.of else ''}@{show(one.at) if one.at else None}" for one in event.marks
        ]
    return found


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_is_read_as_it_means(name: str) -> None:
    events, looks = EXPECTED[name]
    answer = read(name)
    assert told(answer) == events
    assert [str(one) for one in answer.looks] == looks
    for event in answer.events:
        assert read_event(write_event(event)) == event


def test_every_sample_is_expected() -> None:
    if not FOLDER.exists():
        pytest.skip("the shared sample payloads are absent (looked for ../shared beside the project)")
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EXPECTED)


def test_facts_of_the_test_shops_order() -> None:
    [event] = read("orders_paid_testshop_2024").events
    expected: dict[str, Any] = {
        "country": "PL", "currency": "PLN", "amount": Decimal("2119.29"), "refunded": Decimal(0), "status": "paid",
        "channel": "shopify_draft_order", "buyer": "22299318910000", "seller": "vendevstore2",
        "product": "9912501730000",
    }  # fmt: skip
    assert event.facts == expected


def test_a_refund_whose_transactions_name_no_currency_has_the_one_of_its_lines() -> None:
    [event] = read("refunds_create").events
    assert event.facts == {"amount": Decimal("85.00"), "currency": "USD", "product": "632910392"}
