"""An authentic delivery of a WooCommerce shop -> events, looks, or the reason why there is nothing to say. Raises
Unreadable and nothing else. The topic is in a header that nobody signs, so it may choose what to ask about, while what
is asserted must also look like what it claims to be. Facts: the WooCommerce sheet, sections 1 to 3 and 5.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.core.events import Subject
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.shapes import Body, is_body
from chalicelib.platforms.woocommerce.listings import read_listing
from chalicelib.platforms.woocommerce.orders import PartOf, event_id, plain_part, read_order
from chalicelib.platforms.woocommerce.shapes import code, gmt, ident

_TOPIC = re.compile(r"[a-z0-9_.-]{1,100}")
_ORDER_SIGNS = frozenset({"line_items", "order_key", "billing"})
_PRODUCT_SIGNS = frozenset({"catalog_visibility", "stock_status", "permalink"})
_KINDS: Mapping[str, str] = {"order": "order", "product": "listing"}

_ORDER_ACTION = re.compile(r"(?:woocommerce|wc)_(?:order_|payment_complete|(?:new|cancelled|trash|untrash)_order)\w*")
_PRODUCT_ACTION = re.compile(r"(?:woocommerce|wc)_(?:(?:new|update|trash|delete)_product|product_)\w*")
_NOT_ITS_ID = re.compile(r"\w*(?:_item|_note|_refund_|refund_created|_variation|_actions?$|_query|_args)\w*")
"""Hooks whose first argument is something else than the order or product they speak of."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a marketplace plugin adds to WooCommerce. `prefix` names the adapter in the ids of events."""

    prefix: str = "woocommerce"
    part_of: PartOf = plain_part
    seller_of: Callable[[Body], str] = lambda body: ""
    action_of: Callable[[str, str], Subject | None] = lambda action, arg: None
    look_when_made: Callable[[Body], bool] = lambda body: False
    """Whether a new order is to be looked at, because its body alone cannot tell whether it is genuine."""


PLAIN = Dialect()


def read(delivery: Delivery, shop: Shop, dialect: Dialect = PLAIN) -> Read:
    """Read one delivery. Raises Unreadable: field, found (never content), wanted."""
    topic = _topic(delivery.headers)
    resource, _, happening = topic.partition(".")
    if not delivery.body.strip():
        return Read(ignored="empty body")
    try:
        value = loads(delivery.body)
    except BadJson as error:
        raise Unreadable("body", error.found, error.wanted) from None
    if value is None or value is False or value in ([], {}):
        return Read(ignored="empty body")
    if not is_body(value):
        raise Unreadable("body", f"a {type(value).__name__}", "an object")
    _no_error(value)
    if resource == "action" or set(value) == {"action", "arg"}:
        return _action(value, shop, dialect)
    if resource not in _KINDS and topic:
        return Read(ignored=f"topic {topic}")
    kind = _KINDS.get(resource) or _kind_by_shape(value)
    number = ident(value.get("id"))
    if not number:
        raise Unreadable("id", _kind_of_value(value.get("id")), "the positive id of an order or product")
    subject = Subject(kind, number)
    if happening == "deleted" or set(value) == {"id"}:
        return Read(looks=(subject,))
    _matches(value, kind, topic)
    name = event_id(
        f"{dialect.prefix}:{topic or resource}", str(subject), gmt(value.get("date_modified_gmt")), delivery.body
    )
    if kind == "listing":
        listing = read_listing(value, shop, dialect.seller_of(value), name)
        return Read(events=(listing,)) if listing is not None else Read(looks=(subject,))
    order = read_order(value, shop, dialect.part_of, name)
    look = order.look or (happening == "created" and order.event is not None and dialect.look_when_made(value))
    return Read(
        events=(order.event,) if order.event is not None else (),
        looks=(subject,) if look else (),
        ignored=order.ignored,
    )


def _topic(headers: Mapping[str, str]) -> str:
    found = headers.get("x-wc-webhook-topic", "").strip().lower()
    return found if _TOPIC.fullmatch(found) else ""


def _no_error(value: Body) -> None:
    """A body is rendered with the rights of the user who made the webhook; once they are gone, errors are sent."""
    data = value.get("data")
    if "code" not in value or not is_body(data) or "status" not in data:
        return
    status = data["status"] if isinstance(data["status"], int) else "no number"
    raise Unreadable(
        "code",
        f"the error {code(value['code']) or 'without a code'} (status {status})",
        "the order itself: the user who made the webhook was removed or lost the right to read orders; give it back, "
        "or make the webhook anew as a shop manager",
    )


def _action(value: Body, shop: Shop, dialect: Dialect) -> Read:
    """An action topic carries the first argument of a hook: often an id, never an instant."""
    action = value.get("action")
    if not isinstance(action, str) or not _TOPIC.fullmatch(action.lower()):
        raise Unreadable("action", _kind_of_value(action), "the name of a hook")
    action, number = action.lower(), ident(value.get("arg"))
    if not number:
        return Read(ignored=f"action {action} without an id")
    listed = {name.strip().lower() for name in shop.options.get("order_actions", "").split(",")}
    subject = dialect.action_of(action, number)
    if subject is None and action in listed:
        subject = Subject("order", number)
    if subject is None and not _NOT_ITS_ID.fullmatch(action):
        if _ORDER_ACTION.fullmatch(action):
            subject = Subject("order", number)
        elif _PRODUCT_ACTION.fullmatch(action):
            subject = Subject("listing", number)
    return Read(looks=(subject,)) if subject is not None else Read(ignored=f"action {action}")


def _kind_by_shape(value: Body) -> str:
    if _ORDER_SIGNS & set(value):
        return "order"
    if _PRODUCT_SIGNS & set(value):
        return "listing"
    raise Unreadable("x-wc-webhook-topic", "none", "the topic of the webhook")


def _matches(value: Body, kind: str, topic: str) -> None:
    order, product = bool(_ORDER_SIGNS & set(value)), bool(_PRODUCT_SIGNS & set(value))
    if (kind == "order" and product and not order) or (kind == "listing" and order and not product):
        raise Unreadable("x-wc-webhook-topic", topic, "the topic that fits the body")


def _kind_of_value(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return "text"
    return "an object" if is_body(value) else f"a {type(value).__name__}"
