"""Saleor: signed webhooks or messages straight to SQS, levers and looks by GraphQL.

Importing this must stay cheap, because the hook does. Facts: the Saleor sheet and the published schema of 3.22.

Address: the shop's GraphQL address (`https://shop.example/graphql/`), under which it also names itself. Secrets of the
hook: the shop's key set (JWKS, as JSON text; `keys` fetches it), or the `secretKey` of a webhook that still has one;
one of each is live while one replaces the other. Credentials: `access_token` of the app. A shop that knows the seller
of an order writes it into its public metadata, key `redress.seller`. What is subscribed to stands in `topics`, and the
query of it in `documents`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.platforms.base import Adapter, Answer, HasKeys, Lever, Paces, Refusal, Shop
from chalicelib.platforms.keeping import Probes, Samples, Subscribes, Tries
from chalicelib.platforms.lazy import Lazy, lazily
from chalicelib.platforms.saleor import verify as door
from chalicelib.platforms.saleor.topics import EVENTS


def _levers() -> Mapping[str, Lever]:
    from chalicelib.platforms.saleor import levers, listings, refunding

    return {**levers.LEVERS, **listings.LEVERS, **refunding.LEVERS}


class Saleor:
    """See `base.Adapter`, and `base.Collects`, `base.HasKeys` and the protocols of `keeping`, which it is too. An app's
    token does not end."""

    name = "saleor"
    api = "GraphQL schema of 3.22; each shop serves its own version, and a major one may drop what was deprecated"
    reading = 1
    content_types = frozenset(["application/json"])
    keep = frozenset(["saleor-event", "x-saleor-event"])
    success = Answer()
    mapping: Mapping[str, tuple[str, ...]] = {}
    topics = EVENTS
    levers: Mapping[str, Lever] = Lazy(_levers)
    looks = frozenset(["order", "shipment", "refund", "complaint", "listing", "connection"])
    every = timedelta(minutes=30)
    """How often its changes are to be polled: what failed for five minutes, or got one 4xx, never comes again."""
    attributes: Mapping[str, str] = {"EventType": "saleor-event", "SaleorApiUrl": "saleor-api-url"}

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """The handshake of an installation goes to another address, which is none of the hook's."""
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        """Nothing that is signed has a time but what our own query put into the body, so `now` does not matter."""
        return door.verify(raw, headers, secrets, shop)

    def collected(self, attributes: Mapping[str, str], shop: Shop) -> Refusal | None:
        return door.tenant(attributes.get("SaleorApiUrl", ""), shop)

    def refuse(self, raw: bytes) -> Answer | None:
        """Saleor never repeats what is refused: authentic content is always accepted."""
        return None

    read = lazily(Adapter.read, "saleor.read")
    look = lazily(Adapter.look, "saleor.looks")
    keys = lazily(HasKeys.keys, "saleor.keys")
    subscriptions = lazily(Subscribes.subscriptions, "saleor.hooks")
    subscribe = lazily(Subscribes.subscribe, "saleor.hooks")
    resume = lazily(Subscribes.resume, "saleor.hooks")
    unsubscribe = lazily(Subscribes.unsubscribe, "saleor.hooks")
    probe = lazily(Probes.probe, "saleor.probing")
    recent = lazily(Samples.recent, "saleor.probing")
    trial = lazily(Tries.trial, "saleor.hooks")
    pause = lazily(Paces.pause, "saleor.graphql")
