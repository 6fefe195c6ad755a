"""The life of policy versions through the ops API: nothing judges clocks that began before without a yes to what it
changes, and a bad version can be taken back."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import show
from chalicelib.core.words import Status
from tests.support.opsdesk import Ops
from tests.support.world import T0, World, event, states

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
GOOD = """
policy: house
rules:
  - id: ship
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], limit: {hours: 48}}
    steps:
      - {id: breach, at: due, do: [{alert: {severity: error}}, {tag: late}]}
"""
BAD = """
policy: house
rules:
  - id: ship
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], limit: {hours: 2}}
    steps:
      - {id: breach, at: due, do: [{alert: {severity: error}}, {tag: late}]}
      - {id: fine, at: due, do: [{penalise: {code: late-ship, points: 3}}]}
      - {id: mail, at: due, do: [warn_seller]}
      - {id: money, at: due, do: [{refund: {amount: "12.50"}}]}
"""


def deployment(*versions: str) -> tuple[World, Ops]:
    """A store that lets us act, and versions activated an hour apart."""
    world = World()
    world.shop.answer = lambda call: answer(world, call)
    world.connect()
    ops = Ops(world)
    for text in versions:
        ops.must("POST", "/policies", {"yaml": text})
        world.pass_time(HOUR)
    return world, ops


def answer(world: World, call: Call) -> Reply:
    """A look finds what was paid; every action is carried out."""
    if not call.url.endswith("/look"):
        return Reply(200, {}, b'{"state": "done"}')
    ident = json.loads(call.body)["subject"]["id"]
    told = event(ident, world.clock.now(), {}, seller="s-1", amount="80.00", currency="CNY")
    return Reply(200, {}, json.dumps([told]).encode())


def order(world: World, name: str) -> None:
    """An order that was paid, so that there is something to pay back."""
    now = world.clock.now()
    marks: dict[str, Any] = {"order.placed": now, "order.paid": now}
    world.deliver(event(name, now, marks, seller="s-1", amount="80.00", currency="CNY"))
    world.run()


def harmed() -> tuple[World, Ops]:
    """A bad version ran for three hours: tag, penalty, mail and refund of one order are done."""
    world, ops = deployment(GOOD, BAD)
    order(world, "1001")
    world.pass_time(3 * HOUR)
    done = ["tag:done", "penalise:done", "warn_seller:done", "refund:done"]
    assert sorted(states(world.case("order/1001"))) == sorted(done)
    return world, ops


def reevaluate(world: World, ops: Ops, **said: Any) -> dict[str, Any]:
    told: dict[str, Any] = ops.must("POST", "/reevaluate", said)
    world.pass_time(10 * MINUTE)
    return told


def standing(world: World, subject: str = "order/1001") -> set[str]:
    return {step for (_, step), one in world.case(subject).ledger.steps.items() if not one.withdrawn}


# ---- a retroactive version ----


def test_a_retroactive_version_shows_what_it_changes_and_waits_for_a_yes() -> None:
    world, ops = deployment(GOOD)
    order(world, "1001")
    order(world, "1002")
    world.pass_time(3 * HOUR)
    said = {"yaml": BAD, "retroactive": True}
    status, told = ops.ask("POST", "/policies", said)
    assert (status, told["error"], told["complete"], told["cursor"]) == (409, "unconfirmed", True, "")
    assert told["diff"] == {
        "cases": 2,
        "rules": {
            "ship": {
                "status": {"running->breached": 2},
                "due_moved": 2,
                "steps_gained": {"breach": 2, "fine": 2, "mail": 2, "money": 2},
                "steps_lost": {},
                "sellers": {"s-1": {"points": 6, "money": {"CNY": "25.00"}}},
                "money": {"CNY": "25.00"},
            }
        },
        "reversed": {},
        "dropped": {},
        "left": [],
    }
    assert [one["number"] for one in ops.must("GET", "/policies")["policies"][0]["activations"]] == [1]
    assert standing(world) == set(), "nothing is half-activated"
    assert ops.ask("POST", "/policies", {**said, "yes": "0" * 64})[0] == 409, "a yes to something else"
    assert ops.must("POST", "/policies", {**said, "yes": told["yes"]})["version"] == "house@2"
    reevaluate(world, ops)
    assert standing(world) == {"breach", "fine", "mail", "money"}
    assert "ship" in world.case("order/1002").ledger.clocks


def test_a_file_may_say_itself_that_it_is_retroactive() -> None:
    world, ops = deployment(GOOD)
    order(world, "1001")
    world.pass_time(3 * HOUR)
    said = {"yaml": "retroactive: true\n" + BAD}
    status, told = ops.ask("POST", "/policies", said)
    assert (status, told["error"]) == (409, "unconfirmed")
    assert told["diff"]["rules"]["ship"]["status"] == {"running->breached": 1}
    done = ops.must("POST", "/policies", {**said, "yes": told["yes"]})
    assert (done["version"], done["retroactive"]) == ("house@2", True)
    assert ops.must("POST", "/policies", said)["unchanged"], "the same file once more asks nothing"


def test_a_yes_is_void_when_somebody_else_changed_the_policies() -> None:
    world, ops = deployment(GOOD)
    said = {"yaml": BAD, "retroactive": True}
    _, told = ops.ask("POST", "/policies", said)
    ops.must("POST", "/policies", {"yaml": GOOD.replace("48", "47")})
    status, again = ops.ask("POST", "/policies", {**said, "yes": told["yes"]})
    assert (status, again["error"]) == (409, "unconfirmed") and again["yes"] != told["yes"]
    world.pass_time(timedelta(days=1, minutes=1))
    assert ops.ask("POST", "/policies", {**said, "yes": again["yes"]})[0] == 409, "a yes of yesterday"


def test_a_yes_without_having_looked_must_be_said_as_such() -> None:
    _, ops = deployment(GOOD)
    said = {"yaml": BAD, "retroactive": True, "confirmed": True}
    assert ops.must("POST", "/policies", said)["retroactive"] is True


def test_a_version_for_the_future_comes_into_force_by_itself() -> None:
    world, ops = deployment(GOOD)
    at = world.clock.now() + 5 * HOUR
    ops.must("POST", "/policies", {"yaml": BAD, "at": show(at)})
    for name, span in (("before", 4 * HOUR), ("after", 2 * HOUR)):
        order(world, name)
        world.pass_time(span)
    order(world, "after-it")
    versions = {one: world.case(f"order/{one}").ledger.clocks["ship"].version for one in ("before", "after-it")}
    assert versions == {"before": "house@1", "after-it": "house@2"}


def test_a_planned_retroactive_version_wakes_the_cases_that_know_of_it() -> None:
    world, ops = deployment(GOOD)
    at = world.clock.now() + 5 * HOUR
    ops.must("POST", "/policies", {"yaml": BAD, "retroactive": True, "at": show(at), "confirmed": True})
    world.pass_time(MINUTE)
    order(world, "1001")
    world.pass_time(5 * HOUR - 2 * MINUTE)
    assert standing(world) == set()
    world.pass_time(2 * MINUTE)
    assert "breach" in standing(world), "without any event"


# ---- rollback ----


def test_a_recall_takes_back_what_the_bad_version_did_and_lists_the_rest_for_a_person() -> None:
    world, ops = harmed()
    status, told = ops.ask("POST", "/policies/house/rollback", {"to": 1, "scope": "recall"})
    assert (status, told["error"]) == (409, "unconfirmed")
    diff = told["diff"]
    assert diff["reversed"] == {"tag": 1, "penalise": 1}
    assert diff["rules"]["ship"]["status"] == {"breached->running": 1}
    assert diff["rules"]["ship"]["sellers"] == {"s-1": {"points": -3, "money": {"CNY": "-12.50"}}}
    found = [(one["case"], one["action"], one["amount"], one["currency"], one["seller"]) for one in diff["left"]]
    assert found == [
        ("shop-1:order/1001", "warn_seller", None, None, "s-1"),
        ("shop-1:order/1001", "refund", "12.50", "CNY", "s-1"),
    ]
    said = {"to": 1, "scope": "recall", "yes": told["yes"]}
    assert ops.must("POST", "/policies/house/rollback", said)["version"] == "house@1"
    reevaluate(world, ops)
    assert standing(world) == set()
    done = states(world.case("order/1001"))
    assert "untag:done" in done and done.count("penalise:done") == 2, "the penalty, and what takes it back"
    assert {one["type"] for one in world.told("penalty")} == {"redress.penalty.imposed", "redress.penalty.reversed"}
    assert [one["state"] for one in ops.must("GET", "/penalties", seller="s-1")["penalties"]] == ["reversed"]
    report = ops.must("GET", "/policies/house/2/left", role="reviewer")
    assert [(one["action"], one["key"], one["amount"]) for one in report["left"]] == [
        ("warn_seller", "ship|mail|0|0", None),
        ("refund", "ship|money|0|0", "12.50"),
    ]
    assert ops.must("GET", "/policies/house/1/left")["left"] == []


def test_after_a_recall_all_is_as_though_the_version_had_never_been() -> None:
    world, ops = harmed()
    other, _ = deployment(GOOD, GOOD)
    order(other, "1001")
    other.pass_time(3 * HOUR)
    ops.must("POST", "/policies/house/rollback", {"to": 1, "scope": "recall", "confirmed": True})
    reevaluate(world, ops)
    other.pass_time(10 * MINUTE)
    for span in (MINUTE, 60 * HOUR):
        world.pass_time(span)
        other.pass_time(span)
        assert standing(world) == standing(other)
        assert world.case("order/1001").ledger.clocks == other.case("order/1001").ledger.clocks
    assert standing(world) == {"breach"}
    listed = ops.must("GET", "/policies")["policies"][0]
    assert (listed["in_force"], [bool(one["recalled"]) for one in listed["activations"]]) == (1, [False, True])


def test_a_recall_of_a_plan_is_the_end_of_it() -> None:
    world, ops = deployment(GOOD)
    ops.must("POST", "/policies", {"yaml": BAD, "at": show(world.clock.now() + 5 * HOUR)})
    ops.must("POST", "/policies/house/rollback", {"to": 1, "scope": "recall", "confirmed": True})
    world.pass_time(6 * HOUR)
    order(world, "1001")
    assert world.case("order/1001").ledger.clocks["ship"].version == "house@1"


def test_what_was_recalled_cannot_be_what_to_go_back_to() -> None:
    _, ops = deployment(GOOD, BAD)
    ops.must("POST", "/policies/house/rollback", {"to": 1, "scope": "recall", "confirmed": True})
    again = {"to": 2, "scope": "recall", "confirmed": True}
    assert ops.ask("POST", "/policies/house/rollback", again)[0] == 400
    assert ops.must("POST", "/policies/house/rollback", {**again, "to": 1})["unchanged"] is True
    assert ops.must("POST", "/policies", {"yaml": BAD})["version"] == "house@3", "a number is never used twice"


@pytest.mark.parametrize(
    ("scope", "version", "stands", "why"),
    [
        ("new", "house@2", {"breach", "fine", "mail", "money"}, "running clocks keep their version"),
        ("running", "house@1", set(), "they are judged by the older one"),
    ],
)
def test_a_rollback_says_which_clocks_it_is_for(scope: str, version: str, stands: set[str], why: str) -> None:
    world, ops = harmed()
    status = ops.ask("POST", "/policies/house/rollback", {"to": 1, "scope": scope})[0]
    assert status == (200 if scope == "new" else 409)
    if scope == "running":
        ops.must("POST", "/policies/house/rollback", {"to": 1, "scope": scope, "confirmed": True})
    reevaluate(world, ops)
    assert (world.case("order/1001").ledger.clocks["ship"].version, standing(world)) == (version, stands), why
    order(world, "1002")
    assert world.case("order/1002").ledger.clocks["ship"].version == "house@1"


def test_a_preview_comes_in_parts_and_changes_nothing() -> None:
    world, ops = harmed()
    before = world.case("order/1001")
    told = ops.must("POST", "/policies/house/rollback/preview", {"to": 1, "scope": "recall"}, "ops")
    assert (told["cases"] > 0, told["cursor"], len(told["left"])) == (True, "", 2)
    file = ops.must("POST", "/previews", {"yaml": GOOD.replace("48", "1")}, "ops")
    assert file["rules"]["ship"]["status"] == {} and file["rules"]["ship"]["steps_lost"]["fine"] == 1
    assert world.case("order/1001") == before


# ---- shadow ----


def test_a_shadow_counts_what_it_would_do_and_does_nothing() -> None:
    world, ops = deployment(GOOD)
    order(world, "before")
    started = ops.must("POST", "/shadows", {"yaml": BAD}, "ops")
    assert started["version"] == "house@2"
    world.pass_time(MINUTE)
    order(world, "1001")
    world.pass_time(3 * HOUR)
    case = world.case("order/1001")
    assert case.ledger.clocks["ship"].status is Status.RUNNING and not case.ledger.steps
    assert world.shop.calls == [] and world.told("clock.breached") == []
    report = ops.must("GET", "/shadows/house/2", role="auditor")
    assert (report["cases"], set(report["rules"])) == (1, {"ship"}), "clocks that ran before it are not its own"
    counted = report["rules"]["ship"]
    assert counted["status"] == {"running->breached": 1}
    assert counted["active"] == {"breaches": 0, "steps": 0} and counted["shadow"] == {"breaches": 1, "steps": 4}
    assert counted["sellers"] == {"s-1": {"points": 3, "money": {"CNY": "12.50"}}}
    world.deliver(event("1001", world.clock.now(), {"order.shipped": T0 + 2 * HOUR}))
    world.run()
    assert ops.must("GET", "/shadows/house/2")["cases"] == 1
    assert ops.must("GET", "/shadows/house/2")["rules"]["ship"]["steps_gained"] == {}


def test_a_shadow_that_is_stopped_watches_no_longer() -> None:
    world, ops = deployment(GOOD)
    ops.must("POST", "/shadows", {"yaml": BAD})
    assert [one["version"] for one in ops.must("GET", "/shadows")["shadows"]] == ["house@2"]
    assert ops.must("DELETE", "/shadows/house") == {"stopped": "house@2"}
    world.pass_time(MINUTE)
    order(world, "1001")
    world.pass_time(3 * HOUR)
    assert ops.must("GET", "/shadows/house/2")["cases"] == 0
    assert ops.ask("DELETE", "/shadows/house")[0] == 404


def test_a_shadow_with_mistakes_is_not_begun() -> None:
    _, ops = deployment(GOOD)
    status, told = ops.ask("POST", "/shadows", {"yaml": BAD.replace("hours: 2", "hourz: 2")})
    assert status == 400 and told["problems"] and ops.must("GET", "/shadows")["shadows"] == []
