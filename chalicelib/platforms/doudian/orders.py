"""An order of Douyin shop, pushed or asked for -> one event. Never a name, a phone number, an address or a remark: what
leaves here is ids, codes, money and instants. Facts: the Douyin shop sheet, sections 1 and 2, and the fields of
order/orderDetail.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.instants import to_ms
from chalicelib.platforms.base import Shop
from chalicelib.platforms.cn import BEIJING, day, ident, instant, opaque, whole, yuan
from chalicelib.platforms.doudian.words import CANCELLED, ORDER_TAGS, PARTLY_SENT, READING
from chalicelib.platforms.shapes import Body, child, code, rows, text
from chalicelib.platforms.shapes import seen as seen_at


def order_id(value: object) -> str:
    """The canonical id of an order: without the A that older calls put behind it."""
    name = ident(value)
    return name[:-1] if name.endswith("A") and name[:-1].isdigit() else name


def seller_of(body: Body, shop: Shop) -> str:
    return ident(body.get("shop_id")) or ident(body.get("store_id")) or shop.address


def common(body: Body, shop: Shop) -> dict[str, FactValue | None]:
    """What is true of everything here: the country, the currency, whose shop it is."""
    facts: dict[str, FactValue | None] = {"country": "CN", "currency": "CNY"}
    if seller := seller_of(body, shop):
        facts["seller"] = seller
    return facts


def pushed_order(tag: str, data: Body, name: str, subject: Subject, shop: Shop) -> Event | None:
    """What a message about an order states; None where it tells no instant."""
    mark, field = ORDER_TAGS.get(tag, ("", "update_time"))
    at = instant(data.get(field)) or instant(data.get("update_time"))
    if at is None:
        return None
    facts = common(data, shop)
    if (status := code(data.get("order_status"))) is not None:
        facts["status"] = status
    amount = yuan(data.get("pay_amount"))
    if amount is not None:
        facts["amount"] = amount
    by = _deadline(data.get("exp_delivery_time"))
    if by is not None:
        facts["ship_by"] = by
    marks: tuple[Mark, ...] = ()
    if mark == "order.part_shipped":
        marks = (Mark(mark, at, of=_parcel(child(data, "logistics_msg"), "pack_id", "logistics_code")),)
    elif mark == "order.paid":
        marks = (Mark(mark, at, value=amount),)
    elif mark:
        marks = (Mark(mark, at),)
    return statement(name, subject, at, marks, facts)


def _deadline(value: object) -> datetime | date | None:
    """Seconds, or a day alone, which then means the whole of it."""
    return instant(value) or day(value)


def moved(
    fact: str, value: object, name: str, subject: Subject, received_at: datetime, shop: Shop, data: Body
) -> Event | None:
    """A deadline that a message gives without saying since when (112, 126, 209): what holds until the platform is
    asked, whose answer goes before it, as all of its own words do. Of two such messages the later deadline counts,
    whichever came first and however often; nothing signed tells more."""
    by = _deadline(value)
    if by is None:
        return None
    end = by if isinstance(by, datetime) else datetime.combine(by, time.max, BEIJING)
    facts = {**common(data, shop), fact: by}
    return Event(
        id=f"doudian:{name}", subject=subject, occurred_at=received_at, version=to_ms(end), source="derived",
        reading=READING, facts=facts,
    )  # fmt: skip


def _parcel(body: Body, *fields: str) -> str:
    for field in fields:
        if name := ident(body.get(field)):
            return name
    said = "|".join(str(body.get(field)) for field in fields)
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def asked_order(
    detail: Body, refunded: Decimal | None, shop: Shop, asked_at: datetime, name: str, subject: Subject
) -> Event:
    """What order/orderDetail says as of `asked_at`. `refunded`: what went back, where that was asked too."""
    lines = [row for row in rows(detail, "sku_order_list") if code(row.get("order_status")) != CANCELLED]
    status = code(detail.get("order_status"))
    marks = []
    for mark, field in (("order.placed", "create_time"), ("order.paid", "pay_time")):
        if (at := instant(detail.get(field))) is not None:
            marks.append(Mark(mark, at, value=yuan(detail.get("pay_amount")) if mark == "order.paid" else None))
    whole_list: set[str] = set()
    if status == CANCELLED:
        marks += _cancelled(detail, whole_list)
        # So ends what was paid back after it was sent, too: the lines that left tell when.
        sent = [row for row in rows(detail, "sku_order_list") if instant(row.get("ship_time")) is not None]
        if (shipped := _last(sent, ("ship_time",))) is not None:
            marks.append(Mark("order.shipped", shipped))
    else:
        partly = any(code(one.get("order_status")) == PARTLY_SENT for one in (detail, *lines))
        if not partly and (shipped := _last(lines, ("ship_time",))) is not None:
            marks.append(Mark("order.shipped", shipped))
        done = ("logistics_receipt_time", "confirm_receipt_time", "finish_time")
        if (delivered := _last(lines, done)) is not None:
            marks.append(Mark("order.delivered", delivered))
    if status is not None and status != CANCELLED:
        # Lines of it may have been cancelled; it was not.
        whole_list.add("order.cancelled")
    if isinstance(detail.get("logistics_info"), list):
        marks.extend(_parcels(rows(detail, "logistics_info")))
        whole_list.add("order.part_shipped")
    facts = _asked_facts(detail, lines, shop)
    facts["status"] = status
    if refunded is not None:
        facts["refunded"] = refunded
    return statement(name, subject, asked_at, tuple(marks), facts, whole=frozenset(whole_list), look=True)


def _cancelled(detail: Body, whole_list: set[str]) -> list[Mark]:
    """Since when it is cancelled; where that is not told, seen by its last change, which takes no message back."""
    if (at := instant(detail.get("finish_time"))) is not None:
        whole_list.add("order.cancelled")
        return [Mark("order.cancelled", at)]
    seen = instant(detail.get("update_time"))
    return [Mark("order.cancelled", seen, seen_at(seen))] if seen is not None else []


def _last(lines: Sequence[Body], fields: tuple[str, ...]) -> datetime | None:
    """The last of the lines' instants, each by the first of the fields that it has; None where a line has none."""
    found = [next((at for field in fields if (at := instant(line.get(field)))), None) for line in lines]
    told = [at for at in found if at is not None]
    return max(told) if told and len(told) == len(found) else None


