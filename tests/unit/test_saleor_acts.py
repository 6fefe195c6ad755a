"""Looks at a Saleor shop and levers on it: complete, once, and back again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Absent, Adapter, Command, Delivery, Done, Later, Read, Refused, Session, Shop
from chalicelib.platforms.saleor import Saleor
from tests.fakes.driving import act, drive
from tests.fakes.saleor import (
    AFTER,
    BEFORE,
    COSTLY,
    DENIED,
    DOWN,
    EXPIRED,
    HTML,
    LOST,
    LOST_500,
    THROTTLED,
    FakeSaleor,
    iso,
)

SALEOR: Adapter = Saleor()
KEY = "main:s:order/T3JkZXI6MQ==|ship-by|breach|0|1"


def session(fake: FakeSaleor) -> Session:
    return Session(Shop("s", "saleor", fake.address), {"access_token": fake.token}, fake.now)


def look(fake: FakeSaleor, kind: str, ident: str) -> object:
    found = drive(SALEOR.look(Subject(kind, ident), session(fake)), fake.send)
    assert "Ada" not in repr(found) and "ada@" not in repr(found)
    return found


def command(action: str, ident: str, **more: object) -> Command:
    kind = "listing" if action in ("delist", "relist") else "order"
    defaults: dict = {"key": KEY, "action": action, "subject": Subject(kind, ident), "note": "Please hurry."}
    return Command(**{**defaults, **more})


def do(fake: FakeSaleor, action: str, ident: str, tries: int = 8, **more: object) -> object:
    return act(SALEOR.levers[action], session(fake), command(action, ident, **more), fake, tries)


# -- looks ------------------------------------------------------------------------------------------------------------


def test_a_look_and_a_push_say_the_same_about_the_same_registers() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    fake.later(hours=1)
    fake.fulfil(order)
    fake.charge_back(order, 10.0)
    pushed = SALEOR.read(Delivery("d", fake.event("OrderUpdated", order), {}, fake.now), session(fake).shop).events
    looked = look(fake, "order", order)
    assert isinstance(looked, Read) and all(one.look for one in looked.events)
    assert [(one.subject, one.marks, one.facts, one.version) for one in looked.events] == [
        (one.subject, one.marks, one.facts, one.version) for one in pushed
    ]


def test_what_belongs_to_an_order_is_looked_up_with_it() -> None:
    fake = FakeSaleor()
    order = fake.order()
    for kind in ("refund", "complaint", "shipment"):
        assert look(fake, kind, f"{order}:T3=") == look(fake, kind, f"{order}:T3=")
        found = look(fake, kind, f"{order}:T3=")
        assert isinstance(found, Read) and found.events[0].subject == Subject("order", order)


def test_a_product_that_is_gone_is_dated_by_the_answer() -> None:
    fake = FakeSaleor()
    product = fake.product()
    assert isinstance(look(fake, "listing", product), Read)
    fake.products.clear()
    found = look(fake, "listing", product)
    assert isinstance(found, Read) and found.events[0].version == fake.now
    assert found.events[0].facts["status"] == "deleted"


def test_what_changed_comes_page_by_page_and_goes_on() -> None:
    fake = FakeSaleor()
    since, numbers = iso(fake.now), []
    for _ in range(1030):
        fake.later(minutes=1)
        numbers.append(fake.order())
    seen: list[str] = []
    asked: list[str] = [since]
    while asked:
        found = look(fake, "connection", asked.pop())
        assert isinstance(found, Read)
        seen += [one.id for one in found.looks if one.kind == "order"]
        asked += [one.id for one in found.looks if one.kind == "connection"]
    assert set(seen) == set(numbers)
    assert look(fake, "connection", iso(fake.now + timedelta(days=1))) == Read(ignored="nothing changed")


@pytest.mark.parametrize(
    ("kind", "ident", "reason"),
    [("order", "a b", "not-an-id"), ("order", "T3=:x", "not-an-id"), ("refund", "T3=", "not-an-id"),
     ("listing", "", "not-an-id"), ("connection", "soon", "not-an-instant"), ("seller", "1", "no-such-look")],
)  # fmt: skip
def test_a_look_that_makes_no_sense_is_refused(kind: str, ident: str, reason: str) -> None:
    fake = FakeSaleor()
    assert look(fake, kind, ident) == Refused(reason) and not fake.calls


ANSWERS = [
    (THROTTLED, Later(9.0), "the shop's own wait"),
    (DOWN, Later(30.0, "http-502"), "down"),
    (HTML, Later(30.0, "unreadable answer"), "a proxy's page"),
    (LOST_500, Later(30.0, "http-500"), "broken"),
    (EXPIRED, Refused("token"), "the token's time is over"),
    (DENIED, Refused("scope"), "a permission is missing"),
    (COSTLY, Refused("query-too-costly"), "too dear a question"),
]


@pytest.mark.parametrize(("fault", "outcome", "why"), ANSWERS, ids=[row[2] for row in ANSWERS])
def test_what_an_answer_means(fault: str, outcome: object, why: str) -> None:
    fake = FakeSaleor(faults=[("Look", fault)])
    assert look(fake, "order", fake.order()) == outcome


def test_an_order_that_is_not_there_and_a_token_that_is_not_ours() -> None:
    fake = FakeSaleor()
    assert look(fake, "order", "T3JkZXI6OQ==") == Refused("not-found")
    order = fake.order()
    for credentials in ({"access_token": "old"}, {}):
        old = Session(Shop("s", "saleor", fake.address), credentials, fake.now)
        assert drive(SALEOR.look(Subject("order", order), old), fake.send) == Refused("token")


# -- levers -----------------------------------------------------------------------------------------------------------

FAULTS = st.lists(
    st.tuples(st.sampled_from(["*", "Refundable", "Grant", "PayBack", "Notes", "Note"]),
              st.sampled_from([*AFTER, *BEFORE])), max_size=6
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(FAULTS)
def test_no_run_of_bad_luck_pays_twice_or_notes_twice(faults: list[tuple[str, str]]) -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    for action in ("refund", "note"):
        fake.faults = list(faults)
        outcome = do(fake, action, order, tries=16, amount=Decimal("20.00"), currency="EUR")
        fake.faults = []
        assert isinstance(outcome, Done) and do(fake, action, order, amount=Decimal("20.00")) == outcome
    (granted,) = fake.orders[order]["grantedRefunds"]
    assert granted["status"] == "PENDING" and granted["amount"]["amount"] == 20
    notes = [one for one in fake.orders[order]["events"] if one["type"] == "NOTE_ADDED"]
    assert [one["message"] for one in notes] == [f"Please hurry. [redress:{KEY}]"]


def test_a_grant_whose_request_was_lost_is_carried_out_by_the_next_try() -> None:
    fake = FakeSaleor(faults=[("Grant", LOST)])
    order = fake.order()
    fake.pay(order)
    outcome = do(fake, "refund", order, amount=Decimal("5"))
    granted = fake.orders[order]["grantedRefunds"]
    assert len(granted) == 1 and outcome == Done(f"{order}:{granted[0]['id']}")
    assert granted[0]["status"] == "PENDING"


REFUNDS = [
    ({"amount": None}, "no-amount"),
    ({"amount": Decimal("-1")}, "no-amount"),
    ({"amount": Decimal("NaN")}, "no-amount"),
    ({"amount": Decimal("50.01")}, "more-than-is-left"),
    ({"amount": Decimal("5"), "currency": "USD"}, "other-currency"),
]


@pytest.mark.parametrize(("more", "reason"), REFUNDS)
def test_a_refund_that_must_not_be(more: dict, reason: str) -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    assert do(fake, "refund", order, **more) == Refused(reason)
    assert not fake.orders[order]["grantedRefunds"]


def test_without_a_transaction_that_can_be_refunded_a_person_decides() -> None:
    fake = FakeSaleor()
    assert do(fake, "refund", fake.order(), amount=Decimal("5")) == Refused("no-way-to-pay-back")


def test_what_the_payment_app_refuses_stays_refused() -> None:
    fake = FakeSaleor(payable=False)
    order = fake.order()
    fake.pay(order)
    refused = Refused("missing-transaction-action-request-webhook")
    assert do(fake, "refund", order, amount=Decimal("5")) == refused
    fake.orders[order]["grantedRefunds"][0]["status"] = "FAILURE"
    assert do(fake, "refund", order, amount=Decimal("5")) == Refused("refund-failed")
    assert len(fake.orders[order]["grantedRefunds"]) == 1


def test_find_tells_whether_it_is_there_and_not_seen_is_not_absent() -> None:
    fake = FakeSaleor()
    order = fake.order()
    fake.pay(order)
    for action, name in (("note", "Notes"), ("refund", "Refundable")):
        find = SALEOR.levers[action].find
        assert find is not None
        wanted = command(action, order, amount=Decimal("1"))
        assert drive(find(session(fake), wanted), fake.send) == Absent()
        done = do(fake, action, order, amount=Decimal("1"))
        assert drive(find(session(fake), wanted), fake.send) == done
        other = command(action, order, key=f"{KEY}0", amount=Decimal("1"))
        assert drive(find(session(fake), other), fake.send) == Absent()
        for fault in (DOWN, DENIED):
            fake.faults = [(name, fault)]
            assert isinstance(drive(find(session(fake), wanted), fake.send), Later)


def test_an_order_is_cancelled_only_before_anything_left() -> None:
    fake = FakeSaleor()
    order = fake.order()
    assert do(fake, "cancel", order) == Done() and fake.orders[order]["status"] == "CANCELED"
    assert do(fake, "cancel", order) == Done() and fake.calls.count("Cancel") == 1
    sent = fake.order()
    fake.fulfil(sent)
    assert do(fake, "cancel", sent) == Refused("already-sent")
    waiting = fake.order()
    fake.fulfil(waiting, "WAITING_FOR_APPROVAL")
    assert do(fake, "cancel", waiting) == Refused("cannot-cancel-order")


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE])
@pytest.mark.parametrize("name", ["Listing", "Remember", "List", "Forget"])
def test_a_product_comes_back_exactly_where_it_was_shown(name: str, fault: str) -> None:
    fake = FakeSaleor(faults=[(name, fault)])
    product = fake.product()
    before = [dict(one) for one in fake.products[product]["channelListings"]]
    fake.products[product]["channelListings"][1]["isAvailableForPurchase"] = False
    before[1]["isAvailableForPurchase"] = False
    done = do(fake, "delist", product)
    assert isinstance(done, Done) and done.handle.startswith("redress.delisted.")
    now = fake.products[product]["channelListings"]
    assert not any(one["isPublished"] or one["isAvailableForPurchase"] for one in now)
    fake.faults = [(name, fault)]
    assert do(fake, "relist", product, handle=done.handle) == Done()
    assert fake.products[product]["channelListings"] == before
    assert not fake.metadata[product], "nothing of ours is left behind"
    assert do(fake, "relist", product, handle=done.handle) == Done()


def test_a_product_whose_delisting_nobody_knows_of_comes_back_by_what_was_kept_before_it() -> None:
    fake = FakeSaleor()
    product = fake.product()
    before = [dict(one) for one in fake.products[product]["channelListings"]]
    for _ in range(2):
        assert do(fake, "relist", product, key=f"{KEY}|undo") == Done()
        assert fake.products[product]["channelListings"] == before
        do(fake, "delist", product)
    assert not any(one["isPublished"] for one in fake.products[product]["channelListings"])


def test_what_others_hid_or_showed_again_is_left_as_it_is() -> None:
    fake = FakeSaleor()
    product = fake.product()
    listings = fake.products[product]["channelListings"]
    done = do(fake, "delist", product)
    assert isinstance(done, Done)
    listings[0].update(isPublished=True, isAvailableForPurchase=False)
    do(fake, "relist", product, handle=done.handle)
    assert listings[0]["isAvailableForPurchase"] is False, "shown again by a person, in his own way"
    assert listings[1]["isPublished"] and not listings[2]["isPublished"]
    for one in listings:
        one.update(isPublished=False, isAvailableForPurchase=False)
    assert do(fake, "delist", product, key="other") == Done("")
    do(fake, "relist", product, handle="")
    assert not any(one["isPublished"] for one in listings)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["tag", "untag"]), min_size=1, max_size=5), FAULTS)
def test_a_tag_is_there_or_not(actions: list[str], faults: list[tuple[str, str]]) -> None:
    fake = FakeSaleor(faults=list(faults))
    order = fake.order()
    for action in actions:
        assert do(fake, action, order, tries=16, params={"tag": "sla-breached"}) == Done("sla-breached")
    assert ("redress.tag.sla-breached" in fake.metadata.get(order, {})) == (actions[-1] == "tag")


def test_the_merchant_is_told_in_the_dashboard_under_one_key() -> None:
    fake = FakeSaleor(faults=[("Tell", LOST)])
    assert isinstance(do(fake, "warn_seller", fake.order()), Done)
    assert len(fake.problems) == 1, "the same key again only counts up"


@pytest.mark.parametrize("action", sorted(set(SALEOR.levers) - {"remind_seller", "warn_seller"}))
def test_a_lever_without_what_it_needs_is_refused_without_a_call(action: str) -> None:
    fake = FakeSaleor()
    bare = Command("k", action, Subject("seller", "s"), note="x", params={"tag": "t"}, handle="redress.delisted.x")
    outcome = act(SALEOR.levers[action], session(fake), bare, fake)
    assert outcome in (Refused("no-order"), Refused("no-product"), Refused("no-target")) and not fake.calls


def test_our_own_note_coming_back_starts_nothing() -> None:
    fake = FakeSaleor()
    order = fake.order()
    before = look(fake, "order", order)
    do(fake, "note", order)
    after = look(fake, "order", order)
    assert isinstance(before, Read) and isinstance(after, Read)
    assert [one.marks for one in before.events] == [one.marks for one in after.events]
    assert "Please hurry" not in repr(after)
