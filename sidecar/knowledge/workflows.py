"""Workflows: an intent is matched, what was used and made of it comes back, both are journalled and counted."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from typing import Final

import msgspec
from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..clock import Clock
from ..model.errors import InvalidArgumentError, NotFoundError
from ..model.knowledge import (
    WEAK,
    Began,
    Completed,
    Entity,
    EntityKind,
    LearningResult,
    Recommended,
    Semantic,
    Used,
    Workflow,
    WorkflowKind,
    WorkflowOutcome,
    is_without_match,
)
from ..store.reader import Reader
from ..store.store import Store
from ..store.transaction import WriteTransaction
from .calibration import probability
from .completion import NoSuggester, Suggester
from .errors import WorkflowCompletedError
from .indexing import KnowledgeIndex
from .journal import append
from .matching import Match
from .reading import LEAST_TOGETHER, CoUsage, curve_of, used_together
from .repository import KnowledgeRepository, once
from .tables import ENTITIES, SCOPES, WORKFLOWS, entity_key
from .trials import NoTrials, Trials

#: Bytes that are kept of an intent and of a detail.
TEXT_BYTES: Final = 1024
#: Bytes of a scope, and scopes that have metrics of their own.
SCOPE_BYTES: Final = 256
MAX_SCOPES: Final = 1000
#: What is told of co-usage with each recommendation.
ALSO_USED: Final = 3
_STAND_IN: Final = re.compile(r"<[a-z_]+:[0-9a-f]{8}>")
#: Seconds to wait, after the start, for the index.
_PATIENCE: Final = 5.0
_PAUSE: Final = 0.1
_END: Final = frozenset({LearningResult.SUCCESS, LearningResult.SKIPPED, LearningResult.FAILED})


class Found(msgspec.Struct, frozen=True):
    """An entity that matches a text, with the probability that a workflow would use it."""

    entity: Entity
    match: Match
    p_use: float
    also_used: tuple[CoUsage, ...] = ()


class Recommendation(msgspec.Struct, frozen=True):
    """What there is for an intent; ``complete`` where the index held all entities."""

    workflow_id: bytes
    patterns: tuple[Found, ...]
    policies: tuple[Found, ...]
    without_match: bool
    complete: bool
    semantic: Semantic = Semantic.OFF


class Completion(msgspec.Struct, frozen=True):
    """A workflow as it was completed; ``duplicate`` where it had been before."""

    workflow: Workflow
    duplicate: bool


class Workflows:
    """Begins, completes and shows workflows. Thread-safe."""

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        repository: KnowledgeRepository,
        index: KnowledgeIndex,
        clock: Clock,
        ids: Callable[[], bytes],
        suggester: Suggester | None = None,
        trials: Trials | None = None,
    ) -> None:
        self._store = store
        self._extractor = extractor
        self._repository = repository
        self._index = index
        self._clock = clock
        self._ids = ids
        self._suggester: Suggester = suggester or NoSuggester()
        self._trials: Trials = trials or NoTrials()
        self._closed = threading.Event()

    @property
    def suggester(self) -> Suggester:
        """Who draws conclusions."""
        return self._suggester

    def close(self) -> None:
        """End all who watch."""
        self._closed.set()

    def search(self, text: str, kinds: Collection[EntityKind], limit: int) -> tuple[list[Found], bool, Semantic]:
        """Entities for a text, best first; whether the index held all, and meaning had a part. Counts nothing."""
        self._index.wait(timeout=_PATIENCE)
        text = self._searched(text)
        looked_up = [self._index.look_up(text, kind, limit) for kind in kinds]
        matches = [match for found, _ in looked_up for match in found]
        with self._store.read() as reader:
            found = self._found(reader, matches)
        return (
            sorted(found, key=lambda one: (-one.match.relevance, one.entity.id)),
            self._index.complete,
            _least(looked_up),
        )

    def recommend(
        self, intent: str, *, scope: str = "", limit: int = 5, kind: WorkflowKind = WorkflowKind.RECOMMEND,
        caller: str = "", session_id: str = "",
    ) -> Future[Recommendation]:  # fmt: skip
        """Match an intent and begin a workflow. The future completes when that is durable.

        Patterns that are being rolled out are kept from the sessions that are not to have them.
        """
        self._index.wait(timeout=_PATIENCE)
        text = self._searched(intent)
        workflow_id, session = self._ids(), self._extractor.label(session_id)
        assigned = self._trials.assigned(session or workflow_id.hex())
        held = {one.entity_id for one in assigned if not one.trial.treated}
        looked_up = [self._index.look_up(text, one, limit + len(held)) for one in EntityKind]
        found = [matches for matches, _ in looked_up]
        shown = {match.id for matches in found for match in matches[:limit] if match.relevance >= WEAK}
        trials = tuple(one.trial for one in assigned if one.entity_id in shown)
        by_kind = [[match for match in matches if match.id not in held][:limit] for matches in found]
        complete = self._index.complete
        with self._store.read() as reader:
            named = {match.id for matches in by_kind for match in matches} | held
            patterns, policies = (
                tuple(self._with_also_used(reader, one, named) for one in self._found(reader, matches))
                for matches in by_kind
            )
        recommended = tuple(
            Recommended(
                one.entity.id,
                one.entity.kind,
                one.entity.revision,
                one.match.score,
                one.match.relevance,
                one.p_use,
                one.match.relevance < WEAK,
                None if one.match.semantic is None else one.match.lexical,
                one.match.semantic,
            )
            for one in (*patterns, *policies)
        )
        answer = Recommendation(
            workflow_id, patterns, policies, is_without_match(recommended), complete, _least(looked_up)
        )
        began = Began(
            self._clock(), answer.workflow_id, kind, self._kept(intent), self.scope_name(scope), False,
            self._extractor.label(caller), recommended, answer.without_match,
        )  # fmt: skip

        def job(txn: WriteTransaction) -> Recommendation:
            event = replace(began, scope_counted=_take_scope(txn, began.scope))
            sequence = append(txn, event)
            txn.put(
                WORKFLOWS,
                event.workflow_id,
                Workflow(
                    event.workflow_id, event.kind, event.intent, event.scope, event.scope_counted, event.caller,
                    event.time, event.recommended, event.without_match, sequence, session_id=session, trials=trials,
                ),
            )  # fmt: skip
            return answer

        return self._store.submit(job)

    def complete(
        self,
        workflow_id: bytes,
        used: Sequence[str],
        resources: Sequence[str],
        outcome: WorkflowOutcome,
        detail: str = "",
    ) -> Future[Completion]:
        """Say what a workflow used and made. The future completes when that is durable.

        It raises NotFoundError for a workflow that is not there, InvalidArgumentError for an entity that is not, and
        WorkflowCompletedError where the workflow was completed before, and otherwise.
        """
        kept = once(self._extractor.label(one.strip()) for one in resources)
        told = self._kept(detail)
        now = self._clock()
        pending = not isinstance(self._suggester, NoSuggester)

        def job(txn: WriteTransaction) -> Completion:
            workflow = txn.get(WORKFLOWS, workflow_id)
            if workflow is None:
                raise NotFoundError("there is no such workflow, or it is kept no longer")
            if workflow.outcome is not WorkflowOutcome.OPEN:
                return _repeated(workflow, used, kept, outcome, told)
            entities = [self._used(txn, index, entity_id) for index, entity_id in enumerate(used)]
            event = _completed(workflow, entities, kept, outcome, told, now)
            workflow.last_sequence = append(txn, event)
            workflow.completed_time, workflow.outcome, workflow.detail = now, outcome, told
            workflow.used, workflow.resources, workflow.additions = event.used, kept, event.additions
            workflow.learning = LearningResult.PENDING if pending else LearningResult.SKIPPED
            txn.put(WORKFLOWS, workflow_id, workflow)
            self._trials.completed(txn, workflow)
            return Completion(workflow, False)

        future = self._store.submit(job)
        if pending:
            future.add_done_callback(self._tell)
        return future

    def learned(
        self, workflow_id: bytes, result: LearningResult, suggestion_ids: Sequence[str] = (), detail: str = ""
    ) -> None:
        """Fill a workflow's last stage, unless the workflow is kept no longer.

        Nobody waits for that, so it shares the next commit instead of having one of its own, behind which those who
        complete workflows would wait. Raises QueueFullError.
        """
        ids, told, now = tuple(suggestion_ids), self._kept(detail), self._clock()

        def job(txn: WriteTransaction) -> None:
            workflow = txn.get(WORKFLOWS, workflow_id)
            if workflow is not None:
                workflow.learning, workflow.suggestion_ids, workflow.learning_detail = result, ids, told
                workflow.learned_time = now
                txn.put(WORKFLOWS, workflow_id, workflow)

        self._store.post(job, droppable=False)

    def get(self, reader: Reader, workflow_id: bytes) -> Workflow:
        """A workflow. Raises NotFoundError."""
        workflow = reader.get(WORKFLOWS, workflow_id)
        if workflow is None:
            raise NotFoundError("there is no such workflow, or it is kept no longer")
        return workflow

    def newest(self, reader: Reader, stop: bytes | None = None) -> Iterator[tuple[bytes, Workflow]]:
        """Workflows, newest first."""
        return reader.scan(WORKFLOWS, b"", stop, reverse=True)

    def watch(self, workflow_id: bytes, active: Callable[[], bool]) -> Iterator[Workflow]:
        """A workflow now and after each change, until its last stage has a result or nobody listens."""
        before: Workflow | None = None
        sequence = -1
        while active() and not self._closed.is_set():
            if self._store.commit_sequence == sequence:
                self._closed.wait(_PAUSE)
                continue
            sequence = self._store.commit_sequence
            with self._store.read() as reader:
                workflow = self.get(reader, workflow_id)
            if workflow != before:
                yield workflow
                before = workflow
            if workflow.learning in _END:
                return

    def scope_name(self, scope: str) -> str:
        """A scope as it is kept."""
        label = self._extractor.label(scope.strip()).replace("\0", " ")
        return label.encode("utf-8", "replace")[:SCOPE_BYTES].decode("utf-8", "ignore")

    def _found(self, reader: Reader, matches: Sequence[Match]) -> list[Found]:
        curve = curve_of(reader) if matches else []
        found = []
        for match in matches:
            entity = reader.get(ENTITIES, entity_key(match.kind, match.id))
            if entity is not None and not entity.deleted_time:  # else deleted a moment ago
                found.append(Found(entity, match, probability(curve, match.relevance)))
        return found

    @staticmethod
    def _with_also_used(reader: Reader, one: Found, named: Collection[str]) -> Found:
        also = used_together(reader, one.entity.id, ALSO_USED, least=LEAST_TOGETHER, without=named)
        return replace(one, also_used=tuple(also)) if also else one

    def _used(self, txn: WriteTransaction, index: int, entity_id: str) -> Entity:
        entity = self._repository.find(txn, entity_id)
        if entity is None:
            raise InvalidArgumentError(f"used[{index}]", "is no pattern's or policy's id")
        return entity

    def _searched(self, text: str) -> str:
        """A text without secrets, and without what stands for them."""
        return _STAND_IN.sub(" ", self._extractor.whole_text(text))

    def _kept(self, text: str) -> str:
        return self._extractor.observation_text(text.strip(), TEXT_BYTES)

    def _tell(self, future: Future[Completion]) -> None:
        """After the commit, on the writer's thread."""
        if future.cancelled() or future.exception() is not None:
            return
        completion = future.result()
        if completion.duplicate or self._suggester.completed(completion.workflow):
            return
        workflow_id = completion.workflow.workflow_id
        self._store.post(lambda txn: _skip(txn, workflow_id), droppable=True)


