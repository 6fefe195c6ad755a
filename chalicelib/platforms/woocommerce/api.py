"""One shop's REST API as calls and answers: where it is, how each route is signed, and what an answer means. Reading an
answer never raises, whatever a host, a firewall or a chatty plugin put into it. Facts: the WooCommerce sheet, sections
4 and 5, the Dokan sheet, section 3, and WooCommerce's REST controllers (some errors meant as 404 arrive as 500).
"""

import base64
import json
import re
from collections.abc import Generator, Mapping
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from chalicelib.core.calls import Call, Reply
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms import rest
from chalicelib.platforms.base import DEAD, Later, Refused, Session, told_to_wait
from chalicelib.platforms.rest import Asking, Murky, No, Ok, Result, wait_of
from chalicelib.platforms.shapes import Body, answered_at, is_body
from chalicelib.platforms.woocommerce.shapes import code

WC = "wp-json/wc/v3"
DOKAN = "wp-json/dokan/v1"
INDEX = "wp-json/"
"""Names the site, its time zone and its routes, to anybody."""
PAGE = 100
"""Entries a page, the most that WordPress gives."""

_TIMEOUT = 30.0
"""Shops are slow: a refund waits for the payment provider."""
_MOST = 1 << 20
"""Bytes of an answer: plugins hang long texts on each order."""
_FIREWALL = 120.0
_BUSY = 60.0
_MEANT_AS_ANSWER = frozenset(
    {
        "woocommerce_rest_cannot_create_order_refund",
        "woocommerce_rest_invalid_order_refund_id",
        "woocommerce_rest_invalid_order_id",
    }
)
"""Errors whose status WooCommerce hands over in the wrong shape, so that they go out as 500."""


class Api:
    """The API of one session, for the length of one generator."""

    def __init__(self, session: Session) -> None:
        self.session = session
        address = session.shop.address.strip().rstrip("/")
        self.base = address if "://" in address else f"https://{address}"

    def get(self, path: str, **query: str) -> Asking:
        return self.ask("GET", f"{WC}/{path}", query)

    def put(self, path: str, body: Mapping[str, object]) -> Asking:
        return self.ask("PUT", f"{WC}/{path}", {}, body)

    def post(self, path: str, body: Mapping[str, object]) -> Asking:
        return self.ask("POST", f"{WC}/{path}", {}, body)

    def ask(self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, object] | None = None) -> Asking:
        """One call and what its answer means. `No` without a call where the keys for this route are missing."""
        url = f"{self.base}/{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json"
        key, secret = self._keys(path)
        if path == INDEX:
            return meaning((yield Call(method, url, headers, timeout=_TIMEOUT)))
        if not key or not secret:
            return No("no_app_password" if path.startswith(DOKAN) else "no_api_keys")
        if path.startswith(WC) and self.base.startswith("http://"):
            if not _is_local(self.base):
                return No("plain_http")
            url = _with_oauth(method, url, key, secret, self.session.now)
        elif self.base.startswith("https://") or _is_local(self.base):
            pair = base64.b64encode(f"{key}:{secret}".encode()).decode()
            headers["authorization"] = f"Basic {pair}"
        else:
            return No("plain_http")
        raw = b"" if body is None else json.dumps(body).encode()
        reply = yield Call(method, url, headers, raw, _TIMEOUT, _MOST)
        answer = meaning(reply)
        return No(DEAD, answer.at) if isinstance(answer, No) and _unknown(method, path, reply) else answer

    def pages(self, path: str, **query: str) -> "Generator[Call, Reply, tuple[Body, ...] | No | Later | Murky]":
        """All rows of a collection; `Later` where it is longer than anything sensible."""
        rows: list[Body] = []
        for page in range(1, 21):
            found = yield from self.ask("GET", path, {**query, "per_page": str(PAGE), "page": str(page)})
            if not isinstance(found, Ok):
                return found
            if not isinstance(found.value, list):
                return Murky("not_a_list")
            rows.extend(found.list)
            if len(found.value) < PAGE:
                return tuple(rows)
        return Murky("too_many_pages")

    def _keys(self, path: str) -> tuple[str, str]:
        # WooCommerce's keys are honoured on its own routes only; Dokan's want a WordPress application password.
        names = ("wp_user", "wp_app_password") if path.startswith(DOKAN) else ("consumer_key", "consumer_secret")
        given = self.session.credentials
        return given.get(names[0], ""), given.get(names[1], "")


