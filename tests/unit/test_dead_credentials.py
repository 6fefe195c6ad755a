"""Credentials that a platform honours no more: what is to be done waits for new ones and then goes out, nothing is
asked in vain meanwhile, somebody is woken, and what changed in between is asked for."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import to_ms
from chalicelib.core.rules import Do, Point, Policy, Rule, Share, Span, Step
from chalicelib.core.words import ActionState
from chalicelib.flow import breaker, credentials, silence
from chalicelib.flow.breaker import LOCKED, LONGEST
from chalicelib.flow.messages import LookAt, write_task
from chalicelib.flow.shops import Shops, adapter_of, context_of
from chalicelib.ops import doctor
from chalicelib.platforms.base import Command, Later, Refused, is_dead
from chalicelib.ports.http import Uncertain
from chalicelib.ports.stores import Connection, Message
from tests.support.world import T0, World, placed, states

HOUR = timedelta(hours=1)
GONE = Reply(401, {}, b"{}")
RULE = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(86400),
    steps=(Step("half", Share(50), (Do("tag", {"tag": "late"}), Do("note"))),),
)  # fmt: skip
WOO_NO = {"code": "woocommerce_rest_cannot_view", "message": "no", "data": {"status": 401}}


class Desk:
    """One store of BigCommerce, which takes one token."""

    def __init__(self) -> None:
        self.world = World()
        self.world.connect("bigcommerce", "bc", credentials={"access_token": "old"}, address="abc")
        silence.begin(self.world.ports, "main", "bc")
        self.good, self.calls = "old", 0
        self.world.shop.answer = self.answer

    @property
    def connection(self) -> Connection:
        found = self.world.ports.connections.get("main", "bc")
        assert found is not None
        return found

    def answer(self, call: Call) -> Reply:
        self.calls += 1
        return Reply(200, {}, b"[]") if call.headers["x-auth-token"] == self.good else GONE

    def look(self, insist: bool = False) -> Any:
        one = self.connection
        subject = Subject("order", "1")
        shops = Shops(self.world.ports)
        return credentials.run(
            self.world.ports, shops, one, lambda session: adapter_of(one).look(subject, session), insist=insist
        )

    def give(self, token: str) -> None:
        given = json.dumps({"access_token": token}).encode()
        sealed = self.world.ports.vault.encrypt(given, context_of("main", "bc", "credentials"))
        self.world.ports.connections.put(replace(self.connection, credentials=sealed))

    def findings(self, check: str) -> list[dict[str, Any]]:
        return [one for one in doctor.examine(self.world.ports, self.connection) if one["check"] == check]


def test_nobody_asks_in_vain_and_somebody_is_woken(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk()
    assert not desk.findings("credentials")
    desk.good = "new"
    assert desk.look() == Later(LONGEST.total_seconds(), LOCKED)
    desk.world.clock.advance(timedelta(minutes=5))
    assert desk.look() == Later(600.0, LOCKED) and desk.calls == 1
    assert isinstance(desk.look(insist=True), Refused), "a person is told at once, and in the platform's terms"
    assert '"credentials_dead"' in capsys.readouterr().out
    (found,) = desk.findings("credentials")
    assert found["bad"] and "2026-03-02T10:00" in found["found"] and "--credential" in found["mend"]
    assert not desk.findings("platform")
    desk.give("new")
    assert not isinstance(desk.look(), Later), "new ones are used at once"
    assert not desk.findings("credentials")


def test_what_changed_while_the_credentials_were_dead_is_owed() -> None:
    desk = Desk()
    desk.good = "new"
    desk.look()
    desk.world.clock.advance(5 * HOUR)
    desk.look()
    desk.give("new")
    desk.look()
    heard = silence.heard(desk.world.ports, "main", "bc")
    assert heard is not None
    assert heard.owed == to_ms(T0 - silence.MARGIN), "from when they were first refused"


def test_credentials_that_count_again_by_themselves_owe_as_much() -> None:
    desk = Desk()
    desk.good = "new"
    desk.look()
    desk.world.clock.advance(LONGEST)
    desk.good = "old"
    assert not isinstance(desk.look(), Later)
    heard = silence.heard(desk.world.ports, "main", "bc")
    assert heard is not None and heard.owed


def test_credentials_that_end_between_two_writes_leave_the_outcome_uncertain() -> None:
    desk = Desk()
    one, replies = desk.connection, [Reply(200, {}, b"{}"), GONE]
    desk.world.shop.answer = lambda call: replies.pop(0)

    def twice(session: object) -> Any:
        yield Call("POST", "https://api.bigcommerce.com/x")
        yield Call("POST", "https://api.bigcommerce.com/x")
        return Refused("token")

    with pytest.raises(Uncertain):
        credentials.run(desk.world.ports, Shops(desk.world.ports), one, twice)


def test_a_connection_that_was_given_no_credentials_is_refused_as_ever() -> None:
    desk = Desk()
    desk.world.ports.connections.put(replace(desk.connection, credentials=b""))
    assert desk.look() == Refused("token") and desk.calls == 0
    assert breaker.refused_since(desk.world.ports, desk.connection) is None


REFUSALS: list[tuple[str, dict[str, Any], Reply]] = [
    ("standard", {"options": {"look_url": "https://a.example/look"}}, GONE),
    ("bigcommerce", {"credentials": {"access_token": "x"}}, GONE),
    ("shopify", {"credentials": {"access_token": "x"}, "address": "a.myshopify.com"}, GONE),
    ("saleor", {"credentials": {"access_token": "x"}, "address": "https://a.example/graphql/"}, GONE),
    ("mirakl", {"credentials": {"api_key": "x"}, "address": "https://a.example"}, GONE),
    (
        "woocommerce",
        {"credentials": {"consumer_key": "x", "consumer_secret": "y"}, "address": "https://a.example"},
        Reply(401, {}, json.dumps(WOO_NO).encode()),
    ),
    (
        "doudian",
        {"credentials": {"app_secret": "s", "access_token": "x"}, "options": {"app_key": "1"}},
        Reply(200, {}, b'{"code": 40003, "sub_code": "isv.access-token-expired", "msg": "x"}'),
    ),
]


@pytest.mark.parametrize(("platform", "given", "reply"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_each_platform_s_own_way_of_saying_so(platform: str, given: dict[str, Any], reply: Reply) -> None:
    world = World()
    one = world.connect(platform, "s", **{"options": {}, **given})
    world.shop.answer = lambda call: reply
    subject = Subject("order", "MDEyMzQ1" if platform == "saleor" else "1001")
    shops = Shops(world.ports)
    found = credentials.run(world.ports, shops, one, lambda session: adapter_of(one).look(subject, session))
    assert found == Later(LONGEST.total_seconds(), LOCKED)


@pytest.mark.parametrize("platform", [row[0] for row in REFUSALS if row[0] != "doudian"])
def test_a_missing_right_is_no_dead_token(platform: str) -> None:
    body = json.dumps({"code": "rest_forbidden", "message": "no", "data": {"status": 403}}).encode()
    if platform in ("shopify", "saleor"):
        code = {"code": "ACCESS_DENIED", "exception": {"code": "PermissionDenied"}}
        reply = Reply(200, {}, json.dumps({"data": None, "errors": [{"message": "x", "extensions": code}]}).encode())
    else:
        reply = Reply(403, {}, body)
    world = World()
    given = next(row[1] for row in REFUSALS if row[0] == platform)
    one = world.connect(platform, "s", **{"options": {}, **given})
    world.shop.answer = lambda call: reply
    subject = Subject("order", "MDEyMzQ1" if platform == "saleor" else "1001")
    shops = Shops(world.ports)
    found = credentials.run(world.ports, shops, one, lambda session: adapter_of(one).look(subject, session))
    assert isinstance(found, Refused) and not is_dead(found)


def test_a_shop_that_answers_a_lever_with_that_word_has_refused_the_one_action() -> None:
    world = World()
    world.shop.answer = lambda call: Reply(200, {}, b'{"state": "refused", "reason": "token"}')
    one, command = world.connect(), Command("k", "tag", Subject("order", "1"), {"tag": "late"})
    lever = adapter_of(one).levers["tag"]
    found = credentials.run(world.ports, Shops(world.ports), one, lambda session: lever.run(session, command))
    assert found == Refused("refused")


def test_a_look_waits_for_new_credentials_instead_of_being_dropped() -> None:
    desk = Desk()
    desk.good = "new"
    desk.world.ports.actions.send([Message(write_task(LookAt("main", "bc", Subject("order", "1"))))])
    desk.world.pass_time(4 * HOUR)
    knocks = desk.calls
    assert 4 < knocks < 20
    desk.give("new")
    desk.world.pass_time(LONGEST + timedelta(minutes=2))
    assert desk.calls > knocks


def states_after(wait: timedelta) -> list[str]:
    """What became of a case's actions whose store refused our credentials for so long."""
    world = World()
    world.connect(options={"actions_url": "https://shop.example/actions"})
    world.activate(Policy("demo", 1, "d1", (RULE,)))
    world.deliver(placed("o-1"))
    world.shop.answer = lambda call: GONE
    world.pass_time(12 * HOUR + wait)
    waiting = world.case("order/o-1").ledger.actions
    assert {action.state for action in waiting.values()} <= {ActionState.PLANNED, ActionState.SKIPPED}
    assert LOCKED in {action.reason for action in waiting.values()}, "a person sees why it waits"
    world.shop.answer = lambda call: Reply(200, {}, b'{"state": "done"}')
    world.pass_time(LONGEST + timedelta(minutes=2))
    return list(states(world.case("order/o-1")))


def test_actions_wait_for_new_credentials_and_go_out_with_them() -> None:
    assert states_after(HOUR / 2) == ["tag:done", "note:done"]


def test_what_waited_too_long_is_skipped() -> None:
    assert states_after(12 * HOUR) == ["tag:done", "note:skipped"]
