"""Notes, tags, cancelling, and telling the merchant. Saleor knows no idempotency keys for these, so what must not
happen twice is looked for before it is done, each time.

There is no lever that writes to a buyer, and none that holds an order back. Facts: the sheet, section 4; the schema.
"""

from collections.abc import Callable, Generator, Mapping
from typing import TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.ours import carries, marker, short
from chalicelib.platforms.saleor import documents
from chalicelib.platforms.saleor.graphql import ask, rejection
from chalicelib.platforms.saleor.statements import order_part
from chalicelib.platforms.shapes import child, code, ident, rows, text

Seeking: TypeAlias = Generator[Call, Reply, Done | Absent | Refused | Later]

_LONGEST_NOTE = 2000
_OPEN = frozenset(["UNCONFIRMED", "UNFULFILLED"])


def order_of(command: Command) -> str:
    """The order that a command is about; empty where it names none. The case's own id comes first."""
    if command.subject.kind in ("order", "shipment", "refund", "complaint"):
        return order_part(command.subject)
    return ident(command.order)


def note(session: Session, command: Command) -> Steps:
    order, words = order_of(command), command.note.strip()[:_LONGEST_NOTE]
    if not order:
        return Refused("no-order")
    if not words:
        return Refused("no-text")
    there = yield from _seek_note(session, command, order)
    if not isinstance(there, Absent):
        return there
    message = {"message": f"{words} {marker(command.key)}"}
    answer = yield from ask(session, documents.NOTE, {"order": order, "input": message})
    if isinstance(answer, Refused | Later):
        return answer
    made = ident(child(child(answer.data, "orderNoteAdd"), "event").get("id"))
    return rejection(answer.data, "orderNoteAdd") or Done(made)


def find_note(session: Session, command: Command) -> Finding:
    order = order_of(command)
    if not order:
        return Absent()
    found = yield from _seek_note(session, command, order)
    # Nothing was seen, so nothing may be concluded: asked again rather than taken for absent.
    return Later(300.0, found.reason) if isinstance(found, Refused) else found


def _seek_note(session: Session, command: Command, order: str) -> Seeking:
    answer = yield from ask(session, documents.NOTES, {"id": order})
    if isinstance(answer, Refused | Later):
        return answer
    body = child(answer.data, "order")
    if ident(body.get("id")) != order:
        return Refused("scope" if answer.denied else "not-found")
    for event in rows(body, "events"):
        if carries(event.get("message"), marker(command.key)):
            return Done(ident(event.get("id")))
    return Absent()


# -- tags -------------------------------------------------------------------------------------------------------------


def _tagging(put: bool) -> Callable[[Session, Command], Steps]:
    mutation = "updatePrivateMetadata" if put else "deletePrivateMetadata"

    def run(session: Session, command: Command) -> Steps:
        listing = command.subject.kind == "listing"
        target = ident(command.subject.id) if listing else order_of(command)
        name = code(command.params.get("tag") or command.handle)
        if not target:
            return Refused("no-target")
        if name is None:
            return Refused("bad-tag")
        key = f"redress.tag.{name}"
        document = documents.REMEMBER if put else documents.FORGET
        given = {"input": [{"key": key, "value": "1"}]} if put else {"keys": [key]}
        answer = yield from ask(session, document, {"id": target, **given})
        if isinstance(answer, Refused | Later):
            return answer
        return rejection(answer.data, mutation) or Done(name)

    return run


# -- cancelling and telling -------------------------------------------------------------------------------------------


def cancel(session: Session, command: Command) -> Steps:
    """Cancels an order of which nothing was sent."""
    order = order_of(command)
    if not order:
        return Refused("no-order")
    answer = yield from ask(session, documents.STATUS, {"id": order})
    if isinstance(answer, Refused | Later):
        return answer
    body = child(answer.data, "order")
    if ident(body.get("id")) != order:
        return Refused("scope" if answer.denied else "not-found")
    status = text(body, "status")
    if status == "CANCELED":
        return Done()
    if status not in _OPEN:
        return Refused("already-sent")
    done = yield from ask(session, documents.CANCEL, {"id": order})
    if isinstance(done, Refused | Later):
        return done
    return rejection(done.data, "orderCancel") or Done()


def tell(session: Session, command: Command) -> Steps:
    """A problem of our app, which its shop sees in the dashboard; the same key again only counts up."""
    words = command.note.strip()[:_LONGEST_NOTE]
    if not words:
        return Refused("no-text")
    given = {"message": words, "key": f"redress-{short(command.key)}", "aggregationPeriod": 10080}
    answer = yield from ask(session, documents.PROBLEM, {"input": given})
    if isinstance(answer, Refused | Later):
        return answer
    made = ident(child(child(answer.data, "appProblemCreate"), "appProblem").get("id"))
    return rejection(answer.data, "appProblemCreate") or Done(made)


_ORDERS = "MANAGE_ORDERS"
_TOLD = "Shown to the shop as a problem of the app, in its dashboard; nobody is mailed, and sellers do not see it."

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "note",
            note,
            "findable",
            find=find_note,
            call="orderNoteAdd",
            needs=_ORDERS,
            effects="Stands in the order's history for good. Fires ORDER_UPDATED.",
        ),
        Lever(
            "tag",
            _tagging(True),
            "safe",
            "exact",
            "untag",
            call="updatePrivateMetadata",
            needs="MANAGE_ORDERS (orders), MANAGE_PRODUCTS (listings)",
            effects="Kept in private metadata (redress.tag.NAME); Saleor has no tags. Fires ORDER_METADATA_UPDATED.",
        ),
        Lever(
            "untag",
            _tagging(False),
            "safe",
            "exact",
            "tag",
            call="deletePrivateMetadata",
            needs="MANAGE_ORDERS, MANAGE_PRODUCTS",
        ),
        Lever(
            "cancel",
            cancel,
            "safe",
            call="orderCancel",
            needs=_ORDERS,
            effects="Stock goes back, money does not; the shop may mail the buyer. Refused once anything has left.",
        ),
        Lever("remind_seller", tell, "keyed", call="appProblemCreate", needs="Saleor 3.22", effects=_TOLD),
        Lever("warn_seller", tell, "keyed", call="appProblemCreate", needs="Saleor 3.22", effects=_TOLD),
    )
}