def _skip(txn: WriteTransaction, workflow_id: bytes) -> None:
    workflow = txn.get(WORKFLOWS, workflow_id)
    if workflow is not None and workflow.learning is LearningResult.PENDING:
        workflow.learning = LearningResult.SKIPPED
        txn.put(WORKFLOWS, workflow_id, workflow)


def _take_scope(txn: WriteTransaction, scope: str) -> bool:
    """Whether a scope has metrics of its own; as long as there is room a new one gets them."""
    if not scope:
        return False
    key = scope.encode()
    if txn.get_raw(SCOPES, key) is not None:
        return True
    if txn.count(SCOPES) >= MAX_SCOPES:
        return False
    txn.put(SCOPES, key, b"")
    return True


def _least(looked_up: Sequence[tuple[list[Match], Semantic]]) -> Semantic:
    """What is true of all look-ups: meaning had a part only where it had in each."""
    return max((state for _, state in looked_up), default=Semantic.OFF)


def _completed(
    workflow: Workflow,
    entities: Sequence[Entity],
    resources: tuple[str, ...],
    outcome: WorkflowOutcome,
    detail: str,
    now: float,
) -> Completed:
    recommended = {one.id for one in workflow.recommended if not one.weak}
    suggested = {name.casefold() for entity in entities for name in entity.suggested_resources}
    made = {name.casefold() for name in resources}
    used = tuple(
        Used(
            entity.id,
            entity.kind,
            entity.id in recommended,
            tuple(name for name in entity.suggested_resources if name.casefold() not in made) if made else (),
        )
        for entity in entities
    )
    return Completed(
        time=now,
        workflow_id=workflow.workflow_id,
        kind=workflow.kind,
        scope=workflow.scope,
        scope_counted=workflow.scope_counted,
        recommended=workflow.recommended,
        used=used,
        resources=resources,
        additions=tuple(name for name in resources if name.casefold() not in suggested),
        outcome=outcome,
        detail=detail,
    )


def _repeated(
    workflow: Workflow, used: Sequence[str], resources: tuple[str, ...], outcome: WorkflowOutcome, detail: str
) -> Completion:
    same = (
        {one.id for one in workflow.used} == set(used)
        and workflow.resources == resources
        and workflow.outcome is outcome
        and workflow.detail == detail
    )
    if not same:
        raise WorkflowCompletedError(
            f"the workflow was completed before, as {workflow.outcome.name.lower()}, with other facts"
        )
    return Completion(workflow, True)
