"""Douyin shop's pushes: signatures byte by byte, arrays in which one bad message loses no other, ids beyond 2^53, fen,
deadlines that are asked for and never reckoned; nothing personal."""

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from chalicelib.core.events import Event, Link, Mark, Subject
from chalicelib.core.evidence import Evidence, merge
from chalicelib.platforms.base import Adapter, Delivery, Opens, Read, Shop, Unreadable
from chalicelib.platforms.doudian import Doudian
from chalicelib.platforms.doudian.sign import api_sign, event_sign
from tests.fakes.doudian import AFTERSALE, APP_KEY, APP_SECRET, ORDER, PRODUCT, SHOP

DOUDIAN: Adapter = Doudian()
OURS = Shop("dd", "doudian", SHOP, options={"app_key": APP_KEY})
FREE = Shop("dd", "doudian", options={"app_key": APP_KEY})
AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
PUSHES: list[dict] = json.loads((Path(__file__).parents[1] / "fixtures" / "doudian" / "pushes.json").read_text())
SHARED = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "douyin_shop"


def refused(body: bytes, sign: str, *secrets: str, shop: Shop = OURS, app_id: str = APP_KEY) -> str:
    headers = {"event-sign": sign, "app-id": app_id}
    refusal = DOUDIAN.verify(body, headers, secrets or (APP_SECRET,), shop, AT)
    return refusal.reason if refusal else ""


# -- the door ---------------------------------------------------------------------------------------------------------

HANDSHAKE = b'[{"tag":"0","msg_id":"0","data":"2026-01-01 12:00:00"}]'
SIGN = "d4f6dfb898169b7db9036d2b001f95d8"


def test_the_vectors_of_the_sheet() -> None:
    assert event_sign(APP_KEY, HANDSHAKE, APP_SECRET) == SIGN
    params = '{"order_id":"4900000000000000001A","remark":"SLA T-4h"}'
    assert api_sign(APP_KEY, APP_SECRET, "order.addOrderRemark", params, "2026-01-01 12:00:00") == (
        "7f2648a5bf00a73da3169a7c91a959c11fd6ef9d98f7d603860faedba06ac9ab"
    )
    assert refused(HANDSHAKE, SIGN) == ""


def test_the_other_product_of_the_same_house_is_not_let_in() -> None:
    body = b'{"event":"verify_webhook","client_key":"ck_demo","content":{"challenge":12345}}'
    signature = "c3c90ea8ffd6a5d8e706bc021131e1e9a631d834"
    assert hashlib.sha1(b"cs_demo" + body).hexdigest() == signature, "the sheet's vector"
    assert DOUDIAN.verify(body, {"x-douyin-signature": signature}, ("cs_demo",), OURS, AT) is not None
    assert DOUDIAN.greet(body, {"x-douyin-signature": signature}) is None


def test_the_handshake_is_authentic_and_says_nothing() -> None:
    assert DOUDIAN.read(Delivery("d", HANDSHAKE, {}, AT), OURS) == Read(ignored="handshake")
    assert DOUDIAN.success.body == b'{"code":0,"msg":"success"}' and DOUDIAN.success.status == 200
    assert not isinstance(DOUDIAN, Opens)


FORGED = [
    (HANDSHAKE + b" ", SIGN, APP_KEY, "none of the live", "one byte more"),
    (HANDSHAKE[:-1], SIGN, APP_KEY, "none of the live", "cut short"),
    (b"", hashlib.md5(b"").hexdigest(), APP_KEY, "empty", "nothing"),
    (HANDSHAKE, "", APP_KEY, "missing", "no signature"),
    (HANDSHAKE, SIGN[:-1], APP_KEY, "malformed", "too short"),
    (HANDSHAKE, "\N{SNOWMAN}" * 32, APP_KEY, "malformed", "not a signature"),
    (HANDSHAKE, SIGN, "1", "another app", "another app's id beside a good signature"),
]