def _unknown(method: str, path: str, reply: Reply) -> bool:
    """Whether WordPress did not know our keys: who is known and lacks a right is told 403. A key that may only read is
    told 401 all the same when it writes. Dokan's password is another one, and says nothing of the keys."""
    reading_only = method != "GET" and _error_code(_json(reply.body)) == "woocommerce_rest_authentication_error"
    return reply.status == 401 and path.startswith(WC) and not reading_only


def meaning(reply: Reply) -> Result:
    """What an answer means. 403 with JSON is WordPress saying no; with anything else it is a firewall being busy."""
    at = answered_at(reply.headers)
    value = _json(reply.body)
    error = _error_code(value)
    status = reply.status
    if 200 <= status < 300:
        if error:
            return _no(error, at, reply)
        if value is _MISSING and reply.body.strip():
            return Murky("not_json")
        return Ok(None if value is _MISSING else value, at, reply.body)
    if status == 429:
        return Later(wait_of(reply.headers, "retry-after", default=_BUSY))
    if status == 503:
        return Later(wait_of(reply.headers, "retry-after", default=_BUSY), "unavailable")
    if status == 403 and not error:
        return Later(wait_of(reply.headers, "retry-after", default=_FIREWALL), "firewall")
    if status >= 500:
        return _no(error, at, reply) if error in _MEANT_AS_ANSWER else Murky(f"http_{status}")
    if 300 <= status < 400:
        return No("redirect", at)
    if status in (401, 403):
        return No("rights", at)
    if status == 404 and not error:
        return No("rest_no_route", at)
    return _no(error or f"http_{status}", at, reply)


def no_answer(result: object) -> Refused | Later:
    """As `rest.no_answer`, with this platform's own wait."""
    return rest.no_answer(result, _BUSY)


def pause(reply: Reply) -> float:
    return told_to_wait(meaning(reply))


def _no(error: str, at: datetime | None, reply: Reply) -> No:
    rights = "cannot_" in error and error.startswith(("woocommerce_rest_", "rest_", "dokan_rest_"))
    creating = error == "woocommerce_rest_cannot_create_order_refund"
    return No("rights" if rights and not creating else error, at, reply.body)


_MISSING = object()


def _json(raw: bytes) -> object:
    """The JSON of an answer; with PHP's notices before it, what comes after them."""
    try:
        return loads(raw, max_keys=200_000, max_string=4_194_304)
    except BadJson:
        pass
    for found in list(re.finditer(rb"(?:^|[>\s])([\[{])", raw))[:20]:
        try:
            return loads(raw[found.start(1) :].rstrip(), max_keys=200_000, max_string=4_194_304)
        except BadJson:
            continue
    return _MISSING


def _error_code(value: object) -> str:
    """WordPress' error code, where the answer is an error: `{"code", "message", "data"}`."""
    if not is_body(value) or "message" not in value or "data" not in value:
        return ""
    return code(value.get("code")) or ""


def _is_local(base: str) -> bool:
    """Whether plain HTTP stays on this machine or in its little network of containers."""
    name = urlsplit(base).hostname or ""
    return name in ("127.0.0.1", "::1") or "." not in name.rstrip(".") or name.endswith((".localhost", ".test"))


def _with_oauth(method: str, url: str, key: str, secret: str, clock: datetime) -> str:
    import secrets

    from chalicelib.platforms.woocommerce.oauth import escape, signed_query

    pairs = signed_query(method, url, key, secret, int(clock.timestamp()), secrets.token_hex(16))
    query = "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs)
    return f"{url}{'&' if '?' in url else '?'}{query}"
