"""Answers that are written from our records, held to messages that are built as protobuf has it."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.v1 import guard_pb2, model_pb2
from sidecar.learning.learner import Change, Recorded
from sidecar.model.call import Classification
from sidecar.model.decision import (
    Alternative,
    Decision,
    DerivedSaid,
    Evidence,
    Interval,
    PolicySaid,
    Probe,
    Reason,
    RetryAdvice,
    RuleSaid,
    Snapshot,
)
from sidecar.model.vocabulary import Cause, Mode, Outcome, State, Verdict
from sidecar.server import answers

WORKED = Classification(Outcome.SUCCESS, 1.0, Cause.NONE, 0.0, False, "", b"")
FAILED = Classification(Outcome.FAILURE, 0.9, Cause.NOT_FOUND, 0.75, True, "order <id> nöt found", b"12345678")
CHANGES = (Change(b"p" * 20, State.CANDIDATE, State.CONFIRMED), Change(b"q" * 20, State.CONFIRMED, State.REFUTED))
RETRY = RetryAdvice(
    worth_it=True, after=2.5, p_success=0.6, interval=Interval(0.4, 0.8, 0.9), reason="it worked before"
)


@pytest.mark.parametrize(
    "value",
    [
        Recorded("c1", WORKED, 1, duplicate=False),
        Recorded("ö" * 200, WORKED, 1 << 63, duplicate=False),
        Recorded("", FAILED, 0, duplicate=False),
        Recorded("c1", WORKED, 300, duplicate=True),
        Recorded("c1", FAILED, 300, duplicate=False, changes=CHANGES),
        Recorded("c1", FAILED, 300, duplicate=False, retry=RETRY),
        Recorded("c1", FAILED, 300, duplicate=True, changes=CHANGES, retry=RETRY),
    ],
)
def test_parts_say_what_the_message_says(value: Recorded) -> None:
    for _ in range(2):  # the second time what was serialized is remembered
        assert guard_pb2.RecordCallResponse.FromString(answers.recorded_bytes(value)) == answers.recorded(value)


def test_all_is_said() -> None:
    message = answers.recorded(Recorded("c1", FAILED, 7, duplicate=True, changes=CHANGES, retry=RETRY))
    assert (message.call_id, message.sequence, message.duplicate) == ("c1", 7, True)
    assert message.classification.error_template == FAILED.template
    assert message.classification.cause == model_pb2.CAUSE_NOT_FOUND
    assert [one.usage_pattern_id for one in message.changes] == [(b"p" * 20).hex(), (b"q" * 20).hex()]
    assert message.retry_advice.worth_it
    assert message.retry_advice.after.ToMilliseconds() == 2500


SHARES = st.floats(0, 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.integers(60, 300).map("ä".__mul__)
TIMES = st.integers(1, 253_402_300_799 * 10**6).map(lambda micros: micros / 1e6)
INTERVALS = st.builds(Interval, SHARES, SHARES, SHARES)
EVIDENCE = st.builds(
    Evidence, st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 2**63), INTERVALS,
    st.lists(TEXTS, max_size=3).map(tuple), st.just(0.0) | TIMES,
)  # fmt: skip
REASONS = st.builds(
    Reason, TEXTS, TEXTS, st.floats(-20, 20), st.binary(max_size=20), st.sampled_from(Cause), st.none() | EVIDENCE,
    TEXTS,
)  # fmt: skip
ALTERNATIVES = st.builds(
    Alternative, TEXTS, TEXTS, SHARES, INTERVALS, st.floats(-1, 100), SHARES, SHARES, TEXTS, st.none() | EVIDENCE
)
POLICY = PolicySaid(
    3, 1, "p/r", "", (RuleSaid("p/r", 1, 3, 4, 5, "no", "", "missed", ("x",)),), (DerivedSaid("p/d", "n", "1", 2),),
    Verdict.ALLOW, Verdict.WARN, False,
)  # fmt: skip
DECISIONS = st.builds(
    Decision, st.binary(min_size=16, max_size=16), st.sampled_from(Verdict), st.sampled_from(Verdict),
    st.sampled_from(Mode), SHARES, INTERVALS, st.booleans(), st.lists(REASONS, max_size=4).map(tuple), TEXTS,
    st.just(-1.0) | st.floats(0, 1e9), st.lists(ALTERNATIVES, max_size=2).map(tuple),
    st.none() | st.builds(Probe, st.binary(max_size=20), TIMES),
    st.builds(Snapshot, st.integers(0, 2**63), TEXTS, TEXTS), TIMES, st.booleans(), st.booleans(), SHARES,
    st.none() | st.just(POLICY), st.binary(max_size=16), TEXTS,
)  # fmt: skip


def time_of(seconds: float) -> Timestamp:
    micros = round(seconds * 1e6)
    return Timestamp(seconds=micros // 10**6, nanos=micros % 10**6 * 1000)


def span_of(seconds: float) -> Duration | None:
    micros = round(seconds * 1e6)
    return Duration(seconds=micros // 10**6, nanos=micros % 10**6 * 1000) if seconds >= 0 else None


def interval_of(value: Interval) -> model_pb2.Interval:
    return model_pb2.Interval(low=value.low, high=value.high, confidence=value.confidence)


def evidence_of(value: Evidence | None) -> model_pb2.Evidence | None:
    if value is None:
        return None
    return model_pb2.Evidence(
        failures=value.failures,
        successes=value.successes,
        calls=value.calls,
        interval=interval_of(value.interval),
        call_ids=value.call_ids,
        last_time=time_of(value.last_time) if value.last_time else None,
    )


def message_of(value: Decision) -> model_pb2.Decision:
    """The message, field by field."""
    message = model_pb2.Decision(
        decision_id=value.decision_id.hex(),
        verdict=int(value.verdict),  # type: ignore[arg-type]
        would_be=int(value.would_be),  # type: ignore[arg-type]
        mode=int(value.mode),  # type: ignore[arg-type]
        p_fail=value.p_fail,
        p_fail_interval=interval_of(value.interval),
        known=value.known,
        reasons=[
            model_pb2.Reason(
                code=one.code,
                summary=one.summary,
                contribution=one.contribution,
                usage_pattern_id=one.pattern_id.hex(),
                cause=int(one.cause),  # type: ignore[arg-type]
                evidence=evidence_of(one.evidence),
                rule=one.rule,
            )
            for one in value.reasons
        ],
        remedy=value.remedy,
        retry_after=span_of(value.retry_after),
        alternatives=[
            model_pb2.Alternative(
                tool=one.tool,
                arguments_json=one.arguments_json,
                expected_success=one.expected_success,
                success_interval=interval_of(one.interval),
                expected_latency=span_of(one.latency),
                expected_cost=one.cost,
                score=one.score,
                rationale=one.rationale,
                evidence=evidence_of(one.evidence),
            )
            for one in value.alternatives
        ],
        snapshot=model_pb2.Snapshot(
            store_sequence=value.snapshot.store_sequence,
            policy_revision=value.snapshot.policy_revision,
            evidence_model=value.snapshot.evidence_model,
        ),
        time=time_of(value.time),
        holdout=value.holdout,
        capped=value.capped,
        approval_id=value.approval_id.hex(),
        rewritten_arguments_json=value.rewritten,
    )
    if value.probe is not None:
        message.probe.usage_pattern_id = value.probe.pattern_id.hex()
        message.probe.deadline.CopyFrom(time_of(value.probe.deadline))
    if value.policy is not None:
        answers.set_policy_trace(message.policy, value.policy)
    return message


@settings(max_examples=300)
@given(DECISIONS)
def test_a_decision_is_written_as_protobuf_would(value: Decision) -> None:
    expected = message_of(value)
    assert answers.decision(value) == expected
    assert guard_pb2.ShouldPreventResponse.FromString(answers.decided(value)).decision == expected


def test_every_field_of_a_decision_is_written() -> None:
    """A field that is added to the .proto has to be answered, too."""
    interval, probe = Interval(0.1, 0.2, 0.9), Probe(b"p" * 20, 9.0)
    evidence = Evidence(1.0, 2.0, 3, interval, ("c",), 4.0)
    reason = Reason("code", "why", 1.5, b"p" * 20, Cause.NOT_FOUND, evidence, "p/r")
    alternative = Alternative("t", "{}", 0.5, interval, 1.0, 2.0, 0.7, "since", evidence)
    value = Decision(
        b"d" * 16, Verdict.ALLOW, Verdict.PREVENT, Mode.SHADOW, 0.5, interval, True, (reason,), "remedy", 1.0,
        (alternative,), probe, Snapshot(1, "r", "m"), 5.0, True, True, 1.0, POLICY, b"a" * 16, "{}",
    )  # fmt: skip
    message = answers.decision(value)
    for inner in (message, message.reasons[0], message.reasons[0].evidence, message.probe, message.snapshot):
        assert {field.name for field, _ in inner.ListFields()} == set(inner.DESCRIPTOR.fields_by_name)
