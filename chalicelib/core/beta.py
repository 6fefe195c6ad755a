"""The beta distribution in plain Python: its distribution function, its quantiles, and how unlikely a rate is.

The distribution function is the regularised incomplete beta function by its continued fraction (modified Lentz;
Abramowitz and Stegun 26.5.8). Good to twelve digits for parameters of some thousands, nine for a million, eight for
fifty million: what is lost is lost in the difference of large logarithms.
"""

import math
from functools import lru_cache

_TINY = 1e-300
_CLOSE = 1e-15
_ROUNDS = 20_000


def below(x: float, a: float, b: float) -> float:
    """P(X <= x) for X ~ Beta(a, b); a and b above 0. Raises ValueError."""
    if not (a > 0 and b > 0 and math.isfinite(a) and math.isfinite(b)):
        raise ValueError(f"found Beta({a}, {b}), wanted both above 0")
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    # The fraction converges fast on the near side of the mean only.
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _front(1 - x, b, a) * _fraction(1 - x, b, a)
    return _front(x, a, b) * _fraction(x, a, b)


@lru_cache(maxsize=65_536)
def over(x: float, a: float, b: float) -> float:
    """P(X > x) for X ~ Beta(a, b), exact where it is tiny too. Raises ValueError."""
    return below(1 - x, b, a)


@lru_cache(maxsize=65_536)
def quantile(p: float, a: float, b: float) -> float:
    """The x with P(X <= x) = p for X ~ Beta(a, b), to about 1e-12. Raises ValueError."""
    if not 0 <= p <= 1:
        raise ValueError(f"found the probability {p}, wanted 0 to 1")
    low, high = 0.0, 1.0
    x = a / (a + b)
    for _ in range(200):
        miss = below(x, a, b) - p
        if miss > 0:
            high = x
        else:
            low = x
        slope = _front(x, a, b) * a / (x * (1 - x)) if 0 < x < 1 else 0.0
        # Newton where it stays inside, halving where it does not.
        step = x - miss / slope if slope > _TINY else low - 1
        following = step if low < step < high else (low + high) / 2
        if abs(following - x) <= 1e-13 * max(following, 1e-12) or high - low <= 1e-16:
            return following
        x = following
    return x


def _front(x: float, a: float, b: float) -> float:
    logs = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(logs) / a


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, _floor(1 - (a + b) * x / (a + 1))
    d = 1 / d
    found = d
    for m in range(1, _ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _floor(1 + even * d)
        c = _floor(1 + even / c)
        found *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _floor(1 + odd * d)
        c = _floor(1 + odd / c)
        change = d * c
        found *= change
        if abs(change - 1) < _CLOSE:
            return found
    return found


def _floor(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
