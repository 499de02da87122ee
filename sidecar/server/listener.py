"""One door: a gRPC server with its addresses, limits, health and reflection."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_channelz.v1 import channelz
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from .authentication import BearerToken, Metadata
from .inline import InlineMethods
from .polling import Polling

MESSAGE_LIMIT = 4 << 20  # bytes; a record's arguments and error may be 1 MiB each

_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.max_metadata_size", 16 << 10),
    ("grpc.so_reuseport", 0),  # a second daemon on the same port is a mistake, not a worker
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class AddressError(Exception):
    """An address cannot be listened on."""


class Listener:
    """A gRPC server that is not started yet; ``services`` are the full names it answers for."""

    def __init__(
        self,
        services: Sequence[str],
        threads: int,
        max_concurrent: int,
        token: BearerToken | None = None,
        *,
        polling: Polling | None = None,
        with_channelz: bool = False,
    ) -> None:
        """``polling`` makes the server, one of several; without one, grpcio serves it by itself."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"forewarn-{services[0].rpartition('.')[2]}")
        interceptors: list[grpc.ServerInterceptor] = [] if token is None else [token]
        #: For methods that never wait; None where grpcio is not one that this was tested with.
        self.inline: InlineMethods | None = None
        if polling is None:
            self.server = grpc.server(
                self._pool, options=_OPTIONS, interceptors=interceptors, maximum_concurrent_rpcs=max_concurrent
            )
        else:
            self.server = polling.server(self._pool, interceptors, _OPTIONS, max_concurrent)
            admits = _everybody if token is None else token.admits
            self.inline = InlineMethods(polling.insides, self.server, self._pool, max_concurrent, admits, polling.inbox)
        self._health = health.HealthServicer(
            experimental_non_blocking=True, experimental_thread_pool=ThreadPoolExecutor(1)
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        self._services = tuple(services)
        names = [*services, health.SERVICE_NAME, reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, self.server)
        if with_channelz:
            channelz.add_channelz_servicer(self.server)
        self._sockets: list[Path] = []
        self.addresses: list[str] = []

    def bind(self, addresses: Sequence[str]) -> None:
        """Listen on addresses; port 0 becomes the port that was given. Raises AddressError."""
        for address in addresses:
            if address.startswith("unix:"):
                self._bind_socket(address)
            else:
                self._bind_port(address)

    def _bind_port(self, address: str) -> None:
        try:
            port = self.server.add_insecure_port(address)
        except RuntimeError as error:
            raise AddressError(f"cannot listen on {address}: is another daemon on it? ({error})") from error
        host = address.rpartition(":")[0]
        self.addresses.append(f"{host}:{port}")

    def _bind_socket(self, address: str) -> None:
        path = Path(address.removeprefix("unix:")).absolute()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_dead_socket(path)
        before = os.umask(0o177)  # the socket's mode is its credential: nobody else may connect
        try:
            self.server.add_insecure_port(f"unix:{path}")
        except RuntimeError as error:
            raise AddressError(f"cannot listen on {address}: {error}") from error
        finally:
            os.umask(before)
        self._sockets.append(path)
        self.addresses.append(f"unix:{path}")

    def start(self) -> None:
        """Serve, and say so in the health service."""
        self.server.start()
        if self.inline is not None:
            self.inline.start()
        self._set_health(health_pb2.HealthCheckResponse.SERVING)

    def drain(self) -> None:
        """Say NOT_SERVING; calls are still answered."""
        self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)

    def stop(self, grace: float) -> None:
        """Take no new calls, give those in flight ``grace`` seconds, then end them."""
        self.server.stop(grace).wait(grace + 5.0)
        if self.inline is not None:
            self.inline.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for path in self._sockets:
            path.unlink(missing_ok=True)

    def say(self, service: str, *, serving: bool) -> None:
        """Health of something that is no service of ours, under its own name."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        self._health.set(service, status)

    def _set_health(self, status: int) -> None:
        for service in ("", *self._services):
            self._health.set(service, status)


def _everybody(_metadata: Metadata) -> bool:
    return True


def _remove_dead_socket(path: Path) -> None:
    """Remove a socket file that nobody listens on, as a killed daemon leaves it. Raises AddressError otherwise."""
    if not path.exists():
        return
    if not path.is_socket():
        raise AddressError(f"unix:{path}: a file that is not a socket is in the way")
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.settimeout(1.0)
        probe.connect(str(path))
    except OSError as error:
        if error.errno not in (errno.ECONNREFUSED, errno.ENOENT):
            raise AddressError(f"unix:{path}: {error}") from error
        path.unlink(missing_ok=True)
    else:
        raise AddressError(f"unix:{path}: another daemon is listening there")
    finally:
        probe.close()
