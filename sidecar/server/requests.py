"""From protobuf to our records: what a runtime says of a call and of its result."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final, TypeVar, cast

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
from .wire_tables import MAX_SECONDS, reading, request

T = TypeVar("T")
_LONGEST_WAIT = 60.0  # seconds, for callers without a deadline

_LONGEST_SPAN = 315_576_000_000  # seconds, as protobuf has it


#: Requests in their plain form, which most have: they keep all message rules, and are read from their bytes in 3 µs
#: where protobuf, the rules and reading the message take 13. Of all others protobuf and the rules decide.
_CALL: Final = reading(model_pb2.Call, leave_out={"caller_roles"})
_QUESTION: Final = request(guard_pb2.ShouldPreventRequest, call=_CALL)
_RECORD: Final = request(guard_pb2.RecordCallRequest, call=_CALL, result=reading(model_pb2.CallResult))


def plain_question(raw: bytes, now: float) -> Call | None:
    """The call that a serialized question asks about, as ``call_of`` gives it, or None where it is not plain.

    Raises InvalidArgumentError as ``call_of`` does.
    """
    found = _QUESTION.read(raw)
    return None if found is None else _plain_call(found[0], now)


def plain_record(raw: bytes, now: float) -> tuple[Call, Result, str] | None:
    """The call, its result and the decision's id of a serialized record, or None where it is not plain."""
    found = _RECORD.read(raw)
    if found is None:
        return None
    call, result, decision_id = found
    outcome, error, code, duration, cost, excerpt, retry_after = result
    return (
        _plain_call(call, now),
        Result(Outcome(outcome), error, code, duration, cost, excerpt, retry_after),
        decision_id,
    )


def _plain_call(found: list[Any], now: float) -> Call:
    tool, text, context, session_id, caller, call_id, server, version, time, attempt = found
    return Call(
        tool, parse(text), text, context, session_id, caller, call_id, server, version,
        now if time is None else time, attempt,
    )  # fmt: skip


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
    if not (0 <= stamp.seconds <= MAX_SECONDS and 0 <= stamp.nanos <= 999_999_999):
        raise InvalidArgumentError(field, "must be between 1970-01-01 and 9999-12-31")
    return min(stamp.seconds + stamp.nanos / 1e9, float(MAX_SECONDS))


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
