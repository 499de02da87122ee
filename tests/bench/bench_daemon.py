"""The daemon as it is, with one method more on its guard listener: a no-op, to be compared with.

It goes through the same listener, chain and threads; only its request and response are empty. It exists in this process
alone: what users run has no such method.
"""

from __future__ import annotations

import grpc
from google.protobuf import empty_pb2

from sidecar import daemon
from sidecar.main import main
from sidecar.server import chain
from sidecar.server.guard_service import GuardService

SERVICE = "forewarn.bench.Nothing"
PATH = f"/{SERVICE}/Do"


class WithNothing(GuardService):
    """The guard service and the no-op."""

    def add_to(self, server: grpc.Server) -> None:
        """Register both."""
        super().add_to(server)
        method = grpc.unary_unary_rpc_method_handler(
            chain.unary(do_nothing),
            request_deserializer=empty_pb2.Empty.FromString,
            response_serializer=empty_pb2.Empty.SerializeToString,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Do": method}),))


def do_nothing(_request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:
    """Answer."""
    return empty_pb2.Empty()


if __name__ == "__main__":
    vars(daemon)["GuardService"] = WithNothing
    main()
