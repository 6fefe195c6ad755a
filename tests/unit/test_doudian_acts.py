"""Looks at Douyin shop and levers on it, against a gateway that limits calls, fails under 200, lets tokens run out and
loses answers after the effect."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Link, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.platforms.base import Absent, Adapter, Command, Delivery, Done, Later, Read, Refused, Session, Shop
from chalicelib.platforms.doudian import Doudian
from chalicelib.platforms.doudian.api import param_json
from chalicelib.platforms.doudian.levers import WAS_OFF, agree_types, marker
from chalicelib.ports.http import Uncertain, Unsent
from tests.fakes.doudian import (
    AFTERSALE,
    APP_KEY,
    APP_SECRET,
    BUSY,
    DOWN,
    HTML,
    LIMITED,
    LOST,
    LOST_BUSY,
    ORDER,
    PRODUCT,
    SHOP,
    UNSENT,
    FakeDoudian,
)

DOUDIAN: Adapter = Doudian()
KEY = "main:dd:order/1|ship|half|0|0"
OPTIONS = {"app_key": APP_KEY, "reply_text": "已处理", "agree_types": "1:201, 2:201,x,3:"}


def session(dd: FakeDoudian, token: str = "", **options: str) -> Session:
    shop = Shop("dd", "doudian", SHOP, options={**OPTIONS, **options})
    credentials = {"app_secret": APP_SECRET, **({"access_token": token} if token else {})}
    return Session(shop, credentials, dd.now)


def drive(steps: "Generator[Call, Reply, object]", dd: FakeDoudian) -> object:
    try:
        call = next(steps)
        while True:
            call = steps.send(dd.send(call))
    except StopIteration as end:
        return end.value


def act(dd: FakeDoudian, action: str, tries: int = 8, token: str = "", **more: object) -> object:
    """The protocol of `base.Lever`: after an unknown outcome `findable` is looked for first."""
    lever = DOUDIAN.levers[action]
    given: dict = {"key": KEY, "action": action, "subject": Subject("order", ORDER), "product": PRODUCT,
                   "note": "Redress: ship (demo@1), step half on order/1", **more}  # fmt: skip
    command, unknown = Command(**given), False
    outcome: object = "never tried"
    for _ in range(tries):
        dd.now += timedelta(seconds=5)
        try:
            if unknown and lever.repeat == "findable":
                assert lever.find is not None
                found = drive(lever.find(session(dd, token), command), dd)
                if isinstance(found, Done):
                    return found
                if not isinstance(found, Absent):
                    continue
            unknown = False
            outcome = drive(lever.run(session(dd, token), command), dd)
        except Unsent:
            continue
        except Uncertain:
            unknown = True
            continue
        if not isinstance(outcome, Later):
            return outcome
    return outcome


def look(dd: FakeDoudian, kind: str, ident: str) -> tuple[Event, ...]:
    found = drive(DOUDIAN.look(Subject(kind, ident), session(dd)), dd)
    assert isinstance(found, Read), found
    assert "CANARY" not in repr(found)
    return found.events


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def method_of(call: Call) -> str:
    return call.url.split("?")[0].removeprefix("https://openapi-fxg.jinritemai.com/").replace("/", ".")


# -- calls and tokens -------------------------------------------------------------------------------------------------


def test_parameters_are_sorted_at_every_level() -> None:
    given = {"items": [{"update_time": 1, "aftersale_id": "7"}], "b": {"z": 1, "a": "退款 <&>"}, "a": 1}
    assert param_json(given) == ('{"a":1,"b":{"a":"退款 <&>","z":1},"items":[{"aftersale_id":"7","update_time":1}]}')


def test_an_app_of_ones_own_shop_gets_its_token_by_itself() -> None:
    dd = FakeDoudian()
    dd.order()
    assert look(dd, "order", ORDER)
    assert [method_of(call) for call in dd.calls] == ["token.create", "order.orderDetail", "afterSale.List"]


def test_a_token_that_runs_out_meanwhile_is_got_anew_once() -> None:
    dd = FakeDoudian()
    dd.order()
    steps = DOUDIAN.look(Subject("order", ORDER), session(dd))
    reply = dd.send(next(steps))
    call = steps.send(reply)
    dd.tokens.clear()
    found: object = None
    try:
        while True:
            call = steps.send(dd.send(call))
    except StopIteration as end:
        found = end.value
    assert isinstance(found, Read) and dd.made == 2


def test_a_token_of_somebody_elses_shop_is_waited_for() -> None:
    dd = FakeDoudian(own_app=False)
    dd.order()
    found = drive(DOUDIAN.look(Subject("order", ORDER), session(dd, token="gone")), dd)
    assert found == Later(900.0, "token")
    dd.tokens.add("fresh")
    assert isinstance(drive(DOUDIAN.look(Subject("order", ORDER), session(dd, token="fresh")), dd), Read)


def test_without_a_token_to_be_had_it_is_refused_in_words() -> None:
    dd = FakeDoudian(own_app=False)
    found = drive(DOUDIAN.look(Subject("order", ORDER), session(dd)), dd)
    assert found == Refused("dop.token-generate-failed:grant-type-invalid")
    bare = Session(Shop("dd", "doudian", options=OPTIONS), {"app_secret": APP_SECRET}, dd.now)
    assert drive(DOUDIAN.look(Subject("order", ORDER), bare), dd) == Refused("no_access_token")
    none = Session(Shop("dd", "doudian"), {}, dd.now)
    assert drive(DOUDIAN.look(Subject("order", ORDER), none), dd) == Refused("no_app_key_or_secret")


def test_without_credentials_the_secret_of_the_hook_signs() -> None:
    dd = FakeDoudian()
    dd.order()
    shared = Session(Shop("dd", "doudian", SHOP, options=OPTIONS), {}, dd.now, (APP_SECRET,))
    assert isinstance(drive(DOUDIAN.look(Subject("order", ORDER), shared), dd), Read)


ANSWERS = [
    (b'{"code":30002,"sub_code":"isv.ip-invalid"}', Refused("ip_not_allowed"), "the allow-list"),
    (b'{"code":30001,"sub_code":"isv.app-permissions-insufficient"}', Refused("rights"), "no right"),
    (b'{"code":60000,"sub_code":"isv.flow-limit"}', Later(60.0), "the limit of calls"),
    (b'{"code":50002,"sub_code":"isv.business-failed:2010401"}', Later(60.0), "a limit that is called business"),
    (b'{"code":20000,"sub_code":"isp.service-error:8888"}', Later(60.0, "isp.service-error:8888"), "busy"),
    (b'{"code":80000,"sub_code":""}', Refused("code_80000"), "security"),
    (b'{"err_no":7,"message":"CANARY"}', Refused("code_7"), "the older form"),
    (b"{}", Refused("code_none"), "no code"),
    (b"<html>", Later(60.0, "not_json"), "a page"),
    (b"[]", Later(60.0, "not_json"), "no object"),
]


@pytest.mark.parametrize(("body", "outcome", "why"), ANSWERS, ids=[row[-1] for row in ANSWERS])
def test_what_an_answer_under_200_means(body: bytes, outcome: object, why: str) -> None:
    steps = DOUDIAN.look(Subject("order", ORDER), session(FakeDoudian(), token="t"))
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(Reply(200, {}, body))
    assert end.value.value == outcome, why


# -- looks ------------------------------------------------------------------------------------------------------------


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
    assert event.whole == {"order.part_shipped"}
    assert (event.facts["tracking"], event.facts["carrier"]) == ("YD1", "yunda")
    gift |= {"ship_time": 1795255600, "logistics_receipt_time": 1795300000}
    order["sku_order_list"][0]["confirm_receipt_time"] = 1795310000
    marks = {mark.name: mark.at for mark in look(dd, "order", ORDER)[0].marks}
    assert marks["order.shipped"] == at(1795255600)
    assert marks["order.delivered"] == at(1795310000)
    gift["order_status"] = 4
    marks = {mark.name: mark.at for mark in look(dd, "order", ORDER)[0].marks}
    assert marks["order.shipped"] == at(1795255000), "a line that was cancelled is not waited for"


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
    assert drive(DOUDIAN.look(Subject("listing", "1"), session(dd)), dd) == Refused("no_such_product")


@pytest.mark.parametrize("fault", [LIMITED, BUSY, DOWN, HTML])
@pytest.mark.parametrize(("kind", "ident"), [("order", ORDER), ("refund", AFTERSALE), ("connection", "dd")])
def test_a_look_that_is_held_up_comes_later(kind: str, ident: str, fault: str) -> None:
    dd = FakeDoudian(faults=[("*", fault)])
    dd.order()
    dd.aftersale()
    assert isinstance(drive(DOUDIAN.look(Subject(kind, ident), session(dd)), dd), Later)


@pytest.mark.parametrize(("kind", "ident"), [("order", "1"), ("refund", "1"), ("seller", "1"), ("order", "x y")])
def test_what_is_not_there(kind: str, ident: str) -> None:
    dd = FakeDoudian()
    assert isinstance(drive(DOUDIAN.look(Subject(kind, ident), session(dd)), dd), Refused)


# -- levers -----------------------------------------------------------------------------------------------------------


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
    assert drive(DOUDIAN.levers["note"].run(session(dd, flag="5"), command), dd) == Done(marker(KEY))
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
