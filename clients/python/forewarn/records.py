"""What goes in and what comes out, as frozen dataclasses. Durations are seconds, times aware datetimes in UTC.

None means "not known". Tuples keep the daemon's order, strongest or best first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .vocabulary import ApprovalState, Cause, Level, Mode, Outcome, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .errors import DaemonError

Source = Literal["daemon", "fallback"]
"""Who answered: the daemon, or the client itself because the daemon did not."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A range in [0, 1] that holds the true value with probability ``confidence``."""

    low: float
    high: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The calls behind a statement. ``failures`` and ``successes`` are weighted by age, ``calls`` is not."""

    failures: float
    successes: float
    calls: int
    interval: Interval | None
    call_ids: tuple[str, ...]
    last_time: datetime | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision. ``contribution`` is in log-odds of failure; negative speaks for success."""

    code: str
    """Stable: the detector that speaks, "policy", or "fallback" when the client answered."""
    summary: str
    contribution: float = 0.0
    usage_pattern_id: str = ""
    cause: Cause = Cause.UNSPECIFIED
    evidence: Evidence | None = None
    rule: str = ""
    """With the code "policy": the rule, as "policy/rule"."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something to do instead. ``arguments`` is None when only the tool is proposed."""

    tool: str
    arguments: Mapping[str, object] | None
    expected_success: float
    success_interval: Interval | None
    expected_latency: float | None
    expected_cost: float
    score: float
    rationale: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Probe:
    """The call is let through to find out whether it still fails."""

    usage_pattern_id: str
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision was based on."""

    store_sequence: int
    policy_revision: str
    evidence_model: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one question before a call."""

    verdict: Verdict
    """What to do. In mode shadow always ALLOW."""
    would_be: Verdict
    """What the verdict would be in mode enforce."""
    mode: Mode
    decision_id: str = ""
    """Empty when the client answered."""
    p_fail: float = 0.0
    """The calibrated probability that the call fails, in [0, 1]; 0 when the client answered."""
    p_fail_interval: Interval | None = None
    known: bool = False
    """Whether anything was known of calls like this."""
    reasons: tuple[Reason, ...] = ()
    remedy: str = ""
    """What would make the call pass; empty when nothing is known."""
    retry_after: float | None = None
    """How long to wait before trying, in seconds; None when waiting does not help."""
    alternatives: tuple[Alternative, ...] = ()
    probe: Probe | None = None
    snapshot: Snapshot | None = None
    time: datetime | None = None
    source: Source = "daemon"
    fallback_reason: str = ""
    """Why the client answered: "unavailable", "deadline_exceeded", "circuit_open", "unauthenticated",
    "arguments_too_large", … ; empty when the daemon answered."""
    approval_id: str = ""
    """With REQUIRE_APPROVAL: what a person has to agree to; see ``wait_for_approval``."""
    by_policy: bool = False
    """Whether a policy stops the call. What was learned may stop it, too."""

    @property
    def blocks(self) -> bool:
        """Whether the call must not be made as it stands: PREVENT, or REQUIRE_APPROVAL."""
        return self.verdict in (Verdict.PREVENT, Verdict.REQUIRE_APPROVAL)

    def rewritten(self, tool: str) -> Mapping[str, object] | None:
        """With the verdict REWRITE, the arguments to use for ``tool``; else None."""
        if self.verdict is not Verdict.REWRITE:
            return None
        return next((a.arguments for a in self.alternatives if a.tool == tool and a.arguments is not None), None)


