"""A complaint's detail and its history -> events. A round begins with the complaint and again with each time the user
goes on complaining; its first reply and its end carry the round's id. What people wrote is passed over, but for our own
marker. Facts: the sheet of WeChat Pay complaints, section 2, and the API page of the negotiation history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.words import Vocabulary
from chalicelib.platforms.base import Shop
from chalicelib.platforms.cn import ident, instant, opaque, yuan
from chalicelib.platforms.shapes import Body, code, rows
from chalicelib.platforms.wechatpay.read import event
from chalicelib.platforms.wechatpay.words import (
    ANSWERED,
    ASKED,
    CHANNEL,
    CONFIRMED,
    FULLY_REFUNDED,
    HELP,
    LISTED,
    REFUND_BY_ENTRY,
    REFUND_LISTED,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a history: who did what, when; `id` names it."""

    id: str
    kind: str
    at: datetime


def entries(found: Sequence[Body]) -> list[Entry]:
    """The lines that say what and when, in order of time."""
    told = []
    for row in found:
        name, kind, at = ident(row.get("log_id")), code(row.get("operate_type")), instant(row.get("operate_time"))
        if name and kind and at is not None:
            told.append(Entry(name, kind, at))
    return sorted(told, key=lambda one: (one.at, one.id))


def events_of(
    detail: Body, history: Sequence[Body] | None, shop: Shop, asked_at: datetime, digest: str
) -> tuple[Event, ...]:
    """What a complaint's detail says as of `asked_at`, and its history where that was asked for in full."""
    subject = Subject("complaint", ident(detail.get("complaint_id")))
    opened = instant(detail.get("complaint_time"))
    orders = rows(detail, "complaint_order_info")
    links = _links(orders)
    facts = _facts(detail, orders, shop)
    marks = [Mark("complaint.opened", opened)] if opened is not None else []
    whole: frozenset[str] = frozenset()
    told = entries(history) if history is not None else []
    if history is not None:
        marks.extend(rounds(told, facts["status"] == "PROCESSED", shop.words))
        whole = LISTED | ({ANSWERED, ASKED} & shop.words.marks)
    name = f"look:{subject}:{digest}"
    found = [event(name, subject, asked_at, marks, facts, links, whole, look=True)]
    wanted = yuan(detail.get("apply_refund_amount"))
    if code(detail.get("problem_type")) == "REFUND" and wanted and opened is not None:
        found.append(_refund(subject, opened, wanted, told, history is not None, facts, links, asked_at, name))
    return tuple(found)


def rounds(told: Sequence[Entry], processed: bool, words: Vocabulary) -> list[Mark]:
    """The marks of a history. The first round has no id, so that it is the same complaint before and after a look."""
    marks: list[Mark] = []
    now, replied, ended = "", False, False
    refunded: Entry | None = None
    for entry in told:
        if entry.kind == "USER_CONTINUE_COMPLAINT":
            now, replied, ended, refunded = entry.id, False, False, None
            marks.append(Mark("complaint.reopened", entry.at, of=now))
        elif entry.kind == "MERCHANT_RESPONSE":
            if not replied:
                marks.append(Mark("complaint.first_reply", entry.at, of=now))
            replied = True
            if ANSWERED in words.marks:
                marks.append(Mark(ANSWERED, entry.at, of=entry.id))
        elif entry.kind == "USER_RESPONSE" and ASKED in words.marks:
            marks.append(Mark(ASKED, entry.at, of=entry.id))
        elif entry.kind in CONFIRMED and not ended:
            marks.append(Mark("complaint.resolved", entry.at, of=now))
            ended = True
        elif entry.kind in HELP:
            marks.append(Mark("complaint.escalated", entry.at, of=entry.id))
        elif entry.kind == "USER_REVOKE_COMPLAINT":
            marks.append(Mark("complaint.withdrawn", entry.at))
        elif entry.kind in FULLY_REFUNDED:
            refunded = refunded or entry
    if processed and not ended and refunded is not None:
        # A full refund ends a complaint without anybody pressing the button.
        marks.append(Mark("complaint.resolved", refunded.at, of=now))
    return marks


def _facts(detail: Body, orders: Sequence[Body], shop: Shop) -> dict[str, FactValue | None]:
    amounts = [amount for order in orders if (amount := yuan(order.get("amount"))) is not None]
    facts: dict[str, FactValue | None] = {
        "country": "CN",
        "currency": "CNY",
        "channel": CHANNEL,
        "status": code(detail.get("complaint_state")),
        "reason": code(detail.get("problem_type")),
        "seller": ident(detail.get("complainted_mchid")) or shop.address or None,
        "buyer": opaque(detail.get("payer_openid")) or None,
    }
    if amounts:
        facts["amount"] = sum(amounts, Decimal(0))
        if detail.get("complaint_full_refunded") is True:
            facts["refunded"] = facts["amount"]
    return facts


def _links(orders: Sequence[Body]) -> tuple[Link, ...]:
    names = [name for order in orders if (name := ident(order.get("out_trade_no")))]
    # One complaint may be about several orders; the first is the one that a command means.
    return tuple(Link("order" if at == 0 else "also", "order", name) for at, name in enumerate(names[:20]))


def _refund(
    complaint: Subject,
    opened: datetime,
    wanted: Decimal,
    told: Sequence[Entry],
    listed: bool,
    of_complaint: dict[str, FactValue | None],
    links: tuple[Link, ...],
    asked_at: datetime,
    name: str,
) -> Event:
    """The refund that the user asks for in the complaint; it has the complaint's own id."""
    marks = [Mark("refund.requested", opened)]
    seen = set()
    for entry in told:
        mark = REFUND_BY_ENTRY.get(entry.kind, "")
        if mark == "refund.paid":
            # The first word of it counts; the notice that follows is the same money.
            if mark not in seen:
                marks.append(Mark(mark, entry.at, value=wanted))
        elif mark:
            marks.append(Mark(mark, entry.at, of=entry.id))
        seen.add(mark)
    facts = {key: of_complaint[key] for key in ("country", "currency", "channel", "seller", "buyer")}
    facts["amount"] = wanted
    if "refund.paid" in seen:
        facts["refunded"] = wanted
    return event(
        f"{name}:refund",
        Subject("refund", complaint.id),
        asked_at,
        marks,
        facts,
        (*links, Link("complaint", "complaint", complaint.id)),
        REFUND_LISTED if listed else frozenset(),
        look=True,
    )
