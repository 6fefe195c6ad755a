"""Threads to a shop or a buyer: on the order where there is one (OR43), else between operator and shop (M14).

A thread bears a digest of our key in its topic, by which it is found again; it cannot be unsent. Facts: the sheet,
section 3.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Literal

from chalicelib.core.calls import Call, Reply
from chalicelib.core.strictjson import dumps_canonical
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.mirakl.api import GONE, Api
from chalicelib.platforms.mirakl.names import order_part
from chalicelib.platforms.mirakl.penalties import NEEDS, seller_of
from chalicelib.platforms.ours import carries, public_marker, short
from chalicelib.platforms.rest import Murky, No, Ok, lenient, no_answer
from chalicelib.platforms.shapes import child, ident, rows

To = Literal["SHOP", "CUSTOMER"]

_LONGEST = 2000
_PAGES = 5
_TOPICS = {"remind_seller": "Reminder", "warn_seller": "Warning", "message_buyer": "About your order"}


def order_of(command: Command) -> str:
    """The order that a command is about; empty where it names none. The case's own id comes first."""
    return order_part(command.subject) or ident(command.order)


def _place(command: Command, to: To) -> tuple[str, str]:
    """Where a thread belongs: kind of entity and its id."""
    if order := order_of(command):
        return "MMP_ORDER", order
    return ("SELLER_OPERATOR", seller_of(command)) if to == "SHOP" else ("", "")


def _write(to: To) -> Callable[[Session, Command], Steps]:
    def run(session: Session, command: Command) -> Steps:
        kind, entity = _place(command, to)
        if not entity:
            return Refused("no_order" if to == "CUSTOMER" else "no_seller")
        given = command.params.get("text")
        words = ((given if isinstance(given, str) else "") or command.note).strip()[:_LONGEST]
        if not words:
            return Refused("no_text")
        api = Api(session)
        there = yield from _seek(api, kind, entity, command.key)
        if isinstance(there, Done):
            return there
        if not isinstance(there, Absent):
            return no_answer(there)
        topic = {"type": "FREE_TEXT", "value": f"{_TOPICS[command.action]} {public_marker(command.key)}"}
        told: dict[str, object] = {"body": words, "topic": topic, "to": [to]}
        path = f"api/orders/{entity}/threads"
        if kind != "MMP_ORDER":
            path, told = "api/inbox/threads", {**told, "entity": {"type": kind, "id": entity}}
        thread = ("thread_input", "application/json", dumps_canonical(told))
        answer = yield from api.post_form(path, f"redress-{short(command.key)}", thread)
        if isinstance(answer, Ok) and (made := ident(answer.body.get("thread_id")) or ident(answer.body.get("id"))):
            return Done(made)
        if isinstance(answer, No | Later):
            return no_answer(answer)
        found = yield from _seek(api, kind, entity, command.key)
        return found if isinstance(found, Done) else Later(60.0, "unclear")

    return run


def _find(to: To) -> Callable[[Session, Command], Finding]:
    def find(session: Session, command: Command) -> Finding:
        kind, entity = _place(command, to)
        if not entity:
            return Absent()
        return lenient((yield from _seek(Api(session), kind, entity, command.key)), GONE)

    return find


def _seek(api: Api, kind: str, entity: str, key: str) -> Generator[Call, Reply, "Done | Absent | No | Later | Murky"]:
    query = {"entity_type": kind, "entity_id": entity, "limit": "50"}
    for _ in range(_PAGES):
        found = yield from api.get("api/inbox/threads", **query)
        if not isinstance(found, Ok):
            return found
        for one in rows(found.body, "data"):
            if carries(child(one, "topic").get("value"), public_marker(key)):
                return Done(ident(one.get("id")))
        token = found.body.get("next_page_token")
        if not isinstance(token, str) or not token:
            return Absent()
        query["page_token"] = token
    return Murky("too_many_threads")


_ONCE = "Shown in the shop's inbox and, as it has set it, mailed; it cannot be unsent."

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "remind_seller",
            _write("SHOP"),
            "findable",
            find=_find("SHOP"),
            call="OR43 POST /api/orders/ID/threads, or M14 POST /api/inbox/threads",
            needs=NEEDS,
            effects=_ONCE,
        ),
        Lever(
            "warn_seller",
            _write("SHOP"),
            "findable",
            find=_find("SHOP"),
            call="OR43 POST /api/orders/ID/threads, or M14 POST /api/inbox/threads",
            needs=NEEDS,
            effects=_ONCE,
        ),
        Lever(
            "message_buyer",
            _write("CUSTOMER"),
            "findable",
            find=_find("CUSTOMER"),
            call="OR43 POST /api/orders/ID/threads",
            needs=NEEDS,
            effects="The buyer is mailed from the operator; it cannot be unsent.",
        ),
    )
}
