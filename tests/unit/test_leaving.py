"""A shop that is left gets back what is still ours: planned on the cases, carried out by act; what stays is named."""

import json
from datetime import timedelta

import pytest

from chalicelib.connections.leaving import lift
from chalicelib.core.calls import Call, Reply
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Span, Step
from chalicelib.flow.advance import Advance
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.ops import checkups
from chalicelib.ports.stores import Connection
from tests.support.opsdesk import Ops, each_break
from tests.support.world import T0, World, event, placed, states

HOUR = timedelta(hours=1)
RULE = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(3600),
    steps=(
        Step("breach", FromDue(0), (Do("tag", {"tag": "late"}), Do("hold"), Do("note"), Do("open_incident"))),
        Step("later", FromDue(24 * 3600), (Do("tag", {"tag": "very-late"}),)),
    ),
)  # fmt: skip


def answer(call: Call) -> Reply:
    return Reply(200, {}, b"[]" if call.url.endswith("/look") else b'{"state": "done", "handle": "h-1"}')


def late(*orders: str) -> tuple[World, Connection]:
    """A shop in which so many orders are late, and tagged and held by us."""
    world = World()
    world.shop.answer = answer
    one = world.connect()
    world.activate(Policy("demo", 1, "d1", (RULE,)))
    for order in orders:
        world.deliver(placed(order))
    world.pass_time(2 * HOUR)
    world.shop.calls.clear()
    return world, one


def leave(world: World, one: Connection) -> dict[str, object]:
    told = lift(world.ports, Advance(world.ports, Shops(world.ports), Rulebook(world.ports)), one)
    world.run()
    return told.as_dict()


def test_holds_and_tags_of_ours_are_lifted_once() -> None:
    world, one = late("1", "2")
    first = leave(world, one)
    assert (first["open"], first["lifted"]) == (6, {}), "planned, not yet carried out"
    asked = sorted(action["action"] for action in world.shop.actions())
    assert asked == ["close_incident", "close_incident", "release", "release", "untag", "untag"]
    second = leave(world, one)
    assert (second["open"], second["lifted"]) == (0, {"close_incident": 2, "release": 2, "untag": 2})
    assert second["stays"] == []
    assert len(world.shop.actions()) == 6, "nothing is lifted twice, and a note is no state to lift"


def test_what_the_shop_refuses_to_take_back_is_named() -> None:
    world, one = late("1")
    world.shop.answer = lambda call: Reply(200, {}, b'{"state": "refused", "reason": "locked"}')
    leave(world, one)
    stays = leave(world, one)["stays"]
    assert isinstance(stays, list)
    assert {(row["case"], row["action"], row["why"]) for row in stays} == {
        ("shop-1:order/1", "untag", "locked"), ("shop-1:order/1", "release", "locked"),
        ("shop-1:order/1", "close_incident", "locked"),
    }  # fmt: skip


def test_what_was_taken_back_already_is_let_be() -> None:
    world, one = late("1")
    healed = event("1", world.clock.now(), {"order.shipped": world.clock.now() - timedelta(minutes=90)})
    world.deliver(healed)
    world.run()
    assert "untag:done" in states(world.case("order/1"))
    calls = len(world.shop.calls)
    told = leave(world, one)
    assert told["open"] == 0 and len(world.shop.calls) == calls


def test_what_has_not_begun_is_dropped_and_other_shops_are_let_be() -> None:
    world, one = late("1")
    other = world.connect(name="shop-2")
    world.deliver(placed("9", world.clock.now()), name="shop-2")
    world.pass_time(2 * HOUR)
    world.shop.answer = lambda call: Reply(429, {"retry-after": "600"}, b"{}")
    world.deliver(placed("2", world.clock.now()))
    world.pass_time(1.01 * HOUR)
    before = states(world.case("order/9", "shop-2"))
    told = leave(world, one)
    assert told["dropped"] == 4, "waiting for a shop that is throttling us"
    world.shop.answer = answer
    world.pass_time(HOUR / 4)
    assert {one.split(":")[1] for one in states(world.case("order/2"))} == {"dropped"}
    assert states(world.case("order/9", "shop-2")) == before and other.name == "shop-2"


def test_a_leave_that_was_cut_off_still_waits_until_nobody_acts_any_more() -> None:
    def made() -> Ops:
        world = World()
        world.connect()
        return Ops(world)

    for ops in each_break(made, lambda ops: ops.ask("POST", "/connections/shop-1/checkups/leave", {})):
        assert not ops.must("POST", "/connections/shop-1/lift", {})["settled"], "others may know the older mode"
        assert set(ops.must("GET", "/connections/shop-1")["modes"].values()) == {"observe"}
        ops.world.clock.advance(timedelta(seconds=61))
        assert ops.must("POST", "/connections/shop-1/lift", {})["settled"]


def test_a_part_of_an_export_is_weighed_as_lambda_hands_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkups, "MOST_TEXT", 100_000)
    world = World()
    world.connect()
    ops = Ops(world)
    for number in range(30):
        told = event(str(number), T0, {})
        told["marks"] = [
            {"name": "order.part_shipped", "of": f"包裹{piece:03d}", "at": "2026-03-02T10:00:00Z"}
            for piece in range(40)
        ]
        world.deliver(told)
    world.run()
    found, cursor, one = 0, "", 0
    while True:
        told = ops.must("GET", "/connections/shop-1/export", cursor=cursor)
        handed = len(json.dumps({"statusCode": 200, "body": ops.texts[-1]}))
        one = one or handed // len(told["cases"])
        assert handed < 100_000 + 2 * one
        found, cursor = found + len(told["cases"]), told["cursor"]
        if not cursor:
            break
    assert found == 30
