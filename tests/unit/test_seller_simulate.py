"""The rule that decides, on sellers whose true rate is known; the full numbers are `redress sellers simulate`."""

import json
from dataclasses import replace

import pytest

from chalicelib.cli.main import main
from chalicelib.core.beta import over
from chalicelib.core.scores import Deciding, Metric
from chalicelib.core.standards import Measure, Usual
from chalicelib.sellers.simulate import Outcome, Plan, Promise, Simulation
from chalicelib.sellers.standard import read_file
from tests.support import seller_tables

HOUSE = read_file("house")
PLAN = Plan(
    Measure(Metric.SHIPPING, 0.02, matures=10, deciding=HOUSE.deciding), HOUSE.usual, sellers=600, seed=3,
    warned=HOUSE.ladder.warned_days,
)  # fmt: skip


def test_the_house_rule_keeps_its_promise_on_twenty_thousand_of_each_kind() -> None:
    simulation = Simulation(replace(PLAN, sellers=20_000, seed=1))
    good, bad = simulation.run(0.01), simulation.run(0.06)
    assert Promise().broken(good, bad) == []
    # The figures of the page are those of this code.
    told = json.loads(seller_tables.RULE.read_text(encoding="utf-8"))
    (held,) = [one for one in told["rules"] if one["rule"] == told["chosen"]]
    for drawn, kind in ((good, held["kinds"][0]), (bad, held["kinds"][-1])):
        for day, shares in kind["curve"].items():
            assert shares == {"warned": drawn.share_warned(int(day)), "penalised": drawn.share_penalised(int(day))}


def test_several_rules_are_tried_on_the_same_sellers() -> None:
    small, rules = replace(PLAN, sellers=60), [Deciding(days=1), Deciding(days=5), Deciding(act=0.95, days=1)]
    together = Simulation(small).compare(0.04, rules)
    alone = [Simulation(replace(small, measure=replace(PLAN.measure, deciding=rule))).run(0.04) for rule in rules]
    assert together == alone


def test_a_reason_that_must_stand_spares_sellers_at_the_limit() -> None:
    def penalised(days: int) -> float:
        measure = replace(PLAN.measure, deciding=replace(HOUSE.deciding, days=days))
        return Simulation(replace(PLAN, measure=measure)).run(0.02).share_penalised(365)

    assert penalised(10) < penalised(5) < penalised(1)


def test_sellers_are_drawn_alike_from_one_seed_and_not_from_another() -> None:
    small = replace(PLAN, sellers=50)
    assert Simulation(small).run(0.04) == Simulation(small).run(0.04)
    assert Simulation(small).run(0.04) != Simulation(replace(small, seed=4)).run(0.04)


def test_nobody_is_judged_before_anything_matured_nor_without_a_failure() -> None:
    surely = Simulation(replace(PLAN, sellers=20, days=40)).run(0.9)
    assert min(day for day in surely.warned if day) > 10
    assert all(day is not None for day in surely.penalised)
    # Seven in a hundred thousand: of 20 sellers with 800 orders nobody fails often enough to be warned.
    assert set(Simulation(replace(PLAN, sellers=20)).run(0.000001).warned) == {None}


def test_a_standing_reason_takes_its_days() -> None:
    plan = replace(PLAN, sellers=30, days=60, warned=0)
    first = Simulation(replace(plan, measure=replace(PLAN.measure, deciding=Deciding(days=1)))).run(0.5)
    stood = Simulation(replace(plan, measure=replace(PLAN.measure, deciding=Deciding(days=5)))).run(0.5)
    assert [day + 4 for day in first.penalised if day] == stood.penalised


def test_a_warning_must_have_stood_before_anybody_is_penalised() -> None:
    surely = Simulation(replace(PLAN, sellers=30, days=60, warned=20)).run(0.5)
    for warned, penalised in zip(surely.warned, surely.penalised, strict=True):
        assert warned is not None and penalised == warned + 20


def test_what_is_promised() -> None:
    good, bad = Outcome(0.01, [None] * 1000, [None] * 1000), Outcome(0.06, [50] * 10, [120] * 10)
    assert Promise().broken(good, bad) == []
    spoilt = Outcome(0.01, [None] * 1000, [300, *[None] * 999])
    late = Outcome(0.06, [61, 61, *[50] * 8], [121, None, *[90] * 8])
    assert Promise().broken(spoilt, late) == [
        "0.10% of the good sellers were penalised",
        "80.0% of the bad sellers were warned by 60 d",
        "80.0% of the bad sellers were penalised by 120 d",
    ]


def test_the_command_prints_the_curve_and_fails_where_the_promise_breaks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["sellers", "simulate", "--sellers", "200", "--limit", "0.05", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    (rule,) = said["rules"]
    assert [one["of_limit"] for one in rule["kinds"]] == [0.5, 0.75, 1.0, 1.5, 2.0, 3.0]
    assert rule["kinds"][-1]["curve"]["365"] == {"warned": 1.0, "penalised": 1.0}
    # Rare failures of sellers who sell little: nobody can tell them apart in four months.
    assert main(["sellers", "simulate", "--sellers", "100", "--limit", "0.002", "--per-week", "5"]) == 1
    assert "does not keep its promise" in capsys.readouterr().err


def test_a_wrong_standard_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sellers", "simulate", "--standard", "no-such"]) == 2
    assert "no-such" in capsys.readouterr().err


@pytest.mark.parametrize("limit", [0.003, 0.02, 0.1])
def test_the_usual_prior_is_about_equally_sure_at_every_limit(limit: float) -> None:
    prior = Usual().prior(limit)
    assert prior.alpha == pytest.approx(2)
    assert prior.mean == pytest.approx(limit / 2)
    assert 0.07 < over(limit, prior.alpha, prior.beta) < 0.1
