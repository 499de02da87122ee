"""From our records to protobuf: decisions, patterns, calls, tools, counts."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from forewarn.v1 import admin_pb2, guard_pb2, model_pb2

from ..guard.policy.combining import verdict_of
from ..guard.policy.records import ApprovalRecord
from ..learning.describe import evidence_of, failure_probability
from ..learning.false_prevention import false_prevention as estimate_of
from ..learning.false_prevention import wrong_share
from ..learning.learner import Recorded
from ..model.call import Classification, Observation
from ..model.decision import (
    Alternative,
    Decision,
    DecisionRecord,
    Evidence,
    Interval,
    PolicySaid,
    RetryAdvice,
    RuleSaid,
)
from ..model.journal import Appeal, Event
from ..model.pattern import UsagePattern
from ..model.tool import Counts, Tool, ToolDescriptor
from ..model.trial import Standing
from ..model.vocabulary import Mode
from ..policies.verdict import PolicyVerdict, Reach
from .wire_tables import MAX_SECONDS, writing

_REACH = {
    int(Reach.SHADOW): model_pb2.MODE_SHADOW,
    int(Reach.WARN): model_pb2.MODE_WARN,
    int(Reach.ENFORCE): model_pb2.MODE_ENFORCE,
}
#: Policies' verdicts in the words of decisions: a suggestion is a warning; nothing is unspecified.
_POLICY_VERDICT = {int(one): model_pb2.Verdict.ValueType(int(verdict_of(one) or 0)) for one in PolicyVerdict}


def stamp(seconds: float) -> Timestamp:
    """A Timestamp from seconds since the epoch, exact to the microsecond; the last one there is for what is beyond."""
    micros = round(min(seconds, MAX_SECONDS) * 1e6)
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def span(seconds: float) -> Duration:
    """A Duration from seconds, exact to the microsecond."""
    micros = round(seconds * 1e6)
    return Duration(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


#: Decisions are answered thousands of times a second: they are written from our records, without messages in between.
_INTERVAL: Final = writing(model_pb2.Interval, "low", "high", "confidence")
_EVIDENCE: Final = writing(
    model_pb2.Evidence, "failures", "successes", "calls", "call_ids", "last_time", interval=_INTERVAL
)
_REASON: Final = writing(
    model_pb2.Reason, "code", "summary", "contribution", "cause", "rule", usage_pattern_id="pattern_id",
    evidence=_EVIDENCE,
)  # fmt: skip
_DECISION: Final = writing(
    model_pb2.Decision, "decision_id", "verdict", "would_be", "mode", "p_fail", "known", "remedy", "retry_after",
    "time", "holdout", "capped", "approval_id", p_fail_interval=("interval", _INTERVAL), reasons=_REASON,
    probe=writing(model_pb2.Probe, "deadline", usage_pattern_id="pattern_id"),
    snapshot=writing(model_pb2.Snapshot, "store_sequence", "policy_revision", "evidence_model"),
    rewritten_arguments_json="rewritten",
)  # fmt: skip
_RECORDED: Final = writing(guard_pb2.RecordCallResponse, "call_id", "sequence")
_OF_ANSWER: Final = guard_pb2.ShouldPreventResponse.DESCRIPTOR.fields_by_name["decision"].number


def interval(value: Interval) -> model_pb2.Interval:
    """A range."""
    return model_pb2.Interval(low=value.low, high=value.high, confidence=value.confidence)


def evidence(value: Evidence) -> model_pb2.Evidence:
    """The calls behind a statement."""
    return model_pb2.Evidence.FromString(_EVIDENCE.write(value))


def alternative(value: Alternative) -> model_pb2.Alternative:
    """Something to do instead."""
    return model_pb2.Alternative(
        tool=value.tool,
        arguments_json=value.arguments_json,
        expected_success=value.expected_success,
        success_interval=interval(value.interval),
        expected_latency=span(value.latency) if value.latency >= 0 else None,
        expected_cost=value.cost,
        score=value.score,
        rationale=value.rationale,
        evidence=evidence(value.evidence) if value.evidence is not None else None,
    )


def decision(value: Decision) -> model_pb2.Decision:
    """A decision."""
    return model_pb2.Decision.FromString(_DECISION.write(value, *_rare(value)))


def decided(value: Decision) -> bytes:
    """The answer that holds a decision, a ShouldPreventResponse, serialized."""
    return _DECISION.write_as(_OF_ANSWER, value, *_rare(value))


def _rare(value: Decision) -> tuple[bytes, ...]:
    """What most decisions have nothing of, serialized: messages one after the other are read as one."""
    if value.policy is None and not value.alternatives:
        return ()
    message = model_pb2.Decision(alternatives=[alternative(one) for one in value.alternatives])
    if value.policy is not None:
        set_policy_trace(message.policy, value.policy)
    return (message.SerializeToString(),)


def set_policy_trace(message: model_pb2.PolicyTrace, value: PolicySaid) -> None:
    """What policies say of a call."""
    message.verdict, message.would_be = policy_verdict(value.verdict), policy_verdict(value.would_be)
    message.rule, message.would_be_rule = value.rule, value.would_be_rule
    for one in value.rules:
        _set_rule(message.rules.add(), one)
    for fact in value.derived:
        message.derived.add(rule=fact.rule, name=fact.name, value_json=fact.value, level=fact.level)


def _set_rule(message: model_pb2.RuleTrace, value: RuleSaid) -> None:
    message.rule, message.outcome, message.verdict = value.rule, value.outcome, policy_verdict(value.verdict)  # type: ignore[assignment]
    message.reach = _REACH.get(value.reach, model_pb2.MODE_UNSPECIFIED)
    message.message = value.message
    # Most have none of these, and rules are told on the hot path.
    if value.priority:
        message.priority = value.priority
    if value.error:
        message.error = value.error
    if value.missed:
        message.missed = value.missed
    if value.found:
        message.found.extend(value.found)
    if value.lifted:
        message.lifted = True


def policy_verdict(value: int) -> model_pb2.Verdict.ValueType:
    """A policies' verdict in the words of decisions: a suggestion is a warning; nothing is unspecified."""
    return _POLICY_VERDICT[value]


