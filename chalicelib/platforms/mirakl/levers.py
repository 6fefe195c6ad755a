"""What an operator can do to an order: note and tag it in custom fields, open and close incidents on its lines, cancel
it. Facts: the sheet, section 3; the addresses of OR62 and OR63 are those of older public clients, like OR64's.
"""

from collections.abc import Generator, Mapping

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Command, Done, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.mirakl.api import Api
from chalicelib.platforms.mirakl.messages import order_of
from chalicelib.platforms.mirakl.names import DEAD, INCIDENT_OPEN, UNSENT, incident_line
from chalicelib.platforms.mirakl.penalties import NEEDS
from chalicelib.platforms.ours import marker
from chalicelib.platforms.rest import Ok, no_answer, settled
from chalicelib.platforms.shapes import Body, code, ident, rows, text

_LONGEST_NOTE = 1000


def order_body(api: Api, order: str) -> Generator[Call, Reply, Body | Refused | Later]:
    """The order as OR11 tells it."""
    answer = yield from api.get("api/orders", order_ids=order, max="1")
    if not isinstance(answer, Ok):
        return no_answer(answer)
    found = next((one for one in rows(answer.body, "orders") if ident(one.get("order_id")) == order), None)
    return Refused("not_found") if found is None else found


# -- custom fields ----------------------------------------------------------------------------------------------------


def _write(api: Api, order: str, field: str, value: str) -> Steps:
    fields = [{"code": field, "value": value}]
    return settled(
        (yield from api.ask("PUT", f"api/orders/{order}/additional_fields", body={"order_additional_fields": fields}))
    )


def note(session: Session, command: Command) -> Steps:
    order, field = order_of(command), code(session.shop.options.get("note_field"))
    words = command.note.strip()[:_LONGEST_NOTE]
    if not order:
        return Refused("no_order")
    if field is None:
        return Refused("no_note_field")
    if not words:
        return Refused("no_text")
    return (yield from _write(Api(session), order, field, f"{words} {marker(command.key)}"))


def tag(session: Session, command: Command) -> Steps:
    return (yield from _retag(session, command, put=True))


def untag(session: Session, command: Command) -> Steps:
    return (yield from _retag(session, command, put=False))


def _retag(session: Session, command: Command, *, put: bool) -> Steps:
    order, field = order_of(command), code(session.shop.options.get("tag_field"))
    name = code(command.params.get("tag") or command.handle)
    if not order:
        return Refused("no_order")
    if field is None:
        return Refused("no_tag_field")
    if name is None:
        return Refused("bad_tag")
    api = Api(session)
    body = yield from order_body(api, order)
    if isinstance(body, Refused | Later):
        return body
    held = next((text(one, "value") for one in rows(body, "order_additional_fields") if one.get("code") == field), "")
    tags = [one for one in held.split(",") if one]
    if (name in tags) is put:
        return Done(name)
    tags = [*tags, name] if put else [one for one in tags if one != name]
    done = yield from _write(api, order, field, ",".join(tags))
    return Done(name) if isinstance(done, Done) else done


# -- incidents --------------------------------------------------------------------------------------------------------


def open_incident(session: Session, command: Command) -> Steps:
    """Opens an incident on each line that can have one. The handle names the lines that had none before."""
    order, reason = order_of(command), code(session.shop.options.get("incident_reason"))
    if not order:
        return Refused("no_order")
    if reason is None:
        return Refused("no_incident_reason")
    api = Api(session)
    body = yield from order_body(api, order)
    if isinstance(body, Refused | Later):
        return body
    lines = [one for one in _lines(body, command) if text(one, "order_line_state") not in DEAD]
    fresh = [one for one in lines if text(one, "order_line_state") != INCIDENT_OPEN]
    if lines and not fresh:
        return Done(_handle([ident(one.get("order_line_id")) for one in lines]))
    able = [ident(one.get("order_line_id")) for one in fresh if one.get("can_open_incident") is not False]
    if not able:
        return Refused("no_line_for_it")
    for line in able:
        answer = yield from api.ask(
            "PUT", f"api/orders/{order}/lines/{line}/open_incident", body={"reason_code": reason}
        )
        if not isinstance(answer, Ok):
            return no_answer(answer)
    return Done(_handle(able))


