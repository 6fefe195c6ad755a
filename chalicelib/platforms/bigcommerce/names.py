"""Names that reading, looking and acting on BigCommerce share: status ids, ids made of two, the store's hash.

Facts: the sheet, sections 2 and 3. Status names can be renamed by the merchant, ids cannot.
"""

from chalicelib.platforms.base import Shop
from chalicelib.platforms.shapes import number_id

READING = 1
API = "https://api.bigcommerce.com/stores/"

INCOMPLETE, PENDING, SHIPPED, PARTIALLY_SHIPPED, REFUNDED, CANCELLED, DECLINED = range(7)
AWAITING_PAYMENT, AWAITING_PICKUP, AWAITING_SHIPMENT, COMPLETED, AWAITING_FULFILLMENT, VERIFY, DISPUTED = range(7, 14)
PARTIALLY_REFUNDED = 14

STATUSES = (
    "incomplete", "pending", "shipped", "partially_shipped", "refunded", "cancelled", "declined", "awaiting_payment",
    "awaiting_pickup", "awaiting_shipment", "completed", "awaiting_fulfillment", "manual_verification_required",
    "disputed", "partially_refunded",
)  # fmt: skip

ENDED = frozenset([SHIPPED, COMPLETED, REFUNDED, CANCELLED, DECLINED])
"""Nothing of such an order is left to hold back."""
UNSENT = frozenset([PENDING, AWAITING_PAYMENT, AWAITING_SHIPMENT, AWAITING_FULFILLMENT, PARTIALLY_SHIPPED])
"""The whole has not been sent. A held or disputed order may have been."""

TOPICS = (
    "store/order/created", "store/order/updated", "store/order/archived", "store/order/statusUpdated",
    "store/order/transaction/created", "store/order/transaction/updated", "store/order/refund/created",
    "store/order/message/created", "store/shipment/created", "store/shipment/updated", "store/shipment/deleted",
    "store/product/created", "store/product/updated", "store/product/deleted", "store/app/uninstalled",
)  # fmt: skip
"""The scopes of hooks that are subscribed to; `store/hook/deliveryException` must not go where the others go."""

MESSAGES = "messages"
DISPUTE = "dispute"
"""Second part of a complaint's id: an order has one thread of messages and at most one dispute."""


def status_name(status: int | None) -> str:
    return STATUSES[status] if status is not None and status < len(STATUSES) else ""


def pair(first: str, second: str) -> str:
    """The id of something that can only be asked for by its order: `ORDER:ID`."""
    return f"{first}:{second}"


def split(text: str) -> tuple[str, str]:
    """`ORDER:ID` -> both parts; empty ones where it is not of that form."""
    order, _, rest = text.partition(":")
    return (order, rest) if number_id(order) and rest else ("", "")


def base(shop: Shop) -> str:
    """Where the store's API is."""
    address = shop.address.strip().rstrip("/")
    return address if "://" in address else f"{API}{address.removeprefix('stores/')}"


def store_hash(shop: Shop) -> str:
    return base(shop).rsplit("/", 1)[-1]
