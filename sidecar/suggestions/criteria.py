"""The success criteria of suggesting, and whether they are met. Bars are the second seed's, and the issue's."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from .timing import Times
from .track_record import TrackRecord

#: Bars: counts, shares, seconds.
PATTERNS_WITH_METRICS: Final = 50
SUGGESTIONS_GENERATED: Final = 5
ACCEPTED: Final = 0.6
#: "New patterns are used 3+ times" is read as: most of those are that could have been.
NEW_PATTERNS_USED: Final = 0.5
USED_TIMES: Final = 3
COMPLETION_ADDED: Final = 0.005
GENERATION_TIME: Final = 5.0
#: How many cases it takes to say anything.
_DECIDED: Final = 5
_NEW_PATTERNS: Final = 3
_COMPLETIONS: Final = 1_000
_LOOKED_AT: Final = 20
_FIRST_DAYS: Final = 30


class Verdict(IntEnum):
    """Numbers as in ``suggestion.proto``."""

    MET = 1
    NOT_MET = 2
    NOT_ENOUGH_DATA = 3


class Criterion(msgspec.Struct, frozen=True):
    """What was measured against ``bar``, on ``cases`` of the ``needed`` cases; see the protobuf message."""

    code: str
    verdict: Verdict
    measured: float | None
    bar: float
    cases: int
    needed: int


def judge(found: TrackRecord, now: float, completion: Times, alone: Times) -> list[Criterion]:
    """All criteria."""
    days = int((now - found.first_workflow) / 86_400.0) if found.first_workflow else 0
    tried = [one for one in found.adopted if max(one.times_recommended, one.times_used) >= USED_TIMES]
    used = sum(one.times_used >= USED_TIMES for one in tried)
    rate = found.acceptance
    return [
        _counted("patterns_with_metrics", found.patterns_with_metrics, PATTERNS_WITH_METRICS),
        _generated(found.generated_at_first, days),
        _least("accepted", rate.value if rate else None, ACCEPTED, rate.out_of if rate else 0, _DECIDED),
        _least(
            "new_patterns_used", used / len(tried) if tried else None, NEW_PATTERNS_USED, len(tried), _NEW_PATTERNS
        ),
        _most(
            "completion_added", max(0.0, completion.p99 - alone.p99) if alone.count else None, COMPLETION_ADDED,
            min(completion.count, alone.count), _COMPLETIONS,
        ),
        _most(
            "generation_time", found.generation.p99 if found.generation.count else None, GENERATION_TIME,
            found.generation.count, _LOOKED_AT,
        ),
    ]  # fmt: skip


def _counted(code: str, count: int, bar: int) -> Criterion:
    """A count that needs no more cases than it asks for: short of them there is not enough to say."""
    return Criterion(code, Verdict.MET if count >= bar else Verdict.NOT_ENOUGH_DATA, float(count), bar, count, bar)


def _generated(count: int, days: int) -> Criterion:
    """Suggestions of the first month: before it is over, too few are no failure."""
    verdict = Verdict.MET if count >= SUGGESTIONS_GENERATED else Verdict.NOT_MET
    if verdict is Verdict.NOT_MET and days < _FIRST_DAYS:
        verdict = Verdict.NOT_ENOUGH_DATA
    return Criterion(
        "suggestions_generated", verdict, float(count), SUGGESTIONS_GENERATED, min(days, _FIRST_DAYS), _FIRST_DAYS
    )


def _least(code: str, measured: float | None, bar: float, cases: int, needed: int) -> Criterion:
    return _judged(code, measured, measured is not None and measured >= bar, bar, cases, needed)


def _most(code: str, measured: float | None, bar: float, cases: int, needed: int) -> Criterion:
    return _judged(code, measured, measured is not None and measured <= bar, bar, cases, needed)


def _judged(code: str, measured: float | None, met: bool, bar: float, cases: int, needed: int) -> Criterion:
    enough = measured is not None and cases >= needed
    verdict = (Verdict.MET if met else Verdict.NOT_MET) if enough else Verdict.NOT_ENOUGH_DATA
    return Criterion(code, verdict, measured, bar, cases, needed)
