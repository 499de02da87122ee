"""The open store of a data folder: LMDB, its size, its readers, and the generation in use.

Any thread reads; only the writer's thread (see ``writer.py``) calls what changes the file or its map: ``begin_write``,
``grow``, ``reopen``, ``swap``, ``sweep``. Every commit is forced to the disk, data and meta page (sync and metasync).

Planned: read-only readers in other processes. They open ``CURRENT``'s generation with ``readonly=True``, follow
``superseded_by``, and adopt a grown map (``set_mapsize(0)``) when a transaction raises MapResizedError. Nothing here
keeps a truth that is not in the file: sequences, counters and versions are rows of ``meta``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

import lmdb

from sidecar.clock import Clock, wall_clock
from sidecar.model.errors import CorruptStoreError, StoreUnavailableError

from . import folder as files
from . import pages
from .faults import ForkedStoreError, typed
from .generation import Generation
from .reader import Reader
from .rows import WorkingRows
from .tables import NAMES, Table
from .transaction import WriteTransaction

log = logging.getLogger(__name__)
V = TypeVar("V")

#: Seconds that readers may be kept at the gate in the first and later attempts to move the map, and that growing may
#: take in all. A reader inside may have to wait for its turn at the GIL: 16 busy threads are 80 ms.
GATE_SECONDS: Final = 0.02
LONGEST_GATE_SECONDS: Final = 0.16
GROWTH_SECONDS: Final = 30.0
_open: weakref.WeakSet[Environment] = weakref.WeakSet()
#: Transactions and maps of the parent, kept in a forked child so that nothing there closes them.
_inherited: list[object] = []


def _accept(version: int) -> None:
    """Accept any schema version."""


class Environment:
    """Opens (or makes) the store in ``folder``. FolderLockedError, CorruptStoreError, StoreUnavailableError.

    ``initial_bytes`` is the map's size at first, ``limit_bytes`` what it may grow to; ``max_readers`` bounds readers
    open at a time, in all processes. ``accept`` is given the stored schema version (0: new) before anything is
    touched, and may raise.
    """

    def __init__(
        self,
        folder: Path,
        *,
        initial_bytes: int = 64 << 20,
        limit_bytes: int = 16 << 30,
        max_readers: int = 1024,
        extra_tables: Iterable[str] = (),
        accept: Callable[[int], None] = _accept,
        clock: Clock = wall_clock,
    ) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._map_bytes = min(initial_bytes, limit_bytes)
        self._max_readers = max_readers
        self._names = (*NAMES, *extra_tables)
        self.clock = clock
        self._retired: list[Generation] = []
        #: Decoded rows that the writer's thread works on.
        self._working_rows = WorkingRows(self._names)
        self._why = StoreUnavailableError("the store is closed")
        files.make_folder(folder)
        self._lock = files.FolderLock(folder)
        try:
            number = files.read_current(folder)
            named = (folder / "CURRENT").exists()
            # What is not named yet, of a first start that was cut off, may be empty: nothing was kept in it.
            create = number is None or (number == 1 and not named)
            self.current = self.open_generation(number or 1, create=create, accept=accept)
            if not named:
                files.write_current(folder, number or 1)
            self._clean()
            self.check_readers()
        except BaseException:
            self._lock.release()
            raise
        _open.add(self)

    def read(self) -> Reader:
        """A view of the store, to be used in a ``with``."""
        return Reader(self)

    def newest(self, table: Table[V], key: bytes) -> V | None:
        """As ``Store.newest``."""
        kept = self.current.shared_rows.newest(table.name, key)
        if kept is not None:
            return kept.decoded(table, key)
        with self.read() as reader:
            return reader.get(table, key)

    def open_generation(
        self, number: int, *, create: bool = False, accept: Callable[[int], None] = _accept
    ) -> Generation:
        """Open a generation's file and all tables. CorruptStoreError: empty (unless to be made) or cut off."""
        path = self.folder / files.name_of(number)
        try:
            if not create:
                pages.refuse_empty(path)
            env = lmdb.open(
                str(path), map_size=self._map_bytes, subdir=False, mode=0o600, create=create,
                max_dbs=len(self._names) + 3, max_readers=self._max_readers,
            )  # fmt: skip
        except (lmdb.Error, OSError) as error:
            raise typed(error) from error
        try:
            pages.refuse_truncated(env, path)
            accept(_schema_version(env))
            with env.begin(write=True) as txn:
                handles = {name: env.open_db(name.encode(), txn=txn) for name in self._names}
        except (lmdb.Error, OSError) as error:
            env.close()
            raise typed(error) from error
        except BaseException:
            env.close()
            raise
        self._map_bytes = env.info()["map_size"]  # LMDB opens a larger file with a larger map
        return Generation(number, path, env, handles)

    def wait_for_gate(self, generation: Generation) -> None:
        """Wait until readers may enter: microseconds while the map moves. StoreUnavailableError where they may not."""
        if self.current is generation and (generation.env is None or not generation.wait_open(5.0)):
            raise self._why

    def begin_write(self) -> WriteTransaction:
        """Start the one write transaction. lmdb.Error where the store cannot."""
        current = self.current
        if current.env is None:
            raise self._why
        txn = current.env.begin(write=True)
        return WriteTransaction(txn, current.handles, self.clock(), self._working_rows, current.shared_rows)

    def grow(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Double the map, with no write transaction open. False at the limit.

        Waits for the readers inside, letting others pass in between, so that a long reader (a backup) delays the
        writer and not the readers. StoreUnavailableError after 30 seconds of that.
        """
        size = min(self._map_bytes * 2, self.limit_bytes)
        if size <= self._map_bytes:
            return False
        current = self.current
        end = time.monotonic() + GROWTH_SECONDS
        patience = GATE_SECONDS
        while not current.close_gate(patience):
            if time.monotonic() >= end or stopping():
                raise StoreUnavailableError("the store must grow, but a reader stays open")
            time.sleep(4 * patience)  # for readers to pass
            patience = min(2 * patience, LONGEST_GATE_SECONDS)
        try:
            if current.env is None:
                raise self._why
            current.env.set_mapsize(size)
            self._map_bytes = size
        finally:
            current.open_gate()
        return True

    def reopen(self) -> None:
        """Open the file anew after LMDB gave it up (PanicError). StoreUnavailableError while that does not work."""
        broken = self.current
        if broken.env is not None:
            if not broken.close_gate(1.0):
                raise StoreUnavailableError("the store must be reopened, but a reader stays open")
            broken.env.close()
        self._why = StoreUnavailableError("the store is being reopened")
        self._working_rows.clear()  # what the lost transaction had
        self.current = Generation(broken.number, broken.path, None, {})
        broken.retire()
        self.current = self.open_generation(broken.number)

    def swap(self, successor: Generation) -> None:
        """Make a generation the one to read and write. Readers inside the old one end there undisturbed."""
        old, self.current = self.current, successor
        old.retire()
        self._retired.append(old)

    def sweep(self) -> None:
        """Close and delete generations that were replaced and whose last reader is gone."""
        for old in [old for old in self._retired if not old.active()]:
            self._retired.remove(old)
            if old.env is not None:
                old.env.close()
            files.remove_generation(self.folder, old.number)

    @property
    def sweeping(self) -> bool:
        """Whether a replaced generation still waits for readers."""
        return bool(self._retired)

    def check_readers(self) -> int:
        """Free the places of readers whose process died, which would keep old pages from reuse; how many there were."""
        env = self.current.env
        return env.reader_check() if env is not None else 0

    @property
    def map_bytes(self) -> int:
        """The map's size: what the file may reach before it has to grow."""
        return self._map_bytes

    def used_bytes(self) -> int:
        """The file's size in use, free pages within it included."""
        env = self.current.env
        return 0 if env is None else (env.info()["last_pgno"] + 1) * env.stat()["psize"]

    def page_problems(self) -> list[str]:
        """What is wrong with the pages of the current generation, in use or not. See ``pages.live_problems``."""
        path = self.current.path
        return pages.live_problems(path, lambda: self.current.path != path or self.current.env is None)

    def close(self, patience: float = 5.0) -> None:
        """Close the file once readers are gone. After ``patience`` seconds it is left to the end of the process."""
        generation = self.current
        if generation.env is None:
            return
        self.current = Generation(generation.number, generation.path, None, {})
        generation.retire()
        for old in (generation, *self._retired):
            if old.env is not None and old.close_gate(patience):
                old.retire()
                old.env.close()
            else:
                _inherited.append(old)
        self._lock.release()
        _open.discard(self)

    def after_fork(self) -> None:
        """In a forked child: refuse everything, and leave the parent's locks and maps alone."""
        _inherited.extend((self.current, *self._retired))
        self._retired = []
        self._why = ForkedStoreError("the store was opened before this process was forked; open it again")
        self.current = Generation(0, self.folder, None, {})
        self._lock.release()

    @property
    def forked(self) -> bool:
        """Whether this is a forked child's copy."""
        return isinstance(self._why, ForkedStoreError)

    def _clean(self) -> None:
        """Delete what a crash left behind; tell other processes that an older generation is one."""
        files.remove_partial(self.folder)
        for number in files.generations(self.folder):
            if number < self.current.number:
                with contextlib.suppress(lmdb.Error, StoreUnavailableError, CorruptStoreError):
                    old = self.open_generation(number)
                    mark_superseded(old, self.current.number)
                    if old.env is not None:
                        old.env.close()
            if number != self.current.number:
                files.remove_generation(self.folder, number)


def mark_superseded(old: Generation, successor: int) -> None:
    """Say inside a generation that another one replaced it: readers in other processes look for that row."""
    if old.env is not None:
        with old.env.begin(write=True) as txn:
            txn.put(b"superseded_by", successor.to_bytes(8, "big"), db=old.handles["meta"])


def _schema_version(env: lmdb.Environment) -> int:
    """The stored version without touching the file; 0 where there is none yet."""
    try:
        meta = env.open_db(b"meta", create=False)
    except lmdb.NotFoundError:
        return 0
    with env.begin() as txn:
        return int.from_bytes(txn.get(b"schema_version", None, meta) or b"", "big")


def _after_fork() -> None:
    for environment in list(_open):
        environment.after_fork()


os.register_at_fork(after_in_child=_after_fork)
