"""SuggestionService: the inbox, as administrators see it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import grpc

from forewarn.v1 import knowledge_pb2, suggestion_pb2, suggestion_pb2_grpc

from ..guard.policy.suggested_what_if import suggested_what_if
from ..guard.policy.what_if import DEFAULT_CALLS
from ..knowledge.intervals import Share, share
from ..knowledge.reading import usage_of
from ..model.errors import PreconditionError
from ..model.knowledge import Content
from ..model.suggestion import TAKEN, HistoryEntry, KindTotals, Suggestion, SuggestionKind, SuggestionState
from ..store.reader import Reader
from ..store.tables import u64
from ..suggestions import history, track_record
from ..suggestions.inbox import Decided
from ..suggestions.tables import HISTORY, SUGGESTIONS
from . import chain, knowledge_answers, learning_report_answers, policy_answers, suggestion_answers
from .errors import DeadlineError, TooManyStreamsError
from .pages import page, position_of
from .requests import wait

if TYPE_CHECKING:
    from ..runtime import Rooms

_PAUSE: Final = 0.1
#: Seconds to wait, after a change, until it can be found. It is kept whether or not.
_INDEXED: Final = 2.0
#: What came of suggestions that is told with the history; and how many suggestions are looked through for it.
_ADOPTED: Final = 50
_LOOKED_AT: Final = 1_000
#: Seconds between the pieces of a long look, in which decisions have the processor; and calls that are shown.
_BREATH: Final = 0.001
_EXAMPLES: Final = 5


class SuggestionService:
    """The methods of ``forewarn.v1.SuggestionService``, unwrapped; ``add_to`` puts them through the chain."""

    def __init__(self, rooms: Rooms, max_streams: int) -> None:
        self._rooms = rooms
        self._inbox = rooms.suggestions.inbox
        self._decisions = rooms.suggested_policies
        self._work = ThreadPoolExecutor(4, thread_name_prefix="forewarn-suggestion")
        # Looking at everything takes as long as the window is large: one at a time.
        self._chores = ThreadPoolExecutor(1, thread_name_prefix="forewarn-generate")
        self._looks = ThreadPoolExecutor(1, thread_name_prefix="forewarn-suggested-what-if")
        # Two threads more than watchers: one too many must be refused, and not wait for a thread.
        self._watches = ThreadPoolExecutor(max_streams + 2, thread_name_prefix="forewarn-inbox")
        self._free = threading.BoundedSemaphore(max_streams)
        self._closed = threading.Event()

    def add_to(self, server: grpc.Server) -> None:
        """Register every method with a server."""
        methods: list[Callable[..., Any]] = [
            self.ListSuggestions, self.GetSuggestion, self.ApproveSuggestion, self.ModifySuggestion,
            self.RejectSuggestion, self.DismissSuggestion, self.UndoSuggestion, self.ListSuggestionHistory,
        ]  # fmt: skip
        wrapped: dict[str, Any] = {method.__name__: chain.unary(method, self._work) for method in methods}
        wrapped |= {
            "GenerateSuggestions": chain.unary(self.GenerateSuggestions, self._chores),
            "WhatIfSuggestion": chain.unary(self.WhatIfSuggestion, self._looks),
            "GetLearningReport": chain.unary(self.GetLearningReport, self._looks),
            "WatchSuggestions": chain.response_stream(self.WatchSuggestions, self._watches),
        }
        # Closures in place of methods: gRPC only asks the servicer for attributes of these names.
        servicer = cast("suggestion_pb2_grpc.SuggestionServiceServicer", SimpleNamespace(**wrapped))
        suggestion_pb2_grpc.add_SuggestionServiceServicer_to_server(servicer, server)

    def drain(self) -> None:
        """End the watches, which would otherwise never end."""
        self._closed.set()

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._work, self._chores, self._looks, self._watches):
            pool.shutdown(wait=False, cancel_futures=True)

    def GenerateSuggestions(
        self, _: suggestion_pb2.GenerateSuggestionsRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.GenerateSuggestionsResponse:
        """Looks for suggestions now."""
        found = wait(self._rooms.suggestions.analyst.generate(), context)
        counts = Counter(one.outcome for one in found)
        return suggestion_pb2.GenerateSuggestionsResponse(
            created=[
                suggestion_answers.suggestion(one.suggestion)
                for one in found
                if one.outcome == "created" and one.suggestion is not None
            ],
            renewed=counts["renewed"],
            refused=counts["refused"],
            unsure=counts["unsure"],
            too_many=counts["too_many"],
        )

    def ListSuggestions(
        self, request: suggestion_pb2.ListSuggestionsRequest, _: grpc.ServicerContext
    ) -> suggestion_pb2.ListSuggestionsResponse:
        """Suggestions, newest first."""
        state = None if request.any_state else SuggestionState(request.state or SuggestionState.PENDING)

        def keep(_: bytes, one: Suggestion) -> suggestion_pb2.Suggestion | None:
            wanted = (
                (state is None or one.state is state)
                and (not request.type or int(one.kind) == request.type)
                and one.confidence >= request.min_confidence
            )
            return suggestion_answers.suggestion(one) if wanted else None

        with self._rooms.store.read() as reader:
            rows = self._inbox.newest(reader, position_of(request.page_token) or None)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return suggestion_pb2.ListSuggestionsResponse(suggestions=found, next_page_token=token)

    def GetSuggestion(
        self, request: suggestion_pb2.GetSuggestionRequest, _: grpc.ServicerContext
    ) -> suggestion_pb2.GetSuggestionResponse:
        """One suggestion, and what it would change."""
        with self._rooms.store.read() as reader:
            found = self._inbox.get(reader, request.suggestion_id)
            target = self._entity(reader, found.target_id) if found.target_id else None
        return suggestion_pb2.GetSuggestionResponse(suggestion=suggestion_answers.suggestion(found), target=target)

    def WhatIfSuggestion(
        self, request: suggestion_pb2.WhatIfSuggestionRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.WhatIfSuggestionResponse:
        """Runs a suggested policy over recorded calls."""

        def between() -> None:
            self._breathe(context, "all calls were looked at")

        with self._rooms.store.read() as reader:
            found = self._inbox.get(reader, request.suggestion_id)
        if not found.draft.policy_document.strip():
            raise PreconditionError("the suggestion has no policy document: there are no rules to run")
        limit, examples = request.limit or DEFAULT_CALLS, request.examples or _EXAMPLES
        return policy_answers.suggested_what_if(
            suggested_what_if(
                self._rooms.store, self._rooms.policies, found.draft.policy_document, limit, examples, between
            )
        )

    def ApproveSuggestion(
        self, request: suggestion_pb2.ApproveSuggestionRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.ApproveSuggestionResponse:
        """Does what is suggested."""
        done, entity = self._decided(
            self._decisions.approve(
                request.suggestion_id, partial(wait, context=context), revision=request.revision, actor=request.actor
            )
        )
        return suggestion_pb2.ApproveSuggestionResponse(suggestion=done, entity=entity)

    def ModifySuggestion(
        self, request: suggestion_pb2.ModifySuggestionRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.ModifySuggestionResponse:
        """Does it with another draft."""
        said = request.draft
        decided = self._decisions.modify(
            request.suggestion_id,
            Content(
                description=said.description,
                triggers=tuple(said.triggers),
                rationale=said.rationale,
                suggested_resources=tuple(said.suggested_resources),
                policy_document=said.policy_document,
            ),
            partial(wait, context=context),
            revision=request.revision,
            actor=request.actor,
            reason=request.reason,
        )
        done, entity = self._decided(decided)
        return suggestion_pb2.ModifySuggestionResponse(suggestion=done, entity=entity)

    def RejectSuggestion(
        self, request: suggestion_pb2.RejectSuggestionRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.RejectSuggestionResponse:
        """Says no."""
        future = self._inbox.reject(request.suggestion_id, request.reason, actor=request.actor)
        return suggestion_pb2.RejectSuggestionResponse(suggestion=self._decided(wait(future, context))[0])

    def DismissSuggestion(
        self, request: suggestion_pb2.DismissSuggestionRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.DismissSuggestionResponse:
        """Says not now."""
        future = self._inbox.dismiss(request.suggestion_id, reason=request.reason, actor=request.actor)
        return suggestion_pb2.DismissSuggestionResponse(suggestion=self._decided(wait(future, context))[0])

    def UndoSuggestion(
        self, request: suggestion_pb2.UndoSuggestionRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.UndoSuggestionResponse:
        """Takes a decision back."""
        done, entity = self._decided(
            self._decisions.undo(
                request.suggestion_id, partial(wait, context=context), reason=request.reason, actor=request.actor
            )
        )
        return suggestion_pb2.UndoSuggestionResponse(suggestion=done, entity=entity)

    def WatchSuggestions(
        self, _: suggestion_pb2.WatchSuggestionsRequest, context: grpc.ServicerContext
    ) -> Iterator[suggestion_pb2.WatchSuggestionsResponse]:
        """What is pending, then every change."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreamsError("as many readers watch suggestions as may; try again later")
        try:
            for one in self._changes(context.is_active):
                yield suggestion_pb2.WatchSuggestionsResponse(suggestion=suggestion_answers.suggestion(one))
        finally:
            self._free.release()

    def ListSuggestionHistory(
        self, request: suggestion_pb2.ListSuggestionHistoryRequest, _: grpc.ServicerContext
    ) -> suggestion_pb2.ListSuggestionHistoryResponse:
        """What became of suggestions."""

        def keep(_: bytes, one: HistoryEntry) -> suggestion_pb2.SuggestionHistoryEntry:
            return suggestion_answers.entry(one)

        with self._rooms.store.read() as reader:
            rows = history.entries(reader, position_of(request.page_token) or None)
            found, token = page(rows, request.page_size, keep, reverse=True)
            totals = {kind: history.totals_of(reader, kind) for kind in SuggestionKind}
            adoption = self._adoption(reader)
        return suggestion_pb2.ListSuggestionHistoryResponse(
            entries=found,
            next_page_token=token,
            totals=[suggestion_answers.totals(kind, value) for kind, value in totals.items()],
            acceptance_rate=knowledge_answers.measured(_accepted(totals)),
            adoption=adoption,
        )

    def GetLearningReport(
        self, _: suggestion_pb2.GetLearningReportRequest, context: grpc.ServicerContext
    ) -> suggestion_pb2.GetLearningReportResponse:
        """Whether suggesting does what it is for."""
        rooms = self._rooms
        found = track_record.read(rooms.store, lambda: self._breathe(context, "the report was done"))
        return learning_report_answers.report(found, rooms.suggestions.completions.read(), rooms.clock())

    def _breathe(self, context: grpc.ServicerContext, until: str) -> None:
        """Between pieces of a long look: leave the processor to decisions, and end where nobody waits any more."""
        if not context.is_active() or self._closed.is_set():
            raise DeadlineError(f"the caller left before {until}")
        time.sleep(_BREATH)

    def _changes(self, active: Callable[[], bool]) -> Iterator[Suggestion]:
        """Pending suggestions, then each that is new or differs from what was given of it."""
        given: dict[bytes, Suggestion] = {}
        store = self._rooms.store
        sequence, last = -1, b""
        while active() and not self._closed.is_set():
            if store.commit_sequence == sequence:
                self._closed.wait(_PAUSE)
                continue
            sequence = store.commit_sequence
            with store.read() as reader:
                now = {one.suggestion_id: one for one in self._inbox.pending(reader)}
                newest = next((key for key, _ in history.entries(reader)), b"")
                if last:
                    start = u64(int.from_bytes(last, "big") + 1)
                    closed = {entry.suggestion_id for _, entry in reader.scan(HISTORY, start)} - now.keys()
                    decided = [found for one in closed if (found := reader.get(SUGGESTIONS, one)) is not None]
                else:
                    decided = []
            last = newest or last or u64(0)
            for one in (*now.values(), *decided):
                if given.get(one.suggestion_id) != one:
                    yield one
            given = now

    def _adoption(self, reader: Reader) -> list[suggestion_pb2.SuggestionAdoption]:
        found: list[suggestion_pb2.SuggestionAdoption] = []
        for count, (_, one) in enumerate(self._inbox.newest(reader)):
            if len(found) >= _ADOPTED or count >= _LOOKED_AT:
                break
            if one.state not in TAKEN or one.kind is SuggestionKind.DEPRECATE_PATTERN:
                continue
            used = usage_of(reader, one.applied_id)
            found.append(
                suggestion_pb2.SuggestionAdoption(
                    suggestion_id=one.suggestion_id.hex(),
                    entity_id=one.applied_id,
                    times_recommended=used.times_recommended if used is not None else 0,
                    times_used=used.times_used if used is not None else 0,
                )
            )
        return found

    def _decided(self, done: Decided) -> tuple[suggestion_pb2.Suggestion, knowledge_pb2.OrganisationalEntity | None]:
        if done.entity is None:
            return suggestion_answers.suggestion(done.suggestion), None
        index = self._rooms.knowledge_index
        index.wait(index.follow([(done.entity.kind, done.entity.id)]), _INDEXED)
        with self._rooms.store.read() as reader:
            used = usage_of(reader, done.entity.id)
        return suggestion_answers.suggestion(done.suggestion), knowledge_answers.entity(done.entity, used)

    def _entity(self, reader: Reader, entity_id: str) -> knowledge_pb2.OrganisationalEntity | None:
        found = self._rooms.knowledge.find(reader, entity_id)
        if found is None or found.deleted_time:
            return None
        return knowledge_answers.entity(found, usage_of(reader, entity_id))


def _accepted(totals: dict[SuggestionKind, KindTotals]) -> Share | None:
    pairs = [history.acceptance(one) for one in totals.values()]
    return share(sum(taken for taken, _ in pairs), sum(decided for _, decided in pairs))
