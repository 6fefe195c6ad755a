"""GraphQL answers about refunds and returns -> state: what is owed, what came back, what was paid.

Facts: the Admin schema 2026-07 (fields and their descriptions), the sheet, section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import FactValue, Mark
from chalicelib.core.instants import EPOCH
from chalicelib.core.words import OURS
from chalicelib.platforms.maker import Facts
from chalicelib.platforms.shapes import seen
from chalicelib.platforms.shopify.answers import place_facts, sold
from chalicelib.platforms.shopify.bodies import ECHO
from chalicelib.platforms.shopify.fields import Node, latest
from chalicelib.platforms.shopify.state import Payment, Refund

_CAME_TO_NOTHING = frozenset(["FAILURE", "ERROR"])


def read_refund(one: Node, place: Mapping[str, FactValue | None], lines: bool = False) -> Refund:
    """A refund record. `lines`: its line items were asked for as well."""
    created, updated = one.instant("createdAt"), one.instant("updatedAt")
    version = latest(updated, created, one.instant("processedAt"))
    if version is None:
        one.refuse("updatedAt", "an instant with its offset")
    money = [tx for tx in one.nodes("transactions") if tx.text("kind") == "REFUND"]
    amounts = [tx.shop_money("amountSet") for tx in money if tx.text("status") not in _CAME_TO_NOTHING]
    amounts = amounts or [tx.shop_money("amountSet") for tx in money]
    facts = Facts()
    facts.values.update(place)
    if money:
        facts.put("amount", sum((value or Decimal(0) for value, _ in amounts), Decimal(0)))
        facts.put("currency", amounts[0][1])
    if ECHO.search(one.text("note")):
        facts.put("channel", OURS)
    order, back = one.node("order"), one.node("return")
    vendors: frozenset[str] = frozenset()
    if lines:
        items = [line for line in (part.node("lineItem") for part in one.nodes("refundLineItems")) if line]
        vendors = sold(items, facts)
    paid = []
    for tx in money:
        # Some gateways give no instant of their own; the platform then has none but that of the record.
        at = tx.instant("processedAt") or tx.instant("createdAt")
        if tx.text("status") == "SUCCESS" and at:
            paid.append(Payment(tx.own_id(), at, tx.shop_money("amountSet")[0]))
    return Refund(
        id=one.own_id(),
        order=order.own_id() if order else "",
        back=back.own_id() if back else "",
        version=version,
        approved_at=created if money else None,
        paid=tuple(paid),
        facts=facts.values,
        vendors=vendors,
    )


def return_marks(body: Node) -> list[Mark]:
    """When a return was asked for and approved. Where nobody had to approve it the shop opened it by itself: it knew of
    the wish then at the latest, and opening was approving."""
    created = body.instant("createdAt")
    if created is None:
        body.refuse("createdAt", "an instant with its offset")
    approved = body.instant("requestApprovedAt")
    if approved is None and body.text("status") in ("OPEN", "CLOSED"):
        approved = created
    marks = [Mark("return.requested", created)]
    return [*marks, Mark("return.approved", approved)] if approved else marks


_CAME_TO = {"DECLINED": "return.refused", "CANCELED": "refund.withdrawn"}


def return_end(body: Node, order: Node | None, as_of: datetime | None) -> tuple[list[Mark], frozenset[str]]:
    """How a return came to nothing, and which of such ends are taken back while it goes on. Refusing and cancelling
    leave a status and no instant: they are dated by the order's last change, each change an occurrence of its own, so
    that a later look adds one and moves none."""
    name = _CAME_TO.get(body.text("status"))
    if name is None:
        return [], frozenset(_CAME_TO.values())
    changed = (order.instant("updatedAt") if order else None) or as_of
    at = latest(changed, body.instant("createdAt"), body.instant("requestApprovedAt")) if changed else None
    return ([Mark(name, at, seen(at))] if at else []), frozenset()


@dataclass(frozen=True, slots=True)
class Return:
    """A return as of `version`."""

    id: str
    order: str
    version: datetime
    marks: tuple[Mark, ...]
    facts: Mapping[str, FactValue | None]
    vendors: frozenset[str]
    whole: frozenset[str] = frozenset()


def read_return(body: Node, as_of: datetime | None) -> Return:
    """A return. It has no `updatedAt`, and cancelling or reopening one leaves no instant, so its version is the
    platform's clock when it answered: pushes about returns say nothing, so looks compare with looks alone."""
    order, marks = body.node("order"), return_marks(body)
    ends, whole = return_end(body, order, as_of)
    marks += ends
    for reverse in body.nodes("reverseFulfillmentOrders"):
        for line in reverse.nodes("lineItems"):
            for one in line.nodes("dispositions"):
                at = one.instant("createdAt")
                if at and one.text("type") != "MISSING":
                    # Of each: goods may come back in several parcels, and the first is what most laws count from.
                    marks.append(Mark("return.received", at, one.own_id()))
    facts = Facts()
    facts.values.update(place_facts(order))
    facts.put("status", body.text("status").lower())
    facts.put("goods_expected", True)
    items = []
    for part in body.nodes("returnLineItems"):
        shipped = part.node("fulfillmentLineItem")
        item = shipped.node("lineItem") if shipped else None
        if item:
            items.append(item)
    vendors = sold(items, facts)
    _worth(body, facts)
    return Return(
        id=body.own_id(),
        order=order.own_id() if order else "",
        version=return_version(as_of, body, order, marks),
        marks=tuple(marks),
        facts=facts.values,
        vendors=vendors,
        whole=whole,
    )


def return_version(as_of: datetime | None, body: Node, order: Node | None, marks: list[Mark]) -> datetime:
    """The platform's clock when it answered; without one, the latest instant that the answer shows."""
    updated = order.instant("updatedAt") if order else None
    closed = body.instant("closedAt")
    return latest(as_of, updated, closed, *(mark.at for mark in marks)) or EPOCH


def _worth(body: Node, facts: Facts) -> None:
    """What is to be paid back: what the goods cost, and once every piece is refunded what the records add up to (a fee
    for restocking may have been kept)."""
    parts = body.nodes("returnLineItems")
    if body.more("returnLineItems") or body.more("refunds") or not parts:
        return
    reasons = {reason.text("handle") for reason in (one.node("returnReasonDefinition") for one in parts) if reason}
    if len(reasons) == 1:
        facts.put("reason", reasons.pop())
    bags = [one.shop_money("withCodeDiscountedTotalPriceSet") for one in parts]
    if all((one.count("quantity") or 0) <= (one.count("refundedQuantity") or 0) for one in parts):
        bags = [one.shop_money("totalRefundedSet") for one in body.nodes("refunds")]
    if bags and all(value is not None for value, _ in bags):
        facts.put("amount", sum((value for value, _ in bags if value is not None), Decimal(0)))
        facts.put("currency", bags[0][1])
