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

from chalicelib.core.calls import Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import (
    Answer,
    Delivery,
    Fetching,
    Lever,
    Looking,
    Read,
    Refusal,
    Session,
    Shop,
    Steps,
    told_to_wait,
)
from chalicelib.platforms.keeping import Asking, Probe, Recent, Subscription, Trial
from chalicelib.platforms.lazy import Lazy
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

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        """Raises Unreadable, and nothing else."""
        from chalicelib.platforms.saleor.read import read

        return read(delivery, shop)

    def look(self, subject: Subject, session: Session) -> Looking:
        from chalicelib.platforms.saleor.looks import look

        return look(subject, session)

    def keys(self, session: Session) -> Fetching:
        from chalicelib.platforms.saleor.keys import fetch

        return fetch(session)

    def subscriptions(self, session: Session) -> Asking[tuple[Subscription, ...]]:
        from chalicelib.platforms.saleor.hooks import subscriptions

        return subscriptions(session)

    def subscribe(self, session: Session, url: str, topics: tuple[str, ...]) -> Steps:
        from chalicelib.platforms.saleor.hooks import subscribe

        return subscribe(session, url, topics)

    def resume(self, session: Session, one: Subscription) -> Steps:
        from chalicelib.platforms.saleor.hooks import resume

        return resume(session, one)

    def unsubscribe(self, session: Session, one: Subscription) -> Steps:
        from chalicelib.platforms.saleor.hooks import unsubscribe

        return unsubscribe(session, one)

    def trial(self, shop: Shop, secret: str, now: datetime) -> Trial | None:
        from chalicelib.platforms.saleor.hooks import trial

        return trial(shop, secret)

    def probe(self, session: Session) -> Asking[Probe]:
        from chalicelib.platforms.saleor.probing import probe

        return probe(session)

    def recent(self, session: Session, count: int) -> Asking[Recent]:
        from chalicelib.platforms.saleor.probing import recent

        return recent(session, count)

    def pause(self, reply: Reply) -> float:
        from chalicelib.platforms.saleor.graphql import understand

        return told_to_wait(understand(reply))
