"""WeChat Pay's API v3 as signed calls and what their answers mean. Reading an answer never raises. The signature is RSA
under the merchant's own certificate, over five lines. Facts: the sheet of WeChat Pay complaints, section 3, and the
pages on signing and on common errors (429 FREQUENCY_LIMITED or RATELIMIT_EXCEEDED; 500 SYSTEM_ERROR may have happened).
"""

import json
import secrets
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, urlencode

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import EPOCH
from chalicelib.platforms import rest
from chalicelib.platforms.base import DEAD, Later, Refused, Session, told_to_wait
from chalicelib.platforms.crypto import encode64, rsa_sign
from chalicelib.platforms.rest import Murky, No, wait_of
from chalicelib.platforms.shapes import answered_at, code

HOST = "https://api.mch.weixin.qq.com"
COMPLAINTS = "/v3/merchant-service/complaints-v2"
SCHEME = "WECHATPAY2-SHA256-RSA2048"
_TIMEOUT = 20.0
_BUSY = 60.0


@dataclass(frozen=True, slots=True)
class Ok(rest.Ok):
    """`serial`: of the key that signed the answer."""

    serial: str = ""


Result: TypeAlias = "Ok | No | Later | Murky"
Asking: TypeAlias = "Generator[Call, Reply, Ok | No | Later | Murky]"


class Api:
    """The API of one session, for the length of one generator."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.merchant = session.shop.address

    def get(self, path: str, **query: str) -> Asking:
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, b"")

    def post(self, path: str, body: Mapping[str, object]) -> Asking:
        return self._ask("POST", path, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())

    def put(self, path: str, body: Mapping[str, object]) -> Asking:
        return self._ask("PUT", path, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())

    def delete(self, path: str) -> Asking:
        return self._ask("DELETE", path, b"")

    def complaint(self, ident: str, what: str = "") -> str:
        """The path of a complaint, or of a part of it."""
        return f"{COMPLAINTS}/{quote(ident, safe='')}" + (f"/{what}" if what else "")

    def _ask(self, method: str, path: str, body: bytes) -> Asking:
        serial, key = self.session.credentials.get("serial_no", ""), self.session.credentials.get("private_key", "")
        if not serial or not key or not self.merchant:
            return No("no_merchant_key")
        stamp = str(int((self.session.now - EPOCH).total_seconds()))
        try:
            token = authorization(method, path, stamp, secrets.token_hex(16), body, self.merchant, serial, key)
        except ValueError:
            return No("unfit_merchant_key")
        headers = {"accept": "application/json", "authorization": token, "user-agent": "redress"}
        if method in ("POST", "PUT"):
            headers["content-type"] = "application/json"
        return meaning((yield Call(method, HOST + path, headers, body, _TIMEOUT)))


def authorization(
    method: str, path: str, stamp: str, nonce: str, body: bytes, merchant: str, serial: str, private_key: str
) -> str:
    """The header that signs a call; `path` with its query, as sent. Raises ValueError for an unfit key."""
    message = f"{method}\n{path}\n{stamp}\n{nonce}\n".encode() + body + b"\n"
    parts = {
        "mchid": merchant,
        "nonce_str": nonce,
        "signature": encode64(rsa_sign(private_key, message)),
        "timestamp": stamp,
        "serial_no": serial,
    }
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in parts.items())


def meaning(reply: Reply) -> Result:
    """What an answer means."""
    at, status = answered_at(reply.headers), reply.status
    value = rest.body_of(reply.body)
    error = (code(value.get("code")) or "").lower() if value is not None else ""
    if 200 <= status < 300:
        if value is None and reply.body.strip():
            return Murky("not_json")
        return Ok(value or {}, at, reply.body, reply.headers.get("wechatpay-serial", ""))
    if status == 429 or error in ("frequency_limited", "ratelimit_exceeded", "frequency_limit_exceed"):
        return Later(wait_of(reply.headers, "retry-after", default=_BUSY))
    if status >= 500:
        return Murky(error or f"http_{status}")
    if status == 401 or error == "sign_error":
        return No(f"{DEAD}: sign_error", at)
    return No(error or f"http_{status}", at)


def no_answer(result: object) -> Refused | Later:
    """As `rest.no_answer`, with this platform's own wait."""
    return rest.no_answer(result, _BUSY)


def pause(reply: Reply) -> float:
    return told_to_wait(meaning(reply))
