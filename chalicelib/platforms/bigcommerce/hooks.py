"""The store's webhooks of our token: listed, made, resumed, removed; and a delivery to try the door with. A hook that
failed for 48 hours, or was still for 90 days, is switched off by the platform; hooks of other tokens are not seen.
Facts: the BigCommerce sheet, section 1.
"""

import base64
import hmac
import json
from datetime import datetime
from fnmatch import fnmatchcase

from chalicelib.core.signing import ID, SIGNATURE, TIMESTAMP
from chalicelib.platforms.base import DEAD, Done, Later, Refused, Session, Shop, Steps
from chalicelib.platforms.bigcommerce.api import GONE, Api
from chalicelib.platforms.bigcommerce.names import TOPICS, store_hash
from chalicelib.platforms.bigcommerce.verify import SECOND
from chalicelib.platforms.keeping import Asking, Subscription, Trial
from chalicelib.platforms.rest import No, Ok, Result, no_answer
from chalicelib.platforms.rights import grant
from chalicelib.platforms.shapes import number_id, text

DENIED = frozenset(["scope", DEAD])
RIGHTS = "store_v2_information_read_only, and the scope of what each hook tells (store_v2_orders, store_v2_products)"
_TAKEN = frozenset(["conflict", "invalid"])
"""How a hook is refused that is there already."""


def subscriptions(session: Session) -> Asking[tuple[Subscription, ...]]:
    """All that this token made. A wildcard stands for each of our topics that it covers."""
    rows = yield from Api(session).pages3("v3/hooks")
    if not isinstance(rows, tuple):
        return denied(rows)
    found = []
    for row in rows:
        number, scope = number_id(row.get("id")), text(row, "scope")
        covered = tuple(topic for topic in TOPICS if fnmatchcase(topic, scope)) if scope.endswith("*") else ()
        if number and scope:
            topics, url = covered or (scope,), text(row, "destination")
            found.append(Subscription(number, url, topics, "stopped" if row.get("is_active") is False else "on"))
    return tuple(found)


def subscribe(session: Session, url: str, topics: tuple[str, ...]) -> Steps:
    """One hook for each topic that none to this address sends."""
    held = yield from subscriptions(session)
    if isinstance(held, Refused | Later):
        return held
    there = {topic for one in held if one.url == url and one.state == "on" for topic in one.topics}
    taken: list[str] = []
    made = 0
    for one in held:
        if one.url == url and one.state == "stopped" and not there.issuperset(one.topics):
            done = yield from resume(session, one)
            if isinstance(done, Later):
                return done
            if isinstance(done, Done):
                there.update(one.topics)
                made += 1
    for topic in topics:
        if topic in there:
            continue
        body = {"scope": topic, "destination": url, "is_active": True, **_headers(session)}
        answer = yield from Api(session).ask("POST", "v3/hooks", body=body)
        if isinstance(answer, No) and answer.code in _TAKEN:
            taken.append(topic)
        elif not isinstance(answer, Ok):
            return denied(answer)
        else:
            made += 1
    if taken:
        # Refused because it is there already, or for another reason?
        held = yield from subscriptions(session)
        if isinstance(held, Refused | Later):
            return held
        there = {topic for one in held if one.url == url for topic in one.topics}
        if not set(taken) <= there:
            return Refused("hook_refused")
    return Done(str(made))


def resume(session: Session, one: Subscription) -> Steps:
    body = {"is_active": True, **_headers(session)}
    done = yield from Api(session).ask("PUT", f"v3/hooks/{one.id}", body=body)
    if isinstance(done, No) and done.code in GONE:
        return Refused("gone")
    return Done(one.id) if isinstance(done, Ok) else denied(done)


def unsubscribe(session: Session, one: Subscription) -> Steps:
    done = yield from Api(session).ask("DELETE", f"v3/hooks/{one.id}")
    if isinstance(done, Ok) or (isinstance(done, No) and done.code in GONE):
        return Done()
    return denied(done)


def trial(shop: Shop, secret: str, now: datetime) -> Trial:
    """A notice of a scope that nobody reads, signed as the platform signs."""
    key, _, second = secret.partition(" ")
    stamp, ident = str(int(now.timestamp())), f"redress-trial-{int(now.timestamp())}"
    told = {"scope": "store/redress/trial", "data": {}, "producer": f"stores/{store_hash(shop)}"}
    body = json.dumps({**told, "created_at": int(stamp)}, separators=(",", ":")).encode()
    digest = hmac.digest(key.encode("utf-8", "surrogatepass"), f"{ident}.{stamp}.".encode() + body, "sha256")
    headers = {ID: ident, TIMESTAMP: stamp, SIGNATURE: "v1," + base64.b64encode(digest).decode()}
    return Trial(body, {"content-type": "application/json", **headers, **({SECOND: second} if second else {})})


def _headers(session: Session) -> dict[str, object]:
    """The second secret, which the platform gives back with each delivery."""
    second = session.secrets[0].partition(" ")[2] if session.secrets else ""
    return {"headers": {SECOND: second}} if second else {}


def denied(answer: Result) -> Refused | Later:
    """What an answer without a result means; for want of a right, with the right to grant."""
    found = no_answer(answer)
    return grant(found, DENIED, RIGHTS) if isinstance(found, Refused) else found
