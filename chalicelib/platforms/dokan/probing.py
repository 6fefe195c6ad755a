"""What our access may do on a Dokan shop: WooCommerce's key for orders, a WordPress application password for sellers.
Anybody may read stores, so the password is seen from a write that changes nothing, an empty batch of stores. Facts: the
Dokan sheet, sections 1 and 3, and Dokan's store controller.
"""

import re
from dataclasses import replace

from chalicelib.platforms.base import Later, Refused, Session, Shop
from chalicelib.platforms.dokan import levers
from chalicelib.platforms.keeping import Asking, Probe
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.rights import lacking
from chalicelib.platforms.woocommerce.api import DOKAN, Api
from chalicelib.platforms.woocommerce.hooks import denied
from chalicelib.platforms.woocommerce.probing import probe as probe_woocommerce

_NEEDS = re.compile(re.escape(levers.RIGHTS))
_LACKS = frozenset({"rights", "no_app_password"})
_NOTHING_TO_DO = "no_item_found"
NO_SENDER = "remind_seller, warn_seller: they need contact_name and contact_email, or seller_mail=pro with Dokan Pro"
LITE = "complaints are not seen: abuse reports are part of Dokan Pro, which is not there"


def probe(session: Session) -> Asking[Probe]:
    """As WooCommerce's, and who may do what to sellers."""
    found = yield from probe_woocommerce(session)
    if isinstance(found, Later | Refused):
        return found
    api, granted = Api(session), set(found.granted)
    wrote = yield from api.ask("PUT", f"{DOKAN}/stores/batch", {}, {})
    if isinstance(wrote, Ok) or (isinstance(wrote, No) and wrote.code == _NOTHING_TO_DO):
        granted.add(levers.RIGHTS)
    elif not isinstance(wrote, No) or wrote.code not in _LACKS:
        return denied(wrote)
    missing = lacking(levers.LEVERS, {levers.RIGHTS: "sellers are not seen"}, frozenset(granted), _NEEDS)
    notes = list(found.notes)
    if levers.RIGHTS in granted:
        reports = yield from api.ask("GET", f"{DOKAN}/abuse-reports", {"per_page": "1"})
        notes += [LITE] if isinstance(reports, No) and reports.code == "rest_no_route" else []
    notes += [] if _can_mail(session.shop) else [NO_SENDER]
    return replace(found, granted=frozenset(granted), missing={**found.missing, **missing}, notes=tuple(notes))


def _can_mail(shop: Shop) -> bool:
    told = shop.options
    return told.get("seller_mail") == "pro" or bool(told.get("contact_name") and told.get("contact_email"))
