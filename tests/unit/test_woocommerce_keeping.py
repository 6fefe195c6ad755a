"""A shop is asked what our key may do and where its last orders show what happened; Dokan also who may move sellers."""

from datetime import timedelta

import pytest

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Later, Refused, Session, Shop
from chalicelib.platforms.dokan import Dokan
from chalicelib.platforms.dokan import levers as dokan_levers
from chalicelib.platforms.keeping import Probe, Probes, Recent, Samples
from chalicelib.platforms.woocommerce import WooCommerce, levers
from chalicelib.ports.http import Uncertain, Unsent
from tests.fakes.driving import drive
from tests.fakes.woocommerce import DOWN, FIREWALL, HTML, LOST, NOTICES, THROTTLED, UNSENT, FakeShop

WOO, DOKAN = WooCommerce(), Dokan()
KEYS = {"consumer_key": "ck_1", "consumer_secret": "cs_1"}
BOTH = {**KEYS, "wp_user": "ops", "wp_app_password": "abcd efgh"}
SENDER = {"contact_name": "Ops", "contact_email": "ops@shop.example"}
BASE = "https://shop.example"


def session(credentials: dict[str, str] = KEYS, base: str = BASE, **options: str) -> Session:
    return Session(Shop("s", "woocommerce", base, options=options), credentials, FakeShop.now)


def probe(shop: FakeShop, asked: Session | None = None) -> Probe:
    found = drive(WOO.probe(asked or session()), shop.send)
    assert isinstance(found, Probe), found
    return found


def recent(shop: FakeShop, count: int = 100) -> Recent:
    found = drive(WOO.recent(session(), count), shop.send)
    assert isinstance(found, Recent), found
    return found


def gateway(name: str, *, on: bool = True, pays_back: bool = True) -> dict[str, object]:
    supports = ["products", "refunds"] if pays_back else ["products"]
    return {"id": name, "enabled": on, "method_supports": supports, "settings": {"secret": {"value": "canary"}}}


# -- rights -----------------------------------------------------------------------------------------------------------


def test_both_can_be_asked() -> None:
    for adapter in (WOO, DOKAN):
        assert isinstance(adapter, Probes) and isinstance(adapter, Samples)


def test_a_managers_key_may_do_everything_and_asking_changes_nothing() -> None:
    shop = FakeShop()
    shop.order()
    before = (dict(shop.orders), len(shop.products), dict(shop.hooks), list(shop.mails))
    found = probe(shop)
    assert found.missing == {} and levers.RIGHTS in found.granted
    assert found.version == "wc/v3 (undated), WooCommerce 11.0.1"
    assert (found.holder, found.clock) == ("a key of Shop", shop.now)
    assert found.sunset is None and found.notes == ()
    assert (dict(shop.orders), len(shop.products), dict(shop.hooks), list(shop.mails)) == before


def test_a_key_that_only_reads_names_every_lever_that_it_cannot_pull() -> None:
    found = probe(FakeShop(permissions="read"))
    assert set(found.missing) == {levers.RIGHTS}
    assert all(name in found.missing[levers.RIGHTS] for name in WOO.levers)


def test_a_key_of_somebody_who_is_no_manager_says_what_is_not_seen() -> None:
    found = probe(FakeShop(manager=False))
    assert set(found.missing) == {"read products", "manage webhooks"}
    assert "webhooks are neither made nor set going again" in found.missing["manage webhooks"]
    assert "only a shop manager's key" in found.notes[0] and found.version == "wc/v3 (undated)"


@pytest.mark.parametrize(
    ("credentials", "base", "reason"),
    [
        ({}, BASE, "no_api_keys: grant"),
        ({**KEYS, "consumer_secret": "cs_2"}, BASE, "token: grant"),
        (KEYS, "http://shop.example", "plain_http"),
        (KEYS, f"{BASE}/blog", "rest_no_route"),
    ],
)
def test_what_keeps_us_out_altogether_is_a_refusal(credentials: dict[str, str], base: str, reason: str) -> None:
    shop = FakeShop()
    if base.endswith("/blog"):
        shop._routes = list  # type: ignore[method-assign]
    found = drive(WOO.probe(session(credentials, base)), shop.send)
    assert isinstance(found, Refused) and found.reason.startswith(reason)
    assert "cs_" not in found.reason


