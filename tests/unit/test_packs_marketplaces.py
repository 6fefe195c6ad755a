"""Worked cases of the pack of marketplaces' standards: deadlines that are given, numbers that are published."""

import pytest

from tests.support.packcases import Row, amount, check, pack

CHINA, NEW_YORK = "Asia/Shanghai", "America/New_York"
PAY, MINI, JD = {"channel": "wechat-pay"}, {"channel": "wechat-mini-program"}, {"channel": "jd"}
TIKTOK = {"channel": "tiktok-shop", "country": "US"}
EBAY = {"channel": "ebay", "country": "US", **amount("30.00", "USD")}
FAULT = {**JD, "nonconforming": True, **amount("30.00")}

ROWS = [
    (CHINA, Row("the instant that the platform gave", "platform-ship-by", "order.placed 2026-09-30 10:00",
                "2026-10-03 13:00", "breached", "2026-10-02 12:00", {"ship_by": "2026-10-02T12:00:00+08:00"},
                "eve breach fine", 1)),
    (CHINA, Row("no deadline came: no clock", "platform-ship-by", "order.placed 2026-09-30 10:00",
                "2026-10-03 13:00", None)),
    (CHINA, Row("a date alone is the whole of that day where the order is", "platform-ship-by",
                "order.placed 2026-09-30 10:00; order.shipped 2026-10-02 23:00", "2026-10-03 13:00", "met",
                "2026-10-02", {"ship_by": "2026-10-02", "country": "CN"})),
    (CHINA, Row("late on the way costs no points", "platform-deliver-by", "order.placed 2026-09-30 10:00",
                "2026-10-09 13:00", "breached", "2026-10-05 12:00", {"deliver_by": "2026-10-05T12:00:00+08:00"},
                "eve breach", 0)),
    (CHINA, Row("the platform waits for an answer", "platform-refund-respond-by", "refund.requested 2026-09-30 10:00",
                "2026-10-03 13:00", "breached", "2026-10-02 10:00", {"respond_by": "2026-10-02T10:00:00+08:00"},
                "half eve breach", 1)),
    (CHINA, Row("agreed in time", "platform-refund-respond-by",
                "return.requested 2026-09-30 10:00; return.approved 2026-10-01 10:00",
                "2026-10-03 13:00", "met", "2026-10-02 10:00", {"respond_by": "2026-10-02T10:00:00+08:00"})),
    (CHINA, Row("answered in time", "platform-complaint-respond-by",
                "complaint.opened 2026-09-30 10:00; complaint.first_reply 2026-10-01 10:00",
                "2026-10-03 13:00", "met", "2026-10-02 10:00", {"respond_by": "2026-10-02T10:00:00+08:00"})),
    (NEW_YORK, Row("the bank names a day", "platform-evidence-by", "complaint.opened 2026-03-02 10:00",
                   "2026-03-11 00:00", "breached", "2026-03-10", {"evidence_due_by": "2026-03-10", "country": "US"},
                   "half eve breach", 0)),
    (CHINA, Row("24 hours on all days", "wechat-pay-complaint-reply-24h", "complaint.opened 2026-10-01 10:00",
                "2026-10-02 10:00", "breached", "2026-10-02 10:00", PAY, "half eve breach", 1)),
    (CHINA, Row("another channel", "wechat-pay-complaint-reply-24h", "complaint.opened 2026-10-01 10:00",
                "2026-10-02 10:00", None, facts=MINI)),
    (CHINA, Row("a reply does not complete it", "wechat-pay-complaint-done-72h",
                "complaint.opened 2026-10-01 10:00; complaint.first_reply 2026-10-01 11:00",
                "2026-10-04 10:00", "breached", "2026-10-04 10:00", PAY, "half eve breach", 2)),
    (CHINA, Row("48 hours", "wechat-mini-complaint-48h", "complaint.opened 2026-10-01 10:00",
                "2026-10-02 09:00", "running", "2026-10-03 10:00", MINI)),
    (CHINA, Row("it was 72 hours before", "wechat-mini-complaint-48h", "complaint.opened 2024-03-24 10:00",
                "2024-03-25 09:00", None, facts=MINI)),
    (CHINA, Row("the platform's own deadline goes before", "wechat-mini-complaint-48h",
                "complaint.opened 2026-10-01 10:00", "2026-10-02 09:00", None,
                facts={**MINI, "respond_by": "2026-10-05T10:00:00+08:00"})),
    (CHINA, Row("48 hours after payment", "wechat-mini-ship-48h",
                "order.placed 2026-10-01 09:00; order.paid 2026-10-01 10:00",
                "2026-10-04 10:00", "breached", "2026-10-03 10:00", MINI, "half eve breach fine", 1)),
    (CHINA, Row("a presale has its own time", "wechat-mini-ship-48h", "order.paid 2026-10-01 10:00",
                "2026-10-04 10:00", None, facts={**MINI, "presale": True})),
    (CHINA, Row("48 hours to audit a proved fault", "jd-quality-audit-48h", "refund.requested 2026-10-01 10:00",
                "2026-10-03 10:00", "breached", "2026-10-03 10:00", FAULT, "half eve breach", 1)),
    (CHINA, Row("before the standard was in force", "jd-quality-audit-48h", "refund.requested 2026-06-14 10:00",
                "2026-06-20 10:00", None, facts=FAULT)),
    (CHINA, Row("24 hours for a ticket", "doudian-ticket-24h", "complaint.opened 2026-10-01 10:00",
                "2026-10-01 11:00", "running", "2026-10-02 10:00", {"channel": "doudian"})),
    (NEW_YORK, Row("two business days over Labor Day", "tiktok-us-dispatch-2bd", "order.paid 2026-09-04 10:00",
                   "2026-09-10 00:00", "breached", "2026-09-09", TIKTOK, "half breach", 1)),
    (NEW_YORK, Row("the platform cancels after the seventh", "tiktok-us-dispatch-2bd", "order.paid 2026-09-04 10:00",
                   "2026-09-17 00:00", "breached", "2026-09-09", TIKTOK, "half breach last-day cancelled")),
    (NEW_YORK, Row("six business days to deliver", "tiktok-us-deliver-6bd", "order.paid 2026-09-04 10:00",
                   "2026-09-05 00:00", "running", "2026-09-15", TIKTOK)),
    (NEW_YORK, Row("three business days", "ebay-return-reply-3bd", "return.requested 2026-09-04 10:00",
                   "2026-09-05 00:00", "running", "2026-09-10", EBAY)),
    (NEW_YORK, Row("three business days", "ebay-inquiry-reply-3bd", "complaint.opened 2026-09-04 10:00",
                   "2026-09-11 00:00", "breached", "2026-09-10", EBAY, "half eve breach", 1)),
    (NEW_YORK, Row("two business days", "ebay-refund-2bd",
                   "return.received 2026-09-04 10:00; refund.paid 2026-09-09 10:00 =30",
                   "2026-09-11 00:00", "met", "2026-09-09", EBAY)),
    (CHINA, Row("a day to say that it came", "house-complaint-ack-24h", "complaint.opened 2026-10-01 10:00",
                "2026-10-02 10:00", "breached", "2026-10-02 10:00", {}, "half breach", 0)),
    (CHINA, Row("fifteen working days, and a word every five", "house-complaint-decision-15wd",
                "complaint.opened 2026-02-12 10:00", "2026-03-12 00:00", "breached", "2026-03-11", {"country": "CN"},
                "progress progress-2 breach", 0)),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "row"), ROWS, ids=[f"{row.rule}: {row.why}" for _, row in ROWS])
def test_what_a_marketplace_asks_of_its_sellers(zone: str, row: Row) -> None:
    check(pack("marketplace-standards"), row, zone)


def test_every_rule_has_a_worked_case() -> None:
    assert {row.rule for _, row in ROWS} == {rule.id for rule in pack("marketplace-standards").rules}
