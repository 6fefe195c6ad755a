"""What travels on the inbox comes out as it went in."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.flow.messages import Received, read_inbox, write_received

AT = datetime(2026, 11, 20, 10, 0, 0, 5000, tzinfo=UTC)
HEADERS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)


@given(HEADERS, st.binary(max_size=60), st.sampled_from(["", "inbox/main/shop-1/d-1"]))
def test_a_delivery_comes_out_to_the_byte(headers: dict[str, str], body: bytes, blob: str) -> None:
    sent = Received("main", "shop-1", "d-1", AT, headers, b"" if blob else body, blob)
    assert read_inbox(write_received(sent)) == sent


def test_a_message_is_json_without_spaces() -> None:
    text = write_received(Received("main", "shop-1", "d-1", AT, {"webhook-id": 'm"1'}, b"\xff{}"))
    assert json.dumps(json.loads(text), separators=(",", ":")) == text
