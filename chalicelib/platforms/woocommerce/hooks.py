"""A shop's own webhooks: listed, made, resumed, removed; and a delivery to try the door with. WooCommerce disables a
webhook at the seventh failure in a row and tells nobody; one that a person paused stays so. Facts: the WooCommerce
sheet, sections 1 and 2, and its webhooks controller.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from chalicelib.platforms.base import DEAD, Done, Later, Refused, Session, Shop, Steps
from chalicelib.platforms.keeping import Asking, Subscription, Trial
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.rights import grant
from chalicelib.platforms.woocommerce.api import WC, Api, no_answer
from chalicelib.platforms.woocommerce.levers import RIGHTS
from chalicelib.platforms.woocommerce.shapes import ident
from chalicelib.platforms.woocommerce.verify import signing_key

_FIELDS = "id,status,topic,delivery_url"
_GONE = frozenset({"woocommerce_rest_shop_webhook_invalid_id", "woocommerce_rest_invalid_id"})
_STATES: Mapping[str, Literal["on", "stopped", "paused"]] = {"disabled": "stopped", "paused": "paused"}
_DENIED = frozenset({"rights", "no_api_keys", DEAD})


def subscriptions(session: Session) -> Asking[tuple[Subscription, ...]]:
    """All webhooks of the shop, whoever made them."""
    rows = yield from Api(session).pages(f"{WC}/webhooks", _fields=_FIELDS)
    if not isinstance(rows, tuple):
        return denied(rows)
    found = []
    for row in rows:
        number, url, topic, status = (row.get(name) for name in ("id", "delivery_url", "topic", "status"))
        if isinstance(url, str) and isinstance(topic, str) and ident(number):
            state = _STATES.get(str(status), "on")
            found.append(Subscription(ident(number), url, (topic,), state))
    return tuple(found)


def subscribe(session: Session, url: str, topics: tuple[str, ...]) -> Steps:
    """One webhook for each topic that none to this address sends; one that is disabled is resumed instead."""
    if not session.secrets:
        return Refused("no_secret")
    held = yield from subscriptions(session)
    if isinstance(held, Refused | Later):
        return held
    there = {topic for one in held if one.url == url and one.state != "stopped" for topic in one.topics}
    made = 0
    for one in held:
        if one.url == url and one.state == "stopped" and not there.issuperset(one.topics):
            resumed = yield from resume(session, one)
            if isinstance(resumed, Later):
                return resumed
            if isinstance(resumed, Done):
                there.update(one.topics)
                made += 1
    for topic in topics:
        if topic in there:
            continue
        body = {
            "name": f"Redress {topic}", "topic": topic, "delivery_url": url, "secret": session.secrets[0],
            "status": "active",
        }  # fmt: skip
        done = yield from Api(session).post("webhooks", body)
        if not isinstance(done, Ok):
            # Where the answer was lost the next try finds what was made.
            return denied(done)
        made += 1
    return Done(str(made))


def resume(session: Session, one: Subscription) -> Steps:
    """Active again, and signed with the newest secret: the shop never shows the one that it has."""
    if one.state == "paused":
        return Refused("paused_by_a_person")
    secret = {"secret": session.secrets[0]} if session.secrets else {}
    done = yield from Api(session).put(f"webhooks/{one.id}", {"status": "active", **secret})
    if isinstance(done, No) and done.code in _GONE:
        return Refused("gone")
    return Done(one.id) if isinstance(done, Ok) else denied(done)


def unsubscribe(session: Session, one: Subscription) -> Steps:
    """Gone for good: WooCommerce has no trash for webhooks."""
    done = yield from Api(session).ask("DELETE", f"{WC}/webhooks/{one.id}", {"force": "true"})
    if isinstance(done, Ok) or (isinstance(done, No) and done.code in _GONE):
        return Done()
    return denied(done)


def trial(shop: Shop, secret: str, now: datetime) -> Trial:
    """A delivery of a topic that nobody reads, signed as the shop signs."""
    body = b'{"action":"redress_trial","arg":0}'
    digest = hmac.digest(signing_key(secret).encode("utf-8", "replace"), body, hashlib.sha256)
    address = shop.address if "://" in shop.address else f"https://{shop.address}"
    return Trial(
        body,
        {
            "content-type": "application/json",
            "x-wc-webhook-topic": "action.redress_trial",
            "x-wc-webhook-source": address.rstrip("/") + "/",
            "x-wc-webhook-signature": base64.b64encode(digest).decode(),
        },
    )


def denied(answer: object) -> Refused | Later:
    """What an answer without a result means; for want of a right, with the right to grant."""
    found = no_answer(answer)
    return grant(found, _DENIED, RIGHTS) if isinstance(found, Refused) else found
