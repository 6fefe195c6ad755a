"""Webhook bodies of orders, parcels and refunds -> state. REST-shaped JSON, dates with an offset, money as text.

Customers' names, addresses, e-mail, notes and links are in these bodies; of the person only the customer's number is
taken, which the shell turns into a keyed hash. Facts: the Shopify sheet, section 3.
"""

import re
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import FactValue
from chalicelib.core.words import OURS
from chalicelib.platforms.maker import Facts
from chalicelib.platforms.shopify.fields import Node, latest, single
from chalicelib.platforms.shopify.state import Line, Order, Parcel, Payment, Refund
from chalicelib.platforms.shopify.statements import vendor_id

ECHO = re.compile(r"\bredress:[A-Za-z0-9]")
"""Our key in a refund's note: the refund is our own doing."""

SENT = "success"
"""The one status of a fulfillment that means sent: pending and open wait for a warehouse, others came to nothing."""

WAITING = frozenset(["pending", "open"])

_ISO_2 = re.compile(r"[A-Z0-9]{1,3}")


def region_of(country: str, province: str) -> str:
    """ISO 3166-2 from Shopify's province code, which has the country before it in some countries only."""
    if province.startswith(country + "-"):
        return province
    return f"{country}-{province}" if country and _ISO_2.fullmatch(province) else ""


def read_order(body: Node) -> Order | None:
    """None where the body has no `updated_at`: without it nothing can be put in order, so the platform is asked."""
    version = body.instant("updated_at")
    order_id = body.own_id()
    if version is None:
        return None
    fulfilled = body.text("fulfillment_status") == "fulfilled" if body.has("fulfillment_status") else None
    given_back = _given_back(body) if body.has("refunds") else None
    return Order(
        id=order_id,
        version=version,
        # The instant of the sale: imported history keeps its own, and must not start clocks as if it were of today.
        placed_at=body.instant("processed_at") or body.instant("created_at"),
        cancelled_at=body.instant("cancelled_at"),
        fulfilled=fulfilled,
        facts=_order_facts(body, given_back),
        parcels=_parcels(body, order_id, version) if body.has("fulfillments") else None,
        lines=_lines(body) if body.has("line_items") else None,
        given_back=given_back,
    )


def _order_facts(
    body: Node, given_back: tuple[tuple[Decimal, frozenset[str]], ...] | None
) -> dict[str, FactValue | None]:
    facts = Facts()
    place = body.node("shipping_address") or body.node("billing_address")
    if place:
        country = place.text("country_code").upper()
        facts.put("country", country)
        facts.put("region", region_of(country, place.text("province_code").upper()))
    facts.put("currency", body.text("currency"))
    facts.put("amount", body.money("total_price"))
    if given_back is not None:
        facts.put("refunded", sum((value for value, _ in given_back), Decimal(0)))
    facts.put("status", body.text("financial_status"))
    facts.put("reason", body.text("cancel_reason"))
    facts.put("channel", channel_of(body.text("source_name")))
    customer = body.node("customer")
    if customer:
        facts.put("buyer", customer.id("id"))
    return facts.values


def channel_of(source_name: str) -> str:
    """The sales channel, which must not be taken for a mark of our own."""
    return "" if source_name.casefold().startswith(OURS) else source_name


def _given_back(body: Node) -> tuple[tuple[Decimal, frozenset[str]], ...] | None:
    """What went back so far, by record; None where a transaction is in another currency than the order."""
    found = []
    for refund in body.nodes("refunds"):
        value = Decimal(0)
        for one in refund.nodes("transactions"):
            if one.text("kind") == "refund" and one.text("status") == SENT:
                if one.text("currency") not in ("", body.text("currency")):
                    return None
                value += one.money("amount") or Decimal(0)
        lines = [line for line in (part.node("line_item") for part in refund.nodes("refund_line_items")) if line]
        found.append((value, frozenset(vendor_id(line.text("vendor")) for line in lines)))
    return tuple(found)


def _lines(body: Node) -> tuple[Line, ...]:
    plus_tax = body.flag("taxes_included") is False
    lines = []
    for line in body.nodes("line_items"):
        lines.append(
            Line(
                vendor=vendor_id(line.text("vendor")),
                product=line.id("product_id") or "",
                # Not `fulfillable_quantity`: it is 0 as soon as a warehouse has the line, long before that is sent.
                done=line.text("fulfillment_status") == "fulfilled" or line.count("current_quantity") == 0,
                amount=_line_amount(line, plus_tax),
            )
        )
    return tuple(lines)


