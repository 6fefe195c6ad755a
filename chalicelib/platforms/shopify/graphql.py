"""One GraphQL question to a shop's Admin API, and what its answer means.

Throttling and most refusals come under HTTP 200. What is repeated by a later try must bear it: that is the levers'
care. Reasons are short codes, never the platform's sentences, which may hold names. Facts: the sheet, section 4.
"""

import hashlib
import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import cut
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import DEAD, Later, Refused, Session, Shop, Unreadable, told_to_wait
from chalicelib.platforms.shopify.documents import API_VERSION
from chalicelib.platforms.shopify.fields import Node

_VERSION = re.compile(r"20[0-9]{2}-(?:01|04|07|10)|unstable", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,6})?", re.ASCII)

DOWN = 30.0
"""Seconds to wait when the platform gave no number of its own."""
LONGEST = 300.0

_HTTP = {401: DEAD, 402: "shop-frozen", 403: DEAD, 404: "shop-not-found", 423: "shop-locked"}
_CODES = {"ACCESS_DENIED": "scope", "SHOP_INACTIVE": "shop-inactive", "MAX_COST_EXCEEDED": "query-too-costly"}


@dataclass(frozen=True, slots=True)
class Answered:
    """The `data` of an answer. `as_of`: the platform's own clock when it answered, to the second. `denied`: parts were
    kept from us (a missing scope, or no approval for customers' data), so null does not mean that there is nothing."""

    data: Node
    as_of: datetime | None
    digest: str
    denied: bool = False


Asking: TypeAlias = Generator[Call, Reply, Answered | Refused | Later]


def endpoint(shop: Shop) -> str:
    """The GraphQL address of a shop, in the API version of its option `api_version`."""
    chosen = shop.options.get("api_version", "")
    version = chosen if _VERSION.fullmatch(chosen) else API_VERSION
    address = shop.address.strip().rstrip("/")
    return f"{address if '://' in address else 'https://' + address}/admin/api/{version}/graphql.json"


