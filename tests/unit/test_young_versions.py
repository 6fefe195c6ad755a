"""The seconds after an activation, in which some functions know the new version and some do not: what those judged who
know it is neither refused, withdrawn nor told half by those who do not (yet)."""

from datetime import timedelta

import pytest

from chalicelib.core.instants import show
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Span, Step
from chalicelib.flow import rulebook as books
from chalicelib.flow.act import Actor
from chalicelib.flow.advance import Advance
from chalicelib.flow.apply import Apply
from chalicelib.flow.messages import Received, write_received
from chalicelib.flow.project import Project
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.flow.tell import Teller
from chalicelib.flow.wake import Wake
from tests.support.world import T0, World, placed, states

RULE = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(3600), basis="law",
    steps=(
        Step("late", FromDue(0), (Do("tag", {"tag": "late"}), Do("alert", {"severity": "critical"}))),
        Step("eve", FromDue(-1800), (Do("alert", {"severity": "warning"}),)),
    ),
)  # fmt: skip
KEY = "ship-by|late|0|0"


class Deployment(World):
    """Each function with a book of its own, as deployed."""

    def boot(self) -> None:
        super().boot()
        self.books = {name: Rulebook(self.ports) for name in ("inbox", "wakes", "late", "actions", "project")}
        for name in self.consumers:
            shops, book, teller = Shops(self.ports), self.books[name], Teller(self.ports)
            advance = Advance(self.ports, shops, book)
            if name == "inbox":
                self.consumers[name] = Apply(self.ports, shops, book, advance, teller)
            elif name == "actions":
                self.consumers[name] = Actor(self.ports, shops, book, advance)
            else:
                self.consumers[name] = Wake(self.ports, advance)
        self.project = Project(self.ports, Shops(self.ports), self.books["project"], Teller(self.ports))

    def known_to(self, *names: str) -> None:
        """These alone have read what is in force now; the others did a moment ago."""
        for name in names:
            self.books[name].get("main", fresh=True)


def made() -> Deployment:
    world = Deployment()
    world.connect()
    for book in world.books.values():
        book.get("main")
    return world


def test_a_step_of_a_version_that_the_others_do_not_know_yet_is_done_and_told_whole() -> None:
    world = made()
    world.activate(Policy("demo", 1, "d1", (RULE,)))
    world.known_to("inbox")
    world.deliver(placed("b", T0 - timedelta(hours=1)))
    world.run()
    assert states(world.case("order/b")) == ["tag:done"]
    state = world.case("order/b").ledger.steps["ship-by", "late"]
    assert (state.withdrawn, state.generation) == (False, 0)
    told = {one["type"]: one["data"] for one in world.bus.events}
    assert "redress.clock.withdrawn" not in told and "redress.step.withdrawn" not in told
    assert {data["basis"] for data in told.values()} == {"law"}
    assert told["redress.step.taken"]["severity"] == "critical"


def test_a_clock_of_a_version_that_whoever_wakes_it_does_not_know_yet_runs_on() -> None:
    world = made()
    world.activate(Policy("demo", 1, "d1", (RULE,)))
    world.known_to("inbox")
    world.deliver(placed("b", T0 - timedelta(minutes=29, seconds=55)))
    world.run()
    world.pass_time(timedelta(seconds=6))
    assert "ship-by" in world.case("order/b").ledger.clocks, "woken for its first step"
    assert world.case("order/b").wake_at == T0 + timedelta(minutes=30, seconds=5)
    assert not world.told("clock.withdrawn")


def test_what_a_recall_withdrew_is_not_taken_anew_by_whoever_has_not_heard_of_it() -> None:
    world = made()
    world.activate(Policy("demo", 1, "d1", (RULE,)))
    world.pass_time(timedelta(minutes=1))
    world.deliver(placed("b", T0 - timedelta(hours=1)))
    world.run()
    assert states(world.case("order/b")) == ["tag:done"]
    world.pass_time(timedelta(minutes=1))
    world.known_to(*world.books)
    records = world.ports.records("main")
    held = records.get(books.KIND, books.ACTIVE)
    assert held is not None
    (entry,) = held.data["activations"]
    records.put(books.KIND, books.ACTIVE, {"activations": [{**entry, "recalled": show(world.clock.now())}]})
    world.known_to("inbox")
    world.deliver(placed("b", T0 - timedelta(hours=1), country="DE"))
    world.run()
    world.pass_time(timedelta(minutes=1))
    state = world.case("order/b").ledger.steps["ship-by", "late"]
    assert (state.withdrawn, state.generation) == (True, 0)
    assert len(world.shop.actions()) <= 2, "the tag and what takes it back"


def test_a_store_that_was_not_there_a_moment_ago_is_found_by_what_comes_for_it() -> None:
    world = Deployment()
    world.activate(Policy("demo", 1, "d1", (RULE,)))
    stray = write_received(Received("main", "shop-1", "d-0", T0, {}, b"{}"))
    assert world.consumers["inbox"]([("m-0", stray)]) == [], "nobody's"
    world.connect()
    world.clock.advance(timedelta(seconds=3))
    world.deliver(placed("b"))
    world.run()
    assert "ship-by" in world.case("order/b").ledger.clocks


@pytest.mark.parametrize("function", ["wakes", "actions"])
def test_a_version_that_is_gone_for_good_is_asked_for_once(function: str) -> None:
    world = made()
    book = world.books[function]
    for _ in range(3):
        assert book.knowing("main", ["demo@7", ""]).policies.by_version("demo@7") is None
    before = book.get("main")
    assert book.knowing("main", ["demo@7"]) is before
