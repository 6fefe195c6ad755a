"""What a third party really holds on Douyin shop: a remark on an order, the answer to a service ticket, agreeing to an
after-sale, one's own product off and on the shelf. Nobody outside can take a deposit, lower a score or force a verdict.
Facts: the Douyin shop sheet, sections 3 and 5.
"""

import hashlib
import re
from collections.abc import Generator, Mapping

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.cn import fen_of, ident, whole
from chalicelib.platforms.doudian.aftersales import SERVICE
from chalicelib.platforms.doudian.api import Api, no_answer
from chalicelib.platforms.doudian.looks import aftersale, service
from chalicelib.platforms.doudian.orders import order_id
from chalicelib.platforms.rest import Murky, Ok
from chalicelib.platforms.shapes import Body, child, code, rows, text

LONGEST_REMARK = 60
"""Characters of a remark; newer pages say 500, older ones 60."""
WAS_OFF = "was-off"
"""Handle of a product that was off the shelf before we came: taking our step back leaves it there."""
_ASKED, _CAME_BACK = "6", "11"
_AGREED = frozenset({"12", "53"})
_PAYING = frozenset({"2", "3"})


_OURS = re.compile(r"\s*\[redress:[^\]]*\]")
_TEXT = 24
"""Characters of ours in a remark, so that the next one finds room too."""


def marker(key: str) -> str:
    """How what we write for a key begins; of one length, so none is found within another."""
    return f"[redress:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:10]}"


# -- remarks ----------------------------------------------------------------------------------------------------------


def _order_of(command: Command) -> str:
    return order_id(command.subject.id if command.subject.kind == "order" else command.order)


def _remark(api: Api, order: str) -> Generator[Call, Reply, str | Refused | Later]:
    """The remark that stands on an order."""
    found = yield from api.ask("order.orderDetail", {"shop_order_id": order})
    if not isinstance(found, Ok):
        return no_answer(found)
    detail = child(found.body, "shop_order_detail") or found.body
    return text(detail, "seller_words") if order_id(detail.get("order_id")) == order else Refused("another_order")


def note(session: Session, command: Command) -> Steps:
    """Adds to the remark. An order has one text for it, so what stands there is kept and ours goes behind."""
    order, api, mark = _order_of(command), Api(session), marker(command.key)
    if not order:
        return Refused("no_order")
    before = yield from _remark(api, order)
    if isinstance(before, Refused | Later):
        return before
    if mark in before:
        return Done(mark)
    remark = _with(before, mark, command.note)
    if not remark:
        return Refused("no_room_in_the_remark")
    params: dict[str, object] = {"order_id": order, "remark": remark}
    if flag := session.shop.options.get("flag", ""):
        params |= {"is_add_star": "true", "star": flag}
    answer = yield from api.ask("order.addOrderRemark", params)
    if isinstance(answer, Murky):
        found = yield from find_note(session, command)
        return found if not isinstance(found, Absent) else Later(60.0, answer.reason)
    return Done(mark) if isinstance(answer, Ok) else no_answer(answer)


def _with(before: str, mark: str, note: str) -> str:
    """The remark with ours behind it. Where there is no room, our own older words make it; empty where there is none
    even so."""
    text = note.removeprefix("Redress: ").replace("[", "(").replace("]", ")")[:_TEXT].strip()
    for kept in (before.strip(), _OURS.sub("", before).strip()):
        for ours in (f"{mark} {text}]" if text else f"{mark}]", f"{mark}]"):
            remark = f"{kept} {ours}".strip()
            if len(remark) <= LONGEST_REMARK:
                return remark
    return ""


def find_note(session: Session, command: Command) -> Finding:
    order, mark = _order_of(command), marker(command.key)
    if not order:
        return Absent()
    found = yield from _remark(Api(session), order)
    if isinstance(found, Refused):
        return Later(300.0, found.reason)
    if isinstance(found, Later):
        return found
    return Done(mark) if mark in found else Absent()


# -- service tickets --------------------------------------------------------------------------------------------------


