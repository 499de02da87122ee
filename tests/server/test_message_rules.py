"""Every rule of a message that sets a limit tells it, whichever field it stands at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import protovalidate
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from forewarn.v1 import (
    admin_pb2,
    guard_pb2,
    knowledge_pb2,
    model_pb2,
    policy_pb2,
    rollout_pb2,
    suggestion_pb2,
    workflow_pb2,
)
from sidecar.server.message_rules import BrokenRule, explain

#: What rules set that say only yes or no.
FLAGS = {"required", "repeated.unique", "double.finite"}

_COLLECT = protovalidate.Validator().collect_violations
_MODULES = (
    admin_pb2,
    guard_pb2,
    knowledge_pb2,
    model_pb2,
    policy_pb2,
    rollout_pb2,
    suggestion_pb2,
    workflow_pb2,
)


def _broken() -> Iterator[tuple[Message, str]]:
    """Messages, each with one field that is too long, too big, too small or not known; and the field's name."""
    for module in _MODULES:
        for kind in module.DESCRIPTOR.message_types_by_name.values():
            for field in kind.fields:
                for value in _far_out(field):
                    message = GetMessageClass(kind)()
                    try:
                        _put(message, field, value)
                    except (TypeError, ValueError, OverflowError):
                        continue
                    yield message, field.name


def _far_out(field: FieldDescriptor) -> Iterator[Any]:
    if field.message_type is not None and field.message_type.full_name == "google.protobuf.Duration":
        yield from (Duration(seconds=-1), Duration(seconds=10_000_000))
    elif field.type == FieldDescriptor.TYPE_STRING:
        yield from ("é" * 600_000, "")
    elif field.type == FieldDescriptor.TYPE_BYTES:
        yield b"x" * 5_000_000
    elif field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        yield from (1e12, -1e12, float("nan"))
    elif field.type == FieldDescriptor.TYPE_ENUM:
        yield from (99, 0)
    elif field.type in (FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_INT32):
        yield from (2_000_000_000, 0)


def _put(message: Message, field: FieldDescriptor, value: Any) -> None:
    if not field.is_repeated:
        if field.message_type is not None:
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        getattr(message, field.name).update({f"{n}{value}": str(value) for n in range(70)})
    elif field.message_type is None:
        getattr(message, field.name).extend([value] * 5)


def _of(field: str, message: Message) -> list[tuple[str, BrokenRule]]:
    violations = _COLLECT(message)
    rules = zip((one.proto.rule_id for one in violations), explain(message, violations), strict=True)
    return [(rule, told) for rule, told in rules if told.field.partition("[")[0] == field]


def test_every_rule_that_sets_a_limit_tells_it() -> None:
    seen = set()
    for message, field in _broken():
        for rule, told in _of(field, message):
            seen.add(rule)
            assert bool(told.limit) is (rule not in FLAGS), (message.DESCRIPTOR.full_name, rule, told)
    assert {"string.max_bytes", "uint32.lte", "double.gte_lte", "enum.defined_only", "string.pattern"} <= seen


@pytest.mark.parametrize(
    ("message", "field", "limit"),
    [
        (guard_pb2.ShouldPreventRequest(call=model_pb2.Call(tool="x" * 257)), "call.tool", "256"),
        (guard_pb2.ShouldPreventRequest(call=model_pb2.Call(tool="x", context={"k" * 65: "v"})), "", "64"),
        (guard_pb2.RegisterToolsRequest(tools=[model_pb2.ToolDescriptor(tool="x")] * 1_001), "tools", "1000"),
        (guard_pb2.OptimizeRequest(call=model_pb2.Call(tool="x"), cost_weight=-1), "cost_weight", "0..1"),
        (rollout_pb2.StartRolloutRequest(window=Duration(seconds=1)), "window", "60s..604800s"),
        (
            workflow_pb2.CompleteWorkflowRequest(), "outcome",
            "WORKFLOW_OUTCOME_SUCCESS, WORKFLOW_OUTCOME_FAILURE, WORKFLOW_OUTCOME_ABANDONED",
        ),
        (rollout_pb2.GetRolloutRequest(rollout_id="x"), "rollout_id", "^[0-9a-f]{32}$"),
        (guard_pb2.RecordCallRequest(call=model_pb2.Call(tool="x")), "result", ""),
    ],
)  # fmt: skip
def test_what_the_limit_says(message: Message, field: str, limit: str) -> None:
    told = {one.limit for one in explain(message, _COLLECT(message)) if one.field.startswith(field)}
    assert limit in told
