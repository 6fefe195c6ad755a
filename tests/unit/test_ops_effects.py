"""What the ops API brings about: all stopped and set going, deliveries read after all, stores and subscribers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from chalicelib.core.instants import show
from chalicelib.core.signing import verify
from chalicelib.core.words import Status
from chalicelib.flow import quarantine
from chalicelib.ops import audit
from chalicelib.ports.memory import MemoryRecords
from chalicelib.ports.ports import GivenPorts
from chalicelib.ports.stores import Message, Record
from tests.support.opsdesk import case_path
from tests.support.opsshop import HOUR, URLS, connected, send
from tests.support.world import SECRET, T0, World, placed, states


def test_stop_holds_actions_while_clocks_run_on_and_go_lets_them_go() -> None:
    for what in ("*", "connection:shop-1", "rule:ship-1d"):
        world, ops, made = connected()
        assert ops.must("POST", "/stop", {"what": what}, "ops") == {"stopped": [what]}
        send(world, made, placed(), SECRET)
        world.pass_time(26 * HOUR)
        assert world.case("order/1001").ledger.clocks["ship-1d"].status is Status.BREACHED
        assert world.shop.calls == []
        assert ops.must("GET", "/stopped") == {"stopped": [what]}
        assert ops.must("POST", "/go", {"what": what}, "ops") == {"stopped": []}
        world.pass_time(timedelta(minutes=6))
        assert states(world.case("order/1001")) == ["tag:done", "penalise:done"], what


def test_a_replay_reads_what_could_not_be_read_before() -> None:
    world, ops, made = connected(policy="")
    told = placed() | {"facts": {"parcels_due": "2"}}
    told["marks"].append({"name": "order.weighed", "at": show(T0)})
    broken = placed("1002") | {"occurred_at": "yesterday"}
    assert send(world, made, broken, SECRET) == 202
    world.run()
    listed = ops.must("GET", "/quarantine", connection="shop-1")["quarantine"]
    assert [(one["connection"], one["field"]) for one in listed] == [("shop-1", "occurred_at")]
    assert ops.must("POST", "/quarantine/replay", {"connection": "shop-1"}, "ops") == {"replayed": 1}
    assert ops.must("GET", "/quarantine")["quarantine"] == []
    world.run()
    assert len(ops.must("GET", "/quarantine")["quarantine"]) == 1, "nothing was fixed, so it is back"


def test_a_replay_of_much_goes_on_where_a_part_ended_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST", 3)
    world, ops, made = connected(policy="")
    for number in range(7):
        assert send(world, made, placed(str(number)) | {"occurred_at": "yesterday"}, SECRET) == 202
    world.run()
    parts, cursor = list[int](), ""
    while not parts or cursor:
        told = ops.must("POST", "/quarantine/replay", {"cursor": cursor}, "ops")
        # What still cannot be read is back before the next part is asked for.
        world.run()
        parts, cursor = [*parts, told["replayed"]], told.get("cursor", "")
    assert parts == [3, 3, 1]
    assert len(ops.must("GET", "/quarantine")["quarantine"]) == 7


def test_dead_letters_are_counted_and_put_back() -> None:
    world, ops, _ = connected()
    world.dead.send([Message('{"a":"main","c":"shop-1","events":[]}') for _ in range(12)])
    assert ops.must("GET", "/dlq", role="auditor")["dlq"]["inbox"] == 12
    assert ops.must("POST", "/dlq/inbox/redrive", {}, "ops") == {"redriven": 12}
    assert ops.must("GET", "/dlq")["dlq"]["inbox"] == 0
    assert len(world.queues["inbox"]) == 12
    world.run()
    assert ops.ask("POST", "/dlq/project/redrive", {})[0] == 409, "nothing takes them here"


def test_a_rotation_rejects_no_delivery_and_the_old_secret_ends_in_time() -> None:
    world, ops, made = connected()
    new = ops.must("POST", "/connections/shop-1/rotate", {"overlap_hours": 2}, "ops")
    assert "url" not in new and new["secret"] != SECRET
    assert send(world, made, placed("at-once"), SECRET) == 202, "the shop still signs with the old one"
    world.pass_time(timedelta(seconds=61))
    for ident, secret in (("old", SECRET), ("new", new["secret"])):
        assert send(world, made, placed(ident, world.clock.now()), secret) == 202
    world.pass_time(2 * HOUR)
    assert send(world, made, placed("late"), SECRET) == 401
    assert send(world, made, placed("late"), new["secret"]) == 202
    assert [one["until"] for one in ops.must("GET", "/connections/shop-1")["secrets"]] == [None, show(T0 + 2 * HOUR)]


def test_our_own_calls_are_signed_with_every_live_secret() -> None:
    world, ops, made = connected()
    new = ops.must("POST", "/connections/shop-1/rotate", {"overlap_hours": 48})
    send(world, made, placed(), SECRET)
    world.pass_time(25 * HOUR)
    call, _ = [one for one in world.shop.calls if one.url.endswith("/actions")]
    for secret in (SECRET, new["secret"]):
        assert verify(call.headers, call.body, [secret], world.clock.now(), 24 * HOUR) is None


def test_a_rotation_on_a_rotation_keeps_what_is_live_and_drops_what_is_not() -> None:
    world, ops, made = connected()
    first = ops.must("POST", "/connections/shop-1/rotate", {"overlap_hours": 3})
    world.pass_time(HOUR)
    ops.must("POST", "/connections/shop-1/rotate", {"overlap_hours": 24})
    untils = [one["until"] for one in ops.must("GET", "/connections/shop-1")["secrets"]]
    assert untils == [None, show(T0 + 25 * HOUR), show(T0 + 3 * HOUR)], "an end once named is never put off"
    world.pass_time(3 * HOUR)
    ops.must("POST", "/connections/shop-1/rotate", {"overlap_hours": 0})
    assert [one["until"] for one in ops.must("GET", "/connections/shop-1")["secrets"]] == [None]
    world.pass_time(timedelta(seconds=61))
    for secret in (SECRET, first["secret"]):
        assert send(world, made, placed("x"), secret) == 401


def test_a_leaked_address_is_replaced() -> None:
    world, ops, made = connected()
    new = ops.must("POST", "/connections/shop-1/rotate", {"new_address": True})
    world.pass_time(timedelta(seconds=61))
    assert new["url"].startswith("https://hooks.example/hooks/main.shop-1.")
    assert send(world, made, placed("x"), new["secret"]) == 401
    assert send(world, new, placed("x"), new["secret"]) == 202


def test_a_closed_connection_refuses_and_opens_again() -> None:
    world, ops, made = connected()
    send(world, made, placed(), SECRET)
    assert ops.must("DELETE", "/connections/shop-1")["active"] is False
    world.pass_time(timedelta(seconds=61))
    assert send(world, made, placed("x"), SECRET) == 401
    assert ops.must("GET", case_path("order/1001"))["clocks"][0]["status"] == "running"
    ops.must("PATCH", "/connections/shop-1", {"active": True})
    world.pass_time(timedelta(seconds=61))
    assert send(world, made, placed("x"), SECRET) == 202


def test_a_new_connection_observes_and_acts_on_nothing_of_before() -> None:
    world, ops, made = connected({})
    shown = ops.must("GET", "/connections/shop-1")
    assert set(shown["modes"].values()) == {"observe"} and shown["acts_from"] == show(T0)
    send(world, made, placed(at=T0), SECRET)
    world.pass_time(26 * HOUR)
    assert world.case("order/1001").ledger.actions == {} and world.told("clock.breached")
    changed = ops.must("PATCH", "/connections/shop-1", {"modes": {"shop": "act"}, "options": {"look_url": ""}})
    assert (changed["modes"]["shop"], changed["modes"]["money"]) == ("act", "observe")
    assert changed["options"] == {"actions_url": URLS["actions_url"]}


def test_a_subscriber_is_told_what_it_asked_for_signed_with_its_secret() -> None:
    world, ops, made = connected()
    told = ops.must("POST", "/subscribers", {
        "name": "pager", "url": "https://alerts.example/in", "types": ["redress.clock.breached"]
    })  # fmt: skip
    send(world, made, placed(), SECRET)
    world.pass_time(25 * HOUR)
    posts = [one for one in world.shop.calls if one.url == "https://alerts.example/in"]
    assert [json.loads(one.body)["type"] for one in posts] == ["redress.clock.breached"]
    assert verify(posts[0].headers, posts[0].body, [told["secret"]], world.clock.now(), 24 * HOUR) is None
    assert ops.ask("POST", "/subscribers", {"name": "pager", "url": "https://alerts.example/in"})[0] == 409
    ops.must("DELETE", "/subscribers/pager")
    assert ops.must("GET", "/subscribers") == {"subscribers": []}


def test_a_case_shows_what_happened_and_why_but_never_the_buyer() -> None:
    world, ops, made = connected()
    ident = "A/1 %2F|x"
    send(world, made, placed(ident, seller="s-17", buyer="b-9", country="CN"), SECRET)
    world.pass_time(26 * HOUR)
    shown = ops.must("GET", case_path(f"order/{ident}"), role="auditor")
    assert shown["case"] == f"shop-1:order/{ident}"
    assert [(one["clock"], one["status"], one["due"]) for one in shown["clocks"]] == [
        ("ship-1d", "breached", show(T0 + 24 * HOUR))
    ]
    assert [one["step"] for one in shown["steps"]] == ["breach", "fine"]
    assert [one["action"] for one in shown["actions"]] == ["tag", "penalise"]
    assert {one["name"] for one in shown["facts"]} == {"seller", "country"}
    assert "b-9" not in json.dumps(shown)
    assert ops.must("GET", "/cases/shop-1/order/-", id=ident) == shown, "for gateways that stumble over the path"
    told = ops.must("GET", "/explain" + case_path(f"order/{ident}").removeprefix("/cases") + "/ship-1d")
    assert (told["due"], told["rule"]) == (show(T0 + 24 * HOUR), "ship-1d")
    assert [(one["from"], one["to"], one["counted"]) for one in told["intervals"]] == [
        (show(T0), show(T0 + 24 * HOUR), True)
    ]


def test_the_newest_changes_are_found_without_reading_all_that_ever_was() -> None:
    world = World()
    for _ in range(40):
        with audit.journalled(world.ports, "main", "alice", "stop", "*"):
            world.clock.advance(timedelta(hours=6))
    read: list[str] = []

    class Counted(MemoryRecords):
        """Notes what is read of it."""

        def query(self, kind: str, prefix: str = "", after: str = "") -> Iterator[Record]:
            for record in super().query(kind, prefix, after):
                read.append(record.sort)
                yield record

    ports = replace(cast(GivenPorts, world.ports), records=lambda account: Counted(account, world.clock, world.rows))
    newest = audit.entries(ports, "main", 3)
    assert [one["at"] for one in newest] == [show(T0 + timedelta(hours=6 * n)) for n in (39, 38, 37)]
    assert len(read) < 10
    assert len(audit.entries(ports, "main", 1000)) == 40
    assert audit.entries(ports, "main", 5, "go") == []
