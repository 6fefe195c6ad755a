"""What Saleor says of an order or a product, pushed or looked up in the same fields -> events.

Instants come from the order's own history (`events`), from fulfilments and from transactions; nothing is dated by
`updatedAt`, which is only the version. Facts: the sheet, sections 2, 3 and 5.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.core.events import Link, Mark, Subject
from chalicelib.core.words import OURS
from chalicelib.platforms.maker import Facts, Maker
from chalicelib.platforms.ours import is_ours
from chalicelib.platforms.shapes import (
    Body,
    child,
    code,
    ident,
    instant,
    is_body,
    latest,
    letters,
    money,
    rows,
    state,
    text,
    tracking,
    whole,
)

READING = 1

SHIPPED = frozenset(["FULFILLED", "PARTIALLY_RETURNED", "RETURNED"])
UNSHIPPED = frozenset(["UNCONFIRMED", "UNFULFILLED", "PARTIALLY_FULFILLED"])
LEFT = frozenset(["FULFILLED"])
"""A fulfilment that waits for approval has not left; one that was cancelled came back."""
BACK = frozenset(["RETURNED", "REFUNDED_AND_RETURNED", "REPLACED"])
"""Saleor writes down a return when the goods are there: nobody asks for one or agrees to it."""
MOVED = BACK | {"REFUNDED"}
"""Fulfilments to which Saleor moves pieces from where they were; an emptied one is dropped from the list."""
PLACED = frozenset(["PLACED", "PLACED_FROM_DRAFT", "PLACED_AUTOMATICALLY_FROM_PAID_CHECKOUT"])
PAID = frozenset(["ORDER_FULLY_PAID", "ORDER_MARKED_AS_PAID"])
CANCELLED = frozenset(["CANCELED", "EXPIRED"])
_SAME_STEP = timedelta(minutes=1)
"""What one step of the shop writes down in two places differs by less."""


def pair(order: str, own: str) -> str:
    """The id of something that can only be asked for by its order: `ORDER:ID`; neither holds a colon."""
    return f"{order}:{own}"


def order_part(subject: Subject) -> str:
    """The order of such an id, or of an order's own; empty where it is neither."""
    return ident(subject.id.partition(":")[0])


def amount_of(body: Body, name: str) -> tuple[Decimal | None, str | None]:
    """Money and its currency: whole fractions where the shop tells them, else the number beside."""
    held = child(body, name)
    held = child(held, "gross") if "gross" in held else held
    fractions, digits = held.get("fractionalAmount"), whole(held.get("fractionDigits"))
    currency = letters(held.get("currency"), 3)
    if isinstance(fractions, int) and not isinstance(fractions, bool) and digits is not None and digits <= 6:
        return money(Decimal(fractions).scaleb(-digits)), currency
    return money(held.get("amount")), currency


def version_of(order: Body) -> datetime | None:
    """As of when it holds: a transaction's own dates may be later than the order's."""
    own = instant(order.get("updatedAt"))
    if own is None:
        return None
    seen = [instant(one.get("date")) for one in rows(order, "events")]
    seen += [instant(one.get("createdAt")) for each in rows(order, "transactions") for one in rows(each, "events")]
    seen += [instant(one.get("updatedAt")) for one in rows(order, "grantedRefunds")]
    return latest(own, *seen)


def say_order(maker: Maker, order: Body) -> bool:
    """The events of an order, its parcels, refunds, returns and chargebacks; False where it says too little."""
    number, version, status = ident(order.get("id")), version_of(order), text(order, "status")
    if not number or version is None or not status or not isinstance(order.get("events"), list):
        return False
    if status == "DRAFT":
        return True
    parcels = rows(order, "fulfillments")
    moved = any(text(one, "status") in MOVED for one in parcels)
    # The list of what left is whole only while nothing of it was moved.
    listed = ["order.paid", "order.cancelled"] + ["order.part_shipped"] * (not moved)
    subject = Subject("order", number)
    maker.add(subject, version, version, _order_marks(order, status), _order_facts(order, status), whole=listed)
    for one in parcels:
        _say_parcel(maker, one, order, number, version)
    _say_refunds(maker, order, number, version)
    return True


