"""A product of WooCommerce -> one event about a listing. A product has a date of its making and of its last change and
no history, so the instant at which it was taken down is known only where it lies in the trash, or where the shop's
mapping names meta data that holds it.
"""

from datetime import datetime

from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.platforms.base import Shop
from chalicelib.platforms.shapes import Body, rows
from chalicelib.platforms.shapes import gone as gone_at
from chalicelib.platforms.woocommerce.orders import READING, event_id
from chalicelib.platforms.woocommerce.shapes import code, gmt, ident
from chalicelib.platforms.woocommerce.sources import Silence, Story, tell, trashed


def read_listing(body: Body, shop: Shop, seller: str, event_name: str, *, look: bool = False) -> Event | None:
    """One product; None where it does not say when it last changed."""
    version = gmt(body.get("date_modified_gmt"))
    if version is None:
        return None
    number, status = ident(body.get("id")), code(body.get("status"))
    marks = [Mark("listing.changed", version)]
    whole: set[str] = set()
    if status == "publish":
        if (published := gmt(body.get("date_created_gmt"))) is not None:
            marks.append(Mark("listing.published", published))
        marks.append(Mark("listing.unpublished", None))
        whole.add("listing.unpublished")
    elif status == "trash" and (moment := trashed(body)) is not None:
        marks.append(Mark("listing.unpublished", moment))
    for name, sources in shop.mapping.items():
        if name.startswith("listing.") and name in shop.words.marks:
            marks.extend(_mapped(name, sources, Story(body, status or "")))
    facts: dict[str, FactValue | None] = {"product": number}
    if status is not None:
        facts["status"] = status
    categories = rows(body, "categories")
    if categories:
        facts["category"] = code(categories[0].get("slug"))
    if seller:
        facts["seller"] = seller
    return Event(
        id=event_name,
        subject=Subject("listing", number),
        occurred_at=version,
        version=version,
        look=look,
        reading=READING,
        marks=tuple(marks),
        facts=facts,
        whole=frozenset(whole),
    )


def _mapped(name: str, sources: tuple[str, ...], story: Story) -> list[Mark]:
    for source in sources:
        # The statuses of a product are not those of an order, and nothing dates them.
        told = tell(source, story) if source.startswith("meta:") else Silence.QUIET
        if isinstance(told, datetime):
            return [Mark(name, told)]
        if told is not Silence.NONE:
            return []
    return [Mark(name, None)] if sources else []


def gone(subject: Subject, mark: str, asked_at: datetime, raw: bytes) -> Event:
    """What the shop no longer has. It says so of the instant at which it answered, by its own clock.

    The occurrence is named by the hour: a later look then adds an occurrence and never moves an earlier one, so what
    was void in time stays void.
    """
    return Event(
        id=event_id("gone", str(subject), asked_at, raw),
        subject=subject,
        occurred_at=asked_at,
        version=asked_at,
        look=True,
        reading=READING,
        marks=(Mark(mark, asked_at, of=gone_at(asked_at)),),
        facts={"status": "deleted"},
    )