def approval(value: ApprovalRecord) -> model_pb2.Approval:
    """An approval as it stands."""
    return model_pb2.Approval(
        approval_id=value.approval_id.hex(),
        state=int(value.state),  # type: ignore[arg-type]
        tool=value.tool,
        arguments_json=value.preview,
        context=value.context,
        session_id=value.session_id,
        caller=value.caller,
        rule=value.rule,
        message=value.message,
        approvers=value.approvers,
        create_time=stamp(value.created),
        expire_time=stamp(value.expires),
        decided_by=value.decided_by,
        reason=value.reason,
        decide_time=stamp(value.decided) if value.decided else None,
        uses=value.uses,
        used=value.used,
        decision_id=value.decision_id.hex(),
    )


def classification(value: Classification) -> model_pb2.Classification:
    """How a record was understood."""
    return model_pb2.Classification(
        category=int(value.category),  # type: ignore[arg-type]
        category_confidence=value.category_confidence,
        cause=int(value.cause),  # type: ignore[arg-type]
        cause_confidence=value.cause_confidence,
        transient=value.transient,
        error_template=value.template,
    )


def logged_decision(value: DecisionRecord) -> admin_pb2.LoggedDecision:
    """A decision as it is logged."""
    return admin_pb2.LoggedDecision(
        decision=decision(value.decision),
        tool=value.tool,
        arguments_json=value.preview,
        session_id=value.session_id,
        caller=value.caller,
        call_id=value.call_id,
        context=value.context,
        classification=classification(value.classification) if value.classification is not None else None,
        propensity=value.propensity,
        question=value.question,
    )


def recorded_call(value: Observation) -> admin_pb2.RecordedCall:
    """A call as it is kept."""
    return admin_pb2.RecordedCall(
        sequence=value.sequence,
        call_id=value.call_id,
        tool=value.tool,
        arguments_json=value.preview,
        context=value.context,
        session_id=value.session_id,
        caller=value.caller,
        server=value.server,
        classification=classification(value.classification),
        error=value.error,
        duration=span(value.duration) if value.duration >= 0 else None,
        cost=value.cost,
        time=stamp(value.time),
        decision_id=value.decision_id,
    )


def similar_call(value: Observation, similarity: float) -> guard_pb2.SimilarCall:
    """A past call that is like another."""
    return guard_pb2.SimilarCall(
        similarity=similarity,
        call_id=value.call_id,
        tool=value.tool,
        arguments_json=value.preview,
        classification=classification(value.classification),
        error=value.error,
        time=stamp(value.time),
        duration=span(value.duration) if value.duration >= 0 else None,
        session_id=value.session_id,
    )


def counts(value: Counts) -> admin_pb2.Counts:
    """Counts, field by field of the same name."""
    return admin_pb2.Counts(**{name: getattr(value, name) for name in Counts.__struct_fields__})


def descriptor(value: ToolDescriptor) -> model_pb2.ToolDescriptor:
    """What a runtime says about a tool, field by field of the same name."""
    return model_pb2.ToolDescriptor(**{name: getattr(value, name) for name in ToolDescriptor.__struct_fields__})


