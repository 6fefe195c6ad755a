"""What our access may do on an instance, and its last orders; and an event to try the door with. Roles are told
nowhere, so one harmless reading call for each list shows what we may see; a seller's key is known by what only an
operator may list, the shops. Whether a list may be written, only writing would show. Facts: the sheet, sections 1 and
3; OR11 sorts by creation.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.events import Subject
from chalicelib.platforms.base import DEAD, Later, Refused, Session, Shop
from chalicelib.platforms.keeping import Asking, Probe, Recent, Trial
from chalicelib.platforms.mirakl import levers, listings, messages, penalties, refunding
from chalicelib.platforms.mirakl.api import Api
from chalicelib.platforms.mirakl.names import TRIAL
from chalicelib.platforms.rest import No, Ok, Result, no_answer
from chalicelib.platforms.rights import grant, lacking
from chalicelib.platforms.shapes import Body, ident, rows, state

ORDERS, RETURNS, THREADS, SHOPS = "read orders", "read returns", "read messages", "the operator's role"
READS: Mapping[str, tuple[str, dict[str, str], str]] = {
    ORDERS: ("api/orders", {"max": "1"}, "orders, refunds and incidents are not seen"),
    RETURNS: ("api/returns", {"limit": "1"}, "returns are not seen"),
    THREADS: ("api/inbox/threads", {"limit": "1"}, "conversations are not seen"),
    SHOPS: ("api/shops", {"max": "1"}, "sellers are neither seen nor acted on: this looks like the key of a shop"),
}
"""Right -> the list that shows it, and what is lost without it."""
_LACKS = frozenset({"rights", "not_found", "method"})
_DENIED = frozenset({DEAD, "rights"})
KEY = "an operator's API key, or client_id and client_secret"
_OPTION = re.compile(r"(?<=; )[a-z_]+")
WRITES = "what may be changed is not told: a lever that lacks the right to says so when it is first used"
BY_HAND = "webhooks and Cloud Events are set up by the operator in Mirakl; what they lose is found by polling"
LIST = 20


def probe(session: Session) -> Asking[Probe]:
    """What may be read, the instance's clock, and which levers wait for an option of the connection."""
    api, granted, first = Api(session), set[str](), None
    clock = None
    for right, (path, query, _) in READS.items():
        answer = yield from api.get(path, **query)
        first = first or answer
        if isinstance(answer, Ok):
            granted.add(right)
            clock = clock or answer.at
        elif not isinstance(answer, No) or answer.code not in _LACKS:
            return denied(answer)
    if not granted and first is not None:
        return denied(first)
    known = {**levers.LEVERS, **listings.LEVERS, **messages.LEVERS, **penalties.LEVERS, **refunding.LEVERS}
    told = frozenset(name for name, value in session.shop.options.items() if value.strip())
    options = {f"the option {name}": lost for name, lost in lacking(known, {}, told, _OPTION).items()}
    lacks = {right: lost for right, (_, _, lost) in READS.items() if right not in granted}
    return Probe(
        holder=session.shop.address,
        version="undated: Mirakl is delivered continuously and stays compatible",
        granted=frozenset(granted),
        missing={**lacks, **options},
        clock=clock,
        notes=(WRITES, BY_HAND),
    )


def recent(session: Session, count: int) -> Asking[Recent]:
    """The last orders by state. Nothing is to be mapped: the states are the platform's own."""
    api, found = Api(session), list[Body]()
    for start in range(0, min(count, 100), LIST):
        answer = yield from api.get(
            "api/orders", sort="dateCreated", order="desc", max=str(LIST), offset=str(start), paginate="true"
        )
        if not isinstance(answer, Ok):
            return denied(answer)
        listed = rows(answer.body, "orders")
        found += listed
        if len(listed) < LIST:
            break
    kept = [one for one in found[:count] if ident(one.get("order_id"))]
    places = Counter(f"status:{told}" for one in kept if (told := state(one.get("order_state"))))
    return Recent(tuple(Subject("order", ident(one.get("order_id"))) for one in kept), dict(places.most_common()))


def denied(answer: Result) -> Refused | Later:
    """What an answer without a result means; for want of a right, with the right to grant."""
    found = no_answer(answer)
    return grant(found, _DENIED, KEY) if isinstance(found, Refused) else found


def trial(shop: Shop, secret: str, now: datetime) -> Trial:
    """An event of a type of our own, with the secret in the header that an operator's webhooks carry."""
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    body = f'{{"id":"redress-trial","type":"{TRIAL}","time":"{at}","data":{{}}}}'
    return Trial(body.encode(), {"content-type": "application/json", "x-redress-secret": secret})
