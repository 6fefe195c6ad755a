"""Looks: the present truth of a subject, asked of the Admin API and told as events with `look` set.

Asking never changes anything. An order that is not found proves nothing: without `read_all_orders` Shopify hides those
older than 60 days. Facts: the sheet, sections 3 and 4, and the Admin schema.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from chalicelib.core.events import Subject
from chalicelib.core.instants import parse_instant, show, to_ms
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session, Unreadable
from chalicelib.platforms.maker import Facts
from chalicelib.platforms.polls import Changed
from chalicelib.platforms.shopify import answers, answers_back, documents
from chalicelib.platforms.shopify.fields import Node, first_gid, gid, latest, number_of
from chalicelib.platforms.shopify.graphql import Answered, ask
from chalicelib.platforms.shopify.names import FULFILLMENT_ORDER, REVERSE, order_number
from chalicelib.platforms.shopify.others import say_dispute, say_product
from chalicelib.platforms.shopify.statements import (
    Maker,
    order_links,
    say_order,
    say_parcel,
    say_refund,
    splits,
)

PAGES = 10


def look(subject: Subject, session: Session) -> Looking:
    """Asks about a subject. Returns a Read, or why there is none."""
    asked = _LOOKS.get(subject.kind)
    if asked is None:
        return Refused("no-such-look")
    try:
        return (yield from asked(subject.id, session))
    except Unreadable as error:
        return Refused(f"unreadable-answer:{error.field}"[:120])


def _maker(subject: Subject, answer: Answered, version: datetime) -> Maker:
    # Equal answers give equal ids; another answer of the same version is another event.
    return Maker(f"shopify:look:{subject}:{to_ms(version)}:{answer.digest}"[-180:], look=True)


def _missing(answer: Answered) -> Refused:
    return Refused("scope" if answer.denied else "not-found")


def _look_order(case: str, session: Session) -> Looking:
    number = order_number(case)
    if not number:
        return Refused("not-an-order")
    split = splits(session.shop)
    document, size = (documents.ORDER_SPLIT, documents.SPLIT) if split else (documents.ORDER, documents.WHOLE)
    answer = yield from ask(session, document, {"id": gid("Order", number)})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("order")
    if body is None:
        return _missing(answer)
    order = answers.read_order(body, size)
    maker = _maker(Subject("order", number), answer, order.version)
    if not say_order(maker, order, session.shop):
        return Refused("too-large-to-split")
    for parcel in order.parcels or ():
        say_parcel(maker, parcel, session.shop)
    place = answers.place_facts(body)
    for one in body.nodes("refunds"):
        # What belongs to a return is told with the return, as a whole.
        refund = answers_back.read_refund(one, place)
        say_refund(maker, refund, session.shop)
    for one in body.nodes("returns"):
        # In short: what came back, and what it is worth, a look at the return itself tells.
        ends, listed = answers_back.return_end(one, body, answer.as_of)
        marks, facts = [*answers_back.return_marks(one), *ends], Facts()
        facts.values.update(place)
        facts.put("status", one.text("status").lower())
        version = answers_back.return_version(answer.as_of, one, body, marks)
        links = order_links(session.shop, order.id)
        maker.add(Subject("refund", one.own_id()), version, version, marks, facts.values, links, listed)
    return Read(maker.done())


def _look_shipment(case: str, session: Session) -> Looking:
    """A parcel, or a fulfilment order, is told with its order."""
    if case.startswith(FULFILLMENT_ORDER):
        number = number_of(case.removeprefix(FULFILLMENT_ORDER))
        document, name, kind = documents.FULFILLMENT_ORDER, "fulfillmentOrder", "FulfillmentOrder"
    else:
        number = number_of(case)
        document, name, kind = documents.FULFILLMENT, "fulfillment", "Fulfillment"
    if number is None:
        return Refused("not-a-shipment")
    answer = yield from ask(session, document, {"id": gid(kind, number)})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node(name)
    order = first_gid(body.value, "Order") if body else None
    if order is None:
        return _missing(answer)
    return (yield from _look_order(order, session))


def _look_refund(case: str, session: Session) -> Looking:
    if case.startswith(REVERSE):
        return (yield from _look_reverse(case.removeprefix(REVERSE), session))
    number = number_of(case)
    if number is None:
        return Refused("not-a-refund")
    variables = {"return": gid("Return", number), "refund": gid("Refund", number)}
    answer = yield from ask(session, documents.RETURN_OR_REFUND, variables)
    if isinstance(answer, Refused | Later):
        return answer
    back, record = answer.data.node("return"), answer.data.node("refund")
    if back is not None:
        return _told_return(back, answer, session)
    if record is None:
        return _missing(answer)
    refund = answers_back.read_refund(record, answers.place_facts(record.node("holder")), lines=True)
    maker = _maker(Subject("refund", refund.id), answer, refund.version)
    say_refund(maker, refund, session.shop)
    # The record may belong to a return, under whose id its case then is.
    return Read(maker.done())


def _told_return(back: Node, answer: Answered, session: Session) -> Read:
    found = answers_back.read_return(back, answer.as_of)
    maker = _maker(Subject("refund", found.id), answer, found.version)
    links = order_links(session.shop, found.order, found.vendors)
    subject = Subject("refund", found.id)
    maker.add(subject, found.version, found.version, found.marks, found.facts, links, found.whole)
    place = answers.place_facts(back.node("order"))
    for one in back.nodes("refunds"):
        say_refund(maker, answers_back.read_refund(one, place), session.shop)
    return Read(maker.done())


def _look_reverse(case: str, session: Session) -> Looking:
    """Goods were looked at: the body names no return, the platform tells which ones it is part of."""
    number = number_of(case)
    if number is None:
        return Refused("not-a-return")
    answer = yield from ask(session, documents.REVERSE, {"id": gid("ReverseFulfillmentOrder", number)})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("reverseFulfillmentOrder")
    order = body.node("order") if body else None
    for one in order.nodes("returns") if order else []:
        if any(part.own_id() == number for part in one.nodes("reverseFulfillmentOrders")):
            return (yield from _look_refund(one.own_id(), session))
    return _missing(answer)


def _look_complaint(case: str, session: Session) -> Looking:
    number = number_of(case)
    if number is None:
        return Refused("not-a-dispute")
    answer = yield from ask(session, documents.DISPUTE, {"id": gid("ShopifyPaymentsDispute", number)})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("dispute")
    if body is None:
        return _missing(answer)
    # Older versions of the API tell days here, which date nothing.
    opened, sent, ended = (
        body.instant("initiatedAt"), body.instant_or_day("evidenceSentOn"), body.instant_or_day("finalizedOn"),
    )  # fmt: skip
    if opened is None:
        body.refuse("initiatedAt", "an instant with its offset")
    version = latest(opened, sent, ended, answer.as_of) or opened
    facts = Facts()
    amount, reason, order = body.node("amount"), body.node("reasonDetails"), body.node("order")
    for name, value in answers.place_facts(order).items():
        facts.put(name, value)
    if order and not order.more("lineItems"):
        answers.sold(order.nodes("lineItems"), facts)
    facts.put("category", body.text("type").lower())
    facts.put("status", body.text("status").lower())
    facts.put("reason", reason.text("reason").lower() if reason else "")
    if amount:
        facts.put("amount", amount.money("amount"))
        facts.put("currency", amount.text("currencyCode"))
    facts.told("evidence_due_by", body.instant_or_day("evidenceDueBy"))
    maker = _maker(Subject("complaint", number), answer, version)
    say_dispute(maker, number, version, opened, sent, ended, facts.values, order.own_id() if order else "")
    return Read(maker.done())


def _look_listing(case: str, session: Session) -> Looking:
    number = number_of(case)
    if number is None:
        return Refused("not-a-product")
    answer = yield from ask(session, documents.PRODUCT, {"id": gid("Product", number)})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("product")
    if body is None:
        if answer.denied or answer.as_of is None:
            return _missing(answer)
        # Products, unlike orders, are never hidden by age: what is not there was deleted.
        maker = _maker(Subject("listing", number), answer, answer.as_of)
        say_product(maker, number, answer.as_of, "deleted", None, "", changed=False)
        return Read(maker.done())
    version = body.instant("updatedAt")
    if version is None:
        body.refuse("updatedAt", "an instant with its offset")
    maker = _maker(Subject("listing", number), answer, version)
    status, published = body.text("status").lower(), body.instant("publishedAt")
    say_product(maker, number, version, status, published, body.text("vendor"), changed=False)
    return Read(maker.done())


def _changes(case: str, session: Session) -> Looking:
    """Orders that changed since an instant; where there is more, the last look goes on from there."""
    try:
        since = parse_instant(case)
    except ValueError:
        return Refused("not-an-instant")
    changed, after = Changed(since), None
    told = {"filter": f"updated_at:>='{show(changed.asked)}'"}
    for _ in range(PAGES):
        answer = yield from ask(session, documents.CHANGES, {**told, "after": after})
        if isinstance(answer, Refused | Later):
            return answer
        orders = answer.data.node("orders")
        if orders is None:
            return _missing(answer)
        for one in orders.nodes("nodes"):
            changed.add(one.own_id(), one.instant("updatedAt"))
        page = orders.node("pageInfo")
        after = page.text("endCursor") if page and page.value.get("hasNextPage") is True else None
        if not after:
            return changed.read(whole=True)
    return changed.read(whole=False)


_LOOKS: Mapping[str, Callable[[str, Session], Looking]] = {
    "order": _look_order,
    "shipment": _look_shipment,
    "refund": _look_refund,
    "complaint": _look_complaint,
    "listing": _look_listing,
    "connection": _changes,
}
