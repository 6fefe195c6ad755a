"""GraphQL answers about orders and parcels -> state. Instants in UTC, money in the shop's currency.

Facts: the Admin schema 2026-07 (fields and their descriptions), the sheet, section 3.
"""

from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import FactValue
from chalicelib.platforms.maker import Facts
from chalicelib.platforms.shopify import documents
from chalicelib.platforms.shopify.bodies import SENT, WAITING, channel_of, region_of
from chalicelib.platforms.shopify.fields import Node, latest
from chalicelib.platforms.shopify.state import Line, Order, Parcel, Payment
from chalicelib.platforms.shopify.statements import vendor_id

_SETTLED = frozenset(["PAID", "PARTIALLY_REFUNDED", "REFUNDED"])
_INCOMING = frozenset(["SALE", "CAPTURE"])


def place_facts(order: Node | None) -> dict[str, FactValue | None]:
    """Country, region and zone of where an order goes, or else of who pays it."""
    facts = Facts()
    place = (order.node("shippingAddress") or order.node("billingAddress")) if order else None
    if place:
        country = place.text("countryCodeV2")
        facts.put("country", country)
        facts.put("region", region_of(country, place.text("provinceCode").upper()))
        facts.put("zone", place.text("timeZone"))
    return facts.values


def sold(items: list[Node], facts: Facts, goods: bool = True) -> frozenset[str]:
    """The vendors of line items, in their one form; the one seller and the one product are put among the facts."""
    vendors = frozenset(vendor_id(line.text("vendor")) for line in items)
    if len(vendors - {""}) == 1:
        facts.put("seller", next(iter(vendors - {""})))
    if not goods:
        return vendors
    products = {product.own_id() for product in (line.node("product") for line in items) if product}
    if len(products) == 1:
        facts.put("product", products.pop())
    return vendors


def read_order(body: Node, size: documents.Sizes) -> Order:
    """An order. Its lists cannot be null in the schema: one that was kept from us would take the order with it."""
    order_id, updated = body.own_id(), body.instant("updatedAt")
    if updated is None:
        body.refuse("updatedAt", "an instant with its offset")
    cut_off = (
        len(body.nodes("fulfillments")) >= size.parcels
        or len(body.nodes("transactions")) >= size.transactions
        or body.more("lineItems")
        or body.more("fulfillmentOrders")
        or any(one.more("fulfillmentLineItems") for one in body.nodes("fulfillments"))
    )
    parcels = tuple(_parcel(one, order_id) for one in body.nodes("fulfillments"))
    facts = Facts()
    facts.values.update(place_facts(body))
    amount, currency = body.shop_money("totalPriceSet")
    facts.put("amount", amount)
    facts.put("currency", currency)
    facts.put("refunded", body.shop_money("totalRefundedSet")[0])
    facts.put("status", body.text("displayFinancialStatus").lower())
    facts.put("reason", body.text("cancelReason").lower())
    facts.put("channel", channel_of(body.text("sourceName")))
    customer = body.node("customer")
    if customer:
        facts.put("buyer", customer.own_id())
    _promises(body, facts)
    return Order(
        id=order_id,
        version=_version(body, updated),
        placed_at=body.instant("processedAt") or body.instant("createdAt"),
        cancelled_at=body.instant("cancelledAt"),
        fulfilled=body.text("displayFulfillmentStatus") == "FULFILLED",
        facts=facts.values,
        parcels=parcels,
        lines=_lines(body),
        payments=_payments(body, amount),
        given_back=_given_back(body, size),
        complete=not cut_off,
        knows_delivery=True,
    )


def _version(body: Node, updated: datetime) -> datetime:
    """As of when the answer holds. A delivery, a new promise or a payment need not touch the order's `updatedAt`, so it
    is the latest instant that the answer shows."""
    seen = [updated]
    for name, fields in (
        ("fulfillments", ("updatedAt", "deliveredAt")),
        ("fulfillmentOrders", ("updatedAt",)),
        ("transactions", ("processedAt", "createdAt")),
    ):
        seen += [at for one in body.nodes(name) for at in [one.instant(field) for field in fields] if at]
    return max(seen)


