"""Deliveries of Saleor -> events.

Three shapes of body are known: the event itself, the same inside `data`, and the array of a webhook without a query.
The first two hold our own fields and speak for themselves where they are complete; all else asks for a look. Facts: the
sheet, sections 1 and 5.
"""

import hashlib
import re

from chalicelib.core.events import Mark, Subject
from chalicelib.core.instants import to_ms
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.maker import Maker
from chalicelib.platforms.saleor.statements import READING, say_older, say_order, say_product
from chalicelib.platforms.shapes import Body, child, ident, instant, is_body, objects, parse, text

_NAME = re.compile(r"[a-z_]{3,60}", re.ASCII)
_WORDS = re.compile(r"(?<!^)(?=[A-Z])")
_OF_ORDERS = ("order", "fulfillment", "transaction", "invoice")


def read(delivery: Delivery, shop: Shop) -> Read:
    """What a delivery says. Raises Unreadable, and nothing else."""
    value = parse(delivery.body)
    # Retries bear the same bytes, and nothing else names a delivery.
    maker = Maker(f"saleor:{hashlib.sha256(delivery.body).hexdigest()[:32]}", READING)
    if isinstance(value, list):
        return _legacy(objects(value), _name(delivery, {}), maker)
    if not is_body(value):
        raise Unreadable("body", "neither an object nor an array", "an event")
    event = _event(value)
    name = _name(delivery, event)
    if not name:
        raise Unreadable("header saleor-event", "nothing, or none of the usual form", "an event's name")
    if name.startswith("app_"):
        return _app(name, event, delivery, shop, maker)
    if name.startswith("product_") and not name.startswith("product_variant"):
        return _product(name, event, maker)
    if not name.startswith(_OF_ORDERS):
        return Read(ignored=f"event {name}")
    return _order(event, maker, incomplete="errors" in value)


def _event(value: Body) -> Body:
    """The event's own object, wherever this webhook's query put it."""
    if "payload" in value and "notify_event" in value:
        return child(value, "payload")
    inner = value
    for _ in range(2):
        # `{"data": {"orderCreated": {...}}}`, and `{"data": {"event": {...}}}`.
        if "data" in inner or "event" in inner:
            inner = child(inner, "data" if "data" in inner else "event")
            if len(inner) == 1 and is_body(only := next(iter(inner.values()))) and not _is_event(inner):
                inner = only
    return inner


def _is_event(value: Body) -> bool:
    return any(is_body(value.get(name)) for name in ("order", "product", "transaction", "fulfillment", "app"))


def _name(delivery: Delivery, event: Body) -> str:
    """The event's name in lower case: of its header, else made of its type."""
    told = delivery.headers.get("saleor-event") or delivery.headers.get("x-saleor-event") or ""
    name = told.lower() if told else _WORDS.sub("_", text(event, "__typename")).lower()
    return name if _NAME.fullmatch(name) else ""


def _order(event: Body, maker: Maker, *, incomplete: bool) -> Read:
    order = child(event, "order")
    if not order:
        for name in ("fulfillment", "transaction"):
            order = order or child(child(event, name), "order")
    number = ident(order.get("id")) or ident(child(event, "invoice").get("order_id"))
    if not number:
        raise Unreadable("order.id", "nothing, or no id", "the id of an order")
    said = say_order(maker, order)
    if not said:
        say_older(maker, order)
    # Parts that the shop could not resolve come as null beside `errors`: what is there still holds.
    ask = () if said and not incomplete else (Subject("order", number),)
    told = maker.done()
    return Read(told, ask, ignored="" if told or ask else "a draft")


def _legacy(bodies: tuple[Body, ...], name: str, maker: Maker) -> Read:
    """A webhook without a query sends fixed fields, without versions."""
    kind = "order" if name.startswith(_OF_ORDERS) else "listing" if name.startswith("product_") else ""
    found = [ident(child(body, "order").get("id")) or ident(body.get("id")) for body in bodies]
    looks = tuple(Subject(kind, one) for one in dict.fromkeys(found) if one) if kind else ()
    for body in bodies if name.startswith("order") else ():
        say_older(maker, body)
    return Read(
        maker.done(), looks, ignored="" if looks else f"event {name or 'of no known name'} in the form without a query"
    )


def _product(name: str, event: Body, maker: Maker) -> Read:
    product = child(event, "product")
    number = ident(product.get("id"))
    if not number:
        raise Unreadable("product.id", "nothing, or no id", "the id of a product")
    gone = instant(event.get("issuedAt")) if name == "product_deleted" else None
    if name == "product_deleted" and gone is None:
        return Read(looks=(Subject("listing", number),))
    said = say_product(maker, product, deleted_at=gone)
    return Read(maker.done()) if said else Read(looks=(Subject("listing", number),))


def _app(name: str, event: Body, delivery: Delivery, shop: Shop, maker: Maker) -> Read:
    """Our own app's end. The token is dead by then, so nothing can be looked up any more."""
    app, own = ident(child(event, "app").get("id")), ident(child(event, "recipient").get("id"))
    if name != "app_deleted" or (app and own and app != own):
        return Read(ignored=f"event {name} of {'this' if app == own else 'another'} app")
    subject, at = Subject("connection", shop.connection), instant(event.get("issuedAt"))
    if at is not None:
        maker.add(subject, at, at, [Mark("connection.uninstalled", at)])
        return Read(maker.done())
    # A webhook whose query tells no instant: the delivery is the event, and of its retries the earliest counts.
    received = delivery.received_at
    mark = Mark("connection.uninstalled", received, hashlib.sha256(delivery.body).hexdigest()[:16])
    maker.add(subject, _FAR - to_ms(received), received, [mark], source="derived")
    return Read(maker.done())


_FAR = 10**15
"""More milliseconds than any instant has: a version made with it shrinks as time goes on."""
