"""The life of a connection by its commands, against a shop that answers as WooCommerce does: connected, kept in order,
rotated, its past fetched, left. Nothing in between is put on: the ops API, `act`, the hook, the inbox.
"""

import base64
import hashlib
import hmac
import io
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import show
from chalicelib.platforms.woocommerce import WooCommerce
from tests.fakes.woocommerce import FIREWALL, FakeShop
from tests.support.deployment import Deployment, Streams, run, serve
from tests.support.keeper import at_the_door
from tests.support.opsdesk import HOOK_URL, POLICY
from tests.support.world import T0, World

DAY = timedelta(days=1)
KEY, OTHER_KEY, SECRET = "ck_0123456789", "ck_9876543210", "cs_0123456789"
CONNECT = ["connect", "woocommerce", "--name", "woo", "--address", "https://shop.example", "--credential",
           f"consumer_key={KEY}", "--credential", f"consumer_secret={SECRET}"]  # fmt: skip
TASKS = ["probe", "levers", "sample", "subscriptions", "trial"]


class Town(Deployment):
    """A deployment and one shop, which delivers to whatever webhooks it holds."""

    def __init__(self) -> None:
        self.shop = FakeShop(now=T0, key=KEY, secret=SECRET)
        world = World()
        world.shop.answer = self._send
        super().__init__(world)

    def _send(self, call: Call) -> Reply:
        if call.url.startswith(HOOK_URL):
            return at_the_door(self.world, call)
        self.shop.now = self.world.clock.now()
        return self.shop.send(call)

    def order(self, status: str = "processing") -> int:
        self.shop.now = self.world.clock.now()
        return self.shop.order(status)

    def announce(self, number: int, topic: str = "order.updated") -> list[int]:
        """What the door answers to each webhook of this topic."""
        body = self.shop.send_body(number)
        return [
            at_the_door(self.world, Call("POST", one["delivery_url"], _signed(body, topic, one["secret"]), body)).status
            for one in self.shop.hooks.values()
            if one["topic"] == topic and one["status"] == "active"
        ]


def _signed(body: bytes, topic: str, secret: str) -> dict[str, str]:
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return {
        "content-type": "application/json", "x-wc-webhook-topic": topic,
        "x-wc-webhook-source": "https://shop.example/", "x-wc-webhook-signature": base64.b64encode(digest).decode(),
    }  # fmt: skip


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Town]:
    made = Town()
    serve(made, monkeypatch, tmp_path)
    (tmp_path / "house.yaml").write_text(POLICY)
    made.ops.must("POST", "/policies", {"yaml": POLICY})
    yield made
    made.close()


