"""The daemon, as tools ask it: two doors, a deadline for each question, and a new connection after a lost one."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Final, Self, TypeVar

from google.protobuf.message import Message

from forewarn import address as addresses
from forewarn.breaker import Breaker
from forewarn.channel import AsyncLink, Rpc, Wire
from forewarn.errors import UnavailableError
from forewarn_mcp.settings import Settings

Asked = TypeVar("Asked", bound=Message)
Answered = TypeVar("Answered", bound=Message)

_OF_RUNTIMES: Final = frozenset({"GuardService", "WorkflowService"})


class _Door:
    """One listener. A connection that was lost is made anew at the next question: gRPC would back off first."""

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address
        self._wire = Wire(address, token, None)
        self._link = self._new()
        self._asking = 0

    async def ask(self, rpc: Rpc[Asked, Answered], request: Asked, seconds: float) -> Answered:
        """See ``Daemon.ask``."""
        self._asking += 1
        try:
            return await self._link.unary(rpc, request, seconds)
        except UnavailableError:
            if self._asking == 1:  # else others still wait for answers on it
                lost, self._link = self._link, self._new()
                await lost.close()
            raise
        finally:
            self._asking -= 1

    async def close(self) -> None:
        """Closes the connection."""
        await self._link.close()

    def _new(self) -> AsyncLink:
        return AsyncLink(self._wire, Breaker())


class Daemon:
    """Both doors. Nothing is connected before the first question, and a daemon may come and go."""

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.timeout
        token = addresses.token(settings.token)
        admin_token = addresses.token(
            settings.token if settings.token is not None else os.environ.get("FOREWARN_ADMIN_TOKEN")
        )
        self._runtimes = _Door(addresses.guard_address(settings.address), token)
        self._administrators = _Door(addresses.admin_address(settings.admin_address), admin_token)

    async def ask(self, rpc: Rpc[Asked, Answered], request: Asked) -> Answered:
        """The answer.

        Raises:
            DaemonError: it did not, or would not, answer.
        """
        return await self._door(rpc.service).ask(rpc, request, self._seconds)

    def address_of(self, service: str) -> str:
        """Where a service is looked for."""
        return self._door(service).address

    def _door(self, service: str) -> _Door:
        return self._runtimes if service in _OF_RUNTIMES else self._administrators

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runtimes.close()
        await self._administrators.close()
