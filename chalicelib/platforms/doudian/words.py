"""Douyin shop's numbers and what they mean to us: tags of messages, states of orders, after-sales and arbitrations.
Facts: the Douyin shop sheet, sections 1 and 2.
"""

from collections.abc import Mapping

READING = 1
"""Number of this way of reading; raised when a fix must beat what was read before."""

ORDER_TAGS: Mapping[str, tuple[str, str]] = {
    "100": ("order.placed", "create_time"),
    "101": ("order.paid", "pay_time"),
    "102": ("order.shipped", "update_time"),
    "103": ("order.delivered", "complete_time"),
    "106": ("order.cancelled", "cancel_time"),
    "108": ("order.part_shipped", "update_time"),
    "110": ("order.paid", "pay_time"),
}
"""Tag -> the mark that it states, and the field with its instant. 103 is the buyer's confirmation or the platform's, so
the parcel came then at the latest; a look says when. 110 waits for a check of risk, and some forms of it tell when it
was paid."""

ORDER_LOOKS = frozenset({"101", "102", "103", "104", "106", "108", "109", "110", "112", "126"})
"""Tags after which the order's deadline, parcels or amount are asked for, and whether it was cancelled as a whole."""

SHIP_BY_MOVED, RESPOND_BY_MOVED = frozenset({"112", "126"}), "209"
"""Tags that move a deadline and tell no instant of their own: what they say holds only until the platform is asked."""

ORDER_QUIET: Mapping[str, str] = {"105": "address", "111": "address wanted otherwise", "113": "remark"}
"""Tags that are about people, or about our own remarks."""

REFUND_TAGS: Mapping[str, tuple[str, str]] = {
    "200": ("refund.requested", "apply_time"),
    "201": ("refund.approved", "agree_time"),
    "202": ("return.approved", "agree_time"),
    "203": ("return.sent", "return_time"),
    "204": ("refund.refused", "refuse_time"),
    "205": ("return.refused", "refuse_time"),
    "206": ("refund.paid", "success_time"),
    "207": ("refund.withdrawn", "close_time"),
    "208": ("", "modify_time"),
    "225": ("refund.paid", "success_time"),
}
"""208 changes what is asked for, not whether; an amount and a reason follow. 225 pays what a special right of the
buyer's is for."""

REFUND_PAID = frozenset({"206", "225"})
REFUND_ENDED = frozenset({"206", "207"})
REFUND_LOOKS = frozenset({"209", "211", "224", "225", "226", "227"})
ARBITRATION_TAGS = frozenset({"212", "213", "214", "215", "216", "217", "218"})
"""None of them tells an instant: all are asked about."""
LISTING_TAGS = frozenset({"400", "417"})

RETURNS = frozenset({"0", "3", "8"})
"""Types of after-sale in which goods come back: return and refund, exchange, repair."""
NO_MONEY = frozenset({"3", "7", "8"})
"""Types that give no money back: exchange, resend, repair."""

SELLERS_TURN = frozenset({"6", "8", "11"})
"""States of an after-sale in which its deadline is the seller's: asked, goods to send, goods came back."""

BY_STATE: Mapping[str, tuple[str, ...]] = {
    "7": ("return.approved",),
    "11": ("return.approved",),
    "12": ("refund.approved",),
    "13": ("return.approved",),
    "14": ("return.approved",),
    "27": ("refund.refused",),
    "28": ("refund.withdrawn",),
    "29": ("return.refused",),
}
"""What a state implies, of goods where they are to come back. When it was reached is only known to within the last
change, so a message's own instant always goes before. Whether money went back is told beside it, under whatever
state."""

TICKET, ARBITRATION = "doudian", "doudian-arbitration"
"""The fact `channel` of the two kinds of complaint: the hours of a service ticket are not those of an arbitration."""

VERDICTS: Mapping[str, str] = {"1": "for-buyer", "2": "for-seller", "3": "for-buyer-at-once"}
EVIDENCE_WANTED, ENDED = "4", "255"
CANCELLED, PARTLY_SENT = "4", "101"
"""States of an order, and of each of its lines. A line of several pieces has an instant of sending as soon as one of
them has left."""
