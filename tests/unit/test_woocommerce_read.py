"""What deliveries say: which marks, facts and links, when a look is asked, and what is never said."""

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.core.events import Event, Link, Subject
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.woocommerce import WooCommerce

FIXTURES = Path(__file__).parents[1] / "fixtures" / "woocommerce"
ORDER: dict = json.loads((FIXTURES / "order.json").read_text())
PRODUCT: dict = json.loads((FIXTURES / "product.json").read_text())
SHOP = Shop("shop-1", "woocommerce", "https://shop.example")
WOO = WooCommerce()
RECEIVED = datetime(2030, 1, 1, tzinfo=UTC)


def deliver(body: object, topic: str = "order.updated", shop: Shop = SHOP, adapter: WooCommerce = WOO) -> Read:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return adapter.read(Delivery("d-1", raw, {"x-wc-webhook-topic": topic}, RECEIVED), shop)


def order(**changes: object) -> dict:
    return {**copy.deepcopy(ORDER), **changes}


def only(read: Read) -> Event:
    assert len(read.events) == 1, read
    return read.events[0]


def at(event: Event, name: str, of: str = "") -> datetime | str | None:
    found = [mark.at for mark in event.marks if mark.name == name and mark.of == of]
    return found[0] if found else "unsaid"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_paid_order() -> None:
    event = only(deliver(ORDER, "order.created"))
    assert event.subject == Subject("order", "5120")
    assert event.version == event.occurred_at == utc("2026-11-20T10:05:00")
    assert at(event, "order.placed") == utc("2026-11-20T10:00:00")
    assert at(event, "order.paid") == utc("2026-11-20T10:01:00")
    assert at(event, "order.cancelled") is None
    assert at(event, "order.shipped") is None
    assert event.facts == {
        "status": "processing",
        "currency": "EUR",
        "amount": Decimal("59.90"),
        "country": "AT",
        "region": None,
        "buyer": "44",
        "refunded": Decimal(0),
        "product": "31",
    }
    assert event.source == "platform"
    assert not event.look
    assert deliver(ORDER, "order.created").looks == ()


def test_an_unpaid_order_is_placed_and_not_paid() -> None:
    event = only(deliver(order(status="pending", date_paid_gmt=None, date_paid=None), "order.created"))
    assert at(event, "order.placed") == utc("2026-11-20T10:00:00")
    assert at(event, "order.paid") is None


def test_a_draft_of_the_checkout_is_no_order_yet() -> None:
    assert deliver(order(status="checkout-draft")).ignored


def test_a_guest_has_no_buyer_and_billing_serves_where_nothing_is_shipped() -> None:
    event = only(deliver(order(customer_id=0, shipping={"country": ""})))
    assert event.facts["buyer"] is None
    assert event.facts["country"] == "DE"


@pytest.mark.parametrize(
    ("country", "state", "wanted", "why"),
    [
        ("AU", "NSW", "AU-NSW", "the bare code"),
        ("DE", "DE-BY", "DE-BY", "the country before it"),
        ("US", "CA", "US-CA", "two letters"),
        ("JP", "JP13", None, "a code of WooCommerce's own"),
        ("GB", "Kent", None, "what the buyer wrote"),
        ("DE", "DE-BY Bavaria", None, "more than a code"),
        ("US", "", None, "none"),
        ("US", 7, None, "no text"),
        ("", "NSW", None, "a state without a country"),
    ],
)
def test_a_region_is_a_code_of_the_standard_or_not_told(
    country: str, state: object, wanted: str | None, why: str
) -> None:
    sent = order(shipping={"country": country, "state": state}, billing={"country": country, "state": ""})
    assert only(deliver(sent)).facts["region"] == wanted, why


def test_the_state_is_of_the_address_that_gives_the_country() -> None:
    sent = order(shipping={"country": "", "state": "NSW"}, billing={"country": "US", "state": "NY"})
    facts = only(deliver(sent)).facts
    assert (facts["country"], facts["region"]) == ("US", "US-NY")


