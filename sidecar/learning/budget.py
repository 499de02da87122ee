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

from ..native import budgets

#: Bins of log-odds, from ``LOWEST`` upwards; the last one is open.
BINS: Final = budgets.BINS
BIN_WIDTH: Final = budgets.BIN_WIDTH
LOWEST: Final = budgets.LOWEST
#: Never prevent a call that is less likely to fail than this, whatever the budget would allow: log-odds of 0.27.
FLOOR: Final = -1.0
#: What part of the budget is aimed at: what was counted is a sample of what will come, and 1 % is a promise.
UTILISATION: Final = 0.95
#: Successes that are granted before any was seen, overall and to a new tool: where all tools together leave some of the
#: budget over, a tool is granted as many times more.
GRACE_OVERALL: Final = 45.0
GRACE_TOOL: Final = 1_000.0
#: A call counts with its own expected success, this many times: while little was seen, only the surest are prevented.
CAUTION: Final = 4.0
#: The limit is corrected by what was allowed over what was spent, at most by ``CORRECTION`` either way. Where more was
#: spent, as if both had been more by ``STEADINESS`` successes. Where less was, by ``PATIENCE``, and by a power: else a
#: model that gets better would leave a fifth of the budget unspent, because what once scored high still counts.
CORRECTION: Final = 3.0
STEADINESS: Final = 5.0
PATIENCE: Final = 10.0
EAGERNESS: Final = 4
#: Far out, where calls are prevented, a learned probability is too sure of itself. Before trials tell, this many times
#: the expected successes are booked for a call that was not made; that is worth so many expected successes of trials.
#: At most that many times, and no less than its inverse. Trials fade with preventions.
DOUBT: Final = 2.2
DOUBT_STRENGTH: Final = 1.0
MOST_DOUBT: Final = 8.0
#: After so many expected successes of trials guesses count for half as what was seen, where the limit is loosened.
TESTED: Final = 20.0
#: What further tries of one call add to what it was booked with: at most that many times as much; and how many expected
#: successes it takes to believe it.
MOST_AGAIN: Final = 1.0
AGAIN_STRENGTH: Final = 3.0
#: From which probability of failure a call that is made tells how far the model is off; what is assumed before any
#: did, and how many expected successes that is worth. They fade with calls of that sort.
NEAR: Final = 0.8
NEAR_DOUBT: Final = 1.5
NEAR_STRENGTH: Final = 2.0
#: Where near calls succeed less often than expected the model's log-odds are too small, and further out, where they are
#: twice as large, it is off by the square. That is believed as far as trials would find out if it were no longer so:
#: with so many expected successes of trials by half.
NEAR_TRIALS: Final = 0.3
_NEAR_KEPT: Final = 0.998
_TRIALS_KEPT: Final = 0.9995
#: Beyond this many successes, old ones are forgotten by halves.
_HORIZON: Final = budgets.HORIZON
_SPENT_HORIZON: Final = budgets.SPENT_HORIZON
#: The share of successes that may be prevented, where nothing else is said.
DEFAULT_BUDGET: Final = 0.01


