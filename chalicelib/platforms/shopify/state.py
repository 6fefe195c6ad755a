"""What Shopify says of an order, a parcel or a refund, whether in a webhook body or in a GraphQL answer.

Both are parsed into these, and `statements` turns these into events, so that a push and a look never say different
things about the same register. None where the platform did not say (a body may be cut down with includeFields).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import FactValue


@dataclass(frozen=True, slots=True)
class Parcel:
    """A fulfillment. `shipped`: the platform holds it for sent (success), not pending, failed or cancelled. `waiting`:
    a warehouse has it and has not sent it yet."""

    id: str
    order: str
    version: datetime
    created_at: datetime
    shipped: bool
    facts: Mapping[str, FactValue | None] = field(default_factory=dict)
    delivered_at: datetime | None = None
    vendors: frozenset[str] | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line item: whose it is, what, whether nothing of it is left to ship, and what it costs before shipping."""

    vendor: str
    product: str
    done: bool
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in, or went back: one successful transaction."""

    id: str
    at: datetime
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as of `version`. `complete`: no list in it was cut off."""

    id: str
    version: datetime
    placed_at: datetime | None
    cancelled_at: datetime | None
    fulfilled: bool | None
    facts: Mapping[str, FactValue | None]
    parcels: tuple[Parcel, ...] | None
    lines: tuple[Line, ...] | None
    payments: tuple[Payment, ...] | None = None
    given_back: tuple[tuple[Decimal, frozenset[str]], ...] | None = None
    """What went back by record, and whose lines each record names; without lines it may be anybody's."""
    complete: bool = True
    knows_delivery: bool = False


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund record. `approved_at` None: no money was promised by it (or the body does not tell)."""

    id: str
    order: str
    back: str
    """The return that it belongs to; empty for a refund without one."""
    version: datetime
    approved_at: datetime | None
    paid: tuple[Payment, ...]
    facts: Mapping[str, FactValue | None]
    vendors: frozenset[str] = frozenset()
