"""Calls to Douyin shop: how they are signed, whose token they carry, and what an answer under 200 means."""

import pytest

from chalicelib.core.calls import Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import Later, Read, Refused, Session, Shop
from chalicelib.platforms.doudian.api import param_json
from tests.fakes.doudian import APP_SECRET, ORDER, SHOP, FakeDoudian
from tests.fakes.driving import drive
from tests.support.douyin import DOUDIAN, OPTIONS, look, method_of, session


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
    found = drive(DOUDIAN.look(Subject("order", ORDER), session(dd, token="gone")), dd.send)
    assert found == Later(900.0, "token")
    dd.tokens.add("fresh")
    assert isinstance(drive(DOUDIAN.look(Subject("order", ORDER), session(dd, token="fresh")), dd.send), Read)


def test_without_a_token_to_be_had_it_is_refused_in_words() -> None:
    dd = FakeDoudian(own_app=False)
    found = drive(DOUDIAN.look(Subject("order", ORDER), session(dd)), dd.send)
    assert found == Refused("dop.token-generate-failed:grant-type-invalid")
    bare = Session(Shop("dd", "doudian", options=OPTIONS), {"app_secret": APP_SECRET}, dd.now)
    assert drive(DOUDIAN.look(Subject("order", ORDER), bare), dd.send) == Refused("no_access_token")
    none = Session(Shop("dd", "doudian"), {}, dd.now)
    assert drive(DOUDIAN.look(Subject("order", ORDER), none), dd.send) == Refused("no_app_key_or_secret")


def test_without_credentials_the_secret_of_the_hook_signs() -> None:
    dd = FakeDoudian()
    dd.order()
    shared = Session(Shop("dd", "doudian", SHOP, options=OPTIONS), {}, dd.now, (APP_SECRET,))
    assert isinstance(drive(DOUDIAN.look(Subject("order", ORDER), shared), dd.send), Read)


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
