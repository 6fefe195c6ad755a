"""The last orders of a shop, and where they show what happened: their statuses, plugins' meta data that hold instants,
lists of parcels. What a mapping may be is proposed from that alone. Facts: the WooCommerce sheet, sections 2 and 3.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Session
from chalicelib.platforms.keeping import Asking, Recent
from chalicelib.platforms.rest import Ok
from chalicelib.platforms.shapes import Body, is_body, rows
from chalicelib.platforms.woocommerce.api import Api
from chalicelib.platforms.woocommerce.defaults import MAPPING
from chalicelib.platforms.woocommerce.hooks import denied
from chalicelib.platforms.woocommerce.orders import DRAFTS, PartOf, plain_part
from chalicelib.platforms.woocommerce.shapes import code, free_instant, ident
from chalicelib.platforms.woocommerce.sources import TRACKING

PAGE = 50
"""Orders with all their meta data are long."""
_FIELDS = "id,parent_id,status,meta_data,store"
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_SHIPPED = re.compile(r"ship|dispatch|sent|handed|versen|versand|exped|envi|sped")
_DELIVERED = re.compile(r"deliver|geliefert|zugestellt|livr|entreg|consegn")
_PARTLY = re.compile(r"part|await|pending|ready|process|estimat|expect|promis|latest|due|deadline|_by\b|before|plan")
"""Words that make of a place one which tells of a wish, or of less than the whole."""
_OWN = re.compile(r"_?(?:wc|wp|edit|date_paid|date_completed|paid|completed|download|redress)_.*|_?(?:date_)?paid.*")
"""Keys of WooCommerce itself, for which it has fields."""


def recent(session: Session, count: int, part_of: PartOf = plain_part) -> Asking[Recent]:
    """The newest orders. A place is counted once for each order that shows it."""
    api, found = Api(session), list[Body]()
    for page in range(1, -(-min(count, 100) // PAGE) + 1):
        answer = yield from api.get(
            "orders", status="any", orderby="date", order="desc", per_page=str(PAGE), page=str(page), _fields=_FIELDS
        )
        if not isinstance(answer, Ok):
            return denied(answer)
        found += answer.list
        if len(answer.list) < PAGE:
            break
    kept = [
        one for one in found[:count]
        if ident(one.get("id")) and code(one.get("status")) not in DRAFTS and not part_of(one).skip
    ]  # fmt: skip
    places = Counter(place for one in kept for place in sorted(places_of(one)))
    subjects = tuple(Subject("order", ident(one.get("id"))) for one in kept)
    return Recent(subjects, dict(places.most_common()), proposed(places) if kept else {})


def places_of(order: Body) -> frozenset[str]:
    """Where one order shows something, in the form of a mapping. Only keys leave here, never what stands under them."""
    return frozenset(_places(order))


def _places(order: Body) -> Iterator[str]:
    status = code(order.get("status"))
    if status:
        yield f"status:{status}"
    for row in rows(order, "meta_data"):
        key, value = row.get("key"), row.get("value")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            continue
        if isinstance(value, list) and value and all(is_body(one) and "tracking_number" in one for one in value):
            yield "tracking:" if key == TRACKING else f"tracking:{key}"
        elif value not in (0, "0") and free_instant(value) is not None and not _OWN.fullmatch(key):
            yield f"meta:{key}"


def proposed(places: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """What they most likely mean: an instant that a plugin keeps before a status, a status of the shop's own before
    Completed, which then stands for what never passed through it."""
    shipped, delivered = _meaning(places, _SHIPPED, but=_DELIVERED), _meaning(places, _DELIVERED)
    said = {"order.shipped": (*shipped, *MAPPING["order.shipped"])}
    if delivered:
        said["order.delivered"] = delivered
    tracking = tuple(place for place in places if place.startswith("tracking:"))
    if tracking:
        said["order.part_shipped"] = tracking
    said["order.cancelled"] = MAPPING["order.cancelled"]
    return said


def _meaning(
    places: Mapping[str, int], word: "re.Pattern[str]", but: "re.Pattern[str] | None" = None
) -> tuple[str, ...]:
    found = [
        place for place in places
        if not place.startswith("tracking:")
        and word.search(name := place.partition(":")[2].lower())
        and not _PARTLY.search(name) and not (but and but.search(name))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda place: (place.startswith("status:"), -places[place], place))[:3])
