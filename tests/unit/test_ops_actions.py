"""What the ops API brings about: actions that go or stay."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core import actions
from chalicelib.core.calls import Reply
from chalicelib.core.case import CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import EPOCH
from chalicelib.core.words import ActionState
from chalicelib.flow import purse
from tests.support.opsdesk import Ops, case_path, each_break
from tests.support.opsshop import ACT, HOUR, URLS, connected, nothing_new, send
from tests.support.world import SECRET, T0, World, event, placed, states


def held_penalty(options: Mapping[str, str], modes: Mapping[str, str] = ACT) -> tuple[World, Ops]:
    world, ops, made = connected(modes, options=dict(options))
    send(world, made, placed(seller="s-17"), SECRET)
    world.pass_time(26 * HOUR)
    return world, ops


def test_an_approved_action_goes_and_a_declined_one_does_not() -> None:
    world, ops = held_penalty(URLS, {"all": "advise"})
    assert world.shop.actions() == []
    held = ops.must("GET", "/held", role="reviewer")["held"]
    assert [(one["case"], one["action"], one["why"]) for one in held] == [
        ("shop-1:order/1001", "tag", "advise"), ("shop-1:order/1001", "penalise", "advise")
    ]  # fmt: skip
    path = case_path("order/1001") + "/actions"
    yes = ops.must("POST", path, {"key": held[0]["key"], "decision": "approve"}, "reviewer")
    assert (yes["state"], yes["hold"]) == ("planned", "")
    no = ops.must(
        "POST", path, {"key": held[1]["key"], "decision": "decline", "reason": "the carrier's strike"}, "reviewer"
    )
    assert (no["state"], no["reason"]) == ("dropped", "declined")
    world.run()
    assert states(world.case("order/1001")) == ["tag:done", "penalise:dropped"]
    assert [one["action"] for one in world.shop.actions()] == ["tag"]
    assert ops.must("GET", "/held")["held"] == []
    journal = ops.must("GET", "/changes", what="action.decline")["changes"]
    assert [(one["actor"], one["detail"]["reason"]) for one in journal] == [("a-reviewer", "the carrier's strike")]
    for decision in ("approve", "decline"):
        again = ops.ask("POST", path, {"key": held[0]["key"], "decision": decision, "reason": "x"}, "reviewer")
        assert (again[0], again[1]["error"]) == (409, "clash")


def test_an_approved_action_still_looks_where_it_can_and_is_dropped_when_the_look_disproves_it() -> None:
    world, ops = held_penalty(URLS, {"all": "advise"})
    shipped = event("1001", T0 + HOUR, {"order.shipped": T0 + HOUR})
    world.shop.answer = lambda call: (
        Reply(200, {}, json.dumps([shipped]).encode()) if call.url.endswith("/look") else nothing_new(call)
    )
    key = next(one["key"] for one in ops.must("GET", "/held")["held"] if one["action"] == "penalise")
    ops.must("POST", case_path("order/1001") + "/actions", {"key": key, "decision": "approve"})
    world.run()
    assert "penalise:dropped" in states(world.case("order/1001"))


def test_what_cannot_be_looked_at_goes_when_a_person_says_so() -> None:
    world, ops = held_penalty({})
    held = ops.must("GET", "/held")["held"]
    assert [one["action"] for one in held] == ["penalise"], "no look_url: the look is refused"
    told = ops.must("POST", case_path("order/1001") + "/actions", {"key": held[0]["key"], "decision": "approve"})
    assert told["waived"] is True
    world.run()
    assert "penalise:done" in states(world.case("order/1001"))
    penalties = ops.must("GET", "/penalties", seller="s-17", role="auditor")
    assert (penalties["points"], penalties["penalties"][0]["state"]) == (2, "imposed")
    assert ops.must("GET", "/penalties", seller="s-1")["penalties"] == []


REFUND = """
policy: house
rules:
  - id: make-good
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], limit: {hours: 1}}
    steps: [{id: refund, at: due, do: [{refund: {amount: "5.00"}}]}]
