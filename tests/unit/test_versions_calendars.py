"""Calendars come into force as policies do: running clocks follow the newest, an ended clock keeps the one that it
ended under, whatever is learnt later (law 8)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import calendar_data
from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import Calendar, Calendars, Edition
from chalicelib.core.case import Case
from chalicelib.core.instants import show
from chalicelib.core.words import Status
from tests.support.world import T0, World, event
from tests.unit.test_versions_policies import MINUTE, deployment, reevaluate

DAY = timedelta(days=1)
RULE = """
policy: house
calendar: CN
rules:
  - id: ship
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], limit: {working_days: 2}}
    steps: [{id: breach, at: due, do: [{tag: late}]}]
"""
NOTICE = """
calendar: CN
source: a notice of the office, 2026 no 1
published: 2026-02-20
holidays:
  "2026-03-03": a day off that nobody knew of
  "2026-03-11": another one
"""


def zone_day(day: int) -> datetime:
    """24:00 of a day of March in Shanghai."""
    return datetime(2026, 3, day, 16, tzinfo=T0.tzinfo)


def placed(world: World, name: str, **marks: datetime) -> Case:
    now = world.clock.now()
    world.deliver(event(name, now, {"order.placed": now, **{f"order.{one}": at for one, at in marks.items()}}))
    world.run()
    return world.case(f"order/{name}")


def due(world: World, name: str) -> Any:
    return world.case(f"order/{name}").ledger.clocks["ship"].due


def test_a_running_clock_follows_the_newest_calendar_and_an_ended_one_keeps_its_own() -> None:
    world, ops = deployment(RULE)
    placed(world, "met", shipped=world.clock.now())
    placed(world, "running")
    assert due(world, "met") == due(world, "running") == zone_day(4), "Tuesday and Wednesday"
    digest = world.case("order/met").ledger.clocks["ship"].calendar
    world.pass_time(30 * MINUTE)
    made = ops.must("POST", "/calendars", {"overlay": NOTICE}, "ops")
    assert (made["code"], made["number"], made["at"]) == ("CN", 2, show(world.clock.now())), "1 is what ships"
    reevaluate(world, ops)
    assert due(world, "running") == zone_day(5), "the third is off"
    assert (due(world, "met"), world.case("order/met").ledger.clocks["ship"].calendar) == (zone_day(4), digest)
    world.deliver(event("met", world.clock.now(), {"order.shipped": T0 + 75 * MINUTE}, country="CN"))
    world.run()
    met = world.case("order/met").ledger.clocks["ship"]
    assert (met.status, met.due, met.calendar) == (Status.MET, zone_day(4), digest), "late evidence moves no due"
    told = ops.must("GET", "/explain/shop-1/order/met/ship")
    assert told["due"] == show(zone_day(4))


def test_a_clock_that_counts_no_working_days_keeps_its_calendar_all_the_same() -> None:
    world, ops = deployment(RULE.replace("working_days: 2", "days: 2"))
    placed(world, "met", shipped=world.clock.now())
    digest = world.case("order/met").ledger.clocks["ship"].calendar
    world.pass_time(30 * MINUTE)
    ops.must("POST", "/calendars", {"overlay": NOTICE}, "ops")
    reevaluate(world, ops)
    assert world.case("order/met").ledger.clocks["ship"].calendar == digest


def test_what_was_missed_under_the_older_calendar_stays_missed() -> None:
    world, ops = deployment(RULE)
    placed(world, "1001")
    world.pass_time(3 * DAY)
    assert world.case("order/1001").ledger.clocks["ship"].status is Status.BREACHED
    ops.must("POST", "/calendars", {"overlay": NOTICE})
    reevaluate(world, ops)
    case = world.case("order/1001")
    assert (case.ledger.clocks["ship"].status, due(world, "1001")) == (Status.BREACHED, zone_day(4))
    assert not any(one.withdrawn for one in case.ledger.steps.values())


def test_a_calendar_that_is_planned_wakes_the_clocks_that_run() -> None:
    world, ops = deployment(RULE)
    ops.must("POST", "/calendars", {"overlay": NOTICE, "at": show(T0 + DAY)})
    world.pass_time(MINUTE)
    placed(world, "1001")
    assert due(world, "1001") == zone_day(4)
    world.pass_time(DAY)
    assert due(world, "1001") == zone_day(5), "without any event"


def test_a_compiled_calendar_is_activated_as_it_is() -> None:
    world, ops = deployment()
    house = Calendar("XA", "Europe/Berlin", {"mon-fri": ["09:00-17:00"]}, [date(2026, 3, 3)])
    text = calendar_data.dump(house).decode()
    made = ops.must("POST", "/calendars", {"calendar": text})
    assert (made["code"], made["number"], made["at"], made["digest"]) == ("XA", 1, None, house.digest)
    assert ops.must("POST", "/calendars", {"calendar": text})["unchanged"] is True
    ops.must("POST", "/policies", {"yaml": RULE.replace("CN", "XA")})
    placed(world, "1001")
    assert world.case("order/1001").ledger.clocks["ship"].calendar == house.digest


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "calendar"),
        ({"shipped": "CN", "overlay": NOTICE}, "calendar"),
        ({"shipped": "QQ"}, "shipped"),
        ({"overlay": NOTICE.replace("2026-03-11", "2026-03-99")}, "holidays.2026-03-99"),
        ({"overlay": NOTICE.replace("CN", "QQ")}, "calendar"),
        ({"overlay": "[]"}, "file"),
        ({"overlay": "{"}, ""),
        ({"calendar": "{}"}, "calendar.v"),
        ({"calendar": "no json"}, "calendar.calendar"),
        ({"shipped": "CN", "at": show(T0 - DAY)}, "at"),
        ({"overlay": 7}, "overlay"),
    ],
)
def test_what_is_no_calendar_changes_nothing(said: dict[str, Any], field: str) -> None:
    _, ops = deployment()
    status, told = ops.ask("POST", "/calendars", said)
    assert status == 400 and (not field or field in [one["field"] for one in told["problems"]]), told
    assert ops.must("GET", "/calendars")["calendars"] == []


def test_what_ships_is_kept_from_when_a_policy_first_counts_in_it() -> None:
    _, ops = deployment(RULE)
    (listed,) = ops.must("GET", "/calendars")["calendars"]
    ours = shipped("CN")
    assert ours is not None
    assert listed == {
        "code": "CN",
        "in_force": 1,
        "shipped": True,
        "activations": [{"number": 1, "at": None, "digest": ours.digest}],
    }
    ops.must("POST", "/calendars", {"overlay": NOTICE})
    assert ops.must("GET", "/calendars")["calendars"][0]["shipped"] is False
    again = ops.must("POST", "/calendars", {"shipped": "CN"})
    assert (again["number"], again["unchanged"]) == (3, False)


def test_a_policy_that_counts_by_place_keeps_every_calendar_that_ships() -> None:
    text = RULE.replace("calendar: CN", "calendar: {by: [country], else: UTC}")
    _, ops = deployment(text)
    assert {"CN", "DE", "JP"} <= {one["code"] for one in ops.must("GET", "/calendars")["calendars"]}


def test_overlays_are_laid_one_over_the_other() -> None:
    world, ops = deployment(RULE)
    ops.must("POST", "/calendars", {"overlay": NOTICE})
    second = NOTICE.replace("2026-03-03", "2026-03-04").replace("no 1", "no 2")
    world.pass_time(MINUTE)
    ops.must("POST", "/calendars", {"overlay": second})
    world.pass_time(MINUTE)
    placed(world, "1001")
    assert due(world, "1001") == zone_day(6), "both the third and the fourth are off"


# ---- the calendars themselves ----


def given(*editions: tuple[datetime | None, Calendar]) -> Calendars:
    return Calendars(editions={"XA": [Edition(at, one.digest, lambda one=one: one) for at, one in editions]})  # type: ignore[misc]


def test_calendars_as_of_an_instant_know_nothing_of_later_editions() -> None:
    one, two = Calendar("XA", "UTC"), Calendar("XA", "UTC", {"mon": ["09:00-17:00"]})
    calendars = given((None, one), (T0, two))
    assert calendars.get("XA") is two
    assert calendars.as_of(T0 - MINUTE).get("XA") is one and calendars.as_of(T0).get("XA") is two
    assert calendars.as_of(T0 - MINUTE).past("XA") == () and calendars.past("XA") == ((one, T0),)
    assert calendars.next_change(T0 - MINUTE) == T0 and calendars.next_change(T0) is None
    assert calendars.edition("XA", one.digest) is one and calendars.edition("XA", "gone") is two
    assert calendars.as_of(T0).get("Asia/Shanghai").zone == "Asia/Shanghai", "zones need no edition"


def test_an_edition_over_what_ships_leaves_what_ended_before_it_alone() -> None:
    ours, two = Calendar("XA", "UTC"), Calendar("XA", "UTC", {"mon": ["09:00-17:00"]})
    calendars = Calendars(
        find=lambda code: ours if code == "XA" else None, editions={"XA": [Edition(T0, two.digest, lambda: two)]}
    )
    assert calendars.past("XA") == ((ours, T0),) and calendars.as_of(T0 - MINUTE).get("XA") is ours
