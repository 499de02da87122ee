"""A call of a trace as it is told to the daemon."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from forewarn.v1 import guard_pb2
    from forewarn_cli.replay.trace_files import TraceCall

#: Bytes that a call's and a session's id may have.
_CALL_ID: Final = 128
_SESSION_ID: Final = 256


def record_of(call: TraceCall, event_time: float, nonce: str) -> guard_pb2.RecordCallRequest:
    """The record of a call made at `event_time` (seconds since 1970); `nonce` tells this replay from others."""
    from forewarn.v1 import guard_pb2, model_pb2

    record = guard_pb2.RecordCallRequest()
    made, ended = record.call, record.result
    made.tool, made.arguments_json = call.tool, call.arguments_json
    made.context.update(call.context)
    made.session_id = _within(_SESSION_ID, call.session, nonce) if call.session and nonce else call.session
    made.call_id = call_id(call, nonce)
    made.caller, made.server, made.tool_version = call.caller, call.server, call.tool_version
    whole = int(event_time // 1)
    made.time.seconds, made.time.nanos = whole, int((event_time - whole) * 1e9)
    ended.outcome = model_pb2.Outcome.Value(f"OUTCOME_{call.outcome.upper()}")
    ended.error, ended.error_code, ended.result_excerpt = call.error, call.error_code, call.result_excerpt
    ended.cost = call.cost
    if call.duration is not None:
        ended.duration.FromNanoseconds(round(call.duration * 1e9))
    return record


def call_id(call: TraceCall, nonce: str) -> str:
    """`source/session/seq@nonce`; where that would be too long, a hash stands for the session."""
    return _within(_CALL_ID, f"{call.source}/{call.session}/{call.seq}", nonce)


def _within(most: int, text: str, nonce: str) -> str:
    tail = f"@{nonce}" if nonce else ""
    if len(text.encode()) + len(tail) <= most:
        return text + tail
    return f"{hashlib.blake2b(f'{text}{tail}'.encode(), digest_size=24).hexdigest()}{tail}"
