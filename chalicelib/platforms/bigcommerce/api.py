"""The REST API of one store: v2 for orders, v3 for the rest, one token, one way of saying "not now".

A store's quota is shared by all its apps, so a 429 is ordinary: the longer of the two waits that it tells is kept.
Facts: the sheet, section 4.
"""

from collections.abc import Generator, Mapping
from typing import TypeAlias
from urllib.parse import urlencode

from chalicelib.core.calls import Call, Reply
from chalicelib.core.strictjson import dumps_canonical
from chalicelib.platforms.base import DEAD, Later, Session, told_to_wait
from chalicelib.platforms.bigcommerce.names import base
from chalicelib.platforms.rest import DOWN, LONGEST, NOT_JSON, Asking, Murky, No, Ok, Result, json_of, wait_of
from chalicelib.platforms.shapes import Body, answered_at, child, rows

Rows: TypeAlias = "Generator[Call, Reply, tuple[Body, ...] | No | Later | Murky]"

PAGE = 20
"""Rows in one answer: a client that takes 64 KB must be able to take it."""
MOST_PAGES = 20
GONE = frozenset(["not_found"])

_CODES = {
    401: DEAD,
    403: "scope",
    404: "not_found",
    405: "method",
    409: "conflict",
    413: "too_large",
    422: "invalid",
}


class Api:
    """For the length of one generator."""

    def __init__(self, session: Session) -> None:
        self.session, self.base = session, base(session.shop)

    def get(self, path: str, **query: str) -> Asking:
        return self.ask("GET", path, query)

    def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, object] | None = None
    ) -> Asking:
        """One call (`v2/orders/1`) and what its answer means. `No` without a call where there is no token."""
        token = self.session.credentials.get("access_token", "")
        if not token:
            return No(DEAD)
        # v2 answers in XML unless it is asked for JSON.
        headers = {"x-auth-token": token, "accept": "application/json"}
        raw = b""
        if body is not None:
            headers["content-type"], raw = "application/json", dumps_canonical(body)
        url = f"{self.base}/{path}" + (f"?{urlencode(query)}" if query else "")
        return meaning((yield Call(method, url, headers, raw, timeout=20.0)))

    def pages2(self, path: str, **query: str) -> Rows:
        """All rows of a v2 collection, whose last page is short or answers with nothing at all."""
        found: list[Body] = []
        for page in range(1, MOST_PAGES + 1):
            answer = yield from self.get(path, **query, page=str(page), limit=str(PAGE))
            if not isinstance(answer, Ok):
                return answer
            found += answer.list
            if len(answer.list) < PAGE:
                return tuple(found)
        return Murky("too_many_pages")

    def pages3(self, path: str, **query: str) -> Rows:
        """All rows of a v3 collection."""
        found: list[Body] = []
        for page in range(1, MOST_PAGES + 1):
            answer = yield from self.get(path, **query, page=str(page), limit=str(PAGE))
            if not isinstance(answer, Ok):
                return answer
            found += rows(answer.body, "data")
            told = child(child(answer.body, "meta"), "pagination").get("total_pages")
            if not isinstance(told, int) or page >= told:
                return tuple(found)
        return Murky("too_many_pages")


def meaning(reply: Reply) -> Result:
    """What an answer means."""
    at, status = answered_at(reply.headers), reply.status
    if 200 <= status < 300:
        value = json_of(reply.body)
        return Murky("not_json") if value is NOT_JSON else Ok(value, at, reply.body)
    if status == 429:
        return Later(_reset(reply))
    if status in (408, 425, 503):
        return Later(wait_of(reply.headers, "x-retry-after", "retry-after"), "unavailable")
    if status >= 500:
        return Murky(f"http_{status}")
    if 300 <= status < 400:
        return No("redirect", at)
    return No(_CODES.get(status, f"http_{status}"), at, reply.body)


def pause(reply: Reply) -> float:
    """The store's quota is shared by all its apps: whoever sees it used up waits until it is filled again."""
    if reply.headers.get("x-rate-limit-requests-left", "").strip() == "0":
        return _reset(reply)
    return told_to_wait(meaning(reply))


def _reset(reply: Reply) -> float:
    told = reply.headers.get("x-rate-limit-time-reset-ms", "").strip()
    reset = int(told) / 1000 if told.isascii() and told.isdigit() and len(told) < 12 else 0.0
    wait = wait_of(reply.headers, "x-retry-after", "retry-after", default=0.0)
    return min(max(reset, wait, 1.0), LONGEST) if reset or wait else DOWN
