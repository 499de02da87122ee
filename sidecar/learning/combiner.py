"""One calibrated probability from all detectors: online logistic regression, one step per recorded call.

The log-odds of failure are the features' weighted sum, with weights for all tools and small offsets per tool, so that
what was learned on one tool helps the next and each can still differ. Weights take AdaGrad steps on the log loss
(Duchi, Hazan, Singer 2011), the first ones together as far as their covariance is kept, see ``spread.py``. Calls are
judged before they are learned from (prequential), which keeps the probabilities calibrated without a second pass.
"""

from __future__ import annotations

from typing import Final

from ..native import weights
from .spread import Spread
from .tool_model import Model

#: Log-odds are kept within this, p in [0.0003, 0.9997].
SCORE_LIMIT: Final = 8.0


def descend(
    overall: Model,
    own: Model,
    x: list[float],
    p: float,
    failed: bool,
    weight: float = 1.0,
    spread: Spread | None = None,
) -> bool:
    """One step of the log loss after a call with features ``x`` was given ``p`` and failed or not.

    Whether ``spread`` changed, which is the covariance of the first of the weights for all tools.
    """
    error = weight * (p - (1.0 if failed else 0.0))
    if -0.001 < error < 0.001:
        return False
    return weights.descend(
        overall.values, overall.squares, own.values, own.squares, x, error,
        spread.packed if spread is not None else None, weight * p * (1.0 - p),
    )  # fmt: skip
