"""Bearer tokens: each listener can have one, and refuses every RPC without it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import grpc

from .errors import UnauthenticatedError, abort, status_of

Metadata = Sequence[tuple[str, str | bytes]]

#: The answer to a call without the token.
REFUSED: Final = status_of(UnauthenticatedError("authorization: expected 'Bearer TOKEN' with this listener's token"))
_OPEN = frozenset({"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"})


def read_token(path: Path) -> str:
    """The token in a file: its text without surrounding white space, at least 16 characters.

    Raises ValueError when it is shorter or others may read it, OSError when it cannot be read.
    """
    token = path.read_text(encoding="utf-8").strip()
    if len(token) < 16:
        raise ValueError(f"{path}: a token has at least 16 characters")
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path}: others may read it; chmod 600")
    return token


class BearerToken(grpc.ServerInterceptor):
    """Refuses RPCs whose ``authorization`` metadata is not ``Bearer TOKEN``. Health checks stay open."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()
        # As a stream on both sides: it answers before a client has said anything, whatever the method's kind.
        self._refusal: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(_refuse)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Let the call through, or answer UNAUTHENTICATED."""
        if handler_call_details.method in _OPEN:
            return continuation(handler_call_details)
        if self.admits(handler_call_details.invocation_metadata or ()):
            return continuation(handler_call_details)
        return self._refusal

    def admits(self, metadata: Metadata) -> bool:
        """Whether a call's metadata has the token."""
        for key, value in metadata:
            if key == "authorization":
                given = value if isinstance(value, bytes) else value.encode()
                if hmac.compare_digest(given, self._expected):
                    return True
        return False


def _refuse(_requests: object, context: grpc.ServicerContext) -> NoReturn:
    abort(context, REFUSED)
