"""Changes that the stream gave up are told when they are redriven, and never put what is older in the place of what is
newer."""

import json
from datetime import timedelta

from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Span, Step
from chalicelib.flow.project import Change
from chalicelib.ops.desk import Desk
from chalicelib.ports.memory import MemoryQueue
from chalicelib.ports.stores import Message
from tests.support.opsdesk import HOOK_URL, Ops
from tests.support.world import T0, World, event, placed
from tests.unit.test_flow_spine import world

HOUR = timedelta(hours=1)
RULE = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(3600),
    steps=(Step("late", FromDue(0), (Do("alert", {"severity": "error"}), Do("tag", {"tag": "late"}))),),
)  # fmt: skip


def given_up(made: World) -> list[Change]:
    """A breach whose changes were never projected, while what came after them was."""
    held: list[Change] = []
    project = made.project

    class Lost:
        def __call__(self, changes: list[Change]) -> list[str]:
            held.extend(changes)
            return []

    made.project = Lost()  # type: ignore[assignment]
    made.pass_time(HOUR + timedelta(minutes=1))
    made.project = project
    return held


def test_a_breach_that_was_given_up_is_told_once_it_is_redriven() -> None:
    made = world(RULE)
    made.deliver(placed())
    made.run()
    lost = given_up(made)
    made.deliver(event("1001", T0 + 2 * HOUR, {"order.shipped": T0 + 2 * HOUR}))
    made.pass_time(2 * HOUR)
    assert not made.told("clock.breached") and made.told("clock.met_late")
    made.project.late(lost)
    (told,) = made.told("clock.breached")
    assert told["time"].startswith("2026-03-02T11:00") and made.told("step.taken")
    ids = {one["id"] for one in made.bus.events}
    made.project.late(lost)
    assert {one["id"] for one in made.bus.events} == ids, "told again it is the same"


def test_what_waits_for_a_person_is_listed_and_what_does_not_leaves_the_list_when_decided() -> None:
    made = World()
    made.connect(modes={"tell": "act", "shop": "advise"}, options={"actions_url": "https://shop.example/actions"})
    made.activate(Policy("demo", 1, "d1", (RULE,)))
    made.deliver(placed())
    made.run()
    lost, ops = given_up(made), Ops(made)
    assert ops.must("GET", "/held")["held"] == []
    made.project.late(lost)
    (held,) = ops.must("GET", "/held")["held"]
    assert (held["case"], held["action"], held["why"]) == ("shop-1:order/1001", "tag", "advise")
    word = {"key": held["key"], "decision": "decline", "reason": "no"}
    path = "/cases/shop-1/order/1001/actions"
    assert ops.ask("POST", path, word, "reviewer")[0] == 200
    made.run()
    made.project.late(lost)
    assert len(ops.must("GET", "/held")["held"]) == 1, "what is told late may be over"
    assert ops.ask("POST", path, word, "reviewer")[0] == 409
    assert ops.must("GET", "/held")["held"] == []


def letter(last: str, condition: str = "RetryAttemptsExhausted") -> Message:
    place = {
        "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "2", "batchSize": 3, "streamArn": "a",
        "approximateArrivalOfFirstRecord": last, "approximateArrivalOfLastRecord": last,
    }  # fmt: skip
    return Message(json.dumps({"requestContext": {"condition": condition}, "DDBStreamBatchInfo": place}))


def test_the_dead_letters_of_the_stream_are_named_and_put_back() -> None:
    made = World()
    ops, dead, again = Ops(made), MemoryQueue(made.clock), MemoryQueue(made.clock)
    ops.desk = Desk(made.ports, HOOK_URL, {"project": dead}, again)
    assert ops.must("GET", "/dlq") == {"dlq": {"project": 0}, "given_up": []}
    dead.send([letter(show(T0 - HOUR)), letter(show(T0 - 30 * HOUR)), Message("canary")])
    for _ in range(2):
        told = ops.must("GET", "/dlq", role="auditor")
        assert told["dlq"] == {"project": 3}, "to look at them takes none away"
        rows = {one["from"]: (one["changes"], one["why"], one["over"]) for one in told["given_up"]}
        assert rows[show(T0 - HOUR)] == (3, "RetryAttemptsExhausted", False)
        assert rows[show(T0 - 30 * HOUR)][2] is True and rows[""] == (0, "not a letter of the stream", True)
        assert "canary" not in json.dumps(told)
    assert ops.must("POST", "/dlq/project/redrive", {}, "ops") == {"redriven": 3}
    assert len(again) == 3 and len(dead) == 0