def test_nothing_personal_leaves_the_adapter() -> None:
    said = repr(deliver(order(refunds=[{"id": 1, "reason": "CANARY", "total": "-1.00"}])))
    assert "CANARY" not in said.upper().replace("X-WC", "")
    assert "203.0.113" not in said


def test_completed_means_shipped_by_default() -> None:
    done = order(status="completed", date_completed_gmt="2026-11-21T08:00:00")
    assert at(only(deliver(done)), "order.shipped") == utc("2026-11-21T08:00:00")


def test_an_order_put_back_to_processing_was_not_shipped() -> None:
    back = order(status="processing", date_completed_gmt="2026-11-21T08:00:00")
    assert at(only(deliver(back)), "order.shipped") is None


def test_a_hold_on_a_shipped_order_does_not_take_the_shipping_back() -> None:
    held = order(status="on-hold", date_completed_gmt="2026-11-21T08:00:00")
    assert at(only(deliver(held)), "order.shipped") == utc("2026-11-21T08:00:00")


@pytest.mark.parametrize("status", ["cancelled", "failed", "refunded", "trash"])
def test_a_cancelled_order_is_looked_at_because_nothing_in_it_dates_the_cancelling(status: str) -> None:
    for modified in ("2026-11-22T10:00:00", "2026-12-24T10:00:00"):
        read = deliver(order(status=status, date_modified_gmt=modified))
        assert read.looks == (Subject("order", "5120"),)
        assert at(only(read), "order.cancelled") == "unsaid", "the date of the last change would creep"
        assert "order.cancelled" not in only(read).whole, "nor may what a look found be swept away"


def test_a_refund_after_shipping_cancels_nothing() -> None:
    read = deliver(order(status="refunded", date_completed_gmt="2026-11-21T08:00:00"))
    assert read.looks == ()
    assert at(only(read), "order.shipped") == utc("2026-11-21T08:00:00")


@pytest.mark.parametrize("status", ["pending", "processing", "on-hold", "completed"])
def test_a_live_status_takes_a_cancelling_back(status: str) -> None:
    event = only(deliver(order(status=status)))
    assert at(event, "order.cancelled") is None
    assert "order.cancelled" in event.whole


def test_only_gmt_fields_count() -> None:
    event = only(deliver(order(date_created_gmt=None, date_paid_gmt="garbage")))
    assert at(event, "order.placed") == "unsaid"
    assert at(event, "order.paid") is None


@pytest.mark.parametrize("found", [None, "", "0000-00-00T00:00:00", "2026-11-20", 5, "2026-13-40T10:00:00"])
def test_without_the_date_of_the_last_change_nothing_is_asserted(found: object) -> None:
    read = deliver(order(date_modified_gmt=found))
    assert read == Read(looks=(Subject("order", "5120"),))


def test_the_time_of_receipt_is_never_an_instant() -> None:
    for topic, body in (("order.updated", ORDER), ("product.updated", PRODUCT)):
        for event in deliver(body, topic).events:
            assert RECEIVED not in {mark.at for mark in event.marks} | {event.occurred_at, event.version}


def test_refunds_have_no_date_so_they_are_looked_at() -> None:
    read = deliver(order(refunds=[{"id": 8, "total": "-9.90"}, {"id": 7, "total": "-10.00"}]))
    assert read.looks == (Subject("order", "5120"),)
    assert only(read).facts["refunded"] == Decimal("19.90")


def test_a_child_of_a_basket_is_linked_to_it() -> None:
    assert only(deliver(order(parent_id=5119))).links == (Link("basket", "order", "5119"),)


def test_several_products_are_no_one_product() -> None:
    lines = [{"product_id": 31}, {"product_id": 32}]
    assert only(deliver(order(line_items=lines))).facts["product"] is None


def test_event_ids_do_not_repeat_for_two_orders_of_one_second() -> None:
    one, two = deliver(order(id=1)), deliver(order(id=2))
    assert only(one).id != only(two).id
    assert only(one).id == only(deliver(order(id=1))).id
    assert only(one).id != only(deliver(order(id=1, total="1.00"))).id


