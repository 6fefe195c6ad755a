"""A shop that told one call to wait is left alone by all; one that does not answer is left alone for a while, then
asked by one. What waits keeps its place, and what one process learns the next one knows."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.rules import Do, Point, Policy, Rule, Share, Span, Step
from chalicelib.flow import breaker, credentials
from chalicelib.flow.breaker import BUSY, DOWN, FIRST, KIND, LONGEST, MOST, SERIOUS, TRIAL
from chalicelib.flow.messages import LookAt, write_task
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.platforms import registry
from chalicelib.platforms.base import Command, Done, Later, Paces, Refused
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.stores import Connection, Message
from tests.support.world import World, placed, states

SUBJECT = Subject("order", "1001")
SECOND = timedelta(seconds=1)
DONE = Reply(200, {}, b'{"state": "done"}')


class Desk:
    """A shop with an endpoint for actions, and what it answers."""

    def __init__(self) -> None:
        self.world = World()
        self.world.connect(options={"actions_url": "https://shop.example/actions"})
        self.shops = Shops(self.world.ports)

    @property
    def connection(self) -> Connection:
        found = self.world.ports.connections.get("main", "shop-1")
        assert found is not None
        return found

    @property
    def calls(self) -> int:
        return len(self.world.shop.calls)

    def answers(self, answer: Callable[[Call], Reply] | Reply | Exception) -> None:
        def told(call: Call) -> Reply:
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, Reply) else answer(call)

        self.world.shop.answer = told

    def act(self) -> object:
        held = self.connection
        lever, command = adapter_of(held).levers["tag"], Command("k", "tag", SUBJECT, {"tag": "late"})
        try:
            return credentials.run(self.world.ports, self.shops, held, lambda one: lever.run(one, command))
        except (Unsent, Uncertain) as error:
            return error

    def fails(self, times: int = MOST) -> None:
        self.answers(Unsent("refused"))
        for _ in range(times):
            assert isinstance(self.act(), Unsent)


def test_who_was_told_to_wait_makes_all_of_the_shop_s_calls_wait_as_long() -> None:
    desk = Desk()
    desk.answers(Reply(429, {"retry-after": "40"}, b""))
    assert desk.act() == Later(40.0, "status 429") and desk.calls == 1
    desk.answers(DONE)
    desk.world.clock.advance(30 * SECOND)
    assert desk.act() == Later(10.0, BUSY) and desk.calls == 1, "nobody is asked"
    desk.shops = Shops(desk.world.ports)
    assert isinstance(desk.act(), Later), "nor by another process"
    desk.world.clock.advance(10 * SECOND)
    assert desk.act() == Done() and desk.calls == 2


def test_another_shop_is_asked_meanwhile() -> None:
    desk = Desk()
    desk.answers(Reply(429, {"retry-after": "40"}, b""))
    desk.act()
    other = replace(desk.connection, name="shop-2", version=0)
    wait = breaker.Breaker(desk.world.ports, other, adapter_of(other)).wait()
    assert wait is None


def test_a_shop_that_answers_costs_no_write() -> None:
    desk = Desk()
    desk.answers(DONE)
    assert desk.act() == Done()
    assert desk.world.ports.records("main").get(KIND, "shop-1") is None


def test_a_shop_that_does_not_answer_is_left_alone_and_then_asked_by_one() -> None:
    desk = Desk()
    desk.fails()
    assert desk.calls == MOST
    assert desk.act() == Later(FIRST.total_seconds(), DOWN) and desk.calls == MOST
    desk.world.clock.advance(FIRST)
    one = breaker.Breaker(desk.world.ports, desk.connection, adapter_of(desk.connection))
    other = breaker.Breaker(desk.world.ports, desk.connection, adapter_of(desk.connection))
    assert one.wait() is None
    assert other.wait() == Later(TRIAL.total_seconds(), DOWN), "one is enough to find out"


def test_it_waits_longer_each_time_it_tries_in_vain_and_forgets_all_of_it_at_the_first_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Desk()
    desk.fails()
    waits = []
    for _ in range(8):
        state = breaker.held(desk.world.ports, desk.connection)
        assert state is not None
        waits.append(state.until - desk.world.clock.now())
        desk.world.clock.advance(waits[-1])
        assert isinstance(desk.act(), Unsent)
    assert waits[:3] == [FIRST, 2 * FIRST, 4 * FIRST] and waits[-1] == LONGEST
    said = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert said == ["platform_away"] * (SERIOUS - 1) + ["platform_down"] * (9 - SERIOUS + 1)
    before = sum(waits[: SERIOUS - 1], timedelta())
    assert LONGEST <= before < LONGEST + timedelta(minutes=1), "a quarter of an hour, as the page says"
    desk.world.clock.advance(LONGEST)
    desk.answers(DONE)
    assert desk.act() == Done() and breaker.held(desk.world.ports, desk.connection) is None
    desk.fails(MOST - 1)
    assert breaker.held(desk.world.ports, desk.connection) is None, "it counts from nothing again"


def test_a_person_who_asks_is_answered_at_once_but_not_against_the_platform_s_own_wish() -> None:
    desk = Desk()
    desk.fails()
    asking = breaker.Breaker(desk.world.ports, desk.connection, adapter_of(desk.connection))
    assert asking.wait() is not None and asking.wait(insist=True) is None
    desk = Desk()
    desk.answers(Reply(429, {"retry-after": "40"}, b""))
    desk.act()
    asking = breaker.Breaker(desk.world.ports, desk.connection, adapter_of(desk.connection))
    assert asking.wait(insist=True) == Later(40.0, BUSY)


def test_who_tries_and_dies_is_waited_for_no_longer_than_a_function_may_run() -> None:
    desk = Desk()
    desk.fails()
    desk.world.clock.advance(FIRST)
    assert breaker.Breaker(desk.world.ports, desk.connection, adapter_of(desk.connection)).wait() is None
    desk.answers(DONE)
    assert isinstance(desk.act(), Later)
    desk.world.clock.advance(TRIAL)
    assert desk.act() == Done()


FAILURES = [
    (Unsent("no address"), True, "nobody there"),
    (Uncertain("time-out"), True, "no answer"),
    (Reply(500, {}, b"<html>"), True, "an error of the server"),
    (Reply(503, {"retry-after": "5"}, b""), True, "down"),
    (Reply(200, {}, b'{"state": "refused", "reason": "no"}'), False, "a no is an answer"),
    (Reply(404, {}, b""), False, "so is this"),
    (Reply(403, {}, b""), False, "and this"),
]


@pytest.mark.parametrize(("answer", "down", "why"), FAILURES, ids=[row[-1] for row in FAILURES])
def test_what_counts_as_no_answer(answer: Reply | Exception, down: bool, why: str) -> None:
    desk = Desk()
    desk.answers(answer)
    for _ in range(MOST):
        desk.act()
    assert (breaker.held(desk.world.ports, desk.connection) is not None) is down, why


def test_failures_between_answers_are_no_outage() -> None:
    desk = Desk()
    for _ in range(3):
        desk.fails(MOST - 1)
        desk.answers(DONE)
        assert desk.act() == Done()


def test_another_address_or_other_credentials_are_asked_at_once() -> None:
    for change in ({"address": "https://elsewhere.example"}, {"credentials": b"others"}):
        desk = Desk()
        desk.fails()
        stored = desk.world.ports.connections.put(replace(desk.connection, **change))
        assert breaker.Breaker(desk.world.ports, stored, adapter_of(stored)).wait() is None


RULE = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(3600),
    steps=(Step("half", Share(50), (Do("tag", {"tag": "late"}),)),),
)  # fmt: skip


def test_what_is_to_be_done_at_a_shop_that_is_down_keeps_its_place_until_it_is_back() -> None:
    desk = Desk()
    world = desk.world
    world.activate(Policy("demo", 1, "d1", (RULE,)))
    desk.answers(Unsent("refused"))
    world.deliver(*(placed(f"o-{number}") for number in range(12)))
    world.pass_time(timedelta(hours=2))
    knocks = desk.calls
    assert MOST < knocks < 30, "far fewer than if each of the twelve knocked for itself, and not none"
    desk.answers(DONE)
    world.pass_time(2 * LONGEST)
    assert [states(world.case(f"order/o-{number}")) for number in range(12)] == [["tag:done"]] * 12
    assert desk.calls == knocks + 12


def test_a_notice_that_only_names_an_id_is_not_lost_with_a_shop_that_is_down_for_a_day() -> None:
    desk = Desk()
    world = desk.world
    stored = replace(desk.connection, options={"look_url": "https://shop.example/look"})
    world.ports.connections.put(stored)
    desk.answers(Unsent("refused"))
    world.ports.actions.send([Message(write_task(LookAt("main", "shop-1", SUBJECT)))])
    world.pass_time(timedelta(days=1))
    knocks = desk.calls
    assert MOST < knocks < 120
    desk.answers(Reply(200, {}, json.dumps([placed("1001")]).encode()))
    world.pass_time(LONGEST + TRIAL)
    assert ("order.placed", "") in world.case("order/1001").evidence.marks


# -- what each platform says -----------------------------------------------------------------------------------------

LEFT = {"maximumAvailable": 1000.0, "currentlyAvailable": 100, "restoreRate": 50.0}
COST = {"requestedQueryCost": 300, "throttleStatus": LEFT}


def answer(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, json.dumps(value).encode())


THROTTLED = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": COST}}
SIGNALS = [
    ("standard", answer({}, 429, retry_after="7"), 7.0),
    ("standard", answer({"state": "done"}), 0.0),
    ("shopify", answer(THROTTLED), 4.0),
    ("shopify", answer({"data": {"shop": {"id": "1"}}, "extensions": {"cost": COST}}), 4.0),
    ("shopify", answer({"data": {"shop": {"id": "1"}}}), 0.0),
    ("shopify", answer({}, 429, retry_after="2.0"), 2.0),
    ("woocommerce", answer({}, 429, retry_after="9"), 9.0),
    ("woocommerce", Reply(403, {}, b"<html>blocked"), 120.0),
    ("woocommerce", answer({"code": "rest_forbidden", "message": "no", "data": {"status": 403}}, 403), 0.0),
    ("dokan", answer({}, 429, retry_after="9"), 9.0),
    ("wechatpay", answer({"code": "FREQUENCY_LIMITED", "message": "x"}, 429), 60.0),
    ("wechatpay", answer({"code": "RATELIMIT_EXCEEDED", "message": "x"}, 400), 60.0),
    ("doudian", answer({"code": 60000, "sub_code": "isp.rate-limited", "msg": "x"}), 60.0),
    ("doudian", answer({"code": 10000, "data": {}}), 0.0),
    ("bigcommerce", answer({}, 429, x_rate_limit_time_reset_ms="15000", x_retry_after="3"), 15.0),
    ("bigcommerce", answer({}, x_rate_limit_requests_left="0", x_rate_limit_time_reset_ms="12000"), 12.0),
    ("bigcommerce", answer({}, x_rate_limit_requests_left="1", x_rate_limit_time_reset_ms="12000"), 0.0),
    ("saleor", answer({}, 429, retry_after="11"), 11.0),
    ("saleor", answer({"data": {"order": None}}), 0.0),
    ("mirakl", answer({}, 429, retry_after="13"), 13.0),
    ("mirakl", answer({}, 503, retry_after="13"), 0.0),
]


@pytest.mark.parametrize(("platform", "reply", "seconds"), SIGNALS)
def test_each_platform_s_own_way_of_asking_for_a_pause(platform: str, reply: Reply, seconds: float) -> None:
    adapter = registry.adapter(platform)
    assert isinstance(adapter, Paces)
    assert adapter.pause(reply) == pytest.approx(seconds)


@pytest.mark.parametrize("platform", registry.NAMES)
@pytest.mark.parametrize("status", [200, 204, 301, 400, 403, 429, 500, 503])
def test_no_answer_is_too_odd_to_be_asked_for_a_pause(platform: str, status: int) -> None:
    adapter = registry.adapter(platform)
    assert isinstance(adapter, Paces), "each platform that can be asked says how it wants to be left alone"
    for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"extensions": {"cost": 3}, "errors": [1], "code": []}', b"<p>"):
        for told in ({}, {"retry-after": "soon", "x-rate-limit-requests-left": "0", "date": "?"}):
            assert adapter.pause(Reply(status, told, body)) >= 0.0


def test_a_no_to_a_lever_without_an_address_asks_nobody() -> None:
    desk = Desk()
    desk.world.ports.connections.put(replace(desk.connection, options={}))
    assert isinstance(desk.act(), Refused) and desk.calls == 0
