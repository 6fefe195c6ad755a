"""The webhook of our app: one for all its events. Saleor never switches an asynchronous webhook off, so one that is
inactive was switched off by a person and is let be. Where the hook's secret is the shop's key set nobody but the shop
can sign, and there is nothing to try the door with. Facts: the Saleor sheet, section 1, and the schema of 3.22.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib.platforms.base import DEAD, Done, Later, Refused, Session, Shop, Steps
from chalicelib.platforms.keeping import Asking, Subscription, Trial
from chalicelib.platforms.rights import grant
from chalicelib.platforms.saleor import documents
from chalicelib.platforms.saleor.graphql import ask, rejection
from chalicelib.platforms.shapes import child, ident, rows, text

NAME = "Redress"
DENIED = frozenset(["scope", DEAD])
RIGHTS = "MANAGE_ORDERS and MANAGE_PRODUCTS to the app whose token this is"


def subscriptions(session: Session) -> Asking[tuple[Subscription, ...]]:
    """All webhooks of the app whose token we have, to queues too."""
    answer = yield from ask(session, documents.WEBHOOKS, {})
    if isinstance(answer, Refused | Later):
        return told(answer)
    app = child(answer.data, "app")
    if not ident(app.get("id")):
        return Refused(f"token: grant {RIGHTS}")
    found = []
    for one in rows(app, "webhooks"):
        events = tuple(text(event, "eventType") for event in rows(one, "asyncEvents"))
        number, url = ident(one.get("id")), text(one, "targetUrl")
        found.append(Subscription(number, url, events, "on" if one.get("isActive") is True else "paused"))
    return tuple(found)


def subscribe(session: Session, url: str, topics: tuple[str, ...]) -> Steps:
    """One webhook for all; one that is there is made to send the rest too, unless a person switched it off."""
    held = yield from subscriptions(session)
    if isinstance(held, Refused | Later):
        return held
    there = [one for one in held if one.url == url]
    sent = {topic for one in there for topic in one.topics}
    if sent.issuperset(topics):
        return Done("0")
    live = next((one for one in there if one.state == "on"), None)
    if live is not None:
        told_of = dict.fromkeys([*live.topics, *topics])
        return (yield from _amend(session, live, {"asyncEvents": list(told_of), "query": documents.subscription()}))
    made = {
        "name": NAME, "targetUrl": url, "isActive": True, "query": documents.subscription(),
        "asyncEvents": [topic for topic in topics if topic not in sent], **_secret(session.secrets),
    }  # fmt: skip
    answer = yield from ask(session, documents.SUBSCRIBE, {"input": made})
    if isinstance(answer, Refused | Later):
        return told(answer)
    return _denied(rejection(answer.data, "webhookCreate")) or Done(str(len(topics)))


def resume(session: Session, one: Subscription) -> Steps:
    if one.state == "paused":
        return Refused("paused-by-a-person")
    return (yield from _amend(session, one, {"isActive": True}))


def _amend(session: Session, one: Subscription, changes: Mapping[str, object]) -> Steps:
    answer = yield from ask(session, documents.AMEND, {"id": one.id, "input": {**changes, **_secret(session.secrets)}})
    if isinstance(answer, Refused | Later):
        return told(answer)
    no = rejection(answer.data, "webhookUpdate")
    if no is not None and no.reason == "not-found":
        return Refused("gone")
    return _denied(no) or Done(one.id)


def unsubscribe(session: Session, one: Subscription) -> Steps:
    answer = yield from ask(session, documents.UNSUBSCRIBE, {"id": one.id})
    if isinstance(answer, Refused | Later):
        return told(answer)
    no = rejection(answer.data, "webhookDelete")
    return Done() if no is None or no.reason == "not-found" else told(no)


def trial(shop: Shop, secret: str, now: datetime) -> Trial | None:
    """An event that nobody reads, signed as a webhook with a secretKey is."""
    if not secret or secret.startswith("{"):
        return None
    body = b'{"redress":"trial"}'
    digest = hmac.new(secret.encode("utf-8", "surrogatepass"), body, hashlib.sha256).hexdigest()
    return Trial(
        body,
        {
            "content-type": "application/json",
            "saleor-event": "redress_trial",
            "saleor-api-url": shop.address,
            "saleor-signature": digest,
        },
    )


def told(no: Refused | Later) -> Refused | Later:
    """For want of a right, with the right to grant."""
    return grant(no, DENIED, RIGHTS) if isinstance(no, Refused) else no


def _denied(no: Refused | None) -> Refused | None:
    return None if no is None else grant(no, DENIED, RIGHTS)


def _secret(secrets: Iterable[str]) -> dict[str, object]:
    """With a key set among the live ones the shop signs with its own key; else with a secret that we give it."""
    live = list(secrets)
    return {} if not live or any(one.startswith("{") for one in live) else {"secretKey": live[0]}