# -- the mapping ------------------------------------------------------------------------------------------------------


def mapped(**mapping: tuple[str, ...]) -> Shop:
    return Shop("s", "woocommerce", "https://shop.example", {f"order.{name}": to for name, to in mapping.items()})


def with_meta(key: str, value: object, **changes: object) -> dict:
    return order(meta_data=[{"id": 1, "key": key, "value": value}], **changes)


META = [
    (1795000000, "2026-11-18T11:06:40", "seconds"),
    ("1795000000", "2026-11-18T11:06:40", "seconds as text"),
    ("1795000000123", "2026-11-18T11:06:40.123", "milliseconds"),
    ("2026-11-18T12:00:00+01:00", "2026-11-18T11:00:00", "with an offset"),
    ("2026-11-18T12:00:00Z", "2026-11-18T12:00:00", "in UTC"),
]


@pytest.mark.parametrize(("value", "instant", "why"), META, ids=[row[-1] for row in META])
def test_a_mark_from_meta_data(value: object, instant: str, why: str) -> None:
    shop = mapped(delivered=("meta:_delivered_at",))
    assert at(only(deliver(with_meta("_delivered_at", value), shop=shop)), "order.delivered") == utc(instant), why


@pytest.mark.parametrize("value", ["2026-11-18T12:00:00", "yesterday", {"x": 1}, [1], 17, True, "9" * 40])
def test_meta_data_that_is_no_instant_says_nothing_and_is_counted(value: object) -> None:
    event = only(deliver(with_meta("_delivered_at", value), shop=mapped(delivered=("meta:_delivered_at",))))
    assert at(event, "order.delivered") == "unsaid"
    assert "meta:_delivered_at" in event.dropped


def test_meta_data_that_was_removed_takes_the_mark_back() -> None:
    assert at(only(deliver(ORDER, shop=mapped(delivered=("meta:_delivered_at",)))), "order.delivered") is None


@pytest.mark.parametrize("slug", ["delivered", "wc-delivered"])
def test_a_status_without_a_date_of_its_own_is_looked_at_and_not_guessed(slug: str) -> None:
    read = deliver(order(status="delivered"), shop=mapped(delivered=(f"status:{slug}",)))
    assert read.looks == (Subject("order", "5120"),)
    assert at(only(read), "order.delivered") == "unsaid"


def test_a_later_status_does_not_take_an_earlier_one_back() -> None:
    read = deliver(order(status="archived"), shop=mapped(delivered=("status:delivered",)))
    assert at(only(read), "order.delivered") == "unsaid"
    assert read.looks == ()


def test_the_first_source_with_an_instant_wins() -> None:
    shop = mapped(shipped=("meta:_shipped_at", "status:completed"))
    done = {"status": "completed", "date_completed_gmt": "2026-11-21T08:00:00"}
    assert at(only(deliver(with_meta("_shipped_at", 1795000000, **done), shop=shop)), "order.shipped") == utc(
        "2026-11-18T11:06:40"
    )
    assert at(only(deliver(order(**done), shop=shop)), "order.shipped") == utc("2026-11-21T08:00:00")


def test_an_instant_is_not_taken_where_the_notes_may_know_an_earlier_one() -> None:
    shop = mapped(shipped=("status:shipped", "status:completed"))
    read = deliver(order(status="completed", date_completed_gmt="2026-11-25T08:00:00"), shop=shop)
    assert read.looks == (Subject("order", "5120"),)
    assert at(only(read), "order.shipped") == "unsaid"


def test_delivered_is_a_status_of_that_name_unless_the_shop_says_otherwise() -> None:
    read = deliver(order(status="delivered"))
    assert read.looks == (Subject("order", "5120"),)
    assert at(only(deliver(ORDER)), "order.delivered") is None, "not while it is being worked on"
    assert deliver(order(status="completed", date_completed_gmt="2026-11-21T08:00:00")).looks == ()


