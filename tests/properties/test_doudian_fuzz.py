"""Whatever Douyin shop sends or answers, only Read or Unreadable comes out, every event may go on the wire, and the
order in which pushes and looks come does not matter."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.strictjson import loads
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Delivery, Shop, Unreadable
from chalicelib.platforms.doudian import Doudian
from chalicelib.platforms.doudian.aftersales import asked_refund, asked_service
from chalicelib.platforms.doudian.orders import asked_order
from tests.fakes.doudian import AFTERSALE, ORDER, FakeDoudian
from tests.properties.test_woocommerce_fuzz import JSONISH, mutate

PUSHES: list[dict] = json.loads((Path(__file__).parents[1] / "fixtures" / "doudian" / "pushes.json").read_text())
OPEN: list[dict] = [
    {**push, "data": json.loads(push["data"]) if isinstance(push["data"], str) else push["data"]} for push in PUSHES
]
DOUDIAN, SHOP = Doudian(), Shop("dd", "doudian")
AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
ARBITRATION: dict = {
    "arbitrate_id": "88001", "arbitrate_status": 4, "arbitrate_create_time": 1795250000, "arbitrate_conclusion": 1,
    "arbitrate_update_time": 1795251000, "arbitrate_status_deadline": "2026-11-22 18:00:00",
}  # fmt: skip


def platform() -> FakeDoudian:
    made = FakeDoudian()
    made.order(logistics_info=[{"ship_time": 1795255000, "delivery_id": "D1", "tracking_no": "YD1"}])
    made.aftersale(12, 0, ARBITRATION, refund_status=3, real_refund_amount=13200)
    made.ticket(is_reject=1, reject_time="2026-11-21 12:00:00", first_reply_time="2026-11-21 11:00:00")
    return made


WORLD = platform()


def fine(events: tuple[Event, ...]) -> None:
    for event in events:
        again = read_event(loads(json.dumps(write_event(event)).encode()))
        assert (again.id, again.subject, again.version) == (event.id, event.subject, event.version)
        assert (again.marks, dict(again.facts), again.whole) == (event.marks, dict(event.facts), event.whole)
        assert again.dropped == ()


def outcome(raw: bytes) -> None:
    try:
        found = DOUDIAN.read(Delivery("d", raw, {}, AT), SHOP)
    except Unreadable:
        return
    assert found.events or found.looks or found.ignored or found.problem
    fine(found.events)


ODD = st.sampled_from(
    [
        "0001-01-01 00:00:00", "9999-12-31 23:59:59", "2026-02-30 10:00:00", "2026-11-21", "2026-11-21T10:00:00+08:00",
        "9999-12-31T23:59:59-12:00", "1795255200", 1795255200, 1795255200000, 10**18, 10**19 - 1, -1, 0, "0", "7", "12",
        255, "\N{SNOWMAN}", "a b", "x" * 300, "PROCESSED", "USER_CONTINUE_COMPLAINT", "MERCHANT_RESPONSE", True,
    ]
)  # fmt: skip
CHANGES = st.lists(st.tuples(st.lists(st.integers(0, 60), min_size=1, max_size=5), JSONISH | ODD), max_size=4)


def changed(value: Any, changes: list) -> Any:
    for path, replacement in changes:
        value = mutate(value, path, replacement) if isinstance(value, dict) else value
    return value


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OPEN), CHANGES, st.booleans()), min_size=1, max_size=3))
def test_only_read_or_unreadable_ever_comes_out(given_messages: list) -> None:
    messages = []
    for push, changes, as_text in given_messages:
        message = changed(push, changes)
        if as_text and isinstance(message, dict) and "data" in message:
            message = {**message, "data": json.dumps(message["data"])}
        messages.append(message)
    outcome(json.dumps(messages).encode())


@given(st.binary() | JSONISH.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_unreadable(raw: bytes) -> None:
    outcome(raw)
    outcome(b'[{"tag":101,"data":' + json.dumps(raw.decode("latin-1")).encode() + b"}]")


@given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=40))
def test_no_header_of_a_stranger_is_an_error(sign: str, app: str, raw: bytes) -> None:
    headers = {"event-sign": sign, "app-id": app}
    assert DOUDIAN.verify(raw, headers, ("secret", ""), Shop("dd", "doudian", options={"app_key": "1"}), AT) is not None


@settings(max_examples=300, deadline=None)
@given(CHANGES)
def test_answers_of_any_shape_are_events_of_the_wire(changes: list) -> None:
    order, refund = Subject("order", ORDER), Subject("refund", AFTERSALE)
    detail = changed(WORLD.orders[ORDER], changes)
    if isinstance(detail, dict):
        fine((asked_order(detail, None, SHOP, AT, "x", order),))
    detail = changed(WORLD.aftersales[AFTERSALE], changes)
    if isinstance(detail, dict):
        fine(asked_refund(detail, SHOP, AT, "x", refund))
    detail = changed(WORLD.tickets["24174"], changes)
    ticket = asked_service(detail, SHOP, AT, "x") if isinstance(detail, dict) else None
    fine((ticket,) if ticket is not None else ())


def history() -> list[Event]:
    found = list(DOUDIAN.read(Delivery("d", json.dumps(PUSHES).encode(), {}, AT), SHOP).events)
    for minutes in (0, 3000):
        when = AT + timedelta(minutes=minutes)
        found.append(asked_order(WORLD.orders[ORDER], None, SHOP, when, f"x{minutes}", Subject("order", ORDER)))
        refund = Subject("refund", AFTERSALE)
        found.extend(asked_refund(WORLD.aftersales[AFTERSALE], SHOP, when, f"x{minutes}", refund))
    return found


HISTORY = history()


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(len(HISTORY))), st.lists(st.integers(0, len(HISTORY) - 1), max_size=5))
def test_order_and_repetition_do_not_matter(order: list[int], again: list[int]) -> None:
    for subject in {event.subject for event in HISTORY}:
        mine = [event for event in HISTORY if event.subject == subject]
        shuffled = [HISTORY[n] for n in [*order, *again] if HISTORY[n].subject == subject]
        assert merge_all(NOTHING, shuffled) == merge_all(NOTHING, mine)
