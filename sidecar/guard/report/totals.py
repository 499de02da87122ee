"""The counts of the report, and what preventing came to."""

from __future__ import annotations

from collections import Counter

from ...model.vocabulary import Mode, Verdict
from .judged import Basis, Judged, Share


class Totals:
    """Plain counts, and weighted shares."""

    def __init__(self) -> None:
        self.decisions = self.known = self.failed = self.worked = 0
        self.would_prevent = self.prevented = self.right = self.wrong = 0
        self.oldest = self.newest = 0.0
        self.modes: Counter[Mode] = Counter()
        self.bases: Counter[Basis] = Counter()
        self.recall, self.precision, self.false_rate = Share(), Share(), Share()

    def add(self, one: Judged) -> None:
        """Count a decision."""
        decision = one.record.decision
        self.oldest = min(self.oldest, one.time) if self.decisions else one.time
        self.newest = max(self.newest, one.time)
        self.decisions += 1
        self.known += decision.known
        self.modes[decision.mode] += 1
        self.would_prevent += one.prevents
        self.prevented += decision.verdict is Verdict.PREVENT
        if one.failed is None:
            return
        self.failed += one.failed
        self.worked += not one.failed
        (self.recall if one.failed else self.false_rate).add(one.weight, counts=one.prevents)
        if one.prevents:
            self.right += one.right
            self.wrong += one.wrong
            self.bases[one.basis] += 1
            self.precision.add(one.weight, counts=one.failed)