def _parcels(found: Sequence[Body]) -> list[Mark]:
    told = {}
    for row in found:
        if (at := instant(row.get("ship_time"))) is not None:
            of = _parcel(row, "delivery_id", "tracking_no")
            told[of] = Mark("order.part_shipped", at, of=of)
    return list(told.values())


def _asked_facts(detail: Body, lines: Sequence[Body], shop: Shop) -> dict[str, FactValue | None]:
    facts = common(detail, shop)
    if (amount := yuan(detail.get("pay_amount"))) is not None:
        facts["amount"] = amount
    # The order's own promise; where it gives none, the first of its lines'.
    promises = [at for at in (instant(row.get("exp_ship_time")) for row in lines) if at is not None]
    by = instant(detail.get("exp_ship_time")) or min(promises, default=None)
    if by is not None:
        facts["ship_by"] = by
    if buyer := opaque(detail.get("doudian_open_id")):
        facts["buyer"] = buyer
    products = {ident(row.get("product_id_str")) or ident(row.get("product_id")) for row in lines} - {""}
    facts["product"] = products.pop() if len(products) == 1 else None
    kinds = [whole(row.get("pre_sale_type")) for row in lines]
    if kinds and None not in kinds:
        facts["presale"] = any(kinds)
    parcels = rows(detail, "logistics_info")
    if len(parcels) == 1:
        facts["tracking"], facts["carrier"] = code(parcels[0].get("tracking_no")), code(parcels[0].get("company"))
    return facts


def listing_event(data: Body, name: str, shop: Shop) -> tuple[Subject, Event | None]:
    """A change of a product: 400 and 417."""
    subject = Subject("listing", ident(data.get("product_id")) or ident(text(data, "product_id_str")))
    at = instant(data.get("update_time"))
    if not subject.id or at is None:
        return subject, None
    facts = common(data, shop)
    facts["product"] = subject.id
    return subject, statement(name, subject, at, (Mark("listing.changed", at),), facts)


def statement(
    name: str,
    subject: Subject,
    at: datetime,
    marks: tuple[Mark, ...],
    facts: Mapping[str, FactValue | None],
    links: tuple[Link, ...] = (),
    whole: frozenset[str] = frozenset(),
    look: bool = False,
) -> Event:
    """One statement as of `at`."""
    return Event(
        id=f"doudian:{name}", subject=subject, occurred_at=at, version=at, look=look, reading=READING, marks=marks,
        facts=facts, whole=whole, links=links,
    )  # fmt: skip
