"""WooCommerce: the adapter. Light to import, because the hook pays for it on each cold start: what reads and what acts
is imported when it is first needed. Facts: the WooCommerce sheet.

Options of a connection: `api_refund` (`false` only records refunds), `recorded_refunds` (`approved`: a refund that the
shop only records is not yet paid), `status_names` (`shipped=Versendet`), `order_actions` (hooks whose argument is an
order's id). Credentials: `consumer_key`, `consumer_secret`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.platforms.base import Adapter, Answer, Lever, Paces, Refusal, Shop
from chalicelib.platforms.keeping import Probes, Samples, Subscribes, Tries
from chalicelib.platforms.lazy import Lazy, lazily
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

    read = lazily(Adapter.read, "woocommerce.read")
    look = lazily(Adapter.look, "woocommerce.looks")
    subscriptions = lazily(Subscribes.subscriptions, "woocommerce.hooks")
    subscribe = lazily(Subscribes.subscribe, "woocommerce.hooks")
    resume = lazily(Subscribes.resume, "woocommerce.hooks")
    unsubscribe = lazily(Subscribes.unsubscribe, "woocommerce.hooks")
    probe = lazily(Probes.probe, "woocommerce.probing")
    recent = lazily(Samples.recent, "woocommerce.sampling")
    trial = lazily(Tries.trial, "woocommerce.hooks")
    pause = lazily(Paces.pause, "woocommerce.api")