class Budget(msgspec.Struct, array_like=True):
    """Successes by score, from ``LOWEST`` upwards in steps of ``BIN_WIDTH``, and over all calls."""

    bins: list[float] = msgspec.field(default_factory=lambda: [0.0] * BINS)
    total: float = 0.0
    #: Successes that were prevented or would have been, and all, over a longer time.
    spent: float = 0.0
    seen: float = 0.0
    #: Of calls that were to be prevented and were made all the same: successes that were expected, and that came.
    tried: float = 0.0
    came: float = 0.0
    #: Expected successes of calls that were not made, in the long run and by score like ``bins``; empty before any.
    #: They count ``doubt`` times, so that what is found out later corrects what was guessed before.
    guessed: float = 0.0
    guesses: list[float] = []
    #: Of calls that nearly were to be prevented: successes that were expected, and that came.
    near: float = 0.0
    near_came: float = 0.0
    #: Expected successes of further tries of calls that are booked; they fade with ``guessed``.
    again: float = 0.0

    def spend(self, score: float, success: float, *, prevented: bool = False, groundless: bool = False) -> None:
        """Count a call that was made, scored ``score`` and succeeded (1) or not (0).

        ``groundless`` says that it would not have been prevented for want of a ground: at no threshold does it cost.
        """
        if budgets.spend(self, score, success, prevented=prevented, groundless=groundless):
            self._forget()

    def guess(self, score: float, weight: float = 1.0) -> None:
        """Count a call that scored ``score`` and was not made, ``weight`` times."""
        if not self.guesses:
            self.guesses = [0.0] * BINS
        if score >= LOWEST:
            self.guesses[bin_of(score)] += weight / (1.0 + exp(score))
        self.guessed += weight / (1.0 + exp(score))
        self.tried *= _TRIALS_KEPT
        self.came *= _TRIALS_KEPT
        self._forget()

    def repeat(self, score: float) -> None:
        """Count a further try of a call that was not made and is booked."""
        self.again += 1.0 / (1.0 + exp(score))

    @property
    def tries(self) -> float:
        """How many calls a booked one stands for: callers try again what was prevented."""
        return 1.0 + min(MOST_AGAIN, self.again / (self.guessed + AGAIN_STRENGTH))

    def _forget(self) -> None:
        if (self.total + sum(self.guesses) if self.guesses else self.total) > _HORIZON:
            self.total *= 0.5
            self.bins = [count * 0.5 for count in self.bins]
            self.guesses = [count * 0.5 for count in self.guesses]
        if self.seen + self.guessed > _SPENT_HORIZON:
            self.seen *= 0.5
            self.spent *= 0.5
            self.guessed *= 0.5
            self.again *= 0.5

    def try_out(self, p: float, success: float) -> None:
        """Note what became of a call that was to be prevented, at probability ``p`` of failure, but was made."""
        self.tried = self.tried * _TRIALS_KEPT + 1.0 - p
        self.came = self.came * _TRIALS_KEPT + success

    def approach(self, p: float, success: float) -> None:
        """Note what became of a call that was not to be prevented, at probability ``p`` of failure."""
        if p >= NEAR:
            self.near = self.near * _NEAR_KEPT + 1.0 - p
            self.near_came = self.near_came * _NEAR_KEPT + success

    @property
    def doubt(self) -> float:
        """How many times as often as expected prevented calls would succeed.

        Calls that came near to being prevented tell how far the model is off there; it is taken to be off further
        beyond, until trials tell.
        """
        near = (self.near_came + NEAR_DOUBT * NEAR_STRENGTH) / (self.near + NEAR_STRENGTH)
        if near < 1.0:
            near **= 1.0 + self.tried / (self.tried + NEAR_TRIALS)
        found = (self.came + DOUBT * near * DOUBT_STRENGTH) / (self.tried + DOUBT_STRENGTH)
        return max(1.0 / MOST_DOUBT, min(MOST_DOUBT, found))

    def above(self, score: float) -> float:
        """Successes that scored at least as high as ``score``'s bin, seen and guessed."""
        at = bin_of(score)
        seen = sum(self.bins[at:])
        return seen + self.supposed(at) if self.guesses else seen

    def supposed(self, at: int = 0) -> float:
        """Successes that are supposed of calls in the bins from ``at`` on that were not made.

        Odds of success count ``doubt`` times what was expected, not probabilities, which would exceed 1.
        """
        more = self.doubt - 1.0
        return self.tries * sum(
            [
                guesses * (1.0 + more) / (1.0 + more / (1.0 + exp(LOWEST + (i + 0.5) * BIN_WIDTH)))
                for i, guesses in enumerate(self.guesses[at:], at)
                if guesses
            ]
        )

    def correction(self, limit: float) -> float:
        """What to multiply the limit by: scores move on, so what was counted long ago says too much or too little."""
        total = sum(self.guesses) if self.guesses else 0.0
        guessed = self.guessed * self.supposed() / total if total else 0.0
        spent = self.spent + guessed
        earned = limit * (self.seen + guessed)
        if spent >= earned:
            factor = (earned + STEADINESS) / (spent + STEADINESS)
        else:
            factor = ((earned + PATIENCE) / (spent + PATIENCE)) ** EAGERNESS
        # A limit that guesses have loosened would be guessed about the more: what was seen loosens it, and guesses only
        # as far as trials have put them to the test.
        untested = guessed * TESTED / (self.tried + TESTED)
        most = CORRECTION - (CORRECTION - 1.0) * untested / spent if guessed else CORRECTION
        return max(1.0 / CORRECTION, min(most, factor))


budgets.know(Budget)


def bin_of(score: float) -> int:
    """The bin of a score that is at least ``LOWEST``."""
    return min(BINS - 1, int((score - LOWEST) / BIN_WIDTH))


def within(score: float, budget: float, overall: Budget, tool: Budget | None) -> bool:
    """Whether preventing everything that scores at least ``score`` keeps to ``budget``, overall and for the tool."""
    if score < FLOOR:
        return False
    limit = budget * UTILISATION
    own = CAUTION / (1.0 + exp(score))
    left = overall.correction(limit)
    if overall.above(score) + own > limit * left * (overall.total + GRACE_OVERALL):
        return False
    if tool is None:
        return True
    grace = GRACE_TOOL * max(1.0, left)
    return tool.above(score) + own <= limit * tool.correction(limit) * (tool.total + grace)
