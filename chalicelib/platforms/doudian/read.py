"""One push of Douyin shop -> events and looks. An array of messages, each with a body that is JSON within JSON; one
that cannot be read loses none of the others. Raises Unreadable and nothing else. Facts: the Douyin shop sheet, sections
1 and 5.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.events import Event, Subject
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.cn import ident
from chalicelib.platforms.doudian import words
from chalicelib.platforms.doudian.aftersales import pushed_refund
from chalicelib.platforms.doudian.orders import listing_event, moved, order_id, pushed_order, seller_of
from chalicelib.platforms.shapes import Body, code, is_body

HANDSHAKE = "0"


@dataclass(frozen=True, slots=True)
class _Said:
    """What one message said."""

    events: tuple[Event, ...] = ()
    looks: tuple[Subject, ...] = ()
    ignored: str = ""


def read(delivery: Delivery, shop: Shop) -> Read:
    """Read one delivery."""
    try:
        value = loads(delivery.body)
    except BadJson as error:
        raise Unreadable("body", error.found, error.wanted) from None
    messages = value if isinstance(value, list) else [value]
    events: list[Event] = []
    looks: dict[Subject, None] = {}
    ignored: list[str] = []
    problem: Unreadable | None = None
    for place, message in enumerate(messages):
        try:
            said = _message(message, shop, delivery.received_at)
        except Unreadable as error:
            problem = problem or Unreadable(f"[{place}].{error.field}", error.found, error.wanted)
            continue
        events.extend(said.events)
        looks.update(dict.fromkeys(said.looks))
        if said.ignored:
            ignored.append(said.ignored)
    if problem is not None and len(messages) == 1:
        raise problem
    if not messages:
        return Read(ignored="no message")
    return Read(tuple(events), tuple(looks), ", ".join(dict.fromkeys(ignored))[:200], problem)


def _message(message: object, shop: Shop, received_at: datetime) -> _Said:
    if not is_body(message):
        raise Unreadable("message", f"a {type(message).__name__}", "an object")
    tag = code(message.get("tag"))
    if tag is None:
        raise Unreadable("tag", "none", "a number")
    if tag == HANDSHAKE:
        return _Said(ignored="handshake")
    if tag in words.ORDER_QUIET:
        return _Said(ignored=f"tag {tag}: {words.ORDER_QUIET[tag]}")
    kind = _kind(tag)
    if not kind:
        return _Said(ignored=f"tag {tag}")
    data = _data(message.get("data"))
    if shop.address and seller_of(data, shop) != shop.address:
        return _Said(ignored="another shop of this app")
    name = ident(message.get("msg_id")) or ident(message.get("msgId")) or _digest(message)
    name = f"{tag}:{name}"
    if kind == "order":
        return _order(tag, data, name, shop, received_at)
    if kind == "listing":
        subject, event = listing_event(data, name, shop)
        _named(subject, "product_id")
        return _Said((event,) if event is not None else (), () if event is not None else (subject,))
    return _aftersale(tag, data, name, shop, received_at)


def _kind(tag: str) -> str:
    if tag in words.ORDER_TAGS or tag in words.ORDER_LOOKS:
        return "order"
    if tag in words.REFUND_TAGS or tag in words.REFUND_LOOKS or tag in words.ARBITRATION_TAGS:
        return "aftersale"
    return "listing" if tag in words.LISTING_TAGS else ""


def _data(value: object) -> Body:
    """JSON within JSON, or (some samples) the object itself."""
    if isinstance(value, str):
        try:
            value = loads(value.encode("utf-8", "surrogatepass"))
        except BadJson as error:
            raise Unreadable("data", error.found, error.wanted) from None
    if not is_body(value):
        raise Unreadable("data", f"a {type(value).__name__}", "an object, or JSON of one")
    return value


def _order(tag: str, data: Body, name: str, shop: Shop, received_at: datetime) -> _Said:
    subject = Subject("order", order_id(data.get("p_id")))
    _named(subject, "p_id")
    event = pushed_order(tag, data, name, subject, shop)
    look = tag in words.ORDER_LOOKS or event is None
    if event is None and tag in words.SHIP_BY_MOVED:
        event = moved("ship_by", data.get("exp_delivery_time"), name, subject, received_at, shop, data)
    return _Said((event,) if event is not None else (), (subject,) if look else ())


def _aftersale(tag: str, data: Body, name: str, shop: Shop, received_at: datetime) -> _Said:
    subject = Subject("refund", ident(data.get("aftersale_id")))
    _named(subject, "aftersale_id")
    if tag in words.ARBITRATION_TAGS:
        return _Said(looks=(Subject("complaint", subject.id),))
    event = pushed_refund(tag, data, name, subject, shop)
    if event is None and tag == words.RESPOND_BY_MOVED and code(data.get("aftersale_status")) in words.SELLERS_TURN:
        event = moved("respond_by", data.get("status_deadline"), name, subject, received_at, shop, data)
    looks = [] if event is not None and tag in words.REFUND_ENDED else [subject]
    if tag in words.REFUND_PAID and (order := order_id(data.get("p_id"))):
        # What went back altogether is the order's to say.
        looks.append(Subject("order", order))
    return _Said((event,) if event is not None else (), tuple(looks))


def _named(subject: Subject, field: str) -> None:
    if not subject.id:
        raise Unreadable(f"data.{field}", "none", "an id")


def _digest(message: Body) -> str:
    return hashlib.sha256(repr(sorted(_flat(message))).encode("utf-8", "replace")).hexdigest()[:24]


def _flat(message: Body) -> Iterator[str]:
    return (f"{name}={value!r}" for name, value in message.items())
