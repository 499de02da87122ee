"""Forewarn's client: ask before a tool call, tell afterwards.

    import forewarn

    client = forewarn.Client()
    with client.guard("view_issue", {"key": "AB-1"}) as call:
        call.succeed(jira.view_issue("AB-1"))

``Client`` is for threads, ``AsyncClient`` for asyncio. gRPC is imported with the first of them, not with the package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .aio import AsyncClient, AsyncSession
    from .attempt import GuardedCall
    from .breaker import Breaker
    from .client import Client, Session
    from .errors import (
        ArgumentsTooLargeError,
        CircuitOpenError,
        ClosedError,
        DaemonError,
        DeadlineExceededError,
        EncodingError,
        ExhaustedError,
        ForewarnError,
        ForkedError,
        HealFailed,
        Prevented,
        RefusedError,
        UnauthenticatedError,
        UnavailableError,
    )
    from .heal import Backoff, Failure, Heal
    from .records import (
        Alternative,
        Appealed,
        Approval,
        CallRecord,
        Check,
        Classification,
        ContextFact,
        Decision,
        Evidence,
        Injection,
        Interval,
        PatternChange,
        Probe,
        Ranking,
        Reason,
        Recorded,
        Registration,
        RetryAdvice,
        Similar,
        SimilarCall,
        SimilarUsagePattern,
        Snapshot,
        Tool,
        UsagePattern,
    )
    from .rollout_records import Rollout, RolloutArm
    from .rollouts import AsyncRollouts, Rollouts
    from .stats import Stats
    from .vocabulary import ApprovalState, Cause, Level, Mode, Outcome, State, Verdict
    from .workflow_records import (
        CoUsage,
        LearningSuggestion,
        Match,
        Recommendation,
        Share,
        UsageMetrics,
        Workflow,
        WorkflowStage,
    )

_WHERE = {
    "aio": ("AsyncClient", "AsyncSession"),
    "attempt": ("GuardedCall",),
    "breaker": ("Breaker",),
    "client": ("Client", "Session"),
    "errors": (
        "ArgumentsTooLargeError", "CircuitOpenError", "ClosedError", "DaemonError", "DeadlineExceededError",
        "EncodingError", "ExhaustedError", "ForewarnError", "ForkedError", "HealFailed", "Prevented", "RefusedError",
        "UnauthenticatedError", "UnavailableError",
    ),
    "heal": ("Backoff", "Failure", "Heal"),
    "records": (
        "Alternative", "Appealed", "Approval", "CallRecord", "Check", "Classification", "ContextFact", "Decision",
        "Evidence", "Injection", "Interval", "PatternChange", "Probe", "Ranking", "Reason", "Recorded", "Registration",
        "RetryAdvice", "Similar", "SimilarCall", "SimilarUsagePattern", "Snapshot", "Tool", "UsagePattern",
    ),
    "rollout_records": ("Rollout", "RolloutArm"),
    "rollouts": ("AsyncRollouts", "Rollouts"),
    "stats": ("Stats",),
    "vocabulary": ("ApprovalState", "Cause", "Level", "Mode", "Outcome", "State", "Verdict"),
    "workflow_records": (
        "CoUsage", "LearningSuggestion", "Match", "Recommendation", "Share", "UsageMetrics", "Workflow",
        "WorkflowStage",
    ),
}  # fmt: skip
_MODULE = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE})


__all__ = [
    "Alternative",
    "Appealed",
    "Approval",
    "ApprovalState",
    "ArgumentsTooLargeError",
    "AsyncClient",
    "AsyncRollouts",
    "AsyncSession",
    "Backoff",
    "Breaker",
    "CallRecord",
    "Cause",
    "Check",
    "CircuitOpenError",
    "Classification",
    "Client",
    "ClosedError",
    "CoUsage",
    "ContextFact",
    "DaemonError",
    "DeadlineExceededError",
    "Decision",
    "EncodingError",
    "Evidence",
    "ExhaustedError",
    "Failure",
    "ForewarnError",
    "ForkedError",
    "GuardedCall",
    "Heal",
    "HealFailed",
    "Injection",
    "Interval",
    "LearningSuggestion",
    "Level",
    "Match",
    "Mode",
    "Outcome",
    "PatternChange",
    "Prevented",
    "Probe",
    "Ranking",
    "Reason",
    "Recommendation",
    "Recorded",
    "RefusedError",
    "Registration",
    "RetryAdvice",
    "Rollout",
    "RolloutArm",
    "Rollouts",
    "Session",
    "Share",
    "Similar",
    "SimilarCall",
    "SimilarUsagePattern",
    "Snapshot",
    "State",
    "Stats",
    "Tool",
    "UnauthenticatedError",
    "UnavailableError",
    "UsageMetrics",
    "UsagePattern",
    "Verdict",
    "Workflow",
    "WorkflowStage",
]
