"""What our access to a shop may do, and its last orders. Asking changes nothing. Facts: the Shopify sheet, section 4,
and the Admin schema (`currentAppInstallation`).
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Later, Refused, Session, Unreadable
from chalicelib.platforms.keeping import Asking, Probe, Recent
from chalicelib.platforms.rights import lacking
from chalicelib.platforms.shopify import documents
from chalicelib.platforms.shopify.graphql import Answered, call_of, notice, understand
from chalicelib.platforms.shopify.hooks import TOKEN, UNREADABLE, told
from chalicelib.platforms.shopify.levers import LEVERS

_SCOPE = re.compile(r"(?:read|write)_[a-z_]+[a-z]")
_DATED = re.compile(r"(20[0-9]{2})-(01|04|07|10)")
_FULFILLMENT_ORDERS = ("merchant_managed", "third_party", "assigned")
READS: Mapping[str, str] = {
    "read_orders": "orders, payments and refunds are not seen",
    "read_all_orders": "orders older than 60 days are not seen",
    "read_fulfillments": "parcels are not seen",
    "read_returns": "returns are not seen",
    "read_products": "listings are not seen",
    "read_shopify_payments_disputes": "chargebacks are not seen (Shopify Payments alone has them)",
}


def probe(session: Session) -> Asking[Probe]:
    """Scopes, version, clock, and the currencies in which a refund of ours is refused."""
    token = session.credentials.get("access_token", "")
    if not token:
        return Refused(f"token: grant {TOKEN}")
    call = call_of(session, token, documents.PROBE, {})
    reply = yield call
    answer = understand(reply)
    if isinstance(answer, Refused | Later):
        return told(answer)
    asked = call.url.split("/admin/api/")[-1].split("/")[0]
    version, said = reply.headers.get("x-shopify-api-version", asked), notice(call, reply)
    try:
        return _probe(answer, version, said)
    except Unreadable:
        return UNREADABLE


def _probe(answer: Answered, version: str, said: str) -> Probe | Refused:
    installation, shop = answer.data.node("currentAppInstallation"), answer.data.node("shop")
    if installation is None:
        return Refused("no-answer")
    app = installation.node("app")
    granted = frozenset(one.text("handle") for one in installation.nodes("accessScopes"))
    notes = [said] if said else []
    own = shop.text("currencyCode") if shop else ""
    listed = shop.value.get("enabledPresentmentCurrencies") if shop else None
    others = sorted({one for one in listed if isinstance(one, str)} - {own}) if isinstance(listed, list) else []
    if others:
        shown = ", ".join(others[:5]) + (" and others" if len(others) > 5 else "")
        notes.append(f"refund: orders paid in another currency than {own} are left to a person; the shop takes {shown}")
    return Probe(
        holder=f"app {app.text('title')}"[:100] if app else "",
        version=version,
        sunset=sunset(version),
        granted=granted,
        missing=lacking(LEVERS, READS, effective(granted), _SCOPE),
        clock=answer.as_of,
        notes=tuple(notes),
    )


def effective(granted: frozenset[str]) -> frozenset[str]:
    """What these scopes come to: writing includes reading, and one kind of fulfilment order is enough for a hold."""
    reading = {one.replace("write_", "read_", 1) for one in granted if one.startswith("write_")}
    all_of = granted | reading
    kinds = {f"{way}_{kind}_fulfillment_orders" for way in ("read", "write") for kind in _FULFILLMENT_ORDERS}
    held = {one.partition("_")[0] for one in all_of & kinds}
    return all_of | {f"{way}_merchant_managed_fulfillment_orders" for way in held}


def sunset(version: str) -> date | None:
    """Until when a dated version is served for sure: twelve months; None for one without a date."""
    found = _DATED.fullmatch(version)
    return date(int(found[1]) + 1, int(found[2]), 1) if found else None


def recent(session: Session, count: int) -> Asking[Recent]:
    """Orders by their fulfilment status. Nothing is to be mapped: Shopify has a field for each mark that it knows."""
    token = session.credentials.get("access_token", "")
    if not token:
        return Refused(f"token: grant {TOKEN}")
    answer = understand((yield call_of(session, token, documents.RECENT, {})))
    if isinstance(answer, Refused | Later):
        return told(answer)
    try:
        orders = answer.data.node("orders")
        if orders is None:
            return Refused("scope: grant read_orders" if answer.denied else "no-answer")
        rows = orders.nodes("nodes")[:count]
        places = Counter(f"displayFulfillmentStatus:{one.text('displayFulfillmentStatus').lower()}" for one in rows)
        return Recent(tuple(Subject("order", one.own_id()) for one in rows), dict(places.most_common()))
    except Unreadable:
        return UNREADABLE
