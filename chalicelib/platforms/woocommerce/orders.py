"""An order of WooCommerce's REST API -> one event. Never a name, an address, a mail address or a note: what leaves here
is ids, codes, money and instants. Facts: the field map of the WooCommerce sheet.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.words import Vocabulary
from chalicelib.platforms.base import Shop
from chalicelib.platforms.shapes import Body, child, letters, rows
from chalicelib.platforms.woocommerce.defaults import MAPPING
from chalicelib.platforms.woocommerce.history import Entered
from chalicelib.platforms.woocommerce.shapes import code, gmt, ident, money, region
from chalicelib.platforms.woocommerce.sources import (
    TRACKING,
    Silence,
    Story,
    Told,
    cancelled,
    tell,
    tracked,
)

READING = 1
"""Number of this way of reading; raised when a fix must beat what was read before."""

DRAFTS = frozenset({"checkout-draft", "auto-draft"})
"""The buyer is still typing: nothing was ordered."""

_DECIDED_HERE = frozenset({"order.placed", "order.paid", "order.part_shipped"})


@dataclass(frozen=True, slots=True)
class Part:
    """Whose part of which purchase an order is. `skip`: why it is nobody's and must not be timed."""

    seller: str = ""
    basket: str = ""
    skip: str = ""


def plain_part(body: Body) -> Part:
    """WooCommerce alone knows no sellers; a parent means that some marketplace plugin split a basket."""
    return Part(basket=ident(body.get("parent_id")))


PartOf = Callable[[Body], Part]


@dataclass(frozen=True, slots=True)
class OrderRead:
    """What an order's body said: an event, whether a look would tell more, or why there is nothing to say."""

    event: Event | None = None
    look: bool = False
    ignored: str = ""


@dataclass(slots=True)
class _Marks:
    """Marks as they are gathered: what is listed in full, what was found unfit, whether a look would help."""

    marks: list[Mark] = field(default_factory=list)
    whole: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)
    ask: bool = False


def read_order(
    body: Body,
    shop: Shop,
    part_of: PartOf,
    event_id: str,
    *,
    entered: tuple[Entered, ...] | None = None,
    look: bool = False,
) -> OrderRead:
    """One order -> one event. `entered`: the statuses it went through, known after a look only.

    Without the instant of its last change nothing can be ordered in time, so nothing is asserted and a look is asked.
    """
    number, status = ident(body.get("id")), code(body.get("status")) or ""
    version = gmt(body.get("date_modified_gmt"))
    if status in DRAFTS:
        return OrderRead(ignored=f"order {status}: nothing is placed yet")
    part = part_of(body)
    if part.skip:
        return OrderRead(ignored=part.skip)
    if version is None:
        return OrderRead(look=not look, ignored="" if not look else "an order without date_modified_gmt")
    found = _marks(Story(body, status, entered), {**MAPPING, **shop.mapping}, shop.words)
    facts = order_facts(body, part)
    if body.get("status") is not None and not status:
        found.dropped.append("status")
    event = Event(
        id=event_id,
        subject=Subject("order", number),
        occurred_at=version,
        version=version,
        look=look,
        reading=READING,
        marks=tuple(found.marks),
        facts=facts,
        whole=frozenset(found.whole),
        links=(Link("basket", "order", part.basket),) if part.basket else (),
        dropped=tuple(found.dropped),
    )
    return OrderRead(event, look=not look and (found.ask or bool(rows(body, "refunds"))))