def _handle(lines: list[str]) -> str:
    """The lines; none of them by name where they are too many for a handle, which then means all."""
    told = ",".join(lines)
    return told if len(told) <= 180 else ""


def close_incident(session: Session, command: Command) -> Steps:
    """Closes the open incidents of the lines in the handle, or of the line, or the order, that the case is about."""
    order, reason = order_of(command), code(session.shop.options.get("close_reason"))
    if not order:
        return Refused("no_order")
    if reason is None:
        return Refused("no_close_reason")
    api = Api(session)
    body = yield from order_body(api, order)
    if isinstance(body, Refused | Later):
        return body
    ours = [one for one in command.handle.split(",") if one]
    for one in _lines(body, command):
        line = ident(one.get("order_line_id"))
        if text(one, "order_line_state") != INCIDENT_OPEN or (ours and line not in ours):
            continue
        answer = yield from api.ask(
            "PUT", f"api/orders/{order}/lines/{line}/close_incident", body={"reason_code": reason}
        )
        if not isinstance(answer, Ok):
            return no_answer(answer)
    return Done()


def _lines(body: Body, command: Command) -> list[Body]:
    """The line that the case is about, else all."""
    only = incident_line(command.subject.id)[1] if command.subject.kind == "complaint" else ""
    lines = [one for one in rows(body, "order_lines") if ident(one.get("order_line_id"))]
    return [one for one in lines if not only or ident(one.get("order_line_id")) == only]


# -- cancelling -------------------------------------------------------------------------------------------------------


def cancel(session: Session, command: Command) -> Steps:
    """Cancels an order of which nothing was sent."""
    order = order_of(command)
    if not order:
        return Refused("no_order")
    api = Api(session)
    body = yield from order_body(api, order)
    if isinstance(body, Refused | Later):
        return body
    state = text(body, "order_state")
    if state in DEAD:
        return Done()
    if state not in UNSENT or body.get("can_cancel") is False:
        return Refused("not_to_be_cancelled")
    return settled((yield from api.ask("PUT", f"api/orders/{order}/cancel")))


LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "note",
            note,
            "safe",
            call="OR31 PUT /api/orders/ID/additional_fields",
            needs=f"{NEEDS}; note_field",
            option="note_field",
            effects="Overwrites the custom field of the order that note_field names.",
        ),
        Lever(
            "tag",
            tag,
            "safe",
            "exact",
            "untag",
            call="OR31 PUT /api/orders/ID/additional_fields",
            needs=f"{NEEDS}; tag_field",
            option="tag_field",
            effects="Kept in the custom field of the order that tag_field names, with commas between.",
        ),
        Lever(
            "untag",
            untag,
            "safe",
            "exact",
            "tag",
            call="OR31 PUT /api/orders/ID/additional_fields",
            needs=f"{NEEDS}; tag_field",
            option="tag_field",
        ),
        Lever(
            "open_incident",
            open_incident,
            "safe",
            "offset",
            "close_incident",
            call="OR62 PUT /api/orders/ID/lines/ID/open_incident",
            needs=f"{NEEDS}; incident_reason",
            option="incident_reason",
            effects="Counts against the shop's incident rate, also after it was closed; shop and buyer are told.",
        ),
        Lever(
            "close_incident",
            close_incident,
            "safe",
            call="OR63 PUT /api/orders/ID/lines/ID/close_incident",
            needs=f"{NEEDS}; close_reason",
            option="close_reason",
            effects="Only the operator's closing ends an incident; what the shop resolved stays open until then.",
        ),
        Lever(
            "cancel",
            cancel,
            "safe",
            call="OR29 PUT /api/orders/ID/cancel",
            needs=NEEDS,
            effects="Cancels every line; a payment that was taken is given back by the operator's own payment flow.",
        ),
    )
}
