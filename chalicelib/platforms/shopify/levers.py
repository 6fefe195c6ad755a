"""What Shopify lets us do: tag, note, hold, refund, take off sale; and how each bears repetition and is undone.

There is no lever that writes to a buyer or a seller: the Admin API has no message. A refund mails its own notice.
Facts: the sheet, section 4; the implementations stand in `acts`, imported when first used.
"""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from chalicelib.platforms.base import Command, Finding, Later, Lever, Session, Steps, Unreadable

Run: TypeAlias = Callable[[Session, Command], Steps]
UNREADABLE = "unreadable answer"
Repeat: TypeAlias = Literal["safe", "keyed", "findable", "never"]


def _run(name: str) -> Run:
    def run(session: Session, command: Command) -> Steps:
        from chalicelib.platforms.shopify import acts

        try:
            return (yield from acts.ACTS[name](session, command))
        except Unreadable:
            # Whatever was done: each of these levers bears repetition.
            return Later(30.0, UNREADABLE)

    return run


def _find_refund(session: Session, command: Command) -> Finding:
    from chalicelib.platforms.shopify import refunding

    try:
        return (yield from refunding.find(session, command))
    except Unreadable:
        return Later(30.0, UNREADABLE)


_TABLE = (
    Lever(
        "tag",
        _run("tag"),
        "safe",
        "exact",
        "untag",
        call="tagsAdd",
        needs="write_orders (orders), write_products (listings)",
        effects="Fires orders/updated. Taking it back also removes the same tag set by hand.",
    ),
    Lever(
        "untag",
        _run("untag"),
        "safe",
        call="tagsRemove",
        needs="write_orders, write_products",
        effects="Fires orders/updated.",
    ),
    Lever(
        "note",
        _run("note"),
        "safe",
        call="metafieldsSet, tagsAdd",
        needs="write_orders",
        effects="Written as an app metafield ($app:redress) with the tag redress beside it: Shopify's own note field "
        "holds one text, which writing would overwrite, and its timeline takes no comments from apps.",
    ),
    Lever(
        "hold",
        _run("hold"),
        "keyed",
        "exact",
        "release",
        call="fulfillmentOrderHold",
        needs="write_merchant_managed_fulfillment_orders (or the third-party or assigned one)",
        effects="Each open fulfilment order of the order is held; at most 10 holds of ours on one of them.",
    ),
    Lever(
        "release",
        _run("release"),
        "safe",
        call="fulfillmentOrderReleaseHold",
        needs="write_merchant_managed_fulfillment_orders (or the third-party or assigned one)",
        effects="Frees only holds of ours.",
    ),
    Lever(
        "refund",
        _run("refund"),
        "keyed",
        "none",
        find=_find_refund,
        call="refundCreate",
        needs="write_orders",
        effects="Money goes back to the means of payment, without restocking; Shopify mails the buyer unless notify "
        "is 0. Orders paid in another currency than the shop's are refused: a person decides.",
    ),
    Lever(
        "delist",
        _run("delist"),
        "safe",
        "exact",
        "relist",
        call="productUpdate (DRAFT)",
        needs="read_products, write_products",
        effects="The product becomes a draft on every channel. Its former status is kept in a metafield of the app.",
    ),
    Lever(
        "relist",
        _run("relist"),
        "safe",
        call="productUpdate",
        needs="read_products, write_products",
        effects="Only where the product still is the draft that we made of it.",
    ),
)

LEVERS: Mapping[str, Lever] = {lever.action: lever for lever in _TABLE}