def order_facts(body: Body, part: Part) -> dict[str, FactValue | None]:
    """The facts of an order that the body speaks of; a value that is gone is taken back."""
    facts: dict[str, FactValue | None] = {}
    if "status" in body and (status := code(body["status"])) is not None:
        facts["status"] = status
    if (currency := letters(body.get("currency"), 3)) is not None:
        facts["currency"] = currency
    if (total := money(body.get("total"))) is not None:
        facts["amount"] = total
    if "shipping" in body or "billing" in body:
        places = (child(body, "shipping"), child(body, "billing"))
        place = next((one for one in places if letters(one.get("country"), 2)), {})
        country = letters(place.get("country"), 2)
        facts["country"] = country
        facts["region"] = region(country or "", place.get("state"))
    if "customer_id" in body:
        facts["buyer"] = ident(body["customer_id"]) or None
    if isinstance(body.get("refunds"), list):
        facts["refunded"] = refunded(body)
    products = {ident(row.get("product_id")) for row in rows(body, "line_items")}
    if products:
        only = products.pop() if len(products) == 1 else ""
        facts["product"] = only or None
    if part.seller:
        facts["seller"] = part.seller
    return facts


def refunded(body: Body) -> Decimal:
    """What was given back so far. Each refund's total is negative text."""
    return sum((abs(money(row.get("total")) or Decimal(0)) for row in rows(body, "refunds")), Decimal(0))


def _marks(story: Story, mapping: Mapping[str, tuple[str, ...]], words: Vocabulary) -> _Marks:
    found, body = _Marks(), story.body
    if (placed := gmt(body.get("date_created_gmt"))) is not None:
        found.marks.append(Mark("order.placed", placed))
    if "date_paid_gmt" in body:
        found.marks.append(Mark("order.paid", gmt(body["date_paid_gmt"])))
    for source in mapping.get("order.part_shipped", ()):
        _pieces(source, story, found)
    for name, sources in mapping.items():
        if name in _DECIDED_HERE or not name.startswith("order."):
            continue
        if name not in words.marks:
            found.dropped.append(name)
            continue
        told = _first(name, sources, story, found)
        if isinstance(told, datetime):
            found.marks.append(Mark(name, told))
        elif told is Silence.NONE and sources:
            found.marks.append(Mark(name, None))
        # A known state of cancelling ends every earlier statement, such as that the order was not to be found.
        if name == "order.cancelled" and told is not Silence.QUIET:
            found.whole.add(name)
    return found


def _pieces(source: str, story: Story, found: _Marks) -> None:
    kind, _, key = source.partition(":")
    if kind != "tracking" or not isinstance(story.body.get("meta_data"), list):
        return
    pieces = tracked(story.body, key or TRACKING)
    if pieces is None:
        found.dropped.append(source)
        return
    found.marks.extend(pieces)
    found.whole.add("order.part_shipped")


def _first(name: str, sources: tuple[str, ...], story: Story, found: _Marks) -> Told:
    """The first source with an instant; else the most that all of them together allow to say."""
    silences: set[Silence] = set()
    if name == "order.cancelled" and any(source.startswith("status:") for source in sources):
        told = cancelled(story, sources)
        if isinstance(told, datetime):
            return told
        silences.add(told)
        found.ask |= told is Silence.ASK
        sources = tuple(source for source in sources if not source.startswith("status:"))
    unsure = False
    for source in sources:
        told = tell(source, story)
        if isinstance(told, datetime):
            if unsure and story.entered is None:
                # A source that goes before it may know an earlier instant: the notes decide, not this body.
                found.ask = True
                return Silence.QUIET
            return told
        unsure |= told is Silence.QUIET
        silences.add(told)
        found.ask |= told is Silence.ASK
        if told is Silence.UNFIT:
            found.dropped.append(source)
    return Silence.NONE if silences <= {Silence.NONE} else Silence.QUIET


def event_id(origin: str, subject: str, version: datetime | None, raw: bytes) -> str:
    """A name for a statement: what said it, about what, as of when, and a digest of its bytes.

    WooCommerce's own delivery ids repeat within one second, so they name nothing.
    """
    stamp = f"{version:%Y%m%dT%H%M%S}" if version is not None else "undated"
    return f"{origin}:{subject}:{stamp}:{hashlib.sha256(raw).hexdigest()[:16]}"
