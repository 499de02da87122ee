"""Records that wait in this process to be sent, and the thread or the task that sends them.

Bounded by number and by bytes; what does not fit is counted as lost, and said once. What cannot be delivered is tried
again, with growing pauses, until it can, the client closes, or newer records no longer fit: the daemon keeps a record
once, however often it is sent. What the daemon refuses is counted and dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from .errors import ClosedError, DaemonError, DeadlineExceededError, ExhaustedError, ForkedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .stats import Counts
    from .v1 import guard_pb2

log = logging.getLogger("forewarn")

PAUSES: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
TRY_AGAIN: Final = (UnavailableError, DeadlineExceededError, ExhaustedError)


class Backlog(Protocol):
    """Where a record goes that nobody waits for."""

    def put(self, request: guard_pb2.RecordCallRequest) -> bool:
        """Takes the record, or counts it as lost: False."""


class _Queue:
    """The records that wait, in order."""

    def __init__(self, counts: Counts, records: int, size: int) -> None:
        self._counts = counts
        self._records = records
        self._size = size
        self._waiting: deque[guard_pb2.RecordCallRequest] = deque()
        self._bytes = 0
        self._full = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, request: guard_pb2.RecordCallRequest) -> bool:
        size = request.ByteSize()
        if len(self._waiting) >= self._records or self._bytes + size > self._size:
            if not self._full:
                log.warning("the queue of records is full (%d); new ones are lost", len(self._waiting))
            self._full = True
            self._counts.add("records_lost")
            return False
        self._full = False
        self._bytes += size
        self._waiting.append(request)
        self._counts.add("records_queued")
        return True

    def first(self) -> guard_pb2.RecordCallRequest:
        return self._waiting[0]

    def done(self) -> None:
        self._bytes -= self._waiting.popleft().ByteSize()

    def give_up(self) -> int:
        lost = len(self._waiting)
        if lost:
            log.warning("%d records were not sent and are lost", lost)
            self._counts.add("records_lost", lost)
        self.forget()
        return lost

    def forget(self) -> None:
        self._waiting.clear()
        self._bytes = 0


class ThreadBacklog:
    """Sends from a daemon thread, which starts with the first record."""

    def __init__(
        self,
        send: Callable[[guard_pb2.RecordCallRequest], object],
        counts: Counts,
        *,
        records: int = 10_000,
        size: int = 64 << 20,
    ) -> None:
        self._send = send
        self._counts = counts
        self._queue = _Queue(counts, records, size)
        self._changed = threading.Condition()
        self._sending = threading.Lock()  # held through each RPC, so that a fork finds gRPC at rest
        self._thread: threading.Thread | None = None
        self._closing = False
        self._flushing = 0
        self._held = False
        _backlogs.add(self)

    def put(self, request: guard_pb2.RecordCallRequest) -> bool:
        """Takes the record, or counts it as lost: False."""
        with self._changed:
            if self._closing:
                raise ClosedError("the client was closed")
            if not self._queue.put(request):
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="forewarn-records", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return True

    def flush(self, timeout: float) -> bool:
        """Waits until everything was sent, at most ``timeout`` seconds. True when it was."""
        with self._changed:
            self._flushing += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: not self._queue, timeout)
            finally:
                self._flushing -= 1

    def close(self, timeout: float) -> int:
        """Flushes and stops. The number of records that were lost."""
        self.flush(timeout)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            return self._queue.give_up()

    def _run(self) -> None:
        tries = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(self._queue) > 0 or self._closing)
                if self._stopped():
                    return
                request = self._queue.first()
            again = self._try(request)
            with self._changed:
                if self._stopped():
                    return
                if again:
                    self._rest(tries)
                    tries += 1
                else:
                    tries = 0
                    self._queue.done()
                    self._changed.notify_all()

    def _rest(self, tries: int) -> None:
        """Before the next attempt: longer with each, and hardly where somebody waits for what is sent."""
        if not self._flushing:
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            self._changed.wait_for(lambda: self._closing or self._flushing > 0, pause)
        else:
            self._changed.wait_for(lambda: self._closing, PAUSES[0])

    def _stopped(self) -> bool:
        return self._closing

    def _try(self, request: guard_pb2.RecordCallRequest) -> bool:
        with self._sending:
            try:
                self._send(request)
            except ForkedError as error:  # for good
                _refused(self._counts, request, error)
            except TRY_AGAIN as error:
                log.debug("a record waits: %s", error)
                return True
            except DaemonError as error:
                _refused(self._counts, request, error)
            except ClosedError:
                return True
            except Exception:
                log.exception("a record could not be sent")
                self._counts.add("records_lost")
        return False

    def before_fork(self) -> None:
        """Waits for the RPC under way, at most 2 s."""
        self._held = self._sending.acquire(timeout=2.0)

    def after_fork_in_parent(self) -> None:
        """Goes on."""
        if self._held:
            self._sending.release()

    def after_fork_in_child(self) -> None:
        """Starts anew: what waited is the parent's to send."""
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._thread = None
        self._flushing = 0
        self._queue.forget()


