"""What travels on the inbox comes out as it went in."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.events import Event, Mark, Subject
from chalicelib.flow.buyers import Buyers
from chalicelib.flow.looks import Looks
from chalicelib.flow.messages import Received, read_inbox, write_received
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from tests.support.world import T0, World

AT = datetime(2026, 11, 20, 10, 0, 0, 5000, tzinfo=UTC)
HEADERS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)


@given(HEADERS, st.binary(max_size=60), st.sampled_from(["", "inbox/main/shop-1/d-1"]))
def test_a_delivery_comes_out_to_the_byte(headers: dict[str, str], body: bytes, blob: str) -> None:
    sent = Received("main", "shop-1", "d-1", AT, headers, b"" if blob else body, blob)
    assert read_inbox(write_received(sent)) == sent


def test_a_message_is_json_without_spaces() -> None:
    text = write_received(Received("main", "shop-1", "d-1", AT, {"webhook-id": 'm"1'}, b"\xff{}"))
    assert json.dumps(json.loads(text), separators=(",", ":")) == text


def test_a_long_answer_goes_on_in_as_many_messages_as_a_queue_takes() -> None:
    world = World()
    connection = world.connect()
    marks = tuple(Mark("order.part_shipped", T0, f"包裹{number:04d}") for number in range(120))
    told = [Event(f"e-{n}", Subject("order", f"o-{n}"), T0, T0, marks=marks) for n in range(60)]
    shops, book = Shops(world.ports), Rulebook(world.ports)
    Looks(world.ports, shops, book, Buyers(world.ports)).pass_on(connection, told)
    assert len(world.queues["inbox"]) > 2
    world.run()
    assert all(len(world.case(f"order/o-{number}").evidence.marks) == 120 for number in range(60))
