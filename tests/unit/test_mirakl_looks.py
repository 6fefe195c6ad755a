"""Looks at a Mirakl instance: what stands there, complete and once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.platforms.base import Done, Later, Read, Refused, Session, Shop
from tests.fakes.driving import drive
from tests.fakes.mirakl import DOWN, HTML, LOST_500, THROTTLED, FakeMirakl, iso
from tests.support.mirakl import MIRAKL, do, look, marks, of, session, view


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