@dataclass(frozen=True, slots=True)
class ContextFact:
    """One thing worth knowing, phrased as a fact."""

    text: str
    tokens: int
    tool: str
    usage_pattern_id: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Check:
    """A decision and what is worth knowing before the call."""

    decision: Decision
    facts: tuple[ContextFact, ...] = ()
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Injection:
    """What is worth knowing before using some tools. ``left_out`` facts did not fit the budget."""

    facts: tuple[ContextFact, ...] = ()
    tokens: int = 0
    left_out: int = 0
    source: Source = "daemon"

    @property
    def text(self) -> str:
        """The facts, one a line."""
        return "\n".join(fact.text for fact in self.facts)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What to use, best first. Empty, with ``source == "fallback"``, when the daemon did not answer."""

    alternatives: tuple[Alternative, ...] = ()
    decision_id: str = ""
    explored: bool = False
    propensity: float = 1.0
    source: Source = "daemon"


@dataclass(frozen=True, slots=True)
class Classification:
    """How a record was understood."""

    category: Outcome
    category_confidence: float
    cause: Cause
    cause_confidence: float
    transient: bool
    error_template: str


@dataclass(frozen=True, slots=True)
class PatternChange:
    """A usage pattern that a record moved from one state to another."""

    usage_pattern_id: str
    from_state: State
    to_state: State


@dataclass(frozen=True, slots=True)
class RetryAdvice:
    """Whether a call that has just failed should be made again as it is."""

    worth_it: bool
    """More likely than not the next attempt works."""
    after: float | None
    """Seconds to wait before; None where it is not worth it."""
    p_success: float
    interval: Interval | None
    reason: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a record."""

    call_id: str
    classification: Classification | None = None
    sequence: int = 0
    duplicate: bool = False
    changes: tuple[PatternChange, ...] = ()
    queued: bool = False
    """Not stored yet: it waits in this process and is sent in the background."""
    error: DaemonError | None = None
    """Why it is not stored, where that is known."""
    retry: RetryAdvice | None = None
    """Of a call that failed; None of others, and where the daemon did not answer."""

    @property
    def stored(self) -> bool:
        """Whether the daemon has it, durably."""
        return self.classification is not None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One finished call for :meth:`forewarn.Client.record_many`. Empty strings mean "not said"."""

    tool: str
    arguments: Mapping[str, object] | None
    outcome: Outcome
    error: str = ""
    error_code: str = ""
    duration: float | None = None
    cost: float = 0.0
    result: object = None
    retry_after: float | None = None
    decision_id: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    session_id: str = ""
    caller: str = ""
    call_id: str = ""
    server: str = ""
    tool_version: str = ""
    time: datetime | float | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """What a runtime says about a tool. ``input_schema`` is the JSON Schema of its arguments."""

    tool: str
    description: str = ""
    input_schema: Mapping[str, object] | None = None
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    server: str = ""
    version: str = ""
    alternatives: tuple[str, ...] = ()
    volatile_arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registration:
    """What registering one tool changed."""

    tool: str
    created: bool
    evidence_reset: bool


@dataclass(frozen=True, slots=True)
class UsagePattern:
    """Something learned: "calls of this tool that look like this, in this scope, end with this cause"."""

    usage_pattern_id: str
    level: Level
    tool: str
    server: str
    scope: str
    description: str
    state: State
    cause: Cause
    failure_probability: float
    evidence: Evidence | None
    log_likelihood_ratio: float
    first_time: datetime | None
    last_time: datetime | None
    probe_due_time: datetime | None
    prevented: int
    prevented_right: int
    prevented_wrong: int
    appeals: int
    suspended_reason: str
    last_error: str


@dataclass(frozen=True, slots=True)
class SimilarCall:
    """A past call like another. ``similarity`` is in [0, 1]; 1 for equal arguments."""

    similarity: float
    call_id: str
    tool: str
    arguments_json: str
    """Redacted and cut to 2 KiB, so not always JSON that parses."""
    classification: Classification
    error: str
    time: datetime | None
    duration: float | None
    session_id: str


@dataclass(frozen=True, slots=True)
class SimilarUsagePattern:
    """A usage pattern that is like a call. ``similarity`` is in [0, 1]; 1 when it covers the call."""

    similarity: float
    usage_pattern: UsagePattern


@dataclass(frozen=True, slots=True)
class Similar:
    """What a call is like, and what would improve it."""

    calls: tuple[SimilarCall, ...] = ()
    usage_patterns: tuple[SimilarUsagePattern, ...] = ()
    suggestions: tuple[str, ...] = ()
    source: Source = "daemon"


@dataclass(frozen=True, slots=True)
class Appealed:
    """What an appeal changed."""

    usage_pattern_ids: tuple[str, ...]
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """A call that a person has to agree to: this very call, in its session."""

    approval_id: str
    state: ApprovalState
    tool: str
    rule: str
    """The policy's rule that asks, as "policy/rule"."""
    message: str
    approvers: tuple[str, ...]
    """Roles that may agree; empty: anybody who may approve."""
    expire_time: datetime | None
    decided_by: str = ""
    reason: str = ""
    uses: int = 1
    used: int = 0

    @property
    def open(self) -> bool:
        """Whether nobody has agreed or refused yet, and somebody still may."""
        return self.state is ApprovalState.PENDING
