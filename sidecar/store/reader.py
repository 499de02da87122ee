"""Reading: one consistent view of the store, opened in about a microsecond, never waiting for a writer or its disk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import lmdb

from sidecar.model.errors import StoreUnavailableError
from sidecar.native.kept import Lookup

from .faults import DAMAGED, damaged, typed
from .tables import META, Table

if TYPE_CHECKING:
    from .environment import Environment
    from .generation import Generation

V = TypeVar("V")

#: No snapshot has this number.
_NOT_READ: Final[tuple[int, bytes | None]] = (-1, None)
#: Rows that a scan takes at a time. It never holds a cursor over its caller's code, which may write.
SCAN_CHUNK = 128


def scan_raw(
    txn: lmdb.Transaction[bytes],
    handle: lmdb._Database,
    start: bytes,
    stop: bytes | None,
    reverse: bool,
    limit: int | None,
) -> Iterator[tuple[bytes, bytes]]:
    """Rows with ``start <= key < stop``, ascending or descending, at most ``limit``; rows may be written meanwhile."""
    left = limit if limit is not None else 1 << 62
    position: bytes | None = stop if reverse else start
    after = False
    while left > 0:
        cursor = txn.cursor(handle)
        if reverse:
            if position is None:
                found = cursor.last()
            else:
                found = cursor.prev() if cursor.set_range(position) else cursor.last()
        else:
            found = cursor.set_range(position) if position else cursor.first()
            if found and after and cursor.key() == position:
                found = cursor.next()
        if not found:
            return
        rows = list(islice(cursor.iterprev() if reverse else cursor.iternext(), min(left, SCAN_CHUNK)))
        for row in rows:
            if (row[0] < start) if reverse else (stop is not None and row[0] >= stop):
                return
            yield row
        left -= len(rows)
        position, after = rows[-1][0], True


class Reader(Lookup):
    """A view of the store as of its opening. Use in a ``with``, in one thread, briefly.

    While it is open the file cannot reuse the pages that it sees, and cannot grow in place: milliseconds, not minutes;
    work through large tables in chunks. StoreUnavailableError where the store is closed or cannot be read.
    """

    __slots__ = ("_environment", "_get", "_handles", "_slot", "_txn", "generation")

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __enter__(self) -> Self:
        generation: Generation = self._environment.current
        try:
            slot = generation.local.slot
        except AttributeError:
            slot = generation.new_slot()
        slot.active += 1
        if generation.closed and slot.active == 1:
            slot.active = 0
            self._environment.wait_for_gate(generation)
            return self.__enter__()
        try:
            txn = generation.env.begin(None, None, False, False)  # type: ignore[union-attr]  # None only when closed
        except lmdb.Error as error:
            slot.active -= 1
            raise typed(error) from error
        except BaseException:
            slot.active -= 1
            raise
        self.generation = generation
        self._slot = slot
        self._txn: Any = txn
        self._get = txn.get
        self._handles = generation.handles
        self.see(generation.shared_rows.tables, txn.id())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._txn.abort()
        self._slot.active -= 1

    def _read(self, table: Table[V], key: bytes) -> V | None:
        """What is not in memory, see ``get``."""
        name = table.name
        try:
            raw = self._get(key, None, self._handles[name])
        except DAMAGED as error:
            raise damaged(error, name) from error
        record = None if raw is None else table.decode(key, raw)
        if table.cached:
            self.generation.shared_rows.keep(name, key, self.snapshot, record)
        return record

    def get_raw(self, table: Table[V], key: bytes) -> bytes | None:
        """The record's bytes as they are stored. CorruptStoreError where they cannot be read."""
        try:
            if table is not META:
                found: bytes | None = self._get(key, None, self._handles[table.name])
                return found
            # Each decision asks for the mode. LMDB lets the interpreter's lock go for a look: that costs ten of ours.
            meta = self.generation.shared_rows.meta
            snapshot, kept = meta.get(key, _NOT_READ)
            if snapshot != self.snapshot:
                kept = self._get(key, None, self._handles[META.name])
                meta[key] = self.snapshot, kept
        except DAMAGED as error:
            raise damaged(error, table.name) from error
        return kept

    def scan(
        self,
        table: Table[V],
        start: bytes = b"",
        stop: bytes | None = None,
        *,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[bytes, V]]:
        """Keys with ``start <= key < stop`` and their records, ascending or descending, at most ``limit``.

        CorruptStoreError, here and in ``scan_raw``, where they cannot be read.
        """
        decode = table.decode
        try:
            for key, raw in scan_raw(self._txn, self._handles[table.name], start, stop, reverse, limit):
                yield key, decode(key, raw)
        except DAMAGED as error:
            raise damaged(error, table.name) from error

    def scan_raw(
        self, table: Table[V], start: bytes = b"", *, limit: int | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        """Like ``scan``, ascending, without decoding."""
        try:
            yield from scan_raw(self._txn, self._handles[table.name], start, None, False, limit)
        except DAMAGED as error:
            raise damaged(error, table.name) from error

    def count(self, table: Table[V]) -> int:
        """Rows of a table. Costs the same however many. CorruptStoreError where it cannot be read."""
        try:
            return int(self._txn.stat(self._handles[table.name])["entries"])
        except DAMAGED as error:
            raise damaged(error, table.name) from error

    @property
    def commit_sequence(self) -> int:
        """Number of the last commit that this view holds."""
        known = self.generation.shared_rows.snapshots.get(self.snapshot)
        return known if known is not None else int.from_bytes(self.get_raw(META, b"commit_sequence") or b"", "big")

    def copy_to(self, descriptor: int) -> None:
        """Write a compacted copy of this view to an open file. Takes as long as the disk."""
        if self.generation.env is None:
            raise StoreUnavailableError("the store is closed")
        self.generation.env.copyfd(descriptor, compact=True, txn=self._txn)
