"""The event journal: state changes, resets, suspensions, mode changes. Bounded; newest are kept."""

from __future__ import annotations

from typing import Final

from ..model.journal import Event
from ..store.codec import struct_codec
from ..store.tables import Table, u64
from ..store.transaction import WriteTransaction

EVENTS: Final = Table("events", struct_codec(Event))
#: Events kept; each write drops at most a few of what is beyond.
LIMIT: Final = 10_000


def add_event(txn: WriteTransaction, kind: str, summary: str, *, tool: str = "", pattern_id: bytes = b"") -> None:
    """Write an event in the transaction of what it tells of."""
    last = next((int.from_bytes(key, "big") for key, _ in txn.scan(EVENTS, reverse=True, limit=1)), 0)
    txn.put(EVENTS, u64(last + 1), Event(txn.commit_time, kind, tool, pattern_id, summary[:500]))
    excess = txn.count(EVENTS) - LIMIT
    if excess > 0:
        for key, _ in txn.scan(EVENTS, limit=min(excess, 8)):
            txn.delete(EVENTS, key)
