"""Messages that platforms put into queues of ours themselves, and keys that the door does not know yet."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.connections.connect import Change, Request, amend, connect
from chalicelib.core.events import Subject
from chalicelib.core.instants import to_ms
from chalicelib.core.words import MARKS
from chalicelib.flow.collect import Collect, is_collected
from chalicelib.flow.messages import Ask, LookAt, Received, read_inbox, read_task, write_ask, write_task
from chalicelib.flow.shops import Shops
from chalicelib.ports.stores import Message
from tests.fakes.saleor import DOWN, FakeSaleor
from tests.support.world import World

ARN = "arn:aws:sqs:eu-central-1:000000000000:redress-prod_main_market"


def world(fake: FakeSaleor, secret: str = "") -> tuple[World, str]:
    made = World()
    made.clock.set(fake.now)
    made.shop.answer = fake.send
    request = Request(
        "market", "saleor", fake.address, credentials={"access_token": fake.token}, secret=secret or fake.jwks()
    )
    return made, connect(made.ports, "main", request, "https://hooks.example", MARKS).token


def record(fake: FakeSaleor, body: bytes, arn: str = ARN, ident: str = "m-1", **attributes: str) -> dict[str, Any]:
    given = {"SaleorApiUrl": fake.address, "EventType": "order_updated", **attributes}
    return {
        "messageId": ident, "eventSource": "aws:sqs", "eventSourceARN": arn, "body": body.decode(),
        "attributes": {"SentTimestamp": str(to_ms(fake.now)), "SenderId": "AROAEXAMPLE:saleor"},
        "messageAttributes": {name: {"stringValue": value, "dataType": "String"} for name, value in given.items()},
    }  # fmt: skip


def collect(made: World, *records: dict[str, Any]) -> list[str]:
    event = {"Records": list(records)}
    assert is_collected(event)
    told = Collect(made.ports, Shops(made.ports))(event)
    return [one["itemIdentifier"] for one in told["batchItemFailures"]]


@pytest.mark.parametrize("arn", [ARN, f"{ARN}.fifo"])
def test_a_message_of_a_connection_s_own_queue_takes_effect(arn: str) -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    order = fake.order()
    assert collect(made, record(fake, fake.event("OrderUpdated", order), arn)) == []
    (held,) = made.queues["inbox"].receive()
    message = read_inbox(held.body)
    assert isinstance(message, Received) and message.received_at == fake.now
    assert message.headers == {"saleor-event": "order_updated", "saleor-api-url": fake.address, "redress-via": "sqs"}
    made.pass_time(timedelta(minutes=1))
    assert made.case(f"order/{order}", "market").evidence.marks


def test_delivered_twice_it_is_one_case() -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    order = fake.order()
    raw = fake.event("OrderUpdated", order)
    collect(made, record(fake, raw), record(fake, raw, ident="m-2"))
    made.run()
    once = made.case(f"order/{order}", "market")
    collect(made, record(fake, raw, ident="m-3"))
    made.run()
    assert made.case(f"order/{order}", "market").evidence == once.evidence


STRAYS = [
    ({"arn": ARN.replace("market", "other")}, "a queue of no connection"),
    ({"arn": ARN.replace("main", "other")}, "another account's"),
    ({"arn": "arn:aws:sqs:eu-central-1:000000000000:redress-prod-InboxQueue"}, "a queue of the stack's own"),
    ({"arn": ""}, "no queue"),
    ({"SaleorApiUrl": "https://other.example/graphql/"}, "another shop in the wrong queue"),
]


@pytest.mark.parametrize(("wrong", "why"), STRAYS, ids=[row[1] for row in STRAYS])
def test_what_is_not_to_be_taken_fails_alone(wrong: dict[str, str], why: str) -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    raw = fake.event("OrderUpdated", fake.order())
    good, bad = record(fake, raw), record(fake, raw, ident="m-2", **wrong)
    assert collect(made, bad, good) == ["m-2"]
    assert len(made.queues["inbox"]) == 1


def test_the_name_of_the_queue_decides_whatever_the_message_says() -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    forged = json.dumps({"a": "main", "c": "somebody-else", "events": []}).encode()
    assert collect(made, record(fake, forged)) == []
    message = read_inbox(made.queues["inbox"].receive()[0].body)
    assert isinstance(message, Received) and message.connection == "market"


def test_a_connection_that_was_put_out_of_use_takes_nothing() -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    amend(made.ports, "main", "market", Change(active=False), MARKS)
    assert collect(made, record(fake, fake.event("OrderUpdated", fake.order()))) == ["m-1"]


def test_a_platform_that_sends_to_no_queue_gets_none() -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    made.connect("standard", "shop-1")
    arn = ARN.replace("market", "shop-1")
    assert collect(made, record(fake, b"{}", arn)) == ["m-1"]


def test_a_request_over_http_is_not_taken_for_a_queue() -> None:
    events: list[dict[str, Any]] = [{}, {"Records": []}, {"Records": "x"}, {"Records": [{"eventSource": "aws:s3"}]}]
    for event in [*events, {"body": "{}"}]:
        assert not is_collected(event)


# -- keys -------------------------------------------------------------------------------------------------------------


def post(made: World, fake: FakeSaleor, raw: bytes, token: str) -> int:
    status = made.request(raw, fake.signed(raw), token)["statusCode"]
    assert isinstance(status, int)
    return status


def test_a_shop_with_a_new_key_is_let_in_at_its_next_try() -> None:
    fake = FakeSaleor()
    made, token = world(fake)
    raw = fake.event("OrderUpdated", fake.order())
    assert post(made, fake, raw, token) == 200
    fake.kid = "second"
    assert post(made, fake, raw, token) == 503, "Saleor would never repeat what got a 4xx"
    made.run()
    made.clock.set(made.clock.now() + timedelta(seconds=61))
    assert post(made, fake, raw, token) == 200
    fake.kid = "first"
    assert post(made, fake, raw, token) == 200, "the older key is live for a while"


def test_a_stranger_who_names_keys_makes_us_ask_once_a_minute_at_most() -> None:
    fake = FakeSaleor()
    made, token = world(fake)
    raw = fake.event("OrderUpdated", fake.order())
    honest = fake.kid
    for number in range(5):
        fake.kid = "third"
        headers = fake.signed(raw, kid=f"made-up-{number}")
        fake.kid = honest
        assert made.request(raw, headers, token)["statusCode"] == 503
        made.run()
    assert fake.calls.count("jwks") == 1
    assert made.request(raw, fake.signed(raw), f"{token}x")["statusCode"] == 401, "without the address nothing happens"


def test_keys_that_cannot_be_fetched_now_are_fetched_later() -> None:
    fake = FakeSaleor(faults=[("jwks", DOWN)])
    made, token = world(fake)
    raw = fake.event("OrderUpdated", fake.order())
    fake.kid = "second"
    assert post(made, fake, raw, token) == 503
    made.pass_time(timedelta(minutes=5))
    assert post(made, fake, raw, token) == 200


# -- polls ------------------------------------------------------------------------------------------------------------


def test_a_poll_looks_at_what_changed() -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    orders = [fake.order() for _ in range(3)]
    poll = LookAt("main", "market", Subject("connection", "2026-11-20T00:00:00Z"))
    made.ports.actions.send([Message(write_task(poll))])
    made.run()
    for order in orders:
        assert made.case(f"order/{order}", "market").evidence.marks


def test_a_wish_for_a_look_goes_through_the_inbox() -> None:
    fake = FakeSaleor()
    made, _ = world(fake)
    wish = Ask("main", "market", Subject("order", fake.order()))
    assert read_inbox(write_ask(wish)) == wish
    assert made.consumers["inbox"]([("m-1", write_ask(wish))]) == []
    (held,) = made.queues["actions"].receive()
    assert read_task(held.body) == LookAt("main", "market", wish.subject)
