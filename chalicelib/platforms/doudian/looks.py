"""What Douyin shop says when it is asked: an order with what went back of it, an after-sale with its arbitration, a
service ticket, a product, and the tickets that wait. An answer states what was true when the gateway gave it. Facts:
the Douyin shop sheet, sections 2 and 3 (afterSale/List and order/getServiceList after the SDKs' field lists).
"""

import hashlib
from collections.abc import Generator
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, FactValue, Subject
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.cn import ident, instant, yuan
from chalicelib.platforms.doudian.aftersales import SERVICE, asked_refund, asked_service
from chalicelib.platforms.doudian.api import Api, no_answer
from chalicelib.platforms.doudian.orders import asked_order, common, order_id, statement
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.shapes import Body, child, code, rows

PAGE = 100
MOST_PAGES = 20
TICKETS = timedelta(days=30)
_PAID_BACK = "3"
_GONE = (":50001", ":20002", ":2010064", ":2010058")
"""Ends of sub-codes that say that there is no such order or product."""


def look(subject: Subject, session: Session) -> Looking:
    """Ask about a subject of a kind that the adapter names."""
    if subject.kind == "connection":
        from chalicelib.platforms.doudian.changes import changes

        return (yield from changes(subject, session))
    if not ident(subject.id):
        return Refused("no_such_subject")
    if subject.kind == "order":
        return (yield from _order(subject, session))
    if subject.kind == "complaint" and subject.id.startswith(SERVICE):
        return (yield from _ticket(subject.id.removeprefix(SERVICE), session))
    if subject.kind in ("refund", "complaint"):
        return (yield from _aftersale(subject, session))
    if subject.kind == "listing":
        return (yield from _listing(subject, session))
    return Refused("no_such_subject")


def _order(subject: Subject, session: Session) -> Looking:
    api = Api(session)
    found = yield from api.ask("order.orderDetail", {"shop_order_id": subject.id})
    if not isinstance(found, Ok):
        return no_answer(found)
    detail = child(found.body, "shop_order_detail") or found.body
    if order_id(detail.get("order_id")) != subject.id:
        return Refused("another_order")
    at = found.at or instant(detail.get("update_time"))
    if at is None:
        return Refused("no_date")
    refunded = yield from _refunded(api, subject.id)
    if isinstance(refunded, Later):
        return refunded
    name = f"look:{subject}:{_digest(found.raw)}"
    return Read(events=(asked_order(detail, refunded, session.shop, at, name, subject),))


def _refunded(api: Api, order: str) -> Generator[Call, Reply, Decimal | Later | None]:
    """What went back of an order so far; None where the app may not ask."""
    total = Decimal(0)
    for page in range(MOST_PAGES):
        found = yield from api.ask("afterSale.List", {"order_id": order, "page": page, "size": PAGE})
        if not isinstance(found, Ok):
            return None if isinstance(found, No) else _later(found)
        items = rows(found.body, "items")
        for item in items:
            info = child(item, "aftersale_info")
            if code(info.get("refund_status")) == _PAID_BACK:
                total += yuan(info.get("real_refund_amount")) or yuan(info.get("refund_amount")) or Decimal(0)
        if len(items) < PAGE:
            return total
    return None


def _later(result: object) -> Later:
    found = no_answer(result)
    return found if isinstance(found, Later) else Later(60.0, found.reason)


def aftersale(api: Api, name: str) -> Generator[Call, Reply, Ok | Refused | Later]:
    """The detail of an after-sale, checked to be that one."""
    found = yield from api.ask("afterSale.Detail", {"after_sale_id": name})
    if not isinstance(found, Ok):
        return no_answer(found)
    info = child(child(found.body, "process_info"), "after_sale_info")
    return found if ident(info.get("after_sale_id")) == name else Refused("another_aftersale")


def _aftersale(subject: Subject, session: Session) -> Looking:
    found = yield from aftersale(Api(session), subject.id)
    if not isinstance(found, Ok):
        return found
    info = child(child(found.body, "process_info"), "after_sale_info")
    at = found.at or instant(info.get("update_time"))
    if at is None:
        return Refused("no_date")
    events = asked_refund(found.body, session.shop, at, _digest(found.raw), Subject("refund", subject.id))
    return Read(events=events)


def service(api: Api, number: str) -> Generator[Call, Reply, Ok | Refused | Later]:
    """The detail of a service ticket, checked to be that one."""
    found = yield from api.ask("order.serviceDetail", {"id": number})
    if not isinstance(found, Ok):
        return no_answer(found)
    return found if ident(child(found.body, "detail").get("id")) == number else Refused("another_ticket")


def _ticket(number: str, session: Session) -> Looking:
    found = yield from service(Api(session), number)
    if not isinstance(found, Ok):
        return found
    detail = child(found.body, "detail")
    at = found.at or instant(detail.get("update_time"))
    event = asked_service(detail, session.shop, at, _digest(found.raw)) if at is not None else None
    return Read(events=(event,)) if event is not None else Refused("no_date")


def tickets(session: Session) -> Looking:
    """The service tickets of thirty days: nothing is pushed for them, so they are polled."""
    api = Api(session)
    start, end = int((session.now - TICKETS).timestamp()), int(session.now.timestamp())
    events: list[Event] = []
    for page in range(MOST_PAGES):
        params = {"start_time": start, "end_time": end, "page": page, "size": PAGE}
        found = yield from api.ask("order.getServiceList", params)
        if not isinstance(found, Ok):
            return no_answer(found)
        listed = rows(found.body, "list")
        for row in listed:
            at = found.at or instant(row.get("update_time")) or instant(row.get("create_time"))
            event = _listed(row, session, at)
            if event is not None:
                events.append(event)
        if len(listed) < PAGE:
            break
    return Read(events=tuple(events), ignored="" if events else "no service ticket in thirty days")


def _listed(row: Body, session: Session, at: datetime | None) -> Event | None:
    if at is None:
        return None
    return asked_service(row, session.shop, at, _digest(f"{row.get('id')}:{at}".encode()))


def _listing(subject: Subject, session: Session) -> Looking:
    found = yield from Api(session).ask("product.detail", {"product_id": subject.id})
    gone = isinstance(found, No) and found.code.endswith(_GONE)
    if not isinstance(found, Ok):
        return Refused("no_such_product") if gone else no_answer(found)
    if (ident(found.body.get("product_id_str")) or ident(found.body.get("product_id"))) != subject.id:
        return Refused("another_product")
    if found.at is None:
        return Refused("no_date")
    facts: dict[str, FactValue | None] = {**common(found.body, session.shop), "product": subject.id}
    facts["status"] = listing_status(found.body)
    name = f"look:{subject}:{_digest(found.raw)}"
    return Read(events=(statement(name, subject, found.at, (), facts, look=True),))


def listing_status(data: Body) -> str | None:
    """`0.3`: on the shelf (0), off it (1) or deleted (2), and how its check went."""
    status, checked = code(data.get("status")), code(data.get("check_status"))
    return f"{status}.{checked}" if status is not None and checked is not None else status


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
