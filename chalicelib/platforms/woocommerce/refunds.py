"""A refund of WooCommerce -> one event. Its id here is `ORDER:REFUND`, because the REST API finds a refund only under
its order. A refund is made in one go, so the instant at which it was created is the one at which it was paid, or, for
those that the shop only records, the one at which the shop said that it paid.
"""

from datetime import datetime

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.words import OURS
from chalicelib.platforms.base import Shop
from chalicelib.platforms.shapes import Body
from chalicelib.platforms.woocommerce.orders import READING, Part, event_id, order_facts
from chalicelib.platforms.woocommerce.shapes import gmt, ident, money

ECHO = "redress:"
"""Every refund of ours carries this in its reason: a refund that we made starts no clock of ours."""

_FROM_ORDER = ("currency", "country", "region", "buyer", "seller")


def refund_id(order: str, refund: str) -> str:
    return f"{order}:{refund}"


def split_id(subject_id: str) -> tuple[str, str]:
    """`ORDER:REFUND` -> both; two empty texts where it is not of that form."""
    order, _, refund = subject_id.partition(":")
    return (order, refund) if ident(order) and ident(refund) else ("", "")


def read_refund(refund: Body, order: Body, part: Part, shop: Shop, raw: bytes) -> Event | None:
    """One refund of an order; None where it has no id or no instant.

    `status` tells how: `gateway` (the money moved through the payment plugin) or `recorded` (the shop wrote down that
    it paid by other means). With the option `recorded_refunds: approved` a recorded one is not yet paid.
    """
    number, parent, at = ident(refund.get("id")), ident(order.get("id")), gmt(refund.get("date_created_gmt"))
    if not number or not parent or at is None:
        return None
    subject = Subject("refund", refund_id(parent, number))
    amount = money(refund.get("amount"))
    if amount is None:
        amount = money(refund.get("total"))
    amount = abs(amount) if amount is not None else None
    of_order = order_facts(order, part)
    facts: dict[str, FactValue | None] = {name: of_order[name] for name in _FROM_ORDER if name in of_order}
    if amount is not None:
        facts["amount"] = facts["refunded"] = amount
    by_gateway = refund.get("refunded_payment") is True
    facts["status"] = "gateway" if by_gateway else "recorded"
    reason = refund.get("reason")
    if isinstance(reason, str) and ECHO in reason:
        facts["channel"] = OURS
    marks = [Mark("refund.approved", at)]
    if by_gateway or shop.options.get("recorded_refunds") != "approved":
        marks.append(Mark("refund.paid", at, value=amount))
    else:
        facts.pop("refunded", None)
    links = [Link("order", "order", parent)]
    if part.basket:
        links.append(Link("basket", "order", part.basket))
    return Event(
        id=event_id("look", str(subject), at, raw),
        subject=subject,
        occurred_at=at,
        version=at,
        look=True,
        reading=READING,
        marks=tuple(marks),
        facts=facts,
        links=tuple(links),
    )


def gone_refund(subject: Subject, order: str, asked_at: datetime, raw: bytes) -> Event:
    """A refund that the shop deleted: what it stated is taken back."""
    return Event(
        id=event_id("gone", str(subject), asked_at, raw),
        subject=subject,
        occurred_at=asked_at,
        version=asked_at,
        look=True,
        reading=READING,
        marks=(Mark("refund.approved", None), Mark("refund.paid", None)),
        facts={"status": "deleted", "refunded": None},
        links=(Link("order", "order", order),),
    )
