"""Worked cases of the packs for mainland China, with the traps of the law sheet and the vectors of its calendars."""

import pytest

from tests.support.packcases import Row, amount, check, pack, seen

ZONE = "Asia/Shanghai"
CN = {"country": "CN"}
GOODS = {**CN, **amount("199.00")}
JD = {"channel": "jd"}

CONSUMER = [
    # Refund within seven days, and the fine after fifteen.
    Row("rolls over the whole New Year holiday", "cn-7day-refund", "return.received 2026-02-10 15:00",
        "2026-02-24 12:00", "running", "2026-02-24", GOODS, "half eve"),
    Row("a Saturday rolls to the made-up Sunday", "cn-7day-refund", "return.received 2026-09-12 15:00",
        "2026-09-13 00:00", "running", "2026-09-20", GOODS),
    Row("a made-up Sunday does not roll", "cn-7day-refund", "return.received 2026-09-13 15:00",
        "2026-09-14 00:00", "running", "2026-09-20", GOODS),
    Row("the day is Shanghai's, not the server's", "cn-7day-refund", "return.received 2026-03-03 00:30",
        "2026-03-04 00:00", "running", "2026-03-10", GOODS),
    Row("paid in two parts, all of it in time", "cn-7day-refund",
        "return.received 2026-03-02 10:00; refund.paid@a 2026-03-05 10:00 =100; refund.paid@b 2026-03-09 23:59 =99",
        "2026-03-20 00:00", "met", "2026-03-09", GOODS, "half eve", 0),
    Row("a part is not the whole", "cn-7day-refund",
        "return.received 2026-03-02 10:00; refund.paid@a 2026-03-05 10:00 =100",
        "2026-03-10 00:00", "breached", "2026-03-09", GOODS, "half eve breach", 0),
    Row("seven days are the civil duty: late, and no fine yet", "cn-7day-refund",
        "return.received 2026-03-02 10:00; refund.paid 2026-03-10 00:30 =199",
        "2026-03-30 00:00", "met_late", "2026-03-09", GOODS, "half eve breach", 0),
    Row("after fifteen days, a second stage of the same clock", "cn-7day-refund", "return.received 2026-03-02 10:00",
        "2026-03-18 00:00", "breached", "2026-03-09", GOODS, "half eve breach fine-line", 4),
    Row("on the fifteenth day nobody is fined yet", "cn-7day-refund", "return.received 2026-03-02 10:00",
        "2026-03-17 23:59", "breached", "2026-03-09", GOODS, "half eve breach", 0),
    Row("the fine rolls as the limit does: the fifteenth day is in National Day", "cn-7day-refund",
        "return.received 2026-09-18 10:00", "2026-10-08 23:00", "breached", "2026-09-28", GOODS, "half eve breach", 0),
    Row("and not a day later", "cn-7day-refund", "return.received 2026-09-18 10:00",
        "2026-10-09 00:00", "breached", "2026-09-28", GOODS, "half eve breach fine-line", 4),
    Row("what an inspection takes is given back", "cn-7day-refund",
        "return.received 2026-03-02 10:00; inspection.started 2026-03-03 00:00; inspection.ended 2026-03-05 00:00",
        "2026-03-10 00:00", "running", "2026-03-11", GOODS),
    Row("withdrawn in time", "cn-7day-refund", "return.received 2026-03-02 10:00; refund.withdrawn 2026-03-04 10:00",
        "2026-03-30 00:00", "void", "2026-03-09", GOODS),
    Row("beyond the announced plan no single day is told", "cn-7day-refund", "return.received 2026-12-28 10:00",
        "2026-12-29 00:00", "running", None, GOODS, provisional=True),
    Row("exempt: fresh, made to order, confirmed exceptions", "cn-7day-refund", "return.received 2026-03-02 10:00",
        "2026-03-30 00:00", None, facts={**GOODS, "exempt": True}),
    Row("another country's buyer", "cn-7day-refund", "return.received 2026-03-02 10:00",
        "2026-03-30 00:00", None, facts={**GOODS, "country": "SG"}),
    Row("nobody says where the buyer is", "cn-7day-refund", "return.received 2026-03-02 10:00",
        "2026-03-30 00:00", "waiting", facts=amount("199"), reason="fact country is missing"),
    # The refund clock starts when the goods come back, whatever started the return.
    Row("asked for, not yet back", "cn-7day-refund", "return.requested 2026-03-02 10:00",
        "2026-03-30 00:00", "waiting", facts=GOODS, reason="no return.received yet"),
    # An address for the goods.
    Row("nobody answers a return", "cn-7day-return-address", "return.requested 2026-03-02 10:00",
        "2026-03-18 00:00", "breached", "2026-03-17", GOODS, "soon slow eve breach", 4),
    Row("agreeing gives the address", "cn-7day-return-address",
        "return.requested 2026-03-02 10:00; return.approved 2026-03-03 09:00",
        "2026-03-18 00:00", "met", "2026-03-17", GOODS, "", 0),
    # Remedies.
    Row("a made-up Saturday is the last day", "cn-15day-remedy", "refund.requested 2026-09-25 10:00",
        "2026-10-09 00:00", "running", "2026-10-10", {**GOODS, "nonconforming": True}),
    Row("repaired in time", "cn-15day-remedy", "refund.requested 2026-03-02 10:00; remedy.done 2026-03-10 10:00",
        "2026-03-30 00:00", "met", "2026-03-17", {**GOODS, "nonconforming": True}),
    Row("nothing done for fifteen days is a refusal", "cn-15day-remedy", "refund.requested 2026-03-02 10:00",
        "2026-03-30 00:00", "breached", "2026-03-17", {**GOODS, "nonconforming": True}, "half eve breach", 4),
    Row("the goods are what they should be", "cn-15day-remedy", "refund.requested 2026-03-02 10:00",
        "2026-03-30 00:00", None, facts=GOODS),
    Row("found sub-standard by a public body", "cn-15day-unqualified", "return.requested 2026-03-02 10:00",
        "2026-03-30 00:00", "breached", "2026-03-17", {**GOODS, "substandard": True}, "half eve breach", 6),
    Row("money paid in advance, over National Day", "cn-prepaid-refund-15", "refund.requested 2026-09-18 10:00",
        "2026-09-20 00:00", "running", "2026-10-08", {**GOODS, "prepaid": True}),
    # Delivery.
    Row("a promised day is the whole of that day, and does not roll", "cn-delivery-as-promised",
        "order.placed 2026-09-25 10:00", "2026-09-26 00:00", "running", "2026-10-02",
        {**CN, "deliver_by": "2026-10-02"}, ""),
    Row("late on the carrier's way: no points", "cn-delivery-as-promised",
        "order.placed 2026-09-25 10:00; order.shipped 2026-09-26 10:00; order.delivered 2026-10-04 10:00",
        "2026-10-05 00:00", "met_late", "2026-10-02", {**CN, "deliver_by": "2026-10-02"}, "eve breach", 0),
    Row("late and never shipped", "cn-delivery-as-promised", "order.placed 2026-09-25 10:00",
        "2026-10-05 00:00", "breached", "2026-10-02", {**CN, "deliver_by": "2026-10-02"}, "eve breach unshipped", 2),
    Row("the buyer chose a carrier of his own", "cn-delivery-as-promised", "order.placed 2026-09-25 10:00",
        "2026-10-05 00:00", None, facts={**CN, "deliver_by": "2026-10-02", "exempt": True}),
    Row("nothing was promised: no statute sets hours", "cn-delivery-as-promised", "order.placed 2026-09-25 10:00",
        "2026-10-05 00:00", None, facts=CN),
    # Personal information.
    Row("fifteen working days with two made-up Saturdays", "cn-app-pi-15wd", "request.received 2026-02-12 10:00",
        "2026-02-13 00:00", "running", "2026-03-11", {**CN, "channel": "app"}),
    Row("not asked in an app", "cn-app-pi-15wd", "request.received 2026-02-12 10:00",
        "2026-02-13 00:00", None, facts=CN),
    Row("thirty days end in National Day", "cn-pi-request-30d", "request.received 2026-09-02 10:00",
        "2026-09-03 00:00", "running", "2026-10-08", CN),
]  # fmt: skip

