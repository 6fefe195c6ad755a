"""What the doctor finds from what is stored, and that each finding says how to mend it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.core.instants import to_ms
from chalicelib.flow.silence import KIND, LEARN, sort_of
from chalicelib.ops.doctor import examine
from chalicelib.ports.ports import SYSTEM
from chalicelib.ports.stores import Connection
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


def test_nothing_heard_yet_is_said() -> None:
    world = World()
    assert checks(world, world.connect())["silence"]["bad"]