PARCELS = [
    {"tracking_id": "aa11", "tracking_provider": "dhl", "tracking_number": "1", "date_shipped": "1795000000"},
    {"tracking_id": "bb22", "tracking_provider": "dhl", "tracking_number": "2", "date_shipped": "1795086400"},
    {"tracking_provider": "dhl", "tracking_number": "3", "date_shipped": "1795086401"},
]


def test_each_tracked_parcel_is_a_part_and_the_list_is_whole() -> None:
    event = only(deliver(with_meta("_wc_shipment_tracking_items", PARCELS)))
    assert at(event, "order.part_shipped", "aa11") == utc("2026-11-18T11:06:40")
    assert at(event, "order.part_shipped", "bb22") == utc("2026-11-19T11:06:40")
    assert len([mark for mark in event.marks if mark.name == "order.part_shipped"]) == 3
    assert "order.part_shipped" in event.whole


def test_a_removed_parcel_is_no_longer_listed() -> None:
    assert "order.part_shipped" in only(deliver(ORDER)).whole


@pytest.mark.parametrize("value", ["serialised", {"a": 1}, ["x"]])
def test_tracking_data_of_another_form_is_no_list(value: object) -> None:
    event = only(deliver(with_meta("_wc_shipment_tracking_items", value)))
    assert "order.part_shipped" not in event.whole
    assert "tracking:" in event.dropped


def test_a_shop_may_say_that_the_last_parcel_ships_the_order() -> None:
    shop = mapped(shipped=("tracking:",))
    event = only(deliver(with_meta("_wc_shipment_tracking_items", PARCELS[:2]), shop=shop))
    assert at(event, "order.shipped") == utc("2026-11-19T11:06:40")


def test_a_mark_that_nobody_declared_is_dropped_and_counted() -> None:
    event = only(deliver(with_meta("_x", 1795000000), shop=mapped(nonsense=("meta:_x",))))
    assert at(event, "order.nonsense") == "unsaid"
    assert "order.nonsense" in event.dropped


AMOUNTS = [
    ("59.90", "59.90", "text"),
    ("10.00000000", "10.000000", "digits that a currency does not have"),
    (12, "12", "a whole number"),
    (12.5, "12.5", "a number"),
    ("0.00000001", None, "finer than money goes"),
    ("1e9", None, "an exponent"),
    ("1,000.00", None, "grouped"),
    ("", None, "nothing"),
    (True, None, "a flag"),
]


@pytest.mark.parametrize(("found", "amount", "why"), AMOUNTS, ids=[row[-1] for row in AMOUNTS])
def test_amounts(found: object, amount: str | None, why: str) -> None:
    event = only(deliver(order(total=found)))
    assert event.facts.get("amount") == (None if amount is None else Decimal(amount)), why


# -- topics -----------------------------------------------------------------------------------------------------------

LOOKS = [
    ("order.deleted", {"id": 12}, Subject("order", "12"), "into the trash, or gone: only a look tells"),
    ("product.deleted", {"id": 12}, Subject("listing", "12"), "a product as well"),
    ("action.woocommerce_order_status_completed", {"action": "woocommerce_order_status_completed", "arg": 9},
     Subject("order", "9"), "an action names the order and no instant"),
    ("action.woocommerce_payment_complete", {"action": "woocommerce_payment_complete", "arg": 9},
     Subject("order", "9"), "paid"),
    ("action.woocommerce_order_refunded", {"action": "woocommerce_order_refunded", "arg": "9"},
     Subject("order", "9"), "as text"),
    ("action.woocommerce_update_product", {"action": "woocommerce_update_product", "arg": 3},
     Subject("listing", "3"), "a product's hook"),
]  # fmt: skip


@pytest.mark.parametrize(("topic", "body", "subject", "why"), LOOKS, ids=[row[-1] for row in LOOKS])
def test_bodies_that_say_too_little_ask_for_a_look(topic: str, body: object, subject: Subject, why: str) -> None:
    assert deliver(body, topic) == Read(looks=(subject,))