@pytest.mark.parametrize("fault", [THROTTLED, FIREWALL, DOWN, HTML])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_shop_that_is_busy_is_asked_again(method: str, fault: str) -> None:
    shop = FakeShop(faults=[(method, fault)])
    assert isinstance(drive(WOO.probe(session()), shop.send), Later)
    if method == "GET":
        shop.faults = [("GET", fault)]
        assert isinstance(drive(WOO.recent(session(), 10), shop.send), Later)


@pytest.mark.parametrize(("fault", "raised"), [(LOST, Uncertain), (UNSENT, Unsent)])
def test_an_answer_that_does_not_come_is_the_runners_business(fault: str, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        drive(WOO.probe(session()), FakeShop(faults=[("POST", fault)]).send)


def test_a_chatty_shop_is_read_all_the_same() -> None:
    assert probe(FakeShop(faults=[("GET", NOTICES)] * 3)).missing == {}


def test_payment_plugins_that_pay_nothing_back_and_a_sleeping_cron_are_told() -> None:
    off = gateway("cheque", on=False, pays_back=False)
    shop = FakeShop(gateways=[gateway("stripe"), gateway("bacs", pays_back=False), off], cron=False)
    found = probe(shop)
    assert [note.split(":")[0] for note in found.notes] == ["WP-Cron is off", "refund"]
    assert "through bacs: the shop refuses it there" in found.notes[1]
    assert "cheque" not in str(found) and "canary" not in str(found)
    many = FakeShop(gateways=[gateway(f"g{n}", pays_back=False) for n in range(8)])
    assert "g4 and 3 more" in probe(many).notes[0]
    assert "no money moves" in probe(many, session(api_refund="false")).notes[0]


def test_what_is_odd_in_an_answer_says_nothing() -> None:
    shop = FakeShop(gateways=[{"id": 7, "enabled": True, "method_supports": []}, {"enabled": True}])
    assert probe(shop).notes == ()


# -- the last orders --------------------------------------------------------------------------------------------------


def meta(**values: object) -> list[dict[str, object]]:
    return [{"id": n, "key": key, "value": value} for n, (key, value) in enumerate(values.items())]


def test_statuses_are_counted_and_the_newest_orders_named() -> None:
    shop = FakeShop()
    for status in ("processing", "completed", "completed", "cancelled", "checkout-draft"):
        number = shop.order(status)
        shop.later(minutes=1)
    found = recent(shop)
    assert found.places == {"status:completed": 2, "status:processing": 1, "status:cancelled": 1}
    assert found.subjects[0] == Subject("order", str(number - 1)), "a draft is no order"
    assert found.mapping["order.shipped"] == ("status:completed",)
    assert "order.delivered" not in found.mapping and "order.part_shipped" not in found.mapping
    assert len(recent(shop, 2).subjects) == 1


def test_more_orders_than_a_page_holds() -> None:
    shop = FakeShop()
    for _ in range(120):
        shop.order()
    found = recent(shop)
    assert len(found.subjects) == 100 and found.places == {"status:processing": 100}
    assert len(shop.calls) == 2


def test_statuses_of_the_shops_own_come_before_completed() -> None:
    shop = FakeShop()
    for status in ("shipped", "partial-shipped", "awaiting-shipment", "delivered", "completed", "versendet"):
        shop.order(status)
    mapping = recent(shop).mapping
    assert mapping["order.shipped"] == ("status:shipped", "status:versendet", "status:completed")
    assert mapping["order.delivered"] == ("status:delivered",)


def test_meta_data_with_instants_come_before_statuses_and_no_value_leaves() -> None:
    shop = FakeShop()
    parcel = [{"tracking_provider": "dhl", "tracking_number": "canary-1", "date_shipped": "1763632800"}]
    told = meta(
        _shipped_at="1763632800", _delivered_at="2026-11-21T10:00:00Z", _wc_shipment_tracking_items=parcel,
        _other_parcels=parcel, _shipping_note="canary-2", _ship_by="1763632800", _delivery_date_expected="1763632800",
        _billing_vat="", _shipped_later="0", _date_paid="1763632800", _odd={"canary-3": 1},
    )  # fmt: skip
    for _ in range(3):
        shop.order("completed", meta_data=told)
    found = recent(shop)
    assert found.places == dict.fromkeys(
        ("status:completed", "meta:_shipped_at", "meta:_delivered_at", "tracking:", "tracking:_other_parcels",
         "meta:_ship_by", "meta:_delivery_date_expected"), 3,
    )  # fmt: skip
    assert found.mapping["order.shipped"] == ("meta:_shipped_at", "status:completed")
    assert found.mapping["order.delivered"] == ("meta:_delivered_at",)
    assert set(found.mapping["order.part_shipped"]) == {"tracking:", "tracking:_other_parcels"}
    assert "canary" not in str(found)


def test_what_is_proposed_reads_as_marks() -> None:
    shop = FakeShop()
    number = shop.order("shipped", meta_data=meta(_shipped_at="2026-11-20T11:00:00Z"))
    found = recent(shop)
    asked = Session(Shop("s", "woocommerce", BASE, found.mapping), KEYS, shop.now)
    read = drive(WOO.look(Subject("order", str(number)), asked), shop.send)
    marks = {mark.name: mark.at for event in read.events for mark in event.marks}  # type: ignore[attr-defined]
    assert marks["order.shipped"] == shop.now + timedelta(hours=1)


def test_a_shop_without_orders_has_nothing_to_propose() -> None:
    assert recent(FakeShop()) == Recent()


def test_a_key_without_orders_says_which_right_to_grant() -> None:
    found = drive(WOO.recent(session({**KEYS, "consumer_key": "ck_0"}), 10), FakeShop().send)
    assert isinstance(found, Refused) and found.reason.startswith("token: grant WooCommerce API key")


# -- dokan ------------------------------------------------------------------------------------------------------------


def ask_dokan(shop: FakeShop, options: dict[str, str], credentials: dict[str, str] = BOTH) -> Probe:
    found = drive(DOKAN.probe(session(credentials, **options)), shop.send)
    assert isinstance(found, Probe), found
    return found


def test_a_password_of_a_manager_moves_sellers_and_the_probe_moves_none() -> None:
    shop = FakeShop()
    shop.store(4)
    found = ask_dokan(shop, SENDER)
    assert found.missing == {} and {levers.RIGHTS, dokan_levers.RIGHTS} <= found.granted
    assert found.notes == () and shop.stores[4]["enabled"] and not shop.mails


@pytest.mark.parametrize("credentials", [KEYS, {**BOTH, "wp_app_password": "wrong"}])
def test_without_a_password_that_counts_sellers_are_out_of_reach(credentials: dict[str, str]) -> None:
    found = ask_dokan(FakeShop(), SENDER, credentials)
    assert set(found.missing) == {dokan_levers.RIGHTS}
    assert all(name in found.missing[dokan_levers.RIGHTS] for name in ("suspend", "restore", "warn_seller"))


def test_what_dokan_lite_and_a_missing_sender_cost_is_told() -> None:
    found = ask_dokan(FakeShop(pro=False), {})
    assert [note.partition(":")[0] for note in found.notes] == ["complaints are not seen", "remind_seller, warn_seller"]
    assert len(ask_dokan(FakeShop(pro=False), SENDER).notes) == 1
    assert ask_dokan(FakeShop(), {"seller_mail": "pro"}).notes == ()


def test_dokan_that_is_busy_is_asked_again() -> None:
    shop = FakeShop(faults=[("PUT", THROTTLED)])
    assert isinstance(drive(DOKAN.probe(session(BOTH)), shop.send), Later)


def test_a_basket_that_was_split_is_none_of_the_last_orders() -> None:
    shop = FakeShop()
    parent = shop.order("processing", meta_data=meta(has_sub_order="1"))
    child = shop.order("completed", parent_id=parent, meta_data=meta(_dokan_vendor_id="4"))
    found = drive(DOKAN.recent(session(BOTH), 10), shop.send)
    assert isinstance(found, Recent)
    assert found.subjects == (Subject("order", str(child)),) and found.places == {"status:completed": 1}
