"""The past of a shop is fetched by the same looks: judged, acted on by nobody, told to nobody; through crashes and
throttling, once each."""

from datetime import datetime, timedelta

import pytest

from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Share, Span, Step
from chalicelib.core.words import Status
from chalicelib.flow import checkup
from chalicelib.flow.checkup import Checkup
from chalicelib.flow.messages import LookAt, write_task
from chalicelib.ports.http import Unsent
from chalicelib.ports.stores import Message
from tests.support.keeper import PAGE, Site, settled
from tests.support.world import SECRET, T0, World, states

DAY = timedelta(days=1)
SHIP_BY = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(24 * 3600),
    steps=(
        Step("half", Share(50), (Do("remind_seller"),)),
        Step("breach", FromDue(0), (Do("alert", {"severity": "error"}), Do("tag", {"tag": "late"}))),
        Step("fine", FromDue(3600), (Do("penalise", {"code": "late", "points": 4}), Do("suspend"))),
    ),
)  # fmt: skip


def shop(days: int, each: int = 2) -> tuple[World, Site]:
    """A shop that acts on everything, with orders of so many days that were never shipped."""
    world, site = settled(acts_from=T0, credentials={"secret": SECRET})
    world.activate(Policy("demo", 1, "d1", (SHIP_BY,)))
    world.subscribe(types=("clock.breached", "clock.warned", "clock.storm", "step", "action"))
    placed = {f"{day}-{n}": T0 - day * DAY - (n + 0.5) * timedelta(hours=1) for day in range(days) for n in range(each)}
    site.orders = {ident: (at, "packed") for ident, at in placed.items()}
    return world, site


def fill(world: World, since: datetime = T0 - 90 * DAY) -> Checkup:
    checkup.ask(world.ports, "main", "shop-1", "backfill", {"since": show(since)})
    world.run()
    return found(world)


def found(world: World) -> Checkup:
    one = checkup.find(world.ports, "main", "shop-1", "backfill")
    assert one is not None
    return one


def looks(site: Site) -> list[str]:
    return [one for one in site.calls if one.startswith("GET orders/")]


def test_ninety_days_of_breached_orders_pull_no_lever_and_page_nobody() -> None:
    world, site = shop(days=90)
    one = fill(world)
    assert (one.state, one.told["found"], one.told["asked"], one.told["refused"]) == ("done", 180, 180, 0)
    assert one.told["until"] == show(T0)
    old = world.case("order/80-1")
    assert old.ledger.clocks["ship-by"].status is Status.BREACHED
    assert not old.ledger.actions, "judged, and nothing planned"
    assert all(step.observed for step in old.ledger.steps.values())
    assert [event["subject"] for event in world.told() if event["type"].endswith("breached")] == []
    assert not world.told("clock.storm") and not world.told("step"), "neither one by one nor as a storm"
    assert not any(call.method == "POST" for call in world.shop.calls), "no lever, and no subscriber was called"
    assert set(looks(site)) == {f"GET orders/{ident}" for ident in site.orders}


def test_what_falls_due_afterwards_is_acted_on_and_told_as_ever() -> None:
    world, _ = shop(days=90)
    fill(world)
    world.pass_time(timedelta(hours=26))
    late = world.case("order/0-0")
    assert [one["subject"] for one in world.told("clock.breached")] == ["order/0-1", "order/0-0"]
    assert "tag:done" in states(late)
    assert not world.case("order/50-0").ledger.actions
    assert not [action for action in late.ledger.actions.values() if action.hold], "the past counts for no storm"


def test_no_page_overlap_is_asked_about_twice() -> None:
    world, site = shop(days=3 * PAGE, each=1)
    one = fill(world)
    assert one.told["found"] == 3 * PAGE and len(looks(site)) == 3 * PAGE
    assert len([call for call in site.calls if call.startswith("GET changed/")]) > 3


def test_a_crash_repeats_little_and_loses_nothing() -> None:
    world, site = shop(days=60, each=1)
    site.faults = [0] * 25 + [RuntimeError("killed")] + [0] * 20 + [Unsent("down")] * 3
    fill(world)
    assert found(world).state == "going"
    world.pass_time(timedelta(minutes=5))
    one = found(world)
    assert (one.state, one.told["found"], one.told["asked"]) == ("done", 60, 60)
    found_cases = filter(None, map(world.table.read, world.table.keys()))
    assert {f"shop-1:order/{ident}" for ident in site.orders} == {one.case_id.local for one in found_cases}
    assert len(looks(site)) <= 60 + PAGE + 4


def test_messages_that_come_twice_do_not_count_twice() -> None:
    world, site = shop(days=30, each=1)
    checkup.ask(world.ports, "main", "shop-1", "backfill", {"since": show(T0 - 90 * DAY)})
    for _ in range(3):
        world.ports.actions.send([Message(write_task(LookAt("main", "shop-1", checkup.subject("backfill"))))])
    world.run()
    assert (found(world).told["found"], found(world).told["asked"]) == (30, 30)
    calls = len(site.calls)
    fill(world, T0 - 90 * DAY + timedelta(seconds=1))
    assert found(world).told["found"] == 30, "again is possible, and finds the same"
    assert len(site.calls) > calls


def test_throttling_is_waited_out_and_told() -> None:
    world, site = shop(days=10, each=1)
    site.faults = [0, 0, 0, 429]
    one = fill(world)
    assert one.state == "going" and "again in 7 s" in one.words
    assert (one.told["found"], one.told["asked"]) == (10, 2), "how far it is"
    world.pass_time(timedelta(minutes=1))
    assert found(world).told["asked"] == 10


def test_one_that_is_never_answered_for_is_left_out_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    world, site = shop(days=5, each=1)
    site.faults = [0, 404]
    one = fill(world)
    assert (one.told["asked"], one.told["refused"]) == (4, 1) and "1 refused" in one.words
    assert "backfill_left_out" in capsys.readouterr().out
    site.faults = [0] + [Unsent("down")] * 8
    fill(world, T0 - 80 * DAY)
    world.pass_time(timedelta(minutes=15))
    assert (found(world).told["asked"], found(world).told["refused"]) == (4, 1)


def test_one_that_was_given_up_goes_on_where_it_was() -> None:
    world, site = shop(days=3 * PAGE, each=1)
    # The first page and all it names; then the shop is gone for hours.
    site.faults = [0] * (PAGE + 1) + [Unsent("down")] * 12
    fill(world)
    world.pass_time(timedelta(hours=3))
    one = found(world)
    assert one.state == "failed" and one.told["asked"] == PAGE
    site.calls.clear()
    assert fill(world).state == "done"
    assert found(world).told["asked"] == 3 * PAGE
    assert len([one for one in set(looks(site)) if int(one.partition("/")[2].split("-")[0]) > 1]) <= 2 * PAGE


def test_a_shop_that_will_not_be_asked_what_changed_says_so() -> None:
    world, site = shop(days=1)
    site.faults = [403]
    one = fill(world)
    assert one.state == "failed" and "http 403" in one.words and "rights" in one.mend
