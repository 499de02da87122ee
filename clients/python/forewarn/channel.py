"""One gRPC channel to the guard listener, sync and async: opened when first used, reused, opened anew after a fork.

Deadlines are given with each call; service config is switched off, because time-outs in it fired early on test
machines. Calls fail at once, without waiting for the deadline, where nobody listens.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from . import errors
from .v1 import guard_pb2, workflow_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

    from .breaker import Breaker

log = logging.getLogger("forewarn")

Asked = TypeVar("Asked", bound=Message)
Answered = TypeVar("Answered", bound=Message)


@dataclass(frozen=True, slots=True)
class Rpc(Generic[Asked, Answered]):
    """A method of GuardService, or of another service of that door."""

    name: str
    asked: type[Asked]
    answered: type[Answered]
    service: str = "GuardService"

    @property
    def path(self) -> str:
        """The method's path on the wire."""
        return f"/forewarn.v1.{self.service}/{self.name}"


SHOULD_PREVENT: Final = Rpc("ShouldPrevent", guard_pb2.ShouldPreventRequest, guard_pb2.ShouldPreventResponse)
CHECK: Final = Rpc("Check", guard_pb2.CheckRequest, guard_pb2.CheckResponse)
OPTIMIZE: Final = Rpc("Optimize", guard_pb2.OptimizeRequest, guard_pb2.OptimizeResponse)
RECORD_CALL: Final = Rpc("RecordCall", guard_pb2.RecordCallRequest, guard_pb2.RecordCallResponse)
RECORD_CALLS: Final = Rpc("RecordCalls", guard_pb2.RecordCallsRequest, guard_pb2.RecordCallsResponse)
REGISTER_TOOLS: Final = Rpc("RegisterTools", guard_pb2.RegisterToolsRequest, guard_pb2.RegisterToolsResponse)
INJECT_CONTEXT: Final = Rpc("InjectContext", guard_pb2.InjectContextRequest, guard_pb2.InjectContextResponse)
FIND_SIMILAR: Final = Rpc("FindSimilar", guard_pb2.FindSimilarRequest, guard_pb2.FindSimilarResponse)
APPEAL: Final = Rpc("Appeal", guard_pb2.AppealRequest, guard_pb2.AppealResponse)
GET_APPROVAL: Final = Rpc("GetApproval", guard_pb2.GetApprovalRequest, guard_pb2.GetApprovalResponse)
RECOMMEND: Final = Rpc("Recommend", workflow_pb2.RecommendRequest, workflow_pb2.RecommendResponse, "WorkflowService")
COMPLETE_WORKFLOW: Final = Rpc(
    "CompleteWorkflow",
    workflow_pb2.CompleteWorkflowRequest,
    workflow_pb2.CompleteWorkflowResponse,
    "WorkflowService",
)
GET_WORKFLOW: Final = Rpc(
    "GetWorkflow", workflow_pb2.GetWorkflowRequest, workflow_pb2.GetWorkflowResponse, "WorkflowService"
)
WATCH_WORKFLOW: Final = Rpc(
    "WatchWorkflow", workflow_pb2.WatchWorkflowRequest, workflow_pb2.WatchWorkflowResponse, "WorkflowService"
)

_POLLING_SECONDS = 2.0
"""How long grpcio may go on polling a channel that nobody watches any more, with time to spare."""

OPTIONS: Final[tuple[tuple[str, int], ...]] = (
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),  # two clients do not share one's back-off
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),  # a client that closes waits 2 s for what it has queued
    ("grpc.max_receive_message_length", 32 << 20),
)

_BY_CODE: Final[dict[grpc.StatusCode, type[errors.DaemonError]]] = {
    grpc.StatusCode.UNAVAILABLE: errors.UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceededError,
    grpc.StatusCode.UNAUTHENTICATED: errors.UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: errors.UnauthenticatedError,
    grpc.StatusCode.INVALID_ARGUMENT: errors.RefusedError,
    grpc.StatusCode.OUT_OF_RANGE: errors.RefusedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.ExhaustedError,
}
_BY_NUMBER: Final = {code.value[0]: code for code in grpc.StatusCode}


def status_error(status: status_pb2.Status) -> errors.DaemonError:
    """A ``google.rpc.Status`` as one of our errors."""
    return _error(_BY_NUMBER.get(status.code, grpc.StatusCode.UNKNOWN), status.message, status)


