"""A decision together with what became of its call, as every block of the report sees it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ...learning.evidence import wilson
from ...model.decision import DecisionRecord, Interval
from ...model.vocabulary import FAILED, WORKED, Mode, Verdict

#: A call that was let through at random stands for at most this many.
MOST_WEIGHT: Final = 100.0


class Basis(Enum):
    """Why a call that would be prevented was made all the same."""

    ADVISED = "the mode, or the blast cap, made it an advice"
    PROBE = "probe"
    HOLDOUT = "let through at random"
    AGAINST = "made although it was prevented"


@dataclass(slots=True)
class Judged:
    """One decision. ``failed`` is None where the call has no outcome that says something; ``weight`` is 1 or more.

    ``prevents``: it would in mode enforce. ``time`` is when it was made, seconds; that is what ids sort by.
    """

    record: DecisionRecord
    failed: bool | None
    prevents: bool
    weight: float
    time: float

    @property
    def right(self) -> bool:
        """It would prevent, and the call failed."""
        return self.prevents and self.failed is True

    @property
    def wrong(self) -> bool:
        """It would prevent, and the call worked."""
        return self.prevents and self.failed is False

    @property
    def sampled(self) -> bool:
        """It would be prevented and was let through as a probe or at random: it stands for those that were not."""
        return self.prevents and self.basis in (Basis.PROBE, Basis.HOLDOUT)

    @property
    def withheld(self) -> bool:
        """It was prevented: there is no outcome."""
        return self.failed is None and self.record.decision.learned_verdict is Verdict.PREVENT

    @property
    def basis(self) -> Basis:
        """Why the call of a prevention was made, if it was."""
        decision = self.record.decision
        if decision.mode is not Mode.ENFORCE or decision.capped or decision.overruled:
            return Basis.ADVISED
        if decision.learned_verdict is Verdict.PREVENT:
            return Basis.AGAINST
        return Basis.PROBE if decision.probe is not None else Basis.HOLDOUT


def judge(record: DecisionRecord) -> Judged:
    """A logged decision with what became of its call.

    What is let through at random counts with the inverse of its propensity (Horvitz and Thompson 1952), so that it
    stands for what was not let through.
    """
    decision, found = record.decision, record.classification
    failed: bool | None = None
    if found is not None and (found.category in FAILED or found.category in WORKED):
        failed = found.category in FAILED
    prevents = decision.learned_would_be is Verdict.PREVENT
    weight = 1.0
    if prevents and decision.learned_verdict is not Verdict.PREVENT and 0.0 < record.propensity < 1.0:
        weight = min(MOST_WEIGHT, 1.0 / record.propensity)
    return Judged(record, failed, prevents, weight, int.from_bytes(decision.decision_id[:6], "big") / 1000.0)


@dataclass(slots=True)
class Share:
    """A share of weighted calls."""

    part: float = 0.0
    whole: float = 0.0
    squares: float = 0.0
    #: Values that it may have as well, for reasons that counting calls does not show.
    reach: tuple[float, ...] = ()

    def add(self, weight: float, *, counts: bool) -> None:
        """One call of the whole, which is of the part as well or not."""
        self.whole += weight
        self.squares += weight * weight
        if counts:
            self.part += weight

    def joined(self, sample: Share, scale: float) -> Share:
        """Together with a sample that counts ``scale`` times."""
        return Share(
            self.part + scale * sample.part,
            self.whole + scale * sample.whole,
            self.squares + scale * scale * sample.squares,
        )

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> Interval:
        """Its 90 % score interval, for as many calls as weigh as much when they weigh the same (Kish 1965)."""
        if not self.whole:
            return wilson(0.5, 0.0)
        found = wilson(self.part / self.whole, self.whole * self.whole / self.squares)
        return Interval(min(found.low, *self.reach, 1.0), max(found.high, *self.reach, 0.0), found.confidence)
