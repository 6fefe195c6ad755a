"""WeChat Pay in memory: notices that it signs and seals, and its API v3 for complaints, payments and refunds. It checks
the merchant's signature over the five lines as the platform does, and misbehaves on request: throttled, down, losing
the answer after the effect. Facts: the sheet of WeChat Pay complaints and the API pages that it names.
"""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.crypto import decode64, encode64, rsa_sign, rsa_verify
from chalicelib.ports.http import Uncertain, Unsent

Json = dict

MERCHANT = "1900012181"
THROTTLED, DOWN, LOST, LOST_500, UNSENT, HTML = "throttled", "down", "lost", "lost_500", "unsent", "html"
"""Faults. `lost*`: the effect is there, the answer is not."""
BEIJING = timezone(timedelta(hours=8))
NOTIFICATIONS = "/v3/merchant-service/complaint-notifications"
REFUND_STATES = ("PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL")


@dataclass(frozen=True)
class KeyPair:
    private: str
    public: str


def key_pair() -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode(), public.decode())


PLATFORM, OTHER_PLATFORM, OF_MERCHANT = key_pair(), key_pair(), key_pair()
SERIAL, MERCHANT_SERIAL = "PUB_KEY_ID_0119000121812026", "5B1A00C0FFEE"
APIV3_KEY = "0123456789abcdef0123456789abcdef"
CREDENTIALS = {"serial_no": MERCHANT_SERIAL, "private_key": OF_MERCHANT.private}


def ring(apiv3_key: str = APIV3_KEY, **keys: str) -> str:
    """One secret of a hook."""
    return json.dumps({"apiv3_key": apiv3_key, "platform_keys": keys or {SERIAL: PLATFORM.public}})


def seal(plain: bytes, key: str = APIV3_KEY, nonce: str = "Kj7QIyUiYx1q", associated: str = "complaint") -> Json:
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), plain, associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM", "ciphertext": encode64(sealed), "nonce": nonce, "associated_data": associated,
        "original_type": "complaint",
    }  # fmt: skip


