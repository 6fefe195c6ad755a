"""Paying back a part of an order, once: a granted refund with our key as its reason, then the request that its payment
app carries it out. Both steps show on the order, so each is looked for before it is done. Facts: the sheet, section 4.
"""

from collections.abc import Generator, Mapping
from decimal import Decimal
from typing import TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.ours import carries, marker
from chalicelib.platforms.saleor import documents
from chalicelib.platforms.saleor.graphql import ask, rejection
from chalicelib.platforms.saleor.levers import order_of
from chalicelib.platforms.saleor.statements import amount_of, pair
from chalicelib.platforms.shapes import Body, child, ident, rows, text

Ordering: TypeAlias = Generator[Call, Reply, "Body | Refused | Later"]

_UNDER_WAY = frozenset(["PENDING", "SUCCESS"])


def refund(session: Session, command: Command) -> Steps:
    """Pays `amount` back by the transaction that holds the most; never more than it took."""
    order = order_of(command)
    if not order:
        return Refused("no-order")
    body = yield from _order(session, order)
    if isinstance(body, Refused | Later):
        return body
    ours = _ours(body, command.key)
    if ours is not None:
        granted, status = ident(ours.get("id")), text(ours, "status")
        if status in _UNDER_WAY:
            return Done(pair(order, granted))
        if status == "FAILURE":
            return Refused("refund-failed")
        return (yield from _pay(session, order, granted))
    transaction = _transaction(body, command)
    if isinstance(transaction, Refused):
        return transaction
    given = {"amount": command.amount, "reason": marker(command.key), "transactionId": transaction}
    answer = yield from ask(session, documents.GRANT, {"id": order, "input": given})
    if isinstance(answer, Refused | Later):
        return answer
    refused = rejection(answer.data, "orderGrantRefundCreate")
    if refused:
        return refused
    granted = ident(child(child(answer.data, "orderGrantRefundCreate"), "grantedRefund").get("id"))
    return (yield from _pay(session, order, granted)) if granted else Later(30.0, "no id of the grant")


def _pay(session: Session, order: str, granted: str) -> Steps:
    answer = yield from ask(session, documents.PAY_BACK, {"id": granted})
    if isinstance(answer, Refused | Later):
        return answer
    return rejection(answer.data, "transactionRequestRefundForGrantedRefund") or Done(pair(order, granted))


def find(session: Session, command: Command) -> Finding:
    """Whether our refund is on its way. One that was granted only is none yet: the next try carries it out."""
    order = order_of(command)
    if not order:
        return Absent()
    body = yield from _order(session, order)
    if isinstance(body, Refused):
        # Nothing was seen, so nothing may be concluded.
        return Later(300.0, body.reason)
    if isinstance(body, Later):
        return body
    ours = _ours(body, command.key)
    under_way = ours is not None and text(ours, "status") in _UNDER_WAY
    return Done(pair(order, ident(ours.get("id")))) if ours is not None and under_way else Absent()


def _order(session: Session, order: str) -> Ordering:
    answer = yield from ask(session, documents.REFUNDABLE, {"id": order})
    if isinstance(answer, Refused | Later):
        return answer
    body = child(answer.data, "order")
    if ident(body.get("id")) != order:
        return Refused("scope" if answer.denied else "not-found")
    return body


def _ours(body: Body, key: str) -> Body | None:
    return next((one for one in rows(body, "grantedRefunds") if carries(one.get("reason"), marker(key))), None)


def _transaction(body: Body, command: Command) -> str | Refused:
    amount, currency = command.amount, amount_of(body, "total")[1]
    if amount is None or not amount.is_finite() or amount <= 0:
        return Refused("no-amount")
    if command.currency and command.currency != currency:
        return Refused("other-currency")
    held: list[tuple[Decimal, str]] = []
    for one in rows(body, "transactions"):
        actions = one.get("actions")
        charged = amount_of(one, "chargedAmount")[0] or Decimal(0)
        pending = amount_of(one, "refundPendingAmount")[0] or Decimal(0)
        if isinstance(actions, list) and "REFUND" in actions and ident(one.get("id")):
            held.append((charged - pending, ident(one.get("id"))))
    if not held:
        return Refused("no-way-to-pay-back")
    most, transaction = max(held)
    return transaction if amount <= most else Refused("more-than-is-left")


LEVERS: Mapping[str, Lever] = {
    "refund": Lever(
        "refund",
        refund,
        "findable",
        find=find,
        call="orderGrantRefundCreate, transactionRequestRefundForGrantedRefund",
        needs="MANAGE_ORDERS, HANDLE_PAYMENTS",
        effects="The payment app of the transaction is asked to pay back, and may still fail; the order's refund then "
        "says so. Nothing is restocked. An order whose payments no app can refund is left to a person.",
    )
}
