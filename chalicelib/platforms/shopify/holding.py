"""Holding back the shipping of an order, and freeing exactly what we held.

A hold's handle is unique per app and fulfilment order, so ours, made of the action's key, is its own guard against
doubling; the handle of the action names our handle and the holds' ids. Facts: the sheet, section 4; Admin schema.
"""

import re

from chalicelib.platforms.base import Command, Done, Later, Refused, Session, Steps
from chalicelib.platforms.shopify import documents
from chalicelib.platforms.shopify.fields import Node, gid
from chalicelib.platforms.shopify.graphql import Asking, ask, rejection
from chalicelib.platforms.shopify.names import OUR_HOLD, order_number, short, signed, vendor_of
from chalicelib.platforms.shopify.statements import splits, vendor_id

_CAN_HOLD = frozenset(["OPEN", "SCHEDULED", "ON_HOLD"])
_REASONS = frozenset(
    ["AWAITING_PAYMENT", "AWAITING_RETURN_ITEMS", "HIGH_RISK_OF_FRAUD", "INCORRECT_ADDRESS", "INVENTORY_OUT_OF_STOCK",
     "OTHER", "UNKNOWN_DELIVERY_DATE"]
)  # fmt: skip
_HANDLE = re.compile(r"(redress-[0-9a-f]{24}):((?:[0-9]{1,20}(?:,[0-9]{1,20})*)?)", re.ASCII)
_PASSING = frozenset(["taken", "fulfillment-order-not-found", "fulfillment-order-not-splittable"])
"""The fulfilment order was sent, closed or merged since it was listed: nothing of it is left to hold."""


def _ask_holds(session: Session, order: str) -> Asking:
    document = documents.HOLDS_SPLIT if splits(session.shop) else documents.HOLDS
    return (yield from ask(session, document, {"id": gid("Order", order)}))


def hold(session: Session, command: Command) -> Steps:
    """Holds each fulfilment order that still can be held; of a seller's part only those that are all this seller's."""
    case = command.order or command.subject.id
    order = order_number(case)
    if not order:
        return Refused("no-order")
    answer = yield from _ask_holds(session, order)
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("order")
    if body is None:
        return Refused("scope" if answer.denied else "not-found")
    ours = OUR_HOLD + short(command.key)
    there: list[str] = []
    reason = str(command.params.get("reason", "OTHER")).upper()
    wish = {
        "reason": reason if reason in _REASONS else "OTHER",
        "reasonNotes": signed(command.key, command.note[:180]),
        "handle": ours,
        "externalId": ours,
        "notifyMerchant": str(command.params.get("notify", "")) == "1",
    }
    refused: Refused | None = None
    for one in _of_seller(body, vendor_of(case), splits(session.shop)):
        found = _our_holds(one, ours, frozenset())
        if found:
            there += found
            continue
        if one.text("status") not in _CAN_HOLD:
            continue
        made = yield from _hold_one(session, one, wish)
        if isinstance(made, Later):
            # What is held already will be found by its handle the next time.
            return made
        if isinstance(made, Refused):
            refused = made
        else:
            there.append(made.handle)
    if there:
        return Done(f"{ours}:{','.join(one for one in there if one)}")
    return refused or Refused("nothing-to-hold")


def _hold_one(session: Session, one: Node, wish: dict[str, object]) -> Steps:
    variables = {"id": gid("FulfillmentOrder", one.own_id()), "hold": wish}
    answer = yield from ask(session, documents.HOLD, variables)
    if isinstance(answer, Refused | Later):
        return answer
    payload = answer.data.node("fulfillmentOrderHold")
    rejected = rejection(answer.data, "fulfillmentOrderHold")
    if isinstance(rejected, Refused) and rejected.reason == "duplicate-fulfillment-hold-handle":
        # Another run of ours was quicker; release finds it by the handle.
        return Done("")
    if rejected:
        return Refused("nothing-to-hold") if getattr(rejected, "reason", "") in _PASSING else rejected
    made = payload.node("fulfillmentHold") if payload else None
    return Done(made.own_id() if made else "")


def _of_seller(order: Node, vendor: str, split: bool) -> list[Node]:
    found = order.nodes("fulfillmentOrders")
    if not split:
        return found
    return [
        one
        for one in found
        if not one.more("lineItems") and {vendor_id(line.text("vendor")) for line in one.nodes("lineItems")} == {vendor}
    ]


def _our_holds(one: Node, ours: str, ids: frozenset[str]) -> list[str]:
    holds = one.nodes("fulfillmentHolds")
    return [
        held.own_id()
        for held in holds
        if held.own_id() in ids or (held.text("handle") == ours and held.flag("heldByRequestingApp") is not False)
    ]


def release(session: Session, command: Command) -> Steps:
    """Frees the holds that the handle names, wherever a split or merge has put them since."""
    match = _HANDLE.fullmatch(command.handle)
    order = order_number(command.order or command.subject.id)
    if not match:
        # Without ids Shopify would free the holds of others too.
        return Refused("no-handle")
    if not order:
        return Refused("no-order")
    answer = yield from _ask_holds(session, order)
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("order")
    if body is None:
        return Refused("scope" if answer.denied else "not-found")
    ours, ids = match[1], frozenset(match[2].split(",")) - {""}
    for one in body.nodes("fulfillmentOrders"):
        held = _our_holds(one, ours, ids)
        if not held:
            continue
        variables = {
            "id": gid("FulfillmentOrder", one.own_id()),
            "holds": [gid("FulfillmentHold", number) for number in held],
            "external": ours,
        }
        freed = yield from ask(session, documents.RELEASE, variables)
        if isinstance(freed, Refused | Later):
            return freed
        rejected = rejection(freed.data, "fulfillmentOrderReleaseHold")
        if isinstance(rejected, Later) or (rejected and rejected.reason not in _PASSING):
            return rejected
    return Done(command.handle)
