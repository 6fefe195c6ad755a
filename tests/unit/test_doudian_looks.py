"""Looks at Douyin shop: orders, aftersales and their arbitration, service tickets, products."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.core.events import Link, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.view import View
from chalicelib.platforms.base import Delivery, Later, Refused
from tests.fakes.doudian import AFTERSALE, BUSY, DOWN, HTML, LIMITED, ORDER, PRODUCT, SHOP, FakeDoudian
from tests.fakes.driving import drive
from tests.support.douyin import DOUDIAN, at, look, session


def test_an_order_with_the_platforms_own_deadline() -> None:
    dd = FakeDoudian()
    dd.order()
    paid = dd.orders[ORDER]["pay_time"]
    (event,) = look(dd, "order", ORDER)
    assert (event.look, event.version) == (True, dd.now)
    assert event.marks == (
        Mark("order.placed", at(paid - 60)),
        Mark("order.paid", at(paid), value=Decimal("199.03")),
    )
    assert event.facts == {
        "country": "CN", "currency": "CNY", "seller": SHOP, "status": "2", "amount": Decimal("199.03"),
        "refunded": Decimal("0"), "ship_by": at(paid + 172800), "buyer": "1@#open/id+1==", "product": PRODUCT,
        "presale": False,
    }  # fmt: skip
    dd.orders[ORDER]["exp_ship_time"] -= 3600
    dd.now += timedelta(seconds=9)
    (moved,) = look(dd, "order", ORDER)
    assert moved.facts["ship_by"] == at(paid + 169200), "it may also come earlier"
    assert merge_all(NOTHING, (moved, event)).facts["ship_by", "platform"].value == at(paid + 169200)


def test_an_order_is_sent_and_delivered_when_all_of_it_is() -> None:
    dd = FakeDoudian()
    dd.order()
    order = dd.orders[ORDER]
    gift = {**order["sku_order_list"][0], "order_id": "2"}
    order["sku_order_list"].append(gift)
    order["logistics_info"] = [{"ship_time": 1795255000, "delivery_id": "D1", "tracking_no": "YD1", "company": "yunda"}]
    order["sku_order_list"][0]["ship_time"] = 1795255000
    (event,) = look(dd, "order", ORDER)
    assert [(mark.name, mark.of) for mark in event.marks[2:]] == [("order.part_shipped", "D1")]
    assert event.whole == {"order.part_shipped", "order.cancelled"}
    assert (event.facts["tracking"], event.facts["carrier"]) == ("YD1", "yunda")
    gift |= {"ship_time": 1795255600, "logistics_receipt_time": 1795300000}
    order["sku_order_list"][0]["confirm_receipt_time"] = 1795310000
    marks = {mark.name: mark.at for mark in look(dd, "order", ORDER)[0].marks}
    assert marks["order.shipped"] == at(1795255600)
    assert marks["order.delivered"] == at(1795310000)
    gift["order_status"] = 4
    marks = {mark.name: mark.at for mark in look(dd, "order", ORDER)[0].marks}
    assert marks["order.shipped"] == at(1795255000), "a line that was cancelled is not waited for"


@pytest.mark.parametrize("place", ["order", "line"])
def test_a_line_of_which_one_piece_has_left_is_not_sent(place: str) -> None:
    dd = FakeDoudian()
    dd.order()
    order = dd.orders[ORDER]
    (line,) = order["sku_order_list"]
    line["ship_time"] = 1795255000
    (order if place == "order" else line)["order_status"] = 101
    assert "order.shipped" not in {mark.name for mark in look(dd, "order", ORDER)[0].marks}
    (order if place == "order" else line)["order_status"] = 3
    assert "order.shipped" in {mark.name for mark in look(dd, "order", ORDER)[0].marks}


def test_a_cancellation_without_an_end_is_seen_by_its_last_change_and_outlives_a_stale_answer() -> None:
    dd = FakeDoudian()
    dd.order()
    stale = look(dd, "order", ORDER)
    before = int(dd.now.timestamp()) - 5
    dd.orders[ORDER] |= {"order_status": 4, "finish_time": 0, "update_time": before}
    dd.now += timedelta(minutes=1)
    seen = look(dd, "order", ORDER)
    dd.orders[ORDER]["finish_time"] = before
    dated = look(dd, "order", ORDER)
    for events in ((*stale, *seen), (*seen, *stale), (*stale, *dated)):
        (told,) = View(merge_all(NOTHING, events), dd.now).marks("order.cancelled")
        assert told.at == at(before)


def test_an_order_paid_back_after_it_was_sent_was_sent() -> None:
    """It ends as cancelled, and each of its lines too; what never left has no instant of sending."""
    dd = FakeDoudian()
    dd.order()
    order = dd.orders[ORDER]
    order |= {"order_status": 4, "main_status": 22, "finish_time": 1795400000}
    (line,) = order["sku_order_list"]
    line |= {"order_status": 4, "ship_time": 0}
    assert "order.shipped" not in {mark.name for mark in look(dd, "order", ORDER)[0].marks}
    order["sku_order_list"].append({**line, "order_id": "2", "ship_time": 1795255000})
    marks = {mark.name: mark.at for mark in look(dd, "order", ORDER)[0].marks}
    assert marks["order.shipped"] == at(1795255000) and marks["order.cancelled"] == at(1795400000)


def test_what_went_back_of_an_order_is_added_up() -> None:
    dd = FakeDoudian()
    dd.order()
    dd.aftersale(12, refund_status=3, real_refund_amount=13200)
    assert look(dd, "order", ORDER)[0].facts["refunded"] == Decimal("132.00")


def test_an_aftersale_whose_turn_it_is() -> None:
    dd = FakeDoudian()
    dd.aftersale(6, 0)
    (event,) = look(dd, "refund", AFTERSALE)
    info = dd.info()
    assert [mark.name for mark in event.marks] == ["refund.requested", "return.requested"]
    assert event.facts["respond_by"] == at(info["status_deadline"]), "the platform's, never reckoned"
    assert event.links == (Link("order", "order", ORDER),)
    info["after_sale_status"] = 7
    (event,) = look(dd, "refund", AFTERSALE)
    assert "respond_by" not in event.facts, "now the deadline is the buyer's"
    assert event.marks[-1] == Mark("return.approved", at(info["update_time"]), version=at(info["apply_time"]))


def test_a_message_knows_better_when_than_a_state_does() -> None:
    dd = FakeDoudian()
    dd.aftersale(12, refund_status=3, real_refund_amount=13200)
    dd.info()["update_time"] += 900
    paid = dd.info()["apply_time"] + 60
    body = (
        f'[{{"tag":206,"msg_id":"1","data":{{"aftersale_id":{AFTERSALE},"shop_id":95250,'
        f'"refund_amount":13200,"success_time":{paid}}}}}]'
    )
    pushed = DOUDIAN.read(Delivery("d", body.encode(), {}, dd.now), session(dd).shop).events
    asked = look(dd, "refund", AFTERSALE)
    for order in ((*pushed, *asked), (*asked, *pushed)):
        assert merge_all(NOTHING, order).marks["refund.paid", ""].at == at(paid)
    assert merge_all(NOTHING, asked).marks["refund.paid", ""].value == Decimal("132.00"), "and without it, this"


@pytest.mark.parametrize("status", [12, 51, 53])
def test_money_that_went_back_is_paid_whatever_the_aftersale_s_state(status: int) -> None:
    """An order cancelled before it was sent ends as 51, an after-sale that is done as 53; its message may be lost."""
    dd = FakeDoudian()
    dd.aftersale(status, 2, refund_status=3, real_refund_amount=13200)
    marks = {mark.name: mark for mark in look(dd, "refund", AFTERSALE)[0].marks}
    assert set(marks) == {"refund.requested", "refund.approved", "refund.paid"}
    assert marks["refund.paid"].value == Decimal("132.00")


def test_a_state_that_was_seen_stays_where_it_was_seen_first() -> None:
    """Each later change, such as a remark, moves the last change; what was in time must not become late by it."""
    dd = FakeDoudian()
    dd.aftersale(12, 1, refund_status=3, real_refund_amount=13200)
    first = look(dd, "refund", AFTERSALE)
    seen = dd.info()["update_time"]
    dd.now += timedelta(days=3)
    dd.info()["update_time"] += 259200
    later = look(dd, "refund", AFTERSALE)
    for events in ((*first, *later), (*later, *first)):
        marks = merge_all(NOTHING, events).marks
        assert marks["refund.paid", ""].at == marks["refund.approved", ""].at == at(seen)


EXCHANGES = [
    (6, set(), "asked"),
    (7, {"return.approved"}, "the goods are on their way back"),
    (11, {"return.approved"}, "they were sent, so it was agreed to"),
    (13, {"return.approved"}, "the new ones were sent"),
    (14, {"return.approved"}, "the new ones came"),
    (27, {"return.refused"}, "refused"),
    (29, {"return.refused"}, "refused, the goods in hand"),
    (28, {"refund.withdrawn"}, "closed"),
    (12, {"return.approved"}, "done, so it was agreed to; no money went"),
]


@pytest.mark.parametrize(("status", "told", "why"), EXCHANGES, ids=[row[-1] for row in EXCHANGES])
def test_an_exchange_is_answered_like_a_return(status: int, told: set[str], why: str) -> None:
    dd = FakeDoudian()
    dd.aftersale(status, 3)
    marks = {mark.name for mark in look(dd, "refund", AFTERSALE)[0].marks}
    assert marks == {"return.requested"} | told, why


@pytest.mark.parametrize("status", [51, 53])
def test_an_end_without_money_pays_nothing(status: int) -> None:
    dd = FakeDoudian()
    dd.aftersale(status, 2, refund_status=2)
    assert [mark.name for mark in look(dd, "refund", AFTERSALE)[0].marks] == ["refund.requested"]


def test_a_cancellation_of_a_part_is_taken_back_by_what_the_order_says() -> None:
    dd = FakeDoudian()
    dd.order()
    body = json.dumps(
        [{"tag": 106, "msg_id": "1", "data": {"p_id": int(ORDER), "shop_id": 95250, "cancel_time": 1795000000}}]
    )
    pushed = DOUDIAN.read(Delivery("d", body.encode(), {}, dd.now), session(dd).shop).events
    asked = look(dd, "order", ORDER)
    for order in ((*pushed, *asked), (*asked, *pushed)):
        assert not list(View(merge_all(NOTHING, order), dd.now).marks("order.cancelled"))
    dd.now += timedelta(hours=2)
    ended = int(dd.now.timestamp()) - 60
    dd.orders[ORDER] |= {"order_status": 4, "finish_time": ended}
    cancelled = look(dd, "order", ORDER)
    told = View(merge_all(NOTHING, (*pushed, *asked, *cancelled)), dd.now).marks("order.cancelled")
    assert [one.at for one in told] == [at(ended)], "as a whole now, although nothing was pushed"


ARBITRATION = {
    "arbitrate_id": "88001", "arbitrate_status": 4, "arbitrate_create_time": 1795250000, "is_required_evidence": True,
    "arbitrate_update_time": 1795251000, "arbitrate_status_deadline": "2026-11-22 18:00:00", "arbitrate_conclusion": 0,
    "arbitrate_opinion": "CANARY",
}  # fmt: skip


@pytest.mark.parametrize("deadline", ["2026-11-22 18:00:00", "1795341600", 1795341600, "1795341600000"])
def test_an_arbitration_that_wants_evidence(deadline: object) -> None:
    dd = FakeDoudian()
    dd.aftersale(27, arbitration={**ARBITRATION, "arbitrate_status_deadline": deadline})
    complaint = look(dd, "complaint", AFTERSALE)[1]
    assert complaint.subject == Subject("complaint", AFTERSALE)
    assert complaint.marks == (
        Mark("complaint.opened", at(1795250000), "88001"),
        Mark("complaint.evidence_due", at(1795251000), "88001"),
    )
    assert complaint.facts["channel"] == "doudian-arbitration", "no service ticket, whose 24 hours do not hold here"
    assert complaint.facts["evidence_due_by"] == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert complaint.links == (Link("order", "order", ORDER), Link("refund", "refund", AFTERSALE))


VERDICTS = [
    (255, 1, "complaint.resolved", "for-buyer", "the buyer"),
    (255, 2, "complaint.resolved", "for-seller", "the seller"),
    (255, 3, "complaint.resolved", "for-buyer-at-once", "the buyer, at once"),
    (255, 0, "complaint.withdrawn", None, "255 without a verdict was cancelled"),
    (2, 1, "complaint.resolved", "for-buyer", "a verdict under another state"),
    (1, 0, "", None, "still going on"),
]


@pytest.mark.parametrize(("state", "conclusion", "mark", "reason", "why"), VERDICTS, ids=[row[-1] for row in VERDICTS])
def test_the_verdict_is_in_the_conclusion(state: int, conclusion: int, mark: str, reason: str | None, why: str) -> None:
    dd = FakeDoudian()
    dd.aftersale(27, arbitration={**ARBITRATION, "arbitrate_status": state, "arbitrate_conclusion": conclusion})
    complaint = look(dd, "complaint", AFTERSALE)[1]
    assert [one.name for one in complaint.marks[1:]] == ([mark] if mark else []), why
    assert complaint.facts["reason"] == reason


def test_a_verdict_stays_where_it_was_seen_first() -> None:
    dd = FakeDoudian()
    dd.aftersale(27, arbitration={**ARBITRATION, "arbitrate_status": 255, "arbitrate_conclusion": 2})
    first = look(dd, "complaint", AFTERSALE)
    dd.now += timedelta(days=1)
    dd.aftersales[AFTERSALE]["process_info"]["arbitrate_info"]["arbitrate_update_time"] += 86400
    later = look(dd, "complaint", AFTERSALE)
    told = [event for event in (*later, *first) if event.subject.kind == "complaint"]
    assert merge_all(NOTHING, told).marks["complaint.resolved", "88001"].at == at(1795251000)


@pytest.mark.parametrize("arbitration", [None, {}, {"arbitrate_id": "", "arbitrate_status": 0}])
def test_no_arbitration_is_no_complaint(arbitration: dict | None) -> None:
    dd = FakeDoudian()
    dd.aftersale(6, arbitration=arbitration)
    assert [event.subject.kind for event in look(dd, "complaint", AFTERSALE)] == ["refund"]


def test_a_service_ticket_and_the_list_of_them() -> None:
    dd = FakeDoudian()
    dd.ticket()
    for n in range(150):
        dd.ticket(str(30000 + n))
    (event,) = look(dd, "complaint", "service:24174")
    assert event.marks == (Mark("complaint.opened", datetime(2026, 11, 21, 2, tzinfo=UTC)),)
    assert event.facts["respond_by"] == datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert (event.facts["channel"], event.facts["seller"]) == ("doudian", SHOP)
    assert event.links == (Link("order", "order", ORDER),)
    assert len(look(dd, "connection", "dd")) == 151
    dd.tickets["24174"] |= {"is_reject": 1, "reject_time": "2026-11-21 12:00:00", "close_time": "2026-11-21 13:00:00",
                            "first_reply_time": "2026-11-21 11:00:00"}  # fmt: skip
    names = [mark.name for mark in look(dd, "complaint", "service:24174")[0].marks]
    assert names == ["complaint.opened", "complaint.first_reply", "complaint.resolved", "complaint.reopened"]


def test_a_product() -> None:
    dd = FakeDoudian()
    dd.product()
    (event,) = look(dd, "listing", PRODUCT)
    assert event.facts["status"] == "0.3" and event.marks == ()
    assert drive(DOUDIAN.look(Subject("listing", "1"), session(dd)), dd.send) == Refused("no_such_product")


@pytest.mark.parametrize("fault", [LIMITED, BUSY, DOWN, HTML])
@pytest.mark.parametrize(("kind", "ident"), [("order", ORDER), ("refund", AFTERSALE), ("connection", "dd")])
def test_a_look_that_is_held_up_comes_later(kind: str, ident: str, fault: str) -> None:
    dd = FakeDoudian(faults=[("*", fault)])
    dd.order()
    dd.aftersale()
    assert isinstance(drive(DOUDIAN.look(Subject(kind, ident), session(dd)), dd.send), Later)


@pytest.mark.parametrize(("kind", "ident"), [("order", "1"), ("refund", "1"), ("seller", "1"), ("order", "x y")])
def test_what_is_not_there(kind: str, ident: str) -> None:
    dd = FakeDoudian()
    assert isinstance(drive(DOUDIAN.look(Subject(kind, ident), session(dd)), dd.send), Refused)
