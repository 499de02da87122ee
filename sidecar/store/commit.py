"""Turning jobs into commits, whatever jobs and disks do: the failure handling of the writer.

A batch is one transaction. Where it cannot be: a job that raises is taken out, a full map grows and the batch runs
again, a store at its limit refuses job by job, a disk that refuses is waited for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import lmdb

from sidecar.model.errors import ForewarnError, StoreUnavailableError

from .backlog import Job, JobQueue
from .environment import Environment
from .faults import DAMAGED, is_of_store, typed
from .transaction import WriteTransaction

log = logging.getLogger(__name__)

#: Housekeeping at the end of a transaction; says whether more is left to do.
Step = Callable[[WriteTransaction], bool]
#: Seconds between attempts while the disk refuses.
FIRST_PAUSE: Final = 0.01
LONGEST_PAUSE: Final = 1.0
#: Seconds after the log said that the store cannot be written in which it does not say so again.
QUIET_SECONDS: Final = 10.0


class _JobFailedError(Exception):
    """A job raised; those before it did not."""

    def __init__(self, index: int, error: BaseException) -> None:
        super().__init__(index)
        self.index = index
        self.error = error


class _NotEncodedError(Exception):
    """A record that a job put cannot be encoded; which job's is not known."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Committer:
    """Runs on the writer's thread. Counters may be read from any."""

    def __init__(
        self,
        environment: Environment,
        queue: JobQueue,
        housekeeping: Sequence[Step],
        on_commit: Callable[[list[object]], None] | None,
    ) -> None:
        self._environment = environment
        self._queue = queue
        self._housekeeping = tuple(housekeeping)
        self._on_commit = on_commit
        self._pause = 0.0
        #: Whether housekeeping left something to do.
        self.untidy = False
        #: What keeps the store from being written at present; empty while all is well.
        self.store_error = ""
        #: What the store said when it refused last, and when, in seconds since the epoch. On a full disk small commits
        #: go on in between: ``store_error`` comes and goes.
        self.last_refusal: tuple[str, float] = ("", 0.0)
        self._told = False
        self._quiet_until = 0.0
        #: Commits that changed something, jobs that were applied, jobs that raised, seconds of the last commit.
        self.commits = self.applied = self.failed = 0
        #: Posts that were not droppable and met the store's size limit.
        self.lost = 0
        self.last_commit_seconds = 0.0
        with environment.read() as reader:
            #: Number of the last commit: reading it costs an attribute. The truth is in ``meta``.
            self.commit_sequence = reader.commit_sequence

    def process(self, jobs: list[Job], *, tidy: bool = True) -> None:
        """Apply jobs in order, in as few commits as their failures allow. Never raises for what a job or disk does."""
        while True:
            try:
                self._attempt(jobs, tidy=tidy)
                return
            except _JobFailedError as failure:
                jobs = self._without(jobs, failure, tidy)
                if not jobs:
                    return
            except _NotEncodedError as failure:
                self._one_by_one(jobs, failure.error)
                return
            except (lmdb.MapFullError, lmdb.TxnFullError) as error:
                if not self._make_room(jobs, error):
                    return
            except Exception as error:
                if not tidy or is_of_store(error) or isinstance(error, StoreUnavailableError):
                    self._fault(jobs, error)
                    return
                log.exception("housekeeping failed; committing without it")
                tidy = False

    def _without(self, jobs: list[Job], failure: _JobFailedError, tidy: bool) -> list[Job]:
        """Answer the job that raised and commit those before it; those that are left."""
        bad = jobs[failure.index]
        if failure.index:
            # They ran well: committed by themselves, n bad jobs cost n commits and not n² runs, and the state that
            # the bad job saw is the one that others will see.
            self.process(jobs[: failure.index], tidy=tidy)
        self.failed += 1
        if bad.future is None:
            log.error("a posted job failed", exc_info=failure.error)
        self._queue.fail([bad], typed(failure.error) if isinstance(failure.error, DAMAGED) else failure.error)
        return jobs[failure.index + 1 :]

    def _one_by_one(self, jobs: list[Job], error: Exception) -> None:
        """Something that was put cannot be encoded: find the job that put it."""
        if len(jobs) > 1:
            for job in jobs:
                self.process([job], tidy=False)
        elif jobs:
            self._without(jobs, _JobFailedError(0, error), tidy=False)
        else:
            self._fault(jobs, error)

    def _make_room(self, jobs: list[Job], error: lmdb.Error) -> bool:
        """Whether the map has grown and the jobs are to run again. Otherwise they have been answered."""
        try:
            if isinstance(error, lmdb.MapFullError) and self._environment.grow(lambda: self._queue.closed):
                return True
        except (lmdb.Error, StoreUnavailableError) as refused:
            self._fault(jobs, refused)
            return False
        if len(jobs) > 1:
            # Full for good: one by one, so that only those that need space are refused.
            for job in jobs:
                self.process([job], tidy=False)
        else:
            self._refuse(jobs, typed(error))
            self._tidy_full()
        return False

    def _tidy_full(self) -> None:
        """Housekeeping alone, so that a store at its limit still lets go of what is too old and recovers by itself."""
        try:
            self._attempt([], tidy=True)
        except Exception:
            log.debug("the store is full, and removing what is too old found no space either", exc_info=True)

    def _attempt(self, jobs: list[Job], *, tidy: bool) -> None:
        """One transaction. Raises without having changed anything."""
        transaction = self._environment.begin_write()
        results: list[Any] = []
        try:
            for index, job in enumerate(jobs):
                try:
                    results.append(job.run(transaction))
                except BaseException as error:
                    if transaction.fault is None and not is_of_store(error):
                        raise _JobFailedError(index, error) from error
                    raise (transaction.fault or error) from None
                if transaction.fault is not None:
                    raise transaction.fault
            if tidy:
                left = [step(transaction) for step in self._housekeeping]  # all of them, hence the list
                self.untidy = any(left)
            if self.store_error and not transaction.writes:
                transaction.touch()  # find out whether the disk takes writes again
            try:
                transaction.flush()
            except Exception as error:
                if transaction.fault is not None or is_of_store(error):
                    raise
                raise _NotEncodedError(error) from error
            start = time.perf_counter()
            changed = transaction.commit()
        except BaseException:
            transaction.abort()
            raise
        self.last_commit_seconds = time.perf_counter() - start
        if changed:
            self.commit_sequence = transaction.commit_sequence
            self.commits += 1
            if self._told:
                log.info("the store can be written again")
                self._told = False
            self.store_error, self._pause = "", 0.0
        self._answer(jobs, results)

    def _answer(self, jobs: list[Job], results: list[Any]) -> None:
        self.applied += len(jobs)
        if self._on_commit is not None and results:
            try:
                self._on_commit(results)
            except Exception:
                log.exception("a hook after a commit failed")
        for job, result in zip(jobs, results, strict=True):
            job.complete(result)

    def _refuse(self, jobs: list[Job], error: ForewarnError) -> None:
        """No space for this job, and none to come."""
        self.last_refusal = error.message, self._environment.clock()
        for job in jobs:
            if job.future is None and not job.droppable:
                self.lost += 1
                log.error("lost what must not be dropped: %s", error.message)
        self._queue.fail(jobs, error)

    def _fault(self, jobs: list[Job], error: BaseException) -> None:
        """The store refuses: tell those who wait, keep what must not be lost, and try again a little later."""
        cause = typed(error)
        now = time.monotonic()
        if not self._told and now >= self._quiet_until:
            log.error("the store cannot be written: %s", cause.message)
            self._told, self._quiet_until = True, now + QUIET_SECONDS
        self.store_error = cause.message
        self.last_refusal = cause.message, self._environment.clock()
        self._queue.fail_or_keep(jobs, cause)
        if isinstance(error, lmdb.PanicError) or self._environment.current.env is None:
            try:
                self._environment.reopen()
            except Exception as refused:  # noqa: BLE001  # said below, tried again at the next batch
                self.store_error = str(refused)
        self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self._pause * 2))
        self._queue.rest(self._pause)
