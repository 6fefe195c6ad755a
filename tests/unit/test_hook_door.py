"""What the door answers to each kind of input (DESIGN section 3): never 5xx, never a hint, nothing authentic lost."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.rules import Policy
from chalicelib.core.signing import signed_headers
from chalicelib.flow import quarantine
from chalicelib.ports.memory import MemoryConnections, MemoryVault
from chalicelib.ports.ports import GivenPorts
from chalicelib.ports.stores import Connection
from tests.support.world import SECRET, T0, TOKEN, World, placed
from tests.unit.test_flow_spine import SHIP_BY

GOOD = json.dumps(placed()).encode()


def world() -> World:
    made = World()
    made.connect()
    made.activate(Policy("demo", 1, "", (SHIP_BY,)))
    return made


def signed(body: bytes, **more: str) -> dict[str, str]:
    return {**signed_headers("msg_1", T0, body, SECRET), "content-type": "application/json", **more}


def post(made: World, body: bytes, headers: dict[str, str], token: str = TOKEN) -> dict[str, Any]:
    event = {
        "headers": headers, "body": base64.b64encode(body).decode(), "isBase64Encoded": True,
        "pathParameters": {"token": token},
    }  # fmt: skip
    return made.hook(event)


STRANGERS = [
    (GOOD, {"content-type": "application/json"}, TOKEN, 401, "no signature"),
    (GOOD, signed(b"other"), TOKEN, 401, "signed for another body"),
    (GOOD[:-5], signed(GOOD), TOKEN, 401, "cut short"),
    (GOOD, {**signed(GOOD), "webhook-timestamp": "1"}, TOKEN, 401, "stale"),
    (GOOD, {**signed(GOOD), "webhook-timestamp": "soon"}, TOKEN, 401, "a time that is none"),
    (GOOD, {**signed(GOOD), "webhook-signature": "v1,\N{SNOWMAN}"}, TOKEN, 401, "a signature that is none"),
    (GOOD, signed(GOOD), "main.shop-1.other", 401, "unknown token"),
    (GOOD, signed(GOOD), "main.nobody.token", 401, "unknown connection"),
    (GOOD, signed(GOOD), "", 401, "no token"),
    (GOOD, signed(GOOD), "\N{SNOWMAN}" * 5000, 401, "a token made of snow"),
    (GOOD, signed(GOOD, **{"content-type": "text/plain"}), TOKEN, 415, "not this adapter's content type"),
    (GOOD, signed(GOOD, **{"content-type": ""}), TOKEN, 415, "no content type"),
    (GOOD, signed(GOOD, **{"content-encoding": "gzip"}), TOKEN, 415, "packed"),
    (b" " * (1 << 20) + b"1", signed(b""), TOKEN, 413, "too large"),
    (b"", signed(b""), TOKEN, 400, "signed nothing"),
    (b"{", signed(b"{"), TOKEN, 400, "signed, not JSON"),
    (b'{"a":1,"a":2}', signed(b'{"a":1,"a":2}'), TOKEN, 400, "signed, a key twice"),
    (b'{"a":NaN}', signed(b'{"a":NaN}'), TOKEN, 400, "signed, NaN"),
    (b'{"a":' + b"9" * 5000 + b"}", signed(b'{"a":' + b"9" * 5000 + b"}"), TOKEN, 400, "signed, a huge integer"),
    (b"[" * 2000 + b"]" * 2000, signed(b"[" * 2000 + b"]" * 2000), TOKEN, 400, "signed, too deep"),
    (b'{"a":"\\ud800"}', signed(b'{"a":"\\ud800"}'), TOKEN, 400, "signed, a lone surrogate"),
    (b"\xff\xfe", signed(b"\xff\xfe"), TOKEN, 400, "signed, not UTF-8"),
]


@pytest.mark.parametrize(("body", "headers", "token", "status", "why"), STRANGERS, ids=[row[-1] for row in STRANGERS])
def test_what_is_not_let_in(
    body: bytes, headers: dict[str, str], token: str, status: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = world()
    answer = post(made, body, headers, token)
    assert answer["statusCode"] == status
    assert len(made.ports.inbox) == 0  # type: ignore[arg-type]
    if status == 401:
        assert answer["body"] == '{"error":"unauthorized"}', "the answer does not tell which check failed"
    assert "hook_refused" in capsys.readouterr().out, "our own log says why"


AUTHENTIC = [
    (b"null", "event", "not an event"),
    (b"[1]", "[0].event", "an array of something else"),
    (b'{"id":"e"}', "subject", "no subject"),
    (json.dumps([placed()] * 101).encode(), "events", "more events than one array may hold"),
    (
        json.dumps(placed() | {"occurred_at": "2026-03-02T10:00:00"}).encode(),
        "occurred_at",
        "an instant without a zone",
    ),
    (json.dumps(placed(amount=12.5)).encode(), "facts.amount", "money as a number"),
    (json.dumps(placed() | {"subject": {"kind": "order", "id": "x" * 201}}).encode(), "subject.id", "an id too long"),
]


@pytest.mark.parametrize(("body", "field", "why"), AUTHENTIC, ids=[row[-1] for row in AUTHENTIC])
def test_authentic_content_that_cannot_be_read_is_accepted_and_kept(body: bytes, field: str, why: str) -> None:
    made = world()
    assert post(made, body, signed(body))["statusCode"] == 202
    made.run()
    (entry,) = quarantine.entries(made.ports, "main")
    assert entry.data["field"] == field
    assert made.blobs.get(entry.data["blob"]) == body


def test_a_large_authentic_body_travels_as_a_pointer_and_arrives_whole() -> None:
    made = world()
    body = json.dumps([placed(str(n), note="x" * 2000) for n in range(90)]).encode()
    assert len(body) > 150_000
    assert post(made, body, signed(body))["statusCode"] == 202
    made.run()
    assert made.case("order/89").ledger.clocks


def test_no_secret_and_no_personal_datum_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    made = world()
    canary = "anna.canary@example.com"
    body = json.dumps(placed(buyer=canary) | {"note": canary, "facts": {"reason": canary, "carrier": 5}}).encode()
    post(made, body, signed(body, authorization=canary))
    post(made, body, {**signed(b""), "x-canary": canary})
    post(made, canary.encode(), signed(canary.encode()))
    made.run()
    out = capsys.readouterr().out
    assert "quarantined" in out
    assert canary not in out and SECRET not in out and TOKEN not in out


def test_an_opened_secret_is_kept_for_five_minutes_at_most() -> None:
    made = world()
    opened = 0

    class Counting(MemoryVault):
        def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
            nonlocal opened
            opened += 1
            return super().decrypt(sealed, context)

    made.ports = replace(cast(GivenPorts, made.ports), vault=Counting())
    made.boot()
    seen = []
    for _ in range(7):
        assert made.deliver(placed(at=made.clock.now()))["statusCode"] == 202
        seen.append(opened)
        made.clock.set(made.clock.now() + timedelta(minutes=1))
    assert seen == [1, 1, 1, 1, 1, 2, 2]


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=200),
    st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4),
    st.text(max_size=30),
)
def test_whatever_a_stranger_sends_is_answered_with_a_client_error(
    body: bytes, headers: dict[str, str], token: str
) -> None:
    made = World()
    made.connect()
    answer = post(made, body, {**headers, "content-type": "application/json"}, token)
    assert 400 <= answer["statusCode"] < 500
    json.dumps(answer)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(["headers", "body", "pathParameters", "isBase64Encoded"]), st.none()))
def test_a_request_without_its_parts_is_answered_all_the_same(event: dict[str, Any]) -> None:
    made = World()
    made.connect()
    assert 400 <= made.hook(event)["statusCode"] < 500


class Counted(MemoryConnections):
    """Counts how often a connection is read."""

    reads = 0

    def get(self, account: str, name: str) -> Connection | None:
        self.reads += 1
        return super().get(account, name)


@pytest.mark.parametrize("token", [TOKEN, "main.shop-1.guess", "main.nobody.guess"])
def test_a_flood_of_what_is_refused_reads_a_connection_every_two_seconds(token: str) -> None:
    made, counted = World(), Counted()
    made.ports = replace(cast(GivenPorts, made.ports), connections=counted)
    made.boot()
    made.connect()
    for _ in range(5):
        for _ in range(100):
            assert made.request(b"{}", {"webhook-id": "x"}, token)["statusCode"] == 401
        made.clock.advance(timedelta(seconds=2))
    assert counted.reads <= 6
