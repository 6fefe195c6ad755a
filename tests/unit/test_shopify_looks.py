"""Looks: what the platform answers, told as events that agree with its pushes and that heal what they left open."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core.events import Event, Link, Subject
from chalicelib.core.evidence import NOTHING, Evidence, merge_all
from chalicelib.core.instants import parse_instant
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Read, Session, Shop
from chalicelib.platforms.shopify import Shopify
from tests.fakes.shopify import (
    Connection,
    FakeShopify,
    fulfillment,
    fulfillment_order,
    line,
    money,
    order,
    refund,
    run,
    transaction,
)
from tests.fakes.shopify_bodies import body, delivery

SHOP = Shop("shop-1", "shopify", "demo.myshopify.com")
SESSION = Session(SHOP, {"access_token": "shpat_of_the_test"})
SPLIT = Session(Shop("shop-1", "shopify", "demo.myshopify.com", options={"split": "vendor"}), SESSION.credentials)


def at(text: str) -> datetime:
    return parse_instant(text)


def ask(shop: FakeShopify, kind: str, subject_id: str, session: Session = SESSION) -> Read:
    told = run(Shopify().look(Subject(kind, subject_id), session), shop.send)
    assert isinstance(told, Read), told
    for event in told.events:
        assert event.look and read_event(write_event(event)) == event
    assert len({event.id for event in told.events}) == len(told.events)
    return told


def of(told: Read, kind: str, subject_id: str) -> Event:
    [event] = [one for one in told.events if one.subject == Subject(kind, subject_id)]
    return event


def marks(event: Event) -> dict[tuple[str, str], datetime | None]:
    return {(one.name, one.of): one.at for one in event.marks}


def live(evidence: Evidence) -> dict[tuple[str, str], datetime | None]:
    return {key: one.at for key, one in evidence.marks.items() if evidence.live(key[0], one)}


def shop_of(*nodes: dict[str, Any]) -> FakeShopify:
    return FakeShopify().add(*(nodes or (order(),)))


def promised(number: int, by: str | None, status: str = "OPEN", until: str | None = None) -> dict[str, Any]:
    return fulfillment_order(number, fulfillBy=by, status=status, deliveryMethod={"maxDeliveryDateTime": until})


def test_an_order_as_it_stands() -> None:
    event = of(ask(shop_of(), "order", "1001"), "order", "1001")
    assert event.version == at("2026-11-18T09:05:00Z")
    assert marks(event) == {
        ("order.placed", ""): at("2026-11-18T09:00:00Z"),
        ("order.paid", "10010"): at("2026-11-18T09:00:01Z"),
        ("order.shipped", ""): None,
        ("order.delivered", ""): None,
    }
    assert event.whole == {"order.paid", "order.part_shipped"}
    assert event.facts == {
        "country": "DE", "zone": "Europe/Berlin", "amount": Decimal("60.00"), "currency": "EUR",
        "refunded": Decimal("0.00"), "status": "paid", "channel": "web", "buyer": "501", "ship_by": None,
        "deliver_by": None, "seller": "Acme", "product": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("promises", "ship_by", "why"),
    [
        (
            [promised(1, "2026-11-22T00:00:00Z"), promised(2, "2026-12-01T00:00:00Z")],
            "2026-11-22T00:00:00Z",
            "the next",
        ),
        (
            [promised(1, "2026-11-22T00:00:00Z", "CLOSED"), promised(2, "2026-12-01T00:00:00Z")],
            "2026-12-01T00:00:00Z",
            "the first part is sent: the second's promise stands",
        ),
        (
            [promised(1, "2026-11-22T00:00:00Z", "CLOSED"), promised(2, "2026-12-01T00:00:00Z", "CLOSED")],
            "2026-12-01T00:00:00Z",
            "all sent: the last promise remains to be judged by",
        ),
        ([promised(1, "2026-11-22T00:00:00Z", "CANCELLED")], None, "a cancelled part promises nothing"),
        ([promised(1, None)], None, "no promise"),
    ],
)
def test_the_promise_is_the_next_one_still_open(promises: list[dict[str, Any]], ship_by: str | None, why: str) -> None:
    told = ask(shop_of(order(fulfillmentOrders=Connection(promises))), "order", "1001")
    assert of(told, "order", "1001").facts["ship_by"] == (at(ship_by) if ship_by else None), why


def test_the_delivery_promise_is_the_last_of_all_parts() -> None:
    parts = [promised(1, None, until="2026-11-25T00:00:00Z"), promised(2, None, until="2026-11-27T00:00:00Z")]
    told = ask(shop_of(order(fulfillmentOrders=Connection(parts))), "order", "1001")
    assert of(told, "order", "1001").facts["deliver_by"] == at("2026-11-27T00:00:00Z")


def sent(**changes: Any) -> dict[str, Any]:
    parcels = [
        fulfillment(301, deliveredAt="2026-11-20T15:00:00Z"),
        fulfillment(302, createdAt="2026-11-19T16:00:00Z", **changes),
    ]
    return order(displayFulfillmentStatus="FULFILLED", fulfillments=parcels)


def test_the_whole_is_delivered_with_its_last_parcel_only() -> None:
    half = of(ask(shop_of(sent()), "order", "1001"), "order", "1001")
    assert marks(half)["order.shipped", ""] == at("2026-11-19T16:00:00Z")
    assert marks(half)["order.part_delivered", "301"] == at("2026-11-20T15:00:00Z")
    assert marks(half)["order.delivered", ""] is None
    whole = of(ask(shop_of(sent(deliveredAt="2026-11-21T08:00:00Z")), "order", "1001"), "order", "1001")
    assert marks(whole)["order.delivered", ""] == at("2026-11-21T08:00:00Z")
    assert whole.version == at("2026-11-21T08:00:00Z"), "a delivery does not touch the order's own updatedAt"
    for events in ((half, whole), (whole, half)):
        assert live(merge_all(NOTHING, events))["order.delivered", ""] == at("2026-11-21T08:00:00Z")


def test_a_cancelled_parcel_neither_ships_nor_delays_delivery() -> None:
    told = of(ask(shop_of(sent(status="CANCELLED")), "order", "1001"), "order", "1001")
    assert marks(told)["order.delivered", ""] == at("2026-11-20T15:00:00Z")
    assert ("order.part_shipped", "302") not in marks(told)


def test_parcels_are_told_as_shipments() -> None:
    told = of(ask(shop_of(sent()), "order", "1001"), "shipment", "301")
    assert marks(told) == {
        ("shipment.created", ""): at("2026-11-19T10:00:00Z"),
        ("shipment.delivered", ""): at("2026-11-20T15:00:00Z"),
    }
    assert told.facts == {"carrier": "DHL", "tracking": "JD0146", "status": "in_transit"}
    assert told.links == (Link("order", "order", "1001"),)


@pytest.mark.parametrize(
    ("status", "transactions", "paid", "why"),
    [
        ("PARTIALLY_PAID", [transaction(1, "10.00")], None, "a deposit is no payment of the order"),
        ("AUTHORIZED", [transaction(1, "60.00", kind="AUTHORIZATION")], None, "authorized is not paid"),
        ("PENDING", [transaction(1, "60.00", status="PENDING")], None, "not yet there"),
        (
            "PAID",
            [transaction(2, "50.00", processedAt="2026-11-19T00:00:00Z"), transaction(1, "10.00")],
            ("2", "2026-11-19T00:00:00Z", "60.00"),
            "paid with the transaction that completed it",
        ),
        ("PAID", [transaction(1, "59.99")], ("1", "2026-11-18T09:00:01Z", "59.99"), "rounded: with the last one"),
        ("REFUNDED", [transaction(1, "60.00")], ("1", "2026-11-18T09:00:01Z", "60.00"), "refunded was paid before"),
        (
            "PAID",
            [transaction(1, "60.00", processedAt=None)],
            ("1", "2026-11-18T09:00:01Z", "60.00"),
            "a gateway without an instant: the record's",
        ),
    ],
)
def test_when_an_order_was_paid(status: str, transactions: Any, paid: tuple[str, str, str] | None, why: str) -> None:
    told = ask(shop_of(order(displayFinancialStatus=status, transactions=transactions)), "order", "1001")
    found = [one for one in of(told, "order", "1001").marks if one.name == "order.paid"]
    if paid is None:
        assert found == [], why
    else:
        assert [(one.of, one.at, one.value) for one in found] == [(paid[0], at(paid[1]), Decimal(paid[2]))], why


def test_an_order_that_costs_nothing_is_paid_when_it_is_placed() -> None:
    free = order(totalPriceSet=money("0.00"), transactions=[])
    [paid] = [one for one in of(ask(shop_of(free), "order", "1001"), "order", "1001").marks if one.name == "order.paid"]
    assert (paid.at, paid.value) == (at("2026-11-18T09:00:00Z"), Decimal(0))


def test_a_look_takes_back_a_deposit_that_a_push_took_for_payment() -> None:
    push = (
        Shopify()
        .read(
            delivery(
                "order_transactions/create",
                body("transaction", id=1, order_id=1001, processed_at="2026-11-18T09:00:01Z"),
            ),
            SHOP,
        )
        .events[0]
    )
    deposit = order(displayFinancialStatus="PARTIALLY_PAID", transactions=[transaction(1, "10.00")])
    looked = of(ask(shop_of(deposit), "order", "1001"), "order", "1001")
    for events in ((push, looked), (looked, push)):
        assert ("order.paid", "1") not in live(merge_all(NOTHING, events))


def test_a_long_list_says_nothing_of_the_whole() -> None:
    parcels = [fulfillment(number) for number in range(1, 26)]
    told = of(
        ask(shop_of(order(fulfillments=parcels, displayFulfillmentStatus="FULFILLED")), "order", "1001"),
        "order",
        "1001",
    )
    assert not told.whole and ("order.shipped", "") not in marks(told)
    assert marks(told)["order.delivered", ""] is None


def test_vendors_as_sellers_are_split_in_looks_too() -> None:
    lines = Connection([line(1, "Acme", unfulfilledQuantity=0), line(2, "Bolt")])
    named = refund(61, [], totalRefundedSet=money("10.00"))
    named["refundLineItems"] = Connection([{"lineItem": {"vendor": "Bolt"}}])
    shop = shop_of(order(lineItems=lines, fulfillments=[fulfillment(301)], refunds=[named]))
    told = ask(shop, "order", "1001:Acme", SPLIT)
    acme, bolt = of(told, "order", "1001:Acme"), of(told, "order", "1001:Bolt")
    assert marks(acme)["order.shipped", ""] == at("2026-11-19T10:00:00Z")
    assert marks(bolt)["order.shipped", ""] is None and not any(one.name == "order.part_shipped" for one in bolt.marks)
    assert (acme.facts["refunded"], bolt.facts["refunded"]) == (Decimal(0), Decimal("10.00"))
    assert acme.facts["amount"] == Decimal("30.00")
