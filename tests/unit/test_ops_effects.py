"""What the ops API brings about: rules that run, actions that go or stay, deliveries that are read after all."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count, islice
from typing import Any, cast

import pytest

from chalicelib.core import actions
from chalicelib.core.calls import Call, Reply
from chalicelib.core.case import CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import EPOCH, show
from chalicelib.core.signing import signed_headers, verify
from chalicelib.core.words import ActionState, Status
from chalicelib.flow import purse, quarantine
from chalicelib.ops import audit, policies
from chalicelib.ops.wrong import Clash
from chalicelib.ports.memory import MemoryRecords
from chalicelib.ports.ports import GivenPorts, Ports
from chalicelib.ports.stores import Message, Record, Records
from tests.support.opsdesk import POLICY, Ops, case_path, each_break
from tests.support.world import SECRET, T0, World, event, placed, states

HOUR = timedelta(hours=1)
ACT = {"all": "act"}
URLS = {"actions_url": "https://shop.example/actions", "look_url": "https://shop.example/look"}


def connected(modes: Mapping[str, str] = ACT, policy: str = POLICY, **more: Any) -> tuple[World, Ops, Any]:
    """A world whose one store was connected through the API."""
    world = World()
    world.shop.answer = nothing_new
    ops = Ops(world)
    said = {"platform": "standard", "options": URLS, "modes": dict(modes), "secret": SECRET, **more}
    made = ops.must("POST", "/connections/shop-1", said)
    if policy:
        ops.must("POST", "/policies", {"yaml": policy})
    return world, ops, made


def nothing_new(call: Call) -> Reply:
    return Reply(200, {}, b"[]" if call.url.endswith("/look") else b'{"state": "done"}')


def send(world: World, made: Any, told: dict[str, Any], secret: str) -> int:
    """Deliver to the address that the API gave, signed with `secret`; the status of the answer."""
    token = made["url"].rpartition("/")[2]
    body = json.dumps(told).encode()
    answer = world.request(body, signed_headers("msg_1", world.clock.now(), body, secret), token)
    return int(answer["statusCode"])


# ---- policies ----


def test_an_activated_rule_runs_on_the_next_delivery() -> None:
    world, ops, made = connected(policy="")
    assert send(world, made, placed("early"), SECRET) == 202
    world.run()
    assert world.case("order/early").ledger.clocks == {}
    world.pass_time(HOUR)
    told = ops.must("POST", "/policies", {"yaml": POLICY, "at": show(world.clock.now())}, "ops")
    assert (told["version"], told["unchanged"], told["warnings"]) == ("house@1", False, [])
    world.pass_time(timedelta(seconds=11))
    assert send(world, made, placed("1001", world.clock.now()), SECRET) == 202
    world.run()
    assert world.case("order/1001").ledger.clocks["ship-1d"].status is Status.RUNNING
    world.pass_time(26 * HOUR)
    assert states(world.case("order/1001")) == ["tag:done", "penalise:done"]
    assert world.case("order/early").ledger.clocks == {}, "its clock would have started before the rule was in force"
    assert [one["data"]["version"] for one in world.told("policy.activated")] == ["house@1"]


def test_the_same_rules_again_change_nothing() -> None:
    _, ops, _ = connected()
    again = ops.must("POST", "/policies", {"yaml": POLICY + "\n# a remark\n"})
    assert (again["version"], again["unchanged"]) == ("house@1", True)
    assert len(ops.must("GET", "/policies")["policies"][0]["activations"]) == 1


def test_a_rollback_judges_new_clocks_and_leaves_running_ones_alone() -> None:
    world, ops, made = connected()
    shorter = POLICY.replace("hours: 24", "hours: 2")
    world.pass_time(HOUR)
    assert ops.must("POST", "/policies", {"yaml": shorter})["version"] == "house@2"
    world.pass_time(timedelta(minutes=1))
    send(world, made, placed("second", world.clock.now()), SECRET)
    world.pass_time(timedelta(minutes=1))
    back = ops.must("POST", "/policies/house/rollback", {"to": 1})
    assert (back["version"], back["unchanged"]) == ("house@1", False)
    world.pass_time(timedelta(minutes=1))
    send(world, made, placed("third", world.clock.now()), SECRET)
    world.run()
    clocks = {name: world.case(f"order/{name}").ledger.clocks["ship-1d"] for name in ("second", "third")}
    assert {name: (one.version, one.due - one.start if one.due else None) for name, one in clocks.items()} == {
        "second": ("house@2", 2 * HOUR),
        "third": ("house@1", 24 * HOUR),
    }
    listed = ops.must("GET", "/policies")["policies"][0]
    assert (listed["in_force"], [one["number"] for one in listed["activations"]]) == (1, [1, 2, 1])
    assert ops.must("POST", "/policies/house/rollback", {"to": 1})["unchanged"] is True
    assert world.told("policy.rolled_back")[0]["data"]["version"] == "house@1"


def test_a_version_can_be_read_as_it_was_written() -> None:
    _, ops, _ = connected()
    shown = ops.must("GET", "/policies/house/1")
    assert shown["yaml"] == POLICY and shown["compiled"]["rules"][0]["id"] == "ship-1d"


@pytest.mark.parametrize(
    ("at", "retroactive", "status", "why"),
    [
        (T0 - HOUR, False, 400, "it would judge clocks anew that started under the version before"),
        (T0 - HOUR, True, 409, "that is what retroactive says; it waits for a yes"),
        (T0 + HOUR, False, 201, "planned ahead"),
        (T0, False, 201, "now"),
    ],
)
def test_an_activation_in_the_past_must_say_so(at: Any, retroactive: bool, status: int, why: str) -> None:
    _, ops, _ = connected()
    said = {"yaml": POLICY.replace("24", "12"), "at": show(at), "retroactive": retroactive}
    assert ops.ask("POST", "/policies", said)[0] == status, why


@pytest.mark.parametrize(("at", "judged"), [(None, True), (T0 - 48 * HOUR, True), (T0 - HOUR, False)])
def test_the_first_version_judges_what_began_before_but_acts_on_nothing_of_it(at: Any, judged: bool) -> None:
    world, ops, made = connected(policy="")
    told = ops.must("POST", "/policies", {"yaml": POLICY, "at": at and show(at)})
    assert told["at"] == (at and show(at))
    send(world, made, placed(at=T0 - 30 * HOUR), SECRET)
    world.run()
    case = world.case("order/1001")
    assert [one.status for one in case.ledger.clocks.values()] == [Status.BREACHED] * judged
    assert world.shop.calls == [] and case.ledger.actions == {}


def test_a_later_version_without_an_instant_judges_what_begins_from_now_on() -> None:
    _, ops, _ = connected()
    assert ops.must("GET", "/policies")["policies"][0]["activations"][0]["at"] is None
    assert ops.must("POST", "/policies", {"yaml": POLICY.replace("24", "12")})["at"] == show(T0)


def test_levers_that_a_connected_platform_lacks_are_told() -> None:
    _, ops, _ = connected(policy="")
    said = {"platform": "shopify", "address": "demo.myshopify.com", "secret": "shpss-0123456789"}
    ops.must("POST", "/connections/demo", said)
    levers = {one["action"] for one in ops.must("GET", "/connections/demo")["offers"]["levers"]}
    missing = next(one for one in ("suspend", "remind_seller", "delist", "message_buyer") if one not in levers)
    told = ops.must("POST", "/policies", {"yaml": POLICY.replace("{tag: late}", missing)})
    warned = {"connection": "demo", "platform": "shopify", "rule": "ship-1d", "step": "breach", "action": missing}
    assert told["warnings"] == [{**warned, "nearest": "delist"}]


class Racing:
    """The records, with a rival's activation just before each write of the list, as long as there are rivals."""

    def __init__(self, world: World, rivals: Iterable[str]) -> None:
        self._ports, self._real, self._rivals = world.ports, world.ports.records("main"), iter(rivals)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def put(self, kind: str, sort: str, *args: Any, **more: Any) -> int:
        if (kind, sort) == ("policies", "active"):
            for rival in islice(self._rivals, 1):
                policies.activate(self._ports, "main", rival)
        return self._real.put(kind, sort, *args, **more)


def raced(world: World, rivals: Iterable[str]) -> Ports:
    racing = cast(Records, Racing(world, rivals))
    return replace(cast(GivenPorts, world.ports), records=lambda account: racing)


def test_two_activations_at_once_never_share_a_number() -> None:
    """What the loser wrote stays its own: the winner's number never names the loser's rules."""
    world, rival = World(), POLICY.replace("24", "12")
    done = policies.activate(raced(world, [rival]), "main", POLICY)
    numbers = [one["number"] for one in policies.listed(world.ports, "main")[0]["activations"]]
    assert (done.version, numbers) == ("house@1", [2, 1])
    written = {n: policies.show_version(world.ports, "main", "house", n)["yaml"] for n in numbers}
    assert written == {1: POLICY, 2: rival}


def test_an_activation_that_never_wins_says_so() -> None:
    world = World()
    with pytest.raises(Clash):
        policies.activate(raced(world, (POLICY.replace("24", str(n)) for n in count(30))), "main", POLICY)
    newest = audit.entries(world.ports, "main")
    assert sum(one["outcome"] == "failed" for one in newest) == 1


# ---- held actions ----


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


# ---- stop, go, quarantine, dead letters ----


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


# ---- connections and subscribers ----


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


# ---- cases ----


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
