"""The counts of the report, and what preventing came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...model.vocabulary import Mode, Verdict
from .judged import Basis, Judged, Share


@dataclass(slots=True)
class Rates:
    """Prevented failures of all, right preventions of all, prevented successes of all."""

    recall: Share = field(default_factory=Share)
    precision: Share = field(default_factory=Share)
    false_rate: Share = field(default_factory=Share)

    def add(self, one: Judged, *, failed: bool) -> None:
        """Count a decision whose call has an outcome."""
        (self.recall if failed else self.false_rate).add(one.weight, counts=one.prevents)
        if one.prevents:
            self.precision.add(one.weight, counts=failed)


class Totals:
    """Plain counts, and weighted shares.

    Calls that are really prevented have no outcome. Those that would have been and were let through, as probes or at
    random, stand for them: together they count as many calls as there are of both (post-stratification, Holt and Smith
    1979), each by the inverse of its propensity. Without that a daemon that prevents would seem to find nothing.
    """

    def __init__(self) -> None:
        self.decisions = self.known = self.failed = self.worked = 0
        self.would_prevent = self.prevented = self.right = self.wrong = 0
        self.oldest = self.newest = 0.0
        self.modes: Counter[Mode] = Counter()
        self.bases: Counter[Basis] = Counter()
        self._withheld = self._sampled_calls = 0
        self._sampled_weight = 0.0
        self._plain, self._sampled = Rates(), Rates()

    def add(self, one: Judged) -> None:
        """Count a decision."""
        decision = one.record.decision
        self.oldest = min(self.oldest, one.time) if self.decisions else one.time
        self.newest = max(self.newest, one.time)
        self.decisions += 1
        self.known += decision.known
        self.modes[decision.mode] += 1
        self.would_prevent += one.prevents
        self.prevented += decision.learned_verdict is Verdict.PREVENT
        self._withheld += one.withheld
        if one.failed is None:
            return
        self.failed += one.failed
        self.worked += not one.failed
        (self._sampled if one.sampled else self._plain).add(one, failed=one.failed)
        if one.sampled:
            self._sampled_calls += 1
            self._sampled_weight += one.weight
        if one.prevents:
            self.right += one.right
            self.wrong += one.wrong
            self.bases[one.basis] += 1

    @property
    def scale(self) -> float:
        """How many times a call of the sample counts, so that the sample stands for what was withheld too."""
        if not self._sampled_weight:
            return 1.0
        return (self._sampled_calls + self._withheld) / self._sampled_weight

    @property
    def rates(self) -> Rates:
        """The shares, with what was withheld as the sample says; without a sample, of it nothing can be said."""
        plain, sample, scale = self._plain, self._sampled, self.scale
        if self._withheld and not self._sampled_weight:
            return Rates(precision=plain.precision)
        rates = Rates(
            plain.recall.joined(sample.recall, scale),
            plain.precision.joined(sample.precision, scale),
            plain.false_rate.joined(sample.false_rate, scale),
        )
        if self._sampled_weight:
            # A handful of calls may stand for hundreds: how many of those fail is what is least sure.
            count = self._sampled_calls + self._withheld
            failing = sample.precision.interval
            ends = [(count * share, count * (1.0 - share)) for share in (failing.low, failing.high)]
            rates.recall.reach = _reach(plain.recall, [(failed, failed) for failed, _ in ends])
            rates.precision.reach = _reach(plain.precision, [(failed, count) for failed, _ in ends])
            rates.false_rate.reach = _reach(plain.false_rate, [(worked, worked) for _, worked in ends])
        return rates


def _reach(plain: Share, more: list[tuple[float, float]]) -> tuple[float, ...]:
    """A share's value with this much more of the part and of the whole."""
    return tuple((plain.part + part) / (plain.whole + whole) for part, whole in more if plain.whole + whole)