def resolve(session: Session, command: Command) -> Steps:
    """Answers a service ticket of the platform's staff, once: the platform refuses a second answer."""
    number = _ticket_of(command)
    if not number:
        return Refused("no_service_ticket")
    text = session.shop.options.get("reply_text", "").strip()
    if not text:
        return Refused("no_text")
    api = Api(session)
    found = yield from service(api, number)
    if not isinstance(found, Ok):
        return found
    detail = child(found.body, "detail")
    if _answered(detail):
        return Done(number)
    if code(detail.get("evidence_required")) == "1":
        return Refused("evidence_wanted")
    answer = yield from api.ask("order.replyService", {"id": number, "reply": text})
    return Done(number) if isinstance(answer, Ok) else no_answer(answer)


def _ticket_of(command: Command) -> str:
    name = command.subject.id if command.subject.kind == "complaint" else ""
    return ident(name.removeprefix(SERVICE)) if name.startswith(SERVICE) else ""


def _answered(detail: Body) -> bool:
    """Whether the present round has an answer: a ticket that was sent back wants a new one."""
    return bool(text(detail, "reply")) and code(detail.get("is_reject")) != "1"


# -- after-sales ------------------------------------------------------------------------------------------------------


def refund(session: Session, command: Command) -> Steps:
    """Agrees to an after-sale whose turn it is the seller's, for exactly the amount that it asks for.

    The after-sale is read first, and its `update_time` is sent along: one that changed meanwhile is not agreed to.
    """
    name = ident(command.refund) or (ident(command.subject.id) if command.subject.kind == "refund" else "")
    if not name:
        return Refused("no_aftersale")
    api = Api(session)
    found = yield from aftersale(api, name)
    if not isinstance(found, Ok):
        return found
    info = child(child(found.body, "process_info"), "after_sale_info")
    if _agreed(info):
        return Done(name)
    agree = agree_types(session.shop.options.get("agree_types", "")).get(code(info.get("after_sale_type")) or "")
    changed = whole(info.get("update_time"))
    if agree is None:
        return Refused("no_agree_type")
    if code(info.get("after_sale_status")) not in (_ASKED, _CAME_BACK):
        return Refused("not_the_sellers_turn")
    fen = fen_of(command.amount) if command.amount is not None else None
    if fen is None or fen != whole(info.get("refund_total_amount")):
        return Refused("another_amount")
    if command.currency not in ("", "CNY"):
        return Refused("other_currency")
    if not changed:
        return Refused("no_update_time")
    item = {"aftersale_id": name, "update_time": changed}
    answer = yield from api.ask("afterSale.operate", {"type": agree, "items": [item]})
    if isinstance(answer, Murky):
        seen = yield from find_refund(session, command)
        return seen if not isinstance(seen, Absent) else Later(60.0, answer.reason)
    if not isinstance(answer, Ok):
        return no_answer(answer)
    # The call takes a batch, and says of each by itself whether it was done.
    refused = next((told for one in rows(answer.body, "items") if (told := code(one.get("status_code"))) != "0"), None)
    if refused is None:
        return Done(name)
    seen = yield from find_refund(session, command)
    return Refused(f"status_{refused}") if isinstance(seen, Absent) else seen


def find_refund(session: Session, command: Command) -> Finding:
    name = ident(command.refund) or (ident(command.subject.id) if command.subject.kind == "refund" else "")
    if not name:
        return Absent()
    found = yield from aftersale(Api(session), name)
    if isinstance(found, Refused):
        return Later(300.0, found.reason)
    if isinstance(found, Later):
        return found
    info = child(child(found.body, "process_info"), "after_sale_info")
    return Done(name) if _agreed(info) else Absent()


def _agreed(info: Body) -> bool:
    return code(info.get("after_sale_status")) in _AGREED or code(info.get("refund_status")) in _PAYING


