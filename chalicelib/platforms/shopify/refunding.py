"""Paying back a part of an order, once.

Two guards: Shopify's idempotency key, which it forgets after a day, and our key in the refund's note, which stays and
is looked for first. Never more than the platform says is refundable; never in a currency that would need converting.
Facts: the sheet, section 4; Admin schema (RefundInput, SuggestedRefund); shopify.dev on implementing idempotency.
"""

import uuid
from decimal import Decimal

from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Refused, Session, Steps
from chalicelib.platforms.shopify import documents
from chalicelib.platforms.shopify.fields import Node, gid
from chalicelib.platforms.shopify.graphql import ask, rejection
from chalicelib.platforms.shopify.names import order_number, signed

_SPACE = uuid.UUID("5d1c2c5e-6a1f-5a53-9a53-0e8f6f1d7b11")
NOTE_LENGTH = 200


def refund(session: Session, command: Command) -> Steps:
    """Pays `amount` back to the means that it was paid with, most refundable first."""
    order = order_number(command.order or (command.subject.id if command.subject.kind == "order" else ""))
    if not order:
        return Refused("no-order")
    if command.amount is None or command.amount <= 0 or not command.amount.is_finite():
        return Refused("no-amount")
    answer = yield from ask(session, documents.REFUNDABLE, {"id": gid("Order", order)})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("order")
    if body is None:
        return Refused("scope" if answer.denied else "not-found")
    there = _ours(body, command.key)
    if there:
        return Done(there)
    if len(body.nodes("refunds")) >= documents.NOTES:
        return Refused("too-many-refunds")
    if not body.text("currencyCode") == body.text("presentmentCurrencyCode") == command.currency:
        return Refused("currency-differs")
    transactions = _spread(body, order, command.amount)
    if not transactions:
        return Refused("more-than-refundable")
    variables = {
        "input": {
            "orderId": gid("Order", order),
            "note": signed(command.key, command.note[:NOTE_LENGTH]),
            "notify": str(command.params.get("notify", "1")) != "0",
            "transactions": transactions,
        },
        "key": str(uuid.uuid5(_SPACE, command.key)),
    }
    done = yield from ask(session, documents.REFUND_CREATE, variables)
    if isinstance(done, Refused | Later):
        return done
    rejected = rejection(done.data, "refundCreate")
    if rejected:
        return rejected
    payload = done.data.node("refundCreate")
    made = payload.node("refund") if payload else None
    return Done(made.own_id() if made else "")


def find(session: Session, command: Command) -> Finding:
    """Whether a refund with our key stands on the order."""
    order = order_number(command.order or (command.subject.id if command.subject.kind == "order" else ""))
    if not order:
        return Absent()
    answer = yield from ask(session, documents.REFUNDABLE, {"id": gid("Order", order)})
    if isinstance(answer, Later):
        return answer
    body = None if isinstance(answer, Refused) else answer.data.node("order")
    if body is None:
        # Nothing was seen, so nothing may be concluded: asked again rather than taken for absent.
        return Later(300.0, answer.reason if isinstance(answer, Refused) else "not-found")
    there = _ours(body, command.key)
    return Done(there) if there else Absent()


def _ours(order: Node, key: str) -> str:
    mark = signed(key)
    for one in order.nodes("refunds"):
        note = one.text("note")
        if note == mark or note.endswith(f"[{mark}]"):
            return one.own_id()
    return ""


def _spread(order: Node, number: str, amount: Decimal) -> list[dict[str, object]]:
    """The amount over the payments that may still go back; empty where they do not hold it."""
    suggested = order.node("suggestedRefund")
    parts = []
    for one in suggested.nodes("suggestedTransactions") if suggested else []:
        most, parent = one.shop_money("maximumRefundableSet")[0], one.node("parentTransaction")
        if most and most > 0 and parent and one.text("gateway"):
            parts.append((most, parent.own_id(), one.text("gateway")))
    left = amount
    found: list[dict[str, object]] = []
    for most, parent_id, gateway in sorted(parts, key=lambda part: (-part[0], part[1])):
        if left <= 0:
            break
        piece = min(most, left)
        left -= piece
        found.append(
            {
                "orderId": gid("Order", number), "gateway": gateway, "kind": "REFUND", "amount": f"{piece:f}",
                "parentId": gid("OrderTransaction", parent_id),
            }
        )  # fmt: skip
    return found if left <= 0 else []
