"""A seller's scores as the shell keeps them: from webhooks to the ledger, its sums, its standing and its exclusions."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.core.ladder import Rung
from chalicelib.core.scores import Decision, Exclusion, Grade, Metric, Moments, Prior, Why
from chalicelib.core.standards import Standard, dump, load
from chalicelib.ports.stores import Records
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_text
from chalicelib.sellers.ledger import SellerLedger, days_kind, seller_key
from chalicelib.sellers.score import Scores, fitted, outcomes
from chalicelib.sellers.standard import activate, active, presets, read_bytes, read_file
from tests.support.world import T0, World, event, placed

POLICY = """
policy: p
rules:
  - id: ship
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], void: [order.cancelled], limit: {hours: 48}}
    steps: [{at: due, do: [{alert: {severity: error}}]}]
"""
STANDARD = read_bytes(b"""
standard: s
decide: {buyers: 3, days: 2}
metrics:
  shipping: {limit: 4%, windows: [90d, 365d], enough: 40, matures: 1d}
  complaint: {limit: 3%, windows: [90d], matures: 10d}
""")
WHO = seller_key("shop-1", "s-1")
TODAY = T0.date() + timedelta(days=30)


def shop() -> World:
    world = World()
    world.connect()
    world.activate(read_text(POLICY))
    return world


def scores(world: World) -> Scores:
    return Scores("main", SellerLedger(world.ports.records), world.ports.records("main"))


def ordered(world: World, count: int, late: int, carrier: str = "", prefix: str = "o") -> None:
    """So many orders placed now; the first `late` of them are never shipped."""
    more = {"carrier": carrier} if carrier else {}
    for n in range(count):
        order = f"{prefix}{n}"
        world.deliver(placed(order, T0, seller="s-1", buyer=f"b-{order}", **more))
        if n >= late:
            world.deliver(event(order, T0 + timedelta(hours=1), {"order.shipped": T0 + timedelta(hours=1)}))
    world.run()


def test_from_webhooks_to_a_score() -> None:
    world = shop()
    ordered(world, 12, 3)
    world.pass_time(timedelta(days=3))
    found = scores(world).of(WHO, STANDARD, TODAY)[Metric.SHIPPING]
    assert (found.score.n, found.score.bad, found.score.buyers) == (12, 3, 3)
    # Beta(2 + 3, 98 + 9)
    assert found.score.mean == pytest.approx(5 / 112)
    assert found.score.window_days == 365
    assert found.decision is Decision.WARN


def test_a_day_counts_when_it_is_over_and_mature() -> None:
    world = shop()
    ordered(world, 3, 1)
    world.pass_time(timedelta(days=3))
    due = T0.date() + timedelta(days=2)
    counted = [
        scores(world).of(WHO, STANDARD, due + timedelta(days=days))[Metric.SHIPPING].score.n for days in range(4)
    ]
    # due on day 0, over at day 1, mature a day later
    assert counted == [0, 0, 3, 3]


def test_a_verdict_that_heals_heals_the_score_and_leaves_a_trail() -> None:
    world = shop()
    ordered(world, 3, 1)
    world.pass_time(timedelta(days=3))
    before = scores(world).of(WHO, STANDARD, TODAY)[Metric.SHIPPING].score
    world.deliver(event("o0", T0 + timedelta(hours=3), {"order.shipped": T0 + timedelta(hours=3)}))
    world.run()
    after = scores(world).of(WHO, STANDARD, TODAY)[Metric.SHIPPING].score
    assert (before.bad, after.bad, after.n, after.buyers) == (1, 0, 3, 0)
    trail = SellerLedger(world.ports.records).unit("main", WHO, "shop-1:order/o0").trail
    assert [sorted(one[3]) for one in trail] == [
        ["cancellation", "complaint", "defect", "dispute"], ["shipping"], ["shipping"],
    ]  # fmt: skip


def test_a_complaint_counts_against_the_seller_of_its_order() -> None:
    world = shop()
    ordered(world, 4, 0)
    told = event("c-1", T0, {"complaint.opened": T0}, kind="complaint", seller="s-1", buyer="b-9")
    world.deliver({**told, "links": [{"rel": "order", "kind": "order", "id": "o1"}]})
    world.run()
    one = scores(world).of(WHO, STANDARD, TODAY)[Metric.COMPLAINT].score
    assert (one.n, one.bad, one.buyers) == (4, 1, 1)
    told = event("c-1", T0 + timedelta(days=1), {"complaint.withdrawn": T0 + timedelta(days=1)}, kind="complaint")
    world.deliver(told)
    world.run()
    assert scores(world).of(WHO, STANDARD, TODAY)[Metric.COMPLAINT].score.bad == 0


def test_an_order_that_changes_hands_leaves_the_first_seller() -> None:
    world = shop()
    world.deliver(placed("o1", T0, seller="s-1"))
    world.run()
    world.deliver(placed("o1", T0 + timedelta(hours=1), seller="s-2"))
    world.run()
    other = seller_key("shop-1", "s-2")
    assert scores(world).of(WHO, STANDARD, TODAY) == {}
    assert scores(world).of(other, STANDARD, TODAY)[Metric.COMPLAINT].score.n == 1


def test_projecting_everything_again_changes_nothing() -> None:
    world = shop()
    ordered(world, 5, 2)
    world.pass_time(timedelta(days=3))
    before = scores(world).of(WHO, STANDARD, TODAY)
    ledger = SellerLedger(world.ports.records)
    book = world.project._rulebook.get("main")
    for n in range(5):
        # as the nightly audit does, with no old image
        ledger.project(None, world.case(f"order/o{n}"), world.clock.now(), book.policies)
    assert scores(world).of(WHO, STANDARD, TODAY) == before


# ---- exclusions ----


def test_real_and_protected_stand_side_by_side_and_an_exclusion_is_taken_back() -> None:
    world = shop()
    ordered(world, 6, 4, carrier="dhl", prefix="d")
    ordered(world, 6, 1, carrier="ups", prefix="u")
    world.pass_time(timedelta(days=3))
    due = T0.date() + timedelta(days=2)
    found = scores(world)
    strike = Exclusion(
        "strike", Why.CARRIER, due, due, frozenset({Metric.SHIPPING}), frozenset({WHO}), frozenset({"dhl"})
    )  # fmt: skip
    found.exclude(strike)
    assert found.exclusions() == [strike]
    one = found.of(WHO, STANDARD, TODAY)[Metric.SHIPPING].score
    assert ((one.real.n, one.real.bad), (one.n, one.bad), one.buyers) == ((12, 5), (6, 1), 1)
    found.readmit("strike")
    one = found.of(WHO, STANDARD, TODAY)[Metric.SHIPPING].score
    assert ((one.n, one.bad), one.buyers) == ((12, 5), 5)


def test_a_single_order_is_excluded_until_its_day() -> None:
    world = shop()
    ordered(world, 3, 1)
    world.pass_time(timedelta(days=3))
    ledger, now = SellerLedger(world.ports.records), world.clock.now()
    ledger.exclude("main", WHO, "shop-1:order/o0", "brush-1", Why.BRUSHING, TODAY, now)
    yesterday = scores(world).of(WHO, STANDARD, TODAY - timedelta(days=1))[Metric.SHIPPING].score
    assert (yesterday.n, yesterday.bad, yesterday.real.n, yesterday.real.bad) == (2, 0, 3, 1)
    assert scores(world).of(WHO, STANDARD, TODAY)[Metric.SHIPPING].score.bad == 1
    ledger.exclude("main", WHO, "shop-1:order/o0", "brush-1", None, None, now + timedelta(seconds=1))
    assert scores(world).of(WHO, STANDARD, TODAY - timedelta(days=1))[Metric.SHIPPING].score.bad == 1


# ---- standing, priors ----


def test_standing_is_kept_and_moves() -> None:
    world = shop()
    assert scores(world).standing(WHO).grade is Grade.B
    ordered(world, 8, 8)
    world.pass_time(timedelta(days=3))
    found = scores(world)
    after, judged = found.regrade(WHO, STANDARD, TODAY)
    assert judged[Metric.SHIPPING].decision is Decision.ACT
    assert (after.grade, after.since) == (Grade.E, TODAY)
    assert found.standing(WHO) == after
    again, _ = found.regrade(WHO, STANDARD, TODAY + timedelta(days=1))
    assert again.since == TODAY


def test_a_reason_to_act_of_one_day_warns_first() -> None:
    world = shop()
    ordered(world, 8, 8)
    world.pass_time(timedelta(days=3))
    first = T0.date() + timedelta(days=4)
    decisions = [
        scores(world).of(WHO, STANDARD, first + timedelta(days=days))[Metric.SHIPPING].decision for days in (0, 1)
    ]
    assert decisions == [Decision.WARN, Decision.ACT]


def test_priors_are_fitted_by_category_and_kept() -> None:
    world = shop()
    for n in range(25):
        world.deliver(placed(f"o{n}", T0, seller=f"s-{n}", category="food"))
    world.run()
    found = scores(world)
    sellers = [found.days(seller_key("shop-1", f"s-{n}"), STANDARD, TODAY) for n in range(25)]
    moments = Moments()
    for days in sellers:
        moments = moments.and_one(*outcomes(days, STANDARD, TODAY)[Metric.COMPLAINT])
    assert Moments.read(moments.told()) == moments
    assert (
        found.keep_priors({"complaint|food": moments, "complaint|toys": Moments(3, 9, 1, 27, 1)}, STANDARD, TODAY) == 1
    )
    assert found.priors() == fitted(sellers, STANDARD, TODAY)
    assert set(found.priors()) == {(Metric.COMPLAINT, "food")}
    one = found.of(seller_key("shop-1", "s-3"), STANDARD, TODAY)[Metric.COMPLAINT]
    assert (one.category, one.prior.mean <= 0.015) == ("food", True)
    assert isinstance(one.prior, Prior)


# ---- cost ----


class Counted:
    """Records that count what is asked of them."""

    def __init__(self, records: Records, counts: Counter[str]) -> None:
        self._records, self._counts = records, counts

    def __getattr__(self, method: str) -> Any:
        self._counts[method] += 1
        return getattr(self._records, method)


def test_a_busy_seller_costs_no_more_per_order_and_no_more_to_read() -> None:
    world = World()
    counts: Counter[str] = Counter()
    records = Counted(world.ports.records("main"), counts)
    ledger = SellerLedger(lambda account: records)
    part = [["shipping", 1_772_445_600_000, True, 1, "b", "", "", "c"]]
    cost = []
    for n in range(600):
        before = sum(counts.values())
        ledger.put("main", WHO, f"shop-1:order/{n}", f"shop-1:order/{n}", part, 1, T0)
        cost.append(sum(counts.values()) - before)
    # Asking which numbers a day may forget comes in bursts, so the mean is what must not grow.
    assert sum(cost[500:]) <= sum(cost[100:200]) * 1.1
    largest = max(len(str(one.data)) for one in world.ports.records("main").query(days_kind(WHO)))
    assert largest < 1500
    counts.clear()
    found = Scores("main", ledger, records).of(WHO, STANDARD, date(2026, 4, 1))
    assert found[Metric.SHIPPING].score.n == 600
    # a query for each month of the reach, the exclusions and the priors
    assert sum(counts.values()) <= 16


# ---- standards ----


@pytest.mark.parametrize("name", presets())
def test_presets_are_read_and_kept_as_they_are(name: str) -> None:
    found = read_file(name)
    assert found.name == name
    assert found.measures
    assert set(found.title) == {"zh", "en"}
    assert load(dump(found)) == found


def test_the_standard_in_force_is_the_house_s_until_another_is_chosen() -> None:
    records = World().ports.records("main")
    assert active(records) == read_file("house")
    activate(records, read_file("ebay"))
    assert active(records) == read_file("ebay")


def test_what_published_standards_say() -> None:
    def limits(standard: Standard) -> dict[str, float]:
        return {one.metric.value: one.limit for one in standard.measures}

    assert limits(read_file("ebay")) == {"defect": 0.02, "dispute": 0.003, "shipping": 0.03}
    assert limits(read_file("amazon")) == {"defect": 0.01, "cancellation": 0.025, "shipping": 0.04, "delivery": 0.1}
    assert limits(read_file("mercadolibre"))["shipping"] == 0.15
    # more than four buyers
    assert read_file("ebay").measures[0].deciding.buyers == 5


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("metrics: {shiping: {limit: 4%}}", "metrics.shiping: found the key 'shiping', wanted one of shipping"),
        ("metrics: {shipping: {limit: 4}}", "metrics.shipping.limit: found '4', wanted a rate such as 2%"),
        ("metrics: {shipping: {limit: 0%}}", "metrics.shipping.limit: found '0%', wanted a rate"),
        ("metrics: {shipping: {limit: 100%}}", "metrics.shipping.limit: found '100%', wanted a rate"),
        ("metrics: {shipping: {}}", "metrics.shipping.limit: found nothing, wanted the rate"),
        ("metrics: {shipping: 4%}", "metrics.shipping: found '4%', wanted a mapping"),
        ("metrics: {shipping: {limit: 4%, windows: [90d, 30d]}}", "windows: found a list, wanted days"),
        ("metrics: {shipping: {limit: 4%, windows: 0d}}", "windows: found '0d', wanted days"),
        ("metrics: {shipping: {limit: 4%, enough: -1}}", "enough: found '-1', wanted a whole number"),
        ("metrics: {shipping: {limit: 4%, decide: {act: 40%}}}", "decide.act: found '40%', wanted a probability"),
        ("metrics: {}\ndecide: {warn: 95%}", "wanted at least what warns"),
        ("metrics: {}\ndecide: {buyers: 0}", "decide.buyers: found '0', wanted 1 to 10 buyers"),
        ("metrics: {}\nprior: {mean: 90%}", "prior.mean: found '90%', wanted a part of the limit"),
        ("metrics: {}\nbasis: hearsay", "basis: found 'hearsay', wanted one of law, platform, policy"),
        ("metrics: {}\ngrades: {a: 30%}", "grades.b: found"),
        ("metrics: {}\nladder: {from: {restrict: 40}}", "ladder.from: found"),
        ("metrics: {}\nladder: {from: {prison: 40}}", "found the key 'prison', wanted one of"),
        ("metrics: {}\nladder: {lasts: {suspend: forever}}", "ladder.lasts.suspend: found 'forever', wanted days"),
        ("metrics: {}\nladder: {person: {rung: blacklist}}", "ladder.person.rung: found 'blacklist', wanted one of"),
        ("metrics: {}\nladder: {person: {hour: 0}}", "ladder.person.hour: found '0', wanted 1 to"),
        ("metric: {}", "found the key 'metric', wanted one of"),
        ("basis: policy", "metrics: found nothing, wanted the metrics"),
    ],
)
def test_a_wrong_standard_is_told_by_line_and_field(line: str, wanted: str) -> None:
    with pytest.raises(Mistakes) as mistakes:
        read_bytes(f"standard: x\n{line}\n".encode(), "my.yaml")
    assert wanted in str(mistakes.value)
    assert all(problem.line >= 1 for problem in mistakes.value.problems)


def test_a_house_may_have_a_ladder_of_its_own() -> None:
    told = b"""
standard: x
metrics: {shipping: {limit: 4%}}
ladder:
  from: {warning: 2, restrict: 6}
  lasts: {restrict: 3d}
  points_last: 90d
  warned: 5d
  person: {rung: restrict, points: 5, hour: 3}
"""
    ladder = read_bytes(told).ladder
    assert [ladder.rung(points).value for points in (1, 2, 6, 18)] == ["notice", "warning", "restrict", "hold_payout"]
    assert ladder.measure_until(Rung.RESTRICT, T0) == T0 + timedelta(days=3)
    assert (ladder.points_days, ladder.approve_rung, ladder.approve_points) == (90, Rung.RESTRICT, 5)
    assert (ladder.hour, ladder.day, ladder.warned_days) == (3, 100, 5), "what is not named stays the house's"
    records = World().ports.records("main")
    activate(records, read_bytes(told))
    assert active(records).ladder == ladder


def test_a_standard_needs_a_name() -> None:
    with pytest.raises(Mistakes, match="standard: found nothing, wanted its name"):
        read_bytes(b"metrics: {}\n")
