"""Secrets planted in every text of every request are nowhere: not in the file, the log, an export or an answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from forewarn.v1 import admin_pb2, guard_pb2, knowledge_pb2, model_pb2, policy_pb2, suggestion_pb2, workflow_pb2
from tests.conftest import StartDaemon

from .fuzzing import METHODS
from .running import RunningDaemon

_UNIQUE = "Zq7Xw9Kp2Lm4Nr8Tv3By6Hc1Jd5Fg0Sa"

#: Kind → (a text around a secret, the part of it that must be nowhere).
SECRETS = {
    "github": (f"ghp_{_UNIQUE}Qe12", f"{_UNIQUE}Qe12"),
    "aws": ("AKIAZQ7XW9KP2LM4NR8T", "ZQ7XW9KP2LM4NR8T"),
    "openai": (f"sk-proj-{_UNIQUE}{_UNIQUE}", _UNIQUE),
    "slack": ("xoxb-739182645019-8273645190284-aQ8wE3rT6yU1iO9pL4kJ7hG2", "aQ8wE3rT6yU1iO9pL4kJ7hG2"),
    "jwt": (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5MDgxNzI2MzU0In0.K3xQ9vLm2Rt7Yw5Zp8Nc1Bd6Fg4Hj0Sa",
        "K3xQ9vLm2Rt7Yw5Zp8Nc1Bd6Fg4Hj0Sa",
    ),
    "url": ("postgres://svc:Wd83kQz71mXp@db.internal/app", "Wd83kQz71mXp"),
    "bearer": ("Authorization: Bearer Vt62jLq94sBn70xKcR5wEz18", "Vt62jLq94sBn70xKcR5wEz18"),
    "assignment": ("password=Hy27Zm51Qw", "Hy27Zm51Qw"),
    "mail": ("kunigunde.zwackelmann@firma-beispiel.de", "zwackelmann"),
}


#: Workflows that wait to be completed.
WORKFLOWS: list[str] = []


def planted(descriptor: Descriptor, secret: str, depth: int = 0) -> Iterator[tuple[str, Message]]:
    """Requests of a kind, each with the secret in one more field."""
    from google.protobuf.message_factory import GetMessageClass

    for field in descriptor.fields:
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            texts_only = kind.fields_by_name["value"].type == FieldDescriptor.TYPE_STRING
            for pair in ({secret[:60]: "v"}, {"db": secret}) if texts_only else ({secret[:60]: 1},):
                made = GetMessageClass(descriptor)()
                getattr(made, field.name).update(pair)
                yield field.name, made
        elif kind is not None and depth < 4 and not kind.full_name.startswith("google."):
            for name, inner in planted(kind, secret, depth + 1):
                made = GetMessageClass(descriptor)()
                target: Any = getattr(made, field.name)
                (target.add() if field.is_repeated else target).CopyFrom(inner)
                yield f"{field.name}.{name}", made
        elif field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            for text in texts(field.name, secret):
                made = GetMessageClass(descriptor)()
                value: Any = text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
                if field.is_repeated:
                    getattr(made, field.name).append(value)
                else:
                    setattr(made, field.name, value)
                yield field.name, made


def texts(name: str, secret: str) -> list[str]:
    """The secret as it may stand in a field of this name."""
    if name == "arguments_json":
        return [
            json.dumps({"text": f"use {secret} now"}), json.dumps({"a": [{"b": secret}]}), json.dumps({secret: 1}),
            json.dumps({"cmd": f'curl -H "x: {secret}" https://h'}), json.dumps({"api_key": secret}),
        ]  # fmt: skip
    if name == "input_schema_json":
        return [
            json.dumps({"properties": {"a": {"default": secret, "description": f"such as {secret}"}}}),
            json.dumps({"required": [secret]}),
        ]
    return [secret, f"it said {secret}, then ended"]


def completed(method: Any, request: Any) -> Any:
    """The request with what it needs beside the planted field, so that it is not refused."""
    names = {field.name for field in request.DESCRIPTOR.fields}
    record = request.record if "record" in names else request
    inner = {field.name for field in record.DESCRIPTOR.fields}
    if "call" in inner:
        record.call.tool = record.call.tool or "plant"
        record.call.session_id = record.call.session_id or "s"
    if "result" in inner:
        record.result.outcome = model_pb2.OUTCOME_FAILURE
        record.result.error = record.result.error or "no such table: x"
    if method.name == "InjectContext" and not request.tools:
        request.tools.append("plant")
    if "entity" in names:
        request.entity.kind = knowledge_pb2.ENTITY_KIND_POLICY
        request.entity.description = request.entity.description or "planted policy"
        if method.name == "UpdateEntity":
            request.entity.id = request.entity.id or "plant"
    if method.name == "Recommend":
        request.intent = request.intent or "plant something"
    if method.name == "ImportEntities" and request.chunk:
        text = json.dumps(request.chunk.decode())
        request.chunk = f'{{"forewarn": "knowledge", "patterns": [{{"id": "i", "description": {text}}}]}}'.encode()
    if method.name == "CompleteWorkflow":
        request.used.append("plant")
        request.workflow_id = request.workflow_id or WORKFLOWS.pop()
        request.outcome = knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS
    for tool in getattr(request, "tools", []) if method.name == "RegisterTools" else []:
        tool.tool = tool.tool or "plant"
    return request


def throw(daemon: RunningDaemon, method: Any, request: Message) -> None:
    """Send it; a refusal is as good as an answer."""
    rpc = getattr(daemon.stub(method.containing_service.name), method.name)
    given: Any = iter([request]) if method.client_streaming else request
    with contextlib.suppress(grpc.RpcError):
        if method.server_streaming:
            list(rpc(given, timeout=0.05 if method.name in ("TailDecisions", "WatchWorkflow") else 30))
        else:
            rpc(given, timeout=30)


def answers(daemon: RunningDaemon) -> str:
    """All that administrators can see."""
    admin = daemon.admin
    found = [
        admin.QueryDecisions(admin_pb2.QueryDecisionsRequest(page_size=1000)),
        admin.QueryCalls(admin_pb2.QueryCallsRequest(page_size=1000)),
        admin.QueryUsagePatterns(admin_pb2.QueryUsagePatternsRequest(page_size=1000)),
        admin.ListTools(admin_pb2.ListToolsRequest(page_size=1000)),
        admin.GetReport(admin_pb2.GetReportRequest()),
        admin.QueryAppeals(admin_pb2.QueryAppealsRequest(page_size=1000)),
        admin.QueryEvents(admin_pb2.QueryEventsRequest(page_size=1000)),
        admin.ListPreventionRules(admin_pb2.ListPreventionRulesRequest(page_size=1000)),
        *admin.ExportUsagePatterns(admin_pb2.ExportUsagePatternsRequest()),
        daemon.policies.ListApprovals(policy_pb2.ListApprovalsRequest(page_size=1000)),
        daemon.policies.GetHistory(policy_pb2.GetHistoryRequest(policy="talkative", page_size=1000)),
        daemon.knowledge.ListEntities(knowledge_pb2.ListEntitiesRequest(page_size=1000, show_deleted=True)),
        daemon.knowledge.ListWorkflows(knowledge_pb2.ListWorkflowsRequest(page_size=1000)),
        daemon.knowledge.GetUsageMetrics(knowledge_pb2.GetUsageMetricsRequest(id="plant")),
        *daemon.knowledge.ExportEntities(knowledge_pb2.ExportEntitiesRequest()),
        daemon.suggestion.ListSuggestions(suggestion_pb2.ListSuggestionsRequest(any_state=True, page_size=1000)),
        daemon.suggestion.ListSuggestionHistory(suggestion_pb2.ListSuggestionHistoryRequest(page_size=1000)),
        daemon.suggestion.GetLearningReport(suggestion_pb2.GetLearningReportRequest()),
    ]
    return "\n".join(str(one) for one in found)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_planted_secret_is_nowhere(start_daemon: StartDaemon, kind: str) -> None:
    secret, core = SECRETS[kind]
    daemon = start_daemon("--log-level", "debug")
    decision, pattern = seeded(daemon)
    approval = talkative(daemon)
    sent = 0
    for method in METHODS:
        if method.name in ("CreateBackup", "SetMode"):
            continue
        for path, request in planted(method.input_type, secret):
            request = completed(method, request)
            if method.name == "Appeal":
                request.decision_id = decision if path != "decision_id" else request.decision_id
            if method.name in ("SuspendUsagePattern", "ForgetUsagePattern") and path == "reason":
                request.usage_pattern_id = pattern
                if method.name == "ForgetUsagePattern":
                    continue  # it is forgotten last, below
            if method.name in ("ApproveCall", "DenyCall") and path != "approval_id":
                request.approval_id, request.approver = approval, request.approver or "ann"
            if method.name == "SetPolicyMode" and path != "policy":
                request.policy, request.mode, request.enforce_percent = (
                    "talkative",
                    model_pb2.MODE_ENFORCE,
                    100 - sent % 2,
                )
            if method.name == "DeletePolicy":
                continue
            sent += 1
            throw(daemon, method, request)
    throw(
        daemon, next(one for one in METHODS if one.name == "ForgetUsagePattern"),
        admin_pb2.ForgetUsagePatternRequest(usage_pattern_id=pattern, reason=f"it was {secret}"),
    )  # fmt: skip
    assert sent > 100
    shown = answers(daemon)
    daemon.stop()
    places = {
        "answers to administrators": context_of(shown, core),
        "the log": context_of(daemon.log, core),
        **{path.name: context_of(path.read_bytes().decode("latin-1"), core) for path in daemon.data_dir.iterdir()},
    }
    found = {place: text for place, text in places.items() if text}
    assert not found


def context_of(text: str, core: str) -> str:
    at = text.find(core)
    return text[max(0, at - 300) : at + 60] if at >= 0 else ""


TALKATIVE = """\
policy: talkative
tools: [plant]
mode: enforce
rules:
  - name: says
    then:
      require_approval:
        message: "{call.arguments.text} and {call.arguments.api_key} and {call.context.db} of {caller.id}"
  - name: rewrites
    then: {rewrite_argument: {message: "{call.arguments.cmd}", set: {copy: {from: call.arguments.text}}}}
  - name: derives
    then: {derive: {key: {from: call.arguments.api_key}}}
  - name: misses
    when: {field: call.arguments.text, equal: other}
    then: {warn: {message: never}}
