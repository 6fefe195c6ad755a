"""The ladder against a shop, with its reverse: restrict its promotion, hold its payouts, close it for a time, suspend
it, terminate it. All but the last are one call (S07) that sets a field, so each bears repetition; its offers are the
business of `listings`.

What others imposed cannot be told from what we imposed (an answer of ours may have been lost), so lifting lifts either;
the effects say so. Facts: the sheet, section 3.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from chalicelib.core.instants import show
from chalicelib.platforms.base import Command, Done, Lever, Refused, Session, Steps, noted
from chalicelib.platforms.mirakl.api import Api, rejected
from chalicelib.platforms.rest import Ok, no_answer
from chalicelib.platforms.shapes import number_id, rows, text

Fields = Callable[[Session, Command], Mapping[str, object]]

_PATH = re.compile(r"api/[a-z0-9_/-]{1,80}", re.ASCII)
_PREMIUM = frozenset(["PREMIUM", "NOT_PREMIUM", "DEFAULT"])


def seller_of(command: Command) -> str:
    """The shop that a command is about; empty where it names none."""
    return number_id(command.subject.id if command.subject.kind == "seller" else command.seller)


def _setting(fields: Fields) -> Callable[[Session, Command], Steps]:
    def run(session: Session, command: Command) -> Steps:
        shop = seller_of(command)
        if not shop:
            return Refused("no_seller")
        change = {"shop_id": int(shop), **fields(session, command)}
        answer = yield from Api(session).ask("PUT", "api/shops", body={"shops": [change]})
        if not isinstance(answer, Ok):
            return no_answer(answer)
        # One call may change a hundred shops, so what went wrong with one stands under 200.
        return Refused("rejected") if rejected(answer.value) else Done(shop)

    return run


def _restored(session: Session, command: Command) -> Mapping[str, object]:
    days = session.shop.options.get("immunity_days", "")
    if not days.isdigit() or not 0 < int(days) < 3660:
        return {"suspend": False}
    # Mirakl's own nightly suspensions skip the shop until then.
    return {"suspend": False, "immunity_date": show(session.now + timedelta(days=int(days)))}


def restrict(session: Session, command: Command) -> Steps:
    """Takes a shop out of what the operator promotes. The handle is what it was before, kept before it is changed."""
    shop = seller_of(command)
    if not shop:
        return Refused("no_seller")
    if not command.handle:
        found = yield from Api(session).get("api/shops", shop_ids=shop, max="1")
        if not isinstance(found, Ok):
            return no_answer(found)
        body = next((one for one in rows(found.body, "shops") if number_id(one.get("shop_id")) == shop), None)
        if body is None:
            return Refused("not_found")
        before = text(body, "premium_state")
        return noted(before if before in _PREMIUM else "DEFAULT")
    done = yield from _setting(lambda _, __: {"premium_state": "NOT_PREMIUM"})(session, command)
    return Done(command.handle) if isinstance(done, Done) else done


def _unrestricted(session: Session, command: Command) -> Mapping[str, object]:
    return {"premium_state": command.handle if command.handle in _PREMIUM else "DEFAULT"}


def _changing_state(action: str) -> Callable[[Session, Command], Steps]:
    """S09, whose address is not published: the operator tells it."""

    def run(session: Session, command: Command) -> Steps:
        shop, path = seller_of(command), session.shop.options.get("state_change_path", "").strip("/")
        if not shop:
            return Refused("no_seller")
        if not _PATH.fullmatch(path):
            return Refused("no_state_change_path")
        change = {"id": int(shop), "state_change_action": action}
        answer = yield from Api(session).ask("PUT", path, body={"shop_state_change_actions": [change]})
        if not isinstance(answer, Ok):
            return no_answer(answer)
        return Refused("rejected") if rejected(answer.value) else Done(shop)

    return run


NEEDS = "operator API key"
_LIFTS = "Lifts it whoever imposed it."

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "restrict",
            restrict,
            "safe",
            "exact",
            "unrestrict",
            call="S07 PUT /api/shops (premium_state)",
            needs=NEEDS,
            effects="The shop is no premium shop any more.",
        ),
        Lever(
            "unrestrict",
            _setting(_unrestricted),
            "safe",
            call="S07 PUT /api/shops (premium_state)",
            needs=NEEDS,
            effects="As it was before: premium, or as Mirakl reckons it, or none.",
        ),
        Lever(
            "hold_payout",
            _setting(lambda _, __: {"payment_blocked": True}),
            "safe",
            "exact",
            "release_payout",
            call="S07 PUT /api/shops (payment_blocked)",
            needs=NEEDS,
            effects="The shop's next payments wait.",
        ),
        Lever(
            "release_payout",
            _setting(lambda _, __: {"payment_blocked": False}),
            "safe",
            call="S07 PUT /api/shops (payment_blocked)",
            needs=NEEDS,
            effects=_LIFTS,
        ),
        Lever(
            "close_shop",
            _setting(lambda session, _: {"closed_from_date": show(session.now), "closed_to_date": None}),
            "safe",
            "exact",
            "reopen_shop",
            call="S07 PUT /api/shops (closed_from_date)",
            needs=NEEDS,
            effects="Offers are hidden from now on until it is reopened; orders that are there stay due.",
        ),
        Lever(
            "reopen_shop",
            _setting(lambda _, __: {"closed_from_date": None, "closed_to_date": None}),
            "safe",
            call="S07 PUT /api/shops (closed_from_date)",
            needs=NEEDS,
            effects=f"{_LIFTS} A closure that the shop planned for itself goes too.",
        ),
        Lever(
            "suspend",
            _setting(lambda _, __: {"suspend": True}),
            "safe",
            "exact",
            "restore",
            call="S07 PUT /api/shops (suspend)",
            needs=NEEDS,
            effects="Offers are hidden; orders in SHIPPING stay due, so their clocks run on.",
        ),
        Lever(
            "restore",
            _setting(_restored),
            "safe",
            call="S07 PUT /api/shops (suspend)",
            needs=NEEDS,
            effects=f"{_LIFTS} Mirakl's own nightly job may suspend it again, unless immunity_days is set.",
        ),
        Lever(
            "blacklist",
            _changing_state("TERMINATE"),
            "safe",
            "exact",
            "unblacklist",
            call="S09 TERMINATE",
            needs=f"{NEEDS}; state_change_path",
            option="state_change_path",
            effects="The shop is terminated: no offers, no log-in. Orders that are there stay due.",
        ),
        Lever(
            "unblacklist",
            _changing_state("UNTERMINATE"),
            "safe",
            call="S09 UNTERMINATE",
            needs=f"{NEEDS}; state_change_path",
            option="state_change_path",
            effects=_LIFTS,
        ),
    )
}
