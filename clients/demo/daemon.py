"""The demo's own daemon: both of its doors, and what is asked at the administrators'."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forewarn import Client
from forewarn.address import ADMIN_SOCKET, GUARD_SOCKET
from forewarn.v1 import admin_pb2, admin_pb2_grpc, model_pb2
from forewarn_cli.connection import Door, open_channel
from forewarn_cli.replay.private_daemon import private_daemon

from .interrupts import Interrupts

SECONDS = 10.0


class Daemon:
    """A running daemon."""

    def __init__(self, client: Client, admin: Door) -> None:
        self.client = client
        self._admin = admin

    def enforce(self) -> None:
        """From now on verdicts are meant."""
        self._admin("SetMode", admin_pb2.SetModeRequest(mode=model_pb2.MODE_ENFORCE))

    def counts(self) -> admin_pb2.GetStatsResponse:
        """What it counted itself."""
        answer: admin_pb2.GetStatsResponse = self._admin("GetStats", admin_pb2.GetStatsRequest())
        return answer

    def confirmed(self) -> list[model_pb2.UsagePattern]:
        """The usage patterns that its sequential test has confirmed."""
        found: list[model_pb2.UsagePattern] = []
        request = admin_pb2.QueryUsagePatternsRequest(state=model_pb2.USAGE_PATTERN_STATE_CONFIRMED, page_size=1000)
        while True:
            answer: Any = self._admin("QueryUsagePatterns", request)
            found += answer.usage_patterns
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token


@contextmanager
def own_daemon(interrupts: Interrupts) -> Iterator[Daemon]:
    """A daemon in shadow on an empty store. At the end it is stopped, and its folder removed."""
    interrupts.hold()
    with private_daemon("shadow", stopped=interrupts.asked) as address:
        interrupts.release()
        admin = address.removesuffix(GUARD_SOCKET) + ADMIN_SOCKET
        # A demo that went on without its daemon would show the client's fallbacks: it stops instead.
        client = Client(address, token="", on_error="raise", timeout=SECONDS, record_timeout=SECONDS)
        with client, open_channel(admin) as channel:
            yield Daemon(client, Door(admin, admin_pb2_grpc.AdminServiceStub(channel), None, SECONDS))
