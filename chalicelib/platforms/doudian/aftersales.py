"""After-sales of Douyin shop (refunds, returns, exchanges) and the arbitrations and service tickets that grow out of
them -> events. Deadlines are the platform's, taken as facts and never reckoned. Facts: the Douyin shop sheet, sections
1, 2 and 5, and the fields of afterSale/Detail and order/serviceDetail.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.instants import EPOCH
from chalicelib.platforms.base import Shop
from chalicelib.platforms.cn import day, ident, instant, yuan
from chalicelib.platforms.doudian.orders import common, order_id, statement
from chalicelib.platforms.doudian.words import (
    ARBITRATION,
    BY_STATE,
    ENDED,
    EVIDENCE_WANTED,
    NO_MONEY,
    REFUND_PAID,
    REFUND_TAGS,
    RESPOND_BY_MOVED,
    RETURNS,
    SELLERS_TURN,
    TICKET,
    VERDICTS,
)
from chalicelib.platforms.shapes import Body, child, code, rows

SERVICE = "service:"
"""How the id of a complaint begins that is a service ticket; the others are after-sales under arbitration."""


def pushed_refund(tag: str, data: Body, name: str, subject: Subject, shop: Shop) -> Event | None:
    """What a message about an after-sale states; None where it tells no instant."""
    mark, field = REFUND_TAGS.get(tag, ("", "update_time"))
    at = instant(data.get(field)) or instant(data.get("update_time"))
    if at is None:
        return None
    amount, kind = yuan(data.get("refund_amount")), code(data.get("aftersale_type"))
    facts = _facts(data, shop, kind, amount)
    facts["status"] = code(data.get("aftersale_status"))
    if (reason := code(data.get("reason_code"))) is not None:
        facts["reason"] = reason
    if tag in REFUND_PAID and amount is not None:
        facts["refunded"] = amount
    by = instant(data.get("status_deadline")) if tag == RESPOND_BY_MOVED and facts["status"] in SELLERS_TURN else None
    if by is not None:
        facts["respond_by"] = by
    marks = []
    if tag == "200":
        marks = _requested(at, kind)
    elif mark:
        marks = [Mark(mark, at, value=amount if mark == "refund.paid" else None)]
    return statement(name, subject, at, tuple(marks), facts, _links(data.get("p_id")))


def _requested(at: datetime, kind: str | None) -> list[Mark]:
    """An exchange, a resend and a repair ask for no money; a return asks for goods to be taken back."""
    marks = [] if kind in NO_MONEY else [Mark("refund.requested", at)]
    return [*marks, Mark("return.requested", at)] if kind in RETURNS else marks


def _facts(body: Body, shop: Shop, kind: str | None, amount: Decimal | None) -> dict[str, FactValue | None]:
    facts = common(body, shop)
    if amount is not None:
        facts["amount"] = amount
    if kind is not None:
        facts["category"] = f"aftersale-{kind}"
        facts["goods_expected"] = kind in RETURNS
    return facts


def _links(order: object, *more: Link) -> tuple[Link, ...]:
    name = order_id(order)
    return (*((Link("order", "order", name),) if name else ()), *more)


def asked_refund(detail: Body, shop: Shop, asked_at: datetime, digest: str, subject: Subject) -> tuple[Event, ...]:
    """What afterSale/Detail says as of `asked_at`: the after-sale, and its arbitration where there is one."""
    process = child(detail, "process_info")
    info, order = child(process, "after_sale_info"), child(detail, "order_info")
    kind, state = code(info.get("after_sale_type")), code(info.get("after_sale_status"))
    amount, applied = yuan(info.get("refund_total_amount")), instant(info.get("apply_time"))
    facts = _facts(info, shop, kind, amount)
    facts["status"] = state
    if (reason := code(info.get("reason_code"))) is not None:
        facts["reason"] = reason
    deadline = instant(info.get("status_deadline"))
    if deadline is not None and state in SELLERS_TURN:
        facts["respond_by"] = deadline
    products = {ident(row.get("product_id")) for row in rows(order, "sku_order_infos")} - {""}
    facts["product"] = products.pop() if len(products) == 1 else None
    paid = yuan(info.get("real_refund_amount")) if code(info.get("refund_status")) == "3" else None
    if paid is not None:
        facts["refunded"] = paid
    marks = _requested(applied, kind) if applied is not None else []
    if (sent := instant(child(child(process, "logistics_info"), "return").get("logistics_time"))) is not None:
        marks.append(Mark("return.sent", sent))
    changed = instant(info.get("update_time"))
    if changed is not None and applied is not None:
        marks.extend(_reached(state or "", kind, paid, applied, changed))
    links = _links(order.get("shop_order_id"))
    events = [statement(f"look:{subject}:{digest}", subject, asked_at, tuple(marks), facts, links, look=True)]
    arbitration = _arbitration(child(process, "arbitrate_info"), facts, asked_at, digest, subject.id, links)
    return (*events, arbitration) if arbitration is not None else tuple(events)


def _first_seen(began: datetime, changed: datetime) -> datetime:
    """The version of what a state says as of its last change. Each later change is of a lesser one, so that a mark
    stays where it was first seen; all are of lesser ones than any message has."""
    return min(began, max(began - (changed - began), EPOCH))


_OF_GOODS = {"refund.approved": "return.approved", "refund.refused": "return.refused"}


def _reached(
    state: str, kind: str | None, paid: Decimal | None, applied: datetime, changed: datetime
) -> Iterator[Mark]:
    """What a state implies, as of the last change."""
    version = _first_seen(applied, changed)
    if kind in NO_MONEY:
        # An exchange or a repair gives goods for goods: its answers are those to the return that was asked for.
        for mark in BY_STATE.get(state, ()) if kind in RETURNS else ():
            yield Mark(_OF_GOODS.get(mark, mark), changed, version=version)
        return
    for mark in BY_STATE.get(state, ()) if paid is None else ("refund.approved", "refund.paid"):
        if mark != "return.approved" or kind in RETURNS:
            yield Mark(mark, changed, version=version, value=paid if mark == "refund.paid" else None)


def _arbitration(
    info: Body,
    of_refund: dict[str, FactValue | None],
    asked_at: datetime,
    digest: str,
    aftersale: str,
    links: tuple[Link, ...],
) -> Event | None:
    """An arbitration is a complaint under the after-sale's id; `of` is the arbitration's own, as there may be two.

    255 says "ended" or "cancelled", depending on whom one asks: the verdict is in the conclusion.
    """
    name, state = ident(info.get("arbitrate_id")), code(info.get("arbitrate_status"))
    opened, changed = instant(info.get("arbitrate_create_time")), instant(info.get("arbitrate_update_time"))
    if not name or state in (None, "0"):
        return None
    verdict = VERDICTS.get(code(info.get("arbitrate_conclusion")) or "")
    facts: dict[str, FactValue | None] = {
        key: of_refund[key] for key in ("country", "currency", "seller", "amount", "product") if key in of_refund
    }
    facts["status"], facts["reason"], facts["channel"] = f"arbitration-{state}", verdict, ARBITRATION
    marks = [Mark("complaint.opened", opened, of=name)] if opened is not None else []
    if state == EVIDENCE_WANTED:
        by = instant(info.get("arbitrate_status_deadline")) or day(info.get("arbitrate_status_deadline"))
        if by is not None:
            facts["evidence_due_by"] = by
        if changed is not None:
            marks.append(Mark("complaint.evidence_due", changed, of=name))
    if changed is not None and (verdict is not None or state == ENDED):
        mark, version = (
            "complaint.resolved" if verdict else "complaint.withdrawn",
            _first_seen(opened or changed, changed),
        )
        marks.append(Mark(mark, changed, of=name, version=version))
    subject = Subject("complaint", aftersale)
    more = (*links, Link("refund", "refund", aftersale))
    return statement(f"look:{subject}:{digest}", subject, asked_at, tuple(marks), facts, more, look=True)


def asked_service(detail: Body, shop: Shop, asked_at: datetime, digest: str) -> Event | None:
    """A service ticket of the platform's staff -> a complaint that wants an answer."""
    number, opened = ident(detail.get("id")), instant(detail.get("create_time"))
    if not number or opened is None:
        return None
    subject = Subject("complaint", SERVICE + number)
    facts = common(detail, shop)
    facts["status"], facts["category"] = code(detail.get("operate_status")), "service-ticket"
    facts["channel"] = TICKET
    if (by := instant(detail.get("expiration_time"))) is not None:
        facts["respond_by"] = by
    marks = [Mark("complaint.opened", opened)]
    told = (("complaint.first_reply", "first_reply_time"), ("complaint.resolved", "close_time"))
    marks.extend(Mark(mark, at) for mark, field in told if (at := instant(detail.get(field))) is not None)
    rejected = instant(detail.get("reject_time"))
    if code(detail.get("is_reject")) == "1" and rejected is not None:
        marks.append(Mark("complaint.reopened", rejected, of=f"{int(rejected.timestamp())}"))
    links = _links(detail.get("order_id"))
    return statement(f"look:{subject}:{digest}", subject, asked_at, tuple(marks), facts, links, look=True)
