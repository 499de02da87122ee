"""WorkflowService: what runtimes ask when they know what somebody wants built, and tell when it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import grpc

from forewarn.v1 import knowledge_pb2, workflow_pb2, workflow_pb2_grpc

from ..knowledge.reading import usage_of
from ..knowledge.workflows import Found
from ..model.knowledge import Workflow, WorkflowKind, WorkflowOutcome
from ..store.reader import Reader
from . import chain, knowledge_answers
from .errors import TooManyStreamsError
from .requests import wait

if TYPE_CHECKING:
    from ..runtime import Rooms

_DEFAULT_LIMIT: Final = 5
#: Threads that match intents and wait for commits: apart from those that decide.
_THREADS: Final = 8


class WorkflowService:
    """The methods of ``forewarn.v1.WorkflowService``, unwrapped; ``add_to`` puts them through the chain."""

    def __init__(self, rooms: Rooms, max_streams: int) -> None:
        self._rooms = rooms
        self._work = ThreadPoolExecutor(_THREADS, thread_name_prefix="forewarn-workflow")
        # Two threads more than watchers: one too many must be refused, and not wait for a thread.
        self._watches = ThreadPoolExecutor(max_streams + 2, thread_name_prefix="forewarn-watch")
        self._free = threading.BoundedSemaphore(max_streams)

    def add_to(self, server: grpc.Server) -> None:
        """Register every method with a server."""
        wrapped: dict[str, Any] = {
            "Recommend": chain.unary(self.Recommend, self._work),
            "CompleteWorkflow": chain.unary(self.CompleteWorkflow, self._work),
            "GetWorkflow": chain.unary(self.GetWorkflow, self._work),
            "WatchWorkflow": chain.response_stream(self.WatchWorkflow, self._watches),
        }
        # Closures in place of methods: gRPC only asks the servicer for attributes of these names.
        servicer = cast("workflow_pb2_grpc.WorkflowServiceServicer", SimpleNamespace(**wrapped))
        workflow_pb2_grpc.add_WorkflowServiceServicer_to_server(servicer, server)

    def drain(self) -> None:
        """End the watches, which may otherwise never end."""
        self._rooms.workflows.close()

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._work, self._watches):
            pool.shutdown(wait=False, cancel_futures=True)

    def Recommend(
        self, request: workflow_pb2.RecommendRequest, context: grpc.ServicerContext
    ) -> workflow_pb2.RecommendResponse:
        """Finds what there is for an intent, and begins a workflow."""
        future = self._rooms.workflows.recommend(
            request.intent,
            scope=request.scope,
            limit=request.limit or _DEFAULT_LIMIT,
            kind=WorkflowKind(request.kind or WorkflowKind.RECOMMEND),
            caller=request.caller,
            session_id=request.session_id,
        )
        found = wait(future, context)
        with self._rooms.store.read() as reader:
            return workflow_pb2.RecommendResponse(
                workflow_id=found.workflow_id.hex(),
                patterns=[self._recommendation(reader, one) for one in found.patterns],
                policies=[self._recommendation(reader, one) for one in found.policies],
                no_good_pattern=found.without_match,
                complete=found.complete,
                semantic_state=knowledge_answers.semantic_state(found.semantic),
            )

    def CompleteWorkflow(
        self, request: workflow_pb2.CompleteWorkflowRequest, context: grpc.ServicerContext
    ) -> workflow_pb2.CompleteWorkflowResponse:
        """Says what a workflow used and made."""
        began = time.monotonic()
        future = self._rooms.workflows.complete(
            bytes.fromhex(request.workflow_id),
            request.used,
            request.generated_resources,
            WorkflowOutcome(request.outcome),
            request.detail,
        )
        done = wait(future, context)
        self._rooms.suggestions.completed_in(began)
        return workflow_pb2.CompleteWorkflowResponse(workflow=self._workflow(done.workflow), duplicate=done.duplicate)

    def GetWorkflow(
        self, request: workflow_pb2.GetWorkflowRequest, _: grpc.ServicerContext
    ) -> workflow_pb2.GetWorkflowResponse:
        """One workflow with its stages."""
        with self._rooms.store.read() as reader:
            workflow = self._rooms.workflows.get(reader, bytes.fromhex(request.workflow_id))
        return workflow_pb2.GetWorkflowResponse(workflow=self._workflow(workflow))

    def WatchWorkflow(
        self, request: workflow_pb2.WatchWorkflowRequest, context: grpc.ServicerContext
    ) -> Iterator[workflow_pb2.WatchWorkflowResponse]:
        """One workflow, now and whenever a stage changes."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreamsError("as many watch workflows as may; try again later")
        try:
            for workflow in self._rooms.workflows.watch(bytes.fromhex(request.workflow_id), context.is_active):
                yield workflow_pb2.WatchWorkflowResponse(workflow=self._workflow(workflow))
        finally:
            self._free.release()

    def _workflow(self, workflow: Workflow) -> knowledge_pb2.Workflow:
        if not workflow.suggestion_ids:
            return knowledge_answers.workflow(workflow, ())
        with self._rooms.store.read() as reader:
            short = self._rooms.workflows.suggester.in_short(reader, workflow.suggestion_ids)
        return knowledge_answers.workflow(workflow, short)

    def _recommendation(self, reader: Reader, found: Found) -> workflow_pb2.Recommendation:
        also = []
        for one in found.also_used:
            other = self._rooms.knowledge.find(reader, one.id)
            also.append(knowledge_answers.together(one, other.description if other is not None else ""))
        return knowledge_answers.recommendation(found, usage_of(reader, found.entity.id), also)