def rpc_error(error: grpc.RpcError) -> errors.DaemonError:
    """An error of gRPC as one of ours, with the details that the daemon sent in the trailing metadata."""
    told = cast("Any", error)
    status = status_pb2.Status()
    for key, value in told.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            try:
                status.ParseFromString(value)
            except DecodeError:
                log.debug("the daemon's error details cannot be read")
    return _error(told.code(), told.details() or "", status)


def _error(code: grpc.StatusCode, message: str, status: status_pb2.Status) -> errors.DaemonError:
    reason, metadata, violations = "", {}, []
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            violations += [(v.field, v.description) for v in bad.field_violations]
    kind = _BY_CODE.get(code, errors.DaemonError)
    name = code.name.lower()
    return kind(message, code=name, reason=reason, metadata=metadata, violations=tuple(violations))


def _forked_for_good() -> bool:
    # With fork support off, calls in a forked child hang, even on a new channel and beyond their deadline (measured,
    # grpcio 1.85); with it on, which is the default, a new channel works.
    return os.environ.get("GRPC_ENABLE_FORK_SUPPORT", "1").lower() in {"0", "false", "no", "off"}


_FORKED = "the process was forked with GRPC_ENABLE_FORK_SUPPORT=0; make the client, and import grpc, in the child"


class Wire:
    """What the two channels share: the address, the credentials, and which process they belong to."""

    def __init__(self, address: str, token: str | None, credentials: grpc.ChannelCredentials | None) -> None:
        self.address = address
        self.metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self.credentials = credentials
        self.pid = os.getpid()

    def check_fork(self) -> bool:
        """Whether the process was forked since; raises ForkedError where gRPC cannot go on."""
        pid = os.getpid()
        if pid == self.pid:
            return False
        if _forked_for_good():
            raise errors.ForkedError(_FORKED)
        return True


class Link:
    """The sync channel."""

    def __init__(self, wire: Wire, breaker: Breaker) -> None:
        self._wire = wire
        self._breaker = breaker
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._calls: dict[str, Any] = {}
        self._watch: Callable[[grpc.ChannelConnectivity], None] | None = None
        self._watched = False
        self._closed = False

    def after_fork(self) -> None:
        """A thread that held the lock is not in the child."""
        self._lock = threading.Lock()

    def unary(self, rpc: Rpc[Asked, Answered], request: Asked, timeout: float) -> Answered:
        """Asks, and waits for at most ``timeout`` seconds.

        Raises:
            DaemonError: the daemon did not, or would not, answer.
        """
        try:
            call = self._call(rpc, streams=False)
            return cast("Answered", call(request, timeout=timeout, metadata=self._wire.metadata))
        except grpc.RpcError as error:
            raise rpc_error(error) from error

    def stream(self, rpc: Rpc[Asked, Answered], requests: Iterable[Asked], timeout: float) -> Iterator[Answered]:
        """Sends the requests and yields the answers. Raises as ``unary`` does."""
        try:
            call = self._call(rpc, streams=True)
            yield from call(iter(requests), timeout=timeout, metadata=self._wire.metadata)
        except grpc.RpcError as error:
            raise rpc_error(error) from error

    def _call(self, rpc: Rpc[Any, Any], *, streams: bool) -> Any:
        if self._wire.pid == os.getpid() and (call := self._calls.get(rpc.name)) is not None:
            return call
        with self._lock:
            if self._closed:
                raise errors.ClosedError("the client was closed")
            if self._wire.check_fork():
                # The parent's channel is left alone: closing it here would be heard there.
                self._channel, self._calls, self._watch = None, {}, None
                self._wire.pid = os.getpid()
            if self._channel is None:
                self._channel = self._open()
            make = self._channel.stream_stream if streams else self._channel.unary_unary
            call = make(
                rpc.path, request_serializer=rpc.asked.SerializeToString, response_deserializer=rpc.answered.FromString
            )
            self._calls[rpc.name] = call
            return call

    def _open(self) -> grpc.Channel:
        if self._wire.credentials is not None:
            return grpc.secure_channel(self._wire.address, self._wire.credentials, options=OPTIONS)
        return grpc.insecure_channel(self._wire.address, options=OPTIONS)

    def watch(self) -> None:
        """Connects again in the background and tells the breaker; to be called when it opened."""
        lost = False

        def changed(state: grpc.ChannelConnectivity) -> None:
            nonlocal lost
            # A daemon that hangs stays READY, so only a connection that was lost and came back says anything.
            if state is grpc.ChannelConnectivity.READY:
                if lost:
                    self._breaker.reconnected()
            else:
                lost = True

        with self._lock:
            if self._channel is not None and self._watch is None:
                self._watch, self._watched = changed, True
                self._channel.subscribe(changed, try_to_connect=True)

    def unwatch(self) -> None:
        """Ends ``watch``; to be called when the breaker closed."""
        with self._lock:
            watch, self._watch = self._watch, None
            if self._channel is not None and watch is not None:
                self._channel.unsubscribe(watch)

    def close(self) -> None:
        """Closes the channel; nothing more can be asked."""
        self.unwatch()
        with self._lock:
            channel, self._channel, self._calls, self._closed = self._channel, None, {}, True
        if channel is None or self._wire.pid != os.getpid():
            return
        if not self._watched:
            channel.close()
            return
        # grpcio's polling thread outlives unsubscribe by up to 0.2 s and ends with a traceback when the channel is
        # closed or collected under it, so a channel that was watched is held, and closed a little later.
        later = threading.Timer(_POLLING_SECONDS, channel.close)
        later.daemon = True
        later.start()


