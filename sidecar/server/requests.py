"""From protobuf to our records: what a runtime says of a call and of its result."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar, cast

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from forewarn.v1 import guard_pb2, model_pb2

from ..capture.arguments import parse
from ..model.call import Call, Result
from ..model.errors import InvalidArgumentError
from ..model.tool import ToolDescriptor
from ..model.vocabulary import Outcome
from .errors import DeadlineError

T = TypeVar("T")
_LONGEST_WAIT = 60.0  # seconds, for callers without a deadline

_LONGEST_SPAN = 315_576_000_000  # seconds, as protobuf has it
_MAX_SECONDS = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second of a protobuf Timestamp


def plain_question(message: guard_pb2.ShouldPreventRequest) -> bool:
    """Whether a question certainly keeps all message rules; see ``plain_call``."""
    return plain_call(message.call)


def plain_record(message: guard_pb2.RecordCallRequest) -> bool:
    """Whether a record certainly keeps all message rules; see ``plain_call``."""
    if not message.HasField("result") or len(message.decision_id) > 16 or not plain_call(message.call):
        return False
    result = message.result
    return (
        1 <= result.outcome <= 7
        and len(result.error) <= 262_144
        and len(result.error_code) <= 32
        and len(result.result_excerpt) <= 16_384
        and 0.0 <= result.cost <= 1e300
        and (not result.HasField("duration") or _plain_span(result.duration))
        and (not result.HasField("retry_after") or _plain_span(result.retry_after))
    )


def _plain_span(duration: Duration) -> bool:
    return 0 <= duration.seconds <= 1_000_000_000 and 0 <= duration.nanos <= 999_999_999


def plain_call(call: model_pb2.Call) -> bool:
    """Whether a call certainly keeps the rules of the .proto: far within its limits, counting four bytes a character.

    Most do, and this says so in 2 µs where protovalidate takes 7 to 11. Of the rest the rules themselves decide.
    tests/bench/test_plain.py holds it to them.
    """
    context = call.context
    return (
        1 <= len(call.tool) <= 64
        and len(call.arguments_json) <= 262_144
        and len(call.session_id) <= 64
        and len(call.caller) <= 64
        and len(call.call_id) <= 32
        and len(call.server) <= 64
        and len(call.tool_version) <= 32
        and call.attempt <= 1000
        and not call.caller_roles
        and len(context) <= 32
        and _plain_context(context)
    )


def _plain_context(context: Mapping[str, str]) -> bool:
    # Each pass over protobuf's map costs more than what is asked of it, and a generator as much again.
    for key in context:  # noqa: SIM110
        if not 1 <= len(key) <= 16 or len(context[key]) > 256:
            return False
    return True


def call_of(message: model_pb2.Call, now: float) -> Call:
    """A call from its message. ``now`` (seconds) is its time when it says none.

    Raises InvalidArgumentError for arguments that are not a JSON object within limits and for times out of range.
    """
    text = message.arguments_json
    return Call(
        message.tool,
        parse(text),
        text,
        dict(message.context),
        message.session_id,
        message.caller,
        message.call_id,
        message.server,
        message.tool_version,
        seconds_of(message.time, "call.time") if message.HasField("time") else now,
        message.attempt,
        tuple(message.caller_roles),
    )


def result_of(message: model_pb2.CallResult) -> Result:
    """How a call went, from its message."""
    return Result(
        outcome=Outcome(message.outcome),
        error=message.error,
        error_code=message.error_code,
        duration=span_of(message.duration, "result.duration") if message.HasField("duration") else None,
        cost=message.cost,
        result_excerpt=message.result_excerpt,
        retry_after=span_of(message.retry_after, "result.retry_after") if message.HasField("retry_after") else None,
    )


def descriptor_of(message: model_pb2.ToolDescriptor) -> ToolDescriptor:
    """What a runtime says about a tool, from its message."""
    return ToolDescriptor(
        tool=message.tool,
        description=message.description,
        input_schema_json=message.input_schema_json,
        read_only=message.read_only,
        destructive=message.destructive,
        idempotent=message.idempotent,
        server=message.server,
        version=message.version,
        alternatives=tuple(message.alternatives),
        volatile_arguments=tuple(message.volatile_arguments),
    )


def seconds_of(stamp: Timestamp, field: str) -> float:
    """Seconds since the epoch. Raises InvalidArgumentError outside of 1970 to 9999.

    A float has no room for the fraction of the last second there is, and would round it up into the next year.
    """
    if not (0 <= stamp.seconds <= _MAX_SECONDS and 0 <= stamp.nanos <= 999_999_999):
        raise InvalidArgumentError(field, "must be between 1970-01-01 and 9999-12-31")
    return min(stamp.seconds + stamp.nanos / 1e9, float(_MAX_SECONDS))


def span_of(duration: Duration, field: str) -> float:
    """Seconds of a duration. Raises InvalidArgumentError outside of 0 to 10,000 years."""
    if not (0 <= duration.seconds <= _LONGEST_SPAN and 0 <= duration.nanos <= 999_999_999):
        raise InvalidArgumentError(field, "must be between 0 and 315,576,000,000 seconds")
    return float(duration.seconds) + float(duration.nanos) / 1e9


def wait(future: Future[T], context: grpc.ServicerContext) -> T:
    """The future's result, waited for no longer than the caller does. Raises DeadlineError, and what the job raised."""
    remaining = cast("float | None", context.time_remaining())  # the type stubs leave the None out
    try:
        return future.result(_LONGEST_WAIT if remaining is None else max(0.0, min(remaining, 3600.0)))
    except FutureTimeoutError:
        raise DeadlineError("the deadline passed before the commit; what was sent may still be kept") from None
