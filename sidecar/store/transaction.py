"""A write transaction: what a job sees of the store while it changes it.

Rows of cached tables (``rows.py``) are decoded once, shared by the jobs of the commit and by those of later ones, and
encoded once a commit: a thousand calls of one tool change its row a thousand times, and most of what a commit of many
records costs would be saying so. They reach LMDB with ``flush``: before the commit, and before anything looks at a
table as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import lmdb

from sidecar.native.kept import Draft, Row

from . import rows
from .faults import is_of_store
from .reader import scan_raw
from .rows import Place, SharedRows, WorkingRows
from .tables import CACHED, META, Table, u64

V = TypeVar("V")


class WriteTransaction(Draft):
    """Reads its own writes; nobody else sees them before the commit. Lives on the writer's thread only.

    ``commit_time`` is seconds since the epoch, the same for all jobs of a commit; ``commit_sequence`` the number that
    the commit will have. ``working`` and ``shared`` are the environment's.

    ``writes`` counts records put or deleted so far, by all jobs of the commit.

    Of a cached table, ``get`` gives the record that other jobs of this commit have, too: change it only to ``put`` it.
    """

    __slots__ = (
        "_changed", "_first", "_last", "_shared", "_store", "_txn", "_working", "commit_sequence", "commit_time",
        "fault",
    )  # fmt: skip

    def __init__(
        self,
        txn: lmdb.Transaction[bytes],
        handles: dict[str, lmdb._Database],
        time: float,
        working: WorkingRows,
        shared: SharedRows,
    ) -> None:
        self._txn, self._store = txn, txn.put
        self._working = working
        self.begin(working.tables, txn.get, handles, rows.LIMIT)
        self._shared = shared
        #: All that the commit changes, with their bytes as far as they are known.
        self._changed: dict[Place, bytes | None] = {}
        self._first = self._last = -1
        self.commit_time = time
        self.commit_sequence = int.from_bytes(self.get_raw(META, b"commit_sequence") or b"", "big") + 1
        #: Set where LMDB refused in a way that spoils the transaction, even if a job caught the exception.
        self.fault: Exception | None = None

    def _get_plain(self, table: Table[V], key: bytes) -> V | None:
        """A record of a table that is not cached."""
        raw = self.get_raw(table, key)
        return None if raw is None else table.decode(key, raw)

    def get_raw(self, table: Table[V], key: bytes) -> bytes | None:
        """The record's bytes as they are stored."""
        row = self._rows[table.name].get(key)
        if row is not None and row.dirty:
            self.flush(table)
        return self._txn.get(key, None, self._handles[table.name])

    def _put_plain(self, table: Table[V], key: bytes, value: V) -> None:
        """Write a record of a table that is not cached."""
        raw, name = table.encode(value), table.name
        if name in CACHED:
            self._forget(name, key)
        self.writes += 1
        self._write(name, key, raw)

    def put_raw(self, table: Table[V], key: bytes, raw: bytes) -> None:
        """Write bytes as they are; for migrations."""
        if table.name in CACHED:
            self._forget(table.name, key)
        self.writes += 1
        self._write(table.name, key, raw)

    def delete(self, table: Table[V], key: bytes) -> bool:
        """Remove a record. False where there was none."""
        pending = self._forget(table.name, key) if table.name in CACHED else False
        try:
            found = self._txn.delete(key, b"", self._handles[table.name]) or pending
        except lmdb.Error as error:
            self._note(error)
            raise
        self.writes += found
        return found

    def scan(
        self,
        table: Table[V],
        start: bytes = b"",
        stop: bytes | None = None,
        *,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[bytes, V]]:
        """As ``Reader.scan``. Rows may be put and deleted meanwhile; rows ahead by up to 128 are seen as they were.

        Its records are nobody else's. Of a cached table, ``get`` what is to be changed.
        """
        self.flush(table)
        for key, raw in scan_raw(self._txn, self._handles[table.name], start, stop, reverse, limit):
            yield key, table.decode(key, raw)

    def count(self, table: Table[V]) -> int:
        """Rows of a table. Costs the same however many."""
        return int(self._txn.stat(self._handles[table.name])["entries"]) + self._fresh.get(table.name, 0)

    def flush(self, table: Table[Any] | None = None) -> None:
        """Give LMDB what was put: of one table, or of all. Raises what encoding raises, and lmdb.Error."""
        for name in tuple(self._dirty) if table is None else (table.name,):
            for row in self._dirty.get(name, ()):
                if not row.dirty:
                    continue  # deleted since
                raw = row.table.encode(row.record)
                self._write(name, row.key, raw)
                row.stored, row.dirty = True, False
                self._changed[name, row.key] = raw
            self._dirty.pop(name, None)
            self._fresh.pop(name, None)

    def _begin_anew(self, table: Table[Any], known: dict[bytes, Row]) -> None:
        self.flush(table)  # what is dirty must not be decoded again from what is stored
        known.clear()

    def _forget(self, name: str, key: bytes) -> bool:
        """Let go of what is known of a row that changes past the cache. Whether it was put and not yet stored."""
        self._changed[name, key] = None
        row = self._rows[name].pop(key, None)
        if row is None or not row.dirty:
            return False
        row.dirty = False
        if row.stored:
            return False
        self._fresh[name] -= 1
        return True

    def _write(self, name: str, key: bytes, raw: bytes) -> None:
        try:
            self._store(key, raw, True, True, False, self._handles[name])
        except lmdb.Error as error:
            self._note(error)
            raise

    def next_sequence(self) -> int:
        """A number that was never given before, rising by one from 1. Numbers of aborted transactions come again."""
        if self._last < 0:
            self._first = self._last = int.from_bytes(self.get_raw(META, b"sequence") or b"", "big")
        self._last += 1
        return self._last

    def touch(self) -> None:
        """Make the commit write something although no job did."""
        self.writes += 1

    def commit(self) -> bool:
        """Make it durable: returns after the disk has it. False, and nothing written, where no job changed anything."""
        self.flush()
        if self._last != self._first:
            self.put_raw(META, b"sequence", u64(self._last))
        if not self.writes:
            self._txn.abort()
            return False
        self.put_raw(META, b"commit_sequence", u64(self.commit_sequence))
        # Before anybody can see it: from then on readers of the new commit must not be given old rows.
        snapshot, changed = self._txn.id(), self._changed
        asked = self._shared.note(changed, snapshot, self.commit_sequence)
        self._txn.commit()
        self._shared.hand_over([(place, raw) for place in asked if (raw := changed[place]) is not None], snapshot)
        return True

    def abort(self) -> None:
        """Forget it. Safe to repeat, and after a failed commit."""
        self._working.clear()  # jobs may have changed them
        self._txn.abort()

    def _note(self, error: lmdb.Error) -> None:
        if is_of_store(error):
            self.fault = error
