"""The thread that looks at completed workflows: it keeps the window, finds, proposes, and fills the workflow's stage.

Who completes a workflow never waits for it. It works in pieces with pauses, in which decisions have the processor; a
burst of workflows is looked at together, and between two looks it rests so long that looking takes a hundredth of the
time. So those who complete one workflow after the other meet a look in one of many, and what they wait at most times
(p99) stays what it is without. Recorded calls are looked at every ten minutes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Final, Protocol

from ..clock import Clock
from ..knowledge.completion import SuggestionInShort
from ..knowledge.repository import KnowledgeRepository
from ..knowledge.tables import WORKFLOWS
from ..model.errors import ForewarnError, InvalidArgumentError, NotFoundError
from ..model.knowledge import Entity, LearningResult, Workflow, WorkflowOutcome
from ..model.suggestion import Finding
from ..store.reader import Reader
from ..store.store import Store
from ..store.writer import LINGER_SECONDS
from .cases import WINDOW, Case, Cases, case_of
from .grounds.weak_matches import BestMatch
from .inbox import Inbox
from .observer import observe, observe_calls
from .proposing import Proposed

log = logging.getLogger(__name__)

#: Workflows that may wait to be looked at; more have their stage skipped.
WAITING: Final = 10_000
#: Seconds: between two looks at least and at most, between pieces of work, and between looks at recorded calls.
REST: Final = 0.05
LONGEST_REST: Final = 2.0
PAUSE: Final = 0.001
CALLS_EVERY: Final = 600.0
#: How many times as long as it worked it rests.
REST_SHARE: Final = 100.0
#: Workflows that are told in one piece: each is a row to be written, behind which others wait.
_TOLD_AT_ONCE: Final = 16
_START_PIECE: Final = 256
_PATIENCE: Final = 30.0
#: Suggestions that a workflow shows.
_SHOWN: Final = 20


class Learned(Protocol):
    """Fills a workflow's last stage: ``Workflows.learned``."""

    def __call__(
        self, workflow_id: bytes, result: LearningResult, suggestion_ids: Sequence[str] = (), detail: str = ""
    ) -> None:
        """See ``Workflows.learned``."""
        ...


