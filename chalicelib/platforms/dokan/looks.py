"""What a Dokan shop says when it is asked: orders with their twins, sellers, abuse reports. A seller's status has no
date anywhere, so it is stated as a fact of the instant at which the shop answered (its own `Date` header), and never as
a mark. Facts: the Dokan sheet, sections 1 to 3 and 5; Dokan Pro's answers are unverified, so they are read leniently.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.instants import cut
from chalicelib.platforms.base import Looking, Read, Refused, Session
from chalicelib.platforms.dokan.sellers import DIALECT, twin_key
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.shapes import Body, child
from chalicelib.platforms.woocommerce.api import DOKAN, INDEX, WC, Api, no_answer
from chalicelib.platforms.woocommerce.looks import look as look_at_woocommerce
from chalicelib.platforms.woocommerce.looks import look_order
from chalicelib.platforms.woocommerce.orders import READING, event_id
from chalicelib.platforms.woocommerce.shapes import code, free_instant, gmt, ident

_CHILD_FIELDS = "id,parent_id,status,line_items,meta_data,store"
_NO_STORE = frozenset({"no_store_found", "dokan_rest_store_not_found"})
_UNCOUNTED = frozenset({"trash", "cancelled", "auto-draft", "checkout-draft"})


def look(subject: Subject, session: Session) -> Looking:
    """Ask about a subject of a kind that Dokan knows."""
    if subject.kind == "order" and ident(subject.id):
        return (yield from _order(subject, session))
    if subject.kind == "seller" and ident(subject.id):
        return (yield from _seller(subject, session))
    if subject.kind == "complaint" and ident(subject.id):
        return (yield from _abuse_report(subject, session))
    return (yield from look_at_woocommerce(subject, session, DIALECT))


def _order(subject: Subject, session: Session) -> Looking:
    """An order as WooCommerce tells it, and whether it is the second or third copy of the same child.

    Of twins the one with the smallest id is genuine; the others are `exempt`, so rules that ask for that leave them be.
    """
    found = yield from look_order(subject, session, DIALECT)
    if not isinstance(found, Read) or not found.events:
        return found
    basket = next((link.id for link in found.events[0].links if link.rel == "basket"), "")
    if not basket:
        return found
    children = yield from Api(session).pages(f"{WC}/orders", parent=basket, status="any", _fields=_CHILD_FIELDS)
    if not isinstance(children, tuple):
        return no_answer(children)
    own = next((row for row in children if ident(row.get("id")) == subject.id), None)
    key = twin_key(own) if own is not None else ""
    if not key:
        return found
    twins = [int(ident(row.get("id"))) for row in children if twin_key(row) == key and _counts(row, subject.id)]
    facts = {**found.events[0].facts, "exempt": min(twins) != int(subject.id)}
    return Read(events=(found.events[0]._replace(facts=facts), *found.events[1:]))


def _counts(row: Body, own: str) -> bool:
    number = ident(row.get("id"))
    return bool(number) and (number == own or row.get("status") not in _UNCOUNTED)


def _seller(subject: Subject, session: Session) -> Looking:
    found = yield from Api(session).ask("GET", f"{DOKAN}/stores/{subject.id}", {})
    if isinstance(found, No) and found.code in _NO_STORE:
        return (
            Refused("no_date") if found.at is None else _stated(subject, found.at, found.raw, {"status": "deleted"}, ())
        )
    if not isinstance(found, Ok):
        return no_answer(found)
    if ident(found.body.get("id")) != subject.id:
        return Refused("another_seller")
    if found.at is None:
        return Refused("no_date")
    enabled, status = found.body.get("enabled"), code(found.body.get("status"))
    if status is None and isinstance(enabled, bool):
        status = "active" if enabled else "inactive"
    # WordPress keeps the day of registration in UTC.
    joined = gmt(found.body.get("registered"))
    marks = (Mark("seller.joined", joined),) if joined is not None else ()
    facts: dict[str, FactValue | None] = {"seller": subject.id}
    if status is not None:
        facts["status"] = status
    # Who is not featured may never have been, and who asks for no payout may have nothing to ask for: only what shows
    # that no measure stands is told, and the rest is taken back.
    facts["restricted"] = False if found.body.get("featured") is True else None
    waiting = yield from Api(session).ask(
        "GET", f"{DOKAN}/withdraw", {"user_id": subject.id, "status": "pending", "per_page": "1"}
    )
    if isinstance(waiting, Ok):
        theirs = any(ident(child(row, "user").get("id")) == subject.id for row in waiting.list)
        facts["payout_held"] = False if theirs else None
    return _stated(subject, found.at, found.raw, facts, marks)


def _stated(
    subject: Subject, at: datetime, raw: bytes, facts: dict[str, FactValue | None], marks: tuple[Mark, ...]
) -> Read:
    name = event_id("dokan:look", str(subject), at, raw)
    event = Event(name, subject, at, at, look=True, reading=READING, marks=marks, facts=facts)
    return Read(events=(event,))


def _abuse_report(subject: Subject, session: Session) -> Looking:
    """One abuse report (Pro). There is a list only, so it is walked."""
    api = Api(session)
    reports = yield from api.pages(f"{DOKAN}/abuse-reports")
    if not isinstance(reports, tuple):
        return no_answer(reports)
    report = next((row for row in reports if ident(row.get("id")) == subject.id), None)
    index = yield from api.ask("GET", INDEX, {"_fields": "timezone_string"})
    if not isinstance(index, Ok):
        return no_answer(index)
    if index.at is None:
        return Refused("no_date")
    if report is None:
        return _stated(subject, index.at, index.raw, {"status": "deleted"}, ())
    opened = _shop_time(report.get("reported_at"), index.body)
    seller, product = (ident(child(report, name).get("id")) for name in ("vendor", "product"))
    event = Event(
        id=event_id("dokan:look", str(subject), index.at, subject.id.encode()),
        subject=subject,
        occurred_at=index.at,
        version=index.at,
        look=True,
        reading=READING,
        marks=(Mark("complaint.opened", opened),) if opened is not None else (),
        facts={
            "seller": seller or None,
            "product": product or None,
            "buyer": ident(child(report, "reported_by").get("id")) or None,
            "status": "open",
        },
        links=(Link("listing", "listing", product),) if product else (),
    )
    return Read(events=(event,))


_WALL = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")


def _shop_time(value: object, index: Body) -> datetime | None:
    """The report's time is the shop's wall time, whose zone WordPress names in its index; without zone, no instant."""
    if (known := free_instant(value)) is not None:
        return known
    found = _WALL.fullmatch(value) if isinstance(value, str) else None
    zone = index.get("timezone_string")
    if found is None or not isinstance(zone, str) or not zone:
        return None
    try:
        return cut(datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=ZoneInfo(zone)))
    except (ValueError, ZoneInfoNotFoundError, OSError, OverflowError):
        return None
