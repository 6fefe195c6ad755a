"""The sellers' daily round: everybody is graded in turns, whatever one seller or one turn does, and it is told."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.scores import Exclusion, Grade, Metric, Why
from chalicelib.ports.ports import SYSTEM, Ports
from chalicelib.ports.stores import Record, Records
from chalicelib.sellers import nights, register
from chalicelib.sellers.ledger import SellerLedger, days_kind
from chalicelib.sellers.nights import Nights, last
from chalicelib.sellers.score import Scores
from chalicelib.sellers.watch import Watched
from tests.support.ladder import DAY, Market
from tests.support.world import T0, World, placed

NIGHT = datetime(2026, 4, 20, 1, tzinfo=UTC)


def market(sellers: int, orders: int = 1) -> World:
    """So many sellers with an order each, matured; the first one's orders are complained about."""
    world = World()
    world.connect()
    for n in range(sellers):
        for order in range(orders):
            told: dict[str, Any] = {"complaint.opened": T0} if n == 0 else {}
            world.deliver(placed(f"o{n}-{order}", T0, seller=f"s-{n:03}", buyer=f"b-{order}", category="food"))
            if told:
                world.deliver(
                    {
                        "id": f"c{order}", "subject": {"kind": "complaint", "id": f"c{order}"}, "seller": f"s-{n:03}",
                        "occurred_at": "2026-03-03T10:00:00Z", "buyer": f"b-{order}",
                        "marks": [{"name": "complaint.opened", "at": "2026-03-03T10:00:00Z"}],
                        "links": [{"rel": "order", "kind": "order", "id": f"o{n}-{order}"}],
                    }
                )  # fmt: skip
    world.run()
    world.clock.set(NIGHT)
    return world


def quiet(ports: Ports, account: str) -> Watched:
    return Watched(0, (), ())


def scores(world: World) -> Scores:
    return Scores("main", SellerLedger(world.ports.records), world.ports.records("main"))


def grades(world: World) -> dict[str, str]:
    return {one.sort: one.data["grade"] for one in world.ports.records("main").query("seller-standings")}


def test_everybody_is_graded_counted_and_the_priors_are_fitted() -> None:
    world = market(25, orders=2)
    assert Nights(world.ports, ["main"])(NIGHT) == {"day": "2026-04-20", "done": {"main": True}}
    assert len(grades(world)) == 25
    assert set(scores(world).priors()) == {
        (metric, "food") for metric in (Metric.COMPLAINT, Metric.DISPUTE, Metric.CANCELLATION)
    }  # fmt: skip
    shown = register.figures(world.ports.records("main"), "shop-1", "", 100)
    assert shown["s-000"]["complaints"] == {"bad": "2", "of": "2", "days": 365}
    assert shown["s-001"] == {
        "grade": "B", "since": "2026-04-20", "trusted": False, "counted_at": "2026-04-20T01:00:00Z",
        "complaints": {"bad": "0", "of": "2", "days": 365}, "disputes": {"bad": "0", "of": "2", "days": 365},
    }  # fmt: skip
    told = last(world.ports, "main")
    assert told is not None and told["report"]["graded"] == 25 and told["report"]["failed"] == []


def test_a_days_round_is_done_once_and_the_next_day_begins_another() -> None:
    world = market(3)
    run = Nights(world.ports, ["main"])
    run(NIGHT)
    before = world.ports.records(SYSTEM).get(nights.KIND, "main")
    for hours in (1, 12, 23.75):
        assert run(NIGHT + timedelta(hours=hours))["done"] == {"main": True}
    assert world.ports.records(SYSTEM).get(nights.KIND, "main") == before, "nothing is read or written again"
    world.clock.set(NIGHT + DAY)
    assert run(NIGHT + DAY)["day"] == "2026-04-21"
    assert last(world.ports, "main") == {"at": "2026-04-21T01:00:00Z", "report": {
        "day": "2026-04-21", "watched": True, "looks": 0, "undone": 0, "repeated": 0, "graded": 3, "failed": [],
    }}  # fmt: skip


