"""The door: POST /hooks/{token}. Raw bytes are verified before anything parses them; whatever is authentic is answered
as its platform expects and queued, whatever its content (DESIGN section 3).

It never answers 5xx for what a stranger sends; only a failing store or queue lets it fail, because then a retry helps.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeGuard

from chalicelib.flow.log import log
from chalicelib.flow.messages import KEYS, Ask, group_of, write_ask
from chalicelib.flow.receive import receive
from chalicelib.flow.shops import AGAIN, Shops, adapter_of, shop_of
from chalicelib.platforms.base import Adapter, Answer, Opens, Refusal
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection, Message

MAX_BODY = 1 << 20
TOO_LARGE = Answer(413, b'{"error":"too large"}')
WRONG_TYPE = Answer(415, b'{"error":"unsupported media type"}')
NOT_YOURS = Answer(401, b'{"error":"unauthorized"}')
COME_AGAIN = Answer(503, b'{"error":"unavailable"}')
"""For whoever holds a connection's address and names a key that we do not have (yet)."""


class Hook:
    """One webhook request in, one answer out."""

    def __init__(self, ports: Ports, shops: Shops) -> None:
        self._ports, self._shops = ports, shops

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer an HTTP API request (payload format 2.0)."""
        headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        body = _body(event)
        token = str((event.get("pathParameters") or {}).get("token", ""))
        if body is None or len(body) > MAX_BODY:
            log("hook_refused", level="warning", status=TOO_LARGE.status, reason="too large", id=_hashed(token))
            answer = TOO_LARGE
        else:
            answer = self._answer(token, body, headers)
        return {
            "statusCode": answer.status,
            "headers": {"content-type": answer.content_type},
            "body": answer.body.decode(),
        }

    def _answer(self, token: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = self._shops.by_token(token)
        if connection is None:
            log("hook_refused", level="warning", status=401, reason="unknown token", id=_hashed(token))
            return NOT_YOURS
        adapter = adapter_of(connection)
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in adapter.content_types or headers.get("content-encoding", "identity").lower() != "identity":
            return self._refused(connection, WRONG_TYPE, "content type", len(body))
        greeting = adapter.greet(body, headers)
        if greeting is not None:
            log("hook_greeted", account=connection.account, connection=connection.name)
            return greeting
        now = self._ports.clock.now()
        secrets, refusal = self._verify(connection, body, headers)
        newest = self._shops.find(connection.account, connection.name, AGAIN) if refusal is not None else None
        if newest is not None and newest != connection:
            # Rotated within the minute for which it is kept.
            connection = newest
            secrets, refusal = self._verify(connection, body, headers)
        if refusal is not None:
            if refusal.again:
                wish, group = (
                    Ask(connection.account, connection.name, KEYS),
                    group_of(connection.account, connection.name),
                )
                self._ports.inbox.send([Message(write_ask(wish), group=group)])
            answer = COME_AGAIN if refusal.again else NOT_YOURS
            return self._refused(connection, answer, refusal.reason, len(body))
        correction = adapter.refuse(body)
        if correction is not None:
            return self._refused(connection, correction, "not strict JSON", len(body))
        if _opens(adapter):
            body = adapter.open(body, secrets)
        kept = {name: headers[name] for name in adapter.keep if name in headers}
        ident = receive(self._ports, connection, body, kept, now)
        log("hook_accepted", account=connection.account, connection=connection.name, id=ident, size=len(body))
        return adapter.success

    def _verify(
        self, connection: Connection, body: bytes, headers: Mapping[str, str]
    ) -> tuple[tuple[str, ...], Refusal | None]:
        """The secrets that are live, and why none of them has signed this."""
        secrets = self._shops.secrets(connection)
        if not secrets:
            return secrets, Refusal("no secret")
        shop, now = shop_of(connection), self._ports.clock.now()
        return secrets, adapter_of(connection).verify(body, headers, secrets, shop, now)

    def _refused(self, connection: Connection, answer: Answer, reason: str, size: int) -> Answer:
        level = "error" if answer is COME_AGAIN else "warning"
        log(
            "hook_refused", level=level, account=connection.account, connection=connection.name,
            platform=connection.platform, status=answer.status, reason=reason, size=size,
        )  # fmt: skip
        return answer


def _opens(adapter: Adapter) -> TypeGuard[Opens]:
    return _is_opener(type(adapter))


@cache
def _is_opener(kind: type) -> bool:
    """Asked once of each adapter: to hold a class against a protocol takes longer than to verify a body."""
    return issubclass(kind, Opens)


def _hashed(token: str) -> str:
    """Enough of a token's hash to tell two strangers apart; the token itself is a secret."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:12]


def _body(event: Mapping[str, Any]) -> bytes | None:
    """The raw bytes of the request; None where they are longer than allowed, seen before they are decoded."""
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return None if len(text) > MAX_BODY else text.encode("utf-8", "surrogatepass")
    if len(text) > MAX_BODY * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