def say_older(maker: Maker, order: Body) -> None:
    """What an order says in the forms without a query of ours: when it was placed, and what it cost. They have mostly
    no version, and one without a query has names of its own, so all of it counts as of when it was placed, and the look
    that follows goes before it."""
    number, placed = ident(order.get("id")), instant(order.get("created"))
    if not number or placed is None or text(order, "status").lower() == "draft":
        return
    facts, channel = Facts(), child(order, "channel")
    amount, currency = amount_of(order, "total")
    told = letters(order.get("currency"), 3) or letters(channel.get("currency_code"), 3)
    facts.put("currency", currency or told)
    facts.put("amount", amount if amount is not None else money(order.get("total_gross_amount")))
    facts.put("country", _place(order))
    for place in ("shipping_address", "billing_address"):
        if country := letters(child(order, place).get("country"), 2):
            facts.put("country", country)
            break
    maker.add(Subject("order", number), placed, placed, [Mark("order.placed", placed)], facts)


def _order_marks(order: Body, status: str) -> Iterator[Mark]:
    # A draft keeps the date on which it was begun: it was ordered when its history says so.
    told = [at for one in rows(order, "events") if text(one, "type") in PLACED and (at := instant(one.get("date")))]
    if (placed := min(told, default=instant(order.get("created")))) is not None:
        yield Mark("order.placed", placed)
    for one in rows(order, "events"):
        kind, at, of = text(one, "type"), instant(one.get("date")), ident(one.get("id"))
        if at is None or not of:
            continue
        if kind == "CONFIRMED":
            yield Mark("order.approved", at)
        elif kind in PAID:
            yield Mark("order.paid", at, of)
        elif kind in CANCELLED and status in CANCELLED:
            yield Mark("order.cancelled", at, of)
    left = []
    for one in rows(order, "fulfillments"):
        at, of = left_at(one, order), ident(one.get("id"))
        if text(one, "status") in LEFT and at and of:
            left.append(at)
            yield Mark("order.part_shipped", at, of)
    # An order of which a part came back is called so whether or not the rest was ever sent.
    owed = status == "PARTIALLY_RETURNED" and any(whole(one.get("quantityToFulfill")) for one in rows(order, "lines"))
    if status in SHIPPED and left and not owed:
        yield Mark("order.shipped", max(left))
    elif status in UNSHIPPED or owed:
        yield Mark("order.shipped", None)


def left_at(parcel: Body, order: Body) -> datetime | None:
    """When a fulfilment left. Where it had to be approved it was made before: then its approval tells, in the order's
    history, as the first sending after it was made."""
    made = instant(parcel.get("created"))
    if made is None:
        return None
    told = [(at, text(one, "type")) for one in rows(order, "events") if (at := instant(one.get("date")))]
    if not any(kind == "FULFILLMENT_AWAITS_APPROVAL" and abs(at - made) <= _SAME_STEP for at, kind in told):
        return made
    return min((at for at, kind in told if kind == "FULFILLMENT_FULFILLED_ITEMS" and at >= made), default=made)


def _place(order: Body) -> str | None:
    for name in ("shippingAddress", "billingAddress"):
        if country := letters(child(child(order, name), "country").get("code"), 2):
            return country
    return None


def _order_facts(order: Body, status: str) -> Facts:
    facts = Facts()
    amount, currency = amount_of(order, "total")
    facts.put("amount", amount)
    facts.put("currency", currency)
    facts.put("refunded", amount_of(order, "totalRefunded")[0])
    facts.put("status", state(status))
    facts.put("country", _place(order))
    facts.put("buyer", ident(child(order, "user").get("id")))
    facts.put("seller", ident(order.get("seller")))
    if (slug := code(child(order, "channel").get("slug"))) != OURS:
        facts.put("channel", slug)
    products = {ident(child(child(line, "variant"), "product").get("id")) for line in rows(order, "lines")}
    if len(products) == 1:
        facts.put("product", products.pop())
    return facts


def _links(order: str) -> list[Link]:
    return [Link("order", "order", order)]


def _shared(order: Body, status: str) -> Facts:
    """What a refund or a complaint shares with its order."""
    facts = Facts()
    facts.put("country", _place(order))
    facts.put("buyer", ident(child(order, "user").get("id")))
    facts.put("seller", ident(order.get("seller")))
    facts.put("status", state(status))
    return facts


