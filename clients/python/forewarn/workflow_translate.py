"""Protobuf of workflows to records and back. Fields are those of ``workflow.proto`` and ``knowledge.proto``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import workflow_records as r
from .translate import moment
from .v1 import knowledge_pb2, workflow_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: Final[dict[int, r.EntityKind]] = {1: "pattern", 2: "policy"}
_OUTCOMES: Final[dict[int, r.WorkflowOutcome]] = {1: "success", 2: "failure", 3: "abandoned"}
_SEMANTIC: Final[dict[int, r.SemanticState]] = {1: "off", 2: "used", 3: "building", 4: "unavailable"}
_BY_OUTCOME: Final = {word: knowledge_pb2.WorkflowOutcome.ValueType(number) for number, word in _OUTCOMES.items()}


def recommend_request(
    intent: str, scope: str, limit: int, caller: str, session_id: str
) -> workflow_pb2.RecommendRequest:
    """An intent, as the daemon wants it."""
    return workflow_pb2.RecommendRequest(intent=intent, scope=scope, limit=limit, caller=caller, session_id=session_id)


def complete_request(
    workflow: r.Recommendation | str,
    outcome: r.WorkflowOutcome,
    used: Iterable[str],
    generated_resources: Iterable[str],
    detail: str,
) -> workflow_pb2.CompleteWorkflowRequest:
    """How a workflow ended, as the daemon wants it. Raises ValueError for a fallback, and for no outcome."""
    workflow_id = workflow if isinstance(workflow, str) else workflow.workflow_id
    if not workflow_id:
        raise ValueError("the daemon did not begin this workflow: there is nothing to complete")
    if outcome not in _BY_OUTCOME:
        raise ValueError('outcome must be "success", "failure" or "abandoned"')
    return workflow_pb2.CompleteWorkflowRequest(
        workflow_id=workflow_id,
        used=list(used),
        generated_resources=list(generated_resources),
        outcome=_BY_OUTCOME[outcome],
        detail=detail,
    )


def recommendation(m: workflow_pb2.RecommendResponse) -> r.Recommendation:
    """What there is for an intent."""
    return r.Recommendation(
        m.workflow_id,
        tuple(_match(one) for one in m.patterns),
        tuple(_match(one) for one in m.policies),
        m.no_good_pattern,
        semantic_state=_SEMANTIC.get(m.semantic_state, ""),
    )


def workflow(m: knowledge_pb2.Workflow, *, duplicate: bool = False) -> r.Workflow:
    """One workflow."""
    return r.Workflow(
        workflow_id=m.workflow_id,
        intent=m.intent,
        scope=m.scope,
        started_at=moment(m, "started_at"),
        completed_at=moment(m, "completed_at"),
        outcome=_OUTCOMES.get(m.outcome),
        recommended=tuple(one.id for one in m.recommended),
        used=tuple(m.used),
        generated_resources=tuple(m.generated_resources),
        additions=tuple(m.additions),
        stages=tuple(_stage(one) for one in m.stages),
        duplicate=duplicate,
    )


def _stage(m: knowledge_pb2.WorkflowStage) -> r.WorkflowStage:
    suggestions = (*m.suggestions.patterns, *m.suggestions.policies)
    return r.WorkflowStage(
        m.stage,
        m.result,
        m.detail,
        tuple(r.LearningSuggestion(one.suggestion_id, one.type, one.confidence, one.reason) for one in suggestions),
    )


def _match(m: workflow_pb2.Recommendation) -> r.Match:
    entity = m.match.entity
    return r.Match(
        id=entity.id,
        kind=_KINDS.get(entity.kind, "pattern"),
        description=entity.description,
        triggers=tuple(entity.triggers),
        rationale=entity.rationale,
        suggested_resources=tuple(entity.suggested_resources),
        score=m.match.score,
        relevance=m.match.relevance,
        probability_of_use=m.match.probability_of_use,
        weak=m.match.weak,
        usage_metrics=_metrics(entity.usage_metrics) if entity.HasField("usage_metrics") else None,
        lexical=m.match.lexical,
        semantic=m.match.semantic if m.match.HasField("semantic") else None,
        also_used=tuple(r.CoUsage(one.id, one.description, one.times, one.lift) for one in m.also_used),
    )


def _metrics(m: knowledge_pb2.UsageMetrics) -> r.UsageMetrics:
    return r.UsageMetrics(
        m.times_recommended,
        m.times_used,
        dict(m.common_additions),
        moment(m, "last_used"),
        _share(m.acceptance_rate) if m.HasField("acceptance_rate") else None,
        _share(m.success_rate) if m.HasField("success_rate") else None,
    )


def _share(m: knowledge_pb2.Share) -> r.Share:
    return r.Share(m.value, m.low, m.high, m.out_of)
