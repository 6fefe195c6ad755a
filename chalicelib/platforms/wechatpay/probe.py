"""What a merchant's access is good for, and the last complaints, newest first. Facts: the sheet of WeChat Pay
complaints, sections 1 and 2: the list reaches back 30 days, and answers name the key that they are signed with, which
is the key of deliveries too.
"""

import re
from collections.abc import Mapping

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Session
from chalicelib.platforms.cn import BEIJING, ident
from chalicelib.platforms.keeping import Asking, Probe, Recent
from chalicelib.platforms.rest import No
from chalicelib.platforms.rights import lacking
from chalicelib.platforms.shapes import Body, code, rows
from chalicelib.platforms.wechatpay.api import COMPLAINTS, Api, Ok, no_answer
from chalicelib.platforms.wechatpay.hooks import DENIED, GONE, PATH
from chalicelib.platforms.wechatpay.keys import rings
from chalicelib.platforms.wechatpay.levers import LEVERS
from chalicelib.platforms.wechatpay.looks import PAGE, SPAN

COMPLAINTS_RIGHT, HOOK_RIGHT, REPLY = "the complaints product", "complaint notifications", "the option reply_text"
_READS: Mapping[str, str] = {
    COMPLAINTS_RIGHT: "no complaint is seen",
    HOOK_RIGHT: "no address can be told of complaints: the list is asked instead",
}
_FORM = re.compile("the complaints product|the option reply_text")
_UNSEEN = (
    "whether money can be given back by API shows only when it is: there is no call that tells without doing it",
    "no delivery can be made to try the door with: only WeChat Pay holds the key that signs them",
)


def probe(session: Session) -> Asking[Probe]:
    api, granted = Api(session), set[str]()
    today = session.now.astimezone(BEIJING).date().isoformat()
    listed = yield from api.get(COMPLAINTS, limit="1", offset="0", begin_date=today, end_date=today)
    if isinstance(listed, Ok):
        granted.add(COMPLAINTS_RIGHT)
    elif not (isinstance(listed, No) and listed.code in DENIED):
        return no_answer(listed)
    hook = yield from api.get(PATH)
    if isinstance(hook, Ok) or (isinstance(hook, No) and hook.code in GONE):
        granted.add(HOOK_RIGHT)
    elif not (isinstance(hook, No) and hook.code in DENIED):
        return no_answer(hook)
    if session.shop.options.get("reply_text", "").strip():
        granted.add(REPLY)
    missing = lacking(LEVERS, _READS, frozenset(granted), _FORM)
    serial = code(listed.serial if isinstance(listed, Ok) else "") or ""
    keys = {name for ring in rings(session.secrets) for name in ring.platform_keys}
    if session.secrets and serial and serial.upper() not in keys:
        missing[f"the platform's key {serial}"] = "deliveries are refused: put it into the hook's secret, and rotate"
    return Probe(api.merchant, "v3", None, frozenset(granted), missing, listed.at, _UNSEEN)


def recent(session: Session, count: int) -> Asking[Recent]:
    """The last complaints of thirty days; WeChat Pay's own states leave nothing to choose."""
    api, today = Api(session), session.now.astimezone(BEIJING).date()
    found: list[Body] = []
    while len(found) < count:
        page = yield from api.get(
            COMPLAINTS, limit=str(PAGE), offset=str(len(found)), begin_date=(today - SPAN).isoformat(),
            end_date=today.isoformat(),
        )  # fmt: skip
        if not isinstance(page, Ok):
            return no_answer(page)
        told = rows(page.body, "data")
        found.extend(told)
        if len(told) < PAGE:
            break
    found.sort(key=lambda one: str(one.get("complaint_time")), reverse=True)
    places: dict[str, int] = {}
    subjects = []
    for one in found[:count]:
        name, state = ident(one.get("complaint_id")), code(one.get("complaint_state"))
        if name:
            subjects.append(Subject("complaint", name))
        if state:
            places[f"status:{state}"] = places.get(f"status:{state}", 0) + 1
    return Recent(tuple(subjects), places)
