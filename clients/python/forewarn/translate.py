"""Protobuf to records and back: the only module that knows both. Fields are those of ``proto/forewarn/v1``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from . import records as r
from .arguments import dumps, to_json
from .v1 import guard_pb2, model_pb2
from .vocabulary import ApprovalState, Cause, Level, Mode, Outcome, State, Verdict

if TYPE_CHECKING:
    from google.protobuf.message import Message

NANOS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration(seconds: float | None) -> Duration | None:
    """Seconds as protobuf; below zero counts as zero."""
    if seconds is None:
        return None
    whole, nanos = divmod(round(max(seconds, 0.0) * NANOS), NANOS)
    return Duration(seconds=whole, nanos=nanos)


def timestamp(time: datetime | float) -> Timestamp:
    """An aware datetime, or seconds since the epoch, as protobuf. A naive datetime counts as local time."""
    if isinstance(time, datetime):  # by its parts: a float does not hold a microsecond of our century
        micros = (time.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
        whole, micros = divmod(micros, 1_000_000)
        return Timestamp(seconds=whole, nanos=micros * 1000)
    whole, nanos = divmod(round(time * NANOS), NANOS)
    return Timestamp(seconds=whole, nanos=nanos)


def _seconds(message: Message, field: str) -> float | None:
    if not message.HasField(field):
        return None
    value: Duration = getattr(message, field)
    return value.seconds + value.nanos / NANOS


def moment(message: Message, field: str) -> datetime | None:
    """A time as an aware datetime in UTC; None where it is unset."""
    if not message.HasField(field):
        return None
    value: Timestamp = getattr(message, field)
    return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)


def _interval(message: Message, field: str) -> r.Interval | None:
    if not message.HasField(field):
        return None
    value: model_pb2.Interval = getattr(message, field)
    return r.Interval(value.low, value.high, value.confidence)


def _evidence(message: Message) -> r.Evidence | None:
    if not message.HasField("evidence"):
        return None
    value: model_pb2.Evidence = cast("Any", message).evidence
    return r.Evidence(
        value.failures,
        value.successes,
        value.calls,
        _interval(value, "interval"),
        tuple(value.call_ids),
        moment(value, "last_time"),
    )


def _object(text: str) -> dict[str, object] | None:
    if not text:
        return None
    value = json.loads(text)
    return value if isinstance(value, dict) else None


def _alternative(m: model_pb2.Alternative) -> r.Alternative:
    return r.Alternative(
        tool=m.tool,
        arguments=_object(m.arguments_json),
        expected_success=m.expected_success,
        success_interval=_interval(m, "success_interval"),
        expected_latency=_seconds(m, "expected_latency"),
        expected_cost=m.expected_cost,
        score=m.score,
        rationale=m.rationale,
        evidence=_evidence(m),
    )


def _reason(m: model_pb2.Reason) -> r.Reason:
    cause = Cause.from_number(m.cause)
    return r.Reason(m.code, m.summary, m.contribution, m.usage_pattern_id, cause, _evidence(m), m.rule)


def decision(m: model_pb2.Decision) -> r.Decision:
    """A decision of the daemon."""
    probe = r.Probe(m.probe.usage_pattern_id, moment(m.probe, "deadline")) if m.HasField("probe") else None
    snapshot = None
    if m.HasField("snapshot"):
        snapshot = r.Snapshot(m.snapshot.store_sequence, m.snapshot.policy_revision, m.snapshot.evidence_model)
    return r.Decision(
        verdict=Verdict.from_number(m.verdict),
        would_be=Verdict.from_number(m.would_be),
        mode=Mode.from_number(m.mode),
        decision_id=m.decision_id,
        p_fail=m.p_fail,
        p_fail_interval=_interval(m, "p_fail_interval"),
        known=m.known,
        reasons=tuple(map(_reason, m.reasons)),
        remedy=m.remedy,
        retry_after=_seconds(m, "retry_after"),
        alternatives=tuple(map(_alternative, m.alternatives)),
        probe=probe,
        snapshot=snapshot,
        time=moment(m, "time"),
        approval_id=m.approval_id,
        by_policy=_by_policy(m),
    )


def _by_policy(m: model_pb2.Decision) -> bool:
    if not m.HasField("policy"):  # a daemon that tells no more than the reasons
        return any(reason.code == "policy" for reason in m.reasons)
    return m.policy.verdict in (model_pb2.VERDICT_PREVENT, model_pb2.VERDICT_REQUIRE_APPROVAL)


def approval(m: model_pb2.Approval) -> r.Approval:
    """The approval of a call."""
    return r.Approval(
        approval_id=m.approval_id,
        state=ApprovalState.from_number(m.state),
        tool=m.tool,
        rule=m.rule,
        message=m.message,
        approvers=tuple(m.approvers),
        expire_time=moment(m, "expire_time"),
        decided_by=m.decided_by,
        reason=m.reason,
        uses=m.uses,
        used=m.used,
    )


def _fact(m: guard_pb2.ContextFact) -> r.ContextFact:
    return r.ContextFact(m.text, m.tokens, m.tool, m.usage_pattern_id, _evidence(m))


def check(m: guard_pb2.CheckResponse) -> r.Check:
    """A decision with facts."""
    return r.Check(decision(m.decision), tuple(map(_fact, m.facts)), m.tokens)


def injection(m: guard_pb2.InjectContextResponse) -> r.Injection:
    """Facts before using tools."""
    return r.Injection(tuple(map(_fact, m.facts)), m.tokens, m.left_out)


def ranking(m: guard_pb2.OptimizeResponse) -> r.Ranking:
    """Ranked alternatives."""
    return r.Ranking(tuple(map(_alternative, m.alternatives)), m.decision_id, m.explored, m.propensity)


def classification(m: model_pb2.Classification) -> r.Classification:
    """How a record was understood."""
    return r.Classification(
        category=Outcome.from_number(m.category),
        category_confidence=m.category_confidence,
        cause=Cause.from_number(m.cause),
        cause_confidence=m.cause_confidence,
        transient=m.transient,
        error_template=m.error_template,
    )


def recorded(m: guard_pb2.RecordCallResponse) -> r.Recorded:
    """What a record came to."""
    changes = tuple(
        r.PatternChange(c.usage_pattern_id, State.from_number(c.from_state), State.from_number(c.to_state))
        for c in m.changes
    )
    retry = _retry(m.retry_advice) if m.HasField("retry_advice") else None
    return r.Recorded(m.call_id, classification(m.classification), m.sequence, m.duplicate, changes, retry=retry)


def _retry(m: guard_pb2.RetryAdvice) -> r.RetryAdvice:
    return r.RetryAdvice(m.worth_it, _seconds(m, "after"), m.p_success, _interval(m, "p_success_interval"), m.reason)


def _usage_pattern(m: model_pb2.UsagePattern) -> r.UsagePattern:
    return r.UsagePattern(
        usage_pattern_id=m.usage_pattern_id,
        level=Level.from_number(m.level),
        tool=m.tool,
        server=m.server,
        scope=m.scope,
        description=m.description,
        state=State.from_number(m.state),
        cause=Cause.from_number(m.cause),
        failure_probability=m.failure_probability,
        evidence=_evidence(m),
        log_likelihood_ratio=m.log_likelihood_ratio,
        first_time=moment(m, "first_time"),
        last_time=moment(m, "last_time"),
        probe_due_time=moment(m, "probe_due_time"),
        prevented=m.prevented,
        prevented_right=m.prevented_right,
        prevented_wrong=m.prevented_wrong,
        appeals=m.appeals,
        suspended_reason=m.suspended_reason,
        last_error=m.last_error,
    )


def similar(m: guard_pb2.FindSimilarResponse) -> r.Similar:
    """What a call is like."""
    calls = tuple(
        r.SimilarCall(
            similarity=c.similarity,
            call_id=c.call_id,
            tool=c.tool,
            arguments_json=c.arguments_json,
            classification=classification(c.classification),
            error=c.error,
            time=moment(c, "time"),
            duration=_seconds(c, "duration"),
            session_id=c.session_id,
        )
        for c in m.calls
    )
    patterns = tuple(r.SimilarUsagePattern(p.similarity, _usage_pattern(p.usage_pattern)) for p in m.usage_patterns)
    return r.Similar(calls, patterns, tuple(m.suggestions))


def registrations(m: guard_pb2.RegisterToolsResponse) -> list[r.Registration]:
    """What registering changed, in the order of the request."""
    return [r.Registration(x.tool, x.created, x.evidence_reset) for x in m.registrations]


def tool_descriptor(tool: r.Tool) -> model_pb2.ToolDescriptor:
    """A tool as the daemon wants it."""
    schema = "" if tool.input_schema is None else dumps(to_json(tool.input_schema, f"{tool.tool}.input_schema"))
    return model_pb2.ToolDescriptor(
        tool=tool.tool,
        description=tool.description,
        input_schema_json=schema,
        read_only=tool.read_only,
        destructive=tool.destructive,
        idempotent=tool.idempotent,
        server=tool.server,
        version=tool.version,
        alternatives=tool.alternatives,
        volatile_arguments=tool.volatile_arguments,
    )


def call_result(
    outcome: Outcome,
    *,
    error: str,
    error_code: str,
    duration_seconds: float | None,
    cost: float,
    result_excerpt: str,
    retry_after: float | None,
) -> model_pb2.CallResult:
    """How a call went, as the daemon wants it."""
    return model_pb2.CallResult(
        outcome=cast("Any", outcome.number),
        error=error,
        error_code=error_code,
        duration=duration(duration_seconds),
        cost=cost,
        result_excerpt=result_excerpt,
        retry_after=duration(retry_after),
    )
