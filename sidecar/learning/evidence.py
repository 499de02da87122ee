"""How sure counts of failures and successes make us.

The posterior of a failure rate under a Beta prior is closed-form (``Counted.mean``); its interval is computed two
ways: ``wilson`` (cheap, for decisions; Wilson 1927) and ``credible`` (exact quantiles of the
Beta posterior by bisection on the regularised incomplete beta function, for people; continued fraction after
Numerical Recipes 6.4). Both are tested against scipy.
"""

from __future__ import annotations

from math import exp, lgamma, log
from typing import Final

from ..model.decision import Interval
from ..native import weights
from ..native.weights import logit

__all__ = ["beta_cdf", "beta_quantile", "credible", "logit", "sigmoid", "wilson"]

_CONFIDENCE: Final = 0.9


def sigmoid(z: float) -> float:
    """The probability whose log-odds are ``z``."""
    if z >= 0.0:
        return 1.0 / (1.0 + exp(-z))
    e = exp(z)
    return e / (1.0 + e)


def wilson(p: float, n: float) -> Interval:
    """The 90 % score interval of a rate ``p`` seen over ``n`` (possibly fractional) observations."""
    low, high = weights.wilson(p, n)
    return Interval(low, high, _CONFIDENCE)


def credible(successes: float, failures: float) -> Interval:
    """The central 90 % interval of the failure rate under a Jeffreys prior, Beta(failures + ½, successes + ½)."""
    a, b = failures + 0.5, successes + 0.5
    tail = (1.0 - _CONFIDENCE) / 2.0
    return Interval(beta_quantile(tail, a, b), beta_quantile(1.0 - tail, a, b), _CONFIDENCE)


def beta_quantile(q: float, a: float, b: float) -> float:
    """The value below which a Beta(a, b) variable lies with probability ``q``, to 1e-9."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2.0
        if beta_cdf(middle, a, b) < q:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(x, a, b) / a
    return 1.0 - front * _continued_fraction(1.0 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method for the continued fraction of the incomplete beta function."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    h = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for numerator in (even, odd):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + numerator / c
            c = c if abs(c) > tiny else tiny
            h *= d * c
        if abs(d * c - 1.0) < 1e-12:
            break
    return h
