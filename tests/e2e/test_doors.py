"""What strangers and broken senders get at the hook's real door: the answer of DESIGN section 3, and never a 5xx."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from chalicelib.bootstrap import AwsPorts
from chalicelib.connections.connect import Request, connect
from chalicelib.core.signing import signed_headers
from chalicelib.core.words import MARKS
from chalicelib.flow.quarantine import entries
from examples.demo.letters import Address, Letter, headers
from examples.demo.scenes import How
from infra.stack import Outputs
from tests.support.street import Street, eventually

GOOD = {
    "id": "door-1", "subject": {"kind": "order", "id": "door-1"}, "occurred_at": "2026-11-20T10:00:00Z",
    "marks": [{"name": "order.placed", "at": "2026-11-20T09:58:00Z"}],
}  # fmt: skip
TEXT = json.dumps(GOOD)


def post(url: str, body: bytes, told: Mapping[str, str]) -> tuple[int, bytes]:
    """Exactly these bytes and headers: nothing adds, follows or repeats."""
    parts = urlsplit(url)
    door = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        door.request("POST", parts.path, body, dict(told))
        answer = door.getresponse()
        return answer.status, answer.read()
    finally:
        door.close()


def signed(body: bytes, to: Address, **more: str) -> dict[str, str]:
    own = signed_headers("msg_door", datetime.now(UTC), body, to.secret)
    return {"content-type": "application/json", **own, **more}


@dataclass(frozen=True)
class Knock:
    """A request and what it is answered."""

    why: str
    status: int
    body: bytes = TEXT.encode()
    change: Callable[[dict[str, str]], Mapping[str, str]] = dict
    token: Callable[[str], str] = str


def _without(name: str) -> Callable[[dict[str, str]], Mapping[str, str]]:
    return lambda told: {key: value for key, value in told.items() if key != name}


def _with(**more: str) -> Callable[[dict[str, str]], Mapping[str, str]]:
    return lambda told: told | {name.replace("_", "-"): value for name, value in more.items()}


LARGE = b'{"id": "' + b"x" * (1 << 20) + b'"}'
KNOCKS = [
    Knock("authentic", 202),
    Knock("more than a mebibyte, signed", 413, LARGE),
    Knock("more than a mebibyte, a stranger's", 413, LARGE, token=lambda _: "main.corner.guess"),
    Knock("a form", 415, change=_with(content_type="application/x-www-form-urlencoded")),
    Knock("no content type", 415, change=_without("content-type")),
    Knock("a packed body", 415, change=_with(content_encoding="gzip")),
    Knock("an unknown token", 401, token=lambda _: "main.corner.guess"),
    Knock("a token of no form", 401, token=lambda _: "%00%ff..;x"),
    Knock("a token of another account", 401, token=lambda token: token.replace("main.", "other.", 1)),
    Knock("no signature", 401, change=_without("webhook-signature")),
    Knock("a signature that is no base64", 401, change=_with(webhook_signature="v1,***")),
    Knock("a signature under another secret", 401, change=_with(webhook_signature="v1," + "A" * 43 + "=")),
    Knock("a body cut short after it was signed", 401, TEXT.encode()[:-9]),
    Knock("signed an hour ago", 401, change=_with(webhook_timestamp="1700000000")),
    Knock("a time that is no number", 401, change=_with(webhook_timestamp="²³")),
    Knock("not JSON", 400, b"{"),
    Knock("nothing", 400, b" "),
    Knock("NaN", 400, TEXT.replace('"door-1"', "NaN", 1).encode()),
    Knock("a key twice", 400, (TEXT[:-1] + ', "id": "door-2"}').encode()),
    Knock("a thousand levels", 400, b"[" * 1000 + b"]" * 1000),
    Knock("a number of a thousand digits", 400, (TEXT[:-1] + ', "n": ' + "9" * 1000 + "}").encode()),
    Knock("half a surrogate pair", 400, TEXT.replace("door-1", "\\ud800", 1).encode()),
    # The gateway hands JSON on as text and puts a sign in the place of such bytes: these are not what was signed.
    Knock("bytes that are no text", 401, b'{"id": "\xff\xfe"}'),
    Knock("a mark out of rank", 400, b"\xef\xbb\xbf" + TEXT.encode() + b"\x00"),
    Knock("JSON that is no event", 202, b'{"id": 7}'),
    Knock("an event of a kind that nobody knows", 202, TEXT.replace('"order"', '"spaceship"').encode()),
    Knock("an array of nothing", 202, b"[]"),
]


@pytest.mark.parametrize("knock", KNOCKS, ids=[knock.why for knock in KNOCKS])
def test_the_door_answers_as_it_should(knock: Knock, street: Street) -> None:
    to = street.shop.address
    told = signed(TEXT.encode() if knock.why.startswith("a body cut short") else knock.body, to)
    base, _, token = to.url.rpartition("/")
    status, body = post(f"{base}/{knock.token(token)}", knock.body, knock.change(told))
    assert status == knock.status, body
    if status == 400:
        assert {"error", "position"} <= json.loads(body).keys(), "its author can mend it"
    if status == 401:
        assert json.loads(body) == {"error": "unauthorized"}, "all alike"
    assert b"whsec" not in body


def test_a_platform_that_deletes_whoever_refuses_is_never_refused(
    street: Street, ports: AwsPorts, outputs: Outputs
) -> None:
    made = connect(ports, "main", Request("stall", "woocommerce", "https://stall.example"), outputs.hook_url, MARKS)
    to = Address("woocommerce", made.url, "https://stall.example", made.secret)
    now = datetime.now(UTC)
    junk = [
        b"{",
        b"not json",
        b"[" * 1000,
        b'{"code":"woocommerce_rest_cannot_view","message":"","data":{"status":403}}',
    ]
    for body in junk:
        assert post(made.url, body, headers(Letter("order.updated", body), to, How.ONCE, now))[0] == 200
        forged = headers(Letter("order.updated", body), replace(to, secret="guess"), How.ONCE, now)
        assert post(made.url, body, forged)[0] == 401
    ping = {"content-type": "application/x-www-form-urlencoded"}
    assert post(made.url, b"webhook_id=1", ping)[0] == 200, "the ping of a new webhook is unsigned"
    eventually(lambda: len(list(entries(ports, "main", "stall"))) == len(junk), "kept aside, none lost")
    eventually(lambda: "source.unreadable" in _kinds(street, "connection/stall"), "and somebody is told")


def _kinds(street: Street, subject: str) -> set[str]:
    street.look()
    return {one.event["type"].removeprefix("redress.") for one in street.told if one.event.get("subject") == subject}
