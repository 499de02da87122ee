"""RecordCalls: many records on one stream, each answered in order when it is durable.

One thread reads and submits, the stream's own thread answers, so that a stream's records share commits. At most
``WINDOW`` records of a stream are under way: a client that does not read its answers is not read from.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Final, TypeAlias

import grpc
import structlog
from google.rpc import status_pb2

from forewarn.v1 import guard_pb2

from ..learning.learner import Recorded
from ..model.errors import ForewarnError
from . import answers
from .chain import broken_rules, defect
from .errors import TooManyStreamsError, status_of

WINDOW: Final = 256
_log = structlog.get_logger("forewarn.rpc")

_Entry: TypeAlias = "Future[Recorded] | status_pb2.Status | None"


class RecordStreams:
    """Runs streams of records, at most ``limit`` at a time."""

    def __init__(self, record: Callable[[guard_pb2.RecordCallRequest], Future[Recorded]], limit: int) -> None:
        self._record = record
        self._free = threading.BoundedSemaphore(limit)

    def run(
        self, requests: Iterator[guard_pb2.RecordCallsRequest], context: grpc.ServicerContext
    ) -> Iterator[guard_pb2.RecordCallsResponse]:
        """Answer one stream. Raises TooManyStreamsError when as many are open as may be."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreamsError("as many record streams are open as may be; try again later")
        try:
            yield from self._exchange(requests, context)
        finally:
            self._free.release()

    def _exchange(
        self, requests: Iterator[guard_pb2.RecordCallsRequest], context: grpc.ServicerContext
    ) -> Iterator[guard_pb2.RecordCallsResponse]:
        window: queue.Queue[_Entry] = queue.Queue(WINDOW)
        reader = threading.Thread(
            target=self._read, args=(requests, window, context), name="forewarn-stream-reader", daemon=True
        )
        reader.start()
        index = 0
        while (entry := _next(window, context)) is not None:
            yield _answer(index, entry, context)
            index += 1

    def _read(
        self,
        requests: Iterator[guard_pb2.RecordCallsRequest],
        window: queue.Queue[_Entry],
        context: grpc.ServicerContext,
    ) -> None:
        try:
            for request in requests:
                if not _put(window, self._submit(request), context):
                    return
        except grpc.RpcError:
            _log.debug("record_stream_broken")  # the client went away: what it sent is recorded, nobody is told
        _put(window, None, context)

    def _submit(self, request: guard_pb2.RecordCallsRequest) -> _Entry:
        status = broken_rules(request)
        if status is not None:
            return status
        try:
            return self._record(request.record)
        except ForewarnError as error:
            return status_of(error)
        except Exception:  # noqa: BLE001 - logged, and told to this record alone
            return defect("RecordCalls")


def _put(window: queue.Queue[_Entry], entry: _Entry, context: grpc.ServicerContext) -> bool:
    while context.is_active():
        try:
            window.put(entry, timeout=0.5)
        except queue.Full:
            continue
        return True
    return False


def _next(window: queue.Queue[_Entry], context: grpc.ServicerContext) -> _Entry:
    while context.is_active():
        try:
            return window.get(timeout=0.5)
        except queue.Empty:
            continue
    return None


def _answer(
    index: int, entry: Future[Recorded] | status_pb2.Status, context: grpc.ServicerContext
) -> guard_pb2.RecordCallsResponse:
    if isinstance(entry, status_pb2.Status):
        return guard_pb2.RecordCallsResponse(index=index, error=entry)
    while True:
        try:
            recorded = entry.result(timeout=0.5)
        except FutureTimeoutError:
            if context.is_active():
                continue
            entry.cancel()
            return guard_pb2.RecordCallsResponse(index=index)
        except ForewarnError as error:
            return guard_pb2.RecordCallsResponse(index=index, error=status_of(error))
        except (Exception, CancelledError):  # noqa: BLE001 - logged, and told to this record alone
            return guard_pb2.RecordCallsResponse(index=index, error=defect("RecordCalls"))
        return guard_pb2.RecordCallsResponse(index=index, recorded=answers.recorded(recorded))
