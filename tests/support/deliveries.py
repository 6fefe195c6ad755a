"""One row for each platform: what a delivery of it looks like, how it is signed, and what it says. The contract suite
and the fuzz of all adapters are driven by these rows alone; a new platform needs one more of them.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.core.signing import format_secret, signed_headers
from examples.platform import acme
from tests.support.deliveries_cn import DOUDIAN, WECHATPAY
from tests.support.delivery import Row, Told, b64_hmac, load, put

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
