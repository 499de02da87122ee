"""The two doors of the daemon, as commands use them: `with guard(context) as ask: ask("ShouldPrevent", request)`.

A call carries the token and a deadline; what fails is raised as a Fault that says what to do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forewarn_cli.faults import UsageFault, from_rpc_error

if TYPE_CHECKING:
    import grpc
    import typer

DEFAULT_TIMEOUT = 10.0
"""Seconds that a question may take; work on the whole store has no limit unless --timeout sets one."""

_SOCKET_PATH_BYTES = 107
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+(%\w+)?\]|[^\s:/\[\]@]+")
_TOKEN = re.compile(r"[ -~]+")
_PORT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Settings:
    """The global options, and where they are silent, the environment."""

    address: str | None = None
    admin_address: str | None = None
    token: str | None = None
    timeout: float | None = None


class Door:
    """One service of the daemon at one address."""

    def __init__(self, address: str, stub: Any, token: str | None, timeout: float | None) -> None:
        self.address = address
        self._stub = stub
        self._metadata = credentials(token)
        self._timeout = timeout

    def __call__(self, method: str, request: Any, *, patient: bool = False) -> Any:
        """The answer to `request` (or to an iterator of requests); `patient` waits as long as it takes."""
        import grpc

        try:
            return getattr(self._stub, method)(request, timeout=self._limit(patient), metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_rpc_error(error, self.address) from error

    def stream(self, method: str, request: Any) -> Iterator[Any]:
        """The answers to `request`, as they come, for as long as they come."""
        import grpc

        answers = getattr(self._stub, method)(request, timeout=self._timeout, metadata=self._metadata)
        try:
            yield from answers
        except grpc.RpcError as error:
            raise from_rpc_error(error, self.address) from error
        finally:
            answers.cancel()

    def _limit(self, patient: bool) -> float | None:
        return self._timeout if patient or self._timeout is not None else DEFAULT_TIMEOUT


@contextmanager
def open_channel(address: str) -> Iterator[grpc.Channel]:
    """A channel to `address`, closed at the end. Never through an HTTP proxy: the daemon is a neighbour."""
    check_address(address)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import grpc

    options = [
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_receive_message_length", 64 * 1024 * 1024),
        ("grpc.initial_reconnect_backoff_ms", 200),  # for those who stay: a daemon that is back is found at once
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    with grpc.insecure_channel(address, options=options) as channel:
        yield channel


def check_address(address: str) -> None:
    """A UsageFault unless ``address`` is one that a daemon can listen at: unix:PATH or HOST:PORT."""
    kind, _, path = address.partition(":")
    if kind == "unix":
        if not path:
            raise UsageFault(f"{address!r} is no address: unix: needs a path, as in unix:/run/forewarn/guard.sock")
        if path.startswith("//") and not path.startswith("///"):
            raise UsageFault(f"{address!r} is no address: after unix:// comes an absolute path; or write unix:PATH")
        if len(os.fsencode(path)) > _SOCKET_PATH_BYTES:
            raise UsageFault(f"{address!r} is no address: a socket's path has at most {_SOCKET_PATH_BYTES} bytes")
        return
    if "://" in address:
        raise UsageFault(f"{address!r} is no address: expected unix:PATH or HOST:PORT, without {kind}://")
    if _HOST.fullmatch(address):
        raise UsageFault(f"{address!r} is no address: expected unix:PATH or HOST:PORT; the port is missing")
    host, _, port = address.rpartition(":")
    if not _HOST.fullmatch(host) or not port:
        raise UsageFault(f"{address!r} is no address: expected unix:PATH or HOST:PORT (IPv6 as [::1]:PORT)")
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 65535:
        raise UsageFault(f"{address!r} is no address: a port is a number from 1 to 65535, not {port!r}")


def credentials(token: str | None) -> tuple[tuple[str, str], ...]:
    """What a call carries to show its token; a UsageFault where it cannot be sent."""
    if not token:
        return ()
    if not _TOKEN.fullmatch(token):
        raise UsageFault("the token holds line breaks or letters beyond ASCII, which cannot be sent")
    return (("authorization", f"Bearer {token}"),)


@contextmanager
def _open(
    address: str, stub: Callable[[grpc.Channel], Any], token: str | None, timeout: float | None
) -> Iterator[Door]:
    with open_channel(address) as channel:
        yield Door(address, stub(channel), token, timeout)


@contextmanager
def guard(context: typer.Context) -> Iterator[Door]:
    """The runtimes' door."""
    from forewarn.v1 import guard_pb2_grpc

    with _of_runtimes(context, guard_pb2_grpc.GuardServiceStub) as door:
        yield door


@contextmanager
def workflows(context: typer.Context) -> Iterator[Door]:
    """The runtimes' door, to workflows."""
    from forewarn.v1 import workflow_pb2_grpc

    with _of_runtimes(context, workflow_pb2_grpc.WorkflowServiceStub) as door:
        yield door


@contextmanager
def admin(context: typer.Context) -> Iterator[Door]:
    """The administrators' door."""
    from forewarn.v1 import admin_pb2_grpc

    address, token = _of_administrators(context.obj)
    with _open(address, admin_pb2_grpc.AdminServiceStub, token, context.obj.timeout) as door:
        yield door


@contextmanager
def knowledge(context: typer.Context) -> Iterator[Door]:
    """The administrators' door, to organisational knowledge."""
    from forewarn.v1 import knowledge_pb2_grpc

    address, token = _of_administrators(context.obj)
    with _open(address, knowledge_pb2_grpc.KnowledgeServiceStub, token, context.obj.timeout) as door:
        yield door


@contextmanager
def inbox(context: typer.Context) -> Iterator[Door]:
    """The administrators' door, to suggestions."""
    from forewarn.v1 import suggestion_pb2_grpc

    address, token = _of_administrators(context.obj)
    with _open(address, suggestion_pb2_grpc.SuggestionServiceStub, token, context.obj.timeout) as door:
        yield door


@contextmanager
def rollouts(context: typer.Context) -> Iterator[Door]:
    """The administrators' door, to rollouts."""
    from forewarn.v1 import rollout_pb2_grpc

    address, token = _of_administrators(context.obj)
    with _open(address, rollout_pb2_grpc.RolloutServiceStub, token, context.obj.timeout) as door:
        yield door


@contextmanager
def policies(context: typer.Context, address: str = "") -> Iterator[Door]:
    """The administrators' door, as far as policies are behind it; `address` is another daemon's, without a token."""
    from forewarn.v1 import policy_pb2_grpc

    token = None
    if not address:
        address, token = _of_administrators(context.obj)
    with _open(address, policy_pb2_grpc.PolicyServiceStub, token, context.obj.timeout) as door:
        yield door


def _of_administrators(settings: Settings) -> tuple[str, str | None]:
    from forewarn.address import admin_address
    from forewarn.address import token as own_token

    token = own_token(settings.token if settings.token is not None else os.environ.get("FOREWARN_ADMIN_TOKEN"))
    return admin_address(settings.admin_address), token


@contextmanager
def _of_runtimes(context: typer.Context, stub: Callable[[grpc.Channel], Any]) -> Iterator[Door]:
    from forewarn.address import guard_address
    from forewarn.address import token as own_token

    settings: Settings = context.obj
    address, token = guard_address(settings.address), own_token(settings.token)
    with _open(address, stub, token, settings.timeout) as door:
        yield door
