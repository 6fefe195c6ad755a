"""The shop's webhook subscriptions of our app: listed, made, removed; and a delivery to try the door with. After eight
failures Shopify deletes a subscription, so what it stopped is simply missing. Those that the app's own configuration
declares are not listed, and cannot be asked for here. Facts: the Shopify sheet, section 1, and the Admin schema.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime

from chalicelib.platforms.base import DEAD, Done, Later, Refused, Session, Shop, Steps, Unreadable
from chalicelib.platforms.keeping import Asking, Subscription, Trial
from chalicelib.platforms.rights import grant
from chalicelib.platforms.shopify import documents
from chalicelib.platforms.shopify.fields import Node
from chalicelib.platforms.shopify.graphql import Answered, ask
from chalicelib.platforms.shopify.verify import host

PAGES = 10
UNREADABLE = Later(30.0, "unreadable answer")
DENIED = frozenset({DEAD, "scope"})
TOKEN = "the app anew: its token is not honoured any more"
SCOPES: Mapping[str, str] = {
    "ORDERS": "read_orders", "ORDER_TRANSACTIONS": "read_orders", "REFUNDS": "read_orders",
    "FULFILLMENTS": "read_fulfillments", "FULFILLMENT_EVENTS": "read_fulfillments",
    "FULFILLMENT_ORDERS": "read_merchant_managed_fulfillment_orders", "RETURNS": "read_returns",
    "REVERSE_FULFILLMENT_ORDERS": "read_returns", "DISPUTES": "read_shopify_payments_disputes",
    "PRODUCTS": "read_products",
}  # fmt: skip
"""What a topic begins with -> the scope that it needs."""


def subscriptions(session: Session) -> Asking[tuple[Subscription, ...]]:
    """All of this app on this shop."""
    found: list[Subscription] = []
    after = None
    for _ in range(PAGES):
        answer = yield from ask(session, documents.SUBSCRIPTIONS, {"after": after})
        if isinstance(answer, Refused | Later):
            return told(answer)
        try:
            held = answer.data.node("webhookSubscriptions")
            if held is None:
                return Refused("scope" if answer.denied else "no-answer")
            for one in held.nodes("nodes"):
                found.append(Subscription(one.text("id"), one.text("uri"), (one.text("topic"),)))
            page = held.node("pageInfo")
            after = page.text("endCursor") if page and page.value.get("hasNextPage") is True else None
        except Unreadable:
            return UNREADABLE
        if not after:
            return tuple(found)
    return Refused("too-many-subscriptions")


def subscribe(session: Session, url: str, topics: tuple[str, ...]) -> Steps:
    """One subscription for each topic that none to this address sends. A topic that is refused keeps no other from
    being made; the first refusal is told in the end."""
    held = yield from subscriptions(session)
    if isinstance(held, Refused | Later):
        return held
    there = {topic for one in held if one.url == url for topic in one.topics}
    made, refused = 0, None
    for topic in topics:
        if topic in there:
            continue
        answer = yield from ask(session, documents.SUBSCRIBE, {"topic": topic, "to": {"uri": url, "format": "JSON"}})
        if isinstance(answer, Later):
            return answer
        if isinstance(answer, Refused) and answer.reason != "scope":
            return told(answer)
        no = answer if isinstance(answer, Refused) else _rejection(answer, "webhookSubscriptionCreate")
        if no is None:
            made += 1
        elif no.reason != "taken":
            refused = refused or _of_topic(no, topic)
    return refused or Done(str(made))


def resume(session: Session, one: Subscription) -> Steps:
    """There is nothing that Shopify stops without deleting it, and the secret is the app's."""
    yield from ()
    return Done(one.id)


def unsubscribe(session: Session, one: Subscription) -> Steps:
    answer = yield from ask(session, documents.UNSUBSCRIBE, {"id": one.id})
    if isinstance(answer, Refused | Later):
        return told(answer)
    no = _rejection(answer, "webhookSubscriptionDelete")
    return Done() if no is None or no.reason == "gone" else no


def trial(shop: Shop, secret: str, now: datetime) -> Trial:
    """A delivery of a topic that nobody reads, signed as Shopify signs."""
    body = b'{"redress":"trial"}'
    digest = hmac.digest(secret.encode("utf-8", "surrogatepass"), body, "sha256")
    return Trial(
        body,
        {
            "content-type": "application/json",
            "x-shopify-topic": "redress/trial",
            "x-shopify-shop-domain": host(shop.address),
            "x-shopify-webhook-id": "redress-trial",
            "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
        },
    )


def told(no: Refused | Later) -> Refused | Later:
    """A refusal of the token as a whole, with what mends it."""
    return grant(no, DENIED, TOKEN) if isinstance(no, Refused) else no


def _of_topic(no: Refused, topic: str) -> Refused:
    scope = next((right for name, right in SCOPES.items() if topic.startswith(f"{name}_")), "")
    if no.reason == "scope" and scope:
        return Refused(f"scope: grant {scope} for {topic}")
    return Refused(f"{no.reason} {topic}")


def _rejection(answer: Answered, mutation: str) -> Refused | None:
    """Why Shopify did not; its sentences are all that tells these apart, and none of them is repeated."""
    try:
        payload = answer.data.node(mutation)
        if payload is None:
            return Refused("scope" if answer.denied else "no-answer")
        errors = [_meant(one) for one in payload.nodes("userErrors")]
    except Unreadable:
        return Refused("unreadable-answer")
    return errors[0] if errors else None


def _meant(error: Node) -> Refused:
    said = error.text("message").casefold()
    if "already been taken" in said:
        return Refused("taken")
    if "exist" in said or "not found" in said:
        return Refused("gone")
    if "protected customer data" in said:
        return Refused("protected-data: apply for access to protected customer data, for")
    if "specified topic" in said or "access scope" in said or "invalid topic" in said:
        return Refused("scope")
    return Refused("rejected")
