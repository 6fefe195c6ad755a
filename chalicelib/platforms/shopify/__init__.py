"""Shopify: webhooks of the Admin API, levers and looks by GraphQL.

Importing this must stay cheap, because the hook does: reading and acting are imported when first used. Facts: the
Shopify sheet and the published Admin schema 2026-07.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.platforms.base import Adapter, Answer, Lever, Paces, Refusal, Shop
from chalicelib.platforms.keeping import Probes, Refreshes, Samples, Subscribes, Tries
from chalicelib.platforms.lazy import lazily
from chalicelib.platforms.shopify.levers import LEVERS
from chalicelib.platforms.shopify.names import TOPICS
from chalicelib.platforms.shopify.verify import CLASSIC, EVENTS, verify

_KEPT = ("topic", "webhook-id", "event-id", "api-version")


class Shopify:
    """See `base.Adapter`, and `base.Polled` and the protocols of `keeping`, which it is too."""

    name = "shopify"
    api = "GraphQL Admin API 2026-07, served until 2027-07-01; the option api_version pins another"
    reading = 1
    content_types = frozenset(["application/json"])
    keep = frozenset(
        [prefix + name for prefix in (CLASSIC, EVENTS) for name in _KEPT] + [EVENTS + "action", EVENTS + "resource-id"]
    )
    success = Answer()
    mapping: Mapping[str, tuple[str, ...]] = {}
    levers: Mapping[str, Lever] = LEVERS
    topics = TOPICS
    looks = frozenset(["order", "shipment", "refund", "complaint", "listing", "connection"])
    every = timedelta(days=1)
    """It tries for four hours and guarantees nothing: apps are told to ask for what changed. Once a day, because each
    look takes of what the shop allows for acting."""

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """Shopify sends no handshake."""
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        """The signature has no time in it, so `now` does not matter; repetition does no harm to evidence."""
        return verify(raw, headers, secrets, shop)

    def refuse(self, raw: bytes) -> Answer | None:
        """Shopify deletes subscriptions that are refused: authentic content is always accepted."""
        return None

    read = lazily(Adapter.read, "shopify.read")
    look = lazily(Adapter.look, "shopify.looks")
    subscriptions = lazily(Subscribes.subscriptions, "shopify.hooks")
    subscribe = lazily(Subscribes.subscribe, "shopify.hooks")
    resume = lazily(Subscribes.resume, "shopify.hooks")
    unsubscribe = lazily(Subscribes.unsubscribe, "shopify.hooks")
    probe = lazily(Probes.probe, "shopify.probing")
    recent = lazily(Samples.recent, "shopify.probing")
    trial = lazily(Tries.trial, "shopify.hooks")
    expires = lazily(Refreshes.expires, "shopify.tokens")
    ended = lazily(Refreshes.ended, "shopify.tokens")
    refresh = lazily(Refreshes.refresh, "shopify.tokens")
    pause = lazily(Paces.pause, "shopify.graphql")
