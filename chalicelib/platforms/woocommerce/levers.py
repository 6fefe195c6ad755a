"""Notes, messages, tags and refunds on an order. WooCommerce has no idempotency keys, so what must not happen twice is
looked for before it is done, each time: a server that times out or answers 500 may have done it all the same. Facts:
the WooCommerce sheet, section 4, and WooCommerce's refund controller.
"""

import re
from collections.abc import Callable, Generator, Mapping
from decimal import Decimal
from typing import TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import (
    Absent,
    Command,
    Done,
    Finding,
    Later,
    Lever,
    Outcome,
    Refused,
    Session,
    Steps,
)
from chalicelib.platforms.rest import Murky, No, Ok
from chalicelib.platforms.shapes import Body, letters
from chalicelib.platforms.woocommerce.api import WC, Api, no_answer
from chalicelib.platforms.woocommerce.looks import REFUND_FIELDS
from chalicelib.platforms.woocommerce.marker import buyer_marker, carries, marker
from chalicelib.platforms.woocommerce.orders import refunded
from chalicelib.platforms.woocommerce.refunds import refund_id, split_id
from chalicelib.platforms.woocommerce.shapes import ident, meta_text, money

Seeking: TypeAlias = "Generator[Call, Reply, Done | Absent | No | Later | Murky | Ok]"

TAGS = "_redress_tags"
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}")
_LONGEST_NOTE = 5000


def order_of(command: Command) -> str:
    """The order that a command is about; empty where it names none.

    What the case's own id says comes first: of a case's links the shell may pick the basket that Dokan split.
    """
    if command.subject.kind == "order":
        return ident(command.subject.id)
    if command.subject.kind == "refund":
        return split_id(command.subject.id)[0]
    return ident(command.order)


def text_of(command: Command) -> str:
    """The text for people: the rule's own where it has one, else what the shell says of the step."""
    given = command.params.get("text")
    return ((given if isinstance(given, str) else "") or command.note).strip()[:_LONGEST_NOTE]


def written(
    result: "Ok | No | Later | Murky", handle: Callable[[Body], str], find: Finding
) -> Generator[Call, Reply, Outcome]:
    """The outcome of a write that must not happen twice: where the answer is murky, see whether the effect is there."""
    if isinstance(result, Ok) and result.body:
        return Done(handle(result.body))
    if isinstance(result, Murky | Ok):
        found = yield from find
        if isinstance(found, Done):
            return found
        return Later(60.0, result.reason if isinstance(result, Murky) else "empty_answer")
    return no_answer(result)


# -- notes ------------------------------------------------------------------------------------------------------------


def note(session: Session, command: Command) -> Steps:
    return (yield from _add_note(session, command, marker(command.key), for_buyer=False))


def message_buyer(session: Session, command: Command) -> Steps:
    return (yield from _add_note(session, command, buyer_marker(command.key), for_buyer=True))


def find_note(session: Session, command: Command) -> Finding:
    return (yield from _find_note(session, command, marker(command.key)))


def find_message(session: Session, command: Command) -> Finding:
    return (yield from _find_note(session, command, buyer_marker(command.key)))


def _add_note(session: Session, command: Command, mark: str, *, for_buyer: bool) -> Steps:
    order, text = order_of(command), text_of(command)
    if not order:
        return Refused("no_order")
    if not text:
        return Refused("no_text")
    there = yield from _seek_note(session, order, mark)
    if not isinstance(there, Absent):
        return there if isinstance(there, Done) else no_answer(there)
    body = {"note": f"{text}\n{mark}", "customer_note": for_buyer}
    answer = yield from Api(session).post(f"orders/{order}/notes", body)
    return (yield from written(answer, lambda made: ident(made.get("id")), _find_note(session, command, mark)))


def _find_note(session: Session, command: Command, mark: str) -> Finding:
    order = order_of(command)
    return lenient((yield from _seek_note(session, order, mark))) if order else Absent()


def _seek_note(session: Session, order: str, mark: str) -> Seeking:
    notes = yield from Api(session).get(f"orders/{order}/notes", _fields="id,note")
    if not isinstance(notes, Ok):
        return notes
    for row in notes.list:
        if carries(row.get("note"), mark):
            return Done(ident(row.get("id")))
    return Absent()


def lenient(found: "Done | Absent | No | Later | Murky | Ok") -> Done | Absent | Later:
    """What a search came to. An order that is not there holds nothing of ours; any other no leaves it open."""
    if isinstance(found, Done | Absent | Later):
        return found
    if isinstance(found, No):
        return Absent() if found.code.endswith("invalid_id") else Later(300.0, found.code)
    return Later(60.0, found.reason) if isinstance(found, Murky) else Later(300.0, "unexpected")


