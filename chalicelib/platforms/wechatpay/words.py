"""WeChat Pay's words and what they mean to us: actions of a notice, entries of a complaint's history, states. Facts:
the sheet of WeChat Pay complaints, section 1, and the lists of its API pages (three words are misspelt there for good).
"""

from collections.abc import Mapping

READING = 1
"""Number of this way of reading; raised when a fix must beat what was read before."""

CHANNEL = "wechat-pay"
"""The fact `channel` of its complaints, by which the rules of this platform know them."""

ANSWERED, ASKED = "complaint.answered", "complaint.user_wrote"
"""Each word of the merchant, and of the user. Not in the common vocabulary: said only where a policy declares them."""

BY_ACTION: Mapping[str, tuple[str, ...]] = {
    "CREATE_COMPLAINT": ("complaint.opened",),
    "CONTINUE_COMPLAINT": ("complaint.reopened",),
    "USER_RESPONSE": (ASKED,),
    "RESPONSE_BY_PLATFORM": (),
    "SELLER_REFUND": (),
    "MERCHANT_RESPONSE": ("complaint.first_reply", ANSWERED),
    "MERCHANT_CONFIRM_COMPLETE": ("complaint.resolved",),
    "USER_APPLY_PLATFORM_SERVICE": ("complaint.escalated",),
    "USER_APPLY_PLATFORM_SERIVCE": ("complaint.escalated",),
    "USER_CANCEL_PLATFORM_SERVICE": (),
    "PLATFORM_SERVICE_FINISHED": (),
    "MERCHANT_APPROVE_REFUND": (),
    "MERCHANT_REJECT_REFUND": (),
    "REFUND_SUCCESS": (),
}
"""What a notice of a complaint states by itself; a look completes it, whatever it was."""

LISTED = frozenset(
    ["complaint.reopened", "complaint.first_reply", "complaint.resolved", "complaint.escalated", "complaint.withdrawn"]
)
"""Marks that a whole history lists in full."""

REFUND_LISTED = frozenset(["refund.approved", "refund.refused", "refund.paid"])

REFUND_BY_ENTRY: Mapping[str, str] = {
    "MERCHANT_APPROVE_REFUND": "refund.approved",
    "MERCHANT_REFUSE_RERUND": "refund.refused",
    "MERCHANT_REJECT_REFUND": "refund.refused",
    "COMPLAINT_REFUND_RECEIVED_SYSTEM_MESSAGE": "refund.paid",
    "COMPLAINT_FULL_REFUNDED": "refund.paid",
}
FULLY_REFUNDED = frozenset(["COMPLAINT_FULL_REFUNDED", "COMPLAINT_FULL_REFUNDED_SYSTEM_MESSAGE"])
CONFIRMED = frozenset(["MERCHANT_CONFIRM_COMPLETE", "USER_COMFIRM_COMPLAINT", "USER_CONFIRM_COMPLAINT"])
HELP = frozenset(["USER_APPLY_PLATFORM_HELP", "USER_APPLY_PLATFORM_SERVICE", "USER_APPLY_PLATFORM_SERIVCE"])
