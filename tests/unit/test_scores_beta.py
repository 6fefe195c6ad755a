"""The beta distribution against closed forms, exact fractions and its recurrence."""

import math
from fractions import Fraction

import pytest

from chalicelib.core.beta import below, over, quantile


@pytest.mark.parametrize(
    ("x", "a", "b", "wanted"),
    [
        (0.3, 1, 1, 0.3),  # uniform
        (0.3, 2, 1, 0.09),  # x ** a
        (0.3, 1, 2, 1 - 0.7**2),  # 1 - (1 - x) ** b
        (0.5, 7, 7, 0.5),  # symmetric
        (0.2, 0.5, 0.5, 2 / math.pi * math.asin(math.sqrt(0.2))),  # arcsine
        (0.0, 3, 4, 0.0),
        (1.0, 3, 4, 1.0),
        (-1.0, 3, 4, 0.0),
        (2.0, 3, 4, 1.0),
    ],
)
def test_closed_forms(x: float, a: float, b: float, wanted: float) -> None:
    assert below(x, a, b) == pytest.approx(wanted, abs=1e-14)


@pytest.mark.parametrize("a", [1, 2, 12, 60])
@pytest.mark.parametrize("b", [1, 9, 198, 900])
@pytest.mark.parametrize("x", ["0.0005", "0.02", "0.5", "0.97"])
def test_whole_parameters_against_exact_fractions(x: str, a: int, b: int) -> None:
    # P(Beta(a, b) > x) is P(at most a - 1 successes in a + b - 1 trials).
    rate, trials = Fraction(x), a + b - 1
    tail = sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(a))
    assert over(float(rate), a, b) == pytest.approx(float(tail), rel=1e-9, abs=1e-13)
    assert below(float(rate), a, b) == pytest.approx(float(1 - tail), rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(("a", "b"), [(0.1, 0.3), (0.5, 5000), (2.7, 198.3), (3000.5, 90_000.25), (41.9, 0.8)])
def test_broken_parameters_keep_to_the_recurrence(a: float, b: float) -> None:
    for x in (0.0001, 0.02, a / (a + b), 0.9):
        logs = math.lgamma(a + b) - math.lgamma(a + 1) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
        assert below(x, a, b) - below(x, a + 1, b) == pytest.approx(math.exp(logs), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(
    ("x", "a", "b", "wanted", "within"),
    [
        (0.02, 22, 1178, 0.686799970556806003, 1e-12),
        (0.0201, 2000, 98_000, 0.592015986794155278, 1e-9),
        (0.0201, 20_000, 980_000, 0.762821376346723903, 1e-9),
        (0.000001, 2, 2_000_000, 0.593994556296079302, 1e-9),
        (0.02003, 1_000_000, 49_000_000, 0.935089802015997218, 1e-8),
    ],
)
def test_large_parameters_against_forty_digits(x: float, a: float, b: float, wanted: float, within: float) -> None:
    # The density integrated with mpmath at forty digits, from sixteen deviations below the mean.
    assert below(x, a, b) == pytest.approx(wanted, abs=within)
    assert over(x, a, b) == pytest.approx(1 - wanted, abs=within)


def test_a_tiny_probability_is_not_lost_in_rounding() -> None:
    # (1 - x) ** b exactly
    assert over(0.2, 1, 200) == pytest.approx(0.8**200, rel=1e-10)


@pytest.mark.parametrize(("a", "b"), [(2, 198), (0.4, 30), (1500, 90_000), (1, 1), (60, 3)])
@pytest.mark.parametrize("p", [0.001, 0.025, 0.5, 0.975, 0.999])
def test_a_quantile_is_where_the_distribution_reaches_it(p: float, a: float, b: float) -> None:
    assert below(quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-10)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (-1, 2), (math.nan, 1), (math.inf, 1)])
def test_parameters_that_make_no_distribution_are_refused(a: float, b: float) -> None:
    with pytest.raises(ValueError, match="wanted both above 0"):
        below(0.5, a, b)


def test_a_probability_is_one() -> None:
    with pytest.raises(ValueError, match="wanted 0 to 1"):
        quantile(1.5, 2, 2)
