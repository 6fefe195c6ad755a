"""Scores of small and large sellers: the table of the sheet on scoring, number for number, and what follows from it."""

from datetime import date, timedelta

import pytest

from chalicelib.core.scores import (
    NOTHING,
    Counts,
    Deciding,
    Decision,
    Exclusion,
    Grade,
    Grading,
    Metric,
    Prior,
    Score,
    Standing,
    Why,
    decide,
    fit,
    says,
    score,
    standing,
    wilson,
)

PRIOR = Prior(2, 198)
DAY = date(2026, 3, 2)


def scored(bad: float, n: float, buyers: int = 9, prior: Prior = PRIOR, limit: float = 0.02) -> Score:
    counts = Counts(n, bad, n)
    return score(Metric.DEFECT, counts, counts, prior, limit, 90, buyers)


@pytest.mark.parametrize(
    ("bad", "n", "low", "high", "mean", "printed", "p_over"),
    [
        # `p_over` is the exact binomial sum to four digits; two of the sheet's are off by one in the second.
        (0, 10, 0.0, 27.8, 0.95, 0.08, 0.0772),
        (1, 5, 3.6, 62.4, 1.46, 0.22, 0.2237),
        (2, 40, 1.4, 16.5, 1.67, 0.30, 0.2945),
        (5, 40, 5.5, 26.1, 2.92, 0.80, 0.7953),
        (20, 1000, 1.3, 3.1, 1.83, 0.31, 0.3132),
        (30, 1000, 2.1, 4.3, 2.67, 0.94, 0.9348),
    ],
)
def test_the_table(bad: int, n: int, low: float, high: float, mean: float, printed: float, p_over: float) -> None:
    found = scored(bad, n)
    wide = wilson(bad, n)
    assert (round(wide[0] * 100, 1), round(wide[1] * 100, 1)) == (low, high)
    assert round(found.mean * 100, 2) == mean
    assert round(found.p_over, 4) == p_over
    assert abs(found.p_over - printed) < 0.006


@pytest.mark.parametrize(
    ("bad", "n", "buyers", "wanted", "why"),
    [
        (0, 10, 0, Decision.NONE, "nothing happened"),
        (1, 5, 1, Decision.NONE, "one defect in five: Wilson alone would punish it"),
        (2, 40, 2, Decision.NONE, "a raw rate of 5 %"),
        (5, 40, 5, Decision.WARN, "more likely over than not"),
        (20, 1000, 20, Decision.NONE, "exactly at the limit"),
        (30, 1000, 30, Decision.ACT, "surely over"),
        (30, 1000, 5, Decision.ACT, "enough buyers"),
        (30, 1000, 4, Decision.WARN, "one buyer too few: thirty complaints of four people"),
    ],
)
def test_what_the_table_allows(bad: int, n: int, buyers: int, wanted: Decision, why: str) -> None:
    assert says(scored(bad, n, buyers), Deciding()) is wanted, why


def test_a_raw_limit_would_have_punished_what_the_interval_does_not_support() -> None:
    assert wilson(1, 5)[0] > 0.02
    assert scored(1, 5).lower < 0.02


W, A, N = Decision.WARN, Decision.ACT, Decision.NONE


@pytest.mark.parametrize(
    ("latest", "wanted", "why"),
    [
        ([], N, "nothing known"),
        ([A], W, "a reason to act that stands for a day is a warning"),
        ([A, A], W, ""),
        ([A, A, A], A, "it stood for three days"),
        ([A, W, A], W, "not in a row"),
        ([W, A, A, A], A, "what was before does not count"),
        ([A, A, A, W], W, "it does not stand any more"),
        ([A, A, A, N], N, "the last word counts"),
        ([W], W, "a warning needs one day"),
    ],
)
def test_a_reason_to_act_must_stand(latest: list[Decision], wanted: Decision, why: str) -> None:
    assert decide(latest, Deciding(days=3)) is wanted, why


