"""Requests in a line."""

from __future__ import annotations

import json
from typing import Any

from forewarn.v1 import guard_pb2, model_pb2

SUCCESS = model_pb2.OUTCOME_SUCCESS
FAILURE = model_pb2.OUTCOME_FAILURE
MISSING = "no such table: nosuch"


def call(tool: str = "t", arguments: Any = None, session: str = "", call_id: str = "", **more: Any) -> model_pb2.Call:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return model_pb2.Call(tool=tool, arguments_json=text, session_id=session, call_id=call_id, **more)


def ask(*said: Any, **more: Any) -> guard_pb2.ShouldPreventRequest:
    return guard_pb2.ShouldPreventRequest(call=call(*said, **more))


def record(
    *said: Any, outcome: Any = SUCCESS, error: str = "", decision_id: str = "", excerpt: str = "", **more: Any
) -> guard_pb2.RecordCallRequest:
    return guard_pb2.RecordCallRequest(
        call=call(*said, **more),
        result=model_pb2.CallResult(outcome=outcome, error=error, result_excerpt=excerpt),
        decision_id=decision_id,
    )


def failed(*said: Any, error: str = MISSING, **more: Any) -> guard_pb2.RecordCallRequest:
    return record(*said, outcome=FAILURE, error=error, **more)
