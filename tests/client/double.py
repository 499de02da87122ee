"""A small GuardService with real sockets, for the client's tests: it keeps records in memory and decides as told.

``python -m tests.client.double ADDRESS`` runs it as a process of its own, to be killed.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from forewarn.v1 import guard_pb2, guard_pb2_grpc, model_pb2

Decide = Callable[[model_pb2.Call], model_pb2.Decision]

CAUSES = {
    "401": model_pb2.CAUSE_PERMISSION,
    "404": model_pb2.CAUSE_NOT_FOUND,
    "429": model_pb2.CAUSE_RATE_LIMITED,
}


def allow(call: model_pb2.Call) -> model_pb2.Decision:
    return model_pb2.Decision(
        verdict=model_pb2.VERDICT_ALLOW, would_be=model_pb2.VERDICT_ALLOW, mode=model_pb2.MODE_ENFORCE
    )


def prevent(code: str = "exact_repeat", **said: Any) -> Decide:
    def decide(call: model_pb2.Call) -> model_pb2.Decision:
        return model_pb2.Decision(
            verdict=said.get("verdict", model_pb2.VERDICT_PREVENT),
            would_be=model_pb2.VERDICT_PREVENT,
            mode=model_pb2.MODE_ENFORCE,
            p_fail=0.97,
            known=True,
            reasons=[model_pb2.Reason(code=code, summary="4 of 4 calls like this failed with 404")],
            remedy="an issue key that exists",
            alternatives=[
                model_pb2.Alternative(tool="search_issues", expected_success=0.9, rationale="used after it failed"),
                model_pb2.Alternative(tool=call.tool, arguments_json='{"key":"AB-2"}', expected_success=0.8),
            ],
        )

    return decide


class Double(guard_pb2_grpc.GuardServiceServicer):
    def __init__(self, token: str = "") -> None:
        self.decide: Decide = allow
        self.token = token
        self.records: list[guard_pb2.RecordCallRequest] = []
        self.asked: list[model_pb2.Call] = []
        self.appeals: list[guard_pb2.AppealRequest] = []
        self.approvals: list[model_pb2.Approval] = []
        self.gate = threading.Event()  # clear it, and every answer waits
        self.gate.set()
        self.record_gate = threading.Event()
        self.record_gate.set()
        self.retry_advice: guard_pb2.RetryAdvice | None = None  # what is said of every failure
        self._lock = threading.Lock()
        self._answers: dict[str, guard_pb2.RecordCallResponse] = {}

    def outcomes(self) -> list[tuple[str, int]]:
        return [(model_pb2.Outcome.Name(r.result.outcome)[8:].lower(), r.call.attempt) for r in self.records]

    def _hello(self, context: grpc.ServicerContext) -> None:
        self.gate.wait(10)
        said = dict(context.invocation_metadata()).get("authorization")
        if self.token and said != f"Bearer {self.token}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is wrong")

    def _refuse(self, context: grpc.ServicerContext, field: str, problem: str) -> NoReturn:
        context.abort_with_status(rpc_status.to_status(refusal(field, problem)))
        raise AssertionError

    def _decision(self, call: model_pb2.Call, context: grpc.ServicerContext) -> model_pb2.Decision:
        self._hello(context)
        if len(call.session_id) > 256:
            self._refuse(context, "call.session_id", "must be at most 256 bytes")
        with self._lock:
            self.asked.append(call)
            decision = self.decide(call)
            decision.decision_id = decision.decision_id or f"d{len(self.asked)}"
            return decision

    def ShouldPrevent(self, request: Any, context: Any) -> Any:
        return guard_pb2.ShouldPreventResponse(decision=self._decision(request.call, context))

    def Check(self, request: Any, context: Any) -> Any:
        decision = self._decision(request.call, context)
        facts = [guard_pb2.ContextFact(text="AB-1 was deleted", tokens=4, tool=request.call.tool)]
        return guard_pb2.CheckResponse(decision=decision, facts=facts if request.token_budget else [], tokens=4)

    def Optimize(self, request: Any, context: Any) -> Any:
        self._hello(context)
        tools = list(request.candidates) or [request.call.tool]
        alternatives = [model_pb2.Alternative(tool=tool, expected_success=0.5) for tool in tools]
        return guard_pb2.OptimizeResponse(decision_id="o1", alternatives=alternatives, propensity=1)

    def RecordCall(self, request: Any, context: Any) -> Any:
        self._hello(context)
        self.record_gate.wait(10)
        if request.call.tool == "refused":
            self._refuse(context, "call.tool", "is refused")
        return self._record(request)

    def RecordCalls(self, requests: Iterator[guard_pb2.RecordCallsRequest], context: Any) -> Any:
        self._hello(context)
        for index, request in enumerate(requests):
            answer = guard_pb2.RecordCallsResponse(index=index)
            if request.record.call.tool == "refused":
                answer.error.CopyFrom(refusal("record.call.tool", "is refused"))
            else:
                answer.recorded.CopyFrom(self._record(request.record))
            yield answer

    def _record(self, request: guard_pb2.RecordCallRequest) -> guard_pb2.RecordCallResponse:
        with self._lock:
            call, result = request.call, request.result
            if (first := self._answers.get(call.call_id)) is not None:
                again = guard_pb2.RecordCallResponse()
                again.CopyFrom(first)
                again.duplicate = True
                return again
            same = [r for r in self.records if (r.call.tool, r.call.arguments_json) == (call.tool, call.arguments_json)]
            category = result.outcome
            if category == model_pb2.OUTCOME_SUCCESS and same and same[-1].result.outcome in (2, 4):
                category = model_pb2.OUTCOME_RETRY
            failed = category in (model_pb2.OUTCOME_FAILURE, model_pb2.OUTCOME_TIMEOUT)
            cause = CAUSES.get(result.error_code, model_pb2.CAUSE_OTHER) if failed else model_pb2.CAUSE_UNSPECIFIED
            self.records.append(request)
            answer = guard_pb2.RecordCallResponse(
                call_id=call.call_id,
                sequence=len(self.records),
                classification=model_pb2.Classification(category=category, category_confidence=1, cause=cause),
            )
            if failed and self.retry_advice is not None:
                answer.retry_advice.CopyFrom(self.retry_advice)
            self._answers[call.call_id] = answer
            return answer

    def RegisterTools(self, request: Any, context: Any) -> Any:
        self._hello(context)
        done = [guard_pb2.ToolRegistration(tool=tool.tool, created=True) for tool in request.tools]
        return guard_pb2.RegisterToolsResponse(registrations=done)

    def InjectContext(self, request: Any, context: Any) -> Any:
        self._hello(context)
        facts = [guard_pb2.ContextFact(text=f"{tool} is slow", tokens=3, tool=tool) for tool in request.tools]
        return guard_pb2.InjectContextResponse(facts=facts, tokens=3 * len(facts))

    def FindSimilar(self, request: Any, context: Any) -> Any:
        self._hello(context)
        calls = [guard_pb2.SimilarCall(similarity=1, call_id=r.call.call_id, tool=r.call.tool) for r in self.records]
        return guard_pb2.FindSimilarResponse(calls=calls, suggestions=["use AB-2"])

    def Appeal(self, request: Any, context: Any) -> Any:
        self._hello(context)
        duplicate = any((a.decision_id, a.caller) == (request.decision_id, request.caller) for a in self.appeals)
        self.appeals.append(request)
        return guard_pb2.AppealResponse(usage_pattern_ids=["p1"], duplicate=duplicate)

    def GetApproval(self, request: Any, context: Any) -> Any:
        self._hello(context)
        if len(self.approvals) > 1:
            return guard_pb2.GetApprovalResponse(approval=self.approvals.pop(0))
        return guard_pb2.GetApprovalResponse(approval=self.approvals[0])


def refusal(field: str, problem: str) -> status_pb2.Status:
    details = []
    for message in (
        error_details_pb2.ErrorInfo(domain="forewarn", reason="INVALID_ARGUMENT", metadata={"field": field}),
        error_details_pb2.BadRequest(
            field_violations=[error_details_pb2.BadRequest.FieldViolation(field=field, description=problem)]
        ),
    ):
        packed = AnyMessage()
        packed.Pack(message)
        details.append(packed)
    return status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message=f"{field} {problem}", details=details)


def serve(double: Double, address: str) -> grpc.Server:
    server = grpc.server(futures.ThreadPoolExecutor(48), options=[("grpc.so_reuseport", 0)])
    guard_pb2_grpc.add_GuardServiceServicer_to_server(double, server)
    server.add_insecure_port(address)
    server.start()
    return server


if __name__ == "__main__":
    mine = Double()
    mine.decide = allow
    if "--hang" in sys.argv:
        mine.gate.clear()
    running = serve(mine, sys.argv[1])
    print("ready", flush=True)
    running.wait_for_termination(60)