@pytest.mark.parametrize(("body", "sign", "app", "reason", "why"), FORGED, ids=[row[-1] for row in FORGED])
def test_what_is_not_authentic(body: bytes, sign: str, app: str, reason: str, why: str) -> None:
    assert reason in refused(body, sign, app_id=app), why


def test_a_sender_cannot_move_the_line_between_key_and_body() -> None:
    """Nothing stands between them in what is signed, so the key is the connection's and never the header's."""
    cut = APP_KEY[:-1].encode()
    assert event_sign(cut.decode(), APP_KEY[-1:].encode() + HANDSHAKE, APP_SECRET) == SIGN
    assert refused(APP_KEY[-1:].encode() + HANDSHAKE, SIGN, app_id=cut.decode()) != ""
    assert "no app_key" in refused(HANDSHAKE, SIGN, shop=Shop("dd", "doudian", SHOP))


def test_a_rotation_refuses_nothing_and_an_empty_secret_signs_for_nobody() -> None:
    assert refused(HANDSHAKE, SIGN, "another-secret", APP_SECRET) == ""
    assert refused(HANDSHAKE, SIGN.upper(), "another-secret", APP_SECRET) == ""
    assert refused(HANDSHAKE, event_sign(APP_KEY, HANDSHAKE, ""), "") != ""


# -- messages ---------------------------------------------------------------------------------------------------------


def push(*messages: object, shop: Shop = OURS) -> Read:
    return DOUDIAN.read(Delivery("d", json.dumps(messages).encode(), {}, AT), shop)


def one(message: object, shop: Shop = OURS) -> Event:
    (event,) = push(message, shop=shop).events
    return event


def of(tag: int) -> dict:
    return next(row for row in PUSHES if str(row["tag"]) == str(tag))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


COMMON = {"country": "CN", "currency": "CNY", "seller": SHOP}


def test_one_delivery_says_everything() -> None:
    found = push(*PUSHES)
    assert found.problem is None
    told = {str(event.subject): [mark.name for mark in event.marks] for event in found.events}
    assert set(told) == {f"order/{ORDER}", f"refund/{AFTERSALE}", f"listing/{PRODUCT}"}
    assert found.looks == (
        Subject("order", ORDER),
        Subject("refund", AFTERSALE),
        Subject("complaint", AFTERSALE),
    ), "each is asked about once"
    assert found.ignored == "tag 113: remark, tag 999"
    assert "CANARY" not in repr(found) and "139" not in repr(found)


def test_an_order_is_placed_paid_and_sent() -> None:
    placed, paid, part = one(of(100)), one(of(101)), one(of(108))
    assert placed.marks == (Mark("order.placed", utc(2026, 11, 20, 10)),)
    assert placed.subject == Subject("order", "4900000000000000001"), "beyond 2^53, to the last digit"
    assert paid.marks == (Mark("order.paid", utc(2026, 11, 20, 10, 1), value=Decimal("199.03")),)
    assert paid.facts == {**COMMON, "status": "2", "amount": Decimal("199.03")}
    assert part.marks == (Mark("order.part_shipped", utc(2026, 11, 21, 1), "7200000000000000009"),), "wall time"
    assert placed.version == placed.marks[0].at


def test_an_order_that_was_cancelled_in_part_is_asked_about() -> None:
    """The message names the parent and some of its lines; only the order tells whether any of it is left."""
    data = {
        "p_id": int(ORDER),
        "s_ids": [int(ORDER) + 1],
        "shop_id": 95250,
        "order_status": 2,
        "cancel_time": 1795255200,
    }
    found = push({"tag": 106, "msg_id": "1", "data": json.dumps(data)})
    assert [mark.name for mark in found.events[0].marks] == ["order.cancelled"]
    assert found.looks == (Subject("order", ORDER),)


def deadline(tag: int, given: object, **more: object) -> dict:
    field = "status_deadline" if tag == 209 else "exp_delivery_time"
    told = {"p_id": ORDER, "shop_id": int(SHOP), "aftersale_id": AFTERSALE, "aftersale_status": 6, field: given}
    return {"tag": tag, "msg_id": f"m-{given}", "data": json.dumps({**told, **more})}


