"""What a Dokan shop answers to whoever runs the connection: rights, webhooks, the last orders. It all stands beside the
books: nothing here is about one order.
"""

import re
from typing import Any

from chalicelib.platforms.woocommerce import WooCommerce
from examples.demo.shops.books import DemoShop

GATEWAYS = [{"id": "demo_pay", "enabled": True, "method_supports": ["products", "refunds"]}]
STATUS = {"environment": {"version": "10.3.4", "wp_version": "6.9", "wp_cron": True}}
MANY = 50


def answer(shop: DemoShop, method: str, route: str, body: dict[str, Any]) -> tuple[int, Any, str] | None:
    """Status, JSON and what it was about; None for a route that is none of these."""
    fixed = {
        ("GET", "wc/v3/products"): (200, [], "ask for products"),
        ("POST", "wc/v3/orders/batch"): (200, [], "ask whether it may write"),
        ("PUT", "dokan/v1/stores/batch"): (404, _no("no_item_found"), "ask whether it may move sellers"),
        ("GET", "dokan/v1/abuse-reports"): (200, [], "ask for reports"),
        ("GET", "wc/v3/system_status"): (200, STATUS, "ask for versions"),
        ("GET", "wc/v3/payment_gateways"): (200, GATEWAYS, "ask for payment plugins"),
    }
    if (method, route) in fixed:
        return fixed[method, route]
    found = re.fullmatch(r"wc/v3/webhooks(?:/(\d+))?", route)
    return _webhooks(shop, method, int(found[1] or 0), body) if found else None


def _webhooks(shop: DemoShop, method: str, number: int, body: dict[str, Any]) -> tuple[int, Any, str]:
    if method == "POST":
        return 201, {"id": shop.add_webhook(str(body["topic"]), str(body["delivery_url"]))}, f"webhook {body['topic']}"
    held = {
        one: {"id": one, "status": "active", "topic": topic, "delivery_url": url}
        for one, topic, url in shop.webhooks(WooCommerce.topics)
    }
    if not number:
        return 200, list(held.values()), "ask for webhooks"
    if number not in held:
        return 404, _no("woocommerce_rest_shop_webhook_invalid_id"), "webhook"
    if method == "DELETE":
        shop.hooks.pop(number, None)
    return 200, held[number], f"{'remove' if method == 'DELETE' else 'change'} webhook {held[number]['topic']}"


def _no(code: str) -> dict[str, Any]:
    return {"code": code, "message": "No.", "data": {"status": 404}}
