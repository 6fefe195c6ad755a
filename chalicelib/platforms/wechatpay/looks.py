"""What WeChat Pay says when it is asked: a complaint with its whole history, the complaints of the last thirty days, a
payment, a refund. An answer states what was true when it was given, by its own `Date`. Facts: the sheet of WeChat Pay
complaints, section 2, and the API pages that it names.
"""

import hashlib
from collections.abc import Generator
from datetime import datetime, timedelta
from urllib.parse import quote

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Subject
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.cn import BEIJING, ident, whole
from chalicelib.platforms.rest import No
from chalicelib.platforms.shapes import Body, rows
from chalicelib.platforms.wechatpay.api import COMPLAINTS, Api, Ok, no_answer
from chalicelib.platforms.wechatpay.read import payment_event, refund_event
from chalicelib.platforms.wechatpay.story import events_of

PAGE, HISTORY_PAGE = 50, 100
LONGEST_HISTORY, LONGEST_LIST = 2000, 1000
HISTORIES = 25
"""Open complaints of a list that are also asked for their history; a runner stops a look that asks too much."""
SPAN = timedelta(days=29)
"""The list may reach over 30 days, the first and the last counted."""
GONE = frozenset({"resource_not_exists", "not_found", "http_404"})


def look(subject: Subject, session: Session) -> Looking:
    """Ask about a subject of a kind that the adapter names."""
    if subject.kind == "connection":
        return (yield from _recent(session))
    if not ident(subject.id):
        return Refused("no_such_subject")
    if subject.kind == "complaint":
        return (yield from _complaint(subject, session))
    if subject.kind == "order":
        return (yield from _order(subject, session))
    if subject.kind == "refund":
        return (yield from _refund(subject, session))
    return Refused("no_such_subject")


def _complaint(subject: Subject, session: Session) -> Looking:
    api = Api(session)
    detail = yield from api.get(api.complaint(subject.id))
    if not isinstance(detail, Ok):
        return no_answer(detail)
    if ident(detail.body.get("complaint_id")) != subject.id:
        return Refused("another_complaint")
    if detail.at is None:
        return Refused("no_date")
    history = yield from history_of(api, subject.id)
    if isinstance(history, Refused | Later):
        return history
    return Read(events=events_of(detail.body, history, session.shop, detail.at, _digest(detail.raw)))


def history_of(api: Api, complaint: str) -> Generator[Call, Reply, tuple[Body, ...] | Refused | Later]:
    """The whole history of a complaint."""
    found: list[Body] = []
    while len(found) < LONGEST_HISTORY:
        page = yield from api.get(
            api.complaint(complaint, "negotiation-historys"), limit=str(HISTORY_PAGE), offset=str(len(found))
        )
        if not isinstance(page, Ok):
            return no_answer(page)
        told = rows(page.body, "data")
        found.extend(told)
        total = whole(page.body.get("total_count"))
        if len(told) < HISTORY_PAGE or (total is not None and len(found) >= total):
            return tuple(found)
    return Refused("history_too_long")


def _recent(session: Session) -> Looking:
    """The complaints of the last thirty days; those that are not dealt with, newest first, with their history."""
    api = Api(session)
    today = session.now.astimezone(BEIJING).date()
    found: list[Body] = []
    at: datetime | None = None
    while len(found) < LONGEST_LIST:
        page = yield from api.get(
            COMPLAINTS,
            limit=str(PAGE),
            offset=str(len(found)),
            begin_date=(today - SPAN).isoformat(),
            end_date=today.isoformat(),
        )
        if not isinstance(page, Ok):
            return no_answer(page)
        at = at or page.at
        told = rows(page.body, "data")
        found.extend(told)
        if len(told) < PAGE:
            break
    if at is None:
        return Refused("no_date")
    events: list[Event] = []
    histories = 0
    for detail in sorted(found, key=lambda one: str(one.get("complaint_time")), reverse=True):
        name = ident(detail.get("complaint_id"))
        if not name:
            continue
        history: tuple[Body, ...] | None = None
        if detail.get("complaint_state") != "PROCESSED" and histories < HISTORIES:
            histories += 1
            asked = yield from history_of(api, name)
            if isinstance(asked, Later):
                return asked
            history = asked if isinstance(asked, tuple) else None
        events.extend(events_of(detail, history, session.shop, at, _digest(f"{name}:{at}".encode())))
    return Read(events=tuple(events), ignored="" if events else "no complaint in thirty days")


def _order(subject: Subject, session: Session) -> Looking:
    api = Api(session)
    path = f"/v3/pay/transactions/out-trade-no/{quote(subject.id, safe='')}"
    found = yield from api.get(path, mchid=api.merchant)
    if not isinstance(found, Ok):
        return no_answer(found)
    if ident(found.body.get("out_trade_no")) != subject.id:
        return Refused("another_order")
    if found.at is None:
        return Refused("no_date")
    name = f"look:{subject}:{_digest(found.raw)}"
    return Read(events=(payment_event(found.body, subject, name, found.at, session.shop, look=True),))


def _refund(subject: Subject, session: Session) -> Looking:
    """A refund by the merchant's number; failing that, the one that a complaint of this id asks for."""
    api = Api(session)
    found = yield from api.get(f"/v3/refund/domestic/refunds/{quote(subject.id, safe='')}")
    if isinstance(found, No) and found.code in GONE:
        return (yield from _complaint(Subject("complaint", subject.id), session))
    if not isinstance(found, Ok):
        return no_answer(found)
    if ident(found.body.get("out_refund_no")) != subject.id:
        return Refused("another_refund")
    if found.at is None:
        return Refused("no_date")
    name = f"look:{subject}:{_digest(found.raw)}"
    return Read(events=(refund_event(found.body, subject, name, found.at, session.shop, look=True),))


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
