"""Worked cases of the pack for the European Union, with the traps of the law sheet and the vectors of its calendars."""

import pytest

from chalicelib.cli._calendar_recipes import EU
from tests.support.packcases import Row, amount, check, pack, seen

ZONE = "Europe/Berlin"
DE = {"country": "DE"}
SALE = {**DE, **amount("80.00", "EUR")}
GOODS = {**SALE, "goods_expected": True}
PAID = "refund.paid {} =80.00"

ROWS = [
    # Refund within fourteen days of the message, whatever happens to the goods.
    Row("ends on Christmas Day, a Friday, and rolls to Monday", "eu-withdrawal-refund-14d",
        "refund.requested 2026-12-11 10:00", "2026-12-12 00:00", "running", "2026-12-28", SALE),
    Row("Epiphany is a working day in most of Germany", "eu-withdrawal-refund-14d",
        "return.requested 2025-12-23 10:00", "2025-12-24 00:00", "running", "2026-01-06", SALE),
    Row("and a holiday in Bavaria: the place decides", "eu-withdrawal-refund-14d",
        "return.requested 2025-12-23 10:00", "2025-12-24 00:00", "running", "2026-01-07", {**SALE, "region": "DE-BY"}),
    Row("a region without a calendar counts as its country", "eu-withdrawal-refund-14d",
        "return.requested 2025-12-23 10:00", "2025-12-24 00:00", "running", "2026-01-06", {**SALE, "region": "DE-XX"}),
    Row("nothing is to come back: nothing to wait for", "eu-withdrawal-refund-14d",
        "refund.requested 2026-03-02 10:00", "2026-03-18 00:00", "breached", "2026-03-16",
        {**SALE, "goods_expected": False}, "half eve breach fine", 4),
    Row("the goods came on day 5: due on day 14 from the message", "eu-withdrawal-refund-14d",
        "return.requested 2026-03-02 10:00; return.received 2026-03-07 10:00",
        "2026-03-18 00:00", "breached", "2026-03-16", GOODS, "half eve breach fine", 4),
    Row("proof of sending is enough", "eu-withdrawal-refund-14d",
        "return.requested 2026-03-02 10:00; return.sent 2026-03-16 18:00",
        "2026-03-18 00:00", "breached", "2026-03-16", GOODS),
    Row("nothing came in fourteen days: the trader may wait", "eu-withdrawal-refund-14d",
        "return.requested 2026-03-02 10:00", "2026-03-30 00:00", "void", "2026-03-16", GOODS, "half eve", 0),
    Row("paid all the same", "eu-withdrawal-refund-14d",
        f"return.requested 2026-03-02 10:00; {PAID.format('2026-03-04 10:00')}",
        "2026-03-30 00:00", "met", "2026-03-16", GOODS, "", 0),
    Row("goods that do not conform are no withdrawal: no number in law", "eu-withdrawal-refund-14d",
        "return.requested 2026-03-02 10:00", "2026-03-30 00:00", None, facts={**GOODS, "nonconforming": True}),
    Row("an exception of article 16", "eu-withdrawal-refund-14d", "return.requested 2026-03-02 10:00",
        "2026-03-30 00:00", None, facts={**GOODS, "exempt": True}),
    Row("the consumer's own clock: sent on the last day", "eu-consumer-return-14d",
        "return.requested 2026-03-02 10:00; return.sent 2026-03-16 23:59",
        "2026-03-30 00:00", "met", "2026-03-16", GOODS, ""),
    Row("not sent in time costs nobody points", "eu-consumer-return-14d", "return.requested 2026-03-02 10:00",
        "2026-03-30 00:00", "breached", "2026-03-16", GOODS, "", 0),
    Row("the trader collects", "eu-consumer-return-14d", "return.requested 2026-03-02 10:00",
        "2026-03-30 00:00", None, facts={**SALE, "goods_expected": False}),
    Row("goods that come after all end the wait: the next working day", "eu-withdrawal-refund-held",
        "return.requested 2026-03-02 10:00; return.sent 2026-03-20 10:00",
        "2026-03-21 00:00", "running", "2026-03-23", GOODS, "now"),
    Row("goods that came in time need no second clock", "eu-withdrawal-refund-held",
        "return.requested 2026-03-02 10:00; return.sent 2026-03-10 10:00",
        "2026-03-30 00:00", "waiting", facts=GOODS),
    # Delivery.
    Row("thirty days end on Christmas Day", "eu-delivery-30d", "order.placed 2026-11-25 10:00",
        "2026-11-26 00:00", "running", "2026-12-28", DE),
    Row("shipped in time, late on the way", "eu-delivery-30d",
        "order.placed 2026-03-02 10:00; order.shipped 2026-03-04 10:00; order.delivered 2026-04-03 10:00",
        "2026-04-10 00:00", "met_late", "2026-04-01", DE, "eve breach", 0),
    Row("never shipped", "eu-delivery-30d", "order.placed 2026-03-02 10:00",
        "2026-04-10 00:00", "breached", "2026-04-01", DE, "half eve breach unshipped", 2),
    Row("another time was agreed", "eu-delivery-30d", "order.placed 2026-03-02 10:00",
        "2026-04-10 00:00", None, facts={**DE, "deliver_by": "2026-03-06"}),
    Row("an agreed date is the whole of that day", "eu-delivery-agreed-date",
        "order.placed 2026-03-02 10:00; order.delivered 2026-03-06 20:00",
        "2026-04-10 00:00", "met", "2026-03-06", {**DE, "deliver_by": "2026-03-06"}, "eve"),
    Row("digital content has no goods to wait for", "eu-digital-refund-14d", "refund.requested 2026-12-11 10:00",
        "2026-12-12 00:00", "running", "2026-12-28", {**SALE, "digital": True}),
    # Product safety: two and three working days are different clocks.
    Row("two working days over Easter", "eu-gpsr-order-2wd", "complaint.opened 2026-04-02 10:00",
        "2026-04-03 00:00", "running", "2026-04-08", {**DE, "reason": "product-safety-order"}, "now"),
    Row("three working days over Easter", "eu-gpsr-notice-3wd", "complaint.opened 2026-04-02 10:00",
        "2026-04-03 00:00", "running", "2026-04-09", {**DE, "reason": "product-safety-notice"}, "now"),
    Row("a notice is no order", "eu-gpsr-order-2wd", "complaint.opened 2026-04-02 10:00",
        "2026-04-03 00:00", None, facts={**DE, "reason": "product-safety-notice"}),
    Row("nobody says where: the days that most of Europe shares", "eu-gpsr-order-2wd",
        "complaint.opened 2026-04-02 10:00", "2026-04-03 00:00", "running", "2026-04-08",
        {"reason": "product-safety-order"}),
    # One month is not thirty days.
    Row("from the 31st of August to the 30th of September", "eu-gdpr-request-1m", "request.received 2026-08-31 10:00",
        "2026-09-01 00:00", "running", "2026-09-30", DE),
    Row("the last day of February is a Saturday", "eu-gdpr-request-1m", "request.received 2026-01-31 10:00",
        "2026-02-01 00:00", "running", "2026-03-02", DE),
    Row("two months more, told within the first", "eu-gdpr-request-1m",
        "request.received 2026-08-31 10:00; request.extended 2026-09-15 10:00",
        "2026-10-15 00:00", "running", "2026-11-30", DE),
    Row("told too late", "eu-gdpr-request-1m", "request.received 2026-08-31 10:00; request.extended 2026-10-02 10:00",
        "2026-10-15 00:00", "breached", "2026-09-30", DE, "half eve breach"),
    # The operator's own duties.
    Row("hours count from the next full one, over a weekend", "eu-gdpr-breach-72h", "breach.known@1 2026-03-06 10:20",
        "2026-03-08 00:00", "running", "2026-03-09 11:00", steps="now half"),
    Row("known on the hour", "eu-gdpr-breach-72h", "breach.known@1 2026-03-06 10:00",
        "2026-03-08 00:00", "running", "2026-03-09 10:00"),
    Row("unlikely to be a risk to anybody", "eu-gdpr-breach-72h",
        "breach.known@1 2026-03-06 10:00; breach.no_risk@1 2026-03-08 10:00",
        "2026-03-10 00:00", "void", "2026-03-09 10:00", steps="now half"),
    Row("the law itself changes the terms", "eu-p2b-terms-15d", "change.planned 2026-03-01 10:00", "2026-03-02 00:00",
        None, facts={"category": "terms", "effective_at": "2026-04-01", "exempt": True}),
    Row("fifteen clear days before new terms", "eu-p2b-terms-15d",
        "change.planned 2026-03-01 10:00; change.published 2026-03-17 10:00",
        "2026-04-02 00:00", "met_late", "2026-03-16", {"category": "terms", "effective_at": "2026-04-01"}),
    Row("thirty before the end of a seller's account", "eu-p2b-terminate-30d", "change.planned 2026-02-01 10:00",
        "2026-02-10 00:00", "running", "2026-03-01", {"category": "termination", "effective_at": "2026-04-01"}),
    Row("an imperative reason", "eu-p2b-terminate-30d", "change.planned 2026-02-01 10:00", "2026-02-10 00:00", None,
        facts={"category": "termination", "effective_at": "2026-04-01", "exempt": True}),
    Row("six months from the 31st of August", "eu-dsa-user-count-6m", "operator.users_counted@1 2026-08-31 10:00",
        "2026-09-10 00:00", "running", "2027-02-28"),
    Row("each publication begins anew", "eu-dsa-user-count-6m",
        "operator.users_counted@1 2026-02-17 10:00; operator.users_counted@2 2026-08-10 10:00",
        "2026-09-10 00:00", "running", "2027-02-10", steps=""),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule}: {row.why}")
