"""What a shop says when it is asked: an order with its notes and refunds, a refund, a product. Only the fields that are
read are asked for (`_fields`), so names and addresses do not even travel. Facts: the WooCommerce sheet, section 4.
"""

from collections.abc import Generator, Mapping

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Subject
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.shapes import Body
from chalicelib.platforms.woocommerce.api import WC, Api, no_answer
from chalicelib.platforms.woocommerce.history import ENGLISH, Entered, history
from chalicelib.platforms.woocommerce.listings import gone, read_listing
from chalicelib.platforms.woocommerce.orders import event_id, read_order
from chalicelib.platforms.woocommerce.read import PLAIN, Dialect
from chalicelib.platforms.woocommerce.refunds import gone_refund, read_refund, split_id
from chalicelib.platforms.woocommerce.shapes import code, gmt, ident, meta_text

ORDER_FIELDS = (
    "id,parent_id,status,currency,total,customer_id,shipping.country,shipping.state,billing.country,billing.state,"
    "date_created_gmt,date_modified_gmt,date_paid_gmt,date_completed_gmt,meta_data,line_items,refunds,store"
)
LISTING_FIELDS = "id,status,date_created_gmt,date_modified_gmt,categories,meta_data,store"
NOTE_FIELDS = "id,date_created_gmt,note,customer_note"
REFUND_FIELDS = "id,date_created_gmt,amount,reason,refunded_payment"
NO_ORDER = frozenset({"woocommerce_rest_shop_order_invalid_id", "woocommerce_rest_invalid_order_id"})
NO_REFUND = frozenset({"woocommerce_rest_shop_order_refund_invalid_id", "woocommerce_rest_invalid_order_refund_id"})
NO_PRODUCT = frozenset({"woocommerce_rest_product_invalid_id"})


def look(subject: Subject, session: Session, dialect: Dialect = PLAIN) -> Looking:
    """Ask about a subject of a kind that this platform knows."""
    if subject.kind == "order" and ident(subject.id):
        return (yield from look_order(subject, session, dialect))
    if subject.kind == "refund" and split_id(subject.id)[0]:
        return (yield from _refund(subject, session, dialect))
    if subject.kind == "listing" and ident(subject.id):
        return (yield from _listing(subject, session, dialect))
    if subject.kind == "connection":
        from chalicelib.platforms.woocommerce.changes import changes

        return (yield from changes(subject, session))
    return Refused("no_such_subject")


def look_order(subject: Subject, session: Session, dialect: Dialect) -> Looking:
    """The order's event and one for each of its refunds."""
    api = Api(session)
    order = yield from api.get(f"orders/{subject.id}", _fields=ORDER_FIELDS)
    if isinstance(order, No) and order.code in NO_ORDER:
        if order.at is None:
            return Refused("no_date")
        return Read(events=(gone(subject, "order.cancelled", order.at, order.raw),))
    if not isinstance(order, Ok):
        return no_answer(order)
    body = order.body
    if ident(body.get("id")) != subject.id:
        return Refused("another_order")
    entered = yield from _entered(api, body)
    if isinstance(entered, Refused | Later):
        return entered
    name = event_id(f"{dialect.prefix}:look", str(subject), gmt(body.get("date_modified_gmt")), order.raw)
    found = read_order(body, session.shop, dialect.part_of, name, entered=entered, look=True)
    if found.event is None:
        return Read(ignored=found.ignored or "an order that says nothing")
    events = [found.event]
    if body.get("refunds"):
        refunds = yield from api.pages(f"{WC}/orders/{subject.id}/refunds", _fields=REFUND_FIELDS)
        if not isinstance(refunds, tuple):
            return no_answer(refunds)
        events.extend(_refunds(refunds, body, session, dialect, order.raw))
    return Read(events=tuple(events))


def _refunds(refunds: tuple[Body, ...], body: Body, session: Session, dialect: Dialect, raw: bytes) -> list[Event]:
    part = dialect.part_of(body)
    found = (read_refund(refund, body, part, session.shop, raw) for refund in refunds)
    return [event for event in found if event is not None]


def _entered(api: Api, body: Body) -> Generator[Call, Reply, tuple[Entered, ...] | Refused | Later]:
    """The statuses that the order went through, from its notes; with the shop's own names where English ones fail."""
    notes = yield from api.get(f"orders/{ident(body.get('id'))}/notes", _fields=NOTE_FIELDS)
    if not isinstance(notes, Ok):
        return no_answer(notes)
    status = code(body.get("status")) or ""
    if status == "trash":
        # The notes end with the status before the trash, which WordPress keeps.
        status = meta_text(body, "_wp_trash_meta_status").removeprefix("wc-")
    created = gmt(body.get("date_created_gmt"))
    names = {**ENGLISH, **own_names(api.session.shop.options)}
    found = history(notes.list, names, status, created)
    if found or not notes.list:
        return found
    totals = yield from api.get("reports/orders/totals")
    if isinstance(totals, Later):
        return totals
    # A key without the right to read reports leaves us with the names we know.
    told = totals.list if isinstance(totals, Ok) else ()
    shown = {slug: name for row in told if (slug := code(row.get("slug"))) and isinstance(name := row.get("name"), str)}
    return history(notes.list, {**names, **shown, **own_names(api.session.shop.options)}, status, created)


def own_names(options: Mapping[str, str]) -> dict[str, str]:
    """The option `status_names`: `shipped=Versendet, delivered=Zugestellt`."""
    pairs = (pair.partition("=") for pair in options.get("status_names", "").split(","))
    return {slug.strip().removeprefix("wc-"): name.strip() for slug, _, name in pairs if name.strip()}


def _refund(subject: Subject, session: Session, dialect: Dialect) -> Looking:
    api = Api(session)
    order_id, refund_id = split_id(subject.id)
    refund = yield from api.get(f"orders/{order_id}/refunds/{refund_id}", _fields=REFUND_FIELDS)
    if isinstance(refund, No) and refund.code in NO_REFUND | NO_ORDER:
        return (
            Refused("no_date")
            if refund.at is None
            else Read(events=(gone_refund(subject, order_id, refund.at, refund.raw),))
        )
    if not isinstance(refund, Ok):
        return no_answer(refund)
    order = yield from api.get(f"orders/{order_id}", _fields=ORDER_FIELDS)
    if not isinstance(order, Ok):
        return no_answer(order)
    event = read_refund(refund.body, order.body, dialect.part_of(order.body), session.shop, refund.raw)
    return Read(events=(event,)) if event is not None else Read(ignored="a refund without an instant")


def _listing(subject: Subject, session: Session, dialect: Dialect) -> Looking:
    found = yield from Api(session).get(f"products/{subject.id}", _fields=LISTING_FIELDS)
    if isinstance(found, No) and found.code in NO_PRODUCT:
        return (
            Refused("no_date")
            if found.at is None
            else Read(events=(gone(subject, "listing.unpublished", found.at, found.raw),))
        )
    if not isinstance(found, Ok):
        return no_answer(found)
    if ident(found.body.get("id")) != subject.id:
        return Refused("another_product")
    name = event_id(f"{dialect.prefix}:look", str(subject), gmt(found.body.get("date_modified_gmt")), found.raw)
    event = read_listing(found.body, session.shop, dialect.seller_of(found.body), name, look=True)
    return Read(events=(event,)) if event is not None else Read(ignored="a product without date_modified_gmt")
