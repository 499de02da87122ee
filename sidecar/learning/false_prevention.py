"""How often preventions are wrong, when prevented calls are not made: inverse-propensity weighting.

Of calls that are to be prevented some are made all the same: all in mode shadow (propensity 1), some by lot in mode
enforce (propensity: the holdout's share). Each outcome stands for 1 / propensity calls (Horvitz and Thompson 1952),
and the share of wrong ones among all they stand for is the estimate.

Its interval holds at every moment at once, so that looking after each outcome does no harm: all rates that the
Beta(½, ½) mixture of likelihood ratios does not refute, {m : M(m) < 1 / α} with

    M(m) = B(½ + wrong, ½ + right) / B(½, ½) / (m ** wrong · (1 − m) ** right).

If m is the true rate, M(m) is a non-negative martingale that starts at 1, and it reaches 1 / α in at most a share α
of histories (Ville 1939; the mixture is Robbins's, see Howard, Ramdas, McAuliffe, Sekhon, Time-uniform nonparametric,
nonasymptotic confidence sequences, Ann. Statist. 49 (2021)). Weights keep that as long as none is larger than 1: for a
likelihood ratio Z with mean 1 and a weight w in [0, 1], E[Z ** w] ≤ 1 (Jensen), so the product is a supermartingale.
That is why outcomes are counted relative to the heaviest: a lot of 3 % counts 1, and then an outcome of mode shadow
0.03. Weights follow from the mode and the share, which nobody sets by a call's outcome.
tests/learning/test_false_prevention.py compares coverage with exact enumeration.
"""

from __future__ import annotations

from math import lgamma, log
from typing import Final

from ..model.decision import Interval
from ..model.trial import Standing, Trial

#: The interval's confidence, for all moments together.
CONFIDENCE: Final = 0.95
_REFUTED: Final = -log(1.0 - CONFIDENCE)
_HALF: Final = 0.5
_LOG_PRIOR: Final = 2.0 * lgamma(_HALF) - lgamma(1.0)
#: What a pattern's share of wrong preventions may be, in units of the budget; and at most.
WRONG_PER_BUDGET: Final = 25.0
WRONG_AT_MOST: Final = 0.5


def note(trial: Trial, propensity: float, *, wrong: bool) -> None:
    """Count the outcome of a call that was made, with probability ``propensity`` in (0, 1], though to be prevented."""
    weight = 1.0 / propensity
    if weight > trial.heaviest:
        trial.right *= trial.heaviest / weight
        trial.wrong *= trial.heaviest / weight
        trial.heaviest = weight
    if wrong:
        trial.wrong += weight / trial.heaviest
    else:
        trial.right += weight / trial.heaviest


def wrong_share(trial: Trial) -> tuple[float, Interval]:
    """The share of preventions that were wrong, and its anytime-valid interval. (0, [0, 1]) before any outcome."""
    total = trial.right + trial.wrong
    if total <= 0.0:
        return 0.0, Interval(0.0, 1.0, CONFIDENCE)
    estimate = trial.wrong / total
    low = _edge(trial, 0.0, estimate) if trial.wrong > 0.0 else 0.0
    high = _edge(trial, 1.0, estimate) if trial.right > 0.0 else 1.0
    return estimate, Interval(low, high, CONFIDENCE)


def refutes(trial: Trial, rate: float) -> bool:
    """Whether outcomes speak against ``rate``, in (0, 1), being the share of wrong preventions."""
    return _log_ratio(trial, rate) >= _REFUTED


def false_prevention(standing: Standing) -> tuple[float, Interval]:
    """The share of all successes that was prevented, or would have been, and its interval.

    Of ``blind`` preventions nothing is known; they are left out.
    """
    of = standing.observed + standing.prevented
    share, interval = wrong_share(standing.trial)

    def of_successes(wrong: float) -> float:
        return wrong * of / (wrong * of + standing.passed) if wrong * of > 0.0 else 0.0

    if not of:
        return 0.0, Interval(0.0, 0.0 if standing.passed else 1.0, CONFIDENCE)
    return of_successes(share), Interval(of_successes(interval.low), of_successes(interval.high), CONFIDENCE)


def wrong_allowed(budget: float) -> float:
    """The share of wrong preventions that a pattern may have: a quarter at the default budget of 1 %.

    The budget is a share of all successes, a pattern's record is a share of its preventions; the one says how much
    more the other may be. A pattern that is wrong every second time never earns its place, whatever the budget.
    """
    return min(WRONG_AT_MOST, WRONG_PER_BUDGET * budget)


def exceeds(trial: Trial, allowed: float) -> bool:
    """Whether more than ``allowed`` of a pattern's preventions are wrong, as surely as the interval says."""
    total = trial.right + trial.wrong
    return total > 0.0 and trial.wrong > allowed * total and refutes(trial, allowed)


def _log_ratio(trial: Trial, rate: float) -> float:
    wrong, right = trial.wrong, trial.right
    mixture = lgamma(_HALF + wrong) + lgamma(_HALF + right) - lgamma(1.0 + wrong + right) - _LOG_PRIOR
    return mixture - wrong * log(rate) - right * log(1.0 - rate)


def _edge(trial: Trial, outside: float, inside: float) -> float:
    """Where rates begin to be refuted on the way from the estimate to ``outside``, to 1e-9. Convex: bisection."""
    for _ in range(32):
        middle = (outside + inside) / 2.0
        if 0.0 < middle < 1.0 and not refutes(trial, middle):
            inside = middle
        else:
            outside = middle
    return outside
