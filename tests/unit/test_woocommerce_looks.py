"""What a shop says when it is asked: instants of statuses from notes in any language, refunds, what is gone."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib.core.events import Event, Link, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.platforms.base import Delivery, Later, Read, Refused, Session, Shop
from chalicelib.platforms.woocommerce import WooCommerce
from tests.fakes.driving import drive
from tests.fakes.woocommerce import DOWN, FIREWALL, HTML, NOTICES, THROTTLED, FakeShop
from tests.fakes.wordpress import wp

WOO = WooCommerce()
KEYS = {"consumer_key": "ck_1", "consumer_secret": "cs_1"}


def session(**shop: object) -> Session:
    return Session(Shop("s", "woocommerce", "https://shop.example", **shop), KEYS)  # type: ignore[arg-type]


def look(shop: FakeShop, kind: str, ident: object, **options: object) -> object:
    return drive(WOO.look(Subject(kind, str(ident)), session(**options)), shop.send)


def events(found: object) -> tuple[Event, ...]:
    assert isinstance(found, Read), found
    return found.events


def at(event: Event, name: str, of: str = "") -> datetime | str | None:
    found = [mark.at for mark in event.marks if mark.name == name and mark.of == of]
    return found[0] if found else "unsaid"


GERMAN = {
    "pending": "Zahlung ausstehend",
    "processing": "In Bearbeitung",
    "on-hold": "In Wartestellung",
    "completed": "Fertiggestellt",
    "cancelled": "Storniert",
    "refunded": "Rückerstattet",
    "failed": "Fehlgeschlagen",
    "delivered": "Geliefert",
    "delivered-late": "Geliefert (verspätet)",
}
CHINESE = {
    "pending": "待付款",
    "processing": "处理中",
    "cancelled": "已取消",
    "delivered": "已送达",
    "completed": "已完成",
}
LANGUAGES = [
    (None, "Order status changed from {} to {}.", "English"),
    (GERMAN, "Der Status der Bestellung wurde von {} auf {} geändert.", "German, with a name inside another"),
    (CHINESE, "订单状态从{}更改为{}。", "Chinese, without spaces"),
    (GERMAN, "{1} (zuvor: {0})", "a language that names the new status first"),
]


@pytest.mark.parametrize(("names", "sentence", "why"), LANGUAGES, ids=[row[-1] for row in LANGUAGES])
def test_a_cancelling_is_dated_by_the_shops_own_note(names: dict | None, sentence: str, why: str) -> None:
    shop = FakeShop(changed=sentence)
    shop.names.update(names or {})
    number = shop.order("pending")
    shop.later(hours=1)
    shop.set_status(number, "processing")
    shop.later(hours=1)
    cancelled = shop.now
    shop.set_status(number, "cancelled")
    shop.later(days=3)
    shop.orders[number]["date_modified_gmt"] = wp(shop.now)
    event = events(look(shop, "order", number))[0]
    assert at(event, "order.cancelled") == cancelled, why
    assert event.version == shop.now
    assert event.look


def test_the_instant_does_not_creep_with_later_edits_whatever_arrives_when() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.later(hours=2)
    cancelled = shop.now
    shop.set_status(number, "cancelled")
    said: list[Event] = []
    for _ in range(4):
        shop.later(days=1)
        shop.orders[number]["date_modified_gmt"] = wp(shop.now)
        said.extend(events(look(shop, "order", number)))
        push = WOO.read(Delivery("d", shop.send_body(number), {"x-wc-webhook-topic": "order.updated"}, shop.now),
                        session().shop)  # fmt: skip
        said.extend(push.events)
    for history in (said, said[::-1], said[::2] + said[1::2]):
        evidence = merge_all(NOTHING, history)
        assert evidence.marks["order.cancelled", ""].at == cancelled
        assert evidence.live("order.cancelled", evidence.marks["order.cancelled", ""])


def test_an_order_brought_back_to_life_is_not_cancelled() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.later(hours=1)
    shop.set_status(number, "cancelled")
    first = events(look(shop, "order", number))
    shop.later(hours=1)
    shop.set_status(number, "processing")
    evidence = merge_all(NOTHING, first + events(look(shop, "order", number)))
    assert evidence.marks["order.cancelled", ""].at is None


def test_cancelled_then_refunded_then_trashed_is_still_the_first_cancelling() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.later(hours=1)
    cancelled = shop.now
    shop.set_status(number, "cancelled", prefix="Order cancelled by Processing team.")
    shop.later(hours=1)
    shop.refund(number, "50.00")
    shop.later(days=9)
    shop.trash(number)
    assert at(events(look(shop, "order", number))[0], "order.cancelled") == cancelled


def test_a_live_order_put_into_the_trash_is_cancelled_at_that_time() -> None:
    shop = FakeShop()
    number = shop.order("pending")
    shop.later(hours=1)
    shop.set_status(number, "processing")
    shop.later(hours=5)
    shop.trash(number)
    assert at(events(look(shop, "order", number))[0], "order.cancelled") == shop.now


def test_a_full_refund_before_shipping_cancels_and_after_shipping_does_not() -> None:
    shop = FakeShop()
    before, after = shop.order(), shop.order()
    shop.later(hours=1)
    shop.set_status(after, "completed")
    shipped = shop.now
    shop.later(hours=1)
    for number in (before, after):
        shop.refund(number, "50.00")
    assert at(events(look(shop, "order", before))[0], "order.cancelled") == shop.now
    returned = events(look(shop, "order", after))[0]
    assert at(returned, "order.cancelled") == "unsaid"
    assert at(returned, "order.shipped") == shipped


def test_a_custom_status_is_dated_by_its_note_and_the_first_entry_counts() -> None:
    shop = FakeShop()
    shop.names["delivered"] = "Delivered"
    number = shop.order()
    shop.later(days=1)
    shop.set_status(number, "delivered")
    delivered = shop.now
    shop.later(days=1)
    shop.set_status(number, "on-hold")
    shop.later(days=1)
    shop.set_status(number, "delivered")
    mapping = {"order.delivered": ("status:wc-delivered",)}
    assert at(events(look(shop, "order", number, mapping=mapping))[0], "order.delivered") == delivered
    shop.set_status(number, "processing")
    assert at(events(look(shop, "order", number, mapping=mapping))[0], "order.delivered") is None


@pytest.mark.parametrize("through", ["shipped", ""], ids=["shipped before", "completed at once"])
def test_the_first_of_two_statuses_that_mean_the_same_counts(through: str) -> None:
    shop = FakeShop()
    shop.names["shipped"] = "Shipped"
    number = shop.order()
    shop.later(days=1)
    shop.set_status(number, through or "completed")
    left = shop.now
    shop.later(days=3)
    shop.set_status(number, "completed")
    mapping = {"order.shipped": ("status:shipped", "status:completed")}
    assert at(events(look(shop, "order", number, mapping=mapping))[0], "order.shipped") == left


def test_names_come_from_the_connection_where_the_key_may_not_read_reports() -> None:
    shop = FakeShop(may_read_reports=False, changed="{} -> {}")
    shop.names.update(GERMAN)
    number = shop.order()
    shop.later(hours=1)
    shop.set_status(number, "cancelled")
    assert at(events(look(shop, "order", number))[0], "order.cancelled") == "unsaid", "never guessed"
    options = {"status_names": "wc-cancelled=Storniert, processing=In Bearbeitung"}
    assert at(events(look(shop, "order", number, options=options))[0], "order.cancelled") == shop.now


def test_a_typed_note_that_names_two_statuses_misleads_nobody() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.later(hours=1)
    cancelled = shop.now
    shop.set_status(number, "cancelled")
    shop.later(hours=1)
    shop.add_note(number, "Customer asked whether Cancelled can become Processing again")
    shop.add_note(number, "From Processing to Cancelled.", for_customer=True)
    assert at(events(look(shop, "order", number))[0], "order.cancelled") == cancelled


def test_notes_that_do_not_join_up_date_nothing() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.set_status(number, "cancelled")
    shop.notes[number][0]["note"] = "Order status changed from Pending payment to Failed."
    assert at(events(look(shop, "order", number))[0], "order.cancelled") == "unsaid"


# -- refunds ----------------------------------------------------------------------------------------------------------


def test_refunds_have_their_instant_amount_and_order() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.later(hours=1)
    one = shop.refund(number, "9.90", "CANARY too small")
    shop.later(hours=1)
    two = shop.refund(number, "10.00", gateway=False)
    found = {event.subject.id: event for event in events(look(shop, "order", number))}
    assert set(found) == {str(number), f"{number}:{one['id']}", f"{number}:{two['id']}"}
    event = found[f"{number}:{one['id']}"]
    assert event.subject.kind == "refund"
    paid = next(mark for mark in event.marks if mark.name == "refund.paid")
    assert (paid.at, paid.value) == (datetime(2026, 11, 20, 11, tzinfo=UTC), Decimal("9.90"))
    assert event.facts["status"] == "gateway"
    assert event.facts["amount"] == Decimal("9.90")
    assert event.facts["currency"] == "EUR"
    assert event.links == (Link("order", "order", str(number)),)
    assert "channel" not in event.facts
    assert "CANARY" not in repr(found)
    assert found[f"{number}:{two['id']}"].facts["status"] == "recorded"
    assert found[str(number)].facts["refunded"] == Decimal("19.90")


def test_a_shop_may_say_that_recorded_refunds_are_only_approved() -> None:
    shop = FakeShop()
    number = shop.order()
    made = shop.refund(number, "10.00", gateway=False)
    subject = f"{number}:{made['id']}"
    assert at(events(look(shop, "refund", subject))[0], "refund.paid") == shop.now
    event = events(look(shop, "refund", subject, options={"recorded_refunds": "approved"}))[0]
    assert at(event, "refund.paid") == "unsaid"
    assert at(event, "refund.approved") == shop.now


def test_our_own_refund_is_known_as_ours() -> None:
    shop = FakeShop()
    number = shop.order()
    made = shop.refund(number, "10.00", "[redress:order/1|r|breach|0|0]")
    assert events(look(shop, "refund", f"{number}:{made['id']}"))[0].facts["channel"] == "redress"


def test_a_deleted_refund_is_taken_back() -> None:
    shop = FakeShop()
    number = shop.order()
    made = shop.refund(number, "10.00")
    before = events(look(shop, "refund", f"{number}:{made['id']}"))
    shop.refunds[number].clear()
    shop.later(minutes=1)
    evidence = merge_all(NOTHING, before + events(look(shop, "refund", f"{number}:{made['id']}")))
    assert evidence.marks["refund.paid", ""].at is None


# -- what is gone -----------------------------------------------------------------------------------------------------


def test_an_order_that_is_gone_is_cancelled_as_of_the_shops_answer_and_does_not_creep() -> None:
    shop = FakeShop()
    first = events(look(shop, "order", 77))[0]
    assert at(first, "order.cancelled", "gone-2026-11-20T10") == shop.now
    assert first.facts == {"status": "deleted"}
    shop.later(days=2)
    evidence = merge_all(NOTHING, (first, *events(look(shop, "order", 77))))
    assert min(one.at for one in evidence.marks.values() if one.at) == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_an_order_found_again_was_never_gone() -> None:
    shop = FakeShop()
    number = shop.order()
    hidden = shop.orders.pop(number)
    gone = events(look(shop, "order", number))
    shop.later(hours=1)
    shop.orders[number] = {**hidden, "date_modified_gmt": wp(shop.now)}
    evidence = merge_all(NOTHING, gone + events(look(shop, "order", number)))
    assert not any(
        evidence.live("order.cancelled", register)
        for (name, _), register in evidence.marks.items()
        if name == "order.cancelled"
    )


def test_a_product_and_its_end() -> None:
    shop = FakeShop()
    number = shop.product()
    assert at(events(look(shop, "listing", number))[0], "listing.published") == shop.now
    shop.products.clear()
    event = events(look(shop, "listing", number))[0]
    assert at(event, "listing.unpublished", "gone-2026-11-20T10") == shop.now


# -- answers that are none --------------------------------------------------------------------------------------------

BAD = [
    (THROTTLED, Later(7.0), "told how long to wait"),
    (FIREWALL, Later(120.0, "firewall"), "403 of a firewall is no refusal"),
    (DOWN, Later(60.0, "unavailable"), "maintenance"),
    (HTML, Later(60.0, "not_json"), "a page under 200"),
]


@pytest.mark.parametrize(("fault", "outcome", "why"), BAD, ids=[row[-1] for row in BAD])
def test_a_look_that_gets_no_answer_is_tried_later(fault: str, outcome: Later, why: str) -> None:
    shop = FakeShop()
    number = shop.order()
    shop.faults = [("GET", fault)]
    assert look(shop, "order", number) == outcome


def test_php_notices_before_the_json_do_not_matter() -> None:
    shop = FakeShop()
    number = shop.order()
    quiet = events(look(shop, "order", number))
    shop.faults = [("GET", NOTICES), ("GET", NOTICES)]
    assert [event.marks for event in events(look(shop, "order", number))] == [event.marks for event in quiet]


def test_wrong_keys_are_refused_for_good() -> None:
    shop = FakeShop(key="another")
    assert look(shop, "order", shop.order()) == Refused("token")


def test_a_look_asks_only_for_what_it_reads() -> None:
    shop = FakeShop()
    look(shop, "order", shop.order())
    asked = next(call.url for call in shop.calls if "/orders/" in call.url)
    assert "_fields=" in asked and "first_name" not in asked and "email" not in asked and "customer_note" not in asked


@pytest.mark.parametrize(("kind", "ident"), [("order", "x"), ("refund", "12"), ("seller", "1"), ("refund", "1:0")])
def test_subjects_of_another_form_are_refused_without_a_call(kind: str, ident: str) -> None:
    shop = FakeShop()
    assert isinstance(look(shop, kind, ident), Refused)
    assert shop.calls == []
