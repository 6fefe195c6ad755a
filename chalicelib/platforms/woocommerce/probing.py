"""What our API key may do in a shop. A key's permissions are told nowhere, so they are seen from a read of each
collection and from one write that changes nothing, an empty batch of orders. Facts: the WooCommerce sheet, section 4,
and WooCommerce's REST authentication, batch, system status and payment gateway controllers.
"""

import re
from collections.abc import Generator, Mapping
from datetime import datetime

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Later, Session
from chalicelib.platforms.keeping import Asking, Probe
from chalicelib.platforms.rest import Murky, No, Ok
from chalicelib.platforms.rights import lacking
from chalicelib.platforms.shapes import Body, child
from chalicelib.platforms.woocommerce import holds, levers
from chalicelib.platforms.woocommerce.api import INDEX, Api
from chalicelib.platforms.woocommerce.hooks import denied
from chalicelib.platforms.woocommerce.shapes import code

ORDERS, PRODUCTS, WEBHOOKS, WRITE = "read orders", "read products", "manage webhooks", levers.RIGHTS
_NEEDS = re.compile(re.escape(WRITE))
READS: Mapping[str, tuple[str, str]] = {
    ORDERS: ("orders", "orders and refunds are not seen"),
    PRODUCTS: ("products", "listings are not seen"),
    WEBHOOKS: ("webhooks", "webhooks are neither made nor set going again"),
}
"""Right -> the collection that shows it, and what is lost without it."""
_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,4}){1,3}[A-Za-z0-9.-]{0,20}")
_STATUS = "environment.version,environment.wp_version,environment.wp_cron"
_UNKNOWN = "refund: which payment plugins pay back is not known, only a shop manager's key may see them"
MOST_NAMED = 5


def probe(session: Session) -> Asking[Probe]:
    """Rights, versions, the shop's clock, and what a lever does here that a person should know."""
    api, granted, at = Api(session), set[str](), None
    first: object = None
    for right, (path, _) in READS.items():
        answer = yield from api.get(path, per_page="1", _fields="id")
        at, first = at or clock_of(answer), first or answer
        if isinstance(answer, Ok):
            granted.add(right)
        elif not isinstance(answer, No) or answer.code != "rights":
            return denied(answer)
    if not granted:
        return denied(first)
    wrote = yield from api.post("orders/batch", {})
    if isinstance(wrote, Ok):
        granted.add(WRITE)
    elif not isinstance(wrote, No) or wrote.code != "rights":
        return denied(wrote)
    status = yield from api.get("system_status", _fields=_STATUS)
    gateways = yield from api.get("payment_gateways", _fields="id,enabled,method_supports")
    holder = yield from _holder(api)
    for asked in (status, gateways):
        if isinstance(asked, Later):
            return asked
    environment = child(status.body, "environment") if isinstance(status, Ok) else {}
    known = {**levers.LEVERS, **holds.LEVERS}
    return Probe(
        holder=holder,
        version=_version(environment),
        granted=frozenset(granted),
        missing=lacking(known, {right: lost for right, (_, lost) in READS.items()}, frozenset(granted), _NEEDS),
        clock=at,
        notes=tuple(_notes(session, environment, gateways)),
    )


def clock_of(answer: object) -> datetime | None:
    return answer.at if isinstance(answer, Ok | No) else None


def _holder(api: Api) -> Generator[Call, Reply, str]:
    """The shop by its own name; a plugin may hide the page that tells it."""
    index = yield from api.ask("GET", INDEX, {"_fields": "name"})
    name = index.body.get("name") if isinstance(index, Ok) else None
    return f"a key of {name[:60]}" if isinstance(name, str) and name and name.isprintable() else ""


def _version(environment: Body) -> str:
    found = environment.get("version")
    known = isinstance(found, str) and _VERSION.fullmatch(found)
    return f"wc/v3 (undated), WooCommerce {found}" if known else "wc/v3 (undated)"


def _notes(session: Session, environment: Body, gateways: "Ok | No | Later | Murky") -> list[str]:
    notes = []
    if environment.get("wp_cron") is False:
        notes.append("WP-Cron is off: webhooks leave only where the server itself calls wp-cron.php every few minutes")
    if not isinstance(gateways, Ok):
        return [*notes, _UNKNOWN] if isinstance(gateways, No) else notes
    if session.shop.options.get("api_refund") == "false":
        return [*notes, "refund: only recorded (api_refund is false), no money moves"]
    silent = [one for row in gateways.list if row.get("enabled") is True and (one := _records_only(row))]
    if silent:
        more = f" and {len(silent) - MOST_NAMED} more" if len(silent) > MOST_NAMED else ""
        notes.append(f"refund: not paid back through {', '.join(silent[:MOST_NAMED])}{more}: the shop refuses it there")
    return notes


def _records_only(gateway: Body) -> str:
    """The id of a payment plugin that cannot give money back; empty for one that can, or does not say."""
    supports = gateway.get("method_supports")
    return (code(gateway.get("id")) or "") if isinstance(supports, list) and "refunds" not in supports else ""
