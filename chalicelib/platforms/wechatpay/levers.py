"""What a merchant can do about a complaint: answer it, mark it as dealt with, give the money back. Nobody can close one
against the user's will. An answer carries our marker, so it is found again after an unknown outcome; a refund is
numbered by us, so WeChat Pay makes it once. Facts: the sheet of WeChat Pay complaints, section 3.
"""

import hashlib
from collections.abc import Generator, Mapping
from urllib.parse import quote

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.cn import fen_of, ident, whole
from chalicelib.platforms.rest import Murky, No
from chalicelib.platforms.shapes import Body, code, text
from chalicelib.platforms.shapes import child as part
from chalicelib.platforms.wechatpay.api import Api, Ok, no_answer
from chalicelib.platforms.wechatpay.looks import GONE, history_of
from chalicelib.platforms.wechatpay.read import OUR_REFUND

LONGEST_REPLY = 200
"""Characters of `response_content`."""


def marker(key: str) -> str:
    """Our key as a buyer may see it: a digest, in brackets."""
    return f"[redress:{_digest(key, 16)}]"


def refund_number(key: str) -> str:
    """The `out_refund_no` of an action: the same for each repetition."""
    return OUR_REFUND + _digest(key, 40)


def _digest(key: str, length: int) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:length]


def complaint_of(command: Command) -> str:
    """The complaint that a command is about: its own, or the one whose refund it is."""
    return ident(command.subject.id) if command.subject.kind in ("complaint", "refund") else ""


def reply(session: Session, command: Command) -> Steps:
    """Answers the user, once: the history is searched first, because a call that failed may have arrived."""
    name, text = complaint_of(command), _reply_text(session, command)
    if not name:
        return Refused("no_complaint")
    if not text:
        return Refused("no_text")
    there = yield from find_reply(session, command)
    if not isinstance(there, Absent):
        return there
    api = Api(session)
    detail = yield from _detail(api, name)
    if isinstance(detail, Refused | Later):
        return detail
    body = {"complainted_mchid": _merchant(api, detail), "response_content": text, "response_images": []}
    answer = yield from api.post(api.complaint(name, "response"), body)
    if isinstance(answer, Ok):
        return Done(marker(command.key))
    if isinstance(answer, Murky):
        found = yield from find_reply(session, command)
        return found if not isinstance(found, Absent) else Later(60.0, answer.reason)
    return no_answer(answer)


def find_reply(session: Session, command: Command) -> Finding:
    name = complaint_of(command)
    if not name:
        return Absent()
    history = yield from history_of(Api(session), name)
    if isinstance(history, Later):
        return history
    if isinstance(history, Refused):
        return Absent() if history.reason in GONE else Later(300.0, history.reason)
    mark = marker(command.key)
    found = any(row.get("operate_type") == "MERCHANT_RESPONSE" and mark in text(row, "operate_details")
                for row in history)  # fmt: skip
    return Done(mark) if found else Absent()


def _reply_text(session: Session, command: Command) -> str:
    """What this shop tells a buyer. The note of a step names our rules, which are no business of the buyer's."""
    told = command.params.get("text")
    text = (told if isinstance(told, str) else "") or session.shop.options.get("reply_text", "")
    mark = marker(command.key)
    return f"{text.strip()[: LONGEST_REPLY - len(mark) - 1]} {mark}" if text.strip() else ""


def _detail(api: Api, name: str) -> Generator[Call, Reply, Body | Refused | Later]:
    found = yield from api.get(api.complaint(name))
    if not isinstance(found, Ok):
        return no_answer(found)
    return found.body if ident(found.body.get("complaint_id")) == name else Refused("another_complaint")


def _merchant(api: Api, detail: Body) -> str:
    return ident(detail.get("complainted_mchid")) or api.merchant


def resolve(session: Session, command: Command) -> Steps:
    """Marks a complaint as dealt with; one that is dealt with already stays so."""
    name, api = complaint_of(command), Api(session)
    if not name:
        return Refused("no_complaint")
    detail = yield from _detail(api, name)
    if isinstance(detail, Refused | Later):
        return detail
    state = detail.get("complaint_state")
    if state == "PROCESSED":
        return Done(name)
    if state == "PENDING":
        return Refused("not_answered_yet")
    answer = yield from api.post(api.complaint(name, "complete"), {"complainted_mchid": _merchant(api, detail)})
    return Done(name) if isinstance(answer, Ok) else no_answer(answer)


def refund(session: Session, command: Command) -> Steps:
    """Gives money back for the payment. The decision on a complaint's refund moves none, so this asks for the refund
    itself, under a number of ours."""
    order, api = ident(command.order), Api(session)
    if not order:
        return Refused("no_order")
    paid = yield from api.get(f"/v3/pay/transactions/out-trade-no/{quote(order, safe='')}", mchid=api.merchant)
    if not isinstance(paid, Ok):
        return no_answer(paid)
    total = whole(part(paid.body, "amount").get("total"))
    currency = code(part(paid.body, "amount").get("currency")) or "CNY"
    if not total or ident(paid.body.get("out_trade_no")) != order:
        return Refused("no_total")
    if command.currency and command.currency != currency:
        return Refused("other_currency")
    fen = fen_of(command.amount) if command.amount is not None else None
    if fen is None:
        return Refused("no_amount")
    if fen > total:
        return Refused("more_than_was_paid")
    number = refund_number(command.key)
    body = {
        "out_trade_no": order,
        "out_refund_no": number,
        "amount": {"refund": fen, "total": total, "currency": currency},
    }
    answer = yield from api.post("/v3/refund/domestic/refunds", body)
    if not isinstance(answer, Ok):
        return Refused(answer.code) if isinstance(answer, No) else no_answer(answer)
    if ident(answer.body.get("out_refund_no")) != number:
        return Later(60.0, "empty_answer")
    state = answer.body.get("status")
    return Done(number) if state in ("SUCCESS", "PROCESSING") else Refused((code(state) or "no_state").lower())


RIGHTS = "merchant certificate (serial_no, private_key) of the merchant number, with the complaints product"

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "message_buyer",
            reply,
            "findable",
            find=find_reply,
            call="POST complaints-v2/ID/response",
            needs=f"{RIGHTS}; the option reply_text",
            effects="An answer that the user reads, at most 200 characters with our marker in it. It counts as the "
            "merchant's first reply: PENDING becomes PROCESSING. It cannot be unsent.",
        ),
        Lever(
            "resolve",
            resolve,
            "safe",
            call="POST complaints-v2/ID/complete",
            needs=RIGHTS,
            effects="Marks the complaint as dealt with; only after an answer. The user is told, and may go on "
            "complaining, which opens it again and counts as a repeat.",
        ),
        Lever(
            "refund",
            refund,
            "keyed",
            call="POST /v3/refund/domestic/refunds",
            needs=f"{RIGHTS}; the right to refund by API, and money on the merchant's account",
            effects="Money goes back to the user's means of payment, under a refund number of ours. It cannot be "
            "taken back. A payment that was refunded in part before is left to a person.",
        ),
    )
}
