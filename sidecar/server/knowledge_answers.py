"""From records of organisational knowledge and workflows to protobuf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forewarn.v1 import knowledge_pb2, workflow_pb2

from ..knowledge.calibration import BINS, probabilities
from ..knowledge.completion import SuggestionInShort
from ..knowledge.intervals import Share, share
from ..knowledge.reading import CoUsage
from ..knowledge.repository import etag_of
from ..knowledge.workflows import Found
from ..model.knowledge import (
    WEAK,
    Entity,
    EntityKind,
    LearningResult,
    Semantic,
    Usage,
    Workflow,
    WorkflowKind,
    WorkflowOutcome,
    WorkflowTotals,
)
from .answers import stamp

#: Names of resources that are told of one entity.
_NAMES: Final = 64
_MOST: Final = 0xFFFF_FFFF

_KINDS: Final = {one: knowledge_pb2.EntityKind.ValueType(int(one)) for one in EntityKind}
_WORKFLOW_KINDS: Final = {one: knowledge_pb2.WorkflowKind.ValueType(int(one)) for one in WorkflowKind}
_OUTCOMES: Final = {one: knowledge_pb2.WorkflowOutcome.ValueType(int(one)) for one in WorkflowOutcome}
_RESULTS: Final = {
    LearningResult.WAITING: "pending",
    LearningResult.PENDING: "pending",
    LearningResult.SUCCESS: "success",
    LearningResult.SKIPPED: "skipped",
    LearningResult.FAILED: "failed",
}
_WAITS: Final = "the workflow is not completed"
_NOBODY: Final = "nothing is suggested because of this workflow"


def entity(value: Entity, used: Usage | None) -> knowledge_pb2.OrganisationalEntity:
    """An entity; ``used`` None where it has no metrics, or none are asked for."""
    return knowledge_pb2.OrganisationalEntity(
        id=value.id,
        kind=_KINDS[value.kind],
        description=value.description,
        triggers=value.triggers,
        rationale=value.rationale,
        suggested_resources=value.suggested_resources,
        created_at=stamp(value.created_time),
        created_by=value.created_by,
        usage_metrics=usage(used) if used is not None else None,
        policy_document=value.policy_document,
        revision=value.revision,
        etag=etag_of(value),
        updated_at=stamp(value.updated_time),
        updated_by=value.updated_by,
        deleted_at=stamp(value.deleted_time) if value.deleted_time else None,
        origin=value.origin,
    )


def usage(value: Usage) -> knowledge_pb2.UsageMetrics:
    """How an entity was used."""
    return knowledge_pb2.UsageMetrics(
        times_recommended=min(value.times_recommended, _MOST),
        times_used=min(value.times_used, _MOST),
        common_additions=_often(value.additions),
        last_used=stamp(value.last_used) if value.last_used else None,
        last_recommended=stamp(value.last_recommended) if value.last_recommended else None,
        common_omissions=_often(value.omissions),
        times_resources_known=min(value.resources_known, _MOST),
        times_offered=min(value.offered, _MOST),
        times_accepted=min(value.accepted, _MOST),
        acceptance_rate=measured(share(value.accepted, value.offered)),
        times_succeeded=min(value.succeeded, _MOST),
        times_failed=min(value.failed, _MOST),
        success_rate=measured(share(value.succeeded, value.succeeded + value.failed)),
        times_matched_weakly=min(value.weakly_matched, _MOST),
        times_used_weakly=min(value.weakly_used, _MOST),
    )


def measured(value: Share | None) -> knowledge_pb2.Share | None:
    """A share with its interval."""
    if value is None:
        return None
    return knowledge_pb2.Share(value=value.value, low=value.low, high=value.high, out_of=min(value.out_of, _MOST))


def match(value: Found, used: Usage | None) -> knowledge_pb2.EntityMatch:
    """An entity that matches a text."""
    return knowledge_pb2.EntityMatch(
        entity=entity(value.entity, used),
        score=value.match.score,
        relevance=value.match.relevance,
        probability_of_use=value.p_use,
        weak=value.match.relevance < WEAK,
        lexical=value.match.lexical,
        semantic=value.match.semantic,
    )


def semantic_state(value: Semantic) -> knowledge_pb2.SemanticState.ValueType:
    """Whether meaning had a part."""
    return knowledge_pb2.SemanticState.ValueType(int(value))


def together(value: CoUsage, description: str) -> knowledge_pb2.CoUsage:
    """What is used together."""
    return knowledge_pb2.CoUsage(
        id=value.id,
        description=description,
        times=min(value.times, _MOST),
        share=measured(value.share),
        lift=value.lift,
    )


def workflow(value: Workflow, suggestions: Sequence[SuggestionInShort]) -> knowledge_pb2.Workflow:
    """A workflow with its stages."""
    return knowledge_pb2.Workflow(
        workflow_id=value.workflow_id.hex(),
        kind=_WORKFLOW_KINDS[value.kind],
        intent=value.intent,
        scope=value.scope,
        caller=value.caller,
        started_at=stamp(value.started_time),
        completed_at=stamp(value.completed_time) if value.completed_time else None,
        outcome=_OUTCOMES[value.outcome],
        recommended=[
            knowledge_pb2.RecommendedEntity(
                id=one.id,
                kind=_KINDS[one.kind],
                revision=one.revision,
                score=one.score,
                relevance=one.relevance,
                probability_of_use=one.p_use,
                weak=one.weak,
                lexical=one.relevance if one.lexical is None else one.lexical,
                semantic=one.semantic,
            )
            for one in value.recommended
        ],
        used=[one.id for one in value.used],
        generated_resources=value.resources,
        additions=value.additions,
        detail=value.detail,
        stages=_stages(value, suggestions),
    )


def _stages(value: Workflow, suggestions: Sequence[SuggestionInShort]) -> list[knowledge_pb2.WorkflowStage]:
    done = value.outcome is not WorkflowOutcome.OPEN
    learning = knowledge_pb2.WorkflowStage(
        stage="learningSuggestions", result=_RESULTS[value.learning], detail=value.learning_detail
    )
    if value.learning is LearningResult.SUCCESS:
        short = [(one, _short(one)) for one in suggestions]
        learning.suggestions.CopyFrom(
            knowledge_pb2.LearningSuggestions(
                patterns=[told for one, told in short if one.kind != "create_policy"],
                policies=[told for one, told in short if one.kind == "create_policy"],
            )
        )
    elif not learning.detail:
        learning.detail = _NOBODY if value.learning is LearningResult.SKIPPED else "" if done else _WAITS
    return [
        knowledge_pb2.WorkflowStage(
            stage="recommendation",
            result="success",
            detail="no pattern matches the intent well" if value.without_match else "",
        ),
        knowledge_pb2.WorkflowStage(stage="completion", result=_completion(value), detail="" if done else _WAITS),
        learning,
    ]


def _completion(value: Workflow) -> str:
    if value.outcome is WorkflowOutcome.OPEN:
        return "pending"
    return (
        "skipped"
        if value.outcome is WorkflowOutcome.ABANDONED
        else value.outcome.name.lower().replace("failure", "failed")
    )


def _short(value: SuggestionInShort) -> knowledge_pb2.LearningSuggestion:
    return knowledge_pb2.LearningSuggestion(
        suggestion_id=value.suggestion_id, type=value.kind, confidence=value.confidence, reason=value.reason
    )


def calibration(totals: WorkflowTotals) -> list[knowledge_pb2.CalibrationBin]:
    """How relevance becomes a probability of use."""
    curve = probabilities(totals.shown, totals.used)
    return [
        knowledge_pb2.CalibrationBin(
            low=place / BINS,
            high=(place + 1) / BINS,
            shown=totals.shown[place],
            used=totals.used[place],
            probability=curve[place],
        )
        for place in range(BINS)
    ]


def recommendation(
    found: Found, used: Usage | None, also: Sequence[knowledge_pb2.CoUsage]
) -> workflow_pb2.Recommendation:
    """A recommended entity."""
    return workflow_pb2.Recommendation(match=match(found, used), also_used=also)


def _often(counts: dict[str, int]) -> dict[str, int]:
    often = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_NAMES]
    return {name: min(count, _MOST) for name, count in often}
