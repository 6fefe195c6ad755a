"""Notes, tags, holds, cancelling and taking off sale. The platform has no idempotency keys, so what was before is kept
in the store (metafields of ours) beside the change, and what must not happen twice is looked for first.

There is no lever that writes to a buyer: order messages can only be read. Facts: the sheet, section 4.
"""

from collections.abc import Generator, Mapping
from typing import TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Outcome, Refused, Session, Steps
from chalicelib.platforms.bigcommerce.api import GONE, Api
from chalicelib.platforms.bigcommerce.names import CANCELLED, ENDED, INCOMPLETE, VERIFY, split
from chalicelib.platforms.ours import carries, marker, short, taken_back
from chalicelib.platforms.rest import Murky, No, Ok, lenient, no_answer, settled
from chalicelib.platforms.shapes import Body, child, code, number_id, text, whole

NAMESPACE = "redress"
_LONGEST_NOTE = 5000
_HANDLE = frozenset(["visible", "hidden"])

Kept: TypeAlias = "Generator[Call, Reply, dict[str, tuple[str, str]] | No | Later | Murky]"


def order_of(command: Command) -> str:
    """The order that a command is about; empty where it names none. The case's own id comes first."""
    if command.subject.kind == "order":
        return number_id(command.subject.id)
    if command.subject.kind in ("shipment", "refund", "complaint"):
        return split(command.subject.id)[0]
    return number_id(command.order)


def product_of(command: Command) -> str:
    return number_id(command.subject.id if command.subject.kind == "listing" else command.product)


# -- metafields: what we remember in the store ------------------------------------------------------------------------


def kept(api: Api, path: str) -> Kept:
    """Our metafields of an order or a product: key -> (id, value)."""
    found = yield from api.pages3(f"v3/{path}/metafields", namespace=NAMESPACE)
    if not isinstance(found, tuple):
        return found
    ours = [one for one in found if one.get("namespace", NAMESPACE) == NAMESPACE]
    return {text(one, "key"): (number_id(one.get("id")), text(one, "value")) for one in ours}


def keep(api: Api, path: str, key: str, value: str) -> Generator[Call, Reply, Done | Refused | Later]:
    """Remember a value under a key that nothing stands under yet."""
    body = {"permission_set": "app_only", "namespace": NAMESPACE, "key": key, "value": value}
    answer = yield from api.ask("POST", f"v3/{path}/metafields", body=body)
    if isinstance(answer, No) and answer.code == "conflict":
        # Another run of ours was quicker.
        return Done(key)
    return Done(key) if isinstance(answer, Ok) else no_answer(answer)


def forget(api: Api, path: str, number: str) -> Generator[Call, Reply, Done | Refused | Later]:
    answer = yield from api.ask("DELETE", f"v3/{path}/metafields/{number}")
    if isinstance(answer, No) and answer.code in GONE:
        return Done()
    return Done() if isinstance(answer, Ok) else no_answer(answer)


# -- notes and tags ---------------------------------------------------------------------------------------------------


def note(session: Session, command: Command) -> Steps:
    """Adds a line to the staff's notes: read, added to, written."""
    order, words = order_of(command), command.note.strip()[:_LONGEST_NOTE]
    if not order:
        return Refused("no_order")
    if not words:
        return Refused("no_text")
    api = Api(session)
    found = yield from api.get(f"v2/orders/{order}")
    if not isinstance(found, Ok):
        return no_answer(found)
    before, mark = text(found.body, "staff_notes"), marker(command.key)
    if carries(before, mark):
        return Done()
    notes = f"{before}\n{words} {mark}".strip()
    return settled((yield from api.ask("PUT", f"v2/orders/{order}", body={"staff_notes": notes})))


def tag(session: Session, command: Command) -> Steps:
    return (yield from _retag(session, command, put=True))


def untag(session: Session, command: Command) -> Steps:
    return (yield from _retag(session, command, put=False))


