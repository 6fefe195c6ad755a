"""One opened notice -> events and looks, or the reason why there is nothing to say. Raises Unreadable and nothing else.
A notice says that something was done, and when the notice was made; a look at the complaint says the rest, and lists
what happened in full. Phone numbers, names and what people wrote are never read. Facts: the sheet, sections 1, 2 and 5.
"""

from datetime import datetime

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.core.words import OURS
from chalicelib.platforms.base import Delivery, Read, Shop, Unreadable
from chalicelib.platforms.cn import ident, instant, opaque, yuan
from chalicelib.platforms.shapes import Body, child, code, is_body, text
from chalicelib.platforms.wechatpay.words import BY_ACTION, CHANNEL, READING

OUR_REFUND = "redress-"
"""How the number of a refund begins that we asked for."""


def read(delivery: Delivery, shop: Shop) -> Read:
    """Read one delivery as `door.open_sealed` left it."""
    notice = _object(delivery.body, "body")
    kind = code(notice.get("event_type")) or ""
    name = ident(notice.get("id"))
    made_at = instant(notice.get("create_time"))
    resource = child(notice, "resource")
    if not isinstance(resource.get("plaintext"), str):
        # What cannot be opened may be a complaint all the same: the list of complaints needs no APIv3 key.
        problem = Unreadable("resource", "a content that no live secret opens", "the APIv3 key that it was sealed with")
        return Read(looks=(Subject("connection", shop.connection),), problem=problem)
    if not name:
        raise Unreadable("id", "none", "the id of the notice")
    if made_at is None:
        raise Unreadable("create_time", "none", "an instant with a zone")
    plain = _object(text(resource, "plaintext").encode("utf-8", "replace"), "resource")
    if kind.startswith("COMPLAINT."):
        return _complaint(plain, shop, name, made_at)
    if kind.startswith("TRANSACTION."):
        return _payment(plain, shop, name, made_at)
    if kind.startswith("REFUND."):
        return _refund(plain, shop, name, made_at)
    return Read(ignored=f"event {kind or 'without a type'}")


def _object(raw: bytes, field: str) -> Body:
    try:
        value = loads(raw)
    except BadJson as error:
        raise Unreadable(field, error.found, error.wanted) from None
    if not is_body(value):
        raise Unreadable(field, f"a {type(value).__name__}", "an object")
    return value


def _complaint(plain: Body, shop: Shop, name: str, made_at: datetime) -> Read:
    subject = Subject("complaint", ident(plain.get("complaint_id")))
    if not subject.id:
        raise Unreadable("complaint_id", "none", "the id of a complaint")
    action = code(plain.get("action_type")) or ""
    marks = []
    for mark in BY_ACTION.get(action, ()):
        if mark == "complaint.opened":
            marks.append(Mark(mark, instant(plain.get("complaint_time")) or made_at))
        elif mark in shop.words.marks:
            marks.append(Mark(mark, made_at, of=name))
    if not marks:
        return Read(looks=(subject,))
    order = ident(plain.get("out_trade_no"))
    facts: dict[str, FactValue | None] = {"country": "CN", "channel": CHANNEL}
    if seller := ident(plain.get("complainted_mchid")) or shop.address:
        facts["seller"] = seller
    links = (Link("order", "order", order),) if order else ()
    return Read(events=(event(name, subject, made_at, marks, facts, links),), looks=(subject,))


def _payment(plain: Body, shop: Shop, name: str, made_at: datetime) -> Read:
    subject = Subject("order", ident(plain.get("out_trade_no")))
    if not subject.id:
        raise Unreadable("out_trade_no", "none", "the merchant's number of the order")
    if not _own(plain, shop):
        return Read(ignored="a payment to another merchant")
    return Read(events=(payment_event(plain, subject, name, made_at, shop),))


def payment_event(plain: Body, subject: Subject, name: str, at: datetime, shop: Shop, look: bool = False) -> Event:
    """A payment, as a notice or the answer to a question tells it.

    After a refund (`trade_state` REFUND) the answer does not say how much went back, so what was paid is not said
    either: who is about to give money back must then ask a person.
    """
    state, paid_at = code(plain.get("trade_state")), instant(plain.get("success_time"))
    amount = child(plain, "amount")
    total, facts = yuan(amount.get("total")), _money_facts(amount, shop, plain)
    facts["status"] = state
    if state == "SUCCESS" and total is not None:
        facts["amount"] = total
        if look:
            facts["refunded"] = yuan(0)
    marks = [Mark("order.paid", paid_at, value=total)] if paid_at is not None and state in ("SUCCESS", "REFUND") else []
    payer = child(plain, "payer")
    # A service provider's payer has two names: the one at the shop is the one that its complaints bear.
    if buyer := next((told for name in ("openid", "sub_openid", "sp_openid") if (told := opaque(payer.get(name)))), ""):
        facts["buyer"] = buyer
    return event(name, subject, at, marks, facts, (), look=look)


def _refund(plain: Body, shop: Shop, name: str, made_at: datetime) -> Read:
    subject = Subject("refund", ident(plain.get("out_refund_no")))
    if not subject.id:
        raise Unreadable("out_refund_no", "none", "the merchant's number of the refund")
    if not _own(plain, shop):
        return Read(ignored="a refund of another merchant")
    return Read(events=(refund_event(plain, subject, name, made_at, shop),))


def refund_event(plain: Body, subject: Subject, name: str, at: datetime, shop: Shop, look: bool = False) -> Event:
    """A refund of money, as a notice or the answer to a question tells it."""
    state = code(plain.get("refund_status")) or code(plain.get("status"))
    amount = child(plain, "amount")
    value, facts = yuan(amount.get("refund")), _money_facts(amount, shop, plain)
    facts["status"] = state
    if value is not None:
        facts["amount"] = value
    marks = []
    if (made := instant(plain.get("create_time"))) is not None:
        marks.append(Mark("refund.approved", made))
    if state == "SUCCESS" and (paid_at := instant(plain.get("success_time"))) is not None:
        marks.append(Mark("refund.paid", paid_at, value=value))
        if value is not None:
            facts["refunded"] = value
    if subject.id.startswith(OUR_REFUND):
        facts["channel"] = OURS
    order = ident(plain.get("out_trade_no"))
    return event(name, subject, at, marks, facts, (Link("order", "order", order),) if order else (), look=look)


def _money_facts(amount: Body, shop: Shop, plain: Body) -> dict[str, FactValue | None]:
    currency = amount.get("currency")
    facts: dict[str, FactValue | None] = {
        "country": "CN",
        "currency": currency if isinstance(currency, str) and len(currency) == 3 and currency.isupper() else "CNY",
    }
    if seller := ident(plain.get("sub_mchid")) or ident(plain.get("mchid")) or shop.address:
        facts["seller"] = seller
    return facts


def _own(plain: Body, shop: Shop) -> bool:
    told = {ident(plain.get(name)) for name in ("mchid", "sp_mchid", "sub_mchid")} - {""}
    return not told or not shop.address or shop.address in told


def event(
    name: str,
    subject: Subject,
    at: datetime,
    marks: "list[Mark]",
    facts: dict[str, FactValue | None],
    links: tuple[Link, ...],
    whole: frozenset[str] = frozenset(),
    look: bool = False,
) -> Event:
    """One statement as of `at`."""
    return Event(
        id=f"wechatpay:{name}",
        subject=subject,
        occurred_at=at,
        version=at,
        look=look,
        reading=READING,
        marks=tuple(marks),
        facts=facts,
        whole=whole,
        links=links,
    )
