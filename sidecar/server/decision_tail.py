"""Following decisions as they are logged, by reading the journal: nothing is kept in memory for a slow reader.

Ids sort by the time a decision was made, commits may come in another order. So each look goes a little back and
leaves out what was given already.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from ..guard.decision_log import DecisionLog
from ..model.decision import DecisionRecord
from ..model.vocabulary import Verdict
from ..store.store import Store
from ..store.tables import DECISIONS
from .errors import TooManyStreamsError

_PAUSE: Final = 0.1
#: Milliseconds that a decision may be committed after one that was made later.
_OVERLAP: Final = 5_000
_CHUNK: Final = 500


class DecisionTail:
    """Gives decisions to at most ``limit`` readers at a time."""

    def __init__(self, store: Store, log: DecisionLog, limit: int) -> None:
        self._store = store
        self._log = log
        self._free = threading.BoundedSemaphore(limit)
        self._closed = threading.Event()

    def close(self) -> None:
        """End all."""
        self._closed.set()

    def follow(self, active: Callable[[], bool], tool: str, would_be: int) -> Iterator[tuple[DecisionRecord, int]]:
        """Decisions logged from now on that match, each with how many were dropped since the one before."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreamsError("as many readers follow decisions as may; try again later")
        try:
            yield from self._follow(active, tool, would_be)
        finally:
            self._free.release()

    def _follow(self, active: Callable[[], bool], tool: str, would_be: int) -> Iterator[tuple[DecisionRecord, int]]:
        given: set[bytes] = set()
        start = _id_of(time.time() * 1000.0)
        first = start
        dropped = self._log.dropped
        sequence = -1
        while active() and not self._closed.is_set():
            if self._store.commit_sequence == sequence:
                self._closed.wait(_PAUSE)
                continue
            sequence = self._store.commit_sequence
            while rows := self._new(start, given):
                for key, record in rows:
                    given.add(key)
                    if tool and record.tool != tool:
                        continue
                    if would_be and record.decision.would_be is not Verdict(would_be):
                        continue
                    now = self._log.dropped
                    yield record, now - dropped
                    dropped = now
                last = max(given)
                start = max(first, _id_of(int.from_bytes(last[:6], "big") - _OVERLAP))
                given = {key for key in given if key >= start}
                if not active():
                    return

    def _new(self, start: bytes, given: set[bytes]) -> list[tuple[bytes, DecisionRecord]]:
        found: list[tuple[bytes, DecisionRecord]] = []
        with self._store.read() as reader:
            for key, record in reader.scan(DECISIONS, start):
                if key not in given:
                    found.append((key, record))
                    if len(found) >= _CHUNK:
                        break
        return found


def _id_of(milliseconds: float) -> bytes:
    return max(0, int(milliseconds)).to_bytes(6, "big") + bytes(10)
