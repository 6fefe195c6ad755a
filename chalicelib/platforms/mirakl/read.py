"""Cloud Events and webhooks of Mirakl -> what to look at.

Nothing in them is signed and their catalogue is not public, so only ids are taken from them, wherever they stand in the
event's data; an event that names none asks what changed since its own instant. Facts: the sheet, section 1; CloudEvents
1.0; the envelope of EventBridge, through which a cloud may bring them.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.mirakl.names import TRIAL, incident
from chalicelib.platforms.shapes import Body, child, ident, instant, is_body, parse, text

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/ -]{0,79}", re.ASCII)
BEFORE = timedelta(minutes=5)
"""How far before an event's own instant the change that it tells of may be dated."""
MOST = 100


def read(delivery: Delivery, shop: Shop) -> Read:
    """What a delivery asks. Raises Unreadable, and nothing else."""
    value = parse(delivery.body)
    events = [one for one in value if is_body(one)] if isinstance(value, list) else [value] if is_body(value) else []
    if not events:
        raise Unreadable("body", "neither an event nor an array of events", "an event with type and data")
    if all(text(event, "type") == TRIAL for event in events):
        return Read(ignored="a trial of ours")
    looks: dict[Subject, None] = {}
    for event in events[:MOST]:
        found = list(_asked(event))
        looks.update(dict.fromkeys(found or [_since(event)]))
    return Read(looks=tuple(looks))


def _since(event: Body) -> Subject:
    """An event that names nothing still says that something changed, and by when."""
    at = instant(event.get("time"))
    if at is None or not _TYPE.fullmatch(text(event, "type") or text(event, "detail-type")):
        raise Unreadable("time", "nothing, or no instant with a zone", "an event's type and time, or an id in its data")
    return Subject("connection", show(at - BEFORE))


def _asked(event: Body) -> Iterator[Subject]:
    kind = (text(event, "type") or text(event, "detail-type")).upper()
    data = child(event, "data") or child(event, "detail")
    waiting: list[object] = [data or event]
    seen = 0
    while waiting and seen < 2000:
        one, seen = waiting.pop(), seen + 1
        if isinstance(one, list):
            waiting.extend(reversed(one))
        elif is_body(one):
            yield from _ids(one, kind)
            waiting.extend(reversed([inner for inner in one.values() if isinstance(inner, dict | list)]))


def _ids(body: Body, kind: str) -> Iterator[Subject]:
    """The ids of one object. What is called just `id` is whatever the event's type speaks of."""
    order, line = ident(body.get("order_id")), ident(body.get("order_line_id"))
    if order:
        yield Subject("order", order)
    if order and line and "INCIDENT" in kind:
        yield Subject("complaint", incident(order, line))
    if found := ident(body.get("return_id")) or (ident(body.get("id")) if "RETURN" in kind else ""):
        yield Subject("refund", found)
    if found := ident(body.get("thread_id")) or (ident(body.get("id")) if "THREAD" in kind else ""):
        yield Subject("complaint", found)
    if not order and (found := ident(body.get("shop_id"))):
        yield Subject("seller", found)
