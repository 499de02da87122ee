"""The answer to one question before a call, and how it is logged."""

from __future__ import annotations

import msgspec

from .call import Classification
from .vocabulary import Cause, Mode, Verdict


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """A range in [0, 1] that holds the true value with probability ``confidence``."""

    low: float
    high: float
    confidence: float


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """The calls behind a statement. ``failures`` and ``successes`` are weighted by age, ``calls`` is not.

    ``call_ids`` names the most recent calls, newest first, at most three.
    """

    failures: float
    successes: float
    calls: int
    interval: Interval
    call_ids: tuple[str, ...]
    last_time: float


class Reason(msgspec.Struct, frozen=True, array_like=True):
    """One reason of a decision. ``contribution`` is in log-odds of failure; negative speaks for success."""

    code: str
    summary: str
    contribution: float
    pattern_id: bytes
    cause: Cause
    evidence: Evidence | None


class Alternative(msgspec.Struct, frozen=True, array_like=True):
    """Something to do instead. ``latency`` is seconds, -1 where unknown; ``score`` ranks, higher is better."""

    tool: str
    arguments_json: str
    expected_success: float
    interval: Interval
    latency: float
    cost: float
    score: float
    rationale: str
    evidence: Evidence | None


class RetryAdvice(msgspec.Struct, frozen=True, array_like=True):
    """Whether a call that failed should be made again as it is. ``after`` is seconds, -1 where it should not."""

    worth_it: bool
    after: float
    p_success: float
    interval: Interval
    reason: str


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """What a decision was based on."""

    store_sequence: int
    policy_revision: str
    evidence_model: str


class Probe(msgspec.Struct, frozen=True, array_like=True):
    """A permission to make one call that would have been prevented. ``deadline`` is event time."""

    pattern_id: bytes
    deadline: float


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """The answer to one question before a call. ``retry_after`` is seconds, -1 where waiting does not help."""

    decision_id: bytes
    verdict: Verdict
    would_be: Verdict
    mode: Mode
    p_fail: float
    interval: Interval
    known: bool
    reasons: tuple[Reason, ...]
    remedy: str
    retry_after: float
    alternatives: tuple[Alternative, ...]
    probe: Probe | None
    snapshot: Snapshot
    time: float


class DecisionRecord(msgspec.Struct, array_like=True):
    """A decision as it is logged. Fields are only ever appended, with a default."""

    decision: Decision
    question: str
    tool: str
    preview: str
    session_id: str
    caller: str
    call_id: str
    context: dict[str, str]
    fingerprint: bytes
    propensity: float
    classification: Classification | None = None
