"""What a delivery of Saleor says."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.instants import show
from chalicelib.core.view import View
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.saleor import Saleor, documents
from tests.fakes.saleor import FakeSaleor

ADAPTER = Saleor()
ROOT = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "saleor"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def read(raw: bytes, name: str = "order_updated", fake: FakeSaleor | None = None) -> Read:
    shop = Shop("s", "saleor", (fake or FakeSaleor()).address)
    found = ADAPTER.read(Delivery("d", raw, {"saleor-event": name} if name else {}, NOW), shop)
    for word in ("Ada", "ada@example.org"):
        assert word not in repr(found), "personal data in an event"
    return found


def told(found: Read, kind: str) -> list[Event]:
    return [one for one in found.events if one.subject.kind == kind]


def view(*reads: Read) -> View:
    mine = [event for one in reads for event in told(one, "order")]
    return View(merge_all(NOTHING, mine), NOW + timedelta(days=900))


def test_an_order_in_our_own_fields_speaks_for_itself() -> None:
    fake = FakeSaleor()
    placed, order = fake.now, fake.order()
    fake.later(minutes=1)
    paid = fake.now
    fake.pay(order)
    fake.later(hours=2)
    sent, parcel = fake.now, fake.fulfil(order)
    found = read(fake.event("OrderFulfilled", order), "order_fulfilled")
    assert not found.looks
    (event,) = told(found, "order")
    marks = {mark.name: mark.at for mark in event.marks}
    assert marks == {
        "order.placed": placed, "order.paid": paid, "order.part_shipped": sent, "order.shipped": sent,
    }  # fmt: skip
    assert event.facts == {
        "amount": Decimal("50.00"), "currency": "EUR", "refunded": Decimal("0.00"), "status": "fulfilled",
        "country": "DE", "buyer": "VXNlcjo3", "seller": "s-17", "channel": "default-channel",
    }  # fmt: skip
    assert event.version == sent and not event.dropped
    (shipment,) = told(found, "shipment")
    assert shipment.subject.id == f"{order}:{parcel}" and shipment.facts["tracking"] == "1Z9"


SHAPES = [
    (lambda event: event, "the event itself"),
    (lambda event: {"data": {"orderUpdated": event}}, "under the field of a filterable root"),
    (lambda event: {"data": {"event": event}}, "under data.event"),
    (lambda event: {"event": event}, "under event"),
]


@pytest.mark.parametrize(("shape", "why"), SHAPES, ids=[row[1] for row in SHAPES])
def test_the_shapes_of_a_body(shape: object, why: str) -> None:
    fake = FakeSaleor()
    event = json.loads(fake.event("OrderUpdated", fake.order()))
    assert callable(shape)
    found = read(json.dumps(shape(event)).encode())
    plain = read(json.dumps(event).encode())
    assert [one._replace(id="") for one in found.events] == [one._replace(id="") for one in plain.events]
    assert len(found.events) == 1


def test_a_retry_bears_the_same_ids() -> None:
    fake = FakeSaleor()
    raw = fake.event("OrderUpdated", fake.order())
    assert read(raw) == read(raw)


def test_errors_beside_the_data_ask_as_well() -> None:
    fake = FakeSaleor()
    order = fake.order()
    found = read(fake.event("OrderUpdated", order, errors=[{"message": "replica"}]))
    assert told(found, "order") and found.looks == (Subject("order", order),)


def test_a_stale_replica_loses_against_what_was_known() -> None:
    fake = FakeSaleor()
    order = fake.order()
    early = read(fake.event("OrderUpdated", order))
    fake.later(minutes=5)
    fake.fulfil(order)
    late = read(fake.event("OrderUpdated", order))
    for one in (view(early, late), view(late, early)):
        assert one.fact("status") == "fulfilled" and list(one.marks("order.shipped"))


def test_what_comes_back_whole_does_not_take_back_that_it_was_sent() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.later(hours=1)
    sent = fake.now
    fake.fulfil(order)
    before = read(fake.event("OrderUpdated", order))
    fake.later(days=5)
    back = fake.send_back(order)
    after = read(fake.event("OrderUpdated", order))
    now = view(before, after)
    assert [one.at for one in now.marks("order.shipped")] == [sent]
    assert [one.at for one in now.marks("order.part_shipped")] == [sent]
    (refund,) = told(after, "refund")
    assert refund.subject.id == f"{order}:{back}" and refund.marks == (Mark("return.received", fake.now),)


def test_a_fulfilment_that_waits_for_approval_has_not_left() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.fulfil(order, "WAITING_FOR_APPROVAL")
    found = read(fake.event("FulfillmentCreated", order), "fulfillment_created")
    assert not list(view(found).marks("order.part_shipped")) and not told(found, "shipment")


def test_a_fulfilment_left_when_it_was_approved_and_not_when_it_was_made() -> None:
    fake = FakeSaleor()
    order = fake.order()
    parcel = fake.fulfil(order, "WAITING_FOR_APPROVAL")
    fake.orders[order]["events"][-1]["type"] = "FULFILLMENT_AWAITS_APPROVAL"
    fake.later(days=2)
    approved = fake.now
    fake.orders[order]["fulfillments"][0]["status"] = fake.orders[order]["status"] = "FULFILLED"
    fake.happen(order, "FULFILLMENT_FULFILLED_ITEMS")
    found = read(fake.event("FulfillmentApproved", order), "fulfillment_approved")
    now = view(found)
    assert [one.at for one in now.marks("order.part_shipped")] == [approved]
    assert [one.at for one in now.marks("order.shipped")] == [approved]
    (shipment,) = told(found, "shipment")
    assert shipment.subject.id == f"{order}:{parcel}" and shipment.marks == (Mark("shipment.created", approved),)


def test_a_cancelled_order_and_an_expired_one() -> None:
    for kind in ("CANCELED", "EXPIRED"):
        fake = FakeSaleor()
        order = fake.order()
        fake.orders[order]["status"] = kind
        fake.happen(order, kind)
        assert [one.at for one in view(read(fake.event("OrderUpdated", order))).marks("order.cancelled")] == [fake.now]


def test_a_grant_is_approved_and_its_transaction_is_paid_once() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    fake._do_grant({"id": order, "input": {"amount": 9.9, "reason": "late [redress:k]", "transactionId": "x"}})
    fake._do_payback({"id": fake.orders[order]["grantedRefunds"][0]["id"]})
    approved = fake.now
    fake.later(hours=1)
    fake.settle(order)
    (refund,) = told(read(fake.event("OrderRefunded", order), "order_refunded"), "refund")
    assert {mark.name: (mark.at, mark.value) for mark in refund.marks} == {
        "refund.approved": (approved, None), "refund.paid": (fake.now, Decimal("9.90")),
    }  # fmt: skip
    assert refund.facts["channel"] == "redress" and refund.facts["status"] == "success"


def test_money_that_went_without_a_grant_and_money_that_the_bank_took_back() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    fake._transact(order, "REFUND_SUCCESS", 5.0)
    dispute = fake.charge_back(order, 45.0)
    found = read(fake.event("OrderUpdated", order))
    (refund,), (complaint,) = told(found, "refund"), told(found, "complaint")
    assert refund.facts["amount"] == Decimal("5.00") and "channel" not in refund.facts
    assert complaint.subject.id == f"{order}:{dispute}" and complaint.facts["category"] == "chargeback"
    assert complaint.marks == (Mark("complaint.opened", fake.now),)


def test_an_order_from_a_draft_was_placed_when_the_draft_was_completed() -> None:
    fake = FakeSaleor()
    order = fake.order(status="DRAFT")
    fake.happen(order, "DRAFT_CREATED")
    assert read(fake.event("OrderUpdated", order)).ignored == "a draft"
    fake.later(days=9)
    fake.orders[order]["status"] = "UNFULFILLED"
    fake.happen(order, "PLACED_FROM_DRAFT")
    completed = fake.now
    fake.later(days=1)
    fake.happen(order, "NOTE_ADDED")
    assert [one.at for one in view(read(fake.event("OrderUpdated", order))).marks("order.placed")] == [completed]


def test_a_part_that_came_back_does_not_make_the_rest_sent() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.fulfil(order, whole=False)
    fake.later(days=2)
    fake.fulfil(order, "RETURNED")
    fake.orders[order]["status"] = "PARTIALLY_RETURNED"
    fake.orders[order]["lines"][0]["quantityToFulfill"] = 1
    assert not list(view(read(fake.event("OrderUpdated", order))).marks("order.shipped")), "a piece is still owed"
    fake.orders[order]["lines"][0]["quantityToFulfill"] = 0
    assert list(view(read(fake.event("OrderUpdated", order))).marks("order.shipped"))


def test_money_back_without_the_goods_does_not_take_back_that_they_were_sent() -> None:
    """Saleor moves what was refunded to another fulfilment and drops the one that is empty then."""
    fake = FakeSaleor()
    order = fake.order()
    fake.fulfil(order)
    sent = fake.now
    before = read(fake.event("OrderUpdated", order))
    fake.later(days=1)
    fake.orders[order]["fulfillments"].clear()
    fake.fulfil(order, "REFUNDED")
    now = view(before, read(fake.event("OrderUpdated", order)))
    assert [one.at for one in now.marks("order.part_shipped")] == [sent]
    assert [one.at for one in now.marks("order.shipped")] == [sent]


def test_a_refund_that_was_reversed_is_not_paid_any_more() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    granted = {"amount": 9.9, "reason": "late", "transactionId": "x"}
    fake._do_grant({"id": order, "input": granted})
    fake._do_payback({"id": fake.orders[order]["grantedRefunds"][0]["id"]})
    fake.settle(order)
    fake._transact(order, "REFUND_SUCCESS", 5.0)["pspReference"] = "psp-plain"
    fake.orders[order]["grantedRefunds"][0]["transactionEvents"][0]["pspReference"] = "psp-granted"
    before = read(fake.event("OrderUpdated", order))
    fake.later(days=3)
    for name in ("psp-plain", "psp-granted"):
        fake._transact(order, "REFUND_REVERSE", 5.0)["pspReference"] = name
    after = read(fake.event("OrderUpdated", order))
    for subject in {one.subject for one in told(before, "refund")}:
        events = [one for found in (after, before) for one in found.events if one.subject == subject]
        assert len(events) == 2
        now = View(merge_all(NOTHING, events), NOW + timedelta(days=900))
        assert list(now.marks("refund.approved")) and not list(now.marks("refund.paid"))


def test_older_shops_tell_money_as_a_number_only() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.orders[order]["total"] = {"gross": {"currency": "EUR", "amount": 199.99}}
    (event,) = told(read(fake.event("OrderUpdated", order)), "order")
    assert event.facts["amount"] == Decimal("199.99")


def test_a_product_by_its_channels() -> None:
    fake = FakeSaleor()
    product = fake.products[fake.product()]
    body = {"__typename": "ProductUpdated", "issuedAt": "2026-11-20T10:00:00Z", "product": product}
    (event,) = read(json.dumps(body).encode(), "product_updated").events
    assert event.facts["status"] == "published" and Mark("listing.published", fake.now) in event.marks
    for one in product["channelListings"]:
        one["isPublished"] = False
    (event,) = read(json.dumps(body).encode(), "product_updated").events
    assert event.facts["status"] == "unpublished" and Mark("listing.published", None) in event.marks
    (event,) = read(json.dumps(body).encode(), "product_deleted").events
    assert event.facts["status"] == "deleted"


def test_the_end_of_our_own_app_only() -> None:
    ours = {"issuedAt": "2026-11-20T10:00:00Z", "app": {"id": "QXBwOjE="}, "recipient": {"id": "QXBwOjE="}}
    (event,) = read(json.dumps(ours).encode(), "app_deleted").events
    assert event.marks[0].name == "connection.uninstalled" and event.source == "platform"
    other = {**ours, "app": {"id": "QXBwOjI="}}
    assert "another app" in read(json.dumps(other).encode(), "app_deleted").ignored
    bare = {"app": {"id": "QXBwOjE="}}
    (event,) = read(json.dumps(bare).encode(), "app_deleted").events
    assert event.source == "derived" and event.marks[0].at == NOW


ASKS = [
    ({"transaction": {"order": {"id": "T3JkZXI6MQ=="}}}, "transaction_item_metadata_updated", "order/T3JkZXI6MQ=="),
    ({"fulfillment": {"order": {"id": "T3JkZXI6MQ=="}}}, "fulfillment_approved", "order/T3JkZXI6MQ=="),
    ({"order": {"id": "T3JkZXI6MQ=="}}, "order_created", "order/T3JkZXI6MQ=="),
    ({"product": {"id": "UHJvZHVjdDox"}}, "product_created", "listing/UHJvZHVjdDox"),
    ({"product": {"id": "UHJvZHVjdDox"}}, "product_deleted", "listing/UHJvZHVjdDox"),
    ([{"id": "T3JkZXI6MQ==", "type": "Order"}], "order_created", "order/T3JkZXI6MQ=="),
    ([{"id": "UHJvZHVjdDox", "type": "Product"}], "product_updated", "listing/UHJvZHVjdDox"),
]


@pytest.mark.parametrize(("body", "name", "subject"), ASKS)
def test_what_says_too_little_is_asked_about(body: object, name: str, subject: str) -> None:
    found = read(json.dumps(body).encode(), name)
    assert not found.events and [str(one) for one in found.looks] == [subject]


def test_the_name_of_the_event_may_come_from_its_type() -> None:
    fake = FakeSaleor()
    assert told(read(fake.event("OrderFullyPaid", fake.order()), name=""), "order")


@pytest.mark.parametrize(
    "name", ["customer_created", "product_variant_out_of_stock", "app_installed", "gift_card_sent"]
)
def test_other_events_are_accepted_and_ignored(name: str) -> None:
    assert read(b'{"user": {"email": "x"}}', name).ignored.startswith(f"event {name}")


BROKEN = [
    (b"", "order_created", "body at byte 0"),
    (b"5", "order_created", "body"),
    (b"{}", "", "header saleor-event"),
    (b"{}", "Order Created!", "header saleor-event"),
    (b"{}", "order_created", "order.id"),
    (b'{"order": {"id": 5.5}}', "order_created", "order.id"),
    (b'{"order": {"id": "a b"}}', "order_created", "order.id"),
    (b'{"product": {}}', "product_created", "product.id"),
]


@pytest.mark.parametrize(("raw", "name", "field"), BROKEN)
def test_what_cannot_be_read_names_the_field(raw: bytes, name: str, field: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(raw, name)
    assert error.value.field == field


def test_the_subscription_asks_for_what_is_read_and_for_nobody_s_name() -> None:
    query = documents.subscription()
    assert query.count("{") == query.count("}")
    for word in ("issuedAt", "updatedAt", "fragment RedressOrder", "fragment RedressProduct", "recipient"):
        assert word in query
    for word in ("email", "Email", "firstName", "lastName", "phone", "street", "message"):
        assert word not in query


PAYLOADS = {
    "invoice_ready.json": ("VXNlcjo1Mg==", None, None),
    "order_cancelled.json": ("VXNlcjo1Mw==", "2021-03-11T16:58:13.461Z", "41.68"),
    "order_confirmed.json": ("VXNlcjo1MQ==", "2021-03-11T16:56:59.121Z", "240.82"),
    "order_created.json": ("VXNlcjo1MQ==", "2021-03-11T16:56:59.121Z", "240.82"),
    "order_fulfilled.json": ("VXNlcjo1Mg==", "2021-03-11T16:57:47.697Z", "55.18"),
}


@pytest.mark.skipif(not ROOT.is_dir(), reason="no real bodies in ../shared/data/payloads")
def test_every_published_body_is_read() -> None:
    """They are of the older form, without versions: what they say counts as of when the order was placed."""
    assert {path.name for path in ROOT.glob("*.json")} == set(PAYLOADS)
    for name, (order, placed, amount) in PAYLOADS.items():
        found = read((ROOT / name).read_bytes(), name.removesuffix(".json"))
        assert found.looks == (Subject("order", order),), name
        for event in found.events:
            assert [(mark.name, show(mark.at)) for mark in event.marks if mark.at] == [("order.placed", placed)], name
            assert event.version == event.marks[0].at
            assert (str(event.facts["amount"]), event.facts["currency"], event.facts["country"]) == (
                amount,
                "USD",
                "PL",
            )
        assert bool(found.events) is (placed is not None), name


def test_a_webhook_without_a_query_says_when_the_order_was_placed_and_asks() -> None:
    body = {
        "type": "Order", "id": "T3JkZXI6MQ==", "status": "unfulfilled", "created": "2026-11-20T10:00:00.123456+00:00",
        "total_gross_amount": "12.30", "channel": {"currency_code": "EUR", "slug": "x"}, "user_email": "CANARY@x.y",
    }  # fmt: skip
    found = read(json.dumps([body]).encode(), "order_updated")
    (event,) = found.events
    assert event.subject == Subject("order", "T3JkZXI6MQ==") and found.looks == (event.subject,)
    assert event.facts == {"currency": "EUR", "amount": Decimal("12.30")} and len(event.marks) == 1
    assert not read(json.dumps([{**body, "status": "draft"}]).encode(), "draft_order_created").events
    assert read(b'{"order": {"number": "15", "id": "T3JkZXI6MQ=="}}', "order_created").events == ()


def test_a_query_of_somebody_else_s_says_as_much_as_it_asked_for() -> None:
    order = {
        "id": "T3JkZXI6MQ==", "created": "2026-11-20T10:00:00+00:00", "status": "UNFULFILLED",
        "total": {"gross": {"amount": 12.3, "currency": "EUR"}}, "shippingAddress": {"country": {"code": "DE"}},
    }  # fmt: skip
    for body in ({"order": order}, {"data": {"orderCreated": {"order": order}}}):
        found = read(json.dumps(body).encode(), "order_created")
        (event,) = found.events
        assert event.facts == {"currency": "EUR", "amount": Decimal("12.3"), "country": "DE"}
        assert [mark.name for mark in event.marks] == ["order.placed"] and found.looks == (event.subject,)
    assert not read(json.dumps([{**body, "type": "Fulfillment"}]).encode(), "fulfillment_created").events
