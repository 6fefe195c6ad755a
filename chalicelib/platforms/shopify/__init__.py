"""Shopify: webhooks of the Admin API, levers and looks by GraphQL.

Importing this must stay cheap, because the hook does: reading and acting are imported when first used. Facts: the
Shopify sheet and the published Admin schema 2026-07.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.calls import Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import Answer, Delivery, Lever, Looking, Read, Refusal, Session, Shop
from chalicelib.platforms.keeping import Asking
from chalicelib.platforms.shopify.levers import LEVERS
from chalicelib.platforms.shopify.verify import CLASSIC, EVENTS, verify

_KEPT = ("topic", "webhook-id", "event-id", "api-version")


class Shopify:
    """The adapter of base.Adapter for Shopify."""

    name = "shopify"
    reading = 1
    content_types = frozenset(["application/json"])
    keep = frozenset(
        [prefix + name for prefix in (CLASSIC, EVENTS) for name in _KEPT] + [EVENTS + "action", EVENTS + "resource-id"]
    )
    success = Answer()
    mapping: Mapping[str, tuple[str, ...]] = {}
    levers: Mapping[str, Lever] = LEVERS
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
