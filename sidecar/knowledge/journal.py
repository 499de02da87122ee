"""The journal of workflow events: append-only, in the order of commits, read in bounded pieces.

Only retention takes from it, oldest first, and counts what it takes (see ``retention.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.knowledge import WorkflowEvent
from ..store.reader import Reader
from ..store.tables import u64
from ..store.transaction import WriteTransaction
from .metrics import TransactionBook, count
from .tables import KEPT, WORKFLOW_EVENTS


def append(txn: WriteTransaction, event: WorkflowEvent) -> int:
    """Write an event and count it, in one transaction. Its number, which rises."""
    sequence = txn.next_sequence()
    txn.put(WORKFLOW_EVENTS, u64(sequence), event)
    count(TransactionBook(txn, KEPT), event)
    return sequence


def events(reader: Reader, after: int = 0, limit: int | None = None) -> Iterator[tuple[int, WorkflowEvent]]:
    """Events with numbers above ``after``, oldest first."""
    for key, event in reader.scan(WORKFLOW_EVENTS, u64(after + 1), limit=limit):
        yield int.from_bytes(key, "big"), event


def latest(reader: Reader, before: int | None = None, limit: int | None = None) -> Iterator[tuple[int, WorkflowEvent]]:
    """Events with numbers below ``before``, newest first."""
    stop = u64(before) if before is not None else None
    for key, event in reader.scan(WORKFLOW_EVENTS, b"", stop, reverse=True, limit=limit):
        yield int.from_bytes(key, "big"), event