def recorded(value: Recorded) -> guard_pb2.RecordCallResponse:
    """What a record taught."""
    message = _more(value)
    message.call_id, message.sequence = value.call_id, value.sequence
    message.classification.CopyFrom(classification(value.classification))
    return message


def _more(value: Recorded) -> guard_pb2.RecordCallResponse:
    """The part of the answer to a record that most have nothing of."""
    return guard_pb2.RecordCallResponse(
        duplicate=value.duplicate,
        changes=[
            guard_pb2.PatternChange(
                usage_pattern_id=change.pattern_id.hex(),
                from_state=int(change.before),  # type: ignore[arg-type]
                to_state=int(change.after),  # type: ignore[arg-type]
            )
            for change in value.changes
        ],
        retry_advice=_retry_advice(value.retry) if value.retry is not None else None,
    )


def recorded_bytes(value: Recorded) -> bytes:
    """The same, serialized.

    In three parts, since messages one after the other are read as one: most calls are understood as others were, and
    what else there is to tell is rare.
    """
    understood = _serialized_reading(value.classification)
    if value.duplicate or value.changes or value.retry is not None:
        return _RECORDED.write(value, understood, _more(value).SerializeToString())
    return _RECORDED.write(value, understood)


@lru_cache(maxsize=1024)
def _serialized_reading(value: Classification) -> bytes:
    return guard_pb2.RecordCallResponse(classification=classification(value)).SerializeToString()


def _retry_advice(value: RetryAdvice) -> guard_pb2.RetryAdvice:
    return guard_pb2.RetryAdvice(
        worth_it=value.worth_it,
        after=span(value.after) if value.after >= 0 else None,
        p_success=value.p_success,
        p_success_interval=interval(value.interval),
        reason=value.reason,
    )


def mode(value: Mode) -> model_pb2.Mode.ValueType:
    """A mode."""
    return model_pb2.Mode.ValueType(int(value))


def usage_pattern(pattern_id: bytes, value: UsagePattern, now: float) -> model_pb2.UsagePattern:
    """A usage pattern with its evidence as of ``now``."""
    share, wrong = wrong_share(value.trial)
    return model_pb2.UsagePattern(
        usage_pattern_id=pattern_id.hex(),
        level=int(value.level),  # type: ignore[arg-type]
        tool=value.tool,
        server=value.server,
        scope=value.scope,
        description=value.description,
        state=int(value.state),  # type: ignore[arg-type]
        cause=int(value.cause),  # type: ignore[arg-type]
        failure_probability=failure_probability(value, now),
        evidence=evidence(evidence_of(value, now, exact=True)),
        log_likelihood_ratio=value.ratio,
        first_time=stamp(value.first_time) if value.first_time else None,
        last_time=stamp(value.last_time) if value.last_time else None,
        probe_due_time=stamp(value.probe_due) if value.probe_due else None,
        prevented=value.prevented,
        prevented_right=value.right,
        prevented_wrong=value.wrong,
        appeals=value.appeals,
        suspended_reason=value.suspended_reason,
        last_error=value.last_error,
        suspended_automatically=value.automatic,
        wrong_share=share,
        wrong_share_interval=interval(wrong) if value.trial.right or value.trial.wrong else None,
    )


def false_prevention(value: Standing, budget: float) -> admin_pb2.FalsePrevention:
    """How false prevention stands against a budget."""
    estimate, range_ = estimate_of(value)
    share, wrong = wrong_share(value.trial)
    return admin_pb2.FalsePrevention(
        budget=budget,
        estimate=estimate,
        interval=interval(range_),
        observed=value.observed,
        prevented=value.prevented,
        unobservable=value.blind,
        passed=value.passed,
        wrong_share=share,
        wrong_share_interval=interval(wrong),
    )


def tool_counts(name: str, value: Tool) -> admin_pb2.ToolCounts:
    """Counts of one tool."""
    return admin_pb2.ToolCounts(tool=name, counts=counts(value.counts))


def logged_appeal(value: Appeal) -> admin_pb2.LoggedAppeal:
    """An appeal as it is kept."""
    return admin_pb2.LoggedAppeal(
        decision_id=value.decision_id.hex(),
        tool=value.tool,
        reason=value.reason,
        caller=value.caller,
        time=stamp(value.time),
        usage_pattern_ids=[one.hex() for one in value.pattern_ids],
    )


def event(value: Event) -> admin_pb2.Event:
    """Something of note that happened."""
    return admin_pb2.Event(
        time=stamp(value.time),
        kind=value.kind,
        tool=value.tool,
        usage_pattern_id=value.pattern_id.hex(),
        summary=value.summary,
    )
