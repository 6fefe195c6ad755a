"""What the door lets in from BigCommerce, and what a notice says by itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.core.events import Mark, Subject
from chalicelib.core.instants import from_ms
from chalicelib.core.signing import verify_keys
from chalicelib.platforms.base import Delivery, Read, Refusal, Shop, Unreadable
from chalicelib.platforms.bigcommerce import BigCommerce
from tests.fakes.bigcommerce import FakeStore

ADAPTER = BigCommerce()
SHOP = Shop("bc", "bigcommerce", "https://api.bigcommerce.com/stores/abcde")
NOTICES = json.loads((Path(__file__).parents[1] / "fixtures" / "bigcommerce" / "notices.json").read_text())
ROOT = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "bigcommerce"

CLIENT_SECRET = "bc-client-secret-0123456789"
BODY = (
    b'{"scope":"store/order/created","store_id":"1000","data":{"type":"order","id":250},'
    b'"hash":"dd70c0976e06b67aaf671e73f49dcb79230ebf9d","created_at":1561479335,"producer":"stores/abcde"}'
)
HEADERS = {
    "webhook-id": "msg_1",
    "webhook-timestamp": "1561479335",
    "webhook-signature": "v1,FBZSkBYBWG8m8sKHwiPQ2B9GHzy4UZ8W3+i+jOt5ieo=",
}
AT = from_ms(1561479335_000)


def verify(
    headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (CLIENT_SECRET,), now: datetime = AT,
    shop: Shop = SHOP,
) -> Refusal | None:  # fmt: skip
    return ADAPTER.verify(body, headers, secrets, shop, now)


def test_the_sheet_s_vector_with_the_raw_client_secret() -> None:
    assert verify(HEADERS) is None
    library_form = "YmMtY2xpZW50LXNlY3JldC0wMTIzNDU2Nzg5"
    assert verify(HEADERS, secrets=(library_form,)) is not None, "the form for libraries is not the key"


def test_the_standard_s_own_vector_needs_the_decoded_key() -> None:
    import base64

    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    body, now = b'{"test": 2432232314}', from_ms(1614265330_000)
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert verify_keys(headers, body, [key], now) is None
    assert verify_keys(headers, body, [b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now) is not None
    assert verify_keys(headers, body, [b""], now) is not None, "an empty key would sign for anybody"


STRANGERS = [
    ({**HEADERS, "webhook-signature": "v1," + "A" * 43 + "="}, BODY, "another signature"),
    ({**HEADERS, "webhook-signature": "v1,\N{SNOWMAN}"}, BODY, "no base64"),
    ({**HEADERS, "webhook-signature": ""}, BODY, "an empty signature"),
    ({**HEADERS, "webhook-id": "msg_2"}, BODY, "another id"),
    ({**HEADERS, "webhook-id": "msg.1"}, BODY, "an id that could say two things"),
    ({**HEADERS, "webhook-timestamp": "1561479336"}, BODY, "another time"),
    ({**HEADERS, "webhook-timestamp": "soon"}, BODY, "no time"),
    (HEADERS, BODY[:-1], "cut short"),
    (HEADERS, BODY.replace(b"250", b"251"), "another body"),
    (HEADERS, b"", "no body"),
    ({}, BODY, "nothing signed"),
]


@pytest.mark.parametrize(("headers", "body", "why"), STRANGERS, ids=[row[-1] for row in STRANGERS])
def test_strangers_are_refused(headers: dict[str, str], body: bytes, why: str) -> None:
    assert verify(headers, body) is not None


@pytest.mark.parametrize(("away", "let_in"), [(-301, False), (-299, True), (0, True), (299, True), (301, False)])
def test_a_signed_time_is_worth_five_minutes(away: int, let_in: bool) -> None:
    assert (verify(HEADERS, now=AT + timedelta(seconds=away)) is None) is let_in


def test_two_secrets_are_live_while_one_replaces_the_other_and_no_secret_lets_nobody_in() -> None:
    assert verify(HEADERS, secrets=("new-client-secret", CLIENT_SECRET)) is None
    assert verify(HEADERS, secrets=()) is not None
    assert verify(HEADERS, secrets=("",)) is not None


def test_a_second_secret_is_wanted_where_the_connection_has_one() -> None:
    both = f"{CLIENT_SECRET} second-0123"
    assert verify(HEADERS, secrets=(both,)) is not None
    assert verify({**HEADERS, "x-redress-secret": "second-0124"}, secrets=(both,)) is not None
    assert verify({**HEADERS, "X-Redress-Secret": "second-0123"}, secrets=(both,)) is None


def test_a_store_that_signs_nothing_is_let_in_only_where_its_connection_says_so() -> None:
    old = Shop("bc", "bigcommerce", SHOP.address, options={"unsigned": "header"})
    header, both = {"x-redress-secret": "second-0123"}, f"{CLIENT_SECRET} second-0123"
    assert verify(header, secrets=(both,)) is not None
    assert verify(header, secrets=(both,), shop=old) is None
    assert verify({}, secrets=(both,), shop=old) is not None
    assert verify({"x-redress-secret": ""}, secrets=(CLIENT_SECRET, "x "), shop=old) is not None
    broken = {**HEADERS, **header, "webhook-signature": "v1,AAAA"}
    assert verify(broken, secrets=(both,), shop=old) is not None, "a broken signature is not no signature"


def read(body: object, shop: Shop = SHOP, ident: str = "msg_1") -> Read:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ADAPTER.read(Delivery("d", raw, {"webhook-id": ident}, datetime(2030, 1, 1, tzinfo=UTC)), shop)


NOON = datetime(2026, 11, 20, 10, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


ORDER, THREAD, HERE = Subject("order", "250"), Subject("complaint", "250:messages"), Subject("connection", "bc")
SAID = [
    ("store/order/created", [], (ORDER,)),
    ("store/order/statusUpdated",
     [(ORDER, [Mark("order.paid", at(100), "1795168900")], {"status": "awaiting_fulfillment"}, {"order.cancelled"})],
     (ORDER,)),
    ("store/order/refund/created", [], (Subject("refund", "250:9223372036854775806"),)),
    ("store/order/message/created", [], (THREAD,)),
    ("store/shipment/deleted", [(Subject("shipment", "251:12"), [Mark("shipment.created", None)], {}, set())],
     (Subject("order", "251"),)),
    ("store/product/deleted",
     [(Subject("listing", "31"), [Mark("listing.published", None), Mark("listing.unpublished", at(500))],
       {"status": "deleted", "product": "31"}, set())], ()),
    ("store/app/uninstalled", [(HERE, [Mark("connection.uninstalled", at(600))], {}, set())], ()),
    ("store/hook/deliveryException", [(HERE, [], {"status": "delivery-90002"}, set())], ()),
]  # fmt: skip


@pytest.mark.parametrize(("notice", "said"), list(zip(NOTICES, SAID, strict=True)), ids=[row[0] for row in SAID])
def test_what_a_notice_says_and_asks(notice: dict, said: tuple) -> None:
    scope, events, looks = said
    assert notice["scope"] == scope
    found = read(notice)
    told = [(one.subject, list(one.marks), dict(one.facts), set(one.whole)) for one in found.events]
    assert told == events
    assert found.looks == looks
    assert all(one.version == from_ms(notice["created_at"] * 1000) for one in found.events)


def test_a_cancelled_order_is_dated_by_the_notice_and_revived_by_the_next_one() -> None:
    store = FakeStore()
    number = store.order(11)
    (gone,) = read(store.set_status(number, 5)).events
    assert gone.marks == (Mark("order.cancelled", store.now, str(int(store.now.timestamp()))),) and not gone.whole
    store.later(minutes=5)
    (back,) = read(store.set_status(number, 11)).events
    assert [mark.name for mark in back.marks] == ["order.paid"] and back.whole == {"order.cancelled"}


def test_coming_back_to_a_status_after_a_hold_adds_an_occurrence_and_moves_none() -> None:
    store = FakeStore()
    number = store.order(7)
    first = read(store.set_status(number, 11)).events[0]
    store.later(hours=3)
    store.set_status(number, 12)
    again = read(store.set_status(number, 11)).events[0]
    assert first.marks[0].of != again.marks[0].of


def test_an_incomplete_order_starts_nothing() -> None:
    store = FakeStore()
    number = store.order(11)
    found = read(store.set_status(number, 0))
    assert not found.events and found.looks == (Subject("order", str(number)),)


def test_a_dispute_opens_and_is_left() -> None:
    store = FakeStore()
    number = store.order(2)
    opened = read(store.set_status(number, 13)).events[1]
    assert opened.subject == Subject("complaint", f"{number}:dispute")
    assert [mark.name for mark in opened.marks] == ["complaint.opened"] and opened.facts["category"] == "dispute"
    left = read(store.set_status(number, 2)).events[1]
    assert [mark.name for mark in left.marks] == ["complaint.resolved"]


def test_the_mapping_of_the_connection_says_what_a_status_means() -> None:
    shop = Shop("bc", "bigcommerce", "abcde", {"order.delivered": ("status:10",), "order.cancelled": ("status:5",)})
    store = FakeStore()
    number = store.order(2)
    assert [mark.name for mark in read(store.set_status(number, 10), shop).events[0].marks] == ["order.delivered"]
    assert not read(store.set_status(number, 6), shop).events[0].marks, "a declined payment is not mapped any more"


BROKEN = [
    (b"", "body at byte 0"),
    (b"[]", "body"),
    (b"{}", "scope"),
    ({"scope": "store order created"}, "scope"),
    ({**NOTICES[0], "producer": "stores/other"}, "producer"),
    ({**NOTICES[0], "producer": None}, "producer"),
    ({**NOTICES[0], "data": {"id": "x y"}}, "data.id"),
    ({**NOTICES[0], "data": []}, "data.id"),
    ({**NOTICES[0], "data": {"id": 250.5}}, "data.id"),
    ({**NOTICES[0], "data": {"id": -1}}, "data.id"),
    ({**NOTICES[6], "created_at": "now"}, "created_at"),
]


@pytest.mark.parametrize(("body", "field"), BROKEN)
def test_what_cannot_be_read_names_the_field(body: object, field: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(body)
    assert error.value.field == field


@pytest.mark.parametrize("scope", ["store/customer/created", "store/cart/abandoned", "store/something/new/entirely"])
def test_other_scopes_are_accepted_and_ignored(scope: str) -> None:
    assert read({**NOTICES[0], "scope": scope}).ignored == f"scope {scope}"


def test_a_newer_field_changes_nothing() -> None:
    newer = {**NOTICES[1], "actor": {"name": "Ada"}, "data": {**NOTICES[1]["data"], "channel_id": 1}}
    assert read(newer) == read(NOTICES[1])


def test_a_notice_without_an_instant_asserts_nothing() -> None:
    found = read({**NOTICES[1], "created_at": None})
    assert not found.events and found.looks == (ORDER,)


TRANSACTIONS = [
    ({"type": "transaction", "order_id": "250", "transaction_id": "176342342", "transaction_type": "capture"}, "text"),
    ({"type": "transaction", "order_id": 250, "transaction_id": "176342342"}, "a number, as older pages have it"),
    ({"type": "order", "id": 250}, "named as in all other notices"),
]


@pytest.mark.parametrize(("data", "why"), TRANSACTIONS, ids=[row[-1] for row in TRANSACTIONS])
@pytest.mark.parametrize("what", ["created", "updated"])
def test_a_payment_names_its_order_otherwise(data: dict[str, object], why: str, what: str) -> None:
    told = {**json.loads(BODY), "scope": f"store/order/transaction/{what}", "data": data}
    assert read(json.dumps(told).encode()).looks == (Subject("order", "250"),)


PAYLOADS = {
    "store_cart_abandoned.json": ([], "scope store/cart/abandoned"),
    "store_customer_created.json": ([], "scope store/customer/created"),
    "store_order_created.json": (["order/250"], ""),
    "store_order_message_created.json": (["complaint/250:messages"], ""),
    "store_order_refund_created.json": (["refund/250:3"], ""),
    "store_order_statusUpdated.json": (["order/250"], ""),
    "store_order_updated.json": (["order/250"], ""),
    "store_shipment_created.json": (["order/251"], ""),
}


@pytest.mark.skipif(not ROOT.is_dir(), reason="no real bodies in ../shared/data/payloads")
def test_every_published_body_is_read() -> None:
    shop = Shop("bc", "bigcommerce", "stores/{store_hash}")
    assert {path.name for path in ROOT.glob("*.json")} == set(PAYLOADS)
    for name, (looks, ignored) in PAYLOADS.items():
        found = read((ROOT / name).read_bytes(), shop)
        assert [str(one) for one in found.looks] == looks and found.ignored == ignored, name
        wanted = ["order.paid"] if name == "store_order_statusUpdated.json" else []
        assert [mark.name for event in found.events for mark in event.marks] == wanted, name
