"""Small names that reading, looking and acting share."""

import hashlib
import re

FULFILLMENT_ORDER = "fo-"
REVERSE = "rfo-"
"""Subjects that exist to be asked about: their bodies name neither the order nor the return that they belong to."""

OUR_HOLD = "redress-"
"""How the handles of our own holds begin."""

TOPICS = (
    "ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_PAID", "ORDERS_CANCELLED", "ORDERS_FULFILLED",
    "ORDERS_PARTIALLY_FULFILLED", "ORDERS_EDITED", "ORDERS_DELETE", "ORDER_TRANSACTIONS_CREATE", "REFUNDS_CREATE",
    "FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE", "FULFILLMENT_EVENTS_CREATE", "FULFILLMENT_EVENTS_DELETE",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD", "FULFILLMENT_ORDERS_HOLD_RELEASED", "FULFILLMENT_ORDERS_RESCHEDULED",
    "RETURNS_REQUEST", "RETURNS_APPROVE", "RETURNS_DECLINE", "RETURNS_UPDATE", "RETURNS_PROCESS", "RETURNS_CLOSE",
    "RETURNS_REOPEN", "RETURNS_CANCEL", "REVERSE_FULFILLMENT_ORDERS_DISPOSE", "DISPUTES_CREATE", "DISPUTES_UPDATE",
    "PRODUCTS_CREATE", "PRODUCTS_UPDATE", "PRODUCTS_DELETE", "APP_UNINSTALLED",
)  # fmt: skip
"""What is subscribed to, as the Admin API spells what a delivery calls `orders/create`."""

_ORDER = re.compile(r"([1-9][0-9]{0,19})(?::.*)?", re.ASCII | re.DOTALL)


def order_number(case: str) -> str:
    """`1001`, or of a seller's part `1001:Acme`, the order's number; empty where it is neither."""
    match = _ORDER.fullmatch(case)
    return match[1] if match else ""


def vendor_of(case: str) -> str:
    """Of a seller's part of an order, the seller."""
    return case.partition(":")[2]


def short(key: str) -> str:
    """A key of ours in the few letters that Shopify allows for handles and metafield keys."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def signed(key: str, text: str = "") -> str:
    """Text for people with our key in it, by which we know our own doing when it comes back."""
    return f"{text} [redress:{key}]" if text else f"redress:{key}"
