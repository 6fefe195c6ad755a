"""Whatever WeChat Pay sends, the adapter opens it or lets it be, answers with Read or Unreadable, and every event may
go on the wire; whatever order notices and looks come in, the evidence is the same."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import Event
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.strictjson import loads
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Delivery, Shop, Unreadable
from chalicelib.platforms.wechatpay import WechatPay
from chalicelib.platforms.wechatpay.story import events_of
from chalicelib.platforms.wechatpay.words import BY_ACTION
from tests.properties.test_woocommerce_fuzz import JSONISH, mutate

FIXTURES = Path(__file__).parents[1] / "fixtures" / "wechatpay"
DETAIL: dict = json.loads((FIXTURES / "detail.json").read_text())
HISTORY: list[dict] = json.loads((FIXTURES / "history.json").read_text())
PAY, SHOP = WechatPay(), Shop("pay", "wechatpay", "1900012181")
AT = datetime(2026, 11, 20, 10, 0, 6, tzinfo=UTC)
SECRET = json.dumps({"apiv3_key": "0" * 32, "platform_keys": {"A": "x"}})
PLAIN: dict = {
    "complaint_id": "1", "action_type": "CREATE_COMPLAINT", "complaint_time": "2026-11-20T18:00:05+08:00",
    "out_trade_no": "A", "mchid": "1900012181", "trade_state": "SUCCESS", "out_refund_no": "R",
    "refund_status": "SUCCESS", "success_time": "2026-11-20T18:00:05+08:00", "amount": {"total": 1, "refund": 1},
    "payer": {"openid": "o"},
}  # fmt: skip
KINDS = st.sampled_from(["COMPLAINT.CREATE", "TRANSACTION.SUCCESS", "REFUND.SUCCESS", "X", "", None])


def opened(plain: object, kind: object, name: object = "EV-1", made: object = "2026-11-20T18:00:06+08:00") -> bytes:
    resource = {"original_type": "x", "plaintext": plain if isinstance(plain, str) else json.dumps(plain)}
    return json.dumps({"id": name, "create_time": made, "event_type": kind, "resource": resource}).encode()


def fine(events: tuple[Event, ...]) -> None:
    for event in events:
        again = read_event(loads(json.dumps(write_event(event)).encode()))
        assert (again.id, again.subject, again.version) == (event.id, event.subject, event.version)
        assert (again.marks, dict(again.facts), again.whole) == (event.marks, dict(event.facts), event.whole)
        assert again.dropped == ()


def outcome(body: bytes) -> None:
    try:
        found = PAY.read(Delivery("d", body, {}, AT), SHOP)
    except Unreadable:
        return
    assert found.events or found.looks or found.ignored
    fine(found.events)


ODD = st.sampled_from(
    [
        "0001-01-01 00:00:00", "9999-12-31 23:59:59", "2026-02-30 10:00:00", "2026-11-21", "2026-11-21T10:00:00+08:00",
        "9999-12-31T23:59:59-12:00", "1795255200", 1795255200, 1795255200000, 10**18, 10**19 - 1, -1, 0, "0", "7", "12",
        255, "\N{SNOWMAN}", "a b", "x" * 300, "PROCESSED", "USER_CONTINUE_COMPLAINT", "MERCHANT_RESPONSE", True,
    ]
)  # fmt: skip
CHANGES = st.lists(st.tuples(st.lists(st.integers(0, 60), min_size=1, max_size=4), JSONISH | ODD), max_size=4)


@settings(max_examples=400, deadline=None)
@given(CHANGES, KINDS, JSONISH, JSONISH)
def test_only_read_or_unreadable_ever_comes_out(changes: list, kind: object, name: object, made: object) -> None:
    value: Any = PLAIN
    for path, replacement in changes:
        value = mutate(value, path, replacement) if isinstance(value, dict) else value
    outcome(opened(value, kind))
    outcome(opened(PLAIN, kind, name, made))


@given(st.binary() | JSONISH.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_opened_or_let_be_and_read_or_unreadable(raw: bytes) -> None:
    outcome(PAY.open(raw, (SECRET, "not a secret")))
    outcome(opened(raw.decode("utf-8", "replace"), "COMPLAINT.CREATE"))
    resource = {"algorithm": "AEAD_AES_256_GCM", "ciphertext": "AAAA", "nonce": raw.decode("latin-1")}
    outcome(PAY.open(json.dumps({"resource": resource}).encode(), (SECRET,)))


@given(st.dictionaries(st.sampled_from(["timestamp", "nonce", "serial", "signature", "signature-type"]).map(
    lambda name: f"wechatpay-{name}"), st.text(max_size=30) | st.just("A"))
)  # fmt: skip
def test_no_header_of_a_stranger_is_an_error(headers: dict[str, str]) -> None:
    assert PAY.verify(b"{}", headers, (SECRET,), SHOP, AT) is not None


@settings(max_examples=200, deadline=None)
@given(CHANGES, CHANGES)
def test_a_detail_and_a_history_of_any_shape_are_events_of_the_wire(of_detail: list, of_history: list) -> None:
    detail: Any = DETAIL
    for path, replacement in of_detail:
        detail = mutate(detail, path, replacement) if isinstance(detail, dict) else detail
    wrapped: Any = {"data": HISTORY}
    for path, replacement in of_history:
        wrapped = mutate(wrapped, path, replacement) if isinstance(wrapped, dict) else wrapped
    if not isinstance(detail, dict) or not isinstance(wrapped, dict):
        return
    history = [row for row in wrapped.get("data") or [] if isinstance(row, dict)] if isinstance(
        wrapped.get("data"), list) else []  # fmt: skip
    events = events_of({**detail, "complaint_id": DETAIL["complaint_id"]}, history, SHOP, AT, "x")
    fine(events)
    assert "CANARY" not in repr([event for event in events if detail == DETAIL])


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(len(BY_ACTION) + 2)))
def test_notices_and_looks_may_come_in_any_order(order: list[int]) -> None:
    events: list[Event] = []
    for number, action in enumerate(BY_ACTION):
        plain = {"complaint_id": DETAIL["complaint_id"], "action_type": action}
        body = opened(plain, "COMPLAINT.STATE_CHANGE", f"EV-{number}", f"2026-11-20T18:00:{number:02d}+08:00")
        events.extend(PAY.read(Delivery("d", body, {}, AT), SHOP).events)
    for when in (AT, datetime(2026, 11, 23, tzinfo=UTC)):
        events.extend(events_of(DETAIL, HISTORY, SHOP, when, "x")[:1])
    wanted = merge_all(NOTHING, events)
    shuffled = sorted(range(len(events)), key=lambda n: order[n % len(order)])
    assert merge_all(NOTHING, [events[n] for n in shuffled]) == wanted
    live = [
        of for (name, of), one in wanted.marks.items() if name == "complaint.first_reply" and wanted.live(name, one)
    ]
    assert sorted(live) == ["", "L07"], "the list of the last look replaces what notices said of their own"
