"""How sure the weights are of the features that speak of most calls: their covariance, kept for all tools together.

Such features say much of the same, so what one call teaches belongs to their weights together: a Gaussian over them
takes in each call as an extended Kalman filter does (online Bayesian logistic regression, Spiegelhalter and Lauritzen
1990). Only calls that are news make it narrower, so that the steps do not die out: what has changed is still learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from struct import pack, unpack
from typing import Final

import msgspec

from ..native import weights

#: The variance of a weight before anything was learned, and least share of a call's information that is news.
FIRST_VARIANCE: Final = 0.1
LEAST_NEWS: Final = weights.LEAST_NEWS
#: What is off by less than this is not worth the products of a step.
LEAST_ERROR: Final = weights.LEAST_ERROR


class Spread(msgspec.Struct, array_like=True):
    """See the module. The covariance is of the first so many features. Append fields only."""

    #: No longer written: the rows as they were kept once.
    unpacked: list[list[float]] = []
    #: Row after row in doubles, in the machine's byte order.
    packed: bytearray = msgspec.field(default_factory=bytearray)

    def __post_init__(self) -> None:
        if self.unpacked:
            self.packed = spread_of(self.unpacked).packed
            self.unpacked = []

    def __len__(self) -> int:
        return isqrt(len(self.packed) // 8)

    @property
    def rows(self) -> list[list[float]]:
        """The covariance."""
        size = len(self)
        found = unpack(f"{size * size}d", self.packed)
        return [list(found[size * row : size * (row + 1)]) for row in range(size)]

    def learn(self, values: list[float], x: list[float], error: float, information: float) -> bool:
        """Move the first weights in ``values`` after a call with features ``x``; whether the covariance changed.

        ``error`` is the derivative of the loss by the log-odds, ``information`` its second one.
        """
        return weights.descend_together(self.packed, values, x, error, information)

    def arranged(self, places: Sequence[int | None]) -> Spread:
        """The same of features that stood at other places; of those that stood at none, nothing is known."""
        rows = self.rows
        at = [place if place is not None and place < len(rows) else None for place in places]
        return spread_of([
            [
                rows[one][other] if one is not None and other is not None else FIRST_VARIANCE * (i == j)
                for j, other in enumerate(at)
            ]
            for i, one in enumerate(at)
        ])  # fmt: skip


def spread_of(rows: Sequence[Sequence[float]]) -> Spread:
    """A covariance of these rows, as many as columns."""
    return Spread(packed=bytearray(pack(f"{len(rows) ** 2}d", *[one for row in rows for one in row])))


def first_spread(squares: Sequence[float]) -> Spread:
    """A covariance for weights that took AdaGrad steps so far, from its sums: no larger steps than those it took."""
    size = len(squares)
    return spread_of(
        [[FIRST_VARIANCE / squares[i] ** 0.5 if i == j else 0.0 for j in range(size)] for i in range(size)]
    )
