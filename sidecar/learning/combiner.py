"""One calibrated probability from all detectors: online logistic regression, one step per recorded call.

The log-odds of failure are the features' weighted sum, with weights for all tools and small offsets per tool, so that
what was learned on one tool helps the next and each can still differ. Weights take AdaGrad steps on the log loss
(Duchi, Hazan, Singer 2011), the first ones together as far as their covariance is kept, see ``spread.py``. Calls are
judged before they are learned from (prequential), which keeps the probabilities calibrated without a second pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .spread import Spread
from .tool_model import Model

STEP_OVERALL: Final = 0.15
STEP_TOOL: Final = 0.02
#: Offsets are pulled back to zero by this share of a step, so that they stay small unless they earn it.
OFFSET_DECAY: Final = 0.002
#: Log-odds are kept within this, p in [0.0003, 0.9997].
SCORE_LIMIT: Final = 8.0


def descend(
    overall: Model,
    own: Model,
    x: Sequence[float],
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
    values, squares = overall.values, overall.squares
    offsets, own_squares = own.values, own.squares
    together, changed = 0, False
    if spread is not None:
        together = len(spread.rows)
        changed = spread.learn(values, x, error, weight * p * (1.0 - p))
    for i, feature in enumerate(x):
        if feature:
            gradient = error * feature
            square = gradient * gradient
            if i >= together:
                squares[i] += square
                values[i] -= STEP_OVERALL * gradient / squares[i] ** 0.5
            own_squares[i] += square
            offsets[i] -= STEP_TOOL * gradient / own_squares[i] ** 0.5 + OFFSET_DECAY * STEP_TOOL * offsets[i]
    return changed
