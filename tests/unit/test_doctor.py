"""What the doctor finds from what is stored, and that each finding says how to mend it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.core.calls import Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import to_ms
from chalicelib.flow import breaker, credentials
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.flow.silence import KIND, LEARN, sort_of
from chalicelib.ops import policies
from chalicelib.ops.doctor import examine
from chalicelib.platforms.base import Command
from chalicelib.ports.ports import SYSTEM
from chalicelib.ports.stores import Connection
from tests.support.opsdesk import POLICY
from tests.support.world import SECRET, T0, World


def checks(world: World, one: Connection) -> dict[str, dict[str, Any]]:
    found = examine(world.ports, one)
    assert all(check["bad"] is bool(check["mend"]) for check in found)
    assert SECRET not in str(found)
    return {check["check"]: check for check in found}


def heard(world: World, silent: bool) -> None:
    at = to_ms(T0)
    data = {"last": at, "gap": 600_000, "gaps": LEARN, "silent": at if silent else 0, "asked": at, "good": at}
    world.ports.records(SYSTEM).put(KIND, sort_of("main", "shop-1"), data)


def test_a_connection_that_is_well() -> None:
    world = World()
    one = world.connect()
    heard(world, silent=False)
    assert [name for name, check in checks(world, one).items() if check["bad"]] == []


def test_what_is_wrong_is_named() -> None:
    world = World()
    one = world.connect("shopify", options={"api_version": "2025-01"}, address="demo.myshopify.com")
    heard(world, silent=True)
    world.ports.records("main").put("quarantine", "shop-1|d-1", {"field": "created_at"})
    until = T0 + timedelta(days=1)
    broken = replace(
        one, active=False, credentials=b"", secrets=tuple(replace(each, until=until) for each in one.secrets)
    )
    found = checks(world, broken)
    assert {name for name, check in found.items() if check["bad"]} == {
        "door", "secrets", "silence", "credentials", "version", "quarantine",
    }  # fmt: skip


def test_levers_that_rules_in_force_ask_for_in_vain_are_named() -> None:
    world = World()
    one = world.connect()
    policies.activate(world.ports, "main", POLICY.replace("{tag: late}", "{tag: late}, suspend"))
    assert "levers" not in checks(world, one), "its own endpoint does whatever is asked"
    bare = replace(one, options={})
    told = checks(world, bare)["levers"]
    assert not told["bad"]
    assert told["found"].endswith("so refused: suspend (ship-1d); tag (ship-1d)")
    shop = replace(one, platform="shopify", address="demo.myshopify.com", options={})
    assert checks(world, shop)["levers"]["found"].endswith("so refused: suspend (ship-1d)")


def test_a_shop_that_is_left_alone_is_named_with_the_reason() -> None:
    world = World()
    one = world.connect()
    lever, command = adapter_of(one).levers["tag"], Command("k", "tag", Subject("order", "1"), {"tag": "late"})
    for answer, bad in ((Reply(429, {"retry-after": "60"}, b""), False), (Reply(503, {}, b""), True)):
        world.shop.answer = lambda call, said=answer: said  # type: ignore[misc]
        world.clock.advance(timedelta(minutes=2))
        for _ in range(breaker.MOST):
            credentials.run(world.ports, Shops(world.ports), one, lambda session: lever.run(session, command))
        assert checks(world, one)["platform"]["bad"] is bad
    world.clock.advance(breaker.FIRST)
    assert "platform" not in checks(world, one)


def test_nothing_heard_yet_is_said() -> None:
    world = World()
    assert checks(world, world.connect())["silence"]["bad"]
