"""Does p_fail mean what it says, and how well does it rank? Histograms of p_fail by how the calls ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log
from typing import Final

from .judged import Judged, Share

#: Bins of the reliability diagram, of equal width.
BINS: Final = 10
#: Steps of the ranking: log-odds from −8 to 8. Equal steps of p would put all calls of a tool that fails once in a
#: thousand times into one.
STEPS: Final = 1_000
_REACH: Final = 8.0
_LEAST: Final = 1e-9
ONE_PERCENT: Final = 0.01


@dataclass(slots=True)
class Bin:
    """Calls whose p_fail is in one range."""

    calls: int = 0
    chance: float = 0.0
    failed: Share = field(default_factory=Share)

    @property
    def mean(self) -> float | None:
        """The mean p_fail; None without calls."""
        return self.chance / self.failed.whole if self.failed.whole else None


class Calibration:
    """The reliability diagram, over calls with an outcome where anything was known."""

    def __init__(self) -> None:
        self._bins = [Bin() for _ in range(BINS)]
        self._sampled = [Bin() for _ in range(BINS)]

    def add(self, one: Judged) -> None:
        """Count a decision."""
        decision = one.record.decision
        if one.failed is None or not decision.known:
            return
        place = min(BINS - 1, max(0, int(decision.p_fail * BINS)))
        found = (self._sampled if one.sampled else self._bins)[place]
        found.calls += 1
        found.chance += one.weight * decision.p_fail
        found.failed.add(one.weight, counts=one.failed)

    def bins(self, scale: float) -> list[Bin]:
        """The bins, lowest first; a call of the sample counts ``scale`` times."""
        return [
            Bin(plain.calls + sample.calls, plain.chance + scale * sample.chance,
                plain.failed.joined(sample.failed, scale))
            for plain, sample in zip(self._bins, self._sampled, strict=True)
        ]  # fmt: skip

    def expected_error(self, scale: float) -> float | None:
        """The expected calibration error (Naeini et al. 2015); None without calls."""
        bins = self.bins(scale)
        whole = sum(one.failed.whole for one in bins)
        return sum(abs(one.chance - one.failed.part) for one in bins) / whole if whole else None


@dataclass(frozen=True, slots=True)
class Point:
    """Preventing what has at least ``p_fail`` prevents these shares of the failures and of the successes."""

    p_fail: float
    recall: float
    false_rate: float


class Ranking:
    """Recall against false-prevention rate, over calls with an outcome: the highest p_fail is prevented first."""

    def __init__(self) -> None:
        #: Weights by (failed, sampled) and step.
        self._weights = {(failed, sampled): [0.0] * STEPS for failed in (True, False) for sampled in (True, False)}

    def add(self, one: Judged) -> None:
        """Count a decision."""
        if one.failed is not None:
            self._weights[one.failed, one.sampled][step_of(one.record.decision.p_fail)] += one.weight

    def _joined(self, failed: bool, scale: float) -> list[float]:
        plain, sample = self._weights[failed, False], self._weights[failed, True]
        return [one + scale * more for one, more in zip(plain, sample, strict=True)]

    def points(self, scale: float) -> list[Point]:
        """From preventing nothing to preventing all, a point for each step that holds calls; [] without both ends.

        A call of the sample counts ``scale`` times.
        """
        failed, worked = self._joined(True, scale), self._joined(False, scale)
        failures, successes = sum(failed), sum(worked)
        if not failures or not successes:
            return []
        found, right, wrong = [Point(1.0, 0.0, 0.0)], 0.0, 0.0
        for step in reversed(range(STEPS)):
            if failed[step] or worked[step]:
                right += failed[step]
                wrong += worked[step]
                found.append(Point(p_of(step), min(1.0, right / failures), min(1.0, wrong / successes)))
        return found

    def recall_at(self, rate: float, scale: float) -> float | None:
        """The most recall with at most this false-prevention rate; None without failures."""
        failed, worked = self._joined(True, scale), self._joined(False, scale)
        failures, allowed = sum(failed), rate * sum(worked)
        if not failures:
            return None
        right = wrong = best = 0.0
        for step in reversed(range(STEPS)):
            right += failed[step]
            wrong += worked[step]
            if wrong > allowed:
                break
            best = right
        return min(1.0, best / failures)


def step_of(p_fail: float) -> int:
    """The step of the ranking that a probability falls into; rises with it."""
    p = min(1.0 - _LEAST, max(_LEAST, p_fail))
    return min(STEPS - 1, max(0, int((log(p / (1.0 - p)) + _REACH) * STEPS / (2.0 * _REACH))))


def p_of(step: int) -> float:
    """The least probability of a step; 0 for the first, which has no lower end."""
    return 1.0 / (1.0 + exp(_REACH - step * 2.0 * _REACH / STEPS)) if step else 0.0
