"""Webhook notices -> what they say themselves, and what to ask about.

A notice names an id and, for a change of status, the statuses before and after, with an instant that is signed. Only
that becomes marks, because an order tells its status but not since when; all else is asked for. Facts: the sheet,
sections 1, 2 and 5.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from chalicelib.core.events import Link, Mark, Subject
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.bigcommerce.names import (
    DISPUTE,
    DISPUTED,
    INCOMPLETE,
    MESSAGES,
    READING,
    pair,
    status_name,
    store_hash,
)
from chalicelib.platforms.maker import Facts, Maker
from chalicelib.platforms.shapes import Body, child, code, is_body, number_id, parse, seconds, text, whole

_SCOPE = re.compile(r"[a-z]{1,20}(?:/[A-Za-z]{1,30}){1,4}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `at`: when the platform made it; it stands in the signed body."""

    scope: str
    data: Body
    at: datetime | None
    shop: Shop
    maker: Maker

    def number(self, name: str) -> str:
        found = number_id(self.data.get(name))
        if not found:
            raise Unreadable(f"data.{name}", "nothing, or no id", "a whole number")
        return found

    def told(self, *asked: Subject) -> Read:
        return Read(self.maker.done(), asked)


Reader: TypeAlias = Callable[[Notice], Read]


def read(delivery: Delivery, shop: Shop) -> Read:
    """What a delivery says. Raises Unreadable, and nothing else."""
    body = parse(delivery.body)
    if not is_body(body):
        raise Unreadable("body", "no object", "an object")
    scope = text(body, "scope")
    if not _SCOPE.fullmatch(scope):
        raise Unreadable("scope", "none of the usual form", "a scope such as store/order/created")
    if text(body, "producer") != f"stores/{store_hash(shop)}":
        # The app's secret is the same for all its stores, so the signature does not tell them apart.
        raise Unreadable("producer", "another store", "this connection's store")
    reader = SCOPES.get(scope)
    if reader is None:
        return Read(ignored=f"scope {scope}")
    given = delivery.headers.get("webhook-id", "")
    source = given if _PLAIN.fullmatch(given) else delivery.id
    at = seconds(body.get("created_at"))
    return reader(Notice(scope, child(body, "data"), at, shop, Maker(f"bigcommerce:{source}", READING)))


def _order(notice: Notice) -> Read:
    return notice.told(Subject("order", notice.number("id")))


def _transaction(notice: Notice) -> Read:
    """A payment of an order: `data.id` is not there, the order has a name of its own, as text or as a number."""
    return notice.told(Subject("order", notice.number("order_id" if "order_id" in notice.data else "id")))


def _status(notice: Notice) -> Read:
    """An order entered a status: the only place where the instant of that is told."""
    order, changed = notice.number("id"), child(notice.data, "status")
    before, after = whole(changed.get("previous_status_id")), whole(changed.get("new_status_id"))
    ask = Subject("order", order)
    if notice.at is None or after is None or after == INCOMPLETE:
        return notice.told(ask)
    # One occurrence for each entering: an order may come back to a status (after a hold), and the first time counts.
    of = _moment(notice.at)
    marks = [Mark(name, notice.at, of) for name, ids in entered(notice.shop).items() if after in ids]
    whole_of = [] if after in entered(notice.shop).get("order.cancelled", ()) else ["order.cancelled"]
    facts = Facts()
    facts.put("status", status_name(after))
    notice.maker.add(ask, notice.at, notice.at, marks, facts, whole=whole_of)
    if DISPUTED in (before, after) and before != after:
        _dispute(notice, order, opened=after == DISPUTED)
    return notice.told(ask)


def _dispute(notice: Notice, order: str, *, opened: bool) -> None:
    """Only PayPal's disputes show, as a status; no reason and no date for evidence are told."""
    assert notice.at is not None, "asked by the caller"
    name = "complaint.opened" if opened else "complaint.resolved"
    facts = Facts()
    facts.put("category", DISPUTE)
    facts.put("status", "open" if opened else "left")
    subject = Subject("complaint", pair(order, DISPUTE))
    mark = Mark(name, notice.at, _moment(notice.at))
    notice.maker.add(subject, notice.at, notice.at, [mark], facts, [Link("order", "order", order)])


