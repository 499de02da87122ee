"""What is plain keeps the message rules and is read as protobuf reads it: the short way, held to the long one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.v1 import guard_pb2, model_pb2
from sidecar.model.call import Call
from sidecar.model.errors import InvalidArgumentError
from sidecar.server.chain import broken_rules
from sidecar.server.requests import call_of, plain_question, plain_record, result_of
from sidecar.server.wire_tables import reading


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


QUESTIONS = st.builds(guard_pb2.ShouldPreventRequest, call=CALLS)
RECORDS = st.builds(guard_pb2.RecordCallRequest, call=CALLS, result=RESULTS, decision_id=texts(64))
NOW = 1.5e9


def held(raw: bytes) -> None:
    """Fail where a plain form says what protobuf and the rules do not."""
    question = plainly(plain_question, raw)
    if question is not None:
        message = guard_pb2.ShouldPreventRequest.FromString(raw)
        assert broken_rules(message) is None
        assert question == of_message(message.call)
    record = plainly(plain_record, raw)
    if record is not None:
        told = guard_pb2.RecordCallRequest.FromString(raw)
        assert broken_rules(told) is None
        expected = of_message(told.call)
        refused = isinstance(expected, str)
        assert record == (expected if refused else (expected, result_of(told.result), told.decision_id))


def plainly(read: Callable[[bytes, float], Any], raw: bytes) -> Any:
    """What is read, or the words of the error that it raised."""
    try:
        return read(raw, NOW)
    except InvalidArgumentError as error:
        return str(error)


def of_message(call: model_pb2.Call) -> Call | str:
    """The call as it is read from a message, or the words of the error."""
    try:
        return call_of(call, NOW)
    except InvalidArgumentError as error:
        return str(error)


@settings(max_examples=300)
@given(QUESTIONS | RECORDS)
def test_what_is_plain_keeps_the_rules_and_is_read_alike(message: Message) -> None:
    held(message.SerializeToString())


@settings(max_examples=600)
@given(st.data())
def test_bytes_that_nobody_sends(data: st.DataObject) -> None:
    """Bytes changed, left out, put in and repeated in a message that is plain; and any at all."""
    raw = bytearray(data.draw(st.sampled_from(PLAIN)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(at, min(len(raw), at + 12)))
        raw[at:end] = data.draw(st.one_of(st.binary(max_size=6), st.just(bytes(raw[at:end] * 2)), st.just(bytes(raw))))
    held(bytes(raw))


@given(st.binary(max_size=40))
def test_any_bytes(raw: bytes) -> None:
    held(raw)


CALL = model_pb2.Call(
    tool="t", arguments_json='{"a": [1, "é"]}', context={"db": "x", "k": "😀"}, session_id="s", caller="c", call_id="i",
    server="srv", tool_version="1.2", attempt=1_000_000, time=Timestamp(seconds=1_600_000_000, nanos=999_999_999),
)  # fmt: skip
RESULT = model_pb2.CallResult(
    outcome=model_pb2.OUTCOME_FAILURE, error="no", error_code="404", cost=0.25, result_excerpt="x",
    duration=Duration(seconds=3, nanos=5), retry_after=Duration(),
)  # fmt: skip
PLAIN = [
    guard_pb2.ShouldPreventRequest(call=CALL).SerializeToString(),
    guard_pb2.ShouldPreventRequest(call=model_pb2.Call(tool="t")).SerializeToString(),
    guard_pb2.RecordCallRequest(call=CALL, result=RESULT, decision_id="ab" * 16).SerializeToString(),
]


def test_what_is_usual_is_plain() -> None:
    question = plain_question(PLAIN[0], NOW)
    assert question is not None
    assert (question.time, question.context) == (1_600_000_000.999999999, {"db": "x", "k": "😀"})
    small = plain_question(PLAIN[1], NOW)
    assert small is not None
    assert (small.time, small.arguments, small.context) == (NOW, {}, {})
    assert plain_record(PLAIN[2], NOW) is not None


@pytest.mark.parametrize(
    "longest",
    [
        model_pb2.Call(tool="é" * 128, session_id="s" * 256, caller="c" * 256, call_id="i" * 128, attempt=1_000_000),
        model_pb2.Call(tool="t", context={f"{number:064}": "v" * 1_024 for number in range(32)}),
        model_pb2.Call(tool="t", arguments_json='{"a": "' + "x" * (1_048_576 - 9) + '"}', time=Timestamp()),
    ],
)
def test_limits_are_plain(longest: model_pb2.Call) -> None:
    assert plain_question(guard_pb2.ShouldPreventRequest(call=longest).SerializeToString(), NOW) is not None


def test_what_is_missing_is_not_plain() -> None:
    assert plain_question(b"", NOW) is None
    assert plain_record(guard_pb2.RecordCallRequest(call=CALL).SerializeToString(), NOW) is None
    assert (
        plain_record(guard_pb2.RecordCallRequest(call=CALL, result=model_pb2.CallResult()).SerializeToString(), NOW)
        is None
    )
    roles = model_pb2.Call(tool="t", caller_roles=["admin"])
    assert plain_question(guard_pb2.ShouldPreventRequest(call=roles).SerializeToString(), NOW) is None


@pytest.mark.parametrize("message", [model_pb2.Decision, model_pb2.ToolDescriptor, model_pb2.Call])
def test_a_message_without_a_plain_form_is_told(message: type[Message]) -> None:
    with pytest.raises(ValueError, match=r"plain form|cannot be told"):
        reading(message)
