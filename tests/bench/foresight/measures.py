"""How good decisions were: recall, false prevention, ranking, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from .replay import Decided

#: Share of successes at which recall is read off the ranking, and bins of the calibration error.
_SHARE = 0.01
_BINS = 10


class Measures(NamedTuple):
    """All in [0, 1]. ``ranked`` is the recall at 1 % false prevention, read off the ranking by probability."""

    recall: float
    false_prevention: float
    ranked: float
    calibration: float


def measures_of(decided: Sequence[Decided]) -> Measures:
    """The measures of one replay with at least one failure and one success."""
    failures = sum(one.failed for one in decided)
    successes = len(decided) - failures
    right = sum(one.prevented and one.failed for one in decided)
    wrong = sum(one.prevented and not one.failed for one in decided)
    return Measures(right / failures, wrong / successes, _ranked(decided, failures, successes), _calibration(decided))


def mean_of(measures: Sequence[Measures]) -> Measures:
    """Each measure's mean."""
    return Measures(*(fmean(column) for column in zip(*measures, strict=True)))


def _ranked(decided: Sequence[Decided], failures: int, successes: int) -> float:
    by_p: dict[float, list[int]] = {}
    for one in decided:
        by_p.setdefault(one.p, [0, 0])[one.failed] += 1
    best, right, wrong = 0.0, 0, 0
    for p in sorted(by_p, reverse=True):
        wrong += by_p[p][0]
        right += by_p[p][1]
        if wrong > _SHARE * successes:
            break
        best = right / failures
    return best


def _calibration(decided: Sequence[Decided]) -> float:
    known = [one for one in decided if one.known]
    gaps = [0.0] * _BINS
    for one in known:
        gaps[min(_BINS - 1, int(one.p * _BINS))] += one.p - one.failed
    return sum(map(abs, gaps)) / len(known) if known else 0.0
