"""From what Shopify says to events: which marks are true, on which subject, as of which version.

Must never give a mark an instant that the platform did not give. Why each mark stands where it stands is said beside
it, because people's deadlines hang on it. Facts: the Shopify sheet, sections 2, 3 and 5.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject, Version
from chalicelib.core.facts import ID_BYTES, read_money
from chalicelib.platforms.base import Shop
from chalicelib.platforms.shopify.state import Line, Order, Parcel, Refund

READING = 1
"""Number of this way of reading; to be raised when a fix must beat what was read before."""


class Maker:
    """Makes the events of one delivery or one look; numbers them, so that each id is unique and stable."""

    def __init__(self, source_id: str, look: bool = False) -> None:
        self._source_id, self._look = source_id, look
        self.events: list[Event] = []

    def add(
        self,
        subject: Subject,
        version: Version,
        occurred_at: datetime,
        marks: Iterable[Mark] = (),
        facts: Mapping[str, FactValue | None] | None = None,
        links: Iterable[Link] = (),
        whole: Iterable[str] = (),
        dropped: Iterable[str] = (),
        source: str = "platform",
    ) -> None:
        """One more event; nothing where it would say nothing."""
        marks, links, whole = tuple(marks), tuple(links), frozenset(whole)
        # A sum or a product of sums of money may leave the range in which money is told.
        facts = {name: value for name, value in (facts or {}).items() if not _beyond(value)}
        if not (marks or facts or links or whole):
            return
        self.events.append(
            Event(
                f"{self._source_id}:{len(self.events)}", subject, occurred_at, version, source, self._look, READING,
                marks, facts, whole, links, tuple(dropped),
            )
        )  # fmt: skip

    def done(self) -> tuple[Event, ...]:
        return tuple(self.events)


def _beyond(value: FactValue | None) -> bool:
    if not isinstance(value, Decimal):
        return False
    try:
        read_money(f"{value:f}")
    except ValueError:
        return True
    return False


def splits(shop: Shop) -> bool:
    """Whether this shop's vendors are sellers of their own, so that an order is several cases."""
    return shop.options.get("split") == "vendor"


def vendor_id(text: str) -> str:
    """A vendor's free text as a seller id: NFC, single spaces, printable, short enough to follow an order's id."""
    clean = "".join(one for one in " ".join(text.split()) if one.isprintable())
    clean = " ".join(unicodedata.normalize("NFC", clean).split())
    return clean.encode("utf-8", "ignore")[: ID_BYTES - 24].decode("utf-8", "ignore").strip()


def part_id(order: str, vendor: str) -> str:
    """The id of one seller's part of an order; what has no vendor stays with the plain order id."""
    return f"{order}:{vendor}" if vendor else order


def order_links(shop: Shop, order: str, vendors: Iterable[str] = ()) -> tuple[Link, ...]:
    """From a refund, a parcel or a dispute to its order; where orders are split, to the parts and to the basket."""
    if not order:
        return ()
    if not splits(shop):
        return (Link("order", "order", order),)
    parts = tuple(Link("order", "order", part_id(order, vendor)) for vendor in sorted(set(vendors)))
    return (*parts, Link("basket", "order", order))


def say_order(maker: Maker, order: Order, shop: Shop) -> bool:
    """The events of an order. False where the body tells too little to split it, so that a look is needed."""
    if not splits(shop):
        facts = dict(order.facts)
        if order.lines is not None:
            # Several vendors: no one seller answers for the whole, so a name from an older body is taken back.
            facts.update(_told("seller", {line.vendor for line in order.lines}))
            facts.update(_told("product", {line.product for line in order.lines}))
        _say_part(maker, order, order.id, order.parcels, order.fulfilled, facts, ())
        return True
    if order.lines is None or any(parcel.vendors is None for parcel in order.parcels or ()):
        return False
    for vendor in sorted({line.vendor for line in order.lines}):
        lines = [line for line in order.lines if line.vendor == vendor]
        parcels = order.parcels
        if parcels is not None:
            parcels = tuple(parcel for parcel in parcels if vendor in (parcel.vendors or ()))
        fulfilled = None if order.fulfilled is None else all(line.done for line in lines)
        # Shipping is not told by vendor, so a part says nothing of it.
        facts = {name: value for name, value in order.facts.items() if name not in ("amount", "refunded")}
        facts.update(_part_facts(vendor, lines))
        if order.given_back is not None:
            # Counted too often rather than too seldom: money must not go back twice.
            own = [value for value, named in order.given_back if vendor in named or not named]
            facts["refunded"] = sum(own, Decimal(0))
        basket = (Link("basket", "order", order.id),)
        _say_part(maker, order, part_id(order.id, vendor), parcels, fulfilled, facts, basket)
    return True