# -- tags -------------------------------------------------------------------------------------------------------------


def tag(session: Session, command: Command) -> Steps:
    return (yield from _retag(session, command, put=True))


def untag(session: Session, command: Command) -> Steps:
    return (yield from _retag(session, command, put=False))


def _retag(session: Session, command: Command, *, put: bool) -> Steps:
    order, name = order_of(command), _tag_of(command)
    if not order:
        return Refused("no_order")
    if not _TAG.fullmatch(name):
        return Refused("bad_tag")
    api = Api(session)
    found = yield from api.get(f"orders/{order}", _fields="id,meta_data")
    if not isinstance(found, Ok):
        return no_answer(found)
    tags = [one for one in meta_text(found.body, TAGS).split(",") if one]
    if (name in tags) is put:
        return Done(name)
    tags = [*tags, name] if put else [one for one in tags if one != name]
    answer = yield from api.put(f"orders/{order}", {"meta_data": [{"key": TAGS, "value": ",".join(tags)}]})
    return Done(name) if isinstance(answer, Ok) else no_answer(answer)


def _tag_of(command: Command) -> str:
    for source in (command.params.get("tag"), command.params.get("value"), command.handle):
        if isinstance(source, str) and source:
            return source
    return ""


# -- refunds ----------------------------------------------------------------------------------------------------------


def refund(session: Session, command: Command) -> Steps:
    """Gives money back, once. Never more than the order's total less what was refunded already."""
    order = order_of(command)
    if not order:
        return Refused("no_order")
    there = yield from _seek_refund(session, command, order)
    if not isinstance(there, Absent):
        return there if isinstance(there, Done) else no_answer(there)
    api = Api(session)
    found = yield from api.get(f"orders/{order}", _fields="id,status,currency,total,refunds")
    if not isinstance(found, Ok):
        return no_answer(found)
    amount = _amount(found.body, command)
    if isinstance(amount, Refused):
        return amount
    body = {
        "amount": f"{amount:f}",
        "reason": marker(command.key),
        "api_refund": session.shop.options.get("api_refund", "true") != "false",
        "api_restock": False,
    }
    answer = yield from api.post(f"orders/{order}/refunds", body)
    return (
        yield from written(answer, lambda made: refund_id(order, ident(made.get("id"))), find_refund(session, command))
    )


def _amount(order: Body, command: Command) -> Decimal | Refused:
    if command.currency and letters(order.get("currency"), 3) != command.currency:
        return Refused("other_currency")
    total = money(order.get("total"))
    if total is None:
        return Refused("no_total")
    left = total - refunded(order)
    amount = left if command.amount is None else command.amount
    if amount <= 0 or not amount.is_finite():
        return Refused("nothing_to_refund")
    return Refused("more_than_is_left") if amount > left else amount


def find_refund(session: Session, command: Command) -> Finding:
    order = order_of(command)
    return lenient((yield from _seek_refund(session, command, order))) if order else Absent()


def _seek_refund(session: Session, command: Command, order: str) -> Seeking:
    rows = yield from Api(session).pages(f"{WC}/orders/{order}/refunds", _fields=REFUND_FIELDS)
    if not isinstance(rows, tuple):
        return rows
    for row in rows:
        if carries(row.get("reason"), marker(command.key)):
            return Done(refund_id(order, ident(row.get("id"))))
    return Absent()


RIGHTS = "WooCommerce API key with read and write, of a shop manager"

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "note",
            note,
            "findable",
            find=find_note,
            call="POST /wc/v3/orders/ID/notes",
            needs=RIGHTS,
            effects="A private note on the order.",
        ),
        Lever(
            "message_buyer",
            message_buyer,
            "findable",
            find=find_message,
            call="POST /wc/v3/orders/ID/notes (customer_note)",
            needs=RIGHTS,
            effects="Mails the buyer through the shop, in the shop's own layout; it cannot be unsent.",
        ),
        Lever(
            "tag",
            tag,
            "safe",
            "exact",
            "untag",
            call="PUT /wc/v3/orders/ID (meta_data)",
            needs=RIGHTS,
            effects=f"WooCommerce has no tags on orders: kept in the meta data {TAGS}. The order counts as changed.",
        ),
        Lever("untag", untag, "safe", "exact", "tag", call="PUT /wc/v3/orders/ID (meta_data)", needs=RIGHTS),
        Lever(
            "refund",
            refund,
            "findable",
            find=find_refund,
            call="POST /wc/v3/orders/ID/refunds",
            needs=RIGHTS,
            effects="Moves money through the payment plugin unless the option api_refund is false; nothing is "
            "restocked; the buyer is mailed; a full refund sets the order to refunded. It cannot be taken back.",
        ),
    )
}
