"""What a store says of an order, a parcel, a refund, a thread or a product when it is asked -> events.

No mark gets an instant that the store did not give. Amounts are told only where the order was paid in the store's own
currency: with two currencies nothing says which one a v2 amount is in. Facts: the sheet, sections 3 and 5.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import Link, Mark, Subject
from chalicelib.core.words import OURS
from chalicelib.platforms.base import Shop
from chalicelib.platforms.bigcommerce.names import (
    AWAITING_PAYMENT,
    COMPLETED,
    INCOMPLETE,
    MESSAGES,
    PENDING,
    SHIPPED,
    UNSENT,
    pair,
    status_name,
)
from chalicelib.platforms.bigcommerce.read import entered
from chalicelib.platforms.maker import Facts, Maker
from chalicelib.platforms.ours import is_ours
from chalicelib.platforms.shapes import (
    Body,
    code,
    instant,
    latest,
    letters,
    mail_date,
    money,
    number_id,
    rows,
    seen,
    text,
    tracking,
    whole,
)

_CAME_IN = frozenset(["purchase", "capture", "settled"])


@dataclass(frozen=True, slots=True)
class Whole:
    """An order with all that belongs to it. Parcels, payments and refunds are complete lists."""

    body: Body
    parcels: Sequence[Body]
    payments: Sequence[Body]
    refunds: Sequence[Body]
    places: Sequence[Body]

    @property
    def id(self) -> str:
        return number_id(self.body.get("id"))

    @property
    def status(self) -> int | None:
        return whole(self.body.get("status_id"))

    @property
    def version(self) -> datetime | None:
        """As of when it holds: a payment or a refund need not touch the order's own date."""
        own = mail_date(self.body.get("date_modified"))
        if own is None:
            return None
        seen = [mail_date(one.get("date_created")) for one in self.parcels]
        seen += [instant(one.get("date_created")) for one in self.payments]
        seen += [instant(one.get("created")) for one in self.refunds]
        return latest(own, *seen)

    @property
    def currency(self) -> str:
        """The one currency of the order; empty where the buyer's is not the store's."""
        shown, own = letters(self.body.get("currency_code"), 3), letters(self.body.get("default_currency_code"), 3)
        return shown or "" if own is None or own == shown else ""

    @property
    def country(self) -> str | None:
        place = self.places[0] if self.places else self.body.get("billing_address")
        return letters(place.get("country_iso2"), 2) if isinstance(place, dict) else None


def refunded(refunds: Sequence[Body]) -> Decimal:
    """What v3 refunds add up to: the order's own `refunded_amount` is always 0."""
    return sum((money(one.get("total_amount")) or Decimal(0) for one in refunds if not declined(one)), Decimal(0))


def declined(refund: Body) -> bool:
    """Whether each payment of a refund was turned down, so that nothing of it moves."""
    payments = rows(refund, "payments")
    return bool(payments) and all(one.get("is_declined") is True for one in payments)


def say_order(maker: Maker, order: Whole, shop: Shop) -> str:
    """The events of an order, its parcels and its refunds; or why there are none."""
    version, status = order.version, order.status
    if not order.id or version is None or status is None:
        return "an order without id, status or date"
    if status == INCOMPLETE:
        # Abandoned at the payment: nobody ordered anything.
        return "an order that was never completed"
    marks = [Mark("order.placed", placed)] if (placed := mail_date(order.body.get("date_created"))) else []
    marks += _paid(order)
    gone: list[str] = ["order.part_shipped"]
    archived = order.body.get("is_deleted") is True and status in UNSENT
    if archived or status in entered(shop).get("order.cancelled", ()):
        marks.append(_cancelled(version))
    else:
        gone.append("order.cancelled")
    sent = [(number_id(one.get("id")), mail_date(one.get("date_created"))) for one in order.parcels]
    marks += [Mark("order.part_shipped", at, of) for of, at in sent if of and at]
    marks += _shipped(order, status, [at for _, at in sent if at])
    subject = Subject("order", order.id)
    maker.add(subject, version, version, marks, _order_facts(order, status), whole=gone)
    for one in order.parcels:
        say_parcel(maker, one, order.id)
    for one in order.refunds:
        say_refund(maker, one, order, shop)
    return ""


def _cancelled(changed: datetime) -> Mark:
    """Since when it is cancelled only a notice tells. What a look sees is an occurrence of that change: a later look
    then adds one and never moves an earlier one, so what was void in time stays void."""
    return Mark("order.cancelled", changed, of=seen(changed))


def _shipped(order: Whole, status: int, sent: list[datetime]) -> list[Mark]:
    """By the status where it tells; one of money or of a hold does not, but the pieces are counted."""
    pieces, gone = whole(order.body.get("items_total")), whole(order.body.get("items_shipped"))
    counted = status not in UNSENT and pieces and gone is not None and gone >= pieces
    if status in (SHIPPED, COMPLETED) or counted:
        at = mail_date(order.body.get("date_shipped")) or max(sent, default=None)
        return [Mark("order.shipped", at)] if at else []
    return [Mark("order.shipped", None)] if status in UNSENT else []


