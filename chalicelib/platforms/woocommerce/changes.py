"""What changed in a shop since an instant. WooCommerce repeats nothing that was lost, so it is asked for. Facts: the
WooCommerce sheet, sections 1 and 4.
"""

from chalicelib.core.events import Subject
from chalicelib.core.instants import parse_instant
from chalicelib.platforms.base import Looking, Refused, Session
from chalicelib.platforms.polls import Changed
from chalicelib.platforms.rest import Ok
from chalicelib.platforms.woocommerce.api import Api, no_answer
from chalicelib.platforms.woocommerce.shapes import gmt, ident

PAGE, PAGES = 50, 10


def changes(subject: Subject, session: Session) -> Looking:
    """Orders that changed since the instant that the subject's id is, the longest unchanged first; where there is more,
    the last look goes on from there."""
    try:
        since = parse_instant(subject.id)
    except ValueError:
        return Refused("not_an_instant")
    api, changed = Api(session), Changed(since)
    for page in range(1, PAGES + 1):
        found = yield from api.get(
            "orders", modified_after=f"{changed.asked:%Y-%m-%dT%H:%M:%S}", dates_are_gmt="true", orderby="modified",
            order="asc", status="any", per_page=str(PAGE), page=str(page), _fields="id,date_modified_gmt",
        )  # fmt: skip
        if not isinstance(found, Ok):
            return no_answer(found)
        for one in found.list:
            changed.add(ident(one.get("id")), gmt(one.get("date_modified_gmt")))
        if len(found.list) < PAGE:
            return changed.read(whole=True)
    return changed.read(whole=False)
