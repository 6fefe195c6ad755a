"""What a step does without any lever of the shop: a post to a named subscriber, a complaint opened for the buyer."""

import json
from datetime import timedelta

from chalicelib.core.calls import Call, Reply
from chalicelib.core.rules import Do, FromDue, Point, Rule, Span, Step
from chalicelib.core.signing import verify
from chalicelib.core.words import Status
from tests.support.world import SECRET, T0, World, event, placed, states
from tests.unit.test_flow_spine import HOUR, kinds, world


def ship(*do: Do) -> Rule:
    return Rule(
        "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(3600),
        steps=(Step("breach", FromDue(0), do),), title={"en": "Ship within an hour", "zh": "一小时内发货"},
    )  # fmt: skip


REPLY = Rule(
    "reply-by", "complaint", Point("complaint.opened"), (Point("complaint.first_reply"),), Span(3600),
    void=(Point("complaint.withdrawn"),),
)  # fmt: skip
WEBHOOK = Do("webhook", {"subscriber": "erp"})


def posted(made: World) -> list[Call]:
    return [call for call in made.shop.calls if call.url == "https://erp.example/in"]


def test_a_step_posts_to_the_subscriber_that_it_names_whatever_that_one_asked_for() -> None:
    made = world(ship(WEBHOOK))
    made.subscribe("erp", "https://erp.example/in", types=("policy",))
    made.subscribe("pager", "https://alerts.example/in")
    made.shop.answer = lambda call: Reply(204)
    made.deliver(placed(seller="s-17"))
    made.pass_time(2 * HOUR)
    (call,) = posted(made)
    told = json.loads(call.body)
    assert (told["type"], told["subject"], told["data"]["step"]) == ("redress.step.taken", "order/1001", "breach")
    assert told["data"]["incident"] == "shop-1:order/1001|ship-by"
    assert verify(call.headers, call.body, [SECRET], made.clock.now(), timedelta(hours=3)) is None
    assert states(made.case("order/1001")) == ["webhook:done"]


def test_a_subscriber_that_is_not_there_is_told_as_refused() -> None:
    made = world(ship(WEBHOOK))
    made.deliver(placed())
    made.pass_time(2 * HOUR)
    (action,) = made.case("order/1001").ledger.actions.values()
    assert (action.state.value, action.reason) == ("refused", "no_subscriber")
    assert "action.refused" in kinds(made)


def test_a_complaint_that_a_step_opens_has_clocks_of_its_own_and_is_opened_once() -> None:
    made = world(ship(Do("open_complaint", {"reason": "not-shipped"})), REPLY)
    made.deliver(placed(seller="s-17"))
    made.pass_time(90 * timedelta(minutes=1))
    subjects = {one["subject"] for one in made.told() if one["subject"].startswith("complaint/")}
    (subject,) = subjects
    case = made.case(subject)
    assert case.ledger.clocks["reply-by"].status is Status.RUNNING
    assert case.ledger.clocks["reply-by"].start == T0 + HOUR, "opened when the step stood, whenever that was seen"
    assert {one["data"]["seller"] for one in made.told("clock") if one["subject"] == subject} == {"s-17"}
    assert [(link.rel, link.kind, link.id) for link in case.evidence.links] == [("about", "order", "1001")]
    made.deliver(event("1001", T0 + 2 * HOUR, {"order.shipped": T0 + 2 * HOUR}))
    made.pass_time(HOUR)
    assert {one["subject"] for one in made.told() if one["subject"].startswith("complaint/")} == subjects


def test_a_complaint_is_withdrawn_with_the_step_that_opened_it() -> None:
    made = world(ship(Do("open_complaint", {"reason": "not-shipped"})), REPLY)
    made.deliver(placed(seller="s-17"))
    made.pass_time(90 * timedelta(minutes=1))
    made.deliver(event("1001", T0 + HOUR / 2, {"order.shipped": T0 + HOUR / 2}))
    made.run()
    assert states(made.case("order/1001")) == ["open_complaint:done", "open_complaint:done"]
    (voided,) = made.told("clock.voided")
    assert voided["subject"].startswith("complaint/redress-")
    assert made.case(voided["subject"]).ledger.clocks["reply-by"].status is Status.VOID