MOVED = [
    (112, "2026-11-25", "order", "ship_by", date(2026, 11, 25)),
    (126, 1795428000, "order", "ship_by", utc(2026, 11, 23, 10)),
    (209, 1795428000, "refund", "respond_by", utc(2026, 11, 23, 10)),
]


@pytest.mark.parametrize(("tag", "given", "kind", "fact", "wanted"), MOVED)
def test_a_deadline_that_moved_is_a_fact_until_the_platform_is_asked(
    tag: int, given: object, kind: str, fact: str, wanted: object
) -> None:
    """It tells no instant of its own, so every word of the platform's that has one goes before it."""
    found = push(deadline(tag, given))
    (event,) = found.events
    assert event.facts[fact] == wanted and event.marks == ()
    assert (event.source, event.subject.kind) == ("derived", kind) and found.looks == (event.subject,)


def test_of_two_deadlines_without_an_instant_the_later_counts_whichever_came_first() -> None:
    told = [one(deadline(112, "2026-11-25")), one(deadline(126, 1795795199)), one(deadline(126, 1795428000))]
    for order in permutations(told):
        evidence = Evidence()
        for event in (*order, *order):
            evidence = merge(evidence, event)
        assert evidence.facts["ship_by", "derived"].value == utc(2026, 11, 27, 15, 59, 59)


def test_a_deadline_that_is_not_the_seller_s_is_none_of_his() -> None:
    found = push(deadline(209, 1795428000, aftersale_status=7))
    assert found == Read(looks=(Subject("refund", AFTERSALE),)), "the buyer's turn to send the goods"


@pytest.mark.parametrize("given", ["soon", None, 0, "2026-13-40", 16473829442])
def test_a_deadline_that_is_none_is_only_asked_for(given: object) -> None:
    for tag in (112, 126, 209):
        found = push(deadline(tag, given))
        assert found.looks and not found.events


@pytest.mark.parametrize(
    ("tag", "given", "fact"),
    [(126, 1795428000, utc(2026, 11, 23, 10)), (112, "2026-11-25", date(2026, 11, 25)),
     (209, 1795428000, utc(2026, 11, 23, 10))],
)  # fmt: skip
def test_a_deadline_with_an_instant_is_the_platform_s_word(tag: int, given: object, fact: object) -> None:
    event = one(deadline(tag, given, update_time=1795341600))
    assert event.facts["respond_by" if tag == 209 else "ship_by"] == fact
    assert event.marks == () and event.source == "platform" and event.version == utc(2026, 11, 22, 10)


def test_a_change_of_a_product_in_a_year_that_cannot_be_is_asked_for() -> None:
    """One of the platform's own samples has such an instant; as a version it would beat all that is said later."""
    data = {"event": 5, "product_id": PRODUCT, "shop_id": int(SHOP), "update_time": 16473829442}
    assert push({"tag": "400", "msg_id": "1", "data": data}) == Read(looks=(Subject("listing", PRODUCT),))


AFTERSALES = [
    (200, "apply_time", 1, ["refund.requested"], "money back"),
    (200, "apply_time", 0, ["refund.requested", "return.requested"], "goods and money back"),
    (200, "apply_time", 3, ["return.requested"], "an exchange asks for no money"),
    (200, "apply_time", 7, [], "a resend asks for neither"),
    (201, "agree_time", 1, ["refund.approved"], "agreed"),
    (202, "agree_time", 0, ["return.approved"], "return agreed"),
    (203, "return_time", 0, ["return.sent"], "goods sent back"),
    (204, "refuse_time", 1, ["refund.refused"], "refused"),
    (205, "refuse_time", 0, ["return.refused"], "return refused"),
    (206, "success_time", 1, ["refund.paid"], "paid"),
    (207, "close_time", 1, ["refund.withdrawn"], "closed"),
    (208, "modify_time", 1, [], "changed: facts only"),
    (225, "success_time", 1, ["refund.paid"], "paid under a special right of the buyer's"),
]


