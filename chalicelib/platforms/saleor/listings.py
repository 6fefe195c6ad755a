"""Taking a product off sale on every channel, and exactly back: which channels showed it is kept in the product's
private metadata before anything changes. Facts: the sheet, section 4, and the schema.
"""

import json
from collections.abc import Mapping

from chalicelib.platforms.base import Command, Done, Later, Lever, Refused, Session, Steps
from chalicelib.platforms.ours import short, taken_back
from chalicelib.platforms.saleor import documents
from chalicelib.platforms.saleor.graphql import Answered, Asking, ask, rejection
from chalicelib.platforms.shapes import Body, child, ident, rows, text

_UPDATE = "productChannelListingUpdate"


def delist(session: Session, command: Command) -> Steps:
    product, key = _product(command), f"redress.delisted.{short(command.key)}"
    if not product:
        return Refused("no-product")
    answer = yield from _ask_listing(session, product, key)
    if not isinstance(answer, Answered):
        return answer
    body = child(answer.data, "product")
    shown = [one for one in rows(body, "channelListings") if _shown(one)]
    if not shown:
        # Off sale already: by an earlier try of ours, then what was kept says so; or by somebody else.
        return Done(key if text(body, "before") else "")
    if not text(body, "before"):
        before = [[_channel(one), one.get("isPublished") is True, _sold(one)] for one in shown]
        kept = {"id": product, "input": [{"key": key, "value": json.dumps(before, separators=(",", ":"))}]}
        done = yield from ask(session, documents.REMEMBER, kept)
        if not isinstance(done, Answered):
            return done
        refused = rejection(done.data, "updatePrivateMetadata")
        if refused:
            return refused
    hidden = [{"channelId": _channel(one), "isPublished": False, "isAvailableForPurchase": False} for one in shown]
    return (yield from _set(session, product, hidden, key))


def relist(session: Session, command: Command) -> Steps:
    """Each channel back to what it was, unless somebody has shown the product there again."""
    # Without a handle nobody knows what became of the hiding; what was kept before it stands under its key.
    product, key = _product(command), command.handle or f"redress.delisted.{short(taken_back(command.key))}"
    if not product:
        return Refused("no-product")
    if not key.startswith("redress.delisted."):
        return Done()
    answer = yield from _ask_listing(session, product, key)
    if not isinstance(answer, Answered):
        return answer
    body = child(answer.data, "product")
    hidden = {_channel(one) for one in rows(body, "channelListings") if not _shown(one)}
    back = [
        {"channelId": channel, "isPublished": published, "isAvailableForPurchase": sold}
        for channel, published, sold in _kept(text(body, "before"))
        if channel in hidden
    ]
    if back:
        done = yield from _set(session, product, back, "")
        if not isinstance(done, Done):
            return done
    forgotten = yield from ask(session, documents.FORGET, {"id": product, "keys": [key]})
    if not isinstance(forgotten, Answered):
        return forgotten
    return rejection(forgotten.data, "deletePrivateMetadata") or Done()


def _ask_listing(session: Session, product: str, key: str) -> Asking:
    answer = yield from ask(session, documents.LISTING, {"id": product, "key": key})
    if isinstance(answer, Refused | Later):
        return answer
    if ident(child(answer.data, "product").get("id")) != product:
        return Refused("scope" if answer.denied else "not-found")
    return answer


def _set(session: Session, product: str, channels: list[dict[str, object]], handle: str) -> Steps:
    answer = yield from ask(session, documents.LIST, {"id": product, "input": {"updateChannels": channels}})
    if isinstance(answer, Refused | Later):
        return answer
    return rejection(answer.data, _UPDATE) or Done(handle)


def _product(command: Command) -> str:
    return ident(command.subject.id if command.subject.kind == "listing" else command.product)


def _channel(listing: Body) -> str:
    return ident(child(listing, "channel").get("id"))


def _sold(listing: Body) -> bool:
    return listing.get("isAvailableForPurchase") is True


def _shown(listing: Body) -> bool:
    return bool(_channel(listing)) and (listing.get("isPublished") is True or _sold(listing))


def _kept(told: str) -> list[tuple[str, bool, bool]]:
    try:
        value = json.loads(told) if told else []
    except ValueError:
        return []
    found = []
    for one in value if isinstance(value, list) else []:
        if isinstance(one, list) and len(one) == 3 and ident(one[0]):
            found.append((ident(one[0]), one[1] is True, one[2] is True))
    return found


_NEEDS = "MANAGE_PRODUCTS"

LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "delist",
            delist,
            "safe",
            "exact",
            "relist",
            call="productChannelListingUpdate",
            needs=_NEEDS,
            effects="Neither shown nor to be bought on any channel. Which channels had it is kept in private metadata.",
        ),
        Lever(
            "relist",
            relist,
            "safe",
            call="productChannelListingUpdate",
            needs=_NEEDS,
            effects="Only on the channels where we hid it.",
        ),
    )
}
