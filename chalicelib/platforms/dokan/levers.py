"""What a Dokan shop's owner can do to a seller: mail, suspend, restore. Facts: the Dokan sheet, section 3, and Dokan's
store controller (a call on the id of somebody who is no seller would be obeyed, so the store is read first).
"""

import re
from collections.abc import Generator, Mapping

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Command, Done, Lever, Outcome, Refused, Session, Steps
from chalicelib.platforms.rest import Murky, Ok
from chalicelib.platforms.woocommerce.api import DOKAN, Api, no_answer
from chalicelib.platforms.woocommerce.levers import text_of
from chalicelib.platforms.woocommerce.marker import marker
from chalicelib.platforms.woocommerce.shapes import ident

_MAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{3,190}")
_SUBJECTS = {"remind_seller": "Reminder about an order", "warn_seller": "Warning about an order"}


def seller_of(command: Command) -> str:
    """The seller that a command is about; empty where it names none."""
    return ident(command.subject.id) if command.subject.kind == "seller" else ident(command.seller)


def suspend(session: Session, command: Command) -> Steps:
    return (yield from _set_status(session, command, "inactive"))


def restore(session: Session, command: Command) -> Steps:
    return (yield from _set_status(session, command, "active"))


def _set_status(session: Session, command: Command, status: str) -> Generator[Call, Reply, Outcome]:
    """Sets it whatever it is: a repetition cannot tell our own lost success from a suspension by somebody else."""
    seller, api = seller_of(command), Api(session)
    if not seller:
        return Refused("no_seller")
    store = yield from api.ask("GET", f"{DOKAN}/stores/{seller}", {"_fields": "id"})
    if not isinstance(store, Ok):
        return no_answer(store)
    if ident(store.body.get("id")) != seller:
        return Refused("no_such_seller")
    answer = yield from api.ask("PUT", f"{DOKAN}/stores/{seller}/status", {}, {"status": status})
    return Done(seller) if isinstance(answer, Ok) else no_answer(answer)


def mail_seller(session: Session, command: Command) -> Steps:
    """One mail through the shop. What became of it cannot be found out, so where the answer is murky it is refused as
    `unclear` rather than sent again."""
    seller, text, options = seller_of(command), text_of(command), session.shop.options
    if not seller:
        return Refused("no_seller")
    if not text:
        return Refused("no_text")
    text = f"{text}\n\n{marker(command.key)}"
    if options.get("seller_mail") == "pro":
        path = f"{DOKAN}/stores/{seller}/email"
        body = {"subject": _SUBJECTS.get(command.action, "Message about an order"), "body": text}
    else:
        name, sender = options.get("contact_name", ""), options.get("contact_email", "")
        if not name or not _MAIL.fullmatch(sender):
            return Refused("no_contact_email")
        path, body = f"{DOKAN}/stores/{seller}/contact", {"name": name, "email": sender, "message": text}
    answer = yield from Api(session).ask("POST", path, {}, body)
    if isinstance(answer, Murky):
        return Refused("unclear")
    return Done() if isinstance(answer, Ok) else no_answer(answer)


RIGHTS = "WordPress application password of a user with manage_woocommerce"

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "suspend",
            suspend,
            "safe",
            "exact",
            "restore",
            call="PUT /dokan/v1/stores/ID/status",
            needs=RIGHTS,
            effects="The seller may no longer sell or withdraw; a background queue turns the seller's published "
            "products to pending. Paying a reverse-withdrawal balance may lift it without us.",
        ),
        Lever(
            "restore",
            restore,
            "safe",
            call="PUT /dokan/v1/stores/ID/status",
            needs=RIGHTS,
            effects="Lifts any suspension, also one by somebody else; only products that the suspension hid return.",
        ),
        Lever(
            "remind_seller",
            mail_seller,
            "never",
            call="POST /dokan/v1/stores/ID/contact, or /email",
            needs=RIGHTS,
            effects="Mails the seller; it cannot be unsent.",
        ),
        Lever(
            "warn_seller",
            mail_seller,
            "never",
            call="POST /dokan/v1/stores/ID/contact, or /email",
            needs=RIGHTS,
            effects="Mails the seller; it cannot be unsent.",
        ),
    )
}
