"""Webhook deliveries of a demo shop, from the fixtures, as the hook would hand them on."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.platforms.base import Delivery, Shop

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shopify"
SHOP = Shop("shop-1", "shopify", "demo.myshopify.com")
SPLIT = Shop("shop-1", "shopify", "demo.myshopify.com", options={"split": "vendor"})
RECEIVED = datetime(2026, 4, 10, 8, 0, 0, tzinfo=UTC)
ORDER = "5123456789012345679"

TOPICS = {
    "orders/create": "order", "orders/updated": "order", "orders/paid": "order", "orders/cancelled": "order",
    "orders/fulfilled": "order", "orders/partially_fulfilled": "order", "orders/edited": "order_edit",
    "orders/delete": "order", "fulfillments/create": "fulfillment", "fulfillments/update": "fulfillment",
    "fulfillment_events/create": "fulfillment_event", "fulfillment_events/delete": "fulfillment_event",
    "refunds/create": "refund", "order_transactions/create": "transaction", "returns/request": "return",
    "returns/update": "return_update", "reverse_fulfillment_orders/dispose": "reverse_disposed",
    "disputes/create": "dispute", "disputes/update": "dispute", "products/create": "product",
    "products/update": "product", "products/delete": "product", "fulfillment_orders/placed_on_hold": "hold_placed",
    "fulfillment_orders/rescheduled": "rescheduled", "app/uninstalled": "shop",
    "customers/data_request": "data_request", "customers/redact": "redact", "shop/redact": "shop_redact",
}  # fmt: skip
"""Every topic that is read, and the fixture that stands for its body."""


def body(name: str, **changes: Any) -> dict[str, Any]:
    """A fixture with some of its top-level fields changed; `...` leaves a field out."""
    value: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    value |= changes
    return {key: one for key, one in value.items() if one is not ...}


def delivery(topic: str, content: object, received: datetime = RECEIVED, webhook: str = "wh-1") -> Delivery:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Delivery("d-1", raw, {"x-shopify-topic": topic, "x-shopify-webhook-id": webhook}, received)
