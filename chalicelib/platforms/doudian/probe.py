"""What an app may read of a Douyin shop, its last orders, and a delivery to try the door with. Facts: the Douyin shop
sheet, sections 1 and 3: 30001 is a right that the app lacks, 30002 an address that is not on its allow-list; a message
with the tag 0 says nothing.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.events import Subject
from chalicelib.platforms.base import DEAD, Refused, Session, Shop
from chalicelib.platforms.cn import BEIJING
from chalicelib.platforms.doudian.api import Api, no_answer
from chalicelib.platforms.doudian.levers import LEVERS
from chalicelib.platforms.doudian.looks import PAGE
from chalicelib.platforms.doudian.orders import order_id
from chalicelib.platforms.doudian.sign import event_sign
from chalicelib.platforms.keeping import Asking, Probe, Recent, Trial
from chalicelib.platforms.rest import No, Ok
from chalicelib.platforms.rights import lacking
from chalicelib.platforms.shapes import code, rows

_LISTS: Mapping[str, tuple[Mapping[str, object], str]] = {
    "order.searchList": ({"page": 0, "size": 1}, "no order is seen; levers: note"),
    "afterSale.List": ({"page": 0, "size": 1}, "no after-sale is seen; levers: refund"),
    "product.listV2": ({"page": 1, "size": 1}, "no product is seen; levers: delist, relist"),
}
_TICKETS = "order.getServiceList"
_NO_TICKETS = "no service ticket is seen; levers: resolve"
_DAY = 86_400
_FORM = re.compile(r"the option [a-z_]+")
_REASONS = {
    "ip_not_allowed": "the address that Redress calls from is not on the app's allow-list",
    DEAD: "the access token is over: authorise the app anew",
}
_NOTES = (
    "which messages are pushed, and where to, is set in the platform's console; no call can subscribe to them",
    "whether the app may also write shows only when it does",
)


def probe(session: Session) -> Asking[Probe]:
    api, granted, missing, notes = Api(session), set[str](), dict[str, str](), list(_NOTES)
    now = int(session.now.timestamp())
    asked = {**_LISTS, _TICKETS: ({"start_time": now - _DAY, "end_time": now, "page": 0, "size": 1}, _NO_TICKETS)}
    clock: datetime | None = None
    refused = Refused("no_answer")
    for method, (params, lost) in asked.items():
        found = yield from api.ask(method, params)
        if isinstance(found, Ok):
            granted.add(method)
            clock = clock or found.at
        elif isinstance(found, No) and found.code == "rights":
            missing[method] = lost
        elif isinstance(found, No) and found.code != "ip_not_allowed":
            notes.append(f"{method} answered {found.code}")
            refused = Refused(found.code)
        else:
            stopped = no_answer(found)
            return Refused(_REASONS[stopped.reason]) if stopped.reason in _REASONS else stopped
    if not granted and not missing:
        return refused
    options = {f"the option {name}" for name, value in session.shop.options.items() if value.strip()}
    missing |= lacking(LEVERS, {}, frozenset(options), _FORM)
    if session.credentials.get("access_token") and not session.credentials.get("refresh_token"):
        notes.append("the access token ends after a week, and without its refresh_token nobody can renew it")
    holder = session.shop.address or f"all shops of the app {session.shop.options.get('app_key', '')}"
    return Probe(holder, "2", None, frozenset(granted), missing, clock, tuple(notes))


def recent(session: Session, count: int) -> Asking[Recent]:
    """The last orders by when they were made; Douyin shop's own states leave nothing to choose."""
    api, subjects, places = Api(session), list[Subject](), dict[str, int]()
    for page in range(-(-count // PAGE)):
        found = yield from api.ask(
            "order.searchList",
            {"order_by": "create_time", "order_asc": False, "page": page, "size": min(count, PAGE)},
        )
        if not isinstance(found, Ok):
            return no_answer(found)
        listed = rows(found.body, "shop_order_list")
        for row in listed[: count - len(subjects)]:
            name, state = order_id(row.get("order_id")), code(row.get("order_status"))
            if name:
                subjects.append(Subject("order", name))
            if state:
                places[f"status:{state}"] = places.get(f"status:{state}", 0) + 1
        if len(listed) < min(count, PAGE) or len(subjects) >= count:
            break
    return Recent(tuple(subjects), places)


def trial(shop: Shop, secret: str, now: datetime) -> Trial:
    """The handshake, as the platform sends it when an address is saved."""
    told = now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    body = json.dumps([{"tag": "0", "msg_id": "0", "data": told}], separators=(",", ":")).encode()
    key = shop.options.get("app_key", "")
    headers = {"content-type": "application/json", "app-id": key, "event-sign": event_sign(key, body, secret)}
    return Trial(body, headers)
