"""One request, hostile or not, and what must hold whatever it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

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
from sidecar.suggestions import analyst

from .case_runner import reason_of
from .hostile import Hostile
from .messages import ask, failed, record
from .running import RunningDaemon

METHODS: list[MethodDescriptor] = [
    method
    for file in (guard_pb2, admin_pb2, policy_pb2, workflow_pb2, knowledge_pb2, suggestion_pb2, rollout_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.ABORTED,
}  # fmt: skip
#: About a tool that nothing else speaks of, so that approvals can be asked for and decided on.
_POLICY = """\
policy: fuzzed
tools: [v]
mode: enforce
rules: [{name: ask, then: {require_approval: {message: "{call.arguments.a}"}}}]
"""


#: Methods after which the analyst has work, which it commits when it is done.
_GIVES_WORK = {"CompleteWorkflow"}
#: Seconds: longer than any fuzzing.
_NEVER = 1e6


def look_at_no_calls() -> None:
    """The daemon does not look at recorded calls every ten minutes. `Target` asks it to, where that disturbs nobody."""
    analyst.CALLS_EVERY = _NEVER  # type: ignore[misc]


class Target:
    """A daemon with something in its store, and the requests to throw at it.

    What a refused request changed is told by comparing the store before and after, so nothing else may change it in
    between: what an accepted request started must have settled, and nothing may begin by the clock.
    """

    def __init__(self) -> None:
        self.daemon = RunningDaemon("--max-tools", "500", first=look_at_no_calls).start()
        self.folder = Path(tempfile.mkdtemp(prefix="fwz", dir="/tmp"))
        guard, admin = self.daemon.guard, self.daemon.admin
        tool = model_pb2.ToolDescriptor(tool="t", input_schema_json='{"required":["a"]}')
        guard.RegisterTools(guard_pb2.RegisterToolsRequest(tools=[tool]))
        for n in range(8):
            guard.RecordCall(failed("t", {"a": 1}, session=f"s{n}"))
            guard.RecordCall(record("u", {"a": n}, session=f"s{n}"))
        ids = [guard.ShouldPrevent(ask("t", {"a": 1})).decision.decision_id for _ in range(3)]
        file = policy_pb2.PolicyFile(name="fuzzed.yaml", text=_POLICY)
        self.daemon.policies.ApplyPolicies(policy_pb2.ApplyPoliciesRequest(files=[file]))
        ids += [guard.ShouldPrevent(ask("v", {"a": n})).decision.approval_id for n in range(4)]
        self.flush()
        patterns = admin.QueryUsagePatterns(admin_pb2.QueryUsagePatternsRequest()).usage_patterns
        ids += [one.usage_pattern_id for one in patterns]
        for kind in (1, 2):
            one = knowledge_pb2.OrganisationalEntity(
                id=f"e{kind}", kind=knowledge_pb2.EntityKind.ValueType(kind), description="public web application"
            )
            self.daemon.knowledge.CreateEntity(knowledge_pb2.CreateEntityRequest(entity=one))
        intent = workflow_pb2.RecommendRequest(intent="a web application", scope="s")
        workflows = [self.daemon.workflow.Recommend(intent).workflow_id for _ in range(4)]
        ids += self._suggestions()
        ids += self._rollouts()
        self.settle()
        self.hostile = Hostile(ids, ["t", "u", "v"], str(self.folder / "copy"), ["e1", "e2"], workflows)

    def _suggestions(self) -> list[str]:
        """Ids of suggestions: of intents that recur and nothing matches."""
        for subject in ("kafka", "grafana", "vault"):
            for _ in range(6):
                begun = self.daemon.workflow.Recommend(workflow_pb2.RecommendRequest(intent=f"{subject} cluster"))
                done = workflow_pb2.CompleteWorkflowRequest(
                    workflow_id=begun.workflow_id,
                    generated_resources=[subject],
                    outcome=knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS,
                )
                self.daemon.workflow.CompleteWorkflow(done)
        made = self.daemon.suggestion.GenerateSuggestions(suggestion_pb2.GenerateSuggestionsRequest())
        listed = self.daemon.suggestion.ListSuggestions(suggestion_pb2.ListSuggestionsRequest())
        found = {one.suggestion_id for one in (*made.created, *listed.suggestions)}
        assert found
        return sorted(found)

    def _rollouts(self) -> list[str]:
        """Ids of rollouts, one of a pattern and one of a policy."""
        asked = (rollout_pb2.StartRolloutRequest(pattern="e1"), rollout_pb2.StartRolloutRequest(policy="other"))
        text = _POLICY.replace("fuzzed", "other").replace("[v]", "[w]").replace("enforce", "shadow")
        file = policy_pb2.PolicyFile(name="other.yaml", text=text)
        self.daemon.policies.ApplyPolicies(policy_pb2.ApplyPoliciesRequest(files=[file]))
        ids = []
        for request in asked:
            request.share_percent = 50.0
            ids.append(self.daemon.rollout.StartRollout(request).rollout.rollout_id)
        return ids

    def close(self) -> None:
        """End it."""
        self.daemon.discard()
        shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self) -> None:
        """Wait until all is committed that accepted requests started, workflows' last stages among it."""
        # A commit later the analyst has been told of all that was completed. It answers after it has looked at that,
        # and what it says of it is committed in front of the second flush.
        self.flush()
        self.daemon.suggestion.GenerateSuggestions(suggestion_pb2.GenerateSuggestionsRequest(), timeout=60)
        self.flush()

    def flush(self) -> None:
        """Decisions are logged behind their answers; a job that is waited for brings them in."""
        self.daemon.admin.SetMode(admin_pb2.SetModeRequest(mode=model_pb2.MODE_SHADOW), timeout=60)

    def state(self) -> tuple[bytes, int]:
        """What must not change with a refusal."""
        stats = self.daemon.admin.GetStats(admin_pb2.GetStatsRequest(page_size=1000), timeout=60)
        status = self.daemon.admin.GetStatus(admin_pb2.GetStatusRequest(), timeout=60)
        assert status.store_error == ""
        return stats.SerializeToString(deterministic=True), status.store_sequence

    def throw(self, method: MethodDescriptor, request: Message) -> str:
        """Send it; the code of the answer. Raises AssertionError where a promise is broken."""
        before = self.state()
        try:
            for answer in self._answers(method, request):
                MessageToJson(answer)  # no time, duration or text in it that other languages could not read
                if isinstance(answer, workflow_pb2.RecommendResponse):
                    self.hostile.workflows.append(answer.workflow_id)
                if isinstance(answer, guard_pb2.RecordCallsResponse) and answer.HasField("error"):
                    assert answer.error.details, answer
                    assert grpc.StatusCode.INTERNAL.value[0] != answer.error.code, answer
        except grpc.RpcError as error:
            code, reason, text = error.code(), reason_of(error), error.details() or ""
            assert code in _CODES, f"{code} {text}\n{self.daemon.log[-3000:]}"
            assert reason or "larger than max" in text, text
            assert self.state() == before, f"{reason} changed the store"
            assert self.daemon.alive
            return reason
        assert self.daemon.alive
        if method.name in _GIVES_WORK:
            self.settle()
            self._assert_looked_at(request)
        else:
            self.flush()
        return "OK"

    def _assert_looked_at(self, request: Message) -> None:
        """That nothing is left to be done about a workflow: the comparison after the next request relies on it."""
        assert isinstance(request, workflow_pb2.CompleteWorkflowRequest)
        asked = workflow_pb2.GetWorkflowRequest(workflow_id=request.workflow_id)
        stages = self.daemon.workflow.GetWorkflow(asked, timeout=60).workflow.stages
        assert stages[-1].stage == "learningSuggestions"
        assert stages[-1].result == "success", stages[-1]

    def _answers(self, method: MethodDescriptor, request: Message) -> Iterator[Any]:
        service = method.containing_service
        assert service is not None
        rpc = getattr(self.daemon.stub(service.name), method.name)
        if method.client_streaming and method.server_streaming:
            yield from rpc(iter([request]), timeout=60)
        elif method.client_streaming:
            yield rpc(iter([request]), timeout=60)
        elif method.name in ("TailDecisions", "WatchWorkflow", "WatchSuggestions"):
            try:
                yield from rpc(request, timeout=0.15)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:  # nothing happens meanwhile: it has no end
                    raise
        elif method.server_streaming:
            yield from rpc(request, timeout=60)
        else:
            yield rpc(request, timeout=60)
