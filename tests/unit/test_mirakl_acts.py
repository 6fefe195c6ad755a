"""Looks at a Mirakl instance and the operator's levers on it: complete, once, and back again."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.view import View
from chalicelib.platforms.base import Absent, Adapter, Command, Done, Later, Read, Refused, Session, Shop
from chalicelib.platforms.mirakl import Mirakl
from tests.fakes.driving import act, drive
from tests.fakes.mirakl import AFTER, BEFORE, DOWN, HTML, LOST, LOST_500, THROTTLED, FakeMirakl, iso

MIRAKL: Adapter = Mirakl()
KEY = "main:m:order/2026-0001-A|ship-by|breach|0|1"
OPTIONS = {
    "refund_reason": "REDRESS", "incident_reason": "1", "close_reason": "9", "note_field": "redress-note",
    "tag_field": "redress-tags", "immunity_days": "14", "state_change_path": "api/shops/states",
}  # fmt: skip


def session(fake: FakeMirakl, **options: str) -> Session:
    return Session(Shop("m", "mirakl", fake.base, options={**OPTIONS, **options}), {"api_key": fake.key}, fake.now)


def look(fake: FakeMirakl, kind: str, ident: object) -> Read:
    found = drive(MIRAKL.look(Subject(kind, str(ident)), session(fake)), fake.send)
    assert isinstance(found, Read), found
    for word in ("Ada", "ada@example", "Hauptstrasse", "I am", "Where is it"):
        assert word not in repr(found), "personal data, or free text, in an event"
    return found


def of(found: Read, subject: str) -> Event:
    return next(one for one in found.events if str(one.subject) == subject)


def marks(event: Event) -> dict[str, list[datetime | None]]:
    told: dict[str, list[datetime | None]] = {}
    for mark in event.marks:
        told.setdefault(mark.name, []).append(mark.at)
    return told


def view(*reads: Read, kind: str = "order") -> View:
    mine = [event for one in reads for event in one.events if event.subject.kind == kind]
    return View(merge_all(NOTHING, mine), datetime.max.replace(tzinfo=mine[0].occurred_at.tzinfo))


# -- looks ------------------------------------------------------------------------------------------------------------


def test_deadlines_are_the_platform_s_own() -> None:
    fake = FakeMirakl()
    order = fake.order(leadtime_to_ship=99)
    facts = of(look(fake, "order", order), f"order/{order}").facts
    assert facts["ship_by"] == fake.now + timedelta(days=3) and facts["deliver_by"] == fake.now + timedelta(days=6)
    fake.orders[order].update(shipping_deadline=None, delivery_date=None)
    facts = of(look(fake, "order", order), f"order/{order}").facts
    assert facts["ship_by"] is None and facts["deliver_by"] is None, "a deadline that the platform lifted is taken back"


def test_an_order_is_shipped_with_its_last_line_and_delivered_with_its_last_arrival() -> None:
    fake = FakeMirakl()
    order = fake.order()
    fake.later(hours=1)
    first = fake.now
    fake.send_out(order, 0)
    told = marks(of(look(fake, "order", order), f"order/{order}"))
    assert told["order.part_shipped"] == [first] and told["order.shipped"] == [None]
    fake.later(hours=1)
    fake.send_out(order, 1)
    last = fake.now
    fake.orders[order]["order_state"] = "SHIPPED"
    fake.later(days=2)
    fake.arrive(order)
    told = marks(of(look(fake, "order", order), f"order/{order}"))
    assert told["order.shipped"] == [last] and told["order.delivered"] == [fake.now]


def test_lines_that_were_cancelled_keep_nobody_waiting() -> None:
    fake = FakeMirakl()
    order = fake.order()
    fake.orders[order]["order_lines"][1]["order_line_state"] = "CANCELED"
    fake.send_out(order, 0)
    assert marks(of(look(fake, "order", order), f"order/{order}"))["order.shipped"] == [fake.now]


def test_a_line_paid_back_unsent_keeps_nobody_waiting_and_one_that_was_sent_counts() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED", prices=(10.0, 20.0))
    sent, back = fake.orders[order]["order_lines"]
    sent.update(order_line_state="SHIPPED", shipped_date=iso(fake.now))
    back.update(order_line_state="REFUNDED", shipped_date=None)
    shipped = fake.now
    assert marks(of(look(fake, "order", order), f"order/{order}"))["order.shipped"] == [shipped]
    fake.later(hours=1)
    back["shipped_date"] = iso(fake.now)
    assert marks(of(look(fake, "order", order), f"order/{order}"))["order.shipped"] == [fake.now]


def test_a_refused_order_and_a_cancelled_one_are_over() -> None:
    fake = FakeMirakl()
    refused = fake.order("REFUSED")
    told = marks(of(look(fake, "order", refused), f"order/{refused}"))
    assert told["order.cancelled"] == [fake.now] and "order.approved" not in told
    cancelled = fake.order()
    fake.later(hours=1)
    fake._cancel(cancelled, {}, {})
    when = fake.now
    fake.later(days=3)
    fake._touch(cancelled)
    told = marks(of(look(fake, "order", cancelled), f"order/{cancelled}"))
    assert told["order.cancelled"] == [when], "dated by the cancellation, not by the last change"


def test_an_order_that_was_not_released_starts_nothing() -> None:
    fake = FakeMirakl()
    assert look(fake, "order", fake.order("STAGING")).ignored == "an order that was not released yet"


def test_a_refund_is_paid_when_its_transaction_is() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    done = do(fake, "refund", order, amount=Decimal("12.50"), currency="EUR")
    assert isinstance(done, Done)
    approved = fake.now
    refund = of(look(fake, "order", order), f"refund/{done.handle}")
    assert marks(refund) == {"refund.approved": [approved], "refund.paid": [None]}
    assert refund.facts["channel"] == "redress" and refund.facts["status"] == "waiting_refund_payment"
    fake.later(days=1)
    fake.settle(order)
    refund = of(look(fake, "refund", done.handle), f"refund/{done.handle}")
    assert marks(refund) == {"refund.approved": [approved], "refund.paid": [fake.now]}
    assert [mark.value for mark in refund.marks] == [None, Decimal("12.5")]
    assert of(look(fake, "order", order), f"order/{order}").facts["refunded"] == Decimal("12.5")


def test_a_return_through_its_states_keeps_each_first_instant() -> None:
    fake = FakeMirakl()
    order = fake.order("RECEIVED")
    asked, back = fake.now, fake.send_back(order)
    reads = [look(fake, "refund", back)]
    instants = {}
    for state in ("IN_PROGRESS", "RECEIVED", "CLOSED"):
        fake.later(days=1)
        fake.change_return(back, state)
        instants[state] = fake.now
        reads.append(look(fake, "refund", back))
        fake.later(days=1)
        fake.change_return(back, state)
        reads.append(look(fake, "refund", back))
    now = view(*reversed(reads), kind="refund")
    assert [one.at for one in now.marks("return.requested")] == [asked]
    assert min(one.at for one in now.marks("return.approved")) == instants["IN_PROGRESS"]
    assert min(one.at for one in now.marks("return.received")) == instants["RECEIVED"]
    assert now.fact("status") == "closed"


def test_a_second_change_on_the_same_day_moves_nothing() -> None:
    """What was answered in time must not become late because somebody touched it in the afternoon."""
    fake = FakeMirakl()
    back = fake.send_back(fake.order("RECEIVED"))
    reads, answered = [], fake.now
    for _ in range(3):
        fake.change_return(back, "REFUSED")
        reads.append(look(fake, "refund", back))
        fake.later(hours=2)
    assert min(one.at for one in view(*reads, kind="refund").marks("return.refused")) == answered


def test_a_return_is_whose_its_order_is_and_where() -> None:
    """It names neither itself; without a country no rule of a place runs, without a seller nobody answers for it."""
    fake = FakeMirakl()
    order = fake.order("RECEIVED")
    back = fake.send_back(order)
    told = of(look(fake, "refund", back), f"refund/{back}").facts
    of_order = of(look(fake, "order", order), f"order/{order}").facts
    for name in ("country", "seller", "buyer", "currency"):
        assert told[name] == of_order[name] is not None
    assert told["goods_expected"] is True
    del fake.orders[order]
    assert of(look(fake, "refund", back), f"refund/{back}").marks, "what the return itself says holds without"


def test_an_incident_is_told_with_its_line() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    fake.later(hours=3)
    fake._incident(order, f"{order}-1", "open", {}, {"reason_code": "1"})
    opened, subject = fake.now, f"{order}:{order}-1:incident"
    incident = of(look(fake, "order", order), f"complaint/{subject}")
    assert marks(incident) == {"complaint.opened": [opened]}
    assert incident.facts["category"] == "incident" and incident.facts["reason"] == "1"
    fake.later(days=2)
    fake._incident(order, f"{order}-1", "close", {}, {"reason_code": "9"})
    for kind, ident in (("order", order), ("complaint", subject)):
        closed = of(look(fake, kind, ident), f"complaint/{subject}")
        assert marks(closed) == {"complaint.resolved": [fake.now]}, "nobody polls for incidents, only for orders"
        assert closed.facts["status"] == "closed"
    fake.orders[order]["order_lines"][0]["order_line_state"] = "INCIDENT_CLOSED"
    assert marks(of(look(fake, "order", order), f"complaint/{subject}")) == {"complaint.resolved": [fake.now]}


@pytest.mark.parametrize(("reason", "ours"), [("1", True), ("5", False)])
def test_an_incident_that_we_opened_is_known_as_ours_and_starts_nothing(reason: str, ours: bool) -> None:
    fake = FakeMirakl()
    order = fake.order("RECEIVED")
    fake._incident(order, f"{order}-1", "open", {}, {"reason_code": reason})
    incident = of(look(fake, "order", order), f"complaint/{order}:{order}-1:incident")
    assert (incident.facts.get("channel") == "redress") is ours
    fake.later(days=1)
    fake._incident(order, f"{order}-1", "close", {}, {"reason_code": "9"})
    fake.later(days=1)
    fake._incident(order, f"{order}-1", "open", {}, {"reason_code": "5"})
    again = of(look(fake, "order", order), f"complaint/{order}:{order}-1:incident")
    assert merge_all(NOTHING, (again, incident)).facts["channel", "platform"].value is None, "this one is the buyer's"


@pytest.mark.parametrize("state", ["REFUSED", "CANCELED", "REFUNDED", "SHIPPING"])
def test_a_reason_of_another_kind_is_no_incident(state: str) -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    fake.orders[order]["order_lines"][0].update(order_line_state=state, order_line_state_reason_code="7")
    assert not [one for one in look(fake, "order", order).events if one.subject.kind == "complaint"]


def test_a_thread_is_read_as_rounds_and_the_operator_s_words_answer_nothing() -> None:
    fake = FakeMirakl()
    order = fake.order()
    asked, thread = fake.now, fake.write(order, "CUSTOMER_USER")
    fake.later(hours=1)
    fake.write(order, "OPERATOR_USER", thread)
    (event,) = look(fake, "complaint", thread).events
    assert marks(event) == {"complaint.opened": [asked]} and event.facts["status"] == "waiting"
    fake.later(hours=1)
    fake.write(order, "SHOP_USER", thread)
    (event,) = look(fake, "complaint", thread).events
    assert marks(event) == {"complaint.opened": [asked], "complaint.first_reply": [fake.now]}
    assert event.facts["seller"] == "2001" and [link.id for link in event.links] == [order]


def test_a_shop_s_state_is_a_fact_as_of_the_answer() -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    do(fake, "suspend", shop)
    fake.later(minutes=1)
    (event,) = look(fake, "seller", shop).events
    assert event.facts == {
        "seller": str(shop), "status": "suspended", "reason": "MANUAL", "score": Decimal("4.25"),
        "payout_held": False, "restricted": False,
    }  # fmt: skip
    assert event.version == fake.now


def test_a_poll_tells_of_all_that_changed_and_goes_on() -> None:
    fake = FakeMirakl()
    old = fake.order()
    fake.later(days=1)
    since = iso(fake.now)
    orders = [fake.order(prices=(10.0,)) for _ in range(250)]
    back = {fake.send_back(one) for one in orders[:8]}
    threads = {Subject("complaint", fake.write(one, "CUSTOMER_USER")) for one in orders[:40]}
    told: list[Event] = []
    named: set[Subject] = set()
    position, looks = since, 0
    while position:
        found = look(fake, "connection", position)
        told, looks = [*told, *found.events], looks + 1
        named |= {one for one in found.looks if one.kind != "connection"}
        position = next((one.id for one in found.looks if one.kind == "connection"), "")
    assert old not in repr(told) and named == threads and looks == 3
    assert {one.subject.id for one in told if one.subject.kind == "order"} == set(orders)
    returns = {one.subject.id: one for one in told if one.subject.kind == "refund" and one.subject.id in back}
    assert set(returns) == back and all(one.facts["seller"] and one.facts["country"] for one in returns.values())
    fake.later(days=1)
    assert look(fake, "connection", iso(fake.now)).ignored == "nothing changed"


@pytest.mark.parametrize(
    ("kind", "ident", "reason"),
    [("order", "a b", "not_an_order"), ("refund", "a b", "not_a_return"), ("complaint", "a b", "not_a_thread"),
     ("seller", "a b", "not_a_shop"), ("connection", "soon", "not_an_instant"),
     ("connection", "2026-11-20T10:00:00Z|x", "not_an_instant"),
     ("connection", "2026-11-20T10:00:00Z|orders|1", "not_an_instant"), ("listing", "a-1", "not_an_offer"),
     ("shipment", "1", "no_such_look")],
)  # fmt: skip
def test_a_look_that_makes_no_sense_is_refused(kind: str, ident: str, reason: str) -> None:
    fake = FakeMirakl()
    assert drive(MIRAKL.look(Subject(kind, ident), session(fake)), fake.send) == Refused(reason) and not fake.calls


@pytest.mark.parametrize("kind", ["order", "refund", "complaint", "seller", "listing"])
def test_what_is_not_there_is_refused(kind: str) -> None:
    fake = FakeMirakl()
    assert drive(MIRAKL.look(Subject(kind, "77"), session(fake)), fake.send) == Refused("not_found")


ANSWERS = [(THROTTLED, Later(11.0)), (DOWN, Later(30.0, "unavailable")), (HTML, Later(30.0, "not_json")),
           (LOST_500, Later(30.0, "http_500"))]  # fmt: skip


@pytest.mark.parametrize(("fault", "outcome"), ANSWERS)
def test_what_an_answer_means(fault: str, outcome: Later) -> None:
    fake = FakeMirakl(faults=[("GET", fault)])
    assert drive(MIRAKL.look(Subject("order", fake.order()), session(fake)), fake.send) == outcome


def test_a_key_or_a_token_opens_the_api_and_each_run_fetches_its_own() -> None:
    fake = FakeMirakl()
    order, shop = fake.order(), Shop("m", "mirakl", fake.base)
    client = {"client_id": "client-0123", "client_secret": "client-secret-0"}
    for _ in range(2):
        found = drive(MIRAKL.look(Subject("order", order), Session(shop, client, fake.now)), fake.send)
        assert isinstance(found, Read) and found.events
    assert len(fake.tokens) == 2
    fake.tokens.clear()
    for wrong in ({**client, "client_secret": "x"}, {"api_key": "old"}, {}):
        refused = drive(MIRAKL.look(Subject("order", order), Session(shop, wrong, fake.now)), fake.send)
        assert refused == Refused("token")


# -- levers -----------------------------------------------------------------------------------------------------------

SELLER = {"suspend", "restore", "close_shop", "reopen_shop", "hold_payout", "release_payout", "restrict", "unrestrict",
          "blacklist", "unblacklist"}  # fmt: skip


def command(action: str, target: object, **more: object) -> Command:
    kind = "seller" if action in SELLER else "listing" if action in ("delist", "relist") else "order"
    defaults: dict = {"key": KEY, "action": action, "subject": Subject(kind, str(target)), "note": "Please hurry."}
    return Command(**{**defaults, **more})


def do(fake: FakeMirakl, action: str, target: object, tries: int = 10, **more: object) -> object:
    return act(MIRAKL.levers[action], session(fake), command(action, target, **more), fake, tries)


LADDER = [
    ("restrict", "unrestrict", "premium_state", "NOT_PREMIUM"),
    ("hold_payout", "release_payout", "payment_blocked", True),
    ("close_shop", "reopen_shop", "closed_from_date", "2026-11-20T10:00:00Z"),
    ("suspend", "restore", "shop_state", "SUSPENDED"),
    ("blacklist", "unblacklist", "shop_state", "TERMINATED"),
]


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE, ""])
@pytest.mark.parametrize(("up", "down", "name", "value"), LADDER, ids=[row[0] for row in LADDER])
def test_each_rung_of_the_ladder_is_taken_and_taken_back(
    up: str, down: str, name: str, value: object, fault: str
) -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    before = dict(fake.shops[shop])
    fake.faults = [("PUT", fault)] if fault else []
    done = do(fake, up, shop)
    assert isinstance(done, Done) and fake.shops[shop][name] == value
    assert MIRAKL.levers[up].undo == down and MIRAKL.levers[up].reverse in ("exact", "offset")
    fake.faults = [("PUT", fault)] if fault else []
    assert isinstance(do(fake, down, shop, handle=done.handle), Done)
    after = {field: held for field, held in fake.shops[shop].items() if field != "immunity_date"}
    assert after == before


@pytest.mark.parametrize("stock", [{}, {"W-1": 5, "W, 2=|": 2}], ids=["one stock", "warehouses"])
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("fault", [*AFTER, *BEFORE, HTML, ""])
def test_an_offer_is_taken_off_sale_and_put_back_with_the_stock_it_had(
    fault: str, method: str, stock: dict[str, int]
) -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7, **stock)
    other = fake.offer(next(iter(fake.shops)), 3)
    before = {number: json.dumps(one) for number, one in fake.offers.items()}
    fake.faults = [(method, fault)] * 2 if fault else []
    done = do(fake, "delist", offer, tries=20)
    assert isinstance(done, Done) and fake.offers[offer]["quantity"] == 0
    assert of(look(fake, "listing", offer), f"listing/{offer}").facts["status"] == "inactive"
    fake.faults = [(method, fault)] * 2 if fault else []
    assert isinstance(do(fake, "relist", offer, tries=20, handle=done.handle), Done)
    while any(one["status"] != "COMPLETE" for one in fake.imports.values()):
        # What was sent twice, because an answer was lost, comes twice.
        fake._work_off()
    assert {number: json.dumps(one) for number, one in fake.offers.items()} == before, "nothing else is touched"
    assert fake.offers[other]["quantity"] == 3


def test_a_second_try_takes_its_own_zero_for_no_stock_of_before() -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    lever, now = MIRAKL.levers["delist"], session(fake)
    first = drive(lever.run(now, command("delist", offer)), fake.send)
    assert isinstance(first, Later) and (first.handle, first.begun) == ("7", False) and not fake.imports
    second = drive(lever.run(now, command("delist", offer, handle="7")), fake.send)
    assert isinstance(second, Later) and second.handle.startswith("7|down:") and second.begun
    fake.patience = 0
    while fake.offers[offer]["quantity"]:
        fake._work_off()
    for handle in ("7", second.handle):
        assert drive(lever.run(now, command("delist", offer, handle=handle)), fake.send) == Done("7")


def test_an_import_that_nobody_knows_any_more_is_judged_by_the_offer() -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    assert do(fake, "delist", offer, tries=20, handle="7|down:gone") == Done("7")
    assert fake.offers[offer]["quantity"] == 0 and len(fake.imports) == 1


def test_what_had_no_stock_is_left_so_and_what_somebody_filled_up_is_left_too() -> None:
    fake = FakeMirakl()
    empty, offer = fake.offer(fake.shop(), 0), fake.offer(next(iter(fake.shops)), 7)
    done = do(fake, "delist", empty)
    assert isinstance(done, Done) and do(fake, "relist", empty, handle=done.handle) == done
    done = do(fake, "delist", offer)
    assert isinstance(done, Done)
    fake.offers[offer]["quantity"] = 40
    assert do(fake, "relist", offer, handle=done.handle) == Done() and fake.offers[offer]["quantity"] == 40


def test_a_line_in_error_is_a_failure_in_its_own_words() -> None:
    fake = FakeMirakl(stubborn=True)
    offer = fake.offer(fake.shop(), 7)
    for action, handle in (("delist", ""), ("relist", "7")):
        outcome = do(fake, action, offer, handle=handle)
        assert isinstance(outcome, Refused) and outcome.reason == "import_failed: The offer tea does not exist"
    assert fake.offers[offer]["quantity"] == 7


def test_what_was_taken_in_part_is_put_back() -> None:
    fake = FakeMirakl(spoilt={"W2"})
    offer = fake.offer(fake.shop(), W1=5, W2=2)
    outcome = do(fake, "delist", offer)
    assert isinstance(outcome, Refused) and outcome.reason.startswith("import_failed")
    for _ in range(5):
        fake._work_off()
    assert fake.offers[offer]["quantity"] == 7


def test_what_takes_back_a_delisting_under_way_waits_for_it() -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    lever = MIRAKL.levers["delist"]
    begun = drive(lever.run(session(fake), command("delist", offer, handle="7")), fake.send)
    assert isinstance(begun, Later)
    assert do(fake, "relist", offer, tries=20, handle=begun.handle) == Done()
    assert fake.offers[offer]["quantity"] == 7 and len(fake.imports) == 2
    lost = fake.offer(next(iter(fake.shops)), 4)
    drive(lever.run(session(fake), command("delist", lost, handle="4")), fake.send)
    assert do(fake, "relist", lost, tries=20, handle="4") == Done(), "its number was lost on the way"
    assert fake.offers[lost]["quantity"] == 4


OFFERS = [
    ({"shop_id": 9}, {"seller": "2001"}, "another_shop"),
    ({"shop_sku": "a\nb"}, {}, "no_sku"),
    ({"quantity": None}, {}, "unexpected"),
    ({"offer_id": 1}, {}, "unexpected"),
    ({"warehouses": [{"code": f"warehouse-{n}", "quantity": 1} for n in range(60)]}, {}, "too_many_warehouses"),
]


@pytest.mark.parametrize(("told", "more", "reason"), OFFERS, ids=[row[2] for row in OFFERS])
def test_an_offer_that_is_not_to_be_touched(told: dict, more: dict, reason: str) -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    fake.offers[offer].update(told)
    for action in ("delist", "relist"):
        if (action, reason) != ("relist", "too_many_warehouses"):
            assert do(fake, action, offer, handle="" if action == "delist" else "7", **more) == Refused(reason)
    assert do(fake, "delist", 999) == Refused("not_found") and not fake.imports


def test_a_restored_shop_is_spared_by_the_platform_s_own_suspensions() -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    do(fake, "restore", shop)
    assert fake.shops[shop]["immunity_date"] == "2026-12-04T10:00:00Z"


@pytest.mark.parametrize("action", sorted(SELLER))
def test_a_failure_under_200_is_a_failure(action: str) -> None:
    fake = FakeMirakl(stubborn=True)
    assert do(fake, action, fake.shop(), handle="PREMIUM") == Refused("rejected")


def test_termination_needs_the_address_that_the_operator_tells() -> None:
    fake = FakeMirakl()
    for path in ("", "https://evil.example/x", "api/../x", "api/shops?x"):
        bare = session(fake, state_change_path=path)
        outcome = act(MIRAKL.levers["blacklist"], bare, command("blacklist", fake.shop()), fake)
        assert outcome == Refused("no_state_change_path")
    assert not fake.calls


FAULTS = st.lists(
    st.tuples(st.sampled_from(["*", "GET", "PUT", "POST"]), st.sampled_from([*AFTER, *BEFORE])), max_size=5
)


@settings(deadline=None, max_examples=60)
@given(FAULTS)
def test_no_run_of_bad_luck_pays_twice_or_writes_twice(faults: list[tuple[str, str]]) -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    for action in ("refund", "warn_seller", "message_buyer"):
        fake.faults = list(faults)
        key = f"{KEY}|{action}"
        assert isinstance(do(fake, action, order, tries=18, key=key, amount=Decimal("20.00"), currency="EUR"), Done)
        fake.faults = []
    assert sum(fake.moved) == 20
    assert sorted(one["to"][0] for one in fake.threads.values()) == ["CUSTOMER", "SHOP"]


def test_a_refund_goes_over_the_lines_and_never_over_what_was_paid() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED", (30.0, 20.0))
    assert isinstance(do(fake, "refund", order, amount=Decimal("54.00"), currency="EUR"), Done)
    lines = fake.orders[order]["order_lines"]
    assert [(one["refunds"][0]["amount"], one["refunds"][0]["shipping_amount"]) for one in lines] == [(30, 5), (19, 0)]
    assert do(fake, "refund", order, key="other", amount=Decimal("1.01")) == Refused("more_than_is_left")
    assert isinstance(do(fake, "refund", order, key="other", amount=Decimal("1.00")), Done)


REFUNDS = [
    ({"amount": None}, {}, "no_amount"),
    ({"amount": Decimal("0")}, {}, "no_amount"),
    ({"amount": Decimal("5"), "currency": "USD"}, {}, "other_currency"),
    ({"amount": Decimal("55.01")}, {}, "more_than_is_left"),
    ({"amount": Decimal("5")}, {"order_tax_mode": "TAX_EXCLUDED"}, "taxes_apart"),
]


@pytest.mark.parametrize(("more", "order", "reason"), REFUNDS)
def test_a_refund_that_must_not_be(more: dict, order: dict, reason: str) -> None:
    fake = FakeMirakl()
    assert do(fake, "refund", fake.order("SHIPPED", **order), **more) == Refused(reason)
    assert not fake.moved


def test_a_second_equal_refund_of_ours_is_left_to_a_person() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    assert isinstance(do(fake, "refund", order, amount=Decimal("5")), Done)
    assert do(fake, "refund", order, key="another", amount=Decimal("5")) == Refused("equal_refund_is_there")
    assert fake.moved == [Decimal("5")]


def test_find_tells_whether_it_is_there_and_not_seen_is_not_absent() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    for _ in range(7):
        fake.write(order, "CUSTOMER_USER")
    for action in ("refund", "warn_seller", "message_buyer", "remind_seller"):
        find, key = MIRAKL.levers[action].find, f"{KEY}|{action}"
        assert find is not None
        wanted = command(action, order, key=key, amount=Decimal("1"))
        assert drive(find(session(fake), wanted), fake.send) == Absent()
        done = do(fake, action, order, key=key, amount=Decimal("1"))
        assert drive(find(session(fake), wanted), fake.send) == done
        fake.faults = [("GET", DOWN)]
        assert isinstance(drive(find(session(fake), wanted), fake.send), Later)


def test_a_seller_is_written_to_where_there_is_no_order() -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    outcome = do(fake, "warn_seller", shop, subject=Subject("seller", str(shop)))
    assert isinstance(outcome, Done)
    assert fake.threads[outcome.handle]["entities"] == [{"type": "SELLER_OPERATOR", "id": str(shop)}]
    assert KEY not in repr(fake.threads), "sellers and buyers do not read the names of our rules"


def test_an_incident_is_opened_on_the_lines_that_can_have_one_and_closed_on_those() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED", (10.0, 20.0, 30.0))
    lines = fake.orders[order]["order_lines"]
    lines[2]["can_open_incident"] = False
    fake._incident(order, f"{order}-2", "open", {}, {"reason_code": "5"})
    done = do(fake, "open_incident", order)
    assert done == Done(f"{order}-1") and lines[0]["order_line_state"] == "INCIDENT_OPEN"
    assert do(fake, "close_incident", order, handle=f"{order}-1") == Done()
    assert [one["order_line_state"] for one in lines] == ["RECEIVED", "INCIDENT_OPEN", "SHIPPED"], "only ours"


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE])
def test_incidents_bear_repetition(fault: str) -> None:
    fake = FakeMirakl(faults=[("PUT", fault)])
    order = fake.order("SHIPPED")
    assert isinstance(do(fake, "open_incident", order), Done)
    fake.faults = [("PUT", fault)]
    assert do(fake, "close_incident", order) == Done()
    assert [one["order_line_state"] for one in fake.orders[order]["order_lines"]] == ["RECEIVED", "RECEIVED"]


def test_an_order_is_cancelled_only_before_it_was_sent() -> None:
    fake = FakeMirakl(faults=[("PUT", LOST)])
    order = fake.order()
    assert do(fake, "cancel", order) == Done() and fake.orders[order]["order_state"] == "CANCELED"
    sent = fake.order("SHIPPED")
    assert do(fake, "cancel", sent) == Refused("not_to_be_cancelled")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["tag", "untag"]), min_size=1, max_size=5), FAULTS)
def test_a_tag_is_there_or_not(actions: list[str], faults: list[tuple[str, str]]) -> None:
    fake = FakeMirakl(faults=list(faults))
    order = fake.order(order_additional_fields=[{"code": "redress-tags", "value": "gift", "type": "STRING"}])
    for action in actions:
        assert do(fake, action, order, tries=16, params={"tag": "late"}) == Done("late")
    (held,) = fake.orders[order]["order_additional_fields"]
    assert held["value"] == ("gift,late" if actions[-1] == "tag" else "gift")


def test_a_note_stands_in_the_field_that_was_chosen() -> None:
    fake = FakeMirakl()
    order = fake.order()
    assert do(fake, "note", order) == Done()
    (held,) = fake.orders[order]["order_additional_fields"]
    assert held["code"] == "redress-note" and held["value"] == f"Please hurry. [redress:{KEY}]"


@pytest.mark.parametrize("action", sorted(MIRAKL.levers))
def test_a_lever_without_what_it_needs_is_refused_without_a_call(action: str) -> None:
    fake = FakeMirakl()
    bare = Session(Shop("m", "mirakl", fake.base), {"api_key": fake.key}, fake.now)
    nobody = Command("k", action, Subject("listing", "s"), note="x", params={"tag": "t"})
    assert isinstance(act(MIRAKL.levers[action], bare, nobody, fake), Refused) and not fake.calls
    needs_more = {"note", "tag", "untag", "open_incident", "close_incident", "refund", "blacklist", "unblacklist"}
    if action in needs_more:
        known = command(action, "2001", amount=Decimal("1"), params={"tag": "t"})
        assert isinstance(act(MIRAKL.levers[action], bare, known, fake), Refused) and not fake.calls
