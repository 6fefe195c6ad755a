"""What a Shopify shop answers to whoever runs the connection: the app's scopes, its subscriptions, the last orders."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms.shopify import Shopify
from chalicelib.platforms.shopify.probing import READS
from examples.demo.shops.books import DemoShop, Story

SCOPES = (*READS, "write_orders", "write_merchant_managed_fulfillment_orders", "write_products")
_END = {"hasNextPage": False, "endCursor": None}
Given = Mapping[str, Any]


def answer(shop: DemoShop, document: str, given: Given, gid: Callable[[Story], str]) -> tuple[Any, str] | None:
    """Data and what it was about; None for a document that is none of these."""
    asked = _ASKED.get(document)
    return asked(shop, given, gid) if asked else None


def _probe(shop: DemoShop, given: Given, gid: Callable[[Story], str]) -> tuple[Any, str]:
    installed = {"app": {"title": "Redress"}, "accessScopes": [{"handle": one} for one in SCOPES]}
    shown = {"currencyCode": "EUR", "enabledPresentmentCurrencies": ["EUR"]}
    return {"currentAppInstallation": installed, "shop": shown}, "ask for scopes"


def _recent(shop: DemoShop, given: Given, gid: Callable[[Story], str]) -> tuple[Any, str]:
    nodes = [
        {"id": gid(one), "displayFulfillmentStatus": "FULFILLED" if one.shipped else "UNFULFILLED"}
        for one in shop.newest()[:100]
    ]
    return {"orders": {"nodes": nodes}}, "ask for orders"


def _changes(shop: DemoShop, given: Given, gid: Callable[[Story], str]) -> tuple[Any, str]:
    since = parse_instant(str(given["filter"]).split("'")[1])
    found = sorted((one for one in shop.newest() if one.changed >= since), key=lambda one: one.changed)[-100:]
    nodes = [{"id": gid(one), "updatedAt": show(one.changed)} for one in found]
    return {"orders": {"nodes": nodes, "pageInfo": _END}}, "ask what changed"


def _subscriptions(shop: DemoShop, given: Given, gid: Callable[[Story], str]) -> tuple[Any, str]:
    nodes = [
        {"id": f"gid://shopify/WebhookSubscription/{number}", "topic": topic, "uri": url}
        for number, topic, url in shop.webhooks(Shopify.topics)
    ]
    return {"webhookSubscriptions": {"nodes": nodes, "pageInfo": _END}}, "ask for webhooks"


def _subscribe(shop: DemoShop, given: Given, gid: Callable[[Story], str]) -> tuple[Any, str]:
    number = shop.add_webhook(str(given["topic"]), str(given["to"]["uri"]))
    made = {"webhookSubscription": {"id": f"gid://shopify/WebhookSubscription/{number}"}, "userErrors": []}
    return {"webhookSubscriptionCreate": made}, f"webhook {given['topic']}"


def _unsubscribe(shop: DemoShop, given: Given, gid: Callable[[Story], str]) -> tuple[Any, str]:
    number = str(given["id"]).rpartition("/")[2]
    if number.isdecimal():
        shop.hooks.pop(int(number), None)
    gone = {"deletedWebhookSubscriptionId": given["id"], "userErrors": []}
    return {"webhookSubscriptionDelete": gone}, "remove webhook"


_ASKED: Mapping[str, Callable[[DemoShop, Given, Callable[[Story], str]], tuple[Any, str]]] = {
    "RedressProbe": _probe,
    "RedressRecent": _recent,
    "RedressChanges": _changes,
    "RedressSubscriptions": _subscriptions,
    "RedressSubscribe": _subscribe,
    "RedressUnsubscribe": _unsubscribe,
}