def _retag(session: Session, command: Command, *, put: bool) -> Steps:
    order, name = order_of(command), code(command.params.get("tag") or command.handle)
    if not order:
        return Refused("no_order")
    if name is None:
        return Refused("bad_tag")
    api, key = Api(session), f"tag.{name}"
    there = yield from kept(api, f"orders/{order}")
    if not isinstance(there, dict):
        return no_answer(there)
    if (key in there) is put:
        return Done(name)
    done = yield from keep(api, f"orders/{order}", key, name) if put else forget(api, f"orders/{order}", there[key][0])
    return Done(name) if isinstance(done, Done) else done


# -- statuses ---------------------------------------------------------------------------------------------------------


def _status_of(api: Api, order: str) -> Generator[Call, Reply, int | Refused | Later]:
    found = yield from api.get(f"v2/orders/{order}")
    if not isinstance(found, Ok):
        return no_answer(found)
    status = whole(found.body.get("status_id"))
    return Refused("unexpected") if status is None else status


def _set_status(api: Api, order: str, status: int, handle: str) -> Generator[Call, Reply, Outcome]:
    return settled((yield from api.ask("PUT", f"v2/orders/{order}", body={"status_id": status})), handle)


def hold(session: Session, command: Command) -> Steps:
    """Puts an order under manual verification. The status from before is kept in the store first, so that a repetition
    finds it when the first answer was lost; where others hold it already, there is nothing of ours to lift."""
    order = order_of(command)
    if not order:
        return Refused("no_order")
    api, key = Api(session), f"hold.{short(command.key)}"
    status = yield from _status_of(api, order)
    if not isinstance(status, int):
        return status
    if status in ENDED or status == INCOMPLETE:
        return Refused("order_is_finished")
    there = yield from kept(api, f"orders/{order}")
    if not isinstance(there, dict):
        return no_answer(there)
    before = there[key][1] if key in there else str(status)
    if status == VERIFY:
        return Done(before)
    if key not in there:
        done = yield from keep(api, f"orders/{order}", key, before)
        if not isinstance(done, Done):
            return done
    return (yield from _set_status(api, order, VERIFY, before))


def release(session: Session, command: Command) -> Steps:
    """Back to the status in the handle, but only from where we put it: what others moved on is left as it is."""
    order, before = order_of(command), number_id(command.handle)
    if not order:
        return Refused("no_order")
    if not before or int(before) == VERIFY:
        return Done()
    api = Api(session)
    status = yield from _status_of(api, order)
    if not isinstance(status, int):
        return status
    return Done() if status != VERIFY else (yield from _set_status(api, order, int(before), ""))


def cancel(session: Session, command: Command) -> Steps:
    """Cancels an order of which nothing was sent."""
    order = order_of(command)
    if not order:
        return Refused("no_order")
    api = Api(session)
    status = yield from _status_of(api, order)
    if not isinstance(status, int) or status == CANCELLED:
        return Done() if isinstance(status, int) else status
    if status in ENDED:
        return Refused("order_is_finished")
    found = yield from api.pages2(f"v2/orders/{order}/shipments")
    if not isinstance(found, tuple):
        return no_answer(found)
    return Refused("already_sent") if found else (yield from _set_status(api, order, CANCELLED, ""))


# -- products ---------------------------------------------------------------------------------------------------------


def delist(session: Session, command: Command) -> Steps:
    """Hides a product. The handle is what it was: `visible:available`, or `hidden:...` where others hid it before."""
    product = product_of(command)
    if not product:
        return Refused("no_product")
    api, key, path = Api(session), f"delisted.{short(command.key)}", f"catalog/products/{product}"
    body = yield from _product(api, product)
    if not isinstance(body, dict):
        return body
    there = yield from kept(api, path)
    if not isinstance(there, dict):
        return no_answer(there)
    shown, sold = body.get("is_visible") is True, code(body.get("availability")) or "available"
    before = there[key][1] if key in there else f"{'visible' if shown else 'hidden'}:{sold}"
    if not shown:
        return Done(before)
    if key not in there:
        done = yield from keep(api, path, key, before)
        if not isinstance(done, Done):
            return done
    hidden = {"is_visible": False, "availability": "disabled"}
    return settled((yield from api.ask("PUT", f"v3/{path}", body=hidden)), before)


