"""Failures and successes counted so that old ones fade: the evidence everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

#: Beyond this total weight old evidence is scaled down, so that a change is noticed whatever went before.
EVIDENCE_CAP: Final = 200.0


class Counted(msgspec.Struct, array_like=True):
    """Decayed, bounded counts of a yes-or-no outcome. ``time`` is when they were last brought up to date (seconds)."""

    successes: float = 0.0
    failures: float = 0.0
    time: float = 0.0

    def add(self, failed: bool, now: float, half_life: float, weight: float = 1.0) -> None:
        """Count one outcome. ``half_life`` is seconds of event time; time never runs backwards."""
        # Each field is read and written once: a record does this some thirty times.
        successes, failures, time = self.successes, self.failures, self.time
        if now > time:
            if time:
                keep = 0.5 ** ((now - time) / half_life)
                successes *= keep
                failures *= keep
            self.time = now
        elif time and now < time:
            weight *= 0.5 ** ((time - now) / half_life)  # a late record counts as what is left of it
        total = successes + failures
        if total > EVIDENCE_CAP:
            keep = EVIDENCE_CAP / total
            successes *= keep
            failures *= keep
        if failed:
            failures += weight
        else:
            successes += weight
        self.successes, self.failures = successes, failures

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


def add_to_each(records: Iterable[Counted], failed: bool, now: float, half_life: float, weight: float = 1.0) -> None:
    """``Counted.add`` for several: half of what a record counts is its scopes, and a call for each took as long."""
    for record in records:
        successes, failures, time = record.successes, record.failures, record.time
        more = weight
        if now > time:
            if time:
                keep = 0.5 ** ((now - time) / half_life)
                successes *= keep
                failures *= keep
            record.time = now
        elif time and now < time:
            more *= 0.5 ** ((time - now) / half_life)
        total = successes + failures
        if total > EVIDENCE_CAP:
            keep = EVIDENCE_CAP / total
            successes *= keep
            failures *= keep
        if failed:
            record.successes, record.failures = successes, failures + more
        else:
            record.successes, record.failures = successes + more, failures
