"""Douyin shop's gateway as signed calls and what its answers mean: errors come under 200, as a code with a sub-code.
Reading an answer never raises. Facts: the Douyin shop sheet, section 3, and the platform's table of error codes (60000
is the limit of calls; 40003 with `isv.access-token-expired` wants a new token; 2xxxx may have happened).
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms import rest
from chalicelib.platforms.base import DEAD, Later, Refused, Session, told_to_wait
from chalicelib.platforms.cn import BEIJING
from chalicelib.platforms.doudian.sign import api_sign
from chalicelib.platforms.rest import Asking, Murky, No, Ok
from chalicelib.platforms.shapes import answered_at, child, code, text

HOST = "https://openapi-fxg.jinritemai.com"
SANDBOX = "https://openapi-sandbox.jinritemai.com"
_TIMEOUT = 20.0
_LIMITED = 60.0
_BUSY = 60.0
_NO_TOKEN = 900.0
_EXPIRED = frozenset({"isv.access-token-expired", "isv.access-token-no-existed"})
_MURKY = frozenset({"20000", "20001", "50001", "90000"})
_ALSO_LIMITED = (":2010401",)
"""Business errors that are limits of calls all the same."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The access token is no longer good; nothing was done."""


class Api:
    """The gateway for one session, for the length of one generator."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._key = session.shop.options.get("app_key", "")
        self._secret = session.credentials.get("app_secret", "") or next(iter(session.secrets), "")
        self._token = session.credentials.get("access_token", "")
        self._own_app = not self._token
        self._host = SANDBOX if session.shop.options.get("sandbox") == "true" else HOST

    def bare(
        self, method: str, params: Mapping[str, object]
    ) -> "Generator[Call, Reply, Ok | No | Later | Murky | Stale]":
        """One call without an access token, as those about tokens themselves are made."""
        if not self._key or not self._secret:
            return No("no_app_key_or_secret")
        return meaning((yield self._call(method, params, "")))

    def ask(self, method: str, params: Mapping[str, object]) -> Asking:
        """One call. An app of one's own shop gets its token first, and once again where it has run out meanwhile."""
        if not self._key or not self._secret:
            return No("no_app_key_or_secret")
        for _ in range(2):
            if not self._token:
                made = yield from self._new_token()
                if made is not None:
                    return made
            result = meaning((yield self._call(method, params, self._token)))
            if not isinstance(result, Stale):
                return result
            if not self._own_app:
                break
            self._token = ""
        # Somebody must give the app a new token; what is to be done waits for that.
        return Later(_NO_TOKEN, DEAD)

    def _new_token(self) -> Generator[Call, Reply, No | Later | Murky | None]:
        shop = self._session.shop.address
        if not shop:
            return No("no_access_token")
        result = meaning((yield self._call("token.create", own(shop), "")))
        if isinstance(result, Stale):
            return No("no_access_token")
        if not isinstance(result, Ok):
            # Asking for a token does nothing, whatever became of it.
            return Later(_BUSY, result.reason) if isinstance(result, Murky) else result
        self._token = text(result.body, "access_token")
        return None if self._token else No("no_access_token")

    def _call(self, method: str, params: Mapping[str, object], token: str) -> Call:
        body = param_json(params)
        stamp = self._session.now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        query = {
            "app_key": self._key,
            "method": method,
            "timestamp": stamp,
            "v": "2",
            "sign_method": "hmac-sha256",
            "sign": api_sign(self._key, self._secret, method, body, stamp),
        }
        if token:
            query["access_token"] = token
        url = f"{self._host}/{method.replace('.', '/')}?{urlencode(query)}"
        headers = {"accept": "application/json", "content-type": "application/json;charset=UTF-8"}
        return Call("POST", url, headers, body.encode(), _TIMEOUT)


def own(shop: str) -> Mapping[str, str]:
    """What an app of one's own shop asks for its token with."""
    return {"code": "", "grant_type": "authorization_self", "shop_id": shop}


def param_json(params: Mapping[str, object]) -> str:
    """The parameters as they are signed and sent: keys sorted at every level, no spaces, text as it is."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def meaning(reply: Reply) -> "Ok | No | Later | Murky | Stale":
    """What an answer means."""
    if reply.status == 429:
        return Later(_LIMITED)
    if reply.status >= 500:
        return Murky(f"http_{reply.status}")
    value = rest.body_of(reply.body)
    if value is None:
        return Murky("not_json")
    number, sub = code(value.get("code")), code(value.get("sub_code")) or ""
    if number in ("10000", "0") or (number is None and code(value.get("err_no")) == "0"):
        return Ok(child(value, "data"), answered_at(reply.headers), reply.body)
    if sub in _EXPIRED:
        return Stale()
    if number == "60000" or sub.endswith(_ALSO_LIMITED):
        return Later(_LIMITED)
    if number in _MURKY and not sub.startswith("dop.token-generate-failed"):
        return Murky(sub or f"code_{number}")
    if number == "30002":
        return No("ip_not_allowed")
    if number == "30001":
        return No("rights")
    return No(sub or f"code_{number or code(value.get('err_no')) or 'none'}")


def no_answer(result: object) -> Refused | Later:
    """As `rest.no_answer`, with this platform's own wait."""
    return rest.no_answer(result, _BUSY)


def pause(reply: Reply) -> float:
    return told_to_wait(meaning(reply))
