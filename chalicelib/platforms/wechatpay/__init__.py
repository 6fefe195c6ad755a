"""WeChat Pay: consumer complaints (and the notices of payments and refunds that come the same way), API v3. Light to
import, because the hook pays for it on each cold start. Facts: the sheet of WeChat Pay complaints.

Address of a connection: the merchant number. Its hook's secret is one JSON text, see `keys`. Options: `reply_text`,
what a buyer is told by the lever `message_buyer`. Credentials: `serial_no` and `private_key` of the merchant's
certificate. It is not polled: what was not taken is sent again for a day at least, for a week as the newer pages say,
and whoever was silent is asked for the complaints of thirty days. A trial delivery nobody but WeChat Pay can sign.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.calls import Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import (
    Answer,
    Delivery,
    Done,
    Lever,
    Looking,
    Read,
    Refusal,
    Session,
    Shop,
    Steps,
    held_by,
    told_to_wait,
)
from chalicelib.platforms.keeping import Asking, Probe, Recent, Subscription
from chalicelib.platforms.lazy import Lazy
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

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        from chalicelib.platforms.wechatpay.read import read

        return read(delivery, shop)

    def look(self, subject: Subject, session: Session) -> Looking:
        from chalicelib.platforms.wechatpay.looks import look

        return look(subject, session)

    def subscriptions(self, session: Session) -> Asking[tuple[Subscription, ...]]:
        from chalicelib.platforms.wechatpay.hooks import subscriptions

        return subscriptions(session)

    def subscribe(self, session: Session, url: str, topics: tuple[str, ...]) -> Steps:
        from chalicelib.platforms.wechatpay.hooks import subscribe

        return subscribe(session, url, topics)

    def resume(self, session: Session, one: Subscription) -> Steps:
        """Nothing is ever stopped here: an address that is set is told of all."""
        yield from ()
        return Done(one.id)

    def unsubscribe(self, session: Session, one: Subscription) -> Steps:
        from chalicelib.platforms.wechatpay.hooks import unsubscribe

        return unsubscribe(session, one)

    def probe(self, session: Session) -> Asking[Probe]:
        from chalicelib.platforms.wechatpay.probe import probe

        return probe(session)

    def recent(self, session: Session, count: int) -> Asking[Recent]:
        from chalicelib.platforms.wechatpay.probe import recent

        return recent(session, count)

    def pause(self, reply: Reply) -> float:
        from chalicelib.platforms.wechatpay.api import meaning

        return told_to_wait(meaning(reply))
