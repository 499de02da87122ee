"""The daemon as it is, with two methods more on its guard listener: no-ops, to be compared with.

They go through the same listener and chain; only their request and response are empty. ``Do`` is served as grpcio
serves every method, by threads; ``DoInline`` as ``ShouldPrevent`` is. They exist in this process alone: what users run
has no such methods.
"""

from __future__ import annotations

import grpc
from google.protobuf import empty_pb2

from sidecar import daemon
from sidecar.main import main
from sidecar.server import chain
from sidecar.server.guard_service import GuardService
from sidecar.server.inline import InlineMethods

SERVICE = "forewarn.bench.Nothing"
PATH = f"/{SERVICE}/Do"
INLINE_PATH = f"/{SERVICE}/DoInline"


class WithNothing(GuardService):
    """The guard service and the no-ops."""

    def add_to(self, server: grpc.Server, inline: InlineMethods | None = None) -> None:
        """Register all."""
        super().add_to(server, inline)
        method = grpc.unary_unary_rpc_method_handler(
            chain.unary(do_nothing),
            request_deserializer=empty_pb2.Empty.FromString,
            response_serializer=empty_pb2.Empty.SerializeToString,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Do": method}),))
        if inline is not None:
            server.add_registered_method_handlers(SERVICE, {"DoInline": method})
            inline.answer(INLINE_PATH, chain.inline("DoInline", _ASKED, nothing))


def nothing(_request: empty_pb2.Empty) -> bytes:
    """Answer, serialized."""
    return empty_pb2.Empty().SerializeToString()


def do_nothing(_request: empty_pb2.Empty, _context: grpc.ServicerContext | None = None) -> empty_pb2.Empty:
    """Answer."""
    return empty_pb2.Empty()


#: As of a message without a plain form.
_ASKED = chain.Asked(lambda _: None, empty_pb2.Empty, lambda request: request)

if __name__ == "__main__":
    vars(daemon)["GuardService"] = WithNothing
    main()