class AsyncLink:
    """The ``grpc.aio`` channel. Belongs to the event loop that first used it; another loop gets a new one."""

    def __init__(self, wire: Wire, breaker: Breaker) -> None:
        self._wire = wire
        self._breaker = breaker
        self._channel: grpc.aio.Channel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls: dict[str, Any] = {}
        self._lost = False
        self._closed = False

    async def unary(self, rpc: Rpc[Asked, Answered], request: Asked, timeout: float) -> Answered:  # noqa: ASYNC109
        """As ``Link.unary``."""
        try:
            call = self._call(rpc, streams=False)
            return cast("Answered", await call(request, timeout=timeout, metadata=self._wire.metadata))
        except grpc.RpcError as error:
            raise rpc_error(error) from error
        except asyncio.CancelledError:
            # grpc.aio also says so to who waits when the channel is closed.
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise errors.ClosedError("the client was closed") from None
            raise

    async def stream(
        self,
        rpc: Rpc[Asked, Answered],
        requests: Iterable[Asked] | AsyncIterable[Asked],
        timeout: float,  # noqa: ASYNC109
    ) -> AsyncIterator[Answered]:
        """As ``Link.stream``."""
        try:
            call = self._call(rpc, streams=True)
            async for answer in call(requests, timeout=timeout, metadata=self._wire.metadata):
                yield answer
        except grpc.RpcError as error:
            raise rpc_error(error) from error

    def _call(self, rpc: Rpc[Any, Any], *, streams: bool) -> Any:
        if self._closed:
            raise errors.ClosedError("the client was closed")
        loop = asyncio.get_running_loop()
        if self._wire.check_fork() or loop is not self._loop:
            self._channel, self._calls, self._loop, self._lost = None, {}, loop, False
            self._wire.pid = os.getpid()
        if self._channel is None:
            wire = self._wire
            if wire.credentials is not None:
                self._channel = grpc.aio.secure_channel(wire.address, wire.credentials, options=OPTIONS)
            else:
                self._channel = grpc.aio.insecure_channel(wire.address, options=OPTIONS)
        if (call := self._calls.get(rpc.name)) is None:
            make: Any = self._channel.stream_stream if streams else self._channel.unary_unary
            call = self._calls[rpc.name] = make(
                rpc.path, request_serializer=rpc.asked.SerializeToString, response_deserializer=rpc.answered.FromString
            )
        return call

    def look(self) -> None:
        """Connects again in the background and tells the breaker once it is; to be called while the breaker is open."""
        if self._channel is None or self._loop is not asyncio.get_running_loop():
            self._breaker.reconnected()
            return
        state = self._channel.get_state(try_to_connect=True)
        if state is not grpc.ChannelConnectivity.READY:
            self._lost = True
        elif self._lost:
            self._lost = False
            self._breaker.reconnected()

    async def close(self) -> None:
        """Closes the channel; calls under way end with an error."""
        channel, self._channel, self._calls, self._closed = self._channel, None, {}, True
        if channel is not None and self._loop is asyncio.get_running_loop() and self._wire.pid == os.getpid():
            await channel.close()