def _line_amount(line: Node, plus_tax: bool) -> Decimal | None:
    price, quantity = line.money("price"), line.count("quantity")
    if price is None or quantity is None or not 0 <= quantity < 10**6:
        return None
    off = sum((one.money("amount") or Decimal(0) for one in line.nodes("discount_allocations")), Decimal(0))
    tax = sum((one.money("price") or Decimal(0) for one in line.nodes("tax_lines")), Decimal(0))
    return price * quantity - off + (tax if plus_tax else Decimal(0))


def _parcels(body: Node, order_id: str, version: datetime) -> tuple[Parcel, ...]:
    found = [read_parcel(one, order_id, version) for one in body.nodes("fulfillments")]
    return tuple(parcel for parcel in found if parcel is not None)


def read_parcel(body: Node, order: str, otherwise: datetime | None = None) -> Parcel | None:
    """A fulfillment; `otherwise`: the version where it has no `updated_at` of its own. None without its instants."""
    created_at = body.instant("created_at")
    version = body.instant("updated_at") or otherwise
    parcel_id = body.own_id()
    if created_at is None or version is None:
        return None
    facts = Facts()
    facts.put("carrier", body.text("tracking_company"))
    facts.put("tracking", body.text("tracking_number"))
    facts.put("status", body.text("shipment_status") or body.text("status"))
    vendors = None
    if body.has("line_items"):
        vendors = frozenset(vendor_id(line.text("vendor")) for line in body.nodes("line_items"))
        if len(vendors - {""}) == 1:
            facts.put("seller", next(iter(vendors - {""})))
    status = body.text("status")
    return Parcel(
        parcel_id, order, version, created_at, status == SENT, facts.values, vendors=vendors, waiting=status in WAITING
    )


def read_refund(body: Node) -> Refund | None:
    """A refund record; None where nothing in it has an instant."""
    refund_id = body.own_id()
    back = body.node("return")
    money = [one for one in body.nodes("transactions") if one.text("kind") == "refund"]
    moments = [body.instant("created_at"), body.instant("processed_at"), body.instant("updated_at")]
    moments += [one.instant(name) for one in money for name in ("created_at", "processed_at")]
    version = latest(*moments)
    if version is None:
        return None
    own = _own_currencies(body)
    told = {one.text("currency") for one in money} - NO_CURRENCY
    # Transactions in the buyer's currency while the order is kept in the shop's: a look, which is answered in the
    # shop's, tells the amounts.
    foreign = len(told | own) > 1
    facts = Facts()
    sums = [one.money("amount") or Decimal(0) for one in money if one.text("status") not in ("failure", "error")]
    if money and not foreign:
        facts.put("amount", sum(sums or [one.money("amount") or Decimal(0) for one in money], Decimal(0)))
        facts.put("currency", single(iter(told | own)))
    if ECHO.search(body.text("note")):
        facts.put("channel", OURS)
    lines = [line for line in (one.node("line_item") for one in body.nodes("refund_line_items")) if line]
    vendors = frozenset(vendor_id(line.text("vendor")) for line in lines)
    if len(vendors - {""}) == 1:
        facts.put("seller", next(iter(vendors - {""})))
    products = {line.id("product_id") for line in lines} - {None}
    if len(products) == 1:
        facts.put("product", products.pop())
    return Refund(
        id=refund_id,
        order=body.id("order_id") or "",
        back=(back.own_id() if back else ""),
        version=version,
        # A record without any transaction promises no money: lines were taken off an order that was not paid yet.
        approved_at=body.instant("created_at") if money else None,
        paid=tuple(_paid(one, foreign) for one in money if one.text("status") == SENT and one.instant("processed_at")),
        facts=facts.values,
        vendors=vendors,
    )


def _paid(transaction: Node, foreign: bool) -> Payment:
    at = transaction.instant("processed_at")
    if at is None:
        transaction.refuse("processed_at", "an instant with its offset")
    return Payment(transaction.own_id(), at, None if foreign else transaction.money("amount"))


NO_CURRENCY = frozenset(["", "XXX"])
"""How a currency is written that there is none of."""


def _own_currencies(body: Node) -> set[str]:
    """The shop's own currency as a refund's body tells it: one, or none where nothing in it does."""
    bags = [body.node(name) for name in ("total_duties_set", "total_additional_fees_set")]
    bags += [line.node("subtotal_set") for line in body.nodes("refund_line_items")]
    return {_shop_currency(bag) for bag in bags} - NO_CURRENCY


def _shop_currency(bag: Node | None) -> str:
    money = bag.node("shop_money") if bag else None
    return money.text("currency_code") if money else ""
