"""A no-op unary RPC on each of Python's gRPC servers, for the choice between them: sync, aio, aio on uvloop."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import grpc.aio
from google.protobuf import empty_pb2

from sidecar.server.listener import _OPTIONS

from .bench_daemon import SERVICE, do_nothing


async def _do_nothing(_request: empty_pb2.Empty, _context: object) -> empty_pb2.Empty:
    return empty_pb2.Empty()


def _handlers(method: object) -> tuple[grpc.GenericRpcHandler, ...]:
    handler = grpc.unary_unary_rpc_method_handler(
        method,  # type: ignore[arg-type]
        request_deserializer=empty_pb2.Empty.FromString,
        response_serializer=empty_pb2.Empty.SerializeToString,
    )
    return (grpc.method_handlers_generic_handler(SERVICE, {"Do": handler}),)


def _sync(ready: Path) -> None:
    server = grpc.server(ThreadPoolExecutor(4), options=_OPTIONS)
    server.add_generic_rpc_handlers(_handlers(do_nothing))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ready.write_text(str(port))
    server.wait_for_termination()


async def _aio(ready: Path) -> None:
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(_handlers(_do_nothing))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ready.write_text(str(port))  # noqa: ASYNC240 - once, before there is anybody to wait
    await server.wait_for_termination()


if __name__ == "__main__":
    kind, file = sys.argv[1], Path(sys.argv[2])
    if kind == "sync":
        _sync(file)
    elif kind == "uvloop":
        import uvloop  # type: ignore[import-not-found]

        uvloop.run(_aio(file))
    else:
        asyncio.run(_aio(file))
