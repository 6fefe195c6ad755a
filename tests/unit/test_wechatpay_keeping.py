"""WeChat Pay keeps one address for complaints; what our access is good for, and the last complaints."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Done, Later, Refused, Session, Shop
from chalicelib.platforms.keeping import Probe, Recent, Refreshes, Subscribes, Subscription, Tries
from chalicelib.platforms.wechatpay import WechatPay
from chalicelib.platforms.wechatpay.hooks import TAKEN
from chalicelib.ports.http import Uncertain
from tests.fakes.driving import drive
from tests.fakes.wechatpay import (
    CREDENTIALS,
    DOWN,
    HTML,
    LOST,
    LOST_500,
    MERCHANT,
    PLATFORM,
    THROTTLED,
    FakePay,
    ring,
)

PAY = WechatPay()
URL = "https://hooks.example/prod/hooks/main.pay.fresh-token"
OLDER = "https://hooks.example/prod/hooks/main.pay.older_token"
DETAIL: dict = json.loads((Path(__file__).parents[1] / "fixtures" / "wechatpay" / "detail.json").read_text())


def session(pay: FakePay, *secrets: str, **options: str) -> Session:
    return Session(Shop("pay", "wechatpay", MERCHANT, options=options), CREDENTIALS, pay.now, secrets)


def subscribe(pay: FakePay, url: str = URL) -> object:
    try:
        return drive(PAY.subscribe(session(pay), url, PAY.topics), pay.send)
    except Uncertain:
        return "uncertain"


def held(pay: FakePay) -> object:
    return drive(PAY.subscriptions(session(pay)), pay.send)


def test_it_subscribes_and_neither_refreshes_nor_tries() -> None:
    assert isinstance(PAY, Subscribes)
    assert not isinstance(PAY, Refreshes), "a certificate, no token"
    assert not isinstance(PAY, Tries), "only WeChat Pay can sign its deliveries"


def test_the_address_is_set_once() -> None:
    pay = FakePay()
    assert held(pay) == ()
    assert isinstance(subscribe(pay), Done) and isinstance(subscribe(pay), Done)
    assert pay.told_at == URL and [call.method for call in pay.calls].count("POST") == 1
    found = held(pay)
    assert isinstance(found, tuple)
    (one,) = found
    assert (one.url, one.topics, one.state) == (URL, PAY.topics, "on")


def test_an_older_address_of_this_connection_gives_way() -> None:
    pay = FakePay(told_at=OLDER)
    assert isinstance(subscribe(pay), Done) and pay.told_at == URL


@pytest.mark.parametrize(
    "theirs",
    [
        "https://crm.example/complaints",
        "https://hooks.example/prod/hooks/main.other.older_token",
        "https://hooks.example/prod/hooks/tenant.pay.older_token",
        "https://evil.example/prod/hooks/main.pay.older_token",
    ],
)
def test_somebody_elses_address_is_let_be(theirs: str) -> None:
    pay = FakePay(told_at=theirs)
    assert subscribe(pay) == Refused(TAKEN)
    assert drive(PAY.unsubscribe(session(pay), Subscription("complaint-notifications", URL)), pay.send) == Done()
    assert pay.told_at == theirs


@pytest.mark.parametrize(
    "url", ["http://hooks.example/hooks/a", "https://h.example/hooks/a?b=c", "https://h/" + "x" * 250]
)
def test_an_address_that_it_would_not_take_is_not_sent(url: str) -> None:
    pay = FakePay()
    assert isinstance(subscribe(pay, url), Refused) and not pay.calls


@pytest.mark.parametrize("fault", [LOST, LOST_500])
def test_an_effect_whose_answer_was_lost_is_found(fault: str) -> None:
    pay = FakePay(faults=[("POST", fault)])
    first = subscribe(pay)
    assert first == "uncertain" if fault == LOST else isinstance(first, Done)
    assert isinstance(subscribe(pay), Done) and pay.told_at == URL
    pay.faults = [("DELETE", fault)]
    one = Subscription("complaint-notifications", URL)
    try:
        done = drive(PAY.unsubscribe(session(pay), one), pay.send)
    except Uncertain:
        done = Later(1.0)
    assert isinstance(done, Later)
    assert drive(PAY.unsubscribe(session(pay), one), pay.send) == Done() and pay.told_at == ""


@pytest.mark.parametrize("fault", [THROTTLED, DOWN, HTML])
def test_what_is_not_answered_now_is_asked_later(fault: str) -> None:
    assert isinstance(subscribe(FakePay(faults=[("GET", fault)])), Later)


def test_without_the_product_the_right_to_grant_is_named() -> None:
    pay = FakePay(product=False)
    for found in (held(pay), subscribe(pay)):
        assert isinstance(found, Refused) and "grant the complaints product" in found.reason


def probed(pay: FakePay, *secrets: str, **options: str) -> Probe:
    found = drive(PAY.probe(session(pay, *secrets, **options)), pay.send)
    assert isinstance(found, Probe)
    return found


def test_a_probe_tells_who_what_and_when() -> None:
    pay = FakePay()
    found = probed(pay, ring(), reply_text="您好")
    assert (found.holder, found.version, found.clock) == (MERCHANT, "v3", pay.now)
    assert found.missing == {} and "the complaints product" in found.granted and found.notes


def test_a_probe_names_what_is_missing() -> None:
    found = probed(FakePay(product=False), ring())
    assert set(found.missing) == {"the complaints product", "complaint notifications", "the option reply_text"}
    assert "message_buyer" in found.missing["the complaints product"]
    assert found.missing["the option reply_text"] == "levers: message_buyer"


def test_a_probe_sees_a_key_of_the_platform_that_the_door_does_not_know() -> None:
    pay = FakePay(serial="PUB_KEY_ID_NEW")
    (missing,) = probed(pay, ring(), reply_text="x").missing
    assert "PUB_KEY_ID_NEW" in missing
    assert probed(pay, ring(), ring(PUB_KEY_ID_NEW=PLATFORM.public), reply_text="x").missing == {}


def test_a_probe_under_a_wrong_key_is_refused() -> None:
    pay = FakePay()
    wrong = Session(Shop("pay", "wechatpay", MERCHANT), {**CREDENTIALS, "serial_no": "AB12"}, pay.now)
    assert drive(PAY.probe(wrong), pay.send) == Refused("token: sign_error")


def test_the_last_complaints_come_newest_first_with_the_counts_of_their_states() -> None:
    pay = FakePay()
    for number in range(120):
        at = pay.now - timedelta(hours=4 * number)
        state = "PENDING" if number < 3 else "PROCESSED"
        pay.complain(
            {
                **DETAIL,
                "complaint_id": f"2002026{number:04d}",
                "complaint_time": at.isoformat(),
                "complaint_state": state,
            }
        )
    found = drive(PAY.recent(session(pay), 100), pay.send)
    assert isinstance(found, Recent) and len(found.subjects) == 100
    assert found.subjects[0] == Subject("complaint", "20020260000")
    assert found.places == {"status:PENDING": 3, "status:PROCESSED": 97} and found.mapping == {}
    nothing = drive(PAY.recent(session(FakePay()), 100), FakePay().send)
    assert nothing == Recent()
