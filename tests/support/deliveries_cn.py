"""The rows of the Chinese platforms, whose signatures take more lines than those of others."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.fakes.wechatpay import CREDENTIALS, MERCHANT, OTHER_PLATFORM, PLATFORM, notice, ring
from tests.support.delivery import Row, Told, as_json, load, put

# ---- doudian ----

_PUSHES = [
    {**push, "data": json.loads(push["data"]) if isinstance(push["data"], str) else push["data"]}
    for push in load("doudian/pushes")
]
_PUSHED = ("order/4900000000000000001", "order.paid", "")
_APP_KEY = "3409409348479354011"


def _pushes(value: Any) -> bytes:
    """The array with each message's data as JSON within JSON, as the platform sends it."""
    if not isinstance(value, list):
        return as_json(value)
    told = [
        {**one, "data": json.dumps(one["data"])} if isinstance(one, dict) and isinstance(one.get("data"), dict) else one
        for one in value
    ]
    return as_json(told)


def _md5(body: bytes, secret: str, at: datetime) -> Mapping[str, str]:
    message = _APP_KEY.encode() + body + secret.encode()
    return {"event-sign": hashlib.md5(message, usedforsecurity=False).hexdigest(), "app-id": _APP_KEY}


DOUDIAN = Row(
    address="95250",
    good=Told([_PUSHES[1]]),
    sign=_md5,
    secrets=("dd-new", "dd-old", "dd-stranger"),
    says={_PUSHED: "2026-11-20T10:01:00Z"},
    zoned=_PUSHED,
    zones=(
        ((0, "data", "pay_time"), "1795168860", "2026-11-20T10:01:00Z"),
        # Wall time is Beijing's.
        ((0, "data", "pay_time"), "2026-11-20 18:01:00", "2026-11-20T10:01:00Z"),
        ((0, "data", "pay_time"), "2026-02-30 18:01:00", None),
        ((0, "data", "pay_time"), "soon", None),
    ),
    unknown=Told([{"tag": "99999", "msg_id": "1", "data": {}}]),
    elsewhere=Told(put([_PUSHES[1]], (0, "data", "shop_id"), 11111)),
    before=Told([_PUSHES[4]]),
    undo=Told([_PUSHES[7]]),
    undone=("refund/7190000000000000123", "status", "12"),
    options={"app_key": _APP_KEY},
    credentials={"app_secret": "dd-new", "access_token": "t"},
    pack=_pushes,
    more=(Told(_PUSHES), *(Told([one]) for one in _PUSHES)),
)  # fmt: skip

# ---- wechatpay ----

_CASE = "200202620261120080076610077"
_COMPLAINT = {"complaint_id": _CASE, "action_type": "CREATE_COMPLAINT", "complaint_time": "2026-11-20T18:00:05+08:00",
              "complainted_mchid": MERCHANT, "out_trade_no": "A1"}  # fmt: skip
_REFUND = {"mchid": MERCHANT, "out_refund_no": "R1", "out_trade_no": "A1", "refund_status": "PROCESSING",
           "create_time": "2026-11-20T18:00:05+08:00", "amount": {"total": 100, "refund": 40}}  # fmt: skip
_OPENED = (f"complaint/{_CASE}", "complaint.opened", "")
_NEW_SERIAL, _OLD_SERIAL = "PUB_KEY_ID_NEW", "PUB_KEY_ID_OLD"
_RINGS = (
    ring(**{_NEW_SERIAL: PLATFORM.public}),
    ring(**{_OLD_SERIAL: OTHER_PLATFORM.public}),
    ring(PUB_KEY_ID_X=OTHER_PLATFORM.public),
)


def _seal(told: Any) -> bytes:
    """`{"type", "at", "name", "plain"}` -> a notice with its content sealed."""
    return notice(told["plain"], datetime.fromisoformat(told["at"]), told["type"], told["name"])


def _notice(plain: Mapping[str, Any], kind: str, at: str = "2026-11-20T10:00:06+00:00", name: str = "EV-1") -> Told:
    return Told({"type": kind, "at": at, "name": name, "plain": plain})


def _wechat(body: bytes, secret: str, at: datetime) -> Mapping[str, str]:
    new, nonce, stamp = secret == _RINGS[0], "5K8264ILTKCH16CQ2502", str(int(at.timestamp()))
    message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    key = _loaded(PLATFORM.private if new else OTHER_PLATFORM.private)
    return {
        "wechatpay-timestamp": stamp, "wechatpay-nonce": nonce,
        "wechatpay-serial": _NEW_SERIAL if new else _OLD_SERIAL if secret == _RINGS[1] else "PUB_KEY_ID_X",
        "wechatpay-signature": base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode(),
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    }  # fmt: skip


@cache
def _loaded(pem: str) -> RSAPrivateKey:
    """Loading checks the key, which takes far longer than signing with it."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


WECHATPAY = Row(
    address=MERCHANT,
    good=_notice(_COMPLAINT, "COMPLAINT.CREATE"),
    sign=_wechat,
    secrets=_RINGS,
    says={_OPENED: "2026-11-20T10:00:05Z"},
    zoned=_OPENED,
    zones=(
        (("plain", "complaint_time"), "2026-11-20T10:00:05Z", "2026-11-20T10:00:05Z"),
        # An instant that cannot be read leaves the notice's own, which has a zone.
        (("plain", "complaint_time"), "2026-02-30T10:00:05Z", "2026-11-20T10:00:06Z"),
    ),
    unknown=_notice({}, "BASKET.TELEPORTED"),
    elsewhere=_notice({**_REFUND, "mchid": "1900009999"}, "REFUND.SUCCESS"),
    before=_notice(_REFUND, "REFUND.PROCESSING", name="EV-2"),
    undo=_notice({**_REFUND, "refund_status": "CLOSED"}, "REFUND.CLOSED", "2026-11-20T11:00:06+00:00", "EV-3"),
    undone=("refund/R1", "status", "CLOSED"),
    dated=True,
    credentials=CREDENTIALS,
    pack=_seal,
    more=(
        _notice(_REFUND, "REFUND.SUCCESS"),
        _notice({"mchid": MERCHANT, "out_trade_no": "A1", "trade_state": "SUCCESS", "amount": {"total": 100},
                 "success_time": "2026-11-20T18:00:05+08:00", "payer": {"openid": "o"}}, "TRANSACTION.SUCCESS"),
    ),
)  # fmt: skip
