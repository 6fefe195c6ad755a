"""Putting an order on hold and a product out of sight, and taking both back exactly: the status from before is written
into the shop beside the change, so a repetition finds it even when the first answer was lost. Facts: the WooCommerce
sheet, section 4 (a change of status sends mails and touches stock).
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Command, Done, Lever, Outcome, Refused, Session, Steps
from chalicelib.platforms.ours import taken_back
from chalicelib.platforms.rest import Ok
from chalicelib.platforms.woocommerce.api import Api, no_answer
from chalicelib.platforms.woocommerce.levers import RIGHTS, order_of
from chalicelib.platforms.woocommerce.marker import marker
from chalicelib.platforms.woocommerce.shapes import code, ident, meta_text


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of thing is put aside: its route, the status that means aside, where the old one is kept."""

    route: str
    aside: str
    key: str
    final: frozenset[str]
    refusal: str


_ORDER = _Kind(
    "orders",
    "on-hold",
    "_redress_hold",
    # Back from on-hold WooCommerce would date the completion anew, and a finished order has nothing to hold.
    frozenset({"completed", "cancelled", "refunded", "failed", "trash", "checkout-draft", "auto-draft"}),
    "order_is_finished",
)
_PRODUCT = _Kind("products", "draft", "_redress_delisted", frozenset({"trash", "auto-draft"}), "product_is_gone")


def hold(session: Session, command: Command) -> Steps:
    return (yield from _aside(session, command, _ORDER, order_of(command)))


def release(session: Session, command: Command) -> Steps:
    return (yield from _back(session, command, _ORDER, order_of(command)))


def delist(session: Session, command: Command) -> Steps:
    return (yield from _aside(session, command, _PRODUCT, product_of(command)))


def relist(session: Session, command: Command) -> Steps:
    return (yield from _back(session, command, _PRODUCT, product_of(command)))


def product_of(command: Command) -> str:
    """The product that a command is about; empty where it names none."""
    if command.subject.kind == "listing":
        return ident(command.subject.id)
    return ident(command.product)


def _aside(session: Session, command: Command, kind: _Kind, number: str) -> Generator[Call, Reply, Outcome]:
    """The handle is the status from before; that of something already put aside by others is `aside` itself."""
    if not number:
        return Refused(f"no_{kind.route[:-1]}")
    api, mark = Api(session), marker(command.key)
    found = yield from api.get(f"{kind.route}/{number}", _fields="id,status,meta_data")
    if not isinstance(found, Ok):
        return no_answer(found)
    status, kept = code(found.body.get("status")), meta_text(found.body, kind.key)
    if status is None:
        return Refused("unexpected")
    if status == kind.aside:
        ours = kept.removeprefix(f"{mark} ") if kept.startswith(f"{mark} ") else ""
        return Done(ours or kind.aside)
    if status in kind.final:
        return Refused(kind.refusal)
    body = {"status": kind.aside, "meta_data": [{"key": kind.key, "value": f"{mark} {status}"}]}
    answer = yield from api.put(f"{kind.route}/{number}", body)
    if not isinstance(answer, Ok):
        return no_answer(answer)
    # Plugins may veto a change of status and WooCommerce answers 200 all the same.
    return Done(status) if answer.body.get("status", kind.aside) == kind.aside else Refused("not_taken")


def _back(session: Session, command: Command, kind: _Kind, number: str) -> Generator[Call, Reply, Outcome]:
    """Back to the status in the handle, but only from where we put it: what others moved on is left as it is."""
    if not number:
        return Refused(f"no_{kind.route[:-1]}")
    before, api = code(command.handle) or "", Api(session)
    if before == kind.aside:
        return Done()
    found = yield from api.get(f"{kind.route}/{number}", _fields="id,status,meta_data")
    if not isinstance(found, Ok):
        return no_answer(found)
    kept = meta_text(found.body, kind.key)
    if not before:
        # Nobody knows what became of putting it aside; what we kept with it does.
        before = kept.removeprefix(f"{marker(taken_back(command.key))} ") if kept.startswith("[") else ""
        if code(before) is None:
            return Done()
    if found.body.get("status") != kind.aside or (kept and not kept.endswith(f" {before}")):
        return Done()
    if not kept and any(row == kind.key for row in _meta_keys(found)):
        return Done()
    body = {"status": before, "meta_data": [{"key": kind.key, "value": ""}]}
    answer = yield from api.put(f"{kind.route}/{number}", body)
    if not isinstance(answer, Ok):
        return no_answer(answer)
    # A plugin may take it further than back, which is none of ours, or keep it where it was.
    return Refused("not_taken") if answer.body.get("status", before) == kind.aside else Done()


def _meta_keys(found: Ok) -> list[object]:
    rows = found.body.get("meta_data")
    return [row.get("key") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "hold",
            hold,
            "safe",
            "exact",
            "release",
            call="PUT /wc/v3/orders/ID (status on-hold)",
            needs=RIGHTS,
            effects="The shop mails the buyer that the order is on hold; stock of an unpaid order is reserved.",
        ),
        Lever(
            "release",
            release,
            "safe",
            call="PUT /wc/v3/orders/ID (status)",
            needs=RIGHTS,
            effects="The shop mails as for any order that enters its former status; stock of an unpaid one is freed.",
        ),
        Lever(
            "delist",
            delist,
            "safe",
            "exact",
            "relist",
            call="PUT /wc/v3/products/ID (status)",
            needs=RIGHTS,
            effects="The product page is not found.",
        ),
        Lever("relist", relist, "safe", call="PUT /wc/v3/products/ID (status)", needs=RIGHTS),
    )
}
