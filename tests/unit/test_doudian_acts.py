"""Levers on Douyin shop, against a gateway that limits calls, fails under 200, lets tokens run out and loses
answers after the effect."""

from decimal import Decimal

import pytest

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Command, Done, Refused
from chalicelib.platforms.doudian.levers import WAS_OFF, agree_types, marker
from tests.fakes.doudian import (
    AFTERSALE,
    BUSY,
    DOWN,
    HTML,
    LIMITED,
    LOST,
    LOST_BUSY,
    ORDER,
    PRODUCT,
    UNSENT,
    FakeDoudian,
)
from tests.fakes.driving import drive
from tests.support.douyin import DOUDIAN, KEY, act, session


def test_a_remark_goes_behind_what_stands_there() -> None:
    dd = FakeDoudian()
    dd.order(seller_words="VIP")
    assert act(dd, "note") == Done(marker(KEY))
    remark = dd.orders[ORDER]["seller_words"]
    assert remark == f"VIP {marker(KEY)} ship (demo@1), step half]"
    assert act(dd, "note") == Done(marker(KEY))
    assert dd.orders[ORDER]["seller_words"] == remark, "twice is once"


def test_our_older_words_give_way_and_nobody_elses_do() -> None:
    dd = FakeDoudian()
    dd.order(seller_words="VIP, ring twice")
    for n in range(3):
        key = f"{KEY}{n}"
        assert act(dd, "note", key=key, note="[x]" * 30) == Done(marker(key))
        remark = dd.orders[ORDER]["seller_words"]
        assert remark.startswith("VIP, ring twice ") and marker(key) in remark and len(remark) <= 60


def test_a_remark_that_is_full_is_left_alone() -> None:
    dd = FakeDoudian()
    dd.order(seller_words="x" * 50)
    assert act(dd, "note") == Refused("no_room_in_the_remark")


def test_a_remark_may_set_a_flag() -> None:
    dd = FakeDoudian()
    dd.order()
    command = Command(KEY, "note", Subject("order", ORDER))
    assert drive(DOUDIAN.levers["note"].run(session(dd, flag="5"), command), dd.send) == Done(marker(KEY))
    assert dd.orders[ORDER]["flag"] == "5" and dd.orders[ORDER]["seller_words"] == f"{marker(KEY)}]"


FAULTS = [LOST, LOST_BUSY, UNSENT, LIMITED, BUSY, HTML, DOWN]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_remark_is_made_once(fault: str) -> None:
    dd = FakeDoudian(faults=[("order.addOrderRemark", fault)])
    dd.order()
    assert act(dd, "note") == Done(marker(KEY))
    assert dd.orders[ORDER]["seller_words"].count("[redress:") == 1


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_a_service_ticket_is_answered_once(fault: str) -> None:
    dd = FakeDoudian(faults=[("order.replyService", fault)] if fault else [])
    dd.ticket()
    assert act(dd, "resolve", subject=Subject("complaint", "service:24174")) == Done("24174")
    assert dd.tickets["24174"]["reply"] == "已处理"


def test_a_ticket_that_a_person_must_answer() -> None:
    dd = FakeDoudian()
    dd.ticket(evidence_required=1)
    assert act(dd, "resolve", subject=Subject("complaint", "service:24174")) == Refused("evidence_wanted")
    assert act(dd, "resolve", subject=Subject("complaint", AFTERSALE)) == Refused("no_service_ticket")


def test_a_ticket_that_was_sent_back_is_answered_again() -> None:
    dd = FakeDoudian()
    dd.ticket(reply="before", is_reject=1)
    assert act(dd, "resolve", subject=Subject("complaint", "service:24174")) == Done("24174")
    assert dd.tickets["24174"]["reply"] == "已处理"


MONEY: dict = {
    "subject": Subject("refund", AFTERSALE),
    "refund": AFTERSALE,
    "amount": Decimal("132.00"),
    "currency": "CNY",
}


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_an_aftersale_is_agreed_to_once(fault: str) -> None:
    dd = FakeDoudian(faults=[("afterSale.operate", fault)] if fault else [])
    dd.aftersale()
    assert act(dd, "refund", **MONEY) == Done(AFTERSALE)
    (agreed,) = dd.agreed
    assert agreed["type"] == 201 and agreed["items"][0]["update_time"], "the lock goes along"


