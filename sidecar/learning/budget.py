"""The false-prevention budget: how sure a prevention must be so that few successes are prevented.

Per histogram bin of the log-odds of failure it counts the successes that scored there: by label where the call was
made, by expectation (1 − p) where it was prevented. Preventing everything at or above a score then costs the share of
successes at or above it, and a score may prevent while that share stays within the budget. A plain threshold on p
would trust the calibration of a model that is still learning; this trusts what happened.
"""

from __future__ import annotations

from math import exp
from typing import Final

import msgspec

#: Bins of log-odds, from ``LOWEST`` upwards; the last one is open.
BINS: Final = 48
BIN_WIDTH: Final = 0.125
LOWEST: Final = -1.0
#: Never prevent a call that is less likely to fail than this, whatever the budget would allow: log-odds of 0.27.
FLOOR: Final = -1.0
#: What part of the budget is aimed at: what was counted is a sample of what will come, and 1 % is a promise.
UTILISATION: Final = 0.97
#: Successes that are granted before any was seen, overall and to a new tool.
GRACE_OVERALL: Final = 38.0
GRACE_TOOL: Final = 1_000.0
#: A call counts with its own expected success, this many times: while little was seen, only the surest are prevented.
CAUTION: Final = 4.5
#: The limit is corrected by what was allowed over what was spent, as if both had been more by ``STEADINESS`` successes;
#: at most by ``CORRECTION`` either way.
CORRECTION: Final = 3.0
STEADINESS: Final = 5.0
#: Beyond this many successes, old ones are forgotten by halves.
_HORIZON: Final = 2_000.0
_SPENT_HORIZON: Final = 20_000.0
#: The share of successes that may be prevented, where nothing else is said.
DEFAULT_BUDGET: Final = 0.01


class Budget(msgspec.Struct, array_like=True):
    """Successes by score, from ``LOWEST`` upwards in steps of ``BIN_WIDTH``, and over all calls."""

    bins: list[float] = msgspec.field(default_factory=lambda: [0.0] * BINS)
    total: float = 0.0
    #: Successes that were prevented or would have been, and all, over a longer time.
    spent: float = 0.0
    seen: float = 0.0

    def spend(self, score: float, success: float, *, prevented: bool = False) -> None:
        """Count a call that scored ``score`` and succeeded with certainty or expectation ``success``."""
        if score >= LOWEST:
            self.bins[bin_of(score)] += success
        self.total += success
        if self.total > _HORIZON:
            self.total *= 0.5
            self.bins = [count * 0.5 for count in self.bins]
        self.seen += success
        if prevented:
            self.spent += success
        if self.seen > _SPENT_HORIZON:
            self.seen *= 0.5
            self.spent *= 0.5

    def above(self, score: float) -> float:
        """Successes that scored at least as high as ``score``'s bin."""
        return sum(self.bins[bin_of(score) :])

    def correction(self, limit: float) -> float:
        """What to multiply the limit by: scores move on, so what was counted long ago says too much or too little."""
        factor = (limit * self.seen + STEADINESS) / (self.spent + STEADINESS)
        return max(1.0 / CORRECTION, min(CORRECTION, factor))


def bin_of(score: float) -> int:
    """The bin of a score that is at least ``LOWEST``."""
    return min(BINS - 1, int((score - LOWEST) / BIN_WIDTH))


def within(score: float, budget: float, overall: Budget, tool: Budget | None) -> bool:
    """Whether preventing everything that scores at least ``score`` keeps to ``budget``, overall and for the tool."""
    if score < FLOOR:
        return False
    limit = budget * UTILISATION
    own = CAUTION / (1.0 + exp(score))
    if overall.above(score) + own > limit * overall.correction(limit) * (overall.total + GRACE_OVERALL):
        return False
    return tool is None or tool.above(score) + own <= limit * tool.correction(limit) * (tool.total + GRACE_TOOL)
