"""Dokan: baskets split by seller, twins of a bad split, sellers' status, abuse reports, suspending and mailing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.core.events import Link, Subject
from chalicelib.platforms.base import Adapter, Command, Delivery, Done, Later, Read, Refused, Session, Shop
from chalicelib.platforms.dokan import Dokan
from tests.fakes.driving import act, drive
from tests.fakes.woocommerce import DOWN, FIREWALL, LOST, LOST_500, LOST_HTML, UNSENT, FakeShop

DOKAN: Adapter = Dokan()
FIXTURES = Path(__file__).parents[1] / "fixtures" / "woocommerce"
CHILDREN: list[dict] = json.loads((FIXTURES / "dokan_children.json").read_text())
CREDENTIALS = {
    "consumer_key": "ck_1",
    "consumer_secret": "cs_1",
    "wp_user": "ops",
    "wp_app_password": "abcd efgh",
}


def session(**options: str) -> Session:
    return Session(Shop("m", "dokan", "https://shop.example", options=options), CREDENTIALS)


def deliver(body: object, topic: str = "order.updated") -> Read:
    raw = json.dumps(body).encode()
    return DOKAN.read(Delivery("d", raw, {"x-wc-webhook-topic": topic}, FakeShop.now), session().shop)


def look(shop: FakeShop, kind: str, ident: object) -> Read:
    found = drive(DOKAN.look(Subject(kind, str(ident)), session()), shop.send)
    assert isinstance(found, Read), found
    return found


def marketplace() -> FakeShop:
    shop = FakeShop()
    parent = {**CHILDREN[0], "id": 700, "parent_id": 0, "meta_data": [{"key": "has_sub_order", "value": "1"}]}
    for body in (parent, *CHILDREN):
        shop.orders[body["id"]] = json.loads(json.dumps(body))
        shop.notes[body["id"]], shop.refunds[body["id"]] = [], []
    shop.store(57)
    return shop


def test_the_parent_of_a_split_basket_is_skipped_and_counted() -> None:
    for value in ("1", 1, True, "yes"):
        read = deliver({**CHILDREN[0], "parent_id": 0, "meta_data": [{"key": "has_sub_order", "value": value}]})
        assert "split" in read.ignored and not read.events and not read.looks
    assert look(marketplace(), "order", 700).ignored


@pytest.mark.parametrize("value", ["", "0", 0, False, None, "no"])
def test_a_parent_in_name_only_is_timed(value: object) -> None:
    meta = [{"key": "has_sub_order", "value": value}, {"key": "_dokan_vendor_id", "value": "57"}]
    (event,) = deliver({**CHILDREN[0], "parent_id": 0, "meta_data": meta}).events
    assert event.facts["seller"] == "57"
    assert event.links == ()


def test_a_child_has_its_seller_and_its_basket() -> None:
    (event,) = deliver(CHILDREN[0]).events
    assert event.subject == Subject("order", "701")
    assert event.facts["seller"] == "57"
    assert event.links == (Link("basket", "order", "700"),)
    assert "canary" not in repr(event)


def test_the_seller_is_the_store_where_the_meta_data_is_missing() -> None:
    (event,) = deliver({**CHILDREN[0], "meta_data": [], "store": {"id": 59, "name": "Tea"}}).events
    assert event.facts["seller"] == "59"


def test_a_new_child_is_looked_at_because_its_body_cannot_tell_a_twin() -> None:
    assert deliver(CHILDREN[0], "order.created").looks == (Subject("order", "701"),)
    assert deliver(CHILDREN[0], "order.updated").looks == ()


def test_of_twins_only_the_first_is_a_duty() -> None:
    shop = marketplace()
    exempt = {number: look(shop, "order", number).events[0].facts["exempt"] for number in (701, 702, 703)}
    assert exempt == {701: False, 702: True, 703: False}
    shop.orders[701]["status"] = "trash"
    assert look(shop, "order", 702).events[0].facts["exempt"] is False, "the genuine one was thrown away"


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 3},
        {"variation_id": 6},
        {"product_id": 99},
    ],
)
def test_another_set_of_lines_is_another_order(change: dict) -> None:
    shop = marketplace()
    shop.orders[702]["line_items"][0].update(change)
    assert look(shop, "order", 702).events[0].facts["exempt"] is False


def test_a_vendor_hook_of_the_shops_own_plugin_asks_about_the_seller() -> None:
    read = deliver({"action": "dokan_vendor_disabled", "arg": 57}, "action.dokan_vendor_disabled")
    assert read == Read(looks=(Subject("seller", "57"),))


def test_a_sellers_status_is_a_fact_of_the_answers_date_and_no_mark() -> None:
    shop = marketplace()
    (event,) = look(shop, "seller", 57).events
    assert event.facts == {"seller": "57", "status": "active", "restricted": False, "payout_held": None}
    assert event.version == shop.now
    assert [(mark.name, mark.at) for mark in event.marks] == [
        ("seller.joined", datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC))
    ]
    shop.stores[57]["enabled"] = False
    assert look(shop, "seller", 57).events[0].facts["status"] == "inactive"
    assert look(shop, "seller", 99).events[0].facts["status"] == "deleted"
    assert "tea@example.org" not in repr(event)


REPORTED = [
    ("2026-11-20 09:30:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC), "the shop's wall time, in its zone"),
    ("2026-07-20 09:30:00", datetime(2026, 7, 20, 7, 30, tzinfo=UTC), "in summer"),
    ("2026-11-20T09:30:00+08:00", datetime(2026, 11, 20, 1, 30, tzinfo=UTC), "with an offset of its own"),
    ("20 November 2026", None, "not an instant"),
]


@pytest.mark.parametrize(("text", "instant", "why"), REPORTED, ids=[row[-1] for row in REPORTED])
def test_an_abuse_report_is_a_complaint(text: str, instant: datetime | None, why: str) -> None:
    shop = marketplace()
    shop.reports = [
        {"id": number, "reason": "CANARY", "description": "CANARY", "product": {"id": 31, "title": "CANARY"},
         "vendor": {"id": 57}, "reported_by": {"id": 7, "email": "canary@example.org"}, "reported_at": text}
        for number in range(1, 131)
    ]  # fmt: skip
    (event,) = look(shop, "complaint", 130).events
    assert [mark.at for mark in event.marks] == ([instant] if instant else []), why
    assert event.facts == {"seller": "57", "product": "31", "buyer": "7", "status": "open"}
    assert event.links == (Link("listing", "listing", "31"),)
    assert "canary" not in repr(event).lower()


def test_a_report_that_was_deleted_and_a_zone_that_is_unknown() -> None:
    shop = marketplace()
    assert look(shop, "complaint", 1).events[0].facts["status"] == "deleted"
    shop.reports = [{"id": 1, "reported_at": "2026-11-20 09:30:00"}]
    shop.timezone = ""
    assert look(shop, "complaint", 1).events[0].marks == ()


def test_what_woocommerce_can_be_asked_dokan_can() -> None:
    shop = marketplace()
    made = shop.refund(701, "5.00")
    (event,) = look(shop, "refund", f"701:{made['id']}").events
    assert event.facts["seller"] == "57"
    assert Link("basket", "order", "700") in event.links
    assert look(shop, "listing", shop.product()).events


# -- levers -----------------------------------------------------------------------------------------------------------


def do(shop: FakeShop, action: str, seller: str = "57", where: Session | None = None, **more: object) -> object:
    given: dict = {"key": "order/701|r|s|0|0", "action": action, "subject": Subject("order", "701"), "seller": seller}
    return act(DOKAN.levers[action], where or session(), Command(**{**given, **more}), shop)


@pytest.mark.parametrize("fault", [LOST, LOST_HTML, LOST_500, FIREWALL, DOWN, UNSENT])
def test_a_seller_is_suspended_and_restored_whatever_becomes_of_the_answer(fault: str) -> None:
    shop = marketplace()
    shop.faults = [("PUT", fault)]
    assert do(shop, "suspend") == Done("57")
    assert shop.stores[57]["enabled"] is False
    shop.faults = [("PUT", fault)]
    assert do(shop, "restore", key="undo", handle="57") == Done("57")
    assert shop.stores[57]["enabled"] is True


def test_nobody_who_is_no_seller_is_suspended() -> None:
    shop = marketplace()
    assert do(shop, "suspend", "7") == Refused("no_store_found")
    assert do(shop, "suspend", "") == Refused("no_seller")
    assert not any(call.method == "PUT" for call in shop.calls)


def test_dokan_routes_want_an_application_password() -> None:
    shop = marketplace()
    bare = Session(session().shop, {name: CREDENTIALS[name] for name in ("consumer_key", "consumer_secret")})
    assert do(shop, "suspend", where=bare) == Refused("no_app_password")
    wrong = Session(session().shop, {**CREDENTIALS, "wp_app_password": "x"})
    assert do(shop, "suspend", where=wrong) == Refused("rights")
    assert isinstance(do(shop, "note", where=bare, note="x"), Done), "WooCommerce's own routes want the other keys"


LITE = {"contact_name": "Marketplace", "contact_email": "ops@shop.example"}


@pytest.mark.parametrize("options", [LITE, {"seller_mail": "pro"}], ids=["Lite", "Pro"])
@pytest.mark.parametrize("action", ["warn_seller", "remind_seller"])
def test_a_seller_is_mailed_through_the_shop(action: str, options: dict[str, str]) -> None:
    shop = marketplace()
    assert do(shop, action, where=session(**options), note="Please ship.") == Done()
    ((to, text),) = shop.mails
    assert to == "seller 57" and "Please ship." in text and "redress:order/701|r|s|0|0" in text
    assert ("/email" in shop.calls[-1].url) is ("seller_mail" in options)


@pytest.mark.parametrize(
    ("fault", "outcome", "why"),
    [
        (LOST, "unknown", "a person is asked"),
        (LOST_500, Refused("unclear"), "a 500 may have mailed"),
        (LOST_HTML, Refused("unclear"), "so may a page"),
        (UNSENT, Done(), "nothing had left"),
        (FIREWALL, Done(), "the firewall let nothing through"),
    ],
)
def test_a_mail_is_never_sent_twice(fault: str, outcome: object, why: str) -> None:
    shop = marketplace()
    shop.faults = [("POST", fault)]
    assert do(shop, "warn_seller", where=session(**LITE), note="x") == outcome, why
    assert len(shop.mails) == 1


@pytest.mark.parametrize("options", [{}, {"contact_name": "M"}, {"contact_name": "M", "contact_email": "nobody"}])
def test_the_contact_form_needs_a_sender(options: dict[str, str]) -> None:
    shop = marketplace()
    assert do(shop, "warn_seller", where=session(**options), note="x") == Refused("no_contact_email")


def test_a_throttled_look_waits() -> None:
    shop = marketplace()
    shop.faults = [("GET", DOWN)]
    assert isinstance(drive(DOKAN.look(Subject("seller", "57"), session()), shop.send), Later)


@pytest.mark.parametrize("fault", ["", DOWN, UNSENT, FIREWALL, LOST, LOST_500, LOST_HTML])
def test_a_seller_is_featured_no_more_and_again_and_nothing_else_changes(fault: str) -> None:
    shop = marketplace()
    before = json.loads(json.dumps(shop.stores[57]))
    shop.faults = [("PUT", fault)] if fault else []
    done = do(shop, "restrict")
    assert done == Done("featured")
    assert shop.stores[57] == {**before, "featured": False}
    assert look(shop, "seller", 57).events[0].facts["restricted"] is None
    assert isinstance(do(shop, "unrestrict", key="undo", handle="featured"), Done)
    assert shop.stores[57] == before
    assert look(shop, "seller", 57).events[0].facts["restricted"] is False


def test_who_was_not_featured_is_not_featured_afterwards() -> None:
    shop = marketplace()
    shop.stores[57]["featured"] = False
    assert do(shop, "restrict") == Done("plain")
    assert isinstance(do(shop, "unrestrict", key="undo", handle="plain"), Done)
    assert shop.stores[57]["featured"] is False
    assert not any(call.method == "PUT" for call in shop.calls)


@pytest.mark.parametrize("fault", ["", LOST, LOST_HTML, LOST_500, DOWN, UNSENT])
def test_what_waits_to_be_paid_out_waits_on(fault: str) -> None:
    shop = marketplace()
    ours, theirs, paid = shop.withdraw(57), shop.withdraw(58), shop.withdraw(57, "approved")
    gone = shop.withdraw(57, "cancelled", "the seller changed its mind")
    shop.faults = [("PUT", fault)] if fault else []
    assert do(shop, "hold_payout") == Done("57")
    assert [shop.withdraws[n]["status"] for n in (ours, theirs, paid, gone)] == [
        "cancelled", "pending", "approved", "cancelled"]  # fmt: skip
    assert look(shop, "seller", 57).events[0].facts["payout_held"] is None
    shop.faults = [("PUT", fault)] if fault else []
    assert do(shop, "release_payout", key="undo", handle="57") == Done("57")
    assert [shop.withdraws[n]["status"] for n in (ours, theirs, paid, gone)] == [
        "pending", "pending", "approved", "cancelled"]  # fmt: skip
    found = look(shop, "seller", 57).events[0]
    assert found.facts["payout_held"] is False, "a request that waits shows that nothing is held"
    assert "tea@example.org" not in repr(found)


def test_a_payout_is_held_where_dokan_finds_no_money_for_it() -> None:
    shop = marketplace()
    asked = shop.withdraw(57)
    shop.poor = True
    assert do(shop, "hold_payout") == Done("57")
    assert shop.withdraws[asked]["status"] == "cancelled"
    assert do(shop, "release_payout", key="undo") == Done("57")
    assert shop.withdraws[asked]["status"] == "cancelled", "the seller asks anew"


def test_every_rung_of_the_ladder_has_a_lever_and_its_reverse() -> None:
    for measure in ("restrict", "hold_payout", "delist", "suspend"):
        lever = DOKAN.levers[measure]
        assert lever.undo in DOKAN.levers and lever.reverse in ("exact", "offset"), measure
    assert "blacklist" not in DOKAN.levers, "Dokan can only delete a seller for good: it is suspended without an end"


def test_registry_and_kinds() -> None:
    from chalicelib.platforms.registry import adapter

    assert adapter("dokan").name == "dokan"
    assert adapter("woocommerce").name == "woocommerce"
    assert {"suspend", "restore", "warn_seller", "refund", "hold"} <= set(DOKAN.levers)
    assert "suspend" not in adapter("woocommerce").levers
    assert {"seller", "complaint", "order", "refund", "listing", "connection"} == DOKAN.looks
