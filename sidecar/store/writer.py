"""The one writer: a thread that runs queued jobs in shared transactions and answers after the disk has them.

Everything that waits is taken together (up to 512 jobs), run in one transaction and forced to the disk once. So a
commit costs one sync however many wait, and the longer a sync takes the more of them share the next.

**A job is a pure function of its transaction.** It may run more than once (the map was full and grew; a job beside it
failed) and is only ever *applied* once: its effects must be in the transaction and its result, nowhere else. A job
that raises changes nothing and harms nobody: those before it are committed, it gets its exception, those after go on.

An error from the disk goes to those who waited for that commit. It means "not known to be kept": LMDB has undone it,
but power loss in that instant may bring it back, so callers repeat with the same call id.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, TypeVar

import lmdb

from sidecar.model.errors import StoreUnavailableError

from .backlog import Job, JobQueue
from .commit import FIRST_PAUSE, LONGEST_PAUSE, Committer, Step
from .environment import Environment
from .faults import typed
from .receipts import Receipt
from .transaction import WriteTransaction

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH: Final = 512
#: Seconds between looks at stale readers, and at what is too old while nothing happens.
TICK_SECONDS: Final = 30.0
#: Seconds that posts may wait for more to share their commit. A commit costs half a millisecond of CPU, most of it in
#: the kernel: one for every few decisions took two thirds of the core from those who decide (docs/decisions/0005).
LINGER_SECONDS: Final = 0.05
#: Longest wait, in seconds, for the rest of those who recorded at the same time before. Never longer than the last
#: commit took. Sixteen callers: 15 records a commit instead of 8, and a third more of them a second.
GATHER_SECONDS: Final = 0.002


class Writer:
    """Starts its thread. One for an environment.

    ``housekeeping`` runs at the end of every transaction, and on its own where nothing happens.

    ``on_commit`` is given the results of each commit, in order, on the writer's thread, after the commit and before
    the futures complete: who was answered finds what it has updated. It must be quick and not raise.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        queue_limit: int = 8192,
        reserve: int = 1024,
        housekeeping: Sequence[Step] = (),
        on_commit: Callable[[list[object]], None] | None = None,
    ) -> None:
        self._environment = environment
        self._queue = JobQueue(queue_limit, reserve, LINGER_SECONDS)
        #: How commits go: counters, ``commit_sequence``, ``store_error``.
        self.state = Committer(environment, self._queue, housekeeping, on_commit)
        self._next_check = time.monotonic() + TICK_SECONDS
        self._thread = threading.Thread(target=self._run, name="forewarn-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[WriteTransaction], T]) -> Future[T]:
        """Queue a job. The future completes after the commit, with the job's result or its error.

        QueueFullError where too many wait, StoreUnavailableError after ``close`` or in a forked child. The future may
        raise StoreFullError, StoreUnavailableError, CorruptStoreError, or what the job raised.
        """
        self._refuse_fork()
        future: Future[T] = Future()
        self._queue.put(Job(job, future))
        return future

    def submit_and_tell(self, job: Callable[[WriteTransaction], T], told: Callable[[Receipt[T]], None]) -> None:
        """As ``submit``, for one who does not wait: ``told`` is called with what the future would have."""
        self._refuse_fork()
        self._queue.put(Job(job, Receipt(told)))

    def post(
        self,
        job: Callable[[WriteTransaction], object],
        *,
        droppable: bool,
        on_drop: Callable[[], None] | None = None,
    ) -> bool:
        """Queue a job without an answer. A droppable one is dropped, counted, where the queue or the disk is full.

        False where it was dropped at once. One that is not droppable is kept and repeated while the disk refuses (and
        counted in ``lost`` where the store has reached its size limit); QueueFullError where not even the reserve has
        a place. ``on_drop`` is called where a droppable one is dropped later. Committed within ``LINGER_SECONDS``,
        with whatever comes meanwhile.
        """
        self._refuse_fork()
        return self._queue.put(Job(job, None, droppable=droppable, on_drop=on_drop))

    def hurry(self) -> None:
        """Commit what was posted now, rather than within ``LINGER_SECONDS``."""
        self._queue.hurry()

    def between_commits(self, action: Callable[[], T]) -> Future[T]:
        """Run something on the writer's thread with no transaction open (compaction, say). Jobs wait meanwhile."""
        self._refuse_fork()
        future: Future[T] = Future()
        self._queue.put(Job(lambda _: action(), future, alone=True))
        return future

    @property
    def commit_sequence(self) -> int:
        """Number of the last commit."""
        return self.state.commit_sequence

    @property
    def store_error(self) -> str:
        """What keeps the store from being written at present; empty while all is well."""
        return self.state.store_error

    @property
    def waiting(self) -> int:
        """Jobs that wait for a commit."""
        return len(self._queue)

    @property
    def dropped(self) -> int:
        """Droppable jobs that were dropped since the start."""
        return self._queue.dropped

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self, *, drain: bool = True, timeout: float = 10.0) -> bool:
        """Refuse new jobs; write what waits (``drain``) or give it StoreUnavailableError; end the thread.

        False where ``timeout`` seconds were not enough; the rest gets StoreUnavailableError then.
        """
        if self._environment.forked:
            return True
        self._queue.close()
        if not drain:
            self._queue.fail_all(StoreUnavailableError("the store was closed"))
        self._thread.join(timeout)
        ended = not self._thread.is_alive()
        self._queue.fail_all(StoreUnavailableError("the store was closed before this was written"))
        return ended

    def _refuse_fork(self) -> None:
        if self._environment.forked:
            self._environment.wait_for_gate(self._environment.current)

    def _run(self) -> None:
        gather = 0
        while True:
            busy = self.state.store_error or self._environment.sweeping
            patience = FIRST_PAUSE if self.state.untidy else LONGEST_PAUSE if busy else TICK_SECONDS
            jobs = self._queue.take(
                BATCH, patience, gather=gather, patience=min(GATHER_SECONDS, self.state.last_commit_seconds)
            )
            if jobs is None:
                return
            try:
                if jobs and jobs[0].alone:
                    self._run_alone(jobs[0])
                else:
                    self.state.process(jobs)
                self._tick()
            except Exception:
                # The thread must outlive whatever this is: everyone waits for it.
                log.exception("the writer met an error of its own")
                self._queue.fail(jobs, StoreUnavailableError("the writer failed"))
            # Those just answered and those who wait are as many as are busy, and will be back together: without a pause
            # they fall into two halves, and 16 callers share commits by 8 at best.
            gather = min(BATCH, (len(jobs) + len(self._queue)) * 3 // 4)
            del jobs  # else results and closures of the last batch live until the next one

    def _tick(self) -> None:
        self._environment.sweep()
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + TICK_SECONDS
            freed = self._environment.check_readers()
            if freed:
                log.info("freed the places of %d readers whose processes died", freed)

    def _run_alone(self, job: Job) -> None:
        try:
            result = job.run(None)
        except BaseException as error:  # noqa: BLE001  # whoever waits gets it
            self._queue.fail([job], typed(error) if isinstance(error, (lmdb.Error, OSError)) else error)
        else:
            job.complete(result)
