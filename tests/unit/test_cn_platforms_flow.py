"""From the door to the case on Douyin shop and WeChat Pay: a push is answered as each wants it, the look that it asks
for completes it, and an action is carried out once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.core.calls import Call, Reply
from chalicelib.core.rules import Do, Point, Policy, Rule, Share, Span, Step, Until
from chalicelib.core.words import Status
from chalicelib.flow.shops import context_of
from chalicelib.platforms.doudian.sign import event_sign
from chalicelib.ports.stores import SealedSecret
from tests.fakes import doudian, wechatpay
from tests.support.world import World, states

FIXTURES = Path(__file__).parents[1] / "fixtures"
DETAIL: dict = json.loads((FIXTURES / "wechatpay" / "detail.json").read_text())


def world(now: datetime, far: Any, platform: str, secret: str, credentials: dict[str, str], **more: Any) -> World:
    """A connection named `x`, whose far end is a fake that keeps the world's time."""
    made = World()
    made.clock.set(now)

    def answer(call: Call) -> Reply:
        far.now = made.clock.now()
        reply: Reply = far.send(call)
        return reply

    made.shop.answer = answer
    connection = made.connect(platform, "x", credentials=credentials, **more)
    sealed = made.ports.vault.encrypt(secret.encode(), context_of("main", "x", "secrets"))
    made.ports.connections.put(replace(connection, secrets=(SealedSecret(sealed),)))
    return made


