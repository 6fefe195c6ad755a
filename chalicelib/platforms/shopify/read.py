"""Webhook deliveries -> events, by topic.

A topic is read only for what its body says with an instant of its own; all else asks for a look. Neither receipt time
nor the unsigned X-Shopify-Triggered-At ever becomes a mark; the two exceptions, where the delivery itself is the event,
stand in `others`. Facts: the Shopify sheet, sections 1 to 3 and 5.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from chalicelib.core.events import Mark, Subject
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.shopify import others
from chalicelib.platforms.shopify.bodies import NO_CURRENCY, read_order, read_parcel, read_refund
from chalicelib.platforms.shopify.fields import Node, first_gid, latest, number_of
from chalicelib.platforms.shopify.names import FULFILLMENT_ORDER, OUR_HOLD, REVERSE
from chalicelib.platforms.shopify.statements import Maker, order_links, say_order, say_parcel, say_refund, splits
from chalicelib.platforms.shopify.verify import EVENTS, header

Reader: TypeAlias = Callable[[Node, Delivery, Shop, Maker], Read]

MAX_KEYS = 200_000
MAX_STRING = 1024 * 1024
"""An order of 500 lines has 30,000 keys, a product's text may fill the body; the hook already bounds the whole."""


def read(delivery: Delivery, shop: Shop) -> Read:
    """What a delivery says. Raises Unreadable, and nothing else."""
    if EVENTS + "topic" in delivery.headers:
        return _read_event(delivery)
    topic = header(delivery.headers, "topic")
    if not topic:
        raise Unreadable("header x-shopify-topic", "nothing", "a topic such as orders/create")
    reader = TOPICS.get(topic) or (_hold if topic.startswith(("fulfillment_orders/", "fulfillment_holds/")) else None)
    if reader is None:
        return Read(ignored=f"topic {_shown(topic)}")
    try:
        value = loads(delivery.body, max_keys=MAX_KEYS, max_string=MAX_STRING, max_int_digits=20)
    except BadJson as error:
        raise Unreadable(f"body at byte {error.position}", error.found, error.wanted) from None
    told = reader(Node.of(value), delivery, shop, Maker(f"shopify:{others.delivery_id(delivery)}"))
    return told if told.events or told.looks or told.ignored else Read(ignored=f"nothing said on {_shown(topic)}")


def _shown(topic: str) -> str:
    return topic if re.fullmatch(r"[A-Za-z_]{1,60}(?:/[a-z_]{1,60})?", topic) else "of an unknown form"


def _ask(kind: str, subject_id: str | None) -> tuple[Subject, ...]:
    return (Subject(kind, subject_id),) if subject_id else ()


