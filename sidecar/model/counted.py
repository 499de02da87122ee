"""Failures and successes counted so that old ones fade: the evidence everywhere."""

from __future__ import annotations

from typing import Final

import msgspec

from ..native import counts

#: Beyond this total weight old evidence is scaled down, so that a change is noticed whatever went before.
EVIDENCE_CAP: Final = counts.EVIDENCE_CAP


class Counted(msgspec.Struct, array_like=True):
    """Decayed, bounded counts of a yes-or-no outcome. ``time`` is when they were last brought up to date (seconds)."""

    successes: float = 0.0
    failures: float = 0.0
    time: float = 0.0

    def add(self, failed: bool, now: float, half_life: float, weight: float = 1.0) -> None:
        """Count one outcome. ``half_life`` is seconds of event time; time never runs backwards."""
        counts.add(self, failed, now, half_life, weight)

    def faded(self, now: float, half_life: float) -> tuple[float, float]:
        """Successes and failures as they count at ``now``."""
        age = now - self.time
        if age <= 0.0 or not self.time:
            return self.successes, self.failures
        keep = 0.5 ** (age / half_life)
        return self.successes * keep, self.failures * keep

    def mean(self, prior: float, strength: float) -> float:
        """Posterior mean of failing under a prior worth ``strength`` observations."""
        return (self.failures + strength * prior) / (self.successes + self.failures + strength)

    @property
    def total(self) -> float:
        """Successes and failures together."""
        return self.successes + self.failures


counts.know(Counted)
