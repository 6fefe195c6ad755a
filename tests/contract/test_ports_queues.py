"""The contract of queues: delays, batches, redelivery, dead letters; in memory and on AWS alike."""

from collections.abc import Sequence

import pytest

from chalicelib.ports.keys import MAX_BODY
from chalicelib.ports.stores import Held, Message
from tests.contract.worlds import BothEnds, World


def drain(queue: BothEnds) -> list[Held]:
    """All that is there now. A real queue may answer a short poll with less than it has: empty answers are doubted."""
    found: list[Held] = []
    empty = 0
    while empty < 3:
        held = queue.receive()
        found += held
        empty = 0 if held else empty + 1
    return found


def bodies(held: Sequence[Held]) -> list[str]:
    return sorted(one.body for one in held)


def test_a_batch_of_any_size_arrives_whole(world: World) -> None:
    queue = world.queue()
    sent = [f"message {number}" for number in range(25)]
    queue.send(Message(body) for body in sent)
    assert bodies(drain(queue)) == sorted(sent)


def test_sending_nothing_is_harmless(world: World) -> None:
    queue = world.queue()
    queue.send([])
    assert drain(queue) == []


def test_large_messages_are_spread_over_several_batches(world: World) -> None:
    queue = world.queue()
    sent = [str(number) * 60_000 for number in range(6)] + ["名" * (MAX_BODY // 3)]
    queue.send(map(Message, sent))
    assert bodies(drain(queue)) == sorted(sent)


def test_a_delayed_message_does_not_come_before_its_time(world: World) -> None:
    queue = world.queue()
    queue.send([Message("now"), Message("later", delay=2)])
    assert bodies(drain(queue)) == ["now"]
    world.wait(2.1)
    assert "later" in bodies(drain(queue))


@pytest.mark.parametrize(
    "message",
    [Message("x", delay=901), Message("x", delay=-1), Message(""), Message("x" * (MAX_BODY + 1))],
    ids=["over 15 minutes", "negative", "empty", "over 256 KB"],
)
def test_what_a_queue_cannot_take_is_refused_before_anything_is_sent(world: World, message: Message) -> None:
    queue = world.queue()
    with pytest.raises(ValueError, match=r"message (body|delay)"):
        queue.send([Message("good"), message])
    assert drain(queue) == []


def test_the_longest_delay_is_taken(world: World) -> None:
    queue = world.queue()
    queue.send([Message("x", delay=900, group=world.account)])
    assert queue.waiting() == 0


def test_a_message_comes_again_until_it_is_deleted(world: World) -> None:
    queue = world.queue()
    queue.send([Message("kept"), Message("deleted")])
    first = {held.body: held for held in drain(queue)}
    assert {held.receives for held in first.values()} == {1}
    assert drain(queue) == [], "what somebody holds is not seen by others"
    queue.delete(first["deleted"])
    world.wait(2.1)
    (again,) = drain(queue)
    assert (again.body, again.id, again.receives) == ("kept", first["kept"].id, 2)
    queue.delete(again)
    world.wait(2.1)
    assert drain(queue) == []


def test_a_message_that_came_too_often_goes_to_the_dead_letters(world: World) -> None:
    queue = world.queue()
    queue.send([Message("poison")])
    for _ in range(2):
        assert bodies(drain(queue)) == ["poison"]
        world.wait(2.1)
    assert drain(queue) == []


def test_at_most_ten_come_at_once_and_fewer_on_request(world: World) -> None:
    queue = world.queue()
    queue.send(Message(str(number)) for number in range(15))
    assert len(queue.receive(3)) <= 3
    assert len(queue.receive(50)) <= 10


def test_the_depth_counts_what_could_be_received_now(world: World) -> None:
    queue = world.queue()
    queue.send([Message("a"), Message("b"), Message("later", delay=600)])
    assert queue.waiting() == 2
    drain(queue)
    assert queue.waiting() == 0


def test_what_is_released_is_there_again_at_once(world: World) -> None:
    queue = world.queue()
    queue.send([Message("looked at")])
    (held,) = drain(queue)
    queue.release(held)
    assert bodies(drain(queue)) == ["looked at"]
