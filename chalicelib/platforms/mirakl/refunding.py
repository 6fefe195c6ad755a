"""Paying back a part of an order (OR28), once. The API takes no key and no text, so the connection names a reason of
refunds that nobody but Redress uses: by it and the amount a refund of ours is known.

Two equal refunds of ours on one order cannot be told apart, so a second one is left to a person; so are orders whose
taxes stand beside their prices. Facts: the sheet, section 3.
"""

from collections.abc import Mapping
from decimal import Decimal

from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.mirakl.api import Api
from chalicelib.platforms.mirakl.levers import order_body
from chalicelib.platforms.mirakl.messages import order_of
from chalicelib.platforms.mirakl.names import DEAD, pair
from chalicelib.platforms.mirakl.penalties import NEEDS
from chalicelib.platforms.rest import Murky, No, no_answer
from chalicelib.platforms.shapes import Body, code, ident, letters, money, rows, text

_NOTHING = Decimal(0)


def refund(session: Session, command: Command) -> Steps:
    """Gives `amount` back over the lines of the order, never more of a line than was paid for it."""
    order, reason, amount = order_of(command), code(session.shop.options.get("refund_reason")), command.amount
    if not order:
        return Refused("no_order")
    if reason is None:
        return Refused("no_refund_reason")
    if amount is None or not amount.is_finite() or amount <= 0:
        return Refused("no_amount")
    api = Api(session)
    body = yield from order_body(api, order)
    if isinstance(body, Refused | Later):
        return body
    if _ours(body, reason, amount):
        return Refused("equal_refund_is_there")
    currency = letters(body.get("currency_iso_code"), 3)
    if currency is None or (command.currency and command.currency != currency):
        return Refused("other_currency")
    if text(body, "order_tax_mode") == "TAX_EXCLUDED":
        return Refused("taxes_apart")
    parts = _spread(body, amount, currency, reason)
    if not parts:
        return Refused("more_than_is_left")
    answer = yield from api.ask("PUT", "api/orders/refund", body={"refunds": parts})
    if isinstance(answer, No | Later):
        return no_answer(answer)
    if not isinstance(answer, Murky):
        made = [ident(one.get("refund_id")) for one in rows(answer.body, "refunds")]
        if made and all(made):
            return Done(pair(order, made[0]))
    seen = yield from find(session, command)
    return seen if isinstance(seen, Done) else Later(60.0, "unclear")


def find(session: Session, command: Command) -> Finding:
    """Whether the order holds refunds of ours that add up to this amount; asked after an unknown outcome only."""
    order, reason = order_of(command), code(session.shop.options.get("refund_reason"))
    if not order or reason is None or command.amount is None:
        return Absent()
    body = yield from order_body(Api(session), order)
    if isinstance(body, Refused):
        # Nothing was seen, so nothing may be concluded.
        return Later(300.0, body.reason)
    if isinstance(body, Later):
        return body
    own = _ours(body, reason, command.amount)
    return Done(pair(order, own)) if own else Absent()


def _ours(body: Body, reason: str, amount: Decimal) -> str:
    """The first refund of ours of this amount: those that were made in one call share an `order_refund_id`."""
    sums: dict[str, Decimal] = {}
    first: dict[str, str] = {}
    for line in rows(body, "order_lines"):
        for one in rows(line, "refunds"):
            if code(one.get("reason_code")) != reason:
                continue
            together = ident(one.get("order_refund_id")) or ident(one.get("id"))
            value = (money(one.get("amount")) or _NOTHING) + (money(one.get("shipping_amount")) or _NOTHING)
            sums[together] = sums.get(together, _NOTHING) + value
            first.setdefault(together, ident(one.get("id")))
    return next((first[one] for one, total in sums.items() if total == amount), "")


def _spread(body: Body, amount: Decimal, currency: str, reason: str) -> list[dict[str, object]]:
    """The amount over the lines, goods before shipping; empty where they do not hold it."""
    left = amount
    parts: list[dict[str, object]] = []
    for line in rows(body, "order_lines"):
        own = ident(line.get("order_line_id"))
        if not own or text(line, "order_line_state") in DEAD or line.get("can_refund") is False or left <= 0:
            continue
        goods = min(left, _left(line, "price", "amount"))
        left -= goods
        shipping = min(left, _left(line, "shipping_price", "shipping_amount"))
        left -= shipping
        if goods + shipping > 0:
            parts.append(
                {
                    "order_line_id": own, "amount": goods, "shipping_amount": shipping, "quantity": 0,
                    "currency_iso_code": currency, "reason_code": reason,
                }
            )  # fmt: skip
    return parts if left <= 0 else []


def _left(line: Body, paid: str, given: str) -> Decimal:
    back = sum((money(one.get(given)) or _NOTHING for one in rows(line, "refunds")), _NOTHING)
    return max((money(line.get(paid)) or _NOTHING) - back, _NOTHING)


LEVERS: Mapping[str, Lever] = {
    "refund": Lever(
        "refund",
        refund,
        "findable",
        find=find,
        call="OR28 PUT /api/orders/refund",
        needs=f"{NEEDS}; refund_reason",
        option="refund_reason",
        effects="Approved at once, paid by the operator's own payment flow, which says so later; charged to the shop. "
        "It cannot be taken back.",
    )
}
