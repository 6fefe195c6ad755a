"""Shopify: webhooks of the Admin API, levers and looks by GraphQL.

Importing this must stay cheap, because the hook does: reading and acting are imported when first used. Facts: the
Shopify sheet and the published Admin schema 2026-07.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.calls import Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import Answer, Delivery, Lever, Looking, Read, Refusal, Session, Shop, Steps
from chalicelib.platforms.keeping import Asking, Probe, Recent, Subscription, Trial
from chalicelib.platforms.shopify.levers import LEVERS
from chalicelib.platforms.shopify.names import TOPICS
from chalicelib.platforms.shopify.verify import CLASSIC, EVENTS, verify

_KEPT = ("topic", "webhook-id", "event-id", "api-version")


class Shopify:
    """See `base.Adapter`, and the protocols of `keeping`, which it is too."""

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

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        """Raises Unreadable, and nothing else."""
        from chalicelib.platforms.shopify.read import read

        return read(delivery, shop)

    def look(self, subject: Subject, session: Session) -> Looking:
        from chalicelib.platforms.shopify.looks import look

        return look(subject, session)

    def expires(self, credentials: Mapping[str, str]) -> datetime | None:
        from chalicelib.platforms.shopify.tokens import expires

        return expires(credentials)

    def ended(self, credentials: Mapping[str, str], reply: Reply) -> bool:
        from chalicelib.platforms.shopify.tokens import over

        return over(credentials, reply)

    def refresh(self, session: Session) -> Asking[Mapping[str, str]]:
        from chalicelib.platforms.shopify.tokens import refresh

        return refresh(session)

    def subscriptions(self, session: Session) -> Asking[tuple[Subscription, ...]]:
        from chalicelib.platforms.shopify.hooks import subscriptions

        return subscriptions(session)

    def subscribe(self, session: Session, url: str, topics: tuple[str, ...]) -> Steps:
        from chalicelib.platforms.shopify.hooks import subscribe

        return subscribe(session, url, topics)

    def resume(self, session: Session, one: Subscription) -> Steps:
        from chalicelib.platforms.shopify.hooks import resume

        return resume(session, one)

    def unsubscribe(self, session: Session, one: Subscription) -> Steps:
        from chalicelib.platforms.shopify.hooks import unsubscribe

        return unsubscribe(session, one)

    def trial(self, shop: Shop, secret: str, now: datetime) -> Trial | None:
        from chalicelib.platforms.shopify.hooks import trial

        return trial(shop, secret)

    def probe(self, session: Session) -> Asking[Probe]:
        from chalicelib.platforms.shopify.probing import probe

        return probe(session)

    def recent(self, session: Session, count: int) -> Asking[Recent]:
        from chalicelib.platforms.shopify.probing import recent

        return recent(session, count)

    def pause(self, reply: Reply) -> float:
        from chalicelib.platforms.shopify.graphql import pause

        return pause(reply)
