"""The shell where something is in the way: limits, slow subscribers, messages that come again, shops out of use."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.case import Case
from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Point, Rule, Span, Step
from chalicelib.core.words import Status
from chalicelib.flow import quarantine, switches
from chalicelib.flow.batch import consume
from chalicelib.flow.messages import Post, write_task
from chalicelib.platforms import registry
from chalicelib.platforms.base import Delivery, Read, Shop
from chalicelib.platforms.standard import Standard
from chalicelib.ports.http import Uncertain
from chalicelib.ports.memory import MemoryCases
from chalicelib.ports.ports import GivenPorts
from chalicelib.ports.stores import Message
from tests.support.world import T0, event, placed, states
from tests.unit.test_flow_spine import HOUR, kinds, still_unshipped, world


@pytest.mark.parametrize("change", [{"modes": {}}, {"active": False}], ids=["back to observe", "out of use"])
def test_what_was_planned_while_it_was_allowed_is_not_done_once_it_is_not(change: dict[str, Any]) -> None:
    made = world()
    made.deliver(placed())
    made.run()
    switches.switch(made.ports, "main", switches.ALL, on=True)
    made.pass_time(24 * HOUR + timedelta(minutes=1))
    assert "tag:planned" in states(made.case("order/1001"))
    held = made.ports.connections.get("main", "shop-1")
    assert held is not None
    made.ports.connections.put(replace(held, **change))
    switches.switch(made.ports, "main", switches.ALL, on=False)
    made.pass_time(30 * HOUR)
    assert states(made.case("order/1001")) == ["tag:dropped", "remind_seller:dropped"]
    assert not made.shop.actions(), "and what falls due later is only reported"
    assert "clock.breached" in kinds(made)


def test_what_comes_back_to_quarantine_before_its_replay_has_ended_stays_there() -> None:
    made = world()
    made.deliver(placed() | {"occurred_at": "yesterday"})
    made.run()
    inbox = made.queues["inbox"]

    class Quick:
        """A queue whose consumer is done before the sender goes on."""

        def send(self, messages: Iterable[Message]) -> None:
            inbox.send(messages)
            made.run()

    assert quarantine.replay(replace(cast(GivenPorts, made.ports), inbox=Quick()), "main") == 1
    assert len(list(quarantine.entries(made.ports, "main"))) == 1


def test_a_body_that_makes_an_adapter_fail_is_put_aside_and_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Frail(Standard):
        name = "frail"

        def read(self, delivery: Delivery, shop: Shop) -> Read:
            raise KeyError("a bug of ours")

    monkeypatch.setitem(registry._MADE, "frail", Frail())
    made = world()
    made.connect("frail", name="shop-2")
    made.deliver(placed("1"), name="shop-2")
    made.deliver(placed("2"))
    made.run()
    (entry,) = quarantine.entries(made.ports, "main")
    assert (entry.data["connection"], entry.data["field"]) == ("shop-2", "body")
    assert made.case("order/2").ledger.clocks and not len(made.dead)


def parcels(first: int, number: int) -> dict[str, Any]:
    told = event("1001", T0, {})
    told["id"] = f"parcels-{first}"
    told["marks"] = [
        {"name": "order.part_shipped", "of": f"p-{n}", "at": show(T0)} for n in range(first, first + number)
    ]
    return told


def test_a_case_beyond_its_limits_keeps_what_fits_calls_a_person_and_does_nothing_by_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = world()
    made.shop.answer = still_unshipped
    made.deliver(placed(), parcels(0, 250), parcels(250, 250), event("1001", T0, {"order.paid": T0}))
    made.run()
    case = made.case("order/1001")
    assert case.ledger.full and "case_full" in capsys.readouterr().out
    assert len(case.evidence.marks) == 252 and ("order.paid", "") in case.evidence.marks, (
        "the rest of a batch takes effect"
    )
    made.pass_time(25 * HOUR)
    case = made.case("order/1001")
    assert case.ledger.clocks["ship-by"].status is Status.BREACHED, "its clocks run on"
    held = {action.name: action.hold for action in case.ledger.actions.values()}
    assert held == {"remind_seller": "full", "tag": "full"}, (
        "what is judged without all that was said waits for a person"
    )
    assert not made.shop.actions()


def test_a_subscriber_that_never_answers_takes_no_other_message_s_time() -> None:
    made = world()
    made.subscribe()
    posts = [write_task(Post("main", "pager", json.dumps({"id": f"e-{n}"}))) for n in range(5)]

    def hang(call: Call) -> Reply:
        made.clock.set(made.clock.now() + timedelta(seconds=15))
        raise Uncertain("time-out")

    made.shop.answer = hang
    began = made.clock.now()
    assert made.consumers["actions"]([(str(n), body) for n, body in enumerate(posts)]) == []
    assert made.clock.now() - began <= timedelta(seconds=40), "well within the function's minute"
    assert len(made.shop.calls) == 1
    waiting = [one.body for one in made.queues["actions"].receive(10)]
    assert [body for body in waiting if body in posts] == posts[1:], "the others are there for whoever has time"


def test_each_action_is_handed_on_once_where_nothing_goes_wrong() -> None:
    tags = tuple(Do("tag", {"tag": f"t-{n}"}) for n in range(6))
    made = world(Rule("r", "order", Point("order.placed"), (), Span(60), steps=(Step("s", FromDue(0), tags),)))
    actions = made.queues["actions"]
    sent: list[str] = []

    class Counted:
        def send(self, messages: Iterable[Message]) -> None:
            given = list(messages)
            sent.extend(one.body for one in given)
            actions.send(given)

    made.ports = replace(cast(GivenPorts, made.ports), actions=Counted())
    made.boot()
    made.deliver(placed())
    made.pass_time(timedelta(minutes=5))
    assert states(made.case("order/1001")) == ["tag:done"] * 6
    assert len(sent) == 6


def test_a_delivery_that_comes_again_takes_no_other_s_place_in_the_archive() -> None:
    made = world()
    for order in ("1", "2", "3"):
        made.deliver(placed(order))
    batch = [(one.id, one.body) for one in made.queues["inbox"].receive(10)]
    made.consumers["inbox"](batch)
    made.consumers["inbox"](batch[:1])
    lines = [
        json.loads(line)["id"]
        for key in made.blobs.keys("raw/")
        for line in gzip.decompress(made.blobs.get(key)).decode().splitlines()
    ]
    assert len(set(lines)) == 3 and len(lines) == 4


def test_a_batch_that_takes_too_long_ends_in_time_with_what_came_first_and_the_rest_comes_again() -> None:
    made = world()

    class Slow(MemoryCases):
        """A table that takes its time over each write."""

        def put(self, case: Case) -> Case:
            made.clock.advance(timedelta(milliseconds=10))
            return super().put(case)

    made.ports = replace(cast(GivenPorts, made.ports), cases=lambda account: Slow(account, made.table))
    made.boot()
    told = [[placed(f"{batch}-{number}") for number in range(100)] for batch in range(10)]
    for events in told:
        assert made.deliver(*events)["statusCode"] == 202
    held = made.queues["inbox"].receive(10)
    records = [
        {"messageId": one.id, "body": one.body, "attributes": {"ApproximateReceiveCount": "3" if place > 7 else "1"}}
        for place, one in enumerate(held)
    ]
    began = made.clock.now()
    failed = consume(made.consumers["inbox"], {"Records": records})["batchItemFailures"]
    assert made.clock.now() - began < timedelta(seconds=5), "the function is not cut off"
    assert 5 <= len(failed) <= 7
    assert {one["itemIdentifier"] for one in failed}.isdisjoint(one.id for one in held[8:]), "the oldest go first"
    while held:
        for one in held:
            if {"itemIdentifier": one.id} not in failed:
                made.queues["inbox"].delete(one)
        made.clock.advance(timedelta(seconds=31))
        held = made.queues["inbox"].receive(10)
        again = [{"messageId": one.id, "body": one.body} for one in held]
        failed = consume(made.consumers["inbox"], {"Records": again})["batchItemFailures"]
    assert len(made.table.keys()) == 1000