def _moment(at: datetime) -> str:
    return str(int(at.timestamp()))


def entered(shop: Shop) -> Mapping[str, frozenset[int]]:
    """Which status ids make which mark, after the connection's mapping: `order.cancelled` -> {5, 6}."""
    from chalicelib.platforms.bigcommerce import BigCommerce

    table: dict[str, frozenset[int]] = {}
    for name, places in {**BigCommerce.mapping, **shop.mapping}.items():
        told = [place.removeprefix("status:") for place in places if place.startswith("status:")]
        ids = frozenset(int(one) for one in told if one.isascii() and one.isdigit() and len(one) < 4)
        if ids and name in shop.words.marks:
            table[name] = ids
    return table


def _message(notice: Notice) -> Read:
    return notice.told(Subject("complaint", pair(notice.number("id"), MESSAGES)))


def _refund(notice: Notice) -> Read:
    order, refund = notice.number("id"), number_id(child(notice.data, "refund").get("refund_id"))
    return notice.told(Subject("refund", pair(order, refund)) if refund else Subject("order", order))


def _shipment(notice: Notice) -> Read:
    return notice.told(Subject("order", notice.number("orderId")))


def _shipment_gone(notice: Notice) -> Read:
    """That it was made is taken back; what is left of the order's parcels, a look tells."""
    order, shipment = notice.number("orderId"), notice.number("id")
    if notice.at is not None:
        subject, links = Subject("shipment", pair(order, shipment)), [Link("order", "order", order)]
        notice.maker.add(subject, notice.at, notice.at, [Mark("shipment.created", None)], links=links)
    return notice.told(Subject("order", order))


def _product(notice: Notice) -> Read:
    return notice.told(Subject("listing", notice.number("id")))


def _product_gone(notice: Notice) -> Read:
    product = notice.number("id")
    if notice.at is None:
        return notice.told(Subject("listing", product))
    facts = Facts()
    facts.put("status", "deleted")
    facts.put("product", product)
    marks = [Mark("listing.published", None), Mark("listing.unpublished", notice.at)]
    notice.maker.add(Subject("listing", product), notice.at, notice.at, marks, facts)
    return notice.told()


def _uninstalled(notice: Notice) -> Read:
    if notice.at is None:
        raise Unreadable("created_at", "nothing, or no instant", "whole seconds since 1970")
    subject = Subject("connection", notice.shop.connection)
    notice.maker.add(subject, notice.at, notice.at, [Mark("connection.uninstalled", notice.at)])
    return notice.told()


def _trouble(notice: Notice) -> Read:
    """The platform says that our own hook fails: 90001 it tries again, 90002 it gave up, 90003 our domain is barred."""
    told = code(notice.data.get("code")) or code(child(notice.data, "error").get("code"))
    if notice.at is None or told is None:
        return Read(ignored="a delivery exception without a code")
    facts = Facts()
    facts.put("status", f"delivery-{told}")
    notice.maker.add(Subject("connection", notice.shop.connection), notice.at, notice.at, facts=facts)
    return notice.told()


SCOPES: Mapping[str, Reader] = {
    "store/order/created": _order,
    "store/order/updated": _order,
    "store/order/archived": _order,
    "store/order/statusUpdated": _status,
    "store/order/transaction/created": _transaction,
    "store/order/transaction/updated": _transaction,
    "store/order/refund/created": _refund,
    "store/order/message/created": _message,
    "store/shipment/created": _shipment,
    "store/shipment/updated": _shipment,
    "store/shipment/deleted": _shipment_gone,
    "store/product/created": _product,
    "store/product/updated": _product,
    "store/product/deleted": _product_gone,
    "store/app/uninstalled": _uninstalled,
    "store/hook/deliveryException": _trouble,
}
