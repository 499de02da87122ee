"""Deciding after every record without fooling ourselves: Wald's sequential probability ratio test.

Looking after each outcome whether a confidence bound passes one half is wrong at some point in 20–30 % of 100-call
histories whose true rate is one half. Under the hypothesis that is to be rejected the likelihood ratio is a
martingale, so however often one looks it reaches 19 in at most 1 of 19 histories (Ville's inequality);
tests/learning/test_sequential.py recomputes both.
A. Wald, Sequential Tests of Statistical Hypotheses, Ann. Math. Statist. 16 (1945).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Final

from ..model.vocabulary import State

#: Probability of confirming what works, and of refuting what fails.
ERROR_RATE: Final = 0.05
UPPER: Final = log((1.0 - ERROR_RATE) / ERROR_RATE)
LOWER: Final = -UPPER
#: How far past a boundary the ratio is kept: what was long settled can still be unsettled by a few outcomes.
SLACK: Final = 3.0
_LEAST: Final = LOWER - SLACK
_MOST: Final = UPPER + SLACK


@dataclass(frozen=True)
class Test:
    """A test of "calls like this fail at most at rate ``works``" against "at least at rate ``fails``"."""

    __test__ = False  # not one of pytest's

    works: float
    fails: float
    #: What a success adds, and a failure.
    steps: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """A class that is frozen sets what it computes so."""
        object.__setattr__(self, "steps", (self.success_step, self.failure_step))

    @property
    def failure_step(self) -> float:
        """What a failure adds to the log-likelihood ratio."""
        return log(self.fails / self.works)

    @property
    def success_step(self) -> float:
        """What a success adds: a negative number."""
        return log((1.0 - self.fails) / (1.0 - self.works))


#: Of one call: that it fails more often than not. Six failures in a row confirm, two successes refute.
OF_CALL: Final = Test(0.5, 0.9)
#: Of a tool or server in general: that it is down. Three failures in a row confirm.
OF_OUTAGE: Final = Test(0.2, 0.8)


def step(test: Test, ratio: float, *, failed: bool) -> float:
    """The log-likelihood ratio of "fails" against "works" after one more outcome, kept within bounds."""
    ratio += test.steps[failed]
    return max(_LEAST, min(_MOST, ratio))


def state_of(ratio: float, before: State) -> State:
    """Where a test stands. Between the boundaries a settled pattern keeps its state until zero is passed."""
    if ratio >= UPPER:
        return State.CONFIRMED
    if ratio <= LOWER:
        return State.REFUTED
    if before is State.CONFIRMED and ratio > 0.0:
        return State.CONFIRMED
    if before is State.REFUTED and ratio < 0.0:
        return State.REFUTED
    return State.CANDIDATE