FIRST_REPLY = Rule(
    "first-reply", "complaint", Point("complaint.opened"), (Point("complaint.first_reply"),), Span(24 * 3600),
    steps=(Step("half", Share(50), (Do("message_buyer"),)),),
)  # fmt: skip
SHIP = Rule(
    "ship", "order", Point("order.paid"), (Point("order.shipped"),), Until("ship_by"),
    steps=(Step("half", Share(50), (Do("note"),)),),
)  # fmt: skip
NOW = datetime(2026, 11, 20, 10, 0, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_complaint_is_answered_once_before_its_time_is_up() -> None:
    pay = wechatpay.FakePay()
    made = world(
        NOW, pay, "wechatpay", wechatpay.ring(), wechatpay.CREDENTIALS,
        address=wechatpay.MERCHANT, options={"reply_text": "您好，我们正在处理。"},
    )  # fmt: skip
    made.activate(Policy("demo", 1, "d1", (FIRST_REPLY,)))
    name = pay.complain(DETAIL, [])
    plain = {"complaint_id": name, "action_type": "CREATE_COMPLAINT"}
    body = wechatpay.notice(plain, NOW, "COMPLAINT.CREATE")
    answer = made.request(body, wechatpay.signed(body, NOW), "main.x.token")
    assert (answer["statusCode"], answer["body"]) == (200, '{"code":"SUCCESS"}')
    made.run()
    case = made.case(f"complaint/{name}", "x")
    opened = case.evidence.marks["complaint.opened", ""].at
    assert opened == datetime(2026, 11, 20, 10, 0, 5, 250_000, tzinfo=UTC), "the look knows it to the millisecond"
    assert case.evidence.facts["buyer", "platform"].value != DETAIL["payer_openid"], "a buyer is a keyed hash"
    pay.faults = [("POST", wechatpay.LOST)]
    made.pass_time(13 * HOUR)
    case = made.case(f"complaint/{name}", "x")
    assert states(case) == ["message_buyer:done"]
    assert sum(row["operate_type"] == "MERCHANT_RESPONSE" for row in pay.histories[name]) == 1
    # The platform tells us of our own answer: it ends the clock and begins nothing.
    told = {"complaint_id": name, "action_type": "MERCHANT_RESPONSE"}
    body = wechatpay.notice(told, made.clock.now(), name="EV-2")
    made.request(body, wechatpay.signed(body, made.clock.now()), "main.x.token")
    made.pass_time(2 * HOUR)
    case = made.case(f"complaint/{name}", "x")
    assert {clock: state.status for clock, state in case.ledger.clocks.items()} == {"first-reply": Status.MET}
    assert states(case) == ["message_buyer:done"]


def test_a_wrong_apiv3_key_still_finds_the_complaint_by_the_list() -> None:
    pay = wechatpay.FakePay()
    made = world(
        NOW, pay, "wechatpay", wechatpay.ring("z" * 32), wechatpay.CREDENTIALS, address=wechatpay.MERCHANT, options={}
    )
    name = pay.complain(DETAIL, [])
    body = wechatpay.notice({"complaint_id": name, "action_type": "CREATE_COMPLAINT"}, NOW)
    assert made.request(body, wechatpay.signed(body, NOW), "main.x.token")["statusCode"] == 200
    made.run()
    assert ("complaint.opened", "") in made.case(f"complaint/{name}", "x").evidence.marks


def test_a_deadline_that_the_platform_moves_moves_the_clock() -> None:
    dd = doudian.FakeDoudian()
    dd.order()
    made = world(
        dd.now, dd, "doudian", doudian.APP_SECRET, {"app_secret": doudian.APP_SECRET},
        address=doudian.SHOP, options={"app_key": doudian.APP_KEY},
    )  # fmt: skip
    made.activate(Policy("demo", 1, "d1", (SHIP,)))

    def push(tag: int, **data: object) -> None:
        told = {"p_id": int(doudian.ORDER), "shop_id": int(doudian.SHOP), **data}
        body = json.dumps([{"tag": tag, "msg_id": "1", "data": json.dumps(told)}]).encode()
        headers = {"app-id": doudian.APP_KEY, "event-sign": event_sign(doudian.APP_KEY, body, doudian.APP_SECRET)}
        answer = made.request(body, headers, "main.x.token")
        assert (answer["statusCode"], answer["body"]) == (200, '{"code":0,"msg":"success"}')
        made.run()

    order = dd.orders[doudian.ORDER]
    push(101, pay_time=order["pay_time"], pay_amount=19903, order_status=2)
    before = made.case(f"order/{doudian.ORDER}", "x").ledger.clocks["ship"].due
    assert before == datetime.fromtimestamp(order["exp_ship_time"], UTC)
    order["exp_ship_time"] += 86400
    push(126, exp_delivery_time=order["exp_ship_time"])
    after = made.case(f"order/{doudian.ORDER}", "x").ledger.clocks["ship"].due
    assert after == before + timedelta(days=1)
    made.pass_time(24 * HOUR)
    assert set(states(made.case(f"order/{doudian.ORDER}", "x"))) == {"note:done"}
    assert order["seller_words"].startswith("[redress:")


def test_a_reminder_that_the_platform_cannot_carry_is_noted_on_the_order_and_told_as_such() -> None:
    dd = doudian.FakeDoudian()
    dd.order()
    made = world(
        dd.now, dd, "doudian", doudian.APP_SECRET, {"app_secret": doudian.APP_SECRET},
        address=doudian.SHOP, options={"app_key": doudian.APP_KEY, "language": "zh"},
    )  # fmt: skip
    said = Do("remind_seller", {"text.zh": "请尽快发货", "text.en": "Please ship"})
    made.activate(Policy("demo", 1, "d1", (replace(SHIP, steps=(Step("half", Share(50), (said,)),)),)))
    order = dd.orders[doudian.ORDER]
    told = {"p_id": int(doudian.ORDER), "shop_id": int(doudian.SHOP), "pay_time": order["pay_time"], "order_status": 2}
    body = json.dumps([{"tag": 101, "msg_id": "1", "data": json.dumps(told)}]).encode()
    headers = {"app-id": doudian.APP_KEY, "event-sign": event_sign(doudian.APP_KEY, body, doudian.APP_SECRET)}
    assert made.request(body, headers, "main.x.token")["statusCode"] == 200
    made.pass_time(36 * HOUR)
    assert states(made.case(f"order/{doudian.ORDER}", "x")) == ["note:done"]
    assert "待人工提醒商家：请尽快发货" in order["seller_words"]
    (event,) = made.told("action.done")
    assert event["data"]["reason"] == "in place of remind_seller"
    assert "in place of remind_seller" in event["data"]["summary"]["en"]
