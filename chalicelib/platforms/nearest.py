"""What comes nearest to an action that a platform does not offer: for people who write rules, who read which step will
be refused where, and for the page of levers. Nothing here acts: a measure is never put in the place of another by
itself, only words become a note (`core.settle`).
"""

from collections.abc import Collection, Mapping

from chalicelib.core.words import IN_WORDS

NEAREST: Mapping[str, tuple[str, ...]] = {
    "remind_seller": ("note", "tag"),
    "warn_seller": ("note", "tag"),
    "message_buyer": ("note", "tag"),
    "note": ("tag",),
    "tag": ("note",),
    "hold": ("tag", "note"),
    "resolve": ("message_buyer", "note"),
    "cancel": ("hold", "note"),
    "open_incident": ("tag", "note"),
    "delist": ("warn_seller", "note"),
    "restrict": ("warn_seller", "delist", "note"),
    "hold_payout": ("warn_seller", "delist", "note"),
    "close_shop": ("suspend", "delist", "warn_seller", "note"),
    "suspend": ("close_shop", "delist", "warn_seller", "note"),
    "blacklist": ("suspend", "close_shop", "delist", "warn_seller", "note"),
    "refund": ("message_buyer", "note"),
}
"""Nearest first. What only takes another action back (`untag`, `restore`) has nothing to take back where that is not
offered."""


def instead(action: str, near: str) -> str:
    """In words, what becomes of a step there. `near`: the nearest action that is offered."""
    if action in IN_WORDS and near == "note":
        return "it becomes a note on the order, where the group shop may act"
    return f"it ends refused, nearest there: {near}" if near else "it ends refused: a person does it by hand"


def nearest(action: str, offered: Collection[str]) -> str:
    """The nearest of the actions that are offered; empty where only a person can do it."""
    return next((one for one in NEAREST.get(action, ()) if one in offered), "")
