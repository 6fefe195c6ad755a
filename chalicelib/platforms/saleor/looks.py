"""Looks: the present truth of an order (with its parcels, refunds, returns and chargebacks) or of a product, and what
changed since an instant. Facts: the sheet, sections 3 and 4, and the schema.
"""

from collections.abc import Callable, Mapping

from chalicelib.core.events import Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.maker import Maker, look_id
from chalicelib.platforms.polls import Changed
from chalicelib.platforms.saleor import documents
from chalicelib.platforms.saleor.graphql import ask
from chalicelib.platforms.saleor.statements import READING, order_part, say_order, say_product, version_of
from chalicelib.platforms.shapes import child, ident, instant, rows

PAGES = 10


def look(subject: Subject, session: Session) -> Looking:
    """Asks about a subject."""
    asked = _LOOKS.get(subject.kind)
    return Refused("no-such-look") if asked is None else (yield from asked(subject, session))


def _order(subject: Subject, session: Session) -> Looking:
    """An order; parcels, refunds, returns and chargebacks are told with theirs."""
    number = order_part(subject)
    if not number or (subject.kind == "order") is not (number == subject.id):
        return Refused("not-an-id")
    answer = yield from ask(session, documents.LOOK_ORDER, {"id": number})
    if isinstance(answer, Refused | Later):
        return answer
    order = child(answer.data, "order")
    if ident(order.get("id")) != number:
        return Refused("scope" if answer.denied else "not-found")
    version = version_of(order) or session.now
    maker = Maker(look_id("saleor", subject, version, answer.raw), READING, look=True)
    if not say_order(maker, order):
        return Refused("scope" if answer.denied else "says-too-little")
    told = maker.done()
    return Read(told, ignored="" if told else "a draft")


def _listing(subject: Subject, session: Session) -> Looking:
    if not ident(subject.id):
        return Refused("not-an-id")
    answer = yield from ask(session, documents.LOOK_PRODUCT, {"id": subject.id})
    if isinstance(answer, Refused | Later):
        return answer
    product = child(answer.data, "product")
    at = answer.at
    if not product and not answer.denied and at is not None:
        # Nothing hides products from an app that may manage them: what is not there was deleted.
        maker = Maker(look_id("saleor", subject, at, answer.raw), READING, look=True)
        say_product(maker, {"id": subject.id}, deleted_at=at)
        return Read(maker.done())
    if ident(product.get("id")) != subject.id:
        return Refused("scope" if answer.denied else "not-found")
    version = instant(product.get("updatedAt")) or session.now
    maker = Maker(look_id("saleor", subject, version, answer.raw), READING, look=True)
    return Read(maker.done()) if say_product(maker, product) else Refused("says-too-little")


def _changes(subject: Subject, session: Session) -> Looking:
    """Orders that changed since the instant that the subject's id is; where there is more, the last look goes on."""
    try:
        since = parse_instant(subject.id)
    except ValueError:
        return Refused("not-an-instant")
    changed, after = Changed(since), None
    for _ in range(PAGES):
        answer = yield from ask(session, documents.CHANGES, {"since": show(changed.asked), "after": after})
        if isinstance(answer, Refused | Later):
            return answer
        orders, page = child(answer.data, "orders"), child(child(answer.data, "orders"), "pageInfo")
        for edge in rows(orders, "edges"):
            node = child(edge, "node")
            changed.add(ident(node.get("id")), instant(node.get("updatedAt")))
        after = page.get("endCursor")
        if page.get("hasNextPage") is not True or not isinstance(after, str):
            return changed.read(whole=True)
    return changed.read(whole=False)


_LOOKS: Mapping[str, Callable[[Subject, Session], Looking]] = {
    "order": _order,
    "shipment": _order,
    "refund": _order,
    "complaint": _order,
    "listing": _listing,
    "connection": _changes,
}