def _say_parcel(maker: Maker, one: Body, order: Body, number: str, version: datetime) -> None:
    parcel, made, status = ident(one.get("id")), instant(one.get("created")), text(one, "status")
    if not parcel or made is None:
        return
    if status in BACK:
        subject, mark = Subject("refund", pair(number, parcel)), Mark("return.received", made)
        maker.add(subject, version, made, [mark], _shared(order, status), _links(number))
        return
    facts = Facts()
    facts.put("status", state(status))
    facts.put("tracking", tracking(one.get("trackingNumber")))
    mark = Mark("shipment.created", left_at(one, order) if status in LEFT else None)
    if status in LEFT or status == "CANCELED":
        maker.add(Subject("shipment", pair(number, parcel)), version, made, [mark], facts, _links(number))


def _say_refunds(maker: Maker, order: Body, number: str, version: datetime) -> None:
    """Money that was granted, money that went without a grant, and money that the buyer's bank took back."""
    told: set[str] = set()
    turned = frozenset(
        psp for one in _transaction_events(order) if text(one, "type") == "REFUND_REVERSE" and (psp := _psp(one))
    )
    for one in rows(order, "grantedRefunds"):
        granted, made, status = ident(one.get("id")), instant(one.get("createdAt")), text(one, "status")
        if not granted or made is None:
            continue
        marks = [Mark("refund.approved", made)]
        for event in rows(one, "transactionEvents"):
            told.add(ident(event.get("id")))
            marks += [] if _psp(event) in turned else _paid(event)
        facts = _shared(order, status)
        amount, currency = amount_of(one, "amount")
        facts.put("amount", amount)
        facts.put("currency", currency)
        if is_ours(one.get("reason")):
            facts.put("channel", OURS)
        subject = Subject("refund", pair(number, granted))
        maker.add(subject, version, made, marks, facts, _links(number), ["refund.paid"])
    for event in _transaction_events(order):
        of, at = ident(event.get("id")), instant(event.get("createdAt"))
        amount, currency = amount_of(event, "amount")
        kind = text(event, "type")
        if not of or at is None or of in told or kind not in ("REFUND_SUCCESS", "CHARGE_BACK"):
            continue
        facts = _shared(order, kind)
        facts.put("amount", amount)
        facts.put("currency", currency)
        if kind == "REFUND_SUCCESS":
            gone = _psp(event) in turned
            marks = [Mark("refund.approved", at), *([Mark("refund.paid", None, of)] if gone else _paid(event))]
            maker.add(Subject("refund", pair(number, of)), version, at, marks, facts, _links(number))
        else:
            facts.put("category", "chargeback")
            subject = Subject("complaint", pair(number, of))
            maker.add(subject, version, at, [Mark("complaint.opened", at)], facts, _links(number))


def _psp(event: Body) -> str:
    """The payment provider's name of what an event is about: that which takes a refund back bears the refund's own."""
    return text(event, "pspReference")


def _paid(event: Body) -> list[Mark]:
    at, of = instant(event.get("createdAt")), ident(event.get("id"))
    if text(event, "type") != "REFUND_SUCCESS" or at is None or not of:
        return []
    return [Mark("refund.paid", at, of, value=amount_of(event, "amount")[0])]


def _transaction_events(order: Body) -> Iterator[Body]:
    for one in rows(order, "transactions"):
        yield from rows(one, "events")


def say_product(maker: Maker, product: Body, *, deleted_at: datetime | None = None) -> bool:
    """The events of a product: on sale where any channel shows it. False where it says too little."""
    number, version = ident(product.get("id")), instant(product.get("updatedAt"))
    facts = Facts()
    facts.put("product", number)
    if deleted_at is not None and number:
        facts.put("status", "deleted")
        marks = [Mark("listing.published", None), Mark("listing.unpublished", deleted_at)]
        maker.add(Subject("listing", number), deleted_at, deleted_at, marks, facts)
        return True
    listings = product.get("channelListings")
    if not number or version is None or not isinstance(listings, list):
        return False
    shown = _shown(listings)
    facts.put("status", "published" if shown is not None else "unpublished")
    marks = [Mark("listing.changed", version)]
    if shown is None:
        marks.append(Mark("listing.published", None))
    elif shown:
        marks.append(Mark("listing.published", min(shown)))
    maker.add(Subject("listing", number), version, version, marks, facts)
    return True


def _shown(listings: Sequence[object]) -> list[datetime] | None:
    """When each channel that shows it began to, where that is told; None where none shows it."""
    live = [one for one in listings if is_body(one) and one.get("isPublished") is True]
    if not live:
        return None
    return [at for at in (instant(one.get("publishedAt")) for one in live) if at]