@pytest.mark.parametrize(
    ("tag", "field", "kind", "marks", "why"), AFTERSALES, ids=[f"{r[0]} {r[4]}" for r in AFTERSALES]
)
def test_the_life_of_an_aftersale(tag: int, field: str, kind: int, marks: list[str], why: str) -> None:
    data = {"aftersale_id": int(AFTERSALE), "aftersale_status": 6, "aftersale_type": kind, "p_id": int(ORDER),
            "shop_id": 95250, "refund_amount": 13200, "reason_code": 15, field: 1795255200}  # fmt: skip
    found = push({"tag": tag, "msg_id": "1", "data": json.dumps(data)})
    (event,) = found.events
    assert event.subject == Subject("refund", AFTERSALE)
    assert [(mark.name, mark.at) for mark in event.marks] == [(name, utc(2026, 11, 21, 10)) for name in marks], why
    assert event.facts["amount"] == Decimal("132.00")
    assert event.facts["goods_expected"] is (kind in (0, 3, 8))
    assert event.links == (Link("order", "order", ORDER),)
    asked = Subject("refund", AFTERSALE) in found.looks
    assert asked is (tag not in (206, 207)), "the deadline of what goes on is the platform's to say"
    assert ("refunded" in event.facts) is (tag in (206, 225))
    assert (Subject("order", ORDER) in found.looks) is (tag in (206, 225)), "what went back in all is the order's"


@pytest.mark.parametrize("tag", range(212, 219))
def test_an_arbitration_tells_no_instant_so_it_is_asked_about(tag: int) -> None:
    data = {"aftersale_id": AFTERSALE, "arbitrate_id": "88001", "arbitrate_status": 255, "arbitrate_conclusion": 1}
    assert push({"tag": tag, "msg_id": "1", "data": data}) == Read(looks=(Subject("complaint", AFTERSALE),))


def test_a_product_changed() -> None:
    event = one(of(400))
    assert (event.subject, event.marks[0].name) == (Subject("listing", PRODUCT), "listing.changed")


def test_an_order_number_with_the_letter_of_older_calls_is_the_same_order() -> None:
    assert (
        one({"tag": 100, "msg_id": "1", "data": {"p_id": ORDER + "A", "create_time": 1795168800}}).subject.id == ORDER
    )


def test_two_shops_behind_one_app() -> None:
    other = {"tag": 100, "msg_id": "1", "data": {"p_id": 1, "shop_id": 7, "create_time": 1795168800}}
    found = push(other, of(100))
    assert [event.facts["seller"] for event in found.events] == [SHOP]
    assert "another shop" in found.ignored
    assert {event.facts["seller"] for event in push(other, of(100), shop=FREE).events} == {"7", SHOP}


BROKEN = [
    (5, "[1].message", "no object"),
    ({"msg_id": "1"}, "[1].tag", "no tag"),
    ({"tag": 100, "data": "{"}, "[1].data", "broken within"),
    ({"tag": 100, "data": None}, "[1].data", "no body"),
    ({"tag": 100, "data": {"create_time": 1}}, "[1].data.p_id", "no order"),
    ({"tag": 200, "data": {"aftersale_id": 0}}, "[1].data.aftersale_id", "no after-sale"),
    ({"tag": 400, "data": {"update_time": 1795168800}}, "[1].data.product_id", "no product"),
]


@pytest.mark.parametrize(("message", "field", "why"), BROKEN, ids=[row[-1] for row in BROKEN])
def test_one_bad_message_loses_no_other(message: object, field: str, why: str) -> None:
    found = push(of(100), message, of(200))
    assert [event.subject.kind for event in found.events] == ["order", "refund"]
    assert found.problem is not None and found.problem.field == field, why
    with pytest.raises(Unreadable):
        push(message)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'[{"tag":1,"tag":2}]'])
def test_a_body_that_is_not_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable) as error:
        DOUDIAN.read(Delivery("d", body, {}, AT), OURS)
    assert error.value.field == "body"


