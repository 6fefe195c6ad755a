"""What becomes of a clock is told when it becomes so: each kind of escalation about clocks, steps and actions, with the
instant at which the thing became true, through the door and out on the bus."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.bootstrap import written_by
from chalicelib.core.calls import Reply
from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge
from chalicelib.core.instants import parse_instant
from chalicelib.core.rules import Do, FromDue, Pause, Point, Rule, Share, Span, Step, Until
from chalicelib.core.transitions import event_id, transitions
from chalicelib.core.words import Status
from chalicelib.flow.journal import told_of
from tests.support.world import T0, World, event, placed
from tests.unit.test_flow_spine import world

HOUR = timedelta(hours=1)
SCHEMA = Draft202012Validator(json.loads(Path("docs/schemas/escalation.schema.json").read_text()))
PAUSED = Rule(
    "look-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(4 * 3600),
    void=(Point("order.cancelled"),), pause=(Pause("inspection.started", "inspection.ended"),),
    steps=(
        Step("eve", Share(50), (Do("alert", {"severity": "warning"}),)),
        Step("late", FromDue(0), (Do("tag", {"tag": "late"}),)),
    ),
)  # fmt: skip
GIVEN = Rule("ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Until("ship_by"))
EACH = Rule(
    "parcels", "order", Point("order.part_shipped", "each"), (Point("order.part_delivered"),), Span(3600),
    steps=(Step("late", FromDue(0), (Do("alert", {"severity": "error"}),)),),
)  # fmt: skip


def hours(number: float) -> datetime:
    return T0 + timedelta(hours=number)


def said(number: float, **marks: datetime | None) -> dict[str, Any]:
    return event("1001", hours(number), {name.replace("_", ".", 1): at for name, at in marks.items()})


def ship_by(number: float, to: float) -> dict[str, Any]:
    return event("1001", hours(number), {}, ship_by=hours(to).isoformat())


START = (0.0, placed())
LIVES: list[tuple[Rule, Sequence[tuple[float, Mapping[str, Any]]], Sequence[tuple[str, float]], str]] = [
    (PAUSED, [START, (1.5, said(1, order_shipped=hours(1)))],
     [("clock.started", 0), ("clock.met", 1)], "met when it was done, not when we heard of it"),
    (PAUSED, [START, (5, said(5, order_shipped=hours(4.5)))],
     [("clock.started", 0), ("clock.warned", 2), ("clock.breached", 4), ("step.taken", 4), ("action.done", 4),
      ("clock.met_late", 4.5)], "late, and done after all"),
    (PAUSED, [START, (1.5, said(1, order_cancelled=hours(1)))],
     [("clock.started", 0), ("clock.voided", 1)], "called off"),
    (PAUSED, [START, (1.5, said(1, inspection_started=hours(1))), (3.5, said(3, inspection_ended=hours(3)))],
     [("clock.started", 0), ("clock.paused", 1), ("clock.resumed", 3)], "held, and let go"),
    (PAUSED, [START, (5, said(3, order_shipped=hours(3)))],
     [("clock.started", 0), ("clock.warned", 2), ("clock.breached", 4), ("step.taken", 4), ("action.done", 4),
      ("clock.withdrawn", 5), ("clock.met", 3), ("step.withdrawn", 5), ("action.done", 5)], "healed, and the tag gone"),
    (GIVEN, [(0, placed(ship_by=hours(9).isoformat())), (1, ship_by(1, 8))],
     [("clock.started", 0), ("clock.due_changed", 1)], "the platform moved its own date"),
    (GIVEN, [(0, placed(ship_by=hours(9).isoformat())), (1, said(1, order_placed=None))],
     [("clock.started", 0), ("clock.withdrawn", 1)], "the order was never placed"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "deliveries", "wanted", "why"), LIVES, ids=[row[-1] for row in LIVES])
def test_what_becomes_of_a_clock_is_told_with_the_instant_at_which_it_became_so(
    rule: Rule, deliveries: Sequence[tuple[float, Mapping[str, Any]]], wanted: Sequence[tuple[str, float]], why: str
) -> None:
    made = world(rule)
    for at, told in deliveries:
        made.pass_time(hours(at) - made.clock.now())
        assert made.deliver(dict(told))["statusCode"] == 202
        made.run()
    found = [one for one in made.told() if one["subject"] == "order/1001"]
    times = [(one["type"].removeprefix("redress."), parse_instant(one["time"])) for one in found]
    assert times == [(kind, hours(at)) for kind, at in wanted]
    sequences = [one["data"]["sequence"] for one in found]
    assert sequences == sorted(set(sequences)), "told in order, each under its own number"
    for one in found:
        SCHEMA.validate(one)


def answered(made: World, reply: Reply) -> list[str]:
    made.shop.answer = lambda call: reply
    made.deliver(placed())
    made.pass_time(5 * HOUR)
    return [f"{one['type']} {one['data']['reason']}" for one in made.told("action")]


def test_what_the_shop_refuses_is_told_with_its_reason() -> None:
    refused = Reply(200, {}, b'{"state": "refused", "reason": "archived"}')
    assert answered(world(PAUSED), refused) == ["redress.action.refused archived"]


def test_a_write_of_many_transitions_takes_no_number_of_the_next() -> None:
    made = world(EACH, options={"storm_limit": "1000"})
    told = event("1001", T0, {})
    told["marks"] = [{"name": "order.part_shipped", "of": f"p-{n}", "at": told["occurred_at"]} for n in range(200)]
    made.deliver(told)
    made.pass_time(2 * HOUR)
    done = event("1001", T0 + HOUR * 2, {})
    done["marks"] = [{"name": "order.part_delivered", "of": "p-99", "at": done["occurred_at"]}]
    made.deliver(done)
    made.run()
    found = made.told()
    assert [one["type"] for one in found[-1:]] == ["redress.clock.met_late"]
    assert len({one["id"] for one in found}) == len(found) == 601
    by_incident: dict[str, list[int]] = {}
    for one in found:
        by_incident.setdefault(one["data"]["incident"], []).append(one["data"]["sequence"])
    assert all(numbers == sorted(numbers) for numbers in by_incident.values()), "nobody drops the end as older"


def test_telling_again_gives_the_same_ids() -> None:
    made = world(PAUSED)
    made.deliver(placed())
    made.run()
    case = made.case("order/1001")
    empty = Case(CaseId("main", "shop-1", Subject("order", "1001")))
    first, again = (transitions(empty, case, T0 + late) for late in (timedelta(0), HOUR))
    assert [event_id(case, one) for one in first] == [event_id(case, one) for one in again]
    assert first[0].status is Status.RUNNING


def test_an_event_of_links_alone_reaches_the_journal() -> None:
    made = world(PAUSED)
    told = event("1001", T0, {})
    told.pop("marks")
    made.deliver(told | {"links": [{"rel": "basket", "kind": "order", "id": "B-77"}]})
    made.run()
    case = made.case("order/1001")
    assert [link.id for link in case.evidence.links] == ["B-77"]
    assert not told_of(made.ports, "main").lacks(case)


def test_what_became_of_a_penalty_is_told_although_the_stream_tells_whole_seconds_only() -> None:
    late = T0 + timedelta(milliseconds=700)
    told = Event("e", Subject("penalty", "p-1"), late, late, marks=(Mark("penalty.imposed", late),))
    case = Case(CaseId("main", "shop-1", told.subject), merge(NOTHING, told), version=1)
    (one,) = transitions(None, case, T0)
    assert (one.type, one.at) == ("penalty.imposed", late)
    record = {"ApproximateCreationDateTime": T0.timestamp()}
    assert late <= written_by(record) <= T0 + timedelta(seconds=1)
