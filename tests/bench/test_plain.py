"""What is said to keep the message rules certainly does: the shortcut before protovalidate, held to protovalidate."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from forewarn.v1 import guard_pb2, model_pb2
from sidecar.server.chain import broken_rules
from sidecar.server.requests import plain_question, plain_record


def texts(limit: int) -> st.SearchStrategy[str]:
    """Short ones, and ones at and around a limit, of one to four bytes a character."""
    lengths = st.sampled_from([0, 1, limit // 4 - 1, limit // 4, limit // 4 + 1, limit - 1, limit, limit + 1])
    return st.builds(lambda length, letter: letter * max(0, length), lengths, st.sampled_from("aé€😀"))


CALLS = st.builds(
    model_pb2.Call,
    tool=texts(256),
    arguments_json=st.sampled_from(["", "{}", "x" * 300_000, "😀" * 262_144, "x" * 1_048_577]),
    context=st.dictionaries(texts(64), texts(1_024), max_size=4)
    | st.just({str(number): "" for number in range(32)})
    | st.just({str(number): "" for number in range(33)}),
    session_id=texts(256),
    caller=texts(256),
    call_id=texts(128),
    server=texts(256),
    tool_version=texts(128),
    attempt=st.sampled_from([0, 1, 1_000, 1_001, 1_000_000, 1_000_001, 2**32 - 1]),
)
SPANS = st.builds(
    Duration,
    seconds=st.sampled_from([-1, 0, 1, 10**9, 10**9 + 1, 315_576_000_001]),
    nanos=st.sampled_from([-1, 0, 1, 999_999_999, 10**9]),
)
RESULTS = st.builds(
    model_pb2.CallResult,
    outcome=st.integers(-1, 9),
    error=st.sampled_from(["", "e", "😀" * 262_144, "x" * 1_048_577]),
    error_code=texts(128),
    result_excerpt=st.sampled_from(["", "x" * 65_536, "x" * 65_537, "😀" * 16_384]),
    cost=st.floats(),
    duration=st.none() | SPANS,
    retry_after=st.none() | SPANS,
)


@given(CALLS)
def test_a_plain_question_breaks_no_rule(call: model_pb2.Call) -> None:
    request = guard_pb2.ShouldPreventRequest(call=call)
    assert not plain_question(request) or broken_rules(request) is None


@given(CALLS, RESULTS, texts(64))
def test_a_plain_record_breaks_no_rule(call: model_pb2.Call, result: model_pb2.CallResult, decision: str) -> None:
    request = guard_pb2.RecordCallRequest(call=call, result=result, decision_id=decision)
    assert not plain_record(request) or broken_rules(request) is None


def test_what_is_missing_is_not_plain() -> None:
    assert not plain_question(guard_pb2.ShouldPreventRequest())
    assert not plain_record(guard_pb2.RecordCallRequest(call=model_pb2.Call(tool="t")))
    assert plain_question(guard_pb2.ShouldPreventRequest(call=model_pb2.Call(tool="t")))
