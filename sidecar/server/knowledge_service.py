"""KnowledgeService: organisational patterns and policies, as administrators see and change them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import grpc

from forewarn.v1 import knowledge_pb2, knowledge_pb2_grpc

from ..knowledge.anonymising import Anonymiser
from ..knowledge.interchange import export_entities, import_entities
from ..knowledge.reading import scope_of, scopes_of, totals_of, usage_of, used_together
from ..knowledge.tables import ENTITIES, WORKFLOW_EVENTS
from ..knowledge.verification import verify_metrics
from ..model.errors import InvalidArgumentError
from ..model.knowledge import Content, Entity, EntityKind, Semantic, Usage, Workflow, WorkflowOutcome
from ..store.reader import Reader
from . import chain, knowledge_answers
from .errors import DeadlineError
from .pages import page, position_of
from .requests import wait

if TYPE_CHECKING:
    from ..runtime import Rooms

_IMPORT_LIMIT: Final = 64 << 20
_PIECE: Final = 256 << 10
_DEFAULT_FOUND: Final = 10
_TOGETHER: Final = 20
#: Seconds to wait, after a change, until it can be found. It is kept whether or not.
_INDEXED: Final = 2.0
_IMPORT_INDEXED: Final = 20.0
#: Seconds between pieces of a long reading, in which decisions have the processor.
_BREATH: Final = 0.001
#: How origins begin that only the daemon gives.
_OF_SUGGESTIONS: Final = "suggestion"


class KnowledgeService:
    """The methods of ``forewarn.v1.KnowledgeService``, unwrapped; ``add_to`` puts them through the chain."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._work = ThreadPoolExecutor(4, thread_name_prefix="forewarn-knowledge-admin")
        # Exports, imports and verification take as long as the store is large: one at a time.
        self._chores = ThreadPoolExecutor(1, thread_name_prefix="forewarn-knowledge-chore")
        self._closed = threading.Event()

    def add_to(self, server: grpc.Server) -> None:
        """Register every method with a server."""
        methods: list[Callable[..., Any]] = [
            self.CreateEntity, self.GetEntity, self.ListEntities, self.SearchEntities, self.UpdateEntity,
            self.DeleteEntity, self.RestoreEntity, self.ListEntityRevisions, self.GetUsageMetrics,
            self.GetKnowledgeStats, self.ListWorkflows,
        ]  # fmt: skip
        wrapped: dict[str, Any] = {method.__name__: chain.unary(method, self._work) for method in methods}
        wrapped |= {
            "ExportEntities": chain.response_stream(self.ExportEntities, self._chores),
            "ImportEntities": chain.request_stream(self.ImportEntities, self._chores),
            "VerifyUsageMetrics": chain.unary(self.VerifyUsageMetrics, self._chores),
        }
        # Closures in place of methods: gRPC only asks the servicer for attributes of these names.
        servicer = cast("knowledge_pb2_grpc.KnowledgeServiceServicer", SimpleNamespace(**wrapped))
        knowledge_pb2_grpc.add_KnowledgeServiceServicer_to_server(servicer, server)

    def drain(self) -> None:
        """End what takes long."""
        self._closed.set()

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._work, self._chores):
            pool.shutdown(wait=False, cancel_futures=True)

    def CreateEntity(
        self, request: knowledge_pb2.CreateEntityRequest, context: grpc.ServicerContext
    ) -> knowledge_pb2.CreateEntityResponse:
        """Creates an entity."""
        said = request.entity
        if said.origin.strip().casefold().startswith(_OF_SUGGESTIONS):
            raise InvalidArgumentError(
                "entity.origin", "says that a suggestion made it, which only approving one may say; leave it out"
            )
        future = self._rooms.knowledge.create(
            EntityKind(said.kind),
            _content(said),
            entity_id=said.id,
            author=said.created_by or request.author,
            origin=said.origin or "created",
        )
        return knowledge_pb2.CreateEntityResponse(entity=self._changed(future, context))

    def GetEntity(
        self, request: knowledge_pb2.GetEntityRequest, _: grpc.ServicerContext
    ) -> knowledge_pb2.GetEntityResponse:
        """One entity, as it is or as it was."""
        with self._rooms.store.read() as reader:
            found = self._rooms.knowledge.get(reader, request.id, request.revision)
            used = usage_of(reader, found.id)
        return knowledge_pb2.GetEntityResponse(entity=knowledge_answers.entity(found, used))

    def ListEntities(
        self, request: knowledge_pb2.ListEntitiesRequest, _: grpc.ServicerContext
    ) -> knowledge_pb2.ListEntitiesResponse:
        """Entities by id."""
        kind = EntityKind(request.kind) if request.kind else None
        counted = request.min_times_recommended or request.max_times_used

        def keep(_: bytes, entity: Entity) -> knowledge_pb2.OrganisationalEntity | None:
            if entity.deleted_time and not request.show_deleted:
                return None
            used = usage_of(reader, entity.id)
            if counted and not _counts(used or Usage(), request):
                return None
            return knowledge_answers.entity(entity, used)

        with self._rooms.store.read() as reader:
            rows = self._rooms.knowledge.entities(reader, kind, position_of(request.page_token))
            found, token = page(rows, request.page_size, keep)
        return knowledge_pb2.ListEntitiesResponse(entities=found, next_page_token=token)

    def SearchEntities(
        self, request: knowledge_pb2.SearchEntitiesRequest, _: grpc.ServicerContext
    ) -> knowledge_pb2.SearchEntitiesResponse:
        """Entities that match a text."""
        kinds = (EntityKind(request.kind),) if request.kind else tuple(EntityKind)
        found, complete, semantic = self._rooms.workflows.search(request.query, kinds, request.limit or _DEFAULT_FOUND)
        with self._rooms.store.read() as reader:
            matches = [knowledge_answers.match(one, usage_of(reader, one.entity.id)) for one in found]
        state = knowledge_answers.semantic_state(semantic)
        return knowledge_pb2.SearchEntitiesResponse(matches=matches, complete=complete, semantic_state=state)

    def UpdateEntity(
        self, request: knowledge_pb2.UpdateEntityRequest, context: grpc.ServicerContext
    ) -> knowledge_pb2.UpdateEntityResponse:
        """Changes an entity."""
        said = request.entity
        future = self._rooms.knowledge.update(
            said.id, _content(said), etag=said.etag, author=request.author, kind=EntityKind(said.kind)
        )
        return knowledge_pb2.UpdateEntityResponse(entity=self._changed(future, context))

    def DeleteEntity(
        self, request: knowledge_pb2.DeleteEntityRequest, context: grpc.ServicerContext
    ) -> knowledge_pb2.DeleteEntityResponse:
        """Deletes an entity."""
        future = self._rooms.knowledge.delete(
            request.id, etag=request.etag, author=request.author, permanently=request.permanently
        )
        return knowledge_pb2.DeleteEntityResponse(entity=self._changed(future, context))

    def RestoreEntity(
        self, request: knowledge_pb2.RestoreEntityRequest, context: grpc.ServicerContext
    ) -> knowledge_pb2.RestoreEntityResponse:
        """Takes a deletion back, or goes back to a revision."""
        future = self._rooms.knowledge.restore(
            request.id, etag=request.etag, author=request.author, revision=request.revision
        )
        return knowledge_pb2.RestoreEntityResponse(entity=self._changed(future, context))

    def ListEntityRevisions(
        self, request: knowledge_pb2.ListEntityRevisionsRequest, _: grpc.ServicerContext
    ) -> knowledge_pb2.ListEntityRevisionsResponse:
        """The revisions of an entity."""
        with self._rooms.store.read() as reader:
            entity = self._rooms.knowledge.get(reader, request.id)
            rows = self._rooms.knowledge.revisions(reader, entity, position_of(request.page_token) or None)
            found, token = page(
                rows, request.page_size, lambda _, past: knowledge_answers.entity(past, None), reverse=True
            )
        return knowledge_pb2.ListEntityRevisionsResponse(revisions=found, next_page_token=token)

    def ExportEntities(
        self, request: knowledge_pb2.ExportEntitiesRequest, _: grpc.ServicerContext
    ) -> Iterator[knowledge_pb2.ExportEntitiesResponse]:
        """Writes entities as YAML."""
        kind = EntityKind(request.kind) if request.kind else None
        anonymiser = Anonymiser(request.hide) if request.anonymised else None
        piece = bytearray()
        for text in export_entities(self._rooms.store, kind, anonymiser):
            piece += text.encode("utf-8", "replace")
            if len(piece) >= _PIECE:
                yield knowledge_pb2.ExportEntitiesResponse(chunk=bytes(piece))
                piece.clear()
        yield knowledge_pb2.ExportEntitiesResponse(chunk=bytes(piece))

    def ImportEntities(
        self, requests: Iterator[knowledge_pb2.ImportEntitiesRequest], context: grpc.ServicerContext
    ) -> knowledge_pb2.ImportEntitiesResponse:
        """Reads entities from YAML."""
        document = bytearray()
        author = ""
        for request in requests:
            chain.require_rules(request)
            document += request.chunk
            author = request.author or author
            if len(document) > _IMPORT_LIMIT:
                raise InvalidArgumentError("chunk", f"together at most {_IMPORT_LIMIT >> 20} MiB")
        rooms = self._rooms
        person = rooms.knowledge.person(author)
        done = wait(import_entities(rooms.store, rooms.knowledge, bytes(document), person, rooms.clock), context)
        if done.changed:
            rooms.knowledge_index.wait(rooms.knowledge_index.follow(done.changed), _IMPORT_INDEXED)
        return knowledge_pb2.ImportEntitiesResponse(
            created=done.created, updated=done.updated, unchanged=done.unchanged
        )

    def GetUsageMetrics(
        self, request: knowledge_pb2.GetUsageMetricsRequest, _: grpc.ServicerContext
    ) -> knowledge_pb2.GetUsageMetricsResponse:
        """How an entity was used."""

        def keep(key: bytes, used: Usage) -> knowledge_pb2.ScopeMetrics:
            return knowledge_pb2.ScopeMetrics(scope=scope_of(request.id, key), metrics=knowledge_answers.usage(used))

        with self._rooms.store.read() as reader:
            pooled = usage_of(reader, request.id)
            if pooled is None:
                self._rooms.knowledge.get(reader, request.id)
            rows = scopes_of(reader, request.id, position_of(request.page_token))
            scopes, token = page(rows, request.page_size, keep)
            also = [
                knowledge_answers.together(one, self.described(reader, one.id))
                for one in used_together(reader, request.id, _TOGETHER)
            ]
        return knowledge_pb2.GetUsageMetricsResponse(
            pooled=knowledge_answers.usage(pooled) if pooled is not None else None,
            scopes=scopes,
            also_used=also,
            next_page_token=token,
        )

    def GetKnowledgeStats(
        self, _: knowledge_pb2.GetKnowledgeStatsRequest, __: grpc.ServicerContext
    ) -> knowledge_pb2.GetKnowledgeStatsResponse:
        """What was counted over all workflows."""
        index = self._rooms.knowledge_index
        with self._rooms.store.read() as reader:
            totals = totals_of(reader)
            kept = reader.count(ENTITIES)
            events = reader.count(WORKFLOW_EVENTS)
        indexed = index.size
        semantic = index.semantic
        return knowledge_pb2.GetKnowledgeStatsResponse(
            entities=kept,
            workflows_started=totals.started,
            workflows_completed=totals.completed,
            succeeded=totals.succeeded,
            failed=totals.failed,
            abandoned=totals.abandoned,
            without_match=totals.without_match,
            events=events,
            calibration=knowledge_answers.calibration(totals),
            indexed=indexed,
            index_complete=index.complete,
            semantic_state=knowledge_answers.semantic_state(Semantic.OFF if semantic is None else semantic.state),
            vectors=semantic.kept if semantic is not None else 0,
            semantic_fallbacks=semantic.fallbacks if semantic is not None else 0,
        )

    def ListWorkflows(
        self, request: knowledge_pb2.ListWorkflowsRequest, _: grpc.ServicerContext
    ) -> knowledge_pb2.ListWorkflowsResponse:
        """Workflows, newest first."""
        workflows = self._rooms.workflows
        scope = workflows.scope_name(request.scope)
        outcome = WorkflowOutcome(request.outcome)

        def keep(_: bytes, one: Workflow) -> knowledge_pb2.Workflow | None:
            if (
                (scope and one.scope != scope)
                or (outcome and one.outcome is not outcome)
                or (request.only_without_match and not one.without_match)
            ):
                return None
            return knowledge_answers.workflow(one, workflows.suggester.in_short(reader, one.suggestion_ids))

        with self._rooms.store.read() as reader:
            rows = workflows.newest(reader, position_of(request.page_token) or None)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return knowledge_pb2.ListWorkflowsResponse(workflows=found, next_page_token=token)

    def VerifyUsageMetrics(
        self, _: knowledge_pb2.VerifyUsageMetricsRequest, context: grpc.ServicerContext
    ) -> knowledge_pb2.VerifyUsageMetricsResponse:
        """Computes all metrics anew and compares."""

        def between() -> None:
            if not context.is_active() or self._closed.is_set():
                raise DeadlineError("the caller left before all was verified")
            time.sleep(_BREATH)

        found = verify_metrics(self._rooms.store, self._rooms.workflow_retention, between)
        return knowledge_pb2.VerifyUsageMetricsResponse(
            ok=not found.problems, problems=found.problems, events=found.events, rows=found.rows
        )

    def described(self, reader: Reader, entity_id: str) -> str:
        """An entity's description; empty where it was removed."""
        found = self._rooms.knowledge.find(reader, entity_id)
        return found.description if found is not None else ""

    def _changed(self, future: Future[Entity], context: grpc.ServicerContext) -> knowledge_pb2.OrganisationalEntity:
        entity = wait(future, context)
        index = self._rooms.knowledge_index
        index.wait(index.follow([(entity.kind, entity.id)]), _INDEXED)
        with self._rooms.store.read() as reader:
            return knowledge_answers.entity(entity, usage_of(reader, entity.id))


def _content(said: knowledge_pb2.OrganisationalEntity) -> Content:
    return Content(
        description=said.description,
        triggers=tuple(said.triggers),
        rationale=said.rationale,
        suggested_resources=tuple(said.suggested_resources),
        policy_document=said.policy_document,
    )


def _counts(used: Usage, request: knowledge_pb2.ListEntitiesRequest) -> bool:
    return used.times_recommended >= request.min_times_recommended and (
        not request.max_times_used or used.times_used <= request.max_times_used
    )
