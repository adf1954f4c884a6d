"""Quantiles: of the gamma and the beta distribution, for upper bounds on rates and shares.

The distribution functions are the regularised incomplete gamma and beta functions, by the series
and continued fractions of Abramowitz and Stegun (6.5.29, 6.5.31, 26.5.8); a quantile is found by
bisection, which needs no derivative and cannot run away.
"""

from collections.abc import Callable
from functools import lru_cache
from math import exp, isfinite, lgamma, log, log1p
from typing import Final

_STEPS: Final = 200
"""Terms at most: enough wherever the detectors ask."""
_CLOSE: Final = 1e-13
_FINE: Final = 1e-9
_TINY: Final = 1e-300
_KEPT: Final = 4096
"""Quantiles remembered: most of a site's clients have done alike, nothing, for equally long."""


@lru_cache(_KEPT)
def gamma_quantile(share: float, shape: float, rate: float) -> float:
    """Value below which a gamma variable (mean shape / rate) stays with probability `share`."""
    assert 0 < share < 1
    assert shape > 0
    assert rate > 0
    top = max(1.0, shape)
    while gamma_cdf(top, shape) < share:
        top *= 2
    return _bisect(lambda x: gamma_cdf(x, shape), share, top) / rate


@lru_cache(_KEPT)
def beta_quantile(share: float, a: float, b: float) -> float:
    """Value below which a beta variable (mean a / (a + b)) stays with probability `share`."""
    assert 0 < share < 1
    assert a > 0
    assert b > 0
    return _bisect(lambda x: beta_cdf(x, a, b), share, 1.0)


def share_bound(successes: float, trials: float, confidence: float) -> float:
    """Clopper and Pearson's upper confidence bound for a share."""
    if successes >= trials:
        return 1.0
    return beta_quantile(confidence, successes + 1, trials - successes)


def gamma_cdf(x: float, shape: float) -> float:
    """Probability that a gamma variable of rate 1 is at most `x`."""
    if x <= 0:
        return 0.0
    scale = exp(shape * log(x) - x - lgamma(shape))
    if x < shape + 1:
        return scale * _gamma_series(x, shape)
    return 1 - scale / _gamma_fraction(x, shape)


def beta_cdf(x: float, a: float, b: float) -> float:
    """Probability that a beta variable is at most `x`."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)
    scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return scale / a / _beta_fraction(x, a, b)


def _gamma_series(x: float, shape: float) -> float:
    term = total = 1 / shape
    n = shape
    while term > total * _CLOSE:
        n += 1
        term *= x / n
        total += term
    return total


def _gamma_fraction(x: float, shape: float) -> float:
    """Evaluate the fraction x + 1 - a - 1(1 - a) / (x + 3 - a - 2(2 - a) / (x + 5 - a - ...))."""
    return _fraction(x + 1 - shape, lambda n: (n * (shape - n), x + 1 - shape + 2 * n))


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Evaluate the fraction 1 + d1 / (1 + d2 / (1 + ...))."""

    def term(n: int) -> tuple[float, float]:
        m, is_odd = divmod(n, 2)
        if is_odd:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1.0
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), 1.0

    return _fraction(1.0, term)


def _fraction(first: float, term: Callable[[int], tuple[float, float]]) -> float:
    """Evaluate first + a1 / (b1 + a2 / (b2 + ...)) by Lentz's method; `term(n)` is (an, bn)."""
    value = ratio = first or _TINY
    inverse = 0.0
    for n in range(1, _STEPS):
        numerator, denominator = term(n)
        inverse = 1 / (denominator + numerator * inverse or _TINY)
        ratio = denominator + numerator / ratio or _TINY
        value *= ratio * inverse
        if abs(ratio * inverse - 1) < _CLOSE:
            break
    assert isfinite(value)
    return value


def _bisect(rising: Callable[[float], float], target: float, top: float) -> float:
    low, high = 0.0, top
    while high - low > _FINE * high:
        middle = (low + high) / 2
        if rising(middle) < target:
            low = middle
        else:
            high = middle
    return high
