"""What waits for the writer: bounded, first come first served, with a reserve for what must not be dropped.

A deque under a Condition, woken only where the writer sleeps. ``queue.SimpleQueue`` measured no faster once a round
trip includes the future's own Condition, and cannot count against two limits exactly.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from sidecar.model.errors import QueueFullError, StoreUnavailableError

from .receipts import Receipt


class Job:
    """A function of the transaction, who waits for it, and whether it may be dropped or needs the thread alone.

    ``on_drop`` is called where a droppable job that was taken is given up, perhaps before it ever ran.
    """

    __slots__ = ("alone", "droppable", "future", "on_drop", "run")

    def __init__(
        self,
        run: Callable[[Any], Any],
        future: Future[Any] | Receipt[Any] | None,
        *,
        droppable: bool = False,
        alone: bool = False,
        on_drop: Callable[[], None] | None = None,
    ) -> None:
        self.run = run
        self.on_drop = on_drop
        self.future = future
        self.droppable = droppable
        self.alone = alone

    def complete(self, result: object) -> None:
        """Answer who waits, if anybody does."""
        if self.future is not None:
            self.future.set_result(result)


class JobQueue:
    """At most ``limit`` jobs; droppable posts leave the last ``reserve`` places to the others.

    Jobs that nobody waits for let the writer rest up to ``linger`` seconds, so that many share a commit; any other job,
    ``hurry`` and ``close`` end that at once. Order stays: whatever comes before a job is run before it.
    """

    def __init__(self, limit: int, reserve: int, linger: float = 0.0) -> None:
        if not 0 <= reserve < limit:
            raise ValueError("the reserve must be smaller than the queue")
        self._limit = limit
        self._ordinary = limit - reserve
        self._jobs: deque[Job] = deque()
        # Taken by itself: a Condition's own enter and exit are Python, and each record passes here.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._asleep = False
        self._linger = linger
        #: Jobs that somebody waits for, or a wish for haste: no rest while there are any.
        self._urgent = 0
        self._hurried = False
        #: Jobs that the writer waits for while it gathers.
        self._wanted = 0
        self.closed = False
        #: Droppable jobs that were dropped.
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> bool:
        """Append. False where a droppable one finds no place; QueueFullError, StoreUnavailableError for the others."""
        with self._lock:
            if self.closed:
                raise StoreUnavailableError("the store is closed")
            waiting = len(self._jobs)
            if waiting >= (self._ordinary if job.droppable else self._limit):
                if job.droppable:
                    self.dropped += 1
                    return False
                raise QueueFullError(f"{waiting} jobs wait for a commit", limit=str(self._limit))
            self._jobs.append(job)
            if job.future is not None:
                self._urgent += 1
            elif waiting and self._linger:
                return True  # the writer knows of the job before it, and rests
            if self._asleep or 0 < self._wanted <= waiting + 1:
                self._asleep = False
                self._wanted = 0
                self._changed.notify()
        return True

    def hurry(self) -> None:
        """End the writer's rest: much waits."""
        with self._lock:
            if self._jobs:
                self._hurried = True
                self._changed.notify()

    def take(self, most: int, seconds: float, *, gather: int = 0, patience: float = 0.0) -> list[Job] | None:
        """The oldest jobs; an empty list after ``seconds`` of none; None when closed and empty.

        Where there are any, waits up to ``patience`` seconds for ``gather`` of them.

        A job that needs the thread alone comes alone. Futures cancelled meanwhile are left out.
        """
        with self._lock:
            if not self._jobs:
                if self.closed:
                    return None
                self._asleep = True
                self._changed.wait(seconds)
                self._asleep = False
            if self._jobs and self._linger and not (self._urgent or self._hurried or self.closed):
                self._asleep = True
                self._changed.wait(self._linger)
                self._asleep = False
            elif 0 < len(self._jobs) < gather and not self.closed:
                self._wanted = gather
                self._changed.wait(patience)
                self._wanted = 0
            self._hurried = False
            taken: list[Job] = []
            while self._jobs and len(taken) < most:
                if self._jobs[0].alone and taken:
                    break
                job = self._jobs.popleft()
                self._urgent -= job.future is not None
                if job.future is None or job.future.running() or job.future.set_running_or_notify_cancel():
                    taken.append(job)
                    if job.alone:
                        break
        return taken

    def rest(self, seconds: float) -> None:
        """Let the writer wait although there are jobs; ``close`` ends it."""
        end = time.monotonic() + seconds
        with self._lock:
            while not self.closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)

    def fail(self, jobs: Iterable[Job], error: BaseException) -> None:
        """Give an error to those who wait; count dropped posts."""
        for job in jobs:
            if job.future is not None:
                if not job.future.done():
                    job.future.set_exception(error)
            elif job.droppable:
                self.dropped += 1
                if job.on_drop is not None:
                    job.on_drop()

    def fail_or_keep(self, jobs: list[Job], error: BaseException) -> None:
        """Like ``fail``, but posts that may not be dropped go back to the front (until ``close``)."""
        kept = [job for job in jobs if job.future is None and not job.droppable]
        self.fail([job for job in jobs if job not in kept], error)
        with self._lock:
            if not self.closed:
                self._jobs.extendleft(reversed(kept))

    def fail_all(self, error: BaseException) -> None:
        """Empty the queue with an error for everyone."""
        with self._lock:
            jobs = list(self._jobs)
            self._jobs.clear()
            self._urgent = 0
        for job in jobs:
            if job.future is not None and not job.future.running():
                job.future.set_running_or_notify_cancel()
        self.fail([job for job in jobs if not (job.future and job.future.cancelled())], error)

    def close(self) -> None:
        """Take no more; wake the writer."""
        with self._lock:
            self.closed = True
            self._changed.notify_all()
