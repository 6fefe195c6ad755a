"""Looks: OR11 for orders, RT11 for returns, M10 for threads, S20 for shops; and polls, which tell of many at once.

Mirakl allows a poll of orders once a minute and advises every five. Facts: the sheet, sections 1 to 3.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms.base import Looking, Read, Refused, Session
from chalicelib.platforms.maker import Maker, look_id
from chalicelib.platforms.mirakl import statements
from chalicelib.platforms.mirakl.api import Api
from chalicelib.platforms.mirakl.names import READING, incident_line, order_part
from chalicelib.platforms.rest import Ok, no_answer
from chalicelib.platforms.shapes import Body, ident, instant, rows, text

ORDERS, PAGES = 20, 10
THREADS = 50


def look(subject: Subject, session: Session) -> Looking:
    """Asks about a subject."""
    asked = _LOOKS.get(subject.kind)
    return Refused("no_such_look") if asked is None else (yield from asked(subject, session))


def _order(subject: Subject, session: Session) -> Looking:
    """An order; refunds and incidents are told with theirs."""
    number = order_part(subject)
    if not number:
        return Refused("not_an_order")
    answer = yield from Api(session).get("api/orders", order_ids=number, max="1")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    body = next((one for one in rows(answer.body, "orders") if ident(one.get("order_id")) == number), None)
    if body is None:
        return Refused("not_found")
    version = statements.version_of(body) or session.now
    maker = Maker(look_id("mirakl", subject, version, answer.raw), READING, look=True)
    line = incident_line(subject.id)[1] if subject.kind == "complaint" else ""
    ignored = statements.say_order(maker, body, session.shop, line)
    return Read(maker.done(), ignored=ignored)


def _refund(subject: Subject, session: Session) -> Looking:
    if order_part(subject):
        return (yield from _order(subject, session))
    if not ident(subject.id):
        return Refused("not_a_return")
    answer = yield from Api(session).get("api/returns", return_id=subject.id, limit="50")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    body = next((one for one in rows(answer.body, "data") if ident(one.get("id")) == subject.id), None)
    if body is None:
        return Refused("not_found")
    maker = Maker(look_id("mirakl", subject, session.now, answer.raw), READING, look=True)
    ignored = statements.say_return(maker, body)
    return Read(maker.done(), ignored=ignored)


def _complaint(subject: Subject, session: Session) -> Looking:
    if incident_line(subject.id)[0]:
        return (yield from _order(subject, session))
    if not ident(subject.id):
        return Refused("not_a_thread")
    answer = yield from Api(session).get(f"api/inbox/threads/{subject.id}")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    if ident(answer.body.get("id")) != subject.id:
        return Refused("another_thread")
    maker = Maker(look_id("mirakl", subject, session.now, answer.raw), READING, look=True)
    ignored = statements.say_thread(maker, answer.body, rows(answer.body, "messages"))
    return Read(maker.done(), ignored=ignored)


def _seller(subject: Subject, session: Session) -> Looking:
    if not ident(subject.id):
        return Refused("not_a_shop")
    answer = yield from Api(session).get("api/shops", shop_ids=subject.id, max="1")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    body = next((one for one in rows(answer.body, "shops") if ident(one.get("shop_id")) == subject.id), None)
    if body is None:
        return Refused("not_found")
    if answer.at is None:
        return Refused("no_date")
    maker = Maker(look_id("mirakl", subject, answer.at, answer.raw), READING, look=True)
    ignored = statements.say_shop(maker, body, answer.at)
    return Read(maker.done(), ignored=ignored)


# -- polls ------------------------------------------------------------------------------------------------------------


def _changes(subject: Subject, session: Session) -> Looking:
    """All that changed since the instant that the subject's id is (`INSTANT`, or `INSTANT|OFFSET` to go on)."""
    told, _, rest = subject.id.partition("|")
    try:
        since, offset = parse_instant(told), int(rest or "0")
    except ValueError:
        return Refused("not_an_instant")
    api = Api(session)
    orders: list[Body] = []
    more = False
    for _page in range(PAGES):
        answer = yield from api.get(
            "api/orders", start_update_date=show(since), max=str(ORDERS), offset=str(offset), paginate="true"
        )
        if not isinstance(answer, Ok):
            return no_answer(answer)
        page = rows(answer.body, "orders")
        orders += page
        offset += len(page)
        more = len(page) == ORDERS
        if not more:
            break
    found: list[Event] = []
    for one in orders:
        found += _told_order(one, session)
    looks: list[Subject] = []
    if more:
        looks.append(Subject("connection", f"{told}|{offset}"))
    if not rest:
        returns = yield from api.get("api/returns", limit="50", sort="last_updated,DESC")
        threads = yield from api.get("api/inbox/threads", updated_since=show(since), limit=str(THREADS))
        for answer in (returns, threads):
            if not isinstance(answer, Ok):
                return no_answer(answer)
        assert isinstance(returns, Ok) and isinstance(threads, Ok)
        found += [event for one in rows(returns.body, "data") for event in _told_return(one, since)]
        looks += [Subject("complaint", own) for one in rows(threads.body, "data") if (own := ident(one.get("id")))]
    return Read(tuple(found), tuple(looks), ignored="" if found or looks else "nothing changed")


def _told_order(body: Body, session: Session) -> tuple[Event, ...]:
    subject = Subject("order", ident(body.get("order_id")))
    version = statements.version_of(body) or session.now
    maker = Maker(look_id("mirakl", subject, version, repr(body).encode("utf-8", "replace")), READING, look=True)
    statements.say_order(maker, body, session.shop)
    return maker.done()


def _told_return(body: Body, since: datetime) -> tuple[Event, ...]:
    changed = instant(body.get("last_updated"))
    if changed is None or changed < since:
        return ()
    subject = Subject("refund", ident(body.get("id")))
    maker = Maker(look_id("mirakl", subject, changed, text(body, "state").encode()), READING, look=True)
    statements.say_return(maker, body)
    return maker.done()


_LOOKS: Mapping[str, Callable[[Subject, Session], Looking]] = {
    "order": _order,
    "refund": _refund,
    "complaint": _complaint,
    "seller": _seller,
    "connection": _changes,
}
