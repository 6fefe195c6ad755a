"""Paying back a part of an order, once: our key in the refund's reason is looked for first, then the store quotes what
it would pay back by which means, then exactly that is paid.

The store works off refunds of an order one at a time and knows no idempotency key. Facts: the sheet, section 4.
"""

from collections.abc import Generator, Mapping
from decimal import Decimal

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.bigcommerce.api import GONE, Api
from chalicelib.platforms.bigcommerce.levers import order_of
from chalicelib.platforms.bigcommerce.names import pair
from chalicelib.platforms.bigcommerce.statements import Whole, declined, refunded
from chalicelib.platforms.ours import carries, marker
from chalicelib.platforms.rest import Murky, No, Ok, lenient, no_answer
from chalicelib.platforms.shapes import Body, child, code, money, number_id, objects, rows


def refund(session: Session, command: Command) -> Steps:
    """Pays `amount` back to the means that it was paid with; never more than is left of the order."""
    order = order_of(command)
    if not order:
        return Refused("no_order")
    api = Api(session)
    found = yield from api.pages3(f"v3/orders/{order}/payment_actions/refunds")
    if not isinstance(found, tuple):
        return no_answer(found)
    there = _ours(found, command.key, order)
    if there is not None:
        return there
    answer = yield from api.get(f"v2/orders/{order}")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    amount = _amount(Whole(answer.body, (), (), found, ()), command)
    if isinstance(amount, Refused):
        return amount
    item: dict[str, object] = {"item_type": "ORDER", "item_id": int(order), "amount": amount}
    quote = yield from api.ask("POST", f"v3/orders/{order}/payment_actions/refund_quotes", body={"items": [item]})
    if not isinstance(quote, Ok):
        # A quote changes nothing, so it may always be asked for again.
        return no_answer(quote)
    payments = _payments(child(quote.body, "data"), amount)
    if not payments:
        return Refused("no_way_to_pay_back")
    body = {"items": [{**item, "reason": marker(command.key)}], "payments": payments, "reason": marker(command.key)}
    made = yield from api.ask("POST", f"v3/orders/{order}/payment_actions/refunds", body=body)
    if isinstance(made, Ok) and (number := number_id(child(made.body, "data").get("id"))):
        # It is made all the same where the provider turns it down, and then nothing moves.
        return Refused("declined") if declined(child(made.body, "data")) else Done(pair(order, number))
    if isinstance(made, No | Later):
        return no_answer(made)
    seen = yield from _seek(api, order, command.key)
    if isinstance(seen, Done):
        return seen
    return Later(60.0, made.reason if isinstance(made, Murky) else "empty_answer")


def _amount(order: Whole, command: Command) -> Decimal | Refused:
    total = money(order.body.get("total_inc_tax"))
    if not order.currency or (command.currency and command.currency != order.currency):
        return Refused("other_currency")
    if total is None:
        return Refused("no_total")
    left = total - refunded(order.refunds)
    amount = left if command.amount is None else command.amount
    if not amount.is_finite() or amount <= 0:
        return Refused("nothing_to_refund")
    return Refused("more_than_is_left") if amount > left else amount


def _payments(quote: Body, amount: Decimal) -> list[dict[str, object]]:
    """The first way that the store offers to pay back all of it through the providers that took it."""
    if money(quote.get("total_refund_amount")) != amount:
        return []
    ways = quote.get("refund_methods")
    for way in ways if isinstance(ways, list) else []:
        found: list[dict[str, object]] = []
        total = Decimal(0)
        for one in objects(way):
            part, provider = money(one.get("amount")), code(one.get("provider_id"))
            if part is None or provider is None or one.get("offline") is True:
                break
            total += part
            found.append({"provider_id": provider, "amount": part, "offline": False})
        else:
            if found and total == amount:
                return found
    return []


def find(session: Session, command: Command) -> Finding:
    """Whether a refund with our key stands on the order."""
    order = order_of(command)
    if not order:
        return Absent()
    return lenient((yield from _seek(Api(session), order, command.key)), GONE)


def _seek(api: Api, order: str, key: str) -> Generator[Call, Reply, Done | Absent | No | Later | Murky]:
    found = yield from api.pages3(f"v3/orders/{order}/payment_actions/refunds")
    if not isinstance(found, tuple):
        return found
    there = _ours(found, key, order)
    return there if isinstance(there, Done) else Absent()


def _ours(refunds: tuple[Body, ...], key: str, order: str) -> Done | Refused | None:
    """Our refund; one that the provider turned down is not to be sent again by itself."""
    for one in refunds:
        reasons = [one.get("reason"), *(item.get("reason") for item in rows(one, "items"))]
        if any(carries(reason, marker(key)) for reason in reasons):
            return Refused("declined") if declined(one) else Done(pair(order, number_id(one.get("id"))))
    return None


LEVERS: Mapping[str, Lever] = {
    "refund": Lever(
        "refund",
        refund,
        "findable",
        find=find,
        call="POST /v3/orders/ID/payment_actions/refunds",
        needs="store_v2_transactions",
        effects="Money goes back through the providers that took it; nothing is restocked; the store may mail the "
        "buyer. Orders paid in another currency than the store's, and means that only a person can pay back by, are "
        "refused.",
    )
}