def _paid(order: Whole) -> Iterator[Mark]:
    """The payment with which the whole was paid; a deposit is none. What costs nothing is paid when it is placed."""
    total = money(order.body.get("total_inc_tax"))
    paid = Decimal(0)
    came = []
    for one in order.payments:
        at, value = instant(one.get("date_created")), money(one.get("amount"))
        of = number_id(one.get("id"))
        if text(one, "event") in _CAME_IN and text(one, "status") == "ok" and at and value and of:
            came.append((at, of, value))
    for at, of, value in sorted(came):
        paid += value
        if total is not None and paid >= total:
            yield Mark("order.paid", at, of, value=paid)
            return
    placed = mail_date(order.body.get("date_created"))
    if total == 0 and placed and not came and order.status not in (PENDING, AWAITING_PAYMENT):
        yield Mark("order.paid", placed, value=total)


def _order_facts(order: Whole, status: int) -> Facts:
    facts = Facts()
    facts.put("status", status_name(status))
    facts.put("country", order.country)
    facts.put("buyer", number_id(order.body.get("customer_id")))
    if order.currency:
        facts.put("currency", order.currency)
        facts.put("amount", money(order.body.get("total_inc_tax")))
        facts.put("refunded", refunded(order.refunds))
    return facts


def say_parcel(maker: Maker, body: Body, order: str) -> None:
    number, made = number_id(body.get("id")), mail_date(body.get("date_created"))
    if not number or made is None:
        return
    facts = Facts()
    facts.put("carrier", code(body.get("tracking_carrier")) or code(body.get("shipping_provider")))
    facts.put("tracking", tracking(body.get("tracking_number")))
    subject = Subject("shipment", pair(order, number))
    maker.add(subject, made, made, [Mark("shipment.created", made)], facts, [Link("order", "order", order)])


def say_refund(maker: Maker, body: Body, order: Whole, shop: Shop) -> None:
    """A refund exists once somebody decided it; its money moves soon after, one refund at a time. One outside the
    payment provider is only a note that money will move, unless the connection says that it counts."""
    number, made = number_id(body.get("id")), instant(body.get("created"))
    if not number or made is None:
        return
    payments, total = rows(body, "payments"), money(body.get("total_amount"))
    recorded = bool(payments) and all(one.get("offline") is True for one in payments)
    marks = [Mark("refund.approved", made)]
    if declined(body):
        marks.append(Mark("refund.paid", None))
    elif not recorded or shop.options.get("recorded_refunds") != "approved":
        marks.append(Mark("refund.paid", made, value=total))
    facts = Facts()
    facts.put("status", "declined" if declined(body) else "recorded" if recorded else "sent")
    facts.put("country", order.country)
    facts.put("buyer", number_id(order.body.get("customer_id")))
    if order.currency:
        facts.put("currency", order.currency)
        facts.put("amount", total)
    if is_ours(body.get("reason")) or any(is_ours(item.get("reason")) for item in rows(body, "items")):
        facts.put("channel", OURS)
    version = order.version or made
    subject = Subject("refund", pair(order.id, number))
    maker.add(subject, version, made, marks, facts, [Link("order", "order", order.id)])


def say_messages(maker: Maker, messages: Sequence[Body], order: str) -> str:
    """The thread of an order: the buyer's first word after the shop's last opens a round, which the shop's next word
    answers. Only whose turn it was is read, never a word of it."""
    told = []
    for one in messages:
        at, number = mail_date(one.get("date_created")) or instant(one.get("date_created")), number_id(one.get("id"))
        if at and number:
            told.append((at, int(number), bool(number_id(one.get("staff_id")))))
    marks: list[Mark] = []
    waiting = ""
    for at, ident, by_staff in sorted(told):
        if not by_staff and not waiting:
            waiting = str(ident)
            marks.append(Mark("complaint.opened", at, waiting))
        elif by_staff and waiting:
            marks.append(Mark("complaint.first_reply", at, waiting))
            waiting = ""
    if not marks:
        return "no message of a buyer"
    facts = Facts()
    facts.put("category", "message")
    facts.put("status", "waiting" if waiting else "answered")
    version = max(at for at, _, _ in told)
    subject = Subject("complaint", pair(order, MESSAGES))
    maker.add(subject, version, version, marks, facts, [Link("order", "order", order)])
    return ""


def say_product(maker: Maker, body: Body) -> str:
    """A product. Since when it is hidden nobody tells: then `listing.published` is taken back; the status says it."""
    number, version = number_id(body.get("id")), instant(body.get("date_modified"))
    visible = body.get("is_visible")
    if not number or version is None or not isinstance(visible, bool):
        return "a product without id, date or visibility"
    made = instant(body.get("date_created"))
    marks = [Mark("listing.changed", version), Mark("listing.published", made if visible else None)]
    facts = Facts()
    facts.put("status", "visible" if visible else "hidden")
    facts.put("product", number)
    gone = ["listing.unpublished"] if visible else []
    maker.add(Subject("listing", number), version, version, marks, facts, whole=gone)
    return ""
