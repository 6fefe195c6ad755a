"""BigCommerce: webhooks that name an id and a change, completed by looks at the REST API (v2 orders, v3 the rest).

Importing this must stay cheap, because the hook does. Facts: the BigCommerce sheet.

Address: the store's API, `https://api.bigcommerce.com/stores/HASH`, or the hash alone. Secret: the app's client secret
as it is shown (its bytes are the key, nothing is decoded); after a space may stand a second secret, which must then be
in the header `x-redress-secret` that the hook was made with. Options: `unsigned` (`header`: a store that signs nothing
is let in by that header alone), `recorded_refunds` (`approved`: a refund that the store only records is not yet paid).
Credentials: `access_token`. The mapping names the status ids that make a mark when an order enters them.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.platforms.base import Adapter, Answer, Lever, Paces, Refusal, Shop
from chalicelib.platforms.bigcommerce import verify as door
from chalicelib.platforms.bigcommerce.names import TOPICS
from chalicelib.platforms.keeping import Probes, Samples, Subscribes, Tries
from chalicelib.platforms.lazy import Lazy, lazily


def _levers() -> Mapping[str, Lever]:
    from chalicelib.platforms.bigcommerce import levers, refunding

    return {**levers.LEVERS, **refunding.LEVERS}


class BigCommerce:
    """See `base.Adapter`, and the protocols of `keeping`, which it is too. Its tokens do not end."""

    name = "bigcommerce"
    api = "REST v2 and v3 side by side, undated; what goes is announced"
    reading = 1
    content_types = frozenset(["application/json"])
    keep = frozenset(["webhook-id"])
    success = Answer(200, b"")
    """No body: the platform advises against one."""
    mapping: Mapping[str, tuple[str, ...]] = {
        "order.paid": ("status:11",),
        "order.cancelled": ("status:5", "status:6"),
    }
    topics = TOPICS
    levers: Mapping[str, Lever] = Lazy(_levers)
    looks = frozenset(["order", "shipment", "refund", "complaint", "listing", "connection"])

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """BigCommerce sends no handshake."""
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        return door.verify(raw, headers, secrets, shop, now)

    def refuse(self, raw: bytes) -> Answer | None:
        """Hooks that are refused are retried, then switched off: authentic content is always accepted."""
        return None

    read = lazily(Adapter.read, "bigcommerce.read")
    look = lazily(Adapter.look, "bigcommerce.looks")
    subscriptions = lazily(Subscribes.subscriptions, "bigcommerce.hooks")
    subscribe = lazily(Subscribes.subscribe, "bigcommerce.hooks")
    resume = lazily(Subscribes.resume, "bigcommerce.hooks")
    unsubscribe = lazily(Subscribes.unsubscribe, "bigcommerce.hooks")
    probe = lazily(Probes.probe, "bigcommerce.probing")
    recent = lazily(Samples.recent, "bigcommerce.probing")
    trial = lazily(Tries.trial, "bigcommerce.hooks")
    pause = lazily(Paces.pause, "bigcommerce.api")
