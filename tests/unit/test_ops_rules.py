"""What the ops API brings about: rules that run."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count, islice
from typing import Any, cast

import pytest

from chalicelib.core.instants import show
from chalicelib.core.words import Status
from chalicelib.ops import audit, policies
from chalicelib.ops.wrong import Clash
from chalicelib.ports.ports import GivenPorts, Ports
from chalicelib.ports.stores import Records
from tests.support.opsdesk import POLICY
from tests.support.opsshop import HOUR, connected, send
from tests.support.world import SECRET, T0, World, placed, states


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