def test_what_is_owed_in_europe(row: Row) -> None:
    check(pack("eu-consumer"), row, ZONE)


def test_every_rule_has_a_worked_case() -> None:
    assert {row.rule for row in ROWS} == {rule.id for rule in pack("eu-consumer").rules}


@pytest.mark.parametrize("country", [*EU, "GB", "CH", "NO"])
def test_every_member_state_and_none_but_those(country: str) -> None:
    """Each rule that asks for a place asks for all 27, and its clock counts in the zone of the place."""
    asked: list[tuple[str, str, dict[str, object]]] = [
        ("eu-withdrawal-refund-14d", "refund.requested 2026-03-02 10:00", {}),
        ("eu-consumer-return-14d", "refund.requested 2026-03-02 10:00", {"goods_expected": True}),
        ("eu-delivery-30d", "order.placed 2026-03-02 10:00", {}),
        ("eu-delivery-agreed-date", "order.placed 2026-03-02 10:00", {"deliver_by": "2026-03-06"}),
        ("eu-digital-refund-14d", "refund.requested 2026-03-02 10:00", {"digital": True}),
        ("eu-gpsr-order-2wd", "complaint.opened 2026-03-02 10:00", {"reason": "product-safety-order"}),
        ("eu-gpsr-notice-3wd", "complaint.opened 2026-03-02 10:00", {"reason": "product-safety-notice"}),
        ("eu-gdpr-request-1m", "request.received 2026-03-02 10:00", {}),
    ]
    for rule, marks, facts in asked:
        row = Row("", rule, marks, "2026-03-03 00:00", "", facts={"country": country, **facts})
        clock = seen(pack("eu-consumer"), row, ZONE).one
        if country in EU:
            assert clock is not None and clock.zone != "UTC", rule
        else:
            assert clock is None, rule
