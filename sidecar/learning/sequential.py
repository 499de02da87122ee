"""Deciding after every record without fooling ourselves: Wald's sequential probability ratio test.

Looking after each outcome whether a confidence bound passes one half is wrong at some point in 28–32 % of 100-call
histories whose true rate is one half; this test is wrong in 3 % (tests/learning/test_sequential.py recomputes both).
A. Wald, Sequential Tests of Statistical Hypotheses, Ann. Math. Statist. 16 (1945).
"""

from __future__ import annotations

from math import log
from typing import Final

from ..model.vocabulary import State

#: The two hypotheses: calls like this work (fail at most this often), calls like this fail (at least this often).
WORKS_RATE: Final = 0.2
FAILS_RATE: Final = 0.8
#: Probability of confirming what works, and of refuting what fails.
ERROR_RATE: Final = 0.05

FAILURE_STEP: Final = log(FAILS_RATE / WORKS_RATE)
SUCCESS_STEP: Final = log((1.0 - FAILS_RATE) / (1.0 - WORKS_RATE))
UPPER: Final = log((1.0 - ERROR_RATE) / ERROR_RATE)
LOWER: Final = -UPPER
#: How far past a boundary the ratio is kept: what was long settled can still be unsettled by three outcomes.
SLACK: Final = 3.0


def step(ratio: float, failed: bool) -> float:
    """The log-likelihood ratio of "fails" against "works" after one more outcome, kept within bounds."""
    ratio += FAILURE_STEP if failed else SUCCESS_STEP
    return max(LOWER - SLACK, min(UPPER + SLACK, ratio))


def state_of(ratio: float, before: State) -> State:
    """Where the test stands. Between the boundaries a settled pattern keeps its state until zero is passed."""
    if ratio >= UPPER:
        return State.CONFIRMED
    if ratio <= LOWER:
        return State.REFUTED
    if before is State.CONFIRMED and ratio > 0.0:
        return State.CONFIRMED
    if before is State.REFUTED and ratio < 0.0:
        return State.REFUTED
    return State.CANDIDATE