class TaskBacklog:
    """Sends from a task of the running event loop."""

    def __init__(
        self,
        send: Callable[[guard_pb2.RecordCallRequest], Awaitable[object]],
        counts: Counts,
        *,
        records: int = 10_000,
        size: int = 64 << 20,
    ) -> None:
        self._send = send
        self._counts = counts
        self._queue = _Queue(counts, records, size)
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        self._closing = False
        self._flushing = asyncio.Event()

    def put(self, request: guard_pb2.RecordCallRequest) -> bool:
        """Takes the record, or counts it as lost: False. Only from the event loop's thread."""
        if self._closing:
            raise ClosedError("the client was closed")
        if self._pid != os.getpid():
            self._queue.forget()
            self._task, self._pid = None, os.getpid()
        if not self._queue.put(request):
            return False
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._loop is not loop:
            if self._loop is not loop:
                self._flushing = asyncio.Event()  # it belongs to a loop
            self._loop = loop
            self._task = loop.create_task(self._run(), name="forewarn-records")
        return True

    async def flush(self, timeout: float) -> bool:  # noqa: ASYNC109
        """Waits until everything was sent, at most ``timeout`` seconds. True when it was."""
        if self._task is not None and self._loop is asyncio.get_running_loop():
            self._flushing.set()
            try:
                await asyncio.wait([self._task], timeout=timeout)
            finally:
                self._flushing.clear()
        return not self._queue

    async def close(self, timeout: float) -> int:  # noqa: ASYNC109
        """Flushes and stops. The number of records that were lost."""
        await self.flush(timeout)
        self._closing = True
        if self._task is not None and self._loop is asyncio.get_running_loop():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([self._task])
        return self._queue.give_up()

    async def _run(self) -> None:
        """Ends when nothing waits; the next record starts another."""
        tries = 0
        while self._queue:
            request = self._queue.first()
            if await self._try(request):
                await self._rest(tries)
                tries += 1
            else:
                tries = 0
                self._queue.done()

    async def _rest(self, tries: int) -> None:
        """Before the next attempt: longer with each, and hardly where somebody waits for what is sent."""
        if self._flushing.is_set():
            await asyncio.sleep(PAUSES[0])
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._flushing.wait(), PAUSES[min(tries, len(PAUSES) - 1)])

    async def _try(self, request: guard_pb2.RecordCallRequest) -> bool:
        try:
            await self._send(request)
        except ForkedError as error:  # for good
            _refused(self._counts, request, error)
        except TRY_AGAIN as error:
            log.debug("a record waits: %s", error)
            return True
        except DaemonError as error:
            _refused(self._counts, request, error)
        except ClosedError:
            return True
        except Exception:
            log.exception("a record could not be sent")
            self._counts.add("records_lost")
        return False


def _refused(counts: Counts, request: guard_pb2.RecordCallRequest, error: DaemonError) -> None:
    counts.add("records_refused")
    log.warning("the record of %s (%s) was refused: %s", request.call.tool, request.call.call_id, error)


_backlogs: weakref.WeakSet[ThreadBacklog] = weakref.WeakSet()


def _each(method: str) -> Callable[[], None]:
    def run() -> None:
        for backlog in list(_backlogs):
            getattr(backlog, method)()

    return run


# grpc registered its own handlers when it was imported, before this; handlers before a fork run in reverse order, so
# ours come first and its own find no call of ours under way.
os.register_at_fork(
    before=_each("before_fork"),
    after_in_parent=_each("after_fork_in_parent"),
    after_in_child=_each("after_fork_in_child"),
)
