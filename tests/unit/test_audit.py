"""The audit: silent over what is in order, and each kind of damage found, confirmed, and mended where it can be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from chalicelib.core.case import Case, CaseId, new_case
from chalicelib.core.events import Subject
from chalicelib.core.instants import to_ms
from chalicelib.core.rules import Do, FromDue, Pause, Point, Policy, Rule, Span, Step
from chalicelib.core.words import ActionState
from chalicelib.flow import audit as audits
from chalicelib.flow import nightly
from chalicelib.flow.audit import Audit, Report
from chalicelib.flow.journal import told_of
from chalicelib.flow.project import PENALTIES, Project
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.flow.tell import Teller
from chalicelib.ports.memory import ManualClock, MemoryCases
from chalicelib.ports.ports import GivenPorts
from chalicelib.sellers.ledger import SELLERS, SellerLedger, days_kind
from tests.support.world import T0, World, event, placed
from tests.unit.test_flow_spine import still_unshipped

HOUR = timedelta(hours=1)
RULE = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(24 * 3600),
    pause=(Pause("inspection.started", "inspection.ended"),),
    steps=(
        Step("breach", FromDue(0), (Do("tag", {"tag": "late"}),)),
        Step("fine", FromDue(3600), (Do("penalise", {"code": "late", "points": 2}),)),
    ),
)  # fmt: skip


def world(**more: Any) -> World:
    made = World()
    made.connect(**more)
    made.shop.answer = still_unshipped
    made.activate(Policy("demo", 1, "d1", (RULE,)))
    return made


def audited(made: World, journal: bool = True) -> Report:
    shops, book = Shops(made.ports), Rulebook(made.ports)
    audit = Audit(made.ports, shops, book, Project(made.ports, shops, book, Teller(made.ports)))
    told = told_of(made.ports, "main") if journal else None
    return audit.page("main", journal=told).report


def late(made: World) -> Case:
    """An order that was fined, with all that belongs to it."""
    made.deliver(placed(seller="s-17"))
    made.pass_time(26 * HOUR)
    return made.case("order/1001")


def test_what_is_in_order_has_a_wake_or_a_reason() -> None:
    made = world()
    made.deliver(placed())
    made.deliver(placed("1002"), event("1002", T0, {"inspection.started": T0}))
    made.deliver(placed("1003"), event("1003", T0 + HOUR, {"order.shipped": T0}))
    made.deliver(event("1004", T0, {}, country="DE"))
    made.pass_time(HOUR)
    report = audited(made)
    assert (report.looked, dict(report.problems)) == (4, {})
    assert dict(report.reasons) == {"wake": 1, "paused": 1, "ended": 1, "waiting": 1}


def test_what_waits_for_a_person_is_a_reason_too() -> None:
    made = world(modes=dict.fromkeys(("tell", "shop", "penalty"), "advise"))
    late(made)
    assert dict(audited(made).reasons) == {"held": 1}
    made = world()
    late(made)
    report = audited(made)
    assert report.reasons["ended"] == 1 and not report.problems


Damage = Callable[[World, Case], Case]


def without_wake(made: World, case: Case) -> Case:
    return replace(case, wake_at=None)


def slept_through(made: World, case: Case) -> Case:
    return replace(case, wake_at=made.clock.now() - timedelta(minutes=6))


def without_actions(made: World, case: Case) -> Case:
    return replace(case, ledger=replace(case.ledger, actions={}))


def never_sent(made: World, case: Case) -> Case:
    actions = {
        key: replace(one, state=ActionState.PLANNED, try_at=T0 + 20 * HOUR) for key, one in case.ledger.actions.items()
    }
    return replace(case, ledger=replace(case.ledger, actions=actions), wake_at=made.clock.now() + timedelta(minutes=1))


def withdrawn_and_left(made: World, case: Case) -> Case:
    steps = {key: replace(state, withdrawn=True) for key, state in case.ledger.steps.items()}
    return replace(case, ledger=replace(case.ledger, steps=steps))


def never_judged(made: World, case: Case) -> Case:
    return replace(case, ledger=replace(case.ledger, steps={}, clocks={}, actions={}))


DAMAGE: list[tuple[Damage, int, set[str], str]] = [
    (without_wake, 1, {audits.NO_WAKE}, "it runs, and nobody will ever look"),
    (slept_through, 1, {audits.LATE}, "its wake was lost and never found again"),
    (without_actions, 26, {audits.NO_EFFECT}, "the steps are there, what they do is not"),
    (never_sent, 26, {audits.STUCK_ACTION}, "its messages were lost, again and again"),
    (withdrawn_and_left, 26, {audits.NOT_REVERSED, audits.NO_WAKE, audits.LATE}, "healed, not undone"),
    (never_judged, 26, {audits.LATE, audits.NO_WAKE}, "overdue, whatever its wake says"),
]


@pytest.mark.parametrize(("damage", "hours", "problems", "why"), DAMAGE, ids=[row[-1] for row in DAMAGE])
def test_damage_is_found(damage: Damage, hours: int, problems: set[str], why: str) -> None:
    made = world()
    made.deliver(placed(seller="s-17"))
    made.pass_time(hours * HOUR)
    made.ports.cases("main").put(damage(made, made.case("order/1001")))
    report = audited(made, journal=False)
    assert report.problems and set(report.problems) <= problems
    assert report.findings[0].case == "shop-1:order/1001"


@pytest.mark.parametrize(("damage", "hours"), [(without_wake, 23), (slept_through, 23), (never_judged, 25)])
def test_what_a_look_can_mend_is_mended(damage: Damage, hours: int) -> None:
    made = world()
    made.deliver(placed(seller="s-17"))
    made.pass_time(hours * HOUR)
    made.ports.cases("main").put(damage(made, made.case("order/1001")))
    assert audited(made).mended == 1
    made.pass_time(4 * HOUR)
    assert set(made.case("order/1001").ledger.steps) == {("ship-by", "breach"), ("ship-by", "fine")}
    assert not audited(made).problems


def test_what_the_journal_lacks_is_projected_again_from_the_case() -> None:
    made = world()
    late(made)
    for key in list(made.blobs.keys("journal/")):
        made.blobs.put(key, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00")
    told = len(made.bus.events)
    first = audited(made)
    assert set(first.problems) == {audits.JOURNAL} and first.problems[audits.JOURNAL] == first.looked
    assert not audited(made).problems
    made.run()
    assert len(made.bus.events) == told, "nobody is told twice"


def test_what_the_stream_lost_is_back_in_the_sellers_ledger_too() -> None:
    whole, made = world(), world()
    late(whole)
    made.project = cast(Any, lambda changes: [])  # the stream's day is over before anybody mended what kept it
    late(made)
    assert not list(made.ports.records("main").query(PENALTIES))
    assert audited(made).problems[audits.JOURNAL]

    def kept(one: World) -> dict[str, object]:
        records, ledger = one.ports.records("main"), SellerLedger(one.ports.records)
        return {
            "rows": list(ledger.rows("main", "shop-1:s-17")),
            "sums": [row.data["sums"] for row in records.query(days_kind("shop-1:s-17"))],
            "penalties": [row.data["points"] for row in records.query(PENALTIES)],
            "sellers": [row.sort for row in records.query(SELLERS)],
        }

    assert kept(made) == kept(whole) and kept(made)["rows"] and kept(made)["penalties"] == [2]
    assert not audited(made).problems
    assert kept(made) == kept(whole), "once more changes nothing"


def test_a_page_is_cut_and_the_next_one_goes_on() -> None:
    made = world()
    for number in range(25):
        made.deliver(placed(str(number)))
    made.run()
    shops, book = Shops(made.ports), Rulebook(made.ports)
    audit = Audit(made.ports, shops, book, Project(made.ports, shops, book, Teller(made.ports)))
    looked, pages, after = 0, 0, None
    for segment in range(2):
        while True:
            page = audit.page("main", segment, 2, after, most=4)
            looked, pages, after = looked + page.report.looked, pages + 1, page.after
            if after is None:
                break
    assert looked == 25 and pages >= 7


def test_a_finding_is_confirmed_by_a_fresh_read() -> None:
    """A scan may lag: what it shows is no proof of damage."""
    made = world()
    made.deliver(placed())
    made.run()
    shops, book = Shops(made.ports), Rulebook(made.ports)
    audit = Audit(made.ports, shops, book, Project(made.ports, shops, book, Teller(made.ports)))
    report = Report()
    audit.case(replace(made.case("order/1001"), wake_at=None), report)
    assert (report.looked, report.mended, dict(report.problems)) == (1, 0, {})


class Busy(MemoryCases):
    """Something is heard of a case in the very moment in which a scan has given it; the stream is a little behind."""

    def __init__(self, made: World, lag: timedelta) -> None:
        super().__init__("main", made.table)
        self._made, self._lag, self._number = made, lag, 0

    def scan(self, segment: int, total: int, after: CaseId | None = None) -> Iterator[Case]:
        for case in super().scan(segment, total, after):
            self._number += 1
            told = event(case.id.subject.id, T0 + HOUR, {"order.paid": T0 + self._number * timedelta(seconds=1)})
            self._made.deliver(told)
            work_off(self._made, "inbox")
            if not self._lag:
                self._made.run()
            yield self.get(case.id)


def work_off(made: World, name: str) -> None:
    """One queue, and no stream."""
    for one in made.queues[name].receive(10):
        assert not made.consumers[name]([(one.id, one.body)])
        made.queues[name].delete(one)


def busy(lag: timedelta = timedelta()) -> World:
    made = world()
    for number in range(3):
        made.deliver(placed(str(number)))
    made.run()
    made.ports = replace(cast(GivenPorts, made.ports), cases=lambda account: Busy(made, lag))
    return made


def test_what_comes_in_while_the_table_is_read_is_no_hole_in_the_journal() -> None:
    assert not audited(busy()).problems


def test_nor_is_what_the_stream_has_yet_to_bring() -> None:
    made = busy(lag=timedelta(seconds=30))
    assert not turn(made, T0)["done"], "what the journal does not tell yet, the next turn looks at once more"
    assert beats(made) == 0
    made.run()
    made.clock.advance(timedelta(minutes=15))
    assert turn(made, T0) == {"day": "2026-03-02", "done": True, "looked": 3}
    assert beats(made) == 1


def test_what_the_journal_never_gets_is_found_by_the_next_turn() -> None:
    made = busy(lag=timedelta(seconds=30))
    turn(made, T0)
    made.table.done(len(made.table.pending(1000)))
    made.clock.advance(timedelta(minutes=15))
    assert turn(made, T0)["done"]
    assert (nightly.last(made.ports, "main") or {})["report"]["problems"] == {audits.JOURNAL: 3}
    assert beats(made) == 0


# ---- the nightly turns ----

BEAT = "https://watch.example/redress"


def turn(made: World, at: datetime, accounts: tuple[str, ...] = ("main",)) -> Mapping[str, Any]:
    shops, book = Shops(made.ports), Rulebook(made.ports)
    audit = Audit(made.ports, shops, book, Project(made.ports, shops, book, Teller(made.ports)))
    return nightly.Nightly(made.ports, audit, accounts, BEAT)(at)


def beats(made: World) -> int:
    return sum(call.url == BEAT for call in made.shop.calls)


def test_a_clean_night_sends_one_sign_of_life() -> None:
    made = world()
    for number in range(40):
        made.deliver(placed(str(number)))
    made.run()
    night = T0.replace(hour=2)
    assert turn(made, night) == {"day": "2026-03-02", "done": True, "looked": 40}
    assert turn(made, night + timedelta(minutes=15))["done"], "the night is over: nothing is read again"
    assert beats(made) == 1
    turn(made, night + timedelta(days=1))
    assert beats(made) == 2
    assert (nightly.last(made.ports, "main") or {})["day"] == "2026-03-03"


def test_a_night_with_damage_is_silent_and_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    made = world()
    made.deliver(placed())
    made.run()
    made.ports.cases("main").put(without_wake(made, made.case("order/1001")))
    assert turn(made, T0)["done"]
    assert beats(made) == 0
    assert '"event": "audit_failed"' in capsys.readouterr().out
    assert (nightly.last(made.ports, "main") or {})["report"]["problems"] == {"no_wake": 1}


def test_a_journal_that_is_too_long_to_be_read_keeps_no_case_from_being_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(nightly, "MOST_OBJECTS", 2)
    made = world()
    for number in range(3):
        made.deliver(placed(str(number)))
        made.run()
    made.ports.cases("main").put(without_wake(made, made.case("order/1")))
    # Whoever read it would fall over it.
    for key in list(made.blobs.keys("journal/")):
        made.blobs.put(key, b"no journal")
    assert turn(made, T0)["done"]
    last = nightly.last(made.ports, "main") or {}
    assert (last["report"]["problems"], last["journal"]) == ({"no_wake": 1}, False)
    assert "audit_journal_long" in capsys.readouterr().out


class Hurried(ManualClock):
    """A clock that runs while one works: each look at it takes a second and a half."""

    def now(self) -> datetime:
        return self.advance(timedelta(seconds=1.5))


def test_a_turn_that_runs_out_of_time_is_taken_up_where_it_stopped() -> None:
    made = World(clock=Hurried(T0))
    made.connect()
    made.activate(Policy("demo", 1, "d1", (RULE,)))
    cases = made.ports.cases("main")
    for number in range(900):
        cases.put(new_case(CaseId("main", "shop-1", Subject("order", str(number)))))
    turns = 0
    while not (told := turn(made, T0))["done"]:
        turns += 1
        made.clock.advance(timedelta(minutes=3))
    assert turns >= 2 and told["looked"] == 900, "each case once, over all turns"


def test_two_turns_at_once_do_not_both_audit() -> None:
    made = world()
    made.ports.records("system").put("audits", "night", {
        "day": "2026-03-02", "account": 0, "segment": 3, "after": "", "done": False,
        "until": to_ms(T0 + timedelta(minutes=10)), "reports": {"main": Report().as_dict()},
    })  # fmt: skip
    assert turn(made, T0) == {"day": "2026-03-02", "done": False, "looked": 0}
    made.clock.advance(timedelta(minutes=11))
    assert turn(made, T0)["done"], "its holder died: the next turn goes on"


def test_the_cost_is_that_of_the_sheet() -> None:
    assert round(nightly.cost(50_000_000), 2) == 0.84
