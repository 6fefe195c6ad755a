"""WooCommerce: the adapter. Light to import, because the hook pays for it on each cold start: what reads and what acts
is imported when it is first needed. Facts: the WooCommerce sheet.

Options of a connection: `api_refund` (`false` only records refunds), `recorded_refunds` (`approved`: a refund that the
shop only records is not yet paid), `status_names` (`shipped=Versendet`), `order_actions` (hooks whose argument is an
order's id). Credentials: `consumer_key`, `consumer_secret`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.core.calls import Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import (
    Answer,
    Delivery,
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
from chalicelib.platforms.woocommerce import verify as door
from chalicelib.platforms.woocommerce.defaults import MAPPING


def _levers() -> Mapping[str, Lever]:
    from chalicelib.platforms.woocommerce import holds, levers

    return {**levers.LEVERS, **holds.LEVERS}


class WooCommerce:
    """See `base.Adapter`, and `base.Polled` and the protocols of `keeping`, which it is too."""

    name = "woocommerce"
    api = "REST API wc/v3, which has no end"
    reading = 1
    content_types = frozenset({"application/json", "application/x-www-form-urlencoded"})
    keep = frozenset({"x-wc-webhook-topic"})
    """All that `read` needs; the delivery id is not among it, because two deliveries of one second share it."""
    success = Answer()
    looks = frozenset({"order", "refund", "listing", "connection"})
    every = timedelta(minutes=15)
    """What is lost on its way is never sent again (`base.Polled`)."""

    topics = (
        "order.created", "order.updated", "order.deleted", "order.restored",
        "product.created", "product.updated", "product.deleted", "product.restored",
    )  # fmt: skip
    mapping: Mapping[str, tuple[str, ...]] = MAPPING
    levers: Mapping[str, Lever] = Lazy(_levers)

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        return door.greet(raw, headers)

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        return door.verify(raw, headers, secrets, shop)

    def refuse(self, raw: bytes) -> Answer | None:
        return None

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        from chalicelib.platforms.woocommerce.read import read

        return read(delivery, shop)

    def look(self, subject: Subject, session: Session) -> Looking:
        from chalicelib.platforms.woocommerce.looks import look

        return look(subject, session)

    def subscriptions(self, session: Session) -> Asking[tuple[Subscription, ...]]:
        from chalicelib.platforms.woocommerce.hooks import subscriptions

        return subscriptions(session)

    def subscribe(self, session: Session, url: str, topics: tuple[str, ...]) -> Steps:
        from chalicelib.platforms.woocommerce.hooks import subscribe

        return subscribe(session, url, topics)

    def resume(self, session: Session, one: Subscription) -> Steps:
        from chalicelib.platforms.woocommerce.hooks import resume

        return resume(session, one)

    def unsubscribe(self, session: Session, one: Subscription) -> Steps:
        from chalicelib.platforms.woocommerce.hooks import unsubscribe

        return unsubscribe(session, one)

    def trial(self, shop: Shop, secret: str, now: datetime) -> Trial:
        from chalicelib.platforms.woocommerce.hooks import trial

        return trial(shop, secret)

    def probe(self, session: Session) -> Asking[Probe]:
        from chalicelib.platforms.woocommerce.probing import probe

        return probe(session)

    def recent(self, session: Session, count: int) -> Asking[Recent]:
        from chalicelib.platforms.woocommerce.sampling import recent

        return recent(session, count)

    def pause(self, reply: Reply) -> float:
        from chalicelib.platforms.woocommerce.api import meaning

        return told_to_wait(meaning(reply))
