"""Disputes, products, the app itself and privacy requests -> events.

Nothing of a person is taken but the customer's number. Two kinds of delivery are themselves the event and have no other
instant: a privacy request (the law counts from its receipt) and the uninstalling of the app. They alone are dated by
`received_at`, as a statement of ours (source `derived`), never of the platform's. Facts: the sheet, sections 1 and 3.
"""

import hashlib
import re
from datetime import datetime

from chalicelib.core.events import FactValue, Link, Mark, Subject
from chalicelib.core.instants import to_ms
from chalicelib.platforms.base import Delivery, Read, Shop
from chalicelib.platforms.maker import Facts
from chalicelib.platforms.shopify.fields import Node, latest
from chalicelib.platforms.shopify.statements import Maker, vendor_id
from chalicelib.platforms.shopify.verify import header

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")

FAR = 10**15
"""More milliseconds than any instant has (year 9999: 2.5e14)."""


def parcel_facts(body: Node, status: str) -> dict[str, FactValue | None]:
    """Of a fulfillment event: the carrier's own estimate binds nobody but the parcel, its place is not the buyer's."""
    facts = Facts()
    facts.put("status", status)
    facts.put("deliver_by", body.instant("estimated_delivery_at"))
    return facts.values


def read_dispute(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    """A dispute of Shopify Payments: the buyer's bank complains for the buyer. Its order may be unknown."""
    dispute = body.own_id()
    opened = body.instant("initiated_at")
    sent, ended = body.instant_or_day("evidence_sent_on"), body.instant_or_day("finalized_on")
    # Bodies carry no updated_at; always asking as well heals what these three instants do not put in order.
    version = latest(opened, sent, ended)
    look = (Subject("complaint", dispute),)
    if opened is None or version is None:
        return Read(looks=look)
    facts = Facts()
    facts.put("category", body.text("type"))
    facts.put("status", body.text("status"))
    facts.put("reason", body.text("reason"))
    facts.put("amount", body.money("amount"))
    facts.put("currency", body.text("currency"))
    facts.told("evidence_due_by", body.instant_or_day("evidence_due_by"))
    order = body.id("order_id")
    say_dispute(maker, dispute, version, opened, sent, ended, facts.values, order or "")
    return Read(maker.done(), look)


def say_dispute(
    maker: Maker,
    dispute: str,
    version: datetime,
    opened: datetime,
    sent: object,
    ended: object,
    facts: dict[str, FactValue | None],
    order: str,
) -> None:
    """The events of a dispute. The evidence is the shop's first reply; a date alone is no instant and says nothing."""
    marks = [Mark("complaint.opened", opened)]
    if isinstance(sent, datetime):
        marks.append(Mark("complaint.first_reply", sent))
    if isinstance(ended, datetime) or ended is None:
        marks.append(Mark("complaint.resolved", ended))
    links = [Link("order", "order", order)] if order else []
    maker.add(Subject("complaint", dispute), version, version, marks, facts, links)


def read_product(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    product, version = body.own_id(), body.instant("updated_at")
    if version is None:
        return Read(looks=(Subject("listing", product),))
    say_product(
        maker, product, version, body.text("status").lower(), body.instant("published_at"), body.text("vendor"),
        changed=header(delivery.headers, "topic") == "products/update",
    )  # fmt: skip
    return Read(maker.done())


def say_product(
    maker: Maker, product: str, version: datetime, status: str, published: datetime | None, vendor: str, changed: bool
) -> None:
    """The events of a product. When it was taken off sale nobody tells: then `listing.published` is taken back and the
    status says why; `updated_at` would creep with each later change."""
    marks = [Mark("listing.published", published if status in ("active", "") else None)]
    if changed:
        marks.append(Mark("listing.changed", version))
    facts = Facts()
    facts.put("status", status)
    facts.put("product", product)
    facts.put("seller", vendor_id(vendor))
    maker.add(Subject("listing", product), version, version, marks, facts.values)


def read_product_gone(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    return Read(looks=(Subject("listing", body.own_id()),))


def delivery_id(delivery: Delivery) -> str:
    """Shopify's id of the delivery, the same on each retry; ours where it has none of the usual form."""
    told = header(delivery.headers, "webhook-id")
    return told if _PLAIN.fullmatch(told) else delivery.id


def _first_wins(received: datetime) -> int:
    """A version that shrinks with time: of a delivery and its retries the earliest receipt stays, in any order."""
    return FAR - to_ms(received)


def read_uninstalled(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    """The body is the shop; its `updated_at` is of the shop's settings, so only the delivery tells when. Retries bear
    the same delivery id; a later uninstalling bears another."""
    mark = Mark("connection.uninstalled", delivery.received_at, delivery_id(delivery))
    subject = Subject("connection", shop.connection)
    maker.add(subject, _first_wins(delivery.received_at), delivery.received_at, [mark], source="derived")
    return Read(maker.done())


def read_privacy(body: Node, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    """A person's wish to see or erase data, or the shop's erasure after uninstalling."""
    topic = header(delivery.headers, "topic")
    customer = body.node("customer")
    person = customer.id("id") if customer else None
    inner = body.node("data_request")
    request = inner.id("id") if inner else None
    shop_id = body.id("shop_id") or ""
    if request is None:
        # These have no number of their own: one made of whom they are about, so that a repetition is the same case.
        orders = ",".join(str(one) for one in _list(body, "orders_to_redact") + _list(body, "orders_requested"))
        about = f"customer {person}" if person else f"orders {orders}" if orders else ""
        if topic != "shop/redact" and not about:
            about = f"delivery {delivery_id(delivery)}"
        request = hashlib.sha256(f"{topic}\n{shop_id}\n{about}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    facts = Facts()
    facts.put("category", topic)
    facts.put("buyer", person)
    subject, received = Subject("request", request), delivery.received_at
    version = _first_wins(received)
    maker.add(subject, version, received, [Mark("request.received", received)], facts.values, source="derived")
    return Read(maker.done())


def _list(body: Node, name: str) -> list[object]:
    value = body.value.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        body.refuse(name, "a list")
    return value