def notice(
    plain: Json, made_at: datetime, event_type: str = "COMPLAINT.STATE_CHANGE", name: str = "EV-2026112018000500077",
    key: str = APIV3_KEY,
) -> bytes:  # fmt: skip
    """The body of a notice, its content sealed."""
    body = {
        "id": name, "create_time": made_at.astimezone(BEIJING).isoformat(timespec="seconds"),
        "resource_type": "encrypt-resource", "event_type": event_type, "summary": "产生新投诉",
        "resource": seal(json.dumps(plain).encode(), key),
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode()


def signed(
    body: bytes, now: datetime, serial: str = SERIAL, key: str = PLATFORM.private, nonce: str = "5K8264ILTKCH16CQ2502"
) -> dict[str, str]:
    """The headers of a notice."""
    stamp = str(int(now.timestamp()))
    signature = rsa_sign(key, f"{stamp}\n{nonce}\n".encode() + body + b"\n")
    return {
        "content-type": "application/json", "wechatpay-timestamp": stamp, "wechatpay-nonce": nonce,
        "wechatpay-serial": serial, "wechatpay-signature": encode64(signature),
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    }  # fmt: skip


class Wrong(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


@dataclass
class FakePay:
    """One merchant's account."""

    now: datetime = datetime(2026, 11, 20, 10, 0, 5, tzinfo=UTC)
    complaints: dict[str, Json] = field(default_factory=dict)
    histories: dict[str, list[Json]] = field(default_factory=dict)
    payments: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    balance: int = 1_000_000
    told_at: str = ""
    """The address that is told of complaints."""
    product: bool = True
    """Whether the merchant has the complaints product."""
    serial: str = SERIAL
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(method or `*`, fault): each strikes the next call that fits, once."""
    calls: list[Call] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)

    # -- what people do -----------------------------------------------------------------------------------------------

    def complain(self, detail: Json, history: list[Json] | None = None) -> str:
        name: str = detail["complaint_id"]
        self.complaints[name] = copy.deepcopy(detail)
        self.histories[name] = copy.deepcopy(history or [])
        return name

    def pay(self, order: str, fen: int) -> None:
        self.payments[order] = {
            "appid": "wx1", "mchid": MERCHANT, "out_trade_no": order, "transaction_id": "4200001",
            "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "payer": {"openid": "oCanary"},
            "success_time": "2026-11-19T10:00:00+08:00",
            "amount": {"total": fen, "payer_total": fen, "currency": "CNY"},
        }  # fmt: skip

    def log(self, name: str, kind: str, text: str = "") -> None:
        rows = self.histories[name]
        at = self.now.astimezone(BEIJING).isoformat(timespec="milliseconds")
        rows.append({"log_id": f"N{len(rows)}", "operate_time": at, "operate_type": kind, "operate_details": text})

    # -- the wire -----------------------------------------------------------------------------------------------------

    def send(self, call: Call) -> Reply:
        self.calls.append(call)
        fault = self._fault(call.method)
        if fault == UNSENT:
            raise Unsent("refused")
        if fault == THROTTLED:
            return self._reply(429, {"code": "FREQUENCY_LIMITED", "message": "too fast"})
        if fault == DOWN:
            return self._reply(502, None)
        if fault == HTML:
            return Reply(200, {"date": self._date()}, b"<html>")
        try:
            status, body = self._route(call)
        except Wrong as wrong:
            return self._reply(wrong.status, {"code": wrong.code, "message": "CANARY"})
        if fault == LOST:
            raise Uncertain("timeout")
        if fault == LOST_500:
            return self._reply(500, {"code": "SYSTEM_ERROR", "message": "CANARY"})
        return self._reply(status, body)

    def _fault(self, method: str) -> str:
        for place, (wanted, fault) in enumerate(self.faults):
            if wanted in ("*", method):
                del self.faults[place]
                return fault
        return ""

    def _date(self) -> str:
        return format_datetime(self.now, usegmt=True)

    def _reply(self, status: int, body: Json | None) -> Reply:
        raw = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        headers = {"date": self._date(), "content-type": "application/json", "wechatpay-serial": self.serial}
        return Reply(status, headers, raw)

    def _route(self, call: Call) -> tuple[int, Json | None]:
        self._authorised(call)
        url = urlsplit(call.url)
        assert f"{url.scheme}://{url.netloc}" == "https://api.mch.weixin.qq.com"
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        body = json.loads(call.body) if call.body else {}
        for method, pattern, handle in self._routes():
            found = re.fullmatch(pattern, url.path)
            if found and method == call.method:
                return handle(*map(unquote, found.groups()), query, body)
        raise Wrong(404, "RESOURCE_NOT_EXISTS")

    def _routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Json | None]]]]:
        complaint = "/v3/merchant-service/complaints-v2"
        return [
            *(
                (method, NOTIFICATIONS, handle)
                for method, handle in (
                    ("GET", self._told),
                    ("POST", self._tell),
                    ("PUT", self._retell),
                    ("DELETE", self._hush),
                )
            ),
            ("GET", complaint, self._list),
            ("GET", f"{complaint}/([^/]+)", self._detail),
            ("GET", f"{complaint}/([^/]+)/negotiation-historys", self._history),
            ("POST", f"{complaint}/([^/]+)/response", self._respond),
            ("POST", f"{complaint}/([^/]+)/complete", self._complete),
            ("GET", "/v3/pay/transactions/out-trade-no/([^/]+)", self._payment),
            ("POST", "/v3/refund/domestic/refunds", self._refund),
            ("GET", "/v3/refund/domestic/refunds/([^/]+)", self._get_refund),
        ]

    def _authorised(self, call: Call) -> None:
        if "user-agent" not in call.headers or call.headers.get("accept") != "application/json":
            raise Wrong(400, "PARAM_ERROR")
        scheme, _, rest = call.headers["authorization"].partition(" ")
        told = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        url = urlsplit(call.url)
        path = url.path + (f"?{url.query}" if url.query else "")
        message = f"{call.method}\n{path}\n{told['timestamp']}\n{told['nonce_str']}\n".encode() + call.body + b"\n"
        fresh = abs(int(told["timestamp"]) - self.now.timestamp()) <= 300 and told["nonce_str"] not in self.nonces
        self.nonces.add(told["nonce_str"])
        good = rsa_verify(OF_MERCHANT.public, message, decode64(told["signature"]) or b"")
        if scheme != "WECHATPAY2-SHA256-RSA2048" or not good or not fresh:
            raise Wrong(401, "SIGN_ERROR")
        if (told["mchid"], told["serial_no"]) != (MERCHANT, MERCHANT_SERIAL):
            raise Wrong(401, "SIGN_ERROR")

    # -- routes -------------------------------------------------------------------------------------------------------

    def _known(self, name: str) -> Json:
        if name not in self.complaints:
            raise Wrong(404, "RESOURCE_NOT_EXISTS")
        return self.complaints[name]

    def _told(self, query: Json, body: Json) -> tuple[int, Json]:
        if not self.product:
            raise Wrong(403, "NO_AUTH")
        if not self.told_at:
            raise Wrong(400, "RESOURCE_NOT_EXISTS")
        return 200, {"mchid": MERCHANT, "url": self.told_at}

    def _tell(self, query: Json, body: Json) -> tuple[int, Json]:
        if self.told_at:
            raise Wrong(400, "RESOURCE_ALREADY_EXISTS")
        return self._set(body)

    def _retell(self, query: Json, body: Json) -> tuple[int, Json]:
        self._told(query, {})
        return self._set(body)

    def _set(self, body: Json) -> tuple[int, Json]:
        if not self.product:
            raise Wrong(403, "NO_AUTH")
        if not body["url"].startswith("https://") or len(body["url"]) > 255:
            raise Wrong(400, "PARAM_ERROR")
        self.told_at = body["url"]
        return self._told({}, {})

    def _hush(self, query: Json, body: Json) -> tuple[int, None]:
        self._told(query, {})
        self.told_at = ""
        return 204, None

    def _list(self, query: Json, body: Json) -> tuple[int, Json]:
        if not self.product:
            raise Wrong(403, "NO_AUTH")
        limit, offset = int(query["limit"]), int(query["offset"])
        begin, end = (datetime.fromisoformat(query[name]) for name in ("begin_date", "end_date"))
        if not 1 <= limit <= 50 or end - begin >= timedelta(days=30):
            raise Wrong(400, "PARAM_ERROR")
        found = [one for one in self.complaints.values()
                 if query["begin_date"] <= one["complaint_time"][:10] <= query["end_date"]]  # fmt: skip
        return 200, {"data": found[offset : offset + limit], "limit": limit, "offset": offset,
                     "total_count": len(found)}  # fmt: skip

    def _detail(self, name: str, query: Json, body: Json) -> tuple[int, Json]:
        return 200, self._known(name)

    def _history(self, name: str, query: Json, body: Json) -> tuple[int, Json]:
        self._known(name)
        limit, offset = int(query["limit"]), int(query["offset"])
        if not 1 <= limit <= 300:
            raise Wrong(400, "PARAM_ERROR")
        rows = self.histories[name]
        told: Json = {"data": rows[offset : offset + limit], "limit": limit, "offset": offset}
        return 200, {**told, "total_count": len(rows)} if offset == 0 else told

    def _respond(self, name: str, query: Json, body: Json) -> tuple[int, None]:
        detail = self._known(name)
        if body["complainted_mchid"] != detail.get("complainted_mchid", MERCHANT) or not body["response_content"]:
            raise Wrong(400, "PARAM_ERROR")
        if len(body["response_content"]) > 200:
            raise Wrong(400, "PARAM_ERROR")
        self.log(name, "MERCHANT_RESPONSE", body["response_content"])
        if detail["complaint_state"] == "PENDING":
            detail["complaint_state"] = "PROCESSING"
        return 204, None

    def _complete(self, name: str, query: Json, body: Json) -> tuple[int, None]:
        detail = self._known(name)
        if detail["complaint_state"] != "PROCESSING":
            raise Wrong(400, "INVALID_REQUEST")
        detail["complaint_state"] = "PROCESSED"
        self.log(name, "MERCHANT_CONFIRM_COMPLETE")
        return 204, None

    def _payment(self, order: str, query: Json, body: Json) -> tuple[int, Json]:
        if query.get("mchid") != MERCHANT or order not in self.payments:
            raise Wrong(404, "ORDER_NOT_EXIST")
        return 200, self.payments[order]

    def _refund(self, query: Json, body: Json) -> tuple[int, Json]:
        number, order, fen = body["out_refund_no"], body["out_trade_no"], body["amount"]["refund"]
        if not re.fullmatch(r"[0-9A-Za-z_\-|*@]{1,64}", number) or order not in self.payments:
            raise Wrong(400, "PARAM_ERROR")
        if number in self.refunds:
            return 200, self.refunds[number]
        gone = sum(one["amount"]["refund"] for one in self.refunds.values() if one["out_trade_no"] == order)
        total = self.payments[order]["amount"]["total"]
        if body["amount"]["total"] != total or gone + fen > total:
            raise Wrong(400, "INVALID_REQUEST")
        if fen > self.balance:
            raise Wrong(403, "NOT_ENOUGH")
        self.balance -= fen
        self.payments[order]["trade_state"] = "REFUND"
        at = self.now.astimezone(BEIJING).isoformat(timespec="seconds")
        self.refunds[number] = {
            "refund_id": f"503{len(self.refunds)}", "out_refund_no": number, "out_trade_no": order, "create_time": at,
            "status": "PROCESSING", "amount": {"total": total, "refund": fen, "currency": "CNY"},
        }  # fmt: skip
        return 200, self.refunds[number]

    def _get_refund(self, number: str, query: Json, body: Json) -> tuple[int, Json]:
        if number not in self.refunds:
            raise Wrong(404, "RESOURCE_NOT_EXISTS")
        return 200, self.refunds[number]
