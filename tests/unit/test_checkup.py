"""What is asked of a platform on a person's behalf: carried out by `act`, answered in a record, in words; repeated,
lost and throttled questions do no harm."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.flow import checkup
from chalicelib.flow.checkup import Checkup
from chalicelib.flow.messages import LookAt, write_task
from chalicelib.ops.doctor import examine
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.stores import Message
from tests.support.keeper import HOOKS, change, connection, settled
from tests.support.world import SECRET, T0, TOKEN, World

MINUTE = timedelta(minutes=1)
OURS = f"{HOOKS}/hooks/{TOKEN}"


def ask(world: World, task: str, **said: Any) -> Checkup:
    """Ask, let time pass until it has ended, and give what is known then."""
    checkup.ask(world.ports, "main", "shop-1", task, said)
    world.run()
    return found(world, task)


def found(world: World, task: str) -> Checkup:
    one = checkup.find(world.ports, "main", "shop-1", task)
    assert one is not None
    return one


def findings(world: World, check: str) -> list[dict[str, Any]]:
    return [one for one in examine(world.ports, connection(world)) if one["check"] == check]


def test_a_probe_tells_rights_versions_and_how_far_the_clocks_are_apart() -> None:
    world, site = settled()
    site.skew = timedelta(seconds=-90)
    site.rights = ["read_orders"]
    one = ask(world, "probe")
    assert (one.state, one.told["granted"], one.told["missing"]) == (
        "done", ["read_orders"], {"write_holds": "hold, release"},
    )  # fmt: skip
    assert one.told["skew"] == -90
    assert findings(world, "rights")[0]["bad"] and "write_holds" in findings(world, "rights")[0]["found"]
    assert findings(world, "clock")[0]["bad"] and "90 s behind" in findings(world, "clock")[0]["found"]
    site.skew, site.rights = timedelta(seconds=-50), ["read_orders", "write_holds"]
    ask(world, "probe")
    assert not findings(world, "clock")[0]["bad"], "a minute is borne"
    assert not findings(world, "rights") and not findings(world, "access")[0]["bad"]


def test_what_a_platform_says_of_itself_reaches_no_terminal_as_it_is() -> None:
    world, site = settled()
    site.rights = ["read_orders", "write_holds", "\x1b]0;owned\x07" + "x" * 9000]
    site.hooks = {"a": {"url": OURS, "topic": "orders\x1b[2J\u202e", "state": "stopped"}}
    kept = json.dumps([ask(world, task).told for task in ("probe", "subscriptions")], ensure_ascii=False)
    assert kept.isprintable() and len(kept) < 2000 and "]0;owned" in kept


def test_the_last_orders_propose_a_mapping_and_ten_are_read_under_it() -> None:
    world, site = settled()
    site.orders = {str(n): (T0 - n * MINUTE, "sent" if n % 2 else "packed") for n in range(1, 31)}
    one = ask(world, "sample")
    assert one.told["places"] == {"status:sent": 15, "status:packed": 15}
    assert one.told["mapping"] == {"order.shipped": ["status:sent"]}
    assert [row["subject"] for row in one.told["preview"]] == [f"order/{n}" for n in range(1, 11)]
    names = [[mark["mark"] for mark in row["marks"]] for row in one.told["preview"]]
    assert names[:2] == [["order.placed", "order.shipped"], ["order.placed"]]
    assert not connection(world).mapping, "what is proposed is not taken"
    given = ask(world, "sample", mapping={"order.shipped": ["status:packed"]}, preview=2)
    assert [len(row["marks"]) for row in given.told["preview"]] == [1, 2], "read as the given one says"


def test_a_place_of_the_mapping_that_no_order_shows_is_found() -> None:
    world, site = settled(mapping={"order.shipped": ("status:gone",), "order.paid": ("status:sent",)})
    site.orders = {"1": (T0, "sent")}
    ask(world, "sample", preview=0)
    (one,) = findings(world, "mapping")
    assert one["bad"] and "order.shipped" in one["found"] and "status:gone" in one["found"]


def test_subscriptions_are_listed_mended_and_found_by_the_doctor() -> None:
    world, site = settled()
    site.hooks = {
        "a": {"url": OURS, "topic": "orders", "state": "stopped"},
        "x": {"url": "https://elsewhere.example/x", "topic": "refunds", "state": "stopped"},
    }
    listed = ask(world, "subscriptions", mend=False)
    assert (listed.told["ours"], listed.told["stopped"], listed.told["missing"]) == (
        1,
        ["orders"],
        ["orders", "refunds"],
    )
    assert [one["bad"] for one in findings(world, "subscriptions")] == [True, True]
    mended = ask(world, "subscriptions", mend=True)
    assert (mended.told["ours"], mended.told["missing"], mended.told["stopped"]) == (2, [], [])
    assert site.hooks["x"]["state"] == "stopped", "what goes elsewhere is let be"
    assert [one["bad"] for one in findings(world, "subscriptions")] == [False]
    assert ask(world, "subscriptions", mend=True).told["ours"] == 2, "nothing is made twice"


def test_a_trial_goes_the_whole_way() -> None:
    world, _ = settled()
    one = ask(world, "trial")
    assert (one.state, one.told["door"]) == ("done", 202)
    assert one.told["arrived"] == show(T0)
    assert not findings(world, "trial")[0]["bad"]
    world.clock.advance(MINUTE)
    checkup.ask(world.ports, "main", "shop-1", "trial", {})
    assert "arrived" not in found(world, "trial").told, "an earlier arrival says nothing of this one"


REFUSED = [
    ({"hook": b""}, "does not know its own address", "--new-address", "made before the address was kept"),
    ({"active": False}, "switched off", "active", "its door is closed"),
    ({"secrets": ()}, "no secret", "redress rotate shop-1", "nothing to sign with"),
    ({"token_hash": "0" * 64}, "the door answered 401", "redress rotate shop-1", "another address is live"),
]


@pytest.mark.parametrize(("parts", "words", "mend", "why"), REFUSED)
def test_a_trial_that_cannot_be_made_says_why(parts: dict[str, Any], words: str, mend: str, why: str) -> None:
    world, _ = settled()
    change(world, **parts)
    one = ask(world, "trial")
    assert one.state == "failed" and words in one.words and mend in one.mend, why
    assert TOKEN not in str(one) and SECRET not in str(one)


def test_a_delivery_that_is_lost_behind_the_door_is_missed() -> None:
    world, _ = settled()
    checkup.ask(world.ports, "main", "shop-1", "trial", {})
    (held,) = world.queues["actions"].receive(10)
    world.consumers["actions"]([(held.id, held.body)])
    world.clock.advance(3 * MINUTE)
    assert "arrived" not in found(world, "trial").told
    assert findings(world, "trial")[0]["bad"]


@pytest.mark.parametrize("task", ["probe", "sample", "subscriptions", "trial", "renew", "leave"])
def test_what_a_platform_does_not_offer_is_said(task: str) -> None:
    world, _ = settled("plain")
    one = ask(world, task)
    assert (one.state, one.told["offered"]) == ("done", False)
    assert "plain" in one.words


def test_leaving_removes_ours_alone_and_bears_repetition() -> None:
    world, site = settled()
    ask(world, "subscriptions", mend=True)
    site.hooks["x"] = {"url": "https://elsewhere.example/x", "topic": "orders", "state": "on"}
    for _ in range(2):
        assert ask(world, "leave").state == "done"
        assert list(site.hooks) == ["x"]


def test_a_platform_that_is_busy_is_asked_again() -> None:
    world, site = settled()
    site.faults = [429, Unsent("refused"), Uncertain("time-out"), 0]
    one = ask(world, "probe")
    assert one.state == "going" and "again in 7 s" in one.words
    world.pass_time(MINUTE)
    assert found(world, "probe").state == "done"


def test_a_platform_that_stays_away_is_given_up_in_words() -> None:
    world, site = settled()
    site.faults = [Unsent("refused")] * 20
    ask(world, "probe")
    world.pass_time(10 * MINUTE)
    one = found(world, "probe")
    assert (one.state, one.words) == ("failed", "gave up: it cannot be reached, refused") and "address" in one.mend
    assert len(site.calls) == 6
    assert findings(world, "access")[0]["bad"]


def test_a_shop_that_is_slow_is_asked_in_runs_that_end() -> None:
    world, site = settled()
    site.hooks = {f"h{n}": {"url": OURS, "topic": "orders", "state": "stopped"} for n in range(8)}
    taken: list[float] = []

    def slow(call: Call) -> Reply:
        taken.append(call.timeout)
        world.clock.advance(timedelta(seconds=min(9.0, call.timeout)))
        return site.send(call)

    world.shop.answer = slow
    one = ask(world, "subscriptions", mend=True)
    assert (one.state, one.words) == (
        "going",
        "no answer, its answers took more than 40 s in all: asked again in 5 s",
    )
    assert sum(taken) > 40 and min(taken) < 5, "the last one got what was left"
    for _ in range(20):
        world.pass_time(MINUTE)
    assert found(world, "subscriptions").state == "done"
    assert {hook["state"] for hook in site.hooks.values()} == {"on"}


def test_a_refusal_says_where_to_look() -> None:
    world, site = settled()
    site.faults = [403]
    one = ask(world, "probe")
    assert one.state == "failed" and "http 403" in one.words and "rights" in one.mend


def test_a_fault_of_ours_is_told_and_not_repeated_for_ever(capsys: pytest.CaptureFixture[str]) -> None:
    world, site = settled()
    site.faults = [RuntimeError("canary")] * 20
    ask(world, "probe")
    world.pass_time(10 * MINUTE)
    one = found(world, "probe")
    assert one.state == "failed" and "checkup_failed" in one.words
    assert "canary" not in capsys.readouterr().out + str(one)
    assert not world.dead.waiting()


def test_a_message_without_a_question_does_nothing() -> None:
    world, site = settled()
    ask(world, "probe")
    site.calls.clear()
    for task in ("probe", "leave", "backfill"):
        body = write_task(LookAt("main", "shop-1", checkup.subject(task)))
        world.ports.actions.send([Message(body)])
    world.run()
    assert not site.calls, "the record decides: one has ended, the others were never asked"


def test_the_same_question_is_not_asked_twice_while_it_is_answered() -> None:
    world, site = settled()
    for _ in range(3):
        checkup.ask(world.ports, "main", "shop-1", "probe", {})
    world.run()
    assert site.calls == ["GET me"]
    # A message that was lost: nothing moved for long, so it is asked for anew.
    checkup.ask(world.ports, "main", "shop-1", "probe", {})
    world.queues["actions"].receive(10)
    world.clock.advance(checkup.STALE + MINUTE)
    ask(world, "probe")
    assert found(world, "probe").ended


def test_one_shops_connections_look_is_no_task() -> None:
    assert checkup.task_of(Subject("connection", "checkup:probe")) == "probe"
    for other in (
        Subject("order", "checkup:probe"),
        Subject("connection", "checkup:x"),
        Subject("connection", "probe"),
    ):
        assert checkup.task_of(other) == ""


def test_no_secret_is_ever_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    world, site = settled()
    site.orders = {"1": (T0, "sent")}
    for task in checkup.TASKS[:-1]:
        ask(world, task, **({"mend": True} if task == "subscriptions" else {}))
    kept = json.dumps([dict(one.data) for one in world.ports.records("main").query(checkup.KIND)])
    for canary in (TOKEN, SECRET, "canary-key"):
        assert canary not in kept + capsys.readouterr().out
