"""The few statistics that evidence needs: pure functions on counts. Intervals are in ``knowledge/intervals.py``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..learning.evidence import beta_cdf


class Association(NamedTuple):
    """How two things go together: ``lift`` is 1 and ``leverage`` 0 where they have nothing to do with each other.

    ``leverage`` is the share of all cases that has both beyond what chance would give (Piatetsky-Shapiro 1991).
    """

    support: float
    lift: float
    leverage: float
    p_value: float


def association(both: int, left: int, right: int, total: int) -> Association:
    """Of two things with so many cases each, so many together, out of ``total`` (at least 1, as each of the others)."""
    support = both / total
    expected = (left / total) * (right / total)
    return Association(support, support / expected, support - expected, fisher_greater(both, left, right, total))


def fisher_greater(both: int, left: int, right: int, total: int) -> float:
    """Fisher's exact test, one-sided: how probable at least ``both`` together are by chance (Fisher 1935)."""
    highest = min(left, right)
    lowest = max(0, left + right - total)
    if both <= lowest:
        return 1.0
    whole = _log_choose(total, right)
    terms = [
        _log_choose(left, count) + _log_choose(total - left, right - count) - whole
        for count in range(both, highest + 1)
    ]
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def benjamini_hochberg(p_values: Sequence[float], tests: int = 0) -> list[float]:
    """P-values corrected for the number of tests, so that those below α hold a share of at most α that is false.

    Benjamini and Hochberg 1995. ``tests``: how many there were, where those that are not given would have had 1.
    """
    number = max(tests, len(p_values))
    order = sorted(range(len(p_values)), key=lambda place: p_values[place], reverse=True)
    corrected = [1.0] * len(p_values)
    least = 1.0
    for above, place in enumerate(order):
        rank = len(p_values) - above
        least = min(least, p_values[place] * number / rank)
        corrected[place] = least
    return corrected


def more_than(part: int, out_of: int, share: float) -> float:
    """The probability that a true share is above ``share``, after ``part`` of ``out_of``, all shares alike before."""
    return 1.0 - less_than(part, out_of, share)


def less_than(part: int, out_of: int, share: float) -> float:
    """The probability that a true share is below ``share``; see ``more_than``."""
    return beta_cdf(share, part + 1.0, out_of - part + 1.0)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)