"""


def talkative(daemon: RunningDaemon) -> str:
    """Puts rules in force that repeat what a call holds; the approval of a call that they park."""
    file = policy_pb2.PolicyFile(name="t.yaml", text=TALKATIVE)
    daemon.policies.ApplyPolicies(policy_pb2.ApplyPoliciesRequest(files=[file]), timeout=30)
    call = model_pb2.Call(tool="plant", arguments_json='{"text":"a"}', session_id="s")
    made = daemon.guard.ShouldPrevent(guard_pb2.ShouldPreventRequest(call=call), timeout=30).decision
    return str(made.approval_id)


def seeded(daemon: RunningDaemon) -> tuple[str, str]:
    """A decision that prevents, and its pattern."""
    call = model_pb2.Call(tool="seed", arguments_json='{"a":1}', session_id="s")
    for n in range(6):
        call.session_id = f"s{n}"
        result = model_pb2.CallResult(outcome=model_pb2.OUTCOME_FAILURE, error="no such table: x")
        daemon.guard.RecordCall(guard_pb2.RecordCallRequest(call=call, result=result))
    document = b"forewarn: knowledge\npatterns: [{id: plant, description: plant something}]\n"
    daemon.knowledge.ImportEntities(iter([knowledge_pb2.ImportEntitiesRequest(chunk=document)]))
    intent = workflow_pb2.RecommendRequest(intent="plant something", scope="s")
    WORKFLOWS[:] = [daemon.workflow.Recommend(intent).workflow_id for _ in range(20)]
    made = daemon.guard.ShouldPrevent(guard_pb2.ShouldPreventRequest(call=call)).decision
    return made.decision_id, made.reasons[0].usage_pattern_id


def test_the_plants_reach_what_they_are_meant_for(tmp_path: Path) -> None:
    paths = {path for method in METHODS for path, _ in planted(method.input_type, "x")}
    for path in (
        "call.arguments_json",
        "result.error",
        "record.call.context",
        "tools.input_schema_json",
        "reason",
        "intent",
        "entity.rationale",
    ):
        assert path in paths
