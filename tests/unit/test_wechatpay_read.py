"""WeChat Pay's notices as events: the life of a complaint, payments, refunds; nothing personal, nothing made up."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.core.events import Link, Mark, Subject
from chalicelib.core.instants import parse_instant
from chalicelib.core.words import CORE
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.wechatpay import WechatPay
from chalicelib.platforms.wechatpay.levers import refund_number
from chalicelib.platforms.wechatpay.story import events_of
from chalicelib.platforms.wechatpay.words import ANSWERED, ASKED
from tests.fakes.wechatpay import MERCHANT, notice, ring

PAY = WechatPay()
SHOP = Shop("pay", "wechatpay", MERCHANT)
DECLARED = Shop("pay", "wechatpay", MERCHANT, words=CORE.with_(frozenset({ANSWERED, ASKED}), {}))
AT = datetime(2026, 11, 20, 10, 0, 6, tzinfo=UTC)
NUMBER = "200202620261120080076610077"
COMPLAINT = Subject("complaint", NUMBER)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "wechatpay"
DETAIL: dict = json.loads((FIXTURES / "detail.json").read_text())
HISTORY: list[dict] = json.loads((FIXTURES / "history.json").read_text())
SHARED = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "wechat_pay"


def read(plain: dict, event_type: str = "COMPLAINT.STATE_CHANGE", shop: Shop = SHOP) -> Read:
    body = PAY.open(notice(plain, AT, event_type, "EV-77"), (ring(),))
    return PAY.read(Delivery("d", body, {}, datetime(2030, 1, 1, tzinfo=UTC)), shop)


def tell(action: str, shop: Shop = SHOP, **more: str) -> Read:
    return read({"complaint_id": NUMBER, "action_type": action, **more}, shop=shop)


LIFE = [
    ("CREATE_COMPLAINT", [Mark("complaint.opened", AT)], "it begins"),
    ("CONTINUE_COMPLAINT", [Mark("complaint.reopened", AT, "EV-77")], "a new round of the same complaint"),
    ("MERCHANT_RESPONSE", [Mark("complaint.first_reply", AT, "EV-77")], "an answer, ours or a person's"),
    ("MERCHANT_CONFIRM_COMPLETE", [Mark("complaint.resolved", AT, "EV-77")], "the merchant says that it is done"),
    ("USER_APPLY_PLATFORM_SERVICE", [Mark("complaint.escalated", AT, "EV-77")], "the platform steps in"),
    ("USER_APPLY_PLATFORM_SERIVCE", [Mark("complaint.escalated", AT, "EV-77")], "the same, misspelt"),
    ("USER_RESPONSE", [], "no common word for it: a look tells"),
    ("RESPONSE_BY_PLATFORM", [], "a look tells"),
    ("SELLER_REFUND", [], "how much, a look tells"),
    ("USER_CANCEL_PLATFORM_SERVICE", [], "a look tells"),
    ("PLATFORM_SERVICE_FINISHED", [], "a look tells"),
    ("MERCHANT_APPROVE_REFUND", [], "a look tells"),
    ("MERCHANT_REJECT_REFUND", [], "a look tells"),
    ("REFUND_SUCCESS", [], "a look tells"),
    ("AN_ACTION_OF_NEXT_YEAR", [], "unknown, and accepted"),
]


@pytest.mark.parametrize(("action", "marks", "why"), LIFE, ids=[row[0] for row in LIFE])
def test_what_a_notice_states(action: str, marks: list[Mark], why: str) -> None:
    found = tell(action)
    assert found.looks == (COMPLAINT,), "a look completes it, whatever it was"
    assert [list(event.marks) for event in found.events] == ([marks] if marks else []), why
    for event in found.events:
        assert (event.subject, event.version) == (COMPLAINT, AT)
        assert event.facts == {"country": "CN", "channel": "wechat-pay", "seller": MERCHANT}


def test_each_word_is_told_where_a_policy_declares_it() -> None:
    (event,) = tell("USER_RESPONSE", DECLARED).events
    assert event.marks == (Mark(ASKED, AT, "EV-77"),)
    (event,) = tell("MERCHANT_RESPONSE", DECLARED).events
    assert [mark.name for mark in event.marks] == ["complaint.first_reply", ANSWERED]


def test_a_newer_notice_tells_more() -> None:
    (event,) = tell(
        "CREATE_COMPLAINT", complaint_time="2026-11-20T18:00:05.250+08:00", out_trade_no="SHOP-1", payer_phone="CANARY"
    ).events
    assert event.marks[0].at == parse_instant("2026-11-20T10:00:05.250Z")
    assert event.links == (Link("order", "order", "SHOP-1"),)
    assert "CANARY" not in repr(event)


UNREADABLE = [
    (b"", "body", "nothing"),
    (b"[]", "body", "no object"),
    (b"{", "body", "no JSON"),
    (b'{"id":"E","create_time":"2026-11-20T18:00:06Z","resource":{"plaintext":"{"}}', "resource", "broken within"),
    (b'{"id":"E","create_time":"2026-11-20T18:00:06Z","resource":{"plaintext":"7"}}', "resource", "no object within"),
    (b'{"create_time":"2026-11-20T18:00:06+08:00","resource":{"plaintext":"{}"}}', "id", "no id"),
    (b'{"id":"EV","create_time":"2026-11-20T18:00:06","resource":{"plaintext":"{}"}}', "create_time", "no zone"),
    (b'{"id":"EV","resource":{"plaintext":"{}"}}', "create_time", "no instant"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "why"), UNREADABLE, ids=[row[-1] for row in UNREADABLE])
def test_what_cannot_be_read_says_where(body: bytes, field: str, why: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_raw(body)
    assert error.value.field == field, why


def read_raw(body: bytes) -> Read:
    return PAY.read(Delivery("d", body, {}, AT), SHOP)


@pytest.mark.parametrize("name", [None, "", 0, [], "x y", "\N{SNOWMAN}", "x" * 100])
def test_a_complaint_without_a_number_is_unreadable(name: object) -> None:
    with pytest.raises(Unreadable) as error:
        read({"complaint_id": name, "action_type": "CREATE_COMPLAINT"})
    assert error.value.field == "complaint_id"


def test_what_nobody_could_open_is_put_aside_and_the_list_is_asked() -> None:
    found = read_raw(notice({"complaint_id": NUMBER}, AT))
    assert found.problem is not None and found.problem.field == "resource"
    assert found.looks == (Subject("connection", "pay"),)
    assert not found.events


# -- payments and refunds ---------------------------------------------------------------------------------------------

PAID = {
    "mchid": MERCHANT, "out_trade_no": "SHOP-1", "trade_state": "SUCCESS", "success_time": "2026-11-19T10:00:00+08:00",
    "amount": {"total": 19903, "payer_total": 19903, "currency": "CNY"}, "payer": {"openid": "o-1"}, "attach": "CANARY",
}  # fmt: skip


def test_a_payment_in_yuan() -> None:
    (event,) = read(PAID, "TRANSACTION.SUCCESS").events
    assert event.subject == Subject("order", "SHOP-1")
    assert event.marks == (Mark("order.paid", datetime(2026, 11, 19, 2, tzinfo=UTC), value=Decimal("199.03")),)
    assert event.facts["amount"] == Decimal("199.03")
    assert (event.facts["currency"], event.facts["seller"], event.facts["buyer"]) == ("CNY", MERCHANT, "o-1")
    assert "CANARY" not in repr(event)


def test_another_merchants_payment_is_not_ours() -> None:
    assert read({**PAID, "mchid": "1999999999"}, "TRANSACTION.SUCCESS").ignored
    assert read({**PAID, "mchid": "1999999999"}, "TRANSACTION.SUCCESS", Shop("pay", "wechatpay")).events


@pytest.mark.parametrize(("number", "channel"), [("777", None), (refund_number("key"), "redress")])
def test_a_refund_and_our_own(number: str, channel: str | None) -> None:
    plain = {
        "mchid": MERCHANT, "out_trade_no": "SHOP-1", "out_refund_no": number, "refund_status": "SUCCESS",
        "success_time": "2026-11-19T10:00:00+08:00", "amount": {"total": 19903, "refund": 5, "payer_total": 19903},
        "user_received_account": "CANARY",
    }  # fmt: skip
    (event,) = read(plain, "REFUND.SUCCESS").events
    assert event.subject == Subject("refund", number)
    assert event.marks == (Mark("refund.paid", datetime(2026, 11, 19, 2, tzinfo=UTC), value=Decimal("0.05")),)
    assert event.facts["refunded"] == Decimal("0.05")
    assert event.facts.get("channel") == channel, "no clock starts on what we did ourselves"
    assert event.links == (Link("order", "order", "SHOP-1"),)
    assert "CANARY" not in repr(event)


def test_a_refund_that_failed_paid_nobody() -> None:
    plain = {"out_refund_no": "7", "refund_status": "ABNORMAL", "amount": {"refund": 5}}
    (event,) = read(plain, "REFUND.ABNORMAL").events
    assert event.marks == () and "refunded" not in event.facts


def test_other_notices_are_accepted_and_counted() -> None:
    assert read({"record_id": "1", "company_name": "CANARY"}, "VIOLATION.PUNISH").ignored == "event VIOLATION.PUNISH"
    assert read({}, "\N{SNOWMAN}").ignored == "event without a type"


# -- detail and history -----------------------------------------------------------------------------------------------


def utc(text: str) -> datetime:
    return parse_instant(text)


def test_a_history_tells_the_rounds() -> None:
    complaint, refund = events_of(DETAIL, HISTORY, SHOP, AT, "x")
    assert complaint.marks == (
        Mark("complaint.opened", utc("2026-11-20T10:00:05.250Z")),
        Mark("complaint.first_reply", utc("2026-11-20T12:00:00Z")),
        Mark("complaint.resolved", utc("2026-11-21T00:00:00Z")),
        Mark("complaint.reopened", utc("2026-11-22T01:00:00Z"), "L07"),
        Mark("complaint.escalated", utc("2026-11-22T01:30:00Z"), "L08"),
        Mark("complaint.first_reply", utc("2026-11-22T03:00:00Z"), "L07"),
    )
    assert "complaint.first_reply" in complaint.whole, "what a notice said of its own is replaced by the list"
    assert complaint.facts == {
        "country": "CN", "currency": "CNY", "channel": "wechat-pay",
        "status": "PENDING", "reason": "REFUND", "seller": "1900012181",
        "buyer": "oCanaryOpenIdOfABuyer-0001", "amount": Decimal("199.04"),
    }  # fmt: skip
    assert complaint.links == (
        Link("order", "order", "SHOP-20261119-0001"),
        Link("also", "order", "SHOP-20261119-0002"),
    )
    assert refund.subject == Subject("refund", NUMBER)
    assert refund.marks == (
        Mark("refund.requested", utc("2026-11-20T10:00:05.250Z")),
        Mark("refund.approved", utc("2026-11-22T04:00:00Z"), "L10"),
        Mark("refund.paid", utc("2026-11-22T05:00:00Z"), value=Decimal("99.50")),
    )
    assert refund.facts["amount"] == refund.facts["refunded"] == Decimal("99.50")
    assert "CANARY" not in repr((complaint, refund)) and "139" not in repr((complaint, refund))


def test_the_order_of_the_answer_does_not_matter() -> None:
    assert events_of(DETAIL, HISTORY[::-1], SHOP, AT, "x") == events_of(DETAIL, HISTORY, SHOP, AT, "x")


def test_every_word_where_a_policy_declares_it() -> None:
    complaint = events_of(DETAIL, HISTORY, DECLARED, AT, "x")[0]
    told = [(mark.name, mark.of) for mark in complaint.marks if mark.name in (ANSWERED, ASKED)]
    assert told == [(ANSWERED, "L03"), (ASKED, "L04"), (ANSWERED, "L05"), (ANSWERED, "L09")]
    assert {ANSWERED, ASKED} <= complaint.whole


def test_without_a_history_nothing_is_listed() -> None:
    complaint = events_of({**DETAIL, "problem_type": "OTHERS"}, None, SHOP, AT, "x")
    assert [mark.name for event in complaint for mark in event.marks] == ["complaint.opened"]
    assert complaint[0].whole == frozenset()


def test_a_full_refund_ends_a_complaint_that_is_processed() -> None:
    row = {**HISTORY[0], "log_id": "R", "operate_type": "COMPLAINT_FULL_REFUNDED",
           "operate_time": "2026-11-20T19:00:00+08:00"}  # fmt: skip
    for state, wanted in (("PROCESSED", [utc("2026-11-20T11:00:00Z")]), ("PROCESSING", [])):
        detail = {**DETAIL, "complaint_state": state, "complaint_full_refunded": True}
        complaint = events_of(detail, [HISTORY[0], row], SHOP, AT, "x")[0]
        assert [mark.at for mark in complaint.marks if mark.name == "complaint.resolved"] == wanted
        assert complaint.facts["refunded"] == Decimal("199.04")


def test_a_complaint_that_was_taken_back() -> None:
    row = {**HISTORY[3], "operate_type": "USER_REVOKE_COMPLAINT"}
    complaint = events_of(DETAIL, [HISTORY[0], row], SHOP, AT, "x")[0]
    assert complaint.marks[-1] == Mark("complaint.withdrawn", utc("2026-11-20T13:00:00Z"))


# -- real bodies ------------------------------------------------------------------------------------------------------

real = pytest.mark.skipif(not SHARED.is_dir(), reason="no real bodies in ../shared/data/payloads")


def body(name: str) -> dict:
    return json.loads((SHARED / f"{name}.json").read_text())


@real
def test_the_real_notice_of_a_complaint() -> None:
    found = read(body("complaint_notice_decrypted"), "COMPLAINT.CREATE")
    (event,) = found.events
    assert event.subject == Subject("complaint", "200201820200101080076610000")
    assert event.marks == (Mark("complaint.opened", AT),)


@real
def test_the_real_detail_of_a_complaint() -> None:
    detail = body("complaint_detail")
    complaint, refund = events_of(detail, [], SHOP, AT, "x")
    assert complaint.marks == (Mark("complaint.opened", utc("2015-05-20T05:29:35.120Z")),)
    assert complaint.facts == {
        "country": "CN", "currency": "CNY", "channel": "wechat-pay",
        "status": "PENDING", "reason": "REFUND", "seller": MERCHANT,
        "buyer": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "amount": Decimal("0.03"), "refunded": Decimal("0.03"),
    }  # fmt: skip
    assert complaint.links == (Link("order", "order", "20190906154617947762231"),)
    assert refund.facts["amount"] == Decimal("0.10")
    assert detail["payer_phone"] not in repr((complaint, refund))


@real
def test_the_real_notices_of_money() -> None:
    free = Shop("pay", "wechatpay")
    (paid,) = read(body("transaction_notice_decrypted"), "TRANSACTION.SUCCESS", free).events
    assert paid.subject == Subject("order", "1217752501201407033233368018")
    assert paid.marks == (Mark("order.paid", utc("2018-06-08T02:34:56Z"), value=Decimal("1.00")),)
    assert paid.facts["seller"] == "1230000109"
    (back,) = read(body("refund_notice_decrypted"), "REFUND.SUCCESS", free).events
    assert back.subject == Subject("refund", "7752501201407033233368018")
    assert back.marks == (Mark("refund.paid", utc("2018-06-08T02:34:56Z"), value=Decimal("9.99")),)
    assert "招商" not in repr(back)


@real
def test_the_real_notice_of_a_violation_is_ignored_and_what_is_sealed_is_put_aside() -> None:
    assert read(body("violation_notice_decrypted"), "VIOLATION.PUNISH").ignored
    assert read_raw((SHARED / "encrypted_notice_resource.json").read_bytes()).problem is not None


@real
def test_every_file_is_accounted_for() -> None:
    assert {path.stem for path in SHARED.glob("*.json")} == {
        "complaint_detail", "complaint_notice_decrypted", "encrypted_notice_resource", "refund_notice_decrypted",
        "transaction_notice_decrypted", "violation_notice_decrypted",
    }  # fmt: skip
