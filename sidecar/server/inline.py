"""Unary methods that gRPC's own thread answers, without handing each call to a pool of threads and back.

grpcio's synchronous server wakes two threads a call and keeps a lock, a condition and a context for each: 240 of the
350 µs that an empty call costs (docs/decisions/0034). A method that never waits needs none of it. Here a call is three
events on the server's completion queue, and each is handled where the server polls for them:

1. the call arrives: its message is asked for, and the next call of the method;
2. the message is there: the method answers at once, or later from another thread (records, after their commit);
3. the answer is sent, or the client is gone.

Messages that lie there at the same time are answered together, see ``inbox.py``.

It stands on what grpcio calls private, see ``grpc_insides.py``: beside a grpcio that was not tested, methods go through
threads as they do everywhere. Everything else, streams and other services on the same port, is grpcio's as it was.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
import structlog
from google.rpc import status_pb2

from ..store.receipts import Receipt
from .authentication import REFUSED, Metadata
from .chain import Answer, InlineMethod
from .errors import DeadlineError, status_of
from .grpc_insides import Insides
from .inbox import Inbox

#: Bytes of a request up to which it is answered on gRPC's thread. A larger one takes milliseconds, which others would
#: wait for: it goes to the pool.
LARGEST: Final = 16_384
#: Calls of one method that may arrive before the thread looks again.
_ARRIVALS: Final = 8
#: Seconds until a call without a deadline is told that its answer is not there.
_LONGEST_WAIT: Final = 60.0
_SWEEP_SECONDS: Final = 1.0
#: Seconds since the epoch from which on a deadline is none: grpcio gives the largest number there is.
_NO_DEADLINE: Final = 1e12

_log = structlog.get_logger("forewarn.rpc")


class InlineMethods:
    """The methods of one server that are answered this way. Made before the server starts.

    ``limit`` calls may be in flight, more are refused with RESOURCE_EXHAUSTED. ``admits`` looks at a call's metadata;
    what it does not admit is refused with UNAUTHENTICATED. ``inbox``: of the thread that polls for the server.
    """

    def __init__(
        self,
        insides: Insides,
        server: Any,
        pool: ThreadPoolExecutor,
        limit: int,
        admits: Callable[[Metadata], bool],
        inbox: Inbox,
    ) -> None:
        self.cygrpc = insides.cygrpc
        self.started = insides.server._ServerStage.STARTED
        self.pool = pool
        self.limit = limit
        self.admits = admits
        self.inbox = inbox
        self.state = server._state
        self.queue = self.state.completion_queue
        #: Calls that have arrived and whose answer is not sent. Touched by gRPC's thread only.
        self.in_flight = 0
        #: Calls without a deadline that wait for a future, the oldest first, each with when (monotonic) to give up.
        self.waiting: deque[tuple[float, _Call]] = deque()
        self._methods: dict[str, InlineMethod] = {}
        self._stopped = threading.Event()

    def answer(self, path: str, method: InlineMethod) -> None:
        """Answer a registered method (``/package.Service/Method``) here. Raises KeyError where it is not registered."""
        del self.state.registered_method_handlers[path]
        self._methods[path] = method

    def start(self) -> None:
        """Take calls. After ``server.start()``."""
        if not self._methods:
            return
        with self.state.lock:
            for path, method in self._methods.items():
                for _ in range(_ARRIVALS):
                    self.expect(_Arrival(self, path, method))
        threading.Thread(target=self._sweep, name="forewarn-inline-deadlines", daemon=True).start()

    def stop(self) -> None:
        """Nothing more is given up for having waited too long. After ``server.stop()``."""
        self._stopped.set()

    def expect(self, arrival: _Arrival) -> None:
        """Ask for the next call of a method. Under the state's lock, while the server is started."""
        self.state.server.request_registered_call(self.queue, self.queue, arrival.path, arrival)
        self.state.due.add(arrival)

    def _sweep(self) -> None:
        waiting = self.waiting
        while not self._stopped.wait(_SWEEP_SECONDS):
            now = time.monotonic()
            while waiting and (waiting[0][0] <= now or waiting[0][1].answered):
                waiting.popleft()[1].reply(_TOO_LATE)


class _Arrival:
    """The tag of a call that is expected."""

    __slots__ = ("_inline", "_method", "path")

    def __init__(self, inline: InlineMethods, path: str, method: InlineMethod) -> None:
        self._inline = inline
        self._method = method
        self.path = path

    def __call__(self, event: Any) -> tuple[Any, tuple[()]]:
        """What grpcio's loop calls; it gives what has ended, so that the loop can see whether all has."""
        inline = self._inline
        state = inline.state
        call = _Call(inline, event, self._method)
        with state.lock:
            state.due.discard(self)
            state.rpc_states.add(call)
            if state.stage is inline.started:
                inline.expect(self)
        if not event.success:
            return call, ()  # the server stops: nobody called
        inline.in_flight += 1
        if not inline.admits(event.invocation_metadata):
            call.reply(REFUSED)
        elif inline.in_flight > inline.limit:
            call.reply(_TOO_MANY)
        else:
            call.receive()
        return None, ()


