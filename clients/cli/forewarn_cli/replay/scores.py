"""How good predictions were. Pure: what was predicted and what came of it in, figures out.

A call is bad when it failed or timed out. A figure without anything to divide by is None, not 0 and not 1.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import groupby

BINS = 10
"""Equal-width bins of the calibration error."""


class Predictions:
    """What was said before each call and whether it was bad, 18 bytes a call."""

    def __init__(self) -> None:
        self.p_fail = array("d")
        self.prevented = bytearray()
        self.known = bytearray()
        self.bad = bytearray()

    def add(self, p_fail: float, *, prevented: bool, known: bool, bad: bool) -> None:
        """One call."""
        self.p_fail.append(p_fail)
        self.prevented.append(prevented)
        self.known.append(known)
        self.bad.append(bad)

    def __len__(self) -> int:
        return len(self.bad)


def ratio(part: float, whole: float) -> float | None:
    """What `part` is of `whole`; None of nothing."""
    return part / whole if whole else None


def confusion(predictions: Predictions) -> dict[str, float | int | None]:
    """What preventing came to: counts, precision, recall, F1, false-prevention rate."""
    pairs = list(zip(predictions.prevented, predictions.bad, strict=True))
    right = sum(1 for prevented, bad in pairs if prevented and bad)
    wrong = sum(1 for prevented, bad in pairs if prevented and not bad)
    bad = sum(predictions.bad)
    return {
        "calls": len(pairs),
        "failures": bad,
        "prevented": right + wrong,
        "precision": ratio(right, right + wrong),
        "recall": ratio(right, bad),
        "f1": ratio(2 * right, right + wrong + bad),
        "false_prevention_rate": ratio(wrong, len(pairs) - bad),
    }


def recall_at(p_fail: Sequence[float], bad: Sequence[int], max_false_rate: float) -> float | None:
    """The recall of preventing the highest `p_fail` first, as far as the false-prevention rate allows.

    Equal probabilities cannot be told apart, so a group of them is prevented whole or not at all.
    """
    failures = sum(bad)
    if not failures:
        return None
    allowed = max_false_rate * (len(bad) - failures)
    ranking = sorted(zip(p_fail, bad, strict=True), key=lambda one: -one[0])
    right = wrong = 0
    for _, ties in groupby(ranking, key=lambda one: one[0]):
        group = [one[1] for one in ties]
        wrong += len(group) - sum(group)
        if wrong > allowed:
            break
        right += sum(group)
    return right / failures


def calibration_error(p_fail: Iterable[float], bad: Iterable[int]) -> float | None:
    """The expected calibration error: |mean probability − share of bad| over BINS bins, weighted by their calls."""
    counts, chances, bads = [0] * BINS, [0.0] * BINS, [0] * BINS
    for chance, was_bad in zip(p_fail, bad, strict=True):
        place = min(int(chance * BINS), BINS - 1)
        counts[place] += 1
        chances[place] += chance
        bads[place] += was_bad
    gaps = sum(abs(chance - was_bad) for chance, was_bad in zip(chances, bads, strict=True))
    return ratio(gaps, sum(counts))


def percentile(sorted_values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not sorted_values:
        return None
    rank = -(-round(share * 1000) * len(sorted_values) // 1000)
    return sorted_values[max(rank, 1) - 1]


def score(predictions: Predictions) -> dict[str, float | int | None]:
    """All figures that follow from predictions."""
    known = [place for place, was in enumerate(predictions.known) if was]
    return {
        **confusion(predictions),
        "recall_at_fpr_1pct": recall_at(predictions.p_fail, predictions.bad, 0.01),
        "ece": calibration_error([predictions.p_fail[i] for i in known], [predictions.bad[i] for i in known]),
    }


def mean_rows(rows: Sequence[dict[str, float | int | str | None]]) -> dict[str, float | int | str | None]:
    """The mean of each figure over rows of one source, leaving out those that have none; texts are the first's."""
    means: dict[str, float | int | str | None] = {}
    for name, first in rows[0].items():
        values = [row[name] for row in rows]
        numbers = [value for value in values if isinstance(value, int | float)]
        if isinstance(first, str):
            means[name] = first
        elif numbers and all(value == numbers[0] for value in values):
            means[name] = numbers[0]
        else:
            means[name] = sum(numbers) / len(numbers) if numbers else None
    return means
