"""What our token may do on a store, and its last orders. The platform tells nobody which scopes a token has, so one
harmless reading call for each shows them by what answers 403; whether a scope includes writing, only writing would
show. Facts: the BigCommerce sheet, sections 2 to 4.
"""

import re
from collections import Counter
from collections.abc import Mapping

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Session
from chalicelib.platforms.bigcommerce import levers, refunding
from chalicelib.platforms.bigcommerce.api import Api
from chalicelib.platforms.bigcommerce.hooks import denied
from chalicelib.platforms.bigcommerce.names import (
    AWAITING_FULFILLMENT,
    AWAITING_SHIPMENT,
    CANCELLED,
    COMPLETED,
    DECLINED,
    INCOMPLETE,
    SHIPPED,
    store_hash,
)
from chalicelib.platforms.keeping import Asking, Probe, Recent
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.rights import lacking
from chalicelib.platforms.shapes import Body, number_id, whole

_SCOPE = re.compile(r"store_v2_[a-z_]+[a-z]")
INFORMATION, ORDERS = "store_v2_information_read_only", levers.ORDERS
PRODUCTS, TRANSACTIONS = levers.PRODUCTS, "store_v2_transactions"
READS: Mapping[str, str] = {
    INFORMATION: "the store's name and currency are not seen",
    ORDERS: "orders, parcels and messages are not seen",
    PRODUCTS: "listings are not seen",
    TRANSACTIONS: "payments and refunds are not seen",
}
WRITES = "scopes are known by reading alone: a lever that only lacks the right to write says so when it is first used"
LIST = 10
"""Orders are long and cannot be cut to a few fields."""


def probe(session: Session) -> Asking[Probe]:
    """The store, which scopes answer, and the platform's clock."""
    api = Api(session)
    store = yield from api.get("v2/store")
    if not isinstance(store, Ok | No) or (isinstance(store, No) and store.code != "scope"):
        return denied(store)
    granted, at = {INFORMATION} if isinstance(store, Ok) else set(), store.at
    orders = yield from api.get("v2/orders", limit="1", sort="date_created:desc")
    newest = number_id(orders.list[0].get("id")) if isinstance(orders, Ok) and orders.list else ""
    asked = {ORDERS: orders, PRODUCTS: (yield from api.get("v3/catalog/products", limit="1", include_fields="id"))}
    if newest:
        asked[TRANSACTIONS] = yield from api.get(f"v3/orders/{newest}/transactions", limit="1")
    for right, answer in asked.items():
        if isinstance(answer, Ok):
            granted.add(right)
        elif not isinstance(answer, No) or answer.code != "scope":
            return denied(answer)
    notes = [WRITES]
    unknown = frozenset() if newest or ORDERS not in granted else frozenset({TRANSACTIONS})
    if unknown:
        notes.append(f"whether {TRANSACTIONS} is granted shows with the store's first order")
    known = {**levers.LEVERS, **refunding.LEVERS}
    body = store.body if isinstance(store, Ok) else {}
    return Probe(
        holder=_holder(session, body),
        version="v2 (orders), v3 (the rest): undated",
        granted=frozenset(granted),
        missing=lacking(known, READS, frozenset(granted) | unknown, _SCOPE),
        clock=at,
        notes=tuple(notes + _currency(body)),
    )


def _holder(session: Session, store: Body) -> str:
    name = store.get("name")
    shown = f" ({name[:60]})" if isinstance(name, str) and name.isprintable() and name else ""
    return f"store {store_hash(session.shop)}{shown}"


def _currency(store: Body) -> list[str]:
    own = store.get("currency")
    if not isinstance(own, str) or not re.fullmatch(r"[A-Z]{3}", own):
        return []
    return [f"refund: orders paid in another currency than {own} are left to a person"]


def recent(session: Session, count: int) -> Asking[Recent]:
    """The last orders by status. The ids of statuses are the platform's own; what a merchant means by Completed is
    not."""
    api, found = Api(session), list[Body]()
    for page in range(1, max(1, -(-min(count, 100) // LIST)) + 1):
        answer = yield from api.get("v2/orders", sort="date_created:desc", page=str(page), limit=str(LIST))
        if not isinstance(answer, Ok):
            return denied(answer)
        found += answer.list
        if len(answer.list) < LIST:
            break
    kept = [one for one in found[:count] if number_id(one.get("id")) and whole(one.get("status_id")) != INCOMPLETE]
    seen = Counter(status for one in kept if (status := whole(one.get("status_id"))) is not None)
    subjects = tuple(Subject("order", number_id(one.get("id"))) for one in kept)
    return Recent(subjects, {f"status:{status}": times for status, times in seen.most_common()}, proposed(seen))


def proposed(seen: Mapping[int, int]) -> dict[str, tuple[str, ...]]:
    """What the statuses of this store most likely mean. Paid is the first one that waits for goods; Completed counts as
    delivered only where Shipped is in use beside it."""
    paid = AWAITING_FULFILLMENT if AWAITING_FULFILLMENT in seen or AWAITING_SHIPMENT not in seen else AWAITING_SHIPMENT
    said = {"order.paid": (f"status:{paid}",), "order.cancelled": (f"status:{CANCELLED}", f"status:{DECLINED}")}
    if seen.get(SHIPPED) and seen.get(COMPLETED):
        said["order.delivered"] = (f"status:{COMPLETED}",)
    return said