def relist(session: Session, command: Command) -> Steps:
    product, handle, api = product_of(command), command.handle, Api(session)
    if not product:
        return Refused("no_product")
    if not handle:
        # Nobody knows what became of the hiding; what was kept before it does.
        there = yield from kept(api, f"catalog/products/{product}")
        if not isinstance(there, dict):
            return no_answer(there)
        key = f"delisted.{short(taken_back(command.key))}"
        handle = there[key][1] if key in there else "hidden:"
    seen, _, sold = handle.partition(":")
    if seen not in _HANDLE:
        return Refused("no_handle")
    if seen == "hidden":
        return Done()
    body = yield from _product(api, product)
    if not isinstance(body, dict) or body.get("is_visible") is True:
        return Done() if isinstance(body, dict) else body
    shown = {"is_visible": True, "availability": sold or "available"}
    return settled((yield from api.ask("PUT", f"v3/catalog/products/{product}", body=shown)))


def _product(api: Api, product: str) -> Generator[Call, Reply, dict[str, object] | Refused | Later]:
    found = yield from api.get(f"v3/catalog/products/{product}", include_fields="id,is_visible,availability")
    if not isinstance(found, Ok):
        return no_answer(found)
    body: Body = child(found.body, "data")
    return dict(body) if number_id(body.get("id")) == product else Refused("another_product")


def find_note(session: Session, command: Command) -> Finding:
    order = order_of(command)
    if not order:
        return Absent()
    found = yield from Api(session).get(f"v2/orders/{order}")
    if not isinstance(found, Ok):
        return lenient(found, GONE)
    return Done() if carries(text(found.body, "staff_notes"), marker(command.key)) else Absent()


ORDERS, PRODUCTS = "store_v2_orders", "store_v2_products"

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "note",
            note,
            "findable",
            find=find_note,
            call="PUT /v2/orders/ID (staff_notes)",
            needs=ORDERS,
            effects="A line in the staff's notes, which hold one text: what is written in the same second is lost.",
        ),
        Lever(
            "tag",
            tag,
            "safe",
            "exact",
            "untag",
            call="POST /v3/orders/ID/metafields",
            needs=ORDERS,
            effects="Orders have no tags: kept as a metafield that only the app sees.",
        ),
        Lever("untag", untag, "safe", "exact", "tag", call="DELETE /v3/orders/ID/metafields/ID", needs=ORDERS),
        Lever(
            "hold",
            hold,
            "safe",
            "exact",
            "release",
            call="PUT /v2/orders/ID (status_id 12)",
            needs=ORDERS,
            effects="The order waits as Manual Verification Required; the store's own settings decide whether that "
            "mails the buyer.",
        ),
        Lever(
            "release",
            release,
            "safe",
            call="PUT /v2/orders/ID (status_id)",
            needs=ORDERS,
            effects="The store may mail the buyer about the status.",
        ),
        Lever(
            "cancel",
            cancel,
            "safe",
            call="PUT /v2/orders/ID (status_id 5)",
            needs=ORDERS,
            effects="Refunds nothing; stock may go back and the buyer may be mailed, as the store is set. Refused "
            "once a parcel has left.",
        ),
        Lever(
            "delist",
            delist,
            "safe",
            "exact",
            "relist",
            call="PUT /v3/catalog/products/ID (is_visible)",
            needs=PRODUCTS,
            effects="Hidden and not to be bought.",
        ),
        Lever("relist", relist, "safe", call="PUT /v3/catalog/products/ID (is_visible)", needs=PRODUCTS),
    )
}
