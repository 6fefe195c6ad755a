"""A signed webhook becomes a clock, a real timer a breach, the breach a signed escalation and an action on the shop;
and when late facts show that it was no breach, all of it is taken back."""

from datetime import timedelta

from chalicelib.bootstrap import AwsPorts
from chalicelib.core.case import CaseId
from chalicelib.core.events import Subject
from chalicelib.core.instants import parse_instant
from chalicelib.core.words import Status
from chalicelib.sellers.effects import PENALTIES
from tests.support.street import Street, eventually


def test_a_breach_is_told_acted_upon_and_healed(street: Street, ports: AwsPorts) -> None:
    story = street.begin(101)
    assert street.happens(story, "paid", story.began) == 202

    eventually(lambda: "clock.breached" in street.kinds(story), "the timer fires and the subscriber is told")
    breached = next(event for event in street.events(story) if event["type"] == "redress.clock.breached")
    assert parse_instant(breached["data"]["due"]) == story.began + timedelta(seconds=6)
    assert breached["time"] == breached["data"]["due"], "told as of when it became true"
    assert breached["source"] == "redress/main/corner"
    assert (breached["data"]["version"], breached["data"]["severity"]) == ("quick@1", "error")
    assert breached["data"]["summary"]["zh"].startswith("订单 101")

    eventually(lambda: street.penalties(story) == {"imposed"}, "the seller is penalised, after a look")
    eventually(lambda: story.seller in street.shop.suspended, "the shop suspends the seller")
    assert street.changes(story)[:2] == [f"remind seller {story.seller}", "tag late-shipping"]
    assert story.tags == ["late-shipping"]

    # The carrier reports only now that it had the parcel in time.
    assert street.happens(story, "shipped", story.began + timedelta(seconds=2)) == 202
    eventually(lambda: "clock.withdrawn" in street.kinds(story), "the verdict heals")
    eventually(lambda: street.penalties(story) == {"imposed", "reversed"}, "the penalty is reversed, and both are told")
    eventually(lambda: not street.shop.suspended, "the seller is restored")
    eventually(lambda: not story.tags, "the tag is gone")

    case = ports.cases("main").get(CaseId("main", "corner", Subject("order", "101")))
    assert case.ledger.clocks["ship-by"].status is Status.MET
    held = [row.data for row in ports.records("main").query(PENALTIES) if row.data["seller"] == story.seller]
    assert [(row["state"], row["points"]) for row in held] == [("reversed", 2)], "kept on record"
    assert street.told
    assert [one.refusal for one in street.told if one.refusal] == [], "every signature holds"


def test_what_the_shop_knows_is_asked_before_anybody_is_penalised(street: Street) -> None:
    story = street.begin(102)
    assert street.happens(story, "paid", story.began) == 202
    # Shipped in time, and its webhook is lost.
    story.learn("shipped", story.began + timedelta(seconds=2), story.began)
    eventually(lambda: "clock.withdrawn" in street.kinds(story), "the look before the penalty finds it")
    assert "clock.breached" in street.kinds(story)
    eventually(lambda: not story.tags, "the tag is taken back")
    assert street.penalties(story) == set()
    assert [what for what in street.changes(story) if "suspend" in what] == []


def test_a_parcel_in_time_is_told_as_met_and_nobody_is_bothered(street: Street) -> None:
    story = street.begin(103)
    # The parcel's webhook comes first, and each comes twice.
    story.known["paid"] = story.began
    for _ in range(2):
        assert street.happens(story, "shipped", story.began + timedelta(seconds=1)) == 202
    for _ in range(2):
        assert street.happens(story, "paid", story.began) == 202
    eventually(lambda: "clock.met" in street.kinds(story), "met")
    kinds = [event["type"] for event in street.events(story)]
    assert kinds == ["redress.clock.started", "redress.clock.met"]
    assert street.changes(story) == []
