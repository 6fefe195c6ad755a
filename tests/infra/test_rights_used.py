"""What the functions do to their ports is what their policies let them do: a shop's day in memory, each call noted and
held against the policy of the function that made it."""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from chalicelib.flow.act import Actor
from chalicelib.flow.advance import Advance
from chalicelib.flow.apply import Apply
from chalicelib.flow.audit import Audit
from chalicelib.flow.hook import Hook
from chalicelib.flow.nightly import Nightly
from chalicelib.flow.project import Project
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.flow.silence import Watch
from chalicelib.flow.sweep import Sweep
from chalicelib.flow.tell import Teller
from chalicelib.flow.wake import Wake
from chalicelib.ops.desk import Desk
from chalicelib.ports.ports import GivenPorts, Ports
from chalicelib.sellers.nights import Nights
from infra.package import ROOT
from tests.support.opsdesk import HOOK_URL, Ops
from tests.support.world import World, placed
from tests.unit.test_ops_api import TABLE, furnished

GET, PUT, UPDATE = "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
NEEDS: Mapping[tuple[str, str], list[tuple[str, str]]] = {
    ("cases", "get"): [(GET, "CasesTable")],
    ("cases", "get_many"): [("dynamodb:BatchGetItem", "CasesTable")],
    ("cases", "put"): [(PUT, "CasesTable")],
    ("cases", "scan"): [("dynamodb:Scan", "CasesTable")],
    ("wake_index", "bucket"): [("dynamodb:Query", "CasesTable")],
    ("records", "get"): [(GET, "RecordsTable")],
    ("records", "put"): [(GET, "RecordsTable"), (PUT, "RecordsTable")],
    ("records", "add"): [(UPDATE, "RecordsTable"), (PUT, "RecordsTable")],
    ("records", "query"): [("dynamodb:Query", "RecordsTable")],
    ("records", "delete"): [("dynamodb:DeleteItem", "RecordsTable")],
    ("connections", "get"): [(GET, "ConnectionsTable")],
    ("connections", "names"): [(GET, "ConnectionsTable")],
    ("connections", "put"): [(UPDATE, "ConnectionsTable")],
    ("vault", "encrypt"): [("kms:Encrypt", "SecretsKey")],
    ("vault", "decrypt"): [("kms:Decrypt", "SecretsKey")],
    ("bus", "put"): [("events:PutEvents", "Escalations")],
    **{
        (name, "send"): [("sqs:SendMessage", queue), ("kms:GenerateDataKey", "DataKey")]
        for name, queue in (
            ("inbox", "InboxQueue"), ("wakes", "WakesQueue"), ("late", "LateQueue"), ("actions", "ActionsQueue"),
        )
    },
    ("wakes", "waiting"): [("sqs:GetQueueAttributes", "WakesQueue")],
    ("late", "waiting"): [("sqs:GetQueueAttributes", "LateQueue")],
}  # fmt: skip
BLOBS = {"put": "s3:PutObject", "get": "s3:GetObject", "keys": "s3:ListBucket"}


class Noted:
    """Stands in for a port of any type, and notes the rights that each call of it needs."""

    def __init__(self, name: str, port: object, used: set[tuple[str, str]]) -> None:
        self._name, self._port, self._used = name, port, used

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._port, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._name == "blobs":
                self._used.add((BLOBS[method], f"/{args[0].partition('/')[0]}/"))
            else:
                self._used.update(NEEDS[self._name, method])
            return target(*args, **kwargs)

        return call


def noted(ports: Ports, used: set[tuple[str, str]]) -> Ports:
    def of_account(name: str, handle: Callable[[str], object]) -> Callable[[str], object]:
        return lambda account: Noted(name, handle(account), used)

    given = cast(GivenPorts, ports)
    changed: dict[str, Any] = {}
    for one in fields(GivenPorts):
        port = getattr(given, one.name)
        if one.name in ("cases", "records"):
            changed[one.name] = of_account(one.name, port)
        elif one.name not in ("clock", "http", "shards"):
            changed[one.name] = Noted(one.name, port, used)
    return replace(given, **changed)