"""


@pytest.mark.parametrize(
    ("paid", "state"),
    [("9.99", "refund:done"), ("4.99", "refund:refused"), (None, "refund:planned")],
)
def test_money_without_a_look_is_still_bound_by_the_purse(paid: str | None, state: str) -> None:
    world, ops, made = connected(policy=REFUND, options={"actions_url": URLS["actions_url"]})
    facts: dict[str, Any] = {"amount": paid, "currency": "EUR"} if paid else {}
    send(world, made, placed(**facts), SECRET)
    world.pass_time(2 * HOUR)
    (held,) = ops.must("GET", "/held")["held"]
    ops.must("POST", case_path("order/1001") + "/actions", {"key": held["key"], "decision": "approve"})
    world.run()
    assert states(world.case("order/1001")) == [state]
    assert len(world.shop.actions()) == (state == "refund:done")


@pytest.mark.parametrize(
    ("decision", "wanted", "calls", "room", "why"),
    [
        ("confirm", "refund:done", 0, False, "the money is out: no more than was paid is left to give"),
        ("decline", "refund:dropped", 0, True, "it never went out: what was reserved is free again"),
        ("approve", "refund:done", 1, False, "it never went out, and is wanted"),
    ],
    ids=["seen", "left", "again"],
)
def test_a_person_says_what_became_of_an_unknown_outcome(
    decision: str, wanted: str, calls: int, room: bool, why: str
) -> None:
    world, ops, made = connected(policy=REFUND, options=URLS)
    paid: dict[str, Any] = {"amount": "9.99", "currency": "EUR"}
    world.shop.answer = lambda call: (
        Reply(200, {}, json.dumps([event("1001", T0, {}, refunded="0.00", **paid)]).encode())
        if call.url.endswith("/look")
        else Reply(200, {}, b'{"state": "done"}')
    )
    key, order = "make-good|refund|0|0", CaseId("main", "shop-1", Subject("order", "1001"))
    ops.must("POST", "/stop", {"what": "*"}, "ops")
    send(world, made, placed(**paid), SECRET)
    world.pass_time(HOUR)
    balance = purse.Balance(Decimal("9.99"), Decimal(0), EPOCH)
    assert purse.reserve(world.ports, "main", "shop-1", "1001", f"{order}|{key}", Decimal("5.00"), balance)
    ops.desk.advance(order, change=lambda held: actions.finish(held, key, ActionState.UNKNOWN, "outcome unknown"))
    ops.must("POST", "/go", {"what": "*"}, "ops")
    world.pass_time(10 * timedelta(minutes=1))
    assert [(one["key"], one["why"]) for one in ops.must("GET", "/held")["held"]] == [(key, "unknown")]
    said = {"key": key, "decision": decision, "reason": "looked in the shop"}
    ops.must("POST", case_path("order/1001") + "/actions", said, "reviewer")
    world.pass_time(timedelta(minutes=2))
    assert states(world.case("order/1001")) == [wanted]
    assert len(world.shop.actions()) == calls
    assert purse.reserve(world.ports, "main", "shop-1", "1001", "other", Decimal("5.00"), balance) is room
    assert ops.must("GET", "/held")["held"] == []
    assert ops.ask("POST", case_path("order/1001") + "/actions", said, "reviewer")[0] == 409, "it is known now"


@pytest.mark.parametrize(
    ("decision", "wanted", "room"), [("confirm", "refund:done", False), ("decline", "refund:dropped", True)]
)
def test_a_word_that_was_cut_off_holds_when_it_is_said_again(decision: str, wanted: str, room: bool) -> None:
    key, order = "make-good|refund|0|0", CaseId("main", "shop-1", Subject("order", "1001"))
    balance = purse.Balance(Decimal("9.99"), Decimal(0), EPOCH)

    def made() -> Ops:
        world, ops, made = connected(policy=REFUND, options=URLS)
        ops.must("POST", "/stop", {"what": "*"}, "ops")
        send(world, made, placed(amount="9.99", currency="EUR"), SECRET)
        world.pass_time(HOUR)
        assert purse.reserve(world.ports, "main", "shop-1", "1001", f"{order}|{key}", Decimal("5.00"), balance)
        ops.desk.advance(order, change=lambda held: actions.finish(held, key, ActionState.UNKNOWN, "outcome unknown"))
        world.run()
        return ops

    said = {"key": key, "decision": decision, "reason": "looked in the shop"}
    path = case_path("order/1001") + "/actions"
    for ops in each_break(made, lambda ops: ops.ask("POST", path, said, "reviewer")):
        assert states(ops.world.case("order/1001")) == [wanted]
        assert purse.reserve(ops.world.ports, "main", "shop-1", "1001", "other", Decimal("5.00"), balance) is room