@pytest.mark.parametrize("tag", [0, "0", 7, "1234", "logistics_orderTagPush", 300])
def test_unknown_tags_are_accepted_and_counted(tag: object) -> None:
    assert push({"tag": tag, "msg_id": "1", "data": "CANARY, not JSON at all"}).ignored
    assert push() == Read(ignored="no message")


def test_a_message_that_comes_twice_is_the_same_statement() -> None:
    assert one(of(101)) == one(of(101))
    without = {name: value for name, value in of(101).items() if name != "msg_id"}
    assert one(without) == one(without), "also where it has no id"


# -- real bodies ------------------------------------------------------------------------------------------------------

real = pytest.mark.skipif(not SHARED.is_dir(), reason="no real bodies in ../shared/data/payloads")
T = 1618990587
EXPECTED: list[tuple[str, str, dict[str, int], dict[str, object], bool]] = [
    ("TradeCreate", "order/12345", {"order.placed": T}, {"status": "1"}, False),
    ("TradePaid", "order/xxxxxxx", {"order.paid": T}, {"status": "2", "amount": Decimal("29.90")}, True),
    ("TradeSuccess", "order/xxxxxxx", {"order.delivered": T}, {"status": "5"}, True),
    ("TradeCanceled", "order/12345", {"order.cancelled": 1618990925}, {"status": "1"}, True),
    ("TradePartlySellerShip", "order/4705288465508532862", {"order.part_shipped": 1599644408}, {"status": "101"}, True),
    ("RefundCreated", "refund/xxxxxx", {"return.requested": T}, {"status": "13", "category": "aftersale-3"}, True),
    ("RefundModified", "refund/xxxxxx", {}, {"status": "6", "amount": Decimal("132.00"), "reason": "15"}, True),
    ("RefundRefused", "refund/xxxxxx", {"refund.refused": T}, {"status": "13", "reason": "9"}, True),
    ("RefundReturnApplyAgreed", "refund/xxxxxx", {"return.approved": T}, {"goods_expected": True}, True),
    ("RefundBuyerReturnGoods", "refund/xxxxxx", {"return.sent": T}, {"reason": "78"}, True),
    ("RefundSuccess", "refund/xxxxxx", {"refund.paid": 1618991959}, {"refunded": Decimal("132.00")}, True),
    ("RefundExpirationChange", "refund/xxxxxx", {}, {"respond_by": utc(2021, 4, 28, 8, 0, 30)}, True),
    ("RefundArbitrateApplied", "complaint/xxxxxx", {}, {}, True),
    ("RefundArbitrateServiceIntervene", "complaint/xxxxxx", {}, {}, True),
]


@real
@pytest.mark.parametrize(("name", "subject", "marks", "facts", "look"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_a_real_body(name: str, subject: str, marks: dict[str, int], facts: dict[str, object], look: bool) -> None:
    """They stand outside an array, with `msgId` and an object: all of that is taken."""
    raw = (SHARED / f"{name}.json").read_bytes()
    for body in (raw, b"[" + raw + b"]"):
        found = DOUDIAN.read(Delivery("d", body, {}, AT), FREE)
        assert bool(found.looks) is look
        assert subject in [str(one) for one in (*found.looks, *(event.subject for event in found.events))]
        told = {mark.name: int(mark.at.timestamp()) for event in found.events for mark in event.marks if mark.at}
        assert told == marks
        for event in found.events:
            assert {name: event.facts.get(name) for name in facts} == facts
        assert bool(found.events) is bool(marks or facts)
        assert "周一" not in repr(found) and "13800000000" not in repr(found)


@real
def test_the_real_body_about_an_address_is_passed_over() -> None:
    raw = (SHARED / "TradeAddressChangeApplied.json").read_bytes()
    assert DOUDIAN.read(Delivery("d", raw, {}, AT), FREE) == Read(ignored="tag 111: address wanted otherwise")
    known = {row[0] for row in EXPECTED} | {"TradeAddressChangeApplied"}
    assert {path.stem for path in SHARED.glob("*.json")} == known
