"""One row for each platform: what a delivery of it looks like, how it is signed, and what it says. The contract suite
and the fuzz of all adapters are driven by these rows alone; a new platform needs one more of them.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chalicelib.core.signing import format_secret, signed_headers
from examples.platform import acme
from tests.fakes.wechatpay import CREDENTIALS, MERCHANT, OTHER_PLATFORM, PLATFORM, notice, ring

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""When the rows' deliveries come in; no body of theirs is younger."""
FIXTURES = Path(__file__).parents[1] / "fixtures"

Sign = Callable[[bytes, str, datetime], Mapping[str, str]]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with one place replaced; `...` removes it."""
    if not path:
        return new
    copy = deepcopy(value)
    here = copy
    for key in path[:-1]:
        here = here[key]
    if new is ...:
        del here[path[-1]]
    else:
        here[path[-1]] = new
    return copy


@dataclass(frozen=True)
class Told:
    """A delivery's content and the headers beside its signature."""

    plain: Any
    head: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What the suite must know of a platform.

    `sign`: raw bytes, a secret, the instant of sending -> headers. `secrets`: the new one, the old one, a stranger's.
    `says`: (subject, mark, occurrence) -> instant that `good` states. `zones`: other ways to write an instant at a path
    of `good` -> what must become of the mark `zoned`: an instant, or None where it must not be stated.
    `unknown`: a topic that nobody knows. `elsewhere`: another shop of the platform; None where only the secret tells.
    `undo`: a later delivery that takes back or corrects; `undone`: (subject, mark or fact) that it does that to, and
    what holds then (None: nothing). `dated`: the scheme signs a time. `pack`: content -> the body's bytes.
    """

    address: str
    good: Told
    sign: Sign
    secrets: tuple[str, str, str]
    says: Mapping[tuple[str, str, str], str]
    zoned: tuple[str, str, str]
    zones: tuple[tuple[tuple[Any, ...], Any, str | None], ...]
    unknown: Told
    elsewhere: Told | None
    undo: Told
    undone: tuple[str, str, Any] | None
    dated: bool = False
    sealed: bool = True
    """Whether the bytes are signed. Where they are not, nothing that a body says may be believed."""
    before: Told | None = None
    """What is said before `undo`, where that is not `good`."""
    options: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    pack: Callable[[Any], bytes] = as_json
    more: tuple[Told, ...] = ()
    """Further deliveries, for the fuzz to begin from."""

    def request(self, told: Told, secret: str = "", at: datetime = NOW) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of an authentic request."""
        return self.signed(self.pack(told.plain), told, secret, at)

    def signed(self, body: bytes, told: Told, secret: str = "", at: datetime = NOW) -> tuple[bytes, dict[str, str]]:
        signature = self.sign(body, secret or self.secrets[0], at)
        return body, {"content-type": "application/json", **signature, **told.head}


