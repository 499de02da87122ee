"""The answer to one question before a call, and how it is logged."""

from __future__ import annotations

from typing import Final

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
    #: With the code "policy": the rule, as ``policy/rule``.
    rule: str = ""
    #: Whether it may be the ground of a prevention: what only shifts the odds may not.
    prevents: bool = True


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


#: The code of reasons that policies give.
POLICY: Final = "policy"


class RuleSaid(msgspec.Struct, frozen=True, array_like=True):
    """What became of one rule. Numbers are those of ``sidecar/policies/verdict.py``; texts are redacted."""

    rule: str
    outcome: int
    verdict: int
    reach: int
    priority: int = 0
    message: str = ""
    error: str = ""
    missed: str = ""
    found: tuple[str, ...] = ()
    lifted: bool = False


class DerivedSaid(msgspec.Struct, frozen=True, array_like=True):
    """A derived fact; ``value`` as JSON, redacted."""

    rule: str
    name: str
    value: str
    level: int


class PolicySaid(msgspec.Struct, frozen=True, array_like=True):
    """What policies said of a call, and what would have been decided without them (``learned_*``).

    ``verdict`` and ``would_be`` are numbers of ``PolicyVerdict``; ``rule`` decides the first, ``would_be_rule`` the
    other, both as ``policy/rule``. ``overruled``: what was learned was not asked for its verdict.
    """

    verdict: int
    would_be: int
    rule: str
    would_be_rule: str
    rules: tuple[RuleSaid, ...]
    derived: tuple[DerivedSaid, ...]
    learned_verdict: Verdict
    learned_would_be: Verdict
    overruled: bool


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
    #: Drawn by lot to be made although it was to be prevented, so that preventions are put to the test.
    holdout: bool = False
    #: Let through because too many of the tool's recent calls were prevented.
    capped: bool = False
    #: The probability with which what was done is done: 1 where no lot was drawn.
    propensity: float = 1.0
    #: What policies said; None where none is about the call.
    policy: PolicySaid | None = None
    #: The approval that the call waits for, or that let it through or stopped it.
    approval_id: bytes = b""
    #: With the verdict REWRITE: the arguments to use, as JSON. Redacted where it is kept.
    rewritten: str = ""

    @property
    def learned_verdict(self) -> Verdict:
        """The verdict of what was learned alone: what learning is measured by."""
        return self.verdict if self.policy is None else self.policy.learned_verdict

    @property
    def learned_would_be(self) -> Verdict:
        """What the verdict of what was learned would be in mode enforce."""
        return self.would_be if self.policy is None else self.policy.learned_would_be

    @property
    def learned_reasons(self) -> tuple[Reason, ...]:
        """The reasons without those of policies."""
        if self.policy is None:
            return self.reasons
        return tuple(reason for reason in self.reasons if reason.code != POLICY)

    @property
    def overruled(self) -> bool:
        """Whether a policy decided in place of what was learned."""
        return self.policy is not None and self.policy.overruled


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
    caller_roles: tuple[str, ...] = ()
    server: str = ""
