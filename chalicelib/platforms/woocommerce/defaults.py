"""Where a WooCommerce shop shows the marks that it has no field for, unless its connection says otherwise."""

from collections.abc import Mapping

MAPPING: Mapping[str, tuple[str, ...]] = {
    "order.shipped": ("status:completed",),
    "order.part_shipped": ("tracking:",),
    "order.cancelled": ("status:cancelled", "status:failed", "status:refunded", "status:trash"),
}
