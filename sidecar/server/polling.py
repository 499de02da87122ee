"""Several gRPC servers that one thread polls.

grpcio gives each server a completion queue and a thread that polls it. All of them watch the sockets of all: what comes
for one server is mostly read by the idle thread of another, which then has to wake the first. So beside a second server
each call costs a change of threads more, and an empty call a third more (docs/decisions/0035). Servers made by one
``Polling`` share a queue, and the thread that reads a call answers it.

It stands on what grpcio calls private, see ``grpc_insides.py``. What a server does with a call is grpcio's as it was:
this only asks it for the events of one server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, cast

import grpc
import structlog

from .grpc_insides import Insides
from .inbox import Inbox

#: Seconds after which the thread looks for servers that were forgotten without being stopped.
_LOOK_SECONDS: Final = 1.0
#: A deadline that has passed.
_AT_ONCE: Final = 0.0

_log = structlog.get_logger("forewarn.rpc")


class Polling:
    """Makes servers, and polls for them from the start of the first until all of them have stopped."""

    def __init__(self, insides: Insides) -> None:
        self.insides = insides
        #: For messages that the thread that polls answers by itself, before it sleeps.
        self.inbox = Inbox()
        self._queue = insides.cygrpc.CompletionQueue()
        self._serving: list[Any] = []  # states of servers that have started and not ended
        self._lock = threading.Lock()

    def server(
        self,
        pool: ThreadPoolExecutor,
        interceptors: Sequence[grpc.ServerInterceptor],
        options: Sequence[tuple[str, Any]],
        limit: int,
    ) -> grpc.Server:
        """What ``grpc.server`` gives, on this queue. ``limit`` calls may be in flight."""
        inner = self.insides.server
        bare = self.insides.cygrpc.Server(inner._augment_options(options, None, False), False)
        bare.register_completion_queue(self._queue)
        pipeline = inner._interceptor.service_pipeline(interceptors)
        made = inner._Server.__new__(inner._Server)
        made._cy_server = bare
        made._state = state = inner._ServerState(self._queue, bare, (), pipeline, pool, limit)
        state.server = _Marked(bare, state)
        made.start = lambda: self._start(state)
        return cast("grpc.Server", made)

    def _start(self, state: Any) -> None:
        """Serve as ``grpc._server._start`` does, but for its thread."""
        server = self.insides.server
        with state.lock:
            if state.stage is not server._ServerStage.STOPPED:
                raise ValueError("a server starts once")
            state.server.start()
            state.stage = server._ServerStage.STARTED
            for method in state.registered_method_handlers:
                server._request_registered_call(state, method)
            server._request_call(state)
        with self._lock:
            self._serving.append(state)
            if len(self._serving) == 1:
                threading.Thread(target=self._poll, name="forewarn-grpc", daemon=True).start()

    def _poll(self) -> None:
        timeout = self.insides.cygrpc.CompletionType.queue_timeout
        while True:
            event = self._next()
            if event.completion_type == timeout:
                self._end_forgotten()
                continue
            try:
                ended = self._handle(event)
            except Exception:  # noqa: BLE001 - nobody else polls: one event must not end all service
                _log.exception("grpc_event_failed")
                continue
            finally:
                del event  # its call must not outlive it, or it cannot be told that it ended
            if ended is not None:
                with self._lock:
                    self._serving.remove(ended)
                    if not self._serving:
                        return

    def _next(self) -> Any:
        """The next event. It is waited for only when all messages have been answered."""
        inbox, poll = self.inbox, self._queue.poll
        if inbox:
            if not inbox.is_due():
                timeout = self.insides.cygrpc.CompletionType.queue_timeout
                # Where an event came of what this thread itself had asked for, gRPC still wants to wake somebody for
                # it: the first look says that nothing is there without having looked at any socket.
                for _ in range(2):
                    event = poll(_AT_ONCE)
                    if event.completion_type != timeout:
                        return event
            try:
                inbox.answer()
            except Exception:  # noqa: BLE001 - nobody else polls
                _log.exception("grpc_event_failed")
        return poll(time.time() + _LOOK_SECONDS)

    def _handle(self, event: Any) -> Any | None:
        """Do what an event asks for; the state of the server that has ended with it, if one has."""
        tag = event.tag
        if type(tag) is _Tag:
            try:
                goes_on = self.insides.server._process_event_and_continue(tag.state, self._plain(event, tag.tag))
            except Exception:
                self._ask_again(tag)
                raise
            return None if goes_on else tag.state
        call, callbacks = tag(event)
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - somebody's who wanted to be told that the call ended
                _log.exception("grpc_callback_failed")
        return None if call is None else self._ended_with(call)

    def _ask_again(self, tag: _Tag) -> None:
        """Take the next call of a method although this one could not be handled."""
        server, state = self.insides.server, tag.state
        with state.lock:
            if state.stage is not server._ServerStage.STARTED or tag.tag in state.due:
                return
            if tag.tag in state.registered_method_handlers:
                server._request_registered_call(state, tag.tag)
            elif tag.tag is server._REQUEST_CALL_TAG:
                server._request_call(state)

    def _plain(self, event: Any, tag: Any) -> Any:
        """The event as it would be with the tag that ``grpc._server`` gave."""
        cygrpc = self.insides.cygrpc
        if isinstance(event, cygrpc.RequestCallEvent):
            return cygrpc.RequestCallEvent(
                event.completion_type, event.success, tag, event.call, event.call_details, event.invocation_metadata
            )
        return _Shutdown(tag)

    def _ended_with(self, call: Any) -> Any | None:
        """Strike a call that is over from its server; the state of that one if it was the last it waited for."""
        for state in self._serving:
            with state.lock:
                if call in state.rpc_states:
                    state.rpc_states.remove(call)
                    return state if self.insides.server._stop_serving(state) else None
        raise LookupError(f"{call!r} is no server's")

    def _end_forgotten(self) -> None:
        for state in list(self._serving):
            if state.server_deallocated:
                self.insides.server._begin_shutdown_once(state)


class _Tag(NamedTuple):
    """One of the tags that are the same for all servers, and whose it is."""

    state: Any
    tag: Any


class _Shutdown(NamedTuple):
    """A server has shut down; cygrpc's own event cannot be made with another tag."""

    tag: Any


class _Marked:
    """A cygrpc server that says in its tags whose they are, where ``grpc._server`` uses the same for all."""

    def __init__(self, server: Any, state: Any) -> None:
        self._server = server
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def request_call(self, call_queue: Any, queue: Any, tag: Any) -> None:
        """Ask for the next call of a method that is not registered."""
        self._server.request_call(call_queue, queue, _Tag(self._state, tag))

    def request_registered_call(self, call_queue: Any, queue: Any, method: str, tag: Any) -> None:
        """Ask for the next call of a method. A tag that can be called knows by itself what to do."""
        self._server.request_registered_call(
            call_queue, queue, method, tag if callable(tag) else _Tag(self._state, tag)
        )

    def shutdown(self, queue: Any, tag: Any) -> None:
        """Ask for the server's end."""
        self._server.shutdown(queue, _Tag(self._state, tag))
