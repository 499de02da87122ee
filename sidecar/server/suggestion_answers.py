"""From records of suggestions to protobuf."""

from __future__ import annotations

from typing import Final

from forewarn.v1 import suggestion_pb2

from ..knowledge.intervals import Share
from ..model.knowledge import Content
from ..model.suggestion import (
    Drafting,
    Evidence,
    Ground,
    HistoryEntry,
    KindTotals,
    Suggestion,
    SuggestionKind,
    SuggestionState,
)
from .answers import stamp
from .knowledge_answers import measured

TYPES: Final = {one: suggestion_pb2.SuggestionType.ValueType(int(one)) for one in SuggestionKind}
STATES: Final = {one: suggestion_pb2.SuggestionState.ValueType(int(one)) for one in SuggestionState}
GROUNDS: Final = {one: suggestion_pb2.SuggestionGround.ValueType(int(one)) for one in Ground}
DRAFTING: Final = {one: suggestion_pb2.SuggestionDrafting.ValueType(int(one)) for one in Drafting}


def suggestion(value: Suggestion) -> suggestion_pb2.Suggestion:
    """A suggestion."""
    return suggestion_pb2.Suggestion(
        suggestion_id=value.suggestion_id.hex(),
        type=TYPES[value.kind],
        state=STATES[value.state],
        ground=GROUNDS[value.ground],
        confidence=value.confidence,
        reason=value.reason,
        draft=draft(value.draft),
        evidence=evidence(value.evidence),
        target_id=value.target_id,
        changes=value.elements,
        revision=value.revision,
        drafting=DRAFTING[value.drafting],
        drafted_by=value.drafted_by,
        drafting_detail=value.drafting_detail,
        attempts=value.attempts,
        created_at=stamp(value.created_time),
        updated_at=stamp(value.updated_time),
        decided_at=stamp(value.decided_time) if value.decided_time else None,
        decided_by=value.decided_by,
        decision_reason=value.decision_reason,
        applied_id=value.applied_id,
        superseded_by=value.superseded_by.hex(),
        applied_policy=value.applied_policy,
    )


def draft(value: Content) -> suggestion_pb2.SuggestionDraft:
    """A draft."""
    return suggestion_pb2.SuggestionDraft(
        description=value.description,
        triggers=value.triggers,
        rationale=value.rationale,
        suggested_resources=value.suggested_resources,
        policy_document=value.policy_document,
    )


def evidence(value: Evidence) -> suggestion_pb2.SuggestionEvidence:
    """What speaks for a suggestion."""
    return suggestion_pb2.SuggestionEvidence(
        frequency=measured(Share(value.share, value.low, value.high, value.out_of)) if value.out_of else None,
        cases=value.cases,
        strength=value.strength,
        lift=value.lift,
        leverage=value.leverage,
        p_value=value.p_value,
        sessions=value.sessions,
        workflow_ids=[one.hex() for one in value.workflow_ids],
        call_ids=value.call_ids,
        usage_pattern_ids=value.usage_pattern_ids,
        entity_ids=value.entity_ids,
        intents=value.intents,
    )


def entry(value: HistoryEntry) -> suggestion_pb2.SuggestionHistoryEntry:
    """One line of the history."""
    return suggestion_pb2.SuggestionHistoryEntry(
        time=stamp(value.time),
        suggestion_id=value.suggestion_id.hex(),
        type=TYPES[value.kind],
        state=STATES[value.state],
        confidence=value.confidence,
        actor=value.actor,
        reason=value.reason,
    )


def totals(kind: SuggestionKind, value: KindTotals) -> suggestion_pb2.SuggestionTotals:
    """What was counted of a kind."""
    return suggestion_pb2.SuggestionTotals(
        type=TYPES[kind],
        generated=value.generated,
        renewed=value.merged,
        approved=value.approved,
        modified=value.modified,
        rejected=value.rejected,
        dismissed=value.dismissed,
        expired=value.expired,
        superseded=value.superseded,
        reverted=value.reverted,
    )