class Analyst:
    """A ``Suggester``. ``start`` once, ``close`` in the end."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        repository: KnowledgeRepository,
        best_match: BestMatch,
        clock: Clock,
        proposed: Callable[[], None],
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._repository = repository
        self._best_match = best_match
        self._clock = clock
        self._proposed = proposed
        self._cases = Cases()
        self._waiting: deque[Workflow] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._wanted: list[Future[list[Proposed]]] = []
        self._learned: Learned | None = None
        self._working = True
        self._worked_until = 0.0
        self._thread = threading.Thread(target=self._run, name="forewarn-analyst", daemon=True)

    def start(self, learned: Learned) -> None:
        """Begin to look, once workflows can be told of it."""
        self._learned = learned
        self._thread.start()

    def close(self) -> None:
        """Stop. What was not looked at is after the next start."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
        for future in self._wanted:
            future.cancel()

    def completed(self, workflow: Workflow) -> bool:
        """See ``Suggester``."""
        with self._wake:
            if self._closed or len(self._waiting) >= WAITING:
                return False
            self._waiting.append(workflow)
            self._wake.notify_all()
            return True

    def in_short(self, reader: Reader, suggestion_ids: Sequence[str]) -> list[SuggestionInShort]:
        """See ``Suggester``."""
        found = []
        for suggestion_id in suggestion_ids:
            try:
                one = self._inbox.get(reader, suggestion_id)
            except (NotFoundError, InvalidArgumentError):
                continue  # kept no longer
            found.append(SuggestionInShort(suggestion_id, one.kind.name.lower(), one.confidence, one.reason))
        return found

    def generate(self) -> Future[list[Proposed]]:
        """Look at the whole window and at recorded calls, now. What became of every finding."""
        future: Future[list[Proposed]] = Future()
        with self._wake:
            if self._closed:
                future.cancel()
                return future
            self._wanted.append(future)
            self._wake.notify_all()
        return future

    def worked_since(self, began: float) -> bool:
        """Whether it worked, or what it told was written, at any time since ``began`` (``time.monotonic``)."""
        return self._working or self._worked_until + LINGER_SECONDS >= began

    @property
    def window(self) -> int:
        """Workflows in the window."""
        return len(self._cases)

    def _run(self) -> None:
        try:
            self._read_window()
            self._working, self._worked_until = False, time.monotonic()
            next_calls = time.monotonic()
            while True:
                with self._wake:
                    self._wake.wait_for(
                        lambda: self._closed or self._waiting or self._wanted,
                        max(0.0, next_calls - time.monotonic()),
                    )
                    if self._closed:
                        return
                    workflows = [self._waiting.popleft() for _ in range(len(self._waiting))]
                    wanted, self._wanted = self._wanted, []
                began = time.thread_time()
                self._working = True
                if workflows:
                    self._guarded(partial(self._look_at, workflows), workflows)
                if wanted:
                    self._answer(wanted)
                if time.monotonic() >= next_calls:
                    next_calls = time.monotonic() + CALLS_EVERY
                    self._guarded(self._look_at_calls)
                self._rest(time.thread_time() - began)
        except Exception:
            # Nothing but suggestions depends on this thread; workflows that come later are told at once.
            log.exception("workflows are no longer looked at")
            with self._wake:
                self._closed = True
                waiting = list(self._waiting)
            self._tell(waiting, LearningResult.FAILED, {}, "the daemon's log says why")

    def _rest(self, worked: float) -> None:
        """Leave the processor to others after ``worked`` seconds of it; a question of somebody ends that."""
        self._working, self._worked_until = False, time.monotonic()
        seconds = min(LONGEST_REST, max(REST, REST_SHARE * worked))
        with self._wake:
            self._wake.wait_for(lambda: self._closed or self._wanted, seconds)

    def _guarded(self, work: Callable[[], object], workflows: Sequence[Workflow] = ()) -> None:
        """Do something that may fail without taking the thread with it."""
        try:
            work()
        except Exception:
            log.exception("looking for suggestions failed")
            self._tell(workflows, LearningResult.FAILED, {}, "it failed; the daemon's log says why")

    def _read_window(self) -> None:
        """Take in what was completed before the start, and look at what nobody has looked at."""
        rows: list[Workflow] = []
        stop: bytes | None = None
        while len(rows) < WINDOW and not self._closed:
            with self._store.read() as reader:
                piece = list(reader.scan(WORKFLOWS, b"", stop, reverse=True, limit=_START_PIECE))
            rows += [row for _, row in piece if row.outcome is not WorkflowOutcome.OPEN]
            if len(piece) < _START_PIECE:
                break
            stop = piece[-1][0]
            time.sleep(PAUSE)
        rows.sort(key=lambda row: row.completed_time)
        for row in rows:
            self._cases.add(case_of(row))
        left = [row for row in rows if row.learning is LearningResult.PENDING]
        if left:
            self._guarded(partial(self._look_at, left), left)

    def _look_at(self, workflows: Sequence[Workflow]) -> None:
        cases = [case_of(one) for one in workflows]
        for case in cases:
            self._cases.add(case)
        found = self._propose(observe(self._cases, self._known, self._best_match, cases, _breathe))
        behind: dict[bytes, list[str]] = {}
        for finding, proposed in found:
            if proposed.suggestion is not None:
                for workflow_id in finding.evidence.workflow_ids:
                    behind.setdefault(workflow_id, []).append(proposed.suggestion.suggestion_id.hex())
        self._tell(workflows, LearningResult.SUCCESS, behind, "")

    def _look_at_calls(self) -> None:
        self._inbox.expire().result(_PATIENCE)
        with self._store.read() as reader:
            found = observe_calls(reader)
        self._propose(found)

    def _answer(self, wanted: Sequence[Future[list[Proposed]]]) -> None:
        try:
            self._inbox.expire().result(_PATIENCE)
            every: list[Case] = list(self._cases.all)
            found = self._propose(observe(self._cases, self._known, self._best_match, every, _breathe))
            with self._store.read() as reader:
                calls = observe_calls(reader)
            found += self._propose(calls)
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            for future in wanted:
                future.set_exception(error)
        else:
            for future in wanted:
                future.set_result([proposed for _, proposed in found])

    def _propose(self, findings: Sequence[Finding]) -> list[tuple[Finding, Proposed]]:
        if not findings:
            return []
        answers = self._inbox.propose(findings).result(_PATIENCE)
        if any(answer.outcome == "created" for answer in answers):
            self._proposed()
        return list(zip(findings, answers, strict=True))

    def _tell(
        self, workflows: Sequence[Workflow], result: LearningResult, behind: dict[bytes, list[str]], detail: str
    ) -> None:
        if self._learned is None:
            return
        for count, workflow in enumerate(workflows, 1):
            if count % _TOLD_AT_ONCE == 0:
                _breathe()
            try:
                self._learned(workflow.workflow_id, result, behind.get(workflow.workflow_id, [])[:_SHOWN], detail)
            except ForewarnError:
                # The stage stays pending; after the next start the workflow is looked at again.
                log.exception("a workflow cannot be told what it led to")

    def _known(self, entity_id: str) -> Entity | None:
        with self._store.read() as reader:
            entity = self._repository.find(reader, entity_id)
        return entity if entity is not None and not entity.deleted_time else None


def _breathe() -> None:
    time.sleep(PAUSE)
