"""WeChat Pay: consumer complaints (and the notices of payments and refunds that come the same way), API v3. Light to
import, because the hook pays for it on each cold start. Facts: the sheet of WeChat Pay complaints.

Address of a connection: the merchant number. Its hook's secret is one JSON text, see `keys`. Options: `reply_text`,
what a buyer is told by the lever `message_buyer`. Credentials: `serial_no` and `private_key` of the merchant's
certificate. It is not polled: what was not taken is sent again for a day at least, for a week as the newer pages say,
and whoever was silent is asked for the complaints of thirty days. A trial delivery nobody but WeChat Pay can sign.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.platforms.base import Adapter, Answer, Lever, Paces, Refusal, Shop, held_by
from chalicelib.platforms.keeping import Probes, Samples, Subscribes
from chalicelib.platforms.lazy import Lazy, lazily
from chalicelib.platforms.wechatpay import door


def _levers() -> Mapping[str, Lever]:
    from chalicelib.platforms.wechatpay.levers import LEVERS

    return held_by("owner", LEVERS)


class WechatPay:
    """See `chalicelib.platforms.base.Adapter` and `Opens`."""

    name = "wechatpay"
    api = "API v3, which has no end"
    reading = 1
    content_types = frozenset({"application/json"})
    keep: frozenset[str] = frozenset()
    """What is signed is in the body; nothing else is believed."""
    success = Answer(200, b'{"code":"SUCCESS"}')
    mapping: Mapping[str, tuple[str, ...]] = {}
    levers: Mapping[str, Lever] = Lazy(_levers)
    looks = frozenset({"complaint", "order", "refund", "connection"})
    topics = ("COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE")
    """Complaints alone can be subscribed to; notices of a payment go to the address that its order was made with."""

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """No handshake."""
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        return door.verify(raw, headers, secrets, now)

    def open(self, raw: bytes, secrets: tuple[str, ...]) -> bytes:
        return door.open_sealed(raw, secrets)

    def refuse(self, raw: bytes) -> Answer | None:
        return None

    read = lazily(Adapter.read, "wechatpay.read")
    look = lazily(Adapter.look, "wechatpay.looks")
    subscriptions = lazily(Subscribes.subscriptions, "wechatpay.hooks")
    subscribe = lazily(Subscribes.subscribe, "wechatpay.hooks")
    resume = lazily(Subscribes.resume, "wechatpay.hooks")
    unsubscribe = lazily(Subscribes.unsubscribe, "wechatpay.hooks")
    probe = lazily(Probes.probe, "wechatpay.probe")
    recent = lazily(Samples.recent, "wechatpay.probe")
    pause = lazily(Paces.pause, "wechatpay.api")
