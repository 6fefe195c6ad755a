"""What changed in a shop since an instant. WooCommerce repeats nothing that was lost, so it is asked for. Facts: the
WooCommerce sheet, sections 1 and 4.
"""

from datetime import timedelta

from chalicelib.core.events import Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms.base import Looking, Read, Refused, Session
from chalicelib.platforms.rest import Ok
from chalicelib.platforms.shapes import latest
from chalicelib.platforms.woocommerce.api import Api, no_answer
from chalicelib.platforms.woocommerce.shapes import gmt, ident

MARGIN = timedelta(minutes=5)
"""The shop's clock and ours need not agree."""
PAGE, PAGES = 50, 10


def changes(subject: Subject, session: Session) -> Looking:
    """Orders that changed since the instant that the subject's id is, the longest unchanged first; where there is more,
    the last look goes on from there."""
    try:
        since = parse_instant(subject.id)
    except ValueError:
        return Refused("not_an_instant")
    api, looks, seen = Api(session), dict[Subject, None](), since
    for page in range(1, PAGES + 1):
        found = yield from api.get(
            "orders", modified_after=f"{since - MARGIN:%Y-%m-%dT%H:%M:%S}", dates_are_gmt="true", orderby="modified",
            order="asc", status="any", per_page=str(PAGE), page=str(page), _fields="id,date_modified_gmt",
        )  # fmt: skip
        if not isinstance(found, Ok):
            return no_answer(found)
        for one in found.list:
            if number := ident(one.get("id")):
                looks[Subject("order", number)] = None
            seen = latest(seen, gmt(one.get("date_modified_gmt"))) or seen
        if len(found.list) < PAGE:
            return Read(looks=tuple(looks), ignored="" if looks else "nothing changed")
    if seen - MARGIN > since:
        looks[Subject("connection", show(seen))] = None
    return Read(looks=tuple(looks))
