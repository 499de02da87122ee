"""Asking a model for better drafts, in the background, within limits. Nothing waits for it.

What waits for a draft is in the store, so a restart goes on where it was. A suggestion can be read and decided all the
time: until the model has answered it carries the draft of plain statistics. Requests are bounded at a time, by minute
and by tokens a day (what one may cost is set aside before it is made); a suggestion is asked for so many times, with
pauses that double.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import Final

import msgspec

from ..clock import Clock
from ..knowledge.repository import KnowledgeRepository
from ..model.errors import ForewarnError
from ..model.knowledge import Content
from ..model.suggestion import Drafting, Suggestion
from ..store.store import Store
from ..store.transaction import WriteTransaction
from . import history
from .drafting import Drafter, DraftingError, facts_of
from .inbox import Inbox
from .settings import DAY, ModelLimits

log = logging.getLogger(__name__)

_MINUTE: Final = 60.0
_REST: Final = 1.0
_PATIENCE: Final = 30.0


class Counts(msgspec.Struct):
    """What was asked since the start."""

    asked: int = 0
    written: int = 0
    failed: int = 0


class Drafts:
    """See the module. ``start`` once, ``close`` in the end."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        repository: KnowledgeRepository,
        drafter: Drafter,
        limits: ModelLimits,
        clock: Clock,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._repository = repository
        self._drafter = drafter
        self._limits = limits
        self._clock = clock
        self.counts = Counts()
        self._wake = threading.Condition()
        self._woken = self._closed = False
        self._under_way: set[bytes] = set()
        self._asked: deque[float] = deque()
        self._thread = threading.Thread(target=self._run, name="forewarn-drafts", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more. What was asked is given up; it is asked again after the next start."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def wake(self) -> None:
        """There may be something to ask for."""
        with self._wake:
            self._woken = True
            self._wake.notify_all()

    def _run(self) -> None:
        try:
            self._drafter.prepare()
        except Exception:
            log.exception("the model's client cannot be made; each draft will try, and say what is wrong")
        while True:
            try:
                self._hand_out()
            except ForewarnError:
                log.exception("what waits for a draft cannot be read; trying again")
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._woken, _REST)
                if self._closed:
                    return
                self._woken = False

    def _hand_out(self) -> None:
        now = self._clock()
        with self._store.read() as reader:
            waiting = [
                one
                for one in self._inbox.pending(reader)
                if one.drafting is Drafting.WAITING and one.next_attempt <= now
            ]
        for suggestion in waiting:
            with self._wake:
                if suggestion.suggestion_id in self._under_way or len(self._under_way) >= self._limits.at_once:
                    continue
                if self._closed or not self._within_minute():
                    return
                self._under_way.add(suggestion.suggestion_id)
            # A thread of its own, which the end of the process does not wait for, as it would for a pool's.
            threading.Thread(target=self._ask, args=(suggestion,), name="forewarn-draft", daemon=True).start()

    def _within_minute(self) -> bool:
        now = time.monotonic()
        while self._asked and self._asked[0] <= now - _MINUTE:
            self._asked.popleft()
        if len(self._asked) >= self._limits.per_minute:
            return False
        self._asked.append(now)
        return True

    def _ask(self, suggestion: Suggestion) -> None:
        try:
            self._ask_once(suggestion)
        except Exception:
            # The suggestion keeps its draft; what is still waiting is asked for again.
            log.exception("a draft could not be asked for")
        finally:
            with self._wake:
                self._under_way.discard(suggestion.suggestion_id)
                self._woken = True
                self._wake.notify_all()

    def _ask_once(self, suggestion: Suggestion) -> None:
        most = self._drafter.most_tokens
        if not self._book(most).result(_PATIENCE):
            midnight = (self._clock() // DAY + 1.0) * DAY
            self._inbox.drafted(
                suggestion.suggestion_id, Drafting.WAITING, "over_budget: today's tokens are spent",
                attempts=suggestion.attempts, next_attempt=midnight,
            ).result(_PATIENCE)  # fmt: skip
            return
        attempt = suggestion.attempts + 1
        self.counts.asked += 1
        spent = most  # where it cannot be told
        try:
            written = self._drafter.write(facts_of(suggestion, self._current(suggestion)), attempt)
            spent = written.tokens
            words = written.words
            content = Content(words.description, tuple(words.triggers), words.rationale)
            self.counts.written += 1
            self._inbox.drafted(suggestion.suggestion_id, Drafting.MODEL, "", content=content, attempts=attempt).result(
                _PATIENCE
            )
        except DraftingError as error:
            spent = error.tokens
            self._failed(suggestion, error, attempt)
        finally:
            self._book(spent - most, requests=0).result(_PATIENCE)

    def _failed(self, suggestion: Suggestion, error: DraftingError, attempt: int) -> None:
        self.counts.failed += 1
        told = f"{error.code}: {error}"
        log.info("no draft for %s: %s", suggestion.suggestion_id.hex(), told)
        if error.again and attempt < self._limits.attempts:
            pause = min(self._limits.longest_pause, self._limits.pause * 2.0 ** (attempt - 1))
            self._inbox.drafted(
                suggestion.suggestion_id, Drafting.WAITING, told, attempts=attempt,
                next_attempt=self._clock() + max(pause, error.retry_after),
            ).result(_PATIENCE)  # fmt: skip
        else:
            self._inbox.drafted(suggestion.suggestion_id, Drafting.FAILED, told, attempts=attempt).result(_PATIENCE)

    def _book(self, tokens: int, requests: int = 1) -> Future[bool]:
        """Count tokens of today (fewer than 0: give back). False, and nothing counted, where they are too many."""
        now, limit = self._clock(), self._limits.tokens_per_day

        def job(txn: WriteTransaction) -> bool:
            spent = history.today(txn, now)
            if tokens > 0 and spent.tokens + tokens > limit:
                return False
            spent.tokens = max(0, spent.tokens + tokens)
            spent.requests += requests
            history.put_today(txn, spent)
            return True

        return self._store.submit(job)

    def _current(self, suggestion: Suggestion) -> Content | None:
        if not suggestion.target_id:
            return None
        with self._store.read() as reader:
            entity = self._repository.find(reader, suggestion.target_id)
        return entity.content if entity is not None else None