def _given_back(body: Node, size: documents.Sizes) -> tuple[tuple[Decimal, frozenset[str]], ...]:
    refunds = body.nodes("refunds")
    if len(refunds) >= size.refunds:
        return ((body.shop_money("totalRefundedSet")[0] or Decimal(0), frozenset()),)
    found = []
    for one in refunds:
        lines = [line for line in (part.node("lineItem") for part in one.nodes("refundLineItems")) if line]
        vendors = frozenset(vendor_id(line.text("vendor")) for line in lines)
        value = one.shop_money("totalRefundedSet")[0] or Decimal(0)
        found.append((value, frozenset() if one.more("refundLineItems") else vendors))
    return tuple(found)


_OVER = frozenset(["CLOSED", "CANCELLED"])


def _promises(body: Node, facts: Facts) -> None:
    """The next promise: the earliest of what is still to be sent, and once all is sent the last one, so that an order
    in two parts is late when its first part is, and not before its second part is due."""
    open_, kept, arrive = [], [], []
    for one in body.nodes("fulfillmentOrders"):
        by, status = one.instant("fulfillBy"), one.text("status")
        method = one.node("deliveryMethod")
        until = method.instant("maxDeliveryDateTime") if method else None
        if status != "CANCELLED" and until:
            arrive.append(until)
        if by and status not in _OVER:
            open_.append(by)
        elif by and status == "CLOSED":
            kept.append(by)
    facts.told("ship_by", min(open_) if open_ else max(kept, default=None))
    facts.told("deliver_by", max(arrive, default=None))


def _parcel(one: Node, order: str) -> Parcel:
    created, updated = one.instant("createdAt"), one.instant("updatedAt")
    if created is None or updated is None:
        one.refuse("updatedAt" if created else "createdAt", "an instant with its offset")
    facts = Facts()
    for tracking in one.nodes("trackingInfo")[:1]:
        facts.put("carrier", tracking.text("company"))
        facts.put("tracking", tracking.text("number"))
    facts.put("status", (one.text("displayStatus") or one.text("status")).lower())
    facts.put("deliver_by", one.instant("estimatedDeliveryAt"))
    vendors = None
    if one.has("fulfillmentLineItems"):
        lines = [line.node("lineItem") for line in one.nodes("fulfillmentLineItems")]
        vendors = sold([line for line in lines if line], facts, goods=False)
    delivered = one.instant("deliveredAt")
    version = latest(updated, delivered) or updated
    status = one.text("status").lower()
    return Parcel(
        one.own_id(), order, version, created, status == SENT, facts.values, delivered, vendors, status in WAITING
    )


def _lines(body: Node) -> tuple[Line, ...]:
    plus_tax = body.flag("taxesIncluded") is False
    lines = []
    for one in body.nodes("lineItems"):
        product = one.node("product")
        amount = one.shop_money("discountedTotalSet")[0]
        if amount is not None and plus_tax:
            amount += sum((tax.shop_money("priceSet")[0] or Decimal(0) for tax in one.nodes("taxLines")), Decimal(0))
        done = one.count("unfulfilledQuantity") == 0
        lines.append(Line(vendor_id(one.text("vendor")), product.own_id() if product else "", done, amount))
    return tuple(lines)


def _payments(body: Node, total: Decimal | None) -> tuple[Payment, ...]:
    """The transaction with which the whole was paid. A deposit is not yet a payment of the order; what was edited or
    rounded down afterwards is paid with its last transaction; what costs nothing has none, and is paid when placed."""
    if body.text("displayFinancialStatus") not in _SETTLED:
        return ()
    came = []
    for one in body.nodes("transactions"):
        at = one.instant("processedAt") or one.instant("createdAt")
        if one.text("kind") in _INCOMING and one.text("status") == "SUCCESS" and at:
            came.append((at, one.own_id(), one.shop_money("amountSet")[0] or Decimal(0)))
    paid = Decimal(0)
    for at, of, value in sorted(came):
        paid += value
        if total is not None and paid >= total:
            return (Payment(of, at, paid),)
    if came:
        return (Payment(max(came)[1], max(came)[0], paid),)
    placed = body.instant("processedAt") or body.instant("createdAt")
    return (Payment("", placed, total),) if placed and total == 0 else ()
