"""What our app may do in a shop, and its last orders. Facts: the Saleor sheet, section 4, and the schema of 3.22."""

import re
from collections import Counter
from collections.abc import Mapping

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Later, Refused, Session
from chalicelib.platforms.keeping import Asking, Probe, Recent
from chalicelib.platforms.rights import lacking
from chalicelib.platforms.saleor import documents, levers, listings, refunding
from chalicelib.platforms.saleor.graphql import ask
from chalicelib.platforms.saleor.hooks import RIGHTS, told
from chalicelib.platforms.shapes import child, ident, rows, state, text

_PERMISSION = re.compile(r"(?:MANAGE|HANDLE)_[A-Z_]+[A-Z]|Saleor 3\.22")
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:[.-].{0,40})?")
TELLS = "Saleor 3.22"
"""Not a permission, yet levers need it as they need one."""
READS: Mapping[str, str] = {
    "MANAGE_ORDERS": "orders are not seen",
    "MANAGE_PRODUCTS": "listings that are not published are not seen",
    "HANDLE_PAYMENTS": "payments, refunds and chargebacks are not seen",
}


def probe(session: Session) -> Asking[Probe]:
    """Permissions of the app, the shop's version and its clock."""
    answer = yield from ask(session, documents.PROBE, {})
    if isinstance(answer, Refused | Later):
        return told(answer)
    app = child(answer.data, "app")
    if not ident(app.get("id")):
        return Refused(f"token: grant {RIGHTS}")
    granted = frozenset(text(one, "code").rpartition(".")[2].upper() for one in rows(app, "permissions")) - {""}
    version = text(child(answer.data, "shop"), "version")[:40]
    found = _VERSION.fullmatch(version)
    new = found is not None and (int(found[1]), int(found[2])) >= (3, 22)
    known = {**levers.LEVERS, **listings.LEVERS, **refunding.LEVERS}
    return Probe(
        holder=f"app {text(app, 'name')}"[:100],
        version=version,
        granted=granted,
        missing=lacking(known, READS, granted | ({TELLS} if new else frozenset()), _PERMISSION),
        clock=answer.at,
        notes=() if app.get("isActive") is not False else ("the app is switched off: Saleor sends it nothing",),
    )


def recent(session: Session, count: int) -> Asking[Recent]:
    """Orders by status. Nothing is to be mapped: the statuses are the platform's own."""
    answer = yield from ask(session, documents.RECENT, {})
    if isinstance(answer, Refused | Later):
        return told(answer)
    orders = child(answer.data, "orders")
    if not orders:
        return told(Refused("scope" if answer.denied else "no-answer"))
    nodes = [child(edge, "node") for edge in rows(orders, "edges")][:count]
    kept = [one for one in nodes if ident(one.get("id"))]
    places = Counter(f"status:{status}" for one in kept if (status := state(one.get("status"))))
    return Recent(tuple(Subject("order", ident(one.get("id"))) for one in kept), dict(places.most_common()))