class Person(io.StringIO):
    """Somebody at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


def connected(town: Town, capsys: Streams, *more: str) -> Any:
    made = run(capsys, *CONNECT, "--yes", *more)
    town.world.pass_time(timedelta(seconds=10))
    return made


# -- connect ----------------------------------------------------------------------------------------------------------


def test_a_shop_is_connected_and_seen_to_work(town: Town, capsys: Streams) -> None:
    for status in ("processing", "completed", "shipped"):
        town.order(status)
    made = run(capsys, *CONNECT, "--yes")
    assert [step["task"] for step in made["steps"]] == TASKS
    assert not any(step["bad"] for step in made["steps"])
    probe, levers, sample, subscriptions, trial = (step["told"] for step in made["steps"])
    assert probe["missing"] == {} and probe["skew"] == 0 and "11.0.1" in probe["version"]
    assert {"refund", "hold"} <= {one["action"] for one in levers["levers"]}
    assert sample["places"] == {"status:processing": 1, "status:completed": 1, "status:shipped": 1}
    assert len(sample["preview"]) == 3 and all(row["marks"] for row in sample["preview"])
    assert subscriptions["ours"] == len(WooCommerce.topics) and not subscriptions["missing"]
    assert (trial["door"], trial["arrived"]) == (200, show(T0))
    assert set(made["connection"]["modes"].values()) == {"observe"}
    assert made["connection"]["mapping"]["order.shipped"] == ["status:shipped", "status:completed"]
    assert {(one["delivery_url"], one["secret"]) for one in town.shop.hooks.values()} == {(made["url"], made["secret"])}
    assert not town.shop.mails and not town.shop.moved and not town.world.told("clock.")
    assert town.announce(town.order()) == [200]


def test_people_read_counts_ten_orders_and_side_effects(town: Town, capsys: Streams) -> None:
    for _ in range(12):
        town.order("shipped")
    town.shop.gateways = [{"id": "bacs", "enabled": True, "method_supports": ["products"]}]
    assert main([*CONNECT, "--no-ask"]) == 0
    err = capsys.readouterr().err
    for line in (
        "woo (woocommerce) is connected", "well  probe: woocommerce answers for a key of Shop",
        "refund: not paid back through bacs", "refund: Moves money through the payment plugin",
        "12 of 12  status:shipped", "proposed: order.shipped = status:shipped, status:completed",
        "not taken: redress connections woo --map", "well  subscriptions: ", "well  trial: the door answered 200",
    ):  # fmt: skip
        assert line in err, line
    assert err.count("order.placed 2026-03-02") == 10
    assert town.ops.must("GET", "/connections/woo")["mapping"] == {}


def test_without_credentials_a_connection_listens_and_is_well(town: Town, capsys: Streams) -> None:
    made = run(capsys, *CONNECT[:6])
    assert [(step["task"], step["bad"]) for step in made["steps"]] == [("probe", False), ("trial", False)]
    assert "without credentials" in made["steps"][0]["words"] and made["steps"][1]["told"]["door"] == 200
    assert main([*CONNECT[:3], "other", *CONNECT[4:6], "--backfill", "90d"]) == 2
    assert "credentials" in capsys.readouterr().err


def test_a_shop_that_lets_nobody_in_is_asked_no_more(town: Town, capsys: Streams) -> None:
    made = run(capsys, *CONNECT[:-1], "consumer_secret=cs_somebody_else", code=1)
    assert [(step["task"], step["bad"]) for step in made["steps"]] == [("probe", True), ("trial", False)]
    assert made["url"] and made["secret"], "it is connected, and shown this once"


@pytest.mark.parametrize(("typed", "taken"), [("y\n", True), ("\n", False)])
def test_a_mapping_is_taken_by_a_persons_word(
    town: Town, capsys: Streams, monkeypatch: pytest.MonkeyPatch, typed: str, taken: bool
) -> None:
    town.order("shipped")
    monkeypatch.setattr(sys, "stdin", Person(typed))
    assert main(CONNECT) == 0
    assert "Take this mapping?" in capsys.readouterr().err
    assert bool(town.ops.must("GET", "/connections/woo")["mapping"]) is taken


def test_a_person_is_asked_for_what_was_not_said(town: Town, capsys: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"consumer_key": KEY, "consumer_secret": SECRET}
    monkeypatch.setattr(sys, "stdin", Person("not a name!\nwoo\nhttps://shop.example\n"))
    monkeypatch.setattr("getpass.getpass", lambda prompt: typed[prompt.split()[0]])
    assert main(["connect", "woocommerce"]) == 0
    err = capsys.readouterr().err
    assert err.count("Name of the connection") == 2 and "woo (woocommerce) is connected" in err
    assert KEY not in err and SECRET not in err
    assert len(town.shop.hooks) == len(WooCommerce.topics)


@pytest.mark.parametrize(("typed", "said"), [("", "nothing that fits"), ("?\n?\n?\nwoo\n", "nothing that fits")])
def test_nobody_who_answers_is_a_wrong_call(
    town: Town, capsys: Streams, monkeypatch: pytest.MonkeyPatch, typed: str, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Person(typed))
    assert main(["connect", "woocommerce"]) == 2 and said in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["connect", "woocommerce"]) == 2 and "--name: found nothing" in capsys.readouterr().err
    assert not town.shop.calls


def test_a_mapping_that_is_given_is_kept_and_read_by(town: Town, capsys: Streams) -> None:
    town.order("packed")
    made = run(capsys, *CONNECT, "--yes", "--map", "order.shipped=status:packed")
    assert made["connection"]["mapping"] == {"order.shipped": ["status:packed"]}
    (row,) = made["steps"][2]["told"]["preview"]
    assert "order.placed" in [mark["mark"] for mark in row["marks"]]


def test_what_fails_leaves_it_connected_and_says_how_to_mend_it(town: Town, capsys: Streams) -> None:
    town.shop.key = OTHER_KEY
    assert main(CONNECT) == 1
    err = capsys.readouterr().err
    assert "bad   probe: woocommerce refused: token: grant WooCommerce API key" in err
    assert "redress connections woo --credential gives new ones" in err
    assert "well  trial" in err, "the door is open all the same"
    town.shop.key = KEY
    assert main(["doctor", "woo", "--mend"]) == 0
    assert len(town.shop.hooks) == len(WooCommerce.topics)


def test_a_key_that_only_reads_is_told_before_it_is_needed(town: Town, capsys: Streams) -> None:
    town.shop.permissions = "read"
    assert main(CONNECT) == 1
    err = capsys.readouterr().err
    assert "1 rights are missing" in err and "is not granted: levers: " in err
    assert "bad   subscriptions: woocommerce refused: rights: grant" in err


def test_a_connection_can_be_stored_without_asking_anybody(town: Town, capsys: Streams) -> None:
    assert "steps" not in run(capsys, *CONNECT, "--no-probe")
    assert not town.shop.calls and not town.shop.hooks
    assert main([*CONNECT[:3], "woo-2", *CONNECT[4:], "--no-probe", "--backfill", "90d"]) == 2
    assert "--backfill asks the shop" in capsys.readouterr().err


# -- the past ---------------------------------------------------------------------------------------------------------


def past(town: Town, count: int) -> list[int]:
    """Orders of the last weeks, never sent out; all are over their limit."""
    town.world.clock.set(T0 + 60 * DAY)
    found = []
    for number in range(count):
        made = town.order()
        at = (town.world.clock.now() - (count - number) * timedelta(hours=3) - 2 * DAY).strftime("%Y-%m-%dT%H:%M:%S")
        town.shop.orders[made].update(date_created_gmt=at, date_modified_gmt=at, date_paid_gmt=at)
        found.append(made)
    return found


def test_the_past_is_fetched_judged_and_acted_on_by_nobody(town: Town, capsys: Streams) -> None:
    found = past(town, 30)
    made = connected(town, capsys, "--mode", "all=act", "--backfill", "90d")
    assert [step["task"] for step in made["steps"]] == [*TASKS, "backfill"]
    assert made["steps"][-1]["told"]["asked"] == 30
    town.world.pass_time(2 * DAY)
    for number in found:
        clock = town.ops.must("GET", f"/cases/woo/order/{number}")["clocks"][0]
        assert clock["status"] == "breached"
    written = {call.url.partition("/v3/")[2] for call in town.shop.calls if call.method != "GET"}
    assert written == {"webhooks", "orders/batch"}, "its own webhooks alone"
    assert not town.world.told("clock.") and not town.world.told("step.") and not town.shop.mails


def test_a_past_that_was_given_up_goes_on_where_it_was(town: Town, capsys: Streams) -> None:
    past(town, 4)
    connected(town, capsys)
    town.shop.faults = [("GET", FIREWALL)] * 12
    assert main(["backfill", "woo", "90d"]) == 1
    err = capsys.readouterr().err
    assert "asked again in" in err and "bad   backfill: gave up: firewall" in err
    assert "redress backfill woo goes on where it was" in town_findings(town, "backfill")
    assert run(capsys, "backfill", "woo")["told"]["asked"] == 4
    assert main(["backfill", "woo", "4y"]) == 2
    assert main(["backfill", "nobody", "4d"]) == 1


def town_findings(town: Town, check: str) -> str:
    checks = town.ops.must("GET", "/connections/woo")["checks"]
    return "".join(f"{one['found']} {one['mend']}" for one in checks if one["check"] == check)


# -- doctor -----------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_what_the_shop_switched_off_and_mends_it(town: Town, capsys: Streams) -> None:
    connected(town, capsys)
    town.announce(town.order())
    assert main(["doctor"]) == 0, capsys.readouterr().err
    first = next(iter(town.shop.hooks.values()))
    first["status"] = "disabled"
    del town.shop.hooks[max(town.shop.hooks)]
    assert main(["doctor", "woo"]) == 1
    err = capsys.readouterr().err
    assert f"stopped by the platform: {first['topic']}" in err and "missing: product.restored" in err
    assert "redress doctor woo --mend" in err
    told = run(capsys, "doctor", "woo", "--mend")
    assert told["bad"] == 0 and first["status"] == "active" and len(town.shop.hooks) == len(WooCommerce.topics)
    asked = len(town.shop.calls)
    assert run(capsys, "doctor", "--offline")["bad"] == 0 and len(town.shop.calls) == asked
    assert main(["doctor", "--mend", "--offline"]) == 2


def test_the_doctor_tells_of_a_clock_that_is_wrong_and_a_place_that_no_order_shows(town: Town, capsys: Streams) -> None:
    town.order("completed")
    connected(town, capsys, "--map", "order.delivered=meta:_gone")
    answer = town.world.shop.answer

    def late(call: Call) -> Reply:
        reply = answer(call)
        headers = {
            **reply.headers,
            "date": (town.shop.now - timedelta(minutes=9)).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return Reply(reply.status, headers, reply.body)

    town.world.shop.answer = late
    assert main(["doctor", "woo"]) == 1
    err = capsys.readouterr().err
    assert "its clock is 540 s behind ours" in err and "NTP" in err
    assert "order.delivered would be shown by meta:_gone: none of the last 1 orders has it" in err


# -- rotation ---------------------------------------------------------------------------------------------------------


def test_a_rotation_reaches_the_shop_and_no_delivery_is_refused(town: Town, capsys: Streams) -> None:
    made = connected(town, capsys)
    paused = next(iter(town.shop.hooks.values()))
    paused["status"] = "paused"
    told = run(capsys, "rotate", "woo")
    assert told["renewed"]["state"] == "done" and "1 paused by a person" in told["renewed"]["words"]
    others = [one for one in town.shop.hooks.values() if one is not paused]
    assert {one["secret"] for one in others} == {told["secret"]} != {made["secret"]}
    assert paused["secret"] == made["secret"] and paused["status"] == "paused"
    assert town.announce(town.order()) == [200]
    town.world.pass_time(23 * timedelta(hours=1))
    paused["status"] = "active"
    assert town.announce(town.order(), paused["topic"]) == [200], "the older secret is live for a day"
    town.world.pass_time(2 * timedelta(hours=1))
    assert town.announce(town.order(), paused["topic"]) == [401]
    assert town.announce(town.order()) == [200]


def test_a_new_secret_counts_at_a_door_that_keeps_the_older_connection(town: Town, capsys: Streams) -> None:
    made = connected(town, capsys)
    assert town.announce(town.order()) == [200]
    town.world.pass_time(timedelta(seconds=3))
    secret = town.ops.must("POST", "/connections/woo/rotate", {"secret": "b" * 50})["secret"]
    for one in town.shop.hooks.values():
        one["secret"] = secret
    assert made["secret"] != secret and town.announce(town.order()) == [200]


def test_a_new_address_is_moved_to_and_the_old_one_forgotten(town: Town, capsys: Streams) -> None:
    made = connected(town, capsys)
    town.shop.hooks[1] = {"id": 1, "topic": "order.updated", "status": "active", "secret": "x",
                          "delivery_url": "https://elsewhere.example/hook"}  # fmt: skip
    told = run(capsys, "rotate", "woo", "--new-address")
    urls = {one["delivery_url"] for one in town.shop.hooks.values()}
    assert urls == {told["url"], "https://elsewhere.example/hook"} and made["url"] != told["url"]
    del town.shop.hooks[1]
    assert town.announce(town.order()) == [200]


def test_a_rotation_that_the_shop_was_not_told_of_is_found_and_mended(town: Town, capsys: Streams) -> None:
    connected(town, capsys)
    town.shop.permissions = "read"
    assert main(["rotate", "woo"]) == 1
    assert "bad   renew: woocommerce refused: rights" in capsys.readouterr().err
    assert "not told of the last rotation" in town_findings(town, "rotation")
    town.shop.permissions = "read_write"
    told = run(capsys, "doctor", "woo", "--mend", code=0)
    assert not any(one["check"] == "rotation" for one in told["connections"]["woo"])
    assert len({one["secret"] for one in town.shop.hooks.values()}) == 1


# -- disconnect -------------------------------------------------------------------------------------------------------


def test_leaving_removes_webhooks_lifts_what_is_ours_and_exports(town: Town, capsys: Streams) -> None:
    connected(town, capsys, "--mode", "all=act", "--map", "order.shipped=status:completed")
    number = town.order()
    town.announce(number)
    town.world.pass_time(25 * timedelta(hours=1))
    tags = [row["value"] for row in town.shop.orders[number]["meta_data"] if row["key"] == "_redress_tags"]
    assert tags == ["late"]
    town.shop.hooks[1] = {"id": 1, "topic": "order.updated", "status": "active", "secret": "x",
                          "delivery_url": "https://elsewhere.example/hook"}  # fmt: skip
    told = run(capsys, "disconnect", "woo", "--export", "cases.jsonl")
    assert told["active"] is False and list(town.shop.hooks) == [1]
    assert told["lifted"]["lifted"] == {"untag": 1} and not told["lifted"]["stays"]
    tags = [row["value"] for row in town.shop.orders[number]["meta_data"] if row["key"] == "_redress_tags"]
    assert tags == [""]
    cases = [json.loads(line)["case"] for line in Path("cases.jsonl").read_text().splitlines()]
    assert cases[0] == f"woo:order/{number}" and cases[1].startswith("woo:penalty/") and len(cases) == 2
    judged = run(capsys, "backtest", "--policy", "house.yaml", "--history", "cases.jsonl.history")
    assert judged["cases"] == 2 and judged["refused"] == 0
    assert main(["disconnect", "woo", "--export", "cases.jsonl"]) == 2, "nothing is written over"
    writes = len(town.shop.calls)
    assert main(["disconnect", "woo", "--only-switch-off"]) == 0 and len(town.shop.calls) == writes


def test_cases_are_exported_without_being_asked_for(town: Town, capsys: Streams) -> None:
    connected(town, capsys)
    town.announce(town.order())
    town.world.run()
    assert main(["disconnect", "woo", "--export", "x", "--no-export"]) == 2
    assert main(["disconnect", "../x"]) == 2
    assert main(["disconnect", "woo"]) == 0
    (cases,) = Path().glob("woo-*.jsonl")
    assert len(cases.read_text().splitlines()) == 1 and Path(f"{cases}.history").read_text()
    assert f"exported: 1 cases to {cases}" in capsys.readouterr().err


def test_what_the_shop_does_not_give_back_is_named(town: Town, capsys: Streams) -> None:
    connected(town, capsys, "--mode", "all=act")
    town.announce(town.order())
    town.world.pass_time(25 * timedelta(hours=1))
    town.shop.permissions = "read"
    assert main(["disconnect", "woo"]) == 1
    err = capsys.readouterr().err
    assert "bad   leave: woocommerce refused: rights" in err and "bad   untag on woo:order/" in err
    assert town.ops.must("GET", "/connections/woo")["active"] is False
