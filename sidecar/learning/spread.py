"""How sure the weights are of the features that speak of most calls: their covariance, kept for all tools together.

Such features say much of the same, so what one call teaches belongs to their weights together: a Gaussian over them
takes in each call as an extended Kalman filter does (online Bayesian logistic regression, Spiegelhalter and Lauritzen
1990). Only calls that are news make it narrower, so that the steps do not die out: what has changed is still learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import Final

import msgspec

#: The variance of a weight before anything was learned, and least share of a call's information that is news.
FIRST_VARIANCE: Final = 0.1
LEAST_NEWS: Final = 0.02
#: What is off by less than this is not worth the products of a step.
LEAST_ERROR: Final = 0.003


class Spread(msgspec.Struct, array_like=True):
    """See the module. ``rows`` is the covariance, of the first so many features. Append fields only."""

    rows: list[list[float]]

    def learn(self, values: list[float], x: Sequence[float], error: float, information: float) -> bool:
        """Move the first weights in ``values`` after a call with features ``x``; whether the covariance changed.

        ``error`` is the derivative of the loss by the log-odds, ``information`` its second one.
        """
        if -LEAST_ERROR < error < LEAST_ERROR:
            return False
        rows, size = self.rows, len(self.rows)
        spoken = x[:size]
        along = [sum(map(mul, row, spoken)) for row in rows]
        news = information * sum(map(mul, along, spoken))
        step = error / (1.0 + news)
        values[:size] = [value - step * part for value, part in zip(values, along, strict=False)]
        if news < LEAST_NEWS:
            return False
        share = information / (1.0 + news)
        self.rows = [
            [old - scale * part for old, part in zip(row, along, strict=False)]
            for row, scale in zip(rows, [share * part for part in along], strict=False)
        ]
        return True

    def arranged(self, places: Sequence[int | None]) -> Spread:
        """The same of features that stood at other places; of those that stood at none, nothing is known."""
        known = len(self.rows)
        at = [place if place is not None and place < known else None for place in places]
        return Spread([
            [
                self.rows[one][other] if one is not None and other is not None else FIRST_VARIANCE * (i == j)
                for j, other in enumerate(at)
            ]
            for i, one in enumerate(at)
        ])  # fmt: skip


def first_spread(squares: Sequence[float]) -> Spread:
    """A covariance for weights that took AdaGrad steps so far, from its sums: no larger steps than those it took."""
    size = len(squares)
    return Spread([[FIRST_VARIANCE / squares[i] ** 0.5 if i == j else 0.0 for j in range(size)] for i in range(size)])