def call_of(session: Session, token: str, document: str, variables: Mapping[str, object]) -> Call:
    """The request for one document."""
    body = json.dumps({"query": document, "variables": variables}, ensure_ascii=True, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", "accept": "application/json", "x-shopify-access-token": token}
    return Call("POST", endpoint(session.shop), headers, body, timeout=15.0)


def ask(session: Session, document: str, variables: Mapping[str, object]) -> Asking:
    """Sends one document; the answer's data, or why there is none."""
    token = session.credentials.get("access_token", "")
    if not token:
        return Refused(DEAD)
    reply = yield call_of(session, token, document, variables)
    return understand(reply)


def notice(call: Call, reply: Reply) -> str:
    """What ops should hear of, although the answer is not worse for it: that we use what will go, or that the version
    asked for has gone, so that Shopify silently served another. Empty where there is nothing."""
    asked = call.url.split("/admin/api/")[-1].split("/")[0]
    served = reply.headers.get("x-shopify-api-version", asked)
    if _VERSION.fullmatch(served) and served != asked:
        return f"API version {served} was served instead of {asked}"
    reason = reply.headers.get("x-shopify-api-deprecated-reason", "")
    return f"deprecated: {reason}"[:200] if reason else ""


def understand(reply: Reply) -> Answered | Refused | Later:
    """What an HTTP reply of the GraphQL endpoint means."""
    status = reply.status
    if status == 429 or status >= 500:
        return Later(_retry_after(reply), "throttled" if status in (429, 503) else f"http-{status}")
    if status != 200:
        return Refused(_HTTP.get(status, "redirected" if 300 <= status < 400 else f"http-{status}"))
    try:
        body = Node.of(loads(reply.body, max_keys=200_000, max_string=1024 * 1024, max_int_digits=20))
        codes = _error_codes(body)
        if "THROTTLED" in codes:
            return _throttled(body)
        data = body.node("data")
    except (BadJson, Unreadable):
        return Later(DOWN, "unreadable answer")
    denied = "ACCESS_DENIED" in codes
    if data is not None and not codes - {"ACCESS_DENIED"}:
        return Answered(data, _as_of(reply), hashlib.sha256(reply.body).hexdigest()[:16], denied)
    if "IDEMPOTENCY_CONCURRENT_REQUEST" in codes:
        return Later(5.0, "in progress")
    if "INTERNAL_SERVER_ERROR" in codes or not codes:
        return Later(DOWN, "platform error")
    known = [_CODES[code] for code in sorted(codes) if code in _CODES]
    return Refused(known[0] if known else f"graphql:{min(codes).lower()}"[:80])


def _error_codes(body: Node) -> set[str]:
    """Codes of the top-level errors; an error without one is a mistake in the question itself."""
    if isinstance(body.value.get("errors"), str):
        # So Shopify answers where it does not get as far as GraphQL: no such shop, no valid token.
        return {"REJECTED"}
    codes = set()
    for error in body.nodes("errors"):
        extensions = error.node("extensions")
        code = extensions.text("code") if extensions else ""
        codes.add(code if re.fullmatch(r"[A-Za-z_]{1,60}", code) else "INVALID")
    return codes


def _throttled(body: Node) -> Later | Refused:
    """Waits until the bucket has leaked enough for this very query."""
    told = _points(body)
    if told is None:
        return Later(2.0)
    wanted, there, most, rate = told
    if most is not None and wanted > most:
        return Refused("query-too-costly")
    return Later(min(max(float((wanted - there) / rate), 1.0), LONGEST))


def _points(body: Node) -> tuple[Decimal, Decimal, Decimal | None, Decimal] | None:
    """What this query was reckoned to cost, what the bucket holds, the most that it holds, what comes back a second."""
    extensions = body.node("extensions")
    cost = extensions.node("cost") if extensions else None
    state = cost.node("throttleStatus") if cost else None
    if cost is None or state is None:
        return None
    wanted, rate, there = (
        cost.money("requestedQueryCost"),
        state.money("restoreRate"),
        state.money("currentlyAvailable"),
    )
    if wanted is None or there is None or not rate or rate <= 0:
        return None
    return wanted, there, state.money("maximumAvailable"), rate


def pause(reply: Reply) -> float:
    """How long until the bucket, which all our calls of this shop draw from, holds a query like this one again."""
    wait = told_to_wait(understand(reply))
    if wait or reply.status != 200:
        return wait
    try:
        told = _points(Node.of(loads(reply.body, max_keys=200_000, max_string=1024 * 1024, max_int_digits=20)))
    except (BadJson, Unreadable):
        return 0.0
    if told is None or told[0] <= told[1] or (told[2] is not None and told[0] > told[2]):
        return 0.0
    return min(float((told[0] - told[1]) / told[3]), LONGEST)


def _retry_after(reply: Reply) -> float:
    told = reply.headers.get("retry-after", "").strip()
    if not _SECONDS.fullmatch(told):
        return DOWN if reply.status != 429 else 2.0
    return min(max(float(told), 1.0), LONGEST)


def _as_of(reply: Reply) -> datetime | None:
    try:
        moment = parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, IndexError):
        return None
    return cut(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def rejection(data: Node, mutation: str) -> Refused | Later | None:
    """The first `userErrors` of a mutation as a code: its own code, or the field that it is about."""
    payload = data.node(mutation)
    if payload is None:
        return Refused("no-answer")
    for error in payload.nodes("userErrors"):
        code, message = error.text("code"), error.text("message").casefold()
        if code == "IDEMPOTENCY_CONCURRENT_REQUEST" or "currently in progress" in message:
            return Later(5.0, "in progress")
        if code == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH" or "same idempotency key" in message:
            # An earlier try of ours got through with other numbers; the next one will find its effect.
            return Later(60.0, "settling")
        return Refused(code.lower().replace("_", "-") or _field(error))
    return None


def _field(error: Node) -> str:
    value = error.value.get("field")
    path = ".".join(one for one in value if isinstance(one, str)) if isinstance(value, list) else ""
    return f"rejected:{path}" if re.fullmatch(r"[A-Za-z0-9_.]{1,60}", path) else "rejected"