class Slow:
    """Ports whose clock moves on by a minute with each reading of a seller's days."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.ports, name)

    def records(self, account: str) -> Records:
        told = _Told(self._world.ports.records(account), self._asked)
        return told

    def _asked(self, kind: str) -> None:
        if kind.startswith("seller-days:") and (not self.read or self.read[-1] != kind):
            self.read.append(kind)
            self._world.clock.set(self._world.clock.now() + timedelta(minutes=1))


class _Told:
    def __init__(self, records: Records, asked: Any) -> None:
        self._records, self._asked = records, asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def query(self, kind: str, prefix: str = "", after: str = "") -> Iterator[Record]:
        self._asked(kind)
        return self._records.query(kind, prefix, after)


def test_a_turn_is_cut_and_the_next_one_goes_on_where_it_stopped() -> None:
    world = market(25)
    slow = Slow(world)
    run = Nights(slow, ["main"], budget=timedelta(minutes=10), page=2)
    done, turns = False, []
    while not done:
        before = len(slow.read)
        done = bool(run(world.clock.now())["done"]["main"])
        turns.append(len(slow.read) - before)
        world.clock.set(world.clock.now() + timedelta(minutes=5))
    assert turns == [10, 10, 5], "no turn works for much longer than it may"
    assert len(set(slow.read)) == 25, "and nobody is judged twice"
    assert len(scores(world).priors()) == 3, "what priors are fitted from survives the cuts"


def test_two_turns_at_once_do_not_work_on_the_same_round() -> None:
    world = market(3)
    seen: list[bool] = []

    def look(ports: Ports, account: str) -> Watched:
        # While one turn is under way, another one starts.
        seen.append(bool(Nights(world.ports, ["main"], look=quiet)(NIGHT)["done"]["main"]))
        return Watched(0, (), ())

    assert Nights(world.ports, ["main"], look=look)(NIGHT)["done"] == {"main": True}
    assert seen == [False]


def test_a_turn_that_died_is_taken_up_after_its_lease() -> None:
    world = market(4)

    def dies(ports: Ports, account: str) -> Watched:
        raise SystemExit

    with pytest.raises(SystemExit):
        Nights(world.ports, ["main"], look=dies)(NIGHT)
    assert Nights(world.ports, ["main"], look=quiet)(NIGHT)["done"] == {"main": False}, "its lease still holds"
    world.clock.set(NIGHT + nights.LEASE)
    assert Nights(world.ports, ["main"], look=quiet)(NIGHT)["done"] == {"main": True}
    assert len(grades(world)) == 4


def test_one_seller_who_cannot_be_judged_keeps_nobody_else_from_it(capsys: pytest.CaptureFixture[str]) -> None:
    world = market(5)
    records = world.ports.records("main")
    (record, *_) = records.query(days_kind("shop-1:s-002"))
    records.put(days_kind("shop-1:s-002"), record.sort, {"sums": {"no cell": [1, 1, 1, {}]}, "recent": []})
    assert Nights(world.ports, ["main"], page=2)(NIGHT)["done"] == {"main": True}
    assert sorted(grades(world)) == [f"shop-1:s-00{n}" for n in (0, 1, 3, 4)]
    told = last(world.ports, "main")
    assert told is not None and told["report"]["failed"] == ["shop-1:s-002"]
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in said if one["event"].startswith("sellers_")] == ["sellers_failed"]
    assert {one["id"] for one in said if one["event"] == "seller_failed"} == {"shop-1:s-002"}


def test_one_account_that_fails_keeps_no_other_from_its_round() -> None:
    world = market(2)

    class Broken(Slow):
        def records(self, account: str) -> Records:
            if account == "other":
                raise RuntimeError("no such table")
            return self._world.ports.records(account)

    with pytest.raises(RuntimeError, match="no such table"):
        Nights(Broken(world), ["other", "main"])(NIGHT)
    assert len(grades(world)) == 2


def test_the_look_after_measures_is_tried_three_times_and_then_told(capsys: pytest.CaptureFixture[str]) -> None:
    world = market(2)
    calls: list[str] = []

    def fails(ports: Ports, account: str) -> Watched:
        calls.append(account)
        raise RuntimeError("down")

    run = Nights(world.ports, ["main"], look=fails)
    assert [run(NIGHT)["done"]["main"] for _ in range(4)] == [False, False, True, True]
    assert calls == ["main"] * 3 and len(grades(world)) == 2, "grades did not wait for it"
    assert '"event": "sellers_failed"' in capsys.readouterr().out


def test_a_person_has_today_s_round_done_now_and_the_night_does_not_do_it_again() -> None:
    world = market(3)
    run = Nights(world.ports, ["main"])
    assert run.now("main") and run.now("main"), "done, and nothing left to do"
    assert len(grades(world)) == 3
    world.deliver(placed("late-comer", T0, seller="s-new", buyer="b"))
    world.run()
    assert run.now("main") and len(grades(world)) == 3
    assert run.now("main", anew=True) and len(grades(world)) == 4
    early = NIGHT - timedelta(minutes=30)
    assert run(early) == {"day": "2026-04-19", "done": {"main": True}}, "what is of before is not begun again"
    assert (last(world.ports, "main") or {})["report"]["day"] == "2026-04-20"


def test_a_person_s_turn_keeps_out_of_the_night_s_and_goes_on_where_a_short_one_stopped() -> None:
    world = market(7)
    short = Nights(world.ports, ["main"], budget=timedelta(0), page=3)
    turns = [short.now("main", anew=number == 0) for number in range(3)]
    assert turns == [False, False, True] and len(grades(world)) == 7
    place = world.ports.records(SYSTEM).get(nights.KIND, "main")
    assert place is not None
    world.ports.records(SYSTEM).put(nights.KIND, "main", {**place.data, "until": place.data["until"] + 60_000})
    assert not short.now("main", anew=True), "somebody is at it"


def test_the_round_looks_after_measures_and_finds_what_was_undone() -> None:
    made = Market()
    made.penalise()
    for day in range(3):
        made.world.clock.set(T0 + day * DAY + timedelta(hours=20))
        made.status["s-1"] = "inactive" if day == 0 else "active"
        assert Nights(made.world.ports, ["main"])(made.world.clock.now())["done"] == {"main": True}
        made.world.run()
    told = last(made.world.ports, "main")
    assert told is not None and (told["report"]["looks"], told["report"]["undone"]) == (1, 1)
    assert made.ops.must("GET", "/sellers/nightly")["last"] == told


def test_a_grade_falls_at_once_and_the_same_night_again_changes_nothing() -> None:
    world = market(1, orders=12)
    run = Nights(world.ports, ["main"], look=quiet)
    run(NIGHT)
    first = scores(world).standing("shop-1:s-000")
    assert first.grade in (Grade.D, Grade.E)
    world.ports.records(SYSTEM).delete(nights.KIND, "main")
    run(NIGHT)
    assert scores(world).standing("shop-1:s-000") == first


def test_a_round_that_is_done_again_on_the_same_day_has_the_last_word_on_the_case() -> None:
    world = market(1, orders=12)
    run = Nights(world.ports, ["main"], look=quiet)
    run(NIGHT)
    world.run()
    assert world.case("seller/s-000").evidence.facts["grade", "derived"].value in ("D", "E")
    # What it rested on was not the seller's fault; a person has the day's round done anew.
    scores(world).exclude(Exclusion("strike", Why.CARRIER, date(2026, 1, 1), date(2026, 12, 31)))
    world.pass_time(timedelta(hours=3))
    assert run.now("main", anew=True)
    world.run()
    held = scores(world).standing("shop-1:s-000").grade
    assert held < Grade.D
    assert world.case("seller/s-000").evidence.facts["grade", "derived"].value == held.value


def test_what_a_seller_sells_most_of_is_a_fact_on_its_case_and_is_told_when_it_changes() -> None:
    world = market(2)
    Nights(world.ports, ["main"], look=quiet)(NIGHT)
    world.run()
    facts = world.case("seller/s-001").evidence.facts
    assert (facts["category", "derived"].value, facts["grade", "derived"].value) == ("food", "B")
    for n in range(2):
        world.deliver(placed(f"toy{n}", NIGHT - 2 * DAY, seller="s-001", buyer=f"t-{n}", category="toys"))
    world.run()
    for day in (12, 13):
        Nights(world.ports, ["main"], look=quiet)(NIGHT + day * DAY)
        world.run()
    case = world.case("seller/s-001")
    assert case.evidence.facts["category", "derived"].value == "toys"
    assert [one.at for (name, _), one in case.evidence.marks.items() if name == "seller.graded"] == [
        NIGHT.replace(hour=0)], "the grade is still the first one"  # fmt: skip
