"""One GraphQL question to a shop, and what its answer means.

Refusals of a mutation come under HTTP 200, those of the whole question often under 400. Every lever looks before it
acts, so whatever was left open may be asked again. Reasons are short codes, never sentences. Facts: the sheet, part 4.
"""

import hashlib
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.core.strictjson import dumps_canonical
from chalicelib.platforms.base import DEAD, Later, Refused, Session, told_to_wait
from chalicelib.platforms.rest import DOWN, NOT_JSON, json_of, wait_of
from chalicelib.platforms.shapes import Body, answered_at, child, is_body, rows, text


@dataclass(frozen=True, slots=True)
class Answered:
    """The `data` of an answer. `denied`: parts were kept from us, so null does not mean that there is nothing."""

    data: Body
    at: datetime | None
    raw: bytes
    denied: bool = False

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()[:16]


Asking: TypeAlias = Generator[Call, Reply, Answered | Refused | Later]

_TOKEN = re.compile(r"(?:Expired|Invalid)(?:Signature|Token)\w*|JSONWebToken\w*|JWT\w*")


def ask(session: Session, document: str, variables: Mapping[str, object]) -> Asking:
    """Sends one document."""
    token = session.credentials.get("access_token", "")
    if not token:
        return Refused(DEAD)
    # Some proxies eat the usual header, so Saleor reads a second one.
    headers = {
        "content-type": "application/json", "accept": "application/json", "authorization": f"Bearer {token}",
        "authorization-bearer": token,
    }  # fmt: skip
    body = dumps_canonical({"query": document, "variables": dict(variables)})
    return understand((yield Call("POST", session.shop.address, headers, body, timeout=20.0)))


def understand(reply: Reply) -> Answered | Refused | Later:
    """What an HTTP reply of the GraphQL endpoint means."""
    status = reply.status
    if status == 429:
        return Later(wait_of(reply.headers, "retry-after", default=60.0))
    if status >= 500 or status in (408, 425):
        return Later(wait_of(reply.headers, "retry-after", default=DOWN), f"http-{status}")
    if 300 <= status < 400:
        return Refused("redirected")
    value = json_of(reply.body)
    if value is NOT_JSON or not is_body(value):
        return Later(DOWN, "unreadable answer") if status == 200 else Refused(_plain(status))
    codes = [_code(error) for error in rows(value, "errors")]
    data = child(value, "data")
    if data and all(code == "PermissionDenied" for code in codes):
        return Answered(data, answered_at(reply.headers), reply.body, denied=bool(codes))
    if any(_TOKEN.fullmatch(code) for code in codes):
        return Refused(DEAD)
    if "PermissionDenied" in codes:
        return Refused("scope")
    if "QueryCostError" in codes:
        return Refused("query-too-costly")
    if codes:
        return Refused(f"graphql:{codes[0].lower()}"[:60])
    return Refused(_plain(status)) if status != 200 else Later(DOWN, "unreadable answer")


def pause(reply: Reply) -> float:
    return told_to_wait(understand(reply))


def _plain(status: int) -> str:
    return {401: DEAD, 403: DEAD, 404: "shop-not-found"}.get(status, f"http-{status}")


def _code(error: Body) -> str:
    found = text(child(child(error, "extensions"), "exception"), "code")
    return found if re.fullmatch(r"[A-Za-z_]{1,50}", found) else "invalid"


def rejection(data: Body, mutation: str) -> Refused | None:
    """The first error of a mutation, as its code."""
    payload = data.get(mutation)
    if not is_body(payload):
        return Refused("no-answer")
    for error in rows(payload, "errors"):
        code = text(error, "code")
        return Refused(code.lower().replace("_", "-") if re.fullmatch(r"[A-Z_]{1,50}", code) else "rejected")
    return None
