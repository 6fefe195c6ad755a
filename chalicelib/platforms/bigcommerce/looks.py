"""Looks: an order with its parcels, payments, refunds and addresses; its thread; a product; and what changed lately.

An answer's v2 lists end with 204 and no body; the `Date` header dates what is not there any more. Facts: the sheet,
sections 3 and 4.
"""

from collections.abc import Callable, Generator, Mapping
from datetime import datetime

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.bigcommerce import statements
from chalicelib.platforms.bigcommerce.api import Api
from chalicelib.platforms.bigcommerce.names import DISPUTE, MESSAGES, READING, split
from chalicelib.platforms.bigcommerce.statements import Whole
from chalicelib.platforms.maker import Facts, Maker, look_id
from chalicelib.platforms.polls import Changed
from chalicelib.platforms.rest import No, Ok, no_answer
from chalicelib.platforms.shapes import Body, child, gone, mail_date, number_id

LIST, LIST_PAGES = 10, 10
"""Orders are long and cannot be cut to a few fields."""
PRODUCT_FIELDS = "id,is_visible,availability,date_created,date_modified"


def look(subject: Subject, session: Session) -> Looking:
    """Asks about a subject."""
    asked = _LOOKS.get(subject.kind)
    return Refused("no_such_look") if asked is None else (yield from asked(subject, session))


def _order(subject: Subject, session: Session) -> Looking:
    number = number_id(subject.id)
    if not number:
        return Refused("not_an_order")
    api = Api(session)
    answer = yield from api.get(f"v2/orders/{number}")
    if isinstance(answer, No) and answer.code == "not_found" and answer.at is not None:
        return Read(_gone("order.cancelled", subject, answer.at, answer.raw))
    if not isinstance(answer, Ok):
        return no_answer(answer)
    if number_id(answer.body.get("id")) != number:
        return Refused("another_order")
    order = yield from whole_of(api, answer.body)
    if not isinstance(order, Whole):
        return order
    version = order.version
    maker = Maker(look_id("bigcommerce", subject, version or session.now, answer.raw), READING, look=True)
    ignored = statements.say_order(maker, order, session.shop)
    return Read(maker.done(), ignored=ignored)


def whole_of(api: Api, body: Body) -> Generator[Call, Reply, Whole | Refused | Later]:
    """All that belongs to an order."""
    path = f"orders/{number_id(body.get('id'))}"
    parts: list[tuple[Body, ...]] = []
    for ask in (
        api.pages2(f"v2/{path}/shipments"),
        api.pages3(f"v3/{path}/transactions"),
        api.pages3(f"v3/{path}/payment_actions/refunds"),
        api.pages2(f"v2/{path}/shipping_addresses"),
    ):
        found = yield from ask
        if not isinstance(found, tuple):
            return no_answer(found)
        parts.append(found)
    return Whole(body, *parts)


def _of_order(subject: Subject, session: Session) -> Looking:
    """A parcel or a refund is told with its order."""
    order, _ = split(subject.id)
    if not order:
        return Refused("not_of_an_order")
    return (yield from _order(Subject("order", order), session))


def _complaint(subject: Subject, session: Session) -> Looking:
    order, what = split(subject.id)
    if what == DISPUTE:
        return (yield from _order(Subject("order", order), session))
    if what != MESSAGES:
        return Refused("no_such_complaint")
    found = yield from Api(session).pages2(f"v2/orders/{order}/messages")
    if not isinstance(found, tuple):
        return no_answer(found)
    raw = repr([(one.get("id"), one.get("staff_id")) for one in found]).encode()
    maker = Maker(look_id("bigcommerce", subject, session.now, raw), READING, look=True)
    ignored = statements.say_messages(maker, found, order)
    return Read(maker.done(), ignored=ignored)


def _listing(subject: Subject, session: Session) -> Looking:
    number = number_id(subject.id)
    if not number:
        return Refused("not_a_product")
    answer = yield from Api(session).get(f"v3/catalog/products/{number}", include_fields=PRODUCT_FIELDS)
    if isinstance(answer, No) and answer.code == "not_found" and answer.at is not None:
        return Read(_gone("listing.unpublished", subject, answer.at, answer.raw))
    if not isinstance(answer, Ok):
        return no_answer(answer)
    body = child(answer.body, "data")
    if number_id(body.get("id")) != number:
        return Refused("another_product")
    maker = Maker(look_id("bigcommerce", subject, session.now, answer.raw), READING, look=True)
    ignored = statements.say_product(maker, body)
    return Read(maker.done(), ignored=ignored)


def _gone(mark: str, subject: Subject, at: datetime, raw: bytes) -> tuple[Event, ...]:
    """What the store no longer has, as of its answer; one occurrence an hour, so that a later look moves nothing."""
    maker, facts = Maker(look_id("bigcommerce", subject, at, raw), READING, look=True), Facts()
    facts.put("status", "deleted")
    maker.add(subject, at, at, [Mark(mark, at, of=gone(at))], facts)
    return maker.done()


def _changes(subject: Subject, session: Session) -> Looking:
    """What changed since the instant that the subject's id is: orders to look at, the longest unchanged first. Where
    there is more, the last look of the answer goes on from there."""
    try:
        since = parse_instant(subject.id)
    except ValueError:
        return Refused("not_an_instant")
    changed = Changed(since)
    for page in range(1, LIST_PAGES + 1):
        query = {"min_date_modified": show(changed.asked), "sort": "date_modified:asc", "page": str(page)}
        answer = yield from Api(session).get("v2/orders", **query, limit=str(LIST))
        if not isinstance(answer, Ok):
            return no_answer(answer)
        for one in answer.list:
            changed.add(number_id(one.get("id")), mail_date(one.get("date_modified")))
        if len(answer.list) < LIST:
            return changed.read(whole=True)
    return changed.read(whole=False)


_LOOKS: Mapping[str, Callable[[Subject, Session], Looking]] = {
    "order": _order,
    "shipment": _of_order,
    "refund": _of_order,
    "complaint": _complaint,
    "listing": _listing,
    "connection": _changes,
}