PLATFORM = [
    Row("one working day after the last before National Day", "cn-platform-publish-sanction-1wd",
        "seller.suspended@1 2026-09-30 10:00", "2026-10-08 23:00", "running", "2026-10-08", steps="now"),
    Row("made public the same day", "cn-platform-publish-sanction-1wd",
        "seller.suspended@1 2026-09-30 10:00; seller.sanction_published@1 2026-09-30 11:00",
        "2026-11-01 00:00", "met", "2026-10-08", steps="now"),
    Row("Friday's penalty: the next working day is a made-up Sunday", "cn-platform-publish-penalty-1wd",
        "penalty.imposed 2026-09-18 10:00", "2026-09-21 00:00", "breached", "2026-09-20", steps="now breach"),
    Row("taken back before it was to be shown", "cn-platform-publish-penalty-1wd",
        "penalty.imposed 2026-09-18 10:00; penalty.reversed 2026-09-19 10:00",
        "2026-09-21 00:00", "void", "2026-09-20"),
    Row("three working days, a made-up Saturday among them", "cn-seller-change-report-3wd",
        "seller.data_changed@c 2026-02-12 10:00", "2026-02-13 00:00", "running", "2026-02-24"),
    Row("told in time", "cn-seller-change-report-3wd",
        "seller.data_changed@c 2026-02-12 10:00; seller.data_given@c 2026-02-24 23:00",
        "2026-03-01 00:00", "met", "2026-02-24"),
    Row("seven working days over New Year, two made-up Saturdays", "cn-platform-verify-change-7wd",
        "seller.data_given@c 2026-02-12 10:00", "2026-02-13 00:00", "running", "2026-02-28"),
    Row("checked in time, the chain after the report", "cn-platform-verify-change-7wd",
        "seller.data_changed@c 2026-02-10 10:00; seller.data_given@c 2026-02-12 10:00;"
        "seller.data_verified@c 2026-02-28 10:00",
        "2026-03-13 00:00", "met", "2026-02-28"),
    Row("six months from the 31st of August end on the 28th of February, a made-up Saturday", "cn-seller-reverify-6m",
        "seller.verified 2025-08-31 10:00", "2026-02-27 00:00", "running", "2026-02-28", steps="month-before eve"),
    Row("not checked for six months", "cn-seller-reverify-6m", "seller.verified 2026-03-31 10:00",
        "2026-10-01 00:00", "breached", "2026-09-30", steps="month-before eve breach"),
    Row("each check begins anew", "cn-seller-reverify-6m",
        "seller.verified@1 2026-01-15 10:00; seller.verified@2 2026-03-31 10:00",
        "2026-08-01 00:00", "running", "2026-09-30", steps=""),
    Row("fifteen days end in National Day", "cn-ip-counter-15d", "listing.counter_received@1 2026-09-18 10:00",
        "2026-10-09 00:00", "breached", "2026-10-08", steps="eve breach", points=0),
    Row("a suit keeps the measure", "cn-ip-counter-15d",
        "listing.counter_received@1 2026-09-18 10:00; listing.suit_notified@1 2026-10-08 23:00",
        "2026-10-09 00:00", "void", "2026-10-08"),
    Row("seven clear days before it takes effect", "cn-platform-rule-change-7d", "change.planned 2026-11-01 10:00",
        "2026-11-02 00:00", "running", "2026-11-23", {"category": "rule-change", "effective_at": "2026-12-01"}),
    Row("fifteen, for a change that touches many", "cn-platform-rule-change-15d", "change.planned 2026-11-01 10:00",
        "2026-11-16 00:00", "breached", "2026-11-15", {"category": "major-rule-change", "effective_at": "2026-12-01"}),
    Row("before the rule was in force", "cn-platform-rule-change-15d", "change.planned 2026-01-31 10:00",
        "2026-11-16 00:00", None, facts={"category": "major-rule-change", "effective_at": "2026-12-01"}),
    Row("thirty, for the end of trading", "cn-close-shop-30d", "change.planned 2026-10-01 10:00; "
        "change.published 2026-10-31 23:00", "2026-11-16 00:00", "met", "2026-10-31",
        {"category": "closing", "effective_at": "2026-12-01"}),
    Row("a seller that closes says so thirty days before", "cn-seller-close-shop-30d",
        "change.planned@1 2026-10-01 10:00", "2026-11-01 00:00", "breached", "2026-10-31",
        {"category": "closing", "effective_at": "2026-12-01"}, "now eve breach", 0),
    Row("a seller that closes, published on the last day", "cn-seller-close-shop-30d",
        "change.planned@1 2026-10-01 10:00; change.published@1 2026-10-31 23:00", "2026-11-16 00:00", "met",
        "2026-10-31", {"category": "closing", "effective_at": "2026-12-01"}, "now eve", 0),
    Row("nobody says yet when it takes effect", "cn-close-shop-30d", "change.planned 2026-10-01 10:00",
        "2026-11-16 00:00", "waiting", facts={"category": "closing"}, reason="fact effective_at is missing"),
    Row("ten working days over New Year", "cn-self-site-update-10wd", "operator.data_changed@1 2026-02-12 10:00",
        "2026-02-13 00:00", "running", "2026-03-04"),
    Row("a day is a day, in National Day too", "cn-jd-merchant-reply-24h", "complaint.opened 2026-10-01 10:00",
        "2026-10-01 22:00", "running", "2026-10-02 10:00", JD, "half"),
    Row("before the rules were in force", "cn-jd-merchant-reply-24h", "complaint.opened 2025-07-03 10:00",
        "2025-07-03 22:00", None, facts=JD),
    Row("another platform's dispute", "cn-jd-merchant-reply-24h", "complaint.opened 2026-10-01 10:00",
        "2026-10-01 22:00", None, facts={"channel": "taobao"}),
    Row("JD's own example: 10:00 is due at 14:00, on a holiday", "cn-jd-evidence-4h",
        "complaint.opened 2026-09-30 10:00; complaint.evidence_asked@1 2026-10-01 10:00",
        "2026-10-01 11:00", "running", "2026-10-01 14:00", JD, ""),
    Row("JD's own example: 14:01 is due at 09:01 of the next day", "cn-jd-evidence-4h",
        "complaint.opened 2026-09-30 10:00; complaint.evidence_asked@1 2026-10-01 14:01",
        "2026-10-01 18:30", "running", "2026-10-02 09:01", JD, "half eve"),
    Row("handed in while it does not count", "cn-jd-evidence-4h",
        "complaint.evidence_asked@1 2026-10-01 14:01; complaint.evidence_given@1 2026-10-02 07:00",
        "2026-10-03 00:00", "met", "2026-10-02 09:01", JD),
]  # fmt: skip


