"""Two arms compared after every unit, without fooling ourselves: the empirical Bernstein bound of a mixture.

Each unit (a session, a workflow) fell into an arm by lot, with a known probability ``share`` of treatment, and has an
outcome in [0, 1], 1 being best. Its score

    z = (outcome - m) * (1 / share            if treated)
                      * (-1 / (1 - share)     if not)

has the difference of the arms' means as its expectation whatever ``m`` is, as long as ``m`` was known before the unit
(augmented inverse propensity weighting; Ham, Bojinov, Lindon and Tingley, Design-based confidence sequences, 2022). The
scores lie within an interval of the length c = 1 / (share (1 - share)). So for each 0 < l < 1 / c and difference d

    exp(l * sum(z - d) - psi(l) * sum((z - z')²)),      psi(l) = (-log(1 - c l) - c l) / c²

with z' the mean of the scores before, is a supermartingale that begins at 1 (Howard, Ramdas, McAuliffe and Sekhon,
Time-uniform, nonparametric, nonasymptotic confidence sequences, Ann. Statist. 49 (2021), theorem 4), and so is the
mean over several l. However often one looks, it reaches 40 with a probability of at most 1 in 40 (Ville's inequality).
Two of these, one for each direction, give the 95 % interval of the difference at any time; an arm is better where the
interval leaves out zero. tests/rollouts/test_comparing.py holds this to an exact oracle and to simulations.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from typing import Final

import msgspec

#: The probability of naming a better arm, at any time, where there is no difference; half of it for each direction.
ERROR_RATE: Final = 0.05
_THRESHOLD: Final = log(2.0 / ERROR_RATE)
#: The bets, as parts of the highest one that is possible: for differences from large to small.
_BETS: Final = tuple(0.8 * 0.7**step for step in range(12))
_COSTS: Final = tuple(-log(1.0 - bet) - bet for bet in _BETS)
#: Steps of halving the interval in which a bound lies: to a millionth of it.
_STEPS: Final = 30


class Arm(msgspec.Struct, array_like=True):
    """Units of one arm: how many, and the sum of their outcomes."""

    units: int = 0
    outcomes: float = 0.0

    @property
    def mean(self) -> float:
        """The mean outcome; one half before there is any."""
        return (self.outcomes + 0.5) / (self.units + 1.0)


class Comparison(msgspec.Struct, array_like=True):
    """All that the test needs to know of what was: sums, and nothing of single units."""

    treatment: Arm = msgspec.field(default_factory=Arm)
    control: Arm = msgspec.field(default_factory=Arm)
    scores: float = 0.0
    squares: float = 0.0

    @property
    def units(self) -> int:
        """Units of both arms."""
        return self.treatment.units + self.control.units

    def add(self, share: float, outcome: float, *, treated: bool) -> None:
        """Count a unit. ``share`` is the probability, above 0 and below 1, with which it fell into the treatment."""
        known = (1.0 - share) * self.treatment.mean + share * self.control.mean
        score = (outcome - known) * (1.0 / share if treated else -1.0 / (1.0 - share))
        before = self.scores / (self.units + 1.0)
        self.squares += (score - before) ** 2
        self.scores += score
        arm = self.treatment if treated else self.control
        arm.units += 1
        arm.outcomes += outcome

    @property
    def difference(self) -> float:
        """How much higher the treatment's outcomes are, as estimated; 0 before there is any, within [-1, 1]."""
        return max(-1.0, min(1.0, self.scores / self.units)) if self.units else 0.0

    def evidence(self, share: float, difference: float = 0.0) -> float:
        """The logarithm of the evidence that treatment exceeds control by more than ``difference``."""
        return _log_mixture(self.scores - self.units * difference, self.squares, share)

    def evidence_against(self, share: float, difference: float = 0.0) -> float:
        """The logarithm of the evidence that it does so by less."""
        return _log_mixture(self.units * difference - self.scores, self.squares, share)

    def interval(self, share: float) -> tuple[float, float]:
        """The 95 % interval of the difference, whenever it is looked at; within [-1, 1]."""
        low = _edge(lambda at: self.evidence(share, at) >= _THRESHOLD, -1.0, 1.0)
        high = _edge(lambda at: self.evidence_against(share, at) >= _THRESHOLD, 1.0, -1.0)
        return low, high

    def better(self, share: float) -> int:
        """1 where the treatment is surely better, -1 where control is, 0 where that is open."""
        if self.evidence(share) >= _THRESHOLD:
            return 1
        return -1 if self.evidence_against(share) >= _THRESHOLD else 0


def _log_mixture(total: float, squares: float, share: float) -> float:
    width = 1.0 / (share * (1.0 - share))
    total, squares = total / width, squares / width**2
    parts = [bet * total - cost * squares for bet, cost in zip(_BETS, _COSTS, strict=True)]
    most = max(parts)
    return most + log(sum(exp(part - most) for part in parts) / len(parts))


def _edge(beyond: Callable[[float], bool], start: float, end: float) -> float:
    """Where, from ``start`` towards ``end``, it is no longer ``beyond``; ``start`` where it is not even there."""
    if not beyond(start):
        return start
    for _ in range(_STEPS):
        middle = (start + end) / 2.0
        if beyond(middle):
            start = middle
        else:
            end = middle
    return start