NOT_AGREED: list[tuple[dict, dict, str, str]] = [
    ({}, {"amount": Decimal("131.99")}, "another_amount", "not what was asked for"),
    ({}, {"amount": None}, "another_amount", "no amount"),
    ({}, {"currency": "USD"}, "other_currency", "another currency"),
    ({"status": 27}, {}, "not_the_sellers_turn", "refused before"),
    ({"status": 7}, {}, "not_the_sellers_turn", "the goods are on their way"),
    ({"kind": 0}, {}, "no_agree_type", "a kind that nobody named the code for"),
    ({}, {"subject": Subject("order", ORDER), "refund": ""}, "no_aftersale", "nobody asked for it"),
]


@pytest.mark.parametrize(("state", "change", "reason", "why"), NOT_AGREED, ids=[row[-1] for row in NOT_AGREED])
def test_money_that_must_not_move(state: dict, change: dict, reason: str, why: str) -> None:
    dd = FakeDoudian()
    dd.aftersale(**state)
    assert act(dd, "refund", **{**MONEY, **change}) == Refused(reason), why
    assert not dd.agreed


def test_an_aftersale_that_changed_meanwhile_is_not_agreed_to() -> None:
    dd = FakeDoudian()
    dd.aftersale()
    dd.tokens.add("t")
    command = Command(KEY, "refund", **MONEY)
    steps = DOUDIAN.levers["refund"].run(session(dd, token="t"), command)
    call = steps.send(dd.send(next(steps)))
    dd.info()["update_time"] += 1
    with pytest.raises(StopIteration) as end:
        steps.send(dd.send(call))
    assert end.value.value == Refused("isv.business-failed:20309541")
    assert not dd.agreed


@pytest.mark.parametrize(("done", "outcome"), [(False, Refused("status_20309541")), (True, Done(AFTERSALE))])
def test_a_refusal_of_the_one_item_stands_in_an_answer_that_says_success(done: bool, outcome: object) -> None:
    """The call takes a batch and tells of each; whoever does not look takes a refused refund for one that is paid."""
    dd = FakeDoudian()
    dd.aftersale()
    carried_out = dd._afterSale_operate

    def operate(params: dict) -> dict:
        if done:
            carried_out(params)
        return {"items": [{"aftersale_id": int(AFTERSALE), "status_code": 20309541, "status_msg": "CANARY"}]}

    dd._afterSale_operate = operate  # type: ignore[method-assign]
    assert act(dd, "refund", **MONEY) == outcome


def test_codes_that_agree_are_the_operators_to_name() -> None:
    assert agree_types("1:201, 2:201,x,3:,:5,4:99999") == {"1": 201, "2": 201}
    assert agree_types("") == {}


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_a_product_goes_off_the_shelf_and_back(fault: str) -> None:
    dd = FakeDoudian(faults=[("product.setOffline", fault)] if fault else [])
    dd.product()
    done = act(dd, "delist")
    assert done == Done(PRODUCT) and dd.products[PRODUCT]["status"] == 1
    assert act(dd, "relist", handle=PRODUCT) == Done(PRODUCT)
    assert dd.products[PRODUCT]["status"] == 0


def test_what_somebody_else_took_off_is_not_put_back() -> None:
    dd = FakeDoudian()
    dd.product(status=1)
    assert act(dd, "delist") == Done(WAS_OFF)
    assert act(dd, "relist", handle=WAS_OFF) == Done(WAS_OFF)
    assert dd.products[PRODUCT]["status"] == 1
    assert act(dd, "delist", product="") == Refused("no_product")
    dd.products[PRODUCT]["status"] = 2
    assert act(dd, "delist") == Refused("deleted_product")


def test_every_lever_says_what_it_wants() -> None:
    for lever in DOUDIAN.levers.values():
        assert lever.needs and lever.effects