IGNORED = [
    ("customer.updated", {"id": 3, "email": "x@example.org"}, "customers are not ours"),
    ("coupon.created", {"id": 3, "code": "TEN"}, "nor coupons"),
    ("subscription.updated", {"id": 3}, "nor other plugins' resources"),
    ("action.woocommerce_refund_created", {"action": "woocommerce_refund_created", "arg": 9}, "its id is a refund's"),
    ("action.woocommerce_new_order_item", {"action": "woocommerce_new_order_item", "arg": 9}, "an item's"),
    ("action.wc_mystery", {"action": "wc_mystery", "arg": 9}, "an unknown hook"),
    ("action.woocommerce_order_x", {"action": "woocommerce_order_x", "arg": "none"}, "no id"),
    ("order.updated", b"", "a ghost call without a body"),
    ("order.updated", b"[]", "an empty object as PHP writes it"),
]


@pytest.mark.parametrize(("topic", "body", "why"), IGNORED, ids=[row[-1] for row in IGNORED])
def test_what_is_not_for_us_is_ignored_with_a_reason(topic: str, body: object, why: str) -> None:
    read = deliver(body, topic)
    assert read.ignored and not read.events and not read.looks


def test_a_shop_may_name_further_hooks() -> None:
    shop = Shop("s", "woocommerce", "https://shop.example", options={"order_actions": "wc_parcel_sent, wc_other"})
    read = deliver({"action": "wc_parcel_sent", "arg": 9}, "action.wc_parcel_sent", shop)
    assert read.looks == (Subject("order", "9"),)


UNREADABLE = [
    (b"{", "body", "broken JSON"),
    (b"\xff\xfe", "body", "not text"),
    (b'"text"', "body", "no object"),
    ({"id": "abc", "status": "processing"}, "id", "no id"),
    ({"id": -5}, "id", "a negative id"),
    ({"id": True}, "id", "a flag for an id"),
    (PRODUCT, "x-wc-webhook-topic", "a product under an order's topic"),
]


@pytest.mark.parametrize(("body", "field", "why"), UNREADABLE, ids=[row[-1] for row in UNREADABLE])
def test_unreadable_bodies_name_the_field(body: object, field: str, why: str) -> None:
    with pytest.raises(Unreadable) as error:
        deliver(body)
    assert error.value.field == field
    assert error.value.wanted


def test_an_order_under_a_products_topic_is_not_read_as_a_product() -> None:
    with pytest.raises(Unreadable):
        deliver(ORDER, "product.updated")


@pytest.mark.parametrize("status", [401, 403])
def test_a_signed_error_says_what_to_mend(status: int) -> None:
    body = {"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": status}}
    with pytest.raises(Unreadable) as error:
        deliver(body)
    assert "woocommerce_rest_cannot_view" in error.value.found
    assert "user who made the webhook" in error.value.wanted


def test_a_topic_is_not_needed_where_the_shape_tells() -> None:
    assert only(deliver(ORDER, "")).subject.kind == "order"
    assert only(deliver(PRODUCT, "")).subject.kind == "listing"
    with pytest.raises(Unreadable):
        deliver({"id": 3}, "")


def test_a_product() -> None:
    event = only(deliver(PRODUCT, "product.updated"))
    assert event.subject == Subject("listing", "31")
    assert at(event, "listing.published") == utc("2025-01-05T08:00:00")
    assert at(event, "listing.changed") == utc("2026-11-01T12:00:00")
    assert at(event, "listing.unpublished") is None
    assert event.facts == {"product": "31", "status": "publish", "category": "hot-drinks"}


def test_a_product_taken_down_has_no_instant_of_that() -> None:
    event = only(deliver({**PRODUCT, "status": "draft"}, "product.updated"))
    assert at(event, "listing.unpublished") == "unsaid"
    assert event.facts["status"] == "draft"


def test_a_product_in_the_trash_was_unpublished_then() -> None:
    meta = [{"key": "_wp_trash_meta_time", "value": "1795000000"}]
    event = only(deliver({**PRODUCT, "status": "trash", "meta_data": meta}, "product.updated"))
    assert at(event, "listing.unpublished") == utc("2026-11-18T11:06:40")
