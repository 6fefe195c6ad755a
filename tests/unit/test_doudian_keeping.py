"""Douyin shop: what changed is asked for, what our access is good for is told, and a delivery of our own gets through
the door and says nothing."""

from datetime import timedelta

import pytest

from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.platforms.base import Delivery, Later, Polled, Read, Refused, Session, Shop
from chalicelib.platforms.doudian import Doudian
from chalicelib.platforms.keeping import Probe, Recent, Refreshes, Subscribes, Tries
from tests.fakes.doudian import (
    AFTERSALE,
    APP_KEY,
    APP_SECRET,
    BUSY,
    DOWN,
    HTML,
    LIMITED,
    ORDER,
    PRODUCT,
    SHOP,
    FakeDoudian,
)
from tests.fakes.driving import drive

DOUDIAN = Doudian()
HOUR = timedelta(hours=1)
OPTIONS = {"app_key": APP_KEY, "reply_text": "已处理", "agree_types": "1:201"}


def session(dd: FakeDoudian, **credentials: str) -> Session:
    return Session(Shop("dd", "doudian", SHOP, options=OPTIONS), {"app_secret": APP_SECRET, **credentials}, dd.now)


def changed(dd: FakeDoudian, ident: str) -> object:
    return drive(DOUDIAN.look(Subject("connection", ident), session(dd)), dd.send)


def since(dd: FakeDoudian, span: timedelta = HOUR) -> str:
    return show(dd.now - span)


def full() -> FakeDoudian:
    """An order, an after-sale, a product and a ticket, all of which changed just now."""
    dd = FakeDoudian()
    dd.order(update_time=int(dd.now.timestamp()))
    dd.aftersale(update_time=int(dd.now.timestamp()))
    dd.product(1)
    dd.ticket()
    return dd


def test_it_is_polled_and_refreshes_and_tries_but_nobody_can_subscribe_by_a_call() -> None:
    assert isinstance(DOUDIAN, Polled) and isinstance(DOUDIAN, Refreshes) and isinstance(DOUDIAN, Tries)
    assert not isinstance(DOUDIAN, Subscribes), "messages are subscribed to in the console"


def test_what_changed_is_told_or_named_to_be_looked_at() -> None:
    dd = full()
    found = changed(dd, since(dd))
    assert isinstance(found, Read)
    kinds = {event.subject: event for event in found.events}
    assert set(kinds) == {
        Subject("order", ORDER), Subject("listing", PRODUCT), Subject("complaint", "service:24174")
    }  # fmt: skip
    assert kinds[Subject("listing", PRODUCT)].facts["status"] == "1.3"
    assert kinds[Subject("order", ORDER)].facts["ship_by"] is not None
    assert found.looks == (Subject("refund", AFTERSALE),), "only its detail tells of an arbitration"
    assert "CANARY" not in repr(found)


def test_a_listed_order_says_what_a_look_at_it_says() -> None:
    dd = full()
    listed = changed(dd, since(dd))
    asked = drive(DOUDIAN.look(Subject("order", ORDER), session(dd)), dd.send)
    assert isinstance(listed, Read) and isinstance(asked, Read)
    one = next(event for event in listed.events if event.subject.kind == "order")
    (other,) = asked.events
    assert (one.marks, one.whole, one.version) == (other.marks, other.whole, other.version)
    assert {**one.facts, "refunded": other.facts["refunded"]} == other.facts


def test_what_did_not_change_is_not_told() -> None:
    dd = full()
    dd.tickets.clear()
    dd.now += 2 * HOUR
    found = changed(dd, since(dd))
    assert isinstance(found, Read) and not found.events and found.ignored == "nothing changed"


def test_many_orders_are_read_in_several_looks_and_none_twice() -> None:
    dd = full()
    for minute in range(30):
        dd.many(100, dd.now - timedelta(minutes=minute))
    told: set[str] = set()
    subject, rounds = Subject("connection", since(dd)), 0
    while True:
        found = drive(DOUDIAN.look(subject, session(dd)), dd.send)
        assert isinstance(found, Read)
        told |= {event.subject.id for event in found.events if event.subject.kind == "order"}
        more = [one for one in found.looks if one.kind == "connection"]
        rounds += 1
        if not more:
            break
        (subject,) = more
    assert told == set(dd.orders) and 3 < rounds < 9


def test_more_orders_within_a_second_than_a_page_holds() -> None:
    dd = full()
    dd.many(450)
    found = changed(dd, since(dd))
    assert isinstance(found, Read)
    assert {event.subject.id for event in found.events if event.subject.kind == "order"} == set(dd.orders)


