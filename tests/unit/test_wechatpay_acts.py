"""Looks at WeChat Pay and levers on it, against a platform that throttles, fails and loses answers after the effect."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.core.events import Mark, Subject
from chalicelib.core.instants import parse_instant
from chalicelib.platforms.base import Command, Done, Later, Read, Refused, Session, Shop
from chalicelib.platforms.crypto import encode64, rsa_sign
from chalicelib.platforms.wechatpay import WechatPay
from chalicelib.platforms.wechatpay.api import authorization
from chalicelib.platforms.wechatpay.levers import marker
from tests.fakes.driving import act as driven
from tests.fakes.driving import drive
from tests.fakes.wechatpay import (
    CREDENTIALS,
    DOWN,
    HTML,
    LOST,
    LOST_500,
    MERCHANT,
    OF_MERCHANT,
    PLATFORM,
    THROTTLED,
    UNSENT,
    FakePay,
)

PAY = WechatPay()
FIXTURES = Path(__file__).parents[1] / "fixtures" / "wechatpay"
DETAIL: dict = json.loads((FIXTURES / "detail.json").read_text())
HISTORY: list[dict] = json.loads((FIXTURES / "history.json").read_text())
NUMBER: str = DETAIL["complaint_id"]
ORDER: str = DETAIL["complaint_order_info"][0]["out_trade_no"]
KEY = "main:pay:complaint/1|first-reply|half|0|0"


def session(pay: FakePay, credentials: dict[str, str] | None = None, **options: str) -> Session:
    given = CREDENTIALS if credentials is None else credentials
    return Session(
        Shop("pay", "wechatpay", MERCHANT, options={"reply_text": "您好，我们正在处理。", **options}), given, pay.now
    )


def act(pay: FakePay, action: str, tries: int = 8, **more: object) -> object:
    """Each attempt some seconds after the one before."""
    given: dict = {"key": KEY, "action": action, "subject": Subject("complaint", NUMBER), "order": ORDER, **more}

    def anew() -> Session:
        pay.now += timedelta(seconds=30)
        return session(pay)

    return driven(PAY.levers[action], anew, Command(**given), pay, tries)


def pay_with(state: str = "PENDING", history: list[dict] | None = None) -> FakePay:
    pay = FakePay()
    pay.complain({**DETAIL, "complaint_state": state}, HISTORY[:2] if history is None else history)
    pay.pay(ORDER, 19903)
    return pay


def look(pay: FakePay, kind: str, ident: str) -> Read:
    found = drive(PAY.look(Subject(kind, ident), session(pay)), pay.send)
    assert isinstance(found, Read), found
    return found


def test_a_call_is_signed_over_five_lines() -> None:
    body = b'{"complainted_mchid":"1900012181"}'
    told = authorization("POST", "/v3/x?a=b", "1795000000", "NONCE", body, MERCHANT, "5B1A", OF_MERCHANT.private)
    message = b"POST\n/v3/x?a=b\n1795000000\nNONCE\n" + body + b"\n"
    assert told == (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{MERCHANT}",nonce_str="NONCE",'
        f'signature="{encode64(rsa_sign(OF_MERCHANT.private, message))}",timestamp="1795000000",serial_no="5B1A"'
    )


# -- looks ------------------------------------------------------------------------------------------------------------


def test_a_complaint_with_its_whole_history() -> None:
    pay = pay_with(history=HISTORY)
    complaint, refund = look(pay, "complaint", NUMBER).events
    assert (complaint.look, complaint.version) == (True, pay.now)
    assert Mark("complaint.reopened", parse_instant("2026-11-22T01:00:00Z"), "L07") in complaint.marks
    assert refund.subject == Subject("refund", NUMBER)
    assert "CANARY" not in repr((complaint, refund))


def test_a_long_history_is_walked_to_its_end() -> None:
    rows = [{**HISTORY[3], "log_id": f"U{n}"} for n in range(250)]
    pay = pay_with(history=[*rows, HISTORY[5]])
    complaint = look(pay, "complaint", NUMBER).events[0]
    assert complaint.marks[-1].name == "complaint.resolved"
    assert sum("negotiation" in call.url for call in pay.calls) == 3


def test_the_complaints_of_thirty_days_with_the_history_of_those_that_are_open() -> None:
    pay = pay_with(history=HISTORY)
    for n in range(60):
        done = {**DETAIL, "complaint_id": f"D{n}", "complaint_state": "PROCESSED", "problem_type": "OTHERS"}
        pay.complain(done, HISTORY)
    pay.complain({**DETAIL, "complaint_id": "OLD", "complaint_time": "2026-09-01T00:00:00+08:00"})
    found = look(pay, "connection", "pay")
    assert {event.subject.id for event in found.events} == {NUMBER, *(f"D{n}" for n in range(60))}
    assert sum("negotiation" in call.url for call in pay.calls) == 1, "those dealt with are not asked about"
    (mine,) = [event for event in found.events if event.subject == Subject("complaint", NUMBER)]
    assert any(mark.name == "complaint.first_reply" for mark in mine.marks)


def test_no_complaint_at_all() -> None:
    assert look(FakePay(), "connection", "pay").ignored


def test_a_payment_says_what_was_paid_until_some_of_it_went_back() -> None:
    pay = pay_with()
    (event,) = look(pay, "order", ORDER).events
    assert (event.facts["amount"], event.facts["refunded"]) == (Decimal("199.03"), Decimal("0.00"))
    pay.payments[ORDER]["trade_state"] = "REFUND"
    (event,) = look(pay, "order", ORDER).events
    assert "amount" not in event.facts, "how much went back is not told, so a person decides about more"
    assert event.facts["status"] == "REFUND"


def test_a_refund_by_its_number_or_by_its_complaint() -> None:
    pay = pay_with()
    done = act(pay, "refund", amount=Decimal("50.00"), currency="CNY")
    assert isinstance(done, Done)
    (event,) = look(pay, "refund", done.handle).events
    assert event.facts["channel"] == "redress" and event.facts["amount"] == Decimal("50.00")
    assert [event.subject.kind for event in look(pay, "refund", NUMBER).events] == ["complaint", "refund"]


@pytest.mark.parametrize(
    ("kind", "ident", "reason"),
    [
        ("complaint", "1", "resource_not_exists"),
        ("order", "1", "order_not_exist"),
        ("refund", "1", "resource_not_exists"),
        ("complaint", "x/../y", "no_such_subject"),
        ("seller", "1", "no_such_subject"),
    ],
)
def test_what_is_not_there(kind: str, ident: str, reason: str) -> None:
    pay = pay_with()
    assert drive(PAY.look(Subject(kind, ident), session(pay)), pay.send) == Refused(reason)


@pytest.mark.parametrize("fault", [THROTTLED, DOWN, HTML, LOST_500])
@pytest.mark.parametrize("kind", ["complaint", "connection", "order"])
def test_a_look_that_is_held_up_comes_later(kind: str, fault: str) -> None:
    pay = pay_with()
    pay.faults = [("GET", fault)]
    ident = {"complaint": NUMBER, "order": ORDER}.get(kind, "pay")
    assert isinstance(drive(PAY.look(Subject(kind, ident), session(pay)), pay.send), Later)


KEYS = [
    ({}, "no_merchant_key", "none"),
    ({**CREDENTIALS, "private_key": "x"}, "unfit_merchant_key", "not a key"),
    ({**CREDENTIALS, "private_key": PLATFORM.private}, "token: sign_error", "somebody else's"),
    ({**CREDENTIALS, "serial_no": "00"}, "token: sign_error", "another serial"),
]


@pytest.mark.parametrize(("credentials", "reason", "why"), KEYS, ids=[row[-1] for row in KEYS])
def test_a_merchant_key_that_will_not_do(credentials: dict[str, str], reason: str, why: str) -> None:
    pay = pay_with()
    found = drive(PAY.look(Subject("complaint", NUMBER), session(pay, credentials)), pay.send)
    assert found == Refused(reason), why


# -- levers -----------------------------------------------------------------------------------------------------------


def test_a_reply_is_given_once_and_is_the_first_answer() -> None:
    pay = pay_with()
    assert act(pay, "message_buyer") == Done(marker(KEY))
    assert act(pay, "message_buyer") == Done(marker(KEY))
    (row,) = [row for row in pay.histories[NUMBER] if row["operate_type"] == "MERCHANT_RESPONSE"]
    assert row["operate_details"] == f"您好，我们正在处理。 {marker(KEY)}"
    assert pay.complaints[NUMBER]["complaint_state"] == "PROCESSING"
    assert "complaint.first_reply" in {mark.name for mark in look(pay, "complaint", NUMBER).events[0].marks}


@pytest.mark.parametrize("fault", [LOST, LOST_500, UNSENT, THROTTLED, DOWN, HTML])
def test_a_reply_is_never_given_twice(fault: str) -> None:
    pay = pay_with()
    pay.faults = [("POST", fault)]
    assert act(pay, "message_buyer") == Done(marker(KEY))
    assert sum(row["operate_type"] == "MERCHANT_RESPONSE" for row in pay.histories[NUMBER]) == 1


def test_a_reply_never_shows_our_rules_and_is_never_too_long() -> None:
    pay = pay_with()
    command = Command(KEY, "message_buyer", Subject("complaint", NUMBER), note="Redress: first-reply, step half")
    without = Session(Shop("pay", "wechatpay", MERCHANT), CREDENTIALS, pay.now)
    assert drive(PAY.levers["message_buyer"].run(without, command), pay.send) == Refused("no_text")
    assert isinstance(
        drive(PAY.levers["message_buyer"].run(session(pay, reply_text="长" * 500), command), pay.send), Done
    )
    assert len(pay.histories[NUMBER][-1]["operate_details"]) == 200


def test_a_complaint_is_marked_as_dealt_with_only_after_an_answer() -> None:
    assert act(pay_with(), "resolve") == Refused("not_answered_yet")
    pay = pay_with("PROCESSING")
    assert act(pay, "resolve") == Done(NUMBER)
    assert act(pay, "resolve") == Done(NUMBER), "twice is once"
    assert sum(row["operate_type"] == "MERCHANT_CONFIRM_COMPLETE" for row in pay.histories[NUMBER]) == 1


@pytest.mark.parametrize("fault", [LOST, LOST_500, UNSENT, THROTTLED, DOWN])
def test_marking_as_dealt_with_bears_repetition(fault: str) -> None:
    pay = pay_with("PROCESSING")
    pay.faults = [("POST", fault)]
    assert act(pay, "resolve") == Done(NUMBER)


@pytest.mark.parametrize("fault", [LOST, LOST_500, UNSENT, THROTTLED, DOWN, HTML])
def test_money_goes_back_once(fault: str) -> None:
    pay = pay_with()
    pay.faults = [("POST", fault)]
    done = act(pay, "refund", amount=Decimal("50.00"), currency="CNY")
    assert isinstance(done, Done) and done.handle.startswith("redress-")
    assert [one["amount"]["refund"] for one in pay.refunds.values()] == [5000]


MONEY: list[tuple[dict, str, str]] = [
    ({"amount": Decimal("199.04")}, "more_than_was_paid", "more than was paid"),
    ({"amount": None}, "no_amount", "no amount"),
    ({"amount": Decimal("0.005")}, "no_amount", "half a fen"),
    ({"amount": Decimal("-1")}, "no_amount", "negative"),
    ({"amount": Decimal("1"), "currency": "USD"}, "other_currency", "another currency"),
    ({"amount": Decimal("1"), "order": ""}, "no_order", "no order"),
    ({"amount": Decimal("1"), "order": "NOBODYS"}, "order_not_exist", "nobody's order"),
]


@pytest.mark.parametrize(("change", "reason", "why"), MONEY, ids=[row[-1] for row in MONEY])
def test_money_that_must_not_move(change: dict, reason: str, why: str) -> None:
    pay = pay_with()
    assert act(pay, "refund", **change) == Refused(reason), why
    assert not pay.refunds


def test_an_empty_account_is_said_in_words() -> None:
    pay = pay_with()
    pay.balance = 0
    assert act(pay, "refund", amount=Decimal("1.00")) == Refused("not_enough")


def test_throttling_is_no_failure() -> None:
    pay = pay_with()
    pay.faults = [("*", THROTTLED)] * 20
    command = Command(KEY, "message_buyer", Subject("complaint", NUMBER))
    assert drive(PAY.levers["message_buyer"].run(session(pay), command), pay.send) == Later(60.0)


def test_every_lever_says_what_it_wants() -> None:
    for lever in PAY.levers.values():
        assert lever.needs and lever.effects