def test_the_interval_holds_the_mean_and_narrows() -> None:
    small, large = scored(2, 40), scored(50, 1000)
    assert small.lower < small.mean < small.upper
    assert large.upper - large.lower < small.upper - small.lower


def test_weights_leave_the_rate_and_lower_the_effective_number() -> None:
    fresh, old = Counts(10, 1, 10), Counts(10, 1, 10).times(0.5)
    both = fresh + old
    assert both.rate == pytest.approx(0.1)
    # (10 + 5)^2 / (10 + 10 / 4)
    assert both.effective == pytest.approx(18.0)
    assert Counts(20, 2, 20).effective == 20


def test_no_history_is_no_rate_and_the_prior_stands() -> None:
    found = score(Metric.DEFECT, NOTHING, NOTHING, PRIOR, 0.02, 90)
    assert (NOTHING.rate, NOTHING.effective) == (None, 0.0)
    assert found.mean == pytest.approx(0.01)
    assert says(found, Deciding()) is Decision.NONE


def test_it_is_judged_on_the_protected_value_and_shows_both() -> None:
    found = score(Metric.DELIVERY, Counts(100, 40, 100), Counts(60, 1, 60), Prior.of(0.05, 40), 0.1, 90, 1)
    assert (found.n, found.bad, found.real.bad, found.protected.bad) == (60, 1, 40, 1)
    assert found.p_over < 0.1


# ---- what is usual ----


def test_a_prior_is_found_again_in_what_it_made() -> None:
    # Sellers of 400 orders with rates spread as Beta(3, 97) spreads them: its quantiles at even steps.
    from chalicelib.core.beta import quantile

    rates = [quantile((k + 0.5) / 200, 3, 97) for k in range(200)]
    found = fit([(400, 400 * rate) for rate in rates])
    assert found is not None
    assert found.mean == pytest.approx(0.03, rel=0.02)
    # No chance between order and order was drawn, so a little less than all of the spread is told from chance.
    assert 100 < found.strength < 160


@pytest.mark.parametrize(
    ("sellers", "mean", "strength", "why"),
    [
        ([(50.0, 1.0)] * 30, 0.02, 2000, "all alike: no more sure than the strongest"),
        ([(50.0, 0.0)] * 30, 0.5 / 1501, 2000, "nobody ever failed: not impossible"),
        ([(50.0, 50.0)] * 30, 1500.5 / 1501, 2000, "everybody always failed"),
        ([(50.0, 0.0), (50.0, 50.0)] * 15, 0.5, 20, "as different as can be: no less sure than the weakest"),
    ],
)
def test_priors_stay_proper(sellers: list[tuple[float, float]], mean: float, strength: float, why: str) -> None:
    found = fit(sellers)
    assert found is not None
    assert found.mean == pytest.approx(mean), why
    assert found.strength == pytest.approx(strength), why


def test_too_few_sellers_make_no_prior() -> None:
    assert fit([(50, 1)] * 19 + [(0, 0)] * 5) is None


def test_a_bad_category_convicts_nobody() -> None:
    fair = Prior.of(0.3, 100).fair(0.02)
    assert fair.mean == pytest.approx(0.01)
    assert Prior.of(0.004, 100).fair(0.02) == Prior.of(0.004, 100)


# ---- exclusions ----

STRIKE = Exclusion(
    "strike", Why.CARRIER, DAY, DAY + timedelta(days=3), frozenset({Metric.DELIVERY}), frozenset(), frozenset({"dhl"})
)


@pytest.mark.parametrize(
    ("metric", "day", "carrier", "wanted"),
    [
        (Metric.DELIVERY, DAY, "dhl", True),
        (Metric.DELIVERY, DAY + timedelta(days=3), "dhl", True),
        (Metric.DELIVERY, DAY + timedelta(days=4), "dhl", False),
        (Metric.DELIVERY, DAY - timedelta(days=1), "dhl", False),
        (Metric.DELIVERY, DAY, "ups", False),
        (Metric.DELIVERY, DAY, "", False),
        (Metric.SHIPPING, DAY, "dhl", False),
    ],
)
def test_an_exclusion_covers_what_it_names(metric: Metric, day: date, carrier: str, wanted: bool) -> None:
    assert STRIKE.covers("shop-1:s-1", metric, day, carrier) is wanted


