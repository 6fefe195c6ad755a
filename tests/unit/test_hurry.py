"""A batch of the actions queue ends within the function's time, however slow the shops are: what it does not begin
comes again at once and is not counted against, and a look never takes what the lever after it needs."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.flow import credentials
from chalicelib.flow.act import ENOUGH, LEASE, LOOKING, PULLING
from chalicelib.flow.hurry import Hurried, hurried
from chalicelib.flow.messages import LookAt, write_task
from chalicelib.flow.shops import Shops
from chalicelib.platforms.base import Refused
from chalicelib.ports.http import Uncertain, Unsent
from tests.support.world import World

FUNCTION = timedelta(seconds=60)
SLOW = Reply(200, {}, b"[]")


def slow(world: World, seconds: float) -> list[float]:
    """A shop that takes so long for each answer; how long each call was given."""
    given: list[float] = []

    def answer(call: Call) -> Reply:
        given.append(call.timeout)
        world.clock.advance(timedelta(seconds=min(seconds, call.timeout)))
        if seconds > call.timeout:
            raise Uncertain("time-out")
        return SLOW

    world.shop.answer = answer
    return given


@pytest.mark.parametrize("seconds", [7.0, 9.0, 19.0, 60.0])
@pytest.mark.parametrize("platform", ["bigcommerce", "standard"])
def test_five_slow_messages_never_outlast_the_function(platform: str, seconds: float) -> None:
    world = World()
    more = {"credentials": {"access_token": "x"}, "address": "abc"} if platform == "bigcommerce" else {}
    world.connect(platform, "s", **more)
    slow(world, seconds)
    began = world.clock.now()
    bodies = [write_task(LookAt("main", "s", Subject("order", str(number)))) for number in range(1, 6)]
    failed = world.consumers["actions"]([(f"m-{number}", body) for number, body in enumerate(bodies)])
    assert world.clock.now() - began < FUNCTION - timedelta(seconds=5)
    assert failed == []
    assert {one.body for one in world.queues["actions"].receive(10)} & set(bodies), "what was not begun is there again"


def test_many_calls_of_one_look_have_so_long_in_all() -> None:
    world = World()
    given = slow(world, 9.0)
    ports, client = hurried(world.ports)
    began = world.clock.now()
    with pytest.raises((Unsent, Uncertain)):
        for _ in range(9):
            ports.http.send(Call("GET", "https://shop.example", timeout=20.0))
    assert world.clock.now() - began <= timedelta(seconds=40) and given[-1] < 9.0
    client.allow(PULLING)
    ports.http.send(Call("GET", "https://shop.example", timeout=15.0))
    assert given[-1] == 15.0, "what comes next has its own time"
    assert ports.records("main") and ports.shards == 1, "the other ports are as they were"


def test_what_is_cut_short_after_a_write_is_uncertain() -> None:
    world = World()
    one = world.connect()
    slow(world, 9.0)

    def steps(session: object) -> Any:
        for _ in range(9):
            yield Call("POST", "https://shop.example")
        return Refused("never")

    with pytest.raises(Uncertain):
        client = Hurried(world.shop, world.clock)
        credentials.run(world.ports, Shops(world.ports), one, steps, http=client)


def test_the_times_fit_into_one_another() -> None:
    assert ENOUGH + LOOKING + PULLING + timedelta(seconds=5) < FUNCTION < LEASE
