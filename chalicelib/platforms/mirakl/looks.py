"""Looks: OR11 for orders, RT11 for returns, M10 for threads, S20 for shops, OF22 for offers. Facts: the sheet, sections
2 and 3.
"""

from collections.abc import Callable, Generator, Mapping

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import Later, Looking, Read, Refused, Session
from chalicelib.platforms.maker import Maker, look_id
from chalicelib.platforms.mirakl import statements
from chalicelib.platforms.mirakl.api import Api
from chalicelib.platforms.mirakl.changes import changes
from chalicelib.platforms.mirakl.names import READING, incident_line, order_part
from chalicelib.platforms.rest import Ok, no_answer
from chalicelib.platforms.shapes import Body, ident, number_id, rows


def look(subject: Subject, session: Session) -> Looking:
    """Asks about a subject."""
    asked = _LOOKS.get(subject.kind)
    return Refused("no_such_look") if asked is None else (yield from asked(subject, session))


def _order(subject: Subject, session: Session) -> Looking:
    """An order; refunds and incidents are told with theirs."""
    number = order_part(subject)
    answer = yield from _order_body(Api(session), number)
    if not isinstance(answer, Ok):
        return answer
    body = _found(answer, number)
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
    api = Api(session)
    answer = yield from api.get("api/returns", return_id=subject.id, limit="50")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    body = next((one for one in rows(answer.body, "data") if ident(one.get("id")) == subject.id), None)
    if body is None:
        return Refused("not_found")
    # A return names neither its seller nor a country, on which rules depend: its order does.
    order = yield from _order_body(api, ident(body.get("order_id")))
    if isinstance(order, Later):
        return order
    raw = answer.raw + (order.raw if isinstance(order, Ok) else b"")
    maker = Maker(look_id("mirakl", subject, session.now, raw), READING, look=True)
    held = _found(order, ident(body.get("order_id"))) if isinstance(order, Ok) else None
    ignored = statements.say_return(maker, body, held or {})
    return Read(maker.done(), ignored=ignored)


def _order_body(api: Api, number: str) -> "Generator[Call, Reply, Ok | Refused | Later]":
    """The answer to a question for one order."""
    if not number:
        return Refused("not_an_order")
    answer = yield from api.get("api/orders", order_ids=number, max="1")
    return answer if isinstance(answer, Ok) else no_answer(answer)


def _found(answer: Ok, number: str) -> Body | None:
    return next((one for one in rows(answer.body, "orders") if ident(one.get("order_id")) == number), None)


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


def _listing(subject: Subject, session: Session) -> Looking:
    """An offer: what a seller lists."""
    if not number_id(subject.id):
        return Refused("not_an_offer")
    answer = yield from Api(session).get(f"api/offers/{subject.id}")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    if ident(answer.body.get("offer_id")) != subject.id:
        return Refused("another_offer")
    if answer.at is None:
        return Refused("no_date")
    maker = Maker(look_id("mirakl", subject, answer.at, answer.raw), READING, look=True)
    ignored = statements.say_offer(maker, answer.body, answer.at)
    return Read(maker.done(), ignored=ignored)


_LOOKS: Mapping[str, Callable[[Subject, Session], Looking]] = {
    "order": _order,
    "refund": _refund,
    "complaint": _complaint,
    "seller": _seller,
    "listing": _listing,
    "connection": changes,
}