@pytest.mark.parametrize("row", CONSUMER, ids=lambda row: f"{row.rule}: {row.why}")
def test_what_a_seller_owes_in_china(row: Row) -> None:
    check(pack("cn-consumer"), row, ZONE)


@pytest.mark.parametrize("row", PLATFORM, ids=lambda row: f"{row.rule}: {row.why}")
def test_what_a_platform_owes_in_china(row: Row) -> None:
    check(pack("cn-platform"), row, ZONE)


def test_a_platform_reports_each_january_and_july() -> None:
    filed = "operator.report_filed@1 2025-07-20 10:00; operator.report_filed@2 2026-02-03 10:00"
    row = Row("", "cn-platform-report-half-year", f"operator.started 2025-07-01 00:00; {filed}", "2026-07-10 00:00", "")
    rounds = [(one.status.value, str(one.due_day)) for one in seen(pack("cn-platform"), row, ZONE).clocks]
    assert rounds == [("met", "2025-07-31"), ("met_late", "2026-01-31"), ("running", "2026-07-31")]


def test_every_rule_has_a_worked_case() -> None:
    rules = {rule.id for name in ("cn-consumer", "cn-platform") for rule in pack(name).rules}
    assert {row.rule for row in [*CONSUMER, *PLATFORM]} == rules - {"cn-platform-report-half-year"}