def _order(topic: str) -> Reader:
    # The body of orders/paid has no instant of the payment; after a part is sent the next promised date is asked for.
    always = topic in ("orders/paid", "orders/partially_fulfilled")

    def reader(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
        order = read_order(body)
        ask = _ask("order", body.own_id())
        if order is None:
            return Read(looks=ask)
        enough = say_order(maker, order, shop)
        return Read(maker.done(), () if enough and not always else ask)

    return reader


def _order_only(name: str) -> Reader:
    """Bodies that name an order and say nothing of it with an instant that a clock could use."""

    def reader(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
        inner = body.node(name) if name else body
        order = (inner.id("order_id") if name else inner.own_id()) if inner else None
        if order is None:
            body.refuse(name or "id", "an order's id")
        return Read(looks=_ask("order", order))

    return reader


def _parcel(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    order = body.id("order_id")
    if order is None:
        body.refuse("order_id", "a whole number or a gid")
    ask = _ask("order", order)
    parcel = read_parcel(body, order)
    if parcel is None:
        return Read(looks=ask)
    say_parcel(maker, parcel, shop)
    at = parcel.created_at if parcel.shipped else None
    if not splits(shop):
        mark = Mark("order.part_shipped", at, parcel.id)
        maker.add(Subject("order", order), parcel.version, parcel.version, [mark])
    # Whether this was the last parcel, and which promise stands next, is the order's to tell.
    return Read(maker.done(), ask)


SCANS = frozenset(["carrier_picked_up", "in_transit", "out_for_delivery"])
"""States that a carrier reports with the parcel in hand; labels and confirmations are the sender's paper."""


def _parcel_event(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    order, parcel = body.id("order_id"), body.id("fulfillment_id")
    if parcel is None:
        body.refuse("fulfillment_id", "a whole number or a gid")
    happened, status = body.instant("happened_at"), body.text("status")
    version = latest(body.instant("updated_at"), body.instant("created_at"), happened)
    if happened is None or version is None:
        return Read(looks=_ask("order", order) or _ask("shipment", parcel))
    event_id = body.own_id()
    marks = []
    if status == "delivered":
        marks.append(Mark("shipment.delivered", happened))
        if order and not splits(shop):
            mark = Mark("order.part_delivered", happened, parcel)
            maker.add(Subject("order", order), version, version, [mark])
    elif status in SCANS:
        # Of each scan, because registers keep the newest and a rule takes the first occurrence.
        marks.append(Mark("shipment.first_scan", happened, event_id))
    facts = others.parcel_facts(body, status)
    maker.add(Subject("shipment", parcel), version, version, marks, facts, order_links(shop, order or ""))
    return Read(maker.done(), _ask("order", order) if status == "delivered" else ())


def _parcel_event_gone(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    looks = _ask("order", body.id("order_id")) or _ask("shipment", body.id("fulfillment_id"))
    return Read(looks=looks, ignored="" if looks else "a deleted fulfillment event that names no fulfillment")


def _refund(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    refund = read_refund(body)
    if refund is None:
        return Read(looks=_ask("refund", body.own_id()))
    say_refund(maker, refund, shop)
    # The body has no country, and money in the buyer's currency is not compared: the look tells both.
    return Read(maker.done(), _ask("refund", refund.back or refund.id))


def _transaction(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    kind, status, order = body.text("kind"), body.text("status"), body.id("order_id")
    if kind not in ("sale", "capture", "refund", "void") or not order:
        return Read(ignored="a transaction that moves no money of an order")
    at, transaction = body.instant("processed_at"), body.own_id()
    if kind in ("sale", "capture") and status == "success" and at and not splits(shop):
        currency = body.text("currency")
        bag = body.node("total_unsettled_set")
        own = bag.node("shop_money") if bag else None
        same = own is None or own.text("currency") in (*NO_CURRENCY, currency)
        mark = Mark("order.paid", at, transaction, value=body.money("amount") if same else None)
        maker.add(Subject("order", order), at, at, [mark])
    # Whether the whole is paid, or which refund this settles, only the order tells.
    return Read(maker.done(), _ask("order", order))


def _return(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    """None of these bodies has an instant."""
    return Read(looks=_ask("refund", body.own_id()))


def _disposed(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    return Read(looks=_ask("refund", REVERSE + body.own_id()))


def _hold(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    hold = body.node("created_fulfillment_hold") or body.node("fulfillment_hold")
    if hold and hold.text("handle").startswith(OUR_HOLD):
        return Read(ignored="a hold of our own")
    found = first_gid(body.value, "FulfillmentOrder")
    if found is None:
        inner = body.node("fulfillment_order")
        found = inner.id("id") if inner else None
    if found is None:
        raise Unreadable("fulfillment_order.id", "nothing", "a gid")
    return Read(looks=_ask("shipment", FULFILLMENT_ORDER + found))


_EVENT_KINDS: Mapping[str, str] = {
    "Order": "order", "Fulfillment": "shipment", "Refund": "refund", "Return": "refund", "Product": "listing",
    "ShopifyPaymentsDispute": "complaint",
}  # fmt: skip
_EVENT_ID = re.compile(r"gid://shopify/([A-Za-z]{1,40})/[0-9]{1,20}", re.ASCII)


def _read_event(delivery: Delivery) -> Read:
    """Deliveries of the newer family (a developer preview) have other bodies: of them only the resource is taken, and
    asked about. Its id is in an unsigned header, which is no harm: the platform answers, not the header."""
    match = _EVENT_ID.fullmatch(delivery.headers.get(EVENTS + "resource-id", ""))
    kind = _EVENT_KINDS.get(match[1]) if match else None
    number = number_of(match[0]) if match else None
    if kind is None or number is None:
        return Read(ignored=f"event {_shown(delivery.headers[EVENTS + 'topic'])}")
    return Read(looks=_ask(kind, number))


_ORDERS = "create updated paid cancelled fulfilled partially_fulfilled"
_RETURNS = "request approve decline update process close reopen cancel"

TOPICS: Mapping[str, Reader] = {
    **{f"orders/{name}": _order(f"orders/{name}") for name in _ORDERS.split()},
    "orders/edited": _order_only("order_edit"),
    "orders/delete": _order_only(""),
    "fulfillments/create": _parcel,
    "fulfillments/update": _parcel,
    "fulfillment_events/create": _parcel_event,
    "fulfillment_events/delete": _parcel_event_gone,
    "refunds/create": _refund,
    "order_transactions/create": _transaction,
    **{f"returns/{name}": _return for name in _RETURNS.split()},
    "reverse_fulfillment_orders/dispose": _disposed,
    "disputes/create": others.read_dispute,
    "disputes/update": others.read_dispute,
    "products/create": others.read_product,
    "products/update": others.read_product,
    "products/delete": others.read_product_gone,
    "app/uninstalled": others.read_uninstalled,
    "customers/data_request": others.read_privacy,
    "customers/redact": others.read_privacy,
    "shop/redact": others.read_privacy,
}
