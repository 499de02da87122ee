"""GuardService: what a tool runtime asks before a call and tells after it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import grpc

from forewarn.v1 import guard_pb2, guard_pb2_grpc, model_pb2

from ..clock import Clock
from ..guard.context_injector import Fact
from ..learning.learner import Recorded
from ..model.call import Call, Result
from ..store.receipts import Receipt
from . import answers, chain
from .inline import InlineMethods
from .record_stream import RecordStreams
from .requests import call_of, descriptor_of, plain_question, plain_record, result_of, wait

if TYPE_CHECKING:
    from ..runtime import Rooms

_DEFAULT_TOKENS = 500
_SERVICE = guard_pb2.DESCRIPTOR.services_by_name["GuardService"].full_name
_HEX = frozenset("0123456789abcdef")


class GuardService:
    """The methods of ``forewarn.v1.GuardService``, unwrapped; ``add_to`` puts them through the chain."""

    def __init__(self, rooms: Rooms, clock: Clock, record_threads: int, max_streams: int) -> None:
        self._rooms = rooms
        self._clock = clock
        # Records wait for commits, look-ups may read thousands of rows: neither may hold up a decision.
        self._records = ThreadPoolExecutor(record_threads, thread_name_prefix="forewarn-record")
        self._lookups = ThreadPoolExecutor(4, thread_name_prefix="forewarn-lookup")
        # Two threads more than streams: one too many must be refused, and not wait for a thread.
        self._streams = ThreadPoolExecutor(max_streams + 2, thread_name_prefix="forewarn-stream")
        self._record_streams = RecordStreams(self._record, max_streams)

    def add_to(self, server: grpc.Server, inline: InlineMethods | None = None) -> None:
        """Register every method with a server; what is asked most is answered inline where that can be."""
        wrapped: dict[str, Any] = {
            "ShouldPrevent": chain.unary(self.ShouldPrevent),
            "Check": chain.unary(self.Check),
            "Optimize": chain.unary(self.Optimize, self._lookups),
            "RecordCall": chain.unary(self.RecordCall, self._records),
            "RecordCalls": chain.exchange(self._record_streams.run, self._streams),
            "RegisterTools": chain.unary(self.RegisterTools, self._records),
            "InjectContext": chain.unary(self.InjectContext, self._lookups),
            "FindSimilar": chain.unary(self.FindSimilar, self._lookups),
            "Appeal": chain.unary(self.Appeal, self._records),
            "GetApproval": chain.unary(self.GetApproval),
        }
        # Closures in place of methods: gRPC only asks the servicer for attributes of these names.
        servicer = cast("guard_pb2_grpc.GuardServiceServicer", SimpleNamespace(**wrapped))
        guard_pb2_grpc.add_GuardServiceServicer_to_server(servicer, server)
        if inline is not None:
            question = chain.Asked(
                self._plain_question, guard_pb2.ShouldPreventRequest, lambda one: self._call(one.call)
            )
            record = chain.Asked(self._plain_record, guard_pb2.RecordCallRequest, self._of_record)
            answered = {
                "ShouldPrevent": chain.inline("ShouldPrevent", question, self._decide),
                "RecordCall": chain.inline_later("RecordCall", record, self._record_and_tell, answers.recorded_bytes),
            }
            for name, method in answered.items():
                inline.answer(f"/{_SERVICE}/{name}", method)

    def drain(self) -> None:
        """Nothing here outlives its calls."""

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._records, self._lookups, self._streams):
            pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, message: model_pb2.Call) -> Call:
        return self._rooms.extractor.named(call_of(message, self._clock()))

    def ShouldPrevent(
        self, request: guard_pb2.ShouldPreventRequest, _context: grpc.ServicerContext | None = None
    ) -> guard_pb2.ShouldPreventResponse:
        """Decides one call."""
        return guard_pb2.ShouldPreventResponse.FromString(self._decide(self._call(request.call)))

    def _plain_question(self, raw: bytes) -> Call | None:
        call = plain_question(raw, self._clock())
        return None if call is None else self._rooms.extractor.named(call)

    def _decide(self, call: Call) -> bytes:
        return answers.decided(self._rooms.tracker.should_prevent(call, "should_prevent"))

    def Check(self, request: guard_pb2.CheckRequest, _context: grpc.ServicerContext) -> guard_pb2.CheckResponse:
        """Decides one call and gives what is worth knowing before it."""
        call = self._call(request.call)
        decision = self._rooms.tracker.should_prevent(call, "check")
        response = guard_pb2.CheckResponse(decision=answers.decision(decision))
        if request.token_budget:
            injected = self._rooms.injector.inject(
                [call.tool], request.token_budget, call.session_id, call.context, call.time
            )
            response.facts.extend([_fact(one) for one in injected.facts])
            response.tokens = injected.tokens
        return response

    def Optimize(
        self, request: guard_pb2.OptimizeRequest, _context: grpc.ServicerContext
    ) -> guard_pb2.OptimizeResponse:
        """Ranks what could be done."""
        call = self._call(request.call)
        ranking = self._rooms.optimizer.optimize(
            call,
            tuple(self._rooms.extractor.label(name) for name in request.candidates),
            latency_weight=request.latency_weight,
            cost_weight=request.cost_weight,
            explore=request.explore,
            limit=request.limit or 5,
        )
        return guard_pb2.OptimizeResponse(
            decision_id=ranking.decision_id.hex(),
            alternatives=[answers.alternative(one) for one in ranking.alternatives],
            explored=ranking.explored,
            propensity=ranking.propensity,
        )

    def RecordCall(
        self, request: guard_pb2.RecordCallRequest, context: grpc.ServicerContext
    ) -> guard_pb2.RecordCallResponse:
        """Records how a call went; answers when it is durable."""
        return answers.recorded(wait(self._record(request), context))

    def _record(self, request: guard_pb2.RecordCallRequest) -> Future[Recorded]:
        return self._rooms.recorder.record(*self._of_record(request))

    def _record_and_tell(self, record: tuple[Call, Result, str], told: Callable[[Receipt[Recorded]], None]) -> None:
        self._rooms.recorder.record_and_tell(*record, told)

    def _of_record(self, request: guard_pb2.RecordCallRequest) -> tuple[Call, Result, str]:
        return self._named(call_of(request.call, self._clock()), result_of(request.result), request.decision_id)

    def _plain_record(self, raw: bytes) -> tuple[Call, Result, str] | None:
        found = plain_record(raw, self._clock())
        return None if found is None else self._named(*found)

    def _named(self, call: Call, result: Result, decision_id: str) -> tuple[Call, Result, str]:
        if not _HEX.issuperset(decision_id):  # no id of ours: kept as it came, but for secrets
            decision_id = self._rooms.extractor.label(decision_id)
        return self._rooms.extractor.named(call), result, decision_id

    def RegisterTools(
        self, request: guard_pb2.RegisterToolsRequest, context: grpc.ServicerContext
    ) -> guard_pb2.RegisterToolsResponse:
        """Tells what tools there are."""
        descriptors = [descriptor_of(tool) for tool in request.tools]
        registrations = wait(self._rooms.tools.register(descriptors, self._clock()), context)
        return guard_pb2.RegisterToolsResponse(
            registrations=[
                guard_pb2.ToolRegistration(tool=one.tool, created=one.created, evidence_reset=one.evidence_reset)
                for one in registrations
            ]
        )

    def InjectContext(
        self, request: guard_pb2.InjectContextRequest, _context: grpc.ServicerContext
    ) -> guard_pb2.InjectContextResponse:
        """Gives what is worth knowing before using tools."""
        injected = self._rooms.injector.inject(
            list(request.tools),
            request.token_budget or _DEFAULT_TOKENS,
            request.session_id,
            dict(request.context),
            self._clock(),
        )
        return guard_pb2.InjectContextResponse(
            facts=[_fact(one) for one in injected.facts], tokens=injected.tokens, left_out=injected.left_out
        )

    def FindSimilar(
        self, request: guard_pb2.FindSimilarRequest, _context: grpc.ServicerContext
    ) -> guard_pb2.FindSimilarResponse:
        """Finds past calls and usage patterns like a call."""
        call = self._call(request.call)
        found = self._rooms.checker.check_pattern(call, request.limit or 10)
        return guard_pb2.FindSimilarResponse(
            calls=[answers.similar_call(one.observation, one.similarity) for one in found.calls],
            usage_patterns=[
                guard_pb2.SimilarUsagePattern(
                    similarity=one.similarity,
                    usage_pattern=answers.usage_pattern(one.pattern_id, one.pattern, call.time),
                )
                for one in found.patterns
            ],
            suggestions=found.suggestions,
        )

    def Appeal(self, request: guard_pb2.AppealRequest, context: grpc.ServicerContext) -> guard_pb2.AppealResponse:
        """Says that a prevention was wrong."""
        outcome = wait(
            self._rooms.tracker.appeal(request.decision_id, request.reason, request.caller, self._clock()), context
        )
        return guard_pb2.AppealResponse(
            usage_pattern_ids=[one.hex() for one in outcome.pattern_ids], duplicate=outcome.duplicate
        )

    def GetApproval(
        self, request: guard_pb2.GetApprovalRequest, _context: grpc.ServicerContext
    ) -> guard_pb2.GetApprovalResponse:
        """Where the approval of a call stands."""
        return guard_pb2.GetApprovalResponse(approval=answers.approval(self._rooms.approvals.find(request.approval_id)))


def _fact(value: Fact) -> guard_pb2.ContextFact:
    return guard_pb2.ContextFact(
        text=value.text,
        tokens=value.tokens,
        tool=value.tool,
        usage_pattern_id=value.pattern_id.hex(),
        evidence=answers.evidence(value.evidence) if value.evidence is not None else None,
    )
