"""From the track record of suggestions to protobuf."""

from __future__ import annotations

from datetime import UTC, datetime

from forewarn.v1 import suggestion_pb2

from ..model.suggestion import SuggestionState
from ..suggestions.criteria import Criterion, judge
from ..suggestions.timing import Times
from ..suggestions.track_record import BINS, Counted, TrackRecord
from .answers import stamp
from .knowledge_answers import measured
from .suggestion_answers import TYPES

_MOST = 0xFFFF_FFFF


def report(
    found: TrackRecord, completion: tuple[Times, Times, Times], now: float
) -> suggestion_pb2.GetLearningReportResponse:
    """The whole report; ``completion``: of all, alone, beside."""
    every, alone, beside = completion
    return suggestion_pb2.GetLearningReportResponse(
        time=stamp(now),
        criteria=[_criterion(one) for one in judge(found, now, every, alone)],
        acceptance_rate=measured(found.acceptance),
        acceptance=[
            suggestion_pb2.LearningAcceptance(type=TYPES[kind], taken=measured(one.share))
            for kind, one in sorted(found.kinds.items())
        ],
        calibration=[_bin(place, one) for place, one in enumerate(found.bins)],
        expected_error=found.expected_error,
        months=[_month(month, counts) for month, counts in sorted(found.months.items())],
        adoption=[
            suggestion_pb2.SuggestionAdoption(
                suggestion_id=one.suggestion_id.hex(),
                entity_id=one.entity_id,
                times_recommended=one.times_recommended,
                times_used=one.times_used,
            )
            for one in found.adopted
        ],
        completion=_times(every),
        completion_alone=_times(alone),
        completion_beside=_times(beside),
        generation=_times(found.generation),
    )


def _criterion(one: Criterion) -> suggestion_pb2.LearningCriterion:
    return suggestion_pb2.LearningCriterion(
        code=one.code,
        verdict=suggestion_pb2.LearningVerdict.ValueType(int(one.verdict)),
        measured=one.measured,
        bar=one.bar,
        cases=min(one.cases, _MOST),
        needed=one.needed,
    )


def _bin(place: int, one: Counted) -> suggestion_pb2.LearningBin:
    return suggestion_pb2.LearningBin(
        low=place / BINS,
        high=(place + 1) / BINS,
        decided=one.decided,
        mean_confidence=one.confidence / one.decided if one.decided else 0.0,
        taken=measured(one.share),
    )


def _month(month: tuple[int, int], counts: dict[SuggestionState, int]) -> suggestion_pb2.LearningMonth:
    states = {state: counts.get(state, 0) for state in SuggestionState}
    return suggestion_pb2.LearningMonth(
        start_time=stamp(datetime(*month, 1, tzinfo=UTC).timestamp()),
        generated=states[SuggestionState.PENDING],
        approved=states[SuggestionState.APPROVED],
        modified=states[SuggestionState.MODIFIED],
        rejected=states[SuggestionState.REJECTED],
        dismissed=states[SuggestionState.DISMISSED],
        reverted=states[SuggestionState.REVERTED],
        lapsed=states[SuggestionState.EXPIRED] + states[SuggestionState.SUPERSEDED],
    )


def _times(one: Times) -> suggestion_pb2.LearningTimes:
    return suggestion_pb2.LearningTimes(count=one.count, p50=one.p50, p99=one.p99)
