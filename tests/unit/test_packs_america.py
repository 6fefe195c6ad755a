"""Worked cases of the pack for the United States, with the traps of the law sheet and the vectors of its calendars."""

import pytest

from tests.support.packcases import Row, amount, check, pack

ZONE = "America/New_York"
US = {"country": "US"}
SALE = {**US, **amount("50.00", "USD")}
STATED = {**US, "ship_by": "2026-03-10"}
PAID = "order.placed 2026-03-02 10:00; order.paid 2026-03-02 10:05"
OFFER = f"{PAID}; order.delay_offered 2026-03-08 10:00"
LATE_OFFER = f"{PAID}; order.delay_offered 2026-03-12 10:00"

ROWS = [
    # Ship in the stated time.
    Row("the stated date is the whole of that day, over the change of clocks", "us-mitor-ship-stated", PAID,
        "2026-03-05 00:00", "running", "2026-03-10", STATED, ""),
    Row("an order is complete when it is paid", "us-mitor-ship-stated", "order.placed 2026-03-02 10:00",
        "2026-03-30 00:00", "waiting", facts=STATED),
    Row("shipped late", "us-mitor-ship-stated", f"{PAID}; order.shipped 2026-03-11 09:00",
        "2026-03-30 00:00", "met_late", "2026-03-10", STATED, "half offer breach", 0),
    Row("neither shipped nor offered", "us-mitor-ship-stated", PAID,
        "2026-03-30 00:00", "breached", "2026-03-10", STATED, "half offer breach fine", 3),
    Row("an offer in time moves the duty", "us-mitor-ship-stated", OFFER,
        "2026-03-30 00:00", "void", "2026-03-10", STATED, "half", 0),
    Row("a late notice is no notice", "us-mitor-ship-stated", LATE_OFFER,
        "2026-03-30 00:00", "breached", "2026-03-10", STATED, "half offer breach fine", 3),
    Row("cash on delivery, seeds, services are exempt", "us-mitor-ship-stated", PAID,
        "2026-03-30 00:00", None, facts={**STATED, "exempt": True}),
    Row("nothing stated: thirty days, and no roll", "us-mitor-ship-30d", PAID,
        "2026-03-05 00:00", "running", "2026-04-01", US),
    Row("the payment bounced: the days run from the good one, to a Saturday", "us-mitor-ship-30d",
        "order.placed 2026-03-02 10:00; order.paid@1 2026-03-02 10:05; order.paid@2 2026-03-12 10:00",
        "2026-03-15 00:00", "running", "2026-04-11", US),
    Row("a time was stated", "us-mitor-ship-30d", PAID, "2026-03-05 00:00", None, facts=STATED),
    Row("the seller gives credit: fifty days from the order", "us-mitor-ship-50d", "order.placed 2026-03-02 10:00",
        "2026-03-05 00:00", "running", "2026-04-21", {**US, "seller_credit": True}),
    Row("and not thirty", "us-mitor-ship-30d", "order.placed 2026-03-02 10:00",
        "2026-03-05 00:00", None, facts={**US, "seller_credit": True}),
    # Silence means two opposite things.
    Row("a first short delay: silence agrees", "us-mitor-short-delay", OFFER,
        "2026-03-20 00:00", "running", "2026-03-25", {**STATED, "revised_ship_by": "2026-03-25"}),
    Row("the new date is missed", "us-mitor-short-delay", OFFER, "2026-03-30 00:00", "breached", "2026-03-25",
        {**STATED, "revised_ship_by": "2026-03-25"}, "half offer breach fine", 3),
    Row("an offer after the date starts no new one", "us-mitor-short-delay", LATE_OFFER,
        "2026-03-30 00:00", None, facts={**STATED, "revised_ship_by": "2026-03-25"}),
    Row("thirty days are short", "us-mitor-short-delay", OFFER,
        "2026-03-20 00:00", "running", "2026-04-09", {**STATED, "revised_ship_by": "2026-04-09"}),
    Row("thirty-one are not", "us-mitor-short-delay", OFFER,
        "2026-03-20 00:00", None, facts={**STATED, "revised_ship_by": "2026-04-10"}),
    Row("a long delay: silence ends the order", "us-mitor-long-delay", OFFER, "2026-04-10 00:00", "breached",
        "2026-04-09", {**STATED, "revised_ship_by": "2026-04-10"}, "eve breach"),
    Row("no date can be given: silence ends the order too", "us-mitor-long-delay", OFFER,
        "2026-04-10 00:00", "breached", "2026-04-09", STATED),
    Row("thirty days after the first date, whenever the offer was made", "us-mitor-long-delay",
        f"{PAID}; order.delay_offered 2026-03-03 10:00", "2026-03-04 00:00", "running", "2026-04-09", STATED),
    Row("a late offer is none", "us-mitor-long-delay", LATE_OFFER, "2026-04-10 00:00", None, facts=STATED),
    Row("nothing stated: the thirtieth day and thirty more", "us-mitor-long-delay-unstated",
        f"{PAID}; order.delay_offered 2026-03-20 10:00", "2026-03-21 00:00", "running", "2026-05-01", US, ""),
    Row("nothing stated, no answer", "us-mitor-long-delay-unstated", f"{PAID}; order.delay_offered 2026-03-20 10:00",
        "2026-05-02 00:00", "breached", "2026-05-01", US, "eve breach", 0),
    Row("nothing stated, an express yes before the first date", "us-mitor-long-delay-unstated",
        f"{PAID}; order.delay_offered 2026-03-20 10:00; order.delay_accepted 2026-03-21 10:00",
        "2026-05-02 00:00", "met", "2026-05-01", US, "", 0),
    Row("a time was stated, so the other rule", "us-mitor-long-delay-unstated", OFFER,
        "2026-05-02 00:00", None, facts=STATED),
    Row("nothing stated and a short delay", "us-mitor-long-delay-unstated", OFFER,
        "2026-05-02 00:00", None, facts={**US, "revised_ship_by": "2026-04-30"}),
    Row("on the seller's credit the first date is the fiftieth day", "us-mitor-short-delay",
        "order.placed 2026-03-02 10:00; order.delay_offered 2026-03-20 10:00", "2026-03-21 00:00", "running",
        "2026-05-20", {**US, "seller_credit": True, "revised_ship_by": "2026-05-20"}),
    Row("an express yes", "us-mitor-long-delay", f"{OFFER}; order.delay_accepted 2026-03-20 10:00",
        "2026-04-10 00:00", "met", "2026-04-09", STATED, ""),
    Row("a short delay needs no yes", "us-mitor-long-delay", OFFER,
        "2026-04-10 00:00", None, facts={**STATED, "revised_ship_by": "2026-03-25"}),
    Row("thirty days of silence and thirty more where no time was stated", "us-mitor-short-delay", OFFER,
        "2026-03-20 00:00", "running", "2026-04-30", {**US, "revised_ship_by": "2026-04-30"}),
    Row("put off again in time: the first new date is lifted", "us-mitor-short-delay",
        f"{OFFER}; order.delay_renewed 2026-03-24 10:00", "2026-03-30 00:00", "void", "2026-03-25",
        {**STATED, "revised_ship_by": "2026-03-25"}),
    Row("put off again: now silence ends the order", "us-mitor-renewed-option",
        f"{OFFER}; order.delay_renewed 2026-03-24 10:00", "2026-03-30 00:00", "breached", "2026-03-25",
        {**STATED, "revised_ship_by": "2026-03-25"}),
    Row("put off again, with an express yes", "us-mitor-renewed-option",
        f"{OFFER}; order.delay_renewed 2026-03-24 10:00; order.delay_accepted 2026-03-25 20:00",
        "2026-03-30 00:00", "met", "2026-03-25", {**STATED, "revised_ship_by": "2026-03-25"}),
    # Refunds.
    Row("seven working days over Labor Day", "us-mitor-refund-7wd", "order.cancelled 2026-09-05 10:00",
        "2026-09-06 00:00", "running", "2026-09-16", SALE),
    Row("sending counts: on the last evening", "us-mitor-refund-7wd",
        "order.cancelled 2026-09-05 10:00; refund.paid 2026-09-16 23:00 =50.00",
        "2026-09-30 00:00", "met", "2026-09-16", SALE),
    Row("the card is closed: seven working days from then", "us-mitor-refund-7wd",
        "refund.approved 2026-09-05 10:00; refund.failed 2026-09-10 10:00",
        "2026-09-12 00:00", "running", "2026-09-21", SALE),
    Row("a mere request gives no right yet", "us-mitor-refund-7wd", "refund.requested 2026-09-05 10:00",
        "2026-09-30 00:00", "waiting", facts=SALE),
    Row("goods that come back are another matter", "us-mitor-refund-7wd", "refund.approved 2026-09-05 10:00",
        "2026-09-30 00:00", None, facts={**SALE, "goods_expected": True}),
    Row("an accepted return on a card, over Thanksgiving", "us-regz-merchant-credit-7bd",
        "refund.approved 2026-11-20 10:00", "2026-11-21 00:00", "running", "2026-12-02",
        {**SALE, "goods_expected": True, "paid_by_card": True}),
    # Marketplaces.
    Row("ten days to collect", "us-inform-collect-10d", "seller.high_volume 2026-03-02 10:00",
        "2026-03-13 00:00", "breached", "2026-03-12", steps="now eve breach", points=0),
    Row("public already, and verified by contract", "us-inform-collect-10d", "seller.high_volume 2026-03-02 10:00",
        "2026-03-13 00:00", None, facts={"exempt": True}),
    Row("each round is verified by itself", "us-inform-verify-10d",
        "seller.data_given@1 2026-03-02 10:00; seller.data_verified@1 2026-03-12 23:00",
        "2026-03-30 00:00", "met", "2026-03-12"),
    Row("the yearly question", "us-inform-certify-ask",
        "seller.high_volume 2026-03-02 10:00; seller.certify_asked 2027-02-20 10:00", "2027-02-28 00:00", "met",
        "2027-03-02", steps="month-before"),
    Row("the yearly answer", "us-inform-certify", "seller.certify_asked@2026 2026-03-02 10:00",
        "2026-03-13 00:00", "breached", "2026-03-12", steps="half eve breach", points=0),
    Row("ten days after the notice a person decides", "us-inform-suspend", "seller.data_asked@1 2026-03-02 10:00",
        "2026-03-13 00:00", "breached", "2026-03-12", steps="half eve breach", points=0),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule}: {row.why}")
def test_what_is_owed_in_america(row: Row) -> None:
    check(pack("us-consumer"), row, ZONE)


def test_every_rule_has_a_worked_case() -> None:
    assert {row.rule for row in ROWS} == {rule.id for rule in pack("us-consumer").rules}
