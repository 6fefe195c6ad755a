"""Walks over what is stored: re-evaluation at a rate, and the journal as a history; both cut into parts and taken up
again, with nothing left out and nothing twice."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.core.instants import parse_instant, show
from chalicelib.flow import preview, reevaluate, walk
from chalicelib.flow.messages import read_wake
from chalicelib.ops import reevaluate as asked
from tests.support.opsdesk import Ops
from tests.support.world import World, event
from tests.unit.test_versions_policies import BAD, GOOD, HOUR, MINUTE, deployment, order, standing


def shop(count: int) -> tuple[World, Ops]:
    """So many orders, each in an object of the journal of its own, and a listing."""
    world, ops = deployment(GOOD)
    for number in range(count):
        order(world, f"{number:03d}")
    world.deliver(event("x", world.clock.now(), {"listing.published": world.clock.now()}, kind="listing"))
    world.run()
    return world, ops


def waiting(world: World) -> list[tuple[str, Any, Any]]:
    """What lies in the lane for late wakes: the case, its `wake_at`, and when it can be received."""
    queue, found = world.queues["late"], []
    for _ in range(1000):
        for one in queue.receive(10):
            case, at = read_wake(one.body)
            found.append((str(case.subject), at, world.clock.now()))
            queue.delete(one)
        coming = queue.next_at()
        if coming is None:
            return found
        world.clock.set(max(coming, world.clock.now()))
    raise AssertionError("the queue is never empty")


def test_cases_are_looked_at_one_after_the_other_and_never_before_the_version_is_known() -> None:
    world, ops = shop(12)
    now = world.clock.now()
    told = ops.must("POST", "/reevaluate", {"rate": 2}, "ops")
    assert (told["looked"], told["sent"], told["cursor"]) == (13, 13, "")
    found = waiting(world)
    assert {at for _, at, _ in found} == {None} and len({case for case, _, _ in found}) == 13
    times = [when for _, _, when in found]
    assert times[0] - now >= reevaluate.SETTLING
    assert timedelta(seconds=5) <= times[-1] - times[0] <= timedelta(seconds=8)
    assert parse_instant(told["until"]) >= times[-1] - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("said", "sent"),
    [({"rule": "ship"}, 3), ({"connection": "shop-1"}, 4), ({"rule": "ship", "connection": "shop-1"}, 3), ({}, 4)],
)
def test_only_cases_that_it_may_be_about_are_looked_at(said: dict[str, str], sent: int) -> None:
    _, ops = shop(3)
    assert ops.must("POST", "/reevaluate", said)["sent"] == sent


@pytest.mark.parametrize(
    ("said", "status"),
    [({"rule": "none"}, 404), ({"connection": "none"}, 404), ({"rate": 0}, 400), ({"rate": 201}, 400),
     ({"begin": "2026-03-03T00:00:00Z"}, 400), ({"cursor": "x" * 301}, 400), ({"cursor": "nonsense"}, 400)],
)  # fmt: skip
def test_what_cannot_be_walked_is_said(said: dict[str, Any], status: int) -> None:
    _, ops = shop(1)
    assert ops.ask("POST", "/reevaluate", said)[0] == status


def test_a_walk_that_is_cut_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    world, ops = shop(7)
    monkeypatch.setattr(reevaluate, "MOST_CASES", 3)
    cursor, begin, seen = "", None, []
    for _ in range(10):
        said = {"cursor": cursor, "rate": 1} | ({"begin": begin} if begin else {})
        told = ops.must("POST", "/reevaluate", said)
        assert begin is None or told["until"] >= begin, "the next part begins where the last one ends"
        cursor, begin = told["cursor"], told["until"]
        seen.append(told["sent"])
        if not cursor:
            break
    assert sum(seen) == 8 and len(seen) > 1
    found = waiting(world)
    assert len({case for case, _, _ in found}) == len(found) == 8
    assert all(a <= b for (_, _, a), (_, _, b) in pairwise(found))


def test_a_case_stands_in_the_walk_once_however_often_it_was_spoken_of() -> None:
    world, _ = shop(2)
    for _ in range(3):
        world.pass_time(MINUTE)
        world.deliver(event("000", world.clock.now(), {"order.paid": world.clock.now()}))
        world.run()
    cases = [str(one.id.subject) for one in walk.cases(world.ports, "main")]
    assert sorted(cases) == ["listing/x", "order/000", "order/001"]


def test_looking_again_changes_nothing_where_nothing_changed() -> None:
    world, ops = shop(2)
    before = world.case("order/000")
    ops.must("POST", "/reevaluate", {})
    world.pass_time(5 * MINUTE)
    after = world.case("order/000")
    assert (after.ledger, after.version) == (before.ledger, before.version)


def test_a_preview_in_parts_is_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    world, ops = shop(5)
    world.pass_time(3 * HOUR)
    whole = ops.must("POST", "/previews", {"yaml": BAD})
    monkeypatch.setattr(preview, "MOST_CASES", 2)
    status, told = ops.ask("POST", "/policies", {"yaml": BAD, "retroactive": True})
    assert (status, told["complete"]) == (409, False) and told["cursor"]
    counted, cursor, parts = 0, "", 0
    while True:
        part = ops.must("POST", "/previews", {"yaml": BAD, "cursor": cursor})
        counted, cursor, parts = counted + part["cases"], part["cursor"], parts + 1
        if not cursor:
            break
    assert (counted, parts > 2) == (whole["cases"], True)


def test_the_journal_is_a_history(monkeypatch: pytest.MonkeyPatch) -> None:
    _, ops = shop(3)
    whole = ops.must("GET", "/journal", role="auditor")
    lines = [json.loads(one) for one in whole["lines"]]
    assert {one["subject"]["id"] for one in lines} == {"000", "001", "002", "x"} and whole["cursor"] == ""
    monkeypatch.setattr(asked, "MOST_BYTES", 1)
    found: list[str] = []
    cursor = ""
    while True:
        part = ops.must("GET", "/journal", role="ops", cursor=cursor)
        assert len(part["lines"]) <= 1
        found, cursor = found + part["lines"], part["cursor"]
        if not cursor:
            break
    assert found == whole["lines"]
    monkeypatch.undo()
    assert ops.must("GET", "/journal", prefix="2026-03-02", connection="shop-1")["lines"] == whole["lines"]
    assert ops.must("GET", "/journal", prefix="2026-04")["lines"] == []
    assert ops.ask("GET", "/journal", prefix="../x")[0] == 400
    assert ops.ask("GET", "/journal", connection="none")[0] == 404
    assert "b-9" not in json.dumps(whole)


def test_a_wake_without_an_instant_makes_no_case() -> None:
    world, ops = shop(1)
    ops.must("POST", "/reevaluate", {"begin": show(world.clock.now())})
    world.pass_time(MINUTE)
    assert standing(world, "order/never") == set() and world.case("order/never").version == 0
