"""What workflows give, as frozen dataclasses: recommendations, metrics, stages. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .records import Source

EntityKind = Literal["pattern", "policy"]
"""What an entity is: what to build, or what must hold of what is built."""

WorkflowOutcome = Literal["success", "failure", "abandoned"]
"""How a workflow ends."""

SemanticState = Literal["", "off", "used", "building", "unavailable"]
"""Whether embeddings had a part in a match; empty where a daemon does not say."""


@dataclass(frozen=True, slots=True)
class Share:
    """A measured share with its 95 % interval (Wilson's), out of how many."""

    value: float
    low: float
    high: float
    out_of: int


@dataclass(frozen=True, slots=True)
class UsageMetrics:
    """How an entity was used. Counted by the daemon from its journal."""

    times_recommended: int
    times_used: int
    common_additions: Mapping[str, int]
    """Resources that were generated with it and that nothing used there suggests."""
    last_used: datetime | None
    acceptance_rate: Share | None
    success_rate: Share | None


@dataclass(frozen=True, slots=True)
class CoUsage:
    """That another entity is used together with one. ``lift`` is 1 where the two have nothing to do with each other."""

    id: str
    description: str
    times: int
    lift: float


@dataclass(frozen=True, slots=True)
class Match:
    """An organisational pattern or policy that matches an intent."""

    id: str
    kind: EntityKind
    description: str
    triggers: tuple[str, ...]
    rationale: str
    suggested_resources: tuple[str, ...]
    score: float
    """BM25's: comparable only between matches of one intent."""
    relevance: float
    """How well it matches, 0 to 1: comparable between intents. By words alone ``lexical``; else from both."""
    probability_of_use: float
    weak: bool
    usage_metrics: UsageMetrics | None
    """None where it was never recommended nor used."""
    also_used: tuple[CoUsage, ...] = ()
    lexical: float = 0.0
    """By words: the share of the best possible score, 0 to 1."""
    semantic: float | None = None
    """By meaning: the cosine of the vectors; None where it had no part."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What there is for an intent, best first; weak matches too."""

    workflow_id: str = ""
    """Empty where the daemon did not answer."""
    patterns: tuple[Match, ...] = ()
    policies: tuple[Match, ...] = ()
    no_good_pattern: bool = True
    source: Source = "daemon"
    semantic_state: SemanticState = ""
    """Whether meaning had a part in it, beside words."""


@dataclass(frozen=True, slots=True)
class LearningSuggestion:
    """What a workflow gave rise to: ``type`` is create_pattern, update_pattern, create_policy or deprecate_pattern."""

    suggestion_id: str
    type: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class WorkflowStage:
    """One stage; ``result`` is pending, success, skipped or failed."""

    stage: str
    result: str
    detail: str
    suggestions: tuple[LearningSuggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """One run that builds something. ``outcome`` is None while it has not ended; texts are as kept, redacted."""

    workflow_id: str
    intent: str
    scope: str
    started_at: datetime | None
    completed_at: datetime | None
    outcome: WorkflowOutcome | None
    recommended: tuple[str, ...]
    used: tuple[str, ...]
    generated_resources: tuple[str, ...]
    additions: tuple[str, ...]
    stages: tuple[WorkflowStage, ...] = field(default=())
    duplicate: bool = False
    """Whether it had been completed so before."""
