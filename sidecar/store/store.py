"""The store as other rooms see it: read anywhere, write through jobs, keep it bounded, copy and check it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

from sidecar.clock import Clock, wall_clock

from .backup import backup, compact, refuse_damaged
from .commit import Step
from .environment import Environment
from .reader import Reader
from .receipts import Receipt
from .retention import Limits, Retention
from .schema import Schema
from .tables import NAMES, Table
from .transaction import WriteTransaction
from .verify import Check, Report, verify
from .writer import Writer

T = TypeVar("T")
V = TypeVar("V")


class Store:
    """Opens, or makes, the store in a data folder; one daemon per folder. Close it, or use it in a ``with``.

    ``limit_bytes`` bounds the file, ``queue_limit`` the jobs that wait, ``retention`` the journal. ``tables`` are those
    that other rooms declare, ``housekeeping`` what they do at the end of every transaction. Raises FolderLockedError,
    SchemaVersionError, CorruptStoreError, StoreFullError, StoreUnavailableError.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tables: Iterable[Table[Any]] = (),
        initial_bytes: int = 64 << 20,
        limit_bytes: int = 16 << 30,
        queue_limit: int = 8192,
        reserve: int = 1024,
        retention: Retention | None = None,
        housekeeping: Sequence[Step] = (),
        schema: Schema | None = None,
        on_commit: Callable[[list[object]], None] | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        self._tables = tuple(tables)
        schema = schema or Schema()
        self.environment = Environment(
            folder,
            initial_bytes=initial_bytes,
            limit_bytes=limit_bytes,
            extra_tables=sorted({table.name for table in self._tables} - set(NAMES)),
            accept=schema.accept,
            clock=clock,
        )
        try:
            schema.apply(self.environment)
            self.writer = Writer(
                self.environment,
                queue_limit=queue_limit,
                reserve=reserve if reserve < queue_limit else queue_limit // 8,
                housekeeping=(retention or Retention(Limits()), *housekeeping),
                on_commit=on_commit,
            )
        except BaseException:
            self.environment.close()
            raise

    def read(self) -> Reader:
        """One consistent view, for a ``with``. About a microsecond; never waits for a writer."""
        return Reader(self.environment)

    def newest(self, table: Table[V], key: bytes) -> V | None:
        """One record of a cached table as of the last commit, as ``Reader.get``. In the process that writes.

        Opens a view only where memory has no such row.
        """
        return self.environment.newest(table, key)

    def submit(self, job: Callable[[WriteTransaction], T]) -> Future[T]:
        """Queue a job; the future completes once its commit is on the disk. See ``Writer.submit``."""
        return self.writer.submit(job)

    def submit_and_tell(self, job: Callable[[WriteTransaction], T], told: Callable[[Receipt[T]], None]) -> None:
        """Queue a job; ``told`` is called once its commit is on the disk. See ``Writer.submit_and_tell``."""
        self.writer.submit_and_tell(job, told)

    def post(
        self,
        job: Callable[[WriteTransaction], object],
        *,
        droppable: bool,
        on_drop: Callable[[], None] | None = None,
    ) -> bool:
        """Queue a job that nobody waits for. See ``Writer.post``."""
        return self.writer.post(job, droppable=droppable, on_drop=on_drop)

    def backup(self, target: Path) -> int:
        """Copy the running store into a new or empty folder; bytes written. See ``backup.backup``."""
        return backup(self.environment, target)

    def compact(self) -> Future[int]:
        """Rewrite the file without its free pages; the future gives the bytes saved. Jobs wait, readers do not.

        Checks its pages first, while jobs go on: see ``backup.refuse_damaged``.
        """
        refuse_damaged(self.environment)
        return self.writer.between_commits(lambda: compact(self.environment))

    def verify(self, checks: Sequence[Check] = ()) -> Report:
        """Check pages, records and indexes of the running store. StoreUnavailableError where pages cannot be."""
        return verify(self.environment, self._tables, checks)

    @property
    def commit_sequence(self) -> int:
        """Number of the last commit. Costs nothing; what caches compare."""
        return self.writer.commit_sequence

    @property
    def store_error(self) -> str:
        """What keeps the store from being written at present; empty while all is well."""
        return self.writer.store_error

    @property
    def last_refusal(self) -> tuple[str, float]:
        """What was said when a commit was refused last, and when, in seconds since the epoch; empty and 0: never."""
        return self.writer.state.last_refusal

    def close(self, *, drain: bool = True, timeout: float = 10.0) -> bool:
        """Write what waits, then close. False where ``timeout`` seconds were not enough: the file stays open then."""
        ended = self.writer.close(drain=drain, timeout=timeout)
        if ended:
            self.environment.close()
        return ended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
