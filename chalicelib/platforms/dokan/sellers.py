"""Whose an order or a product is on Dokan, and what makes two children of one basket the same order. Facts: the Dokan
sheet, sections 2 and 5 (parents are skipped; release 5.0.3 split baskets up to three times, issue #3230).
"""

import hashlib
import re

from chalicelib.core.events import Subject
from chalicelib.platforms.shapes import Body, child, rows
from chalicelib.platforms.woocommerce.orders import Part
from chalicelib.platforms.woocommerce.read import Dialect
from chalicelib.platforms.woocommerce.shapes import ident, meta

VENDOR = "_dokan_vendor_id"
_NO = frozenset({None, "", "0", "no", "false", 0})
_VENDOR_ACTION = re.compile(r"dokan_(?:vendor_(?:enabled|disabled)|after_vendor_status\w*)")


def seller_of(body: Body) -> str:
    """The vendor's user id: from the meta data, else from the store that Dokan adds to an answer."""
    for value in meta(body, VENDOR):
        if found := ident(value):
            return found
    return ident(child(body, "store").get("id"))


def part_of(body: Body) -> Part:
    """A parent of a split basket belongs to nobody: its children are the orders."""
    if any(not isinstance(value, list | dict) and value not in _NO for value in meta(body, "has_sub_order")):
        return Part(skip="parent of a basket that Dokan split; its children are timed")
    return Part(seller=seller_of(body), basket=ident(body.get("parent_id")))


def twin_key(body: Body) -> str:
    """Equal for children that the same basket was split into twice: parent, vendor and set of lines.

    The lines' own ids differ between twins, so products, variations and quantities are compared. Empty for an order
    that is no child. One body cannot tell which of two twins is the genuine one: a look at the basket does.
    """
    parent, seller = ident(body.get("parent_id")), seller_of(body)
    if not parent or not seller:
        return ""
    lines = sorted(
        f"{ident(row.get('product_id'))}/{ident(row.get('variation_id'))}/{row.get('quantity')}"
        for row in rows(body, "line_items")
    )
    return hashlib.sha256("|".join([parent, seller, *lines]).encode("utf-8", "replace")).hexdigest()


def _action_of(action: str, arg: str) -> Subject | None:
    """WooCommerce refuses `dokan_` hooks as topics; a small plug-in of the shop's own may send them all the same."""
    return Subject("seller", arg) if _VENDOR_ACTION.fullmatch(action) else None


DIALECT = Dialect(
    prefix="dokan",
    part_of=part_of,
    seller_of=seller_of,
    action_of=_action_of,
    look_when_made=lambda body: bool(twin_key(body)),
)