def allowed(name: str) -> Iterator[tuple[str, str]]:
    for statement in json.loads((ROOT / "infra" / "policies" / f"{name}.json").read_text())["Statement"]:
        actions, resources = (one if isinstance(one, list) else [one] for one in
                              (statement["Action"], statement["Resource"]))  # fmt: skip
        prefixes = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", [])
        for action in actions:
            for resource in [json.dumps(one) for one in resources] + [f"/{one}" for one in prefixes]:
                yield action, resource


def a_day() -> dict[str, set[tuple[str, str]]]:
    """Orders placed, breached, acted on, projected, audited; what each function's ports were asked for."""
    used: dict[str, set[tuple[str, str]]] = defaultdict(set)
    ops = furnished()
    world = ops.world

    def shell(name: str) -> tuple[Ports, Shops, Rulebook, Advance, Teller]:
        ports = noted(world.ports, used[name])
        shops, rulebook = Shops(ports), Rulebook(ports)
        return ports, shops, rulebook, Advance(ports, shops, rulebook), Teller(ports)

    def wake(name: str) -> Wake:
        ports, _, _, advance, _ = shell(name)
        return Wake(ports, advance)

    hook, apply, act, sweep, project, audit, sellers = (
        shell(name) for name in ("hook", "apply", "act", "sweep", "project", "audit", "sellers")
    )
    world.hook, world.sweep = Hook(hook[0], hook[1]), Sweep(sweep[0])
    world.consumers = {"inbox": Apply(*apply), "wakes": wake("wake"), "late": wake("late"), "actions": Actor(*act[:4])}
    world.project = Project(*project[:3], project[4])
    world.connect(name="shop-2")
    for number in range(3):
        world.deliver(placed(f"n{number}", world.clock.now(), seller="s-2", buyer="b-1"), name="shop-2")
    world.deliver({"id": "bad"}, name="shop-2")
    world.run()
    # The sweep is away for so long that the steps of the older ones are found late.
    world.clock.advance(timedelta(hours=23, minutes=30))
    world.deliver(placed("late", world.clock.now() - timedelta(hours=23, minutes=50)), name="shop-2")
    world.run()
    world.clock.advance(timedelta(minutes=24))
    world.pass_time(timedelta(minutes=80))
    Watch(sweep[0], sweep[1], sweep[4])()
    first, *_ = world.blobs.keys("journal/")
    world.blobs.put(first, gzip.compress(b""))
    proof = Audit(*audit[:3], Project(*audit[:3], audit[4]))
    night = Nightly(audit[0], proof, ("main",))
    night(world.clock.now())
    world.clock.advance(timedelta(minutes=15))
    night(world.clock.now())
    Nights(sellers[0], ["main"])(world.clock.now() + timedelta(days=1))
    return used


def api() -> set[tuple[str, str]]:
    used: set[tuple[str, str]] = set()

    def ready() -> Ops:
        ops = furnished()
        ops.desk = Desk(noted(ops.world.ports, used), HOOK_URL, ops.dead)
        return ops

    shared = ready()
    for method, path, said, roles in TABLE:
        (shared if method == "GET" else ready()).ask(method, path, said, roles[-1])
    first, *_ = shared.world.blobs.keys("journal/")
    shared.world.blobs.put(first, gzip.compress(b""))
    assert shared.must("POST", "/audit", {})["mended"] > 0
    return used


@pytest.fixture(scope="module")
def used() -> dict[str, set[tuple[str, str]]]:
    return {**a_day(), "ops": api()}


def test_every_call_of_a_day_is_allowed_to_the_function_that_makes_it(used: dict[str, set[tuple[str, str]]]) -> None:
    lacking = {}
    for name, calls in used.items():
        rights = list(allowed(name))
        assert len(calls) > 3, f"{name} did something"
        lacks = {need for need in calls if not any(need[0] == action and need[1] in on for action, on in rights)}
        if lacks:
            lacking[name] = lacks
    assert lacking == {}


def test_a_day_is_a_whole_one() -> None:
    """Else the proof above would prove little."""
    world = World()
    assert {one.name for one in fields(cast(GivenPorts, world.ports))} - {"clock", "http", "shards"} == {
        name for name, _ in NEEDS
    } | {"blobs"}
