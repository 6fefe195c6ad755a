"""What each Shopify topic says: marks with their reasons, facts, looks, and what is never taken."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core.events import Event, Link, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.instants import parse_instant
from chalicelib.platforms.base import Read
from chalicelib.platforms.shopify import Shopify
from tests.fakes.shopify_bodies import ORDER, SHOP, SPLIT, body, delivery


def read(topic: str, content: object, shop: Any = SHOP) -> Read:
    return Shopify().read(delivery(topic, content), shop)


def only(told: Read, kind: str) -> Event:
    [event] = [one for one in told.events if one.subject.kind == kind]
    return event


def marks(event: Event) -> dict[tuple[str, str], datetime | None]:
    return {(one.name, one.of): one.at for one in event.marks}


def at(text: str) -> datetime:
    return parse_instant(text)


def test_an_order_in_part_shipped() -> None:
    told = read("orders/updated", body("order"))
    event = only(told, "order")
    assert event.subject == Subject("order", ORDER), "an id beyond 2^53 stays exact"
    assert event.version == event.occurred_at == at("2026-03-29T08:00:03Z"), (
        "updated_at, across the change to summer time"
    )
    assert marks(event) == {
        ("order.placed", ""): at("2026-03-28T22:29:58Z"),
        ("order.part_shipped", "301"): at("2026-03-29T08:00:00Z"),
        ("order.shipped", ""): None,
    }
    assert event.whole == {"order.part_shipped"}
    assert event.facts == {
        "country": "DE", "region": "DE-NW", "currency": "EUR", "amount": Decimal("83.90"), "refunded": Decimal("5.00"),
        "status": "paid", "channel": "web", "buyer": "6987654321098765432", "seller": None, "product": None,
    }  # fmt: skip
    assert told.looks == ()


@pytest.mark.parametrize(
    ("changes", "name", "expected", "why"),
    [
        (
            {"processed_at": "2019-05-01T10:00:00Z"},
            "order.placed",
            "2019-05-01T10:00:00Z",
            "imported: the sale's instant",
        ),
        ({"processed_at": None}, "order.placed", "2026-03-28T22:30:00Z", "no instant of the sale: the order's"),
        (
            {"fulfillment_status": "fulfilled"},
            "order.shipped",
            "2026-03-29T08:00:00Z",
            "all sent, with the last parcel",
        ),
        ({"fulfillment_status": None}, "order.shipped", None, "nothing counts as sent: taken back"),
        (
            {"fulfillment_status": "fulfilled", "fulfillments": []},
            "order.shipped",
            ...,
            "gift card: no parcel, no instant",
        ),
        ({"fulfillment_status": ...}, "order.shipped", ..., "the field was filtered out: nothing is said"),
        ({"fulfillments": ...}, "order.shipped", ..., "the parcels were filtered out: nothing is said"),
        ({"cancelled_at": "2026-03-30T10:00:00+02:00"}, "order.cancelled", "2026-03-30T08:00:00Z", "cancelled"),
        ({}, "order.cancelled", ..., "not cancelled; it cannot be undone, so nothing is taken back"),
        ({"financial_status": "paid"}, "order.paid", ..., "the body does not say when it was paid"),
    ],
)
def test_marks_of_an_order(changes: dict[str, Any], name: str, expected: Any, why: str) -> None:
    told = marks(only(read("orders/updated", body("order", **changes)), "order"))
    if expected is ...:
        assert (name, "") not in told, why
    else:
        assert told[name, ""] == (at(expected) if expected else None), why


def test_a_cancelled_parcel_takes_shipping_back() -> None:
    sent = body("order", fulfillment_status="fulfilled")
    later = body("order", fulfillment_status=None, updated_at="2026-03-29T12:00:00+02:00")
    later["fulfillments"][0]["status"] = "cancelled"
    first, second = (only(read("orders/updated", one), "order") for one in (sent, later))
    for order in ((first, second), (second, first)):
        evidence = merge_all(NOTHING, order)
        dead = evidence.marks["order.part_shipped", "301"]
        assert not evidence.live("order.part_shipped", dead)
        assert evidence.marks["order.shipped", ""].at is None


def test_one_vendor_is_the_seller_and_several_are_nobody() -> None:
    alone = body("order")
    alone["line_items"] = alone["line_items"][:1]
    facts = only(read("orders/create", alone), "order").facts
    assert (facts["seller"], facts["product"]) == ("Acme", "901")
    assert only(read("orders/create", body("order")), "order").facts["seller"] is None


def test_vendors_as_sellers_split_the_order() -> None:
    told = read("orders/updated", body("order"), SPLIT)
    acme, bolt = sorted(told.events, key=lambda event: event.subject.id)
    assert acme.subject.id == f"{ORDER}:Acme"
    assert bolt.subject.id == f"{ORDER}:Bolt & Söhne", "one canonical form of a free text"
    assert acme.links == bolt.links == (Link("basket", "order", ORDER),)
    assert marks(acme)["order.shipped", ""] == at("2026-03-29T08:00:00Z"), "this seller sent everything of hers"
    assert marks(bolt)["order.shipped", ""] is None and ("order.part_shipped", "301") not in marks(bolt)
    assert (acme.facts["seller"], acme.facts["amount"]) == ("Acme", Decimal("40.00"))
    assert bolt.facts["amount"] == Decimal("39.00")
    assert acme.facts["refunded"] == bolt.facts["refunded"] == Decimal("5.00"), "without lines it may be anybody's"
    assert told.looks == ()


@pytest.mark.parametrize("status", ["pending", "open"])
def test_what_a_warehouse_still_has_is_not_shipped(status: str) -> None:
    content = body("order", fulfillment_status="fulfilled")
    content["fulfillments"].append(content["fulfillments"][0] | {"id": 302, "status": status})
    told = marks(only(read("orders/updated", content), "order"))
    assert told["order.shipped", ""] is None and ("order.part_shipped", "302") not in told


@pytest.mark.parametrize(
    ("changes", "shipped", "why"),
    [
        ({"current_quantity": 0}, "2026-03-29T08:00:00Z", "taken off the order: the other line was all"),
        ({"fulfillable_quantity": 0}, None, "with the warehouse, not sent"),
    ],
)
def test_a_part_is_shipped_when_nothing_of_it_is_left(changes: dict[str, Any], shipped: str | None, why: str) -> None:
    content = body("order")
    content["line_items"][1] |= {"vendor": "Acme", **changes}
    [acme] = read("orders/updated", content, SPLIT).events
    assert marks(acme)["order.shipped", ""] == (at(shipped) if shipped else None), why


def test_what_cannot_be_split_is_asked_for() -> None:
    told = read("orders/updated", body("order", line_items=...), SPLIT)
    assert (told.events, told.looks) == ((), (Subject("order", ORDER),))
    assert read("order_transactions/create", body("transaction"), SPLIT) == Read(looks=(Subject("order", ORDER),))


def test_taxes_are_added_to_the_parts_where_prices_are_without() -> None:
    told = read("orders/updated", body("order", taxes_included=False), SPLIT)
    assert [event.facts["amount"] for event in told.events] == [Decimal("41.00"), Decimal("40.00")]


@pytest.mark.parametrize("topic", ["orders/paid", "orders/partially_fulfilled"])
def test_topics_whose_body_lacks_the_instant_ask_too(topic: str) -> None:
    told = read(topic, body("order"))
    assert told.events and told.looks == (Subject("order", ORDER),)


def test_an_order_without_version_asserts_nothing() -> None:
    assert read("orders/updated", body("order", updated_at=...)) == Read(looks=(Subject("order", ORDER),))


@pytest.mark.parametrize(
    ("topic", "content", "subject"),
    [
        ("orders/edited", body("order_edit"), Subject("order", ORDER)),
        ("orders/delete", {"id": int(ORDER)}, Subject("order", ORDER)),
        ("returns/request", body("return"), Subject("refund", "70001")),
        ("returns/approve", body("return", status="open"), Subject("refund", "70001")),
        ("returns/decline", {"id": 70001, "status": "declined"}, Subject("refund", "70001")),
        ("returns/update", body("return_update"), Subject("refund", "70001")),
        ("returns/process", body("return"), Subject("refund", "70001")),
        ("returns/close", {"id": 70001, "order_id": 5, "status": "closed"}, Subject("refund", "70001")),
        ("returns/reopen", body("return"), Subject("refund", "70001")),
        ("returns/cancel", body("return"), Subject("refund", "70001")),
        ("reverse_fulfillment_orders/dispose", body("reverse_disposed"), Subject("refund", "rfo-81001")),
        ("fulfillment_orders/placed_on_hold", body("hold_placed"), Subject("shipment", "fo-31")),
        ("fulfillment_orders/rescheduled", body("rescheduled"), Subject("shipment", "fo-31")),
        ("fulfillment_orders/some_later_topic", body("rescheduled"), Subject("shipment", "fo-31")),
        ("fulfillment_holds/added", body("hold_placed"), Subject("shipment", "fo-31")),
        ("products/delete", {"id": 901}, Subject("listing", "901")),
        ("fulfillment_events/delete", body("fulfillment_event"), Subject("order", ORDER)),
    ],
)
def test_bodies_without_an_instant_ask_for_a_look(topic: str, content: dict[str, Any], subject: Subject) -> None:
    assert read(topic, content) == Read(looks=(subject,))


def test_our_own_hold_coming_back_starts_nothing() -> None:
    content = body("hold_placed")
    content["created_fulfillment_hold"]["handle"] = "redress-0123456789abcdef01234567"
    assert read("fulfillment_orders/placed_on_hold", content) == Read(ignored="a hold of our own")


def test_a_parcel_is_a_part_of_its_order_and_a_shipment() -> None:
    told = read("fulfillments/create", body("fulfillment"))
    order, shipment = only(told, "order"), only(told, "shipment")
    assert marks(order) == {("order.part_shipped", "301"): at("2026-03-29T08:00:00Z")}
    assert not order.whole, "one parcel does not list the others"
    assert marks(shipment) == {("shipment.created", ""): at("2026-03-29T08:00:00Z")}
    assert shipment.facts == {"carrier": "DHL", "tracking": "JD014600001", "status": "success", "seller": "Acme"}
    assert shipment.links == (Link("order", "order", ORDER),)
    assert told.looks == (Subject("order", ORDER),), "only the order tells whether that was the last"


@pytest.mark.parametrize("status", ["cancelled", "error", "failure", "pending", "open"])
def test_a_parcel_that_is_not_sent_takes_itself_back(status: str) -> None:
    told = read("fulfillments/update", body("fulfillment", status=status))
    assert marks(only(told, "order")) == {("order.part_shipped", "301"): None}


def test_tracking_of_any_text_never_breaks_a_parcel() -> None:
    told = read("fulfillments/update", body("fulfillment", tracking_company="DHL\nExpress", tracking_number="x" * 500))
    assert only(told, "shipment").facts == {"carrier": "DHL Express", "status": "success", "seller": "Acme"}


def test_a_delivery_is_of_its_parcel_and_the_order_is_asked_for_the_rest() -> None:
    told = read("fulfillment_events/create", body("fulfillment_event"))
    happened = at("2026-03-31T12:05:00Z")
    assert marks(only(told, "order")) == {("order.part_delivered", "301"): happened}
    assert marks(only(told, "shipment")) == {("shipment.delivered", ""): happened}
    assert only(told, "shipment").facts == {"status": "delivered"}, "where a scan was is not where the buyer is"
    assert told.looks == (Subject("order", ORDER),)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("in_transit", True), ("carrier_picked_up", True), ("label_printed", False), ("confirmed", False)],
)
def test_a_scan_is_the_carriers_and_not_the_senders_paper(status: str, expected: bool) -> None:
    told = read("fulfillment_events/create", body("fulfillment_event", status=status))
    assert (("shipment.first_scan", "8801") in marks(only(told, "shipment"))) is expected
    assert told.looks == ()


def test_a_refund_is_approved_by_its_record_and_paid_by_its_transactions() -> None:
    told = read("refunds/create", body("refund"))
    event = only(told, "refund")
    assert event.subject.id == "890088186047892319"
    assert event.marks == (
        Mark("refund.approved", at("2026-04-02T07:00:00Z"), "890088186047892319"),
        Mark("refund.paid", at("2026-04-02T07:00:05Z"), "501", value=Decimal("30.00")),
    ), "what is pending is not paid"
    assert event.facts == {"amount": Decimal("40.00"), "currency": "EUR", "seller": "Acme", "product": "901"}
    assert event.links == (Link("order", "order", ORDER),)
    assert told.looks == (event.subject,)


def test_a_refund_of_a_return_is_told_on_the_returns_case() -> None:
    event = only(read("refunds/create", body("refund", **{"return": {"id": 70001}})), "refund")
    assert event.subject.id == "70001"
    assert ("refund.approved", "890088186047892319") in marks(event)
    assert "amount" not in event.facts, "one record of several is not what the return is worth"


def test_a_record_without_money_promises_none() -> None:
    event = only(read("refunds/create", body("refund", transactions=[])), "refund")
    assert event.marks == ()


def test_a_success_without_an_instant_is_asked_for() -> None:
    content = body("refund")
    content["transactions"][0]["processed_at"] = None
    told = read("refunds/create", content)
    assert [one.name for one in only(told, "refund").marks] == ["refund.approved"]
    assert told.looks == (Subject("refund", "890088186047892319"),)


def test_money_in_the_buyers_currency_has_no_amount_until_the_look() -> None:
    content = body("refund")
    for one in content["transactions"]:
        one["currency"] = "CHF"
    event = only(read("refunds/create", content), "refund")
    assert "amount" not in event.facts and event.marks[1].value is None


@pytest.mark.parametrize(
    ("note", "ours"),
    [
        ("Goodwill [redress:shop-1:order/1|late|1]", True),
        ("redress:k1", True),
        ("please redress: the damage", False),
        (None, False),
    ],
)
def test_our_own_refund_coming_back_is_known_by_its_key(note: str | None, ours: bool) -> None:
    event = only(read("refunds/create", body("refund", note=note)), "refund")
    assert (event.facts.get("channel") == "redress") is ours


def test_an_order_cannot_pretend_to_be_ours() -> None:
    assert "channel" not in only(read("orders/create", body("order", source_name="Redress")), "order").facts


def test_a_capture_pays_and_an_authorization_does_not() -> None:
    told = read("order_transactions/create", body("transaction"))
    paid = Mark("order.paid", at("2026-03-28T22:31:00Z"), "601", value=Decimal("83.90"))
    assert only(told, "order").marks == (paid,)
    assert told.looks == (Subject("order", ORDER),), "whether that is all, only the order tells"
    nothing = {"amount": "0.0", "currency": "XXX"}
    none_left = body("transaction", total_unsettled_set={"shop_money": nothing, "presentment_money": nothing})
    assert read("order_transactions/create", none_left).events == told.events, "XXX is no currency"
    assert read("order_transactions/create", body("transaction", kind="authorization")).ignored
    failed = read("order_transactions/create", body("transaction", status="failure"))
    assert failed == Read(looks=(Subject("order", ORDER),))
    settled = read("order_transactions/create", body("transaction", kind="refund"))
    assert settled == Read(looks=(Subject("order", ORDER),)), "the body does not say of which refund"