class _Call:
    """One call, and the tag of its message; ``_sent`` is the tag of its end."""

    __slots__ = ("_call", "_deadline", "_inline", "_lock", "_method", "answered")

    def __init__(self, inline: InlineMethods, event: Any, method: InlineMethod) -> None:
        self._inline = inline
        self._call: Any = event.call
        self._deadline = event.call_details.deadline
        self._method = method
        self._lock = threading.Lock()
        self.answered = False

    def receive(self) -> None:
        """Ask for the message."""
        self._call.start_server_batch((self._inline.cygrpc.ReceiveMessageOperation(0),), self)

    def __call__(self, event: Any) -> tuple[_Call | None, tuple[()]]:
        """The message is there."""
        raw = event.batch_operations[0].message()
        if raw is None:  # none was sent, it was too large, or the client is gone
            self.send(_NO_MESSAGE)
        elif len(raw) <= LARGEST:
            self._inline.inbox.put(self, raw)
        else:
            self._delegate(raw)
        return None, ()

    def _delegate(self, raw: bytes) -> None:
        try:
            self._inline.pool.submit(self._answer, raw)
        except RuntimeError:  # the pool is closed
            self.send(_STOPPING)

    def _answer(self, raw: bytes) -> None:
        answer = self.act(raw)
        if answer is not None:
            self.send(answer)

    def act(self, message: bytes) -> Answer | None:
        """The answer; None where it is sent later, or never. Raises nothing."""
        try:
            answer = self._method.act(message, self._told)
            if answer is None and self._deadline > _NO_DEADLINE:
                self._inline.waiting.append((time.monotonic() + _LONGEST_WAIT, self))
        except Exception:  # noqa: BLE001 - others wait behind it, and the caller would wait for ever
            self._give_up()
            return None
        return answer

    def send(self, answer: Answer) -> None:
        """Send the answer, unless one was sent. From any thread. Raises nothing."""
        try:
            self.reply(answer)
        except Exception:  # noqa: BLE001 - methods raise nothing: gRPC does not take the answer
            self._give_up()

    def _told(self, receipt: Receipt[Any]) -> None:
        try:
            self.reply(self._method.word(receipt))
        except Exception:  # noqa: BLE001 - receipts swallow it, and the caller would wait for ever
            self._give_up()

    def _give_up(self) -> None:
        """End the call because of the error at hand. From any thread."""
        _log.exception("inline_answer_failed")
        self._call.cancel()
        # Its end is handled where all are.
        self._call.start_server_batch((self._inline.cygrpc.ReceiveCloseOnServerOperation(0),), self._sent)

    def reply(self, answer: Answer) -> None:
        """Send the answer, unless one was sent. From any thread."""
        with self._lock:
            if self.answered:
                return
            self.answered = True
        c = self._inline.cygrpc
        if isinstance(answer, bytes):
            batch: tuple[Any, ...] = (
                c.SendInitialMetadataOperation(None, 0),
                c.SendMessageOperation(answer, 0),
                c.SendStatusFromServerOperation(None, c.StatusCode.ok, b"", 0),
                c.ReceiveCloseOnServerOperation(0),
            )
        else:
            details = answer.SerializeToString() if answer.details else b""
            trailing = (("grpc-status-details-bin", details),) if details else None
            batch = (
                c.SendInitialMetadataOperation(None, 0),
                c.SendStatusFromServerOperation(trailing, answer.code, answer.message.encode(), 0),
                c.ReceiveCloseOnServerOperation(0),
            )
        self._call.start_server_batch(batch, self._sent)

    def _sent(self, _event: object) -> tuple[_Call, tuple[()]]:
        self._inline.in_flight -= 1
        # This may lie in ``waiting`` for a second more. gRPC's part of it, some kilobytes, is used by the next call.
        self._call = None
        return self, ()


def _plain(code: grpc.StatusCode, message: str) -> status_pb2.Status:
    """A status as grpcio itself words it, without details."""
    return status_pb2.Status(code=code.value[0], message=message)


_TOO_LATE: Final = status_of(DeadlineError("the deadline passed before the commit; what was sent may still be kept"))
_TOO_MANY: Final = _plain(grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!")
_NO_MESSAGE: Final = _plain(grpc.StatusCode.UNIMPLEMENTED, "the method requires exactly one request message")
_STOPPING: Final = _plain(grpc.StatusCode.UNAVAILABLE, "the daemon stops")
