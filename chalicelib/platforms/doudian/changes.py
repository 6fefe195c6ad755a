"""What changed at Douyin shop since an instant: orders as they are, after-sales to be looked at, products off and on
the shelf, and the service tickets, for which nothing is ever pushed. For what a push never said: how often one is
repeated is not known.

A kind of list that the app may not read is passed over; the probe says so. Facts: the Douyin shop sheet, section 3, and
the SDKs' field lists of order/searchList, afterSale/List and product/listV2. Lists are read forward by their last
change, so that what changes meanwhile is met at their end.
"""

import hashlib
from collections.abc import Generator
from datetime import datetime

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, FactValue, Subject
from chalicelib.core.instants import from_ms, parse_instant, show, to_ms
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.cn import ident, whole
from chalicelib.platforms.doudian.api import Api, no_answer
from chalicelib.platforms.doudian.looks import PAGE, listing_status, tickets
from chalicelib.platforms.doudian.orders import asked_order, common, order_id, seller_of, statement
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.shapes import Body, child, rows

PAGES = 10
"""Pages of orders in one look; another one goes on behind them."""
MOST = 20
"""Pages of the other lists, each in one look."""


def changes(subject: Subject, session: Session) -> Looking:
    """`connection/INSTANT`, or `connection/INSTANT|more` for the orders alone."""
    told, _, more = subject.id.partition("|")
    try:
        since = parse_instant(told)
    except ValueError:
        # Asked without an instant: the tickets, whose list is short.
        return (yield from tickets(session))
    api = Api(session)
    orders = yield from _orders(api, session, since)
    if isinstance(orders, Later | Refused):
        return orders
    events, looks = orders
    if not more:
        for steps in (_aftersales(api, session, since), _products(api, session, since), _ticket_events(session)):
            found = yield from steps
            if isinstance(found, Later | Refused):
                return found
            events, looks = (*events, *found[0]), (*looks, *found[1])
    return Read(events, looks, ignored="" if events or looks else "nothing changed")


Found = tuple[tuple[Event, ...], tuple[Subject, ...]]
Finding = Generator[Call, Reply, "Found | Later | Refused"]


def _stopped(result: object) -> "Found | Later | Refused":
    """A list that the app may not read says nothing; anything else holds the whole look up."""
    if isinstance(result, No) and result.code == "rights":
        return (), ()
    return no_answer(result)


def _orders(api: Api, session: Session, since: datetime) -> Finding:
    start, end, page = _second(since), _second(session.now), 0
    events: list[Event] = []
    for _ in range(PAGES):
        found = yield from api.ask(
            "order.searchList",
            {"update_time_start": start, "update_time_end": end, "order_by": "update_time", "order_asc": True,
             "page": page, "size": PAGE},
        )  # fmt: skip
        if not isinstance(found, Ok):
            return _stopped(found)
        listed = rows(found.body, "shop_order_list")
        events.extend(event for row in listed if (event := _order(row, session, found.at)) is not None)
        if len(listed) < PAGE:
            return tuple(events), ()
        last = max((at for row in listed if (at := whole(row.get("update_time"))) is not None), default=start)
        # More than a page within one second can only be paged through.
        start, page = (last, 0) if last > start else (start, page + 1)
    return tuple(events), (Subject("connection", f"{show(from_ms(start * 1000))}|more"),)


def _order(row: Body, session: Session, at: datetime | None) -> Event | None:
    subject = Subject("order", order_id(row.get("order_id")))
    if not subject.id or at is None or not _own(row, session):
        return None
    name = f"look:{subject}:{_digest(row)}"
    return asked_order(row, None, session.shop, at, name, subject)


def _aftersales(api: Api, session: Session, since: datetime) -> Finding:
    looks: dict[Subject, None] = {}
    for page in range(MOST):
        found = yield from api.ask(
            "afterSale.List",
            {"update_start_time": _second(since), "update_end_time": _second(session.now), "page": page, "size": PAGE},
        )
        if not isinstance(found, Ok):
            return _stopped(found)
        items = rows(found.body, "items")
        for item in items:
            name = ident(child(item, "aftersale_info").get("aftersale_id"))
            if name and _own(child(item, "order_info"), session):
                looks[Subject("refund", name)] = None
        if len(items) < PAGE:
            break
    return (), tuple(looks)


def _products(api: Api, session: Session, since: datetime) -> Finding:
    events: list[Event] = []
    for page in range(1, MOST + 1):
        found = yield from api.ask(
            "product.listV2",
            {"update_start_time": _second(since), "update_end_time": _second(session.now), "page": page, "size": PAGE},
        )
        if not isinstance(found, Ok):
            return _stopped(found)
        listed = rows(found.body, "data")
        for row in listed:
            subject = Subject("listing", ident(row.get("product_id_str")) or ident(row.get("product_id")))
            if subject.id and found.at is not None and _own(row, session):
                facts: dict[str, FactValue | None] = {**common(row, session.shop), "product": subject.id}
                facts["status"] = listing_status(row)
                name = f"look:{subject}:{_digest(row)}"
                events.append(statement(name, subject, found.at, (), facts, look=True))
        if len(listed) < PAGE:
            break
    return tuple(events), ()


def _ticket_events(session: Session) -> Finding:
    found = yield from tickets(session)
    if isinstance(found, Refused):
        return ((), ()) if found.reason == "rights" else found
    return (found.events, ()) if isinstance(found, Read) else found


def _own(row: Body, session: Session) -> bool:
    return not session.shop.address or seller_of(row, session.shop) == session.shop.address


def _second(at: datetime) -> int:
    return to_ms(at) // 1000


def _digest(row: Body) -> str:
    return hashlib.sha256(repr(sorted(row.items())).encode("utf-8", "replace")).hexdigest()[:16]
