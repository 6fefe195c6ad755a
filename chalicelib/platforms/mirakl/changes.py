"""What changed on an instance since an instant: orders (OR11) and returns (RT11, with the orders that they are of)
whole, threads (M11) by name. A list that is long goes on with another look. Mirakl allows a poll of orders once a
minute and advises every five. Facts: the sheet, section 1, and the parameters of OR11, RT11 and M11.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.maker import Maker, look_id
from chalicelib.platforms.mirakl import statements
from chalicelib.platforms.mirakl.api import Api
from chalicelib.platforms.mirakl.names import READING
from chalicelib.platforms.rest import Ok, no_answer
from chalicelib.platforms.shapes import Body, ident, instant, rows, text

ORDERS, OTHERS, PAGES = 20, 50, 10
ALL = ("orders", "returns", "threads")
"""In this order; a position is `INSTANT`, `INSTANT|OFFSET` among orders, or `INSTANT|LIST|TOKEN` in a later list."""
_TOKEN = 150


@dataclass(slots=True)
class _Found:
    events: list[Event] = field(default_factory=list)
    looks: list[Subject] = field(default_factory=list)


def changes(subject: Subject, session: Session) -> Looking:
    """All that changed since the instant that the subject's id begins with, from the position in it on."""
    told, _, rest = subject.id.partition("|")
    try:
        since = parse_instant(told)
        name, place = _place(rest)
    except ValueError:
        return Refused("not_an_instant")
    api, found = Api(session), _Found()
    for _page in range(PAGES):
        path, query = _ASKED[name](since, place)
        answer = yield from api.get(path, **query)
        if not isinstance(answer, Ok):
            return no_answer(answer)
        if name == "returns":
            told_of = yield from _returns(api, rows(answer.body, "data"), since)
            if isinstance(told_of, Later):
                return told_of
            found.events += told_of
        place = _take(name, answer.body, place, session, found)
        if place:
            continue
        if name == ALL[-1]:
            return Read(
                tuple(found.events), tuple(found.looks), "" if found.events or found.looks else "nothing changed"
            )
        name = ALL[ALL.index(name) + 1]
    onward = f"{told}|{place}" if name == "orders" else f"{told}|{name}|{place}"
    return Read(tuple(found.events), (*found.looks, Subject("connection", onward)))


def _place(rest: str) -> tuple[str, str]:
    """The list and the place in it. Raises ValueError."""
    name, _, token = rest.partition("|")
    if name in ALL[1:]:
        return name, token
    return "orders", str(int(rest)) if rest else ""


_ASKED: Mapping[str, Callable[[datetime, str], tuple[str, dict[str, str]]]] = {
    "orders": lambda since, place: (
        "api/orders",
        {"start_update_date": show(since), "max": str(ORDERS), "offset": place or "0", "paginate": "true"},
    ),
    "returns": lambda since, place: (
        "api/returns",
        {"return_last_updated_from": show(since), "limit": str(OTHERS), **({"page_token": place} if place else {})},
    ),
    "threads": lambda since, place: (
        "api/inbox/threads",
        {"updated_since": show(since), "limit": str(OTHERS), **({"page_token": place} if place else {})},
    ),
}


def _take(name: str, body: Body, place: str, session: Session, found: _Found) -> str:
    """Keep what a page tells; where the next one begins, empty at the end."""
    if name == "orders":
        listed = rows(body, "orders")
        for one in listed:
            found.events += _told_order(one, session)
        return str(int(place or "0") + len(listed)) if len(listed) == ORDERS else ""
    listed = rows(body, "data")
    if name == "threads":
        found.looks += [Subject("complaint", own) for one in listed if (own := ident(one.get("id")))]
    token = text(body, "next_page_token")
    return token if listed and token != place and len(token) <= _TOKEN else ""


def _told_order(body: Body, session: Session) -> tuple[Event, ...]:
    subject = Subject("order", ident(body.get("order_id")))
    version = statements.version_of(body) or session.now
    maker = Maker(look_id("mirakl", subject, version, repr(body).encode("utf-8", "replace")), READING, look=True)
    statements.say_order(maker, body, session.shop)
    return maker.done()


def _returns(api: Api, listed: tuple[Body, ...], since: datetime) -> "Generator[Call, Reply, list[Event] | Later]":
    """The returns of a page that changed. Whose one is, and where, only its order tells."""
    changed = [one for one in listed if (at := instant(one.get("last_updated"))) is not None and at >= since]
    numbers = list(dict.fromkeys(number for one in changed if (number := ident(one.get("order_id")))))
    orders: dict[str, Body] = {}
    for start in range(0, len(numbers), ORDERS):
        asked = numbers[start : start + ORDERS]
        answer = yield from api.get("api/orders", order_ids=",".join(asked), max=str(ORDERS))
        if not isinstance(answer, Ok):
            no = no_answer(answer)
            if isinstance(no, Later):
                return no
            continue
        orders.update({ident(one.get("order_id")): one for one in rows(answer.body, "orders")})
    events: list[Event] = []
    for one in changed:
        order = orders.get(ident(one.get("order_id")), {})
        raw = repr((text(one, "state"), text(one, "last_updated"), ident(order.get("shop_id")))).encode()
        subject = Subject("refund", ident(one.get("id")))
        maker = Maker(look_id("mirakl", subject, instant(one.get("last_updated")) or since, raw), READING, look=True)
        statements.say_return(maker, one, order)
        events += maker.done()
    return events
