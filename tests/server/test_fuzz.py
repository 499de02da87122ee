"""Whatever comes in: an answer or a typed refusal, an unchanged store after a refusal, and a daemon that lives."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.v1 import admin_pb2, guard_pb2, knowledge_pb2, model_pb2, workflow_pb2
from sidecar.model.errors import InvalidArgumentError
from sidecar.server.chain import broken_rules
from sidecar.server.requests import plain_question, plain_record
from sidecar.suggestions import analyst

from . import hostile
from .fuzzing import METHODS, Target
from .messages import FAILURE, call


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    made = Target()
    yield made
    print(made.daemon.log[-5000:])
    made.close()


def fuzz(target: Target, method: MethodDescriptor, examples: int, *, derandomize: bool) -> set[str]:
    """Throw `examples` requests at a method; the reasons that came back."""
    seen: set[str] = set()

    @settings(
        max_examples=examples, derandomize=derandomize, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @given(st.data())
    def throw(data: st.DataObject) -> None:
        seen.add(target.throw(method, data.draw(target.hostile.message(method.input_type))))

    throw()
    return seen


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_any_message(target: Target, method: MethodDescriptor) -> None:
    fuzz(target, method, 15, derandomize=True)


def test_nothing_is_under_way_after_a_request(target: Target) -> None:
    """Else a refused request would be blamed for what the daemon does about the one before."""
    complete = next(one for one in METHODS if one.name == "CompleteWorkflow")
    for _ in range(3):  # after a look the analyst rests, and what was completed meanwhile waits
        begun = target.daemon.workflow.Recommend(workflow_pb2.RecommendRequest(intent="a queue"))
        request = workflow_pb2.CompleteWorkflowRequest(
            workflow_id=begun.workflow_id, outcome=knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS
        )
        assert target.throw(complete, request) == "OK"
    before = target.state()
    time.sleep(analyst.LONGEST_REST + 0.5)
    assert target.state() == before


@settings(max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_plain_breaks_no_rule(data: st.DataObject) -> None:
    """The short way past the rules is only for messages that keep them."""
    shapes = hostile.Hostile(["00" * 16], ["t"], "/tmp")
    request = data.draw(shapes.message(guard_pb2.RecordCallRequest.DESCRIPTOR))
    assert isinstance(request, guard_pb2.RecordCallRequest)
    question = guard_pb2.ShouldPreventRequest(call=request.call)
    for read, message in ((plain_record, request), (plain_question, question)):
        try:
            plain = read(message.SerializeToString(), 1.5e9) is not None
        except InvalidArgumentError:  # arguments that are no JSON object are found after the rules
            plain = True
        assert not plain or broken_rules(message) is None


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (guard_pb2.ShouldPreventRequest(call=model_pb2.Call()), "call.tool: must not be empty"),
        (workflow_pb2.GetWorkflowRequest(workflow_id="00"), "workflow_id: must be 32 hexadecimal digits"),
        (guard_pb2.RegisterToolsRequest(), "tools: must not be empty"),
    ],
)
def test_a_broken_rule_is_told_in_words(message: Message, says: str) -> None:
    status = broken_rules(message)
    assert status is not None
    assert status.message == says


def test_the_store_is_whole_afterwards(target: Target) -> None:
    report = target.daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest(), timeout=60)
    assert report.ok, report.problems


@pytest.mark.parametrize("text", hostile._JSON, ids=range(len(hostile._JSON)))
def test_arguments(target: Target, text: str) -> None:
    for request, name in (
        (guard_pb2.ShouldPreventRequest(call=call("args", text)), "ShouldPrevent"),
        (
            guard_pb2.RecordCallRequest(call=call("args", text), result=model_pb2.CallResult(outcome=FAILURE)),
            "RecordCall",
        ),
        (guard_pb2.FindSimilarRequest(call=call("args", text)), "FindSimilar"),
    ):
        method = next(one for one in METHODS if one.name == name)
        assert target.throw(method, request) in ("OK", "INVALID_ARGUMENT")


@pytest.mark.parametrize("schema", hostile._SCHEMAS, ids=range(len(hostile._SCHEMAS)))
def test_schemas(target: Target, schema: str) -> None:
    register = next(one for one in METHODS if one.name == "RegisterTools")
    tools = guard_pb2.RegisterToolsRequest(tools=[model_pb2.ToolDescriptor(tool="schema", input_schema_json=schema)])
    if target.throw(register, tools) == "OK":
        ask = next(one for one in METHODS if one.name == "ShouldPrevent")
        for text in ("{}", '{"a": "' + "a" * 40 + '!"}', '{"a":' * 60 + "1" + "}" * 60):
            assert target.throw(ask, guard_pb2.ShouldPreventRequest(call=call("schema", text))) == "OK"
