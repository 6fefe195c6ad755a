"""Two rungs of the ladder on a Dokan shop: a seller is not featured any more, and what it wants paid out waits.

Dokan keeps neither for us. Featuring is one flag of the store, and a write of the store clears every flag that is left
out, so all of them are read and written back. Payouts are requests of the seller: those that wait are cancelled with a
note that says so, and are made pending again afterwards; one that it makes meanwhile is found by the daily look. Facts:
the Dokan sheet, sections 3 and 5, and Dokan's store and withdraw controllers.
"""

from collections.abc import Generator, Mapping

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Command, Done, Lever, Outcome, Refused, Session, Steps, noted
from chalicelib.platforms.dokan.levers import RIGHTS, seller_of
from chalicelib.platforms.rest import Asking, No, Ok
from chalicelib.platforms.shapes import Body, child
from chalicelib.platforms.woocommerce.api import DOKAN, Api, no_answer
from chalicelib.platforms.woocommerce.shapes import ident

FEATURED, PLAIN = "featured", "plain"
HELD_NOTE = "redress: payout held"
_FLAGS = ("enabled", "trusted", "show_email", "reset_sub_category")
"""Beside `featured`: what a write without them clears."""


def restrict(session: Session, command: Command) -> Steps:
    """The handle is `featured` where it was; kept before anything is changed, so that a lost answer loses nothing."""
    return (yield from _feature(session, command, wanted=False))


def unrestrict(session: Session, command: Command) -> Steps:
    if command.handle != FEATURED:
        return Done()
    return (yield from _feature(session, command, wanted=True))


def _feature(session: Session, command: Command, *, wanted: bool) -> Generator[Call, Reply, Outcome]:
    seller, api = seller_of(command), Api(session)
    if not seller:
        return Refused("no_seller")
    found = yield from api.ask("GET", f"{DOKAN}/stores/{seller}", {})
    if not isinstance(found, Ok):
        return no_answer(found)
    if ident(found.body.get("id")) != seller:
        return Refused("no_such_seller")
    is_so = _true(found.body.get(FEATURED))
    if is_so is wanted:
        return Done(FEATURED if wanted or command.handle == FEATURED else PLAIN)
    if is_so and command.handle != FEATURED:
        return noted(FEATURED)
    answer = yield from api.ask("PUT", f"{DOKAN}/stores/{seller}", {}, {**_kept(found.body), FEATURED: wanted})
    return Done(FEATURED) if isinstance(answer, Ok) else no_answer(answer)


def _kept(store: Body) -> dict[str, object]:
    """What a write of the store must repeat, so that it changes nothing else."""
    told: dict[str, object] = {name: _true(store.get(name)) for name in _FLAGS if name in store}
    # Two names for the same in Dokan: what it answers, and what it takes.
    told["enable_tnc"] = _true(store.get("toc_enabled"))
    hours = child(store, "store_open_close")
    if hours:
        told["store_open_close"] = {"enabled": _true(hours.get("enabled"))}
    return told


def _true(value: object) -> bool:
    """Flags come as booleans, as `yes` and `on`, or as numbers."""
    return value in (True, 1, "1", "yes", "on", "true")


def hold_payout(session: Session, command: Command) -> Steps:
    """Cancels what waits to be paid out; nothing waiting is done too. The note tells ours from the seller's own."""
    seller, api = seller_of(command), Api(session)
    if not seller:
        return Refused("no_seller")
    waiting = yield from api.pages(f"{DOKAN}/withdraw", user_id=seller, status="pending")
    if not isinstance(waiting, tuple):
        return no_answer(waiting)
    for row in waiting:
        if ident(child(row, "user").get("id")) != seller:
            # An old Dokan that does not know `user_id` would give everybody's.
            continue
        said = yield from _put(api, row, "cancelled", HELD_NOTE)
        if isinstance(said, No):
            # Dokan weighs the balance even for a cancellation; in a batch it does not, and takes no note.
            said = yield from api.ask(
                "PUT", f"{DOKAN}/withdraw/batch", {},
                {"approved": [], "delete": [], "cancelled": [ident(row.get("id"))]},
            )  # fmt: skip
        if not isinstance(said, Ok):
            return no_answer(said)
    return Done(seller)


def release_payout(session: Session, command: Command) -> Steps:
    """Makes what we cancelled pending again. Where Dokan refuses (the seller asked anew meanwhile, or has not so much
    any more), nothing is lost: the money is still the seller's to ask for."""
    seller, api = seller_of(command), Api(session)
    if not seller:
        return Refused("no_seller")
    held = yield from api.pages(f"{DOKAN}/withdraw", user_id=seller, status="cancelled")
    if not isinstance(held, tuple):
        return no_answer(held)
    for row in held:
        if row.get("note") != HELD_NOTE or ident(child(row, "user").get("id")) != seller:
            continue
        said = yield from _put(api, row, "pending", "")
        if not isinstance(said, Ok | No):
            return no_answer(said)
    return Done(seller)


def _put(api: Api, row: Body, status: str, note: str) -> Asking:
    number = ident(row.get("id"))
    return (yield from api.ask("PUT", f"{DOKAN}/withdraw/{number}", {}, {"status": status, "note": note}))


LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "restrict",
            restrict,
            "safe",
            "exact",
            "unrestrict",
            call="PUT /dokan/v1/stores/ID (featured)",
            needs=RIGHTS,
            effects="The seller is not featured any more; one that was not is left as it is.",
        ),
        Lever(
            "unrestrict",
            unrestrict,
            "safe",
            call="PUT /dokan/v1/stores/ID (featured)",
            needs=RIGHTS,
            effects="Featured again, where it was.",
        ),
        Lever(
            "hold_payout",
            hold_payout,
            "safe",
            "offset",
            "release_payout",
            call="PUT /dokan/v1/withdraw/ID (cancelled)",
            needs=RIGHTS,
            effects="Waiting withdrawals are cancelled; Dokan mails the seller. New ones are told by the daily look.",
        ),
        Lever(
            "release_payout",
            release_payout,
            "safe",
            call="PUT /dokan/v1/withdraw/ID (pending)",
            needs=RIGHTS,
            effects="What we cancelled waits again, unless the seller asked anew.",
        ),
    )
}
