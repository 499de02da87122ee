"""The journal of workflows stays bounded: oldest events go, a few with every commit, and are counted as they go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..store.store import Store
from ..store.tables import u64
from ..store.transaction import WriteTransaction
from .metrics import TransactionBook, count
from .tables import REMOVED, WORKFLOW_EVENTS, WORKFLOWS

DAY: Final = 86_400.0
#: Events that a commit removes at most, where it writes little.
STEP: Final = 16
#: Rows that an event writes at least: so a commit removes no fewer events than it adds.
_ROWS: Final = 3


class WorkflowRetention:
    """Housekeeping for the writer. Ages are days, by the time of the event."""

    def __init__(self, max_events: int, days: float) -> None:
        self._max = max_events
        self._seconds = days * DAY
        self._lock = threading.Lock()
        self._held = 0

    @contextmanager
    def held(self, store: Store) -> Iterator[None]:
        """Take nothing from the journal meanwhile; it may outgrow its limits by what comes."""
        with self._lock:
            self._held += 1
        try:
            store.submit(lambda txn: txn.commit_sequence).result(60)  # what was being taken is taken now
            yield
        finally:
            with self._lock:
                self._held -= 1

    def __call__(self, txn: WriteTransaction) -> bool:
        """Remove a few of what is too many or too old. Returns whether more is left."""
        if self._held:
            return False
        first = next(txn.scan(WORKFLOW_EVENTS, limit=1), None)
        if first is None:
            return False  # to look for a row is half of what it takes to count them
        allowance = max(STEP, txn.writes // _ROWS)
        excess = txn.count(WORKFLOW_EVENTS) - self._max
        oldest = txn.commit_time - self._seconds
        if excess <= 0 and first[1].time >= oldest:
            return False
        book = TransactionBook(txn, REMOVED)
        gone = 0
        for key, event in txn.scan(WORKFLOW_EVENTS, limit=allowance):
            if gone >= excess and event.time >= oldest:
                break
            count(book, event)
            txn.delete(WORKFLOW_EVENTS, key)
            workflow = txn.get(WORKFLOWS, event.workflow_id)
            if workflow is not None and u64(workflow.last_sequence) <= key:
                txn.delete(WORKFLOWS, event.workflow_id)
            gone += 1
        return gone >= allowance
