"""Where a WooCommerce shop shows the marks that it has no field for, unless its connection says otherwise.

`delivered` is a status that shipment plugins add, under this very name; a shop without it never shows it. Their
`shipped` is not here: where `completed` comes after it, only the order's notes tell when the goods left, and each order
of every other shop would have to be asked about."""

from collections.abc import Mapping

MAPPING: Mapping[str, tuple[str, ...]] = {
    "order.shipped": ("status:completed",),
    "order.delivered": ("status:delivered",),
    "order.part_shipped": ("tracking:",),
    "order.cancelled": ("status:cancelled", "status:failed", "status:refunded", "status:trash"),
}