def test_a_suspicion_lapses() -> None:
    suspicion = Exclusion("brush", Why.BRUSHING, DAY, DAY, lapses=DAY + timedelta(days=30))
    assert suspicion.holds(DAY + timedelta(days=29))
    assert not suspicion.holds(DAY + timedelta(days=30))
    assert STRIKE.holds(DAY + timedelta(days=4000))


# ---- grades ----


def graded(held: Grade, p: float, n: float = 300, buyers: int = 9, bad: float = 9) -> Grade:
    one = scored(bad, n, buyers)
    from dataclasses import replace

    after = standing(
        Standing(held), {Metric.DEFECT: replace(one, p_over=p)}, Deciding(), Grading(), DAY
    )  # fmt: skip
    return after.grade


@pytest.mark.parametrize(
    ("held", "p", "wanted", "why"),
    [
        (Grade.B, 0.01, Grade.A, "clearly good"),
        (Grade.B, 0.045, Grade.B, "good, within the margin: no flicker upwards"),
        (Grade.A, 0.045, Grade.A, "and none downwards"),
        (Grade.A, 0.051, Grade.B, "down at once"),
        (Grade.A, 0.95, Grade.E, "as far as it takes"),
        (Grade.E, 0.89, Grade.E, "not yet out of it"),
        (Grade.E, 0.71, Grade.D, "past the margin"),
        (Grade.D, 0.45, Grade.D, "not yet out of it"),
        (Grade.D, 0.39, Grade.C, ""),
        (Grade.C, 0.17, Grade.C, ""),
        (Grade.C, 0.15, Grade.B, ""),
        (Grade.E, 0.01, Grade.A, "a verdict that healed heals the grade"),
    ],
)
def test_grades_move_with_hysteresis(held: Grade, p: float, wanted: Grade, why: str) -> None:
    assert graded(held, p) is wanted, why


def test_an_a_is_earned_by_orders_and_an_e_needs_buyers() -> None:
    assert graded(Grade.B, 0.01, n=20) is Grade.B
    assert graded(Grade.A, 0.01, n=20) is Grade.B
    assert graded(Grade.B, 0.99, buyers=4) is Grade.D


def test_a_metric_that_decides_for_itself_is_graded_by_its_own() -> None:
    strict, lenient = Deciding(buyers=6), Deciding(buyers=3)
    cases = ((strict, 5, Grade.D), (strict, 6, Grade.E), (lenient, 3, Grade.E), (lenient, 2, Grade.D))
    for own, buyers, wanted in cases:
        scores, ruled = {Metric.DEFECT: scored(40, 400, buyers)}, {Metric.DEFECT: own}
        found = standing(Standing(), scores, Deciding(), Grading(), DAY, ruled)
        assert found.grade is wanted, f"{buyers} of {own.buyers} buyers"


def test_the_worst_metric_counts() -> None:
    good, bad = scored(0, 400), scored(40, 400)
    after = standing(Standing(), {Metric.DEFECT: good, Metric.REVIEW: bad}, Deciding(), Grading(), DAY)
    assert after.grade is Grade.E


def test_trust_is_earned_by_time_and_lost_with_the_grade() -> None:
    held, good = Standing(), {Metric.DEFECT: scored(0, 400)}
    for day in range(91):
        held = standing(held, good, Deciding(), Grading(), DAY + timedelta(days=day))
        assert held.trusted is (day == 90)
    assert (held.grade, held.since) == (Grade.A, DAY)
    fallen = standing(held, {Metric.DEFECT: scored(7, 400)}, Deciding(), Grading(), DAY + timedelta(days=91))
    assert (fallen.grade > Grade.A, fallen.trusted, fallen.since) == (True, False, DAY + timedelta(days=91))