def load(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def b64_hmac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


# ---- standard ----

_EVENT = {
    "id": "e-1", "subject": {"kind": "order", "id": "1001"}, "seller": "s-17", "occurred_at": "2026-11-20T10:00:00Z",
    "marks": [{"name": "order.placed", "at": "2026-11-20T09:58:00Z"}], "facts": {"country": "CN"},
}  # fmt: skip
_PLACED = ("order/1001", "order.placed", "")

STANDARD = Row(
    address="",
    good=Told(_EVENT),
    sign=lambda body, secret, at: signed_headers("msg_1", at, body, secret),
    secrets=(format_secret(b"n" * 32), format_secret(b"o" * 32), format_secret(b"x" * 32)),
    says={_PLACED: "2026-11-20T09:58:00Z"},
    zoned=_PLACED,
    zones=(
        (("marks", 0, "at"), "2026-11-20T17:58:00+08:00", "2026-11-20T09:58:00Z"),
        (("marks", 0, "at"), "2026-11-20T17:58:00", None),
        (("marks", 0, "at"), "2026-02-30T17:58:00Z", None),
    ),
    unknown=Told({**_EVENT, "marks": [{"name": "order.teleported", "at": "2026-11-20T09:58:00Z"}], "facts": {}}),
    elsewhere=None,
    undo=Told({**_EVENT, "id": "e-2", "occurred_at": "2026-11-21T10:00:00Z",
               "marks": [{"name": "order.placed", "at": None}]}),
    undone=("order/1001", "order.placed", None),
    dated=True,
)  # fmt: skip

# ---- shopify ----

_PARCEL = load("shopify/fulfillment")
_DOMAIN = {"x-shopify-shop-domain": "demo.myshopify.com", "x-shopify-webhook-id": "wh-1"}
_SHIPPED = ("order/5123456789012345679", "order.part_shipped", "301")


def _topic(name: str) -> dict[str, str]:
    return {**_DOMAIN, "x-shopify-topic": name}


SHOPIFY = Row(
    address="demo.myshopify.com",
    good=Told(_PARCEL, _topic("fulfillments/create")),
    sign=lambda body, secret, at: {"x-shopify-hmac-sha256": b64_hmac(secret, body)},
    secrets=("shpss_new", "shpss_old", "shpss_stranger"),
    says={_SHIPPED: "2026-03-29T08:00:00Z", ("shipment/301", "shipment.created", ""): "2026-03-29T08:00:00Z"},
    zoned=_SHIPPED,
    zones=(
        (("created_at",), "2026-03-29T08:00:00Z", "2026-03-29T08:00:00Z"),
        (("created_at",), "2026-03-29T04:00:00-04:00", "2026-03-29T08:00:00Z"),
        (("created_at",), "2026-03-29T08:00:00", None),
        (("created_at",), "yesterday", None),
    ),
    unknown=Told({"id": 1}, _topic("carts/teleported")),
    elsewhere=Told(_PARCEL, {**_topic("fulfillments/create"), "x-shopify-shop-domain": "other.myshopify.com"}),
    undo=Told(
        {**_PARCEL, "status": "cancelled", "updated_at": "2026-03-30T10:00:00+02:00"}, _topic("fulfillments/update")
    ),
    undone=("order/5123456789012345679", "order.part_shipped", None),
    credentials={"access_token": "t"},
    more=tuple(
        Told(load(f"shopify/{name}"), _topic(topic))
        for topic, name in {
            "orders/create": "order", "orders/edited": "order_edit", "refunds/create": "refund",
            "order_transactions/create": "transaction", "returns/request": "return", "disputes/update": "dispute",
            "products/update": "product", "fulfillment_events/create": "fulfillment_event",
            "fulfillment_orders/placed_on_hold": "hold_placed", "app/uninstalled": "shop",
            "customers/redact": "redact", "reverse_fulfillment_orders/dispose": "reverse_disposed",
        }.items()
    ),
)  # fmt: skip

# ---- woocommerce, dokan ----

_ORDER = load("woocommerce/order")
_CHILD = load("woocommerce/dokan_children")[0]
_TOPIC = "x-wc-webhook-topic"
_SOURCE = {"x-wc-webhook-source": "https://shop.example/", "x-wc-webhook-topic": "order.updated"}


def _woo(order: Mapping[str, Any], paid: str) -> Row:
    mark = (f"order/{order['id']}", "order.paid", "")
    return Row(
        address="https://shop.example",
        good=Told(order, _SOURCE),
        sign=lambda body, secret, at: {"x-wc-webhook-signature": b64_hmac(secret, body)},
        secrets=("woo-new", "woo-old", "woo-stranger"),
        says={mark: paid, (mark[0], "order.placed", ""): "2026-11-20T10:00:00Z"},
        zoned=mark,
        zones=(
            # The field is GMT by its name and bears no zone; the local one beside it never counts.
            (("date_paid",), "2026-11-20T23:01:00", paid),
            (("date_paid_gmt",), "2026-02-30T10:01:00", None),
            (("date_paid_gmt",), "soon", None),
        ),
        unknown=Told({"id": 9}, {**_SOURCE, "x-wc-webhook-topic": "basket.teleported"}),
        elsewhere=Told(order, {**_SOURCE, "x-wc-webhook-source": "https://staging.shop.example/"}),
        undo=Told({**order, "date_paid_gmt": None, "date_modified_gmt": "2026-11-21T10:00:00"}, _SOURCE),
        undone=(mark[0], "order.paid", None),
        credentials={"consumer_key": "ck", "consumer_secret": "cs"},
        more=(
            Told(load("woocommerce/product"), {**_SOURCE, "x-wc-webhook-topic": "product.updated"}),
            Told({"action": "woocommerce_order_status_changed", "arg": 5120}, {**_SOURCE, _TOPIC: "action.x"}),
            *(Told(one, _SOURCE) for one in load("woocommerce/dokan_children")),
        ),
    )  # fmt: skip


WOOCOMMERCE = _woo(_ORDER, "2026-11-20T10:01:00Z")
DOKAN = _woo(_CHILD, "2026-11-20T10:00:05Z")

# ---- bigcommerce ----

_NOTICES = load("bigcommerce/notices")
_STATUS = _NOTICES[1]
_ENTERED = ("order/250", "order.paid", "1795168900")


def _status(before: int, after: int, at: int) -> dict[str, Any]:
    data = {"type": "order", "id": 250, "status": {"previous_status_id": before, "new_status_id": after}}
    return {**_STATUS, "data": data, "created_at": at}


BIGCOMMERCE = Row(
    address="https://api.bigcommerce.com/stores/abcde",
    good=Told(_STATUS),
    sign=lambda body, secret, at: signed_headers("msg_1", at, body, format_secret(secret.encode())),
    secrets=("bc-client-secret-new-0123456789", "bc-client-secret-old-0123456789", "bc-somebody-else-s-0123456789"),
    says={_ENTERED: "2026-11-20T10:01:40Z"},
    zoned=_ENTERED,
    zones=(
        (("created_at",), "2026-11-20T10:01:40", None),
        (("created_at",), 1795168900000, None),
        (("created_at",), None, None),
    ),
    unknown=Told({**_STATUS, "scope": "store/basket/teleported"}),
    elsewhere=Told({**_STATUS, "producer": "stores/other"}),
    before=Told(_status(11, 5, 1795168900)),
    undo=Told(_status(5, 11, 1795169900)),
    undone=("order/250", "order.cancelled", None),
    dated=True,
    credentials={"access_token": "t"},
    more=tuple(Told(one) for one in _NOTICES),
)

# ---- saleor ----


def _sale(updated: str, status: str, parcels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "__typename": "OrderUpdated", "issuedAt": updated, "order": {
            "id": "T3JkZXI6MQ==", "created": "2026-11-20T12:00:00+02:00", "updatedAt": updated, "status": status,
            "channel": {"slug": "web"}, "user": {"id": "VXNlcjo3"}, "shippingAddress": {"country": {"code": "DE"}},
            "total": {"gross": {"amount": 50.0, "currency": "EUR"}}, "totalRefunded": {"amount": 0, "currency": "EUR"},
            "lines": [{"variant": {"product": {"id": "UHJvZHVjdDox"}}}], "fulfillments": parcels, "grantedRefunds": [],
            "events": [{"id": "T3JkZXJFdmVudDox", "date": "2026-11-20T10:05:00Z", "type": "ORDER_FULLY_PAID"}],
            "transactions": [],
        },
    }  # fmt: skip


_BOX = {"id": "RnVsZmlsbG1lbnQ6MQ==", "created": "2026-11-21T08:00:00Z", "status": "FULFILLED", "trackingNumber": "1Z9"}
_CLOUD = {"saleor-event": "order_updated", "saleor-api-url": "https://shop.example/graphql/"}
_SOLD = ("order/T3JkZXI6MQ==", "order.placed", "")

SALEOR = Row(
    address="https://shop.example/graphql/",
    good=Told(_sale("2026-11-21T08:00:01Z", "FULFILLED", [_BOX]), _CLOUD),
    sign=lambda body, secret, at: {"saleor-signature": hmac.digest(secret.encode(), body, "sha256").hex()},
    secrets=("saleor-new", "saleor-old", "saleor-stranger"),
    says={_SOLD: "2026-11-20T10:00:00Z", (_SOLD[0], "order.shipped", ""): "2026-11-21T08:00:00Z"},
    zoned=_SOLD,
    zones=(
        (("order", "created"), "2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        (("order", "created"), "2026-11-20T10:00:00", None),
        (("order", "created"), "2026-02-30T10:00:00Z", None),
    ),
    unknown=Told({"__typename": "BasketTeleported"}, {**_CLOUD, "saleor-event": "basket_teleported"}),
    elsewhere=Told(
        _sale("2026-11-21T08:00:01Z", "FULFILLED", [_BOX]),
        {**_CLOUD, "saleor-api-url": "https://other.example/graphql/"},
    ),
    undo=Told(_sale("2026-11-21T09:00:00Z", "UNFULFILLED", [{**_BOX, "status": "CANCELED"}]), _CLOUD),
    undone=("order/T3JkZXI6MQ==", "order.shipped", None),
    credentials={"access_token": "t"},
)

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

# ---- mirakl ----

_CLOUD_EVENT = {
    "specversion": "1.0", "id": "ce-1", "source": "mirakl", "type": "ORDER_UPDATED", "time": "2026-11-20T10:00:00Z",
    "data": {"order_id": "A-1001-A", "status": "SHIPPED", "date": "2026-11-20T09:59:00Z"},
}  # fmt: skip

MIRAKL = Row(
    address="https://demo.mirakl.net",
    good=Told(_CLOUD_EVENT),
    sign=lambda body, secret, at: {"x-redress-secret": secret},
    secrets=("mirakl-new", "mirakl-old", "mirakl-stranger"),
    says={},
    zoned=("order/A-1001-A", "order.shipped", ""),
    zones=((("data", "date"), "2026-11-20T09:59:00", None),),
    unknown=Told({**_CLOUD_EVENT, "type": "BASKET_TELEPORTED", "data": {}}),
    elsewhere=None,
    undo=Told(_CLOUD_EVENT),
    undone=None,
    sealed=False,
    credentials={"api_key": "k"},
    more=(
        Told({**_CLOUD_EVENT, "type": "INCIDENT", "data": {"order_id": "A-1", "order_line_id": "A-1-1"}}),
        Told([_CLOUD_EVENT, {**_CLOUD_EVENT, "type": "RETURN_CREATED", "data": {"id": "r-1"}}]),
    ),
)

# ---- acme, the platform to copy ----

_ACME = {
    "shop": "demo",
    "order": {
        "id": 1001, "updated_at": "2026-11-21T10:00:00Z", "placed_at": "2026-11-20T09:58:00Z", "paid_at": None,
        "status": "open", "country": "DE", "currency": "EUR", "total": "199.00", "ship_by": "2026-11-24T23:00:00Z",
    },
}  # fmt: skip
_ACME_ORDER = {"x-acme-topic": "order.updated"}


def _acme(body: bytes, secret: str, at: datetime) -> Mapping[str, str]:
    seconds = str(int(at.timestamp()))
    return {"x-acme-signature": f"t={seconds},v1={acme.sign(body, secret, seconds)}"}


ACME = Row(
    address="https://demo.acme.example",
    good=Told(_ACME, _ACME_ORDER),
    sign=_acme,
    secrets=("acme-new-secret", "acme-old-secret", "acme-strangers"),
    says={_PLACED: "2026-11-20T09:58:00Z"},
    zoned=_PLACED,
    zones=(
        (("order", "placed_at"), "2026-11-20T10:58:00+01:00", "2026-11-20T09:58:00Z"),
        (("order", "placed_at"), "2026-11-20T10:58:00", None),
        (("order", "placed_at"), "20.11.2026", None),
    ),
    unknown=Told(_ACME, {"x-acme-topic": "order.teleported"}),
    elsewhere=Told({**_ACME, "shop": "other"}, _ACME_ORDER),
    undo=Told(
        put(put(_ACME, ("order", "placed_at"), None), ("order", "updated_at"), "2026-11-21T11:00:00Z"), _ACME_ORDER
    ),
    undone=("order/1001", "order.placed", None),
    dated=True,
    credentials={"access_token": "acme-token"},
)

ROWS: Mapping[str, Row] = {
    "acme": ACME,
    "standard": STANDARD,
    "shopify": SHOPIFY,
    "woocommerce": WOOCOMMERCE,
    "dokan": DOKAN,
    "bigcommerce": BIGCOMMERCE,
    "saleor": SALEOR,
    "doudian": DOUDIAN,
    "wechatpay": WECHATPAY,
    "mirakl": MIRAKL,
}
