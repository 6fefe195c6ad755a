"""What the topics beside orders say, what is refused, and what is never taken from any of them."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core.events import Event, Link, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.instants import parse_instant
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Delivery, Read, Unreadable
from chalicelib.platforms.shopify import Shopify
from tests.fakes.shopify_bodies import ORDER, RECEIVED, SHOP, SPLIT, TOPICS, body, delivery


def read(topic: str, content: object, shop: Any = SHOP) -> Read:
    return Shopify().read(delivery(topic, content), shop)


def only(told: Read, kind: str) -> Event:
    [event] = [one for one in told.events if one.subject.kind == kind]
    return event


def marks(event: Event) -> dict[tuple[str, str], datetime | None]:
    return {(one.name, one.of): one.at for one in event.marks}


def at(text: str) -> datetime:
    return parse_instant(text)


def test_a_dispute_is_a_complaint() -> None:
    told = read("disputes/create", body("dispute"))
    event = only(told, "complaint")
    assert marks(event) == {("complaint.opened", ""): at("2026-04-05T18:00:00Z"), ("complaint.resolved", ""): None}
    assert event.facts == {
        "category": "chargeback", "status": "needs_response", "reason": "product_not_received",
        "amount": Decimal("83.90"), "currency": "EUR", "evidence_due_by": at("2026-04-20T00:00:00Z"),
    }  # fmt: skip
    assert event.links == (Link("order", "order", ORDER),)
    assert told.looks == (Subject("complaint", "285332461850802050"),)


def test_a_dispute_answered_and_ended() -> None:
    changes = {"evidence_sent_on": "2026-04-10T10:00:00Z", "finalized_on": "2026-05-01T00:00:00Z", "status": "won"}
    event = only(read("disputes/update", body("dispute", **changes)), "complaint")
    assert marks(event)["complaint.first_reply", ""] == at("2026-04-10T10:00:00Z")
    assert marks(event)["complaint.resolved", ""] == at("2026-05-01T00:00:00Z")
    assert event.version == at("2026-05-01T00:00:00Z")


def test_a_dispute_ended_on_a_day_is_asked_for_the_instant() -> None:
    event = only(read("disputes/update", body("dispute", finalized_on="2026-05-01")), "complaint")
    assert ("complaint.resolved", "") not in marks(event)


def test_an_inquiry_has_no_evidence_date_and_a_dispute_may_have_no_order() -> None:
    event = only(read("disputes/create", body("dispute", evidence_due_by=None, order_id=None)), "complaint")
    assert event.facts["evidence_due_by"] is None and event.links == ()


@pytest.mark.parametrize(
    ("changes", "published", "why"),
    [
        ({}, "2026-01-02T09:00:00Z", "on sale since then"),
        ({"status": "draft"}, None, "a draft is not on sale; since when, nobody says"),
        ({"status": "archived"}, None, "archived"),
        ({"published_at": None}, None, "on no sales channel"),
    ],
)
def test_a_listing_is_published_or_not(changes: dict[str, Any], published: str | None, why: str) -> None:
    event = only(read("products/update", body("product", **changes)), "listing")
    assert marks(event)["listing.published", ""] == (at(published) if published else None), why
    assert marks(event)["listing.changed", ""] == event.version
    assert event.facts["seller"] == "Acme"


def test_a_new_listing_was_not_changed() -> None:
    assert ("listing.changed", "") not in marks(only(read("products/create", body("product")), "listing"))


def test_a_privacy_request_counts_from_its_first_receipt() -> None:
    first = delivery("customers/data_request", body("data_request"))
    retry = delivery("customers/data_request", body("data_request"), RECEIVED + timedelta(hours=4))
    events = [Shopify().read(one, SHOP).events[0] for one in (retry, first)]
    assert events[0].subject == Subject("request", "9999")
    assert {event.source for event in events} == {"derived"}, "our statement, not the platform's"
    for order in (events, events[::-1]):
        assert merge_all(NOTHING, order).marks["request.received", ""].at == RECEIVED
    assert events[0].facts == {"category": "customers/data_request", "buyer": "6987654321098765432"}


def test_erasure_is_a_case_of_its_own_for_each_person() -> None:
    one, same = (only(read("customers/redact", body("redact")), "request").subject.id for _ in range(2))
    other = body("redact", customer={"id": 2, "email": "x@example.org"})
    guest = body("redact", customer={"email": "x@example.org"}, orders_to_redact=[])
    ids = {one, same} | {only(read("customers/redact", content), "request").subject.id for content in (other, guest)}
    shop = only(read("shop/redact", body("shop_redact")), "request")
    ids.add(shop.subject.id)
    assert shop.facts == {"category": "shop/redact"}, "no person"
    assert one == same and len(ids) == 4
    assert not any("example.org" in found or "6987654321098765432" in found for found in ids)


def test_uninstalling_is_dated_by_its_first_delivery_and_each_has_its_own() -> None:
    told = [
        Shopify().read(delivery("app/uninstalled", body("shop"), RECEIVED + timedelta(minutes=wait), webhook), SHOP)
        for wait, webhook in ((30, "wh-1"), (0, "wh-1"), (9000, "wh-2"))
    ]
    evidence = merge_all(NOTHING, [event for one in told for event in one.events])
    assert told[0].events[0].subject == Subject("connection", "shop-1")
    assert {of: one.at for (_, of), one in evidence.marks.items()} == {
        "wh-1": RECEIVED,
        "wh-2": RECEIVED + timedelta(minutes=9000),
    }


@pytest.mark.parametrize(
    "topic", ["customers/update", "tender_transactions/create", "app/scopes_update", "themes/update"]
)
def test_topics_that_nobody_waits_for_are_ignored_unread(topic: str) -> None:
    assert read(topic, b"not even JSON") == Read(ignored=f"topic {topic}")


def test_a_strange_topic_is_not_repeated() -> None:
    assert read("orders/<script>", b"{}") == Read(ignored="topic of an unknown form")


def test_an_event_of_the_newer_family_is_asked_about() -> None:
    headers = {"shopify-topic": "Order", "shopify-resource-id": f"gid://shopify/Order/{ORDER}", "x-shopify-topic": "x"}
    told = Shopify().read(Delivery("d", b'{"fields_changed":[]}', headers, RECEIVED), SHOP)
    assert told == Read(looks=(Subject("order", ORDER),))
    other = {"shopify-topic": "Customer", "shopify-resource-id": "gid://shopify/Customer/1"}
    assert Shopify().read(Delivery("d", b"{}", other, RECEIVED), SHOP).ignored == "event Customer"


@pytest.mark.parametrize(
    ("topic", "content", "field", "found"),
    [
        ("orders/create", b"", "body at byte 0", "nothing"),
        ("orders/create", b"[1]", "body", "a list"),
        ("orders/create", {"updated_at": "2026-01-01T00:00:00Z"}, "id", "nothing"),
        ("orders/create", body("order", id=1.5), "id", "a number"),
        ("orders/create", body("order", id=True), "id", "true or false"),
        ("orders/create", body("order", id=-4), "id", "a number"),
        ("orders/create", body("order", updated_at="2026-03-29 10:00"), "updated_at", "text"),
        ("orders/create", body("order", updated_at="2026-03-29T10:00:00"), "updated_at", "text"),
        ("orders/create", body("order", total_price="many"), "total_price", "text"),
        ("orders/create", body("order", fulfillments={}), "", ""),
        ("orders/create", body("order", fulfillments=["Erika"]), "fulfillments[0]", "text"),
        ("orders/create", body("order", customer="Erika"), "customer", "text"),
        ("refunds/create", body("refund", transactions="none"), "transactions", "text"),
        ("fulfillments/create", body("fulfillment", order_id=None), "order_id", "nothing"),
        ("fulfillment_orders/moved", {}, "fulfillment_order.id", "nothing"),
    ],
)
def test_what_cannot_be_read_is_named_without_being_repeated(topic: str, content: Any, field: str, found: str) -> None:
    if not field:
        read(topic, content)
        return
    with pytest.raises(Unreadable) as caught:
        read(topic, content)
    assert (caught.value.field, caught.value.found) == (field, found)
    assert "Erika" not in str(caught.value)


def test_a_delivery_without_topic_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="x-shopify-topic"):
        Shopify().read(Delivery("d", b"{}", {}, RECEIVED), SHOP)


SECRET_WORDS = (
    "Erika",
    "Mustermann",
    "example.org",
    "Heidestr",
    "51147",
    "+49",
    "203.0.113",
    "secretkey",
    "4242",
    "Gravur",
)


@pytest.mark.parametrize(("topic", "fixture"), TOPICS.items())
@pytest.mark.parametrize("shop", [SHOP, SPLIT], ids=["whole", "split"])
def test_no_event_carries_personal_data_and_each_fits_the_wire(topic: str, fixture: str, shop: Any) -> None:
    told = read(topic, body(fixture), shop)
    assert told.events or told.looks or told.ignored
    assert len({event.id for event in told.events}) == len(told.events)
    for event in told.events:
        wire = write_event(event)
        text = json.dumps(wire, ensure_ascii=False, default=str)
        assert not any(word in text for word in SECRET_WORDS)
        assert read_event(wire) == event
        assert event.reading == Shopify.reading and not event.look
        assert event.occurred_at <= datetime(2027, 1, 1, tzinfo=UTC)


def test_a_big_order_is_read() -> None:
    content = body("order")
    content["line_items"] = [content["line_items"][0] | {"id": number} for number in range(1, 1200)]
    assert read("orders/create", content).events