def _told(name: str, values: set[str]) -> dict[str, FactValue | None]:
    values.discard("")
    return {name: values.pop() if len(values) == 1 else None}


def _part_facts(vendor: str, lines: list[Line]) -> dict[str, FactValue | None]:
    facts: dict[str, FactValue | None] = {"seller": vendor} if vendor else {}
    facts.update(_told("product", {line.product for line in lines}))
    amounts = [line.amount for line in lines if line.amount is not None]
    if len(amounts) == len(lines):
        facts["amount"] = sum(amounts, Decimal(0))
    return facts


def _say_part(
    maker: Maker,
    order: Order,
    case: str,
    parcels: tuple[Parcel, ...] | None,
    fulfilled: bool | None,
    facts: Mapping[str, FactValue | None],
    links: tuple[Link, ...],
) -> None:
    marks: list[Mark] = []
    whole: list[str] = []
    if order.placed_at:
        marks.append(Mark("order.placed", order.placed_at))
    # Shopify cannot undo a cancellation, so its absence takes nothing back.
    if order.cancelled_at:
        marks.append(Mark("order.cancelled", order.cancelled_at))
    if order.payments is not None:
        marks += [Mark("order.paid", one.at, one.id, value=one.value) for one in order.payments]
        whole += ["order.paid"] * order.complete
    if parcels is not None:
        live = [parcel for parcel in parcels if parcel.shipped]
        if fulfilled and any(parcel.waiting for parcel in parcels):
            # Every line has its parcel, but not every parcel has left.
            fulfilled = False
        marks += [Mark("order.part_shipped", one.created_at, one.id) for one in live]
        whole += ["order.part_shipped"] * order.complete
        marks += _shipped(live, fulfilled, order.complete)
        if order.knows_delivery:
            marks += _delivered(live, fulfilled, order.complete)
    subject = Subject("order", case)
    maker.add(subject, order.version, order.version, marks, facts, links, whole)


def _shipped(live: list[Parcel], fulfilled: bool | None, complete: bool) -> list[Mark]:
    """The whole is shipped when nothing is left to ship, with the last parcel; else that is taken back: a parcel was
    cancelled, or an edit added lines. Orders closed without any parcel (gift cards) say nothing."""
    if fulfilled is None:
        return []
    if not fulfilled:
        return [Mark("order.shipped", None)]
    if not live or not complete:
        return []
    return [Mark("order.shipped", max(parcel.created_at for parcel in live))]


def _delivered(live: list[Parcel], fulfilled: bool | None, complete: bool) -> list[Mark]:
    arrived = [(parcel.id, parcel.delivered_at) for parcel in live if parcel.delivered_at]
    marks = [Mark("order.part_delivered", at, of) for of, at in arrived]
    if fulfilled and complete and live and len(arrived) == len(live):
        return [*marks, Mark("order.delivered", max(at for _, at in arrived))]
    return [*marks, Mark("order.delivered", None)] if fulfilled is not None else marks


def say_parcel(maker: Maker, parcel: Parcel, shop: Shop) -> None:
    """The parcel as a shipment of its own."""
    marks = [Mark("shipment.created", parcel.created_at if parcel.shipped else None)]
    if parcel.delivered_at:
        marks.append(Mark("shipment.delivered", parcel.delivered_at))
    links = order_links(shop, parcel.order, parcel.vendors or ())
    maker.add(Subject("shipment", parcel.id), parcel.version, parcel.version, marks, parcel.facts, links)


def say_refund(maker: Maker, refund: Refund, shop: Shop) -> None:
    """A refund record, on the case of its return where it has one.

    Nobody tells when it was asked for, so `refund.requested` is never said. `refund.approved` is the record itself
    (the shop decided to pay); `refund.paid` only a transaction that the payment provider carried out.
    """
    marks = [Mark("refund.paid", one.at, one.id, value=one.value) for one in refund.paid]
    if refund.approved_at:
        marks.insert(0, Mark("refund.approved", refund.approved_at, refund.id))
    facts = dict(refund.facts)
    if refund.back:
        # A return may be paid back in several records: what one of them adds up to is not what the return is worth.
        facts = {name: value for name, value in facts.items() if name not in ("amount", "channel")}
    subject = Subject("refund", refund.back or refund.id)
    links = order_links(shop, refund.order, refund.vendors)
    maker.add(subject, refund.version, refund.version, marks, facts, links)
