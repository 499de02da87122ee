"""A write transaction: what a job sees of the store while it changes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import lmdb

from .faults import is_of_store
from .reader import scan_raw
from .tables import META, Table, u64

V = TypeVar("V")


class WriteTransaction:
    """Reads its own writes; nobody else sees them before the commit. Lives on the writer's thread only.

    ``commit_time`` is seconds since the epoch, the same for all jobs of a commit; ``commit_sequence`` the number that
    the commit will have.
    """

    __slots__ = ("_first", "_handles", "_last", "_txn", "commit_sequence", "commit_time", "fault", "writes")

    def __init__(self, txn: lmdb.Transaction[bytes], handles: dict[str, lmdb._Database], time: float) -> None:
        self._txn = txn
        self._handles = handles
        self._first = self._last = -1
        self.commit_time = time
        self.commit_sequence = int.from_bytes(self.get_raw(META, b"commit_sequence") or b"", "big") + 1
        #: Records put or deleted so far, by all jobs of the commit.
        self.writes = 0
        #: Set where LMDB refused in a way that spoils the transaction, even if a job caught the exception.
        self.fault: Exception | None = None

    def get(self, table: Table[V], key: bytes) -> V | None:
        """The record, None where there is none; CorruptStoreError where it cannot be read."""
        raw = self._txn.get(key, None, self._handles[table.name])
        return None if raw is None else table.decode(key, raw)

    def get_raw(self, table: Table[V], key: bytes) -> bytes | None:
        """The record's bytes as they are stored."""
        return self._txn.get(key, None, self._handles[table.name])

    def put(self, table: Table[V], key: bytes, value: V) -> None:
        """Write a record, over any other under that key. Keys are 1–511 bytes."""
        self.put_raw(table, key, table.encode(value))

    def put_raw(self, table: Table[V], key: bytes, raw: bytes) -> None:
        """Write bytes as they are; for migrations."""
        self.writes += 1
        try:
            self._txn.put(key, raw, True, True, False, self._handles[table.name])
        except lmdb.Error as error:
            self._note(error)
            raise

    def delete(self, table: Table[V], key: bytes) -> bool:
        """Remove a record. False where there was none."""
        try:
            found = self._txn.delete(key, b"", self._handles[table.name])
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
        """As ``Reader.scan``. Rows may be put and deleted meanwhile; rows ahead by up to 128 are seen as they were."""
        for key, raw in scan_raw(self._txn, self._handles[table.name], start, stop, reverse, limit):
            yield key, table.decode(key, raw)

    def count(self, table: Table[V]) -> int:
        """Rows of a table. Costs the same however many."""
        return int(self._txn.stat(self._handles[table.name])["entries"])

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
        if self._last != self._first:
            self.put_raw(META, b"sequence", u64(self._last))
        if not self.writes:
            self._txn.abort()
            return False
        self.put_raw(META, b"commit_sequence", u64(self.commit_sequence))
        self._txn.commit()
        return True

    def abort(self) -> None:
        """Forget it. Safe to repeat, and after a failed commit."""
        self._txn.abort()

    def _note(self, error: lmdb.Error) -> None:
        if is_of_store(error):
            self.fault = error