def test_orders_of_another_shop_of_the_app_are_passed_over() -> None:
    dd = full()
    dd.orders[ORDER]["shop_id"] = 777
    found = changed(dd, since(dd))
    assert isinstance(found, Read) and not [one for one in found.events if one.subject.kind == "order"]


@pytest.mark.parametrize("method", ["order.searchList", "afterSale.List", "product.listV2", "order.getServiceList"])
@pytest.mark.parametrize("fault", [LIMITED, BUSY, DOWN, HTML])
def test_a_list_that_is_held_up_holds_up_the_look(method: str, fault: str) -> None:
    dd = full()
    dd.faults = [(method, fault)]
    assert isinstance(changed(dd, since(dd)), Later)


@pytest.mark.parametrize(
    ("method", "kind"),
    [("order.searchList", "order"), ("product.listV2", "listing"), ("order.getServiceList", "complaint")],
)
def test_a_list_that_the_app_may_not_read_keeps_no_other_from_being_read(method: str, kind: str) -> None:
    dd = full()
    dd.denied = {method}
    found = changed(dd, since(dd))
    assert isinstance(found, Read)
    assert {one.subject.kind for one in found.events} == {"order", "listing", "complaint"} - {kind}


def probed(dd: FakeDoudian, **credentials: str) -> object:
    return drive(DOUDIAN.probe(session(dd, **credentials)), dd.send)


def test_a_probe_tells_who_what_and_when() -> None:
    dd = full()
    found = probed(dd)
    assert isinstance(found, Probe)
    assert (found.holder, found.clock, found.missing) == (SHOP, dd.now, {})
    assert found.granted == {"order.searchList", "afterSale.List", "product.listV2", "order.getServiceList"}
    assert any("console" in note for note in found.notes)


def test_a_probe_names_what_is_missing() -> None:
    dd = full()
    dd.denied = {"afterSale.List"}
    shop = Shop("dd", "doudian", SHOP, options={"app_key": APP_KEY})
    found = drive(DOUDIAN.probe(Session(shop, {"app_secret": APP_SECRET}, dd.now)), dd.send)
    assert isinstance(found, Probe)
    assert set(found.missing) == {"afterSale.List", "the option reply_text", "the option agree_types"}
    assert "refund" in found.missing["afterSale.List"] and found.missing["the option reply_text"] == "levers: resolve"


def test_a_probe_warns_of_a_token_that_nobody_can_renew() -> None:
    dd = full()
    given = dd.authorise()
    found = probed(dd, access_token=given["access_token"])
    assert isinstance(found, Probe) and any("without its refresh_token" in note for note in found.notes)
    found = probed(dd, **given)
    assert isinstance(found, Probe) and not any("without its refresh_token" in note for note in found.notes)


def test_a_probe_that_may_not_ask_says_why() -> None:
    dd = full()
    dd.allowed = False
    found = probed(dd)
    assert isinstance(found, Refused) and "allow-list" in found.reason
    dd.allowed = True
    found = probed(dd, access_token="stale-000")
    assert isinstance(found, Refused) and "authorise the app anew" in found.reason
    wrong = Session(Shop("dd", "doudian", SHOP, options=OPTIONS), {"app_secret": "another-secret"}, dd.now)
    assert drive(DOUDIAN.probe(wrong), dd.send) == Refused("isv.signature-invalid")
    assert isinstance(drive(DOUDIAN.probe(session(full())), FakeDoudian(faults=[("*", LIMITED)]).send), Later)


def test_the_last_orders_come_newest_first_with_the_counts_of_their_states() -> None:
    dd = full()
    dd.many(150, dd.now + HOUR)
    found = drive(DOUDIAN.recent(session(dd), 120), dd.send)
    assert isinstance(found, Recent)
    assert len(found.subjects) == 120 == len(set(found.subjects)) and Subject("order", ORDER) not in found.subjects
    assert found.places == {"status:2": 120} and found.mapping == {}


def test_a_trial_gets_through_the_door_and_says_nothing() -> None:
    dd = FakeDoudian()
    shop = session(dd).shop
    trial = DOUDIAN.trial(shop, APP_SECRET, dd.now)
    assert trial is not None
    assert DOUDIAN.verify(trial.body, trial.headers, (APP_SECRET,), shop, dd.now) is None
    assert DOUDIAN.verify(trial.body, trial.headers, ("another-secret",), shop, dd.now) is not None
    assert DOUDIAN.read(Delivery("d", trial.body, {}, dd.now), shop) == Read(ignored="handshake")