def agree_types(option: str) -> dict[str, int]:
    """`1:201,2:201` -> by type of after-sale, the code that agrees; what is no such pair is passed over."""
    pairs = (pair.strip().partition(":") for pair in option.split(","))
    return {kind: int(value) for kind, _, value in pairs if kind.isdigit() and value.isdigit() and len(value) < 5}


# -- the shelf --------------------------------------------------------------------------------------------------------


def delist(session: Session, command: Command) -> Steps:
    """Takes a product off the shelf. One that is off already was somebody else's doing, and stays off for good."""
    before = yield from _shelf(session, command)
    if not isinstance(before, bool):
        return before
    if not before:
        return Done(WAS_OFF)
    product = ident(command.product)
    answer = yield from Api(session).ask("product.setOffline", {"product_id": int(product)})
    if isinstance(answer, Murky):
        found = yield from find_delisted(session, command)
        return found if not isinstance(found, Absent) else Later(60.0, answer.reason)
    return Done(product) if isinstance(answer, Ok) else no_answer(answer)


def find_delisted(session: Session, command: Command) -> Finding:
    """Asked only after we tried: what is off then is taken for our doing, so that it can be taken back."""
    found = yield from _shelf(session, command)
    if isinstance(found, Refused):
        return Later(300.0, found.reason)
    if isinstance(found, Later):
        return found
    return Absent() if found else Done(ident(command.product))


def relist(session: Session, command: Command) -> Steps:
    if command.handle == WAS_OFF:
        return Done(WAS_OFF)
    before = yield from _shelf(session, command)
    if not isinstance(before, bool):
        return before
    product = ident(command.product)
    if before:
        return Done(product)
    answer = yield from Api(session).ask("product.setOnline", {"product_id": int(product)})
    return Done(product) if isinstance(answer, Ok) else no_answer(answer)


def _shelf(session: Session, command: Command) -> Generator[Call, Reply, bool | Refused | Later]:
    """Whether the product is on the shelf."""
    product = ident(command.product)
    if not product.isdigit():
        return Refused("no_product")
    found = yield from Api(session).ask("product.detail", {"product_id": product})
    if not isinstance(found, Ok):
        return no_answer(found)
    if (ident(found.body.get("product_id_str")) or ident(found.body.get("product_id"))) != product:
        return Refused("another_product")
    status = code(found.body.get("status"))
    return status == "0" if status in ("0", "1") else Refused("deleted_product")


RIGHTS = "an approved app of Douyin shop with these calls, and the address it calls from on the app's allow-list"

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "note",
            note,
            "findable",
            find=find_note,
            call="order.addOrderRemark",
            needs=RIGHTS,
            effects="Goes behind what stands in the order's remark, 60 characters in all, where our own older words "
            "give way; the platform pushes a change of the remark, which we pass over. With the option flag it also "
            "sets that flag.",
        ),
        Lever(
            "resolve",
            resolve,
            "safe",
            call="order.replyService",
            needs=f"{RIGHTS}; the option reply_text",
            effects="Answers a service ticket of the platform's staff with the shop's standing text. One that wants "
            "evidence is refused: a person gives it. An arbitration cannot be answered so.",
        ),
        Lever(
            "refund",
            refund,
            "findable",
            find=find_refund,
            call="afterSale.operate",
            needs=f"{RIGHTS}; the option agree_types, from the API page of afterSale/operate",
            effects="Agrees to the buyer's after-sale for exactly what it asks; the platform then pays. It cannot be "
            "taken back. Money cannot be sent where no after-sale was asked for.",
        ),
        Lever(
            "delist",
            delist,
            "findable",
            "offset",
            "relist",
            find_delisted,
            call="product.setOffline",
            needs=f"{RIGHTS}; with the merchant's consent",
            effects="The product goes to the warehouse; one in a campaign of the platform is refused. On its return "
            "it may be checked anew and has lost its place.",
        ),
        Lever(
            "relist",
            relist,
            "safe",
            call="product.setOnline",
            needs=RIGHTS,
            effects="May be checked anew; some categories refuse this call and want the product edited.",
        ),
    )
}
